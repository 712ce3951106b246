"""People found by what an admin knows of them: a name, a user name, or a platform's id."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from bot.domain import ContactId
from bot.store.erasure import NOBODY
from bot.store.tables import conversations, identities

LISTED = 50


@dataclass(frozen=True, slots=True)
class Person:
    """One account of somebody; `contact` is the number that other commands take."""

    contact: ContactId
    platform: str
    external_id: str
    username: str
    name: str
    last_at: datetime | None


def find(connection: Connection, text: str) -> list[Person]:
    """Accounts whose name has the text in it, or whose user name or id it is; the latest heard first."""
    sought = text.strip().removeprefix("@")
    last = (
        select(func.max(conversations.c.last_inbound_at))
        .where(conversations.c.identity_id == identities.c.id)
        .scalar_subquery()
    )
    rows = connection.execute(
        select(identities, last.label("last_at"))
        .where(
            identities.c.external_id.not_like(f"{NOBODY}%"),
            (identities.c.external_id == sought)
            | (func.lower(identities.c.username) == sought.lower())
            | identities.c.display_name.icontains(sought, autoescape=True),
        )
        .order_by(last.desc(), identities.c.id)
        .limit(LISTED)
    )
    return [
        Person(
            ContactId(row.contact_id),
            row.platform,
            row.external_id,
            row.username,
            row.display_name,
            row.last_at,
        )
        for row in rows
    ]
