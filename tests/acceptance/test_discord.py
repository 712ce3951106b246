"""The bot on Discord from end to end: commands, buttons, files, staff's channel, and hard times."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select

from bot.catalogue.keys import Key
from bot.domain import ES, Lang
from bot.handoff.desk import StaffMember
from bot.store.tables import outbox as rows
from tests.fakes.discord import PIXEL, FakeDiscord, Fault, Person, Place, Right, Server, Speaker
from tests.fakes.house import PATIENCE, House, on_discord, open_house, records, write_shop
from tests.fakes.telegram import FakeTelegram


@dataclass(slots=True)
class Scene:
    """A running bot, a server with a public and a staff channel, a member and a moderator."""

    house: House
    fake: FakeDiscord
    server: Server
    general: Place
    staff: Place
    ana: Person
    bruno: Speaker

    async def reads(self, count: int) -> list[str]:
        """What Ana has read in her direct messages, once it is so much."""
        channel = self.ana.channel.id
        await self.fake.wait_for(lambda ledger: len(ledger.to(channel)) >= count, PATIENCE)
        return self.ana.texts

    async def staff_reads(self, containing: str) -> str:
        """The staff channel's message that contains a text, once it is there."""
        await self.fake.wait_for(lambda _: any(containing in text for text in self.staff.texts), PATIENCE)
        return self.staff.last(containing).text


@asynccontextmanager
async def scene(folder: Path, **given: Any) -> AsyncIterator[Scene]:
    async with FakeDiscord() as fake:
        server = fake.guild()
        general, staff = server.text("general"), server.text("equipo", hidden=True)
        bruno, ana = server.moderator("Bruno Soto"), server.member("Ana Pérez")
        staff.allows(bruno, allow=Right.VIEW_CHANNEL)
        async with open_house(folder, **on_discord(fake, staff.id), **given) as house:
            await fake.listened(PATIENCE)
            yield Scene(house, fake, server, general, staff, ana, bruno.at(staff))


async def test_faq_offers_titles_and_answers_with_the_entry(tmp_path: Path) -> None:
    async with scene(tmp_path) as s:
        offered = s.ana.completes("faq", "pregunta", "ENVIO cos")
        await s.fake.wait_for(lambda _: offered.answered, PATIENCE)
        assert offered.choices == [{"name": "Costo del envío", "value": "pick:costo_envio"}]
        chosen = s.ana.slash("faq", pregunta=offered.choices[0]["value"])
        await s.fake.wait_for(lambda _: any("$2.500" in text for text in chosen.reads), PATIENCE)
        asked = s.ana.slash("faq", pregunta="¿a qué hora abren?")
        await s.fake.wait_for(lambda _: any("lunes" in text for text in asked.reads), PATIENCE)
        menu = s.ana.slash("faq")
        await s.fake.wait_for(lambda _: any(text for text in menu.reads), PATIENCE)
        await s.house.rest(messages=3)
        said = [(m.entry, m.text) for m in await s.house.said() if m.author == "member"]
        assert said == [
            ("costo_envio", "Costo del envío"),
            ("horario", "¿a qué hora abren?"),
            ("", ""),
        ]


async def test_buttons_work_after_a_restart(tmp_path: Path) -> None:
    async with FakeDiscord() as fake:
        ana = fake.member("Ana")
        async with open_house(tmp_path, **on_discord(fake)):
            await fake.listened(PATIENCE)
            ana.writes("hola")
            await fake.wait_for(lambda ledger: len(ledger.to(ana.channel.id)) == 1, PATIENCE)
        async with open_house(tmp_path, **on_discord(fake)):
            await fake.wait_for(lambda _: bool(fake.gateway.listening), PATIENCE)
            pressed = ana.taps("Costo del envío")
            await fake.wait_for(lambda ledger: len(ledger.to(ana.channel.id)) == 2, PATIENCE)
            await fake.wait_for(lambda _: pressed.answered, PATIENCE)
            assert "$2.500" in ana.texts[1]


async def test_a_person_is_called_from_a_channel_and_answers_in_a_private_thread(tmp_path: Path) -> None:
    async with scene(tmp_path) as s:
        asked = s.ana.at(s.general).slash("humano")
        await s.staff_reads("Caso 1 nuevo")
        [thread] = s.server.threads
        await s.fake.wait_for(lambda _: bool(thread.texts), PATIENCE)
        assert f"<#{thread.id}>" in asked.reads[0]
        s.bruno.replies_to(s.staff.last("Caso 1 nuevo"), "Hola Ana, ¿qué pasó?")
        await s.fake.wait_for(lambda _: "Hola Ana, ¿qué pasó?" in thread.texts, PATIENCE)
        s.ana.at(thread).writes("se rompió la taza")
        await s.staff_reads("se rompió la taza")
        assert not s.general.texts


