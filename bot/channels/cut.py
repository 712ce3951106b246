"""Cut a text into parts that a platform takes: at paragraph ends, sentences or words; never inside markup."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from bot.channels.markup import plain, telegram_html

_ENDS = (
    re.compile(r"\n[ \t]*\n\s*"),
    re.compile(r"\n"),
    re.compile(r"(?<=[.!?…:;])[\"'»”)\]]*\s+"),
    re.compile(r"\s+"),
)
"""Where a text may be cut, the best first."""
_SMALLEST = 4
"""A part is at least a fourth of the limit, unless words alone forbid it."""
_TAG_OR_WORD = re.compile(r"<(/?)([^>\s]+)[^>]*>|[^\s<]+")
_JOINED = re.compile("[\u0300-\u036f\u200d\ufe0f\U0001f3fb-\U0001f3ff]")
"""Characters that belong to the one before: accents, joiners, colours of an emoji."""

Length = Callable[[str], int]
"""UTF-16 units of a text as the platform counts it; never less than the text that is left when cut."""


def cut(text: str, limit: int, *, markdown: bool, length: Length, bare: Length) -> tuple[list[str], bool]:
    """Parts of at most `limit` units, and whether they are still Markdown.

    `length` counts a text with markup, `bare` one without. Where a single bold or quoted passage, or a block
    of code, is longer than the limit, all parts are plain.
    """
    count = length if markdown else bare
    parts = []
    rest = text.strip("\n") if markdown else text.strip()
    while rest and count(rest) > limit:
        at = _place(rest, limit, markdown=markdown, count=count)
        if at is None:
            return cut(plain(text), limit, markdown=False, length=length, bare=bare)
        if part := rest[:at].rstrip():
            parts.append(part)
        rest = rest[at:].lstrip("\n") if markdown else rest[at:].strip()
    if rest.strip():
        parts.append(rest)
    return parts, markdown


def units(text: str) -> int:
    """UTF-16 units."""
    return len(text.encode("utf-16-le")) // 2


def _place(text: str, limit: int, *, markdown: bool, count: Length) -> int | None:
    """Where to cut so that the first part fits; None if every place is inside some markup."""
    furthest = _furthest(text, limit)
    whole = _shape(text) if markdown else []
    for rank, ends in enumerate(_ENDS):
        least = limit // _SMALLEST if rank < len(_ENDS) - 1 else 1
        for at in _backwards(ends, text, furthest, sparsely=markdown):
            if at < least:
                break
            left, right = text[:at], text[at:]
            if count(left) <= limit and (not markdown or _shape(left) + _shape(right) == whole):
                return at
    if markdown:
        return None
    while furthest > 1 and count(text[:furthest]) > limit:  # signs that are written with two characters
        furthest = _furthest(text, furthest - 1)
    return furthest


def _backwards(ends: re.Pattern[str], text: str, furthest: int, *, sparsely: bool) -> Iterator[int]:
    """Ends of the matches, the last that fits first; white space may hang over the edge.

    Sparsely: in growing steps, since each try costs two renderings and a long passage in bold spoils many.
    """
    found = [match.end() for match in ends.finditer(text, 0, furthest + 1) if match.start() <= furthest]
    back = step = 1
    while back <= len(found):
        yield found[-back]
        back += step
        step = step * 2 if sparsely and back > 3 else 1


def _furthest(text: str, limit: int) -> int:
    """The largest index with at most `limit` units before it, between two whole characters."""
    used = edge = 0
    for character in text:
        used += 2 if character > "\uffff" else 1
        if used > limit:
            break
        edge += 1
    if edge == len(text):
        return edge
    at = edge
    while edge > 1 and (_JOINED.match(text[edge]) or text[edge - 1] == "\u200d"):
        edge -= 1
    return edge if edge > 1 else max(1, at)


def _shape(markdown: str) -> list[tuple[str, tuple[str, ...]]]:
    """Each word with the tags around it: equal before and after a cut that breaks nothing."""
    words: list[tuple[str, tuple[str, ...]]] = []
    tags: tuple[str, ...] = ()
    for match in _TAG_OR_WORD.finditer(telegram_html(markdown)):
        if not match[2]:
            words.append((match[0], tags))
        elif match[1]:
            tags = tags[:-1]
        else:
            tags = (*tags, match[0])
    return words
