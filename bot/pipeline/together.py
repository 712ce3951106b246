"""What many ask for at the same time is done at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class Together(Generic[Item, Result]):
    """Runs `work` for all items that came while the last run was under way.

    `work` gives a result for each item, in their order; what it raises, everyone of the run gets.
    """

    def __init__(self, work: Callable[[Sequence[Item]], Awaitable[Sequence[Result]]]) -> None:
        self._work = work
        self._waiting: list[tuple[Item, asyncio.Future[Result]]] = []
        self._task: asyncio.Task[None] | None = None

    async def do(self, item: Item) -> Result:
        """The result for one item."""
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._task is None:
            self._task = asyncio.create_task(self._drain())
        return await future

    async def _drain(self) -> None:
        try:
            while self._waiting:
                run, self._waiting = self._waiting, []
                await self._run(run)
        finally:
            self._task = None

    async def _run(self, run: Sequence[tuple[Item, asyncio.Future[Result]]]) -> None:
        try:
            results = await self._work([item for item, _ in run])
        except Exception as error:  # it belongs to those who asked
            for _, future in run:
                if not future.done():
                    future.set_exception(error)
            return
        for (_, future), result in zip(run, results, strict=True):
            if not future.done():
                future.set_result(result)
