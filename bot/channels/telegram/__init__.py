"""Telegram: private chats, groups and a staff chat over the Bot API."""

from bot.channels.telegram.channel import CommandMenu, TelegramChannel
from bot.channels.telegram.pace import PaceLimits

__all__ = ["CommandMenu", "PaceLimits", "TelegramChannel"]
