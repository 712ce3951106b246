"""Turns: what was decided, its trace, and everything that is written with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, func, insert, select, update

from bot.conversation.situation import Memory
from bot.domain import (
    Author,
    CaseId,
    ConversationId,
    EntryId,
    KnowledgeVersion,
    Lang,
    MessageId,
    Outcome,
    Owner,
    Platform,
    Reason,
    TurnId,
)
from bot.store.dialect import insert_returning_ids
from bot.store.tables import contacts, conversations, events, messages, turns

_versions = select(conversations.c.id, conversations.c.version).where(
    conversations.c.id.in_(bindparam("asked", expanding=True))
)
_moved = (
    update(conversations)
    .where(conversations.c.id == bindparam("row"))
    .values(
        version=bindparam("seen") + 1,
        owner=bindparam("new_owner"),
        staff=bindparam("new_staff"),
        lang=bindparam("new_lang"),
        misses=bindparam("new_misses"),
        wordless=bindparam("new_wordless"),
        context=bindparam("new_context", type_=conversations.c.context.type),
        last_inbound_at=bindparam("at"),
    )
)
_handled = (
    update(messages)
    .where(messages.c.id == bindparam("row"), messages.c.outcome.is_(None))
    .values(
        outcome=bindparam("new_outcome"),
        rule=bindparam("new_rule"),
        turn_id=bindparam("new_turn"),
        case_id=bindparam("new_case"),
        lang=bindparam("new_lang"),
        text=func.coalesce(bindparam("new_text"), messages.c.text),
    )
)


_report = insert(events)


@dataclass(frozen=True, slots=True)
class Turn:
    """The record of one decision."""

    conversation: ConversationId
    outcome: Outcome
    lang: Lang
    knowledge: KnowledgeVersion
    rule: str = ""
    reason: Reason | None = None
    entry: EntryId | None = None
    variant: int | None = None
    confidence: float = 0.0
    trace: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Move:
    """A conversation as a turn leaves it; `seen` is the version that the turn was decided on."""

    conversation: ConversationId
    seen: int
    owner: Owner
    staff: str | None
    lang: Lang | None
    misses: int
    wordless: int
    memory: Memory
    at: datetime


@dataclass(frozen=True, slots=True)
class Words:
    """A message of the bot or of staff, to be written."""

    conversation: ConversationId
    text: str
    author: Author
    at: datetime
    lang: Lang | None = None
    staff: str | None = None
    turn: TurnId | None = None
    case: CaseId | None = None
    kind: str = "message"


@dataclass(frozen=True, slots=True)
class Report:
    """Something to be counted; nothing in it is personal."""

    kind: str
    at: datetime
    platform: Platform | None = None
    place_kind: str = ""
    lang: str = ""
    outcome: str = ""
    rule: str = ""
    reason: str = ""
    entry: str = ""
    value: float | None = None
    count: int = 1


@dataclass(frozen=True, slots=True)
class Handled:
    """What became of one message of the member; `text` replaces what a button's row says, None keeps it.

    An edit may have come since the message was read, so a text that was typed is never written back.
    """

    message: MessageId
    outcome: Outcome
    rule: str
    turn: TurnId
    lang: Lang
    case: CaseId | None = None
    text: str | None = None


def move(connection: Connection, moves: Sequence[Move]) -> set[ConversationId]:
    """Move conversations on, those that still have the version that was seen; which these are."""
    versions = {
        row.id: row.version
        for row in connection.execute(_versions, {"asked": [one.conversation for one in moves]})
    }
    there = [one for one in moves if versions.get(one.conversation) == one.seen]
    rows = [
        {
            "row": one.conversation,
            "seen": one.seen,
            "new_owner": one.owner.value,
            "new_staff": one.staff,
            "new_lang": one.lang,
            "new_misses": one.misses,
            "new_wordless": one.wordless,
            "new_context": one.memory.to_json(),
            "at": one.at,
        }
        for one in there
    ]
    if rows:
        connection.execute(_moved, rows if len(rows) > 1 else rows[0])
    return {one.conversation for one in there}


def record(connection: Connection, turn: Turn, now: datetime) -> TurnId:
    """Write a turn."""
    [found] = record_all(connection, [turn], now)
    return found


def record_all(connection: Connection, made: Sequence[Turn], now: datetime) -> list[TurnId]:
    """Write turns; their ids in the same order."""
    rows = [
        {
            "conversation_id": turn.conversation,
            "outcome": turn.outcome.value,
            "rule": turn.rule,
            "reason": turn.reason.value if turn.reason else "",
            "entry": turn.entry or "",
            "variant": turn.variant,
            "lang": turn.lang,
            "confidence": round(turn.confidence, 4),
            "knowledge": turn.knowledge,
            "trace": dict(turn.trace or {}),
            "created_at": now,
        }
        for turn in made
    ]
    return [TurnId(i) for i in insert_returning_ids(connection, turns, rows)]


def handle(connection: Connection, handled: Sequence[Handled]) -> None:
    """Give each message of the members its one outcome."""
    rows = [
        {
            "row": one.message,
            "new_outcome": one.outcome.value,
            "new_rule": one.rule or None,
            "new_turn": one.turn,
            "new_case": one.case,
            "new_lang": one.lang,
            "new_text": one.text,
        }
        for one in handled
    ]
    if rows:
        connection.execute(_handled, rows if len(rows) > 1 else rows[0])


def say(
    connection: Connection,
    conversation: ConversationId,
    texts: Sequence[str],
    *,
    author: Author,
    now: datetime,
    lang: Lang | None = None,
    staff: str | None = None,
    turn: TurnId | None = None,
    case: CaseId | None = None,
    kind: str = "message",
) -> list[MessageId]:
    """Write messages of the bot or of staff; sending them is the outbox's part."""
    words = [
        Words(conversation, text, author, now, lang=lang, staff=staff, turn=turn, case=case, kind=kind)
        for text in texts
    ]
    return say_all(connection, words)


def say_all(connection: Connection, words: Sequence[Words]) -> list[MessageId]:
    """Write messages of the bot or of staff; their ids in the same order."""
    rows = [
        {
            "conversation_id": one.conversation,
            "author": one.author.value,
            "staff": one.staff,
            "kind": one.kind,
            "text": one.text,
            "lang": one.lang,
            "sent_at": one.at,
            "stored_at": one.at,
            "turn_id": one.turn,
            "case_id": one.case,
        }
        for one in words
    ]
    return [MessageId(i) for i in insert_returning_ids(connection, messages, rows)]


def greeted(connection: Connection, contact: int, now: datetime) -> None:
    """Remember that the contact was told who answers."""
    connection.execute(
        update(contacts)
        .where(contacts.c.id == contact, contacts.c.greeted_at.is_(None))
        .values(greeted_at=now)
    )


def mark_minor(connection: Connection, contact: int, since: datetime | None) -> None:
    """Remember that the contact said to be a minor, or with None that they are not."""
    connection.execute(update(contacts).where(contacts.c.id == contact).values(minor_at=since))


def report(connection: Connection, *reports: Report) -> None:
    """Write reporting events, each as many times as it counts."""
    rows = [
        {
            "at": one.at,
            "kind": one.kind,
            "platform": one.platform.value if one.platform else "",
            "place_kind": one.place_kind,
            "lang": one.lang,
            "outcome": one.outcome,
            "rule": one.rule,
            "reason": one.reason,
            "entry": one.entry,
            "value": one.value,
        }
        for one in reports
        for _ in range(one.count)
    ]
    if rows:
        connection.execute(_report, rows if len(rows) > 1 else rows[0])
