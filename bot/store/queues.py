"""What waits: how much, and since when. Small indexes answer, so that it may be asked often."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select, text

from bot.domain import CaseState
from bot.store import outbox as sends
from bot.store.tables import cases, messages, outbox

OPEN = tuple(state.value for state in CaseState if state is not CaseState.RESOLVED)
_UNSENT = text("state IN ('pending', 'sending')")
_UNHANDLED = text("outcome IS NULL AND author = 'member'")


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits at one moment; an instant is None where nothing does."""

    outbox: Mapping[str, int]
    oldest_unsent: datetime | None
    messages: int
    oldest_message: datetime | None
    unanswered: int
    cases: Mapping[str, int]
    oldest_case: datetime | None


def waiting(connection: Connection, now: datetime, grace: timedelta) -> Waiting:
    """Look at all queues; `unanswered` are members' messages that have waited longer than `grace`."""
    oldest_unsent = connection.execute(select(func.min(outbox.c.created_at)).where(_UNSENT)).scalar_one()
    count, oldest = connection.execute(
        select(func.count(), func.min(messages.c.stored_at)).where(_UNHANDLED)
    ).one()
    unanswered = (
        connection.execute(
            select(func.count()).where(_UNHANDLED, messages.c.stored_at < now - grace)
        ).scalar_one()
        if count
        else 0
    )
    rows = connection.execute(
        select(cases.c.state, func.count(), func.min(cases.c.opened_at))
        .where(cases.c.state.in_(OPEN))
        .group_by(cases.c.state)
    ).all()
    return Waiting(
        {state.value: number for state, number in sends.counts(connection).items()},
        oldest_unsent,
        count,
        oldest,
        unanswered,
        dict.fromkeys(OPEN, 0) | {row[0]: row[1] for row in rows},
        min((row[2] for row in rows), default=None),
    )


def database_size(connection: Connection) -> int:
    """Bytes of the whole database."""
    if connection.dialect.name == "postgresql":
        size = select(func.pg_database_size(func.current_database()))
        return int(connection.execute(size).scalar_one())
    pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    return int(pages) * int(connection.exec_driver_sql("PRAGMA page_size").scalar_one())
