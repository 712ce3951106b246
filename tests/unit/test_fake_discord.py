"""The server on loopback, met by a client that is not ours: discord.py."""

from __future__ import annotations

import asyncio
import io
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import aiohttp
import discord
import pytest
import yarl

from tests.fakes.discord import (
    BOT_RIGHTS,
    EVERYONE,
    PIXEL,
    FakeDiscord,
    Fault,
    Intent,
    Limits,
    RemoteDiscord,
    Right,
)


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

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """The library waits five seconds here, as Discord wants it."""

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


# The gateway


async def hears(bot: Bot, *texts: str) -> None:
    await bot.until(lambda: len(bot.heard) >= len(texts))
    assert [message.content for message in bot.heard] == list(texts)


async def test_a_lost_connection_is_resumed_and_nothing_is_missed(fake: FakeDiscord, bot: Bot) -> None:
    ana = fake.member()
    ana.writes("uno")
    await hears(bot, "uno")
    fake.gateway.cut()
    ana.writes("dos")
    await bot.until(lambda: "resumed" in bot.events)
    ana.writes("tres")
    await hears(bot, "uno", "dos", "tres")
    assert (fake.gateway.resumed, len(fake.gateway.identified)) == (1, 1)


@pytest.mark.parametrize(
    "trouble",
    [
        lambda gateway: gateway.reconnect(),
        lambda gateway: gateway.close(4000),
        lambda gateway: gateway.close(1001),
        lambda gateway: gateway.invalidate(resumable=True),
    ],
    ids=["op 7", "close 4000", "close 1001", "op 9 resumable"],
)
async def test_asked_to_reconnect_it_resumes(
    fake: FakeDiscord, bot: Bot, trouble: Callable[[Any], None]
) -> None:
    trouble(fake.gateway)
    fake.member().writes("dos")
    await hears(bot, "dos")
    assert (fake.gateway.resumed, len(fake.gateway.identified)) == (1, 1)


async def forgotten(fake: FakeDiscord) -> None:
    fake.gateway.forget()
    fake.gateway.cut()


async def refused(fake: FakeDiscord) -> None:
    fake.gateway.refuse_resumes = 1
    fake.gateway.cut()


async def late(fake: FakeDiscord) -> None:
    fake.gateway.resume_window = 0
    fake.gateway.cut()


async def too_much_missed(fake: FakeDiscord) -> None:
    fake.gateway.keeps = 0
    fake.gateway.cut()
    fake.member("Beto").writes("una")


async def invalid(fake: FakeDiscord) -> None:
    fake.gateway.invalidate()


@pytest.mark.parametrize("trouble", [forgotten, refused, late, too_much_missed, invalid])
async def test_a_refused_resume_begins_anew_and_what_was_missed_is_in_the_history_only(
    fake: FakeDiscord, bot: Bot, trouble: Callable[[FakeDiscord], Awaitable[None]]
) -> None:
    ana = fake.member()
    ana.writes("uno")
    await hears(bot, "uno")
    await trouble(fake)
    ana.writes("dos")
    await fake.wait_for(lambda _: len(fake.gateway.identified) == 2 and bool(fake.gateway.listening))
    ana.writes("tres")
    await hears(bot, "uno", "tres")
    channel = await bot.heard[0].author.create_dm()
    assert [message.content async for message in channel.history(oldest_first=True)] == ["uno", "dos", "tres"]


async def test_a_connection_that_died_without_a_word_is_left(fake: FakeDiscord) -> None:
    fake.gateway.heartbeat, fake.gateway.patience = 0.1, 1000
    async with running(fake, Bot(heartbeat_timeout=0.5)) as bot:
        await fake.wait_for(lambda _: fake.gateway.beats > 1)
        fake.gateway.fall_silent()
        fake.member().writes("hola")
        await hears(bot, "hola")
        assert fake.gateway.resumed


async def test_a_heart_that_does_not_beat_is_cut_off(fake: FakeDiscord) -> None:
    fake.gateway.heartbeat = 0.05
    async with aiohttp.ClientSession() as session, session.ws_connect(fake.gateway_url + "?v=10") as socket:
        assert (await socket.receive_json())["op"] == 10
        await socket.receive()
        assert socket.close_code == 4009


