"""A platform that is away, or refuses us, at the start: everything else works, and it joins when it can."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import structlog.testing

from bot.channels.state import Condition
from bot.domain import Platform
from tests.fakes.house import PATIENCE, STAFF_CHAT, House, open_house, records
from tests.fakes.telegram import FakeTelegram, Fault


@asynccontextmanager
async def page(house: House) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    """Somebody on the web chat."""
    address = house.bot.web_address
    async with (
        aiohttp.ClientSession() as http,
        http.ws_connect(f"{address}/chat/ws", headers={"Origin": address}) as socket,
    ):
        await socket.send_json({"type": "hello", "after": 0, "lang": "es"})
        assert (await socket.receive_json(timeout=PATIENCE))["type"] == "welcome"
        yield socket


async def ask(socket: aiohttp.ClientWebSocketResponse, text: str) -> str:
    """What the bot says to a text."""
    await socket.send_json({"type": "say", "id": f"say-{abs(hash(text)):016d}", "text": text})
    while True:
        frame = await socket.receive_json(timeout=PATIENCE)
        if frame["type"] == "message":
            return str(frame["text"])


async def ready(house: House) -> tuple[int, dict[str, Any]]:
    """What the process says of itself to whoever watches it."""
    async with (
        aiohttp.ClientSession() as http,
        http.get(f"{house.bot.web_address}/health/ready") as answer,
    ):
        return answer.status, await answer.json()


def state(house: House) -> Any:
    return next(c.state for a, c in house.bot.channels.items() if a.platform is Platform.TELEGRAM)


async def becomes(house: House, condition: Condition) -> None:
    await house.until(lambda _: state(house).condition is condition)


async def test_telegram_is_away_at_the_start(tmp_path: Path) -> None:
    """The web chat answers; staff's notices and members' questions wait, and go when Telegram is back."""
    async with FakeTelegram() as fake:
        fake.group(STAFF_CHAT, "Equipo")
        ana = fake.member(11, "Ana")
        async with fake.offline():
            ana.writes("¿Cuánto cuesta el envío?")
            house_of = open_house(tmp_path, fake, web=True)
            house = await house_of.__aenter__()
            try:
                await becomes(house, Condition.BACKING_OFF)
                async with page(house) as socket:
                    assert "La tienda abre" in await ask(socket, "¿A qué hora abren?")
                    assert "caso" in await ask(socket, "quiero hablar con una persona")
                status, told = await ready(house)
                assert (status, told["ready"], told["degraded"]) == (200, True, ["telegram"])
                assert told["channels"]["telegram"]["state"] == "backing_off"
                assert told["channels"]["telegram"]["trouble"] == "unreachable"
                assert told["channels"]["web"]["state"] == "up"
            except BaseException as error:
                await house_of.__aexit__(type(error), error, error.__traceback__)
                raise
        try:
            await becomes(house, Condition.UP)
            await fake.wait_for(lambda ledger: ledger.to(11) and ledger.to(STAFF_CHAT), PATIENCE * 2)
            assert "$2.500" in ana.reads[-1].plain
            assert (await ready(house))[1]["degraded"] == []
            await house.until(records.at_rest)
            assert len(ana.reads) == 1
            assert await house.read(records.held) == []
        finally:
            await house_of.__aexit__(None, None, None)


async def test_a_token_that_telegram_refuses(tmp_path: Path) -> None:
    with structlog.testing.capture_logs() as logs:
        async with (
            FakeTelegram() as fake,
            open_house(tmp_path, fake, web=True, telegram_token="4242:not-the-token") as house,
        ):
            await becomes(house, Condition.REFUSED)
            async with page(house) as socket:
                assert "La tienda abre" in await ask(socket, "¿A qué hora abren?")
                assert "caso" in await ask(socket, "quiero hablar con una persona")
            status, told = await ready(house)
            assert (status, told["channels"]["telegram"]["state"]) == (200, "refused")
            asked = len(fake.ledger.calls)
            # the notice waits for the token to be mended: no request is made with a refused one
            await house.until(lambda c: records.open_sends(c) == 1)
            assert len(fake.ledger.calls) == asked
    refused = next(log for log in logs if log["event"] == "a channel is refused")
    assert "@BotFather" in refused["do"]
    assert "not-the-token" not in repr(logs)


async def test_what_was_being_sent_when_we_died_is_seen_to_without_the_platform(tmp_path: Path) -> None:
    """Recovering needs no network: the send of which nobody knows is held, and staff hears of it later."""
    async with FakeTelegram() as fake:
        ana = fake.member(11, "Ana")
        fake.fail("sendMessage", with_=Fault.delay(600), chat=11)
        async with open_house(tmp_path, fake, drain_seconds=0.1) as house:
            ana.writes("¿Cuánto cuesta el envío?")
            await fake.wait_for(lambda ledger: bool(ledger.to(11)), PATIENCE)
        async with fake.offline():
            house_of = open_house(tmp_path, fake)
            house = await house_of.__aenter__()
            held = house.bot.held
        try:
            assert held == 1
            await fake.wait_for(
                lambda ledger: any("llegó" in t for t in ledger.texts(STAFF_CHAT)),
                PATIENCE * 2,
            )
        finally:
            await house_of.__aexit__(None, None, None)
