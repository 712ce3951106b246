"""What a web member sees of their conversation, also after having been away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, exists, or_, select

from bot.catalogue.commands import spoken
from bot.domain import Account, Author, Button, InboundKind, Lang, OutboxState, Outgoing
from bot.store.engine import Store
from bot.store.payload import decode_outgoing
from bot.store.tables import attachments, conversations, identities, messages, outbox

File = tuple[int, str, str]
"""Attachment id, name and media type."""


@dataclass(frozen=True, slots=True)
class TranscriptItem:
    """One message as its member sees it. `client_id` is the id that the member's page gave it, or ''."""

    id: int
    author: Author
    staff: str | None
    text: str
    markdown: bool
    rows: tuple[tuple[Button, ...], ...]
    image: str
    alt: str
    files: tuple[File, ...]
    at: datetime
    client_id: str


class Transcript:
    """The conversations of web members, read a page at a time."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def since(
        self, account: Account, external_id: str, after: int, limit: int = 200
    ) -> tuple[TranscriptItem, ...]:
        """The first `limit` messages with an id above `after`, oldest first.

        The member's own, and what is being sent, was sent, or may have arrived; nothing staff-only,
        nothing cancelled, nothing that still waits to be sent.
        """
        return await self._store.read(
            lambda connection: since(connection, account, external_id, after, limit)
        )

    async def latest(
        self, account: Account, external_id: str, after: int, limit: int = 200
    ) -> tuple[TranscriptItem, ...]:
        """The same, of the last `limit` messages: a long conversation costs no more than a short one."""
        return await self._store.read(
            lambda connection: since(connection, account, external_id, after, limit, latest=True)
        )


def since(
    connection: Connection,
    account: Account,
    external_id: str,
    after: int,
    limit: int,
    *,
    latest: bool = False,
) -> tuple[TranscriptItem, ...]:
    """The unit of work behind `Transcript.since` and `Transcript.latest`."""
    went_out = exists().where(outbox.c.message_id == messages.c.id, outbox.c.state.in_(_GONE_OUT))
    found = connection.execute(
        select(messages, conversations.c.lang.label("spoken_lang"))
        .join(conversations, conversations.c.id == messages.c.conversation_id)
        .join(identities, identities.c.id == conversations.c.identity_id)
        .where(
            identities.c.platform == account.platform.value,
            identities.c.account == account.id,
            identities.c.external_id == external_id,
            messages.c.id > after,
            or_(
                messages.c.author == Author.MEMBER.value,
                and_(messages.c.kind != _NOTE, went_out),
            ),
        )
        .order_by(messages.c.id.desc() if latest else messages.c.id)
        .limit(limit)
    ).all()
    found = found[::-1] if latest else found
    sent = _sent(connection, [row.id for row in found if row.author != Author.MEMBER.value])
    named = _files(
        connection,
        [row.id for row in found],
        [number for outgoing in sent.values() for number in outgoing.attachments],
    )
    return tuple(
        _own(connection, row, named.of_message.get(row.id, ()))
        if row.author == Author.MEMBER.value
        else _theirs(row, sent[row.id], named)
        for row in found
    )


_GONE_OUT = (OutboxState.SENDING.value, OutboxState.SENT.value, OutboxState.HELD.value)
"""With `sending`, for a page that opens while a message is being pushed finds it nowhere else."""

_NOTE = "note"
_STORED = "stored"
_LABELS_SOUGHT = 20
"""In how many of the last messages a pressed button is looked for."""


@dataclass(frozen=True, slots=True)
class _Named:
    of_message: dict[int, tuple[File, ...]]
    by_id: dict[int, File]


def _own(connection: Connection, row: Any, files: tuple[File, ...]) -> TranscriptItem:
    text = row.text
    if row.kind == InboundKind.COMMAND.value:
        text = spoken(row.command, row.text, Lang(row.spoken_lang or ""))
    elif row.kind == InboundKind.BUTTON.value and not text:
        text = _label(connection, row)
    return TranscriptItem(
        id=row.id,
        author=Author.MEMBER,
        staff=None,
        text=text,
        markdown=False,
        rows=(),
        image="",
        alt="",
        files=files,
        at=row.sent_at,
        client_id=row.external_id,
    )


def _theirs(row: Any, outgoing: Outgoing, named: _Named) -> TranscriptItem:
    forwarded = tuple(named.by_id[number] for number in outgoing.attachments if number in named.by_id)
    return TranscriptItem(
        id=row.id,
        author=Author(row.author),
        staff=row.staff,
        text=outgoing.text,
        markdown=outgoing.markdown,
        rows=outgoing.rows,
        image=outgoing.image,
        alt=outgoing.alt,
        files=(*forwarded, *(file for file in named.of_message.get(row.id, ()) if file not in forwarded)),
        at=row.sent_at,
        client_id="",
    )


def _sent(connection: Connection, ids: Sequence[int]) -> dict[int, Outgoing]:
    """What went out for each message; the parts of one that was split are put together again."""
    sent: dict[int, Outgoing] = {}
    for row in connection.execute(
        select(outbox.c.message_id, outbox.c.payload)
        .where(outbox.c.message_id.in_(ids), outbox.c.state.in_(_GONE_OUT))
        .order_by(outbox.c.id)
    ):
        part, whole = decode_outgoing(row.payload), sent.get(row.message_id)
        if whole is not None:
            part = replace(
                part,
                text=f"{whole.text}\n\n{part.text}",
                rows=whole.rows + part.rows,
                image=whole.image or part.image,
                alt=whole.alt or part.alt,
                attachments=whole.attachments + part.attachments,
            )
        sent[row.message_id] = part
    return sent


def _files(connection: Connection, ids: Sequence[int], forwarded: Sequence[int]) -> _Named:
    of_message: dict[int, tuple[File, ...]] = {}
    by_id: dict[int, File] = {}
    for row in connection.execute(
        select(attachments)
        .where(
            or_(attachments.c.message_id.in_(ids), attachments.c.id.in_(forwarded)),
            attachments.c.state == _STORED,
        )
        .order_by(attachments.c.id)
    ):
        file = (row.id, row.name, row.mime)
        by_id[row.id] = file
        if row.message_id is not None:
            of_message[row.message_id] = (*of_message.get(row.message_id, ()), file)
    return _Named(of_message, by_id)


def _label(connection: Connection, tap: Any) -> str:
    """What stood on the button that a member pressed, '' if it is not to be found."""
    earlier = connection.execute(
        select(outbox.c.payload)
        .where(
            outbox.c.conversation_id == tap.conversation_id,
            outbox.c.message_id < tap.id,
            outbox.c.state.in_(_GONE_OUT),
        )
        .order_by(outbox.c.id.desc())
        .limit(_LABELS_SOUGHT)
    ).scalars()
    for payload in earlier:
        for row in decode_outgoing(payload).rows:
            for button in row:
                if button.payload == tap.command:
                    return button.label
    return ""
