"""Members and groups, who do what people do in Telegram."""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.fakes.telegram.chats import Chat, Message, User
from tests.fakes.telegram.entities import detect
from tests.fakes.telegram.ledger import Tap

if TYPE_CHECKING:
    from tests.fakes.telegram.server import FakeTelegram

PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360606060"
    "000000050001a5f645400000000049454e44ae426082"
)
"""A picture of one dot, in PNG."""

_albums = itertools.count(13_000_000_000)


@dataclass(slots=True)
class Speaker:
    """What a member in a private chat and a member in a group can both do."""

    fake: FakeTelegram
    chat: Chat
    user: User

    def writes(
        self, text: str, *, reply_to: Message | None = None, date: int = 0, thread: int = 0
    ) -> Message:
        """A text message; the bot gets its update."""
        return self._says(text=text, reply_to=reply_to, date=date, thread=thread)

    def sends_photo(
        self,
        content: bytes = PIXEL,
        *,
        caption: str = "",
        album: str = "",
        reply_to: Message | None = None,
    ) -> Message:
        small = self.fake.store(content[:40], "photo.png")
        large = self.fake.store(content, "photo.png")
        sizes = [
            {
                "file_id": small.id,
                "file_unique_id": f"u{small.id}",
                "width": 90,
                "height": 90,
                "file_size": 40,
            },
            {
                "file_id": large.id,
                "file_unique_id": f"u{large.id}",
                "width": 800,
                "height": 800,
                "file_size": len(content),
            },
        ]
        return self._says(caption=caption, media={"photo": sizes}, album=album, reply_to=reply_to)

    def sends_album(self, *contents: bytes, caption: str = "") -> list[Message]:
        """Several pictures at once: separate messages with one media_group_id, the caption on the first."""
        album = str(next(_albums))
        return [
            self.sends_photo(content, caption="" if index else caption, album=album)
            for index, content in enumerate(contents)
        ]

    def sends_document(
        self,
        content: bytes = b"%PDF-1.4 ",
        *,
        name: str = "boleta.pdf",
        mime: str = "application/pdf",
        caption: str = "",
        announced_size: int | None = None,
        reply_to: Message | None = None,
    ) -> Message:
        file = self.fake.store(content, name, announced_size)
        document = {
            "file_id": file.id,
            "file_unique_id": f"u{file.id}",
            "file_name": name,
            "mime_type": mime,
            "file_size": file.size,
        }
        return self._says(caption=caption, media={"document": document}, reply_to=reply_to)

    def sends_voice(
        self, content: bytes = b"OggS", *, seconds: int = 3, reply_to: Message | None = None
    ) -> Message:
        file = self.fake.store(content, "voice.oga")
        voice = {
            "file_id": file.id,
            "file_unique_id": f"u{file.id}",
            "duration": seconds,
            "mime_type": "audio/ogg",
            "file_size": file.size,
        }
        return self._says(media={"voice": voice}, reply_to=reply_to)

    def sends_sticker(self, emoji: str = "👍") -> Message:
        file = self.fake.store(b"RIFF", "sticker.webp")
        sticker = {
            "file_id": file.id,
            "file_unique_id": f"u{file.id}",
            "type": "regular",
            "width": 512,
            "height": 512,
            "is_animated": False,
            "is_video": False,
            "emoji": emoji,
            "file_size": file.size,
        }
        return self._says(media={"sticker": sticker})

    def sends(self, **media: Any) -> Message:
        """Anything else by its key, such as `location={"latitude": 1.0, "longitude": 2.0}`."""
        caption = media.pop("caption", "")
        return self._says(caption=caption, media=media)

    def edits(self, message: Message, text: str) -> Message:
        """Change the text (or the caption) of an own message."""
        if message.text:
            message.text = text
        else:
            message.caption = text
        message.entities = detect(text)
        message.edited = max(int(time.time()), message.date + 1)
        self.fake.push("edited_message", message.json())
        return message

    def taps(self, button: str, message: Message | None = None) -> Tap:
        """Press the button with this label (or data) on the last message of the chat that has it."""
        at = [message] if message else reversed(self.chat.messages.values())
        for candidate in at:
            for row in candidate.buttons:
                for key in row:
                    if "callback_data" in key and button in (key["text"], key["callback_data"]):
                        return self.fake.tap(self.user, candidate, key["callback_data"])
        seen = [key["text"] for m in self.chat.messages.values() for row in m.buttons for key in row]
        raise AssertionError(f"no button {button!r} in chat {self.chat.id}; there are {seen}")

    @property
    def reads(self) -> list[Message]:
        """The bot's messages in this chat, in their present state."""
        return [
            message
            for message in self.chat.messages.values()
            if message.sender.is_bot and not message.deleted
        ]

    def _says(self, **content: Any) -> Message:
        return self.fake.say(self.chat, self.user, **content)


