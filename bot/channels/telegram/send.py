"""One message to one chat, and an honest receipt: sent, surely not sent, or unknown."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

import structlog
import telegram
from telegram.constants import ParseMode
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    EndPointNotFound,
    Forbidden,
    InvalidToken,
    TelegramError,
)

from bot.channels.base import FileSource
from bot.channels.markup import plain, telegram_html, visible
from bot.channels.telegram.pace import Pace
from bot.channels.telegram.split import CAPTION, TEXT, split, units
from bot.channels.telegram.transport import Flooded, NotSent
from bot.domain import Button, Delivery, Outgoing, PlaceKind, PlaceRef, Receipt
from bot.errors import VoceroError

log = structlog.get_logger(__name__)

_T = TypeVar("_T")

UNREACHABLE = 3.0
"""Seconds after which to try a server again that could not be reached."""
TOKEN_REFUSED = 60.0
"""Seconds after which to try again with a token that was refused; the poller raises in the meantime."""
PARTS = 30.0
"""Seconds that a further part of a message waits for its turn: the first one is already there."""
PICTURES = 256
"""Uploaded pictures whose id at Telegram is remembered."""

NOT_MODIFIED = "message is not modified"
PRIVATE = "private:"
"""How the payload of a button into a private chat begins."""

SEND_MESSAGE = "send_Message"
"""The library makes "sendMessage" of this. Its own method would build objects of the whole answer, which
costs more than sending, and only the message's number is needed."""
_NO_PREVIEW = {"is_disabled": True}
_GONE = ("chat not found", "peer_id_invalid", "user is deactivated", "user not found", "chat_write_forbidden")
_PHOTO_TYPES = ("image/jpeg", "image/png")
_VOICE_TYPE = "audio/ogg"


@dataclass(frozen=True, slots=True)
class _Picture:
    """A picture as it was when it was uploaded."""

    path: Path
    changed: int
    size: int


