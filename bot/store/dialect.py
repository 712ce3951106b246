"""The few statements that SQLite and PostgreSQL spell alike but SQLAlchemy keeps apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, Insert, Table, insert
from sqlalchemy.dialects import postgresql, sqlite


def _insert(connection: Connection, table: Table) -> postgresql.Insert | sqlite.Insert:
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)


def insert_or_ignore(connection: Connection, table: Table) -> postgresql.Insert | sqlite.Insert:
    """An insert that leaves out rows whose unique key is already there."""
    return _insert(connection, table).on_conflict_do_nothing()


@cache
def _inserting(table: Table) -> tuple[Insert, Insert]:
    """The statement for one row and the one for several, made once: making them costs as much as running."""
    one = insert(table).returning(table.c.id)
    return one, insert(table).returning(table.c.id, sort_by_parameter_order=True)


def insert_returning_ids(
    connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]
) -> list[int]:
    """Insert rows with the same columns, and give their ids in the same order."""
    if not rows:
        return []
    one, several = _inserting(table)
    if len(rows) == 1:
        return [connection.execute(one, dict(rows[0])).scalar_one()]
    return list(connection.execute(several, [dict(row) for row in rows]).scalars())


def upsert(
    connection: Connection,
    table: Table,
    row: Mapping[str, Any],
    key: Sequence[str],
    *,
    keep: Sequence[str] = (),
    add: Sequence[str] = (),
) -> None:
    """Insert `row`, or update the one with the same `key` columns.

    Of a row that is there, columns in `keep` stay as they are, and the numbers in `add` are added to.
    """
    upsert_all(connection, table, [row], key, keep=keep, add=add)


def upsert_all(
    connection: Connection,
    table: Table,
    rows: Sequence[Mapping[str, Any]],
    key: Sequence[str],
    *,
    keep: Sequence[str] = (),
    add: Sequence[str] = (),
) -> None:
    """The same for rows that have the same columns and different keys."""
    if not rows:
        return
    statement = _upserting(
        connection.dialect.name, table, tuple(rows[0]), tuple(key), tuple(keep), tuple(add)
    )
    connection.execute(statement, [dict(row) for row in rows] if len(rows) > 1 else dict(rows[0]))


@cache
def _upserting(
    dialect: str,
    table: Table,
    names: tuple[str, ...],
    key: tuple[str, ...],
    keep: tuple[str, ...],
    add: tuple[str, ...],
) -> Insert:
    statement = postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
    changed = {
        name: table.c[name] + statement.excluded[name] if name in add else statement.excluded[name]
        for name in names
        if name not in key and name not in keep
    }
    return statement.on_conflict_do_update(index_elements=list(key), set_=changed)
