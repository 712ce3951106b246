"""Who may ask how much: named rules, each message counted once, and little memory."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain import (
    Account,
    Addressed,
    Inbound,
    InboundKind,
    Outcome,
    PlaceKind,
    PlaceRef,
    Platform,
    Sender,
)
from bot.pipeline.limits import (
    CALLS,
    KEPT,
    MUTE_SECONDS,
    NEW_CALLS,
    TALK,
    Blocklist,
    Bounds,
    Buckets,
    Limits,
    Rule,
    Sifted,
)
from bot.store.inbound import Key, key_of

ACCOUNT = Account(Platform.TELEGRAM, "1")
AT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@dataclass
class Door:
    """Limits on a clock that tests move, and what they have let in."""

    bounds: Bounds = field(default_factory=Bounds)
    blocklist: Blocklist = field(default_factory=Blocklist)
    now: float = 1_000.0
    friends: set[str] = field(default_factory=set)
    known: dict[Key, object] = field(default_factory=dict)
    looked_up: int = 0
    number: int = 0

    def __post_init__(self) -> None:
        self.limits = Limits(
            self.bounds, self.blocklist, self._strangers, clock=lambda: self.now, wall=lambda: AT
        )

    async def _strangers(self, account: Account, people: Collection[str]) -> Collection[str]:
        self.looked_up += 1
        return set(people) - self.friends

    def event(self, who: str = "ana", **given: Any) -> Inbound:
        self.number += 1
        place = given.pop("place", PlaceRef(who, PlaceKind.PRIVATE))
        kind = given.pop("kind", InboundKind.MESSAGE)
        at = AT - timedelta(seconds=given.pop("waited", 0))
        return Inbound(ACCOUNT, str(self.number), kind, at, Sender(who), place, **given)

    async def hears(self, *events: Inbound) -> Sifted:
        """Sift and commit."""
        sifted = await self.limits.sift(events, self.known)
        self.limits.settled(events)
        self.known |= {key: None for e in sifted.events if (key := key_of(e)) is not None}
        return sifted


def passed(sifted: Sifted) -> int:
    return sum(event.event_id not in sifted.over for event in sifted.events)


def rules(sifted: Sifted) -> dict[str, int]:
    return {tally.rule: number for tally, number in sifted.tallies.items()}


async def test_a_flood_passes_a_burst_then_is_kept_then_only_counted() -> None:
    door = Door()
    sifted = await door.hears(*(door.event() for _ in range(200)))
    assert passed(sifted) == 20
    assert len(sifted.over) == KEPT
    assert rules(sifted) == {Rule.MEMBER: 180}
    assert [over.told for over in sifted.over.values()] == [True] + [False] * (KEPT - 1)
    assert {tally.outcome for tally in sifted.tallies} == {Outcome.IGNORED}


async def test_what_was_written_in_an_outage_is_judged_by_when_it_was_written() -> None:
    door = Door()
    calm = [door.event(waited=10 * (60 - number)) for number in range(60)]  # ten minutes, one in ten seconds
    flood = [door.event("mala", waited=300) for _ in range(200)]
    sifted = await door.hears(*calm, *flood)
    assert passed(sifted) == 60 + 20
    group = PlaceRef("-100", PlaceKind.GROUP)
    asked = [
        door.event(f"m{number}", place=group, addressed=Addressed.MENTION, waited=4 * (150 - number))
        for number in range(150)
    ]
    assert passed(await door.hears(*asked)) == 150
    talk = [
        door.event("ana", place=group, addressed=Addressed.NOT, waited=5 * (100 - number))
        for number in range(100)
    ]
    assert all(door.limits.heeds(event) for event in talk)
    assert passed(await door.hears(door.event(waited=-5))) == 1, "clocks may be apart"


async def test_somebody_else_is_not_slowed_down() -> None:
    door = Door()
    events = [door.event("mala") if i % 10 else door.event("luz") for i in range(200)]
    sifted = await door.hears(*events)
    assert sum(e.sender.external_id == "luz" for e in sifted.events if e.sender) == 20
    assert not any(e.event_id in sifted.over for e in events if e.sender and e.sender.external_id == "luz")


async def test_after_a_quiet_minute_the_member_is_heard_and_told_anew() -> None:
    door = Door()
    await door.hears(*(door.event() for _ in range(40)))
    door.now += MUTE_SECONDS - 1
    assert passed(await door.hears(door.event())) == 0
    door.now += 1
    assert passed(await door.hears(door.event())) == 1
    again = await door.hears(*(door.event() for _ in range(40)))
    assert [over.told for over in again.over.values()].count(True) == 1


async def test_a_call_for_a_person_passes_beside_the_limit_but_not_without_one() -> None:
    door = Door()
    await door.hears(*(door.event() for _ in range(100)))
    call = [door.event(kind=InboundKind.COMMAND, command="human") for _ in range(20)]
    tap = door.event("eva", kind=InboundKind.BUTTON, text="person")
    sifted = await door.hears(*call, tap)
    assert passed(sifted) == int(CALLS) + 1


async def test_an_event_that_comes_again_after_a_failed_commit_is_judged_once() -> None:
    door = Door()
    first = [door.event() for _ in range(40)]
    judged = [await door.limits.sift(first, door.known) for _ in range(5)]
    assert {passed(one) for one in judged} == {20}
    door.limits.settled(first)
    assert passed(await door.hears(door.event("eva"))) == 1


async def test_a_blocked_member_is_counted_and_nothing_else() -> None:
    door = Door(blocklist=Blocklist([("telegram", "1", "mala")]))
    person = door.event("mala", kind=InboundKind.COMMAND, command="human")
    sifted = await door.hears(door.event("mala"), person, door.event("mala", kind=InboundKind.EDIT))
    assert sifted.events == []
    [(tally, number)] = sifted.tallies.items()
    assert (tally.outcome, tally.rule, number) == (Outcome.BLOCKED, "blocked_by_staff", 2)
    assert door.looked_up == 0
    door.blocklist.put(("telegram", "1", "mala"), blocked=False)
    assert passed(await door.hears(door.event("mala"))) == 1


async def test_newcomers_come_in_one_by_one_and_friends_always() -> None:
    door = Door(Bounds(newcomers_per_minute=60), friends={f"amiga{i}" for i in range(50)})
    crowd = [door.event(f"nueva{i}") for i in range(200)]
    sifted = await door.hears(*crowd, *(door.event(f"amiga{i}") for i in range(50)))
    assert passed(sifted) == 60 + 50
    assert rules(sifted) == {Rule.NEWCOMERS: 140}
    assert door.looked_up == 1
    door.now += 10
    assert passed(await door.hears(*(door.event(f"otra{i}") for i in range(50)))) == 10
    again = await door.hears(*(door.event(f"nueva{i}") for i in range(60)))
    assert passed(again) == 60, "who was let in stays in"


async def test_a_newcomer_reaches_a_person_also_in_a_flood_of_them_within_reason() -> None:
    door = Door(Bounds(newcomers_per_minute=10))
    await door.hears(*(door.event(f"n{i}") for i in range(100)))
    calls = [door.event(f"c{i}", kind=InboundKind.COMMAND, command="human") for i in range(100)]
    assert passed(await door.hears(*calls)) == int(NEW_CALLS)


async def test_usual_days_ask_the_database_nothing() -> None:
    door = Door()
    for i in range(300):
        await door.hears(door.event(f"m{i}"))
    assert door.looked_up == 0


async def test_a_public_place_has_its_own_limit_and_keeps_no_words() -> None:
    door = Door(Bounds(place_per_minute=20))
    group = PlaceRef("-5", PlaceKind.GROUP)
    crowd = [door.event(f"m{i}", place=group, addressed=Addressed.MENTION) for i in range(30)]
    sifted = await door.hears(*crowd)
    assert (passed(sifted), len(sifted.over)) == (10, 0)
    assert rules(sifted)[Rule.PLACE] == 20
    talk = [door.event(f"m{i}", place=group, addressed=Addressed.NOT) for i in range(30)]
    assert passed(await door.hears(*talk)) == 30, "talk that is not for the bot is the door's"


async def test_a_public_flood_is_counted_and_never_kept() -> None:
    door = Door()
    group = PlaceRef("-5", PlaceKind.GROUP)
    sifted = await door.hears(
        *(door.event("mala", place=group, addressed=Addressed.MENTION) for _ in range(50))
    )
    assert (passed(sifted), len(sifted.over), rules(sifted)) == (20, 0, {Rule.MEMBER: 30})


def test_talk_of_who_floods_a_group_or_is_blocked_is_not_even_understood() -> None:
    door = Door(blocklist=Blocklist([("telegram", "1", "mala")]))
    group = PlaceRef("-5", PlaceKind.GROUP)
    talk = [door.event("luz", place=group, addressed=Addressed.NOT) for _ in range(100)]
    assert sum(map(door.limits.heeds, talk)) == int(TALK)
    assert not door.limits.heeds(door.event("mala", place=group, addressed=Addressed.NOT))
    assert door.limits.heeds(door.event("luz", place=group, addressed=Addressed.MENTION))
    assert door.limits.heeds(door.event("luz"))


async def test_staff_has_no_limit() -> None:
    door = Door()
    staff = PlaceRef("-7", PlaceKind.STAFF)
    assert passed(await door.hears(*(door.event("bruno", place=staff) for _ in range(500)))) == 500


async def test_zero_lifts_each_limit() -> None:
    door = Door(Bounds(member_burst=0, place_per_minute=0, newcomers_per_minute=0))
    group = PlaceRef("-5", PlaceKind.GROUP)
    events = [door.event(place=group, addressed=Addressed.MENTION) for _ in range(500)]
    assert passed(await door.hears(*events, *(door.event(f"n{i}") for i in range(900)))) == 1400


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from("abcdefgh"), st.integers(1, 60), st.floats(0, 30), st.booleans()),
        max_size=30,
    )
)
async def test_every_message_has_one_fate_whatever_the_order(
    bursts: list[tuple[str, int, float, bool]],
) -> None:
    door = Door(Bounds(member_burst=5, member_per_minute=30, newcomers_per_minute=4))
    sent = stored = counted = 0
    for who, number, pause, tap in bursts:
        door.now += pause
        kind = InboundKind.BUTTON if tap else InboundKind.MESSAGE
        sifted = await door.hears(*(door.event(who, kind=kind, text="person") for _ in range(number)))
        sent += number
        stored += passed(sifted)
        counted += sum(sifted.tallies.values())
        assert len(sifted.over) <= counted
    assert sent == stored + counted


@pytest.mark.parametrize("most", [1, 10])
def test_buckets_forget_who_was_quiet_longest(most: int) -> None:
    buckets = Buckets(1, 1.0, most)
    for number in range(100):
        assert buckets.take(number, 0.0)
    assert len(buckets) == most
    assert not buckets.take(99, 0.0)


async def test_memory_stays_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.pipeline.limits.REMEMBERED", 50)
    door = Door(Bounds(member_burst=1, newcomers_per_minute=0))
    for number in range(500):
        await door.limits.sift([door.event(f"m{number}"), door.event(f"m{number}")], {})
    assert len(door.limits._muted) <= 50
    assert len(door.limits._judged) <= 1_000
