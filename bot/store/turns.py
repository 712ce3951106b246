"""Turns: what was decided, its trace, and everything that is written with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, func, insert, update

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

_moved = (
    update(conversations)
    .where(conversations.c.id == bindparam("row"), conversations.c.version == bindparam("seen"))
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
class Handled:
    """What became of one message of the member; `text` replaces what a button's row says, None keeps it.

    An edit may have come since the message was read, so a text that was typed is never written back.
    """

    message: MessageId
    outcome: Outcome
    rule: str
    text: str | None = None


def move(
    connection: Connection,
    conversation: ConversationId,
    *,
    seen: int,
    owner: Owner,
    staff: str | None,
    lang: Lang | None,
    misses: int,
    wordless: int,
    memory: Memory,
    at: datetime,
) -> bool:
    """Move a conversation on from the version that was seen; False if it has moved since."""
    done = connection.execute(
        _moved,
        {
            "row": conversation,
            "seen": seen,
            "new_owner": owner.value,
            "new_staff": staff,
            "new_lang": lang,
            "new_misses": misses,
            "new_wordless": wordless,
            "new_context": memory.to_json(),
            "at": at,
        },
    )
    return done.rowcount == 1


def record(connection: Connection, turn: Turn, now: datetime) -> TurnId:
    """Write a turn."""
    row = {
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
    [found] = insert_returning_ids(connection, turns, [row])
    return TurnId(found)


def handle(
    connection: Connection, turn: TurnId, handled: Sequence[Handled], lang: Lang, case: CaseId | None
) -> None:
    """Give each message of the member its one outcome."""
    rows = [
        {
            "row": one.message,
            "new_outcome": one.outcome.value,
            "new_rule": one.rule or None,
            "new_turn": turn,
            "new_case": case,
            "new_lang": lang,
            "new_text": one.text,
        }
        for one in handled
    ]
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
    if not texts:
        return []
    rows = [
        {
            "conversation_id": conversation,
            "author": author.value,
            "staff": staff,
            "kind": kind,
            "text": text,
            "lang": lang,
            "sent_at": now,
            "stored_at": now,
            "turn_id": turn,
            "case_id": case,
        }
        for text in texts
    ]
    return [MessageId(i) for i in insert_returning_ids(connection, messages, rows)]


def greeted(connection: Connection, contact: int, now: datetime) -> None:
    """Remember that the contact was told who answers."""
    connection.execute(
        update(contacts)
        .where(contacts.c.id == contact, contacts.c.greeted_at.is_(None))
        .values(greeted_at=now)
    )


def report(
    connection: Connection,
    kind: str,
    now: datetime,
    *,
    platform: Platform | None = None,
    place_kind: str = "",
    lang: str = "",
    outcome: str = "",
    rule: str = "",
    reason: str = "",
    entry: str = "",
    value: float | None = None,
    count: int = 1,
) -> None:
    """Write reporting events; nothing in them is personal."""
    row = {
        "at": now,
        "kind": kind,
        "platform": platform.value if platform else "",
        "place_kind": place_kind,
        "lang": lang,
        "outcome": outcome,
        "rule": rule,
        "reason": reason,
        "entry": entry,
        "value": value,
    }
    connection.execute(_report, row if count == 1 else [row] * count)
