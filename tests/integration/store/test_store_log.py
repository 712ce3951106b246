"""Searching the log and writing it out."""

import csv
import io
import json
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, event, insert

from bot.domain import CaseId, ConversationId, EntryId, Outcome, Platform
from bot.store.engine import Store
from bot.store.log import Log, LogConversation, LogMessage, Search, write_csv, write_json_lines
from bot.store.tables import cases, contacts, conversations, identities, messages, places, turns
from tests.fakes.databases import databases

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)

SAID = [
    # conversation, author, text, outcome, entry, case
    (1, "member", "¿Cuánto cuesta el ENVÍO?", "answered", "costo_envio", None),
    (1, "bot", "Cuesta $3.990.", None, "costo_envio", None),
    (2, "member", "quiero hablar con alguien", "handed_off", "", 1),
    (2, "staff", "Hola, soy Rosa", None, None, 1),
    (3, "member", "how much is shipping?", "answered", "costo_envio", None),
    (2, "member", "envio fallido", "relayed", None, 1),
    (1, "member", "gracias", "small_talk", "", None),
]


def fill(connection: Connection) -> None:
    for number, (platform, name) in enumerate(
        [("telegram", "Ana"), ("web", "Eva"), ("telegram", "Luz")], start=1
    ):
        account = {"platform": platform, "account": "77", "external_id": f"x{number}", "created_at": NOW}
        connection.execute(insert(contacts), {"display_name": name, "created_at": NOW})
        connection.execute(insert(identities), {"contact_id": number, **account})
        connection.execute(insert(places), {"kind": "private", **account})
        keys = {"contact_id": number, "identity_id": number, "place_id": number}
        connection.execute(insert(conversations), {**keys, "lang": "es", "created_at": NOW})
    connection.execute(
        insert(cases), {"conversation_id": 2, "state": "assigned", "reason": "complaint", "opened_at": NOW}
    )
    for number, (conversation, author, text, outcome, entry, case) in enumerate(SAID, start=1):
        turn = None
        if entry is not None:
            turn = connection.execute(
                insert(turns).returning(turns.c.id),
                {
                    "conversation_id": conversation,
                    "outcome": outcome or "answered",
                    "entry": entry,
                    "lang": "es",
                    "confidence": 0.9,
                    "knowledge": "abc123",
                    "created_at": NOW,
                },
            ).scalar_one()
        connection.execute(
            insert(messages),
            {
                "conversation_id": conversation,
                "author": author,
                "staff": "Rosa" if author == "staff" else None,
                "kind": "message",
                "text": text,
                "lang": "es",
                "sent_at": NOW + timedelta(minutes=number),
                "stored_at": NOW + timedelta(minutes=number),
                "outcome": outcome,
                "turn_id": turn,
                "case_id": case,
            },
        )


@pytest.fixture
async def full(store: Store) -> Store:
    await store.write(fill)
    return store


async def ids(log: Log, search: Search, **order: bool) -> list[int]:
    return [row.id async for row in log.messages(search, **order)]


async def test_a_row_tells_who_said_what_where_and_why(full: Store) -> None:
    first = await anext(Log(full).messages(Search()))

    assert first == LogMessage(
        id=1,
        sent_at=NOW + timedelta(minutes=1),
        platform="telegram",
        place="private",
        conversation=1,
        contact="Ana",
        author="member",
        staff="",
        kind="message",
        text="¿Cuánto cuesta el ENVÍO?",
        command="",
        lang="es",
        outcome="answered",
        rule="",
        entry="costo_envio",
        confidence=0.9,
        knowledge="abc123",
        case=None,
    )


@pytest.mark.parametrize("page", [1, 2, 3, 100])
@pytest.mark.parametrize(
    ("search", "found"),
    [
        (Search(), [1, 2, 3, 4, 5, 6, 7]),
        (Search(text="envío"), [1, 6]),
        (Search(text="Envio"), [1, 6]),
        (Search(text="100%"), []),
        (Search(platform=Platform.WEB), [3, 4, 6]),
        (Search(since=NOW + timedelta(minutes=2), until=NOW + timedelta(minutes=4)), [2, 3]),
        (Search(outcome=Outcome.ANSWERED), [1, 5]),
        (Search(entry=EntryId("costo_envio")), [1, 2, 5]),
        (Search(case=CaseId(1)), [3, 4, 6]),
        (Search(conversation=ConversationId(1)), [1, 2, 7]),
        (Search(text="envio", platform=Platform.WEB, case=CaseId(1)), [6]),
        (Search(text="envio", outcome=Outcome.BLOCKED), []),
    ],
)
async def test_each_question_narrows_the_log(
    full: Store, page: int, search: Search, found: list[int]
) -> None:
    log = Log(full, page=page)

    assert await ids(log, search) == found
    assert await ids(log, search, newest_first=True) == found[::-1]


@pytest.mark.parametrize("page", [1, 2, 3, 100])
async def test_conversations_are_found_by_any_of_their_messages(full: Store, page: int) -> None:
    log = Log(full, page=page)

    async def found(search: Search) -> list[int]:
        return [row.id async for row in log.conversations(search)]

    assert await found(Search()) == [1, 2, 3]
    assert await found(Search(text="ENVIO")) == [1, 2]
    assert await found(Search(outcome=Outcome.ANSWERED)) == [1, 3]
    assert await found(Search(case=CaseId(9))) == []