class Sender:
    """Renders and sends; `root` is the folder that pictures are named from, `files` has what members sent."""

    def __init__(self, bot: telegram.Bot, *, files: FileSource, root: Path, pace: Pace | None) -> None:
        self._bot, self._files, self._root, self._pace = bot, files, root.resolve(), pace
        self._uploaded: OrderedDict[_Picture, str] = OrderedDict()
        self.username = ""
        """The bot's name, for links into a private chat with it; known once it is connected."""
        self._shut_until = 0.0
        self.moved: dict[str, str] = {}
        """New ids of groups that became supergroups, by their old ones."""

    @property
    def shut(self) -> bool:
        """Whether the server could not be reached a moment ago."""
        return time.monotonic() < self._shut_until

    async def send(self, place: PlaceRef, message: Outgoing) -> Receipt:
        """All parts of a message, in order.

        When a part fails after another has arrived the whole is uncertain: sending it again would repeat what
        is there.
        """
        if message.removes:
            return await self.remove(place, message.removes)
        parts = split(self._linked(message))
        sent: list[str] = []
        for part in parts:
            receipt = await self._attempt(place, part, patience=PARTS if sent else None)
            if receipt.delivery is not Delivery.SENT:
                if not sent:
                    return receipt
                error = f"part {len(sent) + 1} of {len(parts)}: {receipt.error}"
                return Receipt(Delivery.UNCERTAIN, error=error, extra={"parts": ",".join(sent)})
            sent.append(receipt.external_id)
        return replace(receipt, extra=receipt.extra | {"parts": ",".join(sent)}) if len(sent) > 1 else receipt

    async def edit(self, place: PlaceRef, message_id: str, message: Outgoing) -> Receipt:
        """Change text and buttons of a message of ours; no change is as good as sent."""

        async def change(chat: int) -> str:
            text, mode = _rendered(message.text, message.markdown)
            await self._bot.edit_message_text(
                text,
                chat_id=chat,
                message_id=int(message_id),
                parse_mode=mode,
                reply_markup=_keyboard(message),
                link_preview_options=telegram.LinkPreviewOptions(is_disabled=True),
            )
            return message_id

        return await self._guarded(place, change, unchanged=message_id)

    async def remove(self, place: PlaceRef, message_id: str) -> Receipt:
        """Delete a message of ours; what is gone already is as good as deleted.

        In private chats Telegram refuses what is older than 48 hours
        (https://core.telegram.org/bots/api#deletemessage).
        """

        async def change(chat: int) -> str:
            try:
                await self._bot.delete_message(chat, int(message_id))
            except BadRequest as error:
                if "message to delete not found" not in error.message.lower():
                    raise
            return message_id

        if self._pace:
            wait = await self._pace.admit(
                place.external_id, group=_is_group(place), priority=1, patience=None
            )
            if wait:
                return Receipt(Delivery.RETRY, retry_after=wait, error="waits for its turn")
        return await self._guarded(place, change)

    def _linked(self, message: Outgoing) -> Outgoing:
        """Buttons into a private chat become links: a bot cannot write first to somebody on Telegram.

        https://core.telegram.org/bots/features#deep-linking
        """
        rows = tuple(tuple(self._link(button) for button in row) for row in message.rows)
        return replace(message, rows=rows) if rows != message.rows else message

    def _link(self, button: Button) -> Button:
        if not button.payload.startswith(PRIVATE):
            return button
        param = button.payload.removeprefix(PRIVATE)
        url = f"https://t.me/{self.username}" + (f"?start={param}" if param else "")
        return Button(button.label, url=url)

    async def strip(self, place: PlaceRef, message_id: str) -> Receipt:
        """Take the buttons off a message of ours."""

        async def change(chat: int) -> str:
            await self._bot.edit_message_reply_markup(chat_id=chat, message_id=int(message_id))
            return message_id

        return await self._guarded(place, change, unchanged=message_id)

    async def react(self, place: PlaceRef, message_id: str, emoji: str) -> Receipt:
        """Set our reaction, '' for none; Telegram takes few emoji, and refuses the others."""

        async def change(chat: int) -> str:
            await self._bot.set_message_reaction(chat, int(message_id), emoji or None)
            return message_id

        return await self._guarded(place, change, unchanged=message_id)

    async def _attempt(self, place: PlaceRef, part: Outgoing, *, patience: float | None) -> Receipt:
        """Wait for a turn, then make one call (and a second one only after a sure refusal)."""
        if self._pace:
            staff = place.kind is PlaceKind.STAFF
            wait = await self._pace.admit(
                place.external_id, group=_is_group(place), priority=int(staff), patience=patience
            )
            if wait:
                return Receipt(Delivery.RETRY, retry_after=wait, error="waits for its turn")
        return await self._guarded(place, lambda chat: self._call(chat, place, part))

    async def _guarded(
        self, place: PlaceRef, call: Callable[[int], Awaitable[str]], *, unchanged: str = ""
    ) -> Receipt:
        """Make a call and judge how it ended; an edit that changes nothing has reached what it wanted."""
        chat = self.moved.get(place.external_id, place.external_id)
        try:
            try:
                return self._sent(place, chat, await call(int(chat)))
            except ChatMigrated as moved:
                chat = self.moved[place.external_id] = str(moved.new_chat_id)
                log.warning("telegram.group_moved", old=place.external_id, new=chat)
                return self._sent(place, chat, await call(int(chat)))
        except TelegramError as error:
            if NOT_MODIFIED in error.message.lower():
                return self._sent(place, chat, unchanged)
            if isinstance(error, NotSent):
                self._shut_until = time.monotonic() + UNREACHABLE
            if isinstance(error, Flooded) and self._pace:
                self._pace.hold(place.external_id, error.seconds, group=_is_group(place))
            return receipt_for(error)
        except (OSError, VoceroError) as error:
            return Receipt(Delivery.REFUSED, error=str(error))
        except ValueError as error:  # a chat or message id that is no number
            return Receipt(Delivery.REFUSED, error=str(error))

    def _sent(self, place: PlaceRef, chat: str, message_id: str) -> Receipt:
        extra = {"chat": chat} if chat != place.external_id else {}
        return Receipt(Delivery.SENT, external_id=message_id, extra=extra)

    async def _call(self, chat: int, place: PlaceRef, part: Outgoing) -> str:
        if part.image:
            return await self._picture(chat, place, part)
        if part.attachments:
            return await self._file(chat, place, part)
        return await self._text(chat, place, part)

    async def _text(self, chat: int, place: PlaceRef, part: Outgoing) -> str:
        reply = _reply(part)

        async def once(text: str, mode: str | None) -> int:
            given = {
                "chat_id": chat,
                "text": text,
                "parse_mode": mode,
                "message_thread_id": _thread(place),
                "reply_markup": _written(part.rows),
                "reply_parameters": reply.to_dict() if reply else None,
                "disable_notification": part.silent or None,
                "link_preview_options": _NO_PREVIEW,
            }
            sent = await self._bot.do_api_request(
                SEND_MESSAGE, {name: value for name, value in given.items() if value is not None}
            )
            return _message_id(sent)

        return await _or_plain(once, part, TEXT)

    async def _picture(self, chat: int, place: PlaceRef, part: Outgoing) -> str:
        """A picture with its caption; its alt text, in words, where Telegram does not take the picture."""
        if not part.text:
            part = replace(part, text=part.alt, markdown=False)
        try:
            picture = await asyncio.to_thread(self._find, part.image)
        except OSError as error:
            log.error("telegram.picture_missing", picture=part.image, error=type(error).__name__)
            return await self._text(chat, place, _in_words(part))
        known = self._uploaded.get(picture)
        photo: str | bytes = known if known else await asyncio.to_thread(picture.path.read_bytes)

        remember: list[telegram.Message] = []

        async def once(text: str, mode: str | None) -> int:
            message = await self._bot.send_photo(
                chat,
                photo,
                caption=text or None,
                parse_mode=mode,
                filename=None if known else picture.path.name,
                message_thread_id=_thread(place),
                reply_markup=_keyboard(part),
                reply_parameters=_reply(part),
                disable_notification=part.silent or None,
            )
            remember.append(message)
            return message.message_id

        try:
            message_id = await _or_plain(once, part, CAPTION)
        except BadRequest as error:
            if _gone(error) or "reply" in error.message.lower() or "thread" in error.message.lower():
                raise
            if self._uploaded.pop(picture, None):  # its id has expired: upload it anew
                return await self._picture(chat, place, part)
            log.error("telegram.picture_refused", picture=part.image, error=error.message)
            return await self._text(chat, place, _in_words(part))
        if remember and remember[0].photo:
            self._uploaded[picture] = remember[0].photo[-1].file_id
            while len(self._uploaded) > PICTURES:
                self._uploaded.popitem(last=False)
        return message_id

    async def _file(self, chat: int, place: PlaceRef, part: Outgoing) -> str:
        name, mime, content = await self._files.open(part.attachments[0])

        async def once(text: str, mode: str | None) -> int:
            send = self._sending(mime)
            message = await send(
                chat,
                content,
                caption=text or None,
                parse_mode=mode,
                filename=name or "file",
                message_thread_id=_thread(place),
                reply_markup=_keyboard(part),
                reply_parameters=_reply(part),
                disable_notification=part.silent or None,
            )
            return message.message_id

        return await _or_plain(once, part, CAPTION)

    def _sending(self, mime: str) -> Callable[..., Awaitable[telegram.Message]]:
        if mime in _PHOTO_TYPES:
            return self._bot.send_photo
        return self._bot.send_voice if mime == _VOICE_TYPE else self._bot.send_document

    def _find(self, image: str) -> _Picture:
        """The picture's file; raises OSError if it is not there or outside the folder."""
        path = (self._root / image).resolve()
        if not path.is_relative_to(self._root):
            raise FileNotFoundError(f"{image} is outside the folder")
        state = path.stat()
        return _Picture(path, state.st_mtime_ns, state.st_size)


