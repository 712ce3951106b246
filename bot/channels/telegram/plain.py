"""Plain words in a private chat, most of what arrives, read without the library's objects.

Building them is a tenth of what a message costs. What is not exactly of this form goes the long way, and a
test holds that both ways say the same.
"""

from __future__ import annotations

from collections.abc import Container
from datetime import UTC, datetime
from typing import Any

from bot.domain import Account, Inbound, InboundKind, PlaceKind, PlaceRef, Sender

_MESSAGE = {"message_id", "from", "chat", "date", "text"}
_USER = {"id", "is_bot", "first_name", "last_name", "username", "language_code"}
_CHAT = {"id", "type", "first_name", "last_name", "username"}


def plain_words(raw: Any, account: Account, staff: Container[str]) -> Inbound | None:
    """The event of an update with nothing but words in a private chat; None for any other.

    `staff` has the ids of chats that are no private ones, whatever they look like.
    """
    if not isinstance(raw, dict) or len(raw) != 2:
        return None
    number, message = raw.get("update_id"), raw.get("message")
    if type(number) is not int or not isinstance(message, dict) or message.keys() != _MESSAGE:
        return None
    user, chat, text = message["from"], message["chat"], message["text"]
    if not isinstance(user, dict) or not isinstance(chat, dict) or not isinstance(text, str):
        return None
    if not (user.keys() <= _USER and chat.keys() <= _CHAT and chat.get("type") == "private"):
        return None
    who, where = user.get("id"), chat.get("id")
    if type(who) is not int or who != where or user.get("is_bot") is not False or str(where) in staff:
        return None
    first, last = user.get("first_name"), user.get("last_name", "")
    name, lang = user.get("username", ""), user.get("language_code", "")
    if not (isinstance(first, str) and isinstance(last, str)):
        return None
    if not (isinstance(name, str) and isinstance(lang, str)):
        return None
    at, message_id = message["date"], message["message_id"]
    if type(at) is not int or not 0 < at < 2**32 or type(message_id) is not int or message_id < 1:
        return None
    if not text or text[0] == "/" or not f"{text}{first}{last}{name}{lang}".isprintable():
        return None
    return Inbound(
        account=account,
        event_id=str(number),
        kind=InboundKind.MESSAGE,
        sent_at=datetime.fromtimestamp(at, UTC),
        sender=Sender(str(who), f"{first} {last}" if last else first, name, lang),
        place=PlaceRef(str(where), PlaceKind.PRIVATE),
        message_id=str(message_id),
        text=text,
    )
