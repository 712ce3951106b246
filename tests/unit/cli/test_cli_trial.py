"""A case is judged by what it expects, and the figures are plain shares."""

from __future__ import annotations

import pytest

from bot.cli.trial import Group, Tally, by_file, by_group, judge
from bot.conversation.situation import Memory
from bot.domain import ES, EntryId, Outcome, Reason
from bot.errors import Position
from bot.knowledge.model import Case
from bot.pipeline.model import Decision, Talk

PRICE, TIME = EntryId("costo_envio"), EntryId("plazo_envio")


def case(expected: str, path: str = "faq/tests/envios.yml") -> Case:
    return Case("¿?", expected, Position(path))


ANSWERED = Decision(Outcome.ANSWERED, ES, Memory(), entry=PRICE)
WITH_A_PERSON = Decision(Outcome.HANDED_OFF, ES, Memory(), entry=PRICE, reason=Reason.ENTRY)
ASKED = Decision(Outcome.HANDED_OFF, ES, Memory(), reason=Reason.ASKED)
COMPLAINED = Decision(Outcome.HANDED_OFF, ES, Memory(), reason=Reason.COMPLAINT)
LOST = Decision(Outcome.HANDED_OFF, ES, Memory(), reason=Reason.NOT_UNDERSTOOD)
CLARIFIES = Decision(Outcome.CLARIFIED, ES, Memory(), talk=Talk.CLARIFY, options=(PRICE, TIME))
GREETS = Decision(Outcome.SMALL_TALK, ES, Memory(), talk=Talk.GREETING)
THANKS = Decision(Outcome.SMALL_TALK, ES, Memory(), talk=Talk.THANKS)
SILENT = Decision(Outcome.IGNORED, ES, Memory(), rule="no_words")


@pytest.mark.parametrize(
    ("expected", "decision", "right"),
    [
        ("costo_envio", ANSWERED, True),
        ("costo_envio", WITH_A_PERSON, True),
        ("plazo_envio", ANSWERED, False),
        ("costo_envio", CLARIFIES, False),
        ("costo_envio", LOST, False),
        ("_person", ASKED, True),
        ("_person", COMPLAINED, False),
        ("_person", LOST, False),
        ("_complaint", COMPLAINED, True),
        ("_complaint", ASKED, True),
        ("_complaint", ANSWERED, False),
        ("_greeting", GREETS, True),
        ("_greeting", THANKS, False),
        ("_thanks", THANKS, True),
        ("_nothing", CLARIFIES, True),
        ("_nothing", LOST, True),
        ("_nothing", SILENT, True),
        ("_nothing", ANSWERED, False),
        ("_nothing", WITH_A_PERSON, False),
        ("_nothing", GREETS, False),
        ("_nothing", ASKED, False),
    ],
)
def test_a_case_is_right_when_the_bot_does_what_it_expects(
    expected: str, decision: Decision, right: bool
) -> None:
    assert judge(case(expected), decision, 0.5).right is right


def test_shares_are_counted_by_group_and_by_file() -> None:
    verdicts = [
        judge(case("costo_envio"), ANSWERED, 0.9),
        judge(case("plazo_envio"), ANSWERED, 0.6),
        judge(case("plazo_envio"), CLARIFIES, 0.4),
        judge(case("_nothing", "faq/tests/otros.yml"), ANSWERED, 0.7),
        judge(case("_nothing", "faq/tests/otros.yml"), LOST, 0.1),
    ]

    groups, files = by_group(verdicts), by_file(verdicts)

    assert groups == {Group.IN_SCOPE: Tally(1, 2, 3), Group.OUT_OF_SCOPE: Tally(1, 1, 2)}
    assert groups[Group.IN_SCOPE].share_right == pytest.approx(100 / 3)
    assert groups[Group.OUT_OF_SCOPE].share_answered == 50
    assert files == {"faq/tests/envios.yml": Tally(1, 2, 3), "faq/tests/otros.yml": Tally(1, 1, 2)}
    assert Tally().share_right is None


def test_a_failing_case_says_what_came_instead() -> None:
    assert judge(case("_nothing"), ANSWERED, 0.7).got == "costo_envio"
    assert judge(case("costo_envio"), LOST, 0.1).got == "not_understood"
    assert judge(case("costo_envio"), CLARIFIES, 0.4).got == "clarify: costo_envio, plazo_envio"
