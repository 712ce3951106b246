"""Ways into the staff page: one-time links and the sessions that they open, by SHA-256 of their token."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, delete, insert, select, update

from bot.store.tables import grants

LINK, SESSION = "link", "session"
KEEP_SPENT = timedelta(days=1)


def give(
    conn: Connection, token_hash: str, kind: str, staff: str, expires_at: datetime, now: datetime
) -> None:
    """Write a grant, and clear away what expired long ago."""
    conn.execute(delete(grants).where(grants.c.expires_at < now - KEEP_SPENT))
    conn.execute(insert(grants).values(token_hash=token_hash, kind=kind, staff=staff, expires_at=expires_at))


def spend(conn: Connection, token_hash: str, kind: str, now: datetime) -> str | None:
    """Use a grant up and tell whose it was; None where it is unknown, expired or already spent."""
    spent = conn.execute(update(grants).where(*_valid(token_hash, kind, now)).values(spent=True))
    if spent.rowcount != 1:
        return None
    staff: str = conn.execute(select(grants.c.staff).where(grants.c.token_hash == token_hash)).scalar_one()
    return staff


def holder(conn: Connection, token_hash: str, kind: str, now: datetime) -> str | None:
    """Whose grant this is, while it is valid."""
    return conn.execute(select(grants.c.staff).where(*_valid(token_hash, kind, now))).scalar_one_or_none()


def _valid(token_hash: str, kind: str, now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        grants.c.token_hash == token_hash,
        grants.c.kind == kind,
        grants.c.spent.is_(False),
        grants.c.expires_at > now,
    )
