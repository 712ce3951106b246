"""From the gateway into the house: in order, committed, and nothing missed.

Discord has no acknowledgement. What was said while we could not hear is read from the history of each place,
from the last message that we have of it: after a start, after a connection that was not resumed, and after a
commit that failed. Until that is done, the place's live events are kept back.
"""

from __future__ import annotations

import asyncio
import itertools
import re
import traceback
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import structlog

from bot.channels.backoff import Backoff
from bot.channels.base import Intake
from bot.channels.discord.parse import Asked, Parser
from bot.domain import Inbound

log = structlog.get_logger(__name__)

BATCH = 100
"""Events committed together at the most."""
PAGE = 100
"""Messages of a history read at a time; Discord's most."""
READERS = 4
"""Histories read at the same time."""
KEPT_BACK = 1_000
"""Live events of one place that are kept while its history is read; more are read from the history too."""
WAITING = 10_000
"""Live events that wait for a commit; more are read from the histories later."""
PATIENCE = 1.2
"""Seconds that an interaction waits for its place's history: Discord wants an answer within three."""


_MARK = re.compile(r"(\d{1,20})(?:@(\d{1,20})(p?))?")


class History(Protocol):
    """What a place has to say of the time in which we did not hear."""

    async def page(self, channel: int, after: int) -> list[Any] | None:
        """Up to `PAGE` messages after one, oldest first; None if we may not read there, or it is gone."""
        ...

    def guilds(self) -> list[int]:
        """Servers that the gateway told of."""
        ...

    def note_private(self, thread: int) -> None:
        """A private thread of ours, which the gateway may not tell of."""
        ...

    def watched(self, guild: int) -> list[tuple[int, int]]:
        """Channels and active threads of a server in which we listen, each with its last message."""
        ...


@dataclass(slots=True)
class _Item:
    """One event on its way; `message` is a message's number, 0 for others."""

    kind: str
    channel: int
    guild: int
    data: Any
    message: int = 0
    asked: Asked | None = None


@dataclass(slots=True)
class _Behind:
    """A place whose history is still to be read; `after` is the last message that we have of it."""

    channel: int
    guild: int
    after: int
    kept: deque[_Item] = field(default_factory=deque)
    dropped: bool = False
    """Whether there is more to be read than was there when its history was last asked for."""
    urgent: bool = False
    reading: bool = False
    backoff: Backoff | None = None
    done: asyncio.Event = field(default_factory=asyncio.Event)


