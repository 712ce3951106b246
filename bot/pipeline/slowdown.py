"""Telling a member, once, that they write faster than anyone reads."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from sqlalchemy import Connection

from bot.bus.base import Bus, Topic
from bot.catalogue.keys import Key
from bot.channels.markup import plain
from bot.conversation.situation import Situation
from bot.domain import Author, ConversationId, Outcome, Outgoing
from bot.pipeline.lanes import Locks
from bot.pipeline.limits import Rule
from bot.pipeline.phrase import seed
from bot.pipeline.ports import Minds
from bot.store import outbox, situations, timers, turns
from bot.store.engine import Store
from bot.store.outbox import Send
from bot.store.timers import Timer
from bot.store.turns import Turn


class SlowDown:
    """Acts on `slow_down` timers; says nothing where a person speaks or others read along."""

    def __init__(
        self,
        store: Store,
        bus: Bus,
        minds: Minds,
        locks: Locks[ConversationId],
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store, self._bus, self._minds = store, bus, minds
        self._locks, self._clock = locks, clock

    async def __call__(self, timer: Timer) -> None:
        """Say it in the unit that takes the timer away."""
        conversation = timer.conversation
        if conversation is None:
            await self._store.write(lambda c: timers.done(c, timer.id))
            return

        def work(connection: Connection) -> str:
            if not timers.done(connection, timer.id):
                return ""
            situation = situations.load(connection, conversation)
            if situation is None or situation.public or situation.blocked:
                return ""
            if not situation.ownership.bot_may_speak:
                return ""
            return self._say(connection, situation, str(timer.payload.get("via", "")))

        async with self._locks.hold(conversation):
            lane = await self._store.write(work)
        if lane:
            self._bus.wake(Topic.LANE, lane)

    def _say(self, connection: Connection, situation: Situation, via: str) -> str:
        voice, now = self._minds.current.voice, self._clock()
        lang = situation.lang or voice.knowledge.brand.languages[0]
        text = voice.text(Key.TOO_FAST, lang, seed(situation.contact, Key.TOO_FAST))
        record = Turn(
            situation.conversation,
            Outcome.IGNORED,
            lang,
            voice.knowledge.version,
            rule=Rule.MEMBER.value,
        )
        turn = turns.record(connection, record, now)
        [message] = turns.say(
            connection,
            situation.conversation,
            [plain(text)],
            author=Author.BOT,
            now=now,
            lang=lang,
            turn=turn,
        )
        send = Send(
            situation.account,
            situation.place,
            Outgoing(text, markdown=True, via=via),
            Author.BOT,
            conversation=situation.conversation,
            message=message,
            turn=turn,
        )
        outbox.put(connection, [send], now)
        return send.lane
