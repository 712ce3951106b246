"""Who speaks with whom, from who spoke when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.domain import Account, Addressed, Inbound, InboundKind, PlaceKind, PlaceRef, Platform, Sender
from bot.pipeline.floor import TOGETHER, Floor, asks

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
ACCOUNT = Account(Platform.TELEGRAM, "1")


def said(who: str, number: int, *, to: int = 0, thread: str = "") -> Inbound:
    return Inbound(
        ACCOUNT,
        f"e{number}",
        InboundKind.MESSAGE,
        NOON,
        sender=Sender(who),
        place=PlaceRef("-5", PlaceKind.GROUP, thread),
        message_id=str(number),
        reply_to=str(to or ""),
        addressed=Addressed.NOT,
    )


@pytest.mark.parametrize(
    "text",
    [
        "¿Cuánto sale?",
        "cuanto sale el envio",
        "hola, cuanto sale el envio",
        "alguien sabe a qué hora abren",
        "tienen café en grano",
        "what time do you open",
        "hey does anyone know the price",
        "quanto custa o frete",
        "vocês têm loja física",
    ],
)
def test_a_question_is_known_with_its_marks_or_without(text: str) -> None:
    assert asks(text)


@pytest.mark.parametrize(
    "text", ["ya llegó mi pedido", "el que pregunta no se equivoca", "gracias!", "nice shop", ""]
)
def test_what_is_told_is_no_question(text: str) -> None:
    assert not asks(text)


def test_who_is_erased_has_never_spoken() -> None:
    floor = Floor()
    for number, who in enumerate(("ana", "beto", "ana"), start=1):
        floor.note(said(who, number), NOON)
        floor.note(said(who, number + 10, thread="7"), NOON)
    floor.forget(Account(Platform.TELEGRAM, "2"), "ana")  # another bot's
    assert floor.others(said("carla", 20), NOON, TOGETHER) == {"ana", "beto"}

    floor.forget(ACCOUNT, "ana")

    assert floor.others(said("carla", 20), NOON, TOGETHER) == {"beto"}
    assert floor.others(said("carla", 21, thread="7"), NOON, TOGETHER) == {"beto"}


class TestExchange:
    def test_a_first_word_belongs_to_nobody(self) -> None:
        assert not Floor().is_exchange(said("ana", 1), NOON)

    def test_after_somebody_answered_it_is_a_talk(self) -> None:
        floor = Floor()
        floor.note(said("ana", 1), NOON)
        floor.note(said("luis", 2), NOON)
        assert floor.is_exchange(said("ana", 3), NOON)
        assert not floor.is_exchange(said("eva", 3), NOON), "who has not spoken yet may ask everybody"

    def test_a_talk_ends_after_a_minute(self) -> None:
        floor = Floor()
        floor.note(said("ana", 1), NOON)
        floor.note(said("luis", 2), NOON)
        later = NOON + TOGETHER + timedelta(seconds=1)
        assert not floor.is_exchange(said("ana", 3), later)

    def test_a_late_reply_begins_one(self) -> None:
        floor = Floor()
        floor.note(said("ana", 1), NOON)
        later = NOON + timedelta(minutes=5)
        floor.note(said("luis", 2, to=1), later)
        assert floor.is_exchange(said("ana", 3), later)

    def test_who_speaks_after_a_question_to_people_may_be_answering_it(self) -> None:
        floor = Floor()
        floor.note(said("luis", 1), NOON, asks=True, of_people=True)
        assert floor.is_exchange(said("ana", 2), NOON)
        floor = Floor()
        floor.note(said("luis", 1), NOON, asks=True)
        assert not floor.is_exchange(said("ana", 2), NOON), "his question was one for the bot"

    def test_a_thread_of_its_own_is_another_floor(self) -> None:
        floor = Floor()
        floor.note(said("ana", 1), NOON)
        floor.note(said("luis", 2), NOON)
        assert not floor.is_exchange(said("ana", 3, thread="7"), NOON)

    def test_an_event_that_comes_again_is_no_second_speaker(self) -> None:
        floor = Floor()
        for _ in range(2):
            floor.note(said("ana", 1), NOON)
        assert not floor.is_exchange(said("ana", 1), NOON)


class TestAnswered:
    def test_by_a_reply_or_by_speaking_next(self) -> None:
        for answer in (said("luis", 2, to=1), said("luis", 2)):
            floor = Floor()
            floor.note(said("ana", 1), NOON, asks=True)
            assert not floor.answered(said("ana", 1), NOON)
            floor.note(answer, NOON)
            assert floor.answered(said("ana", 1), NOON)

    def test_not_by_oneself_nor_in_reply_to_others_nor_by_a_question(self) -> None:
        floor = Floor()
        floor.note(said("eva", 1), NOON - timedelta(minutes=2))
        floor.note(said("ana", 2), NOON, asks=True)
        floor.note(said("ana", 3), NOON)
        floor.note(said("luis", 4, to=1), NOON)
        floor.note(said("luis", 5), NOON, asks=True)
        assert not floor.answered(said("ana", 2), NOON)


def test_where_staff_spoke_it_is_quiet_for_a_while() -> None:
    floor = Floor()
    floor.hush(said("mod", 1, thread="7"), NOON + timedelta(minutes=30))
    assert floor.is_hushed(said("ana", 2, thread="7"), NOON)
    assert not floor.is_hushed(said("ana", 2), NOON)
    assert not floor.is_hushed(said("ana", 2, thread="7"), NOON + timedelta(minutes=30))
