"""Whom a message in a Telegram group speaks to, and who stands behind it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import telegram

from bot.domain import Addressed, Sender

_LEFT_OVER = re.compile(r"^[\s,:;.–-]+|\s+$")
_GAP = re.compile(r"[ \t]{2,}")


@dataclass(frozen=True, slots=True)
class Called:
    """A message's text without mentions of us, and whom it speaks to."""

    text: str
    addressed: Addressed
    to_others: bool


def called(message: telegram.Message, *, bot_id: str, username: str) -> Called:
    """Whom a message in a group speaks to; `username` is the bot's in lower case, without the @."""
    text = message.text or message.caption or ""
    ours: list[tuple[int, int]] = []
    others = message.forward_origin is not None
    for start, end, name, user in _mentions(message, text):
        if user == bot_id or name == username:
            ours.append((start, end))
        elif name or user:
            others = True
    replied = _replied(message)
    to_us = replied is not None and _author(replied) == bot_id
    if replied is not None and not to_us and not replied.is_automatic_forward:
        others = others or _author(replied) != _author(message)
    if ours:
        return Called(_without(text, ours), Addressed.MENTION, others)
    return Called(text, Addressed.REPLY if to_us else Addressed.NOT, others)


def sender_of(message: telegram.Message, *, moderates: bool) -> Sender | None:
    """Who wrote in a group.

    Whoever writes in the name of a chat is nobody whom a private chat could reach; in the name of the group
    itself only its administrators write. What a channel posted, and what a member sent through another bot,
    are words of a bot: https://core.telegram.org/bots/api#message (`sender_chat`, `is_automatic_forward`).
    """
    if (chat := message.sender_chat) is not None:
        return Sender(
            str(chat.id),
            chat.title or "",
            chat.username or "",
            is_bot=bool(message.is_automatic_forward),
            anonymous=True,
            moderates=chat.id == message.chat.id,
        )
    if (user := message.from_user) is None:
        return None
    return Sender(
        str(user.id),
        user.full_name,
        user.username or "",
        user.language_code or "",
        is_bot=user.is_bot or message.via_bot is not None,
        moderates=moderates,
    )


def reply_to(message: telegram.Message) -> str:
    """The message that this one replies to, ''."""
    replied = _replied(message)
    return str(replied.message_id) if replied is not None else ""


def _replied(message: telegram.Message) -> telegram.Message | None:
    replied = message.reply_to_message
    # in a topic every message replies to the topic's first, unless it replies to another
    if replied is None or (message.is_topic_message and replied.message_id == message.message_thread_id):
        return None
    return replied


def _author(message: telegram.Message) -> str:
    if message.sender_chat is not None:
        return str(message.sender_chat.id)
    return str(message.from_user.id) if message.from_user is not None else ""


def _mentions(message: telegram.Message, text: str) -> Iterator[tuple[int, int, str, str]]:
    """Start and end in `text`, name without the @ in lower case, and user id of each mention.

    Telegram counts in UTF-16 units: https://core.telegram.org/bots/api#messageentity
    """
    entities = message.entities or message.caption_entities
    if not entities:
        return
    raw = text.encode("utf-16-le")
    for entity in entities:
        if entity.type not in (telegram.MessageEntity.MENTION, telegram.MessageEntity.TEXT_MENTION):
            continue
        start = len(raw[: entity.offset * 2].decode("utf-16-le", "ignore"))
        name = raw[entity.offset * 2 : (entity.offset + entity.length) * 2].decode("utf-16-le", "ignore")
        if entity.type == telegram.MessageEntity.MENTION:
            yield start, start + len(name), name.lstrip("@").lower(), ""
        elif entity.user is not None:
            yield start, start + len(name), "", str(entity.user.id)


def _without(text: str, stretches: list[tuple[int, int]]) -> str:
    for start, end in sorted(stretches, reverse=True):
        text = f"{text[:start]} {text[end:]}"
    return _GAP.sub(" ", _LEFT_OVER.sub("", text))
