"""Where channels read in which places they know somebody."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain import Account, PlaceRef
from bot.store import whereabouts
from bot.store.engine import Store


class StoredWhereabouts:
    """Places from the conversations that are stored."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def places(self, account: Account, sender: str) -> Sequence[PlaceRef]:
        """Places in which a person has written to us, the latest first."""
        return await self._store.read(lambda connection: whereabouts.places_of(connection, account, sender))
