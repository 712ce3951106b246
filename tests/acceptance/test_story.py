"""One story, on Telegram (polling, webhook), Discord and the web: same entries, same wordings, same words."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import aiohttp

from bot.domain import Lang
from bot.handoff.desk import StaffMember
from tests.fakes.discord import FakeDiscord, Person, Place, Right, Speaker
from tests.fakes.house import PATIENCE, House, on_discord, open_house, records
from tests.fakes.telegram import FakeTelegram, Member, User, free_port

BRUNO = User(901, "Bruno Soto", language_code="es")


@dataclass(frozen=True, slots=True)
class Read:
    """What a member reads: words and buttons."""

    text: str
    buttons: tuple[str, ...]


class Teller(Protocol):
    """A member and a moderator on one platform."""

    async def says(self, text: str) -> None: ...
    async def taps(self, label: str) -> None: ...
    async def moderator_replies(self, text: str) -> None: ...
    async def moderator_gives_back(self) -> None: ...
    async def reads(self, count: int) -> list[Read]:
        """All that the member has read, once there is so much."""
        ...


@dataclass(slots=True)
class OnTelegram:
    """The moderator works in the staff chat."""

    house: House
    member: Member

    async def says(self, text: str) -> None:
        self.member.writes(text)

    async def taps(self, label: str) -> None:
        self.member.taps(label)

    async def moderator_replies(self, text: str) -> None:
        assert self.house.staff
        self.house.staff.replies_to(self.house.staff.last("Caso 1 nuevo"), text, by=BRUNO)

    async def moderator_gives_back(self) -> None:
        assert self.house.staff
        self.house.staff.writes("/devolver 1", by=BRUNO)

    async def reads(self, count: int) -> list[Read]:
        assert self.house.fake
        await self.house.fake.wait_for(lambda ledger: len(ledger.to(self.member.id)) >= count, PATIENCE)
        return [
            Read(m.plain, tuple(key["text"] for row in m.buttons for key in row)) for m in self.member.reads
        ]


@dataclass(slots=True)
class OnTheWeb:
    """The moderator works at the desk that the staff page uses."""

    house: House
    socket: aiohttp.ClientWebSocketResponse
    frames: list[dict[str, Any]] = field(default_factory=list)
    staff: StaffMember = field(default_factory=lambda: StaffMember("Bruno Soto", Lang("es")))

    async def says(self, text: str) -> None:
        await self._send("say", text=text)

    async def taps(self, label: str) -> None:
        shown = [b for f in self._messages() for row in f["rows"] for b in row if b["label"] == label]
        await self._send("tap", payload=shown[-1]["payload"], label=label)

    async def moderator_replies(self, text: str) -> None:
        [case] = await self.house.bot.casework.cases()
        await self.house.bot.casework.reply(case.id, self.staff, text)

    async def moderator_gives_back(self) -> None:
        [case] = await self.house.bot.casework.cases()
        await self.house.bot.casework.give_back(case.id, self.staff)

    async def reads(self, count: int) -> list[Read]:
        async with asyncio.timeout(PATIENCE):
            while len(self._messages()) < count:
                self.frames.append(await self.socket.receive_json())
        return [
            Read(f["text"], tuple(b["label"] for row in f["rows"] for b in row)) for f in self._messages()
        ]

    async def _send(self, kind: str, **content: str) -> None:
        number = len(self.frames) + 1
        await self.socket.send_json({"type": kind, "id": f"story-{kind}-{number:04d}", **content})
        async with asyncio.timeout(PATIENCE):
            while True:
                frame = await self.socket.receive_json()
                self.frames.append(frame)
                assert frame["type"] != "error", frame
                if frame["type"] == "ack":
                    return

    def _messages(self) -> list[dict[str, Any]]:
        return [f for f in self.frames if f["type"] == "message"]


@asynccontextmanager
async def on_telegram(folder: Path, *, webhook: bool = False) -> AsyncIterator[OnTelegram]:
    port = free_port()
    given: dict[str, Any] = (
        {"web": True, "web_port": port, "telegram_webhook": f"http://127.0.0.1:{port}"} if webhook else {}
    )
    async with FakeTelegram(local_webhooks=True) as fake, open_house(folder, fake, **given) as house:
        yield OnTelegram(house, fake.member(11, "***"))  # no name, as on the web


@dataclass(slots=True)
class OnDiscord:
    """The moderator works in the staff channel."""

    house: House
    fake: FakeDiscord
    member: Person
    staff: Speaker

    async def says(self, text: str) -> None:
        self.member.writes(text)

    async def taps(self, label: str) -> None:
        self.member.taps(label)

    async def moderator_replies(self, text: str) -> None:
        self.staff.replies_to(Place(self.fake, self.staff.channel).last("Caso 1 nuevo"), text)

    async def moderator_gives_back(self) -> None:
        self.staff.writes("!devolver 1")

    async def reads(self, count: int) -> list[Read]:
        channel = self.member.channel.id
        await self.fake.wait_for(lambda ledger: len(ledger.to(channel)) >= count, PATIENCE)
        return [
            Read(seen(sent.plain), tuple(label for row in sent.labels for label in row))
            for sent in self.fake.ledger.to(channel)
        ]


def seen(markdown: str) -> str:
    """What somebody sees of Discord's Markdown."""
    return re.sub(r"\\(.)", r"\1", markdown.replace("**", ""))


