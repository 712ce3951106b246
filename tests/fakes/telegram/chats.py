"""Who is there and what was said: users, chats and messages as Telegram keeps them."""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.telegram.entities import Entity
from tests.fakes.telegram.errors import bad_request, forbidden


@dataclass(slots=True)
class User:
    """A person or a bot."""

    id: int
    first_name: str
    last_name: str = ""
    username: str = ""
    language_code: str = ""
    is_bot: bool = False

    def json(self) -> dict[str, Any]:
        out: dict[str, Any] = {"id": self.id, "is_bot": self.is_bot, "first_name": self.first_name}
        for name in ("last_name", "username", "language_code"):
            if getattr(self, name):
                out[name] = getattr(self, name)
        return out


@dataclass(slots=True)
class Message:
    """One message of a chat, in its present state."""

    chat: Chat
    id: int
    sender: User
    date: int
    text: str = ""
    caption: str = ""
    entities: list[Entity] = field(default_factory=list)
    media: dict[str, Any] = field(default_factory=dict)
    """What else it carries, by its key: `photo`, `voice`, `document`..."""
    reply_to: Message | None = None
    thread: int = 0
    album: str = ""
    edited: int = 0
    markup: dict[str, Any] | None = None
    reactions: list[str] = field(default_factory=list)
    deleted: bool = False
    at: float = field(default_factory=time.monotonic)
    """When it was said, on the loop's clock: what a bench reckons with."""

    as_chat: Chat | None = None
    """The chat in whose name it was written, if not in the sender's own."""
    forwarded: bool = False
    """A post of the linked channel, put into the group by Telegram."""

    @property
    def plain(self) -> str:
        """What a person reads: text or caption, without tags."""
        return self.text or self.caption

    @property
    def buttons(self) -> list[list[dict[str, Any]]]:
        """The inline keyboard, row by row."""
        rows: list[list[dict[str, Any]]] = (self.markup or {}).get("inline_keyboard", [])
        return rows

    def json(self, *, deep: bool = True) -> dict[str, Any]:
        out: dict[str, Any] = {
            "message_id": self.id,
            "from": self.sender.json(),
            "chat": self.chat.json(),
            "date": self.date,
        }
        if self.thread:
            out["message_thread_id"] = self.thread
            out["is_topic_message"] = True
        if self.as_chat:
            out["sender_chat"] = self.as_chat.json()
        if self.forwarded:
            out["is_automatic_forward"] = True
        if self.edited:
            out["edit_date"] = self.edited
        if self.text:
            out["text"] = self.text
        if self.caption:
            out["caption"] = self.caption
        if self.entities:
            out["entities" if self.text else "caption_entities"] = [e.json() for e in self.entities]
        if self.album:
            out["media_group_id"] = self.album
        if self.reply_to and deep:
            out["reply_to_message"] = self.reply_to.json(deep=False)
        if self.markup and "inline_keyboard" in self.markup:
            out["reply_markup"] = self.markup
        return out | self.media


@dataclass(slots=True)
class Chat:
    """A private chat or a group."""

    id: int
    type: str
    title: str = ""
    user: User | None = None
    is_forum: bool = False
    bot_sees_all: bool = True
    """False: privacy mode, the bot reads commands, mentions and replies to itself only."""
    admins: set[int] = field(default_factory=set)
    """Who runs it, by user id; the bot itself if it is an administrator."""
    permissions: dict[str, bool] = field(default_factory=dict)
    """What ordinary members may do, where that is not everything."""
    started: bool = True
    """A member has written first; before that a bot may not."""
    blocked: bool = False
    muted: bool = False
    """The group's permissions keep members, and the bot with them, from writing."""
    upgraded_to: int = 0
    topics: dict[int, dict[str, Any]] = field(default_factory=dict)
    messages: dict[int, Message] = field(default_factory=dict)
    ids: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def json(self) -> dict[str, Any]:
        out: dict[str, Any] = {"id": self.id, "type": self.type}
        if self.user:
            out |= {k: v for k, v in self.user.json().items() if k in ("first_name", "last_name", "username")}
        if self.title:
            out["title"] = self.title
        if self.is_forum:
            out["is_forum"] = True
        return out


class Chats:
    """Every chat the bot could know."""

    def __init__(self) -> None:
        self.by_id: dict[int, Chat] = {}

    def open(self, chat_id: object) -> Chat:
        """The chat, if the bot may write in it; raises what Telegram would."""
        chat = self.find(chat_id)
        if chat.upgraded_to:
            error = bad_request("group chat was upgraded to a supergroup chat")
            error.parameters["migrate_to_chat_id"] = chat.upgraded_to
            raise error
        if chat.blocked and chat.type == "private":
            raise forbidden("bot was blocked by the user")
        if chat.blocked:
            raise forbidden(f"bot was kicked from the {chat.type} chat")
        if not chat.started:
            raise forbidden("bot can't initiate conversation with a user")
        if chat.muted:
            raise bad_request("not enough rights to send text messages to the chat")
        return chat

    def find(self, chat_id: object) -> Chat:
        """The chat, whether or not the bot may write in it."""
        chat = self.by_id.get(chat_id) if isinstance(chat_id, int) else None
        if chat is None:
            raise bad_request("chat not found")
        return chat

    def message(self, chat: Chat, message_id: int, missing: str) -> Message:
        """A message that still exists; raises 400 with `missing`."""
        message = chat.messages.get(message_id)
        if message is None or message.deleted:
            raise bad_request(missing)
        return message