IDENTIFY: dict[str, Any] = {"intents": 513, "properties": {"os": "x", "browser": "x", "device": "x"}}


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ({"op": 2, "d": IDENTIFY | {"token": "of somebody else"}}, 4004),
        ({"op": 2, "d": IDENTIFY | {"intents": 1 << 40}}, 4013),
        ({"op": 2, "d": IDENTIFY | {"shard": [2, 2]}}, 4010),
        ({"op": 2, "d": {"intents": 513}}, 4002),
        ({"op": 3, "d": {}}, 4003),
        ("no JSON", 4002),
    ],
)
async def test_the_gateway_refuses(fake: FakeDiscord, frame: Any, code: int) -> None:
    if isinstance(frame, dict) and frame["op"] == 2:
        frame["d"].setdefault("token", fake.token)
    async with aiohttp.ClientSession() as session, session.ws_connect(fake.gateway_url + "?v=10") as socket:
        await socket.receive()
        await socket.send_str(frame if isinstance(frame, str) else json.dumps(frame))
        await socket.receive()
        assert socket.close_code == code


async def test_more_than_120_commands_a_minute_end_the_connection(fake: FakeDiscord) -> None:
    async with aiohttp.ClientSession() as session, session.ws_connect(fake.gateway_url + "?v=10") as socket:
        for _ in range(121):
            await socket.send_json({"op": 1, "d": None})
        frames = [frame async for frame in socket]
        assert (len(frames), socket.close_code) == (121, 4008)  # HELLO and 120 answers


async def test_identifying_too_soon_is_refused(fake: FakeDiscord, bot: Bot) -> None:
    fake.gateway.identify_interval = 5
    async with aiohttp.ClientSession() as session, session.ws_connect(fake.gateway_url + "?v=10") as socket:
        await socket.receive()
        await socket.send_json({"op": 2, "d": IDENTIFY | {"token": fake.token}})
        assert await socket.receive_json() == {"op": 9, "d": False, "s": None, "t": None}


async def test_a_privileged_intent_has_to_be_enabled(fake: FakeDiscord) -> None:
    fake.privileged = Intent(0)
    with pytest.raises(discord.PrivilegedIntentsRequired):
        async with running(fake, Bot()):
            pass


async def test_without_the_content_intent_only_some_messages_can_be_read(fake: FakeDiscord) -> None:
    fake.privileged = Intent(0)
    guild = fake.guild()
    general, ana = guild.text(), guild.member()
    async with running(fake, Bot(discord.Intents.default())) as bot:
        plain = ana.at(general).writes("¿alguien sabe?", files=[("a.txt", b"a")])
        ana.at(general).mentions_bot("¿y tú?")
        await bot.get_channel(general.id).send("digo yo")
        ana.writes("en privado")
        await hears(bot, "", f"<@{fake.bot.id}> ¿y tú?", "en privado")
        assert bot.heard[0].attachments == []
        channel = bot.get_channel(general.id)
        assert (await channel.fetch_message(plain.id)).content == ""
        assert await anext(m.content async for m in channel.history()) == "digo yo"


async def test_intents_that_were_not_asked_for_are_not_heard(fake: FakeDiscord) -> None:
    guild = fake.guild()
    general, ana = guild.text(), guild.member()
    async with running(fake, Bot(discord.Intents(guilds=True, dm_messages=True))) as bot:
        said = ana.at(general).writes("en público")
        ana.at(general).reacts(said)
        guild.member("Beto")
        ana.writes("en privado")
        await hears(bot, "en privado")
        assert "raw_reaction_add" not in bot.events
        assert "member_join" not in bot.events


async def test_shards_share_the_guilds_and_the_first_has_the_direct_messages(
    fake: FakeDiscord, addresses: Any
) -> None:
    fake.shards = 2
    fake.gateway.max_concurrency = 2
    guilds = [fake.guild(f"G{number}", id=(10 + number) << 22) for number in range(2)]

    class Sharded(Bot, discord.AutoShardedClient):
        pass

    async with running(fake, Sharded()) as bot:
        await bot.until(lambda: len(bot.guilds) == 2)
        assert {guild.id: guild.shard_id for guild in bot.guilds} == {10 << 22: 0, 11 << 22: 1}
        ana = guilds[1].member()
        ana.at(guilds[1].text()).writes("hola")
        ana.writes("y en privado")
        await bot.until(lambda: len(bot.heard) == 2)
        assert sorted(session.shard for session in fake.gateway.listening) == [0, 1]


