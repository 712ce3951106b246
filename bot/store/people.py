"""People found by what an admin knows of them: a name, a user name, a platform's id, or the number of a case
or conversation, which is all that there is of who writes on a page without a name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Select, func, select

from bot.domain import ContactId
from bot.store.erasure import NOBODY
from bot.store.tables import cases, conversations, identities

LISTED = 50

_CASE = re.compile(r"(?:(?:caso|case)\s*#?|#)\s*(\d{1,9})", re.IGNORECASE)
_CONVERSATION = re.compile(r"(?:(?:conversaci[oó]n|conversation)\s*#?\s*)?(\d{1,9})", re.IGNORECASE)


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
    """Accounts whose name has the text in it, or whose user name or id it is; the latest heard first.

    `case 12`, `caso 12` and `#12` are the member of that case; `conversation 12`, or a number that is no
    account's, the member of that conversation. People who were erased are not found.
    """
    sought = text.strip().removeprefix("@")
    if case := _CASE.fullmatch(sought):
        conversation = select(cases.c.conversation_id).where(cases.c.id == int(case[1]))
        return _people(connection, _speaks_in(conversation))
    found = _people(
        connection,
        (identities.c.external_id == sought)
        | (func.lower(identities.c.username) == sought.lower())
        | identities.c.display_name.icontains(sought, autoescape=True),
    )
    number = None if found else _CONVERSATION.fullmatch(sought)
    if number is None:
        return found
    return _people(
        connection, _speaks_in(select(conversations.c.id).where(conversations.c.id == int(number[1])))
    )


def _speaks_in(conversation: Select[tuple[int]]) -> ColumnElement[bool]:
    whose = select(conversations.c.contact_id).where(conversations.c.id.in_(conversation))
    return identities.c.contact_id.in_(whose)


def _people(connection: Connection, which: ColumnElement[bool]) -> list[Person]:
    last = (
        select(func.max(conversations.c.last_inbound_at))
        .where(conversations.c.identity_id == identities.c.id)
        .scalar_subquery()
    )
    rows = connection.execute(
        select(identities, last.label("last_at"))
        .where(identities.c.external_id.not_like(f"{NOBODY}%"), which)
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
