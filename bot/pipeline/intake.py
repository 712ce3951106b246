"""The way in: events are committed before their platform is told that we have them."""

from __future__ import annotations

import asyncio
import re
from collections import Counter, OrderedDict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime
from typing import NoReturn, TypeVar

import structlog
from sqlalchemy import Connection

from bot.bus.base import Bus, Topic
from bot.domain import Account, ContactId, Inbound, InboundKind, Outcome
from bot.errors import StoreError
from bot.metrics import Meter
from bot.pipeline.bounds import bounded
from bot.pipeline.door import Admitted, Door
from bot.pipeline.limits import Limits, Sifted
from bot.store import floods, inbound, places, turns
from bot.store.engine import Store
from bot.store.places import PUBLIC, Overheard
from bot.store.turns import Report

_log = structlog.get_logger(__name__)

REMEMBERED = 20_000
"""Conversations whose rows need not be looked up again; about 0.3 KB each."""

_T = TypeVar("_T")
_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")
"""NUL and halves of characters: legal in JSON, refused by databases."""


class Intake:
    """Stores what the channels receive and wakes the corridor.

    Without a door nothing that is said in public places comes in.
    """

    def __init__(
        self,
        store: Store,
        bus: Bus,
        limits: Limits | None = None,
        meter: Meter | None = None,
        *,
        door: Door | None = None,
    ) -> None:
        """`limits` None lets everything in."""
        self._store, self._bus, self._limits, self._door = store, bus, limits, door
        self._meter = meter or Meter()
        self._waits = asyncio.Event()
        self._letting_in = False
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
        admitted = await self._admit(events)
        passed = admitted.passed
        sifted = Sifted(passed) if self._limits is None else await self._limits.sift(passed, self._known)
        sifted = replace(sifted, events=[bounded(event) for event in sifted.events])
        await self._store_all(sifted, at, admitted.overheard)
        if self._limits is not None:
            self._limits.settled(passed)
        if self._door is not None:
            self._door.committed(events, admitted)
            self._waits.set()

    async def run(self) -> NoReturn:
        """Let questions in that were asked of everyone and that nobody else has answered; until cancelled."""
        while True:
            self._waits.clear()
            due = self._door.next_due() if self._door is not None else None
            pause = None if due is None else (due - datetime.now(UTC)).total_seconds()
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._waits.wait()
            await self._let_in()

    @property
    def waits(self) -> bool:
        """Whether questions wait for somebody else to answer them first."""
        return self._letting_in or (self._door is not None and self._door.next_due() is not None)

    async def _let_in(self) -> None:
        if self._door is None:
            return
        self._letting_in = True
        try:
            free, answered = await self._door.take_due()
            if free:
                await self._store_all(Sifted([bounded(event) for event in free]), None)
            if answered:
                now = datetime.now(UTC)
                await self._store.write(lambda connection: _left(connection, answered, now))
        except Exception as error:  # nobody has asked the bot: what is lost here, a member may still answer
            _log.error("waiting questions could not be stored", kind=type(error).__name__)
        finally:
            self._letting_in = False

    async def _admit(self, events: Sequence[Inbound]) -> Admitted:
        if self._limits is not None:
            events = [event for event in events if self._limits.heeds(event)]
        if self._door is not None:
            return await self._door.admit(events)
        return Admitted([e for e in events if e.place is None or e.place.kind not in PUBLIC])

    async def _store_all(
        self, sifted: Sifted, at: inbound.Position | None, overheard: Overheard | None = None
    ) -> None:
        try:
            await self._commit(sifted.events, at, sifted, overheard)
            return
        except StoreError:
            raise
        except Exception as error:  # one event's content; without the error's words, which may quote it
            count = len(sifted.events)
            _log.error("events could not be stored together", count=count, kind=type(error).__name__)
        for event in sifted.events:
            await self._commit_alone(event, sifted)
        await self._commit((), at, Sifted(tallies=sifted.tallies), overheard)

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

    async def _commit(
        self,
        events: Sequence[Inbound],
        at: inbound.Position | None,
        sifted: Sifted,
        overheard: Overheard | None = None,
    ) -> None:
        now = datetime.now(UTC)

        def work(connection: Connection) -> inbound.Ingested:
            floods.count(connection, sifted.tallies, now)
            return inbound.ingest(
                connection,
                events,
                now,
                self._known,
                position=at,
                over=sifted.over,
                overheard=overheard,
            )

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


def _left(connection: Connection, answered: Sequence[Inbound], now: datetime) -> None:
    """Count questions that somebody else has answered: a number, no words."""
    counts: Counter[tuple[Account, str, str]] = Counter()
    for event in answered:
        if event.place is not None:
            counts[event.account, event.place.external_id, f"{event.sent_at.astimezone(UTC):%Y-%m-%d}"] += 1
    places.overhear(connection, Overheard(counts), now)
    turns.report(
        connection,
        *(
            Report(
                "turn",
                now,
                platform=event.account.platform,
                place_kind=event.place.kind.value if event.place else "",
                outcome=Outcome.IGNORED.value,
                rule="answered_by_member",
            )
            for event in answered
        ),
    )


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
