"""Flood limits, on a clock that tests can speed up.

Telegram publishes "about 30 messages a second overall, one a second in a chat (short bursts pass), 20 a
minute in a group": https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.fakes.telegram.errors import too_many


@dataclass(frozen=True, slots=True)
class Limits:
    """Rates that the server bears; `speed` makes its clock run faster."""

    per_second: float = 30
    chat_per_second: float = 1
    chat_burst: int = 5
    group_per_minute: float = 20
    speed: float = 1.0
    clock: Callable[[], float] = time.monotonic


@dataclass(slots=True)
class _Bucket:
    capacity: float
    rate: float
    level: float
    at: float
    closed_until: float = 0.0

    def wait(self, now: float) -> float:
        """Seconds until one more passes; takes nothing."""
        self.level = min(self.capacity, self.level + (now - self.at) * self.rate)
        self.at = now
        return max(self.closed_until - now, 0.0 if self.level >= 1 else (1 - self.level) / self.rate)


@dataclass(slots=True)
class Flood:
    """Counts messages against the limits."""

    limits: Limits | None
    _buckets: dict[object, _Bucket] = field(default_factory=dict)

    def spend(self, chat: int) -> None:
        """Count one message to `chat`; raises 429 with whole seconds to wait, and keeps to them."""
        if self.limits is None:
            return
        limits = self.limits
        now = limits.clock() * limits.speed
        wanted = [
            ("all", limits.per_second, limits.per_second),
            (chat, float(limits.chat_burst), limits.chat_per_second),
        ]
        if chat < 0:
            wanted.append((("group", chat), limits.group_per_minute, limits.group_per_minute / 60))
        buckets = []
        for key, capacity, rate in wanted:
            if key not in self._buckets:
                self._buckets[key] = _Bucket(capacity, rate, capacity, now)
            buckets.append(self._buckets[key])
        wait, slowest = max(((bucket.wait(now), bucket) for bucket in buckets), key=lambda pair: pair[0])
        if wait > 0:
            seconds = max(1, math.ceil(wait))
            slowest.closed_until = max(slowest.closed_until, now + wait)
            raise too_many(seconds)
        for bucket in buckets:
            bucket.level -= 1