@dataclass(slots=True)
class Member(Speaker):
    """A person in a private chat with the bot."""

    @property
    def id(self) -> int:
        return self.user.id

    def blocks_bot(self) -> None:
        self._turns("kicked", blocked=True)

    def unblocks_bot(self) -> None:
        self._turns("member", blocked=False)

    def deletes_chat_for_good(self) -> None:
        """As after a deleted account: the chat is unknown to the bot."""
        del self.fake.chats.by_id[self.chat.id]

    def _turns(self, status: str, *, blocked: bool) -> None:
        self.chat.blocked = blocked
        self.fake.push_membership(self.chat, self.user, status)


@dataclass(slots=True)
class Group:
    """A group with the bot in it; what is said is said by its first member unless told."""

    fake: FakeTelegram
    chat: Chat
    members: dict[int, User] = field(default_factory=dict)

    @property
    def id(self) -> int:
        return self.chat.id

    def person(self, by: User | Member | None = None) -> Speaker:
        """One of the group's people, speaking in the group."""
        user = by.user if isinstance(by, Member) else by
        if user is None:
            user = next(iter(self.members.values()))
        self.members.setdefault(user.id, user)
        return Speaker(self.fake, self.chat, user)

    def writes(self, text: str, *, by: User | Member | None = None, thread: int = 0) -> Message:
        return self.person(by).writes(text, thread=thread)

    def posts_anonymously(self, text: str, *, reply_to: Message | None = None, thread: int = 0) -> Message:
        """An administrator who writes in the group's name: https://core.telegram.org/bots/api#message"""
        user = User(1_087_968_824, "Group", username="GroupAnonymousBot", is_bot=True)
        return self.fake.say(self.chat, user, text=text, reply_to=reply_to, thread=thread, as_chat=self.chat)

    def posts_as_channel(self, text: str, channel: Chat, *, reply_to: Message | None = None) -> Message:
        """A member who writes in the name of a channel of theirs."""
        user = User(136_817_688, "Channel", username="Channel_Bot", is_bot=True)
        return self.fake.say(self.chat, user, text=text, reply_to=reply_to, as_chat=channel)

    def gets_post_of(self, channel: Chat, text: str) -> Message:
        """A post of the channel that the group belongs to."""
        user = User(777_000, "Telegram")
        return self.fake.say(self.chat, user, text=text, as_chat=channel, forwarded=True)

    def replies_to(self, message: Message, text: str, *, by: User | Member | None = None) -> Message:
        return self.person(by).writes(text, reply_to=message, thread=message.thread)

    def taps(self, button: str, message: Message | None = None, *, by: User | Member | None = None) -> Tap:
        return self.person(by).taps(button, message)

    @property
    def reads(self) -> list[Message]:
        """The bot's messages in the group."""
        return self.person().reads

    def last(self, containing: str = "") -> Message:
        """The bot's last message that contains a text."""
        for message in reversed(self.reads):
            if containing in message.plain:
                return message
        raise AssertionError(f"no message with {containing!r}; there are {[m.plain for m in self.reads]}")

    def kicks_bot(self) -> None:
        self.chat.blocked = True
        self.fake.push_membership(self.chat, next(iter(self.members.values())), "kicked")

    def becomes_supergroup(self, new_id: int) -> Group:
        """The group moves to a new id, which both sides are told."""
        by = next(iter(self.members.values()))
        self.fake.say(self.chat, by, media={"migrate_to_chat_id": new_id})
        self.chat.upgraded_to = new_id
        moved = self.fake.group(new_id, self.chat.title, list(self.members.values()))
        self.fake.say(moved.chat, by, media={"migrate_from_chat_id": self.chat.id})
        return moved
