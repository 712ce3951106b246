"""What deleted rows leave behind in a database's files, overwritten or handed back for overwriting."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import text

from bot.store import postgres
from bot.store.engine import BUSY_SECONDS, database_path, parse_url
from bot.store.tables import metadata

AT_ONCE = 64 * 2**20
"""Bytes of a SQLite database that is written anew at any time: that takes about half a second."""
AT_NIGHT = 512 * 2**20
"""The same for when few people write: some seconds in which nobody else can."""


async def scrub(url: str, *, at_night: bool = False) -> bool:
    """Leave nothing of what was deleted in the files of a database; False if somebody reads it right now.

    SQLite overwrites what it deletes (`secure_delete`), but not what it left lying when it moved rows between
    pages: only writing the whole database anew (VACUUM) does, so that is done unless it is too large. Its log
    holds pages as they were before: it is cut to nothing (https://www.sqlite.org/wal.html#ckpt). On
    PostgreSQL dead rows are freed by VACUUM for the next ones to overwrite; its own log of changes is the
    server's to keep or drop.
    """
    target = parse_url(url)
    if target.get_backend_name() == "sqlite":
        return await asyncio.to_thread(_rewrite, database_path(url), AT_NIGHT if at_night else AT_ONCE)
    engine = postgres.engine_of(target, patience=None)
    try:
        async with engine.connect() as connection:
            free = await connection.execution_options(isolation_level="AUTOCOMMIT")
            await free.execute(text(f"VACUUM {', '.join(sorted(metadata.tables))}"))
    finally:
        await engine.dispose()
    return True


def _rewrite(path: Path, largest: int) -> bool:
    with closing(sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)) as connection:
        try:
            if path.stat().st_size <= largest:
                connection.execute("VACUUM")
            busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except sqlite3.OperationalError:  # somebody holds it; there is another time
            return False
        return not busy
