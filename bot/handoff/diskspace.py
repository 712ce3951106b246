"""Warnings before the disk is full: said once to staff and in the log, and again when there is room."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from enum import IntEnum
from pathlib import Path

import structlog
from sqlalchemy import Connection

from bot.bus.base import Bus, Topic
from bot.catalogue.keys import Key
from bot.handoff.notices import StaffNotices
from bot.store.engine import Store

_log = structlog.get_logger(__name__)

EVERY = 60.0
"""Seconds between looks."""
BACK = 1.2
"""Room is enough again when there is this much more than was too little: else it is said back and forth."""


class Room(IntEnum):
    """How much is left."""

    ENOUGH = 0
    LOW = 1
    CRITICAL = 2


_TOLD = {
    Room.ENOUGH: Key.STAFF_DISK_ENOUGH,
    Room.LOW: Key.STAFF_DISK_LOW,
    Room.CRITICAL: Key.STAFF_DISK_CRITICAL,
}


class DiskSpace:
    """Watches where the data folder is. `low` and `critical` are in MB; 0 switches a warning off."""

    def __init__(
        self,
        store: Store,
        bus: Bus,
        notices: StaffNotices,
        folder: Path,
        *,
        low: int,
        critical: int,
        free: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store, self._bus, self._notices, self._folder = store, bus, notices, folder
        self._limits = {Room.LOW: low, Room.CRITICAL: critical}
        self._free, self._clock = free, clock
        self.room = Room.ENOUGH
        """What was last seen."""
        self._told = Room.ENOUGH

    async def run(self) -> None:
        """Look every minute until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(EVERY)

    async def look(self) -> None:
        """See how much is left, and say so where that has changed."""
        try:
            free = await asyncio.to_thread(self._free, self._folder) // 2**20
        except OSError as error:
            _log.warning("the free disk space cannot be told", error=error.strerror)
            return
        self.room = self._judged(free)
        if self.room is self._told:
            return
        if self.room > self._told:
            _log.warning("the disk is filling up", free_mb=free, state=self.room.name.lower())
        else:
            _log.info("the disk has room again", free_mb=free, state=self.room.name.lower())
        try:
            await self._tell(free)
        except Exception:  # a disk that is full keeps the notice out of the outbox; it is tried again
            _log.exception("staff could not be told of the disk, trying again")
            return
        self._told = self.room

    def _judged(self, free: int) -> Room:
        """The state for so many MB; better than before only with some to spare."""
        for room in (Room.CRITICAL, Room.LOW):
            spare = BACK if self.room >= room else 1.0
            if free < self._limits[room] * spare:
                return room
        return Room.ENOUGH

    async def _tell(self, free: int) -> None:
        text = self._notices.text(_TOLD[self.room], free=str(free))

        def work(connection: Connection) -> list[str]:
            return self._notices.tell(connection, text, self._clock())

        for lane in await self._store.write(work):
            self._bus.wake(Topic.LANE, lane)
