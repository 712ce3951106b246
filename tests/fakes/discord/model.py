"""Who is there and what was said: users, guilds, channels, threads and messages as Discord keeps them."""

from __future__ import annotations

import bisect
import time
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.discord.cdn import Attachment
from tests.fakes.discord.rights import EVERYONE
from tests.fakes.discord.snowflake import seconds, stamp

TEXT, DM, VOICE, CATEGORY, NEWS, NEWS_THREAD, PUBLIC, PRIVATE, FORUM = 0, 1, 2, 4, 5, 10, 11, 12, 15
"""Types of channels: https://discord.com/developers/docs/resources/channel#channel-object-channel-types"""
DEFAULT, JOIN, THREAD_CREATED, REPLY, COMMAND, THREAD_STARTER = 0, 7, 18, 19, 20, 21
"""Types of messages."""
CROSSPOSTED, SUPPRESS_EMBEDS, HAS_THREAD, EPHEMERAL, LOADING, SILENT, VOICE_MESSAGE, COMPONENTS_V2 = (
    *(1, 1 << 2, 1 << 5, 1 << 6, 1 << 7),
    *(1 << 12, 1 << 13, 1 << 15),
)
"""Flags of messages."""
REQUIRE_TAG, PINNED = 1 << 4, 1 << 1
"""Flags of channels."""


@dataclass(slots=True)
class User:
    """A person or a bot; `locale` is a Discord locale such as es-ES, es-419, en-US or pt-BR."""

    id: int
    name: str
    global_name: str = ""
    locale: str = "es-ES"
    is_bot: bool = False
    dms_open: bool = True

    def json(self) -> dict[str, Any]:
        out: dict[str, Any] = {
            "id": str(self.id),
            "username": self.name,
            "discriminator": "0000" if self.is_bot else "0",
            "global_name": self.global_name or None,
            "avatar": None,
            "public_flags": 0,
        }
        if self.is_bot:
            out["bot"] = True
        return out


@dataclass(slots=True)
class Role:
    """A role of a guild; @everyone has the guild's id."""

    id: int
    name: str
    permissions: int = 0
    position: int = 1
    mentionable: bool = False
    managed: bool = False
    bot_id: int = 0

    def json(self) -> dict[str, Any]:
        out: dict[str, Any] = {
            "id": str(self.id),
            "name": self.name,
            "permissions": str(int(self.permissions)),
            "position": self.position,
            "mentionable": self.mentionable,
            "managed": self.managed,
            "color": 0,
            "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
            "hoist": False,
            "icon": None,
            "unicode_emoji": None,
            "flags": 0,
        }
        if self.bot_id:
            out["tags"] = {"bot_id": str(self.bot_id)}
        return out


@dataclass(slots=True)
class Overwrite:
    """What a role (kind 0) or a member (kind 1) may or may not do in one channel."""

    id: int
    kind: int
    allow: int = 0
    deny: int = 0

    def json(self) -> dict[str, Any]:
        return {
            "id": str(self.id),
            "type": self.kind,
            "allow": str(int(self.allow)),
            "deny": str(int(self.deny)),
        }


@dataclass(slots=True)
class GuildMember:
    """A user in a guild."""

    user: User
    roles: list[int] = field(default_factory=list)
    nick: str = ""
    joined_at: float = field(default_factory=time.time)

    def json(self, *, with_user: bool = True) -> dict[str, Any]:
        out: dict[str, Any] = {
            "roles": [str(role) for role in self.roles],
            "nick": self.nick or None,
            "avatar": None,
            "banner": None,
            "joined_at": stamp(self.joined_at),
            "premium_since": None,
            "communication_disabled_until": None,
            "pending": False,
            "deaf": False,
            "mute": False,
            "flags": 0,
        }
        if with_user:
            out["user"] = self.user.json()
        return out


@dataclass(slots=True)
class Tag:
    """A tag of a forum."""

    id: int
    name: str
    moderated: bool = False

    def json(self) -> dict[str, Any]:
        return {
            "id": str(self.id),
            "name": self.name,
            "moderated": self.moderated,
            "emoji_id": None,
            "emoji_name": None,
        }


