"""Promise 9: a thought in four pieces gets one answer, and a whole question gets it at once."""

from __future__ import annotations

from pathlib import Path

from tests.fakes.house import House, open_house, records
from tests.fakes.telegram import PIXEL, FakeTelegram, Message

DEMO = Path(__file__).parents[2]
"""The demo brand's files: a real FAQ, in which "cuanto sale" alone is not yet a question."""


async def stored(house: House, message: Message) -> None:
    """Return once a member's message is in the database."""
    await house.until(
        lambda c: any(s.external_id == str(message.id) for s in records.said(c, message.sender.id)),
    )


async def test_four_quick_messages_get_one_answer_and_no_case(tmp_path: Path) -> None:
    async with FakeTelegram() as fake, open_house(tmp_path, fake, home=DEMO, settle_seconds=3) as house:
        ana = fake.member(11, "Ana")
        for piece in ("hola", "una consulta", "cuanto sale", "mandar a conce"):
            await stored(house, ana.writes(piece))  # each arrives by itself, as it is typed
        await house.rest(messages=4)

        said = await house.said(11)
        assert sorted(s.outcome or "" for s in said if s.author == "member") == [
            "answered",
            "joined",
            "joined",
            "joined",
        ]
        assert [s.entry for s in said if s.author == "bot"] == ["costo_envio"]
        assert len({s.turn for s in said}) == 1
        assert len(ana.reads) == 1
        assert await house.read(records.case_states) == []


async def test_an_album_is_one_turn(tmp_path: Path) -> None:
    async with FakeTelegram() as fake, open_house(tmp_path, fake) as house:
        ana = fake.member(11, "Ana")
        ana.sends_album(PIXEL, PIXEL, PIXEL, caption="¿Puedo cambiar un cuaderno por otro?")
        await house.rest(messages=3)

        said = await house.said(11)
        assert [s.entry for s in said if s.author == "bot"] == ["cambios"]
        assert sorted(s.outcome or "" for s in said if s.author == "member") == [
            "answered",
            "joined",
            "joined",
        ]
        assert len(ana.reads) == 1


async def test_an_edit_before_the_turn_replaces_the_text(tmp_path: Path) -> None:
    async with FakeTelegram() as fake, open_house(tmp_path, fake, settle_seconds=2) as house:
        ana = fake.member(11, "Ana")
        greeting = ana.writes("hola")
        await stored(house, greeting)
        ana.edits(greeting, "hola, ¿a qué hora abren?")
        await house.rest(messages=1)

        said = await house.said(11)
        assert (said[0].author, said[0].text, said[0].entry) == (
            "member",
            "hola, ¿a qué hora abren?",
            "horario",
        )
        assert ana.reads[0].plain.startswith("La tienda abre de lunes a sábado")
        assert await house.read(records.edited) == [("hola", "hola, ¿a qué hora abren?")]


async def test_an_edit_after_the_turn_is_only_written_down(tmp_path: Path) -> None:
    async with FakeTelegram() as fake, open_house(tmp_path, fake) as house:
        ana = fake.member(11, "Ana")
        question = ana.writes("¿A qué hora abren?")
        await house.rest(messages=1)
        ana.edits(question, "¿Puedo pagar con tarjeta?")
        await house.until(lambda c: records.edited(c))
        await house.rest(messages=1)

        assert await house.read(records.edited) == [("¿A qué hora abren?", "¿Puedo pagar con tarjeta?")]
        said = await house.said(11)
        assert [s.text for s in said if s.author == "member"] == ["¿A qué hora abren?"]
        assert [s.entry for s in said if s.author == "bot"] == ["horario"]
        assert len(ana.reads) == 1


async def test_a_whole_question_does_not_wait(tmp_path: Path) -> None:
    """With a window of 30 s the answer comes all the same: a wait of that length would fail the test."""
    async with FakeTelegram() as fake, open_house(tmp_path, fake, settle_seconds=30) as house:
        ana = fake.member(11, "Ana")
        ana.writes("¿Cuánto cuesta el envío?")
        await house.rest(messages=1, patience=20)

        assert [s.entry for s in await house.said(11) if s.author == "bot"] == ["costo_envio"]


async def test_a_greeting_does_not_swallow_the_question(tmp_path: Path) -> None:
    async with FakeTelegram() as fake, open_house(tmp_path, fake, settle_seconds=2) as house:
        ana = fake.member(11, "Ana")
        await stored(house, ana.writes("hola!"))
        ana.writes("¿Cuánto cuesta el envío?")
        await house.rest(messages=2)

        said = await house.said(11)
        assert [(s.text, s.outcome) for s in said if s.author == "member"] == [
            ("hola!", "joined"),
            ("¿Cuánto cuesta el envío?", "answered"),
        ]
        assert [s.entry for s in said if s.author == "bot"] == ["costo_envio"]
