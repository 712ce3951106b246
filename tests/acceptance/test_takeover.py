"""Promise 5: while a person owns a conversation the bot says nothing in it; and how staff works a case."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection

from bot.domain import CaseId, Inbound, InboundKind, Lang, PlaceKind, PlaceRef, Sender
from bot.handoff.casework import HUSH_SECONDS
from bot.handoff.desk import DraftAction, StaffMember
from bot.knowledge.library import Library
from bot.pipeline.mind import make_mind
from bot.store.engine import Store
from tests.fakes.databases import databases
from tests.fakes.house import PATIENCE, STAFF_CHAT, House, open_house, records, write_shop
from tests.fakes.house.engine import Engine
from tests.fakes.house.inprocess import MODELS
from tests.fakes.house.scripted import ACCOUNT, STAFF, ScriptedChannel
from tests.fakes.house.shop import TEAM
from tests.fakes.telegram import FakeTelegram, Fault, Member, Message, Sent, User

BRUNO, CAMILA = User(901, "Bruno Soto", language_code="es"), User(902, "Camila Rojas", language_code="es")
ASKS = "quiero hablar con una persona"


@asynccontextmanager
async def waiting_member(folder: Path) -> AsyncIterator[tuple[House, Member, Message]]:
    """A house, a member who asked for a person, and the notice of it in the staff chat."""
    async with FakeTelegram() as fake, open_house(folder, fake) as house:
        ana = fake.member(11, "Ana")
        ana.writes(ASKS)
        await house.rest(messages=1)
        assert house.staff
        yield house, ana, house.staff.last("Ana")


async def owned_by(house: House, name: str | None) -> None:
    """Return once this person (None: nobody) owns the member's conversation."""
    await house.until(lambda c: records.owner(c, 11)[1] == name)


async def read_by(house: House, member: Member, text: str) -> Message:
    """The bot's or staff's message with this text, once the member has it."""
    assert house.fake
    await house.fake.wait_for(lambda ledger: any(text in t for t in ledger.texts(member.id)), PATIENCE)
    return next(m for m in reversed(member.reads) if text in m.plain)


async def told(house: House, text: str) -> Message:
    """The staff chat's message with this text, once it is there."""
    assert house.fake
    assert house.staff
    await house.fake.wait_for(lambda ledger: any(text in t for t in ledger.texts(STAFF_CHAT)), PATIENCE)
    return house.staff.last(text)


async def test_a_reply_to_the_notice_reaches_the_member_and_silences_the_bot(tmp_path: Path) -> None:
    async with waiting_member(tmp_path) as (house, ana, notice):
        assert house.staff
        house.staff.replies_to(notice, "Hola Ana, soy Bruno", by=BRUNO)
        await read_by(house, ana, "Hola Ana, soy Bruno")
        assert await house.read(lambda c: records.owner(c, 11)) == ("human", "Bruno Soto")

        before = len(ana.reads)
        ana.writes("¿Cuánto cuesta el envío?")  # a sure question, and still the bot says nothing
        addition = await told(house, "¿Cuánto cuesta el envío?")
        await house.rest(messages=2)
        assert len(ana.reads) == before
        said = [s for s in await house.said(11) if s.author == "member"]
        assert (said[-1].outcome, said[-1].rule) == ("relayed", "person_owns")

        house.staff.replies_to(addition, "Son $2.500", by=BRUNO)
        await read_by(house, ana, "Son $2.500")


async def test_nothing_of_the_bot_follows_a_take_over(tmp_path: Path) -> None:
    """Answers are pending and one is under way, slowly, when somebody takes over."""
    async with waiting_member(tmp_path) as (house, ana, _):
        assert house.fake
        house.fake.fail("sendMessage", with_=Fault.delay_before(HUSH_SECONDS / 3), times=1, chat=ana.id)
        for question in ("¿Cuánto cuesta el envío?", "¿A qué hora abren?", "¿Puedo pagar con tarjeta?"):
            before = len(await house.said(11))
            ana.writes(question)
            await house.until(lambda c, n=before: len(records.said(c, 11)) >= n + 2)  # decided, not yet sent
        assert await house.read(records.open_sends) == 3

        [case] = await house.bot.casework.cases()
        await house.bot.casework.take_over(case.id, StaffMember("Camila Rojas", Lang("es")))
        received = [m.plain for m in ana.reads]
        await house.bot.casework.reply(case.id, StaffMember("Camila Rojas", Lang("es")), "Soy Camila")
        await house.rest(messages=4)

        assert [m.plain for m in ana.reads] == [*received, "Soy Camila"]
        ours = [s for s in await house.said(11) if s.author == "bot"]
        assert [s.delivery for s in ours] == ["sent", "sent", "cancelled", "cancelled"]
        assert ours[1].text == received[-1], "the one under way was waited for"


