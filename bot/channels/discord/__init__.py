"""Discord: direct messages, servers' channels and threads, and a staff channel."""

from bot.channels.discord.channel import DiscordChannel
from bot.channels.discord.commands import slash_commands

__all__ = ["DiscordChannel", "slash_commands"]
