"""Many members are forgotten: nothing of them is left in the database, among their files or in the log."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, insert, select

from bot.domain import ContactId
from bot.privacy import erasing
from bot.store.export import export
from bot.store.tables import (
    audit,
    cases,
    contacts,
    conversations,
    events,
    identities,
    listened,
    messages,
    outbox,
    timers,
)
from bot.store.timers import ERASE_TIMER, RETENTION_TIMER
from tests.fakes.counts import counts
from tests.fakes.databases import databases, on_both
from tests.fakes.house import House, open_house, records
from tests.fakes.telegram import FakeTelegram, User

BRUNO = User(901, "Bruno Soto", language_code="es")
FIRST = 7_000_000_001
"""Ids as Telegram gives them to people."""
PATIENCE = 500.0


def words_of(number: int) -> list[str]:
    """What nobody but this member has: name, user name, words, a file's name and content, an id."""
    return [
        f"Nombrex{number:05}",
        f"usuariox{number:05}",
        f"palabrax{number:05}",
        f"archivox{number:05}",
        f"contenidox{number:05}",
        f"oidox{number:05}",
        str(FIRST + number),
    ]


async def left_of(house: House, folder: Path, numbers: range) -> list[tuple[str, str]]:
    """Where anything of these members is to be found: bytes of our files, and every row."""
    found = []
    texts = {"rows": (await house.read(records.every_row)).encode()}
    for path in sorted((folder / "data").rglob("*")):
        if path.is_file() and "models" not in path.parts:
            texts[path.name] = path.read_bytes()
    for number in numbers:
        for word in words_of(number):
            found += [(where, word) for where, content in texts.items() if word.encode() in content]
    return found


def counted(connection: Connection) -> dict[str, int]:
    """Reporting events, and cases by reason."""
    of_events = connection.execute(
        select(events.c.kind, events.c.outcome, func.count()).group_by(events.c.kind, events.c.outcome)
    )
    of_cases = connection.execute(select(cases.c.reason, func.count()).group_by(cases.c.reason))
    return {" ".join(row[:-1]): row[-1] for row in (*of_events, *of_cases)}


def erasing_now(connection: Connection) -> int:
    return connection.execute(
        select(func.count()).select_from(timers).where(timers.c.kind == ERASE_TIMER)
    ).scalar_one()


async def live(house: House, many: int) -> None:
    """Each member asks; every fourth complains, and staff notes and answers; every fifth sends a file."""
    assert house.fake
    assert house.staff
    members = [
        house.fake.member(FIRST + n, f"Nombrex{n:05} Quispe", username=f"usuariox{n:05}") for n in range(many)
    ]
    for n, member in enumerate(members):
        member.writes(f"¿Cuánto cuesta el envío? palabrax{n:05}")
        if n % 5 == 0:
            member.sends_document(f"contenidox{n:05}".encode(), name=f"archivox{n:05}.txt")
    await house.rest(messages=many + len(range(0, many, 5)), patience=PATIENCE)
    for n in range(0, many, 4):
        members[n].writes(f"esto es una vergüenza, palabrax{n:05} llegó roto y nadie responde")
    await house.rest(messages=many + len(range(0, many, 5)) + len(range(0, many, 4)), patience=PATIENCE)
    [first, *_] = await house.read(lambda c: list(c.execute(select(cases.c.id)).scalars()))
    house.staff.writes(f"/nota {first} es palabrax00000", by=BRUNO)
    await house.until(lambda c: c.execute(select(messages.c.id).where(messages.c.kind == "note")).first())
    account = next(a for a in house.bot.channels if a.platform == "telegram")

    def hear(connection: Connection) -> None:
        for n in range(many):
            row = {"sender": str(FIRST + n), "text": f"oidox{n:05}", "at": datetime.now(UTC)}
            row |= {"platform": "telegram", "account": account.id, "place": "-1005"}
            connection.execute(insert(listened), row)

    await house.bot.store.write(hear)


def people(connection: Connection) -> list[ContactId]:
    return [ContactId(i) for i in connection.execute(select(contacts.c.id).order_by(contacts.c.id)).scalars()]


