"""The database: opened, checked, read by many and written by one."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Self, TypeVar

from sqlalchemy import (
    URL,
    Column,
    Connection,
    Engine,
    MetaData,
    PrimaryKeyConstraint,
    QueuePool,
    String,
    Table,
    create_engine,
    event,
    inspect,
    make_url,
    select,
)
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bot.errors import StoreError
from bot.store.tables import metadata
from bot.store.writer import Work, Writer, store_error

T = TypeVar("T")

HEAD = "0002"
"""The schema revision that this code reads and writes; a test holds it against the migrations."""

READERS = 4
BUSY_SECONDS = 5.0
"""How long a connection waits for another program's lock before it gives up."""


class Store:
    """Reads and writes by units of work: plain functions of a `sqlalchemy.Connection`.

    On SQLite one writer groups commits and readers have connections of their own; on PostgreSQL each write
    is a transaction of its own. What `write` returned is on disk, and every later `read` sees it.
    """

    def __init__(
        self, server: AsyncEngine | None = None, reader: Reader | None = None, writer: Writer | None = None
    ) -> None:
        """Either a `server`'s engine, or the one who reads and the one who writes a SQLite file."""
        self._server, self._reader, self._writer = server, reader, writer

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str, *, echo: bool = False) -> AsyncIterator[Store]:
        """Open an existing database; StoreError if there is none or its schema is another revision's."""
        target = parse_url(url)
        async with AsyncExitStack() as stack:
            if target.get_backend_name() == "sqlite":
                path = database_path(url)
                if not path.is_file():
                    raise StoreError(
                        "there is no database",
                        where=str(path),
                        remedy="Start the bot once, or name its folder with --data (the demo's: data/demo).",
                    )
                reading = sqlite_readers(path, echo=echo)
                stack.callback(reading.dispose)
                reader = stack.enter_context(Reader(reading))
                await _check_revision(reader.read, str(path))
                writing = sqlite_engine(path, echo=echo)
                stack.callback(writing.dispose)
                writer = await stack.enter_async_context(Writer(writing))
                yield cls(reader=reader, writer=writer)
            else:
                engine = postgresql_engine(target, echo=echo)
                stack.push_async_callback(engine.dispose)
                store = cls(server=engine)
                await _check_revision(store.read, target.render_as_string())
                yield store

    @staticmethod
    async def create(url: str) -> bool:
        """Make the tables where there are none; True if it did, False if the database was already there."""
        target = parse_url(url)
        if target.get_backend_name() != "sqlite":
            engine = postgresql_engine(target)
            try:
                async with engine.begin() as connection:
                    return await connection.run_sync(create_tables)
            finally:
                await engine.dispose()
        path = database_path(url)
        reserve(path)
        writing = sqlite_engine(path)
        try:
            with writing.begin() as connection:
                return create_tables(connection)
        except DBAPIError as error:
            raise store_error(error) from error
        finally:
            writing.dispose()

    async def write(self, work: Work[T]) -> T:
        """Commit what `work` does, all or nothing, and return what it returned."""
        if self._writer is not None:
            return await self._writer.write(work)
        assert self._server is not None
        async with self._server.begin() as connection:
            return await connection.run_sync(work)

    async def read(self, work: Work[T]) -> T:
        """Return what `work` finds; all its statements see the same moment, and it cannot write."""
        if self._reader is not None:
            return await self._reader.read(work)
        assert self._server is not None
        async with self._server.connect() as connection:
            return await connection.run_sync(work)


class Reader:
    """Reads a SQLite database in a few threads, each with a connection of its own.

    Plain threads with synchronous connections: through an async driver every statement is a hop between two
    threads, and a busy event loop makes each hop wait.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._threads = ThreadPoolExecutor(READERS, thread_name_prefix="store-reader")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._threads.shutdown()

    async def read(self, work: Work[T]) -> T:
        """Return what `work` finds in one snapshot."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._run, work)

    def _run(self, work: Work[T]) -> T:
        with self._engine.connect() as connection:
            return work(connection)


