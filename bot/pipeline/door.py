"""The door: what of a public place comes in, and what is only counted; before anything touches the disk."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from bot.catalogue.commands import COMMANDS
from bot.channels.base import Channel, PublicChannel
from bot.conversation.ownership import Ownership
from bot.conversation.situation import Memory, Said, Situation
from bot.domain import (
    Account,
    Addressed,
    ContactId,
    ConversationId,
    Inbound,
    InboundKind,
    MessageId,
    Outcome,
    PlaceRef,
    Platform,
)
from bot.errors import ChannelError
from bot.knowledge.community import Manners, Mode
from bot.pipeline.decide import LATE, decide
from bot.pipeline.floor import Floor, asks, thread_of
from bot.pipeline.ports import Minds
from bot.pipeline.public import STAFF_COMMANDS
from bot.pipeline.understand import understand
from bot.store import places
from bot.store.engine import Store
from bot.store.places import PUBLIC, Overheard, Standing, Where

SEEN = 5_000
"""Events that are remembered, so that one that a platform tells again is not counted again."""

_KNOWN_COMMANDS = frozenset(command.name.value for command in COMMANDS) - STAFF_COMMANDS


Moderates = Callable[[Account, PlaceRef, str], Awaitable[bool]]
"""Whether somebody is staff in a place; False where nobody tells."""


def asking(channels: Mapping[Account, Channel]) -> Moderates:
    """Asks the platform who is staff in a place."""

    async def moderates(account: Account, place: PlaceRef, person: str) -> bool:
        channel = channels.get(account)
        try:
            return isinstance(channel, PublicChannel) and await channel.moderates(place, person)
        except ChannelError:  # where nobody tells, the bot is no more shy than it has to be
            return False

    return moderates


@dataclass(frozen=True, slots=True)
class Waiting:
    """A question that was asked of everyone: let in at `due`, unless somebody else answers it first."""

    event: Inbound
    due: datetime


@dataclass(slots=True)
class Admitted:
    """What becomes of the events of one batch."""

    passed: list[Inbound] = field(default_factory=list)
    waiting: list[Waiting] = field(default_factory=list)
    counts: Counter[tuple[Account, str, str]] = field(default_factory=Counter)
    kept: list[Inbound] = field(default_factory=list)

    @property
    def overheard(self) -> Overheard:
        """What the store writes of what did not come in."""
        return Overheard(self.counts, self.kept)


class Door:
    """Stands before the commit, and holds no words but those of questions that wait for an answer.

    What was said to the bot comes in. Everything else that people say is counted, at most: it comes in only
    where the place's mode lets the bot answer unasked, where it is surer than when it is asked, and where
    nobody is interrupted; nobody else has then answered after a while.
    """

    def __init__(
        self,
        store: Store,
        minds: Minds,
        moderates: Moderates,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store, self._minds, self._moderates, self._clock = store, minds, moderates, clock
        self._floor = Floor()
        self._seen: OrderedDict[tuple[Account, str], None] = OrderedDict()
        self._listening: frozenset[Where] = frozenset()
        self._former: dict[Where, str] = {}
        self._waiting: list[Waiting] = []

    async def open(self) -> None:
        """Learn which places were told that they are listened to, and which have moved."""
        self._listening, self._former = await self._store.read(
            lambda connection: (frozenset(places.listening(connection)), places.former(connection))
        )

    async def admit(self, events: Sequence[Inbound]) -> Admitted:
        """Judge events in order; nothing is remembered of those that are not committed in the end."""
        admitted = Admitted()
        for event in events:
            if event.place is None or event.place.kind not in PUBLIC:
                admitted.passed.append(event)
            elif (event.account, event.event_id) not in self._seen or _addresses(event):
                await self._judge(event, admitted)
        return admitted

    def committed(self, events: Iterable[Inbound], admitted: Admitted) -> None:
        """What was admitted is stored; questions begin to wait."""
        for event in events:
            if event.place is not None and event.place.kind in PUBLIC:
                self._seen[event.account, event.event_id] = None
                if event.command == "migrated" and event.kind is InboundKind.OTHER:
                    self._former[event.account, event.text] = event.place.external_id
        while len(self._seen) > SEEN:
            self._seen.popitem(last=False)
        passed = {(event.account, event.event_id) for event in admitted.passed}
        self._waiting = [w for w in self._waiting if (w.event.account, w.event.event_id) not in passed]
        self._waiting += admitted.waiting

    def forget(self, who: tuple[str, str, str]) -> None:
        """Know nothing more of a member who is erased: by platform, the bot's account there, and their id."""
        platform, account, person = who
        self._floor.forget(Account(Platform(platform), account), person)
        for waiting in list(self._waiting):  # one by one: the unit that erases may run in another thread
            if _is_by(waiting.event, who):
                with suppress(ValueError):
                    self._waiting.remove(waiting)

    def next_due(self) -> datetime | None:
        """When the first waiting question has waited long enough."""
        return min((waiting.due for waiting in self._waiting), default=None)

    async def take_due(self) -> tuple[list[Inbound], list[Inbound]]:
        """Questions that have waited: those to be let in, and those that are left to people."""
        now = self._clock()
        due = [w.event for w in self._waiting if w.due <= now]
        self._waiting = [w for w in self._waiting if w.due > now]
        free: list[Inbound] = []
        left: list[Inbound] = []
        for event in due:
            mine = not self._floor.answered(event, now) and not await self._staff_is_here(event, now)
            (free if mine else left).append(event)
        return free, left

    async def _staff_is_here(self, event: Inbound, now: datetime) -> bool:
        """Whether somebody who moderates spoke lately, where the platform does not tell with each message."""
        assert event.place is not None
        pause = timedelta(minutes=self._minds.current.voice.knowledge.community.staff_pause)
        if self._floor.is_hushed(event, now):
            return True
        for person in self._floor.others(event, now, pause):
            if await self._moderates(event.account, event.place, person):
                self._floor.hush(event, now + pause)
                return True
        return False

    def manners(self, event: Inbound) -> Manners:
        """How the bot behaves where an event comes from."""
        assert event.place is not None
        former = self._former.get((event.account, event.place.external_id), "")
        community = self._minds.current.voice.knowledge.community
        return community.manners(event.account.platform, event.place, former)

    async def _judge(self, event: Inbound, admitted: Admitted) -> None:
        if event.kind is InboundKind.OTHER:
            if event.command in ("membership", "migrated") or event.sender is None:
                admitted.passed.append(event)  # nobody's words
            return
        if event.kind is InboundKind.DELETE:
            self._forget_question(event, admitted)
            admitted.passed.append(event)
            return
        if event.sender is None or event.sender.is_bot or event.sender.external_id == event.account.id:
            return
        manners = self.manners(event)
        if manners.mode is Mode.OFF and not _is_way_back(event):
            return
        now = self._clock()
        match event.kind:
            case InboundKind.EDIT:
                self._forget_question(event, admitted)
                admitted.passed.append(event)
                return
            case InboundKind.BUTTON:
                admitted.passed.append(event)
                return
            case InboundKind.COMMAND:
                comes_in = event.command in _KNOWN_COMMANDS
            case _:
                comes_in = event.addressed is not Addressed.NOT
        if comes_in:
            admitted.passed += self._questions_of(event, admitted)
            admitted.passed.append(event)
        else:
            waits = await self._overhear(event, manners, admitted, now)
            question = asks(event.text)
            self._floor.note(event, now, asks=question, of_people=question and not waits)
            return
        self._floor.note(event, now)

    async def _overhear(self, event: Inbound, manners: Manners, admitted: Admitted, now: datetime) -> bool:
        """What was not said to the bot; whether it waits to be let in."""
        assert event.place is not None
        assert event.sender is not None
        if event.sender.moderates:
            pause = timedelta(minutes=self._minds.current.voice.knowledge.community.staff_pause)
            self._floor.hush(event, now + pause)
        elif manners.mode.answers_unasked and await self._is_for_us(event, manners, now):
            admitted.waiting.append(Waiting(event, now + timedelta(seconds=manners.wait)))
            return True
        where = (event.account, event.place.external_id)
        admitted.counts[(*where, f"{event.sent_at.astimezone(UTC):%Y-%m-%d}")] += 1
        if manners.mode is Mode.LISTEN and where in self._listening and event.text.strip():
            admitted.kept.append(event)
        return False

    async def _is_for_us(self, event: Inbound, manners: Manners, now: datetime) -> bool:
        """Whether the bot would answer what nobody asked it, were it let in now."""
        assert event.sender is not None
        if (
            event.kind is not InboundKind.MESSAGE
            or not event.text.strip()
            or event.to_others
            or event.sender.anonymous
            or now - event.sent_at > LATE
            or (manners.mode is Mode.QUESTIONS and not asks(event.text))
            or self._floor.is_hushed(event, now)
            or self._floor.is_exchange(event, now)
        ):
            return False
        mind = self._minds.current
        before = _situation(event, Standing(), now)
        reading = await understand(before, mind.interpreter)
        if decide(before, reading, mind.voice.knowledge, now).outcome is not Outcome.ANSWERED:
            return False
        standing = await self._store.read(lambda connection: places.standing(connection, event))
        situation = _situation(event, standing, now)
        return decide(situation, reading, mind.voice.knowledge, now).outcome is Outcome.ANSWERED

    def _questions_of(self, event: Inbound, admitted: Admitted) -> list[Inbound]:
        """What the sender had just asked of everyone, who now turns to the bot: both are one thought."""
        assert event.sender is not None
        found = [
            w.event
            for w in (*self._waiting, *admitted.waiting)
            if w.event.sender is not None
            and w.event.sender.external_id == event.sender.external_id
            and thread_of(w.event) == thread_of(event)
        ]
        admitted.waiting = [w for w in admitted.waiting if w.event not in found]
        return [question for question in found if question not in admitted.passed]

    def _forget_question(self, event: Inbound, admitted: Admitted) -> None:
        """A question that is rewritten while it waits is not what was understood any more."""
        for waiting in (self._waiting, admitted.waiting):
            waiting[:] = [
                w
                for w in waiting
                if (thread_of(w.event), w.event.message_id) != (thread_of(event), event.message_id)
            ]


