"""The web chat as a channel: a WebSocket in, committed before it is acknowledged; messages out, resumable."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import secrets
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import UTC, datetime

import structlog
from aiohttp import WSCloseCode, web

from bot.catalogue.commands import canonical
from bot.channels.base import ALWAYS_HARMLESS, Doubt, Intake
from bot.channels.markup import plain, web_html
from bot.channels.state import ChannelState
from bot.channels.web import frames
from bot.channels.web.gate import Gate, household
from bot.channels.web.limits import Limits, Window
from bot.channels.web.media import MediaFolder
from bot.channels.web.ports import Item, Sessions, Transcript
from bot.channels.web.socket import Socket
from bot.domain import (
    Account,
    Delivery,
    Inbound,
    InboundKind,
    Lang,
    Outgoing,
    PlaceKind,
    PlaceRef,
    Platform,
    Receipt,
    Sender,
)
from bot.errors import ChannelError

log = structlog.get_logger(__name__)


class WebChannel:
    """The brand's web chat; its server calls `connect` for each WebSocket."""

    platform: Platform = Platform.WEB

    def __init__(
        self,
        *,
        transcript: Transcript,
        sessions: Sessions,
        gate: Gate,
        media: MediaFolder | None = None,
        limits: Limits | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._transcript, self._sessions, self._gate = transcript, sessions, gate
        self._media, self._now = media, now
        self.limits = limits or Limits()
        self._intake: Intake | None = None
        self.state = ChannelState()
        self._open: dict[str, set[Socket]] = {}
        self._all: set[Socket] = set()
        self._per_address: Counter[str] = Counter()
        self._pace = Window(self.limits.messages, self.limits.window)
        self._new = Window(self.limits.sessions_per_address, 3600.0)
        self._address_pace = Window(self.limits.messages_per_address, 60.0)
        self._handshakes = Window(self.limits.handshakes_per_address, 60.0)

    @property
    def account(self) -> Account:
        """There is one web chat an instance."""
        return Account(Platform.WEB, "local")

    @property
    def is_open(self) -> bool:
        """Whether members can write."""
        return self._intake is not None

    async def run(self, intake: Intake) -> None:
        """Take messages until cancelled, then tell every page to come back."""
        self._intake = intake
        self.state.up()
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            self._intake = None
            await self.part()

    async def part(self) -> None:
        """Tell every open page to come back later."""
        await asyncio.gather(*(socket.close(WSCloseCode.GOING_AWAY) for socket in tuple(self._all)))

    async def send(self, place: PlaceRef, message: Outgoing, *, nonce: str) -> Receipt:
        """Push to the member's open pages. `nonce` is the message's id; who is away gets it on resuming."""
        sockets = self._open.get(place.external_id)
        if sockets:
            frame = frames.message(await self._shown(place.external_id, message, nonce))
            for socket in tuple(sockets):
                socket.push(frame)
        return Receipt(Delivery.SENT, external_id=nonce)

    def doubt(self, message: Outgoing) -> Doubt:
        """Pages know each message by its number."""
        return ALWAYS_HARMLESS

    async def find(
        self, place: PlaceRef, message: Outgoing, *, since: datetime, known: Collection[str]
    ) -> str | None:
        """Never asked: to send once more does no harm."""
        raise ChannelError("The web chat keeps no history of its own.")

    async def typing(self, place: PlaceRef) -> None:
        """Tell the member's open pages that an answer is on its way."""
        for socket in tuple(self._open.get(place.external_id, ())):
            socket.push(frames.typing())

    async def fetch(self, ref: str, *, limit: int) -> bytes:
        """Members send no files here."""
        raise ChannelError("The web chat takes no files.", where=ref)

    def split(self, message: Outgoing) -> tuple[Outgoing, ...]:
        """The message whole: a page scrolls, and tells messages apart by an id that parts would share."""
        return (message,)

    async def owns_file(self, session: str, secret: str, attachment_id: int) -> bool:
        """Whether a file was sent to this session, and the secret is the session's."""
        if not await self._sessions.verify(self.account, session, _sha256(secret)):
            return False
        items = await self._history(session, 0)
        return any(attachment_id == file[0] for item in items for file in item.files)

    async def connect(self, request: web.Request) -> web.StreamResponse:
        """Handle one WebSocket at `/chat/ws`, from handshake to goodbye."""
        if not self._gate.welcomes(request):
            raise web.HTTPForbidden(text="This page may not use the chat.")
        if self._intake is None or len(self._all) >= self.limits.sockets:
            raise web.HTTPServiceUnavailable(headers={"Retry-After": "5"})
        address = household(self._gate.address(request))
        if self._per_address[address] >= self.limits.sockets_per_address or self._handshakes.take(address):
            raise web.HTTPTooManyRequests(headers={"Retry-After": "30"})
        ws = web.WebSocketResponse(
            heartbeat=self.limits.heartbeat, max_msg_size=self.limits.frame_bytes, compress=False
        )
        await ws.prepare(request)
        socket = Socket(request, ws, address, self.limits)
        self._all.add(socket)
        self._per_address[address] += 1
        try:
            await self._attend(socket)
        finally:
            self._forget(socket)
        return ws

    async def _attend(self, socket: Socket) -> None:
        data = await socket.receive(self.limits.hello_seconds)
        hello = frames.read(data) if data is not None else None
        if not isinstance(hello, frames.Hello):
            await socket.close(WSCloseCode.POLICY_VIOLATION, "hello first")
            return
        try:
            await self._greet(socket, hello)
        except (ConnectionError, TimeoutError):
            return
        except Exception as error:  # whatever ails the store, the page is told to come back
            log.error("web_chat_greeting_failed", error=type(error).__name__)
            await socket.close(WSCloseCode.TRY_AGAIN_LATER)
            return
        async with asyncio.TaskGroup() as tasks:
            writer = tasks.create_task(socket.write())
            await self._listen(socket)
            writer.cancel()

    async def _greet(self, socket: Socket, hello: frames.Hello) -> None:
        """Open or resume a session. Pages are registered before the history is read, so that nothing falls
        between the two; a message that comes both ways has the same id."""
        given, secret = _sha256(hello.secret), ""
        if hello.session and hello.secret and await self._sessions.verify(self.account, hello.session, given):
            socket.session, socket.secret_hash = hello.session, given
        else:
            secret = secrets.token_urlsafe(32)
            socket.session, socket.secret_hash = secrets.token_urlsafe(16), _sha256(secret)
        socket.lang = Lang(hello.lang)
        self._open.setdefault(socket.session, set()).add(socket)
        items = [] if secret else await self._history(socket.session, hello.after)
        shown = [frames.shown(item, await self._image(item.image)) for item in items]
        await socket.send(frames.welcome(socket.session, secret, shown))

    async def _listen(self, socket: Socket) -> None:
        pace = Window(self.limits.frames, self.limits.window)
        while (data := await socket.receive()) is not None:
            if pace.take(""):
                await socket.close(WSCloseCode.POLICY_VIOLATION, "too many frames")
                return
            match frames.read(data):
                case frames.Say() | frames.Tap() as spoken:
                    socket.push(await self._take(socket, spoken))
                case frames.Speak(lang=lang):
                    socket.lang = Lang(lang)
                case _:
                    socket.push(frames.error("bad_frame"))

    async def _take(self, socket: Socket, spoken: frames.Say | frames.Tap) -> str:
        """Commit what a member said or pressed; the frame that says what became of it."""
        text = _clean(spoken.text) if isinstance(spoken, frames.Say) else spoken.payload
        if not text:
            return frames.error("empty", spoken.id)
        if len(text) > self.limits.text_chars:
            return frames.error("too_long", spoken.id)
        if wait := self._pace.take(socket.session) or self._address_pace.take(socket.address):
            return frames.error("too_fast", spoken.id, wait)
        if self._intake is None:
            return frames.error("try_again", spoken.id, 5.0)
        try:
            if not await self._sessions.verify(self.account, socket.session, socket.secret_hash):
                if wait := self._new.take(socket.address):
                    return frames.error("too_many_sessions", spoken.id, wait)
                await self._sessions.create(self.account, socket.session, socket.secret_hash)
            await self._intake((self._inbound(socket, spoken, text),))
        except Exception as error:  # whatever ails the store: the page keeps the message and sends it again
            log.error("web_chat_intake_failed", error=type(error).__name__)
            return frames.error("try_again", spoken.id, 3.0)
        return frames.ack(spoken.id)

    def _inbound(self, socket: Socket, spoken: frames.Say | frames.Tap, text: str) -> Inbound:
        event = Inbound(
            account=self.account,
            event_id=f"{socket.session}:{spoken.id}",
            kind=InboundKind.MESSAGE,
            sent_at=self._now(),
            sender=Sender(external_id=socket.session, lang_hint=socket.lang),
            place=PlaceRef(external_id=socket.session, kind=PlaceKind.PRIVATE),
            message_id=spoken.id,
            text=text,
        )
        if isinstance(spoken, frames.Tap):
            return replace(event, kind=InboundKind.BUTTON, raw=_clean(spoken.label))
        if text.startswith("/"):
            word, _, rest = text.partition(" ")
            if command := canonical(word):
                return replace(event, kind=InboundKind.COMMAND, command=command.value, text=rest.strip())
        return event

    async def _shown(self, session: str, message: Outgoing, nonce: str) -> dict[str, object]:
        """The message as the store has it, which knows who of the staff wrote it; else as it was given."""
        id_ = int(nonce) if nonce.isdecimal() else 0
        try:
            items = await self._transcript.since(self.account, session, id_ - 1, 1) if id_ else ()
        except Exception as error:  # whatever ails the store, the text itself is at hand
            log.warning("web_chat_transcript_failed", error=type(error).__name__)
            items = ()
        if items and items[0].id == id_:
            return frames.shown(items[0], await self._image(items[0].image))
        return {
            "id": id_,
            "author": "bot",
            "staff": "",
            "html": web_html(message.text) if message.markdown else "",
            "text": plain(message.text) if message.markdown else message.text,
            "rows": [
                [{"label": b.label, "payload": b.payload, "url": b.url} for b in row] for row in message.rows
            ],
            "image": await self._image(message.image),
            "alt": message.alt,
            "files": [],
            "at": self._now().isoformat(),
            "client_id": "",
        }

    async def _history(self, session: str, after: int) -> list[Item]:
        """All messages after one, the latest `history` of them."""
        return list(await self._transcript.latest(self.account, session, after, self.limits.history))

    async def _image(self, image: str) -> str:
        return await self._media.url(image) if image and self._media else ""

    def _forget(self, socket: Socket) -> None:
        self._all.discard(socket)
        self._per_address[socket.address] -= 1
        if self._per_address[socket.address] <= 0:
            del self._per_address[socket.address]
        with contextlib.suppress(KeyError):
            self._open[socket.session].discard(socket)
            if not self._open[socket.session]:
                del self._open[socket.session]


def _sha256(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _clean(text: str) -> str:
    """Text that any database can store: no NUL, no half of a surrogate pair."""
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return whole.replace("\x00", "").strip()
