"""The gateway: sessions that outlive their connections, and what each of them gets to hear.

https://discord.com/developers/docs/events/gateway
"""

from __future__ import annotations

import asyncio
import json
import zlib
from collections import deque
from dataclasses import dataclass, field
from enum import IntFlag
from typing import TYPE_CHECKING, Any

from aiohttp import WSCloseCode, WSMsgType, web

from tests.fakes.discord.exchange import encode
from tests.fakes.discord.model import Channel, Guild, Message

if TYPE_CHECKING:
    from tests.fakes.discord.server import FakeDiscord


class Intent(IntFlag):
    """What a session asks to hear."""

    GUILDS = 1 << 0
    GUILD_MEMBERS = 1 << 1
    GUILD_PRESENCES = 1 << 8
    GUILD_MESSAGES = 1 << 9
    GUILD_MESSAGE_REACTIONS = 1 << 10
    GUILD_MESSAGE_TYPING = 1 << 11
    DIRECT_MESSAGES = 1 << 12
    DIRECT_MESSAGE_REACTIONS = 1 << 13
    DIRECT_MESSAGE_TYPING = 1 << 14
    MESSAGE_CONTENT = 1 << 15


PRIVILEGED = Intent.GUILD_MEMBERS | Intent.GUILD_PRESENCES | Intent.MESSAGE_CONTENT
KNOWN = (1 << 26) - 1
BY_EVENT = {
    "GUILD_MEMBER_ADD": Intent.GUILD_MEMBERS,
    "GUILD_MEMBER_REMOVE": Intent.GUILD_MEMBERS,
    "GUILD_MEMBER_UPDATE": Intent.GUILD_MEMBERS,
}
"""The intent of an event where it is not GUILDS; messages, reactions and typing say theirs themselves."""
_GUILD_MESSAGES, _DIRECT_MESSAGES = int(Intent.GUILD_MESSAGES), int(Intent.DIRECT_MESSAGES)
_CONTENT = int(Intent.MESSAGE_CONTENT)
COMMANDS_PER_MINUTE = 120
"""https://discord.com/developers/docs/events/gateway#rate-limiting"""


@dataclass(slots=True)
class Session:
    """What IDENTIFY began: events are numbered and kept until a heartbeat or the end of the session."""

    id: str
    shard: int
    shards: int
    intents: int
    seq: int = 0
    kept: deque[tuple[int, str]] = field(default_factory=deque)
    forgotten: int = 0
    """The highest number that is not kept any more."""
    link: Link | None = None
    left_at: float = 0.0
    ready: bool = False

    def push(self, event: str, body: str) -> None:
        """Number one event and send it if somebody listens; `body` is JSON."""
        self.seq += 1
        frame = f'{{"t":"{event}","s":{self.seq},"op":0,"d":{body}}}'
        self.kept.append((self.seq, frame))
        if self.link:
            self.link.send(frame)

    def forget(self, seq: int) -> None:
        """The client has all up to this number."""
        while self.kept and self.kept[0][0] <= seq:
            self.forgotten = self.kept.popleft()[0]


class Link:
    """One WebSocket; frames go out in order, compressed as a stream if the client asked for it."""

    def __init__(
        self, socket: web.WebSocketResponse, transport: asyncio.Transport | None, compress: bool
    ) -> None:
        self.socket, self.transport = socket, transport
        self.session: Session | None = None
        self.beat_at = 0.0
        self.commands: deque[float] = deque()
        self.deaf = False
        """Neither answers heartbeats nor sends anything, as a connection that died without a word."""
        self.closing = False
        """This side closes it."""
        self._zlib = zlib.compressobj() if compress else None
        self._frames: asyncio.Queue[str | tuple[int, str]] = asyncio.Queue()

    def send(self, frame: str) -> None:
        self._frames.put_nowait(frame)

    def op(self, op: int, data: Any = None) -> None:
        self.send(encode({"op": op, "d": data, "s": None, "t": None}))

    def close(self, code: int, reason: str = "") -> None:
        """Close when all that was sent before is out."""
        self.closing = True
        self._frames.put_nowait((code, reason))

    def abort(self) -> None:
        """Cut the connection without a closing frame."""
        if self.transport:
            self.transport.abort()

    async def write(self) -> None:
        """Carry the frames out until closed."""
        while True:
            frame = await self._frames.get()
            if isinstance(frame, tuple):
                code, reason = frame
                await self.socket.close(code=code, message=reason.encode())
                return
            if self.deaf:
                continue
            if self._zlib:
                packed = self._zlib.compress(frame.encode()) + self._zlib.flush(zlib.Z_SYNC_FLUSH)
                await self.socket.send_bytes(packed)
            else:
                await self.socket.send_str(frame)


