"""Who may use the staff page: one-time links become sessions; the database sees hashes only."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

from bot.errors import AccessError
from bot.store import grants
from bot.store.engine import Store

LINK_LIFE = timedelta(minutes=15)
SESSION_LIFE = timedelta(hours=12)
"""A working day with its overtime."""


class Auth:
    """Gives links, turns them into sessions, and knows whose a session is.

    `is_staff` tells whether a name still belongs to the team: who leaves it is out at once.
    """

    def __init__(
        self,
        store: Store,
        *,
        is_staff: Callable[[str], bool],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store, self._is_staff, self._now = store, is_staff, now

    async def new_link(self, staff: str) -> str:
        """Path of a way in for one person, good once within 15 minutes; AccessError for a stranger."""
        if not self._is_staff(staff):
            raise AccessError(f"{staff} is not of the team", remedy="Add the person to config/team.yml.")
        token, now = secrets.token_urlsafe(32), self._now()
        await self._store.write(
            lambda conn: grants.give(conn, _hash(token), grants.LINK, staff, now + LINK_LIFE, now)
        )
        return f"/staff/login?token={token}"

    async def invited(self, token: str) -> str | None:
        """Whose link this is, without spending it."""
        now = self._now()
        staff = await self._store.read(lambda conn: grants.holder(conn, _hash(token), grants.LINK, now))
        return self._member(staff)

    async def redeem(self, token: str) -> str | None:
        """Spend a link and open a session; the session's token, or None where the link is no good."""
        session, now = secrets.token_urlsafe(32), self._now()

        def unit(conn: Connection) -> str | None:
            staff = self._member(grants.spend(conn, _hash(token), grants.LINK, now))
            if staff is not None:
                grants.give(conn, _hash(session), grants.SESSION, staff, now + SESSION_LIFE, now)
            return staff

        return session if await self._store.write(unit) is not None else None

    async def holder(self, session: str) -> str | None:
        """Whose session this is, while it lasts."""
        now = self._now()
        staff = await self._store.read(lambda conn: grants.holder(conn, _hash(session), grants.SESSION, now))
        return self._member(staff)

    async def leave(self, session: str) -> None:
        """End a session."""
        now = self._now()
        await self._store.write(lambda conn: grants.spend(conn, _hash(session), grants.SESSION, now))

    def form_token(self, session: str) -> str:
        """What a form of this session carries, so that no other page can send one."""
        return hmac.digest(session.encode(), b"vocero staff form", "sha256").hex()

    def is_form_token(self, session: str, given: str) -> bool:
        return hmac.compare_digest(self.form_token(session).encode(), given.encode())

    def _member(self, staff: str | None) -> str | None:
        return staff if staff is not None and self._is_staff(staff) else None


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
