"""Guilds, and how they come to be: the side of the server on which a test's people live."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from tests.fakes.discord import content as checks
from tests.fakes.discord import posting
from tests.fakes.discord.model import (
    FORUM,
    REPLY,
    REQUIRE_TAG,
    TEXT,
    Channel,
    Guild,
    GuildMember,
    Message,
    Overwrite,
    Role,
    Tag,
    User,
)
from tests.fakes.discord.people import Person, Place
from tests.fakes.discord.rights import EVERYONE, MODERATOR, Right

if TYPE_CHECKING:
    from tests.fakes.discord.server import FakeDiscord

BOT_RIGHTS = EVERYONE | Right.MANAGE_THREADS | Right.MANAGE_MESSAGES
"""What the bot is invited with unless a test says otherwise."""


@dataclass(slots=True)
class Server:
    """A guild with the bot in it."""

    fake: FakeDiscord
    guild: Guild

    @property
    def id(self) -> int:
        return self.guild.id

    @property
    def everyone(self) -> Role:
        return self.guild.roles[self.guild.id]

    def text(self, name: str = "general", *, topic: str = "", hidden: bool = False) -> Place:
        """A text channel; a hidden one is seen by those only to whom it is opened."""
        return self._channel(TEXT, name, topic=topic, hidden=hidden)

    def forum(
        self, name: str = "preguntas", *, tags: Iterable[str] = (), needs_tag: bool = False, topic: str = ""
    ) -> Place:
        """A forum; `needs_tag`: no post without a tag."""
        made = [Tag(self.fake.ids.next(), tag) for tag in tags]
        assert len(made) <= 20, "Discord allows 20 tags in a forum"
        return self._channel(FORUM, name, topic=topic, tags=made, flags=REQUIRE_TAG if needs_tag else 0)

    def _channel(self, type: int, name: str, *, hidden: bool = False, **more: Any) -> Place:
        channel = Channel(self.fake.ids.next(), type, self.guild, name, **more)
        channel.position = len(self.guild.channels)
        if hidden:
            channel.overwrites[self.guild.id] = Overwrite(self.guild.id, 0, 0, int(Right.VIEW_CHANNEL))
            channel.overwrites[self.fake.bot.id] = Overwrite(self.fake.bot.id, 1, int(Right.VIEW_CHANNEL), 0)
        self.guild.channels[channel.id] = self.fake.world.channels[channel.id] = channel
        self.fake.tell_channel("CHANNEL_CREATE", channel)
        return Place(self.fake, channel)

    def role(self, name: str, permissions: int = 0, *, mentionable: bool = False) -> Role:
        role = Role(self.fake.ids.next(), name, int(permissions), len(self.guild.roles), mentionable)
        self.guild.roles[role.id] = role
        data = {"guild_id": str(self.guild.id), "role": role.json()}
        self.fake.gateway.dispatch("GUILD_ROLE_CREATE", data, guild=self.guild)
        return role

    def member(self, name: str = "Ana", locale: str = "es-ES", **more: Any) -> Person:
        """Someone new in this guild."""
        return self.fake.member(name, locale, guild=self, **more)

    def moderator(self, name: str = "Marta", locale: str = "es-ES") -> Person:
        """Someone with the rights of a moderator."""
        role = next((role for role in self.guild.roles.values() if role.name == "Moderación"), None)
        role = role or self.role("Moderación", int(MODERATOR))
        return self.fake.member(name, locale, guild=self, roles=[role])

    def place(self, channel_id: int) -> Place:
        """A channel or thread by its id."""
        return Place(self.fake, self.fake.world.channels[channel_id])

    @property
    def threads(self) -> list[Place]:
        """All threads, archived ones too."""
        return [Place(self.fake, thread) for thread in self.guild.threads.values()]

    def gives_bot(self, permissions: int) -> None:
        """Change what the bot may do in this guild."""
        role = next(role for role in self.guild.roles.values() if role.bot_id)
        role.permissions = int(permissions)
        data = {"guild_id": str(self.guild.id), "role": role.json()}
        self.fake.gateway.dispatch("GUILD_ROLE_UPDATE", data, guild=self.guild)

    def kicks_bot(self) -> None:
        del self.guild.members[self.fake.bot.id]
        self.fake.gateway.dispatch("GUILD_DELETE", {"id": str(self.guild.id)}, guild=self.guild)


class Stage:
    """The part of the server that makes people and lets them speak; mixed into FakeDiscord."""

    @property
    def fake(self) -> FakeDiscord:
        """The whole server."""
        return cast("FakeDiscord", self)

    def guild(
        self,
        name: str = "Café",
        *,
        permissions: int = int(BOT_RIGHTS),
        locale: str = "es-ES",
        everyone: int = int(EVERYONE),
        id: int | None = None,
    ) -> Server:
        """A guild into which the bot was invited with these permissions."""
        guild = Guild(id or self.fake.ids.next(), name, self.fake.owner.id, locale)
        guild.roles[guild.id].permissions = int(everyone)
        role = Role(
            self.fake.ids.next(),
            self.fake.bot.name,
            int(permissions),
            1,
            managed=True,
            bot_id=self.fake.bot.id,
        )
        guild.roles[role.id] = role
        guild.members[self.fake.owner.id] = GuildMember(self.fake.owner)
        guild.members[self.fake.bot.id] = GuildMember(self.fake.bot, [role.id])
        self.fake.world.guilds[guild.id] = guild
        for session in self.fake.gateway.listening:
            if (guild.id >> 22) % session.shards == session.shard:
                self.fake.gateway.dispatch(
                    "GUILD_CREATE", self.fake.gateway.guild_create(guild, members=False), guild=guild
                )
                break
        return Server(self.fake, guild)

    def member(
        self,
        name: str = "Ana",
        locale: str = "es-ES",
        *,
        id: int | None = None,
        guild: Server | None = None,
        roles: Iterable[Role] = (),
        stranger: bool = False,
    ) -> Person:
        """Someone in a guild (the first one unless told, made if there is none); a stranger shares none."""
        user = User(id or self.fake.ids.next(), name.lower().replace(" ", "_"), name, locale)
        self.fake.world.users[user.id] = user
        person = Person(self.fake, user, None)
        if not stranger:
            servers = self.fake.world.bot_guilds()
            person.joins(guild or (Server(self.fake, servers[0]) if servers else self.guild()), roles=roles)
        return person

    def person(self, user_id: int) -> Person:
        """Someone who is there already."""
        return Person(self.fake, self.fake.world.users[user_id], None)

    def other_bot(self, server: Server, name: str = "otro_bot") -> Person:
        """Another bot in a guild."""
        user = User(self.fake.ids.next(), name, name, is_bot=True)
        self.fake.world.users[user.id] = user
        person = Person(self.fake, user, None)
        person.joins(server)
        return person

    def say(
        self,
        channel: Channel,
        author: User,
        text: str,
        *,
        type: int | None = None,
        reply_to: Message | None = None,
        pings_author: bool = True,
        at: float | None = None,
        webhook_id: int = 0,
        **content: Any,
    ) -> Message:
        """Anyone's message but the bot's: kept, and told to the gateway."""
        replied = reply_to.author.id if reply_to and pings_author and not reply_to.webhook_id else 0
        rights = self.fake.world.rights(channel, author)
        roles = set()
        if channel.guild:
            every = bool(rights & Right.MENTION_EVERYONE)
            roles = {role.id for role in channel.guild.roles.values() if role.mentionable or every}
        found = checks.pings(
            text, None, replied=replied, everyone=bool(rights & Right.MENTION_EVERYONE), roles=roles
        )
        message = Message(
            channel,
            self.fake.ids.next(at),
            author,
            text,
            type if type is not None else (REPLY if reply_to else 0),
            reply_to=reply_to,
            webhook_id=webhook_id,
            **content,
        )
        posting.mention(self.fake, message, found)
        posting.publish(self.fake, message)
        return message

    def prefill(self, lines: Iterable[tuple[int, str]]) -> int:
        """Many direct messages at once, as (member id, text); unknown members are made. Gives the count."""
        count = 0
        for member_id, text in lines:
            user = self.fake.world.users.get(member_id)
            if user is None:
                user = self.member(f"M{member_id}", id=member_id).user
            self.say(self.fake.world.dm(user), user, text)
            count += 1
        return count

    def stands(self) -> list[Message]:
        """All messages that still exist, whoever wrote them, in the order of their ids."""
        found = [one for place in self.fake.world.channels.values() for one in place.messages.values()]
        return sorted((one for one in found if not one.deleted), key=lambda one: one.id)

    def tell_channel(self, event: str, channel: Channel) -> None:
        """Tell the gateway about a channel of a guild."""
        self.fake.gateway.dispatch(event, channel.json(), guild=channel.guild)

    def sync_threads(self, channel: Channel) -> None:
        """The bot can see a channel that it could not: tell it the threads."""
        guild = channel.guild
        if guild is None or not self.fake.world.bot_sees(channel):
            return
        threads = [t for t in guild.active_threads if t.parent is channel and self.fake.world.bot_sees(t)]
        data = {
            "guild_id": str(guild.id),
            "channel_ids": [str(channel.id)],
            "threads": [thread.json(self.fake.bot) for thread in threads],
            "members": [t.member_json(self.fake.bot.id) for t in threads if self.fake.bot.id in t.members],
        }
        self.fake.gateway.dispatch("THREAD_LIST_SYNC", data, channel=channel)

    def drop_channel(self, channel: Channel) -> None:
        """A channel or thread ceases to be."""
        guild = channel.guild
        assert guild
        if channel.is_thread:
            data = {
                "id": str(channel.id),
                "guild_id": str(guild.id),
                "parent_id": str(channel.parent.id) if channel.parent else None,
                "type": channel.type,
            }
            self.fake.gateway.dispatch("THREAD_DELETE", data, channel=channel)
            del guild.threads[channel.id]
        else:
            self.tell_channel("CHANNEL_DELETE", channel)
            del guild.channels[channel.id]
            for thread in [t for t in guild.threads.values() if t.parent is channel]:
                del guild.threads[thread.id], self.fake.world.channels[thread.id]
        del self.fake.world.channels[channel.id]