class Gateway:
    """All sessions of the bot. Times are in seconds."""

    def __init__(self, fake: FakeDiscord) -> None:
        self.fake = fake
        self.heartbeat = 41.25
        self.patience = 1.5
        """After so many heartbeats' time without one a connection is closed."""
        self.resume_window = 120.0
        """How long a session without a connection can be resumed."""
        self.keeps = 5000
        """How many events a session keeps for RESUME."""
        self.identify_interval = 0.0
        """Least time between two IDENTIFYs of one bucket; Discord's is 5, 0 lifts it."""
        self.max_concurrency = 1
        self.starts_total = 1000
        self.starts_left = 1000
        self.sharding_required = False
        self.sessions: dict[str, Session] = {}
        self.links: set[Link] = set()
        self.identified: list[dict[str, Any]] = []
        """What each IDENTIFY said."""
        self.resumed = 0
        self.refused: list[str] = []
        """RESUMEs that were refused, and why."""
        self.closed: list[tuple[int, str]] = []
        """Close codes that this server gave, and why."""
        self.presence: dict[str, Any] = {}
        self.beats = 0
        self.refuse_resumes = 0
        """How many RESUMEs to refuse from now on."""
        self._last_identify: dict[int, float] = {}

    @property
    def listening(self) -> list[Session]:
        """Sessions that somebody listens to."""
        return [session for session in self.sessions.values() if session.link and session.ready]

    # What a test makes happen

    def cut(self) -> None:
        """Lose every connection without a word; sessions can be resumed."""
        for link in list(self.links):
            link.abort()

    def close(self, code: int = 4000) -> None:
        """Close every connection with a code; sessions can be resumed."""
        for link in list(self.links):
            link.close(code, "by the test")

    def reconnect(self) -> None:
        """Ask every client to reconnect and resume (op 7)."""
        for link in list(self.links):
            link.op(7)

    def invalidate(self, *, resumable: bool = False) -> None:
        """Say that the session is invalid (op 9); without `resumable` it is gone."""
        for link in list(self.links):
            if link.session and not resumable:
                self._end(link.session)
            link.op(9, resumable)

    def forget(self) -> None:
        """Forget the sessions, so that a RESUME is refused; connections stay."""
        self.sessions.clear()

    def fall_silent(self) -> None:
        """Answer nothing any more on the present connections, heartbeats included."""
        for link in self.links:
            link.deaf = True

    def inject(self, event: str, data: Any) -> None:
        """Any event as it is, readable or not, to every session."""
        for session in self.listening:
            self._push(session, event, encode(data))

    # Events

    def dispatch(
        self,
        event: str,
        data: dict[str, Any],
        *,
        guild: Guild | None = None,
        channel: Channel | None = None,
        intent: Intent | None = None,
    ) -> None:
        """Send an event to the sessions that asked for it and whose bot may see the channel."""
        if channel is not None and not self.fake.world.bot_sees(channel):
            return
        guild = guild or (channel.guild if channel else None)
        wanted = BY_EVENT.get(event, Intent.GUILDS) if intent is None else intent
        body = ""
        for session in self._of(guild):
            if session.intents & wanted or not wanted:
                body = body or encode(data)
                self._push(session, event, body)

    def dispatch_message(self, event: str, message: Message, extra: dict[str, Any]) -> None:
        """Send a message, without its content to those who may not read it."""
        channel = message.channel
        if not self.fake.world.bot_sees(channel):
            return
        bot = self.fake.bot.id
        intent = _GUILD_MESSAGES if channel.guild else _DIRECT_MESSAGES
        free = self.fake.world.readable(message)
        bodies: dict[bool, str] = {}
        for session in self._of(channel.guild):
            if not session.intents & intent:
                continue
            blank = not free and not session.intents & _CONTENT
            if blank not in bodies:
                bodies[blank] = encode(message.json(blank=blank, viewer=bot) | extra)
            self._push(session, event, bodies[blank])

    def _of(self, guild: Guild | None) -> list[Session]:
        return [
            session
            for session in self.sessions.values()
            if session.ready and ((guild.id >> 22) % session.shards if guild else 0) == session.shard
        ]

    def _push(self, session: Session, event: str, body: str) -> None:
        session.push(event, body)
        while len(session.kept) > self.keeps:
            session.forgotten = session.kept.popleft()[0]

    # Connections

    async def serve(self, request: web.BaseRequest) -> web.StreamResponse:
        """One connection, from HELLO to its end."""
        query = request.rel_url.query
        socket = web.WebSocketResponse(max_msg_size=4096, compress=False)
        await socket.prepare(request)
        compress = query.get("compress", "")
        link = Link(socket, request.transport, compress == "zlib-stream")
        self.links.add(link)
        writer = asyncio.create_task(link.write())
        try:
            if query.get("v", "10") != "10":
                self._close(link, 4012, "invalid API version")
            elif query.get("encoding", "json") != "json" or compress not in ("", "zlib-stream"):
                self._close(link, 4002, "this server knows JSON and zlib-stream only")
            else:
                link.op(10, {"heartbeat_interval": int(self.heartbeat * 1000), "_trace": []})
            await self._listen(link)
        finally:
            self.links.discard(link)
            if not link.closing:
                writer.cancel()
            await asyncio.wait({writer})
            if link.session and link.session.link is link:
                link.session.link = None
                link.session.left_at = _now()
                if not link.closing and socket.close_code in (WSCloseCode.OK, WSCloseCode.GOING_AWAY):
                    self._end(link.session)  # the client says goodbye
            self.fake.ledger.changed()
        return socket

    async def _listen(self, link: Link) -> None:
        link.beat_at = _now()
        watch = asyncio.create_task(self._watch(link))
        try:
            async for frame in link.socket:
                if frame.type is not WSMsgType.TEXT:
                    self._close(link, 4002, "not text")
                    continue
                try:
                    given = json.loads(frame.data)
                    op = given["op"]
                except (ValueError, KeyError, TypeError):
                    self._close(link, 4002, "not JSON with an op")
                    continue
                self._receive(link, op, given.get("d"))
        finally:
            watch.cancel()

    async def _watch(self, link: Link) -> None:
        """Close a connection whose heart does not beat."""
        while True:
            await asyncio.sleep(self.heartbeat / 2)
            if _now() - link.beat_at > self.heartbeat * self.patience:
                self._close(link, 4009, "no heartbeat")
                return

    def _receive(self, link: Link, op: int, data: Any) -> None:
        now = _now()
        link.commands.append(now)
        while link.commands[0] < now - 60:
            link.commands.popleft()
        if len(link.commands) > COMMANDS_PER_MINUTE:
            return self._close(link, 4008, "more than 120 commands a minute")
        if op == 1:
            return self._beat(link, data)
        if op == 2:
            return self._identify(link, data)
        if op == 6:
            return self._resume(link, data)
        if link.session is None:
            return self._close(link, 4003, f"op {op} before IDENTIFY")
        if op == 3:
            self.presence = data
        elif op == 8:
            self._members(link.session, data)
        elif op not in (4, 31):
            self._close(link, 4001, f"unknown op {op}")
        return None

    def _beat(self, link: Link, seq: Any) -> None:
        self.beats += 1
        self.fake.ledger.changed()
        link.beat_at = _now()
        if link.session and isinstance(seq, int):
            if seq > link.session.seq:
                return self._close(link, 4007, f"seq {seq} was never sent")
            link.session.forget(seq)
        link.op(11)
        return None

    def _identify(self, link: Link, data: dict[str, Any]) -> None:
        if link.session:
            return self._close(link, 4005, "already identified")
        if data.get("token") != self.fake.token or self.starts_left <= 0:
            return self._close(link, 4004, "authentication failed")
        intents = data.get("intents")
        if not isinstance(intents, int) or intents & ~KNOWN:
            return self._close(link, 4013, f"invalid intents {intents}")
        if intents & PRIVILEGED & ~self.fake.privileged:
            return self._close(link, 4014, "disallowed intents")
        shard, shards = data.get("shard") or (0, 1)
        if not 0 <= shard < shards:
            return self._close(link, 4010, "invalid shard")
        if self.sharding_required and shards == 1:
            return self._close(link, 4011, "sharding required")
        if not {"os", "browser", "device"} <= set(data.get("properties") or ()):
            return self._close(link, 4002, "properties are missing")
        now, bucket = _now(), shard % self.max_concurrency
        if now - self._last_identify.get(bucket, -1e9) < self.identify_interval:
            self.closed.append((9, "IDENTIFY too soon"))
            return link.op(9, False)
        self._last_identify[bucket] = now
        self.starts_left -= 1
        self.identified.append(data)
        session = Session(f"{self.fake.ids.next():x}", shard, shards, intents, link=link)
        self.sessions[session.id] = link.session = session
        guilds = [guild for guild in self.fake.world.bot_guilds() if (guild.id >> 22) % shards == shard]
        ready = {
            "v": 10,
            "user": self.fake.bot.json() | {"verified": True, "mfa_enabled": False, "email": None},
            "guilds": [{"id": str(guild.id), "unavailable": True} for guild in guilds],
            "session_id": session.id,
            "resume_gateway_url": self.fake.gateway_url,
            "shard": [shard, shards],
            "application": {"id": str(self.fake.application_id), "flags": self.fake.application_flags},
            "private_channels": [],
        }
        session.push("READY", encode(ready))
        session.ready = True
        if session.intents & Intent.GUILDS:
            for guild in guilds:
                whole = self.guild_create(guild, members=bool(session.intents & Intent.GUILD_PRESENCES))
                session.push("GUILD_CREATE", encode(whole))
        self.fake.ledger.changed()
        return None

    def guild_create(self, guild: Guild, *, members: bool) -> dict[str, Any]:
        """A guild as GUILD_CREATE shows it."""
        world, me = self.fake.world, self.fake.bot.id
        shown = guild.members.values() if members else [guild.members[me]]
        return guild.json() | {
            "unavailable": False,
            "joined_at": guild.members[me].json()["joined_at"],
            "large": len(guild.members) >= 250,
            "member_count": len(guild.members),
            "members": [member.json() for member in shown],
            "channels": [channel.json() for channel in guild.channels.values()],
            "threads": [
                thread.json(self.fake.bot) for thread in guild.active_threads if world.bot_sees(thread)
            ],
            "presences": [],
            "voice_states": [],
            "stage_instances": [],
            "guild_scheduled_events": [],
            "soundboard_sounds": [],
        }

    def _resume(self, link: Link, data: dict[str, Any]) -> None:
        if data.get("token") != self.fake.token:
            return self._close(link, 4004, "authentication failed")
        session = self.sessions.get(data.get("session_id") or "")
        seq = data.get("seq") or 0
        why = ""
        if self.refuse_resumes:
            self.refuse_resumes -= 1
            why = "by the test"
        elif session is None:
            why = "no such session"
        elif not session.link and _now() - session.left_at > self.resume_window:
            why = "too late"
        elif not isinstance(seq, int) or seq < session.forgotten:
            why = "events are not kept any more"
        elif seq > session.seq:
            return self._close(link, 4007, f"seq {seq} was never sent")
        if why or session is None:
            self.refused.append(why)
            if session:
                self._end(session)
            return link.op(9, False)
        if session.link:
            session.link.close(4000, "resumed elsewhere")
        session.link, link.session = link, session
        for number, frame in session.kept:
            if number > seq:
                link.send(frame)
        self.resumed += 1
        session.push("RESUMED", '{"_trace":[]}')
        self.fake.ledger.changed()
        return None

    def _members(self, session: Session, data: dict[str, Any]) -> None:
        """Answer op 8: https://discord.com/developers/docs/events/gateway-events#request-guild-members"""
        guild = self.fake.world.guilds.get(int(data["guild_id"]))
        if guild is None or self.fake.bot.id not in guild.members:
            return
        wanted = data.get("user_ids")
        missing: list[str] = []
        if wanted is not None:
            ids = [int(one) for one in (wanted if isinstance(wanted, list) else [wanted])]
            found = [guild.members[one] for one in ids if one in guild.members]
            missing = [str(one) for one in ids if one not in guild.members]
        else:
            query, limit = str(data.get("query") or "").lower(), int(data["limit"])
            if not query and not session.intents & Intent.GUILD_MEMBERS:
                return  # all members are told to those who may know them only
            found = [m for m in guild.members.values() if m.user.name.lower().startswith(query)]
            found = found[:limit] if limit else found
        chunks = [found[i : i + 1000] for i in range(0, len(found), 1000)] or [[]]
        for index, chunk in enumerate(chunks):
            body: dict[str, Any] = {
                "guild_id": str(guild.id),
                "members": [member.json() for member in chunk],
                "chunk_index": index,
                "chunk_count": len(chunks),
                "not_found": missing,
            }
            if data.get("nonce"):
                body["nonce"] = data["nonce"]
            self._push(session, "GUILD_MEMBERS_CHUNK", encode(body))

    def _close(self, link: Link, code: int, why: str) -> None:
        self.closed.append((code, why))
        if link.session and code in (4004, 4007, 4010, 4011, 4012, 4013, 4014):
            self._end(link.session)
        link.close(code, why)

    def _end(self, session: Session) -> None:
        self.sessions.pop(session.id, None)


def _now() -> float:
    return asyncio.get_running_loop().time()
