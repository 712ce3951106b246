"""The real discord.py against the Discord on loopback: what is sent, what is heard, what is not lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.catalogue.catalogue import Catalogue
from bot.catalogue.keys import Key
from bot.channels.discord import DiscordChannel, slash_commands
from bot.domain import (
    Account,
    Addressed,
    AttachmentKind,
    Button,
    Delivery,
    Inbound,
    InboundKind,
    Lang,
    Outgoing,
    PlaceKind,
    PlaceRef,
)
from bot.errors import ChannelError, RefusedError
from tests.fakes.discord import PIXEL, PRIVILEGED, FakeDiscord, Fault, Intent, Limits, Right
from tests.fakes.discord.server import TOKEN

PATIENCE = 20.0
CATALOGUE = Catalogue.load()


def say(key: Key, lang: Lang, **values: str) -> str:
    return CATALOGUE.text(key, lang, seed=0, **values)


@dataclass
class Memory:
    """What a database is to the channel: events once, cursor, marks; it can be broken."""

    events: dict[str, Inbound] = field(default_factory=dict)
    cursor: str | None = None
    kept: dict[str, str] = field(default_factory=dict)
    broken: bool = False
    repeated: int = 0
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    where: list[PlaceRef] = field(default_factory=list)
    files: dict[int, tuple[str, str, bytes]] = field(default_factory=dict)

    async def __call__(
        self,
        events: Sequence[Inbound],
        *,
        cursor: str | None = None,
        marks: Mapping[str, str] | None = None,
    ) -> None:
        await asyncio.sleep(0)
        if self.broken:
            raise OSError("the disk is full")
        for event in events:
            self.repeated += event.event_id in self.events
            self.events.setdefault(event.event_id, event)
        self.cursor = cursor or self.cursor
        self.kept.update(marks or {})
        self.changed.set()

    async def read(self, account: Account) -> str | None:
        return self.cursor

    async def marks(self, account: Account) -> dict[str, str]:
        return dict(self.kept)

    async def places(self, account: Account, sender: str) -> Sequence[PlaceRef]:
        return self.where

    async def open(self, attachment_id: int) -> tuple[str, str, bytes]:
        return self.files[attachment_id]

    @property
    def texts(self) -> list[str]:
        return [event.text for event in self.events.values() if event.kind is not InboundKind.OTHER]

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not condition():
                self.changed.clear()
                await self.changed.wait()


def make(fake: FakeDiscord, memory: Memory, root: Path, **given: Any) -> DiscordChannel:
    return DiscordChannel(
        **{
            "token": fake.token,
            "cursors": memory,
            "files": memory,
            "whereabouts": memory,
            "root": root,
            "say": say,
            "suggest": lambda typed, lang: [(f"{typed} {lang}", "pick:envio")],
            "lang": Lang("es"),
            "api_url": fake.api_url,
            "cdn_url": fake.cdn_url,
            "commands": slash_commands(say),
            "aliases": {"ayuda": "help", "humano": "human", "faq": "faq", "tomar": "take"},
            "settled": 0.2,
        }
        | given
    )


@asynccontextmanager
async def running(
    fake: FakeDiscord, memory: Memory, root: Path, **given: Any
) -> AsyncIterator[DiscordChannel]:
    async with make(fake, memory, root, **given) as channel:
        task = asyncio.create_task(channel.run(memory))
        try:
            await fake.listened(PATIENCE)
            yield channel
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
async def fake() -> AsyncIterator[FakeDiscord]:
    async with FakeDiscord() as server:
        yield server


@pytest.fixture
def memory() -> Memory:
    return Memory()


def private(channel: int) -> PlaceRef:
    return PlaceRef(str(channel), PlaceKind.PRIVATE)


# -- heard


async def test_a_direct_message_is_committed_with_its_mark(
    fake: FakeDiscord, memory: Memory, tmp_path: Path
) -> None:
    ana = fake.member("Ana Pérez")
    async with running(fake, memory, tmp_path):
        said = ana.writes("hola")
        await memory.until(lambda: memory.events)
        [event] = memory.events.values()
        assert (event.kind, event.text, event.addressed) == (InboundKind.MESSAGE, "hola", Addressed.DIRECT)
        assert event.place == private(ana.channel.id)
        assert event.sender is not None
        assert (event.sender.external_id, event.sender.display_name) == (str(ana.id), "Ana Pérez")
        assert memory.kept == {str(ana.channel.id): str(said.id)}
        assert memory.cursor == str(said.id)


async def test_how_a_message_in_a_channel_speaks_to_us(
    fake: FakeDiscord, memory: Memory, tmp_path: Path
) -> None:
    server = fake.guild()
    general, staff = server.text("general"), server.text("equipo")
    ana, marta = server.member("Ana"), server.moderator("Marta")
    async with running(fake, memory, tmp_path, staff_channel=str(staff.id)) as channel:
        ours = await channel.send(
            PlaceRef(str(general.id), PlaceKind.CHANNEL), Outgoing("aquí estoy"), nonce="1"
        )
        ana.at(general).writes("buenas a todos")
        ana.at(general).mentions_bot("cuánto cuesta?")
        ana.at(general).replies_to(general.last(), "y el envío?")
        ana.at(general).writes(f"{marta.mention} tú sabes?")
        marta.at(general).writes("@everyone hay ofertas")
        marta.at(staff).writes("!tomar 12")
        general.says_webhook("soy un aviso")
        ana.at(general).writes("listo")
        await memory.until(lambda: "listo" in memory.texts)
        found = {e.text: e for e in memory.events.values()}
        assert found["buenas a todos"].addressed is Addressed.NOT
        assert found["cuánto cuesta?"].addressed is Addressed.MENTION
        assert found["y el envío?"].addressed is Addressed.REPLY
        assert found["y el envío?"].reply_to == ours.external_id
        assert found["y el envío?"].reply_to_us
        assert found["@Marta tú sabes?"].to_others
        assert not found["cuánto cuesta?"].to_others
        assert found["@everyone hay ofertas"].sender is not None
        assert found["@everyone hay ofertas"].sender.moderates
        assert found["buenas a todos"].sender is not None
        assert not found["buenas a todos"].sender.moderates
        assert found["soy un aviso"].sender is not None
        assert found["soy un aviso"].sender.is_bot
        taken = found["12"]
        assert taken.place is not None
        assert (taken.kind, taken.command, taken.place.kind) == (
            InboundKind.COMMAND,
            "take",
            PlaceKind.STAFF,
        )


async def test_a_post_of_a_forum_is_its_parent_with_a_thread(
    fake: FakeDiscord, memory: Memory, tmp_path: Path
) -> None:
    server = fake.guild()
    forum = server.forum("preguntas")
    ana = server.member("Ana")
    async with running(fake, memory, tmp_path):
        post = ana.at(forum).posts("Envíos", f"<@{fake.bot.id}> ¿cuánto cuesta?")
        await memory.until(lambda: memory.events)
        [event] = memory.events.values()
        assert event.place == PlaceRef(str(forum.id), PlaceKind.CHANNEL, str(post.channel.id))
        assert event.text == "¿cuánto cuesta?"


async def test_files_are_announced_and_fetched_from_the_cdn_alone(
    fake: FakeDiscord, memory: Memory, tmp_path: Path
) -> None:
    ana = fake.member("Ana")
    async with running(fake, memory, tmp_path) as channel:
        ana.sends_photo(PIXEL, caption="mira")
        ana.sends_document(b"%PDF-1.4 hola", name="boleta.pdf")
        ana.sends_voice()
        ana.sends_sticker()
        await memory.until(lambda: len(memory.events) == 4)
        files = [file for event in memory.events.values() for file in event.attachments]
        assert [file.kind for file in files] == [
            AttachmentKind.PHOTO,
            AttachmentKind.FILE,
            AttachmentKind.VOICE,
            AttachmentKind.STICKER,
        ]
        assert await channel.fetch(files[0].ref, limit=1000) == PIXEL
        with pytest.raises(ChannelError, match="more than 5 bytes"):
            await channel.fetch(files[1].ref, limit=5)
        with pytest.raises(ChannelError, match="not on Discord's server"):
            await channel.fetch("1 2 3 http://127.0.0.1:9/secret", limit=1000)
    fake.cdn.lifetime = -1.0
    async with running(fake, memory, tmp_path) as channel:
        ana.sends_document(b"%PDF-1.4 hola", name="otra.pdf")  # its address has expired when it comes
        await memory.until(lambda: len(memory.events) == 5)
        files = [file for event in memory.events.values() for file in event.attachments]
        fake.cdn.lifetime = 3600.0
        assert await channel.fetch(files[4].ref, limit=1000) == b"%PDF-1.4 hola"


async def test_edits_and_deletions_are_told(fake: FakeDiscord, memory: Memory, tmp_path: Path) -> None:
    ana = fake.member("Ana")
    async with running(fake, memory, tmp_path):
        said = ana.writes("cuanto cueta")
        ana.edits(said, "cuánto cuesta")
        ana.deletes(said)
        await memory.until(lambda: len(memory.events) == 3)
        kinds = [(e.kind, e.message_id) for e in memory.events.values()]
        assert kinds == [
            (InboundKind.MESSAGE, str(said.id)),
            (InboundKind.EDIT, str(said.id)),
            (InboundKind.DELETE, str(said.id)),
        ]


async def test_a_payload_that_nobody_can_read_is_kept_and_stops_nothing(
    fake: FakeDiscord, memory: Memory, tmp_path: Path
) -> None:
    ana = fake.member("Ana")
    async with running(fake, memory, tmp_path):
        broken = {"id": "77", "channel_id": str(ana.channel.id), "author": "nobody", "content": 5}
        fake.gateway.inject("MESSAGE_CREATE", broken)
        fake.gateway.inject("MESSAGE_CREATE", {"no": "id"})
        ana.writes("hola")
        await memory.until(lambda: "hola" in memory.texts)
        assert memory.events["m77"].kind is InboundKind.UNPARSABLE
        assert len(fake.gateway.listening) == 1


# -- not missed


async def test_what_was_said_while_we_were_down_is_read_before_what_comes_live(
    fake: FakeDiscord, memory: Memory, tmp_path: Path
) -> None:
    server = fake.guild()
    general = server.text("general")
    ana, luis = server.member("Ana"), server.member("Luis")
    async with running(fake, memory, tmp_path):
        ana.writes("uno")
        ana.at(general).writes("en el canal")
        await memory.until(lambda: len(memory.events) == 2)
    ana.writes("dos")
    ana.writes("tres")
    luis.writes("primera vez")  # nobody can know of this place
    luis.at(general).writes("sigue el canal")
    new = luis.at(general).opens_thread(luis.at(general).writes("abro un hilo"), "hilo")
    new.writes("en el hilo")
    async with running(fake, memory, tmp_path):
        ana.writes("cuatro")
        await memory.until(lambda: {"cuatro", "sigue el canal", "en el hilo"} <= set(memory.texts))
        luis.writes("segunda vez")
        await memory.until(lambda: "segunda vez" in memory.texts)
    heard = [e for e in memory.events.values() if e.place == private(ana.channel.id)]
    assert [e.text for e in heard] == ["uno", "dos", "tres", "cuatro"]
    assert [e.backfilled for e in heard][:3] == [False, True, True]
    assert [e.text for e in memory.events.values() if e.place == private(luis.channel.id)] == [
        "primera vez",
        "segunda vez",
    ]


async def test_long_histories_are_read_whole(fake: FakeDiscord, memory: Memory, tmp_path: Path) -> None:
    ana = fake.member("Ana")
    async with running(fake, memory, tmp_path):
        ana.writes("0")
        await memory.until(lambda: memory.events)
    for number in range(1, 251):
        ana.writes(str(number))
    async with running(fake, memory, tmp_path):
        await memory.until(lambda: len(memory.events) == 251)
    assert memory.texts == [str(number) for number in range(251)]


async def test_a_resumed_connection_brings_what_was_missed(
    fake: FakeDiscord, memory: Memory, tmp_path: Path
) -> None:
    ana = fake.member("Ana")
    async with running(fake, memory, tmp_path):
        ana.writes("uno")
        await memory.until(lambda: memory.events)
        fake.gateway.cut()
        ana.writes("dos")
        await memory.until(lambda: len(memory.events) == 2)
        assert fake.gateway.resumed == 1
        assert [e.backfilled for e in memory.events.values()] == [False, False]


async def test_a_refused_resume_is_made_up_for_by_the_history(
    fake: FakeDiscord, memory: Memory, tmp_path: Path
) -> None:
    ana = fake.member("Ana")
    async with running(fake, memory, tmp_path):
        ana.writes("uno")
        await memory.until(lambda: memory.events)
        fake.gateway.refuse_resumes = True
        fake.gateway.cut()
        ana.writes("dos")
        ana.writes("tres")
        await memory.until(lambda: len(memory.events) == 3)
        assert memory.texts == ["uno", "dos", "tres"]
        assert len(fake.gateway.identified) == 2


async def test_a_place_that_was_not_yet_read_is_read_at_the_next_start(
    fake: FakeDiscord, memory: Memory, tmp_path: Path
) -> None:
    """The first words ever in a channel, while we were away; and we end before we have read them."""
    server = fake.guild()
    general, quiet = server.text("general"), server.text("silencioso")
    ana = server.member("Ana")
    async with running(fake, memory, tmp_path):
        ana.at(general).writes("uno")
        await memory.until(lambda: memory.events)
    ana.at(quiet).writes("dos")
    fake.fail("get_channel_messages", with_=Fault.status(503), times=100, channel=quiet.id)
    async with running(fake, memory, tmp_path):
        ana.at(general).writes("tres")
        await memory.until(lambda: "tres" in memory.texts)
    fake.faults.scripts.clear()
    async with running(fake, memory, tmp_path):
        await memory.until(lambda: "dos" in memory.texts)


async def test_places_that_cannot_be_read_hold_up_no_others(
    fake: FakeDiscord, memory: Memory, tmp_path: Path
) -> None:
    server = fake.guild()
    channels = [server.text(f"canal-{number}") for number in range(6)]
    ana = server.member("Ana")
    async with running(fake, memory, tmp_path):
        ana.writes("uno")
        for place in channels:
            ana.at(place).writes("hola")
        await memory.until(lambda: len(memory.events) == 7)
    for place in channels:
        ana.at(place).writes("sigue")
        fake.fail("get_channel_messages", with_=Fault.status(503), times=10_000, channel=place.id)
    ana.writes("dos")
    async with running(fake, memory, tmp_path):
        await memory.until(lambda: "dos" in memory.texts)
        fake.faults.scripts.clear()
        await memory.until(lambda: memory.texts.count("sigue") == len(channels))


async def test_an_edit_in_an_unknown_place_brings_no_old_talk(
    fake: FakeDiscord, memory: Memory, tmp_path: Path
) -> None:
    """The account may have been another program's before: what was said to that one is not for us."""
    ana = fake.member("Ana")
    said = [ana.writes(f"vieja {number}") for number in range(3)]
    async with running(fake, memory, tmp_path):
        ana.edits(said[1], "vieja corregida")
        await memory.until(lambda: memory.events)
        ana.writes("nueva")
        await memory.until(lambda: "nueva" in memory.texts)
        assert memory.texts == ["vieja corregida", "nueva"]


