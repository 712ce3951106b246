"""The bot in a process of its own, so that it can be killed in the middle of anything."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from pydantic import SecretStr
from sqlalchemy import Connection

from bot.settings import PREFIX, Settings
from tests.fakes.databases import look

T = TypeVar("T")


class BotProcess:
    """Starts, kills and ends a bot with these settings; its log goes to `bot.log` in the data folder."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._process: asyncio.subprocess.Process | None = None
        self.kills = 0
        self.held: list[int] = []
        """How many sends each start found under way and holds since."""

    async def start(self) -> None:
        """Return once it has recovered and works."""
        with (self._settings.data / "bot.log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-m", "tests.fakes.house.run"),
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                env=os.environ | _environment(self._settings),
            )
        assert self._process.stdout
        line = (await self._process.stdout.readline()).decode()
        assert line.startswith("running"), f"the bot did not start: {self.log()[-2000:]}"
        self.held.append(int(line.split()[1]))

    async def kill(self) -> None:
        """kill -9, whatever it is doing."""
        assert self._process
        assert self._process.returncode is None, f"the bot ended by itself: {self.log()[-2000:]}"
        self._process.kill()
        await self._process.wait()
        self.kills += 1

    async def stop(self) -> int:
        """SIGTERM; its exit code."""
        assert self._process
        if self._process.returncode is None:
            self._process.terminate()
        return await self._process.wait()

    def log(self) -> str:
        """What it logged so far."""
        return (self._settings.data / "bot.log").read_text(encoding="utf-8")

    def read(self, work: Callable[[Connection], T]) -> T:
        """What a look into its database finds now."""
        return look(self._settings.database, work)


def _environment(settings: Settings) -> dict[str, str]:
    given: dict[str, Any] = settings.model_dump()
    given |= {name: value.get_secret_value() for name, value in given.items() if isinstance(value, SecretStr)}
    given["web_origins"] = ",".join(settings.web_origins)
    return {f"{PREFIX}{name.upper()}": str(_plain(value)) for name, value in given.items()}


def _plain(value: object) -> object:
    return value.as_posix() if isinstance(value, Path) else value
