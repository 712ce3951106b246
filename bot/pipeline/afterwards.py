"""Answering, once the bot may speak again, what a member asked while a person spoke who left it open."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from sqlalchemy import Connection

from bot.conversation.situation import Situation
from bot.domain import ConversationId, MessageId, Outcome, Owner
from bot.pipeline.decide import decide
from bot.pipeline.lanes import Locks
from bot.pipeline.ports import Minds
from bot.pipeline.turn import Corridor, Draft, Written
from bot.pipeline.understand import understand
from bot.store import situations, timers
from bot.store.engine import Store
from bot.store.timers import GIVE_BACK_TIMER, Timer


class AfterGiveBack:
    """Acts on `after_give_back` timers, whose payload names the messages that were left unanswered.

    What would be answered surely, had it just been said, is answered in a turn of its own; of anything else
    nothing is said, nor where a person speaks again. The messages keep the outcome that they have: relayed.
    """

    def __init__(
        self,
        store: Store,
        minds: Minds,
        locks: Locks[ConversationId],
        corridor: Corridor,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store, self._minds, self._locks = store, minds, locks
        self._corridor, self._clock = corridor, clock

    async def __call__(self, timer: Timer) -> None:
        """Write the turn in the unit that takes the timer away, under the conversation's lock."""
        conversation = timer.conversation
        if conversation is None:
            await self._store.write(lambda c: timers.take(c, timer))
            return
        left = [MessageId(int(i)) for i in timer.payload.get("messages", ())]
        async with self._locks.hold(conversation):
            draft = await self._draft(conversation, left)
            written = await self._store.write(lambda c: self._write(c, timer, draft))
        if draft is not None and written is not None:
            self._corridor.written(draft, written)

    async def _draft(self, conversation: ConversationId, left: Sequence[MessageId]) -> Draft | None:
        situation = await self._store.read(lambda c: _look(c, conversation, left))
        if situation is None or not situation.said or situation.public or situation.blocked:
            return None
        if situation.ownership.owner is not Owner.BOT:
            return None
        mind, now = self._minds.current, self._clock()
        reading = await understand(situation, mind.interpreter)
        decision = decide(situation, reading, mind.voice.knowledge, now)
        if decision.outcome is not Outcome.ANSWERED or decision.hands_off:
            return None
        return Draft(
            situation,
            reading,
            replace(decision, rule=GIVE_BACK_TIMER),
            mind.voice,
            self._corridor.split_of(situation),
            now,
            afterwards=True,
        )

    def _write(self, connection: Connection, timer: Timer, draft: Draft | None) -> Written | None:
        if not timers.take(connection, timer) or draft is None:
            return None
        written = self._corridor.write(connection, draft)
        if written is None:  # the conversation has moved since it was read: looked at again soon
            here = draft.situation.conversation
            timers.set_timer(connection, timer.kind, timer.due_at, conversation=here, payload=timer.payload)
        return written


def _look(
    connection: Connection, conversation: ConversationId, left: Sequence[MessageId]
) -> Situation | None:
    found = situations.load(connection, conversation)
    return situations.saying(connection, found, left) if found is not None else None
