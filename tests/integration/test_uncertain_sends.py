"""Sends of which we don't know whether they arrived: sent again, looked for, or held (promise 2)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from sqlalchemy import Connection, select

from bot.bus.local import LocalBus
from bot.channels.base import HELD, Doubt
from bot.domain import Account, Author, Delivery, Outgoing, PlaceKind, PlaceRef, Platform, Receipt
from bot.errors import ChannelError
from bot.handoff.notices import StaffNotices
from bot.pipeline.deliver import Deliverer
from bot.store import outbox
from bot.store.engine import Store
from bot.store.outbox import Send
from bot.store.tables import outbox as rows
from tests.fakes.house.scripted import ScriptedChannel

ACCOUNT = Account(Platform.DISCORD, "1")
PLACE = PlaceRef("7", PlaceKind.PRIVATE)
STAFF = PlaceRef("7", PlaceKind.STAFF)
TWO_MINUTES = Doubt(harmless=timedelta(minutes=2), findable=True)
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@dataclass(slots=True)
class Platformlike(ScriptedChannel):
    """Each send ends as the script says; `arrived` is what its history shows, by id."""

    script: list[Receipt] = field(default_factory=list)
    nonces: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    arrived: dict[str, Outgoing] = field(default_factory=dict)
    unreadable: Exception | None = None

    async def send(self, place: PlaceRef, message: Outgoing, *, nonce: str) -> Receipt:
        self.nonces.append(nonce)
        self.texts.append(message.text)
        return self.script.pop(0) if self.script else Receipt(Delivery.SENT, external_id="900")

    async def find(
        self, place: PlaceRef, message: Outgoing, *, since: datetime, known: Collection[str]
    ) -> str | None:
        if self.unreadable is not None:
            raise self.unreadable
        return next((i for i, one in self.arrived.items() if one == message and i not in known), None)


@dataclass(frozen=True, slots=True)
class Scene:
    store: Store
    channel: Platformlike
    bus: LocalBus
    deliverer: Deliverer

    async def put(self, text: str, place: PlaceRef = PLACE) -> None:
        send = Send(ACCOUNT, place, Outgoing(text), Author.BOT)
        await self.store.write(lambda c: outbox.put(c, [send], datetime.now(UTC)))

    async def work(self) -> None:
        """See to the lane until nothing is due."""
        self.deliverer._lanes.wake(f"s{Platform.DISCORD}:7")
        await self.deliverer.idle()

    async def states(self) -> list[tuple[str, str]]:
        def look(connection: Connection) -> list[tuple[str, str]]:
            return [(r.state, r.external_id) for r in connection.execute(select(rows).order_by(rows.c.id))]

        return await self.store.read(look)


class Notices(StaffNotices):
    """Marks what comes again without a catalogue."""

    def again(self, notice: Outgoing) -> Outgoing:
        return replace(notice, text=f"again: {notice.text}")


@asynccontextmanager
async def scene(folder: Path, doubt: Doubt) -> AsyncIterator[Scene]:
    url = f"sqlite:///{folder / 'vocero.db'}"
    await Store.create(url)
    async with Store.open(url) as store:
        channel = Platformlike(doubts=doubt)
        bus = LocalBus()
        notices = Notices(None, (), "es")  # type: ignore[arg-type]  # sends without a member tell nobody
        deliverer = Deliverer(store, bus, notices, {ACCOUNT: channel})
        running = asyncio.create_task(deliverer.run())
        try:
            yield Scene(store, channel, bus, deliverer)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


@pytest.fixture
def clock() -> AsyncIterator[time_machine.Coordinates]:
    with time_machine.travel(NOON, tick=False) as now:
        yield now


LOST = Receipt(Delivery.UNCERTAIN, error="the socket was lost")


async def test_within_the_window_it_is_sent_again_with_its_nonce(
    tmp_path: Path, clock: time_machine.Coordinates
) -> None:
    async with scene(tmp_path, TWO_MINUTES) as s:
        s.channel.script = [LOST]
        await s.put("hola")
        await s.work()
        assert await s.states() == [("pending", "")]
        clock.shift(timedelta(seconds=30))
        await s.work()
        assert await s.states() == [("sent", "900")]
        assert len(set(s.channel.nonces)) == 1
        assert len(s.channel.nonces) == 2


async def test_after_the_window_what_arrived_is_found_and_not_sent_again(
    tmp_path: Path, clock: time_machine.Coordinates
) -> None:
    async with scene(tmp_path, TWO_MINUTES) as s:
        await s.put("hola")
        await s.put("hola")
        s.channel.script = [Receipt(Delivery.SENT, external_id="801"), LOST]
        s.channel.arrived = {"801": Outgoing("hola"), "802": Outgoing("hola")}
        await s.work()
        clock.shift(timedelta(minutes=3))
        await s.work()
        assert await s.states() == [("sent", "801"), ("sent", "802")]
        assert len(s.channel.nonces) == 2


async def test_after_the_window_what_is_surely_absent_is_sent(
    tmp_path: Path, clock: time_machine.Coordinates
) -> None:
    async with scene(tmp_path, TWO_MINUTES) as s:
        s.channel.script = [LOST]
        await s.put("hola")
        await s.work()
        clock.shift(timedelta(minutes=3))
        await s.work()
        assert await s.states() == [("sent", "900")]
        assert len(s.channel.nonces) == 2


async def test_where_the_history_cannot_be_read_it_is_held(
    tmp_path: Path, clock: time_machine.Coordinates
) -> None:
    async with scene(tmp_path, TWO_MINUTES) as s:
        s.channel.script = [LOST]
        s.channel.unreadable = ChannelError("no right to read here")
        await s.put("hola")
        await s.work()
        clock.shift(timedelta(minutes=3))
        await s.work()
        assert await s.states() == [("held", "")]


async def test_while_the_platform_cannot_be_reached_it_waits(
    tmp_path: Path, clock: time_machine.Coordinates
) -> None:
    async with scene(tmp_path, TWO_MINUTES) as s:
        s.channel.script = [LOST]
        s.channel.unreadable = ConnectionRefusedError()
        await s.put("hola")
        await s.work()
        clock.shift(timedelta(minutes=3))
        await s.work()
        assert await s.states() == [("pending", "")]
        s.channel.unreadable, s.channel.arrived = None, {"802": Outgoing("hola")}
        clock.shift(timedelta(minutes=3))
        await s.work()
        assert await s.states() == [("sent", "802")]


async def test_what_can_neither_be_repeated_nor_found_is_held(tmp_path: Path) -> None:
    async with scene(tmp_path, HELD) as s:
        s.channel.script = [LOST]
        await s.put("hola")
        await s.work()
        assert await s.states() == [("held", "")]


@pytest.mark.parametrize(
    ("doubt", "minutes", "arrived", "states"),
    [
        (HELD, 0, True, "held"),
        (TWO_MINUTES, 0, True, "sent"),
        (TWO_MINUTES, 5, True, "sent"),
        (TWO_MINUTES, 5, False, "sent"),
        (Doubt(findable=True), 0, True, "sent"),
    ],
)
async def test_what_a_dead_process_had_claimed_is_cleared_up_at_the_next_start(
    tmp_path: Path,
    clock: time_machine.Coordinates,
    doubt: Doubt,
    minutes: int,
    arrived: bool,
    states: str,
) -> None:
    async with scene(tmp_path, doubt) as s:
        await s.put("hola")
        await s.store.write(lambda c: outbox.claim(c, [f"s{Platform.DISCORD}:7"], datetime.now(UTC)))
        s.channel.arrived = {"802": Outgoing("hola")} if arrived else {}
        clock.shift(timedelta(minutes=minutes))
        assert await s.deliverer.recover() == (states == "held")
        await s.work()
        [(state, external)] = await s.states()
        assert state == states
        looked = doubt.findable and (minutes or not doubt.harmless)
        assert external == {"held": "", "sent": "802" if arrived and looked else "900"}[state]
        assert len(s.channel.nonces) == (external == "900")


async def test_a_notice_to_staff_is_told_again_and_says_so(
    tmp_path: Path, clock: time_machine.Coordinates
) -> None:
    """Whoever could say whether it arrived may not have got it; and what comes after it waits its turn."""
    async with scene(tmp_path, HELD) as s:
        s.channel.script = [LOST, LOST]
        await s.put("caso 1", STAFF)
        await s.put("caso 2", STAFF)
        for _ in range(3):
            await s.work()
            clock.shift(timedelta(seconds=10))
        assert s.channel.texts == ["caso 1", "again: caso 1", "again: caso 1", "caso 2"]
        assert await s.states() == [("sent", "900"), ("sent", "900")]


async def test_a_notice_that_surely_did_not_arrive_is_no_repeat(
    tmp_path: Path, clock: time_machine.Coordinates
) -> None:
    async with scene(tmp_path, HELD) as s:
        s.channel.script = [Receipt(Delivery.RETRY, retry_after=1)]
        await s.put("caso 1", STAFF)
        for _ in range(2):
            await s.work()
            clock.shift(timedelta(seconds=10))
        assert s.channel.texts == ["caso 1", "caso 1"]


async def test_a_notice_is_not_told_for_ever(tmp_path: Path, clock: time_machine.Coordinates) -> None:
    """A server that takes each one and never says so must not fill the staff place."""
    async with scene(tmp_path, HELD) as s:
        s.channel.script = [LOST] * 100
        await s.put("caso 1", STAFF)
        for _ in range(100):
            await s.work()
            clock.shift(timedelta(seconds=5))
        assert await s.states() == [("failed", "")]
        assert 3 <= len(s.channel.texts) <= 10


async def test_a_platform_that_can_do_better_than_a_marked_repeat_does(
    tmp_path: Path, clock: time_machine.Coordinates
) -> None:
    async with scene(tmp_path, TWO_MINUTES) as s:
        s.channel.script = [LOST]
        await s.put("caso 1", STAFF)
        for _ in range(2):
            await s.work()
            clock.shift(timedelta(seconds=10))
        assert s.channel.texts == ["caso 1", "caso 1"]
        assert len(set(s.channel.nonces)) == 1


async def test_a_notice_that_a_dead_process_was_sending_is_told_again(
    tmp_path: Path, clock: time_machine.Coordinates
) -> None:
    async with scene(tmp_path, HELD) as s:
        await s.put("caso 1", STAFF)
        await s.store.write(lambda c: outbox.claim(c, [f"s{Platform.DISCORD}:7"], datetime.now(UTC)))
        clock.shift(timedelta(hours=1))
        assert await s.deliverer.recover() == 0
        await s.work()
        assert s.channel.texts == ["again: caso 1"]
        assert await s.states() == [("sent", "900")]