async def test_a_conversation_is_summed_up_over_all_its_messages(full: Store) -> None:
    rows = [row async for row in Log(full).conversations(Search(text="fallido"))]

    assert rows == [
        LogConversation(
            id=2,
            platform="web",
            place="private",
            contact="Eva",
            lang="es",
            owner="bot",
            staff="",
            messages=3,
            from_member=2,
            first_at=NOW + timedelta(minutes=3),
            last_at=NOW + timedelta(minutes=6),
        )
    ]


async def test_no_read_takes_more_than_a_page(full: Store) -> None:
    """What keeps a million messages out of memory."""
    taken: list[int] = []

    class Counting:
        async def read(self, work: Any) -> Any:
            found, after = await full.read(work)
            taken.append(len(found))
            return found, after

    rows = [row async for row in Log(Counting(), page=2).messages(Search())]  # type: ignore[arg-type] # a look in between

    assert len(rows) == len(SAID)
    assert taken == [2, 2, 2, 1]


EXPLAIN = {"sqlite": "EXPLAIN QUERY PLAN", "postgresql": "EXPLAIN"}


@pytest.mark.parametrize("kept", [{}, {"platform": Platform.WEB}, {"entry": EntryId("costo_envio")}])
async def test_no_page_sorts_the_whole_log(full: Store, kept: dict[str, Any]) -> None:
    """Sorting would look at every message again for each page."""
    plans: list[str] = []

    class Explaining:
        async def read(self, work: Any) -> Any:
            def explain(connection: Connection) -> Any:
                def note(_: Any, cursor: Any, statement: str, parameters: Any, *__: Any) -> None:
                    if "LIMIT" in statement:
                        driver = connection.connection.cursor()
                        if databases.kind == "postgresql":
                            # So few rows are read whole and sorted, unless that is forbidden.
                            driver.execute("SET LOCAL enable_seqscan = off")
                            driver.execute("SET LOCAL enable_sort = off")
                        driver.execute(f"{EXPLAIN[databases.kind]} {statement}", parameters)
                        plans.extend(row[-1] for row in driver.fetchall())

                event.listen(connection, "before_cursor_execute", note)
                return work(connection)

            return await full.read(explain)

    log = Log(Explaining())  # type: ignore[arg-type] # a look in between
    async for _ in log.messages(Search(**kept)):
        pass
    async for _ in log.conversations(Search(**kept)):
        pass

    assert any(re.search(r"messages USING|Scan.* on messages", step) for step in plans)
    assert not any(re.search(r"TEMP B-TREE|Sort", step) for step in plans)


async def test_reading_does_not_hold_up_writing(full: Store) -> None:
    log = Log(full, page=2).messages(Search())
    await anext(log)

    again = {"conversation_id": 1, "author": "member", "kind": "message", "text": "y otra", "sent_at": NOW}
    await full.write(lambda c: c.execute(insert(messages), {**again, "stored_at": NOW}) and None)

    assert [row.text async for row in log][-1] == "y otra"


async def test_csv_and_json_lines_carry_the_same(full: Store) -> None:
    table, lines = io.StringIO(newline=""), io.StringIO()
    log = Log(full)

    assert await write_csv(LogMessage, log.messages(Search()), table) == len(SAID)
    assert await write_json_lines(log.messages(Search()), lines) == len(SAID)

    cells = list(csv.DictReader(io.StringIO(table.getvalue(), newline="")))
    objects = [json.loads(line) for line in lines.getvalue().splitlines()]
    assert [row["text"] for row in cells] == [one["text"] for one in objects] == [said[2] for said in SAID]
    assert cells[0]["sent_at"] == objects[0]["sent_at"] == "2026-03-01T12:01:00+00:00"
    assert cells[2]["case"] == "1"
    assert objects[0]["case"] is None
    assert table.getvalue().startswith("id,sent_at,platform,")
    assert table.getvalue().count("\r\n") == len(SAID) + 1


async def one(contact: str) -> AsyncIterator[LogConversation]:
    yield LogConversation(1, "web", "private", contact, "es", "bot", "", 1, 1, NOW, NOW)


@pytest.mark.parametrize(
    "text", ["=1+1", "+56 9 1234", "-2", "@SUM(A1)", "\t=1", "\r=1", '=HYPERLINK("http://x","y")']
)
async def test_no_cell_is_a_formula(text: str) -> None:
    table = io.StringIO(newline="")
    await write_csv(LogConversation, one(text), table)

    (row,) = csv.DictReader(io.StringIO(table.getvalue(), newline=""))
    assert row["contact"] == f"'{text}"


@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
async def test_any_text_survives_csv_and_json(text: str) -> None:
    table, lines = io.StringIO(newline=""), io.StringIO()
    await write_csv(LogConversation, one(text), table)
    await write_json_lines(one(text), lines)

    (row,) = csv.DictReader(io.StringIO(table.getvalue(), newline=""))
    assert row["contact"] in (text, f"'{text}")
    assert lines.getvalue().count("\n") == 1
    assert json.loads(lines.getvalue())["contact"] == text
