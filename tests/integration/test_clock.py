"""What is due is done once, in time, and not over and over."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, insert

from bot.bus.local import LocalBus
from bot.pipeline.clock import DUE, Clock, Handler
from bot.store import timers
from bot.store.engine import Store
from bot.store.tables import timers as timers_table
from bot.store.timers import Timer
from tests.fakes.databases import databases


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    url = databases.url(tmp_path)
    await Store.create(url)
    async with Store.open(url) as store:
        yield store


async def _set(store: Store, kind: str, count: int = 1) -> None:
    def work(connection: Connection) -> None:
        for _ in range(count):
            timers.set_timer(connection, kind, datetime.now(UTC))

    await store.write(work)


async def _running(store: Store, handlers: dict[str, Handler], until: asyncio.Event) -> None:
    task = asyncio.create_task(Clock(store, LocalBus(), handlers).run())
    try:
        async with asyncio.timeout(10):
            await until.wait()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_timer_that_its_handler_leaves_is_not_asked_in_a_loop(store: Store) -> None:
    asked = 0
    third = asyncio.Event()

    async def wait(_: Timer) -> None:
        nonlocal asked
        asked += 1
        if asked == 3:
            third.set()

    await _set(store, "staff")
    began = asyncio.get_running_loop().time()
    await _running(store, {"staff": wait}, third)
    assert asyncio.get_running_loop().time() - began > 0.9


async def test_many_slow_timers_of_one_kind_do_not_hide_another(store: Store) -> None:
    served = asyncio.Event()

    async def never(_: Timer) -> None:
        await asyncio.get_running_loop().create_future()

    async def serve(timer: Timer) -> None:
        await store.write(lambda c: timers.done(c, timer.id))
        served.set()

    await _set(store, "fetch", DUE + 1)
    await _set(store, "staff")
    await _running(store, {"fetch": never, "staff": serve}, served)


async def test_a_timer_is_not_taken_for_another_that_got_its_number(store: Store) -> None:
    await _set(store, "alert")
    [stale] = await store.read(lambda c: timers.due(c, datetime.now(UTC)))
    await store.write(lambda c: timers.done(c, stale.id))
    again = {"id": stale.id, "kind": "staff", "due_at": datetime.now(UTC), "payload": {}}
    await store.write(lambda c: c.execute(insert(timers_table), again) and None)
    [there] = await store.read(lambda c: timers.due(c, datetime.now(UTC) + timedelta(seconds=1)))
    assert there.id == stale.id
    assert not await store.write(lambda c: timers.take(c, stale))
    assert await store.write(lambda c: timers.take(c, there))
