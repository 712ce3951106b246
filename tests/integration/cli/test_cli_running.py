"""run, demo and staff-link: the bot at work, and how it ends."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from tests.integration.cli.conftest import Vocero, environment

PATIENCE = 60.0


class Running:
    """A `vocero` process and what it has said so far."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.said = ""

    async def until(self, text: str) -> None:
        """Read on until a text was said."""
        assert self.process.stdout
        async with asyncio.timeout(PATIENCE):
            while text not in self.said:
                line = await self.process.stdout.readline()
                assert line, f"it ended without {text!r}:\n{self.said}"
                self.said += line.decode()

    async def end(self) -> int:
        """Read to the end; the exit code."""
        assert self.process.stdout
        async with asyncio.timeout(PATIENCE):
            self.said += (await self.process.stdout.read()).decode()
            return await self.process.wait()

    @property
    def chat(self) -> str:
        """The address of its web chat."""
        found = re.search(r"Chat web: (http://\S+)/chat", self.said)
        assert found, self.said
        return found[1]


@asynccontextmanager
async def running(brand: Path, data: Path, *arguments: str, **more: str) -> AsyncIterator[Running]:
    given = {"VOCERO_DATA": str(data), "VOCERO_WEB_PORT": "0", "VOCERO_LOG_LEVEL": "error", **more}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", *arguments),
        cwd=brand,
        env=environment(**given),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        yield Running(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def command(vocero: Vocero, *arguments: str, **more: str) -> tuple[int, str, str]:
    told = await asyncio.to_thread(vocero, *arguments, **more)
    return told.returncode, told.stdout, told.stderr


async def test_run_finishes_what_it_began_when_it_is_told_to_stop(
    brand: Path, tmp_path: Path, vocero: Vocero
) -> None:
    """A member's message was acknowledged a moment before SIGTERM: it is answered all the same."""
    data = tmp_path / "data"
    async with running(brand, data, "run") as bot, aiohttp.ClientSession() as session:
        await bot.until("Para detenerlo: Ctrl+C.")
        assert "Mi Marca: el bot está en línea." in bot.said
        assert "Entradas: 5\n" in bot.said
        assert "Canales: web\n" in bot.said
        async with session.ws_connect(f"{bot.chat}/chat/ws", headers={"Origin": bot.chat}) as page:
            await page.send_json({"type": "hello", "after": 0, "lang": "es"})
            assert (await page.receive_json())["type"] == "welcome"
            # A greeting waits for more to come: nothing has been answered when the signal arrives.
            await page.send_json({"type": "say", "id": "mensaje-1", "text": "hola"})
            while (await page.receive_json())["type"] != "ack":
                continue
            bot.process.send_signal(signal.SIGTERM)
            code = await bot.end()

    assert code == 0, bot.said
    assert "Terminando lo que está en curso…" in bot.said
    assert bot.said.endswith("El bot se detuvo; no quedó nada a medias.\n")
    _, log, _ = await command(vocero, "log", "--data", str(data), "--format", "jsonl")
    rows = [json.loads(row) for row in log.splitlines()]
    assert [(row["author"], row["outcome"]) for row in rows] == [("member", "small_talk"), ("bot", "")]


async def test_what_waits_for_a_command_is_published_by_it(
    brand: Path, tmp_path: Path, vocero: Vocero
) -> None:
    """The brand publishes on command: a change is spoken once somebody says so, and a broken one never."""
    data, facts, settings = tmp_path / "data", brand / "faq" / "facts.yml", brand / "config" / "brand.yml"
    settings.write_text(settings.read_text() + "publicar: con_comando\n")
    async with running(brand, data, "run", VOCERO_LOG_LEVEL="info", VOCERO_LOG_FORMAT="json") as bot:
        await bot.until("Para detenerlo: Ctrl+C.")
        good = facts.read_text()

        facts.write_text(good + "roto: [\n")
        refused = await command(vocero, "faq", "publish", VOCERO_DATA=str(data))
        facts.write_text(good + "\n# una nota\n")
        taken = await command(vocero, "faq", "publish", VOCERO_DATA=str(data))
        await bot.until('"event": "published"')

    assert refused[0] == 1
    assert "faq/facts.yml:" in refused[1]
    assert taken[0] == 0, taken


async def test_a_second_signal_ends_it_at_once(brand: Path, tmp_path: Path) -> None:
    async with running(brand, tmp_path / "data", "run", VOCERO_SETTLE_SECONDS="30") as bot:
        await bot.until("Para detenerlo: Ctrl+C.")
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(f"{bot.chat}/chat/ws", headers={"Origin": bot.chat}) as page,
        ):
            await page.send_json({"type": "hello", "after": 0, "lang": "es"})
            await page.receive_json()
            await page.send_json({"type": "say", "id": "mensaje-1", "text": "hola"})
            while (await page.receive_json())["type"] != "ack":
                continue
            bot.process.send_signal(signal.SIGINT)
            await bot.until("Terminando lo que está en curso…")
            bot.process.send_signal(signal.SIGINT)
            code = await bot.end()

    assert code == 130, bot.said
    assert "Interrumpido." in bot.said
    assert "Traceback" not in bot.said