async def test_staff_works_by_commands_buttons_and_replies(tmp_path: Path) -> None:
    async with scene(tmp_path) as s:
        s.ana.writes("quiero hablar con una persona")
        await s.staff_reads("Caso 1 nuevo")
        taken = s.bruno.taps("Tomar el caso", s.staff.last("Caso 1 nuevo"))
        await s.staff_reads("Bruno Soto")
        s.bruno.slash("nota", texto="1 espera a la bodega")
        await s.staff_reads("Nota guardada")
        s.bruno.replies_to(s.staff.last("Caso 1 nuevo"), "Ya te ayudo @everyone *sí*")
        await s.reads(2)
        assert s.ana.texts[1] == "Ya te ayudo @everyone \\*sí\\*"
        s.bruno.slash("cerrar", texto="1")
        await s.reads(3)
        await s.fake.wait_for(lambda ledger: not ledger.unanswered, PATIENCE)
        assert taken.answered
        assert not s.fake.ledger.pinged
        assert await s.house.read(records.case_states) == [(1, "resolved")]


async def test_both_staff_places_hear_of_a_case_and_either_may_answer(tmp_path: Path) -> None:
    async with FakeDiscord() as discord, FakeTelegram() as telegram:
        server = discord.guild()
        staff, bruno, ana = server.text("equipo"), server.moderator("Bruno"), server.member("Ana")
        async with open_house(tmp_path, telegram, **on_discord(discord, staff.id)) as house:
            await discord.listened(PATIENCE)
            luis = telegram.member(11, "Luis")
            luis.writes("quiero hablar con una persona")
            await discord.wait_for(lambda _: any("Caso 1 nuevo" in t for t in staff.texts), PATIENCE)
            bruno.at(staff).replies_to(staff.last("Caso 1 nuevo"), "Hola Luis")
            await telegram.wait_for(lambda ledger: any(m.plain == "Hola Luis" for m in luis.reads), PATIENCE)
            ana.writes("quiero hablar con una persona")
            assert house.staff is not None
            await telegram.wait_for(
                lambda ledger: any("Caso 2 nuevo" in m.plain for m in ledger.to(house.staff.id)), PATIENCE
            )
            house.staff.replies_to(house.staff.last("Caso 2 nuevo"), "Hola Ana")
            await discord.wait_for(lambda _: "Hola Ana" in ana.texts, PATIENCE)
            listed = len(telegram.ledger.to(house.staff.id))
            bruno.at(staff).writes("!casos")
            await discord.wait_for(lambda _: any("Luis" in t for t in staff.texts[-1:]), PATIENCE)
            await house.rest()
            assert len(telegram.ledger.to(house.staff.id)) == listed, "a list is for who asked for it"


async def test_files_reach_staff(tmp_path: Path) -> None:
    async with scene(tmp_path) as s:
        s.ana.writes("quiero hablar con una persona")
        await s.staff_reads("Caso 1 nuevo")
        s.ana.sends_photo(PIXEL)
        await s.fake.wait_for(
            lambda ledger: any(PIXEL in sent.files.values() for sent in ledger.to(s.staff.id)), PATIENCE
        )


async def test_a_question_taken_back_is_not_answered_and_an_edited_one_is_as_edited(tmp_path: Path) -> None:
    async with scene(tmp_path, settle_seconds=1.0) as s:
        gone = s.ana.writes("hola")
        await s.house.rest(messages=0)
        s.ana.deletes(gone)
        await s.house.rest(messages=1)
        edited = s.ana.writes("hola")
        s.ana.edits(edited, "¿Cuánto cuesta el envío?")
        [answer] = await s.reads(1)
        assert "$2.500" in answer
        await s.house.rest(messages=2)
        record = [(m.outcome, m.rule, m.text) for m in await s.house.said() if m.author == "member"]
        assert record == [
            ("ignored", "deleted", ""),
            ("answered", None, "¿Cuánto cuesta el envío?"),
        ]
        s.ana.deletes(edited)
        await s.house.until(lambda c: records.edited(c)[-1:] == [("¿Cuánto cuesta el envío?", "")])


async def test_staff_hears_who_cannot_be_reached(tmp_path: Path) -> None:
    async with scene(tmp_path) as s:
        s.ana.writes("quiero hablar con una persona")
        await s.staff_reads("Caso 1 nuevo")
        await s.reads(1)
        s.ana.closes_dms()
        s.bruno.replies_to(s.staff.last("Caso 1 nuevo"), "¿Me lees?")
        told = await s.staff_reads("no se puede entregar")
        assert "¿Me lees?" in told


async def test_each_answer_arrives_once_whatever_happens_to_its_receipt(tmp_path: Path) -> None:
    async with scene(tmp_path) as s:
        lost = (Fault.drop_after(), Fault.processed_then_status(500), Fault.garbage(), Fault.status(502))
        for count, fault in enumerate(lost, start=1):
            s.fake.fail("create_message", with_=fault, channel=s.ana.channel.id)
            s.ana.writes("¿Cuánto cuesta el envío?")
            await s.house.rest(messages=count)
        assert len(s.ana.texts) == 4
        said = [m for m in await s.house.said() if m.author == "bot"]
        assert [m.delivery for m in said] == ["sent"] * 4
        assert [m.external_id for m in said] == [str(m.id) for m in s.ana.reads]


