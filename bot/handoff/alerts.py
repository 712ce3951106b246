"""Alerts: a case that nobody acts on is said again, within the team's hours."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from sqlalchemy import Connection

from bot.bus.base import Bus, Topic
from bot.handoff.notices import StaffNotices
from bot.store import timers
from bot.store.engine import Store
from bot.store.timers import Timer


class Alerts:
    """Acts on `alert` timers."""

    def __init__(
        self,
        store: Store,
        bus: Bus,
        notices: StaffNotices,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store, self._bus, self._notices, self._clock = store, bus, notices, clock

    async def __call__(self, timer: Timer) -> None:
        """Say that a case still waits, unless someone has acted on it."""
        now = self._clock()
        case = timer.case

        def work(connection: Connection) -> list[str]:
            if not timers.take(connection, timer) or case is None:
                return []
            return self._notices.alert(connection, case, int(timer.payload.get("number", 1)), now)

        for lane in await self._store.write(work):
            self._bus.wake(Topic.LANE, lane)