async def test_what_people_do_is_heard(fake: FakeDiscord, bot: Bot) -> None:
    guild = fake.guild()
    general = guild.text()
    ana = guild.member()
    said = ana.at(general).writes("hola")
    ana.at(general).edits(said, "holi")
    ana.at(general).reacts(said)
    ana.at(general).types()
    ana.at(general).sends_voice()
    ana.at(general).sends_sticker()
    ana.at(general).sends_photo(caption="mira")
    thread = ana.at(general).opens_thread(said, "Un hilo")
    thread.writes("en el hilo")
    general.says_webhook("aviso")
    ana.at(general).deletes(said)
    ana.leaves(guild)
    await bot.until(lambda: "member_remove" in bot.events)
    await bot.until(lambda: bool(bot.heard) and bot.heard[-1].content == "aviso")
    assert {"message_edit", "reaction_add", "typing", "thread_create", "message_delete"} <= set(bot.events)
    voice, sticker, photo = bot.heard[1:4]
    assert voice.attachments[0].is_voice_message()
    assert sticker.stickers[0].name == "Wumpus"
    assert photo.content == "mira"
    assert isinstance(bot.heard[-2].channel, discord.Thread)
    assert bot.heard[-1].webhook_id


# REST


async def raw(
    fake: FakeDiscord, method: str, path: str, *, token: str = "", **given: Any
) -> tuple[int, dict[str, Any], Any]:
    headers = {"Authorization": f"Bot {token or fake.token}"}
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, fake.api_url + path, headers=headers, **given) as answer,
    ):
        json_ = answer.content_type == "application/json"
        return answer.status, await answer.json() if json_ else {}, answer.headers


async def test_requests_without_the_token_or_a_route_are_refused(fake: FakeDiscord) -> None:
    status, body, _ = await raw(fake, "GET", "/users/@me", token="x")
    assert (status, body) == (401, {"message": "401: Unauthorized", "code": 0})
    status, body, _ = await raw(fake, "GET", "/nothing/like/it")
    assert (status, body) == (404, {"message": "404: Not Found", "code": 0})
    assert fake.ledger.unknown == ["GET /nothing/like/it"]
    fake.ledger.unknown.clear()


def row(**button: Any) -> dict[str, Any]:
    return {"type": 1, "components": [{"type": 2, "style": 1} | button]}


@pytest.mark.parametrize(
    ("body", "code", "where"),
    [
        ({}, 50006, ""),
        ({"content": " \n "}, 50006, ""),
        ({"content": "a" * 2001}, 50035, "content"),
        ({"embeds": [{"title": "a"}] * 11}, 50035, "embeds"),
        ({"embeds": [{"description": "a" * 4000}, {"description": "a" * 2001}]}, 50035, "embeds"),
        ({"content": "a", "components": [row(label="a", custom_id="a")] * 6}, 50035, "components"),
        ({"content": "a", "components": [row(label="a" * 81, custom_id="a")]}, 50035, "components"),
        ({"content": "a", "components": [row(label="a", custom_id="a" * 101)]}, 50035, "components"),
        ({"content": "a", "components": [row(label="a", custom_id="a")] * 2}, 50035, "components"),
        ({"content": "a", "components": [row(label="a", style=5, url="javascript:1")]}, 50035, "components"),
        ({"content": "a", "nonce": "a" * 26}, 50035, "nonce"),
        ({"content": "a", "message_reference": {"message_id": "1"}}, 50035, "message_reference"),
        ({"content": "a", "flags": 64}, 50035, "flags"),
        (
            {"content": "a", "allowed_mentions": {"parse": ["users"], "users": ["1"]}},
            50035,
            "allowed_mentions",
        ),
    ],
)
async def test_messages_that_discord_would_not_take(
    fake: FakeDiscord, body: dict[str, Any], code: int, where: str
) -> None:
    ana = fake.member()
    status, answer, _ = await raw(fake, "POST", f"/channels/{ana.channel.id}/messages", json=body)
    assert (status, answer["code"]) == (400, code)
    assert where in answer.get("errors", {"": ""})
    assert ana.texts == []


