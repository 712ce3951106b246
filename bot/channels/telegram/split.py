"""A message as the single calls that Telegram takes."""

from __future__ import annotations

from dataclasses import replace

from telegram.constants import MessageLimit

from bot.channels.cut import cut, units
from bot.channels.markup import visible
from bot.domain import Outgoing

TEXT = int(MessageLimit.MAX_TEXT_LENGTH)
CAPTION = int(MessageLimit.CAPTION_LENGTH)

__all__ = ["CAPTION", "TEXT", "length", "split", "split_text", "units"]


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
    """Parts of at most `limit` UTF-16 units as read, and whether they are still Markdown."""
    return cut(text, limit, markdown=markdown, length=_as_markdown, bare=_as_written)


def length(text: str, *, markdown: bool) -> int:
    """UTF-16 units of the text as read."""
    return _as_markdown(text) if markdown else _as_written(text)


def _as_markdown(text: str) -> int:
    return units(visible(text))


def _as_written(text: str) -> int:
    return units(text.strip())
