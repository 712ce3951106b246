"""What a member asked while a person spoke and nobody answered, once the person gives it back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, select

from bot.catalogue.keys import Key
from bot.domain import CaseId, Inbound, InboundKind, Lang, PlaceKind, PlaceRef, Sender
from bot.handoff.desk import StaffMember
from bot.knowledge.library import Library
from bot.pipeline.mind import make_mind
from bot.store.engine import Store
from bot.store.tables import events
from bot.store.tables import timers as timer_rows
from bot.store.timers import GIVE_BACK_TIMER
from tests.fakes.databases import databases
from tests.fakes.discord import FakeDiscord, Right
from tests.fakes.house import PATIENCE, on_discord, open_house, records, write_shop
from tests.fakes.house.engine import Engine
from tests.fakes.house.inprocess import MODELS
from tests.fakes.house.scripted import ACCOUNT, ScriptedChannel
from tests.fakes.telegram import FakeTelegram, User

BRUNO = StaffMember("Bruno Soto", Lang("es"))
ASKS, COST = "quiero hablar con una persona", "¿Cuánto cuesta el envío?"
BACK, ANSWER = "de nuevo, con respuestas automáticas", "$2.500"


class Conversation:
    """Ana, who asked for a person, and Bruno, who took her case."""

    def __init__(self, engine: Engine) -> None:
        self.engine, self.number = engine, 0
        self.case = CaseId(0)

    async def says(self, text: str, *, command: str = "", ago: timedelta = timedelta(0)) -> None:
        self.number += 1
        event = Inbound(
            ACCOUNT,
            f"u{self.number}",
            InboundKind.COMMAND if command else InboundKind.MESSAGE,
            datetime.now(UTC) - ago,
            Sender("11", "Ana", lang_hint="es"),
            PlaceRef("11", PlaceKind.PRIVATE),
            message_id=f"m{self.number}",
            text=text,
            command=command,
        )
        await self.engine.intake([event])
        await self.rests()

    async def rests(self) -> None:
        """Return when nothing is left to do."""

        def rested(connection: Connection) -> bool:
            waits = connection.execute(
                select(timer_rows.c.id).where(timer_rows.c.kind == GIVE_BACK_TIMER)
            ).first()
            return waits is None and records.at_rest(connection)

        await until(self.engine.store, rested)

    async def gives_back(self) -> None:
        await self.engine.casework.give_back(self.case, BRUNO)
        await self.rests()

    @property
    def reads(self) -> list[str]:
        return [d.message.text for d in self.engine.channel.delivered if d.place == "11"]

    async def relayed(self, text: str) -> None:
        """The one outcome of a message is that it was relayed."""
        [line] = [s for s in await self.engine.store.read(records.said) if s.text == text]
        assert (line.outcome, line.rule) == ("relayed", "person_owns")


async def until(store: Store, look: Callable[[Connection], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not await store.read(look):  # noqa: ASYNC110 # a database tells nobody
            await asyncio.sleep(0.02)


@asynccontextmanager
async def taken_over(folder: Path) -> AsyncIterator[Conversation]:
    home = write_shop(folder / "home")
    mind = await make_mind(Library.open(home).current, MODELS)
    url = databases.url(folder)
    await Store.create(url)
    async with Store.open(url) as store:
        engine = Engine(store, mind, ScriptedChannel(calm=True), folder)
        await engine.start()
        try:
            talk = Conversation(engine)
            await talk.says(ASKS)
            [case] = await engine.casework.cases()
            talk.case = case.id
            await engine.casework.take_over(case.id, BRUNO)
            yield talk
        finally:
            await engine.crash()


async def test_rights_and_questions_asked_of_a_silent_bot_are_answered_after_the_give_back(
    tmp_path: Path,
) -> None:
    async with taken_over(tmp_path) as talk:
        await talk.engine.casework.reply(talk.case, BRUNO, "Hola Ana")
        await talk.says(COST)
        await talk.says("", command="privacy")
        await talk.says("", command="forget_me")
        before = len(talk.reads)
        await talk.gives_back()

        back, *told = talk.reads[before:]
        assert BACK in back
        wanted = (ANSWER, "Responde por ellos", "¿Borro todo?")
        found = [words for text in told for words in wanted if words in text]
        assert found == list(wanted), "once each, and the one that waits for a yes last"


async def test_a_question_left_open_is_answered_after_the_give_back(tmp_path: Path) -> None:
    async with taken_over(tmp_path) as talk:
        await talk.engine.casework.reply(talk.case, BRUNO, "Hola Ana")
        await talk.says("otra cosa")
        await talk.says(COST)
        assert not any(ANSWER in text for text in talk.reads)
        await talk.gives_back()

        assert BACK in talk.reads[3]
        assert ANSWER in talk.reads[4]
        await talk.relayed(COST)
        await talk.relayed("otra cosa")
        said = await talk.engine.store.read(records.said)
        asked = next(s for s in said if s.text == COST)
        answer = next(s for s in said if s.author == "bot" and ANSWER in s.text)
        assert answer.entry == "costo_envio"
        assert answer.turn != asked.turn
        assert answer.trace
        assert answer.trace["answers"] == asked.id

        await talk.gives_back()  # nothing to give back, nothing left open
        assert sum(ANSWER in text for text in talk.reads) == 1
        counted = await talk.engine.store.read(lambda c: c.execute(select(events)).all())
        assert [e.entry for e in counted if e.kind == GIVE_BACK_TIMER] == ["costo_envio"]
        turns = [e for e in counted if e.kind == "turn"]
        assert len(turns) == sum(s.author == "member" for s in said), "each message is counted once"


async def test_what_came_while_away_is_answered_with_an_apology(tmp_path: Path) -> None:
    async with taken_over(tmp_path) as talk:
        await talk.says(COST, ago=timedelta(hours=1))
        await talk.gives_back()
        at = next(i for i, text in enumerate(talk.reads) if ANSWER in text)
        late = talk.engine.mind.voice.catalogue.text(Key.LATE_APOLOGY, Lang("es"), address="tu", seed=0)
        assert talk.reads[at - 1] == late


@pytest.mark.parametrize(
    ("left", "command", "replied"),
    [
        ("cuál es la capital de Mongolia", "", False),  # not known
        ("hola", "", False),  # small talk
        ("quiero hablar con una persona", "", False),  # was with one
        ("", "human", False),
        ("", "help", False),
        (COST, "", True),  # a person answered
    ],
)
async def test_of_anything_else_nothing_is_said(
    tmp_path: Path, left: str, command: str, replied: bool
) -> None:
    async with taken_over(tmp_path) as talk:
        await talk.says(left, command=command)
        if replied:
            await talk.engine.casework.reply(talk.case, BRUNO, "Son dos mil quinientos")
            await talk.rests()
        before = len(talk.reads)
        await talk.gives_back()
        assert len(talk.reads) == before + 1, "only that the bot is back"
        [case] = await talk.engine.casework.cases()
        assert case.id == talk.case
        assert (await talk.engine.store.read(lambda c: records.owner(c, 11)))[0] == "bot"


async def test_a_note_answers_nobody(tmp_path: Path) -> None:
    async with taken_over(tmp_path) as talk:
        await talk.says(COST)
        await talk.engine.casework.note(talk.case, BRUNO, "que responda el bot")
        await talk.gives_back()
        assert any(ANSWER in text for text in talk.reads)


async def test_nothing_is_said_where_somebody_takes_over_again(tmp_path: Path) -> None:
    """Given back and taken over before the clock has seen to what was left."""
    async with taken_over(tmp_path) as talk:
        await talk.says(COST)
        case, casework = talk.case, talk.engine.casework
        await asyncio.gather(casework.give_back(case, BRUNO), casework.take_over(case, BRUNO))
        await talk.rests()
        ours = [s for s in await talk.engine.store.read(records.said) if s.author == "bot"]
        owner, _ = await talk.engine.store.read(lambda c: records.owner(c, 11))
        if owner == "human":
            assert not any(ANSWER in s.text and s.delivery != "cancelled" for s in ours)
            assert not any(ANSWER in text for text in talk.reads)
        else:  # the two come at the same time: the other order is the bot's to answer
            assert sum(ANSWER in text for text in talk.reads) == 1


async def test_a_crash_before_the_answer_loses_nothing_and_repeats_nothing(tmp_path: Path) -> None:
    async with taken_over(tmp_path) as talk:
        await talk.says(COST)
        await talk.engine.casework.give_back(talk.case, BRUNO)
        await talk.engine.crash()
        await talk.engine.start()
        await talk.rests()
        assert sum(ANSWER in text for text in talk.reads) == 1


async def test_by_command_on_telegram(tmp_path: Path) -> None:
    async with FakeTelegram() as fake, open_house(tmp_path, fake) as house:
        ana, bruno = fake.member(11, "Ana"), User(901, "Bruno Soto", language_code="es")
        ana.writes(ASKS)
        await house.rest(messages=1)
        assert house.staff
        notice = house.staff.last("Ana")
        house.staff.replies_to(notice, "/tomar", by=bruno)
        await house.until(lambda c: records.owner(c, 11)[1] == "Bruno Soto")
        ana.writes(COST)
        await house.rest(messages=2)
        house.staff.replies_to(notice, "/devolver", by=bruno)
        await fake.wait_for(lambda ledger: any(ANSWER in t for t in ledger.texts(11)), PATIENCE)


async def test_by_command_on_discord(tmp_path: Path) -> None:
    async with FakeDiscord() as fake:
        server = fake.guild()
        staff = server.text("equipo", hidden=True)
        someone, ana = server.moderator("Bruno Soto"), server.member("Ana")
        staff.allows(someone, allow=Right.VIEW_CHANNEL)
        bruno = someone.at(staff)
        async with open_house(tmp_path, **on_discord(fake, staff.id)) as house:
            await fake.listened(PATIENCE)
            ana.writes(ASKS)
            await fake.wait_for(lambda _: any("Caso 1 nuevo" in text for text in staff.texts), PATIENCE)
            bruno.taps("Tomar el caso", staff.last("Caso 1 nuevo"))
            await house.until(lambda c: records.owner(c, ana.id)[0] == "human")
            ana.writes(COST)
            await fake.wait_for(lambda _: any(COST in text for text in staff.texts), PATIENCE)
            bruno.slash("devolver", texto="1")
            await fake.wait_for(lambda _: any(ANSWER in text for text in ana.texts), PATIENCE)
