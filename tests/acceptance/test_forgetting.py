"""Members' rights on a real bot: what is kept, a copy of it, and being forgotten so that nothing is left."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
from sqlalchemy import Connection, func, select

from bot.store.tables import audit, cases, events, timers
from bot.store.timers import RETENTION_TIMER
from tests.fakes.discord import FakeDiscord
from tests.fakes.house import PATIENCE, House, on_discord, open_house, records, write_shop
from tests.fakes.telegram import FakeTelegram, Member, User

BRUNO = User(901, "Bruno Soto", language_code="es")
SECRET = "zarzaparrilla"
"""A word that no file of the shop holds."""


def bytes_on_disk(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted((folder / "data").rglob("*")):
        if path.is_file() and "models" not in path.parts:
            yield path.name, path.read_bytes()


def holds(folder: Path, *words: str) -> list[tuple[str, str]]:
    """Files below the data folder that hold a word, in any encoding that we write."""
    return [
        (name, word)
        for name, content in bytes_on_disk(folder)
        for word in words
        if word.encode() in content or json.dumps(word)[1:-1].encode() in content
    ]


async def kept(house: House, folder: Path, *words: str) -> list[tuple[str, str]]:
    """Where a word is: our files, byte for byte, and every row, of a server too."""
    told = await house.read(records.every_row)
    return holds(folder, *words) + [("a row", word) for word in words if word in told]


def at_rest(connection: Connection) -> bool:
    """Whether nothing is due any more but the next day's retention."""
    left = select(func.count()).where(timers.c.kind.not_in((RETENTION_TIMER, "alert", "drop_export")))
    return connection.execute(left).scalar_one() == 0 and records.at_rest(connection)


def counted(connection: Connection) -> dict[tuple[str, str], int]:
    rows = connection.execute(
        select(events.c.kind, events.c.outcome, func.count()).group_by(events.c.kind, events.c.outcome)
    )
    return {(row[0], row[1]): row[2] for row in rows}


async def tells_all(house: House, member: Member) -> None:
    """A whole life: an answer, a file, a complaint, staff's reply, note and draft."""
    assert house.fake
    assert house.staff
    member.writes("¿Cuánto cuesta el envío?")
    await house.fake.wait_for(lambda ledger: len(ledger.to(member.id)) >= 1, PATIENCE)
    member.writes(f"esto es una vergüenza, mi {SECRET} llegó rota y nadie responde")
    await house.fake.wait_for(lambda ledger: len(ledger.to(member.id)) >= 2, PATIENCE)
    await house.fake.wait_for(lambda ledger: len(ledger.to(house.staff.id)) >= 1, PATIENCE)
    house.staff.writes(f"/nota 1 {SECRET} confirmada", by=BRUNO)
    await house.rest(messages=2)


async def test_the_first_answer_says_what_is_kept_and_no_other_does(tmp_path: Path) -> None:
    async with FakeTelegram() as fake, open_house(tmp_path, fake) as house:
        ana = fake.member(11, "Ana Pérez")
        ana.writes("¿Cuánto cuesta el envío?")
        await house.rest(messages=1)
        ana.writes("¿A qué hora abren?")
        await house.rest(messages=2)

        first, second = [message.plain for message in ana.reads]

    assert "$2.500" in first
    assert "automática" in first
    assert "se guarda durante un año" in first
    assert "/privacidad" in first
    assert "se guarda" not in second


