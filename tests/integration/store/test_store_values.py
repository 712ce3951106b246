"""What comes from outside fits into the database, whatever it is: no message is lost for a value."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from sqlalchemy import Connection, select

from bot.domain import (
    Account,
    AttachmentKind,
    AttachmentRef,
    Author,
    Delivery,
    Inbound,
    InboundKind,
    Outgoing,
    PlaceKind,
    PlaceRef,
    Platform,
    Receipt,
    Sender,
)
from bot.store import inbound, outbox
from bot.store.engine import Store
from bot.store.inbound import Position
from bot.store.tables import attachments, identities, messages
from tests.fakes.databases import on_both

pytestmark = on_both

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
ACCOUNT = Account(Platform.DISCORD, "9")
LONG = "x" * 300
BAD = "a\0b\ud800c"


def event(number: int, kind: InboundKind = InboundKind.MESSAGE, **given: object) -> Inbound:
    fields: dict[str, object] = {
        "sender": Sender(f"{LONG}{number}", BAD, username=BAD),
        "place": PlaceRef(f"{LONG}{number}", PlaceKind.PRIVATE, LONG, BAD),
        "message_id": f"{LONG}{number}",
        "text": f"{BAD} {number}",
        "reply_to": LONG,
        "album": LONG,
        "via": BAD,
        "attachments": (AttachmentRef(AttachmentKind.FILE, BAD, BAD, LONG, 2**40),),
    }
    return Inbound(ACCOUNT, f"{LONG}{number}", kind, NOW, **(fields | given))  # type: ignore[arg-type]


async def test_an_event_of_long_and_broken_values_is_stored_once(store: Store) -> None:
    events = [event(1), event(2), event(1)]
    position = Position(ACCOUNT, BAD, {LONG: LONG})

    first = await store.write(lambda c: inbound.ingest(c, events, NOW, {}, position=position))
    again = await store.write(lambda c: inbound.ingest(c, events, NOW, {}, position=position))

    assert (first.new, again.new) == (2, 0)
    assert len(first.woken) == 2, "two people whose ids begin alike stay two"

    def stored(connection: Connection) -> list[tuple[str, int]]:
        query = select(messages.c.text, attachments.c.size).join(
            attachments, attachments.c.message_id == messages.c.id
        )
        return [(row.text, row.size) for row in connection.execute(query.order_by(messages.c.id))]

    size = 2**31 - 1
    assert await store.read(stored) == [("a\ufffdb\ufffdc 1", size), ("a\ufffdb\ufffdc 2", size)]
    names = await store.read(lambda c: set(c.execute(select(identities.c.display_name)).scalars()))
    assert names == {"a\ufffdb\ufffdc"}
    assert await store.read(lambda c: inbound.read_cursor(c, ACCOUNT)) == "a\ufffdb\ufffdc"
    assert len(await store.read(lambda c: inbound.read_marks(c, ACCOUNT))) == 1


async def test_an_edit_and_a_button_find_what_they_are_about(store: Store) -> None:
    await store.write(lambda c: inbound.ingest(c, [event(1)], NOW, {}))
    edit = replace(event(1, InboundKind.EDIT, text="bien"), event_id="edit")
    press = event(2, InboundKind.BUTTON, text=f"pick:{'e' * 64}")

    await store.write(lambda c: inbound.ingest(c, [edit, press], NOW, {}))

    def stored(connection: Connection) -> list[tuple[str, str]]:
        return [
            (row.text, row.command) for row in connection.execute(select(messages).order_by(messages.c.id))
        ]

    assert await store.read(stored) == [("bien", ""), ("", f"pick:{'e' * 64}")]


async def test_a_receipt_of_any_length_can_be_written_down(store: Store) -> None:
    place = PlaceRef(LONG, PlaceKind.STAFF)
    send = outbox.Send(ACCOUNT, place, Outgoing(BAD), Author.BOT)
    await store.write(lambda c: outbox.put(c, [send], NOW))
    [lane] = await store.read(lambda c: outbox.lanes(c, NOW))
    claimed = (await store.write(lambda c: outbox.claim(c, [send.lane], NOW)))[lane]
    receipt = Receipt(Delivery.SENT, external_id=LONG, error=BAD * 1000)

    states = await store.write(lambda c: outbox.settle(c, [(claimed, receipt)], NOW))

    assert states == [outbox.OutboxState.SENT]
    assert not await store.read(lambda c: outbox.lanes(c, NOW))


async def test_ids_are_given_in_the_order_of_what_was_said(store: Store) -> None:
    events = [
        event(
            number,
            text=f"n{number}",
            attachments=(AttachmentRef(AttachmentKind.PHOTO, f"r{number}"),),
        )
        for number in range(300)
    ]

    await store.write(lambda c: inbound.ingest(c, events, NOW, {}))

    said = select(messages.c.text, attachments.c.ref).join(
        attachments, attachments.c.message_id == messages.c.id
    )
    found = await store.read(lambda c: c.execute(said.order_by(messages.c.id)).all())
    assert [tuple(row) for row in found] == [(f"n{number}", f"r{number}") for number in range(300)]
