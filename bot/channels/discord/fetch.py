"""Files that members send: from the CDN of the settings alone, and never more than was asked for."""

from __future__ import annotations

from collections.abc import Callable

import aiohttp
import discord
import yarl
from discord.http import Route

from bot.channels.discord.link import AnyLink, NotSent, Unsure
from bot.errors import ChannelError

SECONDS = 60.0


async def download(link: Callable[[], AnyLink | None], ref: str, *, cdn_url: str, limit: int) -> bytes:
    """Content of the file that a message's `ref` names.

    Addresses of files expire after a day or so: then the message is asked for a new one. Raises ChannelError.
    """
    channel, message, attachment, url = (*ref.split(" ", 3), "", "", "", "")[:4]
    try:
        return await _get(url, cdn_url, limit)
    except _Expired:
        fresh = await _refreshed(link, channel, message, attachment)
    try:
        return await _get(fresh, cdn_url, limit)
    except _Expired:
        raise _gone("it is not there any more") from None


class _Expired(Exception):
    """The address leads nowhere (any more)."""


async def _get(url: str, cdn_url: str, limit: int) -> bytes:
    asked, cdn = yarl.URL(url), yarl.URL(cdn_url)
    if asked.origin() != cdn.origin() if asked.absolute else True:
        raise _gone("it is not on Discord's server for files")
    timeout = aiohttp.ClientTimeout(total=SECONDS, connect=10)
    try:
        # a session of its own: ours carries nothing secret there, and follows no other address
        async with (
            aiohttp.ClientSession(timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()) as session,
            session.get(asked, allow_redirects=False) as response,
        ):
            if response.status in (401, 403, 404, 410):
                raise _Expired
            if response.status != 200:
                raise _gone(f"HTTP {response.status}")
            content = bytearray()
            async for piece in response.content.iter_chunked(65536):
                content += piece
                if len(content) > limit:
                    raise ChannelError(
                        f"the file has more than {limit} bytes",
                        remedy="Ask for a smaller file.",
                        where="discord",
                    )
            return bytes(content)
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        raise _gone(type(error).__name__) from None


async def _refreshed(link: Callable[[], AnyLink | None], channel: str, message: str, attachment: str) -> str:
    """The file's address as the message tells it now."""
    found = link()
    if found is None or not (channel.isdigit() and message.isdigit()):
        raise _gone("not connected")
    route = Route(
        "GET",
        "/channels/{channel_id}/messages/{message_id}",
        channel_id=int(channel),
        message_id=int(message),
    )
    try:
        told = await found.http.once(route)
    except (discord.HTTPException, NotSent, Unsure) as error:
        raise _gone(type(error).__name__) from None
    for file in told.get("attachments") or ():
        if str(file.get("id")) == attachment:
            return str(file["url"])
    raise _gone("the message has it no more")


def _gone(why: str) -> ChannelError:
    return ChannelError(
        f"the file cannot be had: {why}", remedy="Ask the member to send it again.", where="discord"
    )