async def test_a_second_run_on_the_same_data_refuses_with_a_remedy(
    brand: Path, tmp_path: Path, vocero: Vocero
) -> None:
    data = tmp_path / "data"
    async with running(brand, data, "run") as bot:
        await bot.until("Para detenerlo: Ctrl+C.")

        spanish = await command(vocero, "run", VOCERO_DATA=str(data), VOCERO_WEB_PORT="0")
        english = await command(vocero, "--lang", "en", "run", VOCERO_DATA=str(data), VOCERO_WEB_PORT="0")

        pid = bot.process.pid
        assert spanish[0] == english[0] == 1
        assert f"Vocero ya está funcionando con esta base de datos (proceso {pid})" in spanish[2]
        assert f"Qué hacer: Detenlo primero: kill {pid}" in spanish[2]
        assert f"Vocero is already running on this database (process {pid})" in english[2]
        assert "Traceback" not in spanish[2] + english[2]
        bot.process.send_signal(signal.SIGTERM)
        assert await bot.end() == 0


async def test_a_staff_link_is_made_while_the_bot_runs_and_works_once(
    brand: Path, tmp_path: Path, vocero: Vocero
) -> None:
    data = tmp_path / "data"
    async with running(brand, data, "run") as bot, aiohttp.ClientSession() as session:
        await bot.until("Para detenerlo: Ctrl+C.")

        code, link, note = await command(vocero, "staff-link", "ANA", VOCERO_DATA=str(data))
        stranger = await command(vocero, "staff-link", "Zoe", VOCERO_DATA=str(data))

        assert code == 0, note
        assert link.startswith(bot.chat), "the port is the one that it really has"
        token = link.strip().partition("/staff/login?token=")[2]
        assert token
        async with session.get(f"{bot.chat}/staff/login?token={token}") as page:
            assert page.status == 200
            assert "Ana" in await page.text()
        assert stranger[0] == 1
        assert "Zoe no está en el equipo" in stranger[2]
        assert "ana (Ana)" in stranger[2]


async def test_the_demo_gives_a_chat_and_a_way_in_for_its_supervisor(brand: Path, tmp_path: Path) -> None:
    config = brand / "config" / "brand.yml"
    config.write_text("ficticia: yes\n" + config.read_text(encoding="utf-8"), encoding="utf-8")

    async with running(brand, tmp_path / "data", "demo") as bot, aiohttp.ClientSession() as session:
        await bot.until("Para detenerlo: Ctrl+C.")

        assert "Mi Marca es una marca ficticia" in bot.said
        assert "(entra como Ana; sirve una vez, por 15 minutos)" in bot.said
        link = re.search(r"Página del equipo: (\S+)", bot.said)
        assert link
        for address in (link[1], f"{bot.chat}/chat"):
            async with session.get(address) as page:
                assert page.status == 200
        bot.process.send_signal(signal.SIGINT)
        assert await bot.end() == 0


async def test_the_demo_keeps_its_data_apart(brand: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "demo"),
        cwd=brand,
        env=environment(VOCERO_WEB_PORT="0", VOCERO_LOG_LEVEL="error"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    bot = Running(process)
    try:
        await bot.until("Para detenerlo: Ctrl+C.")
        assert (brand / "data" / "demo" / "vocero.db").is_file()
    finally:
        process.terminate()
        await process.wait()


async def test_a_port_that_is_taken_is_told_with_a_remedy(
    brand: Path, tmp_path: Path, vocero: Vocero
) -> None:
    taken = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    async with taken:
        port = taken.sockets[0].getsockname()[1]
        told = await command(vocero, "run", VOCERO_DATA=str(tmp_path / "data"), VOCERO_WEB_PORT=str(port))

    assert told[0] == 1
    assert f"127.0.0.1:{port}: no se puede abrir la página web en esa dirección" in told[2]
    assert "VOCERO_WEB_PORT" in told[2]


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("VOCERO_WEB_PORT", "ochenta", "VOCERO_WEB_PORT: debe ser un número entero"),
        ("VOCERO_LOG_LEVEL", "todo", "VOCERO_LOG_LEVEL: puede ser debug|info|warning|error"),
        ("VOCERO_DATABASE_URL", "mysql://x", "mysql no es una base de datos que Vocero conozca"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(vocero: Vocero, name: str, value: str, told: str) -> None:
    refused = vocero("run", **{name: value})

    assert refused.returncode == 1
    assert told in refused.stderr
    assert "Qué hacer:" in refused.stderr
    assert "Traceback" not in refused.stderr