async def test_a_repeated_nonce_gives_the_first_message_back(fake: FakeDiscord, bot: Bot) -> None:
    ana = fake.member()
    channel = await bot.get_partial_messageable(ana.channel.id)._get_channel()
    first = await channel.send("hola", nonce="n" * 25)
    again = await channel.send("hola", nonce="n" * 25)
    other = await channel.send("hola", nonce="m")
    assert (first.id, first.nonce) == (again.id, "n" * 25)
    assert [sent.repeated for sent in fake.ledger.sent] == [False, True, False]
    assert ana.texts == ["hola", "hola"]
    [_, old] = [message async for message in channel.history()]
    assert (old.id, old.nonce) == (first.id, None)
    fake.nonces.window = 0
    assert (await channel.send("hola", nonce="m")).id != other.id


async def test_history_is_read_in_pages(fake: FakeDiscord, bot: Bot) -> None:
    ana = fake.member()
    old = ana.writes("hace rato", ago=3600)
    said = [ana.writes(str(number)) for number in range(150)]
    channel = bot.get_partial_messageable(ana.channel.id)
    found = [message.content async for message in channel.history(limit=None)]
    assert found == [str(number) for number in reversed(range(150))] + ["hace rato"]
    after = [m.content async for m in channel.history(after=discord.Object(said[99].id), limit=None)]
    assert after == [str(number) for number in range(100, 150)]
    around = [m.content async for m in channel.history(around=discord.Object(said[50].id), limit=3)]
    assert around == ["51", "50", "49"]
    assert (await channel.fetch_message(old.id)).created_at < discord.utils.utcnow() - timedelta(minutes=59)
    status, body, _ = await raw(fake, "GET", f"/channels/{channel.id}/messages?limit=101")
    assert (status, body["code"]) == (400, 50035)


async def test_the_ledger_says_whom_a_message_notifies(fake: FakeDiscord, bot: Bot) -> None:
    guild = fake.guild(permissions=int(BOT_RIGHTS | Right.MENTION_EVERYONE))
    general, ana = guild.text(), guild.member()
    role = guild.role("Baristas")
    await bot.until(lambda: bot.get_channel(general.id) is not None)
    channel = bot.get_channel(general.id)
    asked = ana.at(general).writes("hola")
    text = f"@everyone {ana.mention} <@&{role.id}>"
    await channel.send(text)
    await channel.send(text, allowed_mentions=discord.AllowedMentions.none())
    await channel.send("hola", reference=channel.get_partial_message(asked.id))
    none = discord.AllowedMentions.none()
    await channel.send("hola", reference=channel.get_partial_message(asked.id), allowed_mentions=none)
    assert [(s.pings.users, s.pings.roles, s.pings.everyone) for s in fake.ledger.sent] == [
        ((ana.id,), (role.id,), True),
        ((), (), False),
        ((ana.id,), (), False),
        ((), (), False),
    ]


async def test_closed_and_strange_direct_messages(fake: FakeDiscord, bot: Bot) -> None:
    ana, beto = fake.member("Ana"), fake.member("Beto")
    stranger = fake.member("Carla", stranger=True)
    ana.closes_dms()
    beto.blocks_bot()
    for person, code in ((ana, 50007), (beto, 50007), (stranger, 50278)):
        user = await bot.fetch_user(person.id)
        with pytest.raises(discord.Forbidden) as closed:
            await user.send("hola")
        assert closed.value.code == code
    with pytest.raises(discord.HTTPException) as nobody:
        await bot.create_dm(discord.Object(1))
    assert nobody.value.code == 50033
    ana.opens_dms()
    await (await bot.fetch_user(ana.id)).send("hola")
    assert ana.texts == ["hola"]


