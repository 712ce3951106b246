"""What is older than `config/privacy.yml` allows, deleted a little at a time.

What somebody is working on stays whole: conversations that a person owns or is awaited in, and those with an
open case. Reporting events are never deleted: they carry nothing personal.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Select, Table, and_, case, delete, exists, func, or_, select, update

from bot.domain import OutboxState, Owner
from bot.store import erasure
from bot.store.situations import OPEN_CASES
from bot.store.tables import (
    attachments,
    audit,
    cases,
    contacts,
    conversations,
    drafts,
    edits,
    feedback,
    grants,
    identities,
    inbound,
    links,
    listened,
    messages,
    outbox,
    place_answers,
    timers,
    turns,
)

PEOPLE = 20
"""The same for people, each of whom has rows in many tables."""
PIECE = 200
"""Rows of the leading table that one unit deletes: the bot answers in between."""
REPEATS = timedelta(days=7)
"""How long an event's number is kept whatever else is not: platforms repeat events for a day or two."""

_FINAL = (OutboxState.SENT.value, OutboxState.CANCELLED.value, OutboxState.FAILED.value)


@dataclass(frozen=True, slots=True)
class Days:
    """How long each sort of data is kept, as `config/privacy.yml` says; `minors` is messages of minors."""

    messages: int
    files: int
    cases: int
    audit: int
    listened: int
    minors: int


@dataclass(slots=True)
class Aged:
    """What one piece deleted: counts by table, contents to look after; `more` where there may be more."""

    counts: Counter[str] = field(default_factory=Counter)
    files: set[str] = field(default_factory=set)
    more: bool = False


Piece = Callable[[Connection, Days, datetime], Aged]


def aged_files(connection: Connection, days: Days, now: datetime) -> Aged:
    """Contents of files that members sent; that there was a file is told by its message."""
    limit = now - timedelta(days=days.files)
    rows = connection.execute(
        select(attachments.c.id, attachments.c.sha256)
        .join(messages, messages.c.id == attachments.c.message_id)
        .where(
            attachments.c.sha256.is_not(None),
            messages.c.stored_at < limit,
            messages.c.conversation_id.not_in(_in_hand()),
        )
        .limit(PIECE)
    ).all()
    connection.execute(
        update(attachments)
        .where(attachments.c.id.in_([row.id for row in rows]))
        .values(sha256=None, state="expired", name="", ref="")
    )
    return Aged(Counter(files=len(rows)), {row.sha256 for row in rows}, len(rows) == PIECE)


def aged_messages(connection: Connection, days: Days, now: datetime) -> Aged:
    """Messages with all that hangs on them; those of minors sooner."""
    usual = now - timedelta(days=days.messages)
    minors = now - timedelta(days=min(days.messages, days.minors))
    young = select(conversations.c.id).join(contacts, contacts.c.id == conversations.c.contact_id)
    found = list(
        connection.execute(
            select(messages.c.id)
            .where(
                or_(
                    messages.c.stored_at < usual,
                    and_(
                        messages.c.stored_at < minors,
                        messages.c.conversation_id.in_(young.where(contacts.c.minor_at.is_not(None))),
                    ),
                ),
                messages.c.rule.is_distinct_from(erasure.NOBODY),
                messages.c.conversation_id.not_in(_in_hand()),
            )
            .order_by(messages.c.id)
            .limit(PIECE)
        ).scalars()
    )
    aged = Aged(more=len(found) == PIECE)
    if not found:
        return aged
    of = list(
        connection.execute(
            select(messages.c.turn_id).where(messages.c.id.in_(found), messages.c.turn_id.is_not(None))
        ).scalars()
    )
    aged.files |= set(
        connection.execute(
            select(attachments.c.sha256).where(
                attachments.c.message_id.in_(found), attachments.c.sha256.is_not(None)
            )
        ).scalars()
    )
    connection.execute(delete(outbox).where(outbox.c.message_id.in_(found)))
    for table in (attachments, edits):
        connection.execute(delete(table).where(table.c.message_id.in_(found)))
    connection.execute(update(inbound).where(inbound.c.message_id.in_(found)).values(message_id=None))
    aged.counts["messages"] += len(found)
    _delete_but_last(connection, messages, found, erasure.EMPTIED)
    kept = select(messages.c.turn_id).where(messages.c.turn_id.in_(of))
    alone = set(of) - set(connection.execute(kept).scalars())
    connection.execute(
        update(feedback)
        .where(feedback.c.turn_id.in_(alone))
        .values(turn_id=None, conversation_id=None, text="")
    )
    connection.execute(delete(outbox).where(outbox.c.turn_id.in_(alone)))
    aged.counts["turns"] += connection.execute(delete(turns).where(turns.c.id.in_(alone))).rowcount
    return aged


