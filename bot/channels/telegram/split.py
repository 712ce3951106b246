"""Cut a message into what Telegram takes: at paragraph ends, sentences or words; never inside markup."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from telegram.constants import MessageLimit

from bot.channels.markup import plain, telegram_html, visible
from bot.domain import Outgoing

TEXT = int(MessageLimit.MAX_TEXT_LENGTH)
CAPTION = int(MessageLimit.CAPTION_LENGTH)

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


def split(message: Outgoing) -> tuple[Outgoing, ...]:
    """The message as single calls: picture, files, then texts; buttons below the last, the reply above."""
    if len(message.text) <= CAPTION // 2 and not message.image and not message.attachments:
        return (message,)  # most messages, without any counting
    room = CAPTION if message.image or message.attachments else TEXT
    carried = bool(message.image) + len(message.attachments)
    if carried <= 1 and length(message.text, markdown=message.markdown) <= room:
        return (message,)
    bare = replace(message, text="", image="", alt="", attachments=(), rows=(), reply_to="", markdown=False)
    parts = []
    if message.image:
        parts.append(replace(bare, image=message.image, alt=message.alt))
    parts += [replace(bare, attachments=(attachment,)) for attachment in message.attachments]
    texts, markdown = split_text(message.text, TEXT, markdown=message.markdown)
    parts += [replace(bare, text=text, markdown=markdown) for text in texts]
    parts[0] = replace(parts[0], reply_to=message.reply_to)
    parts[-1] = replace(parts[-1], rows=message.rows)
    return tuple(parts)


def split_text(text: str, limit: int, *, markdown: bool) -> tuple[list[str], bool]:
    """Parts of at most `limit` UTF-16 units as read, and whether they are still Markdown.

    Where a single bold or quoted passage, or a block of code, is longer than the limit, all parts are plain.
    """
    parts = []
    rest = text.strip("\n") if markdown else text.strip()
    while rest and length(rest, markdown=markdown) > limit:
        at = _place(rest, limit, markdown=markdown)
        if at is None:
            return split_text(plain(text), limit, markdown=False)
        if part := rest[:at].rstrip():
            parts.append(part)
        rest = rest[at:].lstrip("\n") if markdown else rest[at:].strip()
    if rest.strip():
        parts.append(rest)
    return parts, markdown


def length(text: str, *, markdown: bool) -> int:
    """UTF-16 units of the text as read."""
    shown = visible(text) if markdown else text.strip()
    return units(shown)


def units(text: str) -> int:
    """UTF-16 units: what Telegram counts."""
    return len(text.encode("utf-16-le")) // 2


def _place(text: str, limit: int, *, markdown: bool) -> int | None:
    """Where to cut so that the first part fits; None if every place is inside some markup."""
    furthest = _furthest(text, limit)
    whole = _shape(text) if markdown else []
    for rank, ends in enumerate(_ENDS):
        least = limit // _SMALLEST if rank < len(_ENDS) - 1 else 1
        for at in _backwards(ends, text, furthest, sparsely=markdown):
            if at < least:
                break
            if not markdown:
                return at
            left, right = text[:at], text[at:]
            if length(left, markdown=True) <= limit and _shape(left) + _shape(right) == whole:
                return at
    return None if markdown else furthest


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
