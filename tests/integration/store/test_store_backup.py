"""Copies made while the database is in use, and their way back."""

import asyncio
import contextlib
import sqlite3
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import insert

from bot.errors import StartupError, StoreError
from bot.store.backup import backup, restore
from bot.store.engine import Store
from bot.store.lock import hold
from bot.store.tables import contacts

pytestmark = pytest.mark.sqlite

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


async def add(store: Store, *names: str) -> None:
    """Each name twice, in one unit: a copy from the middle of a unit would have an odd number."""
    for name in names:
        rows = [{"display_name": name, "created_at": NOW}] * 2
        await store.write(lambda connection, rows=rows: connection.execute(insert(contacts), rows) and None)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def read(path: Path) -> bytes:
    return path.read_bytes()


def names(path: Path) -> list[str]:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return [row[0] for row in connection.execute("SELECT display_name FROM contacts ORDER BY id")]


async def kept(url: str, *people: str) -> None:
    await Store.create(url)
    async with Store.open(url) as store:
        await add(store, *people)


async def test_a_copy_is_whole_and_its_owners_alone(store: Store, path: Path, tmp_path: Path) -> None:
    await add(store, "Ana")

    copy = backup(path, tmp_path / "copies" / "today.db")

    assert names(copy) == ["Ana", "Ana"]
    assert mode(copy) == 0o600
    assert [file.name for file in copy.parent.iterdir()] == ["today.db"]


async def test_a_copy_made_while_members_write_is_one_moment(
    store: Store, path: Path, tmp_path: Path
) -> None:
    stop = asyncio.Event()

    async def write() -> None:
        while not stop.is_set():
            await add(store, "Ana")

    async with asyncio.TaskGroup() as group:
        group.create_task(write())
        copies = [await asyncio.to_thread(backup, path, tmp_path / f"{number}.db") for number in range(5)]
        stop.set()

    found = [len(names(copy)) for copy in copies]
    assert found == sorted(found)
    assert found[-1] > 0
    assert all(count % 2 == 0 for count in found)


async def test_a_copy_never_overwrites(store: Store, path: Path, tmp_path: Path) -> None:
    precious = tmp_path / "precious.db"
    precious.write_text("mine")

    with pytest.raises(StoreError, match="a file already"):
        backup(path, precious)

    assert precious.read_text() == "mine"


async def test_restoring_brings_back_the_copy_and_keeps_what_was_there(
    url: str, path: Path, tmp_path: Path
) -> None:
    await kept(url, "Ana")
    copy = backup(path, tmp_path / "copy.db")
    async with Store.open(url) as store:
        await add(store, "Eva")

    old = restore(copy, path)

    assert names(path) == ["Ana"] * 2
    assert old == path.with_name("vocero.db.bak")
    assert names(old) == ["Ana", "Ana", "Eva", "Eva"]
    assert mode(path) == 0o600
    async with Store.open(url) as store:
        await add(store, "Luz")
    assert names(path) == ["Ana", "Ana", "Luz", "Luz"]
    assert copy.exists()


def leave_as_a_crash_does(path: Path) -> None:
    """A row that is in the WAL and not in the file."""
    wal = path.with_name(path.name + "-wal")
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute(
            "INSERT INTO contacts (display_name, created_at) VALUES ('Eva', '2026-03-01 12:00')"
        )
        connection.commit()
        files = {file: file.read_bytes() for file in (path, wal)}
    for file, content in files.items():  # closing has folded the WAL in
        file.write_bytes(content)
    assert b"Eva" in files[wal]
    assert b"Eva" not in files[path]


async def test_what_was_only_in_the_wal_goes_with_the_old_file(url: str, path: Path, tmp_path: Path) -> None:
    await kept(url, "Ana")
    copy = backup(path, tmp_path / "copy.db")
    leave_as_a_crash_does(path)

    old = restore(copy, path)

    assert old is not None
    assert names(old) == ["Ana", "Ana", "Eva"]
    assert names(path) == ["Ana", "Ana"]
    assert not path.with_name(path.name + "-wal").exists()


async def test_restoring_where_nothing_is(url: str, path: Path, tmp_path: Path) -> None:
    await kept(url, "Ana")
    copy = backup(path, tmp_path / "copy.db")

    assert restore(copy, tmp_path / "elsewhere" / "vocero.db") is None

    assert names(tmp_path / "elsewhere" / "vocero.db") == ["Ana"] * 2


def ruin(path: Path) -> bytes:
    content = b"SQLite format 3\0" + b"\xff" * 9000
    path.write_bytes(content)
    return content


async def test_a_damaged_database_can_be_replaced(url: str, path: Path, tmp_path: Path) -> None:
    await kept(url, "Ana")
    copy = backup(path, tmp_path / "copy.db")
    damaged = ruin(path)

    old = restore(copy, path)

    assert old is not None
    assert old.read_bytes() == damaged
    assert names(path) == ["Ana"] * 2


async def test_the_wal_of_a_damaged_database_is_not_replayed_into_the_copy(
    url: str, path: Path, tmp_path: Path
) -> None:
    await kept(url, "Ana")
    copy = backup(path, tmp_path / "copy.db")
    leave_as_a_crash_does(path)
    ruin(path)

    old = restore(copy, path)

    assert names(path) == ["Ana"] * 2
    assert old is not None
    assert b"Eva" in read(old.with_name("vocero.db.bak-wal"))


async def test_nothing_is_restored_while_vocero_runs(url: str, path: Path, tmp_path: Path) -> None:
    await kept(url, "Ana")
    copy = backup(path, tmp_path / "copy.db")

    with hold(path), pytest.raises(StartupError, match="already running"):
        restore(copy, path)


def scramble(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[5000:60000] = b"\xa5" * 55000
    path.write_bytes(content)


def rename_revision(path: Path, revision: str) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", [revision])


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (scramble, r"damaged|malformed"),
        (lambda path: path.write_text("Querido diario: " * 100), "not a database"),
        (lambda path: path.write_bytes(b""), "no database of Vocero"),
        (lambda path: rename_revision(path, "9999"), "schema 9999"),
        (lambda path: path.unlink(), "there is no database"),
    ],
)
async def test_a_bad_copy_changes_nothing(
    url: str, path: Path, tmp_path: Path, spoil: object, message: str
) -> None:
    await kept(url, "Ana")
    copy = backup(path, tmp_path / "copy.db")
    assert callable(spoil)
    spoil(copy)

    with pytest.raises(StoreError, match=message):
        restore(copy, path)

    assert names(path) == ["Ana"] * 2
    assert sorted(file.name for file in path.parent.iterdir()) == ["vocero.db", "vocero.db.lock"]


async def test_a_damaged_database_makes_no_copy(url: str, path: Path, tmp_path: Path) -> None:
    await kept(url, "Ana")
    scramble(path)

    with pytest.raises(StoreError, match=r"damaged|malformed"):
        backup(path, tmp_path / "copy.db")

    assert not (tmp_path / "copy.db").exists()


async def test_the_database_is_no_copy_of_itself(url: str, path: Path) -> None:
    await kept(url, "Ana")

    with pytest.raises(StoreError, match="the database itself"):
        restore(path, path)