async def test_rights_are_kept(fake: FakeDiscord, bot: Bot) -> None:
    guild = fake.guild(permissions=0)
    open_, mute, hidden = guild.text("open"), guild.text("mute"), guild.text("hidden")
    ana = guild.member()
    mute.denies_bot(Right.SEND_MESSAGES)
    hidden.denies_bot(Right.VIEW_CHANNEL)
    ana.at(hidden).writes("secreto")
    said = ana.at(open_).writes("hola")
    await hears(bot, "hola")

    async def refusal(action: Awaitable[Any]) -> int:
        with pytest.raises(discord.HTTPException) as error:
            await action
        return error.value.code

    def at(place: Any) -> Any:
        return bot.get_partial_messageable(place.id, guild_id=guild.id)

    assert await refusal(at(mute).send("hola")) == 50013
    assert await refusal(at(hidden).send("hola")) == 50001
    assert await refusal(bot.fetch_channel(hidden.id)) == 50001
    assert await refusal(at(open_).get_partial_message(said.id).delete()) == 50013
    assert await refusal(at(open_).get_partial_message(said.id).edit(content="x")) == 50005
    assert await refusal(at(open_).fetch_message(1)) == 10008
    assert await refusal(bot.fetch_channel(1)) == 10003
    open_.denies_bot(Right.READ_MESSAGE_HISTORY | Right.EMBED_LINKS | Right.ATTACH_FILES)
    assert await refusal(at(open_).send("x", reference=at(open_).get_partial_message(said.id))) == 160002
    assert await refusal(at(open_).send(embed=discord.Embed(title="x"))) == 50013
    assert await refusal(at(open_).send(file=discord.File(io.BytesIO(b"x"), "x.txt"))) == 50013
    assert [m async for m in at(open_).history()] == []
    guild.gives_bot(Right.ADMINISTRATOR)
    await at(hidden).send("ya puedo")
    assert hidden.texts == ["ya puedo"]


async def test_edits_deletions_and_reactions(fake: FakeDiscord, bot: Bot) -> None:
    guild = fake.guild()
    general, ana = guild.text(), guild.member()
    await bot.until(lambda: bot.get_channel(general.id) is not None)
    sent = await bot.get_channel(general.id).send("uno", embed=discord.Embed(title="t"))
    await sent.edit(content="dos", embed=None)
    assert general.texts == ["dos"]
    asked = ana.at(general).writes("¿?")
    await bot.get_channel(general.id).get_partial_message(asked.id).add_reaction("👌")
    assert (asked.reactions, fake.ledger.reactions) == ({"👌": [fake.bot.id]}, [(asked.id, "👌")])
    await bot.get_channel(general.id).get_partial_message(asked.id).delete()
    await sent.delete()
    assert general.texts == []
    assert [message.id for message in fake.ledger.deleted] == [asked.id, sent.id]
    async with bot.get_channel(general.id).typing():
        assert fake.ledger.typing == [general.id]


async def test_files_have_addresses_that_expire(fake: FakeDiscord, bot: Bot) -> None:
    ana = fake.member()
    ana.sends_document(b"%PDF-1.4 una boleta")
    await bot.until(lambda: bool(bot.heard))
    [file] = bot.heard[0].attachments
    assert await file.read() == b"%PDF-1.4 una boleta"
    await bot.heard[0].channel.send(file=discord.File(io.BytesIO(b"x"), "x.txt", description="una equis"))
    [sent] = fake.ledger.sent
    assert sent.files == {"x.txt": b"x"}
    fake.cdn.lifetime = -1
    [again] = (await bot.heard[0].channel.fetch_message(bot.heard[0].id)).attachments
    with pytest.raises(discord.NotFound):
        await again.read()
    fake.max_upload = 1
    with pytest.raises(discord.HTTPException) as large:
        await bot.heard[0].channel.send(file=discord.File(io.BytesIO(b"xx"), "x.txt"))
    assert (large.value.status, large.value.code) == (413, 40005)


async def test_an_event_that_nobody_can_read_is_delivered_as_it_is(fake: FakeDiscord, bot: Bot) -> None:
    fake.gateway.inject("SOMETHING_NEW", {"of": ["next", "year"]})
    fake.member().writes("hola")
    await hears(bot, "hola")


