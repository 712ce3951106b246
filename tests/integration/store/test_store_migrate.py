"""The schema by Alembic, and the same schema without it."""

import contextlib
import sqlite3
from pathlib import Path

import pytest

from bot.errors import StartupError, StoreError
from bot.store import migrate
from bot.store.engine import HEAD, Store
from bot.store.lock import hold


def schema(path: Path) -> dict[str, object]:
    """What is in a database; of a table its columns and keys: one added later is spelt otherwise."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        found: dict[str, object] = dict(
            connection.execute("SELECT type || ' ' || name, sql FROM sqlite_master WHERE type <> 'table'")
        )
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            columns = {row[1]: row[2:] for row in connection.execute(f"PRAGMA table_info({name})")}
            found[f"table {name}"] = (columns, sorted(connection.execute(f"PRAGMA foreign_key_list({name})")))
        return found


def revision(path: Path) -> list[str]:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return [row[0] for row in connection.execute("SELECT version_num FROM alembic_version")]


def test_the_code_and_the_migrations_agree_on_the_newest_revision() -> None:
    assert migrate.head() == HEAD


async def test_both_ways_make_the_same_schema(tmp_path: Path) -> None:
    await Store.create(f"sqlite:///{tmp_path}/made.db")
    migrate.upgrade(f"sqlite:///{tmp_path}/migrated.db")

    made, migrated = schema(tmp_path / "made.db"), schema(tmp_path / "migrated.db")
    assert "index ix_outbox_open" in made
    assert made == migrated
    assert revision(tmp_path / "made.db") == revision(tmp_path / "migrated.db") == [HEAD]


async def test_an_upgraded_database_can_be_served(url: str) -> None:
    migrate.upgrade(url)

    async with Store.open(url):
        pass
    assert migrate.check(url) == []


def test_down_and_up_again(url: str, path: Path) -> None:
    migrate.upgrade(url)
    before = schema(path)

    migrate.downgrade(url, "base")

    assert set(schema(path)) == {"table alembic_version", "index sqlite_autoindex_alembic_version_1"}
    assert migrate.check(url) == ["pending revision 0001", f"pending revision {HEAD}"]

    migrate.upgrade(url)
    assert schema(path) == before


def test_check_names_what_differs(url: str, path: Path) -> None:
    migrate.upgrade(url)
    with contextlib.closing(sqlite3.connect(path)) as outside:
        outside.executescript("DROP INDEX ix_events_at; ALTER TABLE contacts ADD COLUMN shoe_size INTEGER;")

    assert sorted(migrate.check(url)) == ["add index: ix_events_at", "remove column: contacts, shoe_size"]


def test_check_knows_a_newer_database(url: str, path: Path) -> None:
    migrate.upgrade(url)
    with contextlib.closing(sqlite3.connect(path)) as outside, outside:
        outside.execute("UPDATE alembic_version SET version_num = '9999'")

    assert "newer" in migrate.check(url)[0]
    with pytest.raises(StoreError, match="9999"):
        migrate.upgrade(url)


def test_an_unknown_revision_changes_nothing(url: str, path: Path) -> None:
    migrate.upgrade(url)

    with pytest.raises(StoreError, match="7777"):
        migrate.downgrade(url, "7777")

    assert revision(path) == [HEAD]


def test_a_step_that_fails_leaves_the_database_as_it_was(url: str, path: Path) -> None:
    migrate.upgrade(url)
    migrate.downgrade(url, "base")
    with contextlib.closing(sqlite3.connect(path)) as outside:
        outside.execute("CREATE TABLE timers (id INTEGER)")  # in the way of the last table of the step
    before = schema(path)

    with pytest.raises(StoreError, match="timers"):
        migrate.upgrade(url)

    assert schema(path) == before


def test_check_without_a_database_says_so(url: str) -> None:
    with pytest.raises(StoreError, match="there is no database"):
        migrate.check(url)


def test_the_schema_is_not_changed_while_vocero_runs(url: str, path: Path) -> None:
    with hold(path), pytest.raises(StartupError, match="already running"):
        migrate.upgrade(url)
