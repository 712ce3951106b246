"""Discord is away for longer than people wait: nothing is lost, and nothing late is answered in public."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from sqlalchemy import func, select

from bot.store import outbox
from bot.store.tables import heard
from tests.fakes.discord import FakeDiscord, Fault
from tests.fakes.house import PATIENCE, on_discord, open_house
from tests.fakes.house.accounts import deliveries

NOON = datetime(2026, 11, 23, 15, tzinfo=UTC)  # a Monday; noon in Santiago
STEP = timedelta(seconds=36)
PEOPLE = 20
TALK = 10
"""Lines in public between two private messages: 200 in twelve minutes; the last of ten calls the bot."""
ASKED = "¿Cuánto cuesta el envío?"


async def test_twelve_minutes_without_discord_with_200_lines_in_public_and_20_in_private(
    tmp_path: Path,
) -> None:
    with time_machine.travel(NOON, tick=True) as clock:
        async with FakeDiscord() as fake:
            server = fake.guild()
            general = server.text("general")
            people = [server.member(f"M{n}") for n in range(PEOPLE)]
            given = on_discord(fake)
            async with open_house(tmp_path, **given) as house:
                await fake.listened(PATIENCE)
                for person in people:
                    person.writes("hola")
                people[0].at(general).writes("buenas")
                await house.rest(messages=PEOPLE)
                fake.gateway.refuse_resumes = True
                private, calls = [], []
                async with fake.offline():
                    for number, person in enumerate(people):
                        for line in range(TALK - 1):
                            people[(number + line) % PEOPLE].at(general).writes(f"comentario {number}.{line}")
                        calls.append(person.at(general).mentions_bot(ASKED))
                        private.append(person.writes(ASKED))
                        clock.shift(STEP)
                await house.rest(messages=PEOPLE * 3)
                said = await house.said()
                by_id = {s.external_id: s for s in said if s.author == "member"}
                talk = await house.read(lambda c: c.execute(select(func.sum(heard.c.count))).scalar_one())

            assert talk == 1 + PEOPLE * (TALK - 1), "each line in public was counted once"
            assert len([s for s in said if s.author == "member"]) == PEOPLE * 3
            for person, asked in zip(people, private, strict=True):
                assert by_id[str(asked.id)].outcome == "answered"
                assert [("$2.500" in text) for text in person.texts] == [False, True], "once, and in order"
            outcomes = [(by_id[str(call.id)].outcome, by_id[str(call.id)].rule) for call in calls]
            assert ("ignored", "late") in outcomes
            assert outcomes == sorted(outcomes, key=lambda o: o[0] != "ignored"), (
                "the old ones, and no others"
            )
            assert sum("$2.500" in text for text in general.texts) == sum(
                o[0] == "answered" for o in outcomes
            )
            assert not fake.ledger.pinged


@pytest.mark.parametrize("lost", [False, True], ids=["before", "after it arrived"])
async def test_a_storm_of_refusals_and_gateways(tmp_path: Path, lost: bool) -> None:
    """Everybody's direct messages meet 429s and a 5xx, in the midst of which the session is lost, too."""
    fault = Fault.processed_then_status(502) if lost else Fault.status(502)
    questions = (ASKED, "¿A qué hora abren?", "¿Qué medios de pago aceptan?")
    async with FakeDiscord() as fake:
        server = fake.guild()
        people = [server.member(f"M{n}") for n in range(9)]
        async with open_house(tmp_path, **on_discord(fake)) as house:
            await fake.listened(PATIENCE)
            for person in people:
                person.writes("hola")
            await house.rest(messages=len(people))
            for person in people:
                fake.fail("create_message", with_=Fault.too_many(0.3), channel=person.channel.id, times=2)
                fake.fail("create_message", with_=fault, channel=person.channel.id)
            for number, question in enumerate(questions, start=2):
                for person in people:
                    person.writes(question)
                if number == 2:
                    fake.gateway.cut()
                await house.rest(messages=number * len(people), patience=60)
            said = await house.said()
            assert not (await house.read(outbox.counts)).get(outbox.OutboxState.HELD)
        for person in people:
            mine = [s for s in said if s.member == str(person.id)]
            assert all(s.outcome for s in mine if s.author == "member")
            read = [(str(m.id), m.text) for m in person.reads]
            assert set(deliveries(mine, read)) == {"sent"}
            entries = [s.entry for s in mine if s.author == "bot" and s.entry]
            assert entries == ["costo_envio", "horario", "medios_pago"]
            assert len(read) == 4, "a greeting and three answers, each once"
