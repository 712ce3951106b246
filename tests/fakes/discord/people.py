"""Members and moderators, who do what people do in Discord, and the places where they do it."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.fakes.discord import asking, posting
from tests.fakes.discord.gateway import Intent
from tests.fakes.discord.ledger import Asked
from tests.fakes.discord.model import (
    JOIN,
    LOADING,
    TEXT,
    VOICE_MESSAGE,
    Channel,
    GuildMember,
    Message,
    Overwrite,
    Role,
    User,
)
from tests.fakes.discord.rest import threads
from tests.fakes.discord.rights import Right

if TYPE_CHECKING:
    from tests.fakes.discord.server import FakeDiscord
    from tests.fakes.discord.servers import Server

PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360606060"
    "000000050001a5f645400000000049454e44ae426082"
)
"""A picture of one dot, in PNG."""


@dataclass(slots=True)
class Speaker:
    """One person in one channel."""

    fake: FakeDiscord
    user: User
    place: Channel | None

    @property
    def id(self) -> int:
        return self.user.id

    @property
    def channel(self) -> Channel:
        """Where they speak: the place, or their direct messages with the bot."""
        return self.place or self.fake.world.dm(self.user)

    @property
    def mention(self) -> str:
        return f"<@{self.user.id}>"

    def writes(
        self,
        text: str,
        *,
        reply_to: Message | None = None,
        pings_author: bool = True,
        ago: float = 0.0,
        files: Iterable[tuple[str, bytes]] = (),
        stickers: Iterable[str] = (),
        announced_size: int | None = None,
        flags: int = 0,
    ) -> Message:
        """A message; the bot gets its event. `ago`: it was written so many seconds before now."""
        channel = self.channel
        self._may_write()
        attachments = [
            self.fake.world.store(channel, content, name, announced_size=announced_size)
            for name, content in files
        ]
        return self.fake.say(
            channel,
            self.user,
            text,
            reply_to=reply_to,
            pings_author=pings_author,
            at=time.time() - ago if ago else None,
            attachments=attachments,
            stickers=[{"id": str(self.fake.ids.next()), "name": name, "format_type": 1} for name in stickers],
            flags=flags,
        )

    def mentions_bot(self, text: str, *, reply_to: Message | None = None) -> Message:
        """A message that begins with a mention of the bot."""
        return self.writes(f"<@{self.fake.bot.id}> {text}", reply_to=reply_to)

    def replies_to(self, message: Message, text: str, *, pings_author: bool = True) -> Message:
        return self.writes(text, reply_to=message, pings_author=pings_author)

    def sends_photo(self, content: bytes = PIXEL, *, caption: str = "") -> Message:
        return self.writes(caption, files=[("foto.png", content)])

    def sends_document(
        self,
        content: bytes = b"%PDF-1.4 ",
        *,
        name: str = "boleta.pdf",
        caption: str = "",
        announced_size: int | None = None,
    ) -> Message:
        return self.writes(caption, files=[(name, content)], announced_size=announced_size)

    def sends_voice(self, content: bytes = b"OggS", *, seconds: float = 3.0) -> Message:
        channel = self.channel
        file = self.fake.world.store(channel, content, "voice-message.ogg", mime="audio/ogg")
        file.duration = seconds
        return self.fake.say(channel, self.user, "", attachments=[file], flags=VOICE_MESSAGE)

    def sends_sticker(self, name: str = "Wumpus") -> Message:
        return self.writes("", stickers=[name])

    def edits(self, message: Message, text: str) -> Message:
        """Change the text of an own message."""
        assert message.author is self.user, "people edit what they wrote themselves"
        message.content = text
        message.edited = time.time()
        posting.changed(self.fake, message)
        return message

    def deletes(self, message: Message) -> None:
        """An own message, or somebody's as a moderator."""
        may = self.fake.world.rights(message.channel, self.user) & Right.MANAGE_MESSAGES
        assert message.author is self.user or may, f"{self.user.name} may not delete that"
        posting.delete(self.fake, message)

    def reacts(self, message: Message, emoji: str = "👍") -> None:
        self.fake.react(message, emoji, self.user)

    def unreacts(self, message: Message, emoji: str = "👍") -> None:
        self.fake.unreact(message, emoji, self.user)

    def types(self) -> None:
        """The others see that they are typing."""
        channel = self.channel
        data: dict[str, Any] = {
            "channel_id": str(channel.id),
            "user_id": str(self.user.id),
            "timestamp": int(time.time()),
        }
        intent = Intent.DIRECT_MESSAGE_TYPING
        if channel.guild:
            data |= {
                "guild_id": str(channel.guild.id),
                "member": channel.guild.members[self.user.id].json(),
            }
            intent = Intent.GUILD_MESSAGE_TYPING
        self.fake.gateway.dispatch("TYPING_START", data, channel=channel, intent=intent)

    def _may_write(self) -> None:
        """Raise AssertionError where Discord would not let this person write."""
        channel, world = self.channel, self.fake.world
        if channel.is_dm:
            assert self.user.id not in world.blocked_bot, f"{self.user.name} has blocked the bot"
            assert world.share_guild(self.user), f"{self.user.name} shares no server with the bot"
            return
        rights = world.rights(channel, self.user)
        needed = Right.SEND_MESSAGES_IN_THREADS if channel.is_thread else Right.SEND_MESSAGES
        assert rights & needed, f"{self.user.name} may not write in {channel.name}"
        assert not channel.locked or rights & Right.MANAGE_THREADS, f"{channel.name} is locked"

    # Commands, buttons, forms

    def slash(self, words: str, **options: Any) -> Asked:
        """Use a command as this person sees it, in their language: `slash("faq", titulo="Envíos")`."""
        return asking.command(self.fake, self.user, self.channel, words, options)

    def completes(self, words: str, option: str, typed: str, **others: Any) -> Asked:
        """Type into an option of a command that proposes; the answer's `choices` are what is proposed."""
        given = others | {option: typed}
        return asking.command(self.fake, self.user, self.channel, words, given, focused=option)

    def taps(self, label: str, message: Message | None = None) -> Asked:
        """Press the button with this label (or custom_id) on the last message here that has it."""
        for candidate in [message] if message else reversed(self.reads):
            if any(label in (key.get("label"), key.get("custom_id")) for key in candidate.keys):
                return asking.press(self.fake, self.user, self.channel, label, candidate)
        seen = [key.get("label") for one in self.reads for key in one.keys]
        raise AssertionError(f"no button {label!r} here; there are {seen}")

    def picks(self, *labels: str, message: Message | None = None) -> Asked:
        """Choose in the select menu of a message, the last one that has a menu unless told."""
        candidates = [one for one in self.reads if any("options" in key for key in one.keys)]
        assert message or candidates, "no menu here"
        return asking.pick(self.fake, self.user, self.channel, list(labels), message or candidates[-1])

    def fills(self, asked: Asked, **values: str) -> Asked:
        """Fill in the form that an interaction was answered with, by custom_id or label."""
        return asking.fill(self.fake, asked, values)

    # Threads

    def opens_thread(self, message: Message, name: str, *, minutes: int = 1440) -> Speaker:
        """Start a thread at a message and go there."""
        thread = threads.thread_of(self.fake, message, self.user, name, minutes)
        return Speaker(self.fake, self.user, thread)

    def posts(self, title: str, text: str, *, tags: Iterable[str] = ()) -> Speaker:
        """A post in this forum; gives the person in its thread."""
        named = {tag.name: tag.id for tag in self.channel.tags}
        ids = [named[tag] for tag in tags]
        thread = threads.post_in_forum(self.fake, self.channel, self.user, title, text, ids)
        return Speaker(self.fake, self.user, thread)

    @property
    def reads(self) -> list[Message]:
        """The bot's messages here that this person sees, in their present state."""
        return [
            message
            for message in sorted(self.channel.messages.values(), key=lambda message: message.id)
            if message.author is self.fake.bot
            and not message.deleted
            and not message.is_system
            and not message.flags & LOADING
            and message.ephemeral_to in (None, self.user)
        ]

    @property
    def texts(self) -> list[str]:
        """The same as text."""
        return [message.text for message in self.reads]