async def test_a_reply_goes_after_a_send_that_nobody_could_wait_for(tmp_path: Path) -> None:
    """A send under way for longer than a take-over waits cannot be called back; the reply follows it."""
    async with waiting_member(tmp_path) as (house, ana, notice):
        assert house.fake
        assert house.staff
        house.fake.fail("sendMessage", with_=Fault.delay_before(HUSH_SECONDS + 2), times=1, chat=ana.id)
        ana.writes("¿Cuánto cuesta el envío?")
        await house.until(lambda c: any(s.delivery == "sending" for s in records.said(c, 11)))
        house.staff.replies_to(notice, "Soy Bruno", by=BRUNO)
        await read_by(house, ana, "Soy Bruno")

        assert "$2.500" in ana.reads[-2].plain
        assert ana.reads[-1].plain == "Soy Bruno"


@pytest.mark.parametrize(
    ("button", "reads", "owner"),
    [
        ("Enviar igual", True, "Bruno Soto"),
        ("Tomar el caso y enviar", True, "Camila Rojas"),
        ("Descartar", False, "Bruno Soto"),
    ],
)
async def test_a_colleagues_second_text_is_kept_and_its_buttons_work(
    tmp_path: Path, button: str, reads: bool, owner: str
) -> None:
    async with waiting_member(tmp_path) as (house, ana, notice):
        assert house.fake
        assert house.staff
        house.staff.replies_to(notice, "Soy Bruno", by=BRUNO)
        await read_by(house, ana, "Soy Bruno")
        house.staff.replies_to(notice, "Yo también respondo", by=CAMILA)
        kept = await told(house, "borrador")
        assert [[key["text"] for key in row] for row in kept.buttons] == [
            ["Enviar igual"],
            ["Tomar el caso y enviar"],
            ["Descartar"],
        ]
        assert "Yo también respondo" not in [m.plain for m in ana.reads]
        [case] = await house.bot.casework.cases()
        dossier = await house.bot.casework.dossier(case.id)
        assert dossier
        assert [d.text for d in dossier.drafts] == ["Yo también respondo"]

        house.staff.taps(button, kept, by=CAMILA)
        await house.until(lambda c: not _kept(c, case.id))
        await house.rest(messages=1)
        assert ("Yo también respondo" in [m.plain for m in ana.reads]) == reads
        assert await house.read(lambda c: records.owner(c, 11)) == ("human", owner)

        house.staff.taps(button, kept, by=CAMILA)  # a second press finds nothing to do, and says so
        await told(house, "ya no hay nada que hacer")
        await house.rest(messages=1)
        assert [m.plain for m in ana.reads].count("Yo también respondo") == int(reads)
        await house.fake.wait_for(lambda ledger: not ledger.unanswered)


def _kept(connection: Connection, case: int) -> list[str]:
    return records.drafts(connection, case, "kept")


