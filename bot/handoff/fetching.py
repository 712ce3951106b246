"""Files of members, fetched after the commit for the person who is to see them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy import Connection

from bot.bus.base import Bus, Topic
from bot.channels.base import Channel
from bot.domain import Account
from bot.errors import ChannelError
from bot.handoff.notices import StaffNotices
from bot.store import erasure, files, sniffing, timers, turns
from bot.store.engine import Store
from bot.store.files import StoredFile
from bot.store.filestore import FileStore
from bot.store.timers import Timer
from bot.store.turns import Report

_log = structlog.get_logger(__name__)

PAUSES = (1.0, 10.0, 60.0)
"""Seconds before each further try of a file that could not be had: networks stumble."""


FILE_QUOTA, FILE_TYPE = "file_quota", "file_type"
"""Rules by which a file is not kept: its member sent too much within a day; a computer might run it."""


@dataclass(frozen=True, slots=True)
class Quota:
    """What is kept of one member's files within 24 hours: a number, and bytes; 0 lifts either."""

    files: int = 0
    size: int = 0


class Fetching:
    """Acts on `fetch` timers."""

    def __init__(
        self,
        store: Store,
        bus: Bus,
        channels: Mapping[Account, Channel],
        filestore: FileStore,
        notices: StaffNotices,
        *,
        limit: int,
        quota: Quota | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`limit` in bytes: larger files are refused, and staff sees why."""
        self._store, self._bus, self._channels = store, bus, channels
        self._filestore, self._notices, self._limit, self._clock = filestore, notices, limit, clock
        self._quota = quota or Quota()

    async def __call__(self, timer: Timer) -> None:
        """Fetch one file and tell the staff place; one that cannot be had is written down as refused."""
        attachment = int(timer.payload["file"])
        file = await self._store.read(lambda c: files.find(c, attachment))
        channel = self._channels.get(file.account) if file is not None else None
        if file is None or channel is None:
            await self._store.write(lambda c: timers.take(c, timer))
            return
        if file.size > self._limit:
            what = f"the file has {file.size} bytes, more than {self._limit}"
            await self._refuse(timer, file, what)
            return
        if not await self._within_quota(file):
            await self._refuse(timer, file, FILE_QUOTA)
            return
        try:
            content = await channel.fetch(file.ref, limit=self._limit)
        except ChannelError as error:
            tries = int(timer.payload.get("tries", 0))
            _log.warning("a file was not fetched", file=attachment, tries=tries + 1, error=error.what)
            what = error.what
            if tries < len(PAUSES):
                await self._store.write(lambda c: self._postpone(c, timer, tries))
            else:
                await self._refuse(timer, file, what)
            return
        if sniffing.is_program(content, file.name):
            await self._refuse(timer, file, FILE_TYPE)
            return
        name = await asyncio.to_thread(self._filestore.write, content)
        now = self._clock()

        def work(connection: Connection) -> list[str]:
            if not timers.take(connection, timer):  # erased meanwhile: then its content must not stay
                for unused in erasure.unused(connection, [name]):
                    self._filestore.remove(unused)
                return []
            self._filestore.write(content)  # again, if somebody who sent the same was erased since
            files.stored(connection, attachment, name, len(content), sniffing.sniff(content))
            if file.case is None:
                return []
            shown = file.name or file.kind.value
            return self._notices.file(connection, file.case, attachment, shown, now)

        for lane in await self._store.write(work):
            self._bus.wake(Topic.LANE, lane)
        self._bus.wake(Topic.CASES)

    async def _within_quota(self, file: StoredFile) -> bool:
        since = self._clock() - timedelta(days=1)
        number, size = await self._store.read(lambda c: files.taken(c, file.conversation, since))
        quota = self._quota
        return not (
            (quota.files and number >= quota.files) or (quota.size and size + max(file.size, 1) > quota.size)
        )

    def _postpone(self, connection: Connection, timer: Timer, tries: int) -> None:
        if timers.take(connection, timer):
            timers.set_timer(
                connection,
                timer.kind,
                self._clock() + timedelta(seconds=PAUSES[tries]),
                conversation=timer.conversation,
                payload={**timer.payload, "tries": tries + 1},
            )

    async def _refuse(self, timer: Timer, file: StoredFile, error: str) -> None:
        """Write down why a file cannot be had, and say so where a person waits for it."""
        now = self._clock()

        def work(connection: Connection) -> list[str]:
            if not timers.take(connection, timer):
                return []
            files.refused(connection, file.id, error)
            if error in (FILE_QUOTA, FILE_TYPE):
                counted = Report("file_refused", now, platform=file.account.platform, rule=error)
                turns.report(connection, counted)
            if file.case is None:
                return []
            shown = file.name or file.kind.value
            return self._notices.file_refused(connection, file.case, shown, now)

        for lane in await self._store.write(work):
            self._bus.wake(Topic.LANE, lane)
        self._bus.wake(Topic.CASES)


class StoredFiles:
    """Where channels read a file that they have to send."""

    def __init__(self, store: Store, filestore: FileStore) -> None:
        self._store, self._filestore = store, filestore

    async def open(self, attachment_id: int) -> tuple[str, str, bytes]:
        """Name, media type and content of a stored file; ChannelError when there is none."""
        found = await self._store.read(lambda c: files.find(c, attachment_id))
        if found is None or found.sha256 is None:
            raise ChannelError(f"file {attachment_id} is not stored")
        content = await asyncio.to_thread(self._filestore.read, found.sha256)
        return found.name or f"{found.kind.value}-{found.id}", found.mime, content
