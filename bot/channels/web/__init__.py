"""The brand's own web chat: a WebSocket, sessions without cookies, and what a page needs beside it."""

from bot.channels.web.channel import WebChannel
from bot.channels.web.gate import Gate
from bot.channels.web.limits import Limits
from bot.channels.web.media import MediaFolder
from bot.channels.web.ports import Item, Sessions, Transcript

__all__ = ["Gate", "Item", "Limits", "MediaFolder", "Sessions", "Transcript", "WebChannel"]
