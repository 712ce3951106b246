"""A wire between the bot and its PostgreSQL that can be cut, also at the worst moment."""

from __future__ import annotations

import asyncio
from typing import Self

from sqlalchemy import make_url

_COMMIT = b"Q\x00\x00\x00\x0bCOMMIT\x00"
"""The simple query that ends a transaction of the writer, as the protocol has it."""


class Wire:
    """Listens on loopback and passes everything on to the server, until it is cut.

    `cut` ends every connection and refuses new ones. `cut_at_commit` waits for the next COMMIT and cuts then:
    before it reaches the server, or after the server has done it and before its answer comes back.
    """

    def __init__(self, url: str) -> None:
        self._behind = make_url(url)
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._refuses = self._muted = False
        self._at_commit: bool | None = None
        self.was_cut = asyncio.Event()
        self.commits = 0
        self.refused = 0

    @property
    def url(self) -> str:
        """The address of the database through this wire."""
        assert self._server is not None
        port = self._server.sockets[0].getsockname()[1]
        query = {name: value for name, value in self._behind.query.items() if name != "host"}
        through = self._behind.set(host="127.0.0.1", port=port, query=query)
        return through.render_as_string(hide_password=False)

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        await self.cut()
        await self._server.wait_closed()

    async def cut(self) -> None:
        """End every connection, and take none until `mend`."""
        self._refuses = True
        for writer in list(self._writers):
            writer.transport.abort()
        if self._tasks:
            await asyncio.wait(self._tasks)
        self.was_cut.set()

    def mend(self) -> None:
        """Take connections again."""
        self._refuses, self._muted, self._at_commit = False, False, None
        self.was_cut.clear()

    def cut_at_commit(self, *, arrives: bool) -> None:
        """Cut when the next transaction is to be committed; `arrives` says whether the server hears of it."""
        self._at_commit = arrives

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._refuses:
            self.refused += 1
            writer.transport.abort()
            return
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        socket = self._behind.query.get("host")
        try:
            if socket:
                behind = await asyncio.open_unix_connection(f"{socket}/.s.PGSQL.{self._behind.port or 5432}")
            else:
                behind = await asyncio.open_connection(self._behind.host, self._behind.port or 5432)
            ends = (writer, behind[1])
            self._writers.update(ends)
            try:
                to_server = asyncio.create_task(self._to_server(reader, behind[1], behind[0]))
                to_client = asyncio.create_task(self._to_client(behind[0], writer))
                await asyncio.wait((to_server, to_client), return_when=asyncio.FIRST_COMPLETED)
                for end in ends:
                    end.transport.abort()
                await asyncio.wait((to_server, to_client))
                for one in (to_server, to_client):
                    if not one.cancelled() and (error := one.exception()) and not isinstance(error, OSError):
                        raise error
            finally:
                self._writers.difference_update(ends)
        finally:
            self._tasks.discard(task)

    async def _to_server(
        self, reader: asyncio.StreamReader, to: asyncio.StreamWriter, back: asyncio.StreamReader
    ) -> None:
        while data := await reader.read(65536):
            if data.endswith(_COMMIT):
                self.commits += 1
                if self._at_commit is not None and not self._muted:
                    self._refuses = self._muted = True
                    if self._at_commit:
                        to.write(data)
                        await to.drain()
                        await asyncio.sleep(0.2)  # the server does it meanwhile; its answer is not passed on
                    asyncio.get_running_loop().create_task(self.cut())
                    return
            to.write(data)
            await to.drain()

    async def _to_client(self, reader: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            if self._muted:
                continue
            to.write(data)
            await to.drain()
