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

from bot.errors import StoreError
from bot.folders import make_private
from bot.store import postgres
from bot.store.server import ServerReader, ServerWriter
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

    One writer runs them one after another and groups commits; readers have connections of their own. What
    `write` returned is on disk, and every later `read` sees it.
    """

    def __init__(self, reader: Reader | ServerReader, writer: Writer | ServerWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str, *, exclusive: bool = False, echo: bool = False) -> AsyncIterator[Store]:
        """Open an existing database; StoreError if there is none or its schema is another revision's.

        `exclusive` holds a server's database for this process alone, and raises StartupError where another
        one does; a SQLite file is held by `bot.store.lock`.
        """
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
                yield cls(reader, await stack.enter_async_context(Writer(writing)))
            else:
                engine = postgres.engine_of(target, echo=echo)
                stack.push_async_callback(engine.dispose)
                readers = await stack.enter_async_context(ServerReader(engine))
                await _check_revision(readers.read, shown(target))
                yield cls(readers, await stack.enter_async_context(ServerWriter(engine, exclusive=exclusive)))

    @staticmethod
    async def create(url: str) -> bool:
        """Make the tables where there are none; True if it did, False if the database was already there."""
        target = parse_url(url)
        if target.get_backend_name() != "sqlite":
            return await on_server(target, create_tables)
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
        return await self._writer.write(work)

    async def read(self, work: Work[T]) -> T:
        """Return what `work` finds; all its statements see the same moment, and it cannot write."""
        return await self._reader.read(work)

    async def taken_over(self) -> None:
        """Wait for another process to take the database over, and raise StartupError then.

        That can only happen to a server's database, while we were cut off from it.
        """
        if isinstance(self._writer, ServerWriter):
            await asyncio.shield(self._writer.lost)
        else:
            await asyncio.get_running_loop().create_future()


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


def shown(url: str | URL) -> str:
    """A database's address as documents write it: without the password and the driver's name."""
    parsed = parse_url(url) if isinstance(url, str) else url
    return parsed.set(drivername=parsed.get_backend_name()).render_as_string(hide_password=True)


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
        "secure_delete=ON",  # what members erase is overwritten, not only let go
        f"foreign_keys={'ON' if foreign_keys else 'OFF'}",
        "cache_size=-16000",  # KB: of a long past, pages that come up again and again stay at hand
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
    _prepare(engine, "BEGIN", "query_only=ON", "cache_size=-8000")
    return engine


async def on_server(target: URL, work: Work[T], *, hold: bool = False) -> T:
    """Do `work` on a PostgreSQL database in one transaction of its own, however long it takes.

    `hold` owns the database meanwhile: StartupError while another process runs on it.
    """
    engine = postgres.engine_of(target, patience=None)
    try:
        connection = await postgres.connect(engine)
        try:
            if hold:
                await postgres.hold(connection)
            driver = postgres.driver_of(connection)
            await driver.execute("BEGIN")
            await connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({postgres.MAKING})")
            result = await connection.run_sync(work)
            await driver.execute("COMMIT")
            return result
        finally:
            await postgres.drop(connection)
    except DBAPIError as error:
        raise postgres.trouble(error) from error
    finally:
        await engine.dispose()


def reserve(path: Path) -> None:
    """Make an empty database file that only its owner can read; SQLite gives its WAL the same rights."""
    make_private(path.parent)
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


_URL_HELP = "Write it like sqlite:///data/vocero.db or postgresql://user:password@host/database"

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