async def test_gateway_and_files_can_be_out_of_order(fake: FakeDiscord, bot: Bot) -> None:
    ana = fake.member()
    ana.sends_photo()
    await bot.until(lambda: bool(bot.heard))
    fake.fail("cdn", with_=Fault.status(503))
    with pytest.raises(discord.HTTPException):
        await bot.heard[0].attachments[0].read()
    assert await bot.heard[0].attachments[0].read() == PIXEL
    fake.fail("gateway", with_=Fault.drop_before())
    fake.gateway.cut()
    ana.writes("hola")
    await bot.until(lambda: "resumed" in bot.events)
    assert fake.gateway.resumed == 1


async def test_threads_of_a_channel_that_opens_are_told(fake: FakeDiscord, bot: Bot) -> None:
    guild = fake.guild()
    hidden, ana = guild.text("staff"), guild.member()
    hidden.denies_bot(Right.VIEW_CHANNEL)
    thread = ana.at(hidden).opens_thread(ana.at(hidden).writes("¿y esto?"), "Un hilo")
    await bot.until(lambda: bot.get_channel(hidden.id) is not None)
    assert not list(bot.get_guild(guild.id).threads)
    hidden.denies_bot(0)
    await bot.until(lambda: "thread_join" in bot.events)
    assert [one.id for one in bot.get_guild(guild.id).threads] == [thread.channel.id]


# Threads and forums


async def test_threads(fake: FakeDiscord, bot: Bot) -> None:
    guild = fake.guild()
    general, ana = guild.text(), guild.member()
    asked = ana.at(general).writes("¿cuánto sale?")
    await bot.until(lambda: bool(bot.heard))
    thread = await bot.heard[0].create_thread(name="Envíos", auto_archive_duration=60)
    assert thread.id == asked.id
    with pytest.raises(discord.HTTPException) as twice:
        await bot.heard[0].create_thread(name="otra vez")
    assert twice.value.code == 160004
    await thread.send("cuesta poco")
    assert ana.at(guild.place(thread.id)).texts == ["cuesta poco"]
    await thread.edit(archived=True)
    with pytest.raises(discord.HTTPException) as asleep:
        await thread.edit(name="x")
    assert asleep.value.code == 50083
    await thread.send("y llega mañana")  # wakes it
    assert not guild.place(thread.id).channel.archived
    guild.gives_bot(EVERYONE)
    guild.place(thread.id).archives(locked=True)
    with pytest.raises(discord.HTTPException) as locked:
        await thread.send("hola")
    assert locked.value.code == 50083
    fake.max_threads = 0
    with pytest.raises(discord.HTTPException) as full:
        await bot.get_channel(general.id).create_thread(name="a", type=discord.ChannelType.public_thread)
    assert full.value.code == 160006


async def test_a_private_thread_is_seen_by_its_members_only(fake: FakeDiscord, bot: Bot) -> None:
    guild = fake.guild(permissions=int(EVERYONE))
    general, ana, beto = guild.text(), guild.member("Ana"), guild.member("Beto")
    await bot.until(lambda: bot.get_channel(general.id) is not None)
    thread = await bot.get_channel(general.id).create_thread(name="Ana y el bot", invitable=False)
    await thread.add_user(discord.Object(ana.id))
    place = guild.place(thread.id)
    rights = fake.world.rights
    assert (rights(place.channel, ana.user) > 0, rights(place.channel, beto.user)) == (True, 0)
    ana.at(place).writes("hola")
    await hears(bot, "hola")
    assert bot.heard[0].channel.id == thread.id
    assert [one.id for one in (await bot.get_guild(guild.id).active_threads())] == [thread.id]
    await thread.remove_user(discord.Object(ana.id))
    assert ana.id not in place.channel.members
    with pytest.raises(AssertionError, match="may not write"):
        ana.at(place).writes("¿hola?")
    await thread.leave()
    guild.moderator().at(place).writes("¿hola?")
    beto.writes("hola")
    await hears(bot, "hola", "hola")
    with pytest.raises(discord.Forbidden) as unseen:
        await bot.fetch_channel(thread.id)
    assert unseen.value.code == 50001


