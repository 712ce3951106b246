"""The schema by Alembic, and the same schema without it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, inspect

from bot.errors import StartupError, StoreError
from bot.store import migrate
from bot.store.engine import HEAD, Store, revision_of
from bot.store.lock import hold
from tests.fakes.databases import databases, look, on_both, outside

pytestmark = on_both


def schema(url: str) -> dict[str, Any]:
    """All tables with what makes them: a column added later stands elsewhere, and is the same column."""

    def read(connection: Connection) -> dict[str, Any]:
        found = inspect(connection)
        return {
            table: {
                "columns": {
                    column["name"]: (str(column["type"]), column["nullable"], column["default"])
                    for column in found.get_columns(table)
                },
                "key": found.get_pk_constraint(table)["constrained_columns"],
                "unique": sorted(one["column_names"] for one in found.get_unique_constraints(table)),
                "refers": sorted(
                    (one["name"] or "", one["constrained_columns"], one["referred_table"])
                    for one in found.get_foreign_keys(table)
                ),
                "indexes": sorted(
                    (one["name"] or "", one["column_names"], sorted(_options(one).items()))
                    for one in found.get_indexes(table)
                ),
                "comment": found.get_table_comment(table) if connection.dialect.supports_comments else None,
            }
            for table in found.get_table_names()
        }

    return look(url, read)


def _options(index: Any) -> dict[str, str]:
    return {
        name: str(value)
        for name, value in index.get("dialect_options", {}).items()
        if str(value) not in ("", "[]")
    }


def revision(url: str) -> str:
    return look(url, revision_of)


@pytest.fixture(autouse=True)
def folder(path: Path) -> None:
    """Where a file is to be that is no server's."""
    path.parent.mkdir(exist_ok=True)


def test_the_code_and_the_migrations_agree_on_the_newest_revision() -> None:
    assert migrate.head() == HEAD


def test_both_ways_make_the_same_schema(tmp_path: Path) -> None:
    made, migrated = (databases.url(tmp_path / name, empty=True) for name in ("made", "migrated"))
    asyncio.run(Store.create(made))
    migrate.upgrade(migrated)

    one, other = schema(made), schema(migrated)
    assert "ix_outbox_open" in {name for name, *_ in one["outbox"]["indexes"]}
    assert one == other
    assert revision(made) == revision(migrated) == HEAD


def test_an_upgraded_database_can_be_served(url: str) -> None:
    migrate.upgrade(url)

    async def serve() -> None:
        async with Store.open(url):
            pass

    asyncio.run(serve())
    assert migrate.check(url) == []


def test_down_and_up_again(url: str) -> None:
    migrate.upgrade(url)
    before = schema(url)

    migrate.downgrade(url, "0001")
    assert migrate.check(url) == [f"pending revision {HEAD}"]
    migrate.upgrade(url)
    assert schema(url) == before

    migrate.downgrade(url, "base")
    assert set(schema(url)) == {"alembic_version"}
    assert migrate.check(url) == ["pending revision 0001", f"pending revision {HEAD}"]

    migrate.upgrade(url)
    assert schema(url) == before


def test_check_names_what_differs(url: str) -> None:
    migrate.upgrade(url)
    outside(url, "DROP INDEX ix_events_at", "ALTER TABLE contacts ADD COLUMN shoe_size INTEGER")

    assert sorted(migrate.check(url)) == ["add index: ix_events_at", "remove column: contacts, shoe_size"]


def test_check_knows_a_newer_database(url: str) -> None:
    migrate.upgrade(url)
    outside(url, "UPDATE alembic_version SET version_num = '9999'")

    assert "newer" in migrate.check(url)[0]
    with pytest.raises(StoreError, match="9999"):
        migrate.upgrade(url)


def test_an_unknown_revision_changes_nothing(url: str) -> None:
    migrate.upgrade(url)

    with pytest.raises(StoreError, match="7777"):
        migrate.downgrade(url, "7777")

    assert revision(url) == HEAD


def test_a_step_that_fails_leaves_the_database_as_it_was(url: str) -> None:
    migrate.upgrade(url)
    migrate.downgrade(url, "base")
    outside(url, "CREATE TABLE timers (id INTEGER)")  # in the way of the last table of the step
    before = schema(url)

    with pytest.raises(StoreError, match="timers"):
        migrate.upgrade(url)

    assert schema(url) == before


@pytest.mark.sqlite
def test_check_without_a_database_says_so(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="there is no database"):
        migrate.check(f"sqlite:///{tmp_path}/none.db")


def test_the_schema_is_not_changed_while_vocero_runs(url: str, path: Path, database: str) -> None:
    async def run() -> None:
        await Store.create(url)
        async with Store.open(url, exclusive=True):
            with pytest.raises(StartupError, match="already running") as caught:
                await asyncio.to_thread(migrate.upgrade, url)
            assert caught.value.remedy

    if database == "postgresql":
        asyncio.run(run())
    else:
        with hold(path), pytest.raises(StartupError, match="already running"):
            migrate.upgrade(url)
