"""The corridor and the rooms beside it on a scripted channel, wired as the composition root does it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.bus.local import LocalBus
from bot.domain import ConversationId, Lang
from bot.handoff.alerts import Alerts
from bot.handoff.casework import Casework
from bot.handoff.notices import ALERT_TIMER, StaffNotices, StaffPlace
from bot.handoff.staffroom import StaffRoom
from bot.pipeline.afterwards import AfterGiveBack
from bot.pipeline.clock import Clock
from bot.pipeline.deliver import Deliverer
from bot.pipeline.intake import Intake
from bot.pipeline.lanes import Locks
from bot.pipeline.ports import Mind
from bot.pipeline.turn import Corridor
from bot.store.engine import Store
from bot.store.filestore import FileStore
from bot.store.inbound import STAFF_TIMER
from bot.store.timers import GIVE_BACK_TIMER
from tests.fakes.house.scripted import ACCOUNT, STAFF, ScriptedChannel


@dataclass(frozen=True, slots=True)
class Minds:
    """The same mind throughout."""

    current: Mind


@dataclass(slots=True)
class Engine:
    """All that works beside the channels; it can crash."""

    store: Store
    mind: Mind
    channel: ScriptedChannel
    folder: Path
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    bus: LocalBus = field(init=False)
    intake: Intake = field(init=False)
    casework: Casework = field(init=False)
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    async def start(self) -> None:
        self.bus = bus = LocalBus()
        minds, locks, now = Minds(self.mind), Locks[ConversationId](), self.clock
        channels = {ACCOUNT: self.channel}
        notices = StaffNotices(minds, [StaffPlace(ACCOUNT, STAFF)], Lang("es"))
        window = timedelta(milliseconds=15)
        corridor = Corridor(self.store, bus, minds, notices, channels, locks, window=window, clock=now)
        deliverer = Deliverer(self.store, bus, notices, channels, clock=now)
        self.intake = Intake(self.store, bus)
        self.casework = Casework(self.store, bus, minds, notices, locks, FileStore(self.folder), clock=now)
        room = StaffRoom(self.store, bus, self.casework, notices, Lang("es"), clock=now)
        alerts = Alerts(self.store, bus, notices, clock=now)
        resumes = AfterGiveBack(self.store, minds, locks, corridor, clock=now)
        due = {STAFF_TIMER: room, ALERT_TIMER: alerts, GIVE_BACK_TIMER: resumes}
        clock = Clock(self.store, bus, due, clock=now)
        await deliverer.recover()
        self._tasks = [asyncio.create_task(part.run()) for part in (corridor, deliverer, clock)]

    async def crash(self) -> None:
        """End in the middle of whatever it is doing; what was handed to the database's thread is done."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.store.write(lambda connection: None)