async def test_after_a_failed_commit_nothing_is_lost_nor_out_of_order(
    fake: FakeDiscord, memory: Memory, tmp_path: Path
) -> None:
    ana, luis = fake.member("Ana"), fake.member("Luis")
    async with running(fake, memory, tmp_path):
        ana.writes("uno")
        await memory.until(lambda: memory.events)
        memory.broken = True
        ana.writes("dos")
        luis.writes("hola")
        asked = ana.slash("ayuda")
        await fake.wait_for(lambda _: asked.answered, PATIENCE)
        assert asked.reads == [say(Key.TRY_AGAIN, Lang("es"))]
        ana.writes("tres")
        memory.broken = False
        await memory.until(lambda: len(memory.events) == 4)
        assert [e.text for e in memory.events.values() if e.place == private(ana.channel.id)] == [
            "uno",
            "dos",
            "tres",
        ]


async def test_the_gateway_may_go_away_in_every_way(
    fake: FakeDiscord, memory: Memory, tmp_path: Path
) -> None:
    ana = fake.member("Ana")
    async with running(fake, memory, tmp_path):
        ana.writes("0")
        await memory.until(lambda: memory.events)
        for number, trouble in enumerate(
            (fake.gateway.reconnect, fake.gateway.invalidate, fake.gateway.cut), start=1
        ):
            trouble()
            ana.writes(str(number))
            await memory.until(lambda: len(memory.events) == number + 1)  # noqa: B023 # awaited at once
        async with fake.offline():
            ana.writes("4")
            await asyncio.sleep(0.3)
        await memory.until(lambda: len(memory.events) == 5)
        assert memory.texts == ["0", "1", "2", "3", "4"]


