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


async def scrub(url: str) -> bool:
    """Leave nothing of what was deleted in the files of a database; False if somebody reads it right now.

    SQLite overwrites what it deletes (`secure_delete`), but its log holds the pages as they were before: they
    are written to the database and the log is cut to nothing (https://www.sqlite.org/wal.html#ckpt). On
    PostgreSQL dead rows are freed by VACUUM for the next ones to overwrite; its own log of changes is the
    server's to keep or drop.
    """
    target = parse_url(url)
    if target.get_backend_name() == "sqlite":
        return await asyncio.to_thread(_truncate, database_path(url))
    engine = postgres.engine_of(target, patience=None)
    try:
        async with engine.connect() as connection:
            free = await connection.execution_options(isolation_level="AUTOCOMMIT")
            await free.execute(text(f"VACUUM {', '.join(sorted(metadata.tables))}"))
    finally:
        await engine.dispose()
    return True


def _truncate(path: Path) -> bool:
    with closing(sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)) as connection:
        busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return not busy
