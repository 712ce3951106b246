"""Files that staff sends to a member: fetched after the commit, then sent as part of the reply."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Connection

from bot.bus.base import Bus, Topic
from bot.catalogue.keys import Key
from bot.channels.base import Channel
from bot.domain import Account, CaseId, Platform
from bot.errors import ChannelError
from bot.handoff.fetching import PAUSES
from bot.handoff.notices import StaffNotices
from bot.store import files, sniffing, timers
from bot.store.engine import Store
from bot.store.filestore import FileStore
from bot.store.inbound import STAFF_TIMER
from bot.store.timers import Timer

_log = structlog.get_logger(__name__)

STAFF_FILE_TIMER = "staff_file"
"""A timer that is due at once: files of a reply of staff, to be fetched before it can be sent."""


class StaffFiles:
    """Acts on `staff_file` timers; when the files are here, the reply becomes a `staff` timer again."""

    def __init__(
        self,
        store: Store,
        bus: Bus,
        channels: Mapping[Account, Channel],
        filestore: FileStore,
        notices: StaffNotices,
        *,
        limit: int,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`limit` in bytes: a reply with a larger file is not sent, and staff is told."""
        self._store, self._bus, self._channels = store, bus, channels
        self._filestore, self._notices, self._limit, self._clock = filestore, notices, limit, clock

    async def __call__(self, timer: Timer) -> None:
        """Fetch the files of one reply, all or none."""
        asked = timer.payload
        account = Account(Platform(asked["platform"]), str(asked["account"]))
        channel = self._channels.get(account)
        fetched: list[tuple[Mapping[str, Any], str, int]] = []
        try:
            if channel is None:
                raise ChannelError("the channel is not running")
            for file in asked["files"]:
                content = await channel.fetch(str(file["ref"]), limit=self._limit)
                name = await asyncio.to_thread(self._filestore.write, content)
                fetched.append(({**file, "mime": sniffing.sniff(content)}, name, len(content)))
        except ChannelError as error:
            tries = int(asked.get("tries", 0))
            _log.warning("a file of staff was not fetched", case=timer.case, tries=tries + 1, what=error.what)
            too_large = any(int(file["size"]) > self._limit for file in asked["files"])
            again = tries < len(PAUSES) and not too_large
            await self._give_up(timer, None if again else str(file_name(asked["files"])))
            return

        def work(connection: Connection) -> bool:
            if not timers.take(connection, timer):
                return False
            stored = [files.keep(connection, file, name, size) for file, name, size in fetched]
            payload = {**asked, "files": [], "stored": stored}
            timers.set_timer(connection, STAFF_TIMER, timer.due_at, case=timer.case, payload=payload)
            return True

        if await self._store.write(work):
            self._bus.wake(Topic.TIMERS)

    async def _give_up(self, timer: Timer, name: str | None) -> None:
        """Try later, or with a `name` tell staff that the file cannot be sent."""
        now, asked = self._clock(), timer.payload

        def work(connection: Connection) -> list[str]:
            if not timers.take(connection, timer):
                return []
            if name is None:
                tries = int(asked.get("tries", 0))
                timers.set_timer(
                    connection,
                    timer.kind,
                    now + timedelta(seconds=PAUSES[tries]),
                    case=timer.case,
                    payload={**asked, "tries": tries + 1},
                )
                return []
            megabytes = str(self._limit // (1024 * 1024))
            text = self._notices.text(Key.STAFF_FILE_UNSENT, case=str(timer.case), name=name, limit=megabytes)
            account = Account(Platform(asked["platform"]), str(asked["account"]))
            reply_to = str(asked["message_id"])
            return self._notices.tell(
                connection, text, now, case=timer.case, reply_to=reply_to, asked_in=account
            )

        for lane in await self._store.write(work):
            self._bus.wake(Topic.LANE, lane)


def hand_over(connection: Connection, timer: Timer, case: CaseId) -> bool:
    """Have the files of a reply fetched before it is sent; in the unit that takes its timer away."""
    if not timers.take(connection, timer):
        return False
    payload = {**timer.payload, "said": list(_said(timer))}
    timers.set_timer(connection, STAFF_FILE_TIMER, timer.due_at, case=case, payload=payload)
    return True


def awaited(connection: Connection, timer: Timer, case: CaseId) -> bool:
    """Whether files of a reply that was said before this one are still to come."""
    found = timers.of_case(connection, (STAFF_FILE_TIMER, STAFF_TIMER), case)
    return any(_said(other) < _said(timer) for other in found if other.id != timer.id)


def _said(timer: Timer) -> tuple[str, int]:
    """When a reply was said, and in which place of what came with it; numbers of timers are used again."""
    moment, number = timer.payload.get("said") or (timer.due_at.isoformat(), timer.id)
    return str(moment), int(number)


def file_name(announced: list[Mapping[str, Any]]) -> str:
    """What a person calls the files of a reply."""
    return ", ".join(str(file["name"] or file["kind"]) for file in announced)
