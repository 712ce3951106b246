"""Sending: what members and staff get to see, and what the receipt says of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import structlog.testing

from bot.channels.telegram import PaceLimits, TelegramChannel
from bot.domain import Button, Delivery, Inbound, InboundKind, Outgoing
from bot.errors import ChannelError
from tests.fakes.telegram import PIXEL, FakeTelegram, Fault, Limits
from tests.integration.telegram_store import STAFF, Store, channel_to, place, running


@pytest.fixture
async def fake() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram() as server:
        yield server


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "faq").mkdir()
    (tmp_path / "faq" / "mapa.png").write_bytes(PIXEL)
    (tmp_path / "faq" / "roto.png").write_bytes(b"this is no picture")
    return tmp_path / "faq"


@pytest.fixture
async def channel(fake: FakeTelegram, store: Store, folder: Path) -> AsyncIterator[TelegramChannel]:
    async with channel_to(fake, store, folder, read_timeout=0.5) as started:
        yield started


async def test_a_question_arrives_and_its_answer_reaches_the_member(fake: FakeTelegram, store: Store) -> None:
    ana = fake.member(42, "Ana", "es")
    channel = channel_to(fake, store)
    async with running(channel, store):
        question = ana.writes("¿Cuánto cuesta el envío?")
        await store.holds(lambda s: "¿Cuánto cuesta el envío?" in s.texts)
        event: Inbound = next(iter(store.events.values()))
        assert event.kind is InboundKind.MESSAGE
        assert event.sender
        assert (event.sender.display_name, event.sender.lang_hint) == ("Ana", "es")
        assert event.place == place(42)

        receipt = await channel.send(
            place(42),
            Outgoing(
                "El envío **cuesta** $3.990 <b>ya</b>",
                markdown=True,
                rows=((Button("Sirvió", "ok"),), (Button("Web", url="https://example.org"),)),
                reply_to=event.message_id,
            ),
            nonce="n1",
        )

    assert receipt.delivery is Delivery.SENT
    [seen] = ana.reads
    assert receipt.external_id == str(seen.id)
    assert seen.plain == "El envío cuesta $3.990 <b>ya</b>"
    assert [e.type for e in seen.entities] == ["bold"]
    assert seen.reply_to is question
    assert fake.ledger.sent[0].labels == [["Sirvió"], ["Web"]]


async def test_text_that_is_no_markdown_arrives_as_written(
    fake: FakeTelegram, channel: TelegramChannel
) -> None:
    fake.member(42, started=True)
    await channel.send(place(42), Outgoing("*hola* <b> & [x](y)", silent=True), nonce="n")
    [sent] = fake.ledger.sent
    assert (sent.plain, sent.message.entities, sent.silent) == ("*hola* <b> & [x](y)", [], True)
    assert sent.call.params["link_preview_options"] == {"is_disabled": True}


async def test_a_reply_to_a_message_that_is_gone_still_arrives(
    fake: FakeTelegram, channel: TelegramChannel
) -> None:
    ana = fake.member(42)
    asked = ana.writes("¿?")
    asked.deleted = True
    receipt = await channel.send(place(42), Outgoing("hola", reply_to=str(asked.id)), nonce="n")
    assert receipt.delivery is Delivery.SENT
    assert ana.reads[0].reply_to is None


FAULTS: list[tuple[Fault, Delivery, bool]] = [
    (Fault.drop_before(), Delivery.UNCERTAIN, False),
    (Fault.drop_after(), Delivery.UNCERTAIN, True),
    (Fault.status(500), Delivery.UNCERTAIN, False),
    (Fault.processed_then_status(502), Delivery.UNCERTAIN, True),
    (Fault.processed_then_status(504), Delivery.UNCERTAIN, True),
    (Fault.garbage(), Delivery.UNCERTAIN, True),
    (Fault.delay(2), Delivery.UNCERTAIN, True),
    (Fault.too_many(7), Delivery.RETRY, False),
    (Fault.status(429), Delivery.RETRY, False),
    (Fault.status(413), Delivery.REFUSED, False),
    (Fault.refuse(401, "Unauthorized"), Delivery.RETRY, False),
    (Fault.refuse(400, "Bad Request: TOPIC_CLOSED"), Delivery.REFUSED, False),
    (Fault.refuse(400, "Bad Request: PEER_ID_INVALID"), Delivery.GONE, False),
    (Fault.refuse(403, "Forbidden: user is deactivated"), Delivery.GONE, False),
]


@pytest.mark.parametrize(
    ("fault", "delivery", "arrived"), FAULTS, ids=[f"{fault.kind}-{fault.code}" for fault, _, _ in FAULTS]
)
async def test_what_a_receipt_says_when_a_send_goes_wrong(
    fake: FakeTelegram, channel: TelegramChannel, fault: Fault, delivery: Delivery, arrived: bool
) -> None:
    fake.member(42, started=True)
    fake.fail("sendMessage", with_=fault)
    with structlog.testing.capture_logs() as logs:
        receipt = await channel.send(place(42), Outgoing("hola"), nonce="n")
    assert receipt.delivery is delivery
    assert fake.ledger.texts(42) == (["hola"] if arrived else [])
    assert (receipt.retry_after > 0) == (delivery is Delivery.RETRY)
    if fault.retry_after:
        assert receipt.retry_after == fault.retry_after
    assert receipt.error
    assert fake.token not in receipt.error + repr(logs)
    # and the next one goes as if nothing had been
    assert (await channel.send(place(42), Outgoing("otra"), nonce="n")).delivery is Delivery.SENT


async def test_an_unreachable_server_means_surely_not_sent(
    fake: FakeTelegram, channel: TelegramChannel
) -> None:
    fake.member(42, started=True)
    async with fake.offline():
        receipt = await channel.send(place(42), Outgoing("hola"), nonce="n")
    assert receipt.delivery is Delivery.RETRY
    assert receipt.retry_after > 0
    assert fake.token not in receipt.error
    assert (await channel.send(place(42), Outgoing("hola"), nonce="n")).delivery is Delivery.SENT
    assert fake.ledger.texts(42) == ["hola"]


async def test_members_who_are_gone(fake: FakeTelegram, channel: TelegramChannel) -> None:
    fake.member(1, started=True).blocks_bot()
    fake.member(2, started=True).deletes_chat_for_good()
    fake.group(-3).kicks_bot()
    for chat in (1, 2, -3):
        assert (await channel.send(place(chat), Outgoing("hola"), nonce="n")).delivery is Delivery.GONE


async def test_a_place_that_is_no_number_is_refused(fake: FakeTelegram, channel: TelegramChannel) -> None:
    from bot.domain import PlaceKind, PlaceRef

    receipt = await channel.send(PlaceRef("ana", PlaceKind.PRIVATE), Outgoing("hola"), nonce="n")
    assert receipt.delivery is Delivery.REFUSED
    assert fake.ledger.sent == []


async def test_markup_that_telegram_cannot_parse_goes_as_plain_text(
    fake: FakeTelegram, channel: TelegramChannel
) -> None:
    ana = fake.member(42, started=True)
    fake.fail(
        "sendMessage", with_=Fault.refuse(400, "Bad Request: can't parse entities: Unsupported start tag")
    )
    message = Outgoing("**Hola**, vea [la tienda](https://example.org)", markdown=True)
    assert (await channel.send(place(42), message, nonce="n")).delivery is Delivery.SENT
    assert ana.reads[0].plain == "Hola, vea la tienda (https://example.org)"


async def test_a_long_answer_arrives_in_parts_with_the_buttons_below(
    fake: FakeTelegram, channel: TelegramChannel
) -> None:
    ana = fake.member(42, started=True)
    message = Outgoing("Un párrafo. " * 250 + "\n\n" + "Otro más. " * 250, rows=((Button("Sí", "y"),),))
    receipt = await channel.send(place(42), message, nonce="n")
    assert receipt.delivery is Delivery.SENT
    assert [bool(m.buttons) for m in ana.reads] == [False, True]
    assert receipt.extra["parts"] == ",".join(str(m.id) for m in ana.reads)
    assert " ".join(m.plain for m in ana.reads).split() == message.text.split()


@pytest.mark.parametrize(
    "fault", [Fault.drop_before(), Fault.too_many(9), Fault.refuse(403, "Forbidden: no")]
)
async def test_when_a_later_part_fails_the_whole_is_uncertain(
    fake: FakeTelegram, channel: TelegramChannel, fault: Fault
) -> None:
    fake.member(42, started=True)
    message = Outgoing("Un texto largo. " * 100, image="mapa.png", alt="Mapa")
    fake.fail("sendMessage", with_=fault)
    receipt = await channel.send(place(42), message, nonce="n")
    assert receipt.delivery is Delivery.UNCERTAIN
    assert receipt.error.startswith("part 2 of 2")
    assert receipt.extra["parts"] == str(fake.ledger.sent[0].message.id)


async def test_a_picture_goes_with_its_caption_and_is_uploaded_once(
    fake: FakeTelegram, channel: TelegramChannel
) -> None:
    fake.member(42, started=True)
    message = Outgoing("Estamos **aquí**", markdown=True, image="mapa.png", alt="Mapa del local")
    for _ in range(2):
        assert (await channel.send(place(42), message, nonce="n")).delivery is Delivery.SENT
    first, second = fake.ledger.sent
    assert (first.plain, first.file, first.file_name) == ("Estamos aquí", PIXEL, "mapa.png")
    assert (second.plain, second.file) == ("Estamos aquí", PIXEL)
    assert "photo" in first.call.params
    assert isinstance(second.call.params["photo"], str)


async def test_a_picture_that_was_changed_is_uploaded_again(
    fake: FakeTelegram, channel: TelegramChannel, folder: Path
) -> None:
    fake.member(42, started=True)
    message = Outgoing("", image="mapa.png", alt="Mapa")
    await channel.send(place(42), message, nonce="n")
    (folder / "mapa.png").write_bytes(PIXEL + b"more")
    await channel.send(place(42), message, nonce="n")
    assert [sent.file for sent in fake.ledger.sent] == [PIXEL, PIXEL + b"more"]
    assert [sent.plain for sent in fake.ledger.sent] == ["Mapa", "Mapa"]


async def test_a_picture_whose_id_telegram_forgot_is_uploaded_again(
    fake: FakeTelegram, channel: TelegramChannel
) -> None:
    fake.member(42, started=True)
    message = Outgoing("", image="mapa.png", alt="Mapa")
    await channel.send(place(42), message, nonce="n")
    fake.files.clear()
    assert (await channel.send(place(42), message, nonce="n")).delivery is Delivery.SENT
    assert [sent.method for sent in fake.ledger.sent] == ["sendPhoto", "sendPhoto"]


@pytest.mark.parametrize("image", ["roto.png", "falta.png", "../secret.png"])
async def test_a_picture_that_cannot_be_shown_is_told_in_words(
    fake: FakeTelegram, channel: TelegramChannel, folder: Path, image: str
) -> None:
    (folder.parent / "secret.png").write_bytes(PIXEL)
    ana = fake.member(42, started=True)
    message = Outgoing("Estamos aquí:", image=image, alt="Mapa: calle Uno con Dos")
    assert (await channel.send(place(42), message, nonce="n")).delivery is Delivery.SENT
    assert [m.plain for m in ana.reads] == ["Estamos aquí:\n\n[Mapa: calle Uno con Dos]"]


async def test_files_of_staff_go_as_photo_or_document(fake: FakeTelegram, channel: TelegramChannel) -> None:
    fake.member(42, started=True)
    receipt = await channel.send(place(42), Outgoing("Sus papeles", attachments=(1, 2)), nonce="n")
    assert receipt.delivery is Delivery.SENT
    assert [(s.method, s.file_name, s.plain) for s in fake.ledger.sent] == [
        ("sendDocument", "boleta.pdf", ""),
        ("sendPhoto", "foto.png", ""),
        ("sendMessage", "", "Sus papeles"),
    ]
    await channel.send(place(42), Outgoing("Su boleta", attachments=(1,)), nonce="n")
    assert fake.ledger.sent[-1].plain == "Su boleta"


async def test_a_stored_file_that_is_missing_is_refused(fake: FakeTelegram, channel: TelegramChannel) -> None:
    fake.member(42, started=True)
    receipt = await channel.send(place(42), Outgoing("x", attachments=(404,)), nonce="n")
    assert receipt.delivery is Delivery.REFUSED
    assert fake.ledger.sent == []


async def test_in_a_topic(fake: FakeTelegram, channel: TelegramChannel) -> None:
    staff = fake.group(STAFF, "Equipo", forum=True)
    staff.chat.topics[9] = {"name": "Ana"}
    assert (await channel.send(place(STAFF, 9), Outgoing("hola"), nonce="n")).delivery is Delivery.SENT
    assert staff.last().thread == 9
    gone = await channel.send(place(STAFF, 10), Outgoing("hola"), nonce="n")
    assert (gone.delivery, "thread not found" in gone.error) == (Delivery.REFUSED, True)


async def test_a_group_that_moved_is_followed(fake: FakeTelegram, channel: TelegramChannel) -> None:
    staff = fake.group(-7, "Equipo").becomes_supergroup(-1007)
    for _ in range(2):
        receipt = await channel.send(place(-7), Outgoing("hola"), nonce="n")
        assert (receipt.delivery, receipt.extra["chat"]) == (Delivery.SENT, "-1007")
    assert len(staff.reads) == 2
    assert len(fake.ledger.refused) == 1


async def test_cards_can_be_changed(fake: FakeTelegram, channel: TelegramChannel) -> None:
    staff = fake.group(STAFF, "Equipo")
    card = Outgoing("Caso 12 **nuevo**", markdown=True, rows=((Button("Tomar", "claim:12"),),))
    sent = await channel.send(place(STAFF), card, nonce="n")
    taken = Outgoing("Caso 12 **tomado**", markdown=True, rows=((Button("Cerrar", "close:12"),),))
    for _ in range(2):  # the second time nothing changes, which is as good
        receipt = await channel.edit(place(STAFF), sent.external_id, taken)
        assert (receipt.delivery, receipt.external_id) == (Delivery.SENT, sent.external_id)
    assert (staff.last().plain, staff.last().buttons[0][0]["text"]) == ("Caso 12 tomado", "Cerrar")
    assert (await channel.strip(place(STAFF), sent.external_id)).delivery is Delivery.SENT
    assert staff.last().buttons == []
    assert (await channel.edit(place(STAFF), "999", taken)).delivery is Delivery.REFUSED


async def test_reactions(fake: FakeTelegram, channel: TelegramChannel) -> None:
    said = fake.group(STAFF, "Equipo").writes("listo")
    assert (await channel.react(place(STAFF), str(said.id), "👌")).delivery is Delivery.SENT
    assert said.reactions == ["👌"]
    assert (await channel.react(place(STAFF), str(said.id), "✅")).delivery is Delivery.REFUSED
    assert (await channel.react(place(STAFF), str(said.id), "")).delivery is Delivery.SENT
    assert said.reactions == []


async def test_typing_is_a_hint_that_may_get_lost(fake: FakeTelegram, channel: TelegramChannel) -> None:
    fake.member(42, started=True)
    await channel.typing(place(42))
    fake.fail("sendChatAction", with_=Fault.drop_before())
    await channel.typing(place(42))
    await channel.typing(place(777))
    assert fake.ledger.actions == [(42, "typing")]


async def test_fetching_what_a_member_sent(fake: FakeTelegram, channel: TelegramChannel) -> None:
    ana = fake.member(42)
    content = bytes(range(256)) * 1000
    ref = ana.sends_document(content).media["document"]["file_id"]
    assert await channel.fetch(ref, limit=len(content)) == content

    big = ana.sends_document(content).media["document"]["file_id"]
    lying = ana.sends_document(content, announced_size=10).media["document"]["file_id"]
    beyond = ana.sends_document(b"", announced_size=21 * 2**20).media["document"]["file_id"]
    for ref in (big, lying, beyond, "unknown"):
        with pytest.raises(ChannelError) as error:
            await channel.fetch(ref, limit=1000)
        assert error.value.remedy
        assert fake.token not in str(error.value)
    async with fake.offline():
        with pytest.raises(ChannelError):
            await channel.fetch(ref, limit=1000)


async def test_our_pace_keeps_within_what_telegram_takes(fake: FakeTelegram, store: Store) -> None:
    async with FakeTelegram(limits=Limits()) as strict:
        strict.member(1, started=True)
        strict.member(2, started=True)
        async with channel_to(strict, store, pace=PaceLimits(patience=0.0)) as channel:

            async def send(chat: int) -> Any:
                return await channel.send(place(chat), Outgoing("hola"), nonce="n")

            receipts = [await send(1) for _ in range(5)]
            assert [r.delivery for r in receipts] == [Delivery.SENT] * 3 + [Delivery.RETRY] * 2
            assert all(0 < r.retry_after <= 1 for r in receipts[3:])
            assert (await send(2)).delivery is Delivery.SENT
            assert strict.ledger.refused == []


async def test_a_429_is_kept_to_without_asking_again_and_stops_nobody_else(
    fake: FakeTelegram, store: Store
) -> None:
    fake.member(1, started=True)
    fake.member(2, started=True)
    async with channel_to(fake, store, pace=PaceLimits()) as channel:
        fake.fail("sendMessage", with_=Fault.too_many(60), chat=1)
        first = await channel.send(place(1), Outgoing("hola"), nonce="n")
        again = await channel.send(place(1), Outgoing("hola"), nonce="n")
        await channel.typing(place(1))
        other = await channel.send(place(2), Outgoing("hola"), nonce="n")
    assert (first.delivery, first.retry_after) == (Delivery.RETRY, 60)
    assert again.delivery is Delivery.RETRY
    assert 55 < again.retry_after <= 60
    assert other.delivery is Delivery.SENT
    assert fake.ledger.count("sendMessage") == 2
    assert fake.ledger.actions == []
