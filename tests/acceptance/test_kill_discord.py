"""Promises 1 to 3 on Discord against kill -9: nothing lost, twice, out of order, or held."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bot.store import outbox
from tests.acceptance.test_kill import LINES, SEED, one_answer_a_turn, until_rest
from tests.fakes.counts import counts
from tests.fakes.databases import on_both
from tests.fakes.discord import RemoteDiscord
from tests.fakes.house import PATIENCE, on_discord, records, write_shop
from tests.fakes.house.accounts import deliveries
from tests.fakes.house.inprocess import settings_of
from tests.fakes.house.process import BotProcess

MEMBERS = 8


@dataclass
class Load:
    """Members who go on writing in their direct messages, whether or not anybody answers."""

    remote: RemoteDiscord
    rng: random.Random
    members: dict[int, int] = field(default_factory=dict)
    """Their direct messages, by member."""
    wrote: list[tuple[int, int]] = field(default_factory=list)
    """Member and message of each message, in order."""
    stopped: bool = False

    async def write(self, member: int) -> None:
        said = await self.remote.do("writes", by=member, text=self.rng.choice(LINES))
        self.wrote.append((member, said["message"]))

    async def run(self) -> None:
        while not self.stopped:
            for member in self.rng.sample(list(self.members), k=self.rng.randint(1, len(self.members))):
                await self.write(member)
            await asyncio.sleep(self.rng.uniform(0.1, 0.4))  # the shape of the load, nothing is timed by it

    @asynccontextmanager
    async def going_on(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.run())
        try:
            yield
        finally:
            self.stopped = True  # and no cancelling: what was written has to be known
            await task


async def in_the_middle_of_sends(remote: RemoteDiscord, rng: random.Random) -> None:
    """Return when some answers are with their members already and the bot does not know it yet."""
    await remote.do("fail", method="create_message", fault="delay", seconds=1, times=rng.randint(1, 5))
    sent = (await remote.do("state"))["sent"]
    await remote.do("wait", sent=sent + 1, timeout=PATIENCE)


@on_both
@pytest.mark.parametrize("kills", counts(test=3, slow=10, soak=50))
async def test_no_kill_loses_doubles_disorders_or_holds_anything(tmp_path: Path, kills: int) -> None:
    rng = random.Random(SEED + kills)
    home = write_shop(tmp_path / "home")
    async with RemoteDiscord() as remote:
        guild = (await remote.do("guild"))["id"]
        staff = (await remote.do("channel", guild=guild, name="equipo"))["id"]
        load = Load(remote, rng)
        for number in range(MEMBERS):
            made = await remote.do("member", name=f"M{number}", guild=guild)
            load.members[made["id"]] = made["dm"]
        bot = BotProcess(
            settings_of(
                tmp_path,
                home,
                None,
                settle_seconds=0.05,
                log_format="json",
                limit_member_burst=0,  # what was written while it was down comes at once
                limit_member_per_minute=0,
                **on_discord(remote, staff),
            )
        )
        try:
            await bot.start()
            await remote.do("wait", listening=True, timeout=PATIENCE)
            for member in load.members:  # the first direct message of all is what Discord cannot give back
                await load.write(member)
            await until_rest(bot, load.wrote)
            await bot.kill()
            async with load.going_on():
                for _ in range(kills):
                    await bot.start()
                    await remote.do("wait", listening=True, timeout=PATIENCE)
                    if rng.random() < 0.5:
                        await in_the_middle_of_sends(remote, rng)
                    else:
                        await asyncio.sleep(rng.uniform(0, 1))  # a moment like any other
                    await bot.kill()
            await bot.start()
            await until_rest(bot, load.wrote)

            ledger = [line for line in await remote.do("ledger") if not line["repeated"]]
            repeated = sum(line["repeated"] for line in await remote.do("ledger"))
            record = bot.read(records.said)
            for member in load.members:
                heard = [s.external_id for s in record if s.author == "member" and s.member == str(member)]
                assert heard == [str(message) for by, message in load.wrote if by == member], (
                    "a message was lost, stored twice, or out of order"
                )
            assert all(s.outcome and s.turn for s in record if s.author == "member")
            total: Counter[str] = Counter()
            for member, channel in load.members.items():
                total += deliveries(
                    [s for s in record if s.member == str(member)],
                    [(str(line["message"]), line["plain"]) for line in ledger if line["channel"] == channel],
                )
            one_answer_a_turn(record)
            assert set(total) == {"sent"}
            assert outbox.OutboxState.HELD not in bot.read(outbox.counts)
            print(f"{kills} kills, {len(load.wrote)} messages, {dict(total)}, {repeated} repeats")  # noqa: T201
        finally:
            await bot.stop()
