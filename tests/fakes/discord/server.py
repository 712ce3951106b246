"""Discord on loopback: real HTTP and WebSocket, strict about what it is asked, with faults on demand."""

from __future__ import annotations

import asyncio
import base64
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from tests.fakes.discord import rest
from tests.fakes.discord.cdn import Attachment, Cdn
from tests.fakes.discord.control import control
from tests.fakes.discord.errors import ApiError, plain
from tests.fakes.discord.exchange import Ask, answer, gateway_trouble, read, shape, success
from tests.fakes.discord.faults import Fault, FaultKind, Faults
from tests.fakes.discord.gateway import PRIVILEGED, Gateway, Intent
from tests.fakes.discord.ledger import Asked, Call, Ledger
from tests.fakes.discord.limits import Limits, Rates
from tests.fakes.discord.model import Channel, Message, User
from tests.fakes.discord.nonces import Nonces
from tests.fakes.discord.servers import Stage
from tests.fakes.discord.snowflake import Snowflakes
from tests.fakes.discord.world import World

BOT_ID = 1_100_000_000_000_000_001
TOKEN = base64.b64encode(str(BOT_ID).encode()).decode().rstrip("=") + ".GinvenT.ed-token-for-tests-000000000"
"""In the shape of a token; nobody's."""
MAX_REQUEST = 110 * 2**20
UPLOAD = 10 * 2**20
"""https://discord.com/developers/docs/reference#uploading-files"""
FLAGS = {
    Intent.GUILD_PRESENCES: 1 << 13,
    Intent.GUILD_MEMBERS: 1 << 15,
    Intent.MESSAGE_CONTENT: 1 << 19,
}
"""Flags of an application of fewer than 100 guilds, by the privileged intent that is enabled for it."""
API = "/api/v10"


