"""The corridor's line: load, understand, settle, decide, phrase, and one transaction that makes it so."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from time import perf_counter
from typing import Any

import structlog
from sqlalchemy import Connection

from bot.bus.base import Bus, Topic
from bot.channels.base import Channel
from bot.channels.markup import plain
from bot.conversation.ownership import Act, Ownership, apply
from bot.conversation.situation import Situation
from bot.domain import (
    Account,
    Author,
    CaseId,
    ConversationId,
    InboundKind,
    MessageId,
    Outcome,
    Outgoing,
    Owner,
    TurnId,
)
from bot.errors import StoreError
from bot.masking import mask
from bot.metrics import Meter
from bot.pipeline import settle
from bot.pipeline.breath import Breath
from bot.pipeline.decide import decide
from bot.pipeline.lanes import Lanes, Locks
from bot.pipeline.model import PICK, Decision, Opinion, Phrased, Reading, Talk, carried_question
from bot.pipeline.phrase import Voice, describe, phrase
from bot.pipeline.ports import Minds, Notices
from bot.pipeline.together import Together
from bot.pipeline.understand import understand
from bot.store import cases, feedback, files, outbox, places, situations, timers, turns
from bot.store.engine import Store
from bot.store.outbox import Send
from bot.store.turns import Handled, Move, Report, Turn, Words

_log = structlog.get_logger(__name__)

TRIES = 3
"""Times a turn is decided anew because the conversation moved meanwhile; the last try holds the lock."""

_OF_EACH = (Outcome.RELAYED, Outcome.IGNORED, Outcome.BLOCKED)
"""Outcomes that each message of a turn has for itself; of others the main one has it, the rest are joined."""


@dataclass(frozen=True, slots=True)
class Written:
    """What a turn's unit did: the lanes that have something to send."""

    outcome: Outcome
    lanes: frozenset[str] = frozenset()
    case: CaseId | None = None


