"""Groups whose id on their platform changed, as when a Telegram group becomes a supergroup."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, select

from bot.domain import Account, PlaceKind
from bot.store.dialect import upsert
from bot.store.tables import places


def staff_place_moved(connection: Connection, account: Account, old: str, new: str, now: datetime) -> None:
    """The staff place has another id from now on, whatever the settings still say."""
    row = {
        "platform": account.platform.value,
        "account": account.id,
        "external_id": new,
        "kind": PlaceKind.STAFF.value,
        "former_id": old,
        "created_at": now,
    }
    upsert(connection, places, row, ("platform", "account", "external_id"))


def moves(connection: Connection, account: Account) -> dict[str, str]:
    """Present ids of the account's places that moved, by their former ones."""
    rows = connection.execute(
        select(places.c.former_id, places.c.external_id).where(
            places.c.platform == account.platform.value,
            places.c.account == account.id,
            places.c.kind.in_([kind.value for kind in PlaceKind if kind is not PlaceKind.PRIVATE]),
            places.c.former_id != "",
        )
    )
    return {row.former_id: row.external_id for row in rows}
