"""discord.py's client: settings say where it connects, it keeps no messages, and repeats no send."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import aiohttp
import discord
import structlog
import yarl
from discord.backoff import ExponentialBackoff
from discord.gateway import DiscordWebSocket
from discord.http import HTTPClient, Route
from discord.state import AutoShardedConnectionState, ConnectionState

log = structlog.get_logger(__name__)

API_URL = Route.BASE
CDN_URL = "https://cdn.discordapp.com"
SEND_SECONDS = 20.0
"""Longest time of one request that is made once, waiting for a rate limit included."""
PATIENCE = 4.0
"""Seconds that a request may wait for a rate limit before it is put back: until then it takes the place of
other sends, on whatever platform."""
LONGEST_WAIT = 30.0
"""Seconds that discord.py waits for a rate limit; its own least value."""
_REPEATED = frozenset({500, 502, 504, 524})
"""Answers on which discord.py sends once more, whatever it was: `HTTPClient.request`."""
_RESET = frozenset({54, 10054})
"""The same for these errors of the operating system."""

LONGEST_PAUSE = 15.0
"""Seconds between tries to connect; the library's own pauses grow to 17 minutes."""

discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False  # nobody speaks by voice here
logging.getLogger("discord").setLevel(logging.CRITICAL)  # its lines carry tokens; ours tell enough

Hear = Callable[[str, Any], None]
"""Told the name and the raw payload of each event that concerns us, in the gateway's order."""


class NotSent(Exception):
    """The request surely did not reach Discord; try again after `seconds`."""

    def __init__(self, what: str, seconds: float = 0.0) -> None:
        super().__init__(what)
        self.seconds = seconds


class Unsure(Exception):
    """The request may have reached Discord."""


@dataclass(slots=True)
class _Attempt:
    """One request that is made once: whether any of it has left."""

    left: bool = False


class _Fault(Exception):
    """An answer that says nothing about what became of the request."""


class Http(HTTPClient):
    """discord.py's requests and rate limits, against the addresses of the settings."""

    def __init__(self, loop: asyncio.AbstractEventLoop, *, api_url: str, gateway_url: str) -> None:
        super().__init__(loop, http_trace=_tracing(), max_ratelimit_timeout=LONGEST_WAIT)
        self._api_url, self._gateway_url = api_url.rstrip("/"), gateway_url

    async def request(self, route: Route, **kwargs: Any) -> Any:
        """As inherited, at our address."""
        if route.url.startswith(Route.BASE):
            route.url = self._api_url + route.url.removeprefix(Route.BASE)
        return await super().request(route, **kwargs)

    async def once(self, route: Route, *, seconds: float = SEND_SECONDS, **kwargs: Any) -> Any:
        """Make a request that the library must not repeat.

        Raises NotSent, Unsure, or discord.HTTPException where Discord refused it.
        """
        attempt = _Attempt()
        try:
            async with asyncio.timeout(seconds) as limit:
                hurry = self.loop.call_later(PATIENCE, _give_up, attempt, limit)
                try:
                    return await self.request(route, trace_request_ctx=attempt, **kwargs)
                finally:
                    hurry.cancel()
        except discord.RateLimited as error:
            raise NotSent("a rate limit", error.retry_after) from None
        except discord.DiscordServerError as error:
            raise Unsure(f"HTTP {error.status}") from None
        except discord.HTTPException as error:
            if error.status == 429:
                raise NotSent("Discord refuses all requests for a while", 60.0) from None
            raise
        except (TimeoutError, OSError, aiohttp.ClientError, _Fault) as error:
            what = str(error) if isinstance(error, _Fault) else type(error).__name__
            raise (Unsure(what) if attempt.left else NotSent(what, 2.0)) from None
        except ValueError as error:  # an answer that is no JSON
            raise Unsure(type(error).__name__) from None

    async def ws_connect(self, url: str, *, compress: int = 0) -> aiohttp.ClientWebSocketResponse:
        """As inherited, at the gateway of our settings, or the one that our API names."""
        asked = yarl.URL(url)
        if self._gateway_url:
            url = str(yarl.URL(self._gateway_url).with_query(asked.query))
        elif self._api_url != API_URL and asked.host == DiscordWebSocket.DEFAULT_GATEWAY.host:
            found = await self.request(Route("GET", "/gateway"))
            url = str(yarl.URL(found["url"]).with_query(asked.query))
        return await super().ws_connect(url, compress=compress)


def _give_up(attempt: _Attempt, limit: asyncio.Timeout) -> None:
    """End a request of which nothing has left yet."""
    if not attempt.left:
        limit.reschedule(asyncio.get_running_loop().time())


class _Pauses(ExponentialBackoff[Any]):
    """The library's pauses between tries to connect, but never long."""

    def delay(self) -> Any:
        return min(super().delay(), LONGEST_PAUSE)


for _module in (discord.client, discord.shard):
    vars(_module)["ExponentialBackoff"] = _Pauses  # they take no other


