"""A Bot API server on loopback: real HTTP, strict about what it is asked, with faults on demand."""

from __future__ import annotations

import asyncio
import itertools
import json
import mimetypes
import socket
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from tests.fakes.telegram.chats import Chat, Chats, Message, User
from tests.fakes.telegram.control import control
from tests.fakes.telegram.entities import Entity, detect
from tests.fakes.telegram.errors import ApiError
from tests.fakes.telegram.exchange import answer, read, route
from tests.fakes.telegram.faults import Fault, FaultKind, Faults
from tests.fakes.telegram.ledger import Call, Ledger, Tap
from tests.fakes.telegram.limits import Flood, Limits
from tests.fakes.telegram.methods import Methods
from tests.fakes.telegram.params import BY_LOWER
from tests.fakes.telegram.people import Group, Member, Speaker
from tests.fakes.telegram.updates import Updates
from tests.fakes.telegram.webhook import Webhook

TOKEN = "110201543:AAE-invented-token-for-tests-0000000"
"""In the shape of a token; nobody's."""
MAX_REQUEST = 51 * 2**20
"""Uploads go up to 50 MB: https://core.telegram.org/bots/api#sending-files"""
MAX_DOWNLOAD = 20 * 2**20
"""https://core.telegram.org/bots/api#getfile"""


@dataclass(slots=True)
class StoredFile:
    """A file that the server keeps; `size` is what it announces."""

    id: str
    path: str
    content: bytes
    size: int


