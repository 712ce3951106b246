"""Answering, once the bot may speak again, what a member asked while a person spoke who left it open."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from sqlalchemy import Connection

from bot.conversation.situation import Situation
from bot.domain import ConversationId, MessageId, Outcome, Owner
from bot.pipeline import law
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

    What would be answered surely, had it just been said, is answered in a turn of its own, and so is each
    right that was asked for; of anything else nothing is said, nor where a person speaks again. The messages
    keep the outcome that they have: relayed.
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
            parts = await self._store.read(lambda c: _parts(_look(c, conversation, left)))
            if len(parts) > 1:
                await self._store.write(lambda c: _apart(c, timer, parts))
                return
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
        surely = decision.outcome is Outcome.ANSWERED and not decision.hands_off
        if not surely and decision.talk not in law.RIGHTS:
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
        if not timers.take(connection, timer):
            return None
        then = timer.payload.get("then", ())
        if draft is None:
            _next(connection, timer, then)
            return None
        written = self._corridor.write(connection, draft)
        if written is None:  # the conversation has moved since it was read: looked at again soon
            here = draft.situation.conversation
            timers.set_timer(connection, timer.kind, timer.due_at, conversation=here, payload=timer.payload)
        else:
            _next(connection, timer, then)
        return written


def _parts(situation: Situation | None) -> list[list[MessageId]]:
    """The messages that are read together: what was said in words, then each right, once."""
    said = situation.said if situation is not None else ()
    words = [one.id for one in said if not law.asks_right(one)]
    rights = {one.command: one.id for one in said if law.asks_right(one)}
    return [*([words] if words else []), *([one] for one in rights.values())]


def _apart(connection: Connection, timer: Timer, parts: Sequence[Sequence[int]]) -> None:
    """Have each part looked at by itself: a command that came last would hide a question before it."""
    if timers.take(connection, timer):
        _next(connection, timer, parts)


def _next(connection: Connection, timer: Timer, parts: Sequence[Sequence[int]]) -> None:
    """One after the other: an answer that came after the question whether to erase would take that back."""
    if parts:
        payload = {"messages": list(parts[0]), "then": [list(part) for part in parts[1:]]}
        timers.set_timer(
            connection, timer.kind, timer.due_at, conversation=timer.conversation, payload=payload
        )


def _look(
    connection: Connection, conversation: ConversationId, left: Sequence[MessageId]
) -> Situation | None:
    found = situations.load(connection, conversation)
    return situations.saying(connection, found, left) if found is not None else None