class _Hearing:
    """Hands on raw payloads in the gateway's order, before the library would make objects of them.

    One that the library cannot read would end its connection; here each is read by itself.
    """

    hear: Hear

    def parse_message_create(self, data: Any) -> None:
        self.hear("MESSAGE_CREATE", data)

    def parse_message_update(self, data: Any) -> None:
        self.hear("MESSAGE_UPDATE", data)

    def parse_message_delete(self, data: Any) -> None:
        self.hear("MESSAGE_DELETE", data)

    def parse_message_delete_bulk(self, data: Any) -> None:
        self.hear("MESSAGE_DELETE_BULK", data)

    def parse_interaction_create(self, data: Any) -> None:
        self.hear("INTERACTION_CREATE", data)

    def parse_ready(self, data: Any) -> None:
        super().parse_ready(data)  # type: ignore[misc]  # the state that this is mixed into
        self.hear("READY", data)

    def parse_resumed(self, data: Any) -> None:
        super().parse_resumed(data)  # type: ignore[misc]  # as above
        self.hear("RESUMED", data)

    def parse_guild_create(self, data: Any) -> None:
        super().parse_guild_create(data)  # type: ignore[misc]  # as above
        self.hear("GUILD_CREATE", data)

    def parse_thread_create(self, data: Any) -> None:
        super().parse_thread_create(data)  # type: ignore[misc]  # as above
        self.hear("THREAD_CREATE", data)

    def parse_channel_create(self, data: Any) -> None:
        super().parse_channel_create(data)  # type: ignore[misc]  # as above
        self.hear("CHANNEL_CREATE", data)


class _State(_Hearing, ConnectionState[Any]):
    pass


class _ShardedState(_Hearing, AutoShardedConnectionState[Any]):
    pass


class _Linked:
    """The client's part: our requests in place of the library's, and a state that hands events on."""

    http: Http
    loop: asyncio.AbstractEventLoop
    dispatch: Any
    _handlers: Any
    _hooks: Any
    _connection: Any
    _state_of: type[_State] | type[_ShardedState]

    def __init__(self, *, hear: Hear, api_url: str, gateway_url: str, **options: Any) -> None:
        self._hear, self._api_url, self._gateway_url = hear, api_url, gateway_url
        super().__init__(**options)

    def _get_state(self, **options: Any) -> Any:
        self.http = Http(self.loop, api_url=self._api_url, gateway_url=self._gateway_url)
        state = self._state_of(
            dispatch=self.dispatch, handlers=self._handlers, hooks=self._hooks, http=self.http, **options
        )
        state.hear = self._hear
        return state

    async def on_ready(self) -> None:
        """All servers are known, or so it seems."""
        self._hear("SETTLED", None)

    async def on_disconnect(self) -> None:
        """The gateway went away; the library connects again by itself."""
        self._hear("DISCONNECTED", None)

    async def on_error(self, event_method: str, /, *args: Any, **kwargs: Any) -> None:
        """Something broke in one of these; its words may be a member's."""
        log.error("discord.event_failed", name=event_method)

    async def close(self) -> None:
        """As inherited, without a word after it of servers that were still awaited."""
        waiting = self._connection._ready_task
        if waiting is not None:
            waiting.cancel()
        await super().close()  # type: ignore[misc]  # the client that this is mixed into


class Link(_Linked, discord.Client):
    """One connection to the gateway."""

    http: Http
    _state_of = _State


class ShardedLink(_Linked, discord.AutoShardedClient):
    """As many connections as Discord asks for, or as the setting says."""

    http: Http
    _state_of = _ShardedState


AnyLink = Link | ShardedLink


def open_link(
    hear: Hear, *, api_url: str, gateway_url: str, shards: str, content: bool, settled: float
) -> AnyLink:
    """A client that is not yet connected.

    `content` asks for the text of messages that don't speak to us. `settled`: so many seconds after the last
    server the client is ready.
    """
    intents = discord.Intents(guilds=True, guild_messages=True, dm_messages=True, message_content=content)
    options: dict[str, Any] = {
        "hear": hear,
        "api_url": api_url,
        "gateway_url": gateway_url,
        "intents": intents,
        "max_messages": None,
        "member_cache_flags": discord.MemberCacheFlags.none(),
        "chunk_guilds_at_startup": False,
        "allowed_mentions": discord.AllowedMentions.none(),
        "guild_ready_timeout": settled,
    }
    if not shards:
        return Link(**options)
    if shards != "auto":
        options["shard_count"] = int(shards)
    return ShardedLink(**options)


def _tracing() -> aiohttp.TraceConfig:
    """Tells attempts how far they came, and ends them where the library would repeat them."""
    config = aiohttp.TraceConfig()

    async def headers_sent(_session: Any, context: Any, _params: Any) -> None:
        if context.trace_request_ctx is not None:
            context.trace_request_ctx.left = True

    async def ended(_session: Any, context: Any, params: Any) -> None:
        if context.trace_request_ctx is None:
            return
        if params.response.status == 429:
            context.trace_request_ctx.left = False  # it was refused, and the library waits
        elif params.response.status in _REPEATED:
            params.response.close()
            raise _Fault(f"HTTP {params.response.status}")

    async def failed(_session: Any, context: Any, params: Any) -> None:
        if context.trace_request_ctx is not None and getattr(params.exception, "errno", None) in _RESET:
            raise _Fault("the connection was reset")

    config.on_request_headers_sent.append(headers_sent)
    config.on_request_end.append(ended)
    config.on_request_exception.append(failed)
    return config
