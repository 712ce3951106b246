"""Files that came with messages: announced by the platform, fetched when a person is to see them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from bot.domain import Account, AttachmentKind, Author, CaseId, ConversationId, MessageId, Platform
from bot.store.situations import OPEN_CASES
from bot.store.tables import attachments, cases, conversations, identities, messages
from bot.store.timers import set_timer

FETCH_TIMER = "fetch"
"""A timer that is due at once: a file to be fetched."""
RECENT = 10
"""Announced files of a conversation that staff gets to see at the most."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of a member as it is known here; `sha256` once it is stored.

    `size` in bytes: as the platform announced it (0 if it did not), and as it is once it is stored.
    """

    id: int
    account: Account
    conversation: ConversationId
    case: CaseId | None
    ref: str
    name: str
    mime: str
    kind: AttachmentKind
    size: int
    sha256: str | None
    state: str


def announce(connection: Connection, conversation: ConversationId, now: datetime) -> None:
    """Have the conversation's latest files fetched that were not yet."""
    found = connection.execute(
        select(attachments.c.id)
        .join(messages, messages.c.id == attachments.c.message_id)
        .where(
            messages.c.conversation_id == conversation,
            attachments.c.state == "announced",
            attachments.c.kind != AttachmentKind.STICKER.value,
            attachments.c.ref != "",
        )
        .order_by(attachments.c.id.desc())
        .limit(RECENT)
    ).scalars()
    wanted = sorted(found)
    for attachment in wanted:
        set_timer(connection, FETCH_TIMER, now, conversation=conversation, payload={"file": attachment})
    if wanted:
        connection.execute(update(attachments).where(attachments.c.id.in_(wanted)).values(state="wanted"))


def find(connection: Connection, attachment: int) -> StoredFile | None:
    """One file."""
    row = connection.execute(
        select(
            attachments,
            messages.c.conversation_id,
            identities.c.platform,
            identities.c.account,
            select(cases.c.id)
            .where(cases.c.conversation_id == messages.c.conversation_id, cases.c.state.in_(OPEN_CASES))
            .order_by(cases.c.id.desc())
            .limit(1)
            .scalar_subquery()
            .label("case_id"),
        )
        .join(messages, messages.c.id == attachments.c.message_id)
        .join(conversations, conversations.c.id == messages.c.conversation_id)
        .join(identities, identities.c.id == conversations.c.identity_id)
        .where(attachments.c.id == attachment)
    ).one_or_none()
    if row is None:
        return None
    return StoredFile(
        id=row.id,
        account=Account(Platform(row.platform), row.account),
        conversation=ConversationId(row.conversation_id),
        case=CaseId(row.case_id) if row.case_id is not None else None,
        ref=row.ref,
        name=row.name,
        mime=row.mime,
        kind=AttachmentKind(row.kind),
        size=row.size,
        sha256=row.sha256,
        state=row.state,
    )


def taken(connection: Connection, conversation: ConversationId, since: datetime) -> tuple[int, int]:
    """How many files of a member were stored of messages since then, and their bytes."""
    member = select(conversations.c.contact_id).where(conversations.c.id == conversation).scalar_subquery()
    row = connection.execute(
        select(func.count(), func.coalesce(func.sum(attachments.c.size), 0))
        .join(messages, messages.c.id == attachments.c.message_id)
        .join(conversations, conversations.c.id == messages.c.conversation_id)
        .where(
            conversations.c.contact_id == member,
            messages.c.stored_at >= since,
            messages.c.author == Author.MEMBER.value,
            attachments.c.state == "stored",
        )
    ).one()
    return int(row[0]), int(row[1])


def keep(connection: Connection, announced: Mapping[str, Any], sha256: str, size: int) -> int:
    """A file of staff that is in the files folder, for a message that is yet to be written; its number."""
    row = {
        "kind": str(announced["kind"]),
        "ref": str(announced["ref"]),
        "name": str(announced["name"]),
        "mime": str(announced["mime"])[:128],
        "size": size,
        "sha256": sha256,
        "state": "stored",
    }
    number: int = connection.execute(insert(attachments).returning(attachments.c.id), row).scalar_one()
    return number


def belong(connection: Connection, numbers: Collection[int], message: MessageId) -> None:
    """Files that were kept belong to this message."""
    connection.execute(
        update(attachments).where(attachments.c.id.in_(list(numbers))).values(message_id=message)
    )


def forget(connection: Connection, numbers: Collection[int]) -> list[str]:
    """Forget files that belong to no message; names in the files folder that nothing needs any more."""
    loose = attachments.c.id.in_(list(numbers)) & attachments.c.message_id.is_(None)
    names = set(connection.execute(select(attachments.c.sha256).where(loose)).scalars())
    connection.execute(delete(attachments).where(loose))
    used = select(attachments.c.sha256).where(attachments.c.sha256.in_(names))
    return sorted(name for name in names - set(connection.execute(used).scalars()) if name)


def stored(connection: Connection, attachment: int, sha256: str, size: int, mime: str) -> None:
    """The file is in the files folder; `mime` is what its content shows."""
    connection.execute(
        update(attachments)
        .where(attachments.c.id == attachment)
        .values(state="stored", sha256=sha256, size=size, mime=mime, error="")
    )


def refused(connection: Connection, attachment: int, error: str) -> None:
    """The file cannot be had, and why."""
    connection.execute(
        update(attachments).where(attachments.c.id == attachment).values(state="refused", error=error[:500])
    )
