"""Files that members sent, under one folder, named by the hash of their content."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from bot.errors import StoreError
from bot.folders import make_private

_HASH = re.compile(r"[0-9a-f]{64}")


class FileStore:
    """Writes a content once, whoever sent it, and reads it back by its SHA-256."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, content: bytes) -> str:
        """Keep a content; its hash, in hexadecimal."""
        name = sha256(content).hexdigest()
        path = self._path(name)
        if path.exists():
            with suppress(OSError):
                os.utime(path)  # it is wanted again: nobody may take it for a leftover
        else:
            make_private(path.parent)
            part = path.with_suffix(f".{os.getpid()}.part")
            descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        return name

    def read(self, name: str) -> bytes:
        """A content by its hash; StoreError when it is not there."""
        try:
            return self._path(name).read_bytes()
        except FileNotFoundError:
            raise StoreError(
                f"the file {name[:12]}… is gone",
                where=str(self._folder),
                remedy="Restore the files folder from the same day as the database.",
            ) from None

    def remove(self, name: str, *, older: float = 0.0) -> bool:
        """Delete a content, if it was written or wanted `older` seconds ago; whether it was deleted."""
        path = self._path(name)
        if older and not _is_older(path, older):
            return False
        try:
            path.unlink()
        except FileNotFoundError:
            return False
        return True

    def older(self, seconds: float, *, since: float) -> Iterator[str]:
        """Hashes of contents last written or wanted longer ago than this, but not before `since` (Unix time).

        What was never finished in that time is deleted.
        """
        for path in self._folder.glob("[0-9a-f][0-9a-f]/*"):
            if not _is_older(path, seconds) or _is_older(path, time.time() - since):
                continue
            if _HASH.fullmatch(path.name):
                yield path.name
            elif path.suffix == ".part":
                path.unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        if not _HASH.fullmatch(name):
            raise ValueError(f"{name!r} is no SHA-256")
        return self._folder / name[:2] / name


def _is_older(path: Path, seconds: float) -> bool:
    try:
        return path.stat().st_mtime < time.time() - seconds
    except FileNotFoundError:
        return False
