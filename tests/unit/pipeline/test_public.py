"""What is decided in public: more careful than in private."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.conversation.ownership import Ownership
from bot.conversation.situation import Said
from bot.domain import (
    Account,
    Addressed,
    AttachmentKind,
    EntryId,
    MessageId,
    Outcome,
    Owner,
    PlaceKind,
    PlaceRef,
    Platform,
)
from bot.knowledge.community import Community, Manners, Mode, ReplyIn
from bot.knowledge.model import Autonomy
from bot.pipeline.decide import decide
from bot.pipeline.model import Decision, Talk, carried_question, question_param
from bot.pipeline.phrase import phrase
from bot.pipeline.public import BAR, BAR_UNASKED
from nlu import model as nlu
from nlu.model import Band, Understanding
from tests.unit.pipeline.shop import (
    NOON,
    command,
    entry,
    heard,
    knowledge,
    reading,
    said,
    situation,
    tap,
    voice,
)

GROUP = PlaceRef("-5", PlaceKind.GROUP)
MENTION: dict[str, Any] = {"addressed": Addressed.MENTION, "external_id": "77"}
TALK: dict[str, Any] = {"addressed": Addressed.NOT, "external_id": "77"}


def decided(
    understanding: Understanding | None,
    *messages: Said,
    mode: Mode = Mode.QUESTIONS,
    manners: Manners | None = None,
    **given: Any,
) -> Decision:
    here = situation(*(messages or (said("x", **MENTION),)), **({"place": GROUP} | given))
    known = replace(
        knowledge(entry("reservado", autonomy=Autonomy.PRIVATE)),
        community=Community(manners or Manners(mode=mode)),
    )
    return decide(here, reading(understanding, here), known, NOON)


class TestAnswers:
    def test_a_sure_answer_replies_to_who_asked(self) -> None:
        decision = decided(heard("envio"))
        assert (decision.outcome, decision.entry, decision.replies_to) == (Outcome.ANSWERED, "envio", "77")
        assert not decision.introduce

    @pytest.mark.parametrize(("bar", "talk"), [(BAR, MENTION), (BAR_UNASKED, TALK)])
    def test_the_bar_is_higher(self, bar: float, talk: dict[str, Any]) -> None:
        message = said("x", **talk)
        assert decided(heard("envio", confidence=bar), message).outcome is Outcome.ANSWERED
        below = decided(heard("envio", confidence=bar - 0.01), message)
        assert (below.entry, below.rule) == (None, "below_public_bar")

    @pytest.mark.parametrize(
        ("intent", "rule"),
        [
            ("reservado", "autonomy_private"),
            ("secreto", "autonomy_off"),
            ("roto", "entry_needs_person"),
            ("vencido", "fact_expired"),
            ("verano", "below_public_bar"),
        ],
    )
    def test_what_may_not_be_said_there_goes_on_in_private(self, intent: str, rule: str) -> None:
        asked = decided(heard(intent), said("x", number=9, **MENTION))
        assert (asked.outcome, asked.rule, asked.talk) == (Outcome.CLARIFIED, rule, Talk.PUBLIC_PRIVATELY)
        assert asked.private == question_param(MessageId(9))
        unasked = decided(heard(intent), said("x", **TALK))
        assert (unasked.outcome, unasked.rule, unasked.talk) == (Outcome.IGNORED, rule, None)

    def test_nobody_is_ever_handed_off_or_asked_back(self) -> None:
        for understanding in (
            heard("envio", Band.UNSURE, near=("pago",)),
            heard(nlu.NOTHING, Band.NONE),
            heard(nlu.PERSON),
            heard(nlu.COMPLAINT, angry=True),
            heard("envio", angry=True),
            None,
        ):
            decision = decided(understanding, misses=3, wordless=3)
            assert decision.reason is None
            assert decision.options == ()
            assert decision.talk in (Talk.PUBLIC_HELP, Talk.PUBLIC_PERSON, Talk.PUBLIC_PRIVATELY)

    def test_a_person_is_reached_in_private(self) -> None:
        assert decided(heard(nlu.PERSON)).private == "h"
        assert decided(None, replace(command("human"), external_id="3")).private == "h"
        assert decided(heard("cambio")).private == "h", "an entry that offers one"

    @pytest.mark.parametrize(
        ("intent", "talk", "rule"),
        [
            (nlu.THANKS, None, "no_small_talk"),
            (nlu.GOODBYE, None, "no_small_talk"),
            (nlu.GREETING, Talk.PUBLIC_HELP, "no_small_talk"),
        ],
    )
    def test_no_small_talk(self, intent: str, talk: Talk | None, rule: str) -> None:
        decision = decided(heard(intent))
        assert (decision.talk, decision.rule) == (talk, rule)


class TestUnasked:
    def test_an_entry_rests_where_it_was_given(self) -> None:
        lately = {EntryId("envio"): NOON - timedelta(minutes=9)}
        assert decided(heard("envio"), said("x", **TALK), lately=lately).rule == "cooldown"
        assert decided(heard("pago"), said("x", **TALK), lately=lately).outcome is Outcome.ANSWERED
        assert decided(heard("envio"), lately=lately).outcome is Outcome.ANSWERED, "it was asked"
        lately = {EntryId("envio"): NOON - timedelta(minutes=10)}
        assert decided(heard("envio"), said("x", **TALK), lately=lately).outcome is Outcome.ANSWERED

    @pytest.mark.parametrize("mode", [Mode.OFF, Mode.MENTION, Mode.LISTEN])
    def test_only_where_the_mode_lets_it(self, mode: Mode) -> None:
        assert decided(heard("envio"), said("x", **TALK), mode=mode).rule == "not_asked"

    def test_nobody_angry_is_answered_by_the_way(self) -> None:
        assert decided(heard("envio", angry=True), said("x", **TALK)).rule == "angry"


def test_what_is_late_is_left() -> None:
    late = said("x", at=NOON - timedelta(minutes=11), **MENTION)
    assert decided(heard("envio"), late).rule == "late"


def test_somebody_without_a_name_gets_answers_and_no_button() -> None:
    answered = decided(heard("cambio"), anonymous=True)
    assert (answered.outcome, answered.private) == (Outcome.ANSWERED, None)
    assert decided(heard(nlu.NOTHING, Band.NONE), anonymous=True).rule == "anonymous"


def test_a_person_who_owns_one_conversation_is_left_alone_in_it() -> None:
    decision = decided(heard("envio"), ownership=Ownership(Owner.HUMAN, "Eva"))
    assert (decision.outcome, decision.rule) == (Outcome.RELAYED, "person_owns")


def test_stickers_are_left_and_a_bare_call_is_helped() -> None:
    sticker = said("", files=(AttachmentKind.STICKER,), **MENTION)
    assert decided(None, sticker).rule == "no_words"
    assert decided(None, said("", **MENTION)).talk is Talk.PUBLIC_HELP


def test_the_remove_button_becomes_work_outside() -> None:
    decision = decided(None, replace(tap("remove"), external_id="55"))
    assert (decision.outcome, decision.rule) == (Outcome.IGNORED, "remove_button")
    assert [(job.kind, dict(job.payload)) for job in decision.jobs] == [("remove", {"message": "55"})]
    assert decided(None, tap("pick:envio")).rule == "stale_button"


def test_an_answer_opens_a_thread_where_the_place_wants_it() -> None:
    thread = Manners(reply_in=ReplyIn.THREAD)
    discord = Account(Platform.DISCORD, "1")
    assert decided(heard("envio"), manners=thread, account=discord).own_thread
    assert not decided(heard("envio"), manners=thread).own_thread, "not on Telegram"
    inside = replace(GROUP, thread="8")
    assert not decided(heard("envio"), manners=thread, account=discord, place=inside).own_thread


def test_an_answer_names_nobody_and_can_be_taken_away() -> None:
    here = situation(said("x", **MENTION), place=GROUP, first_visit=True)
    decision = decide(here, reading(heard("envio"), here), knowledge(), NOON)
    [message] = phrase(decision, here, voice(), NOON, None).messages
    assert "Ana" not in message.text
    assert [[button.payload for button in row] for row in message.rows] == [["remove"]]
    assert message.reply_to == "77"


@pytest.mark.parametrize("number", [1, 35, 36, 1_295, 46_655, 10**15])
def test_a_param_names_its_message(number: int) -> None:
    param = question_param(MessageId(number))
    assert carried_question(param) == number
    assert len(param) <= 50
    assert param.isalnum()


@pytest.mark.parametrize("param", ["", "h", "q", "q-1", "qñ", "q" + "z" * 13, "Q1", "q1 2", "q٣"])
def test_what_is_no_param_names_nothing(param: str) -> None:
    assert carried_question(param) is None


class TestManners:
    COMMUNITY = Community(
        Manners(mode=Mode.ALL),
        {
            (Platform.TELEGRAM, "-5", ""): Manners(mode=Mode.OFF),
            (Platform.TELEGRAM, "-5", "9"): Manners(mode=Mode.QUESTIONS),
        },
    )

    @pytest.mark.parametrize(
        ("place", "former", "mode"),
        [
            (GROUP, "", Mode.OFF),
            (replace(GROUP, thread="9"), "", Mode.QUESTIONS),
            (replace(GROUP, thread="8"), "", Mode.OFF),
            (PlaceRef("-6", PlaceKind.GROUP), "", Mode.ALL),
            (PlaceRef("-1006", PlaceKind.GROUP), "-5", Mode.OFF),
        ],
    )
    def test_a_thread_goes_before_its_place_and_that_before_the_rest(
        self, place: PlaceRef, former: str, mode: Mode
    ) -> None:
        assert self.COMMUNITY.manners(Platform.TELEGRAM, place, former).mode is mode

    def test_each_platform_has_its_own_numbers(self) -> None:
        assert self.COMMUNITY.manners(Platform.DISCORD, GROUP).mode is Mode.ALL
