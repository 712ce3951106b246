"""log, db and init: what is kept, looked at and begun."""

from __future__ import annotations

import asyncio
import csv
import os
import pty
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fakes.databases import databases, on_postgresql
from tests.fakes.telegram.server import TOKEN, FakeTelegram
from tests.integration.cli.conftest import ROOT, Vocero, command_in, environment, make_brand


@pytest.fixture(scope="module")
def kept(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a conversation of Carla and one of Beto; nobody writes to it again."""
    folder = tmp_path_factory.mktemp("kept")
    shutil.copytree(models, folder, dirs_exist_ok=True)
    told = command_in(make_brand(tmp_path_factory.mktemp("marca")), models)(
        *("chat", "--data", str(folder), "--as", "Carla"),
        stdin="cuánto vale el envío?\n/soy Beto\nquiero hablar con una persona\n",
    )
    assert told.returncode == 0, told.stderr
    return folder


def test_the_log_is_a_table_of_the_latest(vocero: Vocero, kept: Path) -> None:
    told = vocero("log", "--data", str(kept))

    rows = [line.split("\t") for line in told.stdout.splitlines()]
    assert rows[0][:5] == ["Nº", "Cuándo", "Dónde", "Conversación", "Quién"]
    assert [row[4] for row in rows[1:]] == ["el bot", "Beto", "el bot", "Carla"]
    assert [row[6] for row in rows[1:]] == ["", "pasa a una persona", "", "respondida"]
    shorter = vocero("log", "--data", str(kept), "--limit", "1")
    assert len(shorter.stdout.splitlines()) == 2
    assert "--limit" in shorter.stderr


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (["ENVIO?"], 1),
        (["nadie dijo esto"], 0),
        (["--outcome", "handed_off"], 1),
        (["--entry", "costo_envio"], 2),
        (["--case", "1"], 2),
        (["--conversation", "1"], 2),
        (["--platform", "terminal"], 4),
        (["--platform", "web"], 0),
        (["--since", "1h"], 4),
        (["--until", "2020-01-01"], 0),
    ],
)
def test_the_log_is_searched(vocero: Vocero, kept: Path, asked: list[str], found: int) -> None:
    told = vocero("log", *asked, "--data", str(kept), "--format", "jsonl")

    assert told.returncode == 0, told.stderr
    assert len(told.stdout.splitlines()) == found


def test_the_log_is_exported_for_its_owner_only(vocero: Vocero, kept: Path, tmp_path: Path) -> None:
    out = tmp_path / "mensajes.csv"
    export = ("log", "--data", str(kept), "--format", "csv", "--out", str(out))

    first, again, forced = vocero(*export), vocero(*export), vocero(*export, "--force")

    assert first.returncode == forced.returncode == 0
    assert f"4 filas en {out}" in first.stderr
    assert again.returncode == 1
    assert "ya existe un archivo con ese nombre" in again.stderr
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    with out.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["contact"] for row in rows] == ["Carla", "Carla", "Beto", "Beto"]
    assert [path.name for path in tmp_path.glob("*.partial")] == []


def test_conversations_can_be_the_rows(vocero: Vocero, kept: Path) -> None:
    told = vocero("--lang", "en", "log", "--rows", "conversations", "--data", str(kept))

    rows = [line.split("\t") for line in told.stdout.splitlines()]
    assert [(row[3], row[5], row[6]) for row in rows[1:]] == [
        ("Beto", "in line", "2"),
        ("Carla", "the bot", "2"),
    ]


def test_the_database_is_looked_after(vocero: Vocero, tmp_path: Path) -> None:
    data, copy = tmp_path / "nueva", tmp_path / "respaldo.db"
    at = ("--data", str(data))

    assert "Créala con: vocero db upgrade" in vocero("db", "check", *at).stderr
    assert vocero("db", "upgrade", *at).returncode == 0
    assert vocero("db", "check", *at).returncode == 0
    assert vocero("db", "backup", str(copy), *at).returncode == 0
    again = vocero("db", "backup", str(copy), *at)
    assert again.returncode == 1
    assert "Dale otro nombre al respaldo." in again.stderr
    restored = vocero("db", "restore", str(copy), *at)
    assert restored.returncode == 0
    assert "vocero.db.bak" in restored.stdout
    damaged = tmp_path / "otra.db"
    damaged.write_text("no soy una base de datos", encoding="utf-8")
    refused = vocero("db", "restore", str(damaged), *at)
    assert refused.returncode == 1
    assert f"Error: {damaged}: la copia falló" in refused.stderr
    assert vocero("db", "check", *at).returncode == 0


@pytest.mark.parametrize(("lang", "ready"), [("es", "Listo."), ("en", "Done.")])
def test_init_makes_a_brand_that_passes_and_touches_nothing_twice(
    vocero: Vocero, tmp_path: Path, lang: str, ready: str
) -> None:
    home = tmp_path / "tienda"

    made = vocero("init", str(home), "--lang", lang, "--no-input")

    assert made.returncode == 0, made.stderr
    assert ready in made.stdout
    assert stat.S_IMODE((home / ".env").stat().st_mode) == 0o600
    checked = vocero("faq", "check", cwd=home)
    assert checked.returncode == 0
    zero = {"es": "0 errores, 0 avisos.", "en": "0 errors, 0 warnings."}
    assert checked.stdout.strip().endswith(zero[lang]), "the .env that init wrote names the language"
    assert vocero("faq", "test", cwd=home).returncode == 0

    (home / ".env").write_text("VOCERO_TELEGRAM_TOKEN=7:mine\n", encoding="utf-8")
    (home / "config" / "brand.yml").write_text("name: Mía\n", encoding="utf-8")
    assert vocero("init", str(home), "--lang", lang, "--no-input").returncode == 0
    assert (home / ".env").read_text(encoding="utf-8") == "VOCERO_TELEGRAM_TOKEN=7:mine\n"
    assert (home / "config" / "brand.yml").read_text(encoding="utf-8") == "name: Mía\n"
    assert vocero("init", str(home), "--lang", lang, "--no-input", "--force").returncode == 0
    assert "7:mine" not in (home / ".env").read_text(encoding="utf-8")


@on_postgresql
def test_an_instance_moves_to_postgresql(vocero: Vocero, kept: Path, tmp_path: Path) -> None:
    url = databases.url(tmp_path, empty=True)
    log = ("log", "--data", str(kept), "--format", "jsonl")
    before = vocero(*log)

    moved = vocero("db", "copy", str(kept / "vocero.db"), VOCERO_DATABASE_URL=url)
    again = vocero("--lang", "en", "db", "copy", str(kept / "vocero.db"), url)
    after = vocero(*log, VOCERO_DATABASE_URL=url)
    checked = vocero("db", "check", VOCERO_DATABASE_URL=url)
    backed = vocero("db", "backup", str(tmp_path / "x.db"), VOCERO_DATABASE_URL=url)

    assert moved.returncode == 0, moved.stderr
    assert "messages\t4" in moved.stdout
    assert "contadas y comparadas" in moved.stdout
    assert again.returncode == 1
    assert "not empty" in again.stderr
    assert after.stdout == before.stdout != ""
    assert checked.returncode == 0, checked.stdout
    assert backed.returncode == 1
    assert "pg_dump" in backed.stderr

    back = vocero("db", "copy", url, str(tmp_path / "vuelta.db"))

    assert back.returncode == 0, back.stderr
    assert f"VOCERO_DATABASE_URL=sqlite:///{tmp_path / 'vuelta.db'} en .env" in back.stdout
    assert "clave" not in back.stdout, "SQLite has none"
    assert "asyncpg" not in moved.stdout + again.stderr


async def test_init_tries_the_token_and_keeps_it_secret(tmp_path: Path) -> None:
    """Somebody types a wrong token, then the right one, then the group; none of it shows but the group."""
    home = tmp_path / "tienda"
    async with FakeTelegram() as telegram:
        typed = f"123:wrong\n{TOKEN}\nno sé\n-1001234567890\n"
        code, shown = await asyncio.to_thread(on_a_terminal, home, telegram.base_url, typed)

    assert code == 0, shown
    assert "Telegram no reconoce ese token." in shown
    assert "El token funciona: tu bot es @" in shown
    assert "Eso no es un número de grupo." in shown
    assert TOKEN not in shown
    env = (home / ".env").read_text(encoding="utf-8")
    assert f"VOCERO_TELEGRAM_TOKEN={TOKEN}\n" in env
    assert "VOCERO_TELEGRAM_STAFF_CHAT=-1001234567890\n" in env


def on_a_terminal(home: Path, base_url: str, typed: str) -> tuple[int, str]:
    """Run `vocero init` on a terminal of its own, answering each question as it is asked."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", "init", str(home), "--plain"],
        cwd=ROOT,
        env=environment(VOCERO_TELEGRAM_BASE_URL=base_url, VOCERO_LANG="es", COLUMNS="200"),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    shown, answers, questions = "", typed.splitlines(), 0
    while True:
        try:
            read = os.read(ours, 4096)
        except OSError:  # the terminal ends with its last user
            break
        if not read:
            break
        shown += read.decode("utf-8", "replace")
        asked = shown.count("al escribir): ") + shown.count("del equipo: ")
        while questions < asked and answers:
            os.write(ours, (answers.pop(0) + "\n").encode())
            questions += 1
    os.close(ours)
    return process.wait(timeout=30), shown
