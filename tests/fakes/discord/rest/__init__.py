"""The routes of Discord's REST API v10 that a bot of this kind uses."""

from tests.fakes.discord.rest import account, channels, commands, guilds, interactions, messages, threads
from tests.fakes.discord.rest.table import ROUTES, Route

__all__ = [
    "ROUTES",
    "Route",
    "account",
    "channels",
    "commands",
    "guilds",
    "interactions",
    "messages",
    "threads",
]
