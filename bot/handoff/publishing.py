"""New files are put in force, and staff hears what was published, or why not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

import structlog
from sqlalchemy import Connection

from bot.bus.base import Bus, Topic
from bot.catalogue.keys import Key
from bot.handoff.notices import StaffNotices
from bot.knowledge.changes import changes
from bot.knowledge.library import Library, Published, Rejected, Unchanged, Unpublished
from bot.knowledge.problem import Problem
from bot.metrics import Meter
from bot.pipeline.mind import LiveMind
from bot.store import timers
from bot.store.engine import Store
from bot.store.timers import Timer

_log = structlog.get_logger(__name__)

SHOWN_PROBLEMS = 10
"""Problems of a rejected change that the staff place is shown; the rest is counted."""


class Publishing:
    """Watches the files, and acts on `publish` timers, which `vocero faq publish` sets."""

    def __init__(
        self,
        store: Store,
        bus: Bus,
        library: Library,
        minds: LiveMind,
        notices: StaffNotices,
        lang: str,
        *,
        tell: Callable[[str], None] | None = None,
        meter: Meter | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`tell` hears what staff is told too: for who runs the bot in a terminal."""
        self._tell, self._meter = tell, meter or Meter()
        self._store, self._bus, self._library = store, bus, library
        self._minds, self._notices, self._lang, self._clock = minds, notices, lang, clock

    async def watch(self, rest: float) -> None:
        """See to changes until cancelled; files must rest `rest` seconds."""
        while True:
            try:
                await self._library.watch(self._changed, rest=rest)
            except Exception:  # a file never takes the bot down: say so, and go on watching
                _log.exception("watching the files failed, trying again")
                await asyncio.sleep(max(rest, 1.0))

    async def __call__(self, timer: Timer) -> None:
        """Publish what stands in the files now, because somebody said so."""
        change = await self._library.reload()
        if not isinstance(change, Unchanged):
            await self._changed(change)
        await self._store.write(lambda connection: timers.done(connection, timer.id))

    async def _changed(self, change: Published | Rejected | Unpublished) -> None:
        if isinstance(change, Published):
            text = await self._publish(change)
        elif isinstance(change, Rejected):
            text = self._refuse(change.problems)
        else:
            _log.info("changes wait for publishing", passes=change.passes, problems=len(change.problems))
            return

        if self._tell is not None:
            self._tell(text)

        def work(connection: Connection) -> list[str]:
            return self._notices.tell(connection, text, self._clock())

        for lane in await self._store.write(work):
            self._bus.wake(Topic.LANE, lane)

    async def _publish(self, change: Published) -> str:
        """Put a version in force; where it cannot be learned, the last good one stays and staff hears why."""
        try:
            await self._minds.publish(change.new)
        except Exception as error:  # whatever goes wrong in training, the bot answers on with what it has
            _log.exception("not published", knowledge=change.new.version)
            self._count("failed")
            return self._notices.text(Key.STAFF_REJECTED, problems=str(error))
        _log.info("published", knowledge=change.new.version, entries=len(change.new.entries))
        self._count("published")
        named = ", ".join(changes(change.old, change.new)) or "—"
        return self._notices.text(Key.STAFF_PUBLISHED, version=change.new.version, changes=named)

    def _count(self, result: str) -> None:
        self._meter.reloaded(result, self._clock().timestamp())

    def _refuse(self, problems: tuple[Problem, ...]) -> str:
        self._count("rejected")
        shown = [problem.render(self._lang) for problem in problems[:SHOWN_PROBLEMS]]
        _log.warning("not published", problems=len(problems), first=shown[0])
        more = len(problems) - len(shown)
        lines = "\n".join([*shown, *([f"… +{more}"] if more > 0 else [])])
        return self._notices.text(Key.STAFF_REJECTED, problems=lines)
