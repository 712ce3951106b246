"""Who did what to members' data and rights: counts and numbers, nothing personal."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, insert

from bot.store.tables import audit


def note(
    connection: Connection, kind: str, now: datetime, *, actor: str, detail: Mapping[str, str | int]
) -> None:
    """Write one line; `actor` is somebody of the staff by name, `member`, or `retention`."""
    connection.execute(insert(audit), {"at": now, "kind": kind, "actor": actor, "detail": dict(detail)})