# -- sent


async def test_words_buttons_and_pictures_arrive_as_they_are_meant(
    fake: FakeDiscord, memory: Memory, tmp_path: Path
) -> None:
    (tmp_path / "mapa.png").write_bytes(PIXEL)
    ana = fake.member("Ana")
    rows = ((Button("Sí", "yes"), Button("Web", url="https://example.com/a")), (Button("Otra", "yes"),))
    message = Outgoing(
        "**Hola** _tú_ @everyone", markdown=True, rows=rows, image="mapa.png", alt="Mapa del centro"
    )
    async with running(fake, memory, tmp_path) as channel:
        receipt = await channel.send(private(ana.channel.id), message, nonce="1")
        assert receipt.delivery is Delivery.SENT
        [sent] = fake.ledger.sent
        assert sent.text == "**Hola** *tú* @everyone"
        assert sent.labels == [["Sí", "Web"], ["Otra"]]
        assert list(sent.files.values()) == [PIXEL]
        assert [one.description for one in sent.message.attachments] == ["Mapa del centro"]
        assert str(sent.message.id) == receipt.external_id
        assert not sent.pings
        await channel.send(private(ana.channel.id), replace_image(message, "fuera.png"), nonce="2")
        assert fake.ledger.sent[-1].text.endswith("[Mapa del centro]".replace("[", "\\[").replace("]", "\\]"))


