"""Waits between tries: growing, jittered and capped."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable


class Backoff:
    """Growing, jittered, capped waits, in seconds; `reset` after a success."""

    def __init__(
        self,
        *,
        first: float = 0.5,
        cap: float = 30.0,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        jitter: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._first, self._cap, self._sleep, self._jitter = first, cap, sleep, jitter
        self._next = first

    def reset(self) -> None:
        """Begin with the first wait again."""
        self._next = self._first

    async def wait(self, at_least: float = 0.0) -> None:
        """Wait this failure's time, and longer for the next one in a row."""
        delay = self._jitter(self._next / 2, self._next)
        self._next = min(self._cap, self._next * 2)
        await self._sleep(max(at_least, delay))
