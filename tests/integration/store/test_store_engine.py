"""Opening, creating and using a database."""

import asyncio
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, insert, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from bot.errors import StoreError
from bot.store.engine import READERS, Store, database_path, shown, sqlite_engine
from bot.store.tables import contacts
from tests.fakes.databases import outside

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def add(name: str) -> Callable[[Connection], None]:
    return lambda connection: (
        connection.execute(insert(contacts), {"display_name": name, "created_at": NOW}) and None
    )


def names(connection: Connection) -> list[str]:
    return list(connection.execute(select(contacts.c.display_name).order_by(contacts.c.id)).scalars())


@pytest.mark.sqlite
async def test_a_new_database_is_its_owners_alone(path: Path, url: str) -> None:
    assert await Store.create(url)
    async with Store.open(url) as store:
        await store.write(add("Ana"))

        files = sorted(path.parent.iterdir())
        assert [file.name for file in files] == ["vocero.db", "vocero.db-shm", "vocero.db-wal"]
        assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


async def test_creating_again_leaves_everything_as_it_is(url: str) -> None:
    await Store.create(url)
    async with Store.open(url) as store:
        await store.write(add("Ana"))

    assert not await Store.create(url)

    async with Store.open(url) as store:
        assert await store.read(names) == ["Ana"]


@pytest.mark.sqlite
async def test_what_was_written_is_read_and_is_on_disk(store: Store, path: Path) -> None:
    await store.write(add("Ana"))

    assert await store.read(names) == ["Ana"]
    other = sqlite3.connect(path)
    assert other.execute("SELECT display_name FROM contacts").fetchall() == [("Ana",)]
    other.close()


@pytest.mark.sqlite
async def test_the_writer_works_as_promised(store: Store) -> None:
    def pragmas(connection: Connection) -> list[object]:
        asked = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        return [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in asked]

    assert await store.write(pragmas) == ["wal", 2, 1, 5000]


async def test_a_reader_cannot_write(store: Store) -> None:
    with pytest.raises(DBAPIError, match=r"read-?only"):
        await store.read(add("Ana"))

    assert await store.read(names) == []


@pytest.mark.sqlite
async def test_a_reader_sees_one_moment(store: Store, path: Path) -> None:
    def twice(connection: Connection) -> list[int]:
        before = connection.execute(select(func.count()).select_from(contacts)).scalar_one()
        other = sqlite3.connect(path)
        other.execute("INSERT INTO contacts (display_name, created_at) VALUES ('Eva', '2026-03-01')")
        other.commit()
        other.close()
        return [before, connection.execute(select(func.count()).select_from(contacts)).scalar_one()]

    assert await store.read(twice) == [0, 0]
    assert await store.read(names) == ["Eva"]


async def test_readers_that_gave_up_leave_their_connections(store: Store) -> None:
    for _ in range(READERS * 3):
        reading = asyncio.create_task(store.read(names))
        await asyncio.sleep(0)
        reading.cancel()
        await asyncio.wait([reading])

    assert await asyncio.gather(*(store.read(names) for _ in range(READERS * 2))) == [[]] * (READERS * 2)


async def test_an_error_does_not_tell_what_was_said(store: Store) -> None:
    def wrong(connection: Connection) -> None:
        connection.execute(insert(contacts), {"display_name": "mi tarjeta es 4111"})

    with pytest.raises(IntegrityError) as caught:
        await store.write(wrong)

    assert "4111" not in str(caught.value)


@pytest.mark.sqlite
async def test_no_database_is_an_error_with_a_remedy(url: str) -> None:
    with pytest.raises(StoreError, match="there is no database") as caught:
        async with Store.open(url):
            pass

    assert caught.value.remedy


@pytest.mark.parametrize("revision", ["0000", "9999"])
async def test_another_revision_is_refused(url: str, revision: str) -> None:
    await Store.create(url)
    outside(url, f"UPDATE alembic_version SET version_num = '{revision}'")

    with pytest.raises(StoreError, match=revision) as caught:
        async with Store.open(url):
            pass

    assert "upgrade" in caught.value.remedy


async def test_a_database_of_something_else_is_refused(url: str, path: Path) -> None:
    path.parent.mkdir()
    outside(url, "CREATE TABLE recipes (id INTEGER)")

    assert not await Store.create(url)
    with pytest.raises(StoreError, match="schema none"):
        async with Store.open(url):
            pass


@pytest.fixture
def diary(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("Querido diario: " * 100)


@pytest.mark.sqlite
@pytest.mark.usefixtures("diary")
async def test_a_file_that_is_no_database_is_refused(url: str) -> None:
    with pytest.raises(StoreError, match="cannot be read"):
        async with Store.open(url):
            pass
    with pytest.raises(StoreError, match="not a database"):
        await Store.create(url)


@pytest.mark.parametrize("url", ["", "vocero.db", "mysql://localhost/x", "sqlite://", "sqlite:///:memory:"])
def test_a_url_that_names_no_database_is_refused(url: str) -> None:
    with pytest.raises(StoreError) as caught:
        database_path(url)

    assert "sqlite:///" in caught.value.remedy


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("sqlite:////srv/vocero/vocero.db", "sqlite:////srv/vocero/vocero.db"),
        ("postgresql://ana:secret@db.example/vocero", "postgresql://ana:***@db.example/vocero"),
        ("postgresql+asyncpg://ana@db.example:5433/vocero", "postgresql://ana@db.example:5433/vocero"),
    ],
)
def test_an_address_is_shown_as_documents_write_it(url: str, told: str) -> None:
    assert shown(url) == told


def test_serving_does_not_import_alembic() -> None:
    program = "import sys, bot.store.engine, bot.store.log; sys.exit('alembic' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True)


def test_savepoints_live_inside_our_transaction(tmp_path: Path) -> None:
    """With the driver's defaults SAVEPOINT begins no transaction, and its RELEASE commits."""
    engine = sqlite_engine(tmp_path / "x.db")
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE t (a)"))

    with engine.connect() as connection, connection.begin() as transaction:
        with connection.begin_nested():
            connection.execute(text("INSERT INTO t VALUES (1)"))
        transaction.rollback()
    with engine.begin() as connection:
        with connection.begin_nested() as nested:
            connection.execute(text("INSERT INTO t VALUES (2)"))
            nested.rollback()
        connection.execute(text("INSERT INTO t VALUES (3)"))

    with engine.connect() as connection:
        assert connection.execute(text("SELECT a FROM t")).scalars().all() == [3]
    engine.dispose()
