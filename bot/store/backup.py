"""Copies of a SQLite database: made while it is in use, checked before they are trusted."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from bot.errors import StoreError
from bot.folders import make_private
from bot.store.engine import BUSY_SECONDS, HEAD
from bot.store.lock import hold


def backup(database: Path, to: Path) -> Path:
    """Copy the database as it is at one moment to the new file `to`, also while Vocero runs.

    The copy is one file without a WAL, readable by its owner only; `to` exists once the copy is whole and
    checked. StoreError if the database is damaged.
    """
    if to.exists():
        raise StoreError("there is a file already", where=str(to), remedy="Give the backup a new name.")
    with _making(to) as partial:
        _copy(database, partial)
        _check(partial, named=database)
        os.replace(partial, to)
    _sync(to.parent)
    return to


def restore(source: Path, database: Path) -> Path | None:
    """Put a checked copy of `source` in the place of `database`; the old file's new name, None without one.

    StartupError while Vocero runs on the database, StoreError if `source` is damaged, is no database of
    Vocero's or is a newer version's. Until the copy stands in its place the old database stays as it is.
    """
    if source.exists() and database.exists() and source.samefile(database):
        raise StoreError("this is the database itself", where=str(source), remedy="Name the backup.")
    with hold(database), _making(database) as partial:
        _copy(source, partial)
        _check(partial, named=source)
        kept = _keep(database) if database.exists() else None
        os.replace(partial, database)
        _sync(database.parent)
        return kept


_DAMAGED = "Use an older backup that passes this check."


@contextmanager
def _making(target: Path) -> Iterator[Path]:
    """A file beside `target` to be filled and renamed; what is left of it is removed."""
    make_private(target.parent)
    partial = target.with_name(target.name + ".partial")
    partial.unlink(missing_ok=True)
    try:
        os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        yield partial
    except OSError as error:
        raise StoreError(f"the copy cannot be written: {error.strerror}", where=str(target)) from error
    finally:
        partial.unlink(missing_ok=True)


def _copy(source: Path, to: Path) -> None:
    if not source.is_file():
        raise StoreError("there is no database", where=str(source))
    try:
        with (
            closing(
                sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True, timeout=BUSY_SECONDS)
            ) as old,
            closing(sqlite3.connect(to)) as new,
        ):
            old.backup(new)  # all pages in one step: one moment, however much is written meanwhile
            new.execute("PRAGMA journal_mode=DELETE")  # one file, to be carried anywhere
    except sqlite3.Error as error:
        raise StoreError(f"the copy failed: {error}", where=str(source)) from error
    _sync(to)


def _check(copy: Path, *, named: Path) -> None:
    try:
        with closing(sqlite3.connect(f"{copy.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            found = [row[0] for row in connection.execute("PRAGMA integrity_check(3)")]
            if found != ["ok"]:
                raise StoreError(f"the database is damaged: {found[0]}", where=str(named), remedy=_DAMAGED)
            revision = _revision(connection)
    except sqlite3.Error as error:
        raise StoreError(f"the database is damaged: {error}", where=str(named), remedy=_DAMAGED) from error
    if not revision:
        raise StoreError("this is no database of Vocero", where=str(named), remedy="Name another file.")
    if revision > HEAD:  # revisions are numbers of four digits
        raise StoreError(
            f"the database has schema {revision}, this version of Vocero knows up to {HEAD}",
            where=str(named),
            remedy="Update Vocero first.",
        )


def _revision(connection: sqlite3.Connection) -> str:
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone():
        return ""
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return str(row[0]) if row else ""


def _keep(database: Path) -> Path:
    """Give the database a second name, with what its WAL holds.

    No WAL is left beside the first name, for SQLite would replay it into the file that comes there.
    """
    kept = database.with_name(database.name + ".bak")
    for suffix in ("", "-wal", "-shm"):
        kept.with_name(kept.name + suffix).unlink(missing_ok=True)
    with (
        suppress(sqlite3.DatabaseError),
        closing(sqlite3.connect(database, timeout=BUSY_SECONDS)) as connection,
    ):
        connection.execute("PRAGMA journal_mode=DELETE")  # folds the WAL in; a damaged database keeps it
    wal = database.with_name(database.name + "-wal")
    if wal.exists():
        shutil.copy2(wal, kept.with_name(kept.name + "-wal"))
    try:
        os.link(database, kept)
    except OSError:  # a file system without links
        shutil.copy2(database, kept)
    wal.unlink(missing_ok=True)
    database.with_name(database.name + "-shm").unlink(missing_ok=True)
    return kept


def _sync(path: Path) -> None:
    """Have the system write a file, or a folder's names, to the disk."""
    if os.name != "posix" and path.is_dir():
        return
    handle = os.open(path, os.O_RDONLY if os.name == "posix" else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
