"""What Discord sent, in the house's own words."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import discord

from bot.channels.bones import bones
from bot.channels.discord.places import Places, Room
from bot.channels.discord.tokens import Via, ViaKind
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

SAID = frozenset({0, 19})
"""Types of message that a person writes: default and reply; the others are notices of the system."""
FORWARD = 1
"""Type of the reference of a forwarded message."""
VOICE = 1 << 13
"""Flag of a voice message."""
COMMAND, COMPONENT, AUTOCOMPLETE, FORM = 2, 3, 4, 5
"""Types of interaction."""

_USER = re.compile(r"<@!?(\d+)>")
_ROLE = re.compile(r"<@&(\d+)>")
_CHANNEL = re.compile(r"<#(\d+)>")
_EMOJI = re.compile(r"<a?:(\w+):\d+>")
_COMMAND = re.compile(r"[/!](\w{1,32})(?:\s+|$)")
_TWIN = re.compile(r"~\d{1,2}$")
_SPACES = re.compile(r"[ \t]{2,}")


@dataclass(frozen=True, slots=True)
class Asked:
    """An interaction, as far as an answer needs it."""

    id: int
    token: str
    type: int
    user: int
    locale: str
    guild: int
    channel: int
    name: str = ""
    """The canonical name of a command or form, or the payload of a button."""
    text: str = ""
    shared: bool = False
    """Whether everybody may read the answer."""
    message: str = ""
    """The message whose button was pressed."""
    led_to: str = ""
    """The way to the private place that was opened for it, as text."""
    place: PlaceRef | None = None
    sender: Sender | None = None

    @property
    def aside(self) -> bool:
        """Whether the answer is for the asker alone, where others read along."""
        return self.place is not None and self.place.kind is PlaceKind.CHANNEL and not self.shared


class Parser:
    """Turns raw payloads into inbound events; one that cannot be read is an UNPARSABLE event, no error.

    `aliases` maps every command name that people may use, in any language, to its canonical English name.
    """

    def __init__(
        self,
        account: Account,
        places: Places,
        *,
        aliases: Mapping[str, str] | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._account, self._me, self._places, self._now = account, account.id, places, now
        self._aliases = {alias.lower(): name for alias, name in (aliases or {}).items()}

    def message(
        self, data: Any, guild: int, *, edited: bool = False, backfilled: bool = False
    ) -> Inbound | None:
        """The event of a message or of its edit; None for what nobody says to anybody.

        `guild` is given apart, since the messages of a history don't tell it.
        """
        try:
            return self._message(data, guild, edited, backfilled)
        except Exception as error:  # what a broken payload raises is not known beforehand
            kept = bones(data) if guild else data  # others read along there: none of their words are kept
            return self._unparsable(f"m{data.get('id', '')}" if isinstance(data, dict) else "", kept, error)

    def deleted(self, message: int, channel: int, guild: int) -> Inbound:
        """The event of a message that was taken back; Discord doesn't tell by whom."""
        return Inbound(
            account=self._account,
            event_id=f"d{message}",
            kind=InboundKind.DELETE,
            sent_at=self._now(),
            place=self._places.place(guild, channel),
            message_id=str(message),
        )

    def asked(self, data: Any) -> Asked | None:
        """Who asks for what by an interaction; None for what we don't know."""
        try:
            return self._asked(data)
        except (KeyError, TypeError, ValueError, AttributeError):
            return None

    def interaction(self, asked: Asked) -> Inbound:
        """The event of a command, button or form."""
        kind = InboundKind.BUTTON if asked.type == COMPONENT else InboundKind.COMMAND
        text = asked.name if asked.type == COMPONENT else asked.text
        return Inbound(
            account=self._account,
            event_id=f"i{asked.id}",
            kind=kind,
            sent_at=discord.utils.snowflake_time(asked.id),
            sender=asked.sender,
            place=asked.place,
            message_id=asked.message,
            text=text,
            command="" if asked.type == COMPONENT else asked.name,
            via="" if asked.led_to else self.via(asked).encode(),
        )

    @staticmethod
    def via(asked: Asked) -> Via:
        """What an answer has to carry."""
        kind = ViaKind.ASIDE if asked.aside else ViaKind.REPLY
        kind = ViaKind.PRESS if asked.type == COMPONENT else kind
        return Via(kind, asked.id, asked.user, asked.token)

    # -- messages

    def _message(self, data: Any, guild: int, edited: bool, backfilled: bool) -> Inbound | None:
        author = data["author"]
        webhook = bool(data.get("webhook_id"))
        if author["id"] == self._me or (edited and not data.get("edited_timestamp")):
            return None  # our own; or Discord has only added a preview
        number, channel = int(data["id"]), int(data["channel_id"])
        place = self._places.place(guild, channel)
        is_bot = bool(author.get("bot")) or webhook
        private = place.kind is PlaceKind.PRIVATE
        if is_bot and (private or place.kind is PlaceKind.STAFF):
            return None
        text, attachments = _content(data), _attachments(data)
        if data.get("type", 0) not in SAID or not (text or attachments):
            return None
        room = self._places.room(guild, channel)
        sender = self._sender(author, data.get("member"), room, is_bot=is_bot)
        if private and guild and self._is_visitor(sender, channel, place.title):
            return None
        speaks, to_others, text = self._addressed(data, room, text, private)
        kind, command = InboundKind.EDIT if edited else InboundKind.MESSAGE, ""
        direct = private or place.kind is PlaceKind.STAFF
        if (
            not edited
            and (direct or speaks is not Addressed.NOT)
            and (match := _COMMAND.match(text))
            and (name := self._aliases.get(match[1].lower()))
        ):
            kind, command, text = InboundKind.COMMAND, name, text[match.end() :].strip()
        reference = data.get("message_reference") or {}
        replied = str(reference.get("message_id") or "") if data.get("type") == 19 else ""
        return Inbound(
            account=self._account,
            event_id=f"e{number}:{data['edited_timestamp']}"[:96] if edited else f"m{number}",
            kind=kind,
            sent_at=discord.utils.snowflake_time(number),
            sender=sender,
            place=place,
            message_id=str(number),
            text=_readable(text, data, room),
            command=command,
            reply_to=replied,
            reply_to_us=bool(replied) and self._replied_to(data) == self._me,
            attachments=attachments,
            addressed=Addressed.DIRECT if direct else speaks,
            to_others=to_others,
            backfilled=backfilled,
        )

    def is_private(self, channel: int, guild: int) -> bool:
        """Whether a channel of a server is a private place: a private thread that we have opened."""
        return self._places.place(guild, channel).kind is PlaceKind.PRIVATE

    def _is_visitor(self, sender: Sender, thread: int, title: str) -> bool:
        """Whether a moderator, or anybody else, looks into somebody's private thread."""
        member = self._places.member_of(thread)
        if member:
            return sender.external_id != str(member)
        return sender.moderates and not title.endswith(sender.display_name)

    def _addressed(
        self, data: Any, room: Room | None, text: str, private: bool
    ) -> tuple[Addressed, bool, str]:
        """How a message speaks to us, whether it speaks to others too, and its text without our name."""
        own_role = ""
        if "<@&" in text and room is not None and room.guild.self_role is not None:
            own_role = str(room.guild.self_role.id)
        named = set(_USER.findall(text))
        roles = set(_ROLE.findall(text))
        replied = self._replied_to(data)
        called = self._me in named or (bool(own_role) and own_role in roles)
        own = ("", self._me, str(data["author"]["id"]))
        others = bool(named - {self._me}) or bool(roles - {own_role}) or replied not in own
        others = others or bool(data.get("mention_everyone"))
        if called:
            text = re.sub(rf"<@!?{self._me}>[,:]?", " ", text)
            if own_role:
                text = re.sub(rf"<@&{own_role}>[,:]?", " ", text)
            text = _SPACES.sub(" ", text).strip()
        if private:
            return Addressed.DIRECT, False, text
        if called:
            return Addressed.MENTION, others, text
        return (Addressed.REPLY if replied == self._me else Addressed.NOT), others, text

    def _replied_to(self, data: Any) -> str:
        """Whose message it replies to; '' if none or if that is gone."""
        if data.get("type") != 19:
            return ""
        replied = data.get("referenced_message")
        return str(replied["author"]["id"]) if isinstance(replied, dict) and "author" in replied else ""

    def _sender(self, author: Any, member: Any, room: Room | None, *, is_bot: bool) -> Sender:
        nick = member.get("nick") if isinstance(member, dict) else None
        return Sender(
            str(author["id"]),
            nick or author.get("global_name") or author.get("username") or "",
            author.get("username") or "",
            is_bot=is_bot,
            moderates=_moderates(author, member, room),
        )

    def _unparsable(self, event_id: str, data: Any, error: Exception) -> Inbound:
        raw = json.dumps(data, default=str)
        return Inbound(
            account=self._account,
            event_id=event_id
            if len(event_id) > 1
            else f"raw-{hashlib.sha256(raw.encode()).hexdigest()[:24]}",
            kind=InboundKind.UNPARSABLE,
            sent_at=self._now(),
            text=type(error).__name__,
            raw=raw,
        )

    # -- interactions

    def _asked(self, data: Any) -> Asked | None:
        member = data.get("member")
        user = member["user"] if member else data["user"]
        guild = int(data.get("guild_id") or 0)
        told = data.get("channel") or {}
        channel = int(data.get("channel_id") or told["id"])
        content = data.get("data") or {}
        type_ = data["type"]
        name, text, shared = "", "", False
        if type_ in (COMMAND, AUTOCOMPLETE):
            name = self._aliases.get(str(content["name"]).lower(), "")
            for option in content.get("options") or ():
                value = option.get("value")
                if isinstance(value, bool):
                    shared = value
                elif type_ == COMMAND or option.get("focused"):
                    text = f"{text} {value}".strip()
        elif type_ == COMPONENT:
            name = _TWIN.sub("", str(content["custom_id"]))
        elif type_ == FORM:
            name = str(content["custom_id"])
            name = name if name in self._aliases.values() else ""
            text = "\n".join(_inputs(content))
        if not name:
            return None
        permissions = discord.Permissions(int(member["permissions"])) if member else discord.Permissions(0)
        sender = Sender(
            str(user["id"]),
            (member or {}).get("nick") or user.get("global_name") or user.get("username") or "",
            user.get("username") or "",
            str(data.get("locale") or ""),
            is_bot=bool(user.get("bot")),
            moderates=permissions.manage_messages,
        )
        return Asked(
            id=int(data["id"]),
            token=str(data["token"]),
            type=type_,
            user=int(user["id"]),
            locale=str(data.get("locale") or ""),
            guild=guild,
            channel=channel,
            name=name,
            text=text,
            shared=shared,
            message=str((data.get("message") or {}).get("id") or ""),
            place=self._places.place(guild, channel, told),
            sender=sender,
        )