def _is_by(event: Inbound, who: tuple[str, str, str]) -> bool:
    sender = event.sender.external_id if event.sender is not None else ""
    return (event.account.platform.value, event.account.id, sender) == who


def _addresses(event: Inbound) -> bool:
    """Whether an event is stored as one, so that the store knows a repeat."""
    return event.addressed is not Addressed.NOT or event.kind is not InboundKind.MESSAGE


def _is_way_back(event: Inbound) -> bool:
    """Whether an event is heard although the place is off: whoever runs it must be able to find it again."""
    return event.kind is InboundKind.BUTTON or (
        event.kind is InboundKind.COMMAND and event.command == "install"
    )


def _situation(event: Inbound, standing: Standing, now: datetime) -> Situation:
    """The situation in which an event would be decided about, if it came in."""
    assert event.place is not None
    said = Said(
        MessageId(0),
        InboundKind.MESSAGE,
        event.text,
        sent_at=event.sent_at,
        stored_at=now,
        addressed=Addressed.NOT,
    )
    return Situation(
        conversation=ConversationId(0),
        contact=ContactId(0),
        version=0,
        ownership=Ownership(),
        account=event.account,
        place=replace(event.place, title=""),
        name="",
        case=None,
        lang=None,
        misses=0,
        wordless=0,
        first_visit=False,
        blocked=standing.blocked or standing.owner in ("human", "paused"),
        memory=Memory(),
        said=(said,),
        lately=standing.lately,
    )
