"""The documents leave out no setting, word, command or floor, and their links lead somewhere."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from urllib.parse import unquote

import pytest
import typer.main
from pydantic import SecretStr

from bot.catalogue.commands import COMMANDS
from bot.cli.cli import Cli
from bot.cli.main import build
from bot.cli.output import Output
from bot.cli.words import Words
from bot.domain import EN, ES
from bot.knowledge.words import CANONICAL, MEANINGS
from bot.settings import PREFIX, Settings
from tests.docs.pages import PAGES, ROOT

DOCS = ROOT / "docs"


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _plain(default: object) -> str:
    value = default.get_secret_value() if isinstance(default, SecretStr) else default
    match value:
        case "" | ():
            return ""
        case bool():
            return str(value).lower()
    return str(value)


@pytest.mark.parametrize(("page", "empty"), [("operators.md", "empty"), ("operadores.md", "vacío")])
def test_every_setting_is_told_with_its_default(page: str, empty: str) -> None:
    told = dict(re.findall(r"^\| `(VOCERO_\w+)` \| (.*?) \|", _read(DOCS / page), re.MULTILINE))
    assert told == {
        f"{PREFIX}{name.upper()}": f"`{default}`" if (default := _plain(field.default)) else empty
        for name, field in Settings.model_fields.items()
    }


@pytest.mark.parametrize("page", ["admins.md", "administradores.md"])
def test_every_word_of_the_files_is_told_in_both_languages(page: str) -> None:
    told = set(re.findall(r"`([^`\n]+)`", _prose(DOCS / page)))
    unaccented = {
        "titulo",
        "autonomia",
        "valida",
        "miercoles",
        "sabado",
        "publico",
        "politica",
        "auditoria",
        "tu",
        "mencion",
        "aqui",
    }  # slips that are taken
    feminine = {"moderadora", "supervisora", "administradora"}
    words = set(CANONICAL) | set(CANONICAL.values()) | set(MEANINGS) | set(MEANINGS.values())
    assert words - unaccented - feminine - told == set()


@pytest.mark.parametrize(
    ("page", "for_staff"),
    [("moderators.md", True), ("moderadores.md", True), ("members.md", False), ("miembros.md", False)],
)
def test_every_command_is_told(page: str, for_staff: bool) -> None:
    told = set(re.findall(r"`/(\w+)[ `]", _read(DOCS / page)))
    known = {
        alias
        for command in COMMANDS
        if command.for_staff == for_staff
        for words in command.aliases.values()
        for alias in words
    }
    assert known - told == set()
    everybodys = {alias for c in COMMANDS for words in c.aliases.values() for alias in words}
    assert told - everybodys == set()


@pytest.mark.parametrize("lang", [ES, EN])
def test_no_page_names_a_command_line_that_does_not_exist(lang: str) -> None:
    app = typer.main.get_command(build(Cli.of(Words.load(lang), Output(plain=True))))
    known = set()
    for name, command in app.commands.items():  # type: ignore[attr-defined]  # the app is a group
        known |= {name} | {f"{name} {inner}" for inner in getattr(command, "commands", {})}
    for page in PAGES:
        for words in re.findall(
            r"^vocero (?:--lang \w+ )?([a-z][a-z-]*(?: [a-z][a-z-]*)?)", _typed(page), re.MULTILINE
        ):
            first = words.split()[0]
            assert first in known, f"{page.name}: vocero {words}"
            if first == "faq":
                assert words in known, f"{page.name}: vocero {words}"


def _typed(page: Path) -> str:
    """What a page tells to type, a line each: in sentences, and in blocks of commands."""
    lines = re.findall(r"`(vocero [^`\n]+)`", _prose(page)) + re.findall(
        r"^ *\$ (.+)$", _read(page), re.MULTILINE
    )
    return "\n".join(lines)


def _prose(page: Path) -> str:
    """A page without its blocks."""
    return re.sub(r"^ *```.*?^ *```$", "", _read(page), flags=re.MULTILINE | re.DOTALL)


def test_the_floors_are_those_that_are_held() -> None:
    project = tomllib.loads(_read(ROOT / "pyproject.toml"))
    layers = project["tool"]["importlinter"]["contracts"][0]["layers"]
    # A room in brackets may be missing; it is told of once it is there.
    rooms = [[room for room in layer.split(" | ") if _is_there(room)] for layer in layers]
    held = [" | ".join(room.strip("()") for room in layer) for layer in rooms if layer]
    listed = _read(DOCS / "architecture.md").split("<!-- layers -->")[1].split("\n\n")[0]
    told = [re.sub("`", "", line) for line in re.findall(r"^\d+\. (.+)$", listed, re.MULTILINE)]
    assert told == held


def _is_there(room: str) -> bool:
    path = ROOT / "bot" / room.strip("()")
    return not room.startswith("(") or path.is_dir() or path.with_suffix(".py").is_file()


def test_the_tests_that_hold_the_promises_exist() -> None:
    named = re.findall(r"`(tests/[\w/.]+)`", _read(DOCS / "architecture.md"))
    assert len(named) > 10
    assert [name for name in named if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    text = _read(page)
    for target in re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'src="([^"]+)"', text):
        if re.match(r"\w+:", target) or "{{" in target:
            continue
        path, _, anchor = unquote(target).partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", _read(file), re.MULTILINE)
            slugs = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
            assert anchor in slugs, target


def test_each_page_for_people_is_there_in_both_languages() -> None:
    pairs = {
        "members": "miembros",
        "moderators": "moderadores",
        "admins": "administradores",
        "operators": "operadores",
    }
    for english, spanish in pairs.items():
        one, other = _read(DOCS / f"{english}.md"), _read(DOCS / f"{spanish}.md")
        levels = [re.findall(r"^(#+) ", text, re.MULTILINE) for text in (one, other)]
        assert levels[0] == levels[1], f"{english} and {spanish} have not the same parts"
