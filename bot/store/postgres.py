"""PostgreSQL: how it is reached, who holds it, and its troubles in words."""

from __future__ import annotations

import asyncio
import hashlib
import os
import platform
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, event, text
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from bot.errors import StartupError, StoreError, VoceroError

if TYPE_CHECKING:
    import asyncpg

READING = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
"""Begins a transaction in which every statement sees the moment of the first."""

CONNECT_SECONDS = 5.0
STATEMENT_SECONDS = 60.0
"""A statement that takes longer is given up, for the server may be gone without a word."""
STATEMENTS = 500
"""Prepared statements that a connection remembers: more than the corridor, casework and the log have."""
MAKING = 0x766F6365726F
"""The advisory lock of whoever makes or changes tables: two processes that start at once go in turn."""
GOING_SECONDS = 3.0
"""How long we wait for the session of a process that has just ended to let go of the database."""

_SESSION = {
    "timezone": "UTC",
    "tcp_keepalives_idle": "30",  # a machine that vanished must not hold the database for hours
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
    "idle_in_transaction_session_timeout": "0",  # readers wait in a transaction that has not yet looked
}


@dataclass(frozen=True, slots=True)
class Session:
    """One session on a server, by which it is known again after we have lost it."""

    pid: int
    since: datetime


class Taken(StartupError):
    """Another process runs on the database."""


def engine_of(target: URL, *, echo: bool = False, patience: float | None = STATEMENT_SECONDS) -> AsyncEngine:
    """An engine whose connections leave transactions to us, and are kept by whoever uses them.

    `patience` is how many seconds one statement may take, None for as long as it needs.
    """
    query = dict(target.query)
    connecting: dict[str, Any] = {
        "timeout": CONNECT_SECONDS,
        "command_timeout": patience,
        "prepared_statement_cache_size": STATEMENTS,
        "server_settings": _SESSION | {"application_name": _own_name()},
    }
    if "sslmode" in query:  # as every other program of PostgreSQL spells it
        connecting["ssl"] = query.pop("sslmode")
    engine = create_async_engine(
        target.set(query=query),
        connect_args=connecting,
        isolation_level="AUTOCOMMIT",
        poolclass=NullPool,
        echo=echo,
        hide_parameters=True,  # an error's text must not carry what members wrote
    )
    event.listen(engine.sync_engine, "handle_error", _hush)
    return engine


async def connect(engine: AsyncEngine) -> AsyncConnection:
    """A connection, or a StoreError that says what is in the way."""
    try:
        connection = engine.connect()
        return await connection.start()
    except Exception as error:  # the driver raises its own, the system's and a timeout
        raise trouble(error) from error


def driver_of(connection: AsyncConnection) -> asyncpg.Connection:
    """What is below SQLAlchemy: transactions are begun and ended there, several words to a round trip."""
    assert connection.sync_connection is not None
    found = connection.sync_connection.connection.driver_connection
    assert found is not None
    return found


async def drop(connection: AsyncConnection) -> None:
    """Close a connection at once, whatever it is doing; the server rolls back what is open."""
    if not connection.closed and not connection.invalidated:
        driver_of(connection).terminate()
        await connection.invalidate()
    await connection.close()


async def session_of(connection: AsyncConnection) -> Session:
    """The session behind a connection."""
    row = (
        await connection.exec_driver_sql(
            "SELECT pid, backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid()"
        )
    ).one()
    return Session(row.pid, row.backend_start)


async def end_session(connection: AsyncConnection, session: Session) -> None:
    """Have the server end a session of ours that we have lost and it perhaps not yet."""
    await connection.execute(
        text(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = :pid AND backend_start = :at"
        ),
        {"pid": session.pid, "at": session.since},
    )


async def hold(connection: AsyncConnection, *, patience: float = GOING_SECONDS) -> None:
    """Own the database (its current schema) while this connection lasts; Taken if another session does.

    The server lets the lock go when the session ends, however it ends.
    """
    schema = (await connection.exec_driver_sql("SELECT current_schema()")).scalar_one()
    key = lock_key(schema or "")
    loop = asyncio.get_running_loop()
    end = loop.time() + patience
    while True:
        held = await connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": key})
        if held.scalar_one():
            return
        if loop.time() >= end:
            raise await _taken(connection, key)
        await asyncio.sleep(0.1)


def lock_key(schema: str) -> int:
    """The advisory lock's number; a database may hold several instances, each in a schema of its own."""
    return int.from_bytes(hashlib.sha256(f"vocero {schema}".encode()).digest()[:8], "big", signed=True)


