"""A question of the command line is asked, answered and repeated in the reader's language."""

from __future__ import annotations

import io

import pytest
import typer

from bot.cli.cli import Cli
from bot.cli.output import Output
from bot.cli.words import Words


def ask(lang: str, typed: str, monkeypatch: pytest.MonkeyPatch, question: str = "¿Seguro?") -> bool:
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    return Cli.of(Words.load(lang), Output(plain=True)).confirm(question)


@pytest.mark.parametrize(
    ("lang", "typed", "meant"),
    [
        *(("es", word, True) for word in ("s", "S", "sí", "si\u0301", " SI ", "y", "yes")),
        *(("es", word, False) for word in ("n", "no", "NO", "")),
        *(("en", word, True) for word in ("y", "YES")),
        *(("en", word, False) for word in ("n", "no", "")),
    ],
)
def test_a_yes_and_a_no_are_understood(
    lang: str, typed: str, meant: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ask(lang, f"{typed}\n", monkeypatch) is meant


@pytest.mark.parametrize(
    ("lang", "choice", "again"),
    [("es", "[s/N]", "Responde s (sí) o n (no)"), ("en", "[y/N]", "Please answer")],
)
def test_anything_else_is_asked_again_in_the_readers_language(
    lang: str, choice: str, again: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask(lang, "tal vez\ny\n", monkeypatch)

    said = capsys.readouterr().out
    assert said.count(choice) == 2
    assert again in said
    assert "invalid" not in said


def test_a_yes_of_another_language_is_none_in_english(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(typer.Abort):  # asked again, and nobody there to answer
        ask("en", "s\n", monkeypatch)


def test_a_members_name_cannot_steer_the_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ask("es", "n\n", monkeypatch, "¿Borrar a \x1b[2JAna?")

    assert "\x1b" not in capsys.readouterr().out