def replace_image(message: Outgoing, image: str) -> Outgoing:
    return Outgoing(message.text, markdown=True, image=image, alt=message.alt)


async def test_long_texts_are_split_and_files_go_along(
    fake: FakeDiscord, memory: Memory, tmp_path: Path
) -> None:
    ana = fake.member("Ana")
    memory.files = {1: ("boleta.pdf", "application/pdf", b"%PDF"), 2: ("foto.png", "image/png", PIXEL)}
    text = "\n\n".join(f"Párrafo {n}. " + "palabra_con_guion " * 20 for n in range(12))
    async with running(fake, memory, tmp_path) as channel:
        receipt = await channel.send(
            private(ana.channel.id),
            Outgoing(text, attachments=(1, 2), rows=((Button("a", "b"),),)),
            nonce="1",
        )
        assert receipt.delivery is Delivery.SENT
        sent = fake.ledger.sent
        assert len(sent) > 2
        assert all(len(one.text) <= 2000 for one in sent)
        assert len({one.nonce for one in sent}) == len(sent)
        assert list(sent[0].files) == ["boleta.pdf", "foto.png"]
        assert [one.labels for one in sent] == [[]] * (len(sent) - 1) + [[["a"]]]
        words = " ".join(one.text for one in sent).replace("\\", "").split()
        assert words == text.split()


