"""A store in memory and a channel on it, for the tests of the Telegram channel."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from bot.channels.backoff import Backoff
from bot.channels.telegram import TelegramChannel
from bot.domain import Account, Inbound, PlaceKind, PlaceRef
from tests.fakes.telegram import PIXEL, FakeTelegram

STAFF = -1001234


@dataclass
class Store:
    """What it has returned from is kept, and a repeat is harmless."""

    events: dict[str, Inbound] = field(default_factory=dict)
    handed: list[str] = field(default_factory=list)
    cursor: str | None = None
    failing: int = 0
    watch: Callable[[], list[int]] = list
    """What to note each time that events are handed over, before they are kept."""
    noted: list[list[int]] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, events: Sequence[Inbound], *, cursor: str | None = None) -> None:
        self.handed += [event.event_id for event in events]
        self.noted.append(self.watch())
        if self.failing:
            self.failing -= 1
            raise OSError("disk full")
        for event in events:
            self.events.setdefault(event.event_id, event)
        self.cursor = cursor
        self.changed.set()

    async def read(self, account: Account) -> str | None:
        return self.cursor

    async def open(self, attachment_id: int) -> tuple[str, str, bytes]:
        files = {1: ("boleta.pdf", "application/pdf", b"%PDF-1.4"), 2: ("foto.png", "image/png", PIXEL)}
        if attachment_id not in files:
            raise FileNotFoundError("no such file")
        return files[attachment_id]

    async def holds(self, condition: Callable[[Store], bool]) -> None:
        """Return once the condition holds."""
        async with asyncio.timeout(10):
            while not condition(self):
                self.changed.clear()
                await self.changed.wait()

    @property
    def texts(self) -> list[str]:
        return [event.text for event in self.events.values()]


def channel_to(fake: FakeTelegram, store: Store, root: Path = Path(), **settings: Any) -> TelegramChannel:
    """A channel without limits of its own and with short waits, unless `settings` say otherwise."""
    settings = {
        "token": fake.token,
        "base_url": fake.base_url,
        "file_url": fake.file_url,
        "cursors": store,
        "files": store,
        "root": root,
        "staff_chat": str(STAFF),
        "aliases": {"ayuda": "help", "start": "start"},
        "pace": None,
        "poll_timeout": 5.0,
        "backoff": Backoff(first=0.01, cap=0.05),
    } | settings
    return TelegramChannel(**settings)


@asynccontextmanager
async def running(channel: TelegramChannel, store: Store) -> AsyncIterator[None]:
    """The channel polls while the block runs."""
    async with channel:
        task = asyncio.create_task(channel.run(store))
        try:
            yield
        finally:
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task


def place(chat: int, thread: int = 0) -> PlaceRef:
    """A place by its chat id: private, the staff chat, or a group."""
    kind = PlaceKind.PRIVATE if chat > 0 else PlaceKind.STAFF if chat == STAFF else PlaceKind.GROUP
    return PlaceRef(str(chat), kind, str(thread or ""))
