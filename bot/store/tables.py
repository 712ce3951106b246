"""Every table. Types fit SQLite and PostgreSQL; instants are UTC; enums are stored as their words."""

from __future__ import annotations

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


def _id(**kwargs: Any) -> Column[int]:
    return Column("id", Id, primary_key=True, **kwargs)


def _ref(name: str, target: str, *, nullable: bool = False, index: bool = False) -> Column[int]:
    return Column(name, Id, ForeignKey(f"{target}.id"), nullable=nullable, index=index)


contacts = Table(
    "contacts",
    metadata,
    _id(),
    Column("display_name", Text, nullable=False, server_default=""),
    Column("lang", String(5)),  # what they speak, once known
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
    Column("platform", String(16), nullable=False),
    Column("account", String(64), nullable=False),
    Column("external_id", String(64), nullable=False),
    Column("username", Text, nullable=False, server_default=""),
    Column("display_name", Text, nullable=False, server_default=""),
    Column("unreachable_since", Instant),  # blocked the bot, or deleted the account
    Column("blocked_at", Instant),  # staff blocked this account
    Column("secret_hash", String(64)),  # web chat: SHA-256 of the session's secret
    Column("created_at", Instant, nullable=False),
    Column("blocked_by", Text),  # who of the staff, by name
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
    Column("platform", String(16), nullable=False),
    Column("account", String(64), nullable=False),
    Column("external_id", String(64), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("mode", String(16)),  # `listen` once the place was told that it is listened to
    Column("former_id", String(64), nullable=False, server_default=""),  # before it became a supergroup
    Column("title", Text, nullable=False, server_default=""),
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
    Column("thread", String(64), nullable=False, server_default=""),
    Column("owner", String(8), nullable=False, server_default="bot"),
    Column("staff", Text),  # the name of the person who owns it
    Column("version", Integer, nullable=False, server_default="0"),  # moves with turns, ownership, settings
    Column("lang", String(5)),
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
    Column("platform", String(16), nullable=False),
    Column("account", String(64), nullable=False),
    Column("event_id", String(96), nullable=False),
    Column("kind", String(16), nullable=False),
    _ref("conversation_id", "conversations", nullable=True, index=True),
    Column("message_id", Id),  # the row in messages that it made, if any
    Column("raw", Text, nullable=False, server_default=""),  # only of events that could not be read
    Column("received_at", Instant, nullable=False),
    UniqueConstraint("platform", "account", "event_id"),
    comment="Every event that arrived, once.",
)

messages = Table(
    "messages",
    metadata,
    _id(),
    _ref("conversation_id", "conversations"),
    Column("author", String(8), nullable=False),  # member, bot, staff
    Column("staff", Text),  # who of the staff, by name
    Column("kind", String(16), nullable=False),  # message, command, button, note
    Column("text", Text, nullable=False),
    Column("command", String(32), nullable=False, server_default=""),
    Column("lang", String(5)),
    Column("external_id", String(64), nullable=False, server_default=""),
    Column("reply_to", String(64), nullable=False, server_default=""),
    Column("album", String(64), nullable=False, server_default=""),
    Column("sent_at", Instant, nullable=False),  # by the platform's clock
    Column("stored_at", Instant, nullable=False),
    Column("edited_at", Instant),
    Column("outcome", String(16)),  # of a member's message; null until its turn
    Column("rule", String(32)),  # the named rule, where the outcome has one
    Column("turn_id", Id, ForeignKey("turns.id", use_alter=True), index=True),
    Column("case_id", Id, ForeignKey("cases.id", use_alter=True), index=True),
    Column("addressed", String(8), nullable=False, server_default="direct"),  # of a member's: how to the bot
    Column("via", Text, nullable=False, server_default=""),  # an interaction's token, while it is of use
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
    Column("kind", String(16), nullable=False),
    Column("ref", Text, nullable=False),  # how the platform names it
    Column("name", Text, nullable=False, server_default=""),
    Column("mime", String(128), nullable=False, server_default=""),
    Column("size", Integer, nullable=False, server_default="0"),
    Column("sha256", String(64)),  # its name in the files folder, once fetched
    Column("state", String(16), nullable=False, server_default="announced"),  # announced, stored, refused
    Column("error", Text, nullable=False, server_default=""),
    comment="Files that came with messages.",
)

links = Table(
    "links",
    metadata,
    _id(),
    Column("platform", String(16), nullable=False),
    Column("account", String(64), nullable=False),
    Column("place", String(64), nullable=False),
    Column("external_id", String(64), nullable=False),
    _ref("case_id", "cases", index=True),
    UniqueConstraint("platform", "account", "place", "external_id"),
    comment="Which staff-place message speaks of which case, so that a reply to it finds the member.",
)

edits = Table(
    "edits",
    metadata,
    _id(),
    _ref("message_id", "messages", index=True),
    Column("before", Text, nullable=False),
    Column("after", Text, nullable=False),
    Column("at", Instant, nullable=False),
    comment="What members changed after sending.",
)

turns = Table(
    "turns",
    metadata,
    _id(),
    _ref("conversation_id", "conversations", index=True),
    Column("outcome", String(16), nullable=False),
    Column("rule", String(32), nullable=False, server_default=""),
    Column("reason", String(32), nullable=False, server_default=""),
    Column("entry", String(64), nullable=False, server_default=""),
    Column("variant", Integer),
    Column("lang", String(5), nullable=False),
    Column("confidence", Float, nullable=False, server_default="0"),
    Column("knowledge", String(16), nullable=False),
    Column("trace", JSON, nullable=False, server_default="{}"),
    Column("created_at", Instant, nullable=False),
    comment="What was decided about one or more messages, and why.",
)

cases = Table(
    "cases",
    metadata,
    _id(),  # its number, as people say it
    _ref("conversation_id", "conversations", index=True),
    Column("state", String(16), nullable=False),
    Column("reason", String(32), nullable=False),
    Column("team", String(64), nullable=False, server_default=""),
    Column("staff", Text),
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
    Column("staff", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("state", String(16), nullable=False, server_default="kept"),  # kept, sent, discarded
    Column("at", Instant, nullable=False),
    comment="Texts of staff that were kept unsent because somebody else owned the conversation.",
)

outbox = Table(
    "outbox",
    metadata,
    _id(),
    Column("lane", String(64), nullable=False),  # `c<conversation>`, `s<place>`: a lane sends one at a time
    _ref("conversation_id", "conversations", nullable=True, index=True),
    _ref("case_id", "cases", nullable=True, index=True),
    _ref("message_id", "messages", nullable=True, index=True),
    _ref("turn_id", "turns", nullable=True, index=True),
    Column("author", String(8), nullable=False),
    Column("platform", String(16), nullable=False),
    Column("account", String(64), nullable=False),
    Column("place", JSON, nullable=False),
    Column("payload", JSON, nullable=False),
    Column("state", String(16), nullable=False, server_default="pending"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("not_before", Instant),
    Column("external_id", String(64), nullable=False, server_default=""),
    Column("error", Text, nullable=False, server_default=""),
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
    Column("kind", String(32), nullable=False),
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
    Column("kind", String(32), nullable=False),
    Column("platform", String(16), nullable=False, server_default=""),
    Column("place_kind", String(16), nullable=False, server_default=""),
    Column("lang", String(5), nullable=False, server_default=""),
    Column("outcome", String(16), nullable=False, server_default=""),
    Column("rule", String(32), nullable=False, server_default=""),
    Column("reason", String(32), nullable=False, server_default=""),
    Column("entry", String(64), nullable=False, server_default=""),
    Column("value", Float),
    comment="For reports; carries nothing personal, so that counts outlive messages.",
)

cursors = Table(
    "cursors",
    metadata,
    Column("platform", String(16), primary_key=True),
    Column("account", String(64), primary_key=True),
    Column("position", Text, nullable=False),
    comment="How far each account's stream of events has been committed.",
)

grants = Table(
    "grants",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("kind", String(16), nullable=False),  # link (one time), session
    Column("staff", Text, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("spent", Boolean, nullable=False, server_default=text("false")),
    comment="Ways into the staff page, by SHA-256 of their token.",
)

watermarks = Table(
    "watermarks",
    metadata,
    Column("platform", String(16), primary_key=True),
    Column("account", String(64), primary_key=True),
    Column("place", String(64), primary_key=True),
    Column("position", String(64), nullable=False),
    comment="The last message seen in each place of a platform that has to be asked for what was missed.",
)

place_answers = Table(
    "place_answers",
    metadata,
    Column("place_id", Id, ForeignKey("places.id"), primary_key=True, autoincrement=False),
    Column("thread", String(64), primary_key=True),
    Column("entry", String(64), primary_key=True),
    Column("at", Instant, nullable=False),
    comment="When each entry was last answered in a public place, for its cooldown.",
)

heard = Table(
    "heard",
    metadata,
    Column("platform", String(16), primary_key=True),
    Column("account", String(64), primary_key=True),
    Column("place", String(64), primary_key=True),
    Column("day", String(10), primary_key=True),  # UTC, YYYY-MM-DD
    Column("count", Integer, nullable=False, server_default="0"),
    comment="How much was said in public places that was not for the bot: a number, no words.",
)

listened = Table(
    "listened",
    metadata,
    _id(),
    Column("platform", String(16), nullable=False),
    Column("account", String(64), nullable=False),
    Column("place", String(64), nullable=False),
    Column("thread", String(64), nullable=False, server_default=""),
    Column("sender", String(64), nullable=False),  # the platform's id, so that it can be erased
    Column("text", Text, nullable=False),
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
    Column("kind", String(16), nullable=False),  # useful, not_useful, suggestion
    Column("entry", String(64), nullable=False, server_default=""),
    Column("text", Text, nullable=False, server_default=""),
    Column("lang", String(5), nullable=False, server_default=""),
    Column("at", Instant, nullable=False, index=True),
    comment="What members thought of an answer, and what they suggest.",
)

audit = Table(
    "audit",
    metadata,
    _id(),
    Column("at", Instant, nullable=False, index=True),
    Column("kind", String(32), nullable=False),  # blocked, unblocked, exported, erased, retention
    Column("actor", Text, nullable=False, server_default=""),  # of the staff, by name; or the program
    Column("detail", JSON, nullable=False, server_default="{}"),  # counts and numbers, nothing personal
    comment="Who did what to members' data and rights.",
)
