"""Discord is away for longer than people wait: nothing is lost, and nothing late is answered in public."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import time_machine
from sqlalchemy import func, select

from bot.store.tables import heard
from tests.fakes.discord import FakeDiscord
from tests.fakes.house import PATIENCE, on_discord, open_house

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
