"""How the bot stands at the moment: one cheap look at the database, the disk and the channels."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from time import monotonic

import structlog

from bot.channels.state import ChannelState, Condition
from bot.knowledge.model import Knowledge
from bot.metrics import Link, Meter, Queues, Snapshot
from bot.store.engine import HEAD, Store
from bot.store.queues import Waiting, database_size, waiting

_log = structlog.get_logger(__name__)

REMEMBERED = 5.0
"""Seconds for which a look at the database is good: several may ask, and none is to cost the members."""
GRACE = timedelta(seconds=90)
"""The longest that a turn waits on purpose is half a minute; what has no outcome after this is stuck."""


class Figures:
    """Looks when it is asked, at the database at most once in five seconds."""

    def __init__(
        self,
        store: Store,
        meter: Meter,
        data: Path,
        channels: Callable[[], Mapping[str, ChannelState]],
        knowledge: Callable[[], Knowledge],
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        further: Callable[[], Mapping[str, tuple[str, float]]] = dict,
    ) -> None:
        self._store, self._meter, self._data, self._clock = store, meter, data, clock
        self._channels, self._knowledge, self._further = channels, knowledge, further
        self._looking = asyncio.Lock()
        self._looked_at = float("-inf")
        self._found: tuple[Waiting, int] | None = None
        self._version = installed_version()

    async def __call__(self) -> Snapshot:
        """How it stands; without queues when the database does not answer."""
        found = await self._look()
        now = self._clock()
        knowledge = self._knowledge()
        disk = await asyncio.to_thread(_disk, self._data)
        return Snapshot(
            version=self._version,
            schema=HEAD,
            knowledge=knowledge.version,
            entries=len(knowledge.entries),
            queues=_queues(found[0], now) if found is not None else None,
            links=[self._link(name, state, now) for name, state in self._channels().items()],
            conditions=[condition.value for condition in Condition],
            disk_free=disk.free if disk is not None else None,
            disk_size=disk.total if disk is not None else None,
            database=found[1] if found is not None else None,
            further=self._further(),
        )

    async def _look(self) -> tuple[Waiting, int] | None:
        async with self._looking:
            if monotonic() - self._looked_at >= REMEMBERED:
                now = self._clock()
                try:
                    self._found = await self._store.read(
                        lambda connection: (waiting(connection, now, GRACE), database_size(connection))
                    )
                except Exception:  # whatever is wrong with it, the figures say that it does not answer
                    _log.exception("the database does not answer")
                    self._found = None
                self._looked_at = monotonic()
            return self._found

    def _link(self, name: str, state: ChannelState, now: datetime) -> Link:
        heard = self._meter.heard_at.get(name)
        return Link(
            platform=name,
            condition=state.condition.value,
            seconds=_seconds(state.since, now),
            failures=state.failures,
            limited=state.limited,
            heard_ago=None if heard is None else max(0.0, monotonic() - heard),
        )


def installed_version() -> str:
    """Vocero's version, '' where it is run without being installed."""
    try:
        return version("vocero")
    except PackageNotFoundError:
        return ""


def _queues(found: Waiting, now: datetime) -> Queues:
    return Queues(
        outbox=found.outbox,
        oldest_unsent=_seconds(found.oldest_unsent, now),
        waiting=found.messages,
        oldest_waiting=_seconds(found.oldest_message, now),
        unanswered=found.unanswered,
        cases=found.cases,
        oldest_case=_seconds(found.oldest_case, now),
    )


def _seconds(since: datetime | None, now: datetime) -> float:
    return 0.0 if since is None else max(0.0, (now - since).total_seconds())


def _disk(folder: Path) -> shutil._ntuple_diskusage | None:
    try:
        return shutil.disk_usage(folder)
    except OSError:
        return None