@dataclass(slots=True)
class Draft:
    """A turn that is decided and about to be written; `case` and `number` are known on the way."""

    situation: Situation
    reading: Reading
    decision: Decision
    voice: Voice
    split: Callable[[Outgoing], tuple[Outgoing, ...]]
    now: datetime
    case: CaseId | None = None
    number: TurnId | None = None
    phrased: Phrased = field(default_factory=Phrased)
    parts: tuple[Outgoing, ...] = ()
    afterwards: bool = False
    """Whether the messages that it answers have had their outcome before, and keep it."""

    @property
    def after(self) -> Ownership:
        """Who speaks when the turn is written."""
        before = self.situation.ownership
        return apply(before, Act.HAND_OFF).after if self.decision.hands_off else before

    def move(self) -> Move:
        """The conversation as the turn leaves it."""
        situation, decision, after = self.situation, self.decision, self.after
        return Move(
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

    def open_case(self, connection: Connection) -> None:
        """Open the case that the decision asks for, if it does; then the words can be found."""
        situation, decision = self.situation, self.decision
        self.case = situation.case
        if decision.reason is not None:
            self.case = cases.open_case(
                connection,
                situation.conversation,
                existing=situation.case,
                reason=decision.reason,
                team=_team(decision, self.voice),
                dossier={"tried": list(situation.memory.tried)},
                now=self.now,
            )
        main = next((said for said in situation.said if said.id == self.reading.main), None)
        via = main.via if main is not None else ""
        self.phrased = phrase(decision, situation, self.voice, self.now, self.case)
        messages = [replace(message, via=via) if via else message for message in self.phrased.messages]
        self.parts = tuple(part for message in messages for part in self.split(message))

    def turn(self) -> Turn:
        """The turn's own row."""
        decision, heard = self.decision, self.reading.understanding
        trace = _trace(self.situation, self.reading)
        if self.afterwards:
            trace["answers"] = self.reading.main  # whose own turn only relayed it
        return Turn(
            self.situation.conversation,
            decision.outcome,
            decision.lang,
            self.voice.knowledge.version,
            rule=decision.rule,
            reason=decision.reason,
            entry=decision.entry,
            variant=self.phrased.variant,
            confidence=heard.confidence if heard is not None else 0.0,
            trace=trace,
        )

    def handled(self) -> list[Handled]:
        """The main message has the turn's outcome; the others are joined to it, unless nothing was said."""
        if self.afterwards:
            return []
        decision = self.decision
        assert self.number is not None
        joined = decision.outcome not in _OF_EACH
        result = []
        for said in self.situation.said:
            if said.kind is InboundKind.DELETE:
                deleted = Outcome.IGNORED, "deleted", self.number, decision.lang, self.case
                result.append(Handled(said.id, *deleted))
                continue
            pressed = said.command if said.kind is InboundKind.BUTTON else ""
            if said.command == "faq" and said.text.startswith(PICK):
                pressed = said.text
            text = (describe(pressed, self.voice, decision.lang) or None) if pressed else None
            if said.id == self.reading.main and self.reading.asks:
                text = self.reading.text  # staff reads what was asked, not where it was carried from
            own = said.id == self.reading.main or not joined
            outcome = decision.outcome if own else Outcome.JOINED
            rule = decision.rule if own else ""
            result.append(Handled(said.id, outcome, rule, self.number, decision.lang, self.case, text))
        return result

    def words(self) -> list[Words]:
        """What the bot says, a row for each part."""
        return [
            Words(
                self.situation.conversation,
                plain(part.text) if part.markdown else part.text,
                Author.BOT,
                self.now,
                lang=self.decision.lang,
                turn=self.number,
                case=self.case,
            )
            for part in self.parts
        ]

    def sends(self, ids: Iterator[MessageId]) -> list[Send]:
        """The parts to be sent; `ids` gives the numbers of their messages."""
        situation = self.situation
        return [
            Send(
                situation.account,
                situation.place,
                part,
                Author.BOT,
                conversation=situation.conversation,
                message=next(ids),
                turn=self.number,
            )
            for part in self.parts
        ]

    def reports(self) -> list[Report]:
        """What is counted of the turn."""
        situation, decision = self.situation, self.decision
        joined = len(situation.said) - 1
        alone = decision.outcome in _OF_EACH
        of_all = partial(
            Report,
            "turn",
            self.now,
            platform=situation.account.platform,
            place_kind=situation.place.kind.value,
            lang=decision.lang,
        )
        own = of_all(
            outcome=decision.outcome.value,
            rule=decision.rule,
            reason=decision.reason.value if decision.reason else "",
            entry=decision.entry or "",
            count=1 + joined if alone else 1,
        )
        if self.afterwards:  # its messages were counted when they were relayed
            return [replace(own, kind=decision.rule)]
        if joined and not alone:
            return [own, of_all(outcome=Outcome.JOINED.value, count=joined)]
        return [own]


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
        meter: Meter | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store, self._bus, self._minds, self._notices = store, bus, minds, notices
        self._channels, self._locks, self._window, self._clock = channels, locks, window, clock
        self._meter = meter or Meter()
        self._lanes: Lanes[ConversationId] = Lanes("turn", self._work)
        self._situations: Together[ConversationId, Situation | None] = Together(self._load)
        self._writes: Together[Draft, Written | Exception | None] = Together(self._write_together)
        self._breath = Breath()
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

    def split_of(self, situation: Situation) -> Callable[[Outgoing], tuple[Outgoing, ...]]:
        """How the channel of a conversation cuts what is too long for it."""
        channel = self._channels.get(situation.account)
        return channel.split if channel is not None else _whole

    def write(self, connection: Connection, draft: Draft) -> Written | None:
        """Write one turn in the caller's unit; None when the conversation has moved since it was read."""
        [result] = self._write(connection, [draft])
        return result

    def written(self, draft: Draft, written: Written) -> None:
        """Say what was written, and wake whoever goes on with it."""
        situation, decision = draft.situation, draft.decision
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

    async def _work(self, conversation: ConversationId, woken: asyncio.Event) -> None:
        await self._breath.take(conversation, crowd=len(self._lanes))
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
        carried = await self._carried(situation)
        began = perf_counter()
        reading = await understand(situation, self._minds.current.interpreter, carried)
        self._meter.understood(perf_counter() - began)
        return situation, reading

    async def _carried(self, situation: Situation) -> str:
        """The question that the member brought over from a public place, if it is their own."""
        last = next((s for s in reversed(situation.said) if s.kind is InboundKind.COMMAND), None)
        question = carried_question(last.text) if last is not None and last.command == "start" else None
        if question is None or situation.public:
            return ""
        return await self._store.read(lambda c: situations.question_of(c, question, situation.contact))

    async def _load(self, asked: Sequence[ConversationId]) -> list[Situation | None]:
        found = await self._store.read(lambda connection: situations.load_all(connection, asked))
        return [found.get(conversation) for conversation in asked]

    async def _finish(self, situation: Situation, reading: Reading) -> bool:
        """Write the turn; False when the conversation has moved since it was read."""
        mind = self._minds.current
        now = self._clock()
        decision = decide(situation, reading, mind.voice.knowledge, now)
        draft = Draft(situation, reading, decision, mind.voice, self.split_of(situation), now)
        written = await self._writes.do(draft)
        if isinstance(written, Exception):
            raise written
        if written is None:
            return False
        self._breath.spent(situation.conversation)
        self.written(draft, written)
        self._count(situation, decision)
        return True

    async def _write_together(self, drafts: Sequence[Draft]) -> list[Written | Exception | None]:
        """Write the turns of many conversations in one unit; where that fails, each by itself."""
        try:
            return list(await self._store.write(lambda connection: self._write(connection, drafts)))
        except StoreError:
            raise
        except Exception as error:  # one turn's trouble must not keep the others from being written
            if len(drafts) == 1:
                return [error]
        results: list[Written | Exception | None] = []
        for draft in drafts:
            results += await self._write_together([draft])
        return results

    def _write(self, connection: Connection, drafts: Sequence[Draft]) -> list[Written | None]:
        """One unit for all: a statement costs more than its rows."""
        moved = turns.move(connection, [draft.move() for draft in fresh(connection, drafts)])
        live = [draft for draft in drafts if draft.situation.conversation in moved]
        for draft in live:
            draft.open_case(connection)
        words: list[Words] = []
        handled: list[Handled] = []
        numbers = turns.record_all(connection, [draft.turn() for draft in live], self._clock())
        for draft, number in zip(live, numbers, strict=True):
            draft.number = number
            handled += draft.handled()
            words += draft.words()
        turns.handle(connection, handled)
        ids = iter(turns.say_all(connection, words))
        sends = {id(draft): draft.sends(ids) for draft in live}
        outbox.put(connection, [send for draft in live for send in sends[id(draft)]], self._clock())
        turns.report(connection, *(one for draft in live for one in draft.reports()))
        return [
            self._conclude(connection, draft, sends[id(draft)]) if id(draft) in sends else None
            for draft in drafts
        ]

    def _conclude(self, connection: Connection, draft: Draft, sends: Sequence[Send]) -> Written:
        """What only some turns cause."""
        situation, decision, case, now = draft.situation, draft.decision, draft.case, draft.now
        lanes = {send.lane for send in sends}
        for job in decision.jobs:
            timers.set_timer(
                connection, job.kind, now, conversation=situation.conversation, payload=job.payload
            )
        if decision.opinion is not None:
            _keep(connection, situation, decision, decision.opinion, now)
        if situation.public and decision.entry is not None:
            places.given(connection, situation.place_id, situation.place.thread, decision.entry, now)
        if situation.first_visit and sends and not situation.public:
            turns.greeted(connection, situation.contact, now)
        if decision.minor is not None:
            turns.mark_minor(connection, situation.contact, now if decision.minor else None)
        if decision.reason is not None and case is not None:
            again = situation.case is not None
            lanes.update(self._notices.opened(connection, situation, case, decision.reason, now, again=again))
        elif decision.outcome is Outcome.RELAYED or decision.talk is Talk.STILL_IN_LINE:
            lanes.update(self._notices.added(connection, situation, case, now))
        seen_by_staff = case is not None and (decision.hands_off or draft.after.owner is not Owner.BOT)
        if seen_by_staff and not (situation.minor or decision.minor):
            files.announce(connection, situation.conversation, now)
        return Written(decision.outcome, frozenset(lanes), case if seen_by_staff else None)

    def _count(self, situation: Situation, decision: Decision) -> None:
        said = situation.said
        joined = 0 if decision.outcome in _OF_EACH else len(said) - 1
        self._meter.turned(
            situation.account.platform.value,
            situation.place.kind.value,
            decision.outcome.value,
            decision.rule,
            (self._clock() - said[-1].stored_at).total_seconds(),
            count=len(said) - joined,
            joined=joined,
        )

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


def fresh(connection: Connection, drafts: Sequence[Draft]) -> list[Draft]:
    """The turns that may be written as they are: an unasked answer is given once in its cooldown.

    Somebody else's turn may have given it since this one was read; then it has to be decided anew.
    """
    unasked = [d for d in drafts if d.situation.public and d.decision.entry and not d.situation.asked]
    if not unasked:
        return list(drafts)
    lately = places.lately(connection, {d.situation.place_id for d in unasked})
    stale: set[ConversationId] = set()
    taken: set[tuple[int, str, str]] = set()
    for draft in unasked:
        situation, entry = draft.situation, draft.decision.entry
        assert entry is not None
        here = (situation.place_id, situation.place.thread)
        now_given = lately.get(here, {}).get(entry)
        if now_given != situation.lately.get(entry) or (*here, entry) in taken:
            stale.add(situation.conversation)
        taken.add((*here, entry))
    return [draft for draft in drafts if draft.situation.conversation not in stale]


async def _woken_within(woken: asyncio.Event, pause: timedelta) -> None:
    try:
        async with asyncio.timeout(pause.total_seconds()):
            await woken.wait()
    except TimeoutError:
        return


def _whole(message: Outgoing) -> tuple[Outgoing, ...]:
    return (message,)


def _keep(
    connection: Connection, situation: Situation, decision: Decision, opinion: Opinion, now: datetime
) -> None:
    """Write an opinion down, and count it without saying whose it is."""
    kept = feedback.record(
        connection,
        situation.conversation,
        opinion.kind.value,
        now,
        message=opinion.message,
        entry=opinion.entry or "",
        text=opinion.text,
        lang=decision.lang,
    )
    if kept:
        counted = Report(
            "feedback",
            now,
            platform=situation.account.platform,
            place_kind=situation.place.kind.value,
            lang=decision.lang,
            outcome=opinion.kind.value,
            entry=opinion.entry or "",
        )
        turns.report(connection, counted)


def _team(decision: Decision, voice: Voice) -> str:
    """Who gets the case: the team of the entry that it is about, if there is one."""
    about = decision.entry or decision.memory.entry
    entry = voice.knowledge.entries.get(about) if about else None
    return entry.team if entry is not None else ""


def _trace(situation: Situation, reading: Reading) -> dict[str, Any]:
    """Why: kept with the turn, so that "why did it say that?" has an answer with file:line."""
    heard = reading.understanding
    if heard is None:
        return {"failed": True} if reading.failed else {}
    return {
        "text": mask(heard.trace.normalised),
        "messages": len(situation.said),
        "intent": heard.intent,
        "band": heard.band.value,
        "repairs": [[mask(word) for word in pair] for pair in heard.trace.repairs],
        "candidates": [[c.intent, round(c.confidence, 4)] for c in heard.candidates],
        "nearest": [[n.intent, n.source, round(n.similarity, 4)] for n in heard.trace.nearest],
        "notes": [mask(note) for note in heard.trace.notes],
    }