async def test_a_copy_of_everything_comes_as_a_file(tmp_path: Path) -> None:
    async with FakeTelegram() as fake, open_house(tmp_path, fake) as house:
        ana = fake.member(11, "Ana Pérez")
        await tells_all(house, ana)
        ana.writes("/misdatos")
        await fake.wait_for(lambda ledger: any(s.file for s in ledger.to(ana.id)), PATIENCE)
        [sent] = [s for s in fake.ledger.to(ana.id) if s.file]
        ana.writes("/misdatos")
        await house.rest(messages=4)
        last = ana.reads[-1].plain
        said = await house.said(ana.id)

    document = json.loads(sent.file)
    assert document["format"] == "vocero-export/1"
    assert document["accounts"][0]["external_id"] == "11"
    [conversation] = document["conversations"]
    told = [message["text"] for message in conversation["messages"]]
    before = [one for one in said if one.id <= conversation["messages"][-1]["id"]]
    assert told == [one.text for one in before]
    assert any(message["kind"] == "note" for message in conversation["messages"])
    assert conversation["cases"][0]["notices_to_staff"]
    assert "hace menos de una hora" in last


async def test_who_asks_to_be_forgotten_leaves_nothing(tmp_path: Path) -> None:
    async with FakeTelegram() as fake, open_house(tmp_path, fake) as house:
        ana, luz = fake.member(11, "Ana Zúñiga Pérez"), fake.member(12, "Luz Díaz")
        luz.writes("¿Cuánto cuesta el envío?")
        await house.rest(messages=1)
        await tells_all(house, ana)
        before = await house.read(counted)
        assert await kept(house, tmp_path, SECRET, "Zúñiga")

        ana.writes("/olvidame")
        await house.fake.wait_for(lambda ledger: "¿Borro todo?" in ledger.to(ana.id)[-1].plain, PATIENCE)
        ana.taps("Sí, borrar todo")
        await fake.wait_for(lambda ledger: "Comprobante" in ledger.to(ana.id)[-1].plain, PATIENCE)
        await house.until(at_rest)
        receipt = fake.ledger.to(ana.id)[-1].plain
        left = [
            m
            for m in fake.chats.by_id[ana.id].messages.values()
            if m.sender.id == fake.bot.id and not m.deleted
        ]
        shown = [
            m.plain
            for m in fake.chats.by_id[house.staff.id].messages.values()
            if m.sender.id == fake.bot.id and not m.deleted
        ]
        assert await kept(house, tmp_path, SECRET, "Zúñiga", "Ana Z") == []
        assert [m.plain for m in left] == [receipt]
        assert not [text for text in shown if SECRET in text or "Ana" in text]
        assert any("se cerró" in text and "Comprobante" in text for text in shown)
        after = await house.read(counted)
        assert {key: after[key] for key in before if key[0] != "turn"} == {
            key: count for key, count in before.items() if key[0] != "turn"
        }
        assert all(after[key] >= count for key, count in before.items())
        [(kind, detail)] = await house.read(
            lambda c: [tuple(r) for r in c.execute(select(audit.c.kind, audit.c.detail))]
        )
        assert kind == "erased"
        assert detail["number"] in receipt
        assert await house.read(lambda c: c.execute(select(cases.c.state, cases.c.dossier)).all()) == [
            ("resolved", {})
        ]
        assert [s.text for s in await house.said(luz.id) if s.author == "member"] == [
            "¿Cuánto cuesta el envío?"
        ]

        ana.writes("¿A qué hora abren?")
        await house.rest(messages=2)
        again = ana.reads[-1].plain
        assert await kept(house, tmp_path, SECRET, "Zúñiga")
    assert "se guarda durante" in again