@pytest.mark.parametrize(
    "fault",
    [
        Fault.drop_after(),
        Fault.processed_then_status(500),
        Fault.processed_then_status(502),
        Fault.processed_then_status(503),
        Fault.garbage(),
    ],
    ids=["socket", "500", "502", "503", "garbage"],
)
async def test_a_send_whose_answer_is_lost_is_uncertain_and_its_repeat_harmless(
    fake: FakeDiscord, memory: Memory, tmp_path: Path, fault: Fault
) -> None:
    ana = fake.member("Ana")
    message = Outgoing("una vez")
    async with running(fake, memory, tmp_path) as channel:
        since = datetime.now(UTC)
        fake.fail("create_message", with_=fault)
        assert (
            await channel.send(private(ana.channel.id), message, nonce="1")
        ).delivery is Delivery.UNCERTAIN
        assert fake.ledger.count("create_message") == 1, "the library repeated it by itself"
        found = await channel.find(private(ana.channel.id), message, since=since, known=())
        receipt = await channel.send(private(ana.channel.id), message, nonce="1")
        assert receipt.delivery is Delivery.SENT
        assert receipt.external_id == found
        assert ana.texts == ["una vez"]
        assert await channel.find(private(ana.channel.id), message, since=since, known={found}) is None


async def test_what_surely_did_not_arrive_may_be_tried_again(
    fake: FakeDiscord, memory: Memory, tmp_path: Path
) -> None:
    ana = fake.member("Ana")
    place, message = private(ana.channel.id), Outgoing("hola")
    async with make(fake, memory, tmp_path) as idle:
        assert (await idle.send(place, message, nonce="1")).delivery is Delivery.RETRY
        with pytest.raises(ConnectionError, match="not connected"):  # and not: nobody can ever tell
            await idle.find(place, message, since=datetime.now(UTC), known=())
    async with running(fake, memory, tmp_path) as channel:
        since = datetime.now(UTC)
        assert await channel.find(place, message, since=since, known=()) is None
        async with fake.offline():
            receipt = await channel.send(place, message, nonce="1")
            assert receipt.delivery is Delivery.RETRY, receipt
            with pytest.raises(ConnectionError, match="Connect"):
                await channel.find(place, message, since=since, known=())
        fake.fail("create_message", with_=Fault.too_many(0.2))
        assert (await channel.send(place, message, nonce="1")).delivery is Delivery.SENT
        fake.fail("create_message", with_=Fault.too_many(90))
        receipt = await channel.send(place, message, nonce="2")
        assert (receipt.delivery, receipt.retry_after) == (Delivery.RETRY, 90)
        assert ana.texts == ["hola"]


async def test_a_history_that_cannot_be_read_tells_nothing(
    fake: FakeDiscord, memory: Memory, tmp_path: Path
) -> None:
    server = fake.guild()
    general = server.text()
    async with running(fake, memory, tmp_path) as channel:
        general.denies_bot(Right.READ_MESSAGE_HISTORY | Right.VIEW_CHANNEL)
        place = PlaceRef(str(general.id), PlaceKind.CHANNEL)
        with pytest.raises(ChannelError, match="cannot be read"):
            await channel.find(place, Outgoing("x"), since=datetime.now(UTC), known=())


async def test_rate_limits_are_obeyed_without_a_single_429(memory: Memory, tmp_path: Path) -> None:
    async with FakeDiscord(limits=Limits()) as fake:
        ana = fake.member("Ana")
        async with running(fake, memory, tmp_path) as channel:
            place = private(ana.channel.id)
            for number in range(8):
                receipt = await channel.send(place, Outgoing(str(number)), nonce=str(number))
                assert receipt.delivery is Delivery.SENT
            assert ana.texts == [str(number) for number in range(8)]
            assert not [call for call in fake.ledger.calls if call.status == 429]


