"""Keeping for a time only: once a day what is too old is deleted, in pieces between which the bot answers."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy import Connection, select

from bot.pipeline.ports import Minds
from bot.store import audit, erasure, timers
from bot.store.aging import PIECES, Aged, Days, Piece
from bot.store.engine import Store
from bot.store.filestore import FileStore
from bot.store.tables import timers as timer_rows
from bot.store.timers import RETENTION_TIMER, Timer

_log = structlog.get_logger(__name__)

AT = 4
"""The hour of the brand's day at which few people write."""
BREATH = 0.02
"""Seconds between pieces: whoever writes meanwhile goes first."""

UNCLAIMED = timedelta(days=1)
"""After which a content that no row names is nobody's any more."""
LOOKED_UP = 500
"""Contents that one unit looks up."""


class Retention:
    """Acts on the `retention` timer, and sets it for the next day."""

    def __init__(
        self,
        store: Store,
        minds: Minds,
        filestore: FileStore,
        *,
        scrub: Callable[[], Awaitable[bool]],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store, self._minds, self._filestore = store, minds, filestore
        self._scrub, self._clock = scrub, clock

    async def arm(self) -> None:
        """Have it run, at once if it never did or is overdue: its row stays where a process was down."""
        now = self._clock()

        def work(connection: Connection) -> None:
            known = select(timer_rows.c.id).where(timer_rows.c.kind == RETENTION_TIMER).limit(1)
            if connection.execute(known).first() is None:
                timers.set_timer(connection, RETENTION_TIMER, now)

        await self._store.write(work)

    async def __call__(self, timer: Timer) -> None:
        """Delete what is too old, note how much it was, and come again tomorrow."""
        counts = await self.run()
        now = self._clock()
        following = self._next(now)

        def work(connection: Connection) -> None:
            if timers.take(connection, timer):
                timers.set_timer(connection, RETENTION_TIMER, following)
                if any(counts.values()):
                    audit.note(connection, "retention", now, actor="retention", detail=counts)

        await self._store.write(work)
        _log.info("what was too old is deleted", **{f"of_{name}": count for name, count in counts.items()})

    async def run(self) -> Counter[str]:
        """Delete all that is too old now; how many rows of what."""
        counts: Counter[str] = Counter()
        privacy = self._minds.current.voice.knowledge.privacy
        keep = privacy.keep
        days = Days(
            messages=keep.messages,
            files=keep.files,
            cases=keep.cases,
            audit=keep.audit,
            listened=keep.listened,
            minors=privacy.minors.messages,
        )
        for piece in PIECES.values():
            more = True
            while more:
                now = self._clock()
                aged = await self._store.write(lambda c, p=piece, n=now: self._piece(c, p, n, days))  # type: ignore[misc]  # defaults bind the loop's values
                counts.update(aged.counts)
                more = aged.more
                await asyncio.sleep(BREATH if more else 0)
        counts["leftovers"] += await self._leftovers()
        counts = Counter({name: count for name, count in counts.items() if count})
        if counts and not await self._scrub():
            _log.info("what was deleted is overwritten later: somebody reads the database")
        return counts

    async def _leftovers(self) -> int:
        """Delete contents that no row names: of a process that ended between a file and its row.

        None that is older than the database: that was started on the wrong one, or on an empty one, perhaps.
        """
        first = await self._store.read(erasure.first_contact)
        if first is None:
            return 0
        age, since = UNCLAIMED.total_seconds(), first.timestamp()
        names = await asyncio.to_thread(lambda: list(self._filestore.older(age, since=since)))
        count = 0
        for start in range(0, len(names), LOOKED_UP):
            some = names[start : start + LOOKED_UP]

            def work(connection: Connection, some: list[str] = some) -> int:
                unused = erasure.unused(connection, some)
                return sum(self._filestore.remove(name, older=age) for name in unused)

            count += await self._store.write(work)
            await asyncio.sleep(BREATH)
        return count

    def _piece(self, connection: Connection, piece: Piece, now: datetime, days: Days) -> Aged:
        aged = piece(connection, days, now)
        for name in erasure.unused(connection, aged.files) if aged.files else ():
            self._filestore.remove(name)
        return aged

    def _next(self, now: datetime) -> datetime:
        zone = self._minds.current.voice.knowledge.brand.timezone
        local = now.astimezone(zone)
        at = local.replace(hour=AT, minute=0, second=0, microsecond=0)
        return (at if at > local else at + timedelta(days=1)).astimezone(UTC)
