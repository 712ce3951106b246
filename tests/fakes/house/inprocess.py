"""The real bot in this process, with the small shop, a real database and a loopback Telegram."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection

from bot.app import Bot, open_bot
from bot.settings import Settings, read
from tests.fakes.databases import databases
from tests.fakes.discord import FakeDiscord
from tests.fakes.discord.remote import RemoteDiscord
from tests.fakes.house import records
from tests.fakes.house.records import Said
from tests.fakes.house.shop import write_shop
from tests.fakes.telegram import FakeTelegram, Group

T = TypeVar("T")

STAFF_CHAT = -100_777
PATIENCE = 30.0
"""Seconds that a test waits for what surely comes: long, because machines are slow and nothing is timed."""
MODELS = Path(tempfile.gettempdir()) / "vocero-test-models"
"""Trained models are named by their content, so all tests share them."""


@dataclass(slots=True)
class House:
    """A running bot and its surroundings."""

    bot: Bot
    fake: FakeTelegram | None
    staff: Group | None
    home: Path

    async def read(self, look: Callable[[Connection], T]) -> T:
        """What a look into the database finds now."""
        return await self.bot.store.read(look)

    async def until(self, look: Callable[[Connection], object], patience: float = PATIENCE) -> None:
        """Return once a look into the database finds something true."""
        try:
            async with asyncio.timeout(patience):
                while not await self.bot.store.read(look):  # noqa: ASYNC110 # a database tells nobody
                    await asyncio.sleep(0.02)
        except TimeoutError:
            lines = [
                f"{s.member} {s.author}: {s.text[:60]!r} {s.outcome or ''} {s.rule or ''} {s.delivery or ''}"
                for s in await self.bot.store.read(records.said)
            ]
            raise TimeoutError("not reached; what was said:\n" + "\n".join(lines[-20:])) from None

    async def rest(self, messages: int = 0, patience: float = PATIENCE) -> None:
        """Return once `messages` of members arrived, each has its outcome and nothing is left to send."""

        def look(connection: Connection) -> bool:
            heard = sum(s.author == "member" for s in records.said(connection))
            return heard >= messages and records.at_rest(connection)

        await self.until(look, patience)

    async def said(self, member: str | int | None = None) -> list[Said]:
        """All that was said, as the database has it."""
        return await self.read(lambda connection: records.said(connection, member))


def settings_of(folder: Path, home: Path, fake: FakeTelegram | None, **given: Any) -> Settings:
    """Settings of a house; `given` ones go first."""
    data = folder / "data"
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    MODELS.mkdir(parents=True, exist_ok=True)
    if not (data / "models").exists():
        (data / "models").symlink_to(MODELS, target_is_directory=True)
    base: dict[str, Any] = {
        "home": home,
        "data": data,
        "database_url": databases.url(data) if databases.kind == "postgresql" else "",
        "web_port": 0,
        "settle_seconds": 0.25,
        "knowledge_rest_seconds": 0.1,
        "drain_seconds": 5.0,
        "telegram_limits": False,
        "telegram_token": "",
        "telegram_staff_chat": "",
        "discord_token": "",
        "discord_staff_channel": "",
    }
    if fake is not None:
        base |= {
            "telegram_token": fake.token,
            "telegram_base_url": fake.base_url,
            "telegram_file_url": fake.file_url,
            "telegram_staff_chat": str(STAFF_CHAT),
        }
    return read(**(base | given))


def on_discord(fake: FakeDiscord | RemoteDiscord, staff: int = 0) -> dict[str, Any]:
    """Settings of a house that speaks on this Discord, with the staff channel of that id."""
    return {
        "discord_token": fake.token,
        "discord_api_url": fake.api_url,
        "discord_cdn_url": fake.cdn_url,
        "discord_staff_channel": str(staff or ""),
    }


@asynccontextmanager
async def open_house(
    folder: Path,
    fake: FakeTelegram | None = None,
    *,
    home: Path | None = None,
    web: bool = False,
    **given: Any,
) -> AsyncIterator[House]:
    """Run the bot until the block ends; `folder` keeps its data, so that a second house goes on with it."""
    home = home or (folder / "home")
    if not home.exists():
        write_shop(home)
    staff = None
    if fake is not None:
        known = STAFF_CHAT in fake.chats.by_id
        staff = None if known else fake.group(STAFF_CHAT, "Equipo")
    async with open_bot(settings_of(folder, home, fake, **given), web=web) as bot:
        stop = asyncio.Event()
        running = asyncio.create_task(bot.run(stop))
        try:
            yield House(bot, fake, staff, home)
        finally:
            stop.set()
            await running
