"""One page's open connection: frames wait in a bounded queue, and a reader that lags too far is dropped."""

from __future__ import annotations

import asyncio

import structlog
from aiohttp import WSCloseCode, web

from bot.channels.web.limits import Limits
from bot.domain import Lang

log = structlog.get_logger(__name__)


class Socket:
    """A WebSocket with its session; `lang` is the language that the page shows."""

    def __init__(self, request: web.Request, ws: web.WebSocketResponse, address: str, limits: Limits) -> None:
        self.address = address
        self.session = ""
        self.secret_hash = ""
        self.lang = Lang("")
        self._request, self._ws, self._limits = request, ws, limits
        self._waiting: asyncio.Queue[str] = asyncio.Queue(limits.backlog)

    async def receive(self, timeout: float | None = None) -> str | None:
        """The next text frame; None when the page is gone, too slow with it, or sent anything else."""
        try:
            incoming = await self._ws.receive(timeout)
        except TimeoutError:
            return None
        return incoming.data if incoming.type is web.WSMsgType.TEXT else None

    async def send(self, frame: str) -> None:
        """Send at once, before anything that waits."""
        async with asyncio.timeout(self._limits.send_seconds):
            await self._ws.send_str(frame)

    def push(self, frame: str) -> None:
        """Queue a frame, or drop a page that doesn't keep up; it resumes with what it missed."""
        try:
            self._waiting.put_nowait(frame)
        except asyncio.QueueFull:
            log.info("web_chat_slow_reader_dropped")
            self.drop()

    async def write(self) -> None:
        """Send what waits, until cancelled or the page is gone."""
        try:
            while True:
                await self.send(await self._waiting.get())
        except (ConnectionError, TimeoutError):
            self.drop()

    async def close(self, code: WSCloseCode, reason: str = "") -> None:
        """Say goodbye; a page that doesn't answer is dropped."""
        try:
            async with asyncio.timeout(2.0):
                await self._ws.close(code=code, message=reason.encode())
        except (ConnectionError, TimeoutError):
            self.drop()

    def drop(self) -> None:
        """Cut the connection without waiting for anyone."""
        if self._request.transport is not None:
            self._request.transport.abort()
