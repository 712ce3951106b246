"""Who writes too much, and who is blocked: others don't notice, and every message has its outcome."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, func, select

from bot.domain import ES, CaseId, ContactId
from bot.handoff.desk import Done, StaffMember
from bot.privacy.erasing import request
from bot.store import feedback, floods
from bot.store.tables import attachments, audit, events, identities, inbound, messages
from tests.fakes.house import PATIENCE, STAFF_CHAT, House, open_house, records
from tests.fakes.telegram import FakeTelegram, User

BRUNO = User(901, "Bruno Soto", language_code="es")
CAMILA = StaffMember("Camila Rojas", ES)


async def counted(house: House, rule: str) -> int:
    return await house.read(lambda connection: floods.counted(connection, rule))


async def test_a_flood_is_told_once_and_its_first_question_answered(tmp_path: Path) -> None:
    async with FakeTelegram() as fake, open_house(tmp_path, fake) as house:
        mala, luz = fake.member(11, "Mala"), fake.member(12, "Luz")
        fake.prefill([(11, "¿Cuánto cuesta el envío?"), *((11, f"hola {i}") for i in range(400))])
        luz.writes("¿A qué hora abren?")
        await house.rest(messages=21)
        await house.until(lambda c: floods.counted(c, "member_limit") == 381)
        await fake.wait_for(lambda ledger: len(ledger.to(11)) >= 2 and len(ledger.to(12)) >= 1, PATIENCE)
        await house.rest()

        told = [m.plain for m in mala.reads]
        assert sum("muchos mensajes" in text for text in told) == 1
        assert any("$2.500" in text for text in told)
        assert "10 a 19" in luz.reads[-1].plain
        said = [s for s in await house.said(11) if s.author == "member"]
        ignored = [s for s in said if s.rule == "member_limit"]
        assert len(ignored) == 20
        assert {s.outcome for s in ignored} == {"ignored"}
        assert len(said) - len(ignored) + await counted(house, "member_limit") == 401

        mala.writes("/humano")
        await house.until(lambda c: records.case_states(c) == [(1, "new")])


async def test_a_blocked_member_costs_a_number(tmp_path: Path) -> None:
    async with FakeTelegram() as fake, open_house(tmp_path, fake) as house:
        assert house.staff
        mala = fake.member(11, "Mala")
        mala.writes("/humano")
        await house.rest(messages=1)
        await fake.wait_for(lambda ledger: ledger.to(STAFF_CHAT), PATIENCE)
        house.staff.replies_to(house.staff.last("Caso 1 nuevo"), "/bloquear", by=BRUNO)
        await fake.wait_for(lambda ledger: any("bloqueó" in m.plain for m in ledger.to(STAFF_CHAT)), PATIENCE)
        before = len(mala.reads)

        def rows(connection: Connection) -> tuple[int, int]:
            return (
                connection.execute(select(func.count()).select_from(inbound)).scalar_one(),
                connection.execute(select(func.count()).select_from(messages)).scalar_one(),
            )

        stored = await house.read(rows)
        mala.writes("¿Cuánto cuesta el envío?")
        mala.writes("/humano")
        fake.prefill((11, f"insulto {i}") for i in range(300))
        await house.until(lambda c: floods.counted(c, "blocked_by_staff") == 302)
        assert await house.read(rows) == stored
        assert len(mala.reads) == before
        assert await house.read(records.case_states) == [(1, "resolved")]
        [one] = await house.bot.casework.blocked()
        assert (one.name, one.by, one.case) == ("Mala", "Bruno Soto", 1)

        house.staff.writes("/desbloquear 1", by=BRUNO)
        await house.until(lambda c: not c.execute(select(identities.c.blocked_at)).scalar_one())
        mala.writes("¿Cuánto cuesta el envío?")
        await fake.wait_for(lambda ledger: len(ledger.to(11)) > before, PATIENCE)
        assert await house.bot.casework.blocked() == []

        def trail(connection: Connection) -> list[tuple[str, str]]:
            return [(r.kind, r.actor) for r in connection.execute(select(audit).order_by(audit.c.id))]

        assert await house.read(trail) == [("blocked", "Bruno Soto"), ("unblocked", "Bruno Soto")]


async def test_a_block_outlives_the_process(tmp_path: Path) -> None:
    async with FakeTelegram() as fake:
        mala = fake.member(11, "Mala")
        async with open_house(tmp_path, fake) as house:
            mala.writes("/humano")
            await house.rest(messages=1)
            done = await house.bot.casework.block(CaseId(1), CAMILA)
            assert done.done is Done.DONE
            assert (await house.bot.casework.block(CaseId(1), CAMILA)).done is Done.STALE
            assert (await house.bot.casework.block(CaseId(77), CAMILA)).done is Done.UNKNOWN
            await house.rest()
        async with open_house(tmp_path, fake) as house:
            mala.writes("hola")
            await house.until(lambda c: floods.counted(c, "blocked_by_staff") == 1)


async def test_who_is_erased_is_blocked_no_more(tmp_path: Path) -> None:
    """The bot would otherwise know for as long as it runs whom it has to have forgotten."""
    async with FakeTelegram() as fake, open_house(tmp_path, fake) as house:
        mala = fake.member(11, "Mala")
        mala.writes("/humano")
        await house.rest(messages=1)
        await house.bot.casework.block(CaseId(1), CAMILA)
        await house.bot.store.write(lambda c: request(c, ContactId(1), datetime.now(UTC), by="admin"))
        hers = select(identities.c.id).where(identities.c.external_id == "11")
        await house.until(lambda c: not c.execute(hers).all())
        mala.writes("¿Cuánto cuesta el envío?")
        await fake.wait_for(lambda ledger: "$2.500" in ledger.to(11)[-1].plain, PATIENCE)


async def test_newcomers_beyond_the_limit_leave_no_rows(tmp_path: Path) -> None:
    async with FakeTelegram() as fake, open_house(tmp_path, fake, limit_newcomers_per_minute=5) as house:
        fake.prefill((1_000 + i, "hola") for i in range(60))
        await house.until(lambda c: floods.counted(c, "newcomers_limit") == 55)
        await house.rest(messages=5)
        known = await house.read(
            lambda c: c.execute(select(func.count()).select_from(identities)).scalar_one()
        )
        assert known == 5


async def test_an_opinion_and_a_suggestion_reach_the_team(tmp_path: Path) -> None:
    async with FakeTelegram() as fake, open_house(tmp_path, fake) as house:
        ana = fake.member(11, "Ana")
        ana.writes("¿Cuánto cuesta el envío?")
        await house.rest(messages=1)
        ana.taps("No")
        await house.rest(messages=2)
        options = [key["text"] for row in ana.reads[-1].buttons for key in row]
        assert options[-1] == "Hablar con una persona"
        assert len(options) >= 2
        ana.writes("/sugerencia pongan papel reciclado {{ envio.precio }}")
        await house.rest(messages=3)
        ana.writes("/sugerencia")
        await house.rest(messages=4)
        ana.writes("abran los domingos")
        await house.rest(messages=5)

        lines = await house.read(feedback.latest)
        assert [(one.kind, one.text, one.entry, one.member) for one in lines] == [
            ("suggestion", "abran los domingos", "", "Ana"),
            ("suggestion", "pongan papel reciclado {{ envio.precio }}", "", "Ana"),
            ("not_useful", "", "costo_envio", "Ana"),
        ]
        assert lines[-1].asked == "¿Cuánto cuesta el envío?"

        def reported(connection: Connection) -> list[str]:
            query = select(events.c.outcome).where(events.c.kind == "feedback").order_by(events.c.id)
            return list(connection.execute(query).scalars())

        assert await house.read(reported) == ["not_useful", "suggestion", "suggestion"]


async def test_programs_and_too_many_files_are_not_kept(tmp_path: Path) -> None:
    async with FakeTelegram() as fake, open_house(tmp_path, fake, limit_files_per_day=2) as house:
        assert house.staff
        ana = fake.member(11, "Ana")
        ana.writes("/humano")
        await house.rest(messages=1)
        house.staff.replies_to(house.staff.last("Caso 1 nuevo"), "/tomar", by=BRUNO)
        await house.until(lambda c: records.owner(c, 11)[0] == "human")
        ana.sends_document(b"MZ\x90 no soy una boleta", name="boleta.pdf")
        ana.sends_document(b"%PDF-1.4 boleta", name="boleta.pdf.scr")
        for number in range(3):
            ana.sends_document(b"<html><script>f()</script>%d" % number, name=f"nota{number}.pdf")
        await house.rest(messages=6)
        await house.until(lambda c: records.attachments_in(c, "wanted") == [])
        assert records_of(await house.read(refusals)) == {"file_type": 2, "file_quota": 1}

        def kinds(connection: Connection) -> set[str]:
            query = select(attachments.c.mime).where(attachments.c.state == "stored")
            return set(connection.execute(query).scalars())

        assert await house.read(kinds) == {"application/octet-stream"}


def refusals(connection: Connection) -> list[str]:
    return list(
        connection.execute(select(attachments.c.error).where(attachments.c.state == "refused")).scalars()
    )


def records_of(found: list[str]) -> dict[str, int]:
    return {rule: found.count(rule) for rule in found}
