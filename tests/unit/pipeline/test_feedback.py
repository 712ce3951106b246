"""Whether an answer served: asked once a day, answered by button or in words, and only about one's own."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.conversation.ownership import Ownership
from bot.conversation.situation import Last, Memory, Situation
from bot.domain import (
    Account,
    EntryId,
    InboundKind,
    MessageId,
    Outcome,
    Owner,
    PlaceKind,
    PlaceRef,
    Platform,
)
from bot.pipeline.decide import decide
from bot.pipeline.model import Decision, OpinionKind, Talk
from bot.pipeline.phrase import phrase
from nlu import model as nlu
from nlu.model import Band, Understanding
from tests.unit.pipeline.shop import NOON, heard, knowledge, reading, said, situation, tap, voice

SHOP = knowledge()
PLAIN = heard(nlu.NOTHING, Band.NONE, content=False)


def decided(understood: Understanding | None, of: Situation, text: str = "", hours: float = 0) -> Decision:
    return decide(of, reading(understood, of, text), SHOP, NOON + timedelta(hours=hours))


def asked(memory: Memory | None = None, **given: object) -> Decision:
    """A first answer, with the question whether it served."""
    of = situation(said("cuanto cuesta", number=7), memory=memory or Memory(), **given)
    return decided(heard("envio", near=("pago", "secreto", "verano", "cambio")), of)


def buttons(decision: Decision, of: Situation) -> list[list[str]]:
    [message] = phrase(decision, of, voice(SHOP), NOON, None).messages
    return [[button.payload for button in row] for row in message.rows]


def test_the_first_answer_asks_and_the_second_does_not() -> None:
    first = asked()
    assert first.asks
    of = situation(memory=Memory())
    assert buttons(first, of) == [["useful:7", "useless:7"]]
    assert not asked(first.memory).asks
    assert decided(heard("pago"), situation(memory=first.memory), hours=24).asks


@pytest.mark.parametrize(
    "given",
    [
        {"place": PlaceRef("-5", PlaceKind.GROUP)},
        {"account": Account(Platform.TERMINAL, "local")},
        {"ownership": Ownership(Owner.QUEUE), "case": 4},
    ],
)
def test_nobody_is_asked_in_public_on_a_terminal_or_in_line(given: dict[str, object]) -> None:
    assert not asked(**given).asks


@pytest.mark.parametrize("name", ["cambio", "roto", "vencido"])
def test_an_answer_that_offers_or_calls_a_person_does_not_ask(name: str) -> None:
    assert not decided(heard(name), situation(memory=Memory())).asks


@pytest.mark.parametrize("text", ["sí", "si gracias", "Me sirvió mucho, gracias!", "yes", "ajudou", "sim"])
def test_a_yes_in_words_is_a_thanks(text: str) -> None:
    told = decided(PLAIN, situation(memory=asked().memory), text)
    assert (told.outcome, told.talk) == (Outcome.SMALL_TALK, Talk.USEFUL)
    assert told.opinion is not None
    assert (told.opinion.kind, told.opinion.message) == (OpinionKind.USEFUL, 7)


@pytest.mark.parametrize(
    "text", ["no", "no me sirvió", "No, no era eso", "didn't help", "não ajudou", "nope"]
)
def test_a_no_offers_two_more_titles_and_a_person(text: str) -> None:
    of = situation(said(text), memory=asked().memory)
    told = decided(PLAIN, of, text.removeprefix("No, "))
    assert (told.outcome, told.talk, told.options) == (
        Outcome.CLARIFIED,
        Talk.NOT_USEFUL,
        (EntryId("pago"), EntryId("cambio")),
    )
    assert buttons(told, of) == [["pick:pago"], ["pick:cambio"], ["person"]]
    assert told.opinion is not None
    assert (told.opinion.kind, told.opinion.entry) == (OpinionKind.NOT_USEFUL, "envio")
    again = decided(PLAIN, situation(memory=told.memory), "no")
    assert again.hands_off, "none of these either: a person"


@pytest.mark.parametrize(
    "text", ["no llega mi pedido", "si pago hoy cuándo llega", "gracias", "¿y a regiones?"]
)
def test_other_words_mean_what_they_say(text: str) -> None:
    assert decided(heard("pago"), situation(memory=asked().memory), text).opinion is None


def test_words_count_only_right_after_the_question() -> None:
    memory = replace(asked().memory, last=Last.TALK)
    assert decided(PLAIN, situation(memory=memory), "no me sirvió").opinion is None


def test_a_press_counts_once_and_only_for_ones_own_answer() -> None:
    memory = asked().memory
    yes = decided(None, situation(tap("useful:7"), memory=memory))
    assert yes.opinion is not None
    for payload, then in (("useful:7", yes.memory), ("useless:7", yes.memory), ("useful:8", memory)):
        again = decided(None, situation(tap(payload), memory=then))
        assert (again.outcome, again.rule, again.opinion) == (Outcome.IGNORED, "feedback_repeated", None)


def test_without_other_titles_a_no_offers_a_person() -> None:
    alone = decided(heard("envio"), situation(memory=Memory()))
    told = decided(None, situation(tap(f"useless:{alone.memory.asked.message}"), memory=alone.memory))  # type: ignore[union-attr]  # it has just asked
    assert (told.talk, told.options, told.offer_person) == (Talk.NOT_USEFUL_ALONE, (), True)
    assert decided(PLAIN, situation(memory=told.memory), "sí").hands_off


def suggests(text: str) -> Situation:
    return situation(said(text, kind=InboundKind.COMMAND, command="suggestion"))


def test_a_suggestion_with_its_text_is_kept() -> None:
    told = decided(None, suggests("pongan café de Huila"))
    assert (told.outcome, told.talk) == (Outcome.SMALL_TALK, Talk.SUGGESTED)
    assert told.opinion is not None
    assert told.opinion.text == "pongan café de Huila"


def test_a_bare_suggestion_takes_the_next_message_and_no_more() -> None:
    first = decided(None, suggests(""))
    assert first.talk is Talk.SUGGEST
    told = decided(heard("pago"), situation(memory=first.memory), "acepten transferencia")
    assert told.opinion is not None
    assert told.opinion.text == "acepten transferencia"
    assert decided(heard("pago"), situation(memory=told.memory), "acepten transferencia").entry == "pago"


@pytest.mark.parametrize(("text", "hours"), [("cancelar", 0.0), ("no", 0.0), ("medios de pago", 0.5)])
def test_a_suggestion_is_not_waited_for_for_ever(text: str, hours: float) -> None:
    first = decided(None, suggests(""))
    told = decided(heard("pago"), situation(memory=first.memory), text, hours)
    assert told.opinion is None
    assert told.memory.suggesting is None


def test_a_person_is_reached_also_while_a_suggestion_is_awaited() -> None:
    first = decided(None, suggests(""))
    assert decided(heard(nlu.PERSON), situation(memory=first.memory), "quiero hablar con alguien").hands_off


def test_memory_survives_the_database() -> None:
    for memory in (asked().memory, decided(None, suggests("")).memory, Memory()):
        assert Memory.from_json(memory.to_json()) == memory


@settings(max_examples=80, deadline=None)
@given(st.text(max_size=80))
def test_no_payload_is_trusted(text: str) -> None:
    memory = asked().memory
    for payload in (text, f"useful:{text}", f"useless:{text}", f"pick:{text}"):
        told = decided(None, situation(tap(payload), memory=memory))
        assert told.opinion is None or payload in ("useful:7", "useless:7")


def test_a_forged_number_is_no_other_members_answer() -> None:
    other = replace(asked().memory, asked=replace(asked().memory.asked, message=MessageId(99)))  # type: ignore[type-var]  # it has just asked
    told = decided(None, situation(tap("useful:7"), memory=other))
    assert told.opinion is None
