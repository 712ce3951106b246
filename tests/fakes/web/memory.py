"""Sessions, transcript and intake of the web chat, kept in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from bot.domain import Account, Author, Button, Inbound, Outgoing
from bot.errors import AccessError, StoreError


@dataclass(frozen=True)
class Item:
    """One message as the transcript gives it."""

    id: int
    author: Author
    text: str
    staff: str | None = None
    markdown: bool = False
    rows: tuple[tuple[Button, ...], ...] = ()
    image: str = ""
    alt: str = ""
    files: tuple[tuple[int, str, str], ...] = ()
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    client_id: str = ""


@dataclass
class Memory:
    """A store in memory: a repeated event is stored once; `failing` intakes raise before they store."""

    secrets: dict[str, str] = field(default_factory=dict)
    events: dict[str, Inbound] = field(default_factory=dict)
    handed: list[Inbound] = field(default_factory=list)
    items: dict[str, list[Item]] = field(default_factory=dict)
    failing: int = 0
    asleep: asyncio.Event | None = None
    """While set to an unset event, commits wait for it."""
    files: dict[int, tuple[str, str, bytes]] = field(default_factory=dict)
    on_event: Callable[[Inbound], None] = lambda event: None
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    _last: int = 0

    async def __call__(self, events: Sequence[Inbound], *, cursor: str | None = None) -> None:
        self.handed += events
        if self.asleep is not None:
            await self.asleep.wait()
        if self.failing:
            self.failing -= 1
            raise StoreError("the disk is full")
        for event in events:
            assert event.sender is not None
            if event.event_id in self.events:
                continue
            self.events[event.event_id] = event
            self.add(event.sender.external_id, Author.MEMBER, event.text, client_id=event.message_id)
            self.on_event(event)
        async with self._changed:
            self._changed.notify_all()

    async def stored(self, count: int) -> list[Inbound]:
        """The events, once there are so many."""
        async with asyncio.timeout(10), self._changed:
            await self._changed.wait_for(lambda: len(self.events) >= count)
        return list(self.events.values())

    def add(self, session: str, author: Author, text: str, **more: object) -> Item:
        """Write a message into a conversation, as the corridor does before it is sent."""
        self._last += 1
        item = Item(self._last, author, text, **more)  # type: ignore[arg-type]  # a test names real fields
        self.items.setdefault(session, []).append(item)
        return item

    def outgoing(self, item: Item) -> Outgoing:
        return Outgoing(item.text, item.markdown, item.rows, item.image, item.alt)

    async def since(self, account: Account, external_id: str, after: int, limit: int) -> Sequence[Item]:
        return [item for item in self.items.get(external_id, []) if item.id > after][:limit]

    async def latest(self, account: Account, external_id: str, after: int, limit: int) -> Sequence[Item]:
        return [item for item in self.items.get(external_id, []) if item.id > after][-limit:]

    async def create(self, account: Account, external_id: str, secret_hash: str) -> None:
        if self.secrets.setdefault(external_id, secret_hash) != secret_hash:
            raise AccessError("another secret")

    async def verify(self, account: Account, external_id: str, secret_hash: str) -> bool:
        return self.secrets.get(external_id) == secret_hash

    async def open(self, attachment_id: int) -> tuple[str, str, bytes]:
        return self.files[attachment_id]


async def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition, not for a time."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110  # the condition is a plain value of another task
            await asyncio.sleep(0)