async def test_forum_posts(fake: FakeDiscord, bot: Bot) -> None:
    guild = fake.guild()
    forum = guild.forum("ayuda", tags=["envíos", "pagos"], needs_tag=True)
    ana = guild.member()
    post = ana.at(forum).posts("¿Cuánto sale?", "a Concepción", tags=["envíos"])
    await hears(bot, "a Concepción")
    thread = bot.heard[0].channel
    assert (thread.parent.name, [tag.name for tag in thread.applied_tags]) == ("ayuda", ["envíos"])
    assert thread.id == bot.heard[0].id
    await thread.send("cuesta poco")
    assert post.texts == ["cuesta poco"]
    channel = bot.get_channel(forum.id)
    made = await channel.create_thread(
        name="Aviso", content="cerramos", applied_tags=[channel.available_tags[0]]
    )
    assert (made.thread.id, made.message.content) == (made.message.id, "cerramos")
    with pytest.raises(discord.HTTPException) as untagged:
        await channel.create_thread(name="Aviso", content="sin etiqueta")
    assert untagged.value.code == 40067
    with pytest.raises(discord.HTTPException) as nameless:
        await channel.create_thread(name="", content="x", applied_tags=[channel.available_tags[0]])
    assert nameless.value.code == 50035
    status, body, _ = await raw(fake, "POST", f"/channels/{forum.id}/messages", json={"content": "x"})
    assert (status, body["code"]) == (400, 50008)


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "Ayuda"},
        {"name": "con espacio"},
        {"name": "a" * 33},
        {"description": "a" * 101},
        {"description": ""},
        {"name_localizations": {"es": "ayuda"}},
        {"name_localizations": {"es-ES": "Ayuda"}},
        {"options": [{"type": 3, "name": f"o{i}", "description": "d"} for i in range(26)]},
        {
            "options": [
                {"type": 3, "name": "a", "description": "d"},
                {"type": 3, "name": "b", "description": "d", "required": True},
            ]
        },
    ],
)
async def test_commands_that_discord_would_not_take(fake: FakeDiscord, wrong: dict[str, Any]) -> None:
    path = f"/applications/{fake.application_id}/commands"
    good = {"name": "ayuda", "description": "Ayuda"}
    assert (await raw(fake, "PUT", path, json=[good]))[0] == 200
    status, body, _ = await raw(fake, "PUT", path, json=[good | wrong])
    assert (status, body["code"]) == (400, 50035)
    assert [one["name"] for one in fake.commands[0]] == ["ayuda"]


async def test_commands_are_found_by_their_name_in_the_persons_language(fake: FakeDiscord, bot: Bot) -> None:
    path = f"/applications/{fake.application_id}/commands"
    help_ = {"name": "help", "description": "Help", "name_localizations": {"es-ES": "ayuda"}}
    await raw(fake, "PUT", path, json=[help_])
    ana, bob = fake.member("Ana"), fake.member("Bob", "en-US")
    ana.slash("ayuda")
    bob.slash("help")
    with pytest.raises(AssertionError, match="sees no command"):
        bob.slash("ayuda")
    await bot.until(lambda: len(bot.asked) == 2)
    assert [(asked.data["name"], str(asked.locale)) for asked in bot.asked] == [
        ("help", "es-ES"),
        ("help", "en-US"),
    ]


# Limits and faults


async def test_each_route_has_its_bucket_and_all_have_one_together(fake: FakeDiscord) -> None:
    fake.rates.limits = Limits(per_second=7, clock=lambda: 100.0)
    ana, beto = fake.member("Ana"), fake.member("Beto")
    path = f"/channels/{ana.channel.id}/messages"
    left = [(await raw(fake, "POST", path, json={"content": "a"}))[2] for _ in range(5)]
    assert [headers["X-RateLimit-Remaining"] for headers in left] == ["4", "3", "2", "1", "0"]
    status, body, headers = await raw(fake, "POST", path, json={"content": "a"})
    assert (status, body["retry_after"], body["global"]) == (429, 5.0, False)
    assert headers["X-RateLimit-Bucket"] == "create_message"
    path = f"/channels/{beto.channel.id}/messages"
    assert (await raw(fake, "POST", path, json={"content": "a"}))[0] == 200
    status, body, headers = await raw(fake, "POST", path, json={"content": "a"})
    assert (status, body["global"], headers["X-RateLimit-Scope"]) == (429, True, "global")
    assert fake.rates.invalid == 2


