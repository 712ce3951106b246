"""One message to one place, and an honest receipt: sent, surely not sent, or unknown."""

from __future__ import annotations

import asyncio
import hashlib
import io
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import discord
import structlog
from discord.http import Route, handle_message_parameters

from bot.channels.base import ALWAYS_HARMLESS, Doubt, FileSource
from bot.channels.discord.link import AnyLink, Http, NotSent, Unsure
from bot.channels.discord.rooms import ARCHIVE_MINUTES, CLOSED, NAME, Rooms
from bot.channels.discord.split import LABEL, packed, rendered, split
from bot.channels.discord.tokens import Via, ViaKind
from bot.domain import Button, Delivery, Outgoing, PlaceKind, PlaceRef, Receipt
from bot.errors import ChannelError, VoceroError

log = structlog.get_logger(__name__)

WINDOW = timedelta(minutes=2)
"""How long a nonce is surely remembered: "a few minutes", says Discord's reference on `enforce_nonce`."""
NONCE = 25
"""Characters of a nonce at the most."""
OFFLINE = 2.0
"""Seconds after which to try again while we are not connected."""
TOKEN_REFUSED = 60.0
SKEW = timedelta(minutes=1)
"""How far our clock and Discord's may be apart, when an uncertain send is looked for."""
HISTORY = 20
"""Pages of a place's history that are read for one uncertain send."""

SUPPRESS_EMBEDS, EPHEMERAL, LOADING, SILENT = 1 << 2, 1 << 6, 1 << 7, 1 << 12
"""https://discord.com/developers/docs/resources/message#message-object-message-flags"""
SECONDARY, LINK = 2, 5
"""Styles of buttons."""
NOBODY: dict[str, list[str]] = {"parse": []}
"""Whom a message of ours may notify."""

UNKNOWN_CHANNEL, UNKNOWN_MESSAGE, UNKNOWN_WEBHOOK, WRONG_TOKEN = 10003, 10008, 10015, 50027
ARCHIVED, THREAD_EXISTS, TOO_MANY_THREADS, TOO_LARGE = 50083, 160004, 160006, 40005
_EXPIRED = frozenset({UNKNOWN_WEBHOOK, WRONG_TOKEN, 10062})


class _Expired(Exception):
    """An interaction can be answered no more."""


@dataclass(frozen=True, slots=True)
class _Target:
    """Where a message goes: a channel, thread or direct messages."""

    channel: int
    reply_to: str = ""
    moved: bool = False
    """Whether it is another place than the one that was asked for."""


