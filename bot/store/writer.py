"""The one writer of a SQLite database: units of work queue up and share a commit."""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Self, TypeVar

import structlog
from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import DBAPIError

from bot.errors import StoreError

T = TypeVar("T")
Work = Callable[[Connection], T]
"""A unit of work: plain and synchronous, so that nothing can wait for the network inside a transaction."""

BATCH = 256
"""Units that share one commit at the most; bounds how much waits and how much one failure costs."""

log = structlog.get_logger(__name__)


class Writer:
    """Runs units one after another in a thread of its own, each in a savepoint, many to a commit.

    `write` returns what the unit returned once the commit that holds it is on disk, and raises what the unit
    raised once its savepoint is rolled back; other units of the batch don't notice. Where the whole
    transaction failed (BEGIN, COMMIT, or SQLite rolled it back by itself) every unit of it gets a StoreError.
    A unit whose waiter is cancelled runs entirely or not at all.

    A thread with a synchronous connection, because every statement through an async driver is a hop between
    two threads, and a busy event loop makes each hop wait.
    """

    def __init__(self, engine: Engine, *, batch: int = BATCH) -> None:
        self._engine = engine
        self._batch = batch
        self._queue: queue.SimpleQueue[Unit | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._serve, name="store-writer", daemon=True)
        self._connection: Connection | None = None
        self._guarded = False
        self._closed = False
        self._done = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        event.listen(engine, "commit", self._forbid)
        event.listen(engine, "rollback", self._forbid)
        event.listen(engine, "before_cursor_execute", self._stop)

    async def __aenter__(self) -> Self:
        self._thread.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Finish what is queued, then end the thread."""
        self._closed = True
        self._queue.put(None)
        await self._done.wait()

    async def write(self, work: Work[T]) -> T:
        if self._closed:
            raise StoreError(
                "the store is closed", remedy="Write before leaving `async with Store.open(...)`."
            )
        future: asyncio.Future[T] = self._loop.create_future()
        self._queue.put(Unit(work, future))
        return await future

    def _serve(self) -> None:
        open_ = True
        try:
            while open_:
                units, open_ = self._take()
                live = [unit for unit in units if not unit.future.cancelled()]
                if live:
                    self._loop.call_soon_threadsafe(resolve, live, self._run(live))
        finally:
            self._discard()
            self._loop.call_soon_threadsafe(self._done.set)

    def _take(self) -> tuple[list[Unit], bool]:
        """Wait for one unit, take those that queue behind it; False once the end of the queue was met."""
        units: list[Unit] = []
        while len(units) < self._batch:
            try:
                unit = self._queue.get(block=not units)
            except queue.Empty:
                break
            if unit is None:
                return units, False
            units.append(unit)
        return units, True

    def _run(self, units: Sequence[Unit]) -> Sequence[Result]:
        try:
            connection = self._connection = self._connection or self._engine.connect()
            transaction = connection.begin()
            results = []
            for unit in units:
                result = self._attempt(connection, unit.work)
                if connection.get_transaction() is not transaction or not _driver(connection).in_transaction:
                    raise store_error(result.error or StoreError(_ENDED))
                results.append(result)
            transaction.commit()
        except Exception as error:  # whatever it is, the thread must live on and each waiter must hear of it
            log.error("store_batch_failed", units=len(units), error=reason_of(error))
            self._discard()
            return [Result(error=store_error(error)) for _ in units]
        return results

    def _attempt(self, connection: Connection, work: Work[Any]) -> Result:
        """Run one unit in a savepoint; an exception from here means that the whole transaction is lost."""
        driver = _driver(connection)
        driver.execute("SAVEPOINT unit")
        self._guarded = True
        try:
            result = Result(value=work(connection))
        except (
            BaseException
        ) as error:  # a unit may raise anything; it belongs to its waiter, not to this thread
            result = Result(error=own_error(error))
        finally:
            self._guarded = False
        while nested := connection.get_nested_transaction():  # left open by the unit
            nested.close()
            result = result if result.error else Result(error=StoreError("a unit left a savepoint open"))
        if not driver.in_transaction:  # SQLite gave up the whole transaction: nothing to roll back to
            return result
        if result.error:
            driver.execute("ROLLBACK TO unit")
        driver.execute("RELEASE unit")
        return result

    def _forbid(self, _: Connection) -> None:
        if self._guarded:
            raise StoreError("a unit of work may neither commit nor roll back: others share its transaction")

    def _stop(self, connection: Connection, *_: Any) -> None:
        if self._guarded and not _driver(connection).in_transaction:
            # A unit that goes on after SQLite gave up the transaction would commit each statement by itself.
            raise StoreError(_ENDED)

    def _discard(self) -> None:
        """Drop the connection; closing it makes SQLite roll back what is open."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.invalidate()
            connection.close()


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of work and who waits for it."""

    work: Work[Any]
    future: asyncio.Future[Any]


@dataclass(frozen=True, slots=True)
class Result:
    """What a unit returned, or what it raised."""

    value: Any = None
    error: BaseException | None = None


def resolve(units: Sequence[Unit], results: Sequence[Result]) -> None:
    """Tell each waiter what became of its unit."""
    for unit, result in zip(units, results, strict=True):
        if unit.future.done():  # cancelled while it ran; the unit stands all the same
            continue
        if result.error is None:
            unit.future.set_result(result.value)
        else:
            unit.future.set_exception(result.error)


def _driver(connection: Connection) -> sqlite3.Connection:
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    return driver


_ENDED = "the transaction ended before its batch did"

_TROUBLE = {
    sqlite3.SQLITE_FULL: "Free some disk space; nothing that was committed is lost.",
    sqlite3.SQLITE_BUSY: "Another program holds the database; close it (a database browser, a copy tool).",
    sqlite3.SQLITE_LOCKED: "Another program holds the database; close it (a database browser, a copy tool).",
    sqlite3.SQLITE_IOERR: "Check the disk; restore the last backup if it is damaged.",
    sqlite3.SQLITE_READONLY: "Give the user that runs Vocero write access to the database and its folder.",
    sqlite3.SQLITE_CANTOPEN: "Check that the database's folder exists and can be written.",
    sqlite3.SQLITE_CORRUPT: "The database is damaged: restore the last backup.",
    sqlite3.SQLITE_NOTADB: "The file is no database: check the database setting, or restore the last backup.",
    sqlite3.SQLITE_NOMEM: "The machine is out of memory.",
}
"""Troubles of the database itself rather than of a statement: SQLite's primary result code and a remedy."""