async def test_a_thread_is_opened_on_the_question_and_the_answer_goes_there(
    fake: FakeDiscord, memory: Memory, tmp_path: Path
) -> None:
    server = fake.guild()
    general, ana = server.text(), server.member("Ana")
    asked = ana.at(general).mentions_bot("¿cuánto cuesta?")
    place = PlaceRef(str(general.id), PlaceKind.CHANNEL)
    answer = Outgoing("3.990", reply_to=str(asked.id), opens_thread="Costo del envío")
    async with running(fake, memory, tmp_path) as channel:
        since = datetime.now(UTC)
        fake.fail("create_message", with_=Fault.drop_after())
        assert (await channel.send(place, answer, nonce="1")).delivery is Delivery.UNCERTAIN
        found = await channel.find(place, answer, since=since, known=())
        receipt = await channel.send(place, answer, nonce="1")
        assert receipt.external_id == found
        [thread] = server.threads
        assert (thread.texts, thread.channel.name, general.texts) == (["3.990"], "Costo del envío", [])
        assert thread.channel.auto_archive == 60
        fake.max_threads = 1
        other = ana.at(general).mentions_bot("¿y mañana?")
        answer = Outgoing("también", reply_to=str(other.id), opens_thread="x")
        assert (await channel.send(place, answer, nonce="2")).delivery is Delivery.SENT
        assert general.texts == ["también"]
        assert fake.ledger.sent[-1].reply_to == other.id
        thread.archives()
        in_thread = PlaceRef(str(general.id), PlaceKind.CHANNEL, str(thread.id))
        assert (await channel.send(in_thread, Outgoing("sigo"), nonce="3")).delivery is Delivery.SENT
        assert thread.texts == ["3.990", "sigo"]


async def test_a_reply_in_place_of_a_thread_is_found_where_it_went(
    fake: FakeDiscord, memory: Memory, tmp_path: Path
) -> None:
    server = fake.guild()
    general, ana = server.text(), server.member("Ana")
    async with running(fake, memory, tmp_path) as channel:
        asked = ana.at(general).mentions_bot("cuánto cuesta el envío?")
        place = PlaceRef(str(general.id), PlaceKind.CHANNEL)
        answer = Outgoing("3.990", reply_to=str(asked.id), opens_thread="Envío")
        since = datetime.now(UTC)
        assert await channel.find(place, answer, since=since, known=()) is None
        fake.fail("start_thread_from_message", with_=Fault.refuse(50013))
        fake.fail("create_message", with_=Fault.drop_after())
        assert (await channel.send(place, answer, nonce="1")).delivery is Delivery.UNCERTAIN
        assert await channel.find(place, answer, since=since, known=()) == str(general.last().id)


async def test_closed_direct_messages_lead_to_a_private_thread(
    fake: FakeDiscord, memory: Memory, tmp_path: Path
) -> None:
    server = fake.guild()
    general, ana = server.text(), server.member("Ana")
    place = private(ana.channel.id)
    ana.closes_dms()
    async with running(fake, memory, tmp_path) as channel:
        gone = await channel.send(place, Outgoing("hola"), nonce="1")
        assert gone.delivery is Delivery.GONE
        memory.where = [PlaceRef(str(general.id), PlaceKind.CHANNEL)]
        receipt = await channel.send(place, Outgoing("hola"), nonce="1")
        assert receipt.delivery is Delivery.SENT
        await channel.send(place, Outgoing("¿sigues ahí?"), nonce="2")
        [thread] = server.threads
        assert thread.texts == ["hola", "¿sigues ahí?"]
        assert set(thread.channel.members) == {ana.id, fake.bot.id}
        assert thread.channel.type == 12
        ana.at(thread).writes("sí")
        await memory.until(lambda: "sí" in memory.texts)
        assert [e.place for e in memory.events.values()] == [PlaceRef(str(thread.id), PlaceKind.PRIVATE)]


async def test_a_message_is_removed_once_and_for_all(
    fake: FakeDiscord, memory: Memory, tmp_path: Path
) -> None:
    ana = fake.member("Ana")
    place = private(ana.channel.id)
    async with running(fake, memory, tmp_path) as channel:
        sent = await channel.send(place, Outgoing("hola"), nonce="1")
        for _ in range(2):
            receipt = await channel.send(place, Outgoing("", removes=sent.external_id), nonce="2")
            assert receipt.delivery is Delivery.SENT
        assert ana.texts == []


# -- interactions


async def test_commands_are_registered_in_every_language_and_answered_in_time(
    fake: FakeDiscord, memory: Memory, tmp_path: Path
) -> None:
    server = fake.guild()
    staff = server.text("equipo")
    ana, joe, marta = server.member("Ana"), server.member("Joe", "en-GB"), server.moderator("Marta")
    async with running(fake, memory, tmp_path, staff_channel=str(staff.id)) as channel:
        asked = ana.slash("faq", pregunta="pick:envio")
        offered = joe.completes("faq", "question", "ship")
        taken = marta.at(staff).slash("tomar", texto="12")
        await fake.wait_for(lambda ledger: not ledger.unanswered, PATIENCE)
        await memory.until(lambda: len(memory.events) == 2)
        assert offered.choices == [{"name": "ship en", "value": "pick:envio"}]
        assert taken.reads == [say(Key.STAFF_HEARD, Lang("es"))]
        event = memory.events[f"i{asked.id}"]
        assert (event.kind, event.command, event.text) == (InboundKind.COMMAND, "faq", "pick:envio")
        for _ in range(2):  # a repeat of the same answer shows it once
            receipt = await channel.send(private(ana.channel.id), Outgoing("3.990", via=event.via), nonce="1")
            assert receipt.delivery is Delivery.SENT
        assert asked.reads == ["3.990"]
        assert not fake.ledger.refused


