"""Private places with one member: direct messages, or a private thread in place of them."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import discord
import structlog
from discord.http import Route

from bot.channels.base import Whereabouts
from bot.channels.discord.link import AnyLink, Http, NotSent, Unsure
from bot.channels.discord.places import PRIVATE_THREAD, Places
from bot.domain import Account, PlaceKind

log = structlog.get_logger(__name__)

ARCHIVE_MINUTES = 60
"""Discord hides a thread from the list after so long without a message: 60, 1440, 4320 or 10080."""
MOST_THREADS, FREE_THREADS = 1000, 100
"""Active threads that a server may have, and how many of them we leave to its people."""
NAME = 100
REMEMBERED = 4096
CLOSED = frozenset({50007, 50278})
"""Cannot send messages to this user; no server in common with this user."""


class Rooms:
    """Opens private places, and remembers them for as long as the process lives.

    `fallback` is the id of a text channel for members of whom we don't know where they write, or ''.
    """

    def __init__(
        self,
        account: Account,
        link: Callable[[], AnyLink | None],
        places: Places,
        whereabouts: Whereabouts,
        *,
        title: Callable[[str], str],
        fallback: str = "",
    ) -> None:
        self._account, self._link, self._places, self._whereabouts = account, link, places, whereabouts
        self._title, self._fallback = title, fallback
        self._opened: OrderedDict[tuple[int, int], int] = OrderedDict()
        self._instead: OrderedDict[str, int] = OrderedDict()
        self._opening: dict[int, asyncio.Lock] = {}
        self._nameless: OrderedDict[int, int] = OrderedDict()

    def instead_of(self, direct: str) -> int:
        """The private thread that is used in place of closed direct messages, or 0."""
        return self._instead.get(direct, 0)

    async def thread(self, user: int, name: str, channel: int, *, locale: str = "") -> int:
        """A private thread with somebody below a channel, the one that there is or a new one.

        0 if there can be none. Raises NotSent or Unsure when Discord cannot be reached.
        """
        lock = self._opening.setdefault(user, asyncio.Lock())
        try:
            async with lock:
                return await self._thread(user, name, channel, locale)
        finally:
            if not lock.locked():
                self._opening.pop(user, None)

    async def direct(self, user: int) -> int:
        """The direct messages with somebody, whether or not they take any."""
        found = await self._http().once(Route("POST", "/users/@me/channels"), json={"recipient_id": user})
        return int(found["id"])

    async def elsewhere(self, direct: str) -> int:
        """A private thread in place of closed direct messages, below a channel where the member writes.

        0 if there is none to be had. Raises NotSent or Unsure when Discord cannot be reached.
        """
        try:
            found = await self._http().once(Route("GET", "/channels/{channel_id}", channel_id=int(direct)))
            [member] = found["recipients"]
        except (discord.HTTPException, KeyError, ValueError):
            return 0
        user, name = int(member["id"]), str(member.get("global_name") or member["username"])
        for channel in await self._candidates(user):
            if thread := await self.thread(user, name, channel):
                _keep(self._instead, direct, thread)
                return thread
        return 0

    async def take_name_off(self, place: int) -> None:
        """Have a private thread of ours name nobody any more; called when what we said there is removed.

        Once a place: Discord lets a thread be renamed twice in ten minutes. That it fails is only logged.
        """
        if place in self._nameless:
            return
        _keep(self._nameless, place, place)
        link = self._link()
        me = str(link.user.id) if link is not None and link.user is not None else ""
        try:
            found = await self._http().once(Route("GET", "/channels/{channel_id}", channel_id=place))
            if found.get("type") != PRIVATE_THREAD or str(found.get("owner_id")) != me:
                return
            body = {"name": self._title(""), "archived": False}
            await self._http().once(Route("PATCH", "/channels/{channel_id}", channel_id=place), json=body)
        except (discord.HTTPException, NotSent, Unsure) as error:
            log.warning("discord.thread_keeps_its_name", thread=place, kind=type(error).__name__)

    def room_for_threads(self, channel: int) -> bool:
        """Whether a server's people still have threads to spare for us."""
        link = self._link()
        found = link.get_channel(channel) if link is not None else None
        guild = getattr(found, "guild", None)
        return guild is None or len(guild.threads) <= MOST_THREADS - FREE_THREADS

    async def _thread(self, user: int, name: str, channel: int, locale: str) -> int:
        parent = self._parent(channel)
        if not parent:
            return 0
        known = self._opened.get((user, parent)) or await self._known(user, parent)
        if known and await self._join(known, user):
            self._places.note_private(known, user)
            _keep(self._opened, (user, parent), known)
            return known
        if not self.room_for_threads(parent):
            log.warning("discord.threads_run_short", channel=parent)
            return 0
        body = {
            "name": f"{self._title(locale)} · {name}"[:NAME],
            "type": PRIVATE_THREAD,
            "auto_archive_duration": ARCHIVE_MINUTES,
            "invitable": False,
        }
        try:
            made = await self._http().once(
                Route("POST", "/channels/{channel_id}/threads", channel_id=parent), json=body
            )
        except discord.HTTPException as error:
            log.warning("discord.no_private_thread", channel=parent, code=error.code)
            return 0
        thread = int(made["id"])
        self._places.note_private(thread, user)
        if not await self._join(thread, user):
            return 0
        _keep(self._opened, (user, parent), thread)
        return thread

    async def _join(self, thread: int, user: int) -> bool:
        """Have somebody in a thread, which is opened again if it was archived."""
        http = self._http()
        try:
            found = await http.once(Route("GET", "/channels/{channel_id}", channel_id=thread))
            if found["thread_metadata"]["archived"]:
                await http.once(
                    Route("PATCH", "/channels/{channel_id}", channel_id=thread), json={"archived": False}
                )
            await http.once(
                Route(
                    "PUT",
                    "/channels/{channel_id}/thread-members/{user_id}",
                    channel_id=thread,
                    user_id=user,
                )
            )
        except (discord.HTTPException, KeyError) as error:
            log.info("discord.thread_without_member", code=getattr(error, "code", 0))
            return False
        return True

    async def _known(self, user: int, parent: int) -> int:
        """A private thread below the channel in which they have written before, if there is one."""
        for place in await self._whereabouts.places(self._account, str(user)):
            if place.kind is not PlaceKind.PRIVATE or not place.external_id.isdigit():
                continue
            try:
                found = await self._http().once(
                    Route("GET", "/channels/{channel_id}", channel_id=int(place.external_id))
                )
            except discord.HTTPException:
                continue
            if found.get("type") == PRIVATE_THREAD and int(found.get("parent_id") or 0) == parent:
                return int(place.external_id)
        return 0

    async def _candidates(self, user: int) -> list[int]:
        """Channels where they have written, the latest first, and at last the one of the settings."""
        places = await self._whereabouts.places(self._account, str(user))
        found = [
            int(place.external_id)
            for place in places
            if place.kind is not PlaceKind.PRIVATE and place.external_id.isdigit()
        ]
        found += [int(self._fallback)] if self._fallback else []
        return list(dict.fromkeys(parent for channel in found if (parent := self._parent(channel))))

    def _parent(self, channel: int) -> int:
        """The text channel that takes the thread: private threads live below those alone."""
        link = self._link()
        found = link.get_channel(channel) if link is not None else None
        if isinstance(found, discord.Thread):
            found = found.parent
        if isinstance(found, discord.TextChannel) and not found.is_news():
            return found.id
        return int(self._fallback) if self._fallback and str(channel) != self._fallback else 0

    def _http(self) -> Http:
        link = self._link()
        if link is None:
            raise NotSent("not connected", 2.0)
        return link.http


def _keep(known: OrderedDict[Any, int], key: Any, value: int) -> None:
    known[key] = value
    while len(known) > REMEMBERED:
        known.popitem(last=False)