def receipt_for(error: TelegramError) -> Receipt:
    """What an exception of the library tells about the delivery."""
    text = error.message
    match error:
        case Flooded():
            return Receipt(Delivery.RETRY, retry_after=error.seconds, error=text)
        case NotSent():
            return Receipt(Delivery.RETRY, retry_after=UNREACHABLE, error=text)
        case InvalidToken() | EndPointNotFound():
            return Receipt(Delivery.RETRY, retry_after=TOKEN_REFUSED, error="the token was refused")
        case Forbidden():
            return Receipt(Delivery.GONE, error=text)
        case BadRequest() | ChatMigrated() | Conflict():
            return Receipt(Delivery.GONE if _gone(error) else Delivery.REFUSED, error=text)
        case _:
            return Receipt(Delivery.UNCERTAIN, error=text)


def _gone(error: TelegramError) -> bool:
    text = error.message.lower()
    return any(words in text for words in _GONE)


async def _or_plain(once: Callable[[str, str | None], Awaitable[int]], part: Outgoing, limit: int) -> str:
    """Send with markup; where Telegram cannot parse it, nothing was sent, and the plain text goes."""
    text, mode = _rendered(part.text, part.markdown)
    try:
        return str(await once(text, mode))
    except BadRequest as error:
        if mode is None or "can't parse entities" not in error.message.lower():
            raise
        log.error("telegram.markup_refused", error=error.message)
        bare = plain(part.text)
        return str(await once(bare if units(bare) <= limit else visible(part.text), None))


def _message_id(sent: object) -> int:
    """The number of a message in an answer of the server; a sent message without one counts as uncertain."""
    if isinstance(sent, dict) and isinstance(sent.get("message_id"), int):
        return int(sent["message_id"])
    raise TelegramError("the server's answer names no message")


def _rendered(text: str, markdown: bool) -> tuple[str, str | None]:
    return (telegram_html(text), ParseMode.HTML) if markdown else (text, None)


def _in_words(part: Outgoing) -> Outgoing:
    """The same message without its picture, which is told instead."""
    told = part.alt and part.alt not in part.text
    text = f"{part.text}\n\n[{part.alt}]" if told and part.text else part.text or part.alt
    return replace(part, text=text, image="", alt="")


def _keyboard(message: Outgoing) -> telegram.InlineKeyboardMarkup | None:
    rows = [[_key(button) for button in row] for row in message.rows if row]
    return telegram.InlineKeyboardMarkup(rows) if rows else None


@lru_cache(maxsize=512)
def _written(rows: tuple[tuple[Button, ...], ...]) -> dict[str, object] | None:
    """The keyboard as JSON; the same few stand below most messages."""
    keyboard = _keyboard(Outgoing("", rows=rows))
    return keyboard.to_dict() if keyboard else None


def _key(button: Button) -> telegram.InlineKeyboardButton:
    if button.url:
        return telegram.InlineKeyboardButton(button.label, url=button.url)
    return telegram.InlineKeyboardButton(button.label, callback_data=button.payload)


def _reply(message: Outgoing) -> telegram.ReplyParameters | None:
    if not message.reply_to.isdigit():
        return None
    return telegram.ReplyParameters(int(message.reply_to), allow_sending_without_reply=True)


def _thread(place: PlaceRef) -> int | None:
    return int(place.thread) if place.thread.isdigit() else None


def _is_group(place: PlaceRef) -> bool:
    return place.external_id.startswith("-")