async def test_the_library_keeps_to_the_limits(fake: FakeDiscord, bot: Bot) -> None:
    fake.rates.limits = Limits(speed=50)
    ana = fake.member()
    channel = bot.get_partial_messageable(ana.channel.id)
    await asyncio.gather(*(channel.send(str(number)) for number in range(12)))
    assert sorted(ana.texts, key=int) == [str(number) for number in range(12)]
    assert fake.rates.invalid == 0


async def test_too_many_invalid_requests_end_in_a_ban(fake: FakeDiscord) -> None:
    fake.rates.limits = Limits(invalid=2)
    for expected in (401, 401, 429):
        status, body, _ = await raw(fake, "GET", "/users/@me", token="x")
        assert status == expected
    assert body == {}


async def test_faults_play_out_as_written(fake: FakeDiscord, bot: Bot) -> None:
    ana = fake.member()
    path = f"/channels/{ana.channel.id}/messages"

    async def send(text: str) -> int:
        try:
            return (await raw(fake, "POST", path, json={"content": text}))[0]
        except aiohttp.ClientError:
            return 0

    for fault in (
        Fault.drop_before(),
        Fault.status(502),
        Fault.refuse(50013),
        Fault.too_many(0.5),
        Fault.drop_after(),
        Fault.processed_then_status(500),
        Fault.garbage(),
    ):
        fake.fail("create_message", with_=fault)
    statuses = [await send(text) for text in "abcdefgh"]
    assert statuses == [0, 502, 403, 429, 0, 500, 200, 200]
    assert ana.texts == ["e", "f", "g", "h"]
    assert [sent.answered for sent in fake.ledger.sent] == [False, False, False, True]


async def test_a_send_that_arrived_in_spite_of_a_5xx_is_not_doubled_by_its_nonce(
    fake: FakeDiscord, bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = asyncio.sleep
    monkeypatch.setattr("discord.http.asyncio.sleep", lambda seconds: real(0))  # it waits 1 s between tries
    guild = fake.guild()
    forum, ana = guild.forum(), guild.member()
    await bot.until(lambda: bot.get_channel(forum.id) is not None)
    fake.fail("create_message", with_=Fault.processed_then_status(502))
    await bot.get_partial_messageable(ana.channel.id).send("hola")  # the library adds a nonce by itself
    assert ana.texts == ["hola"]
    fake.fail("start_thread", with_=Fault.processed_then_status(502))
    await bot.get_channel(forum.id).create_thread(name="Aviso", content="a")
    assert [place.channel.name for place in guild.threads] == ["Aviso", "Aviso"]  # which knows no nonce


async def test_offline_the_port_stays_ours_and_clients_are_refused(fake: FakeDiscord) -> None:
    async with fake.offline():
        with pytest.raises(aiohttp.ClientConnectorError):
            await raw(fake, "GET", "/users/@me")
        with socket.socket() as other, pytest.raises(OSError, match="in use"):
            other.bind(("127.0.0.1", fake.port))
    assert (await raw(fake, "GET", "/users/@me"))[0] == 200


async def test_a_server_in_a_process_of_its_own(addresses: Callable[[Any], None]) -> None:
    async with RemoteDiscord() as remote:
        addresses(remote)
        guild = (await remote.do("guild"))["id"]
        channel = (await remote.do("channel", guild=guild, name="general"))["id"]
        ana = (await remote.do("member", guild=guild, name="Ana"))["id"]
        async with running(remote, Bot()) as bot:
            await remote.do("writes", by=ana, channel=channel, text="hola")
            await bot.until(lambda: bool(bot.heard))
            await bot.heard[0].channel.send("buenas")
            await remote.do("wait", channel=channel, containing="buenas")
            assert await remote.do("reads", by=ana, channel=channel) == ["buenas"]
            await remote.do("gateway", do="cut")
            await bot.until(lambda: "resumed" in bot.events)
            await remote.do("offline", seconds=0.1)
            await remote.back()
            state = await remote.do("state")
            assert (state["sent"], state["unknown"]) == (1, [])
