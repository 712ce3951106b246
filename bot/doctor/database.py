"""The database: reachable, sound, of this version's schema, and ours to write."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path

from sqlalchemy import URL

from bot.doctor.finding import Finding, found
from bot.errors import StoreError
from bot.settings import Settings
from bot.store.engine import HEAD, database_path, parse_url

PATIENCE = 30.0
"""Seconds that the check of a SQLite file may take; what is larger than that is not looked through."""
CONNECT = 5.0
SERVER = 130_000
"""PostgreSQL 13, the oldest that its makers still mended when this was written."""


async def database(settings: Settings, *, deep: bool) -> list[Finding]:
    """`deep` looks through a SQLite file for damage, which takes about a second for each GB."""
    try:
        target = parse_url(settings.database)
    except StoreError as error:
        return [found("database_url", problem=error.what)]
    if target.get_backend_name() == "sqlite":
        path = database_path(settings.database)
        return await asyncio.to_thread(lambda: list(_file(path, deep=deep)))
    return [one async for one in _server(target)] if deep else []


def _file(path: Path, *, deep: bool) -> Iterator[Finding]:
    if not path.exists():
        yield found("database_missing", path=path)
        return
    end = time.monotonic() + PATIENCE
    try:
        with closing(
            sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=5)
        ) as connection:
            connection.set_progress_handler(lambda: int(time.monotonic() > end), 100_000)
            revision = _revision(connection)
            if deep:
                problems = [row[0] for row in connection.execute("PRAGMA quick_check(1)")]
                if problems != ["ok"]:
                    yield found("database_damaged", path=path, problem=problems[0])
                    return
    except sqlite3.OperationalError as error:
        if "interrupted" in str(error):
            return
        yield found("database_damaged", path=path, problem=error)
        return
    except sqlite3.Error as error:
        yield found("database_damaged", path=path, problem=error)
        return
    yield from _fits(revision, str(path))
    if not os.access(path, os.W_OK) or not os.access(path.parent, os.W_OK):
        yield found("database_not_writable", path=path)


def _revision(connection: sqlite3.Connection) -> str:
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone():
        return ""
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return str(row[0]) if row else ""


def _fits(revision: str, where: str) -> Iterator[Finding]:
    if not revision:
        yield found("database_not_ours", path=where)
    elif revision < HEAD:
        yield found("database_old", path=where, revision=revision, needed=HEAD)
    elif revision > HEAD:
        yield found("database_newer", path=where, revision=revision, known=HEAD)


async def _server(target: URL) -> AsyncIterator[Finding]:
    import asyncpg

    where = f"{target.host or 'localhost'}:{target.port or 5432}/{target.database or ''}"
    plain = target.set(drivername="postgresql").render_as_string(hide_password=False)
    try:
        connection = await asyncpg.connect(plain, timeout=CONNECT, command_timeout=CONNECT)
    except (
        asyncpg.InvalidAuthorizationSpecificationError,
        asyncpg.InvalidCatalogNameError,
        asyncpg.InsufficientPrivilegeError,
    ) as error:
        yield found("database_refused", where=where, problem=type(error).__name__)
        return
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
        yield found("database_unreachable", where=where, problem=type(error).__name__)
        return
    try:
        version = int(await connection.fetchval("SHOW server_version_num"))
        if version < SERVER:
            yield found(
                "database_server_old", where=where, version=version // 10_000, needed=SERVER // 10_000
            )
        encoding = await connection.fetchval("SHOW server_encoding")
        if encoding != "UTF8":
            yield found("database_encoding", where=where, encoding=encoding)
        if await connection.fetchval("SHOW transaction_read_only") == "on":
            yield found("database_not_writable", path=where)
        waiting = await connection.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted")
        if waiting:
            yield found("database_locked", where=where, count=waiting)
        if await connection.fetchval("SELECT to_regclass('alembic_version')") is None:
            tables = await connection.fetchval(
                "SELECT count(*) FROM information_schema.tables WHERE table_schema = current_schema()"
            )
            yield found("database_not_ours" if tables else "database_missing", path=where)
            return
        revision = await connection.fetchval("SELECT version_num FROM alembic_version")
        for one in _fits(revision or "", where):
            yield one
    finally:
        await connection.close(timeout=CONNECT)
