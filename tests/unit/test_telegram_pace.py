"""Turns for messages, on a clock that only the test moves."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field

from bot.channels.telegram.pace import FORGET_ABOVE, Pace, PaceLimits

WIDE = PaceLimits(per_second=1000, burst=1000, patience=60)
"""So wide that only the limits of one chat matter."""


@dataclass
class Call:
    callback: Callable[[], None]
    cancelled: bool = False

    def cancel(self) -> None:
        self.cancelled = True


@dataclass
class Clock:
    """A timer as the pace asks for; `advance` runs what falls due, in order."""

    now: float = 100.0
    due: list[tuple[float, int, Call]] = field(default_factory=list)
    count: itertools.count[int] = field(default_factory=itertools.count)

    def time(self) -> float:
        return self.now

    def call_later(self, delay: float, callback: Callable[[], None], /) -> Call:
        call = Call(callback)
        heapq.heappush(self.due, (self.now + delay, next(self.count), call))
        return call

    async def advance(self, seconds: float) -> None:
        end = self.now + seconds
        await turns()
        while self.due and self.due[0][0] <= end:
            at, _, call = heapq.heappop(self.due)
            self.now = max(self.now, at)
            if not call.cancelled:
                call.callback()
                await turns()
        self.now = end


async def turns() -> None:
    for _ in range(4):
        await asyncio.sleep(0)


@dataclass
class Road:
    """A pace, and a record of what passed when (in seconds from the start)."""

    limits: PaceLimits
    clock: Clock = field(default_factory=Clock)
    passed: list[tuple[float, str]] = field(default_factory=list)
    sent_back: list[tuple[str, float]] = field(default_factory=list)
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.pace = Pace(self.limits, self.clock)
        self.start = self.clock.now

    def ask(self, chat: str, name: str = "", priority: int = 0) -> asyncio.Task[None]:
        async def go() -> None:
            wait = await self.pace.admit(chat, group=chat.startswith("-"), priority=priority)
            if wait:
                self.sent_back.append((name or chat, wait))
            else:
                self.passed.append((round(self.clock.now - self.start, 2), name or chat))

        task = asyncio.create_task(go())
        self.tasks.append(task)
        return task

    @property
    def names(self) -> list[str]:
        return [name for _, name in self.passed]

    @property
    def times(self) -> list[float]:
        return [at for at, _ in self.passed]


async def test_a_burst_passes_then_one_a_second_in_the_order_asked() -> None:
    road = Road(WIDE)
    for number in range(6):
        road.ask("ana", str(number))
    await road.clock.advance(10)
    assert road.names == ["0", "1", "2", "3", "4", "5"]
    assert road.times == [0, 0, 0, 1, 2, 3]


async def test_one_chat_that_waits_does_not_hold_the_others() -> None:
    road = Road(WIDE)
    for _ in range(5):
        road.ask("ana")
    road.ask("luis")
    await road.clock.advance(0)
    assert road.names == ["ana", "ana", "ana", "luis"]


async def test_over_all_chats_no_more_than_the_bot_may() -> None:
    road = Road(PaceLimits(per_second=30, burst=15, patience=60))
    for number in range(75):
        road.ask(f"member {number}")
    await road.clock.advance(0)
    assert len(road.passed) == 15
    await road.clock.advance(1)
    assert len(road.passed) == 45
    await road.clock.advance(1)
    assert len(road.passed) == 75


async def test_a_members_answer_goes_before_a_staff_mirror_that_asked_earlier() -> None:
    road = Road(PaceLimits(per_second=1, burst=1, patience=60))
    road.ask("first")
    road.ask("-100", "staff", priority=1)
    road.ask("ana", "answer")
    await road.clock.advance(5)
    assert road.names == ["first", "answer", "staff"]


async def test_a_group_takes_ten_at_most_at_once_and_twenty_a_minute() -> None:
    road = Road(PaceLimits(per_second=1000, burst=1000, patience=600))
    for _ in range(40):
        road.ask("-7")
    await road.clock.advance(60)
    assert len(road.passed) == 30
    await road.clock.advance(30)
    assert len(road.passed) == 40


async def test_a_429_shuts_its_own_chat_only() -> None:
    road = Road(WIDE)
    road.pace.hold("ana", 5)
    road.ask("ana")
    road.ask("luis")
    await road.clock.advance(4.9)
    assert road.names == ["luis"]
    assert road.pace.closed("ana")
    assert not road.pace.closed("luis")
    await road.clock.advance(0.2)
    assert road.names == ["luis", "ana"]
    assert not road.pace.closed("ana")


async def test_a_429_while_others_wait_in_the_chat_holds_them_too() -> None:
    road = Road(WIDE)
    for number in range(5):
        road.ask("ana", str(number))
    await road.clock.advance(0.5)
    road.pace.hold("ana", 10)
    await road.clock.advance(9.9)
    assert road.names == ["0", "1", "2"]
    await road.clock.advance(2)
    assert road.times[3:] == [10.5, 11.5]


async def test_whoever_would_wait_too_long_is_sent_back_at_once_with_the_time() -> None:
    road = Road(PaceLimits(per_second=1000, burst=1000, patience=2))
    road.pace.hold("ana", 30)
    road.ask("ana")
    await turns()
    assert road.sent_back == [("ana", 30)]


async def test_whoever_has_waited_too_long_is_sent_back_and_the_next_one_moves_up() -> None:
    road = Road(PaceLimits(per_second=1, burst=1, patience=2.5))
    for name in "abcde":
        road.ask(name)
    await road.clock.advance(2.5)
    assert road.names == ["a", "b", "c"]
    assert [name for name, _ in road.sent_back] == ["d", "e"]
    assert all(0 < wait <= 2.5 for _, wait in road.sent_back)
    road.ask("f")
    await road.clock.advance(1)
    assert road.names == ["a", "b", "c", "f"]


async def test_a_cancelled_turn_is_nobodys() -> None:
    road = Road(WIDE)
    waiting = [road.ask("ana", str(number)) for number in range(6)]
    await turns()
    waiting[3].cancel()
    await road.clock.advance(3)
    assert road.names == ["0", "1", "2", "4", "5"]
    assert road.times == [0, 0, 0, 1, 2]


async def test_chats_at_rest_are_forgotten() -> None:
    road = Road(PaceLimits(per_second=1e9, burst=10**9, patience=2))
    for number in range(FORGET_ABOVE):
        assert await road.pace.admit(f"m{number}") == 0
    await road.clock.advance(60)
    await road.pace.admit("one more")
    assert len(road.pace._chats) == 1
