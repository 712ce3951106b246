"""Reading and writing on PostgreSQL: many read at a time, one writes, and units share a commit."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self, TypeVar

import structlog
from sqlalchemy import Connection, event
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.errors import StoreError
from bot.store import postgres
from bot.store.postgres import Session, Taken, is_lost, trouble
from bot.store.writer import BATCH, Result, Unit, Work, own_error, resolve

if TYPE_CHECKING:
    import asyncpg

T = TypeVar("T")

READERS = 4
PAUSE = 0.2
LONGEST_PAUSE = 2.0
"""Seconds between tries to reach a server again whose last answer we have to know; they double."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Session:
    """A connection and what is below it."""

    connection: AsyncConnection
    driver: asyncpg.Connection
    known: Session


class ServerWriter:
    """Runs units one after another on one connection, each in a savepoint, many to a transaction.

    What `write` promises is what the writer of SQLite promises: it returns once the commit that holds the
    unit is on the server's disk, raises what the unit raised once it is rolled back, and a unit whose waiter
    is cancelled runs entirely or not at all. Where the connection is lost before the commit, every unit of
    the transaction gets a StoreError. Where it is lost *while* committing, the waiters wait until the server
    can be asked what became of the transaction: nobody has to guess.

    `exclusive` holds the database's lock on this same connection, so that nothing can be written without it.
    """

    def __init__(self, engine: AsyncEngine, *, exclusive: bool = False, batch: int = BATCH) -> None:
        self._engine, self._exclusive, self._batch = engine, exclusive, batch
        self._queue: asyncio.Queue[Unit | None] = asyncio.Queue()
        self._session: _Session | None = None
        self._before: Session | None = None
        self._task: asyncio.Task[None] | None = None
        self._guarded = self._doubting = self._closed = False
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Ends with Taken if another process took the database over while the connection was gone."""
        for name in ("commit", "rollback"):
            event.listen(engine.sync_engine, name, self._forbid)

    async def __aenter__(self) -> Self:
        await self._ready()
        self._task = asyncio.create_task(self._serve(), name="store-writer")
        return self

    async def __aexit__(self, *_: object) -> None:
        """Finish what is queued, then close the connection."""
        self._closed = True
        self._queue.put_nowait(None)
        assert self._task is not None
        await self._task
        self.lost.cancel()

    async def write(self, work: Work[T]) -> T:
        if self._closed:
            raise StoreError(
                "the store is closed", remedy="Write before leaving `async with Store.open(...)`."
            )
        if self._doubting:
            raise trouble(StoreError(_GONE, remedy=_BACK))
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._queue.put_nowait(Unit(work, future))
        return await future

    async def _serve(self) -> None:
        open_ = True
        try:
            while open_:
                units, open_ = await self._take()
                live = [unit for unit in units if not unit.future.cancelled()]
                if live:
                    resolve(live, await self._run(live))
        finally:
            await self._discard()

    async def _take(self) -> tuple[list[Unit], bool]:
        """Wait for one unit, take those that queue behind it; False once the end of the queue was met."""
        unit = await self._queue.get()
        units: list[Unit] = []
        while unit is not None:
            units.append(unit)
            if len(units) == self._batch or self._queue.empty():
                return units, True
            unit = self._queue.get_nowait()
        return units, False

    async def _run(self, units: Sequence[Unit]) -> Sequence[Result]:
        alone = len(units) == 1
        try:
            session = await self._begin("BEGIN" if alone else "BEGIN; SAVEPOINT unit")
            results: list[Result] = []
            for unit in units:
                results.append(await self._attempt(session, unit, alone=alone, last=unit is units[-1]))
            if alone and results[0].error is not None:
                await session.driver.execute("ROLLBACK")
                return results
            # A transaction that wrote nothing has no number, and nothing to be unsure of.
            number = await session.driver.fetchval("SELECT pg_current_xact_id_if_assigned()::text")
        except Exception as error:  # whatever it is, the task must live on and each waiter must hear of it
            return await self._failed(units, error)
        try:
            ended = await session.driver.execute("COMMIT")
            if ended != "COMMIT":  # the server rolls back what a failed statement spoiled, and calls it fine
                return await self._failed(units, StoreError("a unit went on after a statement had failed"))
        except Exception as error:  # as above
            if number is None or not is_lost(error, session.connection):
                return await self._failed(units, error)
            _log.error("store_commit_unknown", units=len(units), error=postgres.reason(error))
            if not await self._came_through(session.known, number):
                return await self._failed(units, error)
        return results

    async def _attempt(self, session: _Session, unit: Unit, *, alone: bool, last: bool) -> Result:
        """Run one unit in its savepoint; an exception from here means that the whole transaction is lost."""
        connection = session.connection
        self._guarded = True
        try:
            result = Result(value=await connection.run_sync(unit.work))
        except (
            BaseException
        ) as error:  # a unit may raise anything; it belongs to its waiter, not to this task
            if session.driver.is_closed() or (isinstance(error, asyncio.CancelledError) and self._going()):
                raise
            remedy = postgres.remedy_for(error)
            result = Result(error=trouble(error) if remedy else own_error(error))
        finally:
            self._guarded = False
        below = connection.sync_connection
        while below is not None and below.in_nested_transaction():
            await connection.run_sync(_close_nested)
            result = result if result.error else Result(error=StoreError("a unit left a savepoint open"))
        ended = below.get_transaction() if below is not None else None
        if ended is not None and not ended.is_active:
            # Whoever tried to end the transaction left SQLAlchemy in doubt of it; the server knows better.
            await connection.run_sync(lambda _: ended.close())
        if alone:
            return result
        if result.error is not None:
            await session.driver.execute("ROLLBACK TO SAVEPOINT unit")
        elif not last:
            try:
                await session.driver.execute("RELEASE SAVEPOINT unit; SAVEPOINT unit")
            except Exception as error:
                if session.driver.is_closed():
                    raise
                await session.driver.execute("ROLLBACK TO SAVEPOINT unit")
                return Result(error=trouble(error))
        return result

    async def _begin(self, words: str) -> _Session:
        """Begin a transaction, on a new connection where the old one was lost while it had nothing to do."""
        session = self._session
        if session is not None:
            try:
                await session.driver.execute(words)
                return session
            except Exception as error:
                await self._discard()
                if not is_lost(error, session.connection):
                    raise
        session = await self._ready()
        await session.driver.execute(words)
        return session

    async def _ready(self) -> _Session:
        """Connect, and hold the database again before anything is written."""
        connection = await postgres.connect(self._engine)
        try:
            if self._before is not None:
                await postgres.end_session(connection, self._before)
            if self._exclusive:
                await postgres.hold(connection)
            driver = postgres.driver_of(connection)
            session = _Session(connection, driver, await postgres.session_of(connection))
        except Taken as error:
            await postgres.drop(connection)
            if not self.lost.done() and self._task is not None:
                self.lost.set_exception(error)
            raise
        except BaseException as error:
            await postgres.drop(connection)
            if isinstance(error, Exception):
                raise trouble(error) from error
            raise
        if self._before is not None:
            _log.info("store_connected_again")
        self._session, self._before = session, session.known
        return session

    async def _came_through(self, session: Session, number: str) -> bool:
        """Whether a transaction was committed whose end we did not hear; waits until the server can say."""
        await self._discard()
        self._doubting = True
        pause = PAUSE
        try:
            while not self._going():
                self._refuse_waiting()
                with suppress(Exception):  # it is still gone: that is what we wait for
                    found = await self._ready()
                    status = await found.driver.fetchval("SELECT pg_xact_status($1::text::xid8)", number)
                    if status != "in progress":
                        _log.info("store_commit_known", status=status or "unknown")
                        return bool(status == "committed")
                    await self._discard()
                if self.lost.done():
                    break
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)
        finally:
            self._doubting = False
        return False

    def _refuse_waiting(self) -> None:
        """Who came meanwhile hears at once that the database is away: some may tell a platform so."""
        waiting: list[Unit] = []
        while not self._queue.empty():
            unit = self._queue.get_nowait()
            if unit is None:
                self._queue.put_nowait(None)
                break
            waiting.append(unit)
        resolve(waiting, [Result(error=StoreError(_GONE, remedy=_BACK)) for _ in waiting])

    def _going(self) -> bool:
        return self._closed or (self._task is not None and self._task.cancelling() > 0)

    async def _failed(self, units: Sequence[Unit], error: BaseException) -> list[Result]:
        _log.error("store_batch_failed", units=len(units), error=postgres.reason(error))
        await self._discard()
        return [Result(error=trouble(error)) for _ in units]

    async def _discard(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await postgres.drop(session.connection)

    def _forbid(self, connection: Connection) -> None:
        session = self._session
        if self._guarded and session is not None and connection is session.connection.sync_connection:
            raise StoreError("a unit of work may neither commit nor roll back: others share its transaction")


class ServerReader:
    """Reads on a few connections, each read in one snapshot.

    A connection that waits has begun its next transaction already: the snapshot is taken by the first
    statement, so it is as new as can be, and a read of one statement is one round trip.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._slots = asyncio.Semaphore(READERS)
        self._idle: list[_Reading] = []
        self._turning: set[asyncio.Task[None]] = set()
        self._closed = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._closed = True
        if self._turning:
            await asyncio.wait(self._turning)
        await self._drop_idle()

    async def read(self, work: Work[T]) -> T:
        """Return what `work` finds in one snapshot; StoreError while the server cannot be reached."""
        async with self._slots:
            for fresh in (False, True):
                reading = await self._take(fresh=fresh)
                try:
                    found = await reading.connection.run_sync(work)
                except BaseException as error:
                    if isinstance(error, Exception) and not reading.driver.is_closed():
                        self._give_back(reading)
                        raise
                    await postgres.drop(reading.connection)
                    if not isinstance(error, Exception):
                        raise
                    if fresh or not is_lost(error, reading.connection):
                        raise trouble(error) from error
                    await self._drop_idle()  # they were lost with it
                else:
                    self._give_back(reading)
                    return found
        raise AssertionError("the second try ends it")

    async def _take(self, *, fresh: bool) -> _Reading:
        while self._idle and not fresh:
            reading = self._idle.pop()
            if not reading.driver.is_closed():
                return reading
            await postgres.drop(reading.connection)
        connection = await postgres.connect(self._engine)
        try:
            reading = _Reading(connection, postgres.driver_of(connection))
            await reading.driver.execute(postgres.READING)
        except BaseException as error:
            await postgres.drop(connection)
            if isinstance(error, Exception):
                raise trouble(error) from error
            raise
        return reading

    def _give_back(self, reading: _Reading) -> None:
        task = asyncio.create_task(self._turn(reading))
        self._turning.add(task)
        task.add_done_callback(self._turning.discard)

    async def _turn(self, reading: _Reading) -> None:
        """End a read's transaction and begin the next one, while nobody waits for it."""
        try:
            await reading.driver.execute(f"ROLLBACK; {postgres.READING}")
        except BaseException as error:
            await postgres.drop(reading.connection)
            if not isinstance(error, Exception):
                raise
            _log.debug("a reader was lost", error=postgres.reason(error))
            return
        if self._closed or len(self._idle) >= READERS:
            await postgres.drop(reading.connection)
        else:
            self._idle.append(reading)

    async def _drop_idle(self) -> None:
        idle, self._idle = self._idle, []
        for reading in idle:
            await postgres.drop(reading.connection)


def _close_nested(connection: Connection) -> None:
    nested = connection.get_nested_transaction()
    assert nested is not None
    nested.close()


@dataclass(frozen=True, slots=True)
class _Reading:
    """A connection that has begun a transaction and not yet looked."""

    connection: AsyncConnection
    driver: asyncpg.Connection


_GONE = "the database server cannot be reached"
_BACK = "Check the server; Vocero connects again by itself."
