"""Health for whoever watches the process."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from aiohttp import web

Ready = Callable[[], Awaitable[Sequence[str]]]
"""Names of what is missing before the bot can serve; empty when it is ready."""


class HealthPages:
    """`/health/live` says that the process runs, `/health/ready` that it can serve."""

    def __init__(self, ready: Ready) -> None:
        self._ready = ready

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/health/live", self.live), web.get("/health/ready", self.ready)]

    async def live(self, request: web.Request) -> web.Response:
        return web.json_response({"alive": True})

    async def ready(self, request: web.Request) -> web.Response:
        missing = list(await self._ready())
        return web.json_response({"ready": not missing, "missing": missing}, status=503 if missing else 200)
