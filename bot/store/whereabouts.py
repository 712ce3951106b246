"""Where somebody has written to us."""

from __future__ import annotations

from sqlalchemy import Connection, func, select

from bot.domain import Account, PlaceKind, PlaceRef
from bot.store.tables import conversations, identities, places

MOST = 20
"""Places that are told of one person."""


def places_of(connection: Connection, account: Account, sender: str) -> list[PlaceRef]:
    """Places of a person by the platform's id, the latest first; threads of public places don't count."""
    latest = func.max(conversations.c.last_inbound_at)
    rows = connection.execute(
        select(places.c.external_id, places.c.kind, places.c.title)
        .join(conversations, conversations.c.place_id == places.c.id)
        .join(identities, identities.c.id == conversations.c.identity_id)
        .where(
            identities.c.platform == account.platform.value,
            identities.c.account == account.id,
            identities.c.external_id == sender,
        )
        .group_by(places.c.id, places.c.external_id, places.c.kind, places.c.title)
        .order_by(latest.desc().nulls_last(), places.c.id.desc())
        .limit(MOST)
    )
    return [PlaceRef(row.external_id, PlaceKind(row.kind), title=row.title) for row in rows]
