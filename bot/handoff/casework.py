"""Working cases: every action of staff is one unit in the member's conversation, under its lock."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import structlog
from sqlalchemy import Connection

from bot.bus.base import Bus, Topic
from bot.catalogue.keys import Key
from bot.conversation.ownership import Act, Change, apply
from bot.conversation.situation import Situation
from bot.domain import Author, CaseId, CaseState, ConversationId, EntryId, OutboxId, Outgoing
from bot.handoff.desk import CaseSummary, Done, Dossier, DraftAction, Result, StaffMember
from bot.handoff.notices import ALERT_TIMER, StaffNotices
from bot.pipeline.lanes import Locks
from bot.pipeline.limits import Blocklist
from bot.pipeline.ports import Minds
from bot.store import blocks as stored_blocks
from bot.store import cases, conversations, dossiers, erasure, files, outbox, situations, timers, turns
from bot.store import feedback as stored_feedback
from bot.store.blocks import BlockedMember, Who
from bot.store.cases import Case
from bot.store.engine import Store
from bot.store.feedback import FeedbackLine
from bot.store.filestore import FileStore
from bot.store.outbox import Send
from bot.store.timers import GIVE_BACK_TIMER
from bot.store.turns import Report

_log = structlog.get_logger(__name__)

HUSH_SECONDS = 3.0
"""How long a take-over waits for a message of the bot that is just being sent (promise 5)."""


@dataclass(frozen=True, slots=True)
class Acted:
    """What a unit did, and whom to wake after its commit."""

    result: Result
    lanes: tuple[str, ...] = ()


class Casework:
    """The desk: list, dossier, reply, note, take over, give back, close, held sends and kept texts.

    Actions take an optional `timer`: the row of the staff message that asked for them. It is taken away in
    the same unit, so that an action is done once however often its process is killed.
    """

    def __init__(
        self,
        store: Store,
        bus: Bus,
        minds: Minds,
        notices: StaffNotices,
        locks: Locks[ConversationId],
        filestore: FileStore,
        *,
        blocklist: Blocklist | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store, self._bus, self._minds, self._notices = store, bus, minds, notices
        self._locks, self._filestore, self._clock = locks, filestore, clock
        self._blocklist = blocklist if blocklist is not None else Blocklist()
        self._changed = asyncio.Event()
        bus.listen(Topic.CASES, self._note_change)

    # -- looking

    async def cases(self, *, closed: bool = False) -> Sequence[CaseSummary]:
        """Open cases (or the 100 closed last), those that wait longest first."""
        found = await self._store.read(lambda c: dossiers.list_cases(c, closed=closed))
        return [self._titled(summary) for summary in found]

    async def dossier(self, case: CaseId) -> Dossier | None:
        """All about one case."""
        found = await self._store.read(lambda c: dossiers.dossier(c, case))
        if found is None:
            return None
        voice = self._minds.current.voice
        lang = found.summary.lang or voice.knowledge.brand.languages[0]
        titles = (voice.title(EntryId(entry), lang) for entry in found.tried)
        tried = tuple(title for title in titles if title)
        return replace(found, summary=self._titled(found.summary), tried=tried)

    async def file(self, attachment: int) -> tuple[str, str, bytes] | None:
        """Name, media type and content of a stored file."""
        found = await self._store.read(lambda c: files.find(c, attachment))
        if found is None or found.sha256 is None:
            return None
        content = await asyncio.to_thread(self._filestore.read, found.sha256)
        return found.name or f"{found.kind.value}-{found.id}", found.mime, content

    async def changed(self, timeout: float) -> None:
        """Return when any case may have changed, or after `timeout` seconds."""
        try:
            async with asyncio.timeout(timeout):
                await self._changed.wait()
        except TimeoutError:
            return

    def _titled(self, summary: CaseSummary) -> CaseSummary:
        """The team as people call it."""
        return replace(summary, team=self._notices.team(summary.team))

    # -- acting

    async def reply(
        self,
        case: CaseId,
        staff: StaffMember,
        text: str,
        *,
        attachments: Sequence[int] = (),
        timer: int | None = None,
    ) -> Result:
        """Send a text, files or both to the member; takes ownership and silences the bot.

        While a colleague owns, a text is kept as a draft instead; `attachments`, files that are stored and
        belong to no message yet, are not.
        """
        if not text.strip() and not attachments:
            return await self._nothing(Result(Done.EMPTY, case), timer)
        result = await self._act(
            case,
            timer,
            lambda c, row, now: self._reply(c, row, staff, text.strip(), attachments, now),
            silences=True,
        )
        if attachments and result.done is not Done.DONE:
            for name in await self._store.write(lambda c: files.forget(c, attachments)):
                await asyncio.to_thread(self._filestore.remove, name)
        return result

    async def note(self, case: CaseId, staff: StaffMember, text: str, *, timer: int | None = None) -> Result:
        """Keep a text that only staff sees."""
        if not text.strip():
            return await self._nothing(Result(Done.EMPTY, case), timer)

        def work(connection: Connection, row: Case, now: datetime) -> Acted:
            turns.say(
                connection,
                row.conversation,
                [text.strip()],
                author=Author.STAFF,
                staff=staff.name,
                now=now,
                case=row.id,
                kind="note",
            )
            return Acted(Result(Done.DONE, row.id))

        return await self._act(case, timer, work)

    async def take_over(self, case: CaseId, staff: StaffMember, *, timer: int | None = None) -> Result:
        """Own the conversation, also in place of a colleague; the bot says nothing more in it."""

        def work(connection: Connection, row: Case, now: datetime) -> Acted:
            situation = _situation(connection, row)
            change = apply(situation.ownership, Act.TAKE_OVER, staff.name)
            self._change(connection, row, situation, change, staff, now)
            text = self._text(Key.STAFF_TAKEN, case=str(row.id), staff=staff.name)
            return Acted(
                Result(Done.DONE, row.id), tuple(self._notices.tell(connection, text, now, case=row.id))
            )

        return await self._act(case, timer, work, silences=True)

    async def give_back(self, case: CaseId, staff: StaffMember, *, timer: int | None = None) -> Result:
        """Let the bot speak again; the case stays open."""
        return await self._act(
            case, timer, lambda c, row, now: self._release(c, row, Act.GIVE_BACK, staff, now)
        )

    async def close(self, case: CaseId, staff: StaffMember, *, timer: int | None = None) -> Result:
        """Resolve the case; the bot may speak again."""
        return await self._act(case, timer, lambda c, row, now: self._release(c, row, Act.CLOSE, staff, now))

    async def block(
        self, case: CaseId, staff: StaffMember, *, blocks: bool = True, timer: int | None = None
    ) -> Result:
        """Have nothing more to do with a case's member, who is not told; or take that back.

        Blocking closes the case without a word, and cancels what the bot was still to say.
        """
        changed: list[Who] = []

        def work(connection: Connection, row: Case, now: datetime) -> Acted:
            change = stored_blocks.block if blocks else stored_blocks.unblock
            who = change(connection, row.conversation, staff.name, now)
            if who is None:
                return Acted(Result(Done.STALE, row.id))
            changed.append(who)
            if blocks:
                situation = _situation(connection, row)
                outbox.cancel(connection, row.conversation, at_once=True)
                # also where nothing changes hands: a turn that is under way must look again
                conversations.own(connection, row.conversation, situation.ownership)
                if row.is_open:
                    release = apply(situation.ownership, Act.CLOSE, staff.name)
                    self._change(connection, row, situation, release, staff, now, forget=True)
            key = Key.STAFF_BLOCKED if blocks else Key.STAFF_UNBLOCKED
            told = self._text(key, case=str(row.id), staff=staff.name)
            return Acted(
                Result(Done.DONE, row.id), tuple(self._notices.tell(connection, told, now, case=row.id))
            )

        result = await self._act(case, timer, work, silences=blocks)
        for who in changed:
            self._blocklist.put(who, blocked=blocks)
        return result

    async def blocked(self) -> Sequence[BlockedMember]:
        """Who is blocked, the latest first."""
        return await self._store.read(stored_blocks.listed)

    async def feedback(self) -> Sequence[FeedbackLine]:
        """The latest suggestions and answers that did not serve."""
        return await self._store.read(stored_feedback.latest)

    async def held(
        self, outbox_id: int, staff: StaffMember, *, arrived: bool, timer: int | None = None
    ) -> Result:
        """Resolve a held send: it arrived, or send it again."""
        found = await self._store.read(lambda c: outbox.find(c, OutboxId(outbox_id)))
        if found is None:
            return await self._nothing(Result(Done.UNKNOWN), timer)
        lane = found[0].send.lane
        now = self._clock()

        def work(connection: Connection) -> bool:
            if timer is not None and not timers.done(connection, timer):
                return False
            return outbox.resolve(connection, OutboxId(outbox_id), arrived=arrived, now=now)

        done = await self._store.write(work)
        self._wake((lane,))
        return Result(Done.DONE if done else Done.STALE)

    async def draft(
        self, draft: int, staff: StaffMember, action: DraftAction, *, timer: int | None = None
    ) -> Result:
        """Send a kept text although a colleague owns, or take over and send it, or discard it.

        Whoever presses, the text is of the one who wrote it.
        """
        found = await self._store.read(lambda c: cases.find_draft(c, draft))
        if found is None:
            return await self._nothing(Result(Done.UNKNOWN), timer)

        def work(connection: Connection, row: Case, now: datetime) -> Acted:
            state = "discarded" if action is DraftAction.DISCARD else "sent"
            if not cases.end_draft(connection, draft, state):
                return Acted(Result(Done.STALE, row.id))
            if action is DraftAction.DISCARD:
                return Acted(Result(Done.DONE, row.id))
            situation = _situation(connection, row)
            if action is DraftAction.TAKE_OVER or not situation.ownership.staff:
                change = apply(situation.ownership, Act.TAKE_OVER, staff.name)
                self._change(connection, row, situation, change, staff, now, replied=True)
            writer = StaffMember(found.staff, staff.lang)
            lanes = _send_text(connection, situation, row.id, writer, found.text, now)
            return Acted(Result(Done.DONE, row.id, draft), lanes)

        return await self._act(found.case, timer, work, silences=action is not DraftAction.DISCARD)

    # -- how

    async def _act(
        self,
        case: CaseId,
        timer: int | None,
        work: Callable[[Connection, Case, datetime], Acted],
        *,
        silences: bool = False,
    ) -> Result:
        """Do `work` on a case in one unit, holding the conversation's lock.

        `silences`: what the bot has not begun to send is cancelled first, and what it is just sending is
        waited for, so that nothing of the bot follows the commit.
        """
        row = await self._store.read(lambda c: cases.find(c, case))
        if row is None:
            return await self._nothing(Result(Done.UNKNOWN), timer)
        if await self._store.read(lambda c: erasure.is_nobodys(c, row.conversation)):
            return await self._nothing(Result(Done.STALE, case), timer)  # there is nobody to act for any more
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._locks.hold(row.conversation))
            if silences:
                await self._hush(row.conversation)
            now = self._clock()

            def unit(connection: Connection) -> Acted:
                if timer is not None and not timers.done(connection, timer):
                    return Acted(Result(Done.STALE, case))
                return work(connection, _current(connection, row), now)

            acted = await self._store.write(unit)
        self._wake(acted.lanes)
        _log.info("case", case=case, conversation=row.conversation, done=acted.result.done.value)
        return acted.result

    async def _nothing(self, result: Result, timer: int | None) -> Result:
        if timer is not None:
            await self._store.write(lambda c: timers.done(c, timer))
        return result

    async def _hush(self, conversation: ConversationId) -> None:
        lanes: set[str] = set()

        def work(connection: Connection) -> bool:
            situation = situations.load(connection, conversation)
            if situation is None or not situation.ownership.bot_may_speak:
                return False
            for claimed in outbox.hold_doubtful(connection, conversation):  # or it would be tried meanwhile
                lanes.update(self._notices.held(connection, claimed, self._clock()))
            outbox.cancel(connection, conversation)  # also what the member would be told: a person comes
            return outbox.under_way(connection, conversation)

        try:
            async with asyncio.timeout(HUSH_SECONDS):
                while await self._store.write(work):  # a send that is to be tried again is cancelled here
                    await self.changed(0.1)
        except TimeoutError:
            _log.warning("a take-over did not wait for the bot's last message", conversation=conversation)
        for lane in lanes:
            self._bus.wake(Topic.LANE, lane)

    def _reply(
        self,
        connection: Connection,
        row: Case,
        staff: StaffMember,
        text: str,
        attachments: Sequence[int],
        now: datetime,
    ) -> Acted:
        situation = _situation(connection, row)
        change = apply(situation.ownership, Act.REPLY, staff.name)
        if not change.allowed:
            owner = situation.ownership.staff or ""
            if attachments:
                return Acted(Result(Done.KEPT, row.id, owner=owner))
            draft = cases.keep_draft(connection, row.id, staff.name, text, now)
            return Acted(Result(Done.KEPT, row.id, draft, owner))
        self._change(connection, row, situation, change, staff, now, replied=True)
        lanes = _send_text(connection, situation, row.id, staff, text, now, attachments)
        return Acted(Result(Done.DONE, row.id), lanes)

    def _release(
        self, connection: Connection, row: Case, act: Act, staff: StaffMember, now: datetime
    ) -> Acted:
        situation = _situation(connection, row)
        if not row.is_open or (act is Act.GIVE_BACK and situation.ownership.owner.value == "bot"):
            return Acted(Result(Done.STALE, row.id))
        change = apply(situation.ownership, act, staff.name)
        self._change(connection, row, situation, change, staff, now, forget=True)
        if act is Act.GIVE_BACK:
            self._answer_what_was_left(connection, row.conversation, now)
        voice = self._minds.current.voice
        lang = situation.lang or voice.knowledge.brand.languages[0]
        if act is Act.CLOSE:
            told = voice.text(Key.CASE_CLOSED, lang, case=str(row.id))
            noted = self._text(Key.STAFF_CLOSED, case=str(row.id))
        else:
            told = voice.text(Key.GIVEN_BACK, lang, assistant=voice.knowledge.brand.voice.assistant)
            noted = self._text(Key.STAFF_GIVEN_BACK, case=str(row.id))
        lanes = self._notices.speak(connection, situation, told, lang, row.id, now, rule=act.value)
        lanes += self._notices.tell(connection, noted, now, case=row.id)
        return Acted(Result(Done.DONE, row.id), tuple(lanes))

    def _answer_what_was_left(
        self, connection: Connection, conversation: ConversationId, now: datetime
    ) -> None:
        """Have the bot look at what the member said last, and nobody answered."""
        left = situations.left_unanswered(connection, conversation)
        if left:
            payload = {"messages": left}
            timers.set_timer(connection, GIVE_BACK_TIMER, now, conversation=conversation, payload=payload)

    def _change(
        self,
        connection: Connection,
        row: Case,
        situation: Situation,
        change: Change,
        staff: StaffMember,
        now: datetime,
        *,
        replied: bool = False,
        forget: bool = False,
    ) -> None:
        if change.silence:
            outbox.cancel(connection, row.conversation)
        if change.moved(situation.ownership):
            conversations.own(connection, row.conversation, change.after, forget=forget)
        if change.case is not None:
            cases.advance(connection, row.id, change.case, now, staff=staff.name, replied=replied)
        timers.drop(connection, ALERT_TIMER, row.id)
        kind = {CaseState.RESOLVED: "case_closed", CaseState.WAITING: "case_given_back"}
        if change.case in kind or replied:
            told = Report(
                kind.get(change.case, "case_reply") if change.case else "case_reply",
                now,
                platform=situation.account.platform,
                reason=row.reason.value,
                value=(now - row.opened_at).total_seconds(),
            )
            turns.report(connection, told)
        if change.moved(situation.ownership) and not change.after.bot_may_speak:
            files.announce(connection, row.conversation, now)

    def _text(self, key: Key, **values: str) -> str:
        return self._notices.text(key, **values)

    def _wake(self, lanes: Sequence[str]) -> None:
        for lane in dict.fromkeys(lanes):
            self._bus.wake(Topic.LANE, lane)
        self._bus.wake(Topic.CASES)
        self._bus.wake(Topic.TIMERS)

    def _note_change(self, _key: str) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


def _current(connection: Connection, row: Case) -> Case:
    """The case as it stands now; in place of a closed one, the one that is open in its conversation."""
    found = cases.find(connection, row.id)
    if found is not None and not found.is_open:
        other = _situation(connection, row).case
        found = cases.find(connection, other) if other is not None else found
    assert found is not None
    return found


def _situation(connection: Connection, row: Case) -> Situation:
    situation = situations.load(connection, row.conversation)
    assert situation is not None
    return situation


def _send_text(
    connection: Connection,
    situation: Situation,
    case: CaseId,
    staff: StaffMember,
    text: str,
    now: datetime,
    attachments: Sequence[int] = (),
) -> tuple[str, ...]:
    [message] = turns.say(
        connection,
        situation.conversation,
        [text],
        author=Author.STAFF,
        staff=staff.name,
        now=now,
        lang=situation.lang,
        case=case,
    )
    if attachments:
        files.belong(connection, attachments, message)
    send = Send(
        situation.account,
        situation.place,
        Outgoing(text, attachments=tuple(attachments)),
        Author.STAFF,
        conversation=situation.conversation,
        message=message,
    )
    outbox.put(connection, [send], now)
    return (send.lane,)
