"""What Telegram sent, in the house's own words."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import telegram

from bot.channels.bones import bones
from bot.channels.telegram.addressing import Called, called, reply_to, sender_of
from bot.channels.telegram.plain import plain_words
from bot.domain import (
    Account,
    Addressed,
    AttachmentKind,
    AttachmentRef,
    Inbound,
    InboundKind,
    PlaceKind,
    PlaceRef,
    Sender,
)

ALLOWED_UPDATES = ("message", "edited_message", "callback_query", "my_chat_member")
"""Named explicitly: the server keeps the last list that it was given, whoever gave it."""

_COMMAND = re.compile(r"/(\w{1,64})(?:@(\w+))?(?:\s+|$)")
_ASCII_NAME = re.compile(r"[a-z0-9_]{1,32}")
_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")
"""NUL and halves of characters: legal in JSON, refused by databases."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Parser:
    """Turns updates into inbound events.

    `aliases` maps every command name that members may write, in any language, to its canonical English name.
    `staff_chat` is the chat id of the staff group, or ''. `moved` has the new ids of groups that became
    supergroups, by their old ones: staff is heard in the new one too. `moderates` tells of a group and a
    person, by id, whether they are known to administer it.
    """

    def __init__(
        self,
        account: Account,
        *,
        username: str,
        staff_chat: str = "",
        aliases: Mapping[str, str] | None = None,
        moved: dict[str, str] | None = None,
        moderates: Callable[[str, str], bool] = lambda _chat, _person: False,
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        self._account, self._username, self._now = account, username.lower(), now
        self._aliases = {alias.lower(): name for alias, name in (aliases or {}).items()}
        self.staff_chat = staff_chat
        self._moved = moved if moved is not None else {}
        self._moderates = moderates

    def read(self, raw: Any) -> Inbound:
        """The event in one raw update; one that cannot be read is an UNPARSABLE event, no error."""
        try:
            if update_id(raw) is None:
                raise ValueError("an update without a number")
            quick = plain_words(raw, self._account, self._staff())
            return quick or self.event(telegram.Update.de_json(_storable(raw), None), raw)
        except Exception as error:  # what a broken update raises within the library is not known beforehand
            return self.unparsable(raw, error)

    def unparsable(self, raw: Any, error: Exception) -> Inbound:
        """The event of an update that cannot be read: kept whole, with the kind of error as its text."""
        number = update_id(raw)
        return Inbound(
            account=self._account,
            event_id=str(number) if number is not None else f"raw-{_digest(raw)}",
            kind=InboundKind.UNPARSABLE,
            sent_at=self._now(),
            text=type(error).__name__,
            raw=_raw(raw if _is_private(raw) else bones(raw)),
        )

    def event(self, update: telegram.Update, raw: Any = None) -> Inbound:
        """The event in one update; raises for an update that lacks what its type promises."""
        if update.message:
            return self._message(update, update.message, edited=False)
        if update.edited_message:
            return self._message(update, update.edited_message, edited=True)
        if update.callback_query:
            return self._button(update, update.callback_query)
        if update.my_chat_member:
            return self._membership(update, update.my_chat_member)
        return self._other(update, raw)

    def _message(self, update: telegram.Update, message: telegram.Message, *, edited: bool) -> Inbound:
        place = self._place(message.chat, message)
        public = place.kind in (PlaceKind.GROUP, PlaceKind.CHANNEL)
        call = self._called(message, public=public)
        text, attachments = call.text, _attachments(message)
        kind, command = InboundKind.EDIT if edited else InboundKind.MESSAGE, ""
        if message.migrate_to_chat_id:
            self._moved[str(message.chat.id)] = str(message.migrate_to_chat_id)
            kind, command, text = InboundKind.OTHER, "migrated", str(message.migrate_to_chat_id)
        elif (
            not (text or attachments or call.addressed is Addressed.MENTION)
            or message.is_automatic_forward
            or _is_other_bot(message)
        ):
            kind = InboundKind.OTHER
        elif not edited and message.text and (match := _COMMAND.match(text)):
            kind, command, text = self._command(match, text, public=public)
        moderates = public and bool(message.from_user) and self._moderates(place.external_id, _id(message))
        return Inbound(
            account=self._account,
            event_id=str(update.update_id),
            kind=kind,
            sent_at=(message.edit_date if edited else None) or message.date,
            sender=sender_of(message, moderates=moderates),
            place=place,
            message_id=str(message.message_id),
            text=text,
            command=command,
            reply_to=reply_to(message),
            reply_to_us=bool(reply_to(message)) and self._is_ours(message.reply_to_message),
            album=message.media_group_id or "",
            attachments=attachments,
            addressed=Addressed.DIRECT if kind is InboundKind.COMMAND else call.addressed,
            to_others=call.to_others,
        )

    def _called(self, message: telegram.Message, *, public: bool) -> Called:
        if not public:
            return Called(message.text or message.caption or "", Addressed.DIRECT, False)
        return called(message, bot_id=self._account.id, username=self._username)

    def _is_ours(self, message: telegram.Message | None) -> bool:
        return bool(message and message.from_user and str(message.from_user.id) == self._account.id)

    def _command(self, match: re.Match[str], text: str, *, public: bool) -> tuple[InboundKind, str, str]:
        """Kind, canonical name and rest. A slash before any other word is no command but text.

        In a group a command that we don't know is another bot's, unless it names us.
        """
        name, addressee = match[1].lower(), (match[2] or "").lower()
        if addressee and addressee != self._username:
            return InboundKind.OTHER, "", text
        canonical = self._aliases.get(name, name if _ASCII_NAME.fullmatch(name) else "")
        if not canonical:
            return InboundKind.MESSAGE, "", text
        if public and not addressee and name not in self._aliases:
            return InboundKind.OTHER, "", ""
        return InboundKind.COMMAND, canonical, text[match.end() :].strip()

    def _button(self, update: telegram.Update, query: telegram.CallbackQuery) -> Inbound:
        message = query.message
        place = None
        if message:
            whole = message if isinstance(message, telegram.Message) else None
            place = self._place(message.chat, whole)
        return Inbound(
            account=self._account,
            event_id=str(update.update_id),
            kind=InboundKind.BUTTON if place else InboundKind.OTHER,
            sent_at=self._now(),  # Telegram tells no time for a press
            sender=_user(query.from_user),
            place=place,
            message_id=str(message.message_id) if message else "",
            text=query.data or "",
        )

    def _membership(self, update: telegram.Update, change: telegram.ChatMemberUpdated) -> Inbound:
        """In a private chat: the member blocked or unblocked the bot. In a group it is only noted."""
        gone = change.new_chat_member.status in ("kicked", "left")
        private = change.chat.type == "private"
        return Inbound(
            account=self._account,
            event_id=str(update.update_id),
            kind=InboundKind.BLOCKED if private else InboundKind.OTHER,
            sent_at=change.date,
            sender=_user(change.from_user),
            place=self._place(change.chat, None),
            text="on" if gone else "off",
            command="" if private else "membership",
        )

    def _other(self, update: telegram.Update, raw: Any) -> Inbound:
        return Inbound(
            account=self._account,
            event_id=str(update.update_id),
            kind=InboundKind.OTHER,
            sent_at=self._now(),
            raw=_raw(raw if _is_private(raw) else bones(raw)) if raw is not None else "",
        )

    def _staff(self) -> tuple[str, ...]:
        """The id of the staff chat, and its new one if it moved."""
        if not self.staff_chat:
            return ()
        return (self.staff_chat, self._moved.get(self.staff_chat, self.staff_chat))

    def _place(self, chat: telegram.Chat, message: telegram.Message | None) -> PlaceRef:
        thread = message.message_thread_id if message and message.is_topic_message else None
        if str(chat.id) in self._staff():
            kind = PlaceKind.STAFF
        elif chat.type == "private":
            kind = PlaceKind.PRIVATE
        elif chat.type == "channel":
            kind = PlaceKind.CHANNEL
        else:
            kind = PlaceKind.GROUP
        return PlaceRef(str(chat.id), kind, str(thread or ""), chat.title or "")


def update_id(raw: Any) -> int | None:
    """The number of a raw update, if it has one."""
    number = raw.get("update_id") if isinstance(raw, dict) else None
    return number if isinstance(number, int) and not isinstance(number, bool) else None


def _raw(raw: Any) -> str:
    try:
        return json.dumps(raw, separators=(",", ":"))
    except RecursionError:  # read by a narrow margin, too deep to be written
        return ""


def _digest(raw: Any) -> str:
    return hashlib.sha256(_raw(raw).encode()).hexdigest()[:24]


def _storable(raw: Any) -> Any:
    """The same value without what databases refuse, in whatever field it stands."""
    if isinstance(raw, str):
        return _UNSTORABLE.sub("\ufffd", raw) if _UNSTORABLE.search(raw) else raw
    if isinstance(raw, dict):
        return {key: _storable(value) for key, value in raw.items()}
    if isinstance(raw, list):
        return [_storable(value) for value in raw]
    return raw


def _is_other_bot(message: telegram.Message) -> bool:
    """Another bot's words; an administrator who writes without a name comes as a bot, with a sender_chat."""
    return bool(message.from_user and message.from_user.is_bot and not message.sender_chat)


def _user(user: telegram.User) -> Sender:
    return Sender(str(user.id), user.full_name, user.username or "", user.language_code or "")


def _id(message: telegram.Message) -> str:
    return str(message.from_user.id) if message.from_user else ""


def _is_private(raw: Any) -> bool:
    """Whether an update surely is of a private chat: only then its words may be kept as they are."""
    if not isinstance(raw, dict):
        return False
    [content, *more] = [value for key, value in raw.items() if key != "update_id"] or [None]
    if more or not isinstance(content, dict):
        return False
    within = content.get("message") if isinstance(content.get("message"), dict) else content
    chat = within.get("chat") if isinstance(within, dict) else None
    return isinstance(chat, dict) and chat.get("type") == "private"


def _attachments(message: telegram.Message) -> tuple[AttachmentRef, ...]:
    found = message.effective_attachment
    if found is None:
        return ()
    if isinstance(found, (list, tuple)):
        if not found or not isinstance(found[0], telegram.PhotoSize):
            return (AttachmentRef(AttachmentKind.OTHER, "", "paid_media"),)
        largest = max(found, key=lambda size: (size.width * size.height, size.file_size or 0))
        return (
            AttachmentRef(
                AttachmentKind.PHOTO, largest.file_id, mime="image/jpeg", size=largest.file_size or 0
            ),
        )
    match found:
        case telegram.Voice():
            return (_file(AttachmentKind.VOICE, found, found.mime_type),)
        case telegram.Video() | telegram.Animation():
            return (_file(AttachmentKind.VIDEO, found, found.mime_type, found.file_name),)
        case telegram.VideoNote():
            return (_file(AttachmentKind.VIDEO, found, "video/mp4"),)
        case telegram.Document() | telegram.Audio():
            return (_file(AttachmentKind.FILE, found, found.mime_type, found.file_name),)
        case telegram.Sticker():
            return (_file(AttachmentKind.STICKER, found, "", found.emoji),)
        case telegram.Invoice() | telegram.SuccessfulPayment() | telegram.PassportData():
            return ()  # nothing that a member says
        case _:  # a place, a contact, a poll, and what Telegram may add
            return (AttachmentRef(AttachmentKind.OTHER, "", type(found).__name__.lower()),)


def _file(kind: AttachmentKind, file: Any, mime: str | None, name: str | None = "") -> AttachmentRef:
    return AttachmentRef(kind, file.file_id, name or "", mime or "", file.file_size or 0)