@dataclass(slots=True)
class Person(Speaker):
    """Someone on Discord; by themselves they speak with the bot in direct messages."""

    def at(self, place: Channel | Place) -> Speaker:
        """The same person in a channel or thread."""
        channel = place.channel if isinstance(place, Place) else place
        return Speaker(self.fake, self.user, channel)

    def closes_dms(self) -> None:
        """From now on nobody of the guild can write to them (50007)."""
        self.user.dms_open = False

    def opens_dms(self) -> None:
        self.user.dms_open = True

    def blocks_bot(self) -> None:
        self.fake.world.blocked_bot.add(self.user.id)

    def unblocks_bot(self) -> None:
        self.fake.world.blocked_bot.discard(self.user.id)

    def joins(self, server: Server, *, roles: Iterable[Role] = (), announced: bool = False) -> None:
        """Become a member; `announced` in the guild's first channel by a system message."""
        guild = server.guild
        member = guild.members[self.user.id] = GuildMember(self.user, [role.id for role in roles])
        self.fake.gateway.dispatch(
            "GUILD_MEMBER_ADD", member.json() | {"guild_id": str(guild.id)}, guild=guild
        )
        if announced:
            first = next(channel for channel in guild.channels.values() if channel.type == TEXT)
            self.fake.say(first, self.user, "", type=JOIN)

    def gets(self, server: Server, *roles: Role) -> None:
        """Have these roles from now on, and no others."""
        member = server.guild.members[self.user.id]
        member.roles = [role.id for role in roles]
        data = member.json() | {"guild_id": str(server.id)}
        self.fake.gateway.dispatch("GUILD_MEMBER_UPDATE", data, guild=server.guild)

    def leaves(self, server: Server) -> None:
        guild = server.guild
        del guild.members[self.user.id]
        for thread in guild.threads.values():
            thread.members.pop(self.user.id, None)
        data = {"guild_id": str(guild.id), "user": self.user.json()}
        self.fake.gateway.dispatch("GUILD_MEMBER_REMOVE", data, guild=guild)