@asynccontextmanager
async def on_discord_dm(folder: Path) -> AsyncIterator[OnDiscord]:
    async with FakeDiscord() as fake:
        server = fake.guild()
        staff = server.text("equipo", hidden=True)
        bruno = server.moderator("Bruno Soto")
        staff.allows(bruno, allow=Right.VIEW_CHANNEL)
        async with open_house(folder, **on_discord(fake, staff.id)) as house:
            await fake.listened(PATIENCE)
            yield OnDiscord(house, fake, server.member("***"), bruno.at(staff))


@asynccontextmanager
async def on_the_web(folder: Path) -> AsyncIterator[OnTheWeb]:
    async with open_house(folder, web=True) as house, aiohttp.ClientSession() as http:
        address = house.bot.web_address
        async with http.ws_connect(f"{address}/chat/ws", headers={"Origin": address}) as socket:
            await socket.send_json({"type": "hello", "after": 0, "lang": "es"})
            assert (await socket.receive_json())["type"] == "welcome"
            yield OnTheWeb(house, socket)


async def tell(teller: Teller, house: House) -> tuple[list[Read], list[tuple[object, ...]]]:
    """The story; what the member read, and what the record says of it."""
    count = 0

    async def next_read() -> Read:
        nonlocal count
        count += 1
        return (await teller.reads(count))[count - 1]

    await teller.says("hola")
    assert (await next_read()).buttons[-1] == "Hablar con una persona"
    await teller.says("¿Cuánto cuesta el envío?")
    assert "$2.500" in (await next_read()).text
    await teller.says("y cuánto demora?")
    assert "3 días hábiles" in (await next_read()).text
    await teller.says("hacen envíos los sábados?")
    options = (await next_read()).buttons
    assert "Horario de la tienda" in options
    await teller.taps("Horario de la tienda")
    assert "de lunes a sábado" in (await next_read()).text
    await teller.says("esto es una vergüenza, llegó todo roto y nadie responde")
    assert "caso" in (await next_read()).text
    await house.rest(messages=6)
    await teller.moderator_replies("Hola, soy Bruno. ¿Me das tu número de pedido?")
    assert (await next_read()).text == "Hola, soy Bruno. ¿Me das tu número de pedido?"
    await teller.says("es el 1234")
    await house.rest(messages=7)
    await teller.moderator_gives_back()
    assert "Tinta" in (await next_read()).text
    await teller.says("gracias!")
    await next_read()
    await house.rest(messages=8)

    record = [
        (s.author, s.staff, s.kind, s.text, s.outcome, s.rule, s.entry, s.variant, s.reason, s.knowledge)
        for s in await house.read(records.said)
    ]
    return await teller.reads(count), record


async def test_a_story_is_the_same_on_every_platform(tmp_path: Path) -> None:
    async with on_telegram(tmp_path / "telegram") as teller:
        telegram = await tell(teller, teller.house)
        assert teller.house.fake
        await teller.house.fake.wait_for(lambda ledger: not ledger.unanswered)
        assert teller.house.fake.updates.polls > 0
    async with on_telegram(tmp_path / "webhook", webhook=True) as teller:
        brought = await tell(teller, teller.house)
        assert teller.house.fake
        await teller.house.fake.wait_for(lambda ledger: not ledger.unanswered)
        assert teller.house.fake.updates.polls == 0
        assert teller.house.fake.updates.confirmed
    async with on_the_web(tmp_path / "web") as page:
        web = await tell(page, page.house)

    async with on_discord_dm(tmp_path / "discord") as teller_there:
        discord = await tell(teller_there, teller_there.house)
        await teller_there.fake.wait_for(lambda ledger: not ledger.unanswered)
        assert not teller_there.fake.ledger.pinged

    assert telegram == brought == web == discord
    _, record = telegram
    assert [row[4] for row in record if row[0] == "member"] == [
        "small_talk",
        "answered",
        "answered",
        "clarified",
        "answered",
        "handed_off",
        "relayed",
        "small_talk",
    ]
    assert [row[6] for row in record if row[0] == "member"] == [
        "",
        "costo_envio",
        "plazo_envio",
        "",
        "horario",
        "",
        "",
        "",
    ]