async def _taken(connection: AsyncConnection, key: int) -> Taken:
    found = await connection.execute(
        text(
            "SELECT a.application_name, a.client_addr::text"
            " FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
            " WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1"
            " AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            " AND l.classid = :high AND l.objid = :low"
        ),
        {"high": (key >> 32) & 0xFFFFFFFF, "low": key & 0xFFFFFFFF},
    )
    row = found.first()
    who = f" ({row[0]}{f', from {row[1]}' if row[1] else ''})" if row is not None and row[0] else ""
    return Taken(
        f"Vocero is already running on this database{who}",
        where=connection.engine.url.set(drivername="postgresql").render_as_string(),
        remedy="Stop it first, or give this one another database. If its machine just died, wait a minute.",
    )


def _own_name() -> str:
    return f"vocero process {os.getpid()} on {platform.node()}"[:63]


_TROUBLE = {
    "08": "Check that the database server runs and can be reached.",
    "25006": "The server takes no writes (a standby?): connect to the primary.",
    "28": "Check the user and the password in VOCERO_DATABASE_URL.",
    "3D000": "Create the database first: createdb NAME",
    "42501": "Give this user the right to create and change tables in the database.",
    "53100": "Free some disk space on the database server; nothing that was committed is lost.",
    "53200": "The database server is out of memory.",
    "53300": "The database server has no free connection: raise max_connections, or close other programs.",
    "57P": "The database server is stopping or starting; Vocero connects again by itself.",
    "58": "Check the database server's disk and its log.",
    "XX": "Check the database server's log; restore the last backup if the database is damaged.",
}
"""Troubles of the server itself rather than of a statement: how the SQLSTATE begins, and a remedy."""

_UNREACHABLE = "Check that the database server runs and can be reached, and VOCERO_DATABASE_URL."


def is_lost(error: BaseException, connection: AsyncConnection | None = None) -> bool:
    """Whether the connection is gone, rather than a statement refused."""
    if connection is not None and (connection.closed or connection.invalidated):
        return True
    if isinstance(error, DBAPIError):
        if error.connection_invalidated:
            return True
        error = error.orig or error
    code = code_of(error)
    return code[:2] == "08" or code in ("57P01", "57P02", "57P03") or (not code and _is_network(error))


def trouble(error: BaseException) -> StoreError:
    """Word a failure of the server as a new StoreError: waiters that shared one would pile up tracebacks."""
    if isinstance(error, VoceroError):
        wrapped = StoreError(error.what, remedy=error.remedy, where=error.where)
    else:
        code = code_of(error)
        remedy = remedy_for(error) or ("" if code else _UNREACHABLE)
        wrapped = StoreError(f"the database failed: {reason(error)}", remedy=remedy)
    wrapped.__cause__ = error
    return wrapped


def remedy_for(error: BaseException) -> str:
    """What to do about a trouble of the server itself; '' for a statement's own."""
    code = code_of(error)
    if not code:
        return _UNREACHABLE if is_lost(error) else ""
    return next((remedy for begins, remedy in _TROUBLE.items() if code.startswith(begins)), "")


def code_of(error: BaseException) -> str:
    """The SQLSTATE of a failure, '' where the server did not say one."""
    orig = error.orig if isinstance(error, DBAPIError) else error
    return str(getattr(orig, "sqlstate", None) or "")


def reason(error: BaseException) -> str:
    """What went wrong, without the values that were written."""
    orig = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(orig, VoceroError):
        return orig.what
    if isinstance(orig, TimeoutError):
        return "the server did not answer in time"
    if isinstance(orig, OSError):
        return orig.strerror or type(orig).__name__
    return _short(orig) if orig is not None else type(error).__name__


def _is_network(error: BaseException) -> bool:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError | TimeoutError):
            return True
        if "closed" in str(cause) and "Interface" in type(cause).__name__:
            return True
        cause = cause.__cause__
    return False


def _short(error: BaseException) -> str:
    """The first line of a server's message; of a value that does not fit its type, only what kind it is."""
    code = code_of(error)
    if code[:2] == "22" or (not code and type(error).__name__ in ("DataError", "Error")):
        return f"a value was refused ({code or 'before it was sent'})"
    lines = str(error.args[0] if error.args else error).splitlines()
    return lines[0].partition(">: ")[2] or lines[0] if lines else type(error).__name__


def _hush(context: ExceptionContext) -> None:
    """Servers quote the values of a row that they refuse: keep them out of every log."""
    error: BaseException | None = context.original_exception
    while error is not None:
        if hasattr(error, "sqlstate") or type(error).__module__.startswith("asyncpg"):
            error.args = (_short(error),)
            for name in ("detail", "message", "context", "internal_query"):
                if getattr(error, name, None):
                    setattr(error, name, None)
        error = error.__cause__
