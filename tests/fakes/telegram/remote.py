"""The server in a process of its own, and a hand on its controls."""

from __future__ import annotations

import asyncio
import sys
from types import TracebackType
from typing import Any, Self

import aiohttp


class RemoteTelegram:
    """Starts `python -m tests.fakes.telegram` and speaks with it; `port` 0 takes any that is free."""

    def __init__(self, *, port: int = 0, limits: bool = False) -> None:
        self._port, self._limits = port, limits
        self._process: asyncio.subprocess.Process | None = None
        self._session: aiohttp.ClientSession | None = None
        self.address = self.token = self.base_url = self.file_url = ""

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "tests.fakes.telegram", "--control", "--port", str(self._port), "--local-webhooks"),
            *(["--limits"] if self._limits else []),
            stdout=asyncio.subprocess.PIPE,
        )
        assert self._process.stdout
        line = await self._process.stdout.readline()
        self.address = line.decode().split()[-1]
        self._session = aiohttp.ClientSession()
        state = await self.do("state")
        self.token, self.base_url, self.file_url = state["token"], state["base_url"], state["file_url"]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session:
            await self._session.close()
        if self._process and self._process.returncode is None:
            self._process.terminate()
            await self._process.wait()

    @property
    def pid(self) -> int:
        """The server's process."""
        assert self._process
        return self._process.pid

    async def back(self) -> None:
        """Return once the server takes connections again."""
        port = int(self.address.rpartition(":")[2])
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except ConnectionRefusedError:
                await asyncio.sleep(0.02)
            else:
                writer.close()
                await writer.wait_closed()
                return

    async def do(self, action: str, **given: Any) -> Any:
        """One action of control.py; raises AssertionError with what the server said against it."""
        assert self._session
        async with self._session.post(f"{self.address}/control/{action}", json=given) as answer:
            result = await answer.json()
            assert answer.status == 200, f"{action}: {result}"
            return result
