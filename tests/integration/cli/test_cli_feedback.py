"""feedback: what members thought, counted; and what members wrote on a terminal."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.domain import ConversationId
from bot.store import feedback
from bot.store.engine import Store
from tests.integration.cli.conftest import Vocero, command_in, environment, make_brand

STEERS = "\x1b]0;tuyo\x07\x9b2J"
"""Sets a terminal's title, and clears it by a one-character introducer."""


@pytest.fixture(scope="module")
def kept(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with opinions on two entries, and a suggestion that would steer a terminal."""
    folder = tmp_path_factory.mktemp("opiniones")
    home = make_brand(tmp_path_factory.mktemp("marca"))
    told = command_in(home, models)("chat", "--data", str(folder), "--as", "Carla", stdin="hola\n")
    assert told.returncode == 0, told.stderr

    async def write() -> None:
        async with Store.open(f"sqlite:///{folder / 'vocero.db'}") as store:
            said = [("useful", "envio", "")] * 2 + [("not_useful", "envio", "")]
            said += [("useful", "horario", ""), ("suggestion", "", f"más colores{STEERS}")]
            for kind, entry, text in said:
                await store.write(
                    lambda c, k=kind, e=entry, t=text: feedback.record(  # type: ignore[misc]  # a default binds the loop's value
                        c, ConversationId(1), k, datetime.now(UTC), entry=e, text=t
                    )
                )

    asyncio.run(write())
    return folder


def test_opinions_are_counted_by_entry_and_suggestions_listed(vocero: Vocero, kept: Path) -> None:
    told = vocero("feedback", "--data", str(kept))

    rows = [line.split("\t") for line in told.stdout.splitlines()]
    assert rows[1:4] == [["Entrada", "Sirvió", "No sirvió"], ["envio", "2", "1"], ["horario", "1", "0"]]
    assert rows[-1][2:] == ["Carla", "más colores\\x1b]0;tuyo\\x07\\x9b2J"]
    assert "Suggestions" in vocero("--lang", "en", "feedback", "--data", str(kept)).stdout


def test_programs_get_json_with_every_character(vocero: Vocero, kept: Path) -> None:
    found = json.loads(vocero("feedback", "--json", "--data", str(kept)).stdout)

    assert found["entries"] == [
        {"entry": "envio", "useful": 2, "not_useful": 1},
        {"entry": "horario", "useful": 1, "not_useful": 0},
    ]
    [suggestion] = found["suggestions"]
    assert suggestion["text"] == f"más colores{STEERS}"
    assert (suggestion["member"], suggestion["platform"]) == ("Carla", "terminal")


def test_nothing_yet_is_said(vocero: Vocero, tmp_path: Path) -> None:
    assert vocero("db", "upgrade", "--data", str(tmp_path)).returncode == 0
    told = vocero("feedback", "--data", str(tmp_path))
    assert (told.returncode, told.stdout) == (0, "Nadie ha opinado ni sugerido nada todavía.\n")


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_what_members_wrote_steers_no_terminal(models: Path, tmp_path: Path, form: str) -> None:
    home, data = make_brand(tmp_path / "marca"), tmp_path / "data"
    said = command_in(home, models)("chat", "--data", str(data), stdin=f"hola{STEERS} ahí\n")
    assert said.returncode == 0, said.stderr
    asked = ("log", "--format", form, "--data", str(data))

    shown = _on_a_terminal(home, *asked)
    piped = command_in(home, models)(*asked).stdout

    assert "hola" in shown
    assert not [letter for letter in shown if letter in "\x07\x1b\x9b"]
    assert "\x9b" in piped
    assert len(shown.splitlines()) == len(piped.splitlines())


def _on_a_terminal(home: Path, *arguments: str) -> str:
    ours, theirs = pty.openpty()
    running = subprocess.Popen(
        [sys.executable, "-m", "bot", *arguments],
        cwd=home,
        env=environment(),
        stdout=theirs,
        stderr=subprocess.DEVNULL,  # where the progress bar is drawn
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            piece = os.read(ours, 4096)
        except OSError:  # the other end was closed
            break
        if not piece:
            break
        shown += piece
    running.wait()
    os.close(ours)
    return shown.decode()
