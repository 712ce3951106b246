"""How much one member, one public place and a crowd of newcomers may ask of the bot: named rules, in memory.

Judged at the door, before anything costs: a message over a limit never reaches the understanding. A private
one is first still stored, already handled and cut short; after that it is only counted.
"""

from __future__ import annotations

import time
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from bot.domain import Account, Addressed, Inbound, InboundKind, Outcome, PlaceKind
from bot.pipeline.model import PERSON
from bot.store.floods import Tally
from bot.store.inbound import Key, Over, key_of

REMEMBERED = 20_000
"""Members and places whose pace is remembered; about 0.3 KB each. The quietest is forgotten first."""
MUTE_SECONDS = 60.0
"""Who was over their limit is heard again after this time; until then only a call for a person is."""
KEPT = 20
"""Messages over the limit that are stored in one such time; the rest is only counted."""
CALLS = 3.0
CALLS_PER_SECOND = 1 / 60
"""Calls for a person that pass beside the member's limit (promise 10), and how fast they come back."""
NEW_CALLS = 30.0
NEW_CALLS_PER_SECOND = 10 / 60
"""The same for all newcomers of an account together, while too many come."""
TALK, TALK_PER_SECOND = 30.0, 0.5
"""Talk of one member in public places that is listened to at all, at once and on the long run."""
RETRIED = 1_000
"""Judgements kept of events whose commit failed: they come again, and must not be charged twice."""

_SAYS = frozenset({InboundKind.MESSAGE, InboundKind.COMMAND, InboundKind.BUTTON})


class Rule(StrEnum):
    """Why a message was not looked at; stored with it, or with its count."""

    MEMBER = "member_limit"
    PLACE = "place_limit"
    NEWCOMERS = "newcomers_limit"
    BLOCKED = "blocked_by_staff"


@dataclass(frozen=True, slots=True)
class Bounds:
    """The limits of an instance; 0 lifts one.

    `member_burst` messages at once, and `member_per_minute` on the long run. `place_per_minute` are messages
    to the bot by all in one public place. `newcomers_per_minute` are people who write for the first time to
    one bot account; a tenth of it in one public place.
    """

    member_burst: int = 20
    member_per_minute: int = 60
    place_per_minute: int = 120
    newcomers_per_minute: int = 1800


@dataclass(slots=True)
class Sifted:
    """What a batch leaves: events to be stored, which of them are over a limit, and what is only counted."""

    events: list[Inbound] = field(default_factory=list)
    over: dict[str, Over] = field(default_factory=dict)
    """By event id: stored, but handled already."""
    tallies: Counter[Tally] = field(default_factory=Counter)


class Buckets:
    """A token bucket a key: `burst` at once, `per_second` on the long run; bounded in memory."""

    def __init__(self, burst: float, per_second: float, most: int = REMEMBERED) -> None:
        self._burst, self._per_second, self._most = burst, per_second, most
        self._left: OrderedDict[object, tuple[float, float]] = OrderedDict()

    def take(self, key: object, now: float) -> bool:
        """Take one token; False when there is none."""
        tokens, at = self._left.pop(key, (self._burst, now))
        tokens = min(self._burst, tokens + max(0.0, now - at) * self._per_second)
        taken = tokens >= 1.0
        self._left[key] = (tokens - 1.0 if taken else tokens, max(now, at))
        if len(self._left) > self._most:
            self._left.popitem(last=False)
        return taken

    def __len__(self) -> int:
        return len(self._left)


@dataclass(slots=True)
class _Muted:
    until: float
    kept: int = 0


class Blocklist:
    """The accounts that staff has blocked, in memory, so that they cost no query."""

    def __init__(self, blocked: Iterable[tuple[str, str, str]] = ()) -> None:
        self._blocked = set(blocked)

    def __contains__(self, who: tuple[str, str, str]) -> bool:
        return who in self._blocked

    def __len__(self) -> int:
        return len(self._blocked)

    def put(self, who: tuple[str, str, str], *, blocked: bool) -> None:
        """Platform, account and the platform's id of a person; call it after the commit that made it so."""
        if blocked:
            self._blocked.add(who)
        else:
            self._blocked.discard(who)


Strangers = Callable[[Account, Collection[str]], Awaitable[Collection[str]]]
"""Which of these people, by the platform's ids, have never written to the account."""


