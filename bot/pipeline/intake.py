"""The way in: events are committed before their platform is told that we have them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from datetime import UTC, datetime

import structlog

from bot.bus.base import Bus, Topic
from bot.domain import Account, Inbound
from bot.store import inbound
from bot.store.engine import Store

_log = structlog.get_logger(__name__)

REMEMBERED = 20_000
"""Conversations whose rows need not be looked up again; about 0.3 KB each."""


class Intake:
    """Stores what the channels receive and wakes the corridor."""

    def __init__(self, store: Store, bus: Bus) -> None:
        self._store, self._bus = store, bus
        self._known: OrderedDict[inbound.Key, inbound.Known] = OrderedDict()

    async def __call__(self, events: Sequence[Inbound], *, cursor: str | None = None) -> None:
        """Commit events of one account and its cursor; raises StoreError when that cannot be done."""
        if not events:
            return
        now = datetime.now(UTC)
        at = (events[0].account, cursor) if cursor is not None else None
        done = await self._store.write(
            lambda connection: inbound.ingest(connection, events, now, self._known, cursor=at)
        )
        self._remember(done.known)
        if done.new < len(events):
            _log.info("repeated events were left out", count=len(events) - done.new)
        for conversation in done.woken:
            self._bus.wake(Topic.CONVERSATION, str(conversation))
        if done.staff:
            self._bus.wake(Topic.TIMERS)

    def _remember(self, found: dict[inbound.Key, inbound.Known]) -> None:
        self._known.update(found)
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)


class StoredCursors:
    """Where channels read how far they had come."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def read(self, account: Account) -> str | None:
        """The account's cursor, None if it has none yet."""
        return await self._store.read(lambda connection: inbound.read_cursor(connection, account))
