"""Where something happens on Discord, in the house's words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import discord

from bot.domain import PlaceKind, PlaceRef

PRIVATE_THREAD = 12
THREADS = frozenset({10, 11, PRIVATE_THREAD})
"""https://discord.com/developers/docs/resources/channel#channel-object-channel-types"""

Room = discord.abc.GuildChannel | discord.Thread
GetGuild = Callable[[int], discord.Guild | None]


class Places:
    """Names places by what the gateway told of servers, channels and threads.

    A channel is a place, its threads and posts are that place with a thread. A private thread that the bot
    opened is a private place of its own. `staff_channel` is an id or ''.
    """

    def __init__(self, guild: GetGuild, *, me: str, staff_channel: str = "") -> None:
        self._guild, self._me, self._staff = guild, me, staff_channel
        self._private: dict[int, int] = {}

    def note_private(self, thread: int, member: int = 0) -> None:
        """Remember a private thread of ours, which the gateway may not have told of, and for whom it is."""
        self._private[thread] = member or self._private.get(thread, 0)

    def member_of(self, thread: int) -> int:
        """For whom a private thread was opened, 0 if that is not known (any more)."""
        return self._private.get(thread, 0)

    def room(self, guild: int, channel: int) -> Room | None:
        """The channel or thread itself, if the gateway has told of it."""
        found = self._guild(guild) if guild else None
        return found.get_channel_or_thread(channel) if found is not None else None

    def place(self, guild: int, channel: int, told: Any = None) -> PlaceRef:
        """The place of a channel id; `guild` is 0 for direct messages. `told` is a partial channel."""
        if not guild or channel in self._private:
            return PlaceRef(str(channel), PlaceKind.PRIVATE)
        room = self.room(guild, channel)
        if isinstance(room, discord.Thread):
            return self._thread(
                channel, room.parent_id, room.name, room.type.value == PRIVATE_THREAD, room.owner_id
            )
        if room is None and isinstance(told, dict) and told.get("type") in THREADS:
            kind, owner = told["type"], int(told.get("owner_id") or 0)
            parent, name = int(told.get("parent_id") or 0), str(told.get("name") or "")
            return self._thread(channel, parent, name, kind == PRIVATE_THREAD, owner)
        title = room.name if room is not None else ""
        return PlaceRef(str(channel), self._kind(channel), title=title)

    def _thread(self, thread: int, parent: int, name: str, private: bool, owner: int) -> PlaceRef:
        if str(parent) == self._staff:
            return PlaceRef(str(parent), PlaceKind.STAFF, str(thread), name)
        if private and str(owner) == self._me:
            return PlaceRef(str(thread), PlaceKind.PRIVATE, title=name)
        return PlaceRef(str(parent), PlaceKind.CHANNEL, str(thread))  # its name is what a member wrote

    def _kind(self, channel: int) -> PlaceKind:
        return PlaceKind.STAFF if str(channel) == self._staff else PlaceKind.CHANNEL
