"""The peer on Discord: a bare echo bot as discord.py's own examples build one, without a database."""

from __future__ import annotations

import os

import discord
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route


class Echo(discord.Client):
    """Says what was said."""

    async def on_message(self, message: discord.Message) -> None:
        if message.author != self.user:
            await message.channel.send(message.content)


def main() -> None:
    """Stay connected until stopped, to the addresses that the environment names."""
    Route.BASE = os.environ["VOCERO_DISCORD_API_URL"]
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(os.environ["VOCERO_DISCORD_GATEWAY_URL"])
    intents = discord.Intents.default()
    intents.message_content = True
    Echo(intents=intents).run(os.environ["VOCERO_DISCORD_TOKEN"], log_handler=None)


if __name__ == "__main__":
    main()