class Sender:
    """Renders and sends; `root` is the folder that pictures are named from, `files` has what members sent."""

    def __init__(
        self,
        link: Callable[[], AnyLink | None],
        rooms: Rooms,
        *,
        files: FileSource,
        root: Path,
        answered: Callable[[str], None] = lambda _token: None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`answered` is told the token of each interaction that has got its answer."""
        self._link, self._rooms, self._files, self._root = link, rooms, files, root.resolve()
        self._answered, self._now = answered, now

    def doubt(self, message: Outgoing) -> Doubt:
        """Ordinary messages carry a nonce, and can be found in the history."""
        via = Via.decode(message.via)
        if message.removes:
            return ALWAYS_HARMLESS
        if via is None or (via.kind is ViaKind.PRESS and not message.ephemeral):
            return Doubt(harmless=WINDOW, findable=True)
        if via.awaited:
            return Doubt(harmless=WINDOW)  # the same answer once more shows one answer
        return Doubt()

    async def send(self, place: PlaceRef, message: Outgoing, *, nonce: str) -> Receipt:
        """All parts of a message, in order.

        When a part fails after another has arrived the whole is uncertain, and sent again with the same
        nonces it shows each part once.
        """
        if self._link() is None:
            return Receipt(Delivery.RETRY, retry_after=OFFLINE, error="not connected")
        if message.removes:
            return await self._remove(place, message.removes)
        parts = split(message)
        sent: list[str] = []
        for number, part in enumerate(parts):
            receipt = await self._guarded(place, part, _nonce(place, message, nonce, number))
            if receipt.delivery is not Delivery.SENT:
                if not sent:
                    return receipt
                error = f"part {number + 1} of {len(parts)}: {receipt.error}"
                return Receipt(Delivery.UNCERTAIN, error=error)
            sent.append(receipt.external_id)
        return receipt

    async def find(
        self, place: PlaceRef, message: Outgoing, *, since: datetime, known: Collection[str]
    ) -> str | None:
        """Our own message with the same words since the first try, in the history of where it went."""
        try:
            http = self._http()
        except NotSent as error:  # not connected yet: it can be looked for as soon as it is
            raise ConnectionError(str(error)) from None
        channel = _channel(place)
        me = str(http_user(self._link()))
        if message.opens_thread and message.reply_to.isdigit():
            channel = int(message.reply_to)  # a thread has the number of the message that it is opened on
        elif instead := self._rooms.instead_of(place.external_id):
            channel = instead
        texts = [rendered(part.text, markdown=part.markdown) for part in split(message)]
        after = discord.utils.time_snowflake(since - SKEW)
        for _ in range(HISTORY):
            route = Route("GET", "/channels/{channel_id}/messages", channel_id=channel)
            try:
                page = await http.once(route, params={"limit": 100, "after": after})
            except (NotSent, Unsure) as error:
                raise ConnectionError(str(error)) from None
            except discord.HTTPException as error:
                if error.code == UNKNOWN_CHANNEL and channel != _channel(place):
                    if not message.opens_thread:
                        return None
                    channel = _channel(place)  # no thread was opened: then it was to be a reply
                    continue
                raise ChannelError(
                    f"the history cannot be read ({error.code})",
                    remedy="Give the bot the right to read the message history.",
                    where=f"discord channel {channel}",
                ) from None
            for one in sorted(page, key=lambda one: int(one["id"])):
                if (
                    one["author"]["id"] == me
                    and one["id"] not in known
                    and one["content"] == texts[-1].strip()
                ):
                    return str(one["id"])
            if len(page) < 100:
                return None
            after = max(int(one["id"]) for one in page)
        raise ChannelError("the history is too long to be read", where=f"discord channel {channel}")

    async def _guarded(self, place: PlaceRef, part: Outgoing, nonce: str) -> Receipt:
        """Send one part and judge how it ended."""
        try:
            return await self._part(place, part, nonce)
        except discord.HTTPException as error:
            return receipt_for(error, place)
        except NotSent as error:
            return Receipt(Delivery.RETRY, retry_after=error.seconds, error=str(error))
        except Unsure as error:
            return Receipt(Delivery.UNCERTAIN, error=str(error))
        except (OSError, VoceroError, ValueError) as error:
            return Receipt(Delivery.REFUSED, error=str(error))

    async def _part(self, place: PlaceRef, part: Outgoing, nonce: str) -> Receipt:
        via = Via.decode(part.via)
        if via is not None and (via.awaited or part.ephemeral):
            try:
                if not via.alive(self._now()):
                    raise _Expired
                return _sent(await self._answer(via, part))
            except _Expired:
                log.info("discord.answer_too_late")
            if part.ephemeral and place.kind not in (PlaceKind.PRIVATE, PlaceKind.STAFF):
                direct = await self._rooms.direct(via.user)
                place = PlaceRef(str(direct), PlaceKind.PRIVATE)
        target = _Target(_channel(place), part.reply_to)
        if part.opens_thread and part.reply_to.isdigit():
            target = await self._open(target.channel, part)
        elif instead := self._rooms.instead_of(place.external_id):
            target = _Target(instead, moved=True)
        try:
            return _sent(await self._post(target, part, nonce), target)
        except discord.HTTPException as error:
            if error.code not in CLOSED or place.kind is not PlaceKind.PRIVATE or target.moved:
                raise
            instead = await self._rooms.elsewhere(place.external_id)
            if not instead:
                raise
            log.info("discord.closed_messages", thread=instead)
            target = _Target(instead, moved=True)
            return _sent(await self._post(target, part, nonce), target)

    async def _post(self, target: _Target, part: Outgoing, nonce: str) -> Any:
        """An ordinary message, with its nonce; an archived thread is opened again first."""
        route = Route("POST", "/channels/{channel_id}/messages", channel_id=target.channel)
        more: dict[str, Any] = {"nonce": nonce, "enforce_nonce": True}
        if target.reply_to.isdigit():
            more["message_reference"] = {
                "message_id": target.reply_to,
                "channel_id": str(target.channel),
                "fail_if_not_exists": False,
            }
        try:
            return await self._request(route, part, more)
        except discord.HTTPException as error:
            if error.code != ARCHIVED:
                raise
            await self._http().once(
                Route("PATCH", "/channels/{channel_id}", channel_id=target.channel), json={"archived": False}
            )
            return await self._request(route, part, more)

    async def _answer(self, via: Via, part: Outgoing) -> Any:
        """Answer an interaction: in place of "thinking", else as a further message."""
        self._answered(via.token)
        hook: dict[str, Any] = {"webhook_id": http_application(self._link()), "webhook_token": via.token}
        original = "/webhooks/{webhook_id}/{webhook_token}/messages/@original"
        try:
            if via.awaited:
                try:
                    return await self._request(Route("PATCH", original, **hook), part, {})
                except discord.HTTPException as error:
                    if error.code != UNKNOWN_MESSAGE:
                        raise
            flags = EPHEMERAL if part.ephemeral else 0
            route = Route("POST", "/webhooks/{webhook_id}/{webhook_token}", **hook)
            return await self._request(route, part, {}, flags=flags, params={"wait": "true"})
        except discord.HTTPException as error:
            if error.code in _EXPIRED:
                raise _Expired from None
            raise

    async def _request(
        self, route: Route, part: Outgoing, more: dict[str, Any], *, flags: int = 0, **kwargs: Any
    ) -> Any:
        """One request with the words, buttons and files of a message."""
        files = await self._open_files(part)
        if part.image and not any(name == Path(part.image).name for name, _, _ in files):
            part = _in_words(part)
        body: dict[str, Any] = {
            "content": rendered(part.text, markdown=part.markdown),
            "allowed_mentions": NOBODY,
            "components": _components(part),
            "flags": SUPPRESS_EMBEDS | flags | (SILENT if part.silent else 0),
            **more,
        }
        if route.method == "PATCH":
            del body["flags"]
        try:
            return await self._with_files(route, body, files, kwargs)
        except discord.HTTPException as error:
            if not files or not (error.status == 413 or error.code == TOO_LARGE):
                raise
            log.error("discord.file_too_large", files=len(files))
            body["content"] = rendered(_in_words(part).text or files[0][0], markdown=part.markdown)
            return await self._with_files(route, body, (), kwargs)

    async def _with_files(
        self,
        route: Route,
        body: dict[str, Any],
        files: Sequence[tuple[str, str, bytes]],
        kwargs: dict[str, Any],
    ) -> Any:
        http = self._http()
        if not files:
            return await http.once(route, json=body, **kwargs)
        uploads = [
            discord.File(io.BytesIO(content), filename=name or "file", description=alt or None)
            for name, alt, content in files
        ]
        with handle_message_parameters(files=uploads) as params:
            assert params.multipart is not None
            described = discord.utils._from_json(params.multipart[0]["value"])
            params.multipart[0]["value"] = discord.utils._to_json(
                {**body, "attachments": described["attachments"]}
            )
            return await http.once(route, files=params.files, form=params.multipart, **kwargs)

    async def _open_files(self, part: Outgoing) -> list[tuple[str, str, bytes]]:
        """Name, alt text and content of what a message carries; a picture that is not there is left out."""
        found: list[tuple[str, str, bytes]] = []
        if part.image:
            try:
                path = (self._root / part.image).resolve()
                if not path.is_relative_to(self._root):
                    raise FileNotFoundError(f"{part.image} is outside the folder")
                found.append((path.name, part.alt, await asyncio.to_thread(path.read_bytes)))
            except OSError as error:
                log.error("discord.picture_missing", picture=part.image, error=type(error).__name__)
        for attachment in part.attachments:
            name, _mime, content = await self._files.open(attachment)
            found.append((name, "", content))
        return found

    async def _open(self, channel: int, part: Outgoing) -> _Target:
        """A public thread on the message that was asked; where none can be, a reply to it."""
        reply = _Target(channel, part.reply_to)
        if not self._rooms.room_for_threads(channel):
            return reply
        route = Route(
            "POST",
            "/channels/{channel_id}/messages/{message_id}/threads",
            channel_id=channel,
            message_id=int(part.reply_to),
        )
        body = {"name": part.opens_thread[:NAME], "auto_archive_duration": ARCHIVE_MINUTES}
        try:
            made = await self._http().once(route, json=body)
        except discord.HTTPException as error:
            if error.code == THREAD_EXISTS:
                return _Target(int(part.reply_to), moved=True)
            log.info("discord.no_thread", code=error.code)
            return reply
        except Unsure:  # a repeat tells whether it is there: there is one thread at the most on a message
            raise NotSent("a thread may have been opened", OFFLINE) from None
        return _Target(int(made["id"]), moved=True)

    async def _remove(self, place: PlaceRef, message: str) -> Receipt:
        if not message.isdigit():
            return Receipt(Delivery.REFUSED, error="no message of this platform")
        route = Route(
            "DELETE",
            "/channels/{channel_id}/messages/{message_id}",
            channel_id=_channel(place),
            message_id=int(message),
        )
        try:
            await self._http().once(route)
        except discord.HTTPException as error:
            if error.code not in (UNKNOWN_MESSAGE, UNKNOWN_CHANNEL):
                return receipt_for(error, place)
        except NotSent as error:
            return Receipt(Delivery.RETRY, retry_after=error.seconds, error=str(error))
        except Unsure as error:
            return Receipt(Delivery.RETRY, retry_after=OFFLINE, error=str(error))
        if place.kind is PlaceKind.PRIVATE:
            await self._rooms.take_name_off(_channel(place))
        return Receipt(Delivery.SENT, external_id=message)

    def _http(self) -> Http:
        link = self._link()
        if link is None:
            raise NotSent("not connected", OFFLINE)
        return link.http


def receipt_for(error: discord.HTTPException, place: PlaceRef) -> Receipt:
    """What a refusal of Discord tells about the delivery."""
    what = f"{error.status} {error.code} {error.text[:200]}"
    if error.status == 401:
        return Receipt(Delivery.RETRY, retry_after=TOKEN_REFUSED, error="the token was refused")
    if error.code in CLOSED:
        return Receipt(Delivery.GONE, error=what)
    if error.code == UNKNOWN_CHANNEL and place.kind is PlaceKind.PRIVATE:
        return Receipt(Delivery.GONE, error=what)
    return Receipt(Delivery.REFUSED, error=what)


def http_application(link: AnyLink | None) -> int:
    """The application's number, once logged in."""
    if link is None or link.application_id is None:
        raise NotSent("not connected", OFFLINE)
    return link.application_id


def http_user(link: AnyLink | None) -> int:
    """Our own number, once logged in."""
    if link is None or link.user is None:
        raise ConnectionError("not connected")
    return link.user.id


def _nonce(place: PlaceRef, message: Outgoing, nonce: str, part: int) -> str:
    """The same for the same message and part; made of its words too, since a new database counts anew."""
    parts = (place.external_id, place.thread, nonce, str(part), message.text)
    return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()[:NONCE]


def _channel(place: PlaceRef) -> int:
    return int(place.thread or place.external_id)


def _sent(made: Any, target: _Target | None = None) -> Receipt:
    """The receipt of a message in an answer of the server; one without its number counts as uncertain."""
    if not isinstance(made, dict) or not str(made.get("id", "")).isdigit():
        raise Unsure("the server's answer names no message")
    extra = {"channel": str(target.channel)} if target is not None and target.moved else {}
    return Receipt(Delivery.SENT, external_id=str(made["id"]), extra=extra)


def _in_words(part: Outgoing) -> Outgoing:
    """The same message without its picture, which is told instead."""
    told = part.alt and part.alt not in part.text
    text = f"{part.text}\n\n[{part.alt}]" if told and part.text else part.text or part.alt
    return replace(part, text=text, image="", alt="")


def _components(part: Outgoing) -> list[dict[str, Any]]:
    """Rows of buttons; what they say when pressed is told by each press, so nothing has to be registered."""
    used: set[str] = set()
    return [{"type": 1, "components": [_button(button, used) for button in row]} for row in packed(part.rows)]


def _button(button: Button, used: set[str]) -> dict[str, Any]:
    label = button.label[:LABEL]
    if button.url:
        return {"type": 2, "style": LINK, "label": label, "url": button.url}
    custom_id, number = button.payload, 1
    while custom_id in used:  # within a message each must be another
        number += 1
        custom_id = f"{button.payload}~{number}"
    used.add(custom_id)
    return {"type": 2, "style": SECONDARY, "label": label, "custom_id": custom_id}
