"""Choosing and filling a text, and a brand's own wordings."""

from __future__ import annotations

import pytest

from bot.catalogue.catalogue import LANGUAGES, Catalogue, ProblemKind, problems
from bot.catalogue.keys import Key
from bot.domain import EN, ES, PT, Lang
from bot.errors import KnowledgeError

CATALOGUE = Catalogue.load()


def test_the_form_of_address_chooses_the_wording() -> None:
    assert "prefieres" in CATALOGUE.text(Key.INTRO, ES, address="tú", assistant="Lía", brand="Cumbre")
    assert "preferís" in CATALOGUE.text(Key.INTRO, ES, address="vos", assistant="Lía", brand="Cumbre")
    assert "prefiere " in CATALOGUE.text(Key.INTRO, ES, address="usted", assistant="Lía", brand="Cumbre")


def test_the_form_of_address_means_nothing_in_other_languages() -> None:
    assert CATALOGUE.text(Key.CLARIFY, EN, address="usted") == CATALOGUE.text(Key.CLARIFY, EN, address="vos")


def test_the_seed_goes_round_the_wordings_and_is_all_that_chooses() -> None:
    count = len(CATALOGUE.wordings(Key.THANKS, EN)[""])

    said = [CATALOGUE.text(Key.THANKS, EN, seed=seed) for seed in range(2 * count)]

    assert len(set(said)) == count
    assert said[:count] == said[count:]


def test_a_name_is_used_or_neatly_left_out() -> None:
    assert CATALOGUE.text(Key.GREETING, ES, name="Ana") == "¡Hola, Ana! ¿En qué te ayudo?"
    assert CATALOGUE.text(Key.GREETING, ES) == "¡Hola! ¿En qué te ayudo?"
    assert CATALOGUE.text(Key.GREETING, EN, name=" ") == "Hi! How can I help?"


def test_every_greeting_reads_well_without_a_name() -> None:
    for key, values in ((Key.GREETING, {}), (Key.WELCOME, {"assistant": "Lía", "brand": "Cumbre"})):
        for lang in LANGUAGES:
            for address in ("tú", "vos", "usted"):
                for seed in range(3):
                    text = CATALOGUE.text(key, lang, address=address, seed=seed, **values)
                    assert " ," not in text
                    assert ",!" not in text
                    assert " !" not in text
                    assert ", ." not in text
                    assert "  " not in text


def test_emoji_can_be_left_out() -> None:
    seeds = range(len(CATALOGUE.wordings(Key.THANKS, ES)["tu"]))

    few = " ".join(CATALOGUE.text(Key.THANKS, ES, seed=seed, emoji="few") for seed in seeds)
    none = " ".join(CATALOGUE.text(Key.THANKS, ES, seed=seed, emoji="none") for seed in seeds)

    assert few.replace(" 😊", "") == none
    assert few != none


def test_a_text_of_nothing_but_an_emoji_is_not_emptied() -> None:
    own = Catalogue.load({"thanks": {ES: ("👍",)}})

    assert own.text(Key.THANKS, ES, emoji="none") == "👍"


def test_a_value_is_taken_as_it_is_written() -> None:
    text = CATALOGUE.text(
        Key.STAFF_ADDITION, ES, case="7", member="{{ case }} 😊", text="hola {{ x }}\n\n🎉🎉"
    )

    assert text == "Caso 7, {{ case }} 😊 agrega:\nhola {{ x }}\n\n🎉🎉"


def test_a_missing_value_is_an_error() -> None:
    with pytest.raises(KeyError, match="limit"):
        CATALOGUE.text(Key.TOO_LONG, ES)


def test_staff_who_speak_portuguese_read_spanish() -> None:
    assert CATALOGUE.text(Key.STAFF_CASES_NONE, PT) == CATALOGUE.text(Key.STAFF_CASES_NONE, ES)


def test_an_unknown_language_reads_english() -> None:
    assert CATALOGUE.text(Key.BUTTON_MORE, Lang("fr")) == CATALOGUE.text(Key.BUTTON_MORE, EN)


def test_a_dossier_leaves_out_the_lines_that_have_nothing_to_say() -> None:
    text = CATALOGUE.text(
        Key.STAFF_NOTICE,
        ES,
        case="12",
        reason="reclamo",
        team="Envíos",
        member="Ana",
        platform="Telegram",
        lang="español",
        asked="¿dónde está mi pedido?",
        tried="",
        link="",
    )

    assert text == (
        "Caso 12 nuevo: reclamo\n"
        "Equipo: Envíos\n"
        "De: Ana (Telegram, español)\n"
        "Preguntó: ¿dónde está mi pedido?\n"
        "\n"
        "Responde a este mensaje y le llega. /devolver lo deja otra vez con el bot; /cerrar cierra el caso."
    )


def test_a_brand_replaces_the_wordings_of_one_language_and_keeps_the_others() -> None:
    own = Catalogue.load({"thanks": {ES: ("¡A ti!\n",)}})

    for address in ("tú", "vos", "usted"):
        assert {own.text(Key.THANKS, ES, address=address, seed=seed) for seed in range(4)} == {"¡A ti!"}
    assert own.text(Key.THANKS, EN) == CATALOGUE.text(Key.THANKS, EN)
    assert CATALOGUE.text(Key.THANKS, ES) != "¡A ti!"


def test_good_overrides_have_no_problems() -> None:
    assert (
        problems({"greeting": {ES: ("Hola, {{ name }}.", "Hola.")}, "button_menu": {PT: ("Dúvidas",)}}) == []
    )


@pytest.mark.parametrize(
    ("overrides", "kind", "explained"),
    [
        ({"thank": {ES: ("x",)}}, ProblemKind.UNKNOWN_KEY, "«thanks»"),
        ({"thanks": {Lang("fr"): ("Merci",)}}, ProblemKind.UNKNOWN_LANGUAGE, "«fr»"),
        ({"thanks": {ES: ()}}, ProblemKind.EMPTY, "«thanks»"),
        ({"thanks": {ES: ("De nada", "  \n")}}, ProblemKind.EMPTY, "«thanks»"),
        ({"greeting": {ES: ("Hola, {{ nombre }}",)}}, ProblemKind.UNKNOWN_PLACEHOLDER, "name"),
        ({"greeting": {ES: ("Hola, {name}",)}}, ProblemKind.BRACES, "dos llaves"),
        ({"greeting": {ES: ("Hola, {{ }}",)}}, ProblemKind.BRACES, "dos llaves"),
        ({"button_person": {ES: ("x" * 31,)}}, ProblemKind.TOO_LONG, "30"),
        ({"command_help": {EN: ("x" * 61,)}}, ProblemKind.TOO_LONG, "60"),
    ],
)
def test_a_bad_override_is_found_explained_and_refused(
    overrides: dict[str, dict[Lang, tuple[str, ...]]], kind: ProblemKind, explained: str
) -> None:
    found = problems(overrides)

    assert [problem.kind for problem in found] == [kind]
    assert explained in CATALOGUE.explain(found[0], ES)
    with pytest.raises(KnowledgeError) as refused:
        Catalogue.load(overrides)
    assert next(iter(overrides)) in refused.value.what


def test_a_problem_says_which_wording_it_means() -> None:
    (found,) = problems({"thanks": {ES: ("De nada", "{{ name }}")}})

    assert (found.key, found.lang, found.wording) == ("thanks", ES, 1)
