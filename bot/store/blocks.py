"""Accounts that staff has blocked: who, since when, and by whom."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, insert, select, update

from bot.domain import Account, CaseId, ContactId, IdentityId, Platform
from bot.store.tables import audit, cases, conversations, identities

LISTED = 500
"""Blocked people that are listed at the most, the latest first."""

Who = tuple[str, str, str]
"""Platform, account, and the platform's id of a person."""


@dataclass(frozen=True, slots=True)
class BlockedMember:
    """Somebody who is blocked; `case` is their latest, by which staff can take it back."""

    identity: IdentityId
    name: str
    platform: Platform
    by: str
    at: datetime
    case: CaseId | None


def blocked(connection: Connection) -> list[Who]:
    """All blocked accounts, for the door's memory."""
    rows = connection.execute(
        select(identities.c.platform, identities.c.account, identities.c.external_id).where(
            identities.c.blocked_at.is_not(None)
        )
    )
    return [(row.platform, row.account, row.external_id) for row in rows]


def listed(connection: Connection) -> list[BlockedMember]:
    """Who is blocked, the latest first."""
    case = (
        select(func.max(cases.c.id))
        .join(conversations, conversations.c.id == cases.c.conversation_id)
        .where(conversations.c.identity_id == identities.c.id)
        .scalar_subquery()
    )
    rows = connection.execute(
        select(identities, case.label("case_id"))
        .where(identities.c.blocked_at.is_not(None))
        .order_by(identities.c.blocked_at.desc(), identities.c.id.desc())
        .limit(LISTED)
    )
    return [
        BlockedMember(
            IdentityId(row.id),
            row.display_name,
            Platform(row.platform),
            row.blocked_by or "",
            row.blocked_at,
            CaseId(row.case_id) if row.case_id is not None else None,
        )
        for row in rows
    ]


def block(connection: Connection, conversation: int, staff: str, now: datetime) -> Who | None:
    """Block the account that a conversation is with; None if it was blocked already."""
    return _set(connection, conversation, staff, now, blocks=True)


def unblock(connection: Connection, conversation: int, staff: str, now: datetime) -> Who | None:
    """Take a block back; None if there was none."""
    return _set(connection, conversation, staff, now, blocks=False)


def strangers(connection: Connection, account: Account, people: list[str]) -> set[str]:
    """Which of these people have never written to the account."""
    found = connection.execute(
        select(identities.c.external_id).where(
            identities.c.platform == account.platform.value,
            identities.c.account == account.id,
            identities.c.external_id.in_(people),
        )
    ).scalars()
    return set(people) - set(found)


def _set(connection: Connection, conversation: int, staff: str, now: datetime, *, blocks: bool) -> Who | None:
    identity = select(conversations.c.identity_id).where(conversations.c.id == conversation).scalar_subquery()
    other = identities.c.blocked_at.is_(None) if blocks else identities.c.blocked_at.is_not(None)
    row = connection.execute(
        update(identities)
        .where(identities.c.id == identity, other)
        .values(blocked_at=now if blocks else None, blocked_by=staff if blocks else None)
        .returning(identities)
    ).one_or_none()
    if row is None:
        return None
    contact = ContactId(row.contact_id)
    kind = "blocked" if blocks else "unblocked"
    detail = {"conversation": conversation, "identity": row.id, "contact": contact}
    connection.execute(insert(audit), {"at": now, "kind": kind, "actor": staff, "detail": detail})
    return row.platform, row.account, row.external_id
