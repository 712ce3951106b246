"""`/metrics` for Prometheus: for this machine only, or for whoever has the token."""

from __future__ import annotations

import asyncio
import hmac
import importlib
from collections.abc import Awaitable, Callable

from aiohttp import web

from bot.channels.web import Gate
from bot.metrics import Meter, Snapshot, render

Look = Callable[[], Awaitable[Snapshot]]
"""What is so at the moment."""


class MetricsPage:
    """Without a `token` only this very machine may read, through no proxy; with one, whoever shows it."""

    def __init__(self, meter: Meter, look: Look, gate: Gate, token: str = "") -> None:
        self._meter, self._look, self._gate, self._token = meter, look, gate, token

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/metrics", self.show)]

    async def show(self, request: web.Request) -> web.Response:
        """The figures; 401 for a wrong token, 403 for another machine where no token is set."""
        if self._token:
            given = request.headers.get("Authorization", "").encode("utf-8", "surrogateescape")
            if not hmac.compare_digest(given, f"Bearer {self._token}".encode()):
                return web.Response(status=401, headers={"WWW-Authenticate": "Bearer"})
        elif not self._gate.is_local(request):
            return web.Response(status=403)
        await asyncio.to_thread(importlib.import_module, "prometheus_client")  # slow the first time
        body, media_type = render(self._meter, await self._look())
        return web.Response(body=body, headers={"Content-Type": media_type, "Cache-Control": "no-store"})