@dataclass(slots=True, eq=False)
class Channel:
    """A direct-message channel, a guild's channel, or a thread."""

    id: int
    type: int
    guild: Guild | None = None
    name: str = ""
    parent: Channel | None = None
    topic: str = ""
    position: int = 0
    overwrites: dict[int, Overwrite] = field(default_factory=dict)
    recipient: User | None = None
    tags: list[Tag] = field(default_factory=list)
    flags: int = 0
    slowmode: int = 0
    messages: dict[int, Message] = field(default_factory=dict)
    order: list[int] = field(default_factory=list)
    """Ids of the messages that still exist, oldest first."""
    last_message_id: int = 0
    # A thread's own
    owner_id: int = 0
    archived: bool = False
    locked: bool = False
    invitable: bool = True
    auto_archive: int = 1440
    archived_at: float = field(default_factory=time.time)
    members: dict[int, float] = field(default_factory=dict)
    """Who joined the thread and when, in Unix seconds."""
    applied_tags: list[int] = field(default_factory=list)
    total: int = 0
    starter: Message | None = None

    @property
    def is_thread(self) -> bool:
        return self.type in (NEWS_THREAD, PUBLIC, PRIVATE)

    @property
    def is_private_thread(self) -> bool:
        return self.type == PRIVATE

    @property
    def is_dm(self) -> bool:
        return self.type == DM

    def add(self, message: Message) -> None:
        """Keep a message; only those that everybody sees are in the history."""
        self.messages[message.id] = message
        if message.ephemeral_to:
            return
        bisect.insort(self.order, message.id)
        self.last_message_id = max(self.last_message_id, message.id)
        if message.type not in (THREAD_STARTER, THREAD_CREATED) and self.starter is not message:
            self.total += 1

    def remove(self, message: Message) -> None:
        message.deleted = True
        index = bisect.bisect_left(self.order, message.id)
        if index < len(self.order) and self.order[index] == message.id:
            del self.order[index]

    def json(self, viewer: User | None = None) -> dict[str, Any]:
        out: dict[str, Any] = {
            "id": str(self.id),
            "type": self.type,
            "flags": self.flags,
            "last_message_id": str(self.last_message_id) if self.last_message_id else None,
        }
        if self.is_dm:
            assert self.recipient
            return out | {"recipients": [self.recipient.json()]}
        assert self.guild
        out |= {
            "guild_id": str(self.guild.id),
            "name": self.name,
            "parent_id": str(self.parent.id) if self.parent else None,
            "rate_limit_per_user": self.slowmode,
        }
        if self.is_thread:
            return out | self._thread(viewer)
        out |= {
            "position": self.position,
            "topic": self.topic or None,
            "nsfw": False,
            "permission_overwrites": [over.json() for over in self.overwrites.values()],
        }
        if self.type == FORUM:
            out |= {
                "available_tags": [tag.json() for tag in self.tags],
                "default_reaction_emoji": None,
                "default_sort_order": None,
                "default_forum_layout": 0,
                "default_auto_archive_duration": 4320,
            }
        if self.type == VOICE:
            out |= {"bitrate": 64000, "user_limit": 0, "rtc_region": None}
        return out

    def _thread(self, viewer: User | None) -> dict[str, Any]:
        out: dict[str, Any] = {
            "owner_id": str(self.owner_id),
            "message_count": self.total,
            "total_message_sent": self.total,
            "member_count": min(50, len(self.members)),
            "thread_metadata": {
                "archived": self.archived,
                "auto_archive_duration": self.auto_archive,
                "archive_timestamp": stamp(self.archived_at),
                "locked": self.locked,
                "create_timestamp": stamp(seconds(self.id)),
            },
        }
        if self.is_private_thread:
            out["thread_metadata"]["invitable"] = self.invitable
        if self.parent and self.parent.type == FORUM:
            out["applied_tags"] = [str(tag) for tag in self.applied_tags]
        if viewer and viewer.id in self.members:
            out["member"] = self.member_json(viewer.id)
        return out

    def member_json(self, user_id: int) -> dict[str, Any]:
        """A thread member; raises KeyError if they never joined."""
        return {
            "id": str(self.id),
            "user_id": str(user_id),
            "join_timestamp": stamp(self.members[user_id]),
            "flags": 1,
        }


