"""Strangers' text where others read it: without what fakes lines, turns the reading order or calls people."""

from __future__ import annotations

import re
import unicodedata

MARKS = 3
"""Combining marks that one letter keeps: more than any living script stacks."""
LONGEST_NAME = 64

_SEEN_THROUGH = "\u200d"
"""The joiner: invisible, but emoji and several scripts are made with it."""
_MENTION = re.compile(r"(?<![\w.@/+-])@(?=\w)")
_GLUE = "\u2060"


def name(text: str, most: int = LONGEST_NAME) -> str:
    """A display name as one line of visible letters, '' when nothing of it can be seen."""
    seen = " ".join(visible(text).split())
    if not any(unicodedata.category(letter)[0] not in "ZCM" for letter in seen):
        return ""
    return seen if len(seen) <= most else f"{seen[: most - 1].rstrip()}…"


def line(text: str, most: int) -> str:
    """A text as one line for a notice, cut at `most` letters; an @name in it calls nobody."""
    seen = _MENTION.sub(f"@{_GLUE}", " ".join(visible(text).split()))
    return seen if len(seen) <= most else f"{seen[: most - 1]}…"


def visible(text: str) -> str:
    """The text without control and format characters, reading-order marks and towers of accents.

    Line breaks and tabs stay. Every character that stays is as it was written.
    """
    if text.isascii() and text.isprintable():
        return text
    kept: list[str] = []
    marks = 0
    for letter in text:
        category = unicodedata.category(letter)
        if category[0] == "M" and not "\ufe00" <= letter <= "\ufe0f":
            marks += 1
            if marks > MARKS:
                continue
        elif category[0] == "C" and letter not in "\n\t" and letter != _SEEN_THROUGH:
            if category in ("Cc", "Cs"):
                kept.append("\ufffd" if letter != "\r" else "\n")
            continue
        elif letter in "\u2028\u2029":
            kept.append("\n")
            continue
        else:
            marks = 0
        kept.append(letter)
    return "".join(kept)


def terminal(text: str) -> str:
    """The text for a terminal: what would steer it, or turn the reading order, is shown by its number."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        f"\\x{ord(letter):02x}"
        if letter not in "\n\t"
        and unicodedata.category(letter) in ("Cc", "Cf", "Cs")
        and letter != _SEEN_THROUGH
        else letter
        for letter in text
    )
