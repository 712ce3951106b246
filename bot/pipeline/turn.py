"""The corridor's line: load, understand, settle, decide, phrase, and one transaction that makes it so."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import structlog
from sqlalchemy import Connection

from bot.bus.base import Bus, Topic
from bot.channels.base import Channel
from bot.channels.markup import plain
from bot.conversation.ownership import Act, apply
from bot.conversation.situation import Situation
from bot.domain import Account, Author, CaseId, ConversationId, InboundKind, Outcome, Outgoing, Owner
from bot.pipeline import settle
from bot.pipeline.decide import decide
from bot.pipeline.lanes import Lanes, Locks
from bot.pipeline.model import Decision, Reading, Talk
from bot.pipeline.phrase import Voice, describe, phrase
from bot.pipeline.ports import Minds, Notices
from bot.pipeline.together import Together
from bot.pipeline.understand import understand
from bot.store import cases, files, outbox, situations, timers, turns
from bot.store.engine import Store
from bot.store.outbox import Send
from bot.store.turns import Handled, Turn

_log = structlog.get_logger(__name__)

TRIES = 3
"""Times a turn is decided anew because the conversation moved meanwhile; the last try holds the lock."""


@dataclass(frozen=True, slots=True)
class Written:
    """What a turn's unit did: the lanes that have something to send."""

    outcome: Outcome
    lanes: frozenset[str] = frozenset()
    case: CaseId | None = None


