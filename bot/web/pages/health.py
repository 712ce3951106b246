"""Health for whoever watches the process."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence

from aiohttp import web

from bot.channels.state import ChannelState

Ready = Callable[[], Awaitable[Sequence[str]]]
"""Names of what is missing before the bot can serve; empty when it is ready."""

Channels = Callable[[], Mapping[str, ChannelState]]
"""How each channel stands with its platform, by the platform's name."""


class HealthPages:
    """`/health/live` says that the process runs, `/health/ready` that it can serve.

    A platform that is away or refuses us leaves the bot ready, but degraded: it serves the others, and a
    restart would mend nothing.
    """

    def __init__(
        self, ready: Ready, channels: Channels = dict, degraded: Callable[[], Sequence[str]] = tuple
    ) -> None:
        """`degraded` names what else is not as it should be."""
        self._ready, self._channels, self._degraded = ready, channels, degraded

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/health/live", self.live), web.get("/health/ready", self.ready)]

    async def live(self, request: web.Request) -> web.Response:
        return web.json_response({"alive": True})

    async def ready(self, request: web.Request) -> web.Response:
        missing = list(await self._ready())
        channels = self._channels()
        told = {
            "ready": not missing,
            "missing": missing,
            "degraded": sorted(
                {*self._degraded(), *(name for name, state in channels.items() if not state.is_up)}
            ),
            "channels": {
                name: {
                    "state": state.condition.value,
                    "since": state.since.isoformat(timespec="seconds"),
                    "trouble": state.kind,
                }
                for name, state in channels.items()
            },
        }
        return web.json_response(told, status=503 if missing else 200)
