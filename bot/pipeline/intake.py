"""The way in: events are committed before their platform is told that we have them."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime
from typing import TypeVar

import structlog
from sqlalchemy import Connection

from bot.bus.base import Bus, Topic
from bot.domain import Account, ContactId, Inbound, InboundKind
from bot.errors import StoreError
from bot.metrics import Meter
from bot.pipeline.bounds import bounded
from bot.pipeline.limits import Limits, Sifted
from bot.store import floods, inbound
from bot.store.engine import Store

_log = structlog.get_logger(__name__)

REMEMBERED = 20_000
"""Conversations whose rows need not be looked up again; about 0.3 KB each."""

_T = TypeVar("_T")
_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")
"""NUL and halves of characters: legal in JSON, refused by databases."""


class Intake:
    """Stores what the channels receive and wakes the corridor."""

    def __init__(
        self, store: Store, bus: Bus, limits: Limits | None = None, meter: Meter | None = None
    ) -> None:
        """`limits` None lets everything in."""
        self._store, self._bus, self._limits = store, bus, limits
        self._meter = meter or Meter()
        self._known: OrderedDict[inbound.Key, inbound.Known] = OrderedDict()
        self._forgotten: OrderedDict[ContactId, None] = OrderedDict()

    async def __call__(
        self,
        events: Sequence[Inbound],
        *,
        cursor: str | None = None,
        marks: Mapping[str, str] | None = None,
    ) -> None:
        """Commit events of one account and its cursor; raises StoreError when that cannot be done.

        An event that no database would take is stored as far as it can be: it must not hold up those behind
        it for ever.
        """
        if not events:
            return
        at = inbound.Position(events[0].account, cursor, marks or {})
        sifted = (
            Sifted(list(events)) if self._limits is None else await self._limits.sift(events, self._known)
        )
        await self._store_all(replace(sifted, events=[bounded(event) for event in sifted.events]), at)
        if self._limits is not None:
            self._limits.settled(events)

    async def _store_all(self, sifted: Sifted, at: inbound.Position) -> None:
        try:
            await self._commit(sifted.events, at, sifted)
            return
        except StoreError:
            raise
        except Exception as error:  # one event's content; without the error's words, which may quote it
            count = len(sifted.events)
            _log.error("events could not be stored together", count=count, kind=type(error).__name__)
        for event in sifted.events:
            await self._commit_alone(event, sifted)
        await self._commit((), at, Sifted(tallies=sifted.tallies))

    async def _commit_alone(self, event: Inbound, sifted: Sifted) -> None:
        """Store an event without the characters that no database takes, else only that it came."""
        event = _storable(event)
        try:
            await self._commit((event,), None, Sifted(over=sifted.over))
        except StoreError:
            raise
        except Exception as error:  # as above; a message that is lost to its member must at least be counted
            kind = type(error).__name__
            _log.error("an event could not be stored", event_id=event.event_id, kind=kind)
            at = event.sent_at
            lost = Inbound(event.account, event.event_id[:96], InboundKind.UNPARSABLE, at, text=kind)
            await self._commit((lost,), None, Sifted())

    async def _commit(self, events: Sequence[Inbound], at: inbound.Position | None, sifted: Sifted) -> None:
        now = datetime.now(UTC)

        def work(connection: Connection) -> inbound.Ingested:
            floods.count(connection, sifted.tallies, now)
            return inbound.ingest(connection, events, now, self._known, position=at, over=sifted.over)

        done = await self._store.write(work)
        self._remember(done.known)
        if done.new:
            self._meter.heard(events[0].account.platform.value, done.new)
        if done.new < len(events):
            _log.info("repeated events were left out", count=len(events) - done.new)
        for conversation in done.woken:
            self._bus.wake(Topic.CONVERSATION, str(conversation))
        if done.staff:
            self._bus.wake(Topic.TIMERS)

    def forget(self, contact: ContactId) -> None:
        """Look a contact's rows up again; called in the unit that takes them away."""
        self._forgotten[contact] = None
        while len(self._forgotten) > REMEMBERED:
            self._forgotten.popitem(last=False)
        for key in [key for key, known in list(self._known.items()) if known.contact == contact]:
            del self._known[key]

    def _remember(self, found: dict[inbound.Key, inbound.Known]) -> None:
        # A unit that ran just before the rows were taken away is heard of only now.
        self._known.update(
            {key: known for key, known in found.items() if known.contact not in self._forgotten}
        )
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)


class StoredCursors:
    """Where channels read how far they had come."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def read(self, account: Account) -> str | None:
        """The account's cursor, None if it has none yet."""
        return await self._store.read(lambda connection: inbound.read_cursor(connection, account))

    async def marks(self, account: Account) -> dict[str, str]:
        """The last message seen in each place of the account, by the place's external id."""
        return await self._store.read(lambda connection: inbound.read_marks(connection, account))


def _storable(value: _T) -> _T:
    """The same value, with a replacement character for each that cannot be stored."""
    if isinstance(value, str):
        return type(value)(_UNSTORABLE.sub("\ufffd", value)) if _UNSTORABLE.search(value) else value
    if isinstance(value, tuple):
        return type(value)(_storable(item) for item in value)
    if is_dataclass(value) and not isinstance(value, type):
        changed = {field.name: _storable(getattr(value, field.name)) for field in fields(value)}
        return replace(value, **changed)
    return value
