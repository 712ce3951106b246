"""Send no faster than Telegram takes it, members' answers first.

Telegram's own words are "about 30 messages a second, no more than one a second in a chat (short bursts pass),
20 a minute in a group": https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this
(`telegram.constants.FloodLimit` has the same figures.)
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from telegram.constants import FloodLimit

FORGET_ABOVE = 4096
"""Chats remembered before those at rest are dropped."""


@dataclass(frozen=True, slots=True)
class PaceLimits:
    """Rates and bursts in messages; `patience` is the longest wait for a turn, in seconds.

    A send that would wait longer is sent back: while it waits it is claimed, and a person who takes over
    waits for it.
    """

    per_second: float = FloodLimit.MESSAGES_PER_SECOND
    burst: int = 15
    chat_per_second: float = FloodLimit.MESSAGES_PER_SECOND_PER_CHAT
    chat_burst: int = 3
    group_per_minute: float = FloodLimit.MESSAGES_PER_MINUTE_PER_GROUP
    group_burst: int = 10
    patience: float = 2.0


class Timer(Protocol):
    """The two things a pace needs of a clock; an event loop is one."""

    def time(self) -> float: ...

    def call_later(self, delay: float, callback: Callable[[], None], /) -> _Handle: ...


class _Handle(Protocol):
    def cancel(self) -> None: ...


@dataclass(slots=True)
class _Bucket:
    """Tokens that come back at `rate` a second, up to `capacity`."""

    capacity: float
    rate: float
    level: float
    at: float
    closed_until: float = 0.0

    def wait(self, now: float, ahead: int = 0) -> float:
        """Seconds until a message passes that has `ahead` others before it."""
        self.level = min(self.capacity, self.level + (now - self.at) * self.rate)
        self.at = now
        missing = ahead + 1 - self.level
        return max(0.0, self.closed_until - now, missing / self.rate if missing > 1e-9 else 0.0)

    def rests(self, now: float) -> bool:
        return self.wait(now) == 0.0 and self.level >= self.capacity


@dataclass(slots=True)
class _Chat:
    buckets: list[_Bucket]
    queue: deque[_Turn] = field(default_factory=deque)

    def wait(self, now: float, ahead: int = 0) -> float:
        return max(bucket.wait(now, ahead) for bucket in self.buckets)


@dataclass(slots=True, order=True)
class _Turn:
    """One message that waits; of two, the lower priority goes first, then the older."""

    priority: int
    number: int
    chat: str = field(compare=False)
    passed: asyncio.Future[float] = field(compare=False)


class Pace:
    """Turns for messages to chats."""

    def __init__(self, limits: PaceLimits, timer: Timer | None = None) -> None:
        self._limits = limits
        self._timer = timer
        self._all: _Bucket | None = None
        self._chats: dict[str, _Chat] = {}
        self._ready: list[_Turn] = []
        self._due: list[tuple[float, int, str]] = []
        self._count = itertools.count()
        self._alarm: _Handle | None = None

    async def admit(
        self, chat: str, *, group: bool = False, priority: int = 0, patience: float | None = None
    ) -> float:
        """0.0 when the message may go now; else the seconds after which to ask again.

        Waits for a turn up to `patience`. Turns in one chat come in the order in which they were asked for.
        """
        timer = self._clock()
        now = timer.time()
        patience = self._limits.patience if patience is None else patience
        state, overall = self._chat(chat, group, now), self._overall(now)
        wait = state.wait(now, ahead=len(state.queue))
        if wait > patience:
            return wait
        if wait == 0.0 and not state.queue and not self._ready and overall.wait(now) == 0.0:
            self._take(state, overall)
            return 0.0
        turn = _Turn(priority, next(self._count), chat, asyncio.get_running_loop().create_future())
        state.queue.append(turn)
        if len(state.queue) == 1:
            heapq.heappush(self._due, (now + state.wait(now), turn.number, chat))
        self._release()
        if turn.passed.done():
            return turn.passed.result()
        limit = timer.call_later(patience, lambda: self._give_up(turn))
        try:
            return await turn.passed
        finally:
            limit.cancel()
            if turn in state.queue:
                self._withdraw(turn)

    def hold(self, chat: str, seconds: float, *, group: bool = False) -> None:
        """Let nothing pass to this chat for some seconds, as a 429 asks; other chats go on."""
        now = self._clock().time()
        for bucket in self._chat(chat, group, now).buckets:
            bucket.wait(now)  # brings its level up to now
            bucket.closed_until = max(bucket.closed_until, now + seconds)
            # no burst when it opens again: the limit that was met may be lower than the one we keep
            bucket.level = min(bucket.level, 1 - seconds * bucket.rate)

    def closed(self, chat: str) -> bool:
        """Whether a 429 keeps this chat shut just now."""
        state = self._chats.get(chat)
        now = self._clock().time()
        return state is not None and any(bucket.closed_until > now for bucket in state.buckets)

    def _clock(self) -> Timer:
        if self._timer is None:
            self._timer = asyncio.get_running_loop()
        return self._timer

    def _overall(self, now: float) -> _Bucket:
        if self._all is None:
            self._all = _Bucket(self._limits.burst, self._limits.per_second, self._limits.burst, now)
        return self._all

    def _chat(self, chat: str, group: bool, now: float) -> _Chat:
        state = self._chats.get(chat)
        if state is None:
            if len(self._chats) >= FORGET_ABOVE:
                self._forget(now)
            limits = self._limits
            buckets = [_Bucket(limits.chat_burst, limits.chat_per_second, limits.chat_burst, now)]
            if group:
                rate = limits.group_per_minute / 60
                buckets.append(_Bucket(limits.group_burst, rate, limits.group_burst, now))
            state = self._chats[chat] = _Chat(buckets)
        return state

    def _forget(self, now: float) -> None:
        resting = [
            chat
            for chat, state in self._chats.items()
            if not state.queue and all(bucket.rests(now) for bucket in state.buckets)
        ]
        for chat in resting:
            del self._chats[chat]

    def _take(self, state: _Chat, overall: _Bucket) -> None:
        for bucket in (*state.buckets, overall):
            bucket.level -= 1

    def _release(self) -> None:
        """Let pass all whose time has come, and set the alarm for the next."""
        now = self._clock().time()
        overall = self._overall(now)
        while self._due and self._due[0][0] <= now + 1e-6:
            _, number, chat = heapq.heappop(self._due)
            state = self._chats.get(chat)
            if not state or not state.queue or state.queue[0].number != number:
                continue  # that turn was withdrawn
            if (wait := state.wait(now)) > 1e-6:  # a 429 has closed the chat in the meantime
                heapq.heappush(self._due, (now + wait, number, chat))
            else:
                heapq.heappush(self._ready, state.queue[0])
        while self._ready and overall.wait(now) <= 1e-6:
            turn = heapq.heappop(self._ready)
            state = self._chats.get(turn.chat)
            if not state or not state.queue or state.queue[0] is not turn:
                continue
            self._take(state, overall)
            state.queue.popleft()
            self._line_up(state, turn.chat, now)
            if not turn.passed.done():
                turn.passed.set_result(0.0)
        if self._alarm:
            self._alarm.cancel()
            self._alarm = None
        waits = [self._due[0][0] - now] if self._due else []
        if self._ready:
            waits.append(overall.wait(now))
        if waits:
            self._alarm = self._clock().call_later(max(0.001, min(waits)), self._release)

    def _line_up(self, state: _Chat, chat: str, now: float) -> None:
        if state.queue:
            heapq.heappush(self._due, (now + state.wait(now), state.queue[0].number, chat))

    def _give_up(self, turn: _Turn) -> None:
        if turn.passed.done():
            return
        now = self._clock().time()
        ahead = sum(1 for other in self._ready if other < turn)
        state = self._chats[turn.chat]
        wait = max(
            state.wait(now, ahead=state.queue.index(turn)), self._overall(now).wait(now, ahead=ahead), 0.05
        )
        turn.passed.set_result(wait)
        self._withdraw(turn)

    def _withdraw(self, turn: _Turn) -> None:
        state = self._chats[turn.chat]
        first = state.queue[0] is turn
        state.queue.remove(turn)
        if turn in self._ready:
            self._ready.remove(turn)
            heapq.heapify(self._ready)
        if first:
            now = self._clock().time()
            self._line_up(state, turn.chat, now)
            self._release()
