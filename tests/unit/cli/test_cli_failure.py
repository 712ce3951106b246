"""Errors are worded in English where they arise; whoever reads Spanish reads Spanish."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from bot.cli.failure import tell, translation
from bot.cli.output import Output
from bot.cli.words import Words
from bot.errors import SettingsError, StoreError

BOT = Path(__file__).parents[3] / "bot"
ERRORS = {"SettingsError", "StartupError", "StoreError", "ChannelError", "AccessError"}
NEVER_ON_A_COMMAND_LINE = {
    "bot/store/writer.py": "broken promises between modules, told to developers",
    "bot/store/server.py": "the same",
    "bot/store/filestore.py": "told to the staff page",
    "bot/store/sessions.py": "told to a web page",
    "bot/handoff/fetching.py": "told to the staff page",
    "bot/channels/web/channel.py": "told to the staff page",
    "bot/web/pages/staff.py": "told to the staff page",
}
WITHIN_A_CONVERSATION = ("the file cannot be had", "Ask the member", "Ask for a smaller file")


def wordings(node: ast.expr) -> list[str]:
    """Every text that an expression can become, with `x` for what is filled in; nothing for a name."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, ast.IfExp):
        return wordings(node.body) + wordings(node.orelse)
    if isinstance(node, ast.JoinedStr):
        texts = [""]
        for part in node.values:
            inner = part.value if isinstance(part, ast.FormattedValue) else part
            ends = wordings(inner) if isinstance(inner, (ast.Constant, ast.IfExp)) else ["x"]
            texts = [text + end for text in texts for end in ends]
        return texts
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "replace":
        return wordings(node.func.value)
    return []


def worded_errors() -> list[tuple[str, str]]:
    found = []
    for path in sorted(BOT.rglob("*.py")):
        name = path.relative_to(BOT.parent).as_posix()
        if name in NEVER_ON_A_COMMAND_LINE:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ERRORS:
                texts = [*node.args[:1], *(word.value for word in node.keywords if word.arg == "remedy")]
                found += [(name, wording) for text in texts for wording in wordings(text)]
    return [pair for pair in found if pair[1] and not pair[1].startswith(WITHIN_A_CONVERSATION)]


def test_the_errors_are_found() -> None:
    assert len(worded_errors()) > 40


@pytest.mark.parametrize(("where", "wording"), worded_errors())
def test_an_error_that_a_command_can_meet_has_its_spanish(where: str, wording: str) -> None:
    spanish = translation("es")

    assert spanish.knows(wording), f"{where}: add it to bot/cli/texts/errors.toml"
    assert spanish(wording) != wording
    assert "{}" not in spanish(wording)


def test_what_an_error_fills_in_comes_through() -> None:
    told = translation("es")("the database has schema 0009, this version of Vocero knows up to 0001")

    assert told == "la base de datos tiene el esquema 0009 y esta versión de Vocero conoce hasta el 0001"


def test_an_error_says_where_what_and_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    error = StoreError("there is no database", where="data/vocero.db", remedy="Create it: vocero db upgrade")

    tell(error, Words.load("es"), Output(plain=True))
    tell(error, Words.load("en"), Output(plain=True))

    assert capsys.readouterr().err.splitlines() == [
        "Error: data/vocero.db: no hay una base de datos",
        "Qué hacer: Créala con: vocero db upgrade",
        "Error: data/vocero.db: there is no database",
        "What to do: Create it: vocero db upgrade",
    ]


def test_each_wrong_setting_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    error = SettingsError(
        "VOCERO_WEB_PORT: Input should be less than or equal to 65535; "
        "VOCERO_LOG_LEVEL: String should match pattern '^(debug|info)$'",
        where="settings",
    )

    tell(error, Words.load("es"), Output(plain=True))

    told = capsys.readouterr().err.strip()
    assert (
        told
        == "Error: ajustes: VOCERO_WEB_PORT: debe ser 65535 o menos; VOCERO_LOG_LEVEL: puede ser debug|info"
    )