async def test_an_answer_that_comes_too_late_is_an_ordinary_message(
    fake: FakeDiscord, memory: Memory, tmp_path: Path
) -> None:
    ana = fake.member("Ana")
    fake.token_lifetime = 0.3
    async with running(fake, memory, tmp_path) as channel:
        asked = ana.slash("ayuda")
        await memory.until(lambda: memory.events)
        await fake.wait_for(lambda _: asked.answered, PATIENCE)
        await asyncio.sleep(0.4)  # the token's life
        via = memory.events[f"i{asked.id}"].via
        receipt = await channel.send(private(ana.channel.id), Outgoing("aquí", via=via), nonce="1")
        assert receipt.delivery is Delivery.SENT
        assert ana.texts[-1] == "aquí"


async def test_a_command_in_a_channel_is_for_the_asker_alone_unless_shared(
    fake: FakeDiscord, memory: Memory, tmp_path: Path
) -> None:
    server = fake.guild()
    general, ana = server.text(), server.member("Ana")
    async with running(fake, memory, tmp_path) as channel:
        place = PlaceRef(str(general.id), PlaceKind.CHANNEL)
        mine = ana.at(general).slash("faq", pregunta="envío")
        shared = ana.at(general).slash("faq", pregunta="envío", compartir=True)
        await memory.until(lambda: len(memory.events) == 2)
        for asked, text in ((mine, "solo para ti"), (shared, "para todos")):
            await fake.wait_for(lambda _: asked.answered, PATIENCE)  # noqa: B023 # awaited at once
            via = memory.events[f"i{asked.id}"].via
            await channel.send(place, Outgoing(text, via=via), nonce=text)
        assert ana.at(general).texts == ["solo para ti", "para todos"]
        assert general.texts == ["para todos"]


async def test_what_was_asked_for_oneself_is_never_said_to_all(
    fake: FakeDiscord, memory: Memory, tmp_path: Path
) -> None:
    """Neither the rest of a long answer, nor one that comes when the interaction can be answered no more."""
    server = fake.guild()
    general, ana = server.text(), server.member("Ana")
    fake.token_lifetime = 3.0
    async with running(fake, memory, tmp_path) as channel:
        place = PlaceRef(str(general.id), PlaceKind.CHANNEL)
        asked = ana.at(general).slash("faq", pregunta="envío")
        late = ana.at(general).slash("faq", pregunta="envío")
        await memory.until(lambda: len(memory.events) == 2)
        await fake.wait_for(lambda _: asked.answered and late.answered, PATIENCE)
        long = "\n\n".join(f"{number} {'palabra ' * 100}".strip() for number in range(4))
        via = memory.events[f"i{asked.id}"].via
        for number, part in enumerate(channel.split(Outgoing(long, markdown=True, via=via))):
            receipt = await channel.send(place, part, nonce=f"a{number}")
            assert receipt.delivery is Delivery.SENT
        assert len(ana.at(general).texts) == 2
        assert "\n\n".join(ana.at(general).texts) == long
        answer = Outgoing("tarde", via=memory.events[f"i{late.id}"].via)
        await asyncio.sleep(3.0)  # the token's life
        assert (await channel.send(place, answer, nonce="b")).delivery is Delivery.SENT
        assert ana.texts == ["tarde"], "in private"
        assert general.texts == []


async def test_what_is_personal_goes_on_in_a_private_thread(
    fake: FakeDiscord, memory: Memory, tmp_path: Path
) -> None:
    server = fake.guild()
    general, ana = server.text(), server.member("Ana")
    async with running(fake, memory, tmp_path) as channel:
        asked = ana.at(general).slash("humano")
        await fake.wait_for(lambda _: bool(asked.reads and asked.reads[0]), PATIENCE)
        [thread] = server.threads
        assert asked.reads == [say(Key.PRIVATE_OPENED, Lang("es"), link=f"<#{thread.id}>")]
        assert asked.original is not None
        assert asked.original.ephemeral_to is ana.user
        [event] = memory.events.values()
        assert (event.command, event.place) == ("human", PlaceRef(str(thread.id), PlaceKind.PRIVATE))
        assert thread.channel.name == "Ayuda · Ana"
        place = PlaceRef(str(general.id), PlaceKind.CHANNEL)
        await channel.send(
            place, Outgoing("sigue", rows=((Button("En privado", "private:q12"),),)), nonce="1"
        )
        memory.where = [PlaceRef(str(thread.id), PlaceKind.PRIVATE)]
        pressed = ana.at(general).taps("En privado")
        await memory.until(lambda: len(memory.events) == 2)
        event = memory.events[f"i{pressed.id}"]
        assert (event.kind, event.command, event.text) == (InboundKind.COMMAND, "start", "q12")
        assert event.place == PlaceRef(str(thread.id), PlaceKind.PRIVATE)
        assert len(server.threads) == 1


