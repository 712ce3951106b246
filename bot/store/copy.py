"""Moving an instance from one database to another: every row, in one transaction, and counted."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import Connection, Select, Table, func, insert, select, tuple_
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import StoreError
from bot.store import lock, postgres
from bot.store.engine import (
    HEAD,
    create_tables,
    database_path,
    parse_url,
    reserve,
    revision_of,
    shown,
    sqlite_engine,
)
from bot.store.tables import Short, Words, fitting, metadata, storable
from bot.store.writer import store_error

T = TypeVar("T")

PAGE = 2000
"""Rows that are read and written at a time."""

Tell = Callable[[str, int, int], None]
"""Hears a table, how many of its rows are there by now, and how many there will be."""


def copy(source: str, target: str, tell: Tell = lambda table, done, total: None) -> dict[str, int]:
    """Copy all rows of the database `source` into the empty database `target`; how many of each table.

    Both are held meanwhile: StartupError while Vocero runs on either. StoreError where the target has rows,
    where a schema is another version's, or where what arrived is not what was sent. Whatever interrupts it
    leaves the target as it was.
    """
    if parse_url(source) == parse_url(target):
        raise StoreError("the two databases are the same one", where=shown(source))
    return asyncio.run(_copy(source, target, tell))


@dataclass(frozen=True, slots=True)
class _Side:
    """One of the two databases, within a transaction."""

    connection: Connection | AsyncConnection
    where: str

    async def run(self, work: Callable[[Connection], T]) -> T:
        if isinstance(self.connection, AsyncConnection):
            return await self.connection.run_sync(work)
        return work(self.connection)


async def _copy(source: str, target: str, tell: Tell) -> dict[str, int]:
    try:
        async with _opened(source, writes=False) as old, _opened(target, writes=True) as new:
            await _check_source(old)
            await _check_target(new)
            tables = metadata.sorted_tables  # each after those that it refers to
            totals = {table: await old.run(partial(_count, table=table)) for table in tables}
            sent: dict[Table, int] = {}
            for table in tables:
                done, sent[table] = 0, 0
                tell(table.name, 0, totals[table])
                async for rows in _pages(old, table):
                    await new.run(partial(_put, table=table, rows=rows))
                    sent[table] += _sum(table, rows)
                    done += len(rows)
                    tell(table.name, done, totals[table])
            for table in tables:
                await _verify(new, table, totals[table], sent[table])
            await new.run(_number_on)
            return {table.name: count for table, count in totals.items()}
    except DBAPIError as error:
        server = hasattr(error.orig, "sqlstate")
        raise (postgres.trouble if server else store_error)(error) from error


async def _check_source(old: _Side) -> None:
    revision = await old.run(revision_of)
    if revision != HEAD:
        raise StoreError(
            f"the database has schema {revision or 'none'}, this version of Vocero needs {HEAD}",
            where=old.where,
            remedy="Make a backup, then: vocero db upgrade (if the database is newer, update Vocero instead)",
        )


async def _check_target(new: _Side) -> None:
    if await new.run(create_tables):
        return
    ours = await new.run(revision_of) == HEAD
    if not ours or any([await new.run(partial(_count, table=table)) for table in metadata.tables.values()]):
        raise StoreError(
            "the database to copy into is not empty",
            where=new.where,
            remedy="Name a new one; nothing was changed.",
        )


async def _verify(new: _Side, table: Table, count: int, sent: int) -> None:
    arrived, found = 0, 0
    async for rows in _pages(new, table):
        found += _sum(table, rows)
        arrived += len(rows)
    if arrived != count or found % _ROOM != sent % _ROOM:
        raise StoreError(
            f"the copy of {table.name} is not what was sent ({arrived} of {count} rows)",
            where=new.where,
            remedy="Nothing was changed. Check the disks of both databases, and try again.",
        )


async def _pages(side: _Side, table: Table) -> AsyncIterator[Sequence[Mapping[str, Any]]]:
    """All rows in the order of their key."""
    key = list(table.primary_key.columns)
    after: tuple[Any, ...] | None = None
    while True:
        query = select(table).order_by(*key).limit(PAGE)
        if after is not None:
            query = query.where(tuple_(*key) > after)
        rows = await side.run(partial(_read, query=query))
        if rows:
            yield rows
        if len(rows) < PAGE:
            return
        after = tuple(rows[-1][column.name] for column in key)


def _read(connection: Connection, query: Select[Any]) -> list[dict[str, Any]]:
    return [dict(row._mapping) for row in connection.execute(query)]


def _put(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    connection.execute(insert(table), [dict(row) for row in rows])


def _count(connection: Connection, table: Table) -> int:
    return connection.execute(select(func.count()).select_from(table)).scalar_one()


def _sum(table: Table, rows: Iterable[Mapping[str, Any]]) -> int:
    """A checksum that does not ask for an order: databases sort words each in their own way."""
    return sum(int.from_bytes(hashlib.sha256(_plain(table, row)).digest(), "big") for row in rows)


def _plain(table: Table, row: Mapping[str, Any]) -> bytes:
    values = [_value(column.type, row[column.name]) for column in table.columns]
    return json.dumps(values, sort_keys=True).encode()


def _value(kind: object, value: Any) -> Any:
    """A value as it stands in either database."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, str) and isinstance(kind, Short):
        return fitting(value, kind.length)
    if isinstance(value, str) and isinstance(kind, Words):
        return storable(value)
    return value


def _number_on(connection: Connection) -> None:
    """Let a server number new rows after those that came; SQLite does so by itself."""
    if connection.dialect.name != "postgresql":
        return
    for table in metadata.tables.values():
        if "id" in table.columns:
            numbers = func.pg_get_serial_sequence(table.name, "id")
            connection.execute(select(func.setval(numbers, func.max(table.c.id))))


@asynccontextmanager
async def _opened(url: str, *, writes: bool) -> AsyncIterator[_Side]:
    """A database held for this process, in one transaction that is committed if the block ends well."""
    opened = _on_file if parse_url(url).get_backend_name() == "sqlite" else _on_server
    async with opened(url, writes=writes) as side:
        yield side


@asynccontextmanager
async def _on_file(url: str, *, writes: bool) -> AsyncIterator[_Side]:
    path = database_path(url)
    if not writes and not path.is_file():
        raise StoreError("there is no database", where=str(path), remedy="Name the database that you have.")
    with ExitStack() as stack:
        stack.enter_context(lock.hold(path))
        fresh = writes and not path.exists()
        if writes:
            reserve(path)
        engine = sqlite_engine(path)
        stack.callback(engine.dispose)
        try:
            with engine.connect() as connection, connection.begin():
                yield _Side(connection, str(path))
        except BaseException:
            if fresh:
                engine.dispose()
                path.unlink()
            raise


@asynccontextmanager
async def _on_server(url: str, *, writes: bool) -> AsyncIterator[_Side]:
    target = parse_url(url)
    engine = postgres.engine_of(target, patience=None)
    try:
        connection = await postgres.connect(engine)
        try:
            await postgres.hold(connection)
            driver = postgres.driver_of(connection)
            await driver.execute("BEGIN" if writes else postgres.READING)
            yield _Side(connection, shown(url))
            await driver.execute("COMMIT")
        finally:
            await postgres.drop(connection)
    finally:
        await engine.dispose()


_ROOM = 2**256