def parse_url(url: str) -> URL:
    """`sqlite:///path` or `postgresql://...`, with the driver that Vocero uses; else StoreError."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise StoreError("the database URL cannot be read", remedy=_URL_HELP) from None
    drivers = {"sqlite": "sqlite", "postgresql": "postgresql+asyncpg"}
    driver = drivers.get(parsed.get_backend_name())
    if driver is None:
        raise StoreError(f"{parsed.get_backend_name()} is no database that Vocero knows", remedy=_URL_HELP)
    if driver.startswith("sqlite") and parsed.database in (None, "", ":memory:"):
        raise StoreError("the database URL names no file", remedy=_URL_HELP)
    return parsed.set(drivername=driver)


def database_path(url: str) -> Path:
    """The file of a SQLite database."""
    parsed = parse_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database:
        raise StoreError("this works on a SQLite database only", remedy=_URL_HELP)
    return Path(parsed.database)


def sqlite_engine(
    path: Path, *, echo: bool = False, foreign_keys: bool = True, busy: float = BUSY_SECONDS
) -> Engine:
    """A synchronous engine for the one who writes; it waits `busy` seconds for another program's lock."""
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        connect_args={"timeout": busy},
        echo=echo,
        hide_parameters=True,  # an error's text must not carry what members wrote
    )
    _prepare(
        engine,
        "BEGIN IMMEDIATE",
        "journal_mode=WAL",
        "synchronous=FULL",
        f"foreign_keys={'ON' if foreign_keys else 'OFF'}",
    )
    return engine


def sqlite_readers(path: Path, *, echo: bool = False) -> Engine:
    """An engine with a few connections that cannot write."""
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
        poolclass=QueuePool,
        pool_size=READERS,
        max_overflow=0,
        echo=echo,
        hide_parameters=True,  # an error's text must not carry what members wrote
    )
    _prepare(engine, "BEGIN", "query_only=ON")
    return engine


def postgresql_engine(target: URL, *, echo: bool = False) -> AsyncEngine:
    """An engine for a database server; its driver is no dependency of the embedded default."""
    try:
        return create_async_engine(target, echo=echo, hide_parameters=True)
    except ModuleNotFoundError as error:
        raise StoreError(
            f"PostgreSQL needs the package {error.name}", remedy="Install it beside Vocero."
        ) from error


def reserve(path: Path) -> None:
    """Make an empty database file that only its owner can read; SQLite gives its WAL the same rights."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        pass
    except OSError as error:
        raise StoreError(
            f"the database cannot be created: {error.strerror}",
            where=str(path),
            remedy="Give the user that runs Vocero write access to this folder.",
        ) from error


def create_tables(connection: Connection) -> bool:
    """Make every table and note the revision, unless tables are there."""
    if inspect(connection).get_table_names():
        return False
    metadata.create_all(connection)
    _revisions.metadata.create_all(connection)
    connection.execute(_revisions.insert().values(version_num=HEAD))
    return True


def revision_of(connection: Connection) -> str:
    """The revision that a database says it has, '' if it says none."""
    if not inspect(connection).has_table(_revisions.name):
        return ""
    return connection.execute(select(_revisions.c.version_num)).scalar_one_or_none() or ""


_URL_HELP = "Write it like sqlite:///data/vocero.db"

_revisions = Table(
    "alembic_version",
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)
"""As Alembic makes it; read here by hand, because serving does not import Alembic."""


async def _check_revision(read: Callable[[Work[str]], Awaitable[str]], where: str) -> None:
    try:
        revision = await read(revision_of)
    except DBAPIError as error:
        raise StoreError(
            f"the database cannot be read: {error.orig}", where=where, remedy="Restore the last backup."
        ) from error
    if revision != HEAD:
        raise StoreError(
            f"the database has schema {revision or 'none'}, this version of Vocero needs {HEAD}",
            where=where,
            remedy="Make a backup, then: vocero db upgrade (if the database is newer, update Vocero instead)",
        )


def _prepare(engine: Engine, begin: str, *pragmas: str) -> None:
    """Begin transactions by our own word: the driver would begin late, and without savepoints."""

    @event.listens_for(engine, "connect")
    def on_connect(driver: Any, _: Any) -> None:
        driver.isolation_level = None
        cursor = driver.cursor()
        for pragma in pragmas:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)
