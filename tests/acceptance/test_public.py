"""Manners in public: scenes that are played on Telegram and on Discord before the real bot."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection, Text, inspect, select, update
from sqlalchemy.types import JSON, String

from bot.pipeline.listening import LISTEN_TIMER
from bot.store.tables import conversations, events, heard, listened, metadata, outbox, places, timers
from bot.store.timers import of_kind
from tests.fakes.discord import FakeDiscord, Right
from tests.fakes.house import PATIENCE, House, on_discord, open_house, records, write_shop
from tests.fakes.house.square import DiscordSquare, Play, Scene, Square, TelegramSquare
from tests.fakes.telegram import FakeTelegram, Fault

SCENES = (
    Scene(
        "two people talk",
        """
        Ana: oigan, el sábado no puedo ir a la reunión
        Luis>Ana: qué lata, ¿y el domingo te sirve más?
        Ana>Luis: el domingo perfecto, llevo las galletas
        -> nothing
        """,
    ),
    Scene(
        "two people talk where the bot answers questions",
        """
        Ana: ayer compré unos cuadernos preciosos
        Luis: yo también quiero unos iguales
        Ana: ¿CUÁNTO cuesta el envío?
        Luis>Ana: ni idea, pregúntale a la vendedora
        -> nothing
        """,
        mode="questions",
    ),
    Scene(
        "a question to everybody that nobody answers",
        """
        Ana: ? ¿Cuánto cuesta el envío?
        -> $2.500
        """,
        mode="questions",
    ),
    Scene(
        "a member answers first, in reply",
        """
        Ana: ¿Cuánto DEMORA en llegar un pedido?
        Luis>Ana: a mí me llegó en tres días justos
        -> nothing
        """,
        mode="questions",
        more="wait: 2",
    ),
    Scene(
        "a member answers first, right after it",
        """
        Ana: ¿a qué hora abren????
        Luis: a las diez de la mañana creo
        -> nothing
        """,
        mode="questions",
        more="wait: 2",
    ),
    Scene(
        "somebody asks something else meanwhile",
        """
        Ana: ? ¿A qué hora abren?
        Luis: ¿Alguien vio mi paraguas verde?
        -> de lunes a sábado
        """,
        mode="questions",
        more="wait: 2",
    ),
    Scene(
        "no question mark, mode questions",
        """
        Ana: PRECIO del despacho a regiones
        -> nothing
        """,
        mode="questions",
    ),
    Scene(
        "no question mark, mode all",
        """
        Ana: ? precio del despacho a regiones
        -> $2.500
        """,
        mode="all",
    ),
    Scene(
        "a question to everybody, mode mention",
        """
        Ana: ¿Qué medios de PAGO aceptan?
        -> nothing
        """,
    ),
    Scene(
        "a mention",
        """
        Ana@bot: ¿Cuánto cuesta el envío?
        -> $2.500
        """,
    ),
    Scene(
        "a mention below the bar",
        """
        Ana@bot: recítame un poema sobre la luna de Valdivia
        -> por privado
        Ana@bot: hola
        -> basta una mención
        """,
    ),
    Scene(
        "thanks are not answered",
        """
        Ana@bot: ¿A qué hora abren?
        -> de lunes a sábado
        Ana>bot: gracias!
        -> nothing
        """,
    ),
    Scene(
        "a reply to us",
        """
        Ana@bot: ¿A qué hora abren?
        -> de lunes a sábado
        Luis>bot: ¿Cuánto cuesta el envío?
        -> $2.500
        """,
    ),
    Scene(
        "removed by who asked",
        """
        Ana@bot: ¿Cuánto cuesta el envío?
        -> $2.500
        Ana: [Quitar]
        -> removed
        """,
    ),
    Scene(
        "removed by a moderator, not by anybody",
        """
        Ana@bot: ¿Cuánto cuesta el envío?
        -> $2.500
        Luis: [Quitar]
        -> nothing
        Mod: [Quitar]
        -> removed
        """,
    ),
    Scene(
        "cooldown: unasked it is not said twice, asked it is",
        """
        Ana: ? ¿Cuánto cuesta el envío?
        -> $2.500
        Luis: ¿cuánto CUESTA el envío?
        -> nothing
        Luis@bot: ¿Cuánto cuesta el envío?
        -> $2.500
        """,
        mode="questions",
    ),
    Scene(
        "two ask the same",
        """
        Ana@bot: ¿Cuánto cuesta el envío?
        -> $2.500
        Luis@bot: ¿Cuánto cuesta el envío?
        -> $2.500
        """,
    ),
    Scene(
        "a bot loop",
        """
        Robot@bot: ¿Cuánto cuesta EL envío?
        -> nothing
        Robot: ¿A QUÉ hora abren?
        -> nothing
        """,
        mode="all",
    ),
    Scene(
        "everyone inside a question",
        """
        Ana@bot: @everyone @here ¿Cuánto cuesta el envío?
        -> $2.500
        Luis@bot: @everyone <b>hola</b> `@here` dime algo bonito de @everyone
        -> privado
        """,
    ),
    Scene(
        "a photo and stickers without words",
        """
        Ana: (photo)
        Ana: (sticker)
        Luis: (sticker)
        Ana: (sticker)
        -> nothing
        """,
        mode="all",
    ),
    Scene(
        "an edit changes nothing that was answered",
        """
        Ana@bot: ¿Cuánto cuesta el envío?
        -> $2.500
        Ana: (edit) ¿A qué hora abren?
        -> nothing
        """,
    ),
    Scene(
        "a question that is rewritten is not answered as it was",
        """
        Ana: ¿a qué hora abren??
        Ana: (edit) mejor olvídenlo, ya lo vi
        -> nothing
        """,
        mode="questions",
        more="wait: 2",
    ),
    Scene(
        "late",
        """
        Ana@bot (30 min ago): ¿Cuánto cuesta el envío?
        -> nothing
        """,
    ),
    Scene(
        "late, to everybody",
        """
        Ana (30 min ago): ¿Qué MEDIOS de pago aceptan?
        -> nothing
        """,
        mode="questions",
    ),
    Scene(
        "off",
        """
        Ana@bot: ¿Cuánto CUESTA el envío?
        Ana: ¿A qué hora ABREN?
        -> nothing
        """,
        mode="off",
    ),
    Scene(
        "staff speaks, and the bot keeps quiet unless it is called",
        """
        Mod: buenas tardes, hoy respondo yo por aquí
        Ana: ¿a qué hora ABREN?
        -> nothing
        Ana@bot: ¿Cuánto cuesta el envío?
        -> $2.500
        """,
        mode="questions",
    ),
    Scene(
        "a person is asked for in public",
        """
        Ana@bot: quiero hablar con una persona
        -> por privado
        Ana: [follow: Hablar con una persona]
        => Ana: persona
        """,
    ),
    Scene(
        "what needs a person stays private",
        """
        Ana@bot: ¿Venden a empresas?
        -> por privado
        Ana: [follow: Seguir por privado]
        => Ana: empresas y colegios
        """,
    ),
    Scene(
        "the question is carried over",
        """
        Ana@bot: necesito una cotización para mi oficina
        -> por privado
        Ana: [follow: Seguir por privado]
        => Ana: empresas y colegios
        """,
    ),
    Scene(
        "somebody else's question is not carried over",
        """
        Ana@bot: necesito una cotización para mi oficina
        -> por privado
        Luis: [follow: Seguir por privado]
        => Luis: Lápiz y Papel
        """,
    ),
    Scene(
        "a topic or thread",
        """
        Ana@bot#precios: ¿Cuánto cuesta el envío?
        -> $2.500
        Luis#precios: me parece carísimo para un lápiz
        -> nothing
        """,
    ),
    Scene(
        "staff pauses the thread in which it speaks, and no other",
        """
        Mod#precios: las dudas de este hilo las veo yo
        Ana#precios: ¿a qué HORA abren?
        -> nothing
        Ana: ? ¿A QUÉ HORA abren?
        -> de lunes a sábado
        """,
        mode="questions",
    ),
    Scene(
        "listening, told first",
        """
        -> guarda por un tiempo
        Ana: este texto sí que se guarda un tiempo
        Luis@bot: ¿Cuánto cuesta el envío?
        -> $2.500
        """,
        mode="listen",
    ),
    Scene(
        "an anonymous administrator",
        """
        Anon: hoy cerramos temprano por inventario
        Anon@bot: ¿Cuánto cuesta el envío?
        -> $2.500
        Anon@bot: cuéntame algo que nadie sepa de ti
        -> nothing
        """,
        only="telegram",
    ),
    Scene(
        "somebody writes as a channel",
        """
        Canal: ofrezco cuadernos usados a buen precio
        Canal@bot: ¿Cuánto cuesta el envío?
        -> $2.500
        """,
        only="telegram",
    ),
    Scene(
        "a post of the channel, or of a webhook",
        """
        Post: ¿CUÁNTO CUESTA el envío?
        -> nothing
        Post@bot: ¿A qué HORA ABREN?
        -> nothing
        """,
        mode="all",
    ),
    Scene(
        "another bot's command",
        """
        Ana: /precio@otro_bot cuadernos
        Ana: /ruleta
        -> nothing
        """,
        only="telegram",
    ),
    Scene(
        "commands",
        """
        Ana: /ayuda
        -> basta una mención
        Ana: /humano
        -> por privado
        Ana: /faq ¿Cuánto cuesta el envío?
        -> $2.500
        Ana: /instalar
        -> quien administra
        Mod: /instalar
        -> Modo: mención
        """,
        only="telegram",
    ),
)


def test_there_are_scenes_enough() -> None:
    names = [scene.name for scene in SCENES]
    assert len(set(names)) == len(names)
    for platform in ("telegram", "discord"):
        assert sum(scene.only in ("", platform) for scene in SCENES) >= 25


@pytest.mark.parametrize("platform", ["telegram", "discord"])
async def test_scenes(tmp_path: Path, platform: str) -> None:
    scenes = [scene for scene in SCENES if scene.only in ("", platform)]
    async with stage(tmp_path, platform, scenes) as (house, squares):
        plays = [
            Play(scene, square, house, lambda: house.bot.intake.waits)
            for scene, square in zip(scenes, squares, strict=True)
        ]
        results = await asyncio.gather(*(play.run() for play in plays), return_exceptions=True)
        failed = [result for result in results if isinstance(result, Exception)]
        if failed:
            raise ExceptionGroup(f"{len(failed)} of {len(scenes)} scenes", failed)
        for square in squares:
            if isinstance(square, DiscordSquare):
                assert square.fake.ledger.pinged == []
            elif isinstance(square, TelegramSquare):
                assert not [
                    m for s in square.fake.ledger.sent for m in s.message.entities if "mention" in m.type
                ]
        unheard = [text for play in plays for text in play.unheard if play.scene.mode != "listen"]
        await house.until(lambda c: c.execute(select(listened.c.text)).all())
        kept = await house.read(lambda c: c.execute(select(listened.c.text)).scalars().all())
        assert kept == ["este texto sí que se guarda un tiempo"]
        rows = await house.read(everything)
        assert [text for text in unheard if text in rows] == []
        assert await house.read(lambda c: c.execute(select(heard.c.count)).scalars().all())
        removed = await house.read(
            lambda c: c.execute(select(events.c.rule).where(events.c.kind == "removed"))
        )
        assert sorted(row.rule for row in removed) == ["asker", "moderator"]
        unanswered = await house.read(records.unhandled)
        assert unanswered == 0
    on_disk = b"".join(path.read_bytes() for path in (tmp_path / "data").glob("vocero.db*"))
    if on_disk:
        assert traces("¿Cuánto cuesta el envío?", on_disk), "what was said to the bot is there"
        assert [text for text in unheard if traces(text, on_disk)] == []


def traces(text: str, data: bytes) -> bool:
    """Whether a text is in the bytes, as it is or as JSON has it."""
    return text.encode() in data or json.dumps(text)[1:-1].encode() in data


def everything(connection: Connection) -> str:
    """Every text in every table."""
    found: list[str] = []
    for table in metadata.sorted_tables:
        columns = [c for c in inspect(table).c if isinstance(c.type, (String, Text, JSON))]
        for row in connection.execute(select(*columns)) if columns else ():
            found += [json.dumps(value, ensure_ascii=False) for value in row if value]
    return "\n".join(found)


@asynccontextmanager
async def stage(
    folder: Path, platform: str, scenes: Sequence[Scene]
) -> AsyncIterator[tuple[House, list[Square]]]:
    """A place for each scene, each with its manners, and the bot among them."""
    home = write_shop(folder / "home")
    squares: list[Square] = []
    if platform == "telegram":
        async with FakeTelegram() as telegram:
            numbers = itertools.count(1_001)
            for index, scene in enumerate(scenes):
                group = telegram.group(-100_1000 - index, scene.name, forum=True)
                squares.append(TelegramSquare(telegram, group, numbers))
            _write_manners(home, platform, scenes, squares)
            async with open_house(folder, telegram, home=home) as house:
                await telegram.updates.waited_on()
                yield house, squares
        return
    async with FakeDiscord() as fake:
        server = fake.guild()
        squares += [DiscordSquare(fake, server, server.text(f"lugar-{i}")) for i, _ in enumerate(scenes)]
        _write_manners(home, platform, scenes, squares)
        async with open_house(folder, home=home, **on_discord(fake)) as house:
            await fake.listened(PATIENCE)
            yield house, squares


def _write_manners(home: Path, platform: str, scenes: Sequence[Scene], squares: Sequence[Square]) -> None:
    lines = ["places:"]
    for index, (scene, square) in enumerate(zip(scenes, squares, strict=True)):
        lines += [f"  place_{index}:", f"    platform: {platform}", f"    id: {square.id}"]
        lines += [f"    mode: {scene.mode}", f"    {scene.more or 'wait: 1'}"]
    (home / "config" / "community.yml").write_text("\n".join(lines) + "\n", encoding="utf-8")


async def test_a_group_that_moves_keeps_its_manners_and_its_conversations(tmp_path: Path) -> None:
    home = write_shop(tmp_path / "home")
    (home / "config" / "community.yml").write_text(
        "places:\n  quieto:\n    platform: telegram\n    id: -555\n    mode: off\n"
        "  otro:\n    platform: telegram\n    id: -556\n    mode: mention\n",
        encoding="utf-8",
    )
    async with FakeTelegram() as fake:
        quiet, other = fake.group(-555, "Quieto"), fake.group(-556, "Otro")
        ana = fake.member(11, "Ana")
        ask = f"@{fake.bot.username} ¿Cuánto cuesta el envío?"
        async with open_house(tmp_path, fake, home=home) as house:
            other.writes(ask, by=ana)
            await house.rest(messages=1)
            fake.push_membership(quiet.chat, ana.user, "member")
            moved, still = other.becomes_supergroup(-100_556), quiet.becomes_supergroup(-100_555)
            moved.writes(ask, by=ana)
            await house.rest(messages=2)
            still.writes(ask, by=ana)
            await house.rest(messages=2)
            assert len(moved.reads) == 1
        async with open_house(tmp_path, fake, home=home) as house:
            still.writes(ask, by=ana)
            moved.writes(ask, by=ana)
            await house.rest(messages=3)
            assert len(moved.reads) == 2
            assert still.reads == [], "it is off, although its number is another one now"
            found = await house.read(lambda c: c.execute(select(conversations.c.id)).all())
            assert len(found) == 1, "the same conversation, before and after"


async def test_an_update_that_was_not_committed_is_heard_once(tmp_path: Path) -> None:
    """Told again, it is neither answered twice nor counted twice."""
    async with FakeTelegram() as fake, open_house(tmp_path, fake) as house:
        group = fake.group(-100_1, "Comunidad")
        for text in ("charla de nadie", f"@{fake.bot.username} ¿Cuánto cuesta el envío?"):
            group.writes(text)
        await house.rest(messages=1)
        for update in range(fake.updates.next_id - 2, fake.updates.next_id):
            fake.updates.repeat(update)
        ana = fake.member(11, "Ana")
        ana.writes("¿A qué hora abren?")
        await house.rest(messages=2)
        assert len(group.reads) == 1
        assert await house.read(lambda c: c.execute(select(heard.c.count)).scalar_one()) == 1


async def test_install_names_each_missing_right(tmp_path: Path) -> None:
    async with FakeTelegram() as fake, open_house(tmp_path, fake) as house:
        group = fake.group(-100_1, "Club de baristas", forum=True)
        marta = next(iter(group.members.values()))
        group.chat.admins.add(marta.id)
        group.chat.permissions["can_send_photos"] = False
        group.writes("/instalar", thread=fake.topic(group, "Dudas"))
        await fake.wait_for(lambda ledger: ledger.to(-100_1), PATIENCE)
        [told] = [sent.plain for sent in fake.ledger.to(-100_1)]
        for part in (
            "-1001",
            "Hilo: 1",
            "mención",
            "@BotFather",
            "fotos",
            "club_de_baristas:",
            "modo: preguntas",
        ):
            assert part in told
        lines = told[told.index("lugares:") :]
        (house.home / "config" / "community.yml").write_text(lines + "\n", encoding="utf-8")
        await house.until(lambda _: house.bot.minds.current.voice.knowledge.community.places)
        fake.hears_groups = True
        group.chat.admins.add(fake.bot.id)
        group.writes("/instalar")
        await fake.wait_for(lambda ledger: len(ledger.to(-100_1)) == 2, PATIENCE)
        assert "todos los permisos" in fake.ledger.to(-100_1)[-1].plain


async def test_commands_and_rights_on_discord(tmp_path: Path) -> None:
    async with FakeDiscord() as fake:
        server = fake.guild()
        room, ana = server.text("general"), server.member("Ana")
        mod = server.moderator()
        async with open_house(tmp_path, **on_discord(fake)) as house:
            await fake.listened(PATIENCE)
            ana.at(room).slash("ayuda")
            await house.rest(messages=1)
            ana.at(room).slash("instalar")
            await house.rest(messages=2)
            room.denies_bot(Right.ATTACH_FILES)
            mod.at(room).slash("instalar")
            await house.rest(messages=3)
            await house.until(
                lambda c: not c.execute(select(timers.c.id).where(timers.c.kind == "install")).all()
            )
            await fake.ledger.wait_for(
                lambda ledger: any("lugares:" in s.plain for s in ledger.sent), PATIENCE
            )
            told = next(s.plain for s in fake.ledger.sent if "lugares:" in s.plain)
            assert f"id: {room.id}" in told
            assert "fotos" in told
            assert any("quien administra" in s.plain for s in fake.ledger.sent)
            assert fake.ledger.pinged == []


async def test_one_who_is_owned_by_a_person_leaves_the_others_their_answers(tmp_path: Path) -> None:
    async with FakeTelegram() as fake, open_house(tmp_path, fake) as house:
        group = fake.group(-100_1, "Comunidad")
        ana, luis = fake.member(11, "Ana"), fake.member(12, "Luis")
        ask = f"@{fake.bot.username} ¿Cuánto cuesta el envío?"
        group.writes(ask, by=ana)
        await house.rest(messages=1)
        await house.bot.store.write(
            lambda c: c.execute(update(conversations).values(owner="human", staff="Eva"))
        )
        group.writes(ask, by=ana)
        group.writes(ask, by=luis)
        await house.rest(messages=3)
        assert [message.reply_to.sender.id for message in group.reads if message.reply_to] == [11, 12]


def as_if_hours_had_passed(connection: Connection) -> None:
    """A place that could not be told is told again."""
    connection.execute(update(timers).where(timers.c.kind == LISTEN_TIMER).values(due_at=datetime.now(UTC)))


@pytest.mark.slow
async def test_a_place_is_told_before_it_is_listened_to_and_when_that_ends(tmp_path: Path) -> None:
    home = write_shop(tmp_path / "home")
    manners = "places:\n  club:\n    platform: telegram\n    id: -1001\n    mode: listen\n"
    file = home / "config" / "community.yml"
    async with FakeTelegram() as fake:
        group = fake.group(-100_1, "Club")
        async with open_house(tmp_path, fake, home=home) as house:
            await fake.updates.waited_on()
            group.writes("antes de que se avise")
            await house.until(lambda c: c.execute(select(heard.c.count)).scalar())
            fake.fail("sendMessage", with_=Fault.drop_after(), chat=-100_1)  # told, or not
            file.write_text(manners, encoding="utf-8")
            await house.until(lambda c: c.execute(select(outbox.c.id).where(outbox.c.state == "held")).all())
            await house.until(lambda c: [t for t in of_kind(c, LISTEN_TIMER) if "outbox" not in t.payload])
            group.writes("mientras no se sabe si se avisó")
            await house.until(lambda c: c.execute(select(heard.c.count)).scalar() == 2)
            assert await house.read(lambda c: c.execute(select(listened.c.text)).all()) == []
        for _ in range(2):  # told once, whatever restarts there are
            async with open_house(tmp_path, fake, home=home) as house:
                await house.bot.store.write(as_if_hours_had_passed)
                await fake.wait_for(
                    lambda ledger: "guarda por un tiempo" in ledger.texts(-100_1)[-1], PATIENCE
                )
                await house.until(
                    lambda c: c.execute(select(places.c.id).where(places.c.mode == "listen")).all()
                )
                said = await house.read(lambda c: len(c.execute(select(listened.c.id)).all()))
                group.writes(f"esto se guarda, {said}")
                await house.until(lambda c, n=said: len(c.execute(select(listened.c.id)).all()) == n + 1)  # type: ignore[misc]
        async with open_house(tmp_path, fake, home=home) as house:
            await fake.updates.waited_on()
            file.write_text(manners.replace("listen", "mention"), encoding="utf-8")
            await fake.wait_for(lambda ledger: "ya no se guarda" in ledger.texts(-100_1)[-1], PATIENCE)
            group.writes("después de que se avisó")
            await house.until(lambda c: c.execute(select(heard.c.count)).scalar() == 5)
            kept = await house.read(lambda c: c.execute(select(listened.c.text)).scalars().all())
            assert kept == ["esto se guarda, 0", "esto se guarda, 1"]
        told = fake.ledger.texts(-100_1)
        assert ["ya no" in text for text in told] == [False, False, True], "the first one was in doubt"