class Receiver:
    """Hears the gateway's events and commits them; lives as long as one run of the channel.

    `taken` is called with each interaction that was committed, `refused` with those that could not be.
    `cursor` is the last number that the account has seen at all, or 0.
    """

    def __init__(
        self,
        intake: Intake,
        parser: Parser,
        history: History,
        *,
        marks: dict[str, str],
        cursor: int,
        shards: Callable[[], int],
        taken: Callable[[Asked], Coroutine[Any, Any, None]],
        refused: Callable[[Asked], Coroutine[Any, Any, None]],
        at_once: Callable[[Asked], Coroutine[Any, Any, bool]],
        backoff: Callable[[], Backoff] = Backoff,
    ) -> None:
        self._intake, self._parser, self._history = intake, parser, history
        self._marks: dict[int, int] = {}
        self._homes: dict[int, tuple[int, bool]] = {}
        for place, kept in marks.items():
            if place.isdigit() and (found := _MARK.fullmatch(kept)):
                self._marks[int(place)] = int(found[1])
                self._homes[int(place)] = (int(found[2] or 0), bool(found[3]))
        self._unwritten: dict[int, int] = {}
        self._seen = self._before = self._committed = cursor
        self._shards, self._taken, self._refused, self._at_once = shards, taken, refused, at_once
        self._backoff = backoff
        self._queue: deque[_Item] = deque()
        self._woken = asyncio.Event()
        self._live: dict[int, int] = {}
        self._behind: dict[int, _Behind] = {}
        self._order: asyncio.PriorityQueue[tuple[int, int, int]] = asyncio.PriorityQueue()
        self._numbers = itertools.count()
        self._group: asyncio.TaskGroup | None = None
        self._committing = asyncio.Lock()

    async def run(self) -> None:
        """Commit what is heard until cancelled."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            try:
                for _ in range(READERS):
                    group.create_task(self._read_histories())
                await self._commit_live()
            finally:
                self._group = None

    # -- what the gateway tells, in its order

    def hear(self, kind: str, data: Any) -> None:
        """One raw event of the gateway."""
        try:
            self._hear(kind, data)
        except Exception as error:  # a broken payload must not end the connection
            log.error("discord.event_unreadable", name=kind, kind=type(error).__name__)

    def _hear(self, kind: str, data: Any) -> None:
        match kind:
            case "MESSAGE_CREATE" | "MESSAGE_UPDATE":
                number = int(data["id"])
                self._take(
                    _Item(
                        kind,
                        int(data["channel_id"]),
                        int(data.get("guild_id") or 0),
                        data,
                        number if kind == "MESSAGE_CREATE" else 0,
                    )
                )
            case "MESSAGE_DELETE":
                item = _Item(kind, int(data["channel_id"]), int(data.get("guild_id") or 0), data["id"])
                self._take(item)
            case "MESSAGE_DELETE_BULK":
                for message in data["ids"]:
                    one = {**data, "id": message}
                    self._hear("MESSAGE_DELETE", one)
            case "INTERACTION_CREATE":
                asked = self._parser.asked(data)
                if asked is None:
                    log.warning("discord.interaction_unknown")
                else:
                    self._spawn(self._ask(asked))
            case "READY":
                self._fall_behind(int((data.get("shard") or (0,))[0]))
            case "GUILD_CREATE":
                if not data.get("unavailable"):
                    self.watch(int(data["id"]))
            case "SETTLED":
                for guild in self._history.guilds():
                    self.watch(guild)
                self.watch_private()
            case "THREAD_CREATE" | "CHANNEL_CREATE":
                if data.get("newly_created") or kind == "CHANNEL_CREATE":
                    self._live.setdefault(int(data["id"]), int(data["guild_id"]))

    def watch(self, guild: int) -> None:
        """Read the histories of a server's places that are not caught up."""
        for channel, last in self._history.watched(guild):
            if channel in self._live:
                continue
            if channel not in self._behind and last <= self._marks.get(channel, self._before or last):
                self._live[channel] = guild
            else:
                self._catch_up(channel, guild)

    def watch_private(self) -> None:
        """The same for direct messages and private threads that we know, those of late first.

        Threads that are archived by now are known to nobody else: what was said in public ones is past.
        """
        for channel in sorted(self._marks, key=lambda place: self._marks[place], reverse=True):
            guild, private = self._homes.get(channel, (0, False))
            if channel in self._live or (guild and not private):
                continue
            if guild:
                self._history.note_private(channel)
            self._catch_up(channel, guild)

    @property
    def behind(self) -> int:
        """Places whose history is still to be read."""
        return len(self._behind)

    async def caught_up(self) -> None:
        """Return when no place's history is left to be read."""
        while self._behind:
            await next(iter(self._behind.values())).done.wait()

    def _fall_behind(self, shard: int) -> None:
        """A session began anew: what was said before it was not told. Direct messages come by shard 0."""
        count = max(1, self._shards())
        self._before = self._seen
        self._live = {c: g for c, g in self._live.items() if (g >> 22) % count != shard}
        for behind in self._behind.values():
            behind.dropped = True  # what is being read may have been read before the last of it was said
        waiting, self._queue = self._queue, deque()
        for item in waiting:
            if item.asked is not None or item.channel in self._live:
                self._queue.append(item)
            else:  # its history has it, and must not be overtaken
                self._keep(self._catch_up(item.channel, item.guild, urgent=True), item)

    def _take(self, item: _Item) -> None:
        known = item.channel in self._marks or item.channel in self._behind
        if not known and not self._before:
            self._live[item.channel] = item.guild  # what was said before our time is not for us
        if item.message and item.channel not in self._marks:
            self._note(item.channel, item.guild, self._before or item.message - 1)
        if item.channel in self._live:
            if len(self._queue) < WAITING or not item.message:
                self._queue.append(item)
                self._woken.set()
                self._seen = max(self._seen, item.message)
                return
            del self._live[item.channel]  # the database is away: its history will have it
        self._keep(self._catch_up(item.channel, item.guild, urgent=True), item)
        self._seen = max(self._seen, item.message)

    @staticmethod
    def _keep(behind: _Behind, item: _Item) -> None:
        if len(behind.kept) < KEPT_BACK or not item.message:
            behind.kept.append(item)
        else:
            behind.dropped = True

    def _note(self, channel: int, guild: int, after: int) -> None:
        """From where a place is to be read whose first commit is yet to come.

        Written with whatever is committed next: should we end before that, we know it at the next start.
        """
        self._marks[channel] = self._unwritten[channel] = after
        self._homes[channel] = (guild, bool(guild) and self._parser.is_private(channel, guild))

    def _catch_up(self, channel: int, guild: int, *, urgent: bool = False) -> _Behind:
        """Have a place's history read, from the last message that we have of it."""
        behind = self._behind.get(channel)
        if behind is None:
            after = self._marks.get(channel, self._before)
            if after and channel not in self._marks:
                self._note(channel, guild, after)
            behind = self._behind[channel] = _Behind(channel, guild, after, urgent=urgent)
            self._order.put_nowait((0 if urgent else 1, next(self._numbers), channel))
        elif urgent and not behind.urgent:
            behind.urgent = True
            self._order.put_nowait((0, next(self._numbers), channel))
        return behind

    # -- interactions

    async def _ask(self, asked: Asked) -> None:
        """Interactions wait for their place's history, but not for long."""
        if await self._at_once(asked):
            return
        behind = self._behind.get(asked.channel)
        if behind is not None:
            self._catch_up(behind.channel, behind.guild, urgent=True)
            try:
                async with asyncio.timeout(PATIENCE):
                    await behind.done.wait()
            except TimeoutError:
                log.warning("discord.interaction_ahead_of_history")
        self.enqueue(asked)

    def enqueue(self, asked: Asked) -> None:
        """Have an interaction committed in its turn."""
        self._queue.append(_Item("INTERACTION_CREATE", asked.channel, asked.guild, None, asked=asked))
        self._woken.set()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        if self._group is None:
            work.close()
        else:
            task = self._group.create_task(_guarded(work))
            task.add_done_callback(lambda _: work.close())  # cancelled before it began, it was never awaited

    # -- committing

    async def _commit_live(self) -> None:
        while True:
            if not self._queue:
                self._woken.clear()
                await self._woken.wait()
            batch = [self._queue.popleft() for _ in range(min(BATCH, len(self._queue)))]
            if await self._commit(batch):
                for item in batch:
                    if item.asked is not None:
                        self._spawn(self._taken(item.asked))
                continue
            for item in batch:
                if item.asked is not None:
                    self._spawn(self._refused(item.asked))
            self._keep_back([item for item in batch if item.asked is None])

    def _keep_back(self, failed: Sequence[_Item]) -> None:
        """A commit failed: these places are read from their history, and what follows waits for that."""
        places = {item.channel for item in failed}
        for channel in places:
            self._live.pop(channel, None)
        waiting = [item for item in self._queue if item.channel in places and item.asked is None]
        if waiting:
            self._queue = deque(i for i in self._queue if i.channel not in places or i.asked is not None)
        for item in (*failed, *waiting):
            self._take(item)

    async def _commit(self, items: Sequence[_Item], *, backfilled: bool = False) -> bool:
        """Commit events, and with them how far their places are seen; one commit at a time, as marks grow."""
        async with self._committing:
            return await self._commit_next(items, backfilled)

    async def _commit_next(self, items: Sequence[_Item], backfilled: bool) -> bool:
        events, marks = [], dict(self._unwritten)
        for item in items:
            event = self._read(item, backfilled=backfilled)
            if event is not None:
                events.append(event)
            if item.message:
                before = marks.get(item.channel) or self._marks.get(item.channel, 0)
                marks[item.channel] = max(before, item.message)
        seen = max((item.message for item in items), default=0)
        if events:
            try:
                await self._intake(
                    events,
                    cursor=str(max(seen, self._committed)),
                    marks={str(place): self._mark(place, last) for place, last in marks.items()},
                )
            except Exception as error:  # whatever the store raises; its words may quote what members wrote
                at = traceback.extract_tb(error.__traceback__)[-1]
                log.error(
                    "discord.intake_failed",
                    events=len(events),
                    kind=type(error).__name__,
                    at=f"{at.filename}:{at.lineno}",
                )
                return False
            self._committed = max(seen, self._committed)
            for place in marks.keys() & self._unwritten.keys():
                del self._unwritten[place]
        self._marks.update({place: max(last, self._marks.get(place, 0)) for place, last in marks.items()})
        return True

    def _mark(self, place: int, last: int) -> str:
        """A mark as it is kept: the message, and for places of a server which one it is."""
        guild, private = self._homes.get(place, (0, False))
        return f"{last}@{guild}{'p' if private else ''}" if guild else str(last)

    def _read(self, item: _Item, *, backfilled: bool) -> Inbound | None:
        if item.asked is not None:
            return self._parser.interaction(item.asked)
        if item.kind == "MESSAGE_DELETE":
            return self._parser.deleted(int(item.data), item.channel, item.guild)
        return self._parser.message(
            item.data, item.guild, edited=item.kind == "MESSAGE_UPDATE", backfilled=backfilled
        )

    # -- what was missed

    async def _read_histories(self) -> None:
        while True:
            _, _, channel = await self._order.get()
            behind = self._behind.get(channel)
            if behind is not None and not behind.reading:  # it may be asked for twice, once urgently
                behind.reading = True
                await self._read_history(behind)

    async def _read_history(self, behind: _Behind) -> None:
        """Commit what a place said meanwhile, then what was kept back; then it is live."""
        backoff = behind.backoff = behind.backoff or self._backoff()
        missed = 0
        while True:
            try:
                page = await self._history.page(behind.channel, behind.after)
            except Exception as error:  # the network, mostly; whatever it is, nothing may be left out
                log.warning("discord.history_unread", kind=type(error).__name__)
                self._spawn(self._read_later(behind, backoff))  # other places may be readable
                return
            items = [
                _Item("MESSAGE_CREATE", behind.channel, behind.guild, data, int(data["id"]))
                for data in page or ()
            ]
            if items:
                if not await self._commit(items, backfilled=True):
                    await backoff.wait()
                    continue
                missed += len(items)
                behind.after = items[-1].message
            if len(items) >= PAGE:
                continue
            if behind.dropped:
                behind.dropped = False
                continue
            kept = [behind.kept.popleft() for _ in range(min(BATCH, len(behind.kept)))]
            kept = [item for item in kept if not item.message or item.message > behind.after]
            if kept and not await self._commit(kept):
                behind.kept.extendleft(reversed(kept))
                await backoff.wait()
                continue
            backoff.reset()
            if kept:
                behind.after = max(behind.after, *(item.message for item in kept))
            if not behind.kept and not behind.dropped:
                self._live[behind.channel] = behind.guild
                del self._behind[behind.channel]
                behind.done.set()
                if missed:
                    log.info("discord.caught_up", messages=missed)
                return

    async def _read_later(self, behind: _Behind, backoff: Backoff) -> None:
        await backoff.wait()
        behind.reading = False
        self._order.put_nowait((0 if behind.urgent else 1, next(self._numbers), behind.channel))


async def _guarded(work: Coroutine[Any, Any, None]) -> None:
    """Answering an interaction must not end the channel."""
    try:
        await work
    except Exception as error:  # what Discord's answers raise; their words may be a member's
        at = traceback.extract_tb(error.__traceback__)[-1]
        log.warning("discord.answer_failed", kind=type(error).__name__, at=f"{at.filename}:{at.lineno}")
