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
        self.asked: list[discord.Interaction] = []
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

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        self.asked.append(interaction)
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


# Interactions


class Panel(discord.ui.View):
    """Two buttons that outlive the process."""

    def __init__(self) -> None:
        super().__init__(timeout=None)

    @discord.ui.button(label="Sí", custom_id="v:yes", style=discord.ButtonStyle.success)
    async def yes(self, interaction: discord.Interaction, button: Any) -> None:
        await interaction.response.edit_message(content="dijiste que sí", view=None)

    @discord.ui.button(label="Escribir", custom_id="v:form")
    async def form(self, interaction: discord.Interaction, button: Any) -> None:
        await interaction.response.send_modal(Form())


class Form(discord.ui.Modal, title="Sugerencia"):
    words = discord.ui.TextInput(label="¿Qué nos falta?", custom_id="words", max_length=200)

    async def on_submit(self, interaction: discord.Interaction) -> None:
        await interaction.response.send_message(f"gracias: {self.words.value}", ephemeral=True)


def with_commands(client: Bot) -> discord.app_commands.CommandTree:
    tree = discord.app_commands.CommandTree(client)

    @tree.command(name="faq", description="Preguntas frecuentes")
    async def faq(interaction: discord.Interaction, titulo: str, publico: bool = False) -> None:
        await interaction.response.defer(ephemeral=not publico)
        await interaction.followup.send(f"sobre {titulo}")

    @faq.autocomplete("titulo")
    async def titles(interaction: discord.Interaction, typed: str) -> list[discord.app_commands.Choice[str]]:
        return [discord.app_commands.Choice(name=f"{typed}íos", value="envios")]

    return tree


async def test_commands_buttons_and_forms(fake: FakeDiscord) -> None:
    guild = fake.guild()
    general = guild.text()
    ana, beto = guild.member("Ana"), guild.member("Beto")
    client = Bot()
    tree = with_commands(client)
    async with running(fake, client):
        await tree.sync()
        typed = ana.at(general).completes("faq", "titulo", "env")
        await fake.wait_for(lambda _: typed.answered)
        assert typed.choices == [{"name": "envíos", "value": "envios"}]

        asked = ana.at(general).slash("faq", titulo="envios")
        await fake.wait_for(lambda _: asked.reads == ["sobre envios"])
        assert ana.at(general).texts == ["sobre envios"]
        assert beto.at(general).texts == []
        assert general.texts == []
        [sent] = fake.ledger.sent
        assert sent.only_for == ana.id

        shared = ana.at(general).slash("faq", titulo="envios", publico=True)
        await fake.wait_for(lambda _: shared.reads == ["sobre envios"])
        assert general.texts == ["sobre envios"]

        client.add_view(Panel())
        await client.get_channel(general.id).send("¿Seguro?", view=Panel())
        beto.at(general).taps("Sí")
        await fake.wait_for(lambda ledger: bool(ledger.edits))
        assert general.last().text == "dijiste que sí"

        await client.get_channel(general.id).send("¿Algo más?", view=Panel())
        pressed = ana.at(general).taps("Escribir")
        await fake.wait_for(lambda _: bool(pressed.form))
        filled = ana.at(general).fills(pressed, words="más café")
        await fake.wait_for(lambda _: filled.reads == ["gracias: más café"])
        assert not fake.ledger.unanswered


async def test_the_first_answer_comes_once_and_in_time(fake: FakeDiscord, bot: Bot) -> None:
    guild = fake.guild()
    general = guild.text()
    ana = guild.member()
    await bot.until(lambda: bool(bot.guilds) and bot.get_channel(general.id) is not None)
    view = discord.ui.View(timeout=None)
    view.add_item(discord.ui.Button(label="Sí", custom_id="v:yes"))
    await bot.get_channel(general.id).send("¿Seguro?", view=view)
    heard = bot.asked

    asked = ana.at(general).taps("v:yes")
    await bot.until(lambda: len(heard) == 1)
    await heard[0].response.send_message("ya", ephemeral=True)
    heard[0].response._response_type = None
    with pytest.raises(discord.HTTPException) as twice:
        await heard[0].response.send_message("otra vez")
    assert twice.value.code == 40060

    fake.answer_within = 0
    late = ana.at(general).taps("v:yes")
    await bot.until(lambda: len(heard) == 2)
    with pytest.raises(discord.NotFound) as missed:
        await heard[1].response.defer()
    assert missed.value.code == 10062
    assert (asked.late, late.late) == (0, 1)
    assert fake.ledger.unanswered == [late]

    asked.expires = 0
    with pytest.raises(discord.HTTPException) as over:
        await heard[0].followup.send("tarde")
    assert (over.value.status, over.value.code) == (401, 50027)
