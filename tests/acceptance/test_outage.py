"""Telegram is away for longer than members wait: all that was asked is answered, once, and late is said."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from sqlalchemy import Connection

from bot.store import outbox
from tests.fakes.house import open_house, records
from tests.fakes.house.accounts import deliveries
from tests.fakes.telegram import FakeTelegram, Fault, free_port

NOON = datetime(2026, 11, 23, 15, tzinfo=UTC)  # a Monday; noon in Santiago
OUTAGE = timedelta(minutes=12)
LATE = timedelta(minutes=10)
PEOPLE = 20
ASKED = "¿Cuánto cuesta el envío?"


@pytest.mark.parametrize("webhook", [False, True], ids=["polling", "webhook"])
async def test_what_was_asked_in_private_while_telegram_was_away(tmp_path: Path, webhook: bool) -> None:
    """20 members ask one after another over twelve minutes of outage."""
    port = free_port()
    given: dict[str, Any] = (
        {"web": True, "web_port": port, "telegram_webhook": f"http://127.0.0.1:{port}"} if webhook else {}
    )
    with time_machine.travel(NOON, tick=True) as clock:
        async with (
            FakeTelegram(local_webhooks=True) as fake,
            open_house(tmp_path, fake, **given) as house,
        ):
            people = [fake.member(100 + n, f"M{n}") for n in range(PEOPLE)]
            early = fake.member(99, "Temprana")
            early.writes(ASKED)
            await house.rest(messages=1)
            early.writes("¿A qué hora abren?")
            await house.until(lambda c: len(records.said(c)) >= 2)
            wrote: dict[int, datetime] = {}
            async with fake.offline():
                for person in people:
                    clock.shift(OUTAGE / (PEOPLE + 1))
                    wrote[person.id] = datetime.now(UTC)
                    person.writes(ASKED)
                    await asyncio.sleep(0.05)  # the outage goes on while the bot tries
                clock.shift(OUTAGE / (PEOPLE + 1))
            back = datetime.now(UTC)
            await house.rest(messages=2 + PEOPLE, patience=90)

            said = await house.said()
            assert all(s.outcome for s in said if s.author == "member")
            for person in people:
                mine = [s for s in said if s.member == str(person.id)]
                ends = deliveries(mine, [(str(m.id), m.plain) for m in person.reads])
                assert set(ends) == {"sent"}, "nothing was being sent when it went away"
                assert sum("$2.500" in m.plain for m in person.reads) == 1
                first = person.reads[0].plain
                if back - wrote[person.id] > LATE + timedelta(seconds=30):
                    assert apologises(first), first
                elif back - wrote[person.id] < LATE - timedelta(seconds=30):
                    assert not apologises(first), first
            apologies = sum(apologises(person.reads[0].plain) for person in people)
            assert 2 <= apologies <= 6, "some waited for longer than ten minutes, most did not"
            # what was on its way when it went away arrived, or is held for a person to say; never twice
            deliveries([s for s in said if s.member == "99"], [(str(m.id), m.plain) for m in early.reads])


def apologises(text: str) -> bool:
    return text.startswith("Perdona la demora")


def heard(connection: Connection) -> list[records.Said]:
    """Members' messages that have their outcome."""
    return [s for s in records.said(connection) if s.author == "member" and s.outcome]


@pytest.mark.parametrize("lost", [False, True], ids=["before", "after it arrived"])
async def test_a_storm_of_refusals_and_gateways(tmp_path: Path, lost: bool) -> None:
    """Every chat meets 429s, and every third send a 5xx: nothing is lost, doubled or out of order."""
    fault = Fault.processed_then_status(502) if lost else Fault.status(502)
    async with FakeTelegram() as fake, open_house(tmp_path, fake) as house:
        people = [fake.member(100 + n, f"M{n}") for n in range(12)]
        for number, person in enumerate(people):
            fake.fail("sendMessage", with_=Fault.too_many(1), chat=person.id, times=2)
            if number % 3 == 0:
                fake.fail("sendMessage", with_=fault, chat=person.id)
        for count, question in enumerate((ASKED, "¿A qué hora abren?", "¿Qué medios de pago aceptan?")):
            for person in people:
                person.writes(question)
            await house.until(lambda c, n=count: len(heard(c)) == (n + 1) * len(people))  # type: ignore[misc]
        await house.rest(messages=36, patience=90)

        said = await house.said()
        held = (await house.read(outbox.counts)).get(outbox.OutboxState.HELD, 0)
        assert held == 4, "one for each chat that met a 5xx: nobody but staff can say whether it arrived"
        for number, person in enumerate(people):
            mine = [s for s in said if s.member == str(person.id)]
            assert all(s.outcome for s in mine if s.author == "member")
            ends = deliveries(mine, [(str(m.id), m.plain) for m in person.reads])
            assert ends.get("held", 0) == (number % 3 == 0)
            if number % 3:
                assert [s.entry for s in mine if s.author == "bot"] == [
                    "costo_envio",
                    "horario",
                    "medios_pago",
                ]
                assert len(person.reads) == 3


async def test_what_was_said_in_public_while_telegram_was_away(tmp_path: Path) -> None:
    """200 messages in a group, half of them to the bot, and 20 in private, over twelve minutes.

    What is older than ten minutes is left alone in public, and said sorry for in private; talk that was for
    others leaves no text.
    """
    with time_machine.travel(NOON, tick=True) as clock:
        async with (
            FakeTelegram() as fake,
            open_house(tmp_path, fake) as house,
        ):
            people = [fake.member(100 + n, f"M{n}") for n in range(100)]
            group = fake.group(-100_555, "Comunidad", people)
            wrote: dict[int, datetime] = {}
            async with fake.offline():
                for number in range(200):
                    person = people[number // 2]
                    clock.shift(OUTAGE / 201)
                    if number % 2:
                        group.writes(f"yo creo que sí, palabra{number}", by=person)
                    else:
                        said = group.writes(f"@{fake.bot.username} {ASKED}", by=person)
                        wrote[said.id] = datetime.now(UTC)
                    if number % 10 == 0:
                        people[number // 10].writes(ASKED)
                clock.shift(OUTAGE / 201)
            back = datetime.now(UTC)
            await house.rest(messages=100 + PEOPLE, patience=90)

            late = {i for i, at in wrote.items() if back - at > LATE + timedelta(seconds=30)}
            fresh = {i for i, at in wrote.items() if back - at < LATE - timedelta(seconds=30)}
            answered = [sent.reply_to for sent in fake.ledger.to(group.id)]
            assert len(late) >= 10
            assert len(fresh) >= 70
            assert not set(answered) & late, "late in public is left alone"
            assert fresh <= set(answered), "who called the bot a moment ago is answered"
            assert len(answered) == len(set(answered)), "and once"
            assert all("$2.500" in sent.plain for sent in fake.ledger.to(group.id))
            said = [s for s in await house.said() if s.author == "member"]
            assert len(said) == 100 + PEOPLE, "talk among members is not kept"
            assert all(s.outcome for s in said)
            assert len(late) <= sum(s.rule == "late" for s in said) <= 100 - len(fresh)
            asked_in_private = [person for person in people if person.reads]
            assert [len(person.reads) for person in asked_in_private] == [1] * PEOPLE
            apologies = sum(apologises(person.reads[0].plain) for person in asked_in_private)
            assert 2 <= apologies <= 6
    blob = b"".join(path.read_bytes() for path in (tmp_path / "data").glob("vocero.db*"))
    assert b"palabra1" not in blob, "talk among members never touched the disk"