async def test_commands_of_staff(tmp_path: Path) -> None:
    async with waiting_member(tmp_path) as (house, ana, notice):
        staff = house.staff
        assert staff
        [case] = await house.bot.casework.cases()

        staff.writes("/casos", by=BRUNO)
        await told(house, f"Caso {case.id}: Ana")
        staff.writes(f"/tomar {case.id}", by=BRUNO)
        await told(house, "Bruno Soto lleva el caso")
        await owned_by(house, "Bruno Soto")

        staff.replies_to(notice, "/nota quiere factura", by=CAMILA)
        await told(house, "Nota guardada")
        dossier = await house.bot.casework.dossier(case.id)
        assert dossier
        assert [line.text for line in dossier.lines if line.note] == ["quiere factura"]
        assert "quiere factura" not in " ".join(m.plain for m in ana.reads)

        staff.replies_to(notice, "/devolver", by=BRUNO)
        await told(house, "volvió al bot")
        await owned_by(house, None)
        ana.writes("¿A qué hora abren?")
        await read_by(house, ana, "La tienda abre")
        assert await house.read(records.case_states) == [(case.id, "waiting")]

        staff.writes(f"/cerrar {case.id}", by=BRUNO)
        await told(house, "cerrado")
        assert await house.read(records.case_states) == [(case.id, "resolved")]
        await house.rest(messages=2)
        assert "cerramos" in ana.reads[-1].plain.lower()

        staff.writes("/cerrar 999", by=BRUNO)
        await told(house, "No encuentro ese caso")
        staff.replies_to(notice, "/devolver", by=BRUNO)  # closed: nothing to do
        await told(house, "ya no hay nada que hacer")
        staff.writes("charla entre colegas", by=BRUNO)  # no reply, no command: not for the bot
        staff.writes("/casos", by=BRUNO)
        await told(house, "No hay casos abiertos")
        assert not [m for m in ana.reads if "colegas" in m.plain]


async def test_a_take_over_by_a_colleague_changes_hands(tmp_path: Path) -> None:
    async with waiting_member(tmp_path) as (house, ana, notice):
        assert house.staff
        house.staff.taps("Tomar el caso", notice, by=BRUNO)
        await owned_by(house, "Bruno Soto")
        house.staff.taps("Tomar el caso", notice, by=CAMILA)
        await owned_by(house, "Camila Rojas")
        house.staff.replies_to(notice, "Soy Camila", by=CAMILA)
        await read_by(house, ana, "Soy Camila")


async def test_a_held_send_is_sent_again_although_a_person_owns(tmp_path: Path) -> None:
    """Who presses "send again" means it: what silences the bot must not swallow the person's wish."""
    async with FakeTelegram() as fake, open_house(tmp_path, fake) as house:
        ana = fake.member(11, "Ana")
        fake.fail("sendMessage", with_=Fault.drop_before(), times=1, chat=ana.id)
        ana.writes("¿Cuánto cuesta el envío?")
        notice = await _held_notice(house)
        await house.rest(messages=1)  # until the notice's receipt is written nobody knows its case
        assert house.staff
        assert not [m for m in ana.reads if "$2.500" in m.plain]
        house.staff.replies_to(notice, "Hola, soy Bruno", by=BRUNO)
        await read_by(house, ana, "Hola, soy Bruno")
        house.staff.taps("Enviar otra vez", notice, by=BRUNO)
        await read_by(house, ana, "$2.500")
        await house.rest(messages=1)
        assert await house.read(records.held) == []


async def _held_notice(house: House) -> Message:
    """The staff chat's message that asks what became of a send."""
    assert house.fake
    assert house.staff
    await house.fake.wait_for(lambda ledger: any(map(_asks, ledger.to(STAFF_CHAT))), PATIENCE)
    return next(s.message for s in house.fake.ledger.to(STAFF_CHAT) if _asks(s))


def _asks(sent: Sent) -> bool:
    return any("Enviar otra vez" in row for row in sent.labels)


# Alerts, on a clock of their own