async def test_a_copy_of_ones_data_goes_where_no_moderator_reads_along(
    fake: FakeDiscord, memory: Memory, tmp_path: Path
) -> None:
    """Private threads are read by whoever may manage a server's threads."""
    server = fake.guild()
    general, ana = server.text(), server.member("Ana")
    async with running(fake, memory, tmp_path) as channel:
        place = PlaceRef(str(general.id), PlaceKind.CHANNEL)
        await channel.send(place, Outgoing("sigue", rows=((Button("En privado", "private:d"),),)), nonce="1")
        ana.at(general).taps("En privado")
        await memory.until(lambda: memory.events)
        [event] = memory.events.values()
        assert (event.text, event.place) == ("d", private(ana.channel.id))
        assert server.threads == []


# -- trouble at the start


async def test_a_wrong_token_is_told_as_such(fake: FakeDiscord, memory: Memory, tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="does not know"):
        make(fake, memory, tmp_path, token="not a token")
    wrong = TOKEN.partition(".")[0] + ".another.one"
    async with make(fake, memory, tmp_path, token=wrong) as channel:
        with pytest.raises(RefusedError, match="Reset Token"):
            await channel.run(memory)


async def test_a_discord_that_is_away_is_no_reason_to_fail_for_good(memory: Memory, tmp_path: Path) -> None:
    async with FakeDiscord() as fake, make(fake, memory, tmp_path) as channel:
        async with fake.offline():
            with pytest.raises(ChannelError, match="cannot be reached"):
                await channel.run(memory)
        ana = fake.member("Ana")
        task = asyncio.create_task(channel.run(memory))
        await fake.listened()
        ana.writes("hola")
        await memory.until(lambda: memory.events)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_without_the_message_content_intent_it_says_so_and_goes_on(
    memory: Memory, tmp_path: Path
) -> None:
    told: list[Key] = []

    async def warn(key: Key) -> None:
        told.append(key)

    async with FakeDiscord(privileged=PRIVILEGED & ~Intent.MESSAGE_CONTENT) as fake:
        server = fake.guild()
        general, ana = server.text(), server.member("Ana")
        async with running(fake, memory, tmp_path, warn=warn):
            await fake.listened()
            ana.at(general).writes("no lo puedo leer")
            ana.at(general).mentions_bot("¿me lees?")
            ana.writes("y aquí")
            await memory.until(lambda: len(memory.events) == 2)
            assert memory.texts == ["¿me lees?", "y aquí"]
            assert told == [Key.STAFF_NO_MESSAGE_CONTENT]


async def test_shards_hear_direct_messages_and_servers(memory: Memory, tmp_path: Path) -> None:
    async with FakeDiscord(shards=2) as fake:
        ana = fake.member("Ana")
        general = fake.guild("Otro").text()
        async with running(fake, memory, tmp_path, shards="auto"):
            await fake.wait_for(lambda _: len(fake.gateway.listening) == 2, PATIENCE)
            ana.writes("hola")
            await memory.until(lambda: memory.events)
        assert general.id


def test_two_minutes_are_the_nonces(tmp_path: Path, memory: Memory) -> None:
    channel = make(FakeDiscord(), memory, tmp_path)
    assert channel.doubt(Outgoing("x")).harmless == timedelta(minutes=2)
    assert channel.doubt(Outgoing("x")).findable
    assert channel.doubt(Outgoing("", removes="5")).harmless == timedelta.max


async def test_a_private_thread_that_was_archived_meanwhile_is_read_and_a_public_one_is_past(
    fake: FakeDiscord, memory: Memory, tmp_path: Path
) -> None:
    server = fake.guild()
    general, ana, marta = server.text(), server.member("Ana"), server.moderator("Marta")
    public = ana.at(general).opens_thread(ana.at(general).writes("hilo"), "hilo")
    async with running(fake, memory, tmp_path):
        ana.at(general).slash("humano")
        await memory.until(lambda: memory.events)
        [private_thread] = [one for one in server.threads if one.channel.type == 12]
        ana.at(private_thread).writes("uno")
        public.writes("en público")
        await memory.until(lambda: len(memory.events) == 3)
        marta.at(private_thread).writes("miro nomás")
        ana.at(private_thread).writes("dos")
        await memory.until(lambda: "dos" in memory.texts)
    ana.at(private_thread).writes("tres")
    public.writes("sigo en público")
    for one in server.threads:
        one.archives()
    async with running(fake, memory, tmp_path):
        await memory.until(lambda: "tres" in memory.texts)
    place = PlaceRef(str(private_thread.id), PlaceKind.PRIVATE)
    assert [e.text for e in memory.events.values() if e.place == place] == ["", "uno", "dos", "tres"]
    assert "sigo en público" not in memory.texts
