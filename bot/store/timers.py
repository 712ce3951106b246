"""Things due later: rows, so that a restart forgets none."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from bot.domain import CaseId, ConversationId
from bot.store.tables import timers

PUBLISH_TIMER = "publish"
"""A timer that is due at once: put in force what stands in the files."""
EXPORT_TIMER = "export"
"""A timer that is due at once: hand a member a copy of their data."""
ERASE_TIMER = "erase"
"""A timer that is due at once: erase a member's data; it stays until the receipt is out."""
GIVE_BACK_TIMER = "after_give_back"
"""A timer that is due at once: answer what a member asked last, now that the bot may speak again."""
RETENTION_TIMER = "retention"
"""A timer of each day: delete what is older than `config/privacy.yml` allows."""


@dataclass(frozen=True, slots=True)
class Timer:
    """One thing that is due."""

    id: int
    kind: str
    due_at: datetime
    conversation: ConversationId | None
    case: CaseId | None
    payload: Mapping[str, Any]


def set_timer(
    connection: Connection,
    kind: str,
    due_at: datetime,
    *,
    conversation: ConversationId | None = None,
    case: CaseId | None = None,
    payload: Mapping[str, Any] | None = None,
) -> None:
    """Something is due at `due_at`."""
    connection.execute(
        insert(timers),
        {
            "kind": kind,
            "due_at": due_at,
            "conversation_id": conversation,
            "case_id": case,
            "payload": dict(payload or {}),
        },
    )


def due(
    connection: Connection, now: datetime, limit: int = 200, *, without: Collection[str] = ()
) -> list[Timer]:
    """What is due by now, oldest first, of all kinds but those in `without`."""
    rows = connection.execute(
        select(timers)
        .where(timers.c.due_at <= now, timers.c.kind.not_in(list(without)))
        .order_by(timers.c.due_at, timers.c.id)
        .limit(limit)
    )
    return _timers(rows)


def of_kind(connection: Connection, kind: str) -> list[Timer]:
    """All timers of a kind, due or not; only for kinds of which there are few."""
    rows = connection.execute(select(timers).where(timers.c.kind == kind))
    return [Timer(row.id, row.kind, row.due_at, None, None, row.payload) for row in rows]


def done(connection: Connection, timer: int) -> bool:
    """Take a timer away, in the unit that acts on it; False if another unit was first."""
    return connection.execute(delete(timers).where(timers.c.id == timer)).rowcount == 1


def take(connection: Connection, timer: Timer) -> bool:
    """As `done`, for a timer that may have been dropped: its number may be another timer's by now."""
    taken = connection.execute(
        delete(timers).where(
            timers.c.id == timer.id, timers.c.kind == timer.kind, timers.c.due_at == timer.due_at
        )
    )
    return taken.rowcount == 1


def of_case(connection: Connection, kinds: Collection[str], case: CaseId) -> list[Timer]:
    """Timers of these kinds that are set for a case."""
    return _timers(
        connection.execute(select(timers).where(timers.c.kind.in_(list(kinds)), timers.c.case_id == case))
    )


def drop(connection: Connection, kind: str, case: CaseId) -> None:
    """Nothing of this kind is due for the case any more."""
    connection.execute(delete(timers).where(timers.c.kind == kind, timers.c.case_id == case))


def _timers(rows: Iterable[Any]) -> list[Timer]:
    return [
        Timer(
            row.id,
            row.kind,
            row.due_at,
            ConversationId(row.conversation_id) if row.conversation_id is not None else None,
            CaseId(row.case_id) if row.case_id is not None else None,
            row.payload,
        )
        for row in rows
    ]