def store_error(error: BaseException) -> StoreError:
    """Word a failure as a new StoreError: waiters that shared one would pile up tracebacks in it."""
    if isinstance(error, StoreError):
        wrapped = StoreError(error.what, remedy=error.remedy, where=error.where)
    else:
        orig = error.orig if isinstance(error, DBAPIError) else error
        remedy = _TROUBLE.get(getattr(orig, "sqlite_errorcode", 0) & 0xFF, "")
        wrapped = StoreError(f"the database failed: {reason_of(error)}", remedy=remedy)
    wrapped.__cause__ = error
    return wrapped


def reason_of(error: BaseException) -> str:
    """What went wrong, without the values that were written."""
    orig = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(orig, sqlite3.Error):
        return str(orig)
    return error.what if isinstance(error, StoreError) else type(error).__name__


def own_error(error: BaseException) -> BaseException:
    """What a unit's waiter gets: what the unit raised, unless it is the database's own trouble."""
    if isinstance(error, DBAPIError) and (getattr(error.orig, "sqlite_errorcode", 0) & 0xFF) in _TROUBLE:
        return store_error(error)
    if isinstance(error, StopIteration):  # a future refuses it
        wrapped = RuntimeError("a unit raised StopIteration")
        wrapped.__cause__ = error
        return wrapped
    return error