class Watch:
    """A clock that stands until it is set."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


@asynccontextmanager
async def clocked(folder: Path, watch: Watch) -> AsyncIterator[Engine]:
    """An engine of the shop with hours from 9 to 18 on week days, on this clock."""
    home = write_shop(folder / "home")
    hours = TEAM.replace("00:00-24:00", "09:00-18:00").replace("  saturday: 09:00-18:00\n", "")
    (home / "config/team.yml").write_text(hours.replace("  sunday: 09:00-18:00\n", ""), encoding="utf-8")
    mind = await make_mind(Library.open(home).current, MODELS)
    url = databases.url(folder)
    await Store.create(url)
    async with Store.open(url) as store:
        engine = Engine(store, mind, ScriptedChannel(calm=True), folder, watch)
        await engine.start()
        try:
            yield engine
        finally:
            await engine.crash()


async def ask_for_person(engine: Engine, watch: Watch) -> CaseId:
    place, ana = PlaceRef("11", PlaceKind.PRIVATE), Sender("11", "Ana", lang_hint="es")
    event = Inbound(ACCOUNT, "u1", InboundKind.MESSAGE, watch.now, ana, place, message_id="m1", text=ASKS)
    await engine.intake([event])
    await _until(lambda: _cases(engine))
    [case] = await engine.casework.cases()
    return case.id


async def _cases(engine: Engine) -> bool:
    return bool(await engine.casework.cases()) and await engine.store.read(records.at_rest)


async def _until(look: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not await look():  # noqa: ASYNC110 # a database tells nobody
            await asyncio.sleep(0.02)


async def alerts(engine: Engine) -> list[str]:
    """What the staff place was told of cases that wait, once all that is due was seen to."""

    async def seen() -> bool:
        now = engine.clock()
        return await engine.store.read(lambda c: records.at_rest(c) and not records.due(c, now))

    await _until(seen)
    told = [d.message.text for d in engine.channel.delivered if d.place == STAFF.external_id]
    return [text for text in told if "sigue sin respuesta" in text]


MONDAY_NOON = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
"""12:00 in Santiago."""


async def test_alerts_repeat_until_somebody_acts(tmp_path: Path) -> None:
    watch = Watch(MONDAY_NOON)
    async with clocked(tmp_path, watch) as engine:
        case = await ask_for_person(engine, watch)
        assert await alerts(engine) == []
        for number in (1, 2):
            watch.now += timedelta(minutes=15)
            assert len(await alerts(engine)) == number
        await engine.casework.take_over(case, StaffMember("Bruno Soto", Lang("es")))
        watch.now += timedelta(hours=3)
        assert len(await alerts(engine)) == 2


async def test_alerts_stop_after_their_number(tmp_path: Path) -> None:
    watch = Watch(MONDAY_NOON)
    async with clocked(tmp_path, watch) as engine:
        await ask_for_person(engine, watch)
        for _ in range(8):
            watch.now += timedelta(minutes=15)
            await alerts(engine)
        assert len(await alerts(engine)) == 4


async def test_alerts_are_silent_outside_hours(tmp_path: Path) -> None:
    watch = Watch(MONDAY_NOON.replace(hour=20, minute=50))  # 17:50 in Santiago
    async with clocked(tmp_path, watch) as engine:
        await ask_for_person(engine, watch)
        watch.now = watch.now.replace(hour=23)  # the team has gone home
        assert await alerts(engine) == []
        watch.now = datetime(2026, 11, 24, 11, 59, tzinfo=UTC)  # 8:59
        assert await alerts(engine) == []
        watch.now = datetime(2026, 11, 24, 12, 20, tzinfo=UTC)  # 9:20
        assert len(await alerts(engine)) == 1


async def test_an_alert_that_comes_due_too_late_waits_for_the_morning(tmp_path: Path) -> None:
    """Due within hours, but the process was down: nobody is woken at night."""
    watch = Watch(MONDAY_NOON.replace(hour=20, minute=30))  # 17:30 in Santiago, due at 17:45
    async with clocked(tmp_path, watch) as engine:
        await ask_for_person(engine, watch)
        await engine.crash()
        watch.now = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)  # 23:00
        await engine.start()
        assert await alerts(engine) == []
        watch.now = datetime(2026, 11, 24, 12, 1, tzinfo=UTC)  # 9:01
        assert len(await alerts(engine)) == 1


async def test_a_kept_text_is_of_whoever_wrote_it(tmp_path: Path) -> None:
    """Camila writes, Bruno presses: the log says that these are Camila's words."""
    async with FakeTelegram() as fake, open_house(tmp_path, fake) as house:
        ana = fake.member(11, "Ana")
        ana.writes("quiero hablar con una persona")
        await house.rest(messages=1)
        [case] = await house.bot.casework.cases()
        bruno, camila = (StaffMember(name, Lang("es")) for name in ("Bruno Soto", "Camila Rojas"))
        await house.bot.casework.take_over(case.id, bruno)
        kept = await house.bot.casework.reply(case.id, camila, "Yo también respondo")
        assert kept.draft
        await house.bot.casework.draft(kept.draft, bruno, DraftAction.SEND)
        await house.rest(messages=1)
        [line] = [s for s in await house.said(11) if s.text == "Yo también respondo"]
        assert (line.staff, line.delivery) == ("Camila Rojas", "sent")
        assert await house.read(lambda c: records.owner(c, 11)) == ("human", "Bruno Soto")
