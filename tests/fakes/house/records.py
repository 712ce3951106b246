"""What the database of a house holds, read the plain way for tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from bot.store.tables import attachments as files
from bot.store.tables import (
    cases,
    conversations,
    edits,
    identities,
    inbound,
    messages,
    metadata,
    outbox,
    timers,
    turns,
)
from bot.store.tables import drafts as kept


def every_row(connection: Connection) -> str:
    """Every value of every row, as one text."""
    return "\n".join(str(tuple(row)) for t in metadata.sorted_tables for row in connection.execute(select(t)))


@dataclass(frozen=True, slots=True)
class Said:
    """One message, by anyone, with what became of it and why; `external_id` is the platform's."""

    id: int
    member: str
    author: str
    staff: str | None
    kind: str
    text: str
    external_id: str
    outcome: str | None
    rule: str | None
    turn: int | None
    entry: str
    variant: int | None
    knowledge: str
    reason: str
    trace: dict[str, Any] | None
    delivery: str | None
    outbox: int | None
    attempts: int


def said(connection: Connection, member: str | int | None = None) -> list[Said]:
    """All messages of one member's conversation (or of all), in the order in which they were written."""
    query = (
        select(
            messages,
            identities.c.external_id.label("member"),
            turns.c.entry,
            turns.c.variant,
            turns.c.knowledge,
            turns.c.reason,
            turns.c.trace,
            outbox.c.state.label("delivery"),
            outbox.c.id.label("outbox"),
            outbox.c.attempts,
            outbox.c.external_id.label("sent_as"),
        )
        .join(conversations, conversations.c.id == messages.c.conversation_id)
        .join(identities, identities.c.id == conversations.c.identity_id)
        .outerjoin(turns, turns.c.id == messages.c.turn_id)
        .outerjoin(outbox, outbox.c.message_id == messages.c.id)
        .order_by(messages.c.id)
    )
    if member is not None:
        query = query.where(identities.c.external_id == str(member))
    return [
        Said(
            row.id,
            row.member,
            row.author,
            row.staff,
            row.kind,
            row.text,
            row.external_id or row.sent_as or "",
            row.outcome,
            row.rule,
            row.turn_id,
            row.entry or "",
            row.variant,
            row.knowledge or "",
            row.reason or "",
            row.trace,
            row.delivery,
            row.outbox,
            row.attempts or 0,
        )
        for row in connection.execute(query)
    ]


def unhandled(connection: Connection) -> int:
    """Members' messages without an outcome: promise 4's number, zero at rest."""
    query = select(func.count()).where(messages.c.author == "member", messages.c.outcome.is_(None))
    return connection.execute(query).scalar_one()


def open_sends(connection: Connection) -> int:
    """Sends that are still to be made or being made."""
    query = select(func.count()).where(outbox.c.state.in_(("pending", "sending")))
    return connection.execute(query).scalar_one()


def at_rest(connection: Connection) -> bool:
    """Whether every message has its outcome and every send its end."""
    return unhandled(connection) == 0 and open_sends(connection) == 0


def held(connection: Connection) -> list[int]:
    """Ids of held sends."""
    return list(connection.execute(select(outbox.c.id).where(outbox.c.state == "held")).scalars())


def events(connection: Connection) -> Sequence[tuple[str, str]]:
    """Event id and kind of all that arrived, in order of storing."""
    return [(r.event_id, r.kind) for r in connection.execute(select(inbound).order_by(inbound.c.id))]


def owner(connection: Connection, member: str | int) -> tuple[str, str | None]:
    """Who owns a member's conversation."""
    row = connection.execute(
        select(conversations.c.owner, conversations.c.staff)
        .join(identities, identities.c.id == conversations.c.identity_id)
        .where(identities.c.external_id == str(member))
    ).one()
    return row.owner, row.staff


def member_of(connection: Connection, case: int) -> str:
    """Whose case it is."""
    return connection.execute(
        select(identities.c.external_id)
        .join(conversations, conversations.c.identity_id == identities.c.id)
        .join(cases, cases.c.conversation_id == conversations.c.id)
        .where(cases.c.id == case)
    ).scalar_one()


def case_states(connection: Connection) -> list[tuple[int, str]]:
    """Number and state of every case."""
    return [
        (r.id, r.state) for r in connection.execute(select(cases.c.id, cases.c.state).order_by(cases.c.id))
    ]


def drafts(connection: Connection, case: int, state: str) -> list[str]:
    """Texts of staff that were not sent at once, by what became of them: kept, sent, discarded."""
    query = select(kept.c.text).where(kept.c.case_id == case, kept.c.state == state).order_by(kept.c.id)
    return list(connection.execute(query).scalars())


def due(connection: Connection, now: datetime) -> int:
    """Timers that should have been seen to by now."""
    return connection.execute(select(func.count()).where(timers.c.due_at <= now)).scalar_one()


def attachments_in(connection: Connection, state: str) -> list[str]:
    """Names of members' files in a state: announced, wanted, stored, refused."""
    return list(connection.execute(select(files.c.name).where(files.c.state == state)).scalars())


def edited(connection: Connection) -> list[tuple[str, str]]:
    """Before and after of every edit."""
    return [(r.before, r.after) for r in connection.execute(select(edits).order_by(edits.c.id))]
