"""What is due: timers, and the sweep that re-wakes whatever a dead process or a lost hint left."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta

import structlog

from bot.bus.base import Bus, Topic
from bot.pipeline.trouble import tell
from bot.store import outbox, situations, timers
from bot.store.engine import Store
from bot.store.timers import Timer

_log = structlog.get_logger(__name__)

SWEEP = 1.0
"""Seconds between sweeps."""
GRACE = timedelta(seconds=5)
"""A message that has waited longer than this without anybody seeing to it is woken again."""

REST = timedelta(seconds=0.5)
"""A timer whose handler left it where it is, to see to it later, is seen to again after this time."""
FAILED = timedelta(seconds=30)
"""The same for one whose handler failed."""
DUE = 200
"""Timers read at a time."""

Handler = Callable[[Timer], Awaitable[None]]
"""Acts on a timer and takes it away in the same unit, or leaves it to be asked again soon."""


class Clock:
    """Runs due timers, one after another per kind, and sweeps."""

    def __init__(
        self,
        store: Store,
        bus: Bus,
        handlers: Mapping[str, Handler],
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store, self._bus, self._handlers, self._clock = store, bus, handlers, clock
        self._woken = asyncio.Event()
        self._running: set[str] = set()
        self._resting: dict[tuple[int, datetime], datetime] = {}
        bus.listen(Topic.TIMERS, lambda _key: self._woken.set())

    async def run(self) -> None:
        """Work until cancelled."""
        await self.sweep(GRACE * 0)
        async with asyncio.TaskGroup() as group:
            swept = self._clock()
            while True:
                self._woken.clear()
                try:
                    await self._tick(group)
                    if abs(self._clock() - swept) >= timedelta(seconds=SWEEP):  # clocks are also set back
                        swept = self._clock()
                        await self.sweep()
                except Exception as error:  # a database that cannot be read now may be readable in a second
                    tell(_log, "the sweep failed, trying again", error)
                    await asyncio.sleep(SWEEP)
                try:
                    async with asyncio.timeout(SWEEP):
                        await self._woken.wait()
                except TimeoutError:
                    continue

    async def sweep(self, grace: timedelta = GRACE) -> None:
        """Wake every conversation and lane that has something to do."""
        now = self._clock()
        waiting, lanes = await self._store.read(
            lambda connection: (
                situations.waiting(connection, now - grace + timedelta(microseconds=1)),
                outbox.lanes(connection, now),
            )
        )
        for conversation in waiting:
            self._bus.wake(Topic.CONVERSATION, str(conversation))
        for lane in lanes:
            self._bus.wake(Topic.LANE, lane)

    async def _tick(self, group: asyncio.TaskGroup) -> None:
        now = self._clock()
        self._resting = {key: until for key, until in self._resting.items() if now < until <= now + FAILED}
        # What is being worked on or rests must not hide what came later: staff's words wait behind files.
        limit, running = DUE + len(self._resting), frozenset(self._running)
        due = await self._store.read(lambda c: timers.due(c, now, limit, without=running))
        by_kind: dict[str, list[Timer]] = {}
        for timer in due:
            if timer.kind not in self._running and (timer.id, timer.due_at) not in self._resting:
                by_kind.setdefault(timer.kind, []).append(timer)
        for kind, found in by_kind.items():
            self._running.add(kind)
            group.create_task(self._run(kind, found), name=f"timers {kind}")
        if len(due) == limit and by_kind:
            self._woken.set()

    async def _run(self, kind: str, due: list[Timer]) -> None:
        try:
            handler = self._handlers.get(kind)
            for timer in due:
                pause = REST
                try:
                    if handler is None:
                        _log.warning("a timer of an unknown kind was dropped", kind=kind)
                        await self._store.write(lambda connection, row=timer.id: timers.done(connection, row))  # type: ignore[misc]  # a default binds the loop's value
                    else:
                        await handler(timer)
                except Exception as error:  # one timer's trouble must not stop the others; the row is there
                    tell(_log, "a timer failed, trying again later", error, kind=kind, timer=timer.id)
                    pause = FAILED
                self._resting[timer.id, timer.due_at] = self._clock() + pause
        finally:
            self._running.discard(kind)
            self._woken.set()