class FakeDiscord(Stage):
    """The server and the people on its other side. `limits=None` lifts the rate limits.

    `privileged` are the privileged intents that are enabled for the application.
    """

    def __init__(
        self,
        *,
        token: str = TOKEN,
        limits: Limits | None = None,
        port: int = 0,
        privileged: Intent = PRIVILEGED,
        shards: int = 1,
        control: bool = False,
    ) -> None:
        self.token, self.port, self.limits, self.privileged = token, port, limits, privileged
        self.shards = shards
        """How many shards GET /gateway/bot recommends."""
        self.ids = Snowflakes()
        self.bot = User(BOT_ID, "vocero", "Vocero", is_bot=True)
        self.owner = User(self.ids.next(), "duena", "Dueña")
        self.application_id = BOT_ID
        self.cdn, self.ledger, self.faults, self.nonces = Cdn(), Ledger(), Faults(), Nonces()
        self.rates = Rates(limits)
        self.world = World(self)
        self.world.users = {self.bot.id: self.bot, self.owner.id: self.owner}
        self.gateway = Gateway(self)
        self.max_upload = UPLOAD
        self.answer_within = 3.0
        """Seconds for the first answer to an interaction."""
        self.token_lifetime = 900.0
        """Seconds that an interaction's token lives."""
        self.max_threads = 1000
        """Most active threads of a guild."""
        self.commands: dict[int, list[dict[str, Any]]] = {}
        """Application commands by guild, the global ones under 0."""
        self.interactions: dict[str, Asked] = {}
        """By token."""
        self.crashes: list[Exception] = []
        """What went wrong inside this server: never the bot's fault, raised on the way out."""
        self._control = control
        self._away: asyncio.Task[None] | None = None
        self._web: web.Server | None = None
        self._listener: asyncio.Server | None = None
        self._hold: socket.socket | None = None

    # The server's life

    async def __aenter__(self) -> Self:
        self._web = web.Server(self._handle, request_factory=self._request)
        self._hold = _bound(self.port)
        self.port = self._hold.getsockname()[1]
        await self._listen()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._away:
            self._away.cancel()
        await self._silence()
        if self._web:
            await self._web.shutdown(1.0)
        if self._hold:
            self._hold.close()
        if self.crashes and error is None:
            raise ExceptionGroup("the fake server broke", self.crashes)
        if self.ledger.unknown and error is None:
            raise AssertionError(f"the bot asked for what this server does not know: {self.ledger.unknown}")

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def api_url(self) -> str:
        """What stands before the path of a route."""
        return self.address + API

    @property
    def gateway_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/gateway"

    @property
    def cdn_url(self) -> str:
        """Where files are."""
        return f"{self.address}/cdn"

    @property
    def application_flags(self) -> int:
        return sum(flag for intent, flag in FLAGS.items() if self.privileged & intent)

    @property
    def content_allowed(self) -> bool:
        """The message-content intent is enabled for the application."""
        return bool(self.privileged & Intent.MESSAGE_CONTENT)

    async def listened(self, timeout: float = 10.0) -> None:
        """Return once a bot is connected and has its READY."""
        await self.ledger.wait_for(lambda _: bool(self.gateway.listening), timeout)

    @asynccontextmanager
    async def offline(self) -> AsyncIterator[None]:
        """Refuse connections, and cut those that are open, until the block ends."""
        await self._silence()
        for _ in range(5):  # turns of the loop in which a client in this process sees its connection go
            await asyncio.sleep(0)
        try:
            yield
        finally:
            await self._listen()

    def go_offline(self, seconds: float) -> None:
        """Be offline for some seconds from the next turn of the loop on."""

        async def away() -> None:
            await asyncio.sleep(0.05)  # whoever asked for it shall have the answer
            async with self.offline():
                await asyncio.sleep(seconds)

        self._away = asyncio.get_running_loop().create_task(away())

    async def _listen(self) -> None:
        assert self._web
        self._listener = await asyncio.get_running_loop().create_server(
            self._web, "127.0.0.1", self.port, reuse_port=True, backlog=1024
        )
        self.cdn.base = self.cdn_url

    async def _silence(self) -> None:
        if self._listener:
            self._listener.close()
            self._listener = None
        if self._web:
            for connection in self._web.connections:
                if connection.transport:
                    connection.transport.abort()

    # What goes wrong

    def fail(self, method: str, *, with_: Fault, times: int = 1, channel: int | None = None) -> None:
        """Let the next requests of a route (by Discord's name for it; `*` for any) meet a fault.

        `gateway` and `cdn` are connections to those; they know drop_before, status and delay_before.
        """
        self.faults.add(method, with_, times=times, channel=channel)

    async def wait_for(self, condition: Callable[[Ledger], bool], timeout: float = 10.0) -> None:
        """Wait until a condition on the ledger holds."""
        await self.ledger.wait_for(condition, timeout)

    # What happens to messages

    def react(self, message: Message, emoji: str, user: User) -> None:
        """Somebody reacts to a message."""
        users = message.reactions.setdefault(emoji, [])
        if user.id in users:
            return
        users.append(user.id)
        self._tell_reaction("MESSAGE_REACTION_ADD", message, emoji, user)

    def unreact(self, message: Message, emoji: str, user: User) -> None:
        """Somebody takes a reaction back."""
        users = message.reactions.get(emoji, [])
        if user.id not in users:
            return
        users.remove(user.id)
        if not users:
            del message.reactions[emoji]
        self._tell_reaction("MESSAGE_REACTION_REMOVE", message, emoji, user)

    def _tell_reaction(self, event: str, message: Message, emoji: str, user: User) -> None:
        guild = message.channel.guild
        data: dict[str, Any] = {
            "user_id": str(user.id),
            "channel_id": str(message.channel.id),
            "message_id": str(message.id),
            "message_author_id": str(message.author.id),
            "emoji": {"id": None, "name": emoji},
            "burst": False,
            "type": 0,
        }
        if guild:
            data["guild_id"] = str(guild.id)
            if event.endswith("ADD") and user.id in guild.members:
                data["member"] = guild.members[user.id].json()
        intent = Intent.GUILD_MESSAGE_REACTIONS if guild else Intent.DIRECT_MESSAGE_REACTIONS
        self.gateway.dispatch(event, data, channel=message.channel, intent=intent)

    def tell_thread(self, event: str, thread: Channel, **more: Any) -> None:
        """Tell the gateway about a thread."""
        self.gateway.dispatch(event, thread.json(self.bot) | more, channel=thread)

    def join_thread(self, thread: Channel, user: User) -> None:
        """Someone becomes a member of a thread, if they are not."""
        guild = thread.guild
        if user.id in thread.members or guild is None or user.id not in guild.members:
            return
        saw = self.world.bot_sees(thread)
        thread.members[user.id] = time.time()
        if user is self.bot and not saw:
            self.tell_thread("THREAD_CREATE", thread)
        self._tell_members(thread, added=[user], removed=[])

    def leave_thread(self, thread: Channel, user: User) -> None:
        """Someone is a member of a thread no more."""
        if user.id in thread.members:
            self._tell_members(thread, added=[], removed=[user])
            del thread.members[user.id]

    def _tell_members(self, thread: Channel, *, added: list[User], removed: list[User]) -> None:
        guild = thread.guild
        assert guild
        data: dict[str, Any] = {
            "id": str(thread.id),
            "guild_id": str(guild.id),
            "member_count": len(thread.members) - len(removed),
        }
        if added:
            data["added_members"] = [
                thread.member_json(user.id) | {"member": guild.members[user.id].json(), "presence": None}
                for user in added
            ]
        if removed:
            data["removed_member_ids"] = [str(user.id) for user in removed]
        mine = self.bot in (*added, *removed)
        intent = Intent.GUILDS if mine else Intent.GUILD_MEMBERS
        self.gateway.dispatch("THREAD_MEMBERS_UPDATE", data, channel=thread, intent=intent)

    # HTTP

    def _request(self, message: Any, payload: Any, protocol: Any, writer: Any, task: Any) -> web.BaseRequest:
        loop = asyncio.get_running_loop()
        return web.BaseRequest(message, payload, protocol, writer, task, loop, client_max_size=MAX_REQUEST)

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        path = request.rel_url.raw_path
        try:
            if path.startswith(API):
                return await self._api(request, path[len(API) :])
            if path.rstrip("/") == "/gateway":
                return await self._troubled(request, "gateway") or await self.gateway.serve(request)
            if path.startswith("/cdn/"):
                return await self._troubled(request, "cdn") or self._download(request)
            if path.startswith("/control/") and self._control:
                return await control(self, request, path[9:])
        except (ConnectionError, asyncio.CancelledError):
            raise
        except Exception as error:
            self.crashes.append(error)
            raise
        return answer(plain(404, "Not Found"))

    async def _troubled(self, request: web.BaseRequest, name: str) -> web.StreamResponse | None:
        """The fault of a connection to `gateway` or `cdn`, if a script has one."""
        fault = self.faults.take(name, 0) if self.faults.scripts else None
        if fault is None:
            return None
        if fault.kind is FaultKind.DROP_BEFORE:
            return self._drop(request)
        if fault.kind is FaultKind.STATUS:
            return gateway_trouble(fault.code)
        assert fault.kind is FaultKind.DELAY_BEFORE, f"{fault.kind} is nothing that happens to a {name}"
        await asyncio.sleep(fault.seconds)
        return None

    async def _api(self, request: web.BaseRequest, path: str) -> web.StreamResponse:
        if self.rates.banned:
            return web.Response(status=429, text="error code: 1015", content_type="text/html")
        pattern, ids, words = shape(request.method, path)
        found = rest.ROUTES.get(pattern)
        name = found.name if found else f"{request.method} {path}"
        ask = Ask(ids, words)
        call = ask.call = Call(len(self.ledger.calls), asyncio.get_running_loop().time(), name, path)
        self.ledger.calls.append(call)
        headers: dict[str, str] = {}
        fault = self.faults.take(name, ids[0] if ids else 0) if self.faults.scripts else None
        if fault and fault.kind is FaultKind.DROP_BEFORE:
            return self._drop(request)
        if fault and fault.kind is FaultKind.DELAY_BEFORE:
            await asyncio.sleep(fault.seconds)
        if fault and fault.kind is FaultKind.STATUS:
            return await self._finish(request, call, gateway_trouble(fault.code), ours=False)
        try:
            if found is None:
                self.ledger.unknown.append(name)
                raise plain(404, "Not Found")
            if not found.by_token and request.headers.get("Authorization") != f"Bot {self.token}":
                raise plain(401, "Unauthorized")
            if fault and fault.kind in (FaultKind.REFUSE, FaultKind.TOO_MANY):
                raise fault.error()
            major = words[0] if found.by_token else str(ids[0] if ids else "")
            headers = self.rates.spend(name, major, counts=not found.by_token)
            await read(request, ask)
            call.body = ask.body or {"items": ask.items} if ask.items else ask.body
            result = await found.handler(self, ask)
        except ApiError as error:
            call.error, call.code = str(error), error.code
            self.rates.note(error.status, error)
            error.headers = headers | error.headers
            return await self._finish(request, call, answer(error))
        self.ledger.changed()
        if fault and fault.kind is FaultKind.DROP_AFTER:
            return self._drop(request)
        if fault and fault.kind is FaultKind.DELAY:
            await asyncio.sleep(fault.seconds)
        if fault and fault.kind is FaultKind.PROCESSED_THEN_STATUS:
            return await self._finish(request, call, gateway_trouble(fault.code), ours=False)
        if fault and fault.kind is FaultKind.GARBAGE:
            return await self._finish(request, call, web.Response(text="<html>"), ours=False)
        return await self._finish(request, call, success(result, headers))

    async def _finish(
        self, request: web.BaseRequest, call: Call, response: web.Response, *, ours: bool = True
    ) -> web.StreamResponse:
        """Write the answer here, so that the ledger knows whether it went out; some answers are not ours."""
        call.status = response.status
        if request.transport is None or request.transport.is_closing():
            return response
        await response.prepare(request)
        await response.write_eof()
        call.answered = ours and request.transport is not None and not request.transport.is_closing()
        self.ledger.changed()
        return response

    def _drop(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.transport:
            request.transport.abort()
        self.ledger.changed()
        return web.Response(status=500)

    def _download(self, request: web.BaseRequest) -> web.StreamResponse:
        path = request.rel_url.raw_path.removeprefix("/cdn")
        file: Attachment | None = self.cdn.find(path, request.rel_url.raw_query_string)
        if file is None:
            return web.Response(status=404, text="This content is no longer available.")
        return web.Response(body=file.content, content_type=file.content_type)


def _bound(port: int) -> socket.socket:
    """A socket that keeps the port ours while nobody listens: others cannot take it, clients are refused."""
    hold = socket.socket()
    hold.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    hold.bind(("127.0.0.1", port))
    return hold