async def test_what_was_asked_while_it_was_down_is_answered_late_and_says_so(tmp_path: Path) -> None:
    async with FakeDiscord() as fake:
        ana = fake.member("Ana")
        async with open_house(tmp_path, **on_discord(fake)) as house:
            await fake.listened(PATIENCE)
            ana.writes("hola", ago=900)
            await house.rest(messages=1)
        ana.writes("¿Cuánto cuesta el envío?", ago=700)
        ana.writes("¿A qué hora abren?", ago=690)
        async with open_house(tmp_path, **on_discord(fake)) as house:
            await house.rest(messages=3)
            said = await house.said()
            voice = house.bot.minds.current.voice
        asked = [m for m in said if m.author == "member"]
        assert [m.text for m in asked] == ["hola", "¿Cuánto cuesta el envío?", "¿A qué hora abren?"]
        assert all(m.outcome for m in asked)
        late = [voice.text(Key.LATE_APOLOGY, ES, seed) for seed in range(9)]
        assert any(sorry in ana.texts[-1].replace("\\", "") for sorry in late)


async def test_faq_in_a_channel_is_read_by_the_asker_alone_unless_shared(tmp_path: Path) -> None:
    async with scene(tmp_path) as s:
        here = s.ana.at(s.general)
        mine = here.slash("faq", pregunta="pick:costo_envio")
        await s.fake.wait_for(lambda _: any("$2.500" in text for text in mine.reads), PATIENCE)
        assert s.general.texts == []
        shared = here.slash("faq", pregunta="pick:horario", compartir=True)
        await s.fake.wait_for(lambda _: any("lunes" in text for text in shared.reads), PATIENCE)
        assert s.general.texts == shared.reads
        await s.house.rest(messages=2)
        assert {m.outcome for m in await s.house.said() if m.author == "member"} == {"answered"}


async def test_a_mention_is_answered_in_a_thread_where_the_place_says_so(tmp_path: Path) -> None:
    async with FakeDiscord() as fake:
        server = fake.guild()
        general, ana = server.text("general"), server.member("Ana")
        home = write_shop(tmp_path / "home")
        (home / "config" / "community.yml").write_text(
            f"places:\n  general:\n    platform: discord\n    id: {general.id}\n    reply_in: thread\n",
            encoding="utf-8",
        )
        async with open_house(tmp_path, home=home, **on_discord(fake)) as house:
            await fake.listened(PATIENCE)
            asked = ana.at(general).mentions_bot("¿Cuánto cuesta el envío?")
            await house.rest(messages=1)
            [thread] = server.threads
            assert thread.id == asked.id
            assert "$2.500" in thread.texts[0]
            assert general.texts == []


async def test_what_may_have_arrived_before_a_take_over_is_shown_to_staff(tmp_path: Path) -> None:
    """The bot says it no more, and a person says whether it came."""
    async with scene(tmp_path) as s:
        s.ana.writes("quiero hablar con una persona")
        await s.reads(1)
        await s.staff_reads("Ana Pérez")
        s.fake.fail("create_message", with_=Fault.status(502), times=1_000, channel=s.ana.channel.id)
        s.ana.writes("¿Cuánto cuesta el envío?")
        await s.house.until(lambda c: any(r.entry for r in records.said(c) if r.author == "bot"))
        await s.house.until(
            lambda c: c.execute(select(rows).where(rows.c.uncertain_since.is_not(None))).first()
        )
        s.bruno.taps("Tomar el caso", s.staff.last("Caso 1 nuevo"))
        await s.staff_reads("Bruno Soto")
        s.fake.faults.scripts.clear()
        told = await s.staff_reads("$2.500")
        assert "no sabemos si este mensaje llegó" in told
        assert s.ana.texts[1:] == []


async def test_whoever_takes_a_closed_case_up_again_is_not_followed_by_a_doubt_of_the_bot(
    tmp_path: Path,
) -> None:
    """What may have arrived opens a new case; that a person will come needn't be said when one comes."""
    bruno = StaffMember("Bruno Soto", Lang("es"))
    async with scene(tmp_path) as s:
        s.ana.writes("quiero hablar con una persona")
        await s.reads(1)
        desk = s.house.bot.casework
        [case] = [one.id for one in await desk.cases()]
        await desk.close(case, bruno)
        s.fake.fail("create_message", with_=Fault.status(502), times=1_000, channel=s.ana.channel.id)
        s.ana.writes("¿Cuánto cuesta el envío?")
        await s.house.until(
            lambda c: c.execute(select(rows).where(rows.c.uncertain_since.is_not(None))).first()
        )
        await desk.take_over(case, bruno)
        s.fake.faults.scripts.clear()
        await s.staff_reads("no sabemos si este mensaje llegó")
        said = [one for one in await s.house.read(records.said) if one.author == "bot"]
        assert [one.delivery for one in said if "No sé si te llegó" in one.text] == ["cancelled"]
        assert s.ana.texts[1:] == []
