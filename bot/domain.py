"""The words of the house as types; imports nothing of the house."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NewType

ContactId = NewType("ContactId", int)
IdentityId = NewType("IdentityId", int)
PlaceId = NewType("PlaceId", int)
ConversationId = NewType("ConversationId", int)
MessageId = NewType("MessageId", int)
TurnId = NewType("TurnId", int)
CaseId = NewType("CaseId", int)
OutboxId = NewType("OutboxId", int)
EntryId = NewType("EntryId", str)
KnowledgeVersion = NewType("KnowledgeVersion", str)
Lang = NewType("Lang", str)
"""A language code: es, en or pt."""

ES, EN, PT = Lang("es"), Lang("en"), Lang("pt")


class Platform(StrEnum):
    """Where people write."""

    TELEGRAM = "telegram"
    DISCORD = "discord"
    WEB = "web"
    TERMINAL = "terminal"


class PlaceKind(StrEnum):
    """What sort of place a conversation happens in."""

    PRIVATE = "private"
    GROUP = "group"
    CHANNEL = "channel"
    THREAD = "thread"
    STAFF = "staff"


class AttachmentKind(StrEnum):
    """What a member sent beside or instead of words."""

    PHOTO = "photo"
    FILE = "file"
    VOICE = "voice"
    VIDEO = "video"
    STICKER = "sticker"
    OTHER = "other"


class Addressed(StrEnum):
    """How a message speaks to the bot."""

    DIRECT = "direct"
    """In a private chat, or by a command or button of ours."""
    MENTION = "mention"
    """It calls the bot by its name in a public place."""
    REPLY = "reply"
    """It replies to a message of ours in a public place."""
    NOT = "not"
    """It is said in a public place to everyone, or to somebody else."""


@dataclass(frozen=True, slots=True)
class Account:
    """One bot account on a platform; `id` is the platform's own (bot id), or `local`."""

    platform: Platform
    id: str


@dataclass(frozen=True, slots=True)
class Sender:
    """Who wrote, as the platform names them. `lang_hint` is the language of their app, if told.

    `is_bot`: another bot, a webhook, or a channel's own posts. `anonymous`: somebody who writes in the name
    of the place (Telegram's anonymous administrators); nobody whom a private chat could reach. `moderates`:
    whether the platform told with the event that they may manage messages in the place.
    """

    external_id: str
    display_name: str = ""
    username: str = ""
    lang_hint: str = ""
    is_bot: bool = False
    anonymous: bool = False
    moderates: bool = False


@dataclass(frozen=True, slots=True)
class PlaceRef:
    """Where it was written. `external_id` is the platform's chat id; `thread` its thread, or ''.

    A thread of a public place is that place with `thread` set: its mode and rights are the place's. A private
    thread between one member and the bot is a PRIVATE place of its own.
    """

    external_id: str
    kind: PlaceKind
    thread: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class AttachmentRef:
    """A file as the platform announces it, before it is fetched. `size` in bytes, 0 if not told."""

    kind: AttachmentKind
    ref: str
    name: str = ""
    mime: str = ""
    size: int = 0


class InboundKind(StrEnum):
    """What arrived."""

    MESSAGE = "message"
    EDIT = "edit"
    BUTTON = "button"
    COMMAND = "command"
    BLOCKED = "blocked"
    """The member blocked or unblocked the bot, or left; `text` is "on" or "off"."""
    DELETE = "delete"
    """A message was taken back by whoever wrote it, or by a moderator; the platform tells not who."""
    OTHER = "other"
    """Known and stored, but nothing that anyone says."""
    UNPARSABLE = "unparsable"