class FakeTelegram:
    """The server and the people on its other side. `limits=None` lifts the flood limits."""

    def __init__(
        self,
        *,
        token: str = TOKEN,
        username: str = "vocero_test_bot",
        limits: Limits | None = None,
        port: int = 0,
        tap_lifetime: float = 30.0,
        first_update: int = 874_000_001,
        control: bool = False,
        local_webhooks: bool = False,
        webhook_pace: float = 0.05,
    ) -> None:
        """`local_webhooks` lets a webhook be at any port of this machine, over http; `webhook_pace` shortens
        the waits between its tries."""
        self.token, self.port, self.limits = token, port, limits
        self.bot = User(int(token.partition(":")[0]), "Vocero", username=username, is_bot=True)
        self.tap_lifetime = tap_lifetime
        self.joins_groups, self.hears_groups = True, False
        """What @BotFather was told: /setjoingroups, /setprivacy (which keeps the bot from hearing all)."""
        self.chats, self.ledger, self.faults = Chats(), Ledger(), Faults()
        self.updates = Updates(first_update)
        self.flood = Flood(limits)
        self.files: dict[str, StoredFile] = {}
        self.commands: dict[tuple[str, str], list[dict[str, str]]] = {}
        """Commands by scope (as sorted JSON) and language."""
        self.reactions: list[tuple[int, int, list[str]]] = []
        self.webhook = Webhook(self.updates, loopback=local_webhooks, pace=webhook_pace)
        self.updates.came = self.webhook.wake
        self.crashes: list[Exception] = []
        """What went wrong inside this server: never the bot's fault, raised on the way out."""
        self._methods = Methods(self)
        self._counter = itertools.count(1)
        self._control = control
        self._away: asyncio.Task[None] | None = None
        self._web: web.Server | None = None
        self._listener: asyncio.Server | None = None
        self._shut_door: socket.socket | None = None

    # The server's life

    async def __aenter__(self) -> Self:
        self._web = web.Server(self._handle, request_factory=self._request)
        await self._listen()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.updates.stop(ApiError(500, "Internal Server Error: restart"))
        self.webhook.delete()
        if self._away:
            self._away.cancel()
        await self._silence()
        if self._web:
            await self._web.shutdown(1.0)
        if self.crashes and error is None:
            raise ExceptionGroup("the fake server broke", self.crashes)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def base_url(self) -> str:
        """What a client puts before the token."""
        return f"{self.address}/bot"

    @property
    def file_url(self) -> str:
        """What a client puts before the token to download."""
        return f"{self.address}/file/bot"

    @asynccontextmanager
    async def offline(self) -> AsyncIterator[None]:
        """Refuse connections, and cut those that are open, until the block ends."""
        await self._silence(back_soon=True)
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
        loop = asyncio.get_running_loop()
        door, self._shut_door = self._shut_door or _door(self.port), None
        self._listener = await loop.create_server(self._web, sock=door, backlog=1024)
        self.port = self._listener.sockets[0].getsockname()[1]
        self.webhook.cut = False
        self.webhook.wake()

    async def _silence(self, *, back_soon: bool = False) -> None:
        self.webhook.cut = True
        if back_soon:  # bound but deaf: connections are refused, and nobody else is given the port meanwhile
            self._shut_door = _door(self.port)
        elif self._shut_door:
            self._shut_door.close()
            self._shut_door = None
        if self._listener:
            self._listener.close()
            self._listener = None
        if self._web:
            for connection in self._web.connections:
                if connection.transport:
                    connection.transport.abort()

    # People

    def member(
        self,
        id: int,
        first_name: str = "Ana",
        language_code: str = "es",
        *,
        username: str = "",
        last_name: str = "",
        started: bool = False,
    ) -> Member:
        """A person; the bot may write once they have written, or with `started`."""
        user = User(id, first_name, last_name, username, language_code)
        chat = Chat(id, "private", user=user, started=started)
        self.chats.by_id[id] = chat
        return Member(self, chat, user)

    def group(
        self,
        id: int,
        title: str = "Grupo",
        members: Iterable[User | Member] = (),
        *,
        forum: bool = False,
        bot_sees_all: bool = True,
    ) -> Group:
        """A group (its id is negative) with the bot in it."""
        assert id < 0, "Telegram gives groups negative ids"
        kind = "supergroup" if forum or str(id).startswith("-100") else "group"
        chat = Chat(id, kind, title=title, is_forum=forum, bot_sees_all=bot_sees_all)
        self.chats.by_id[id] = chat
        people = [m.user if isinstance(m, Member) else m for m in members]
        people = people or [User(700_000_000 - id % 1000, "Marta", language_code="es")]
        return Group(self, chat, {user.id: user for user in people})

    def say(
        self,
        chat: Chat,
        user: User,
        *,
        text: str = "",
        caption: str = "",
        media: dict[str, Any] | None = None,
        reply_to: Message | None = None,
        album: str = "",
        date: int = 0,
        thread: int = 0,
        as_chat: Chat | None = None,
        forwarded: bool = False,
        entities: list[Entity] | None = None,
    ) -> Message:
        """Someone says something; the bot hears it unless privacy mode keeps it out.

        What other bots say it never hears: https://core.telegram.org/bots/faq#what-messages-will-my-bot-get
        """
        assert not thread or thread in chat.topics, "there is no such topic"
        message = Message(
            chat,
            next(chat.ids),
            user,
            date or int(time.time()),
            text=text,
            caption=caption,
            entities=detect(text or caption) if entities is None else entities,
            media=media or {},
            reply_to=reply_to,
            album=album,
            thread=thread,
            as_chat=as_chat,
            forwarded=forwarded,
        )
        chat.messages[message.id] = message
        chat.started = True
        other_bot = user.is_bot and as_chat is None
        sees = chat.bot_sees_all or self.hears_groups or self.bot.id in chat.admins
        if user.id != self.bot.id and not other_bot and (sees or self._addresses_bot(message)):
            self.push("message", message.json())
        self.ledger.changed()
        return message

    def user(self, chat: Chat, person: int) -> User | None:
        """Somebody who is in a chat, or was heard there."""
        if person == self.bot.id:
            return self.bot
        known = [m.sender for m in chat.messages.values() if m.sender.id == person]
        alone = self.chats.by_id.get(person)
        known += [alone.user] if alone is not None and alone.user is not None else []
        return known[0] if known else (User(person, "Alguien") if person in chat.admins else None)

    def topic(self, group: Group, name: str) -> int:
        """A topic that somebody opens in a forum; its thread id."""
        assert group.chat.is_forum, "topics are for forums"
        opener = next(iter(group.members.values()))
        thread = next(group.chat.ids)
        group.chat.topics[thread] = {"name": name}
        group.chat.messages[thread] = Message(
            group.chat,
            thread,
            opener,
            int(time.time()),
            thread=thread,
            media={"forum_topic_created": {"name": name, "icon_color": 7322096}},
        )
        return thread

    def tap(self, user: User, message: Message, data: str) -> Tap:
        """Someone presses a button."""
        tap = Tap(str(4_000_000_000 + next(self._counter)), user, message, data, time.monotonic())
        self.ledger.taps.append(tap)
        self.push(
            "callback_query",
            {
                "id": tap.id,
                "from": user.json(),
                "message": message.json(),
                "chat_instance": str(abs(message.chat.id) * 7),
                "data": data,
            },
        )
        return tap

    def push(self, kind: str, content: dict[str, Any]) -> int | None:
        """Queue an update of one kind; its id, or None if the bot did not ask for the kind."""
        return self.updates.add(kind, content)

    def push_membership(self, chat: Chat, by: User, status: str) -> None:
        """Tell the bot that its own membership changed."""
        old = "member" if status == "kicked" else "kicked"

        def state(name: str) -> dict[str, Any]:
            return {"user": self.bot.json(), "status": name} | ({"until_date": 0} if name == "kicked" else {})

        self.push(
            "my_chat_member",
            {
                "chat": chat.json(),
                "from": by.json(),
                "date": int(time.time()),
                "old_chat_member": state(old),
                "new_chat_member": state(status),
            },
        )

    def prefill(self, lines: Iterable[tuple[int, str]]) -> int:
        """Many messages at once, as (member id, text); unknown members are made. How many there were."""
        count = 0
        for member_id, text in lines:
            chat = self.chats.by_id.get(member_id) or self.member(member_id, f"M{member_id}").chat
            assert chat.user
            self.say(chat, chat.user, text=text)
            count += 1
        return count

    def inject(self, raw: str | dict[str, Any]) -> int:
        """Any update as it is, readable or not; its id. `{update_id}` in a string is filled in."""
        return self.updates.inject(raw)

    def store(self, content: bytes, name: str, announced_size: int | None = None) -> StoredFile:
        """Keep a file; members' files and the bot's uploads alike."""
        number = next(self._counter)
        size = len(content) if announced_size is None else announced_size
        file = StoredFile(f"AgAC{number:08d}", f"documents/file_{number}_{name}", content, size)
        self.files[file.id] = file
        return file

    def speaker(self, chat_id: int, by: int | None = None) -> Speaker:
        """Whoever speaks in a chat, by id; in a group `by` says who (someone new if unknown)."""
        chat = self.chats.by_id[chat_id]
        if chat.user:
            return Speaker(self, chat, chat.user)
        return Speaker(self, chat, User(by or 700_000_000 - chat_id % 1000, "Marta", language_code="es"))

    # What goes wrong

    def fail(self, method: str, *, with_: Fault, times: int = 1, chat: int | None = None) -> None:
        """Let the next requests of a method (`*` for any) meet a fault."""
        self.faults.add(method, with_, times=times, chat=chat)

    async def wait_for(self, condition: Any, timeout: float = 10.0) -> None:
        """Wait until a condition on the ledger holds."""
        await self.ledger.wait_for(condition, timeout)

    # HTTP

    def _request(self, message: Any, payload: Any, protocol: Any, writer: Any, task: Any) -> web.BaseRequest:
        return web.BaseRequest(
            message,
            payload,
            protocol,
            writer,
            task,
            asyncio.get_running_loop(),
            client_max_size=MAX_REQUEST,
        )

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        kind, token, name = route(request.path)
        if kind == "control" and self._control:
            return await control(self, request, name)
        if kind not in ("bot", "file"):
            return answer(ApiError(404, "Not Found"))
        if token != self.token:
            known_shape = token.partition(":")[0].isdigit() and ":" in token
            return answer(ApiError(401, "Unauthorized") if known_shape else ApiError(404, "Not Found"))
        if kind == "file":
            return self._download(name)
        method = BY_LOWER.get(name.lower())
        if method is None:
            self.ledger.calls.append(Call(len(self.ledger.calls), _now(), name, {}, 404, "Not Found"))
            return answer(ApiError(404, "Not Found"))
        try:
            return await self._call(request, method)
        except (ConnectionError, asyncio.CancelledError):
            raise
        except Exception as error:
            self.crashes.append(error)
            raise

    async def _call(self, request: web.BaseRequest, method: str) -> web.StreamResponse:
        try:
            given = await read(request)
        except ConnectionError:
            raise
        except ValueError:
            return answer(ApiError(400, "Bad Request: can't read the request"))
        call = Call(len(self.ledger.calls), _now(), method, given)
        chat = given.get("chat_id")
        chat = int(chat) if isinstance(chat, str) and chat.lstrip("-").isdigit() else chat
        fault = self.faults.take(method, chat) if self.faults.scripts else None
        if method != "getUpdates":
            self.ledger.calls.append(call)
        if fault and fault.kind is FaultKind.DROP_BEFORE:
            return self._drop(request, call)
        if fault and fault.kind is FaultKind.DELAY_BEFORE:
            await asyncio.sleep(fault.seconds)
        if fault and fault.kind is FaultKind.STATUS:
            return await self._finish(
                request, call, web.Response(status=fault.code, text="gateway trouble"), ours=False
            )
        try:
            if fault and fault.kind is FaultKind.REFUSE:
                raise fault.error()
            result = await self._methods.call(method, given, call)
        except ApiError as error:
            call.error = error.description
            return await self._finish(request, call, answer(error))
        self.ledger.changed()
        if fault and fault.kind is FaultKind.DROP_AFTER:
            return self._drop(request, call)
        if fault and fault.kind is FaultKind.DELAY:
            await asyncio.sleep(fault.seconds)
        if fault and fault.kind is FaultKind.PROCESSED_THEN_STATUS:
            return await self._finish(
                request, call, web.Response(status=fault.code, text="gateway trouble"), ours=False
            )
        if fault and fault.kind is FaultKind.GARBAGE:
            return await self._finish(request, call, web.Response(text="<html>"), ours=False)
        body = result if isinstance(result, bytes) else json.dumps(result, ensure_ascii=False).encode()
        response = web.Response(body=b'{"ok":true,"result":' + body + b"}", content_type="application/json")
        return await self._finish(request, call, response)

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

    def _drop(self, request: web.BaseRequest, call: Call) -> web.StreamResponse:
        if request.transport:
            request.transport.abort()
        self.ledger.changed()
        return web.Response(status=500)

    def _download(self, path: str) -> web.StreamResponse:
        for file in self.files.values():
            if file.path == path and len(file.content) <= MAX_DOWNLOAD:
                mime = mimetypes.guess_type(path)[0] or "application/octet-stream"
                return web.Response(body=file.content, content_type=mime)
        return answer(ApiError(404, "Not Found"))

    def _addresses_bot(self, message: Message) -> bool:
        """What a bot hears in privacy mode: https://core.telegram.org/bots/features#privacy-mode"""
        name = self.bot.username.lower()
        if message.reply_to and message.reply_to.sender.id == self.bot.id:
            return True
        text = message.plain.lower()
        if text.startswith("/"):
            command = text.split()[0]
            return "@" not in command or command.endswith(f"@{name}")
        return f"@{name}" in text or "migrate_to_chat_id" in message.media


def _door(port: int) -> socket.socket:
    """A socket that has the port; two of ours may, so that one can take over from the other without a gap."""
    door = socket.socket()
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    door.setblocking(False)
    door.bind(("127.0.0.1", port))
    return door


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _now() -> float:
    return asyncio.get_running_loop().time()
