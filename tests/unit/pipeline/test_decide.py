"""What is decided about what a member says."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bot.conversation.ownership import Ownership
from bot.conversation.situation import Last, Memory, Said
from bot.domain import EN, AttachmentKind, CaseId, EntryId, Outcome, Owner, Reason
from bot.pipeline.decide import decide
from bot.pipeline.model import Decision, Reading, Talk
from nlu import model as nlu
from nlu.model import Band, Understanding
from tests.unit.pipeline.shop import NOON, command, heard, knowledge, reading, said, situation, tap

QUEUE: dict[str, Any] = {"ownership": Ownership(Owner.QUEUE), "case": CaseId(7)}
HUMAN: dict[str, Any] = {"ownership": Ownership(Owner.HUMAN, "Eva"), "case": CaseId(7)}


def decided(understanding: Understanding | None, *messages: Said, text: str = "", **given: Any) -> Decision:
    """Decide about messages as understood, in a situation."""
    here = situation(*messages, **given)
    return decide(here, reading(understanding, here, text), knowledge(), NOON)


class TestAnswers:
    def test_a_sure_question_is_answered(self) -> None:
        decision = decided(heard("envio"))
        assert (decision.outcome, decision.entry, decision.reason) == (Outcome.ANSWERED, "envio", None)
        assert decision.memory.entry == "envio"

    def test_an_entry_may_offer_a_person(self) -> None:
        assert decided(heard("cambio")).offer_person
        assert not decided(heard("envio")).offer_person

    def test_an_entry_may_always_bring_a_person_with_its_answer(self) -> None:
        decision = decided(heard("roto"))
        assert (decision.outcome, decision.entry, decision.reason) == (
            Outcome.HANDED_OFF,
            "roto",
            Reason.ENTRY,
        )

    def test_what_the_bot_may_not_say_goes_to_a_person(self) -> None:
        decision = decided(heard("secreto"))
        assert (decision.entry, decision.reason) == (None, Reason.ENTRY)

    def test_an_expired_fact_hands_off_instead_of_lying(self) -> None:
        decision = decided(heard("vencido"))
        assert (decision.entry, decision.reason) == (None, Reason.FACT_EXPIRED)

    def test_an_entry_out_of_season_is_no_answer(self) -> None:
        assert decided(heard("verano")).entry is None

    def test_an_answer_forgets_the_misses(self) -> None:
        assert decided(heard("envio"), misses=1).misses == 0

    def test_the_language_that_was_clearly_spoken_is_spoken(self) -> None:
        assert decided(heard("envio", lang="en", lang_confidence=0.9)).lang == EN
        assert decided(heard("envio", lang="en", lang_confidence=0.3)).lang == "es"


class TestNotUnderstood:
    def test_unsure_offers_up_to_three_titles_and_a_person(self) -> None:
        unsure = heard("envio", Band.UNSURE, near=("secreto", "pago", "verano", "cambio", "roto"))
        decision = decided(unsure)
        assert decision.outcome is Outcome.CLARIFIED
        assert decision.options == ("envio", "pago", "cambio")
        assert decision.offer_person
        assert decision.misses == 1

    def test_a_number_picks_an_option(self) -> None:
        memory = Memory(last=Last.CLARIFY, options=(EntryId("envio"), EntryId("pago")))
        assert decided(heard(nlu.NOTHING, Band.NONE), text="2.", memory=memory).entry == "pago"
        assert decided(heard(nlu.NOTHING, Band.NONE), text="3", memory=memory).entry is None

    def test_nothing_asks_for_other_words(self) -> None:
        decision = decided(heard(nlu.NOTHING, Band.NONE))
        assert (decision.outcome, decision.talk, decision.misses) == (
            Outcome.CLARIFIED,
            Talk.NOT_UNDERSTOOD,
            1,
        )

    @pytest.mark.parametrize("band", [Band.NONE, Band.UNSURE])
    def test_not_understood_twice_calls_a_person(self, band: Band) -> None:
        intent = nlu.NOTHING if band is Band.NONE else "envio"
        assert decided(heard(intent, band), misses=1).reason is Reason.NOT_UNDERSTOOD

    def test_an_engine_that_failed_calls_a_person(self) -> None:
        here = situation()
        decision = decide(here, Reading(here.said[0].id, "hola", failed=True), knowledge(), NOON)
        assert (decision.reason, decision.rule) == (Reason.NOT_UNDERSTOOD, "engine_failed")


class TestYesAndNo:
    @pytest.mark.parametrize("text", ["sí", "Si porfa", "ya, dale", "yes please", "sim", "OK!"])
    def test_yes_to_an_offered_person_calls_one(self, text: str) -> None:
        offered = decided(heard(nlu.NOTHING, Band.NONE)).memory
        decision = decided(heard(nlu.NOTHING, Band.NONE, content=False), text=text, memory=offered)
        assert (decision.reason, decision.rule) == (Reason.ASKED, "accepted")

    def test_no_to_all_titles_calls_a_person(self) -> None:
        offered = decided(heard("envio", Band.UNSURE, near=("pago",))).memory
        decision = decided(heard(nlu.NOTHING, Band.NONE, content=False), text="no, ninguna", memory=offered)
        assert decision.reason is Reason.NOT_UNDERSTOOD

    def test_yes_to_the_only_title_is_its_answer(self) -> None:
        offered = decided(heard("envio", Band.UNSURE)).memory
        decision = decided(heard(nlu.NOTHING, Band.NONE, content=False), text="sí", memory=offered)
        assert (decision.entry, decision.rule) == ("envio", "accepted")

    def test_yes_to_nothing_is_no_message(self) -> None:
        answered = decided(heard("envio")).memory
        decision = decided(heard(nlu.NOTHING, Band.NONE, content=False), text="ok", memory=answered)
        assert decision.outcome is Outcome.IGNORED


class TestPeople:
    def test_who_asks_for_a_person_gets_one(self) -> None:
        assert decided(heard(nlu.PERSON)).reason is Reason.ASKED
        assert decided(None, command("human")).reason is Reason.ASKED
        assert decided(None, tap("person")).reason is Reason.ASKED

    def test_a_complaint_goes_to_a_person(self) -> None:
        decision = decided(heard(nlu.COMPLAINT, angry=True))
        assert (decision.reason, decision.angry) == (Reason.COMPLAINT, True)

    def test_in_line_asking_again_opens_no_second_case(self) -> None:
        decision = decided(heard(nlu.PERSON), **QUEUE)
        assert (decision.outcome, decision.reason, decision.talk) == (
            Outcome.HANDED_OFF,
            None,
            Talk.STILL_IN_LINE,
        )

    def test_in_line_a_sure_question_is_still_answered(self) -> None:
        assert decided(heard("envio"), **QUEUE).outcome is Outcome.ANSWERED

    @pytest.mark.parametrize(
        "understood",
        [heard("envio", Band.UNSURE), heard(nlu.NOTHING, Band.NONE), heard(nlu.THANKS), None],
        ids=["unsure", "nothing", "thanks", "photo"],
    )
    def test_in_line_nothing_is_clarified(self, understood: Understanding | None) -> None:
        message = said(files=(AttachmentKind.PHOTO,)) if understood is None else said("…")
        decision = decided(understood, message, **QUEUE)
        assert (decision.outcome, decision.rule) == (Outcome.RELAYED, "in_queue")

    def test_in_line_hello_is_told_that_the_case_waits(self) -> None:
        decision = decided(heard(nlu.GREETING), said("hola?"), **QUEUE)
        assert (decision.outcome, decision.talk) == (Outcome.SMALL_TALK, Talk.STILL_IN_LINE)

    @pytest.mark.parametrize("message", [said("envio"), command("human"), tap("pick:envio"), tap("person")])
    def test_while_a_person_owns_the_bot_says_nothing(self, message: Said) -> None:
        decision = decided(heard("envio"), message, **HUMAN)
        assert (decision.outcome, decision.entry, decision.talk, decision.reason) == (
            Outcome.RELAYED,
            None,
            None,
            None,
        )

    def test_a_blocked_account_gets_nothing(self) -> None:
        assert decided(heard("envio"), blocked=True).outcome is Outcome.BLOCKED


class TestButtons:
    def test_a_title_answers_with_its_entry(self) -> None:
        decision = decided(None, tap("pick:envio"))
        assert (decision.outcome, decision.entry, decision.rule) == (Outcome.ANSWERED, "envio", "button")

    @pytest.mark.parametrize("payload", ["pick:gone", "pick:verano", "nonsense", "pick:", ""])
    def test_a_button_of_another_time_shows_the_menu(self, payload: str) -> None:
        decision = decided(None, tap(payload))
        assert (decision.talk, decision.entry) == (Talk.STALE_BUTTON, None)

    def test_the_menu_shows_only_what_the_bot_may_say(self) -> None:
        assert decided(None, command("start")).options == ("envio", "pago")


class TestWithoutWords:
    def test_the_first_file_gets_one_honest_line_and_a_person(self) -> None:
        decision = decided(None, said(files=(AttachmentKind.VOICE,)))
        assert (decision.outcome, decision.talk, decision.offer_person, decision.wordless) == (
            Outcome.CLARIFIED,
            Talk.WORDLESS_VOICE,
            True,
            1,
        )

    def test_the_second_opens_a_case(self) -> None:
        assert decided(None, said(files=(AttachmentKind.PHOTO,)), wordless=1).reason is Reason.FILE

    def test_words_in_between_begin_the_count_anew(self) -> None:
        assert decided(heard("envio"), wordless=1).wordless == 0

    def test_stickers_get_no_answer(self) -> None:
        decision = decided(None, said(files=(AttachmentKind.STICKER,)))
        assert (decision.outcome, decision.rule) == (Outcome.IGNORED, "no_words")

    def test_a_text_without_content_gets_no_answer(self) -> None:
        decision = decided(heard(nlu.NOTHING, Band.NONE, content=False), said("👍"))
        assert (decision.outcome, decision.rule) == (Outcome.IGNORED, "no_words")


class TestSmallTalk:
    def test_a_first_greeting_shows_who_is_here_and_what_can_be_asked(self) -> None:
        decision = decided(heard(nlu.GREETING), first_visit=True)
        assert (decision.talk, decision.options, decision.offer_person) == (
            Talk.WELCOME,
            ("envio", "pago"),
            True,
        )

    def test_later_greetings_are_short(self) -> None:
        decision = decided(heard(nlu.GREETING))
        assert (decision.talk, decision.options) == (Talk.GREETING, ())

    def test_a_first_question_is_answered_and_then_the_bot_introduces_itself(self) -> None:
        decision = decided(heard("envio"), first_visit=True)
        assert (decision.entry, decision.introduce) == ("envio", True)

    def test_repeat_says_the_last_answer_again(self) -> None:
        memory = Memory().answered(EntryId("envio"))
        decision = decided(heard(nlu.REPEAT), memory=memory)
        assert (decision.entry, decision.rule, decision.offer_person) == ("envio", "repeat", True)

    def test_with_nothing_to_repeat_that_is_said(self) -> None:
        assert decided(heard(nlu.REPEAT)).talk is Talk.REPEAT_NOTHING


def test_late_answers_begin_with_an_apology() -> None:
    assert decided(heard("envio"), said("envio?", at=NOON - timedelta(minutes=11))).late
    assert not decided(heard("envio"), said("envio?", at=NOON - timedelta(minutes=9))).late
