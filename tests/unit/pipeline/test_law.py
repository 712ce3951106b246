"""Members' rights and minors, decided: pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.channels.markup import discord_markdown, plain, telegram_html, web_html
from bot.conversation.ownership import Ownership
from bot.conversation.situation import Memory, Said
from bot.domain import Account, CaseId, Outcome, Owner, PlaceKind, PlaceRef, Platform, Reason
from bot.knowledge.model import Knowledge, Minors, MinorsThen, Privacy
from bot.pipeline import law
from bot.pipeline.decide import decide
from bot.pipeline.model import Decision, Talk
from bot.pipeline.phrase import phrase
from bot.store.timers import ERASE_TIMER, EXPORT_TIMER
from nlu import model as nlu
from tests.unit.pipeline.shop import NOON, command, heard, knowledge, reading, said, situation, tap, voice

GROUP = PlaceRef("-1005", PlaceKind.GROUP)
ASKED = Memory(forgetting=NOON + timedelta(minutes=10))
LATE = NOON + timedelta(minutes=11)


def decided(message: Said, now: Any = NOON, known: Knowledge | None = None, **given: Any) -> Decision:
    here = situation(message, **given)
    understood = heard("envio", nlu.Band.SURE) if message.text else None
    return decide(here, reading(understood, here, message.text), known or knowledge(), now)


def strict(then: MinorsThen) -> Knowledge:
    return replace(knowledge(), privacy=Privacy(minors=Minors(age=14, then=then)))


def words(decision: Decision, known: Knowledge | None = None, **given: Any) -> str:
    here = situation(**given)
    return "\n".join(m.text for m in phrase(decision, here, voice(known), NOON, CaseId(7)).messages)


@pytest.mark.parametrize("param", ["", "p"])
def test_what_is_kept_is_told(param: str) -> None:
    asked = command("start" if param else "privacy")
    decision = decided(replace(asked, text=param))
    assert decision.talk is Talk.PRIVACY
    assert [payload for _, payload in law.buttons(decision)] == [law.MY_DATA, law.FORGET]
    assert "un año" in words(decision)


def test_a_copy_is_made_by_a_job_and_once_an_hour() -> None:
    decision = decided(command("my_data"))
    assert [job.kind for job in decision.jobs] == [EXPORT_TIMER]
    soon = decided(tap(law.MY_DATA), NOON + timedelta(minutes=59), memory=decision.memory)
    assert (soon.talk, soon.jobs) == (Talk.EXPORT_SOON, ())
    later = decided(tap(law.MY_DATA), NOON + timedelta(minutes=61), memory=decision.memory)
    assert [job.kind for job in later.jobs] == [EXPORT_TIMER]


def test_forgetting_is_asked_first() -> None:
    decision = decided(command("forget_me"))
    assert (decision.talk, decision.jobs) == (Talk.FORGET_ASK, ())
    assert decision.memory.forgetting == NOON + law.PATIENCE
    assert Memory.from_json(decision.memory.to_json()) == decision.memory


@pytest.mark.parametrize(
    "answer", [tap(law.FORGET_YES), *map(said, ("sí", "si, borra todo", "Yes!", "sim", "confirmo"))]
)
def test_a_yes_within_ten_minutes_erases(answer: Said) -> None:
    assert [job.kind for job in decided(answer, memory=ASKED).jobs] == [ERASE_TIMER]
    late = decided(replace(answer, sent_at=LATE), LATE, memory=ASKED)
    assert (late.talk, late.jobs) == (Talk.FORGET_ASK, ()), "asked again"


@pytest.mark.parametrize("answer", [tap(law.FORGET_NO), said("no")])
def test_a_no_keeps_everything(answer: Said) -> None:
    decision = decided(answer, memory=ASKED)
    assert (decision.talk, decision.jobs, decision.memory.forgetting) == (Talk.FORGET_KEPT, (), None)


@pytest.mark.parametrize("text", ["¿cuánto cuesta el envío?", "borra todo el pedido que hice ayer por favor"])
def test_anything_else_is_answered_and_asks_no_more(text: str) -> None:
    decision = decided(said(text), memory=ASKED)
    assert decision.outcome is Outcome.ANSWERED
    assert decision.memory.forgetting is None
    assert not decided(said("sí"), memory=decision.memory).jobs


def test_a_yes_to_nothing_erases_nothing() -> None:
    assert not decided(said("sí")).jobs
    assert decided(tap(law.FORGET_YES)).talk is Talk.FORGET_ASK


@pytest.mark.parametrize("name", ["privacy", "my_data", "forget_me"])
def test_in_public_only_a_button_to_the_private_chat(name: str) -> None:
    base = decided(command("privacy"))
    here = situation(command(name), place=GROUP)
    decision = law.command(name, "", base, here, NOON)
    assert decision is not None
    assert (decision.talk, decision.jobs) == (Talk.IN_PRIVATE, ())
    [(_, payload)] = law.buttons(decision)
    param = payload.removeprefix("private:")
    inside = decided(replace(command("start"), text=param))
    assert inside.rule == name
    assert law.button(law.FORGET_YES, base, replace(here, memory=ASKED), NOON) is None


def test_while_a_person_speaks_the_bot_does_not() -> None:
    human: dict[str, Any] = {"ownership": Ownership(Owner.HUMAN, "Eva"), "case": CaseId(7)}
    assert decided(command("forget_me"), **human).outcome is Outcome.RELAYED


def test_a_minor_goes_on_with_a_person() -> None:
    known = strict(MinorsThen.PERSON)
    decision = decided(said("tengo 12 años, ¿cuánto sale el envío?"), known=known)
    assert (decision.reason, decision.minor) == (Reason.MINOR, True)
    assert "menor de edad" in words(decision)
    again = decided(said("¿cuánto cuesta el envío?"), known=known, minor=True)
    assert (again.outcome, again.minor) == (Outcome.ANSWERED, None)
    assert decided(said("tengo 41 años y pregunto por el envío"), known=known, minor=True).minor is False
    assert decided(said("tengo 14 años"), known=known).reason is None


def test_a_minor_is_told_goodbye_where_the_brand_wants_it() -> None:
    known = strict(MinorsThen.END)
    decision = decided(said("i'm 11"), known=known)
    assert (decision.talk, decision.minor, decision.reason) == (Talk.MINOR_END, True, None)
    assert decided(said("¿cuánto cuesta el envío?"), known=known, minor=True).talk is Talk.MINOR_END
    assert decided(command("human"), known=known, minor=True).reason is Reason.ASKED
    assert decided(said("tengo 20 años"), known=known, minor=True).outcome is Outcome.ANSWERED


@pytest.mark.parametrize(
    ("message", "who"),
    [
        (said("¿cuánto cuesta el envío?"), "respondo de forma automática"),
        (command("start"), "automátic"),
        (command("human"), "asistente automático"),
    ],
)
def test_the_first_words_in_private_say_who_answers_and_what_is_kept(message: Said, who: str) -> None:
    decision = decided(message, first_visit=True)
    first = words(decision, first_visit=True)
    assert who in first
    assert "se guarda durante un año" in first
    assert first.count("automátic") == 1
    assert "se guarda" not in words(decided(message))


@pytest.mark.parametrize("then", MinorsThen)
@pytest.mark.parametrize("first_visit", [True, False])
def test_a_minor_hears_the_days_of_minors(then: MinorsThen, first_visit: bool) -> None:
    known = strict(then)
    decision = decided(said("hola, soy menor, tengo 12 años"), known=known, first_visit=first_visit)
    told = words(decision, known, first_visit=first_visit)
    assert "se guarda durante un mes" in told
    assert "un año" not in told
    again = decided(said("tengo 12 años"), known=known, minor=True)
    assert "se guarda" not in words(again, known, minor=True), "told once"


def test_who_is_no_minor_after_all_hears_the_usual_days() -> None:
    known = strict(MinorsThen.PERSON)
    decision = decided(said("tengo 20 años, ¿y el envío?"), known=known, minor=True, first_visit=True)
    assert "se guarda durante un año" in words(decision, known, minor=True, first_visit=True)


def test_a_minor_is_told_what_is_kept_of_minors() -> None:
    known = replace(knowledge(), privacy=Privacy(minors=Minors(messages=7)))
    told = words(decided(command("privacy"), known=known, minor=True), known, minor=True)
    assert "después de una semana; los archivos, de una semana" in told
    longer = replace(knowledge(), privacy=Privacy(minors=Minors(messages=400)))
    kept = words(decided(command("privacy"), known=longer, minor=True), longer, minor=True)
    assert "después de un año; los archivos, de 3 meses" in kept, "never longer than of others"


@pytest.mark.parametrize("shown", [plain, web_html, telegram_html, discord_markdown])
def test_what_the_privacy_file_says_is_shown_as_it_is_written(shown: Callable[[str], str]) -> None:
    privacy = Privacy(
        controller="Pudú Azul (marca ficticia)",
        contact="datos@pudu-azul.example",
        policy="https://pudu-azul.example/mi_politica",
    )
    known = replace(knowledge(), privacy=privacy)
    asked = shown(words(decided(command("privacy"), known=known), known))
    first = shown(words(decided(said("el envío"), first_visit=True), known, first_visit=True))
    for value in (privacy.controller, privacy.contact, privacy.policy):
        assert value in asked
    assert privacy.policy in first
    assert "\\" not in asked + first


def test_our_own_page_asks_for_neither_name_nor_account() -> None:
    web = Account(Platform.WEB, "web")
    assert "con el nombre y la cuenta" in words(decided(command("privacy")))
    told = words(decided(command("privacy"), account=web), account=web)
    assert "No te pedimos nombre ni cuenta" in told
    assert "con el nombre y la cuenta" not in told
