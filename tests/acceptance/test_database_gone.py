"""PostgreSQL away under traffic: nothing lost, nothing twice, nothing out of order; it mends by itself."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from tests.fakes.counts import counts
from tests.fakes.databases import Server, databases, on_postgresql
from tests.fakes.house import House, open_house, records
from tests.fakes.house.accounts import deliveries
from tests.fakes.severed import Wire
from tests.fakes.telegram import FakeTelegram, Member

pytestmark = on_postgresql

SEED = 4_409
PATIENCE = 60
QUESTIONS = (
    "¿Cuánto cuesta el envío?",
    "¿A qué hora abren?",
    "¿Qué medios de pago aceptan?",
    "¿Cómo cambio un producto?",
    "quiero hablar con una persona",
)


class Traffic:
    """Members who go on writing, whether or not anybody answers."""

    def __init__(self, fake: FakeTelegram, rng: random.Random) -> None:
        self.people: list[Member] = [fake.member(100 + number, f"M{number}") for number in range(6)]
        self.wrote: Counter[tuple[int, int]] = Counter()
        self._rng, self._stopped = rng, False

    async def _run(self) -> None:
        while not self._stopped:
            for member in self._rng.sample(self.people, k=self._rng.randint(1, 3)):
                said = member.writes(self._rng.choice(QUESTIONS))
                self.wrote[(member.id, said.id)] += 1
            await asyncio.sleep(self._rng.uniform(0.02, 0.15))  # the load's shape, nothing is timed by it

    @asynccontextmanager
    async def going_on(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self._run())
        try:
            yield
        finally:
            self._stopped = True
            await task


async def account_for(house: House, traffic: Traffic) -> Counter[str]:
    """Every message once, with one outcome; every send received once, in order."""
    await house.rest(messages=sum(traffic.wrote.values()), patience=PATIENCE * 2)
    said = await house.said()
    heard = Counter((int(s.member), int(s.external_id)) for s in said if s.author == "member")
    assert heard == traffic.wrote, "a member's message was lost or stored twice"
    assert all(s.outcome and s.turn for s in said if s.author == "member")
    total: Counter[str] = Counter()
    for member in traffic.people:
        total += deliveries(
            [s for s in said if s.member == str(member.id)], [(str(m.id), m.plain) for m in member.reads]
        )
    assert not total["held"], "nothing was wrong with Telegram, so no send is unsure"
    assert not await house.read(records.held)
    return total


async def ready(house: House) -> list[str]:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{house.bot.web_address}/health/ready") as got,
    ):
        body = await got.json()
        assert got.status == (503 if body["missing"] else 200)
        return list(body["missing"])


async def until_ready(house: House, missing: list[str]) -> None:
    async with asyncio.timeout(PATIENCE):
        while await ready(house) != missing:  # noqa: ASYNC110 # it tells nobody
            await asyncio.sleep(0.1)


@pytest.mark.parametrize("seconds", counts(test=2, slow=20, soak=20))
@pytest.mark.parametrize("how", ["restarted", "cut off"])
async def test_the_server_is_away_for_a_while(
    tmp_path: Path, how: str, seconds: int, postgres_server: Callable[[], Server]
) -> None:
    server = postgres_server()
    if how == "restarted" and not server.restarts:
        pytest.skip("the server is not ours to stop")
    url = databases.url(tmp_path / "data")
    async with Wire(url) as wire, FakeTelegram() as fake:
        away: dict[str, tuple[Callable[[], Awaitable[None]], Callable[[], Awaitable[None]]]] = {
            "cut off": (wire.cut, lambda: asyncio.to_thread(wire.mend)),
            "restarted": (
                lambda: asyncio.to_thread(server.stop),
                lambda: asyncio.to_thread(server.start),
            ),
        }
        leave, come_back = away[how]
        traffic = Traffic(fake, random.Random(SEED))
        async with open_house(tmp_path, fake, web=True, database_url=wire.url, limit_member_burst=0) as house:
            await until_ready(house, [])
            async with traffic.going_on():
                await house.until(lambda c: len(records.said(c)) >= 6)
                await leave()
                try:
                    await until_ready(house, ["database"])
                    await asyncio.sleep(seconds)  # how long it is away is what is tried
                finally:
                    await come_back()
                await until_ready(house, [])
            total = await account_for(house, traffic)
    assert total["sent"] >= len(traffic.people)


@pytest.mark.parametrize("cuts", counts(test=6, slow=40, soak=200))
async def test_cut_off_in_the_middle_of_commits(tmp_path: Path, cuts: int) -> None:
    """Before the server hears of a commit, and after it, when only the answer is lost."""
    rng = random.Random(SEED + cuts)
    url = databases.url(tmp_path / "data")
    async with Wire(url) as wire, FakeTelegram() as fake:
        traffic = Traffic(fake, rng)
        async with open_house(
            tmp_path, fake, database_url=wire.url, settle_seconds=0.05, limit_member_burst=0
        ) as house:
            async with traffic.going_on():
                for _ in range(cuts):
                    await asyncio.sleep(rng.uniform(0, 0.5))  # a moment like any other
                    wire.cut_at_commit(arrives=rng.random() < 0.6)
                    await asyncio.wait_for(wire.was_cut.wait(), PATIENCE)
                    wire.mend()
            await account_for(house, traffic)
    assert wire.commits > cuts
