"""The lock beside the database: one process at a time may run on it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bot.errors import StartupError
from bot.folders import make_private


def lock_path(database: Path) -> Path:
    """The lock's file; it stays when the lock is let go, for removing it could let two processes in."""
    return database.with_name(database.name + ".lock")


@contextmanager
def hold(database: Path) -> Iterator[None]:
    """Own the database while the block runs; StartupError if another process (or this one) already does.

    The operating system lets the lock go when the process ends, however it ends. A child made by fork without
    exec would keep it, so children are started with exec (subprocess, or multiprocessing's spawn).
    """
    path = lock_path(database)
    try:
        make_private(path.parent)
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise StartupError(
            f"the lock cannot be written: {error.strerror}",
            where=str(path),
            remedy="Give the user that runs Vocero write access to this folder.",
        ) from error
    try:
        if not _try(handle):
            pid = os.pread(handle, 20, 0).decode("ascii", "replace").strip() if hasattr(os, "pread") else ""
            raise StartupError(
                f"Vocero is already running on this database{f' (process {pid})' if pid else ''}",
                where=str(database),
                remedy=f"Stop it first{f': kill {pid}' if pid else ''}, or give this one another database.",
            )
        os.ftruncate(handle, 0)
        os.write(handle, f"{os.getpid()}\n".encode())
        yield
    finally:
        os.close(handle)


def holder(database: Path) -> int | None:
    """The process that runs on the database, None when none does; 0 when it cannot be told which."""
    try:
        handle = os.open(lock_path(database), os.O_RDWR)
    except FileNotFoundError:
        return None
    try:
        if _try(handle):
            return None
        pid = os.pread(handle, 20, 0).decode("ascii", "replace").strip() if hasattr(os, "pread") else ""
        return int(pid) if pid.isdigit() else 0
    finally:
        os.close(handle)


if sys.platform == "win32":
    import msvcrt

    _FAR = 1 << 30  # Windows denies others reading what is locked, and the pid at the beginning is to be read

    def _try(handle: int) -> bool:
        os.lseek(handle, _FAR, os.SEEK_SET)
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        finally:
            os.lseek(handle, 0, os.SEEK_SET)
        return True

else:
    import fcntl

    def _try(handle: int) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
