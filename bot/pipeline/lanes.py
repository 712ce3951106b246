"""Order within a key, parallel across keys."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable
from contextlib import asynccontextmanager
from typing import Generic, TypeVar

import structlog

from bot.pipeline.trouble import tell

K = TypeVar("K", bound=Hashable)

_log = structlog.get_logger(__name__)

PAUSE = 1.0
LONGEST_PAUSE = 15.0
"""After a failure a lane pauses this many seconds, twice as long each time, up to the longest."""


class Lanes(Generic[K]):
    """Runs `work(key, woken)` at most once at a time for each key that was woken.

    `woken` is set when the key is woken again meanwhile; then the work runs once more. Work that fails is
    logged and tried again after a pause.
    """

    def __init__(self, name: str, work: Callable[[K, asyncio.Event], Awaitable[None]]) -> None:
        self._name, self._work = name, work
        self._woken: dict[K, asyncio.Event] = {}
        self._group: asyncio.TaskGroup | None = None
        self._idle = asyncio.Event()
        self._idle.set()

    async def run(self) -> None:
        """Own the tasks until cancelled."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            for key in self._woken:
                group.create_task(self._run(key), name=f"{self._name} {key}")
            try:
                await asyncio.get_running_loop().create_future()
            finally:
                self._group = None

    def wake(self, key: K) -> None:
        """See to a key soon."""
        woken = self._woken.get(key)
        if woken is not None:
            woken.set()
            return
        self._woken[key] = asyncio.Event()
        self._idle.clear()
        if self._group is not None:
            self._group.create_task(self._run(key), name=f"{self._name} {key}")

    def __len__(self) -> int:
        """How many keys are being seen to."""
        return len(self._woken)

    def busy(self, key: K) -> bool:
        """Whether the key is being seen to."""
        return key in self._woken

    async def idle(self) -> None:
        """Return when nothing is being worked on."""
        await self._idle.wait()

    async def _run(self, key: K) -> None:
        woken = self._woken[key]
        pause = PAUSE
        try:
            while True:
                woken.clear()
                try:
                    await self._work(key, woken)
                    pause = PAUSE
                except Exception as error:  # one lane's trouble must not stop the others; the rows are there
                    tell(_log, "work failed, trying again", error, work=self._name, key=str(key), pause=pause)
                    await asyncio.sleep(pause)
                    pause = min(pause * 2, LONGEST_PAUSE)
                    continue
                if not woken.is_set():
                    return
        finally:
            del self._woken[key]
            if not self._woken:
                self._idle.set()


class Locks(Generic[K]):
    """One lock a key, which exists only while somebody holds or awaits it."""

    def __init__(self) -> None:
        self._locks: dict[K, tuple[asyncio.Lock, int]] = {}

    @asynccontextmanager
    async def hold(self, key: K) -> AsyncIterator[None]:
        """Hold the key's lock."""
        lock, users = self._locks.get(key, (asyncio.Lock(), 0))
        self._locks[key] = (lock, users + 1)
        try:
            async with lock:
                yield
        finally:
            lock, users = self._locks[key]
            if users == 1:
                del self._locks[key]
            else:
                self._locks[key] = (lock, users - 1)
