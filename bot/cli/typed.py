"""Lines that somebody types or a pipe brings, without holding up what runs beside."""

from __future__ import annotations

import asyncio
import codecs
import os
import sys

_CHUNK = 4096


class Lines:
    """Standard input, a line at a time."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._text = ""
        self._ended = False

    async def next(self) -> str | None:
        """The next line without its end; None when there are no more."""
        while "\n" not in self._text and not self._ended:
            read = await self._read()
            self._text += self._decoder.decode(read, final=not read)
            self._ended = not read
        line, ended, self._text = self._text.partition("\n")
        return line.rstrip("\r") if line or ended else None

    async def _read(self) -> bytes:
        """Some bytes; empty at the end.

        A thread that waits for a terminal cannot be stopped and would hold up the end of the process, so it
        is used only where there is no other way: for files, which never wait, and on Windows.
        """
        loop = asyncio.get_running_loop()
        handle = sys.stdin.fileno()
        ready: asyncio.Future[None] = loop.create_future()
        try:
            loop.add_reader(handle, lambda: None if ready.done() else ready.set_result(None))
        except (NotImplementedError, PermissionError):
            return await asyncio.to_thread(os.read, handle, _CHUNK)
        try:
            await ready
        finally:
            loop.remove_reader(handle)
        return os.read(handle, _CHUNK)
