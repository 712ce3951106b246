"""One Discord bot as the house's channel: direct messages, channels, threads, and one staff channel."""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import NoReturn, Self

import aiohttp
import discord
import structlog
import yarl
from discord.http import Route

from bot.catalogue.keys import Key
from bot.channels.base import Channel, Cursors, Doubt, FileSource, Intake, Right, Whereabouts
from bot.channels.discord.commands import Say, SlashCommand, registered
from bot.channels.discord.fetch import download
from bot.channels.discord.history import LinkHistory, Watches
from bot.channels.discord.interactions import Interactions, Suggest
from bot.channels.discord.link import API_URL, CDN_URL, AnyLink, NotSent, Unsure, open_link
from bot.channels.discord.parse import Parser
from bot.channels.discord.permissions import lacks, moderates
from bot.channels.discord.places import Places
from bot.channels.discord.receive import Receiver
from bot.channels.discord.rooms import Rooms
from bot.channels.discord.send import TOKEN_REFUSED, Sender
from bot.channels.discord.split import split
from bot.channels.state import ChannelState, Condition
from bot.domain import Account, Delivery, Lang, Outgoing, PlaceRef, Platform, Receipt
from bot.errors import ChannelError, RefusedError

log = structlog.get_logger(__name__)

SETTLED = 1.0
"""Seconds without news of another server after which the client has heard of all of them."""
TYPING_SECONDS = 3.0
NOT_ALLOWED = frozenset({50001, 50013})
Warn = Callable[[Key], Awaitable[None]]
"""Tells staff something about this platform, in their place and language."""


