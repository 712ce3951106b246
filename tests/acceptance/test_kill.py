"""Promises 1 to 3 against kill -9: nothing lost, nothing answered twice, nothing out of order."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bot.store import dossiers, outbox
from tests.fakes.counts import counts
from tests.fakes.databases import on_both
from tests.fakes.house import PATIENCE, STAFF_CHAT, records, write_shop
from tests.fakes.house.accounts import deliveries
from tests.fakes.house.inprocess import settings_of
from tests.fakes.house.process import BotProcess
from tests.fakes.house.records import Said
from tests.fakes.telegram import RemoteTelegram, free_port

SEED = 20_261_122
MEMBERS = range(101, 109)
LINES = (
    "¿Cuánto cuesta el envío?",
    "¿Cuánto demora en llegar un pedido?",
    "¿A qué hora abren?",
    "¿Qué medios de pago aceptan?",
    "¿Cómo cambio un producto?",
    "hola",
    "gracias!",
)


@dataclass
class Load:
    """Members who go on writing, whether or not anybody answers."""

    remote: RemoteTelegram
    rng: random.Random
    wrote: list[tuple[int, int]] = field(default_factory=list)
    """Member and message id of each message."""

    stopped: bool = False

    async def run(self) -> None:
        while not self.stopped:
            for member in self.rng.sample(MEMBERS, k=self.rng.randint(1, len(MEMBERS))):
                said = await self.remote.do("writes", chat=member, text=self.rng.choice(LINES))
                self.wrote.append((member, said["message_id"]))
            await asyncio.sleep(self.rng.uniform(0.1, 0.4))  # the shape of the load, nothing is timed by it

    @asynccontextmanager
    async def going_on(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.run())
        try:
            yield
        finally:
            self.stopped = True  # and no cancelling: what was written has to be known
            await task


async def in_the_middle_of_sends(remote: RemoteTelegram, rng: random.Random) -> None:
    """Return when some answers are with their members already and the bot does not know it yet."""
    await remote.do("fail", method="sendMessage", fault="delay", seconds=1, times=rng.randint(1, 5))
    sent = (await remote.do("state"))["sent"]
    await remote.do("wait", sent=sent + 1, timeout=PATIENCE)


async def until_rest(bot: BotProcess, wrote: list[tuple[int, int]]) -> None:
    """Return once all that was written has its outcome and nothing is left to send."""
    async with asyncio.timeout(PATIENCE + len(wrote) / 20):
        while True:
            heard = bot.read(lambda c: sum(s.author == "member" for s in records.said(c)))
            if heard >= len(wrote) and bot.read(records.at_rest):
                return
            await asyncio.sleep(0.05)


@on_both
@pytest.mark.parametrize("kills", counts(test=3, slow=10, soak=50))
async def test_no_kill_loses_doubles_or_disorders_anything(tmp_path: Path, kills: int) -> None:
    await survive(tmp_path, kills, webhook=False)


@pytest.mark.parametrize("kills", counts(test=3, slow=10, soak=50))
async def test_nor_does_it_where_updates_are_brought(tmp_path: Path, kills: int) -> None:
    await survive(tmp_path, kills, webhook=True)


async def survive(tmp_path: Path, kills: int, *, webhook: bool) -> None:
    """Kill the bot again and again under load, and account for everything at the end."""
    port = free_port()
    rng = random.Random(SEED + kills)
    home = write_shop(tmp_path / "home")
    async with RemoteTelegram() as remote:
        await remote.do("group", id=STAFF_CHAT, title="Equipo")
        for member in MEMBERS:
            await remote.do("member", id=member, first_name=f"M{member}")
        bot = BotProcess(
            settings_of(
                tmp_path,
                home,
                None,
                settle_seconds=0.05,
                limit_member_burst=0,  # what was written while it was down comes at once
                limit_member_per_minute=0,
                telegram_token=remote.token,
                telegram_base_url=remote.base_url,
                telegram_file_url=remote.file_url,
                telegram_staff_chat=str(STAFF_CHAT),
                log_format="json",
                web_port=port,
                telegram_webhook=f"http://127.0.0.1:{port}" if webhook else "",
            )
        )
        load = Load(remote, rng)
        try:
            async with load.going_on():
                for _ in range(kills):
                    await bot.start()
                    if rng.random() < 0.5:
                        await in_the_middle_of_sends(remote, rng)
                    else:
                        await asyncio.sleep(rng.uniform(0, 1))  # a moment like any other
                    await bot.kill()
            await bot.start()
            await until_rest(bot, load.wrote)

            ledger = await remote.do("ledger")
            record = bot.read(records.said)
            written = Counter((int(s.member), int(s.external_id)) for s in record if s.author == "member")
            assert written == Counter(load.wrote), "a member's message was lost or stored twice"
            assert all(s.outcome and s.turn for s in record if s.author == "member")
            total: Counter[str] = Counter()
            for member in MEMBERS:
                total += deliveries(
                    [s for s in record if s.member == str(member)],
                    [(str(line["message_id"]), line["plain"]) for line in ledger if line["chat"] == member],
                )
            one_answer_a_turn(record)
            held = bot.read(records.held)
            of_members = [s.outbox for s in record if s.delivery == "held"]
            assert len(held) == sum(bot.held) == bot.read(outbox.counts).get(outbox.OutboxState.HELD, 0)
            listed = {row.member: row.held for row in bot.read(dossiers.list_cases)}
            assert sum(listed.values()) == len(of_members), "casework shows every held send of a member"
            await resolve(bot, remote, [i for i in of_members if i is not None])
            print(f"{kills} kills, {len(load.wrote)} messages, {dict(total)}, {len(held)} held")  # noqa: T201
        finally:
            await bot.stop()


def one_answer_a_turn(record: list[Said]) -> None:
    """Every turn that speaks does so once; those that say nothing to the member say nothing."""
    speaks = Counter(s.turn for s in record if s.author == "bot" and s.turn)
    for said in record:
        if said.author == "member" and said.outcome in ("answered", "small_talk", "clarified", "handed_off"):
            assert speaks[said.turn] == 1, said
        if said.author == "member" and said.outcome in ("relayed", "ignored", "blocked"):
            assert speaks[said.turn] == 0, said


async def resolve(bot: BotProcess, remote: RemoteTelegram, held: list[int]) -> None:
    """Staff presses the buttons of each held notice that reached it: every other one is sent again."""
    lines = [line for line in await remote.do("ledger") if line["chat"] == STAFF_CHAT]
    shown = {key["callback_data"] for line in lines for row in line["buttons"] for key in row}
    pressed: dict[int, str] = {}
    for number, send in enumerate(held):
        verb = "again" if number % 2 else "arrived"
        if f"{verb}:{send}" in shown:
            pressed[send] = verb
    before = len(await remote.do("ledger"))
    for send, verb in pressed.items():
        await remote.do("taps", chat=STAFF_CHAT, button=f"{verb}:{send}")
    async with asyncio.timeout(PATIENCE):
        while set(bot.read(records.held)) & set(pressed) or bot.read(records.open_sends):  # noqa: ASYNC110 # another process tells nobody
            await asyncio.sleep(0.05)
    after = (await remote.do("ledger"))[before:]
    again = {i for i, verb in pressed.items() if verb == "again"}
    sent = {s.outbox: s for s in bot.read(records.said) if s.outbox in pressed}
    assert all(s.delivery == "sent" for s in sent.values())
    assert Counter((int(sent[i].member), sent[i].text) for i in again) == Counter(
        (line["chat"], line["plain"]) for line in after if line["chat"] != STAFF_CHAT
    )
    unseen = set(held) - set(pressed)
    assert not unseen, "a notice of a held send that may be lost is told again"