def aged_cases(connection: Connection, days: Days, now: datetime) -> Aged:
    """Closed cases: their notes were messages; their notices, links, kept texts and dossiers go."""
    limit = now - timedelta(days=days.cases)
    found = list(
        connection.execute(
            select(cases.c.id)
            .where(
                cases.c.closed_at < limit,
                cases.c.state.not_in(OPEN_CASES),
                ~exists().where(messages.c.case_id == cases.c.id),
            )
            .order_by(cases.c.id)
            .limit(PIECE)
        ).scalars()
    )
    for table in (links, drafts, timers):
        connection.execute(delete(table).where(table.c.case_id.in_(found)))
    connection.execute(delete(outbox).where(outbox.c.case_id.in_(found)))
    _delete_but_last(connection, cases, found, {"dossier": {}, "closed_at": None})
    return Aged(Counter(cases=len(found)), more=len(found) == PIECE)


def aged_sends(connection: Connection, days: Days, now: datetime) -> Aged:
    """Sends of no message: notices to staff, removals."""
    limit = now - timedelta(days=days.messages)
    longer = now - timedelta(days=max(days.messages, days.cases))
    found = list(
        connection.execute(
            select(outbox.c.id)
            .where(
                outbox.c.message_id.is_(None),
                outbox.c.state.in_(_FINAL),
                outbox.c.created_at < case((outbox.c.case_id.is_(None), limit), else_=longer),
            )
            .limit(PIECE)
        ).scalars()
    )
    connection.execute(delete(outbox).where(outbox.c.id.in_(found)))
    return Aged(Counter(notices=len(found)), more=len(found) == PIECE)


def aged_people(connection: Connection, days: Days, now: datetime) -> Aged:
    """People of whom nothing is left: no message, no case, and long since anything was heard of them.

    Whom staff has blocked stays known, or they would not be blocked any more.
    """
    limit = now - timedelta(days=days.messages)
    theirs = conversations.c.contact_id == contacts.c.id
    found = list(
        connection.execute(
            select(contacts.c.id)
            .where(
                contacts.c.created_at < limit,
                ~exists().where(messages.c.conversation_id == conversations.c.id, theirs),
                ~exists().where(cases.c.conversation_id == conversations.c.id, theirs),
                ~exists().where(conversations.c.last_inbound_at >= limit, theirs),
                ~exists().where(
                    identities.c.contact_id == contacts.c.id,
                    or_(identities.c.blocked_at.is_not(None), identities.c.external_id == erasure.NOBODY),
                ),
                exists().where(identities.c.contact_id == contacts.c.id),
            )
            .limit(PEOPLE)
        ).scalars()
    )
    for contact in found:
        who = erasure.subject(connection, contact)
        while who is not None and not erasure.piece(connection, who, now, keep_timer=0).done:
            continue
    return Aged(Counter(people=len(found)), more=len(found) == PEOPLE)


def aged_rest(connection: Connection, days: Days, now: datetime) -> Aged:
    """Numbers of events, what was listened to, the audit, cooldowns, and ways into the staff page."""
    aged = Aged()
    loose = attachments.c.message_id.is_(None) & ~exists().where(timers.c.kind.startswith("staff"))
    aged.files |= set(connection.execute(select(attachments.c.sha256).where(loose)).scalars()) - {None}
    connection.execute(delete(attachments).where(loose))  # of replies of staff that were never said
    for name, table, which in (
        ("events", inbound, inbound.c.received_at < now - REPEATS),
        ("listened", listened, listened.c.at < now - timedelta(days=days.listened)),
        ("audit", audit, audit.c.at < now - timedelta(days=days.audit)),
    ):
        some = select(table.c.id).where(which).order_by(table.c.id).limit(PIECE * 5)
        ids = list(connection.execute(some).scalars())
        connection.execute(delete(table).where(table.c.id.in_(ids)))
        aged.counts[name] += len(ids)
        aged.more = aged.more or len(ids) == PIECE * 5
    connection.execute(delete(place_answers).where(place_answers.c.at < now - REPEATS))
    connection.execute(delete(grants).where(grants.c.expires_at < now - REPEATS))
    suggestion = and_(feedback.c.text != "", feedback.c.at < now - timedelta(days=days.messages))
    aged.counts["suggestions"] += connection.execute(
        update(feedback).where(suggestion).values(text="", conversation_id=None, turn_id=None)
    ).rowcount
    return aged


PIECES: Mapping[str, Piece] = {
    "files": aged_files,
    "messages": aged_messages,
    "cases": aged_cases,
    "sends": aged_sends,
    "people": aged_people,
    "rest": aged_rest,
}
"""In this order: what hangs on something goes before it."""


def _in_hand() -> Select[Any]:
    """Conversations that somebody is working on."""
    return select(conversations.c.id).where(
        or_(
            conversations.c.owner != Owner.BOT.value,
            conversations.c.id.in_(select(cases.c.conversation_id).where(cases.c.state.in_(OPEN_CASES))),
        )
    )


def _delete_but_last(
    connection: Connection, table: Table, ids: Collection[int], shell: Mapping[str, Any]
) -> None:
    """Delete rows; the table's last one is emptied, so that SQLite does not give its number again."""
    if not ids:
        return
    top = connection.execute(select(func.max(table.c.id))).scalar_one()
    if top in ids:
        connection.execute(update(table).where(table.c.id == top).values(**shell))
    connection.execute(delete(table).where(table.c.id.in_(set(ids) - {top})))