class Corridor:
    """Turns what members say into recorded outcomes; one conversation at a time each, all in parallel."""

    def __init__(
        self,
        store: Store,
        bus: Bus,
        minds: Minds,
        notices: Notices,
        channels: Mapping[Account, Channel],
        locks: Locks[ConversationId],
        *,
        window: timedelta,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store, self._bus, self._minds, self._notices = store, bus, minds, notices
        self._channels, self._locks, self._window, self._clock = channels, locks, window, clock
        self._lanes: Lanes[ConversationId] = Lanes("turn", self._work)
        self._situations: Together[ConversationId, Situation | None] = Together(self._load)
        self._hints: set[asyncio.Task[None]] = set()
        bus.listen(Topic.CONVERSATION, lambda key: self._lanes.wake(ConversationId(int(key))))

    async def run(self) -> None:
        """Work until cancelled."""
        await self._lanes.run()

    async def idle(self) -> None:
        """Return when every conversation that was woken has been seen to."""
        await self._lanes.idle()

    def busy(self, conversation: ConversationId) -> bool:
        """Whether a conversation is being seen to."""
        return self._lanes.busy(conversation)

    async def _work(self, conversation: ConversationId, woken: asyncio.Event) -> None:
        typed = False
        for number in range(TRIES):
            last = number == TRIES - 1
            while True:
                woken.clear()
                async with self._locks.hold(conversation):
                    situation, reading = await self._read(conversation)
                    if situation is None or reading is None:
                        return
                    pause = settle.wait(situation, reading, self._clock(), self._window)
                    if not pause and last:
                        await self._finish(situation, reading)
                        return
                if not pause:
                    break
                if not typed:
                    self._show_typing(situation)
                    typed = True
                await _woken_within(woken, pause)
            async with self._locks.hold(conversation):
                if await self._finish(situation, reading):
                    return

    async def _read(self, conversation: ConversationId) -> tuple[Situation | None, Reading | None]:
        situation = await self._situations.do(conversation)
        if situation is None or not situation.said:
            return None, None
        if not situation.ownership.bot_may_speak or situation.blocked:
            return situation, Reading(situation.said[-1].id)
        return situation, await understand(situation, self._minds.current.interpreter)

    async def _load(self, asked: Sequence[ConversationId]) -> list[Situation | None]:
        found = await self._store.read(lambda connection: situations.load_all(connection, asked))
        return [found.get(conversation) for conversation in asked]

    async def _finish(self, situation: Situation, reading: Reading) -> bool:
        """Write the turn; False when the conversation has moved since it was read."""
        mind = self._minds.current
        now = self._clock()
        decision = decide(situation, reading, mind.voice.knowledge, now)
        channel = self._channels.get(situation.account)
        split = channel.split if channel is not None else _whole
        written = await self._store.write(
            lambda connection: self._write(connection, situation, reading, decision, mind.voice, split, now)
        )
        if written is None:
            return False
        _log.info(
            "turn",
            conversation=situation.conversation,
            outcome=written.outcome.value,
            rule=decision.rule,
            entry=decision.entry,
            case=written.case,
        )
        for lane in written.lanes:
            self._bus.wake(Topic.LANE, lane)
        if written.case is not None:
            self._bus.wake(Topic.CASES, str(written.case))
        if written.case is not None or decision.jobs:
            self._bus.wake(Topic.TIMERS)
        return True

    def _write(
        self,
        connection: Connection,
        situation: Situation,
        reading: Reading,
        decision: Decision,
        voice: Voice,
        split: Callable[[Outgoing], tuple[Outgoing, ...]],
        now: datetime,
    ) -> Written | None:
        after = apply(situation.ownership, Act.HAND_OFF).after if decision.hands_off else situation.ownership
        moved = turns.move(
            connection,
            situation.conversation,
            seen=situation.version,
            owner=after.owner,
            staff=after.staff,
            lang=decision.lang,
            misses=decision.misses,
            wordless=decision.wordless,
            memory=decision.memory,
            at=situation.said[-1].sent_at,
        )
        if not moved:
            return None
        case = situation.case
        if decision.reason is not None:
            case = cases.open_case(
                connection,
                situation.conversation,
                existing=situation.case,
                reason=decision.reason,
                team=_team(decision, voice),
                dossier={"tried": list(situation.memory.tried)},
                now=now,
            )
        phrased = phrase(decision, situation, voice, now, case)
        heard = reading.understanding
        turn = turns.record(
            connection,
            Turn(
                situation.conversation,
                decision.outcome,
                decision.lang,
                voice.knowledge.version,
                rule=decision.rule,
                reason=decision.reason,
                entry=decision.entry,
                variant=phrased.variant,
                confidence=heard.confidence if heard is not None else 0.0,
                trace=_trace(situation, reading),
            ),
            now,
        )
        turns.handle(connection, turn, _handled(situation, reading, decision, voice), decision.lang, case)
        parts = [part for message in phrased.messages for part in split(message)]
        texts = [plain(part.text) if part.markdown else part.text for part in parts]
        ids = turns.say(
            connection,
            situation.conversation,
            texts,
            author=Author.BOT,
            now=now,
            lang=decision.lang,
            turn=turn,
            case=case,
        )
        sends = [
            Send(
                situation.account,
                situation.place,
                part,
                Author.BOT,
                conversation=situation.conversation,
                message=message,
                turn=turn,
            )
            for part, message in zip(parts, ids, strict=True)
        ]
        outbox.put(connection, sends, now)
        lanes = {send.lane for send in sends}
        for job in decision.jobs:
            timers.set_timer(
                connection, job.kind, now, conversation=situation.conversation, payload=job.payload
            )
        if situation.first_visit and sends:
            turns.greeted(connection, situation.contact, now)
        _report(connection, situation, decision, now)
        if decision.reason is not None and case is not None:
            again = situation.case is not None
            lanes.update(self._notices.opened(connection, situation, case, decision.reason, now, again=again))
        elif decision.outcome is Outcome.RELAYED or decision.talk is Talk.STILL_IN_LINE:
            lanes.update(self._notices.added(connection, situation, case, now))
        seen_by_staff = case is not None and (decision.hands_off or after.owner is not Owner.BOT)
        if seen_by_staff:
            files.announce(connection, situation.conversation, now)
        return Written(decision.outcome, frozenset(lanes), case if seen_by_staff else None)

    def _show_typing(self, situation: Situation) -> None:
        channel = self._channels.get(situation.account)
        if channel is not None and self._window >= timedelta(milliseconds=500):
            task = asyncio.ensure_future(channel.typing(situation.place))
            self._hints.add(task)
            task.add_done_callback(self._hint_done)

    def _hint_done(self, task: asyncio.Task[None]) -> None:
        self._hints.discard(task)
        if not task.cancelled() and task.exception() is not None:
            _log.debug("a typing hint was lost", error=repr(task.exception()))


async def _woken_within(woken: asyncio.Event, pause: timedelta) -> None:
    try:
        async with asyncio.timeout(pause.total_seconds()):
            await woken.wait()
    except TimeoutError:
        return


def _whole(message: Outgoing) -> tuple[Outgoing, ...]:
    return (message,)


def _team(decision: Decision, voice: Voice) -> str:
    """Who gets the case: the team of the entry that it is about, if there is one."""
    about = decision.entry or decision.memory.entry
    entry = voice.knowledge.entries.get(about) if about else None
    return entry.team if entry is not None else ""


def _handled(situation: Situation, reading: Reading, decision: Decision, voice: Voice) -> list[Handled]:
    """The main message has the turn's outcome; the others are joined to it, unless nothing was said."""
    joined = decision.outcome not in (Outcome.RELAYED, Outcome.IGNORED, Outcome.BLOCKED)
    result = []
    for said in situation.said:
        is_button = said.kind is InboundKind.BUTTON
        text = (describe(said.command, voice, decision.lang) or None) if is_button else None
        own = said.id == reading.main or not joined
        outcome = decision.outcome if own else Outcome.JOINED
        result.append(Handled(said.id, outcome, decision.rule if own else "", text))
    return result


def _report(connection: Connection, situation: Situation, decision: Decision, now: datetime) -> None:
    joined = len(situation.said) - 1
    alone = decision.outcome in (Outcome.RELAYED, Outcome.IGNORED, Outcome.BLOCKED)
    report = partial(
        turns.report,
        connection,
        "turn",
        now,
        platform=situation.account.platform,
        place_kind=situation.place.kind.value,
        lang=decision.lang,
    )
    report(
        outcome=decision.outcome.value,
        rule=decision.rule,
        reason=decision.reason.value if decision.reason else "",
        entry=decision.entry or "",
        count=1 + joined if alone else 1,
    )
    if joined and not alone:
        report(outcome=Outcome.JOINED.value, count=joined)


def _trace(situation: Situation, reading: Reading) -> dict[str, Any]:
    """Why: kept with the turn, so that "why did it say that?" has an answer with file:line."""
    heard = reading.understanding
    if heard is None:
        return {"failed": True} if reading.failed else {}
    return {
        "text": heard.trace.normalised,
        "messages": len(situation.said),
        "intent": heard.intent,
        "band": heard.band.value,
        "repairs": [list(pair) for pair in heard.trace.repairs],
        "candidates": [[c.intent, round(c.confidence, 4)] for c in heard.candidates],
        "nearest": [[n.intent, n.source, round(n.similarity, 4)] for n in heard.trace.nearest],
        "notes": list(heard.trace.notes),
    }
