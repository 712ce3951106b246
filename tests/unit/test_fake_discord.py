"""The server on loopback, met by a client that is not ours: discord.py."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import discord
import pytest
import yarl

from tests.fakes.discord import FakeDiscord


@pytest.fixture(autouse=True)
def addresses(monkeypatch: pytest.MonkeyPatch) -> Callable[[FakeDiscord], None]:
    """Point the library at a server; it has no setting for it."""

    def point(fake: FakeDiscord) -> None:
        monkeypatch.setattr(discord.http.Route, "BASE", fake.api_url)
        monkeypatch.setattr(discord.gateway.DiscordWebSocket, "DEFAULT_GATEWAY", yarl.URL(fake.gateway_url))

    return point


@pytest.fixture
async def fake(addresses: Callable[[FakeDiscord], None]) -> AsyncIterator[FakeDiscord]:
    async with FakeDiscord() as server:
        addresses(server)
        yield server


class Bot(discord.Client):
    """Notes what it hears; `on` answers a message."""

    def __init__(self, intents: discord.Intents | None = None, **options: Any) -> None:
        super().__init__(intents=intents or discord.Intents.all(), **options)
        self.heard: list[Any] = []
        self.events: list[str] = []
        self.news = asyncio.Event()
        self.on: Callable[[discord.Message], Awaitable[Any]] | None = None
        self._connection.guild_ready_timeout = 0.01

    def dispatch(self, event: str, /, *args: Any, **kwargs: Any) -> None:
        self.events.append(event)
        self.news.set()
        super().dispatch(event, *args, **kwargs)

    async def on_message(self, message: discord.Message) -> None:
        if message.author.id == self.user.id:
            return
        self.heard.append(message)
        if self.on:
            await self.on(message)
        self.news.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not condition():
                self.news.clear()
                await self.news.wait()


@asynccontextmanager
async def running(fake: FakeDiscord, client: Bot) -> AsyncIterator[Bot]:
    async with client:
        task = asyncio.create_task(client.start(fake.token))
        waiting = asyncio.create_task(client.until(lambda: "ready" in client.events))
        await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            waiting.cancel()
            await task
        try:
            yield client
        finally:
            await client.close()
            await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
async def bot(fake: FakeDiscord) -> AsyncIterator[Bot]:
    async with running(fake, Bot()) as client:
        yield client


async def test_a_conversation_in_direct_messages(fake: FakeDiscord, bot: Bot) -> None:
    ana = fake.guild().member("Ana")

    async def answer(message: discord.Message) -> None:
        await message.channel.send(f"Claro: {message.content}", reference=message)

    bot.on = answer
    asked = ana.writes("hola")
    await fake.wait_for(lambda ledger: len(ledger.sent) == 1)

    [seen] = ana.reads
    assert seen.text == "Claro: hola"
    assert seen.reply_to is asked
    [message] = bot.heard
    assert isinstance(message.channel, discord.DMChannel)
    assert (message.author.name, message.author.display_name) == ("ana", "Ana")


async def test_a_conversation_in_a_channel(fake: FakeDiscord, bot: Bot) -> None:
    guild = fake.guild()
    general = guild.text("general")
    ana = guild.member("Ana")
    ana.at(general).mentions_bot("hola")
    await bot.until(lambda: bool(bot.heard))
    [message] = bot.heard
    assert message.channel.name == "general"
    assert message.mentions == [message.guild.me]
    await message.channel.send("buenas", allowed_mentions=discord.AllowedMentions.none())
    assert general.texts == ["buenas"]
    assert not fake.ledger.pinged