def _inputs(content: Any) -> list[str]:
    """What was typed into a form."""
    found = []
    for row in content.get("components") or ():
        for key in row.get("components") or ([row["component"]] if row.get("component") else ()):
            if value := str(key.get("value") or "").strip():
                found.append(value)
    return found


def _moderates(author: Any, member: Any, room: Room | None) -> bool:
    """Whether they may manage messages here, by the roles that came with the message."""
    if room is None or not isinstance(member, dict):
        return False
    try:
        data: Any = {**member, "user": author}
        who = discord.Member(data=data, guild=room.guild, state=room.guild._state)
        return room.permissions_for(who).manage_messages
    except Exception:  # a broken or partial member has no rights
        return False


def _content(data: Any) -> str:
    """The text of a message, or of the one that it forwards."""
    text = str(data.get("content") or "")
    reference = data.get("message_reference") or {}
    if not text and reference.get("type") == FORWARD:
        copies = data.get("message_snapshots") or ()
        text = "\n".join(str(copy["message"].get("content") or "") for copy in copies)
    return text.strip()


def _readable(text: str, data: Any, room: Room | None) -> str:
    """Names in place of the numbers of people, roles, channels and emoji."""
    if "<" not in text:
        return text
    people = {
        str(user["id"]): user.get("global_name") or user.get("username") or "?"
        for user in data.get("mentions") or ()
    }
    guild = room.guild if room is not None else None

    def role(match: re.Match[str]) -> str:
        found = guild.get_role(int(match[1])) if guild is not None else None
        return f"@{found.name}" if found is not None else "@?"

    def channel(match: re.Match[str]) -> str:
        found = guild.get_channel_or_thread(int(match[1])) if guild is not None else None
        return f"#{found.name}" if found is not None else "#?"

    text = _USER.sub(lambda match: f"@{people.get(match[1], '?')}", text)
    text = _ROLE.sub(role, text)
    text = _CHANNEL.sub(channel, text)
    return _EMOJI.sub(lambda match: f":{match[1]}:", text)


def _attachments(data: Any) -> tuple[AttachmentRef, ...]:
    found = [_attachment(data, file) for file in data.get("attachments") or ()]
    for sticker in data.get("sticker_items") or ():
        found.append(AttachmentRef(AttachmentKind.STICKER, "", str(sticker.get("name") or "")))
    return tuple(found)


def _attachment(data: Any, file: Any) -> AttachmentRef:
    mime = str(file.get("content_type") or "").partition(";")[0]
    if int(data.get("flags") or 0) & VOICE:
        kind = AttachmentKind.VOICE
    elif mime.startswith("image/"):
        kind = AttachmentKind.PHOTO
    elif mime.startswith("video/"):
        kind = AttachmentKind.VIDEO
    else:
        kind = AttachmentKind.FILE
    ref = f"{data['channel_id']} {data['id']} {file['id']} {file['url']}"
    return AttachmentRef(kind, ref, str(file.get("filename") or ""), mime, max(0, int(file.get("size") or 0)))
