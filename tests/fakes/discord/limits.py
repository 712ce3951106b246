"""Rate limits, on a clock that tests can speed up.

https://discord.com/developers/docs/topics/rate-limits: per-route buckets told in headers, 50 requests a
second overall, 10,000 invalid requests in 10 minutes. The buckets' sizes are not published; those here are
what Discord's headers have said for long.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.fakes.discord.errors import ApiError
from tests.fakes.discord.faults import too_many

SIZES: dict[str, tuple[int, float]] = {
    "create_message": (5, 5.0),
    "edit_message": (5, 5.0),
    "delete_message": (5, 1.0),
    "create_reaction": (1, 0.25),
    "delete_own_reaction": (1, 0.25),
    "create_dm": (10, 10.0),
    "modify_channel": (5, 15.0),
    "start_thread": (50, 300.0),
    "start_thread_from_message": (50, 300.0),
    "create_followup_message": (5, 2.0),
    "edit_original_interaction_response": (5, 2.0),
    "trigger_typing": (5, 5.0),
}
"""Requests and seconds of the routes' buckets; all others have `OTHERS`."""
OTHERS = (50, 1.0)
LIFTED = {"X-RateLimit-Limit": "100000", "X-RateLimit-Remaining": "99999", "X-RateLimit-Reset-After": "1.000"}


@dataclass(frozen=True, slots=True)
class Limits:
    """What the server bears; `speed` makes its clock run faster."""

    per_second: int = 50
    invalid: int = 10_000
    """401, 403 and 429 in ten minutes."""
    speed: float = 1.0
    sizes: dict[str, tuple[int, float]] = field(default_factory=lambda: dict(SIZES))
    clock: Callable[[], float] = time.monotonic


@dataclass(slots=True)
class _Bucket:
    size: int
    seconds: float
    left: int
    ends: float


@dataclass(slots=True)
class Rates:
    """Counts requests against the limits."""

    limits: Limits | None
    _buckets: dict[tuple[str, str], _Bucket] = field(default_factory=dict)
    _second: deque[float] = field(default_factory=deque)
    _invalid: deque[float] = field(default_factory=deque)

    def spend(self, name: str, major: str, *, counts: bool) -> dict[str, str]:
        """Count one request and give its bucket's headers; raises 429. `counts` towards the global limit."""
        limits = self.limits
        if limits is None:
            return LIFTED | {"X-RateLimit-Bucket": name, "X-RateLimit-Reset": f"{time.time() + 1:.3f}"}
        now = limits.clock() * limits.speed
        if counts:
            self._globally(limits, now)
        key = (name, major)
        bucket = self._buckets.get(key)
        if bucket is None or now >= bucket.ends:
            size, seconds = limits.sizes.get(name, OTHERS)
            bucket = self._buckets[key] = _Bucket(size, seconds, size, now + seconds)
        after = math.ceil((bucket.ends - now) / limits.speed * 1000) / 1000
        exhausted = bucket.left <= 0
        if not exhausted:
            bucket.left -= 1
        headers = {
            "X-RateLimit-Limit": str(bucket.size),
            "X-RateLimit-Remaining": str(bucket.left),
            "X-RateLimit-Reset": f"{time.time() + after:.3f}",
            "X-RateLimit-Reset-After": f"{after:.3f}",
            "X-RateLimit-Bucket": name,
        }
        if exhausted:
            error = too_many(after)
            error.headers |= headers
            raise error
        return headers

    def note(self, status: int, error: ApiError | None) -> None:
        """Count what Discord calls an invalid request: 401, 403, and 429 unless a shared limit is why."""
        shared = error is not None and error.headers.get("X-RateLimit-Scope") == "shared"
        if status in (401, 403, 429) and not shared:
            now = time.monotonic()
            self._invalid.append(now)
            while self._invalid[0] < now - 600:
                self._invalid.popleft()

    @property
    def invalid(self) -> int:
        """Invalid requests of the last ten minutes."""
        return len(self._invalid)

    @property
    def banned(self) -> bool:
        """So many invalid requests that nothing is answered any more."""
        return self.limits is not None and self.invalid >= self.limits.invalid

    def _globally(self, limits: Limits, now: float) -> None:
        while self._second and self._second[0] <= now - 1:
            self._second.popleft()
        if len(self._second) >= limits.per_second:
            wait = (self._second[0] + 1 - now) / limits.speed
            raise too_many(math.ceil(wait * 1000) / 1000, everywhere=True)
        self._second.append(now)