async def test_the_web_chat_hands_out_a_copy_and_forgets(tmp_path: Path) -> None:
    async with open_house(tmp_path, web=True) as house, aiohttp.ClientSession() as http:
        address = house.bot.web_address
        async with http.ws_connect(f"{address}/chat/ws", headers={"Origin": address}) as socket:
            await socket.send_json({"type": "hello", "after": 0, "lang": "es"})
            welcome = await socket.receive_json()
            session, secret = welcome["session"], welcome["secret"]

            async def says(text: str, until: str) -> dict[str, Any]:
                await socket.send_json({"type": "say", "id": f"m-{uuid4().hex}", "text": text})
                async with asyncio.timeout(PATIENCE):
                    while True:
                        frame: dict[str, Any] = await socket.receive_json()
                        if frame["type"] == "message" and until in frame["text"]:
                            return frame

            answer = await says(f"¿Cuánto cuesta el envío? {SECRET}", "$2.500")
            assert "se guarda durante un año" in answer["text"]
            ready = await says("/misdatos", "Aquí está todo")
            [file] = ready["files"]
            link = f"{address}/chat/files/{file['id']}"
            async with http.get(link, headers={"Authorization": f"Session {session}:{secret}"}) as got:
                assert got.status == 200
                assert got.headers["Content-Disposition"].startswith("attachment")
                assert got.headers["X-Content-Type-Options"] == "nosniff"
                document = json.loads(await got.read())
            assert document["accounts"][0]["external_id"] == session
            async with http.get(link, headers={"Authorization": f"Session {session}:{'x' * 43}"}) as refused:
                assert refused.status == 404

            await says("/olvidame", "¿Borro todo?")
            receipt = await says("sí", "Comprobante")
            await house.until(at_rest)

            assert "1 caso" not in receipt["text"]
            assert "Anota el número" in receipt["text"]
            assert "aplicación" not in receipt["text"]
            assert "puedes borrar" not in receipt["text"].lower()
            assert await kept(house, tmp_path, SECRET, session) == []
            again = await says("¿A qué hora abren?", "lunes a sábado")
            assert "se guarda durante un año" in again["text"], "whoever writes again is somebody new"


async def test_on_discord_too_nothing_of_ours_is_left_but_the_receipt(tmp_path: Path) -> None:
    async with FakeDiscord() as fake:
        ana = fake.member("Ana Zúñiga")
        async with open_house(tmp_path, **on_discord(fake)) as house:

            async def reads(words: str) -> None:
                async with asyncio.timeout(PATIENCE):
                    while not any(words in text for text in ana.texts):  # noqa: ASYNC110 # nobody tells
                        await asyncio.sleep(0.02)

            await fake.listened(PATIENCE)
            ana.writes(f"¿Cuánto cuesta el envío? {SECRET}")
            await reads("$2.500")
            ana.slash("olvidame")
            await reads("¿Borro todo?")
            ana.writes("sí")
            await reads("Comprobante")
            await house.until(at_rest)

            assert await kept(house, tmp_path, SECRET, "Zúñiga", str(ana.id)) == []
            [receipt] = ana.texts
            assert "Comprobante" in receipt


async def test_threads_on_discord_keep_neither_an_answer_nor_a_name(tmp_path: Path) -> None:
    """Answers that went into a thread can be removed only there; private threads bear their member's name."""
    async with FakeDiscord() as fake:
        server = fake.guild()
        general, ana = server.text("general"), server.member("Ana Zúñiga")
        home = write_shop(tmp_path / "home")
        (home / "config" / "community.yml").write_text(
            f"places:\n  general:\n    platform: discord\n    id: {general.id}\n    reply_in: thread\n",
            encoding="utf-8",
        )
        async with open_house(tmp_path, home=home, **on_discord(fake)) as house:
            await fake.listened(PATIENCE)
            asked = ana.at(general).mentions_bot("¿Cuánto cuesta el envío?")
            await house.rest(messages=1)
            ana.at(general).slash("olvidame")

            def private() -> Any:
                return next((one for one in server.threads if one.id != asked.id), None)

            async def reads(words: str) -> None:
                async with asyncio.timeout(PATIENCE):
                    while private() is None or not any(words in text for text in private().texts):  # noqa: ASYNC110 # nobody tells
                        await asyncio.sleep(0.02)

            await reads("¿Borro todo?")
            assert "Zúñiga" in private().channel.name
            ana.at(private()).writes("sí")
            await reads("Comprobante")
            await house.until(at_rest)

            answers = next(one for one in server.threads if one.id == asked.id)
            assert answers.texts == []
            assert private().channel.name == "Ayuda"
            [receipt] = private().texts
            assert "lugares públicos" not in receipt, "nothing was left there"
