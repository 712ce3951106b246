"""A message as the single calls that Discord takes.

2,000 characters, 10 files, 5 rows of 5 buttons: https://discord.com/developers/docs/resources/message
"""

from __future__ import annotations

from dataclasses import replace

from bot.channels.cut import cut, units
from bot.channels.discord.tokens import Via, ViaKind
from bot.channels.markup import discord_markdown, discord_plain
from bot.domain import Button, Outgoing

TEXT = 2000
FILES = 10
ROWS = ROW = 5
LABEL = 80


def split(message: Outgoing) -> tuple[Outgoing, ...]:
    """Texts in order; what is carried goes with the first, buttons below the last.

    An interaction is answered by the first part; the others follow as ordinary messages, but for those that
    only one person may see.
    """
    via = Via.decode(message.via)
    if via is not None and via.kind is ViaKind.ASIDE:
        message = replace(message, ephemeral=True)
    files = 1 if message.image else 0
    if len(message.text) <= TEXT // 4 and len(message.attachments) + files <= FILES:
        return (message,)  # most messages, without any counting
    texts, markdown = cut(
        message.text, TEXT, markdown=message.markdown, length=_as_markdown, bare=_as_written
    )
    batches = [message.attachments[: FILES - files]]
    for start in range(FILES - files, len(message.attachments), FILES):
        batches.append(message.attachments[start : start + FILES])
    if len(texts) <= 1 and len(batches) == 1:
        return (message if markdown == message.markdown else replace(message, text=texts[0], markdown=False),)
    bare = replace(
        message,
        image="",
        alt="",
        attachments=(),
        rows=(),
        reply_to="",
        opens_thread="",
        via=via.further.encode() if via is not None and message.ephemeral else "",
        markdown=markdown,
    )
    parts = [replace(bare, text=text) for text in texts] or [replace(bare, text="")]
    for index, batch in enumerate(batches):
        if index < len(parts):
            parts[index] = replace(parts[index], attachments=batch)
        else:
            parts.append(replace(bare, text="", attachments=batch))
    parts[0] = replace(
        parts[0],
        image=message.image,
        alt=message.alt,
        reply_to=message.reply_to,
        via=message.via,
        opens_thread=message.opens_thread,
    )
    parts[-1] = replace(parts[-1], rows=message.rows)
    return tuple(parts)


def rendered(text: str, *, markdown: bool) -> str:
    """The text as it is sent."""
    return discord_markdown(text) if markdown else discord_plain(text.strip())


def packed(rows: tuple[tuple[Button, ...], ...]) -> list[list[Button]]:
    """Rows of buttons as Discord takes them: where they are too many, as many to a row as fit."""
    kept = [list(row) for row in rows if row]
    if len(kept) <= ROWS and all(len(row) <= ROW for row in kept):
        return kept
    flat = [button for row in kept for button in row][: ROWS * ROW]
    return [flat[start : start + ROW] for start in range(0, len(flat), ROW)]


def _as_markdown(text: str) -> int:
    return units(discord_markdown(text))


def _as_written(text: str) -> int:
    return units(discord_plain(text.strip()))
