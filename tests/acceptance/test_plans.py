"""No statement of the daily work reads a whole table: what a message costs does not grow with the past."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from sqlalchemy import Connection, Engine, event

from bench.seeding import FIRST_MEMBER, seed
from bot.domain import Lang
from bot.handoff.desk import StaffMember
from bot.store import aging, outbox
from bot.store.log import Log, Search
from tests.fakes.databases import look, on_both
from tests.fakes.house import STAFF_CHAT, House, open_house
from tests.fakes.house.inprocess import settings_of
from tests.fakes.telegram import FakeTelegram

MESSAGES = 10_000
PEOPLE = "conversations|contacts|identities|places|cases"
SAID = "messages|turns|outbox|inbound|events"
SMALL = ("ix_messages_unhandled", "ix_outbox_open", "ix_outbox_held")
"""Indexes of what is open only: reading one of them whole is what they are for."""
PAGE = re.compile(r"ORDER BY messages\.id DESC\s+LIMIT")
"""The log, read from its end a page at a time."""
BRUNO = StaffMember("Bruno Soto", Lang("es"))


@contextmanager
def statements() -> Iterator[dict[str, Any]]:
    """Every statement that runs meanwhile, with parameters it had."""
    found: dict[str, Any] = {}

    def note(
        _c: Connection, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool
    ) -> None:
        if not nightly() and re.match(r"\s*(SELECT|UPDATE|DELETE|INSERT|WITH)\b", statement):
            found.setdefault(statement, parameters[0] if many else parameters)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def nightly() -> bool:
    """Whether it is retention that asks: once a day it looks at everything."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if frame.f_code.co_filename == aging.__file__:
            return True
        frame = frame.f_back
    return False


def whole_reads(connection: Connection, found: dict[str, Any], tables: str) -> list[str]:
    """Statements whose plan reads all of one of these tables, and not a page of them."""
    sqlite = connection.dialect.name == "sqlite"
    if not sqlite:
        # In small tables that is cheapest; what is asked is whether it could do otherwise.
        connection.exec_driver_sql("SET enable_seqscan = off")
    bad: list[str] = []
    for statement, parameters in found.items():
        words = "EXPLAIN QUERY PLAN" if sqlite else "EXPLAIN"
        plan = [str(row[-1]) for row in connection.exec_driver_sql(f"{words} {statement}", parameters)]
        pattern = rf"\bSCAN (?:{tables})\b" if sqlite else rf"\bSeq Scan on (?:{tables})\b"
        if PAGE.search(statement):
            continue
        read = [line for line in plan if re.search(pattern, line) and not any(i in line for i in SMALL)]
        if read:
            bad.append(f"{statement}\n    " + "\n    ".join(read))
    return bad


async def a_day(house: House, fake: FakeTelegram) -> None:
    """What happens all the time."""
    known, new = fake.member(FIRST_MEMBER + 3, "M"), fake.member(77, "Nueva")
    for member in (known, new):
        for line in (
            "hola",
            "¿Cuánto cuesta el envío?",
            "hacen envíos los sábados?",
            "quiero hablar con alguien",
        ):
            before = len(member.reads)
            member.writes(line)
            await fake.wait_for(lambda _, m=member, n=before: len(m.reads) > n, 30)
    desk = house.bot.casework
    for case in await desk.cases():
        await desk.dossier(case.id)
        await desk.take_over(case.id, BRUNO)
        await desk.reply(case.id, BRUNO, "Hola, soy Bruno")
        await desk.close(case.id, BRUNO)
    await desk.cases(closed=True)
    await house.bot.idle()
    await house.bot._clock.sweep()
    await house.bot.store.read(outbox.counts)
    async for _ in Log(house.bot.store).messages(Search(), newest_first=True):
        break


@on_both
async def test_the_daily_work_reads_no_table_whole(tmp_path: Path) -> None:
    async with FakeTelegram() as fake:
        url = settings_of(tmp_path, tmp_path / "home", fake).database
        await asyncio.to_thread(lambda: asyncio.run(seed(url, MESSAGES, fake.token.partition(":")[0])))
        with statements() as at_start:
            async with open_house(tmp_path, fake, settle_seconds=0) as house:
                with statements() as found:
                    await a_day(house, fake)
        assert fake.ledger.to(STAFF_CHAT), "staff heard of it"
        assert len(found) > 40
        bad = look(
            url,
            lambda c: whole_reads(c, found, f"{SAID}|{PEOPLE}") + whole_reads(c, at_start, f"{SAID}|places"),
        )
        assert not bad, "\n\n".join(bad)