@on_both
@pytest.mark.parametrize("many", counts(8, 1000, 1000))
async def test_nothing_of_them_is_left(many: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    crowd = {"limit_newcomers_per_minute": 10_000}
    async with FakeTelegram() as fake, open_house(tmp_path, fake, **crowd) as house:
        await live(house, many)
        luz = fake.member(12, "Luz Díaz")
        luz.writes("¿A qué hora abren?")
        await house.until(lambda c: c.execute(select(identities.c.id).filter_by(external_id="12")).first())
        await house.rest(patience=PATIENCE)
        before = await house.read(counted)
        assert len(await left_of(house, tmp_path, range(many))) >= 4 * many

        # The copy of each holds all that is stored of them, word by word.
        found = await house.read(people)
        for number, contact in enumerate(found[:many]):
            made = await house.read(lambda c, who=contact: export(c, who, datetime.now(UTC)))
            assert made is not None
            told = json.dumps(made.document, ensure_ascii=False)
            for word in words_of(number):
                sent = number % 5 == 0 or not word.startswith(("archivox", "contenidox"))
                assert (word in told) == (sent and not word.startswith("contenidox")), word
            said = await house.read(lambda c, who=contact: stored_texts(c, who))
            assert said == [m["text"] for one in made.document["conversations"] for m in one["messages"]]

        await house.bot.store.write(
            lambda c: [
                c.execute(
                    insert(timers),
                    {
                        "kind": ERASE_TIMER,
                        "due_at": datetime.now(UTC),
                        "conversation_id": conversation,
                        "payload": {"lang": "es"},
                    },
                )
                for conversation in c.execute(
                    select(conversations.c.id).where(conversations.c.contact_id.in_(found[:many]))
                ).scalars()
            ]
        )
        await house.until(lambda c: erasing_now(c) == 0, patience=PATIENCE)

        assert await left_of(house, tmp_path, range(many)) == []
        assert await house.read(counted) == before
        visible = {
            chat.id: [m.plain for m in chat.messages.values() if m.sender.id == fake.bot.id and not m.deleted]
            for chat in fake.chats.by_id.values()
        }
        for number in range(many):
            [receipt] = visible[FIRST + number]
            assert "Comprobante" in receipt
            assert not [word for word in words_of(number) if word in receipt]
        assert house.staff
        assert not [text for text in visible[house.staff.id] if "palabrax" in text or "Nombrex" in text]
        assert visible[luz.id]
        assert (
            await house.read(
                lambda c: c.execute(
                    select(func.count()).select_from(audit).filter_by(kind="erased")
                ).scalar_one()
            )
            == many
        )
        assert databases.kind == "postgresql" or not [*(tmp_path / "data").rglob("files/*/*")]
    logged = "".join(capsys.readouterr())
    assert not [word for n in range(many) for word in words_of(n)[:-1] if word in logged]


def stored_texts(connection: Connection, contact: ContactId) -> list[str]:
    return list(
        connection.execute(
            select(messages.c.text)
            .join(conversations, conversations.c.id == messages.c.conversation_id)
            .where(conversations.c.contact_id == contact)
            .order_by(messages.c.id)
        ).scalars()
    )


async def test_what_telegram_no_longer_deletes_is_named_in_the_receipt(tmp_path: Path) -> None:
    async with FakeTelegram() as fake, open_house(tmp_path, fake) as house:
        ana = fake.member(11, "Ana Pérez")
        ana.writes("¿Cuánto cuesta el envío?")
        await house.rest(messages=1)
        old = timedelta(hours=49)
        [answer] = ana.reads
        answer.date -= int(old.total_seconds())
        await house.bot.store.write(
            lambda c: c.execute(outbox.update().values(sent_at=datetime.now(UTC) - old))
        )
        ana.writes("/olvidame")
        await fake.wait_for(lambda ledger: "¿Borro todo?" in ledger.to(ana.id)[-1].plain, 30.0)
        ana.writes("sí")
        await fake.wait_for(lambda ledger: "Comprobante" in ledger.to(ana.id)[-1].plain, 30.0)
        receipt = ana.reads[-1].plain
        await house.until(lambda c: erasing_now(c) == 0)

    assert "1 mensaje en este chat" in receipt
    assert "lugares públicos" not in receipt
    assert not answer.deleted


async def test_an_erasure_goes_on_where_a_process_was_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each step is cut off once, right after its unit: as a kill between two commits would."""
    reached: list[str] = []
    step = erasing.Erasing.__call__

    async def cut(self: erasing.Erasing, timer: erasing.Timer) -> None:
        at = str(timer.payload.get("step", "begin"))
        if at not in reached:
            reached.append(at)
            for name in ("_rows", "_removals", "_receipt", "_end"):
                monkeypatch.setattr(self, name, _stop)
        else:
            for name in ("_rows", "_removals", "_receipt", "_end"):
                monkeypatch.setattr(self, name, getattr(erasing.Erasing, name).__get__(self))
            after = {"begin": "_rows", "rows": "_removals", "removals": "_receipt", "receipt": "_end"}.get(at)
            if after is not None and len(reached) < 5:
                monkeypatch.setattr(self, after, _stop)
        await step(self, timer)

    async def _stop(*_: object) -> None:
        return None

    monkeypatch.setattr(erasing.Erasing, "__call__", cut)
    async with FakeTelegram() as fake, open_house(tmp_path, fake) as house:
        await live(house, 1)
        [contact] = await house.read(people)
        await house.bot.store.write(
            lambda c: erasing.request(c, contact, datetime.now(UTC), by="Camila Rojas")
        )
        await house.until(lambda c: erasing_now(c) == 0)
        assert reached == ["begin", "rows", "removals", "receipt", "end"]
        assert await left_of(house, tmp_path, range(1)) == []
        [row] = await house.read(lambda c: c.execute(select(audit).filter_by(kind="erased")).all())
        assert row.actor == "Camila Rojas"
        assert (
            await house.read(
                lambda c: c.execute(
                    select(timers.c.kind).where(timers.c.kind.not_in((RETENTION_TIMER, "alert")))
                ).all()
            )
            == []
        )
    await asyncio.sleep(0)