class Limits:
    """Judges what arrives, by when it was written: what waited in an outage comes at once and is no flood.

    `clock` gives seconds that never go back, `wall` the time that platforms stamp messages with.
    """

    def __init__(
        self,
        bounds: Bounds,
        blocklist: Blocklist,
        strangers: Strangers,
        *,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._bounds, self._blocklist, self._strangers = bounds, blocklist, strangers
        self._clock, self._wall = clock, wall
        new = bounds.newcomers_per_minute
        self._members = Buckets(bounds.member_burst, bounds.member_per_minute / 60)
        self._places = Buckets(max(1.0, bounds.place_per_minute / 2), bounds.place_per_minute / 60)
        self._newcomers = Buckets(new, new / 60)
        self._place_newcomers = Buckets(max(1.0, new / 10), new / 600)
        self._talk = Buckets(TALK, TALK_PER_SECOND)
        self._calls = Buckets(CALLS, CALLS_PER_SECOND)
        self._new_calls = Buckets(NEW_CALLS, NEW_CALLS_PER_SECOND)
        self._muted: OrderedDict[tuple[str, str, str], _Muted] = OrderedDict()
        self._judged: OrderedDict[tuple[Account, str], _Verdict] = OrderedDict()

    def heeds(self, event: Inbound) -> bool:
        """Whether talk in public that is for nobody is worth understanding: not that of who floods."""
        if event.sender is None or event.place is None or event.addressed is not Addressed.NOT:
            return True
        if event.place.kind in (PlaceKind.PRIVATE, PlaceKind.STAFF):
            return True
        who = (event.account.platform.value, event.account.id, event.sender.external_id)
        return who not in self._blocklist and self._talk.take(who, self._written(event))

    async def sift(self, events: Sequence[Inbound], known: Mapping[Key, object]) -> Sifted:
        """Judge events of one account, in order. `known` are conversations that exist for certain."""
        verdicts = [
            self._judged.get((event.account, event.event_id)) or self._judge(event, self._written(event))
            for event in events
        ]
        if self._bounds.newcomers_per_minute:
            await self._meet(events, verdicts, known)
        for event, verdict in zip(events, verdicts, strict=True):
            self._judged[event.account, event.event_id] = verdict
        while len(self._judged) > RETRIED:
            self._judged.popitem(last=False)
        return _sifted(events, verdicts)

    def settled(self, events: Sequence[Inbound]) -> None:
        """The events are committed and won't come again."""
        for event in events:
            self._judged.pop((event.account, event.event_id), None)

    def _written(self, event: Inbound) -> float:
        """When it was written, by our clock; a platform's may be ahead of ours."""
        return self._clock() - max(0.0, (self._wall() - event.sent_at).total_seconds())

    def _judge(self, event: Inbound, now: float) -> _Verdict:
        if event.sender is None or event.place is None or event.place.kind is PlaceKind.STAFF:
            return _PASSES
        who = (event.account.platform.value, event.account.id, event.sender.external_id)
        if who in self._blocklist:
            return _Verdict(Rule.BLOCKED)
        public = event.place.kind is not PlaceKind.PRIVATE
        if public and event.addressed is Addressed.NOT:
            return _PASSES
        over = self._member(who, now, calls=_calls_person(event), keeps=not public and event.kind in _SAYS)
        if over is not None:
            return over
        place = (event.account, event.place.external_id)
        if public and self._bounds.place_per_minute and not self._places.take(place, now):
            return _Verdict(Rule.PLACE)
        return _PASSES

    def _member(self, who: tuple[str, str, str], now: float, *, calls: bool, keeps: bool) -> _Verdict | None:
        if not (self._bounds.member_burst and self._bounds.member_per_minute):
            return None
        muted = self._muted.get(who)
        if muted is None or now >= muted.until:
            if self._members.take(who, now):
                self._muted.pop(who, None)
                return None
            muted = _Muted(now + MUTE_SECONDS)
            self._muted[who] = muted
            self._muted.move_to_end(who)
            if len(self._muted) > REMEMBERED:
                self._muted.popitem(last=False)
        if calls and self._calls.take(who, now):
            return None
        if not keeps or muted.kept >= KEPT:
            return _Verdict(Rule.MEMBER)
        muted.kept += 1
        return _Verdict(Rule.MEMBER, kept=True, told=muted.kept == 1)

    async def _meet(
        self, events: Sequence[Inbound], verdicts: list[_Verdict], known: Mapping[Key, object]
    ) -> None:
        """Let newcomers in as fast as they may come; only while too many come, look who is one.

        Who is not let in is not told: each would cost what the limit is there to save, a contact, a
        conversation and a send, and the platform's pace is what members' answers need at that time. They are
        heard when they write again, and whoever calls a person is let in all the same (`NEW_CALLS`).
        """
        met: set[str] = set()
        asked: dict[int, str] = {}
        for index, event in enumerate(events):
            key = key_of(event)
            if verdicts[index] is not _PASSES or key is None or key in known or event.sender is None:
                continue
            who = event.sender.external_id
            if who in met or (event.account, event.event_id) in self._judged:
                continue
            if who not in asked.values() and self._lets_in(event, self._written(event)):
                met.add(who)
            else:
                asked[index] = who
        if not asked:
            return
        new = set(await self._strangers(events[0].account, set(asked.values())))
        for index, who in asked.items():
            event = events[index]
            if who not in new:
                continue
            if not (_calls_person(event) and self._new_calls.take(event.account, self._written(event))):
                verdicts[index] = _Verdict(Rule.NEWCOMERS)

    def _lets_in(self, event: Inbound, now: float) -> bool:
        assert event.place is not None
        if event.place.kind is PlaceKind.PRIVATE:
            return self._newcomers.take(event.account, now)
        return self._place_newcomers.take((event.account, event.place.external_id), now)


@dataclass(frozen=True, slots=True)
class _Verdict:
    """`rule` None: within all limits. `kept`: stored all the same. `told`: the member hears of it, once."""

    rule: Rule | None = None
    kept: bool = False
    told: bool = False


_PASSES = _Verdict()


def _sifted(events: Sequence[Inbound], verdicts: Sequence[_Verdict]) -> Sifted:
    sifted = Sifted()
    for event, verdict in zip(events, verdicts, strict=True):
        if verdict.rule is None or verdict.kept:
            sifted.events.append(event)
        if verdict.rule is None:
            continue
        if verdict.kept:
            sifted.over[event.event_id] = Over(verdict.rule.value, told=verdict.told)
        if event.kind in _SAYS and event.place is not None:
            outcome = Outcome.BLOCKED if verdict.rule is Rule.BLOCKED else Outcome.IGNORED
            tally = Tally(event.account.platform, event.place.kind, outcome, verdict.rule.value)
            sifted.tallies[tally] += 1
    return sifted


def _calls_person(event: Inbound) -> bool:
    if event.kind is InboundKind.COMMAND:
        return event.command == "human"
    return event.kind is InboundKind.BUTTON and event.text == PERSON
