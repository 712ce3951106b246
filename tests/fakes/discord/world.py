"""All that exists on the server, and what the bot may see of it."""

from __future__ import annotations

import mimetypes
from typing import TYPE_CHECKING

from tests.fakes.discord.cdn import Attachment
from tests.fakes.discord.errors import refused
from tests.fakes.discord.model import DM, Channel, Guild, GuildMember, Message, User
from tests.fakes.discord.rights import EVERYONE, Right, in_channel, in_guild

if TYPE_CHECKING:
    from tests.fakes.discord.server import FakeDiscord


PRIVATELY = int(EVERYONE | Right.MENTION_EVERYONE)
"""What both sides may do in direct messages."""
SEE = int(Right.VIEW_CHANNEL)


class World:
    """Users, guilds and channels by id; lookups raise what Discord would answer."""

    def __init__(self, fake: FakeDiscord) -> None:
        self.fake = fake
        self.users: dict[int, User] = {}
        self.guilds: dict[int, Guild] = {}
        self.channels: dict[int, Channel] = {}
        """Channels, threads and direct messages."""
        self.dms: dict[int, Channel] = {}
        """Direct-message channels by the other person's id."""
        self.blocked_bot: set[int] = set()

    # For the bot

    def bot_guilds(self) -> list[Guild]:
        return [guild for guild in self.guilds.values() if self.fake.bot.id in guild.members]

    def rights(self, channel: Channel, user: User | None = None) -> int:
        """What the bot (or someone else) may do in a channel; 0 if it is not in the guild."""
        user = user or self.fake.bot
        if channel.guild is None:
            return PRIVATELY
        member = channel.guild.members.get(user.id)
        return in_channel(channel, member) if member else 0

    def bot_sees(self, channel: Channel) -> bool:
        return bool(self.rights(channel) & SEE)

    def readable(self, message: Message) -> bool:
        """Whether the bot reads its content without the message-content intent."""
        bot = self.fake.bot
        return message.channel.guild is None or message.author is bot or bot in message.mentions

    def blank(self, message: Message) -> bool:
        """Whether REST answers hide its content from this application."""
        return not self.readable(message) and not self.fake.content_allowed

    # Lookups

    def channel(self, channel_id: int, needs: int = 0) -> Channel:
        """A channel in which the bot has these rights; raises 10003, 50001 or 50013."""
        channel = self.channels.get(channel_id)
        if channel is None or (channel.guild and self.fake.bot.id not in channel.guild.members):
            raise refused(10003) if channel is None else refused(50001)
        has = self.rights(channel)
        if not has & SEE:
            raise refused(50001)
        if needs & ~has:
            raise refused(50013)
        return channel

    def guild(self, guild_id: int, needs: int = 0) -> tuple[Guild, GuildMember]:
        """A guild with the bot in it, and the bot's membership; raises 10004 or 50013."""
        guild = self.guilds.get(guild_id)
        if guild is None or self.fake.bot.id not in guild.members:
            raise refused(10004)
        me = guild.members[self.fake.bot.id]
        if needs & ~in_guild(guild, me):
            raise refused(50013)
        return guild, me

    def message(self, channel: Channel, message_id: int) -> Message:
        """A message that everybody sees and that still exists; raises 10008."""
        message = channel.messages.get(message_id)
        if message is None or message.deleted or message.ephemeral_to:
            raise refused(10008)
        return message

    def user(self, user_id: int) -> User:
        if user_id not in self.users:
            raise refused(10013)
        return self.users[user_id]

    # Making

    def dm(self, user: User) -> Channel:
        """The direct-message channel with a person, made if there is none."""
        if user.id not in self.dms:
            channel = Channel(self.fake.ids.next(), DM, recipient=user)
            self.dms[user.id] = self.channels[channel.id] = channel
        return self.dms[user.id]

    def share_guild(self, user: User) -> bool:
        return any(user.id in guild.members for guild in self.bot_guilds())

    def store(
        self,
        channel: Channel,
        content: bytes,
        filename: str,
        *,
        mime: str = "",
        announced_size: int | None = None,
        description: str = "",
    ) -> Attachment:
        """Keep a file; members' files and the bot's uploads alike."""
        mime = mime or mimetypes.guess_type(filename)[0] or "application/octet-stream"
        size = len(content) if announced_size is None else announced_size
        file = Attachment(self.fake.ids.next(), channel.id, filename, content, size, mime, self.fake.cdn)
        file.description = description
        if mime.startswith("image/"):
            file.picture = (800, 600)
        return self.fake.cdn.keep(file)
