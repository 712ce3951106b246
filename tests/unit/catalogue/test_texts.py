"""The built-in texts: complete, alike in what they take, and each in its own way of speaking."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import bot.catalogue
from bot.catalogue import emoji, template
from bot.catalogue.catalogue import LANGUAGES, Catalogue, ProblemKind
from bot.catalogue.commands import COMMANDS
from bot.catalogue.keys import HANDOFFS, Key
from bot.domain import EN, ES, PT, CaseState, Lang, Outcome, Owner, Platform, Reason

CATALOGUE = Catalogue.load()
FOLDER = Path(bot.catalogue.__file__).parent / "texts"

MEMBER_KEYS = [key for key in Key if not key.for_staff]
STAFF_KEYS = [key for key in Key if key.for_staff]


def words(*lines: str) -> frozenset[str]:
    return frozenset(word for line in lines for word in line.split())


# Words that give a form of address away: verbs as es.toml uses them, and pronouns. Left out are those that
# mean something else too: "preguntas frecuentes", "le pedí al equipo", "le aviso", "sigue en la fila".
TU_WORDS = words(
    "tú contigo haces tienes quieres puedes prefieres necesitas escribes dices cuentas refieres",
    "intentas resumes mandaste contaste elige escribe escríbeme cuéntame dime dímelo toca perdona escríbelo",
    "escríbenos",
)
VOS_WORDS = words(
    "vos tenés querés podés preferís necesitás escribís decís contás preguntás referís intentás resumís",
    "elegí escribí escribime contame decime tocá probá perdoná hacés seguí escribilo escribinos acá",
)
FAMILIAR_WORDS = words("te ti tu tus tuyo tuyos tuya tuyas darte verte leerte pasarte hacerte")
USTED_WORDS = words(
    "usted suyo suyos suya suyas prefiere necesita elija escriba escríbame cuénteme dígamelo toque intente",
    "disculpe continúe escríbalo escríbanos deme darle leerle pasarle hacerle",
)
PAST = words("mandaste contaste")  # the same for tú and vos

FORBIDDEN = {
    "tu": VOS_WORDS | USTED_WORDS,
    "vos": (TU_WORDS | USTED_WORDS | {"aquí"}) - PAST,
    "usted": (TU_WORDS | VOS_WORDS | FAMILIAR_WORDS) - {"escribe"},  # "¿me lo escribe?"
    "": TU_WORDS | VOS_WORDS | FAMILIAR_WORDS | USTED_WORDS,
}


def wordings(key: Key, lang: Lang) -> Iterator[tuple[str, str]]:
    for form, texts in CATALOGUE.wordings(key, lang).items():
        for text in texts:
            yield form, text


def every_wording() -> Iterator[tuple[Key, Lang, str, str]]:
    for key in Key:
        for lang in LANGUAGES:
            for form, text in wordings(key, lang):
                yield key, lang, form, text


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_text_for_members_exists_in_every_language(lang: Lang) -> None:
    assert [key for key in MEMBER_KEYS if not CATALOGUE.wordings(key, lang)] == []


@pytest.mark.parametrize("lang", [ES, EN])
def test_every_text_for_staff_exists_in_spanish_and_english(lang: Lang) -> None:
    assert [key for key in STAFF_KEYS if not CATALOGUE.wordings(key, lang)] == []


def test_spanish_speaks_in_all_three_forms_or_in_none() -> None:
    for key in MEMBER_KEYS:
        assert set(CATALOGUE.wordings(key, ES)) in ({""}, {"tu", "vos", "usted"}), key


def test_only_spanish_has_forms_of_address_and_staff_is_spoken_to_in_one() -> None:
    for key, lang, form, _ in every_wording():
        if lang != ES or key.for_staff:
            assert form == "", key


def test_every_wording_takes_exactly_what_its_key_says() -> None:
    wrong = [
        (key, lang, text)
        for key, lang, _, text in every_wording()
        if template.placeholders(text) != set(key.takes) or template.has_stray_braces(text)
    ]

    assert wrong == []


def test_filled_texts_have_no_marks_left() -> None:
    for key in Key:
        values = dict.fromkeys(key.takes, "Valor")
        for lang in LANGUAGES:
            for address in ("tú", "vos", "usted"):
                for seed in range(3):
                    text = CATALOGUE.text(key, lang, address=address, seed=seed, **values)
                    assert text.strip() == text
                    assert text
                    assert "{" not in text
                    assert "}" not in text


def test_no_wording_has_more_than_one_emoji_and_some_have_one() -> None:
    counts = [emoji.count(text) for _, _, _, text in every_wording()]

    assert set(counts) == {0, 1}


def test_no_wording_is_given_twice() -> None:
    for key in Key:
        for lang in LANGUAGES:
            for form, texts in CATALOGUE.wordings(key, lang).items():
                assert len(set(texts)) == len(texts), (key, lang, form)


def test_buttons_and_commands_fit() -> None:
    limited = [(key, text) for key, _, _, text in every_wording() if key.longest is not None]

    assert {key for key, _ in limited} >= {Key.BUTTON_PERSON, Key.STAFF_BUTTON_TAKE, Key.COMMAND_HELP}
    assert [(key, text) for key, text in limited if len(text) > (key.longest or 0)] == []


def test_buttons_begin_with_a_word() -> None:
    for key, _, _, text in every_wording():
        if key.longest is not None:
            assert text[0].isalpha(), text


@pytest.mark.parametrize("form", ["tu", "vos", "usted", ""])
def test_spanish_keeps_one_form_of_address_within_a_text(form: str) -> None:
    mixed = [
        (key, word)
        for key in MEMBER_KEYS
        for found, text in wordings(key, ES)
        if found == form
        for word in re.findall(r"\w+", text.lower().replace("/humano", ""))
        if word in FORBIDDEN[form]
    ]

    assert mixed == []


def test_forms_that_differ_really_differ() -> None:
    for key in MEMBER_KEYS:
        forms = CATALOGUE.wordings(key, ES)
        if len(forms) == 3:
            assert forms["tu"] != forms["usted"], f"{key}: one wording could serve all forms"


def test_portuguese_is_brazilian_and_not_spanish() -> None:
    for key in MEMBER_KEYS:
        for _, text in wordings(key, PT):
            found = set(re.findall(r"\w+", text.lower()))
            assert not found & {
                "tu",
                "teu",
                "tua",
                "vós",
                "contigo",
                "ficheiro",
                "ecrã",
                "usted",
                "puede",
                "y",
            }, key
            assert not set(text) & set("¿¡ñ"), key


def test_no_text_supposes_the_gender_of_who_reads() -> None:
    for key, lang, _, text in every_wording():
        if lang in (ES, PT) and not key.for_staff:
            assert not re.search(
                r"\b(bienvenid[oa]|estimad[oa]|bem-vind[oa]|obrigad[oa]|prezad[oa])\b", text.lower()
            )


def test_a_hand_off_names_the_case_and_says_that_a_person_goes_on_here() -> None:
    here = {ES: r"por (aquí|acá) mismo", EN: "right here", PT: "aqui mesmo"}

    for key in HANDOFFS.values():
        for lang in LANGUAGES:
            for _, text in wordings(key, lang):
                assert re.search(here[lang], text), text
                assert "{{ case }}" in text


def test_no_text_about_people_promises_a_time() -> None:
    """Only hours are told, never when somebody will answer."""
    promise = re.compile(r"minut|pronto,? te|enseguida|en breve|soon|shortly|logo|em breve|\d")

    for key in (*HANDOFFS.values(), Key.WHEN_OPEN, Key.WHEN_CLOSED, Key.WHEN_UNKNOWN, Key.STILL_IN_LINE):
        for lang in LANGUAGES:
            for _, text in wordings(key, lang):
                assert not promise.search(text.lower()), text


def test_texts_name_commands_that_exist_in_their_language() -> None:
    seen = set()
    for key, lang, _, text in every_wording():
        known = {alias for command in COMMANDS for alias in command.aliases.get(lang, ())}
        for word in re.findall(r"/(\w+)", text):
            seen.add(word)
            assert word in known, (key, lang, word)

    assert {"humano", "human", "devolver", "giveback"} <= seen


@pytest.mark.parametrize("words", [Reason, CaseState, Owner, Outcome, Platform])
def test_every_word_of_the_house_that_people_see_has_a_name(words: type[Reason]) -> None:
    prefix = {Reason: "reason", CaseState: "state", Owner: "owner", Outcome: "outcome", Platform: "platform"}

    expected = {f"{prefix[words]}_{word.value}" for word in words}

    assert {key.value for key in Key if key.value.startswith(f"{prefix[words]}_")} == expected


def test_every_reason_has_a_hand_off_and_every_hand_off_a_reason() -> None:
    assert set(HANDOFFS) == set(Reason)
    assert set(HANDOFFS.values()) == {key for key in Key if key.value.startswith("handoff_")}


def test_every_problem_can_be_explained() -> None:
    assert {f"problem_{kind}" for kind in ProblemKind} == {
        k.value for k in Key if k.value.startswith("problem_")
    }


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_files_hold_no_text_that_nobody_asks_for(lang: Lang) -> None:
    names = tomllib.loads((FOLDER / f"{lang}.toml").read_text(encoding="utf-8"))

    assert set(names) <= {key.value for key in Key}
    assert lang != PT or not {name for name in names if Key(name).for_staff}