@dataclass(frozen=True, slots=True)
class Inbound:
    """One event of a platform, ready to be committed.

    `event_id` is unique per account and makes a repeat harmless. `message_id` is the platform's id of the
    message it is about. A command has its canonical English name in `command` and the rest in `text`;
    a button has its payload in `text`. `raw` is what the platform sent, kept only while it is useful.
    """

    account: Account
    event_id: str
    kind: InboundKind
    sent_at: datetime
    sender: Sender | None = None
    place: PlaceRef | None = None
    message_id: str = ""
    text: str = ""
    command: str = ""
    reply_to: str = ""
    reply_to_us: bool = False
    """Whether the message replied to is this account's own."""
    album: str = ""
    attachments: tuple[AttachmentRef, ...] = ()
    raw: str = ""
    addressed: Addressed = Addressed.DIRECT
    """A mention of the bot itself is already taken out of `text`."""
    to_others: bool = False
    """Whether it mentions or replies to anybody but the bot."""
    backfilled: bool = False
    """Whether it was fetched from the place's history, after a time in which we could not hear it."""
    via: str = ""
    """What an answer to a Discord interaction has to carry (its token); short-lived, '' elsewhere."""


class Owner(StrEnum):
    """Who speaks in a conversation."""

    BOT = "bot"
    QUEUE = "queue"
    HUMAN = "human"
    PAUSED = "paused"


class CaseState(StrEnum):
    """The life of a hand-off."""

    NEW = "new"
    ASSIGNED = "assigned"
    WAITING = "waiting"
    SNOOZED = "snoozed"
    RESOLVED = "resolved"
    REOPENED = "reopened"


class Reason(StrEnum):
    """Why a conversation was handed to a person."""

    ASKED = "asked_for_person"
    COMPLAINT = "complaint"
    NOT_UNDERSTOOD = "not_understood"
    ENTRY = "entry_says_so"
    FACT_EXPIRED = "fact_expired"
    FILE = "file_received"
    HELD = "held_send"
    MINOR = "minor"


class Outcome(StrEnum):
    """What became of a message addressed to the bot: exactly one of these."""

    ANSWERED = "answered"
    CLARIFIED = "clarified"
    SMALL_TALK = "small_talk"
    HANDED_OFF = "handed_off"
    RELAYED = "relayed"
    JOINED = "joined"
    IGNORED = "ignored"
    BLOCKED = "blocked"


class OutboxState(StrEnum):
    """How far a send has come."""

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    HELD = "held"
    """We don't know whether it arrived; a person says."""
    CANCELLED = "cancelled"
    FAILED = "failed"
    """The platform refused it for good."""


class Author(StrEnum):
    """Who said a message."""

    MEMBER = "member"
    BOT = "bot"
    STAFF = "staff"


@dataclass(frozen=True, slots=True)
class Button:
    """A button below a message; `label` begins with the word, `payload` is at most 64 bytes of ASCII."""

    label: str
    payload: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message to be sent, in light Markdown when `markdown`, else exactly as written.

    `rows` are rows of buttons. `image` is a path below the instance's folder, with its `alt` text.
    `attachments` are ids of stored files that staff forwards or receives. `removes` is the id of a message of
    ours to be deleted: then nothing else counts, and a repeat is harmless. `via` answers an interaction, and
    `ephemeral` shows that answer to the asker alone. `opens_thread` is the title of a public thread to be
    opened on the message in `reply_to`, where the platform has such; the answer goes there.
    """

    text: str
    markdown: bool = False
    rows: tuple[tuple[Button, ...], ...] = ()
    image: str = ""
    alt: str = ""
    attachments: tuple[int, ...] = ()
    reply_to: str = ""
    silent: bool = False
    removes: str = ""
    via: str = ""
    ephemeral: bool = False
    opens_thread: str = ""


class Delivery(StrEnum):
    """What became of one attempt to send."""

    SENT = "sent"
    RETRY = "retry"
    """Surely not delivered; try again after `retry_after` seconds."""
    UNCERTAIN = "uncertain"
    REFUSED = "refused"
    """Surely not delivered, and never will be."""
    GONE = "gone"
    """The member blocked the bot or deleted the chat."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """The platform's answer to one send. `external_id` names the message when it was sent."""

    delivery: Delivery
    external_id: str = ""
    retry_after: float = 0.0
    error: str = ""
    extra: dict[str, str] = field(default_factory=dict)
