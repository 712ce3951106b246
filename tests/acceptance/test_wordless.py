"""What comes without words: an honest line first, then a person who gets the file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fakes.house import PATIENCE, STAFF_CHAT, House, open_house, records
from tests.fakes.telegram import PIXEL, FakeTelegram, Fault, Member, Message, Sent

CONTENT = b"%PDF-1.4 una boleta inventada"

SENDS: dict[str, Callable[[Member], Message]] = {
    "voice": lambda member: member.sends_voice(b"OggS una voz"),
    "photo": lambda member: member.sends_photo(PIXEL),
    "file": lambda member: member.sends_document(CONTENT, name="boleta.pdf"),
}


async def fetched(house: House, count: int = 1) -> list[Sent]:
    """The files that the staff chat received, once there are so many."""
    assert house.fake
    await house.fake.wait_for(
        lambda ledger: sum(bool(s.file_name) for s in ledger.to(STAFF_CHAT)) >= count, PATIENCE
    )
    return [s for s in house.fake.ledger.to(STAFF_CHAT) if s.file_name]


@pytest.mark.parametrize(
    ("kind", "says"), [("voice", "audio"), ("photo", "imagen|foto"), ("file", "archivo")]
)
async def test_an_honest_line_and_a_button_for_a_person(tmp_path: Path, kind: str, says: str) -> None:
    async with FakeTelegram() as fake, open_house(tmp_path, fake) as house:
        ana = fake.member(11, "Ana")
        SENDS[kind](ana)
        await house.rest(messages=1)

        [line] = ana.reads
        assert any(word in line.plain for word in says.split("|")), line.plain
        assert [[key["text"] for key in row] for row in line.buttons] == [["Hablar con una persona"]]
        said = await house.said(11)
        assert [(s.outcome, s.rule) for s in said if s.author == "member"] == [("clarified", "no_words")]
        assert await house.read(records.case_states) == []

        ana.taps("Hablar con una persona")
        await house.rest(messages=2)
        assert len(await house.read(records.case_states)) == 1
        await fetched(house)


async def test_the_second_file_opens_a_case_and_reaches_staff(tmp_path: Path) -> None:
    async with FakeTelegram() as fake, open_house(tmp_path, fake) as house:
        ana = fake.member(11, "Ana")
        SENDS["voice"](ana)
        await house.rest(messages=1)
        SENDS["file"](ana)
        await house.rest(messages=2)

        said = [s for s in await house.said(11) if s.author == "member"]
        assert [(s.outcome, s.reason) for s in said] == [("clarified", ""), ("handed_off", "file_received")]
        voice, document = await fetched(house, 2)
        assert (document.file_name, document.file) == ("boleta.pdf", CONTENT)
        assert voice.file == b"OggS una voz"
        [case] = await house.bot.casework.cases()
        assert f"Caso {case.id}" in document.plain
        dossier = await house.bot.casework.dossier(case.id)
        assert dossier
        files = {name: number for line in dossier.lines for number, name, _ in line.files}
        assert await house.bot.casework.file(files["boleta.pdf"]) == (
            "boleta.pdf",
            "application/pdf",
            CONTENT,
        )

        await house.rest(messages=2)
        assert house.staff
        house.staff.replies_to(document.message, "Recibimos tu boleta")  # the file speaks of its case
        await fake.wait_for(lambda ledger: "Recibimos tu boleta" in ledger.texts(11), PATIENCE)


async def test_a_file_with_words_is_a_question(tmp_path: Path) -> None:
    async with FakeTelegram() as fake, open_house(tmp_path, fake) as house:
        ana = fake.member(11, "Ana")
        ana.sends_photo(PIXEL, caption="¿Cómo cambio un producto?")
        await house.rest(messages=1)
        assert [s.entry for s in await house.said(11) if s.author == "bot"] == ["cambios"]


async def test_stickers_are_not_answered(tmp_path: Path) -> None:
    async with FakeTelegram() as fake, open_house(tmp_path, fake) as house:
        ana = fake.member(11, "Ana")
        ana.sends_sticker("👍")
        await house.rest(messages=1)
        ana.sends_sticker("😡")
        await house.rest(messages=2)

        said = await house.said(11)
        assert [(s.author, s.outcome, s.rule) for s in said] == [("member", "ignored", "no_words")] * 2
        assert ana.reads == []
        assert await house.read(records.case_states) == []


async def test_a_file_that_is_too_large_is_not_kept(tmp_path: Path) -> None:
    """It is refused by what the platform announces, before anything is fetched."""
    async with FakeTelegram() as fake, open_house(tmp_path, fake, file_limit_mb=1) as house:
        ana = fake.member(11, "Ana")
        SENDS["voice"](ana)
        await house.rest(messages=1)
        ana.sends_document(b"x" * (2 << 20), name="video.mp4", mime="video/mp4")
        await house.rest(messages=2)
        await house.until(lambda c: records.attachments_in(c, "refused"))
        await house.rest(messages=2)
        assert [s.file_name for s in fake.ledger.to(STAFF_CHAT) if s.file_name] != ["video.mp4"]
        assert await house.read(lambda c: records.attachments_in(c, "stored")) != []


async def test_a_file_is_fetched_although_the_first_try_fails(tmp_path: Path) -> None:
    """A network that stumbles is no reason to lose what the member sent."""
    async with FakeTelegram() as fake, open_house(tmp_path, fake) as house:
        ana = fake.member(11, "Ana")
        SENDS["voice"](ana)
        await house.rest(messages=1)
        fake.fail("getFile", with_=Fault.status(502))
        SENDS["file"](ana)
        await house.rest(messages=2)
        files = await fetched(house, 2)
        assert {"boleta.pdf"} <= {sent.file_name for sent in files}
