"""The real channel against the server on loopback, over sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from bot.channels.telegram import CommandMenu, TelegramChannel
from bot.channels.telegram.polling import Backoff
from bot.domain import Account, Button, Delivery, Inbound, InboundKind, Outgoing, PlaceKind, PlaceRef
from bot.errors import ChannelError
from tests.fakes.telegram import PIXEL, FakeTelegram, Fault

STAFF = -1001234


@dataclass
class Store:
    """A store in memory: what it has returned from is kept, and a repeat is harmless."""

    events: dict[str, Inbound] = field(default_factory=dict)
    handed: list[str] = field(default_factory=list)
    cursor: str | None = None
    failing: int = 0
    watch: Callable[[], list[int]] = list
    """What to note each time that events are handed over, before they are kept."""
    noted: list[list[int]] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, events: Sequence[Inbound], *, cursor: str | None = None) -> None:
        self.handed += [event.event_id for event in events]
        self.noted.append(self.watch())
        if self.failing:
            self.failing -= 1
            raise OSError("disk full")
        for event in events:
            self.events.setdefault(event.event_id, event)
        self.cursor = cursor
        self.changed.set()

    async def read(self, account: Account) -> str | None:
        return self.cursor

    async def open(self, attachment_id: int) -> tuple[str, str, bytes]:
        if attachment_id == 404:
            raise FileNotFoundError("no such file")
        return (
            ("boleta.pdf", "application/pdf", b"%PDF-1.4")
            if attachment_id != 2
            else (
                "foto.png",
                "image/png",
                PIXEL,
            )
        )

    async def holds(self, condition: Callable[[Store], bool]) -> None:
        async with asyncio.timeout(10):
            while not condition(self):
                self.changed.clear()
                await self.changed.wait()

    @property
    def texts(self) -> list[str]:
        return [event.text for event in self.events.values()]


def channel_to(fake: FakeTelegram, store: Store, root: Path = Path(), **settings: Any) -> TelegramChannel:
    settings = {
        "token": fake.token,
        "base_url": fake.base_url,
        "file_url": fake.file_url,
        "cursors": store,
        "files": store,
        "root": root,
        "staff_chat": str(STAFF),
        "aliases": {"ayuda": "help", "start": "start"},
        "pace": None,
        "poll_timeout": 5.0,
        "backoff": Backoff(first=0.01, cap=0.05),
    } | settings
    return TelegramChannel(**settings)


@asynccontextmanager
async def running(channel: TelegramChannel, store: Store) -> AsyncIterator[None]:
    """The channel polls while the block runs."""
    async with channel:
        task = asyncio.create_task(channel.run(store))
        try:
            yield
        finally:
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task


@pytest.fixture
async def fake() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram() as server:
        yield server


@pytest.fixture
def store() -> Store:
    return Store()


def place(chat: int) -> PlaceRef:
    if chat == STAFF:
        return PlaceRef(str(chat), PlaceKind.STAFF)
    return PlaceRef(str(chat), PlaceKind.PRIVATE if chat > 0 else PlaceKind.GROUP)


async def test_a_question_arrives_and_its_answer_reaches_the_member(fake: FakeTelegram, store: Store) -> None:
    ana = fake.member(42, "Ana", "es")
    channel = channel_to(fake, store)
    async with running(channel, store):
        question = ana.writes("¿Cuánto cuesta el envío?")
        await store.holds(lambda s: "¿Cuánto cuesta el envío?" in s.texts)
        event = next(iter(store.events.values()))
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


async def test_a_press_is_stored_then_answered(fake: FakeTelegram, store: Store) -> None:
    ana = fake.member(42, started=True)
    channel = channel_to(fake, store)
    async with running(channel, store):
        await channel.send(place(42), Outgoing("¿Sirvió?", rows=((Button("Sí", "fb:1"),),)), nonce="n")
        tap = ana.taps("Sí")
        await fake.wait_for(lambda ledger: not ledger.unanswered)
    [event] = store.events.values()
    assert (event.kind, event.text, event.message_id) == (InboundKind.BUTTON, "fb:1", str(tap.message.id))


async def test_the_offset_moves_only_after_the_commit(fake: FakeTelegram, store: Store) -> None:
    store.failing = 2
    store.watch = lambda: list(fake.updates.confirmed)
    ana = fake.member(42)
    channel = channel_to(fake, store)
    async with running(channel, store):
        ana.writes("hola")
        await store.holds(lambda s: bool(s.events))
        ana.writes("¿están?")
        await store.holds(lambda s: len(s.events) == 2)
    first, second = store.events
    assert store.handed == [first, first, first, second]
    assert store.noted == [[], [], [], [int(first)]]


async def test_an_unreadable_update_is_kept_as_such_and_stops_nobody(
    fake: FakeTelegram, store: Store
) -> None:
    ana = fake.member(42)
    bad = fake.inject({"message": {"message_id": "x", "date": []}})
    ana.writes("hola")
    async with running(channel_to(fake, store), store):
        await store.holds(lambda s: len(s.events) == 2)
    kinds = [event.kind for event in store.events.values()]
    assert kinds == [InboundKind.UNPARSABLE, InboundKind.MESSAGE]
    assert next(iter(store.events)) == str(bad)


async def test_a_wrong_token_is_told_with_a_remedy(fake: FakeTelegram, store: Store) -> None:
    with pytest.raises(ChannelError) as error:
        async with channel_to(fake, store, token="1:wrong"):
            pass
    assert "@BotFather" in error.value.remedy
    assert "1:wrong" not in str(error.value)


@pytest.mark.parametrize(
    ("fault", "delivery", "arrived"),
    [
        (Fault.drop_before(), Delivery.UNCERTAIN, False),
        (Fault.drop_after(), Delivery.UNCERTAIN, True),
        (Fault.status(500), Delivery.UNCERTAIN, False),
        (Fault.processed_then_status(502), Delivery.UNCERTAIN, True),
        (Fault.garbage(), Delivery.UNCERTAIN, True),
        (Fault.delay(2), Delivery.UNCERTAIN, True),
        (Fault.too_many(7), Delivery.RETRY, False),
        (Fault.refuse(400, "Bad Request: TOPIC_CLOSED"), Delivery.REFUSED, False),
        (Fault.refuse(403, "Forbidden: user is deactivated"), Delivery.GONE, False),
    ],
    ids=lambda value: getattr(value, "kind", value) if isinstance(value, Fault) else None,
)
async def test_what_a_receipt_says_when_a_send_goes_wrong(
    fake: FakeTelegram, store: Store, fault: Fault, delivery: Delivery, arrived: bool
) -> None:
    fake.member(42, started=True)
    async with channel_to(fake, store, read_timeout=0.5) as channel:
        fake.fail("sendMessage", with_=fault)
        receipt = await channel.send(place(42), Outgoing("hola"), nonce="n")
        assert receipt.delivery is delivery
        assert fake.ledger.texts(42) == (["hola"] if arrived else [])
        if delivery is Delivery.RETRY:
            assert receipt.retry_after == 7
        assert fake.token not in receipt.error
        # and the next one goes as if nothing had been
        assert (await channel.send(place(42), Outgoing("otra"), nonce="n")).delivery is Delivery.SENT


async def test_an_unreachable_server_means_surely_not_sent(fake: FakeTelegram, store: Store) -> None:
    fake.member(42, started=True)
    async with channel_to(fake, store) as channel:
        async with fake.offline():
            receipt = await channel.send(place(42), Outgoing("hola"), nonce="n")
        assert receipt.delivery is Delivery.RETRY
        assert receipt.retry_after > 0
        assert fake.token not in receipt.error
        assert (await channel.send(place(42), Outgoing("hola"), nonce="n")).delivery is Delivery.SENT
    assert fake.ledger.texts(42) == ["hola"]


async def test_menus_are_set_by_audience_and_language(fake: FakeTelegram, store: Store) -> None:
    fake.group(STAFF, "Equipo")
    menus = [
        CommandMenu("members", "es", [("ayuda", "Qué puedo hacer")]),
        CommandMenu("members", "", [("help", "What I can do")]),
        CommandMenu("staff", "es", [("cerrar", "Cerrar el caso")]),
    ]
    async with channel_to(fake, store, menus=menus):
        assert set(fake.commands) == {
            ("all_private_chats", "es"),
            ("all_private_chats", ""),
            (f"chat:{STAFF}", "es"),
        }
