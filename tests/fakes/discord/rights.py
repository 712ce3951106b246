"""Permissions, and who has which where: https://discord.com/developers/docs/topics/permissions"""

from __future__ import annotations

from enum import IntFlag
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.fakes.discord.model import Channel, Guild, GuildMember


class Right(IntFlag):
    """Discord's permission bits."""

    KICK_MEMBERS = 1 << 1
    BAN_MEMBERS = 1 << 2
    ADMINISTRATOR = 1 << 3
    MANAGE_CHANNELS = 1 << 4
    MANAGE_GUILD = 1 << 5
    ADD_REACTIONS = 1 << 6
    VIEW_CHANNEL = 1 << 10
    SEND_MESSAGES = 1 << 11
    MANAGE_MESSAGES = 1 << 13
    EMBED_LINKS = 1 << 14
    ATTACH_FILES = 1 << 15
    READ_MESSAGE_HISTORY = 1 << 16
    MENTION_EVERYONE = 1 << 17
    USE_EXTERNAL_EMOJIS = 1 << 18
    CHANGE_NICKNAME = 1 << 26
    MANAGE_ROLES = 1 << 28
    MANAGE_WEBHOOKS = 1 << 29
    USE_APPLICATION_COMMANDS = 1 << 31
    MANAGE_THREADS = 1 << 34
    CREATE_PUBLIC_THREADS = 1 << 35
    CREATE_PRIVATE_THREADS = 1 << 36
    USE_EXTERNAL_STICKERS = 1 << 37
    SEND_MESSAGES_IN_THREADS = 1 << 38
    MODERATE_MEMBERS = 1 << 40
    SEND_VOICE_MESSAGES = 1 << 46
    SEND_POLLS = 1 << 49
    USE_EXTERNAL_APPS = 1 << 50
    PIN_MESSAGES = 1 << 51


ALL = Right((1 << 52) - 1)
EVERYONE = (
    Right.ADD_REACTIONS
    | Right.VIEW_CHANNEL
    | Right.SEND_MESSAGES
    | Right.EMBED_LINKS
    | Right.ATTACH_FILES
    | Right.READ_MESSAGE_HISTORY
    | Right.USE_EXTERNAL_EMOJIS
    | Right.CHANGE_NICKNAME
    | Right.USE_APPLICATION_COMMANDS
    | Right.CREATE_PUBLIC_THREADS
    | Right.CREATE_PRIVATE_THREADS
    | Right.USE_EXTERNAL_STICKERS
    | Right.SEND_MESSAGES_IN_THREADS
    | Right.SEND_VOICE_MESSAGES
    | Right.SEND_POLLS
    | Right.USE_EXTERNAL_APPS
)
"""What @everyone may do in a new guild, as far as it matters here."""
MODERATOR = Right.MANAGE_MESSAGES | Right.MANAGE_THREADS | Right.KICK_MEMBERS | Right.MODERATE_MEMBERS


def in_guild(guild: Guild, member: GuildMember) -> int:
    """What a member may do in the guild before channels change it."""
    if member.user.id == guild.owner_id:
        return int(ALL)
    found = guild.roles[guild.id].permissions
    for role in member.roles:
        found |= guild.roles[role].permissions
    return int(ALL) if found & Right.ADMINISTRATOR else found


def in_channel(channel: Channel, member: GuildMember) -> int:
    """What a member may do in a channel, or in a thread of it; 0 where they cannot look."""
    guild = channel.guild
    assert guild
    found = in_guild(guild, member)
    if found == ALL:
        return found
    place = channel.parent if channel.is_thread and channel.parent else channel
    overwrites = place.overwrites
    if overwrites:
        if every := overwrites.get(guild.id):
            found = found & ~every.deny | every.allow
        allow = deny = 0
        for role in member.roles:
            if over := overwrites.get(role):
                allow, deny = allow | over.allow, deny | over.deny
        found = found & ~deny | allow
        if own := overwrites.get(member.user.id):
            found = found & ~own.deny | own.allow
    if not found & Right.VIEW_CHANNEL:
        return 0
    if (
        channel.is_private_thread
        and not found & Right.MANAGE_THREADS
        and member.user.id not in channel.members
    ):
        return 0
    speaks = Right.SEND_MESSAGES_IN_THREADS if channel.is_thread else Right.SEND_MESSAGES
    if not found & speaks:
        found &= ~(Right.MENTION_EVERYONE | Right.ATTACH_FILES | Right.EMBED_LINKS)
    return found
