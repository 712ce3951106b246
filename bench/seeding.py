"""A database with a past: so many stored messages, as a community would have left them.

Half of the messages are members', half the bot's answers, each with its turn, its send and its event. A few
members wrote a lot and many wrote little; one conversation in fifty had a case, which is closed.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, text

from bot.store.engine import Store, database_path, on_server, parse_url, sqlite_engine

FIRST_MEMBER = 10_000
"""The platform's id of the first member; the others follow."""
MESSAGES_A_MEMBER = 20

_N = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :count) "
_AT = "'@@'"
_WHO = "(1 + ((i % :people) * ((i / :people + i * 7) % :people)) / :people)"
"""Whose turn it is: the product of two even numbers, so that a few have much of it."""

_PEOPLE = (
    "INSERT INTO contacts (id, display_name, lang, greeted_at, created_at)"
    f" {_N} SELECT i, 'M', 'es', {_AT}, {_AT} FROM n",
    "INSERT INTO identities (id, contact_id, platform, account, external_id, username, display_name,"
    f" created_at) {_N} SELECT i, i, 'telegram', :account, CAST(i + :first - 1 AS VARCHAR(20)), '', 'M',"
    f" {_AT} FROM n",
    "INSERT INTO places (id, platform, account, external_id, kind, title, created_at)"
    f" {_N} SELECT i, 'telegram', :account, CAST(i + :first - 1 AS VARCHAR(20)), 'private', '', {_AT} FROM n",
    "INSERT INTO conversations (id, contact_id, identity_id, place_id, version, lang, created_at)"
    f" {_N} SELECT i, i, i, i, 1, 'es', {_AT} FROM n",
    "INSERT INTO cases (id, conversation_id, state, reason, staff, opened_at, closed_at)"
    f" {_N} SELECT i, i, 'resolved', 'asked_for_person', 'Bruno', {_AT}, {_AT} FROM n WHERE i % 50 = 1",
)
_TURNS = (
    "INSERT INTO inbound (id, platform, account, event_id, kind, conversation_id, received_at)"
    f" {_N} SELECT i, 'telegram', :account, 'seed' || i, 'message', {_WHO}, {_AT} FROM n",
    "INSERT INTO turns (id, conversation_id, outcome, entry, variant, lang, confidence, knowledge, trace,"
    f" created_at) {_N} SELECT i, {_WHO}, 'answered', 'costo_envio', 0, 'es', 0.9, 'seeded',"
    f' \'{{"text": "cuanto cuesta el envio", "messages": 1, "intent": "costo_envio"}}\', {_AT} FROM n',
    "INSERT INTO messages (id, conversation_id, author, kind, text, lang, external_id, sent_at, stored_at,"
    f" outcome, turn_id) {_N} SELECT 2 * i - 1, {_WHO}, 'member', 'message',"
    " 'cuánto cuesta mandar un café a concepción? es la vez número ' || i, 'es', 's' || i,"
    f" {_AT}, {_AT}, 'answered', i FROM n",
    "INSERT INTO messages (id, conversation_id, author, kind, text, lang, sent_at, stored_at, turn_id)"
    f" {_N} SELECT 2 * i, {_WHO}, 'bot', 'message',"
    " 'El envío a todo Chile cuesta $3.990 y llega en 2 a 4 días hábiles.', 'es',"
    f" {_AT}, {_AT}, i FROM n",
    "INSERT INTO outbox (id, lane, conversation_id, message_id, turn_id, author, platform, account, place,"
    f" payload, state, attempts, external_id, created_at, sent_at) {_N} SELECT i, 'c' || {_WHO}, {_WHO},"
    " 2 * i, i, 'bot', 'telegram', :account,"
    ' \'{"external_id": "1", "kind": "private"}\','
    ' \'{"text": "El envío a todo Chile cuesta $3.990.", "markdown": true}\','
    f" 'sent', 1, 'r' || i, {_AT}, {_AT} FROM n",
    "INSERT INTO events (id, at, kind, platform, place_kind, lang, outcome, entry)"
    f" {_N} SELECT i, {_AT}, 'turn', 'telegram', 'private', 'es', 'answered', 'costo_envio' FROM n",
)
_TABLES = tuple(statement.split()[2] for statement in (*_PEOPLE, *_TURNS))


async def seed(url: str, messages: int, account: str) -> None:
    """Make the database at `url`, and put so many messages of the account's members into it."""
    await Store.create(url)
    if parse_url(url).get_backend_name() == "sqlite":
        await asyncio.to_thread(_in_file, url, messages, account)
    else:
        await on_server(parse_url(url), lambda connection: fill(connection, messages, account))


def fill(connection: Connection, messages: int, account: str) -> None:
    """The unit of work behind `seed`."""
    turns, people = messages // 2, max(1, messages // MESSAGES_A_MEMBER)
    given: dict[str, Any] = {"account": account, "people": people}
    server = connection.dialect.name == "postgresql"
    # Not long ago, so that retention has nothing to do with it.
    at = (datetime.now(UTC) - timedelta(hours=1)).strftime("%Y-%m-%d %H:%M:%S.000000")
    for statements, count in ((_PEOPLE, people), (_TURNS, turns)):
        for statement in statements:
            named = {**given, "count": count, "first": FIRST_MEMBER}
            used = {name: value for name, value in named.items() if f":{name}" in statement}
            written = (_typed(statement) if server else statement).replace("@@", at)
            connection.execute(text(written), used)
    if server:
        for table in _TABLES:
            last = f"(SELECT max(id) FROM {table})"
            connection.execute(text(f"SELECT setval('{table}_id_seq', {last})"))
            connection.execute(text(f"ANALYZE {table}"))


def _typed(statement: str) -> str:
    """A server wants to know what a parameter and a literal are."""
    for name in ("count", "people", "first"):
        statement = statement.replace(f":{name}", f"CAST(:{name} AS BIGINT)")
    statement = statement.replace(":account", "CAST(:account AS VARCHAR)").replace(
        "SELECT 1 UNION", "SELECT CAST(1 AS BIGINT) UNION"
    )
    return statement.replace(_AT, "TIMESTAMPTZ '@@+00'").replace(
        '\'{"text": "cuanto', 'JSON \'{"text": "cuanto'
    )


def _in_file(url: str, messages: int, account: str) -> None:
    engine = sqlite_engine(database_path(url))
    try:
        with engine.begin() as connection:
            fill(connection, messages, account)
    finally:
        engine.dispose()
