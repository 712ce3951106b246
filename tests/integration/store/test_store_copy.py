"""An instance moves from one database to another, whole or not at all."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import JSON, Boolean, Column, Connection, Float, Integer, Table, insert, select

from bot.errors import StartupError, StoreError
from bot.store import copy as copying
from bot.store import migrate
from bot.store.copy import PAGE, copy
from bot.store.engine import Store
from bot.store.tables import Instant, contacts, events, metadata
from tests.fakes.databases import look, on_postgresql, outside

pytestmark = on_postgresql

NOW = datetime(2026, 11, 22, 12, 0, 0, 123456, tzinfo=UTC)


def value(column: Column[Any], number: int) -> Any:
    """Something that fits a column, and is another one in each row."""
    if column.foreign_keys:
        return number
    match column.type:
        case Instant():
            return NOW + timedelta(seconds=number)
        case JSON():
            return {"ñ": [number, None, True, 0.1], "half": "\ud800", "nul": "\0", "text": "¿cuánto?"}
        case Boolean():
            return number % 2 == 0
        case Float():
            return number / 3
        case Integer():
            return number
    return f"ó{number} 🚚"[: getattr(column.type, "length", None) or 99]


def fill(connection: Connection) -> None:
    """A few rows in every table there is, and many in one."""
    for table in metadata.sorted_tables:
        count = 2 * PAGE + 1 if table is events else 3
        rows = [
            {column.name: value(column, number) for column in table.columns} for number in range(1, count + 1)
        ]
        if table is contacts:
            rows[2] |= {"display_name": "", "greeted_at": None, "lang": None}
        connection.execute(insert(table), rows)


def everything(connection: Connection) -> dict[str, list[tuple[Any, ...]]]:
    def rows(table: Table) -> list[tuple[Any, ...]]:
        return sorted((tuple(row) for row in connection.execute(select(table))), key=repr)

    return {table.name: rows(table) for table in metadata.tables.values()}


@pytest.fixture
def source(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path / 'old' / 'vocero.db'}"

    async def make() -> None:
        await Store.create(url)
        async with Store.open(url) as store:
            await store.write(fill)

    asyncio.run(make())
    return url


def test_everything_arrives_and_comes_back_the_same(source: str, url: str, tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    counts = copy(source, url, lambda *step: told.append(step))

    before = look(source, everything)
    assert look(url, everything) == before
    assert counts == {name: len(rows) for name, rows in before.items()}
    assert [done for name, done, _ in told if name == "events"] == [0, PAGE, 2 * PAGE, 2 * PAGE + 1]
    assert migrate.check(url) == []

    back = f"sqlite:///{tmp_path / 'new' / 'vocero.db'}"
    copy(url, back)
    assert look(back, everything) == before


def test_new_rows_are_numbered_after_those_that_came(source: str, url: str) -> None:
    copy(source, url)

    async def add() -> list[int]:
        async with Store.open(url) as store:
            return [
                await store.write(
                    lambda c, table=table: c.execute(
                        insert(table).returning(table.c.id),
                        {
                            column.name: value(column, 3)
                            for column in table.columns
                            if column.name != "id" and not column.foreign_keys
                        },
                    ).scalar_one()
                )
                for table in (contacts, events)
            ]

    assert asyncio.run(add()) == [4, 2 * PAGE + 2]


def test_a_database_with_rows_is_not_copied_into(source: str, url: str) -> None:
    copy(source, url)
    before = look(url, everything)

    with pytest.raises(StoreError, match="not empty") as caught:
        copy(source, url)

    assert caught.value.remedy
    assert look(url, everything) == before


def test_a_database_of_something_else_is_not_copied_into(source: str, url: str) -> None:
    outside(url, "CREATE TABLE recipes (id INTEGER)")

    with pytest.raises(StoreError, match="not empty"):
        copy(source, url)


def test_a_database_of_another_version_is_not_copied(source: str, url: str) -> None:
    outside(source, "UPDATE alembic_version SET version_num = '0001'")

    with pytest.raises(StoreError, match="schema 0001") as caught:
        copy(source, url)

    assert "upgrade" in caught.value.remedy


@pytest.mark.parametrize("to_file", [False, True], ids=["to a server", "to a file"])
def test_an_interrupted_copy_leaves_nothing(source: str, url: str, tmp_path: Path, to_file: bool) -> None:
    target = f"sqlite:///{tmp_path / 'new' / 'vocero.db'}" if to_file else url

    def stop(table: str, done: int, total: int) -> None:
        if table == "messages" and done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        copy(source, target, stop)

    if to_file:
        assert not (tmp_path / "new" / "vocero.db").exists()
    assert set(copy(source, target)) == set(metadata.tables), "and it can be tried again"


def test_a_copy_that_is_not_what_was_sent_is_undone(
    source: str, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = copying._put

    def careless(connection: Connection, table: Table, rows: Any) -> None:
        put(connection, table, [dict(row) | ({"kind": "x"} if table is events else {}) for row in rows])

    monkeypatch.setattr(copying, "_put", careless)
    with pytest.raises(StoreError, match="events is not what was sent"):
        copy(source, url)
    monkeypatch.undo()
    copy(source, url)


def test_nothing_is_copied_while_vocero_runs_on_either(source: str, url: str, tmp_path: Path) -> None:
    async def run() -> None:
        await Store.create(url)
        async with Store.open(url, exclusive=True):
            for pair in ((source, url), (url, f"sqlite:///{tmp_path / 'x.db'}")):
                with pytest.raises(StartupError, match="already running"):
                    await asyncio.to_thread(copy, *pair)

    asyncio.run(run())


def test_a_database_is_not_copied_onto_itself(source: str) -> None:
    with pytest.raises(StoreError, match="the same"):
        copy(source, source)