class DiscordChannel(Channel):
    """Receives by the gateway and sends; use it as `async with`, then `run` it in a task.

    `aliases` maps each command name in any language to its canonical one. `root` is the folder below which
    pictures are. `staff_channel` and `fallback_channel` are ids or ''. `shards` is '', a number or `auto`.
    Raises RefusedError for something that is no token at all: nobody could say whose account that would be.
    """

    platform = Platform.DISCORD

    def __init__(
        self,
        *,
        token: str,
        cursors: Cursors,
        files: FileSource,
        whereabouts: Whereabouts,
        root: Path,
        say: Say,
        suggest: Suggest,
        lang: Lang,
        api_url: str = API_URL,
        gateway_url: str = "",
        cdn_url: str = CDN_URL,
        shards: str = "",
        staff_channel: str = "",
        fallback_channel: str = "",
        commands: Sequence[SlashCommand] = (),
        aliases: Mapping[str, str] | None = None,
        watches: Watches = lambda _channel: True,
        warn: Warn | None = None,
        settled: float = SETTLED,
    ) -> None:
        self._account = account_of(token)
        self.state = ChannelState()
        self._token, self._api_url, self._gateway_url, self._cdn_url = token, api_url, gateway_url, cdn_url
        self._shards, self._settled, self._lang = shards, settled, lang
        self._cursors, self._commands, self._staff_channel = cursors, commands, staff_channel
        self._warn = warn
        self._content = True
        self._link: AnyLink | None = None
        self._places = Places(self._guild, me=self._account.id, staff_channel=staff_channel)
        self._parser = Parser(self._account, self._places, aliases=aliases)
        self._rooms = Rooms(
            self._account,
            self._connected,
            self._places,
            whereabouts,
            title=lambda locale: say(Key.PRIVATE_THREAD, self._interactions.lang_of(locale)),
            fallback=fallback_channel,
        )
        self._interactions = Interactions(self._connected, self._rooms, say=say, suggest=suggest, lang=lang)
        self._sender = Sender(
            self._connected, self._rooms, files=files, root=root, answered=self._interactions.answered
        )
        self._history = LinkHistory(self._connected, self._places, watches)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._close()

    @property
    def account(self) -> Account:
        """The bot's own id, which its token begins with."""
        return self._account

    async def run(self, intake: Intake) -> NoReturn:
        """Connect and receive until cancelled.

        Raises RefusedError when the token is not taken, ChannelError when Discord cannot be reached at the
        start or refuses the way in which we connect.
        """
        cursor = await self._cursors.read(self._account)
        receiver = Receiver(
            intake,
            self._parser,
            self._history,
            marks=await self._cursors.marks(self._account),
            cursor=int(cursor) if cursor and cursor.isdigit() else 0,
            shards=lambda: (self._link.shard_count if self._link else None) or 1,
            taken=self._interactions.taken,
            refused=self._interactions.refused,
            at_once=self._interactions.at_once,
        )
        self._interactions.enqueue = receiver.enqueue
        failure: ChannelError | None = None
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(receiver.run())
                tasks.create_task(self._interactions.tidy())
                await self._stay(receiver)
        except* ChannelError as errors:
            failure = next(error for error in errors.exceptions if isinstance(error, ChannelError))
        finally:
            await self._close()
        assert failure, "a connection ends with an error only"
        raise failure

    async def send(self, place: PlaceRef, message: Outgoing, *, nonce: str) -> Receipt:
        """Send one message; what may have arrived is cleared up by its nonce, or by `find`."""
        if self.state.condition is Condition.REFUSED:
            return Receipt(Delivery.RETRY, retry_after=TOKEN_REFUSED, error="the token was refused")
        return await self._sender.send(place, message, nonce=nonce)

    def doubt(self, message: Outgoing) -> Doubt:
        """For two minutes the same nonce shows one message; later the place's history tells."""
        return self._sender.doubt(message)

    async def find(
        self, place: PlaceRef, message: Outgoing, *, since: datetime, known: Collection[str]
    ) -> str | None:
        """The id of an uncertain send in the history of where it went, or None."""
        return await self._sender.find(place, message, since=since, known=known)

    async def rights(self, place: PlaceRef) -> tuple[Right, ...]:
        """What the bot lacks in a channel; raises ChannelError."""
        return lacks(self._connected(), place, content=self._content)

    async def moderates(self, place: PlaceRef, person: str) -> bool:
        """Whether somebody may manage messages in a channel; raises ChannelError."""
        return await moderates(self._connected(), place, person)

    async def typing(self, place: PlaceRef) -> None:
        """Show that an answer is on its way."""
        link = self._link
        if link is None or not self.state.is_up:
            return
        channel = int(place.thread or place.external_id)
        route = Route("POST", "/channels/{channel_id}/typing", channel_id=channel)
        try:
            await link.http.once(route, seconds=TYPING_SECONDS)
        except (discord.HTTPException, NotSent, Unsure) as error:
            log.debug("discord.typing_failed", kind=type(error).__name__)

    async def fetch(self, ref: str, *, limit: int) -> bytes:
        """Content of a member's file of at most `limit` bytes, from the CDN of the settings alone."""
        return await download(self._connected, ref, cdn_url=self._cdn_url, limit=limit)

    def split(self, message: Outgoing) -> tuple[Outgoing, ...]:
        """The message as single calls, each within Discord's limits."""
        return split(message)

    # -- the connection

    async def _stay(self, receiver: Receiver) -> NoReturn:
        """Be connected; without the message-content intent, where that is not granted."""
        while True:
            link = self._link = open_link(
                lambda kind, data: self._hear(receiver, kind, data),
                api_url=self._api_url,
                gateway_url=self._gateway_url,
                shards=self._shards,
                content=self._content,
                settled=self._settled,
            )
            try:
                await self._connect(link)
            except discord.PrivilegedIntentsRequired:
                self._content = False
                log.error(
                    "discord.no_message_content",
                    what="Discord does not grant the message-content intent: in servers the bot reads only "
                    "mentions of it, replies to it and slash commands; direct messages work.",
                    do="Enable it: discord.com/developers/applications, your application, Bot, "
                    "Message Content Intent; then start the bot again.",
                )
                if self._warn is not None:
                    await self._warn(Key.STAFF_NO_MESSAGE_CONTENT)
            finally:
                await self._close()

    async def _connect(self, link: AnyLink) -> NoReturn:
        """Log in, register the commands, and listen until the connection ends for good."""
        failure: ChannelError
        try:
            await link.login(self._token)
            await self._register(link)
            await link.connect()
            failure = ChannelError("Discord ended the connection", kind="ended", where="discord")
        except discord.LoginFailure:
            failure = _wrong_token()
        except discord.ConnectionClosed as error:
            if error.code == 4004:
                failure = _wrong_token()
            elif error.code == 4011:
                failure = ChannelError(
                    "the bot is in so many servers that Discord asks for several connections",
                    remedy="Set the Discord shards setting to auto.",
                    where="discord",
                    kind="sharding",
                )
            else:
                failure = ChannelError(
                    f"Discord closed the connection ({error.code})", where="discord", kind="closed"
                )
        except discord.HTTPException as error:
            failure = _unreachable(self._api_url, f"HTTP {error.status}", "server_error")
        except (NotSent, Unsure, OSError, aiohttp.ClientError, discord.GatewayNotFound) as error:
            failure = _unreachable(self._api_url, type(error).__name__, "unreachable")
        raise failure

    async def _register(self, link: AnyLink) -> None:
        """Tell Discord our commands; refused ones are no reason not to start."""
        application = link.application_id
        assert application is not None, "logged in"
        http = link.http
        try:
            members = registered(self._commands, self._lang, for_staff=False)
            await http.once(
                Route("PUT", "/applications/{application_id}/commands", application_id=application),
                json=members,
            )
            if self._staff_channel:
                found = await http.once(
                    Route("GET", "/channels/{channel_id}", channel_id=int(self._staff_channel))
                )
                route = Route(
                    "PUT",
                    "/applications/{application_id}/guilds/{guild_id}/commands",
                    application_id=application,
                    guild_id=int(found["guild_id"]),
                )
                await http.once(route, json=registered(self._commands, self._lang, for_staff=True))
        except (discord.HTTPException, KeyError) as error:
            code = getattr(error, "code", 0)
            log.warning(
                "discord.commands_refused",
                code=code,
                do="Invite the bot with the scope applications.commands, and check the staff channel's id."
                if code in NOT_ALLOWED or code == 10003
                else "",
            )

    def _hear(self, receiver: Receiver, kind: str, data: object) -> None:
        if kind in ("READY", "RESUMED"):
            user = self._link.user if self._link is not None else None
            self.state.up(user.name if user is not None else "")
        elif kind == "DISCONNECTED" and self.state.is_up:
            log.info("discord.disconnected")
            self.state.backing_off("disconnected")
        receiver.hear(kind, data)

    def _connected(self) -> AnyLink | None:
        link = self._link
        return link if link is not None and link.user is not None and not link.is_closed() else None

    def _guild(self, guild: int) -> discord.Guild | None:
        return self._link.get_guild(guild) if self._link is not None else None

    async def _close(self) -> None:
        link, self._link = self._link, None
        if link is not None and not link.is_closed():
            await link.close()


def account_of(token: str) -> Account:
    """The account of a bot token, which begins with the bot's id in base64."""
    head = token.strip().partition(".")[0]
    try:
        number = base64.b64decode(head + "=" * (-len(head) % 4), validate=True).decode("ascii")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        number = ""
    if not number.isdigit() or "." not in token:
        raise _wrong_token()
    return Account(Platform.DISCORD, number)


def _wrong_token() -> RefusedError:
    return RefusedError(
        "Discord does not know this bot token",
        remedy="Copy the token anew (discord.com/developers/applications, your application, Bot, "
        "Reset Token) and set it as the Discord token.",
        where="discord",
    )


def _unreachable(where: str, what: str, kind: str) -> ChannelError:
    return ChannelError(
        f"Discord cannot be reached: {what}",
        remedy="Check the network and the address of the API.",
        where=yarl.URL(where).host or where,
        kind=kind,
    )
