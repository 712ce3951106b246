"""Sessions of the web chat: an identity whose secret is known only by its SHA-256."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, Connection, insert, select, update

from bot.domain import Account
from bot.errors import AccessError
from bot.store.engine import Store
from bot.store.tables import contacts, identities


def create(conn: Connection, account: Account, external_id: str, secret_hash: str, now: datetime) -> None:
    """Write a session with its contact; a repeat is harmless, another secret raises AccessError."""
    known = conn.execute(
        select(identities.c.id, identities.c.secret_hash).where(*_is(account, external_id))
    ).one_or_none()
    if known is None:
        contact = conn.execute(insert(contacts).values(created_at=now)).inserted_primary_key
        assert contact is not None
        conn.execute(
            insert(identities).values(
                contact_id=contact[0],
                platform=account.platform.value,
                account=account.id,
                external_id=external_id,
                secret_hash=secret_hash,
                created_at=now,
            )
        )
    elif known.secret_hash is None:  # erased and written anew by a message that was on its way
        conn.execute(update(identities).where(identities.c.id == known.id).values(secret_hash=secret_hash))
    elif not hmac.compare_digest(known.secret_hash, secret_hash):
        raise AccessError("another secret belongs to this session", remedy="Begin a new session.")


def verify(conn: Connection, account: Account, external_id: str, secret_hash: str) -> bool:
    """Whether the session exists and has this secret; compared in constant time."""
    stored = conn.execute(
        select(identities.c.secret_hash).where(*_is(account, external_id))
    ).scalar_one_or_none()
    return hmac.compare_digest(stored or "", secret_hash) and bool(secret_hash)


class SessionStore:
    """The sessions that the web chat asks for, kept in the database."""

    def __init__(self, store: Store, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._store, self._now = store, now

    async def create(self, account: Account, external_id: str, secret_hash: str) -> None:
        now = self._now()
        await self._store.write(lambda conn: create(conn, account, external_id, secret_hash, now))

    async def verify(self, account: Account, external_id: str, secret_hash: str) -> bool:
        return await self._store.read(lambda conn: verify(conn, account, external_id, secret_hash))


def _is(account: Account, external_id: str) -> tuple[ColumnElement[bool], ...]:
    return (
        identities.c.platform == account.platform.value,
        identities.c.account == account.id,
        identities.c.external_id == external_id,
    )
