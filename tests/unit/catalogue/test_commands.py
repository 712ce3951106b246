"""Commands as people type them and as menus show them."""

from __future__ import annotations

import re

import pytest

from bot.catalogue.catalogue import LANGUAGES, Catalogue
from bot.catalogue.commands import COMMANDS, Name, canonical, menu
from bot.domain import EN, ES, PT, Lang


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("/start", Name.START),
        ("/Ayuda", Name.HELP),
        ("help", Name.HELP),
        ("/ajuda", Name.HELP),
        ("/humano", Name.HUMAN),
        ("/agent", Name.HUMAN),
        (" /atendente ", Name.HUMAN),
        ("/devolver", Name.GIVE_BACK),
        ("/giveback", Name.GIVE_BACK),
        ("/cerrar", Name.CLOSE),
        ("/take", Name.TAKE),
        ("/casos", Name.CASES),
        ("/nota", Name.NOTE),
        ("/precio", None),
        ("/", None),
    ],
)
def test_a_command_is_known_in_every_language(typed: str, name: Name | None) -> None:
    assert canonical(typed) is name


def test_aliases_keep_telegrams_rule() -> None:
    for command in COMMANDS:
        for aliases in command.aliases.values():
            for alias in aliases:
                assert re.fullmatch(r"[a-z0-9_]{1,32}", alias)


def test_no_alias_means_two_things() -> None:
    meant: dict[str, set[Name]] = {}
    for command in COMMANDS:
        for aliases in command.aliases.values():
            for alias in aliases:
                meant.setdefault(alias, set()).add(command.name)

    assert {alias: names for alias, names in meant.items() if len(names) > 1} == {}


def test_every_command_has_words_in_the_languages_of_who_uses_it() -> None:
    assert {command.name for command in COMMANDS} == set(Name)
    for command in COMMANDS:
        assert set(command.aliases) == ({ES, EN} if command.for_staff else {ES, EN, PT})


def test_members_and_staff_see_their_own_menus() -> None:
    assert [item.alias for item in menu(PT)] == [
        "start", "ajuda", "humano", "sugestao", "faq", "privacidade", "meusdados", "esquecer",
    ]  # fmt: skip
    assert [item.alias for item in menu(ES, for_staff=True)] == [
        "ayuda", "casos", "tomar", "nota", "devolver", "cerrar", "bloquear", "desbloquear",
    ]  # fmt: skip
    assert [item.alias for item in menu(Lang("fr"))] == [
        "start", "help", "human", "suggestion", "faq", "privacy", "mydata", "forgetme",
    ]  # fmt: skip
    assert [item.alias for item in menu(ES, in_public=True)] == ["ayuda", "humano", "instalar", "faq"]


def test_what_a_menu_shows_is_understood_and_described() -> None:
    catalogue = Catalogue.load()
    for lang in LANGUAGES:
        for for_staff in (False, True):
            items = menu(lang, for_staff=for_staff)
            assert len({item.alias for item in items}) == len(items)
            for item in items:
                assert canonical(item.alias) is not None
                assert 0 < len(catalogue.text(item.description, lang)) <= 60
