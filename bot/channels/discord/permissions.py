"""What the bot and others may do in a channel on Discord."""

from __future__ import annotations

from typing import Any

import discord
from discord.http import Route

from bot.channels.base import Right
from bot.channels.discord.link import AnyLink, NotSent, Unsure
from bot.channels.discord.places import Room
from bot.domain import PlaceRef
from bot.errors import ChannelError

_NEEDED = (
    (Right.VIEW, ("view_channel",)),
    (Right.SEND, ("send_messages",)),
    (Right.HISTORY, ("read_message_history",)),
    (Right.PICTURES, ("embed_links", "attach_files")),
    (Right.THREAD_SEND, ("send_messages_in_threads",)),
    (Right.THREADS, ("create_public_threads",)),
    (Right.PRIVATE_THREADS, ("create_private_threads",)),
)
"""https://discord.com/developers/docs/topics/permissions"""


def lacks(link: AnyLink | None, place: PlaceRef, *, content: bool) -> tuple[Right, ...]:
    """What the bot is not allowed in a channel; raises ChannelError while Discord has not told of it.

    `content`: whether the message-content intent was granted.
    """
    room = _room(link, place)
    has = room.permissions_for(room.guild.me)
    missing = [right for right, names in _NEEDED if not all(getattr(has, name) for name in names)]
    return tuple(missing) if content else (*missing, Right.CONTENT)


async def moderates(link: AnyLink | None, place: PlaceRef, person: str) -> bool:
    """Whether somebody may manage messages in a channel, asked now; raises ChannelError."""
    room = _room(link, place)
    assert link is not None
    guild = room.guild
    route = Route("GET", "/guilds/{guild_id}/members/{user_id}", guild_id=guild.id, user_id=int(person))
    try:
        data: Any = await link.http.request(route)
    except discord.NotFound:
        return False
    except (discord.HTTPException, NotSent, Unsure, OSError) as error:
        raise _untold(type(error).__name__) from None
    return room.permissions_for(discord.Member(data=data, guild=guild, state=guild._state)).manage_messages


def _room(link: AnyLink | None, place: PlaceRef) -> Room:
    for guild in link.guilds if link is not None else ():
        if (room := guild.get_channel_or_thread(int(place.external_id))) is not None:
            return room
    raise _untold("the channel is not known")


def _untold(what: str) -> ChannelError:
    return ChannelError(
        f"Discord does not tell who may do what: {what}",
        remedy="Look whether the bot is still in the server.",
        where="discord",
    )
