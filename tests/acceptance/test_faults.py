"""Whatever goes wrong on the way: nothing is lost or doubled, and what is unsure is held and counted."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, event

from bot.store import outbox
from bot.store.engine import Store
from tests.fakes.house import STAFF_CHAT, House, open_house, records
from tests.fakes.house.accounts import deliveries
from tests.fakes.telegram import FakeTelegram, Fault, Member

QUESTIONS = (
    "¿Cuánto cuesta el envío?",
    "¿A qué hora abren?",
    "¿Qué medios de pago aceptan?",
    "¿Cómo cambio un producto?",
)


def members(fake: FakeTelegram, count: int = 4) -> list[Member]:
    return [fake.member(100 + n, f"M{n}") for n in range(count)]


async def account_for(house: House, people: list[Member]) -> int:
    """Every message has its outcome, every send its end, each held one is counted and shown; how many are."""
    said = await house.said()
    assert all(s.outcome and s.turn for s in said if s.author == "member")
    for member in people:
        deliveries(
            [s for s in said if s.member == str(member.id)], [(str(m.id), m.plain) for m in member.reads]
        )
    held = [s.outbox for s in said if s.delivery == "held"]
    counted = (await house.read(outbox.counts)).get(outbox.OutboxState.HELD, 0)
    assert counted == len(await house.read(records.held))
    assert sum(case.held for case in await house.bot.casework.cases()) == len(held)
    assert house.fake
    shown = {
        key["callback_data"]
        for sent in house.fake.ledger.to(STAFF_CHAT)
        for row in (sent.markup or {}).get("inline_keyboard", [])
        for key in row
    }
    assert {f"again:{send}" for send in held} <= shown
    return len(held)


@pytest.mark.parametrize(
    ("fault", "unsure"),
    [
        pytest.param(Fault.too_many(1), False, id="429"),
        pytest.param(Fault.status(502), True, id="5xx before delivery"),
        pytest.param(Fault.processed_then_status(502), True, id="5xx after delivery"),
        pytest.param(Fault.drop_before(), True, id="socket lost before delivery"),
        pytest.param(Fault.drop_after(), True, id="socket lost after delivery"),
        pytest.param(Fault.garbage(), True, id="an answer that is no JSON"),
    ],
)
async def test_sends_that_go_wrong(tmp_path: Path, fault: Fault, unsure: bool) -> None:
    async with FakeTelegram() as fake, open_house(tmp_path, fake) as house:
        people = members(fake)
        for number, question in enumerate(QUESTIONS):
            for member in people:
                member.writes(question)
            if number == 1:  # in the middle of it, and for two members only
                for member in people[:2]:
                    fake.fail("sendMessage", with_=fault, chat=member.id)
            await house.rest(messages=(number + 1) * len(people))

        assert await account_for(house, people) == (2 if unsure else 0)
        for member in people:  # what came after the trouble went on
            assert any("primeros 30 días" in m.plain for m in member.reads)
        if not unsure:
            assert [len(member.reads) for member in people] == [4] * len(people)


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Fault.status(502), id="5xx"),
        pytest.param(Fault.processed_then_status(502), id="an answer that was lost"),
        pytest.param(Fault.drop_after(), id="socket lost"),
        pytest.param(Fault.garbage(), id="no JSON"),
        pytest.param(Fault.too_many(1), id="429"),
    ],
)
async def test_polls_that_go_wrong(tmp_path: Path, fault: Fault) -> None:
    async with FakeTelegram() as fake, open_house(tmp_path, fake) as house:
        people = members(fake)
        fake.fail("getUpdates", with_=fault, times=2)
        for member in people:
            member.writes(QUESTIONS[0])
        await house.rest(messages=len(people))
        assert await account_for(house, people) == 0
        assert [len(member.reads) for member in people] == [1] * len(people)


@pytest.mark.parametrize("seconds", [2.0, pytest.param(20.0, marks=pytest.mark.slow)])
async def test_no_network_for_a_while(tmp_path: Path, seconds: float) -> None:
    async with FakeTelegram() as fake, open_house(tmp_path, fake) as house:
        people = members(fake)
        for member in people:
            member.writes(QUESTIONS[0])
        await house.until(lambda c: len(records.said(c)) >= len(people))
        async with fake.offline():
            for member in people:
                member.writes(QUESTIONS[1])
            await asyncio.sleep(seconds)  # how long the network is away is what is tried
        await house.rest(messages=2 * len(people), patience=120)
        await account_for(house, people)
        for member in people:
            assert any("La tienda abre" in m.plain for m in member.reads)


@contextmanager
def full(store: Store) -> Iterator[None]:
    """Let the database not grow: what a full disk does to whoever writes."""
    writer = store._writer
    assert writer
    engine = writer._engine

    def limit(driver: object, _: object) -> None:
        driver.execute("PRAGMA max_page_count = 1")  # type: ignore[attr-defined]  # never below what is there

    event.listen(engine, "connect", limit)
    try:
        yield
    finally:
        event.remove(engine, "connect", limit)


def _limit(connection: Connection) -> None:
    connection.exec_driver_sql("PRAGMA max_page_count = 1")


def _lift(connection: Connection) -> None:
    connection.exec_driver_sql("PRAGMA max_page_count = 1073741823")


@pytest.mark.sqlite
async def test_a_full_database_loses_nothing(tmp_path: Path) -> None:
    """Nothing can be stored: Telegram keeps the updates, and they come when there is room again."""
    async with FakeTelegram() as fake, open_house(tmp_path, fake) as house:
        people = members(fake)
        for member in people:
            member.writes(QUESTIONS[0])
        await house.rest(messages=len(people))
        with full(house.bot.store):
            await house.bot.store.write(_limit)
            for number in range(60):  # more than free space within pages could take
                people[number % len(people)].writes(f"{QUESTIONS[1]} {'muy largo ' * 350}")
            polls = fake.updates.polls
            await asyncio.wait_for(_polled(fake, polls + 3), 60)
            assert len(fake.updates) > 0, "what could not be stored is still Telegram's"
        await house.bot.store.write(_lift)
        await house.rest(messages=len(people) + 60, patience=120)

        assert len(fake.updates) == 0
        await account_for(house, people)


async def _polled(fake: FakeTelegram, count: int) -> None:
    while fake.updates.polls < count:  # noqa: ASYNC110 # the server tells nobody of a poll
        await asyncio.sleep(0.05)


async def test_a_broken_file_during_traffic(tmp_path: Path) -> None:
    """The last good version answers on, staff is told what is wrong, and the mended file is published."""
    async with FakeTelegram() as fake, open_house(tmp_path, fake) as house:
        ana = fake.member(11, "Ana")
        path = house.home / "faq/tienda.yml"
        good = path.read_text(encoding="utf-8")
        version = house.bot.minds.current.voice.knowledge.version

        path.write_text(
            good.replace("    answer: |\n      La tienda", "    answer: La tienda"), encoding="utf-8"
        )
        await fake.wait_for(lambda ledger: any("no se publicaron" in t for t in ledger.texts(STAFF_CHAT)), 30)
        assert house.staff
        told = house.staff.last("no se publicaron").plain
        assert "faq/tienda.yml:" in told
        ana.writes("¿A qué hora abren?")
        await house.rest(messages=1)
        assert "de 10 a 19 horas" in ana.reads[-1].plain
        assert house.bot.minds.current.voice.knowledge.version == version

        path.write_text(good.replace("de 10 a 19 horas", "de 9 a 20 horas"), encoding="utf-8")
        await fake.wait_for(lambda ledger: any("Se publicó" in t for t in ledger.texts(STAFF_CHAT)), 30)
        assert "Horario de la tienda" in house.staff.last("Se publicó").plain
        ana.writes("¿A qué hora abren?")
        await house.rest(messages=2)
        assert "de 9 a 20 horas" in ana.reads[-1].plain
        answers = [s.knowledge for s in await house.said(11) if s.author == "bot"]
        assert len(set(answers)) == 2, "each answer names the version that it came from"
