"""Hearing, failing commits and reading back, in random orders: each message once, each place in order."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from bot.channels.backoff import Backoff
from bot.channels.discord import receive
from bot.channels.discord.parse import Asked, Parser
from bot.channels.discord.places import Places
from bot.channels.discord.receive import PAGE, Receiver
from bot.domain import Account, Inbound, Platform
from tests.fakes.counts import counts

ME = "1100000000000000001"
PLACES = (11, 12, 13, 14)
STEPS = 120


@dataclass
class World:
    """Discord as one bot sees it: what was said, and whether anybody listens; and the house's database."""

    rng: random.Random
    said: dict[int, list[int]] = field(default_factory=lambda: {place: [] for place in PLACES})
    committed: dict[int, list[int]] = field(default_factory=lambda: {place: [] for place in PLACES})
    marks: dict[str, str] = field(default_factory=dict)
    cursor: str | None = None
    number: int = 1_500_000_000_000_000_000
    failing: float = 0.0
    unreadable: float = 0.0
    back: int = 0
    """How often a mark went back."""

    def say(self, place: int) -> dict[str, Any]:
        self.number += 1 << 22
        self.said[place].append(self.number)
        return self.message(place, self.number)

    def message(self, place: int, number: int) -> dict[str, Any]:
        author = {"id": str(place + 100), "username": "a"}
        content = str(number)
        return {
            "id": str(number),
            "channel_id": str(place),
            "author": author,
            "content": content,
            "type": 0,
        }

    async def __call__(
        self,
        events: Sequence[Inbound],
        *,
        cursor: str | None = None,
        marks: Mapping[str, str] | None = None,
    ) -> None:
        await asyncio.sleep(self.rng.choice((0, 0, 0.001)))
        if self.rng.random() < self.failing:
            raise OSError("the database is away")
        for event in events:
            assert event.place is not None
            seen = self.committed[int(event.place.external_id)]
            if int(event.message_id) not in seen:
                seen.append(int(event.message_id))
        for place, mark in (marks or {}).items():
            self.back += int(mark) < int(self.marks.get(place, "0"))
            self.marks[place] = mark
        self.cursor = cursor

    def missing(self) -> dict[int, int]:
        """How many messages of each place are not committed."""
        left = {place: len(self.said[place]) - len(self.committed[place]) for place in PLACES}
        return {place: count for place, count in left.items() if count}

    # what the receiver asks of the history

    async def page(self, channel: int, after: int) -> list[Any] | None:
        await asyncio.sleep(self.rng.choice((0, 0.001)))
        if self.rng.random() < self.unreadable:
            raise OSError("no network")
        return [self.message(channel, n) for n in self.said[channel] if n > after][:PAGE]

    def guilds(self) -> list[int]:
        return []

    def watched(self, guild: int) -> list[tuple[int, int]]:
        return []

    def note_private(self, thread: int) -> None:
        raise AssertionError("there are no threads here")


async def nothing(_: Asked) -> None:
    return


async def never(_: Asked) -> bool:
    return False


def receiver_of(world: World) -> Receiver:
    account = Account(Platform.DISCORD, ME)
    return Receiver(
        world,
        Parser(account, Places(lambda _: None, me=ME)),
        world,
        marks=dict(world.marks),
        cursor=int(world.cursor or 0),
        shards=lambda: 1,
        taken=nothing,
        refused=nothing,
        at_once=never,
        backoff=lambda: Backoff(first=0.001, cap=0.004),
    )


async def play(seed: int) -> None:
    rng = random.Random(seed)
    world = World(rng, failing=rng.choice((0, 0.2, 0.5)), unreadable=rng.choice((0, 0.3)))
    calm, world.failing = world.failing, 0.0
    receiver = receiver_of(world)
    task = asyncio.create_task(receiver.run())
    receiver.hear("READY", {})
    for place in PLACES:  # the first direct message of all cannot be given back
        receiver.hear("MESSAGE_CREATE", world.say(place))
    async with asyncio.timeout(20):
        while not all(world.committed.values()):  # noqa: ASYNC110 # a world tells nobody
            await asyncio.sleep(0.001)
    world.failing, hears = calm, True
    for _ in range(STEPS):
        [act] = rng.choices(("say", "deaf", "ready", "crash", "wait"), (60, 3, 5, 2, 30))
        if act == "say":
            data = world.say(rng.choice(PLACES))
            if hears:
                receiver.hear("MESSAGE_CREATE", data)
        elif act == "deaf":
            hears = False
        elif act == "ready":
            hears = True
            receiver.hear("READY", {})
            receiver.hear("SETTLED", None)
        elif act == "crash":
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            receiver, hears = receiver_of(world), True
            task = asyncio.create_task(receiver.run())
            receiver.hear("READY", {})
            receiver.hear("SETTLED", None)
        else:
            await asyncio.sleep(rng.choice((0, 0.002)))
    world.failing = world.unreadable = 0.0
    receiver.hear("READY", {})
    receiver.hear("SETTLED", None)
    try:
        async with asyncio.timeout(20):
            while world.missing():  # noqa: ASYNC110 # as above
                await asyncio.sleep(0.001)
    except TimeoutError:
        raise AssertionError(f"order {seed}: lost {world.missing()}") from None
    assert not world.back, f"order {seed}: a mark went back"
    assert world.committed == world.said, f"order {seed}: out of order"
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.mark.parametrize("orders", counts(test=40, slow=400, soak=4_000))
async def test_nothing_is_lost_doubled_or_out_of_order(orders: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receive, "KEPT_BACK", 3)  # so that places overflow while they are read
    monkeypatch.setattr(receive, "WAITING", 8)
    for seed in range(orders):
        await play(seed)
