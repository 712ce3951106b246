"""Files that staff sends in reply to a notice reach the member, in order; staff hears of those that fail."""

from __future__ import annotations

from pathlib import Path

from bot.domain import Lang
from bot.handoff.desk import StaffMember
from tests.fakes.house import PATIENCE, House, open_house, records
from tests.fakes.telegram import PIXEL, FakeTelegram, Fault, Member, Message

BRUNO = StaffMember("Bruno Soto", Lang("es"))


async def notice(house: House, member: Member) -> Message:
    """The notice of the member's case."""
    member.writes("quiero hablar con una persona")
    await house.rest(messages=1)
    assert house.staff
    return house.staff.last("Caso 1 nuevo")


async def reads(house: House, member: Member, count: int) -> list[tuple[str, str, bytes]]:
    """Method, words and content of what staff sent to the member, once there is so much."""
    assert house.fake
    await house.fake.wait_for(lambda ledger: len(ledger.to(member.id)) > count, PATIENCE)
    return [(sent.method, sent.plain, sent.file) for sent in house.fake.ledger.to(member.id)[1:]]


async def test_photo_document_and_voice_reach_the_member(tmp_path: Path) -> None:
    async with FakeTelegram() as fake, open_house(tmp_path, fake) as house:
        ana = fake.member(11, "Ana")
        case = await notice(house, ana)
        assert house.staff
        marta = house.staff.person()
        marta.sends_photo(caption="Así se ve", reply_to=case)
        await reads(house, ana, 1)
        marta.sends_document(b"%PDF-1.4 boleta", name="boleta.pdf", caption="Tu boleta", reply_to=case)
        await reads(house, ana, 2)
        marta.sends_voice(b"OggS voz", reply_to=case)
        assert await reads(house, ana, 3) == [
            ("sendPhoto", "Así se ve", PIXEL),
            ("sendDocument", "Tu boleta", b"%PDF-1.4 boleta"),
            ("sendVoice", "", b"OggS voz"),
        ]
        await house.rest()
        said = [(s.author, s.staff, s.text, s.delivery) for s in await house.said(11)][2:]
        assert said == [("staff", "Marta", text, "sent") for text in ("Así se ve", "Tu boleta", "")]
        assert await house.read(lambda c: records.owner(c, 11)) == ("human", "Marta")
        dossier = await house.bot.casework.dossier((await house.bot.casework.cases())[0].id)
        assert dossier
        assert [name for line in dossier.lines for _, name, _ in line.files].count("boleta.pdf") == 1


async def test_what_is_said_after_a_file_comes_after_it(tmp_path: Path) -> None:
    """The file's first two fetches fail, and the text waits for it."""
    async with FakeTelegram() as fake, open_house(tmp_path, fake) as house:
        ana = fake.member(11, "Ana")
        case = await notice(house, ana)
        fake.fail("getFile", with_=Fault.status(502))
        assert house.staff
        house.staff.person().sends_document(b"%PDF-1.4", caption="Uno", reply_to=case)
        house.staff.replies_to(case, "Dos")
        house.staff.replies_to(case, "Tres")
        assert [text for _, text, _ in await reads(house, ana, 3)] == ["Uno", "Dos", "Tres"]


async def test_a_file_that_is_too_large_is_not_sent_and_staff_is_told(tmp_path: Path) -> None:
    async with FakeTelegram() as fake, open_house(tmp_path, fake, file_limit_mb=1) as house:
        ana = fake.member(11, "Ana")
        case = await notice(house, ana)
        assert house.staff
        large = b"%PDF" + bytes(2 * 2**20)
        house.staff.person().sends_document(large, name="catálogo.pdf", caption="Mira", reply_to=case)
        await fake.wait_for(lambda _: "catálogo.pdf" in house.staff.reads[-1].plain, PATIENCE)
        assert "1 MB" in house.staff.reads[-1].plain
        house.staff.replies_to(case, "Te lo mando por partes")
        assert [text for _, text, _ in await reads(house, ana, 1)] == ["Te lo mando por partes"]


async def test_while_a_colleague_owns_a_file_is_neither_sent_nor_kept(tmp_path: Path) -> None:
    async with FakeTelegram() as fake, open_house(tmp_path, fake) as house:
        ana = fake.member(11, "Ana")
        case = await notice(house, ana)
        [open_case] = await house.bot.casework.cases()
        await house.bot.casework.take_over(open_case.id, BRUNO)
        assert house.staff
        house.staff.person().sends_photo(caption="Así se ve", reply_to=case)
        await fake.wait_for(lambda _: "ni se guardó" in house.staff.reads[-1].plain, PATIENCE)
        assert "Bruno Soto" in house.staff.reads[-1].plain
        await house.rest()
        assert len(ana.reads) == 1
        assert await house.read(lambda c: records.attachments_in(c, "stored")) == []
        assert [p for p in (tmp_path / "data" / "files").rglob("*") if p.is_file()] == []


async def test_a_file_to_nobody_is_left_alone(tmp_path: Path) -> None:
    async with FakeTelegram() as fake, open_house(tmp_path, fake) as house:
        ana = fake.member(11, "Ana")
        await notice(house, ana)
        assert house.staff
        house.staff.person().sends_photo(caption="para ustedes, colegas")
        house.staff.writes("/casos")
        await fake.wait_for(lambda _: "Caso 1:" in house.staff.reads[-1].plain, PATIENCE)
        assert fake.ledger.count("getFile") == 0
        assert len(ana.reads) == 1
