"""What systemd hears, on a socket of its own kind: ready, alive, stopping."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bot.cli.systemd import notifying
from tests.integration.cli.test_cli_running import running


@contextmanager
def systemd(folder: Path) -> Iterator[tuple[str, socket.socket]]:
    """A datagram socket as systemd opens one for a service."""
    path = str(folder / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(path)
        listener.setblocking(False)
        yield path, listener


async def hears(listener: socket.socket) -> str:
    async with asyncio.timeout(60):
        return (await asyncio.get_running_loop().sock_recv(listener, 4096)).decode()


async def test_a_running_bot_says_ready_alive_and_stopping(brand: Path, tmp_path: Path) -> None:
    with systemd(tmp_path) as (path, listener):
        more = {"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "200000"}
        async with running(brand, tmp_path / "data", "run", **more) as bot:
            assert await hears(listener) == "READY=1"
            assert [await hears(listener) for _ in range(2)] == ["WATCHDOG=1", "WATCHDOG=1"]
            bot.process.send_signal(signal.SIGTERM)
            said = await hears(listener)
            while said == "WATCHDOG=1":
                said = await hears(listener)
            assert said == "STOPPING=1"
            assert await bot.end() == 0


async def test_a_watchdog_that_was_meant_for_another_process_hears_nothing(tmp_path: Path) -> None:
    with systemd(tmp_path) as (path, listener):
        given = {"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "1000", "WATCHDOG_PID": "1"}
        async with notifying(asyncio.Event(), given):
            assert await hears(listener) == "READY=1"
            for _ in range(20):
                await asyncio.sleep(0)
        with pytest.raises(BlockingIOError):
            listener.recv(4096)


async def test_without_systemd_and_with_one_that_is_gone_the_bot_goes_on(tmp_path: Path) -> None:
    async with notifying(asyncio.Event(), {}):
        pass
    async with notifying(asyncio.Event(), {"NOTIFY_SOCKET": str(tmp_path / "nobody")}):
        pass
