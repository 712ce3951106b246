"""What the bench has to know of each platform: its server, its echo bot, and how a bot is pointed at it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.fakes.discord.remote import RemoteDiscord
from tests.fakes.telegram.remote import RemoteTelegram

Remote = RemoteTelegram | RemoteDiscord


@dataclass(frozen=True, slots=True)
class Platform:
    """One platform; `hears` tells from the server's state that the bot is there."""

    name: str
    open: Callable[[], Remote]
    echo: str
    library: str
    environment: Callable[[Any], dict[str, str]]
    hears: Callable[[dict[str, Any]], bool]


def _telegram(server: RemoteTelegram) -> dict[str, str]:
    return {
        "VOCERO_TELEGRAM_TOKEN": server.token,
        "VOCERO_TELEGRAM_BASE_URL": server.base_url,
        "VOCERO_TELEGRAM_FILE_URL": server.file_url,
        "VOCERO_TELEGRAM_LIMITS": "false",
    }


def _discord(server: RemoteDiscord) -> dict[str, str]:
    return {
        "VOCERO_DISCORD_TOKEN": server.token,
        "VOCERO_DISCORD_API_URL": server.api_url,
        "VOCERO_DISCORD_GATEWAY_URL": server.gateway_url,
        "VOCERO_DISCORD_CDN_URL": server.cdn_url,
    }


PLATFORMS = {
    "telegram": Platform(
        *("telegram", RemoteTelegram, "bench.echo", "python-telegram-bot"),
        environment=_telegram,
        hears=lambda state: bool(state["polls"]),
    ),
    "discord": Platform(
        *("discord", RemoteDiscord, "bench.echo_discord", "discord.py"),
        environment=_discord,
        hears=lambda state: bool(state["listening"]),
    ),
}