@dataclass(slots=True)
class Place:
    """A channel or thread of a guild, seen by whoever writes a test."""

    fake: FakeDiscord
    channel: Channel

    @property
    def id(self) -> int:
        return self.channel.id

    @property
    def reads(self) -> list[Message]:
        """The bot's messages that everybody here sees."""
        found = (self.channel.messages[one] for one in self.channel.order)
        return [one for one in found if one.author is self.fake.bot and not one.is_system]

    @property
    def texts(self) -> list[str]:
        return [message.text for message in self.reads]

    def last(self, containing: str = "") -> Message:
        """The bot's last message that contains a text."""
        for message in reversed(self.reads):
            if containing in message.text:
                return message
        raise AssertionError(f"no message with {containing!r}; there are {self.texts}")

    def allows(self, who: Role | Person, *, allow: int = 0, deny: int = 0) -> None:
        """Change what a role or a person may do here."""
        saw = self.fake.world.bot_sees(self.channel)
        kind = 0 if isinstance(who, Role) else 1
        self.channel.overwrites[who.id] = Overwrite(who.id, kind, int(allow), int(deny))
        self.fake.tell_channel("CHANNEL_UPDATE", self.channel)
        if not saw:
            self.fake.sync_threads(self.channel)

    def denies_bot(self, rights: int) -> None:
        """Take these rights from the bot here, and give back those taken before."""
        saw = self.fake.world.bot_sees(self.channel)
        self.channel.overwrites[self.fake.bot.id] = Overwrite(self.fake.bot.id, 1, 0, int(rights))
        self.fake.tell_channel("CHANNEL_UPDATE", self.channel)
        if not saw:
            self.fake.sync_threads(self.channel)

    def says_webhook(self, text: str, name: str = "Avisos") -> Message:
        """A message by a webhook."""
        hook = User(self.fake.ids.next(), name, name, is_bot=True)
        return self.fake.say(self.channel, hook, text, webhook_id=hook.id)

    def archives(self, *, locked: bool = False) -> None:
        """The thread falls asleep, or a moderator puts it to sleep."""
        thread = self.channel
        assert thread.is_thread
        thread.archived, thread.locked, thread.archived_at = True, locked, time.time()
        self.fake.tell_thread("THREAD_UPDATE", thread)

    def disappears(self) -> None:
        """The channel or thread is deleted."""
        self.fake.drop_channel(self.channel)