@dataclass(slots=True, eq=False)
class Message:
    """One message of a channel, in its present state."""

    channel: Channel
    id: int
    author: User
    content: str = ""
    type: int = DEFAULT
    embeds: list[dict[str, Any]] = field(default_factory=list)
    components: list[dict[str, Any]] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    stickers: list[dict[str, Any]] = field(default_factory=list)
    flags: int = 0
    mentions: list[User] = field(default_factory=list)
    mention_roles: list[int] = field(default_factory=list)
    mention_everyone: bool = False
    reply_to: Message | None = None
    edited: float = 0.0
    webhook_id: int = 0
    tts: bool = False
    application_id: int = 0
    asked_by: dict[str, Any] | None = None
    """The interaction that it answers, as `interaction_metadata`."""
    ephemeral_to: User | None = None
    thread: Channel | None = None
    reactions: dict[str, list[int]] = field(default_factory=dict)
    deleted: bool = False
    at: float = field(default_factory=time.monotonic)
    """When it was said, on the loop's clock: what a bench reckons with."""

    @property
    def is_system(self) -> bool:
        return self.type not in (DEFAULT, REPLY, COMMAND)

    @property
    def text(self) -> str:
        """All that a person reads of it: content, then the embeds' words."""
        words = [self.content]
        for embed in self.embeds:
            words += [embed.get("title", ""), embed.get("description", "")]
            for item in embed.get("fields", ()):
                words += [item["name"], item["value"]]
            words.append((embed.get("footer") or {}).get("text", ""))
        return "\n".join(word for word in words if word)

    @property
    def keys(self) -> list[dict[str, Any]]:
        """Its buttons and selects, in the order of reading."""
        return [key for row in self.components for key in row.get("components", ())]

    @property
    def labels(self) -> list[list[str]]:
        """The labels of the buttons, row by row."""
        return [[key.get("label", "") for key in row.get("components", ())] for row in self.components]

    def json(self, *, blank: bool = False, deep: bool = True, viewer: int = 0) -> dict[str, Any]:
        """As the API gives it; `blank` without what the message-content intent is needed for."""
        out: dict[str, Any] = {
            "id": str(self.id),
            "channel_id": str(self.channel.id),
            "author": self.author.json(),
            "content": "" if blank else self.content,
            "timestamp": stamp(seconds(self.id)),
            "edited_timestamp": stamp(self.edited) if self.edited else None,
            "tts": self.tts,
            "mention_everyone": self.mention_everyone,
            "mentions": [user.json() for user in self.mentions],
            "mention_roles": [str(role) for role in self.mention_roles],
            "attachments": [] if blank else [file.json() for file in self.attachments],
            "embeds": [] if blank else self.embeds,
            "components": [] if blank else self.components,
            "pinned": False,
            "type": self.type,
            "flags": self.flags,
        }
        if self.webhook_id:
            out["webhook_id"] = str(self.webhook_id)
            out["author"]["bot"] = True
        if self.application_id:
            out["application_id"] = str(self.application_id)
        if self.stickers:
            out["sticker_items"] = [] if blank else self.stickers
        if self.asked_by:
            out["interaction_metadata"] = self.asked_by
        if self.reactions:
            out["reactions"] = [
                {
                    "count": len(users),
                    "count_details": {"burst": 0, "normal": len(users)},
                    "me": viewer in users,
                    "me_burst": False,
                    "burst_colors": [],
                    "emoji": {"id": None, "name": emoji},
                }
                for emoji, users in self.reactions.items()
            ]
        if self.reply_to:
            other = self.reply_to
            out["message_reference"] = {
                "type": 0,
                "message_id": str(other.id),
                "channel_id": str(other.channel.id),
            }
            if other.channel.guild:
                out["message_reference"]["guild_id"] = str(other.channel.guild.id)
            if deep:
                hidden = blank and other.author.id != viewer
                out["referenced_message"] = None if other.deleted else other.json(blank=hidden, deep=False)
        if self.thread and deep:
            out["thread"] = self.thread.json()
        return out


@dataclass(slots=True, eq=False)
class Guild:
    """A server: its roles, channels and members."""

    id: int
    name: str
    owner_id: int
    locale: str = "es-ES"
    roles: dict[int, Role] = field(default_factory=dict)
    channels: dict[int, Channel] = field(default_factory=dict)
    threads: dict[int, Channel] = field(default_factory=dict)
    members: dict[int, GuildMember] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.roles[self.id] = Role(self.id, "@everyone", int(EVERYONE), 0)

    @property
    def active_threads(self) -> list[Channel]:
        return [thread for thread in self.threads.values() if not thread.archived]

    def json(self) -> dict[str, Any]:
        """As GET /guilds/{id} gives it."""
        return {
            "id": str(self.id),
            "name": self.name,
            "owner_id": str(self.owner_id),
            "roles": [role.json() for role in self.roles.values()],
            "emojis": [],
            "stickers": [],
            "features": ["COMMUNITY"],
            "icon": None,
            "banner": None,
            "splash": None,
            "description": None,
            "preferred_locale": self.locale,
            "verification_level": 1,
            "default_message_notifications": 1,
            "explicit_content_filter": 2,
            "mfa_level": 0,
            "nsfw_level": 0,
            "premium_tier": 0,
            "premium_subscription_count": 0,
            "afk_timeout": 300,
            "afk_channel_id": None,
            "system_channel_id": None,
            "system_channel_flags": 0,
            "rules_channel_id": None,
            "public_updates_channel_id": None,
            "safety_alerts_channel_id": None,
            "vanity_url_code": None,
            "application_id": None,
            "max_members": 25_000_000,
        }
