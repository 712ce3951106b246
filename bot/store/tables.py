"""Every table. Types fit SQLite and PostgreSQL; instants are UTC; enums are stored as their words."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Id = BigInteger().with_variant(Integer(), "sqlite")
"""64-bit keys; SQLite needs the word INTEGER to number rows by itself."""


class Instant(TypeDecorator[datetime]):
    """An aware UTC datetime, also where the database knows no time zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"naive datetime {value!r}: give one with its time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Short(TypeDecorator[str]):
    """A word or an id, also one from outside: what does not fit ends in its hash, the same every time.

    PostgreSQL refuses what is longer than its column, and a platform may send any length: a message is not
    lost for that, and two long ids that begin alike stay two.
    """

    impl = String
    cache_ok = True

    def __init__(self, length: int) -> None:
        super().__init__(length)
        self.length = length  # also what tells one of these from another where statements are cached

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return fitting(value, self.length) if value else value


class Words(TypeDecorator[str]):
    """A text of any length, of which each character that no database takes is replaced."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return storable(value) if value else value


_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")
"""NUL and halves of characters: legal in JSON, refused by databases."""


def storable(value: str) -> str:
    """The same text, with U+FFFD for each character that cannot be stored."""
    if value.isascii() and "\0" not in value:
        return value
    return _UNSTORABLE.sub("\ufffd", value)


def fitting(value: str, length: int) -> str:
    """The same text where it fits into `length` characters, else its beginning and its hash."""
    value = storable(value)
    if len(value) <= length:
        return value
    digest = hashlib.sha256(value.encode()).hexdigest()[:16]
    return f"{value[: length - 17]}~{digest}"


def _id(**kwargs: Any) -> Column[int]:
    return Column("id", Id, primary_key=True, **kwargs)


def _ref(name: str, target: str, *, nullable: bool = False, index: bool = False) -> Column[int]:
    return Column(name, Id, ForeignKey(f"{target}.id"), nullable=nullable, index=index)


contacts = Table(
    "contacts",
    metadata,
    _id(),
    Column("display_name", Words, nullable=False, server_default=""),
    Column("lang", Short(5)),  # what they speak, once known
    Column("greeted_at", Instant),  # when they were first told who answers
    Column("created_at", Instant, nullable=False),
    Column("minor_at", Instant),  # when they said to be younger than config/privacy.yml allows
    comment="People.",
)

identities = Table(
    "identities",
    metadata,
    _id(),
    _ref("contact_id", "contacts", index=True),
    Column("platform", Short(16), nullable=False),
    Column("account", Short(64), nullable=False),
    Column("external_id", Short(64), nullable=False),
    Column("username", Words, nullable=False, server_default=""),
    Column("display_name", Words, nullable=False, server_default=""),
    Column("unreachable_since", Instant),  # blocked the bot, or deleted the account
    Column("blocked_at", Instant),  # staff blocked this account
    Column("secret_hash", Short(64)),  # web chat: SHA-256 of the session's secret
    Column("created_at", Instant, nullable=False),
    Column("blocked_by", Words),  # who of the staff, by name
    Column(
        "anonymous", Boolean, nullable=False, server_default=text("false")
    ),  # no private chat reaches them
    UniqueConstraint("platform", "account", "external_id"),
    comment="A person's account on one platform, as seen by one bot account.",
)

places = Table(
    "places",
    metadata,
    _id(),
    Column("platform", Short(16), nullable=False),
    Column("account", Short(64), nullable=False),
    Column("external_id", Short(64), nullable=False),
    Column("kind", Short(16), nullable=False, index=True),  # few are not private, and those are asked for
    Column("mode", Short(16)),  # `listen` once the place was told that it is listened to
    Column("former_id", Short(64), nullable=False, server_default=""),  # before it became a supergroup
    Column("title", Words, nullable=False, server_default=""),
    Column("created_at", Instant, nullable=False),
    UniqueConstraint("platform", "account", "external_id"),
    comment="Private chats, groups, channels and staff places.",
)

conversations = Table(
    "conversations",
    metadata,
    _id(),
    _ref("contact_id", "contacts", index=True),
    _ref("identity_id", "identities", index=True),
    _ref("place_id", "places", index=True),
    Column("thread", Short(64), nullable=False, server_default=""),
    Column("owner", Short(8), nullable=False, server_default="bot"),
    Column("staff", Words),  # the name of the person who owns it
    Column("version", Integer, nullable=False, server_default="0"),  # moves with turns, ownership, settings
    Column("lang", Short(5)),
    Column("misses", Integer, nullable=False, server_default="0"),  # not understood, in a row
    Column("wordless", Integer, nullable=False, server_default="0"),  # files without words, in a row
    Column("context", JSON, nullable=False, server_default="{}"),  # what the last turns were about
    Column("last_inbound_at", Instant),
    Column("last_outbound_at", Instant),
    Column("created_at", Instant, nullable=False),
    UniqueConstraint("contact_id", "place_id", "thread"),
    comment="One contact in one place and thread.",
)

inbound = Table(
    "inbound",
    metadata,
    _id(),
    Column("platform", Short(16), nullable=False),
    Column("account", Short(64), nullable=False),
    Column("event_id", Short(96), nullable=False),
    Column("kind", Short(16), nullable=False),
    _ref("conversation_id", "conversations", nullable=True, index=True),
    Column("message_id", Id),  # the row in messages that it made, if any
    Column("raw", Words, nullable=False, server_default=""),  # only of events that could not be read
    Column("received_at", Instant, nullable=False),
    UniqueConstraint("platform", "account", "event_id"),
    comment="Every event that arrived, once.",
)

messages = Table(
    "messages",
    metadata,
    _id(),
    _ref("conversation_id", "conversations"),
    Column("author", Short(8), nullable=False),  # member, bot, staff
    Column("staff", Words),  # who of the staff, by name
    Column("kind", Short(16), nullable=False),  # message, command, button, note
    Column("text", Words, nullable=False),
    Column("command", Short(128), nullable=False, server_default=""),
    Column("lang", Short(5)),
    Column("external_id", Short(64), nullable=False, server_default=""),
    Column("reply_to", Short(64), nullable=False, server_default=""),
    Column("album", Short(64), nullable=False, server_default=""),
    Column("sent_at", Instant, nullable=False),  # by the platform's clock
    Column("stored_at", Instant, nullable=False),
    Column("edited_at", Instant),
    Column("outcome", Short(16)),  # of a member's message; null until its turn
    Column("rule", Short(32)),  # the named rule, where the outcome has one
    Column("turn_id", Id, ForeignKey("turns.id"), index=True),
    Column("case_id", Id, ForeignKey("cases.id"), index=True),
    Column("addressed", Short(8), nullable=False, server_default="direct"),  # of a member's: how to the bot
    Column("via", Words, nullable=False, server_default=""),  # an interaction's token, while it is of use
    Index("ix_messages_conversation_id", "conversation_id", "id"),
    Index("ix_messages_external", "conversation_id", "external_id"),
    Index(
        "ix_messages_unhandled",
        "conversation_id",
        sqlite_where=text("outcome IS NULL AND author = 'member'"),
        postgresql_where=text("outcome IS NULL AND author = 'member'"),
    ),
    comment="What was said, by anyone.",
)

attachments = Table(
    "attachments",
    metadata,
    _id(),
    _ref("message_id", "messages", nullable=True, index=True),
    Column("kind", Short(16), nullable=False),
    Column("ref", Words, nullable=False),  # how the platform names it
    Column("name", Words, nullable=False, server_default=""),
    Column("mime", Short(128), nullable=False, server_default=""),
    Column("size", Integer, nullable=False, server_default="0"),
    Column("sha256", Short(64)),  # its name in the files folder, once fetched
    Column("state", Short(16), nullable=False, server_default="announced"),  # announced, stored, refused
    Column("error", Words, nullable=False, server_default=""),
    comment="Files that came with messages.",
)

links = Table(
    "links",
    metadata,
    _id(),
    Column("platform", Short(16), nullable=False),
    Column("account", Short(64), nullable=False),
    Column("place", Short(64), nullable=False),
    Column("external_id", Short(64), nullable=False),
    _ref("case_id", "cases", index=True),
    UniqueConstraint("platform", "account", "place", "external_id"),
    comment="Which staff-place message speaks of which case, so that a reply to it finds the member.",
)

edits = Table(
    "edits",
    metadata,
    _id(),
    _ref("message_id", "messages", index=True),
    Column("before", Words, nullable=False),
    Column("after", Words, nullable=False),
    Column("at", Instant, nullable=False),
    comment="What members changed after sending.",
)

turns = Table(
    "turns",
    metadata,
    _id(),
    _ref("conversation_id", "conversations", index=True),
    Column("outcome", Short(16), nullable=False),
    Column("rule", Short(32), nullable=False, server_default=""),
    Column("reason", Short(32), nullable=False, server_default=""),
    Column("entry", Short(64), nullable=False, server_default=""),
    Column("variant", Integer),
    Column("lang", Short(5), nullable=False),
    Column("confidence", Float, nullable=False, server_default="0"),
    Column("knowledge", Short(16), nullable=False),
    Column("trace", JSON, nullable=False, server_default="{}"),
    Column("created_at", Instant, nullable=False),
    comment="What was decided about one or more messages, and why.",
)

cases = Table(
    "cases",
    metadata,
    _id(),  # its number, as people say it
    _ref("conversation_id", "conversations", index=True),
    Column("state", Short(16), nullable=False),
    Column("reason", Short(32), nullable=False),
    Column("team", Short(64), nullable=False, server_default=""),
    Column("staff", Words),
    Column("dossier", JSON, nullable=False, server_default="{}"),
    Column("opened_at", Instant, nullable=False),
    Column("assigned_at", Instant),
    Column("first_reply_at", Instant),
    Column("closed_at", Instant),
    Index("ix_cases_state", "state"),
    comment="Hand-offs.",
)

drafts = Table(
    "drafts",
    metadata,
    _id(),
    _ref("case_id", "cases", index=True),
    Column("staff", Words, nullable=False),
    Column("text", Words, nullable=False),
    Column("state", Short(16), nullable=False, server_default="kept"),  # kept, sent, discarded
    Column("at", Instant, nullable=False),
    comment="Texts of staff that were kept unsent because somebody else owned the conversation.",
)

outbox = Table(
    "outbox",
    metadata,
    _id(),
    Column("lane", Short(64), nullable=False),  # `c<conversation>`, `s<place>`: a lane sends one at a time
    _ref("conversation_id", "conversations", nullable=True, index=True),
    _ref("case_id", "cases", nullable=True, index=True),
    _ref("message_id", "messages", nullable=True, index=True),
    _ref("turn_id", "turns", nullable=True, index=True),
    Column("author", Short(8), nullable=False),
    Column("platform", Short(16), nullable=False),
    Column("account", Short(64), nullable=False),
    Column("place", JSON, nullable=False),
    Column("payload", JSON, nullable=False),
    Column("state", Short(16), nullable=False, server_default="pending"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("not_before", Instant),
    Column("external_id", Short(64), nullable=False, server_default=""),
    Column("error", Words, nullable=False, server_default=""),
    Column("created_at", Instant, nullable=False),
    Column("claimed_at", Instant),
    Column("sent_at", Instant),
    Column("uncertain_since", Instant),  # first try of which we don't know whether it arrived
    Index(
        "ix_outbox_open",
        "lane",
        "id",
        sqlite_where=text("state IN ('pending', 'sending')"),
        postgresql_where=text("state IN ('pending', 'sending')"),
    ),
    Index(
        "ix_outbox_held",
        "id",
        sqlite_where=text("state = 'held'"),
        postgresql_where=text("state = 'held'"),
    ),
    comment="What is still to be sent, and what became of what was.",
)

timers = Table(
    "timers",
    metadata,
    _id(),
    Column("kind", Short(32), nullable=False),
    Column("due_at", Instant, nullable=False, index=True),
    _ref("conversation_id", "conversations", nullable=True, index=True),
    _ref("case_id", "cases", nullable=True, index=True),
    Column("payload", JSON, nullable=False, server_default="{}"),
    comment="Things due later. A timer is deleted by the unit that acts on it.",
)

events = Table(
    "events",
    metadata,
    _id(),
    Column("at", Instant, nullable=False, index=True),
    Column("kind", Short(32), nullable=False),
    Column("platform", Short(16), nullable=False, server_default=""),
    Column("place_kind", Short(16), nullable=False, server_default=""),
    Column("lang", Short(5), nullable=False, server_default=""),
    Column("outcome", Short(16), nullable=False, server_default=""),
    Column("rule", Short(32), nullable=False, server_default=""),
    Column("reason", Short(32), nullable=False, server_default=""),
    Column("entry", Short(64), nullable=False, server_default=""),
    Column("value", Float),
    comment="For reports; carries nothing personal, so that counts outlive messages.",
)

cursors = Table(
    "cursors",
    metadata,
    Column("platform", Short(16), primary_key=True),
    Column("account", Short(64), primary_key=True),
    Column("position", Words, nullable=False),
    comment="How far each account's stream of events has been committed.",
)

grants = Table(
    "grants",
    metadata,
    Column("token_hash", Short(64), primary_key=True),
    Column("kind", Short(16), nullable=False),  # link (one time), session
    Column("staff", Words, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("spent", Boolean, nullable=False, server_default=text("false")),
    comment="Ways into the staff page, by SHA-256 of their token.",
)

watermarks = Table(
    "watermarks",
    metadata,
    Column("platform", Short(16), primary_key=True),
    Column("account", Short(64), primary_key=True),
    Column("place", Short(64), primary_key=True),
    Column("position", Short(64), nullable=False),
    comment="The last message seen in each place of a platform that has to be asked for what was missed.",
)

place_answers = Table(
    "place_answers",
    metadata,
    Column("place_id", Id, ForeignKey("places.id"), primary_key=True, autoincrement=False),
    Column("thread", Short(64), primary_key=True),
    Column("entry", Short(64), primary_key=True),
    Column("at", Instant, nullable=False),
    comment="When each entry was last answered in a public place, for its cooldown.",
)

heard = Table(
    "heard",
    metadata,
    Column("platform", Short(16), primary_key=True),
    Column("account", Short(64), primary_key=True),
    Column("place", Short(64), primary_key=True),
    Column("day", Short(10), primary_key=True),  # UTC, YYYY-MM-DD
    Column("count", Integer, nullable=False, server_default="0"),
    comment="How much was said in public places that was not for the bot: a number, no words.",
)

listened = Table(
    "listened",
    metadata,
    _id(),
    Column("platform", Short(16), nullable=False),
    Column("account", Short(64), nullable=False),
    Column("place", Short(64), nullable=False),
    Column("thread", Short(64), nullable=False, server_default=""),
    Column("sender", Short(64), nullable=False),  # the platform's id, so that it can be erased
    Column("text", Words, nullable=False),
    Column("at", Instant, nullable=False, index=True),
    Index("ix_listened_sender", "platform", "account", "sender"),
    comment="What was said in places whose mode is `listen`, for its own short time.",
)

feedback = Table(
    "feedback",
    metadata,
    _id(),
    _ref("conversation_id", "conversations", nullable=True, index=True),
    _ref("turn_id", "turns", nullable=True, index=True),
    Column("kind", Short(16), nullable=False),  # useful, not_useful, suggestion
    Column("entry", Short(64), nullable=False, server_default=""),
    Column("text", Words, nullable=False, server_default=""),
    Column("lang", Short(5), nullable=False, server_default=""),
    Column("at", Instant, nullable=False, index=True),
    comment="What members thought of an answer, and what they suggest.",
)

audit = Table(
    "audit",
    metadata,
    _id(),
    Column("at", Instant, nullable=False, index=True),
    Column("kind", Short(32), nullable=False),  # blocked, unblocked, exported, erased, retention
    Column("actor", Words, nullable=False, server_default=""),  # of the staff, by name; or the program
    Column("detail", JSON, nullable=False, server_default="{}"),  # counts and numbers, nothing personal
    comment="Who did what to members' data and rights.",
)
