"""What places have to say of the time in which we did not hear, and whether we listen there at all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import discord
from discord.http import Route

from bot.channels.discord.link import AnyLink, NotSent, Unsure
from bot.channels.discord.places import Places
from bot.channels.discord.receive import PAGE

Watches = Callable[[str], bool]
"""Whether we listen in a channel, by its id."""


class LinkHistory:
    """Reads by the connection in use."""

    def __init__(self, link: Callable[[], AnyLink | None], places: Places, watches: Watches) -> None:
        self._link, self._places, self._watches = link, places, watches

    async def page(self, channel: int, after: int) -> list[Any] | None:
        """Up to `PAGE` messages after one, oldest first; None if we may not read there, or it is gone."""
        link = self._link()
        if link is None:
            raise NotSent("not connected")
        route = Route("GET", "/channels/{channel_id}/messages", channel_id=channel)
        try:
            found = await link.http.once(route, params={"limit": PAGE, "after": after})
        except discord.HTTPException as error:
            if error.status in (403, 404):
                return None
            raise
        except Unsure as error:
            raise NotSent(str(error)) from None
        return sorted(found, key=lambda message: int(message["id"]))

    def guilds(self) -> list[int]:
        """Servers that the gateway told of."""
        link = self._link()
        return [guild.id for guild in link.guilds] if link is not None else []

    def note_private(self, thread: int) -> None:
        """A private thread of ours, which the gateway may not tell of."""
        self._places.note_private(thread)

    def watched(self, guild: int) -> list[tuple[int, int]]:
        """Channels and active threads of a server in which we listen, each with its last message."""
        link = self._link()
        found = link.get_guild(guild) if link is not None else None
        if found is None:
            return []
        rooms: list[tuple[int, int]] = []
        for channel in found.channels:
            if (
                isinstance(channel, discord.TextChannel | discord.VoiceChannel | discord.StageChannel)
                and self._watches(str(channel.id))
                and channel.permissions_for(found.me).read_message_history
            ):
                rooms.append((channel.id, channel.last_message_id or 0))
        for thread in found.threads:
            if self._watches(str(thread.parent_id)) or thread.owner_id == found.me.id:
                rooms.append((thread.id, thread.last_message_id or thread.id))
        return rooms
