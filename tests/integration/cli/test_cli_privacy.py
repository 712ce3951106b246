"""privacy: members' rights for who asks outside of the chat."""

from __future__ import annotations

import json
import shutil
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from tests.integration.cli.conftest import Vocero, command_in, make_brand


@pytest.fixture(scope="module")
def kept(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a conversation of Carla and one of Beto."""
    folder = tmp_path_factory.mktemp("kept")
    shutil.copytree(models, folder, dirs_exist_ok=True)
    told = command_in(make_brand(tmp_path_factory.mktemp("marca")), models)(
        *("chat", "--data", str(folder), "--as", "Carla"),
        stdin="cuánto vale el envío?\n/soy Beto\nquiero hablar con una persona\n",
    )
    assert told.returncode == 0, told.stderr
    return folder


def test_a_member_is_found_and_copied(vocero: Vocero, kept: Path, tmp_path: Path) -> None:
    found = vocero("privacy", "find", "carl", "--data", str(kept))
    rows = [line.split("\t") for line in found.stdout.splitlines()]
    assert [row[4] for row in rows[1:]] == ["Carla"]

    copy = tmp_path / "carla.json"
    told = vocero("privacy", "export", rows[1][0], str(copy), "--data", str(kept))

    assert told.returncode == 0, told.stderr
    document = json.loads(copy.read_text(encoding="utf-8"))
    assert document["person"]["display_name"] == "Carla"
    said = [message["text"] for message in document["conversations"][0]["messages"]]
    assert said[0] == "cuánto vale el envío?"
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    again = vocero("privacy", "export", rows[1][0], str(copy), "--data", str(kept))
    assert again.returncode == 2
    assert "ya existe" in again.stderr


def test_nobody_is_told_so(vocero: Vocero, kept: Path) -> None:
    assert vocero("privacy", "find", "zzz", "--data", str(kept)).returncode == 1
    told = vocero("privacy", "erase", "999", "--yes", "--data", str(kept))
    assert told.returncode == 2
    assert "privacy find" in told.stderr


def test_erasing_asks_and_is_done_by_the_running_bot(vocero: Vocero, kept: Path, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(kept, folder)
    found = vocero("privacy", "find", "Carla", "--data", str(folder))
    number = found.stdout.splitlines()[1].split("\t")[0]
    refused = vocero("privacy", "erase", number, "--data", str(folder), stdin="n\n")
    assert refused.returncode == 1

    told = vocero("privacy", "erase", number, "--data", str(folder), stdin="s\n")
    assert told.returncode == 0, told.stderr
    ran = vocero("chat", "--data", str(folder), "--as", "Dani", stdin="hola\ncuánto vale el envío?\n")
    assert ran.returncode == 0, ran.stderr

    with closing(sqlite3.connect(folder / "vocero.db")) as database:
        names = {row[0] for row in database.execute("SELECT display_name FROM identities")}
        [(actor, detail)] = database.execute("SELECT actor, detail FROM audit WHERE kind = 'erased'")
    assert "Carla" not in names
    assert "Beto" in names
    assert actor == "admin"
    assert json.loads(detail)["messages"] == 2
    assert not [p for p in folder.glob("vocero.db*") if b"Carla" in p.read_bytes()]


def test_who_has_no_name_is_found_by_case_or_conversation(vocero: Vocero, kept: Path, tmp_path: Path) -> None:
    folder = tmp_path / "nameless"
    shutil.copytree(kept, folder)
    with closing(sqlite3.connect(folder / "vocero.db")) as database, database:
        [(case, conversation, person)] = database.execute(
            "SELECT cases.id, conversations.id, contact_id FROM cases JOIN conversations "
            "ON conversations.id = conversation_id"
        )
        database.execute(
            "UPDATE identities SET display_name = '', username = '' WHERE contact_id = ?", [person]
        )
        database.execute("UPDATE contacts SET display_name = '' WHERE id = ?", [person])
    numbers = (
        ("caso", str(case)),
        (f"Case {case}",),
        (f"#{case}",),
        (str(conversation),),
        ("conversación", str(conversation)),
    )
    for text in numbers:
        found = vocero("privacy", "find", *text, "--data", str(folder))
        assert [row.split("\t")[0] for row in found.stdout.splitlines()[1:]] == [str(person)], text
    assert person != case, "else the numbers could be mixed up unseen"
    assert vocero("privacy", "find", "caso 999", "--data", str(folder)).returncode == 1
