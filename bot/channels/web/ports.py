"""What the web chat needs of the store."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from bot.domain import Account, Author, Button


class Item(Protocol):
    """One message of a conversation as its member sees it; `id` grows with time."""

    @property
    def id(self) -> int: ...
    @property
    def author(self) -> Author: ...
    @property
    def staff(self) -> str | None: ...
    @property
    def text(self) -> str: ...
    @property
    def markdown(self) -> bool: ...
    @property
    def rows(self) -> Sequence[Sequence[Button]]: ...
    @property
    def image(self) -> str: ...
    @property
    def alt(self) -> str: ...
    @property
    def files(self) -> Sequence[tuple[int, str, str]]:
        """Attachment id, name and media type of each file that came with it."""
        ...

    @property
    def at(self) -> datetime: ...
    @property
    def client_id(self) -> str:
        """The id that the member's page gave the message, or ''."""
        ...


class Transcript(Protocol):
    """Where the web chat reads what was said while a member was away."""

    async def since(self, account: Account, external_id: str, after: int, limit: int) -> Sequence[Item]:
        """The first `limit` messages with an id above `after`, oldest first; nothing staff-only."""
        ...

    async def latest(self, account: Account, external_id: str, after: int, limit: int) -> Sequence[Item]:
        """The last `limit` messages of those, oldest first."""
        ...


class Sessions(Protocol):
    """Who may continue a web conversation; a hash is the SHA-256 of a session's secret, in hexadecimal."""

    async def create(self, account: Account, external_id: str, secret_hash: str) -> None:
        """Remember a session; a repeat with the same hash is harmless, another hash raises AccessError."""
        ...

    async def verify(self, account: Account, external_id: str, secret_hash: str) -> bool:
        """Whether the session exists and its secret has this hash; compared in constant time."""
        ...
