"""Make every table."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:

    op.create_table(
        "contacts",
        sa.Column("id", ID, nullable=False),
        sa.Column("display_name", sa.Text(), server_default="", nullable=False),
        sa.Column("lang", sa.String(length=5), nullable=True),
        sa.Column("greeted_at", INSTANT, nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_contacts"),
        comment="People.",
    )
    op.create_table(
        "cursors",
        sa.Column("platform", sa.String(length=16), nullable=False),
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("position", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("platform", "account", name="pk_cursors"),
        comment="How far each account's stream of events has been committed.",
    )
    op.create_table(
        "events",
        sa.Column("id", ID, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("platform", sa.String(length=16), server_default="", nullable=False),
        sa.Column("place_kind", sa.String(length=16), server_default="", nullable=False),
        sa.Column("lang", sa.String(length=5), server_default="", nullable=False),
        sa.Column("outcome", sa.String(length=16), server_default="", nullable=False),
        sa.Column("rule", sa.String(length=32), server_default="", nullable=False),
        sa.Column("reason", sa.String(length=32), server_default="", nullable=False),
        sa.Column("entry", sa.String(length=64), server_default="", nullable=False),
        sa.Column("value", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_events"),
        comment="For reports; carries nothing personal, so that counts outlive messages.",
    )
    op.create_index("ix_events_at", "events", ["at"])
    op.create_table(
        "grants",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("staff", sa.Text(), nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("spent", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.PrimaryKeyConstraint("token_hash", name="pk_grants"),
        comment="Ways into the staff page, by SHA-256 of their token.",
    )
    op.create_table(
        "places",
        sa.Column("id", ID, nullable=False),
        sa.Column("platform", sa.String(length=16), nullable=False),
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("external_id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("mode", sa.String(length=16), nullable=True),
        sa.Column("title", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_places"),
        sa.UniqueConstraint(
            "platform", "account", "external_id", name="uq_places_platform_account_external_id"
        ),
        comment="Private chats, groups, channels and staff places.",
    )
    op.create_table(
        "identities",
        sa.Column("id", ID, nullable=False),
        sa.Column("contact_id", ID, nullable=False),
        sa.Column("platform", sa.String(length=16), nullable=False),
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("external_id", sa.String(length=64), nullable=False),
        sa.Column("username", sa.Text(), server_default="", nullable=False),
        sa.Column("display_name", sa.Text(), server_default="", nullable=False),
        sa.Column("unreachable_since", INSTANT, nullable=True),
        sa.Column("blocked_at", INSTANT, nullable=True),
        sa.Column("secret_hash", sa.String(length=64), nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_identities"),
        sa.UniqueConstraint(
            "platform", "account", "external_id", name="uq_identities_platform_account_external_id"
        ),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name="fk_identities_contact_id_contacts"),
        comment="A person's account on one platform, as seen by one bot account.",
    )
    op.create_index("ix_identities_contact_id", "identities", ["contact_id"])
    op.create_table(
        "conversations",
        sa.Column("id", ID, nullable=False),
        sa.Column("contact_id", ID, nullable=False),
        sa.Column("identity_id", ID, nullable=False),
        sa.Column("place_id", ID, nullable=False),
        sa.Column("thread", sa.String(length=64), server_default="", nullable=False),
        sa.Column("owner", sa.String(length=8), server_default="bot", nullable=False),
        sa.Column("staff", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="0", nullable=False),
        sa.Column("lang", sa.String(length=5), nullable=True),
        sa.Column("misses", sa.Integer(), server_default="0", nullable=False),
        sa.Column("wordless", sa.Integer(), server_default="0", nullable=False),
        sa.Column("context", sa.JSON(), server_default="{}", nullable=False),
        sa.Column("last_inbound_at", INSTANT, nullable=True),
        sa.Column("last_outbound_at", INSTANT, nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_conversations"),
        sa.UniqueConstraint(
            "contact_id", "place_id", "thread", name="uq_conversations_contact_id_place_id_thread"
        ),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name="fk_conversations_contact_id_contacts"),
        sa.ForeignKeyConstraint(
            ["identity_id"], ["identities.id"], name="fk_conversations_identity_id_identities"
        ),
        sa.ForeignKeyConstraint(["place_id"], ["places.id"], name="fk_conversations_place_id_places"),
        comment="One contact in one place and thread.",
    )
    op.create_index("ix_conversations_contact_id", "conversations", ["contact_id"])
    op.create_index("ix_conversations_identity_id", "conversations", ["identity_id"])
    op.create_index("ix_conversations_place_id", "conversations", ["place_id"])
    op.create_table(
        "cases",
        sa.Column("id", ID, nullable=False),
        sa.Column("conversation_id", ID, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.Column("team", sa.String(length=64), server_default="", nullable=False),
        sa.Column("staff", sa.Text(), nullable=True),
        sa.Column("dossier", sa.JSON(), server_default="{}", nullable=False),
        sa.Column("opened_at", INSTANT, nullable=False),
        sa.Column("assigned_at", INSTANT, nullable=True),
        sa.Column("first_reply_at", INSTANT, nullable=True),
        sa.Column("closed_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_cases"),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name="fk_cases_conversation_id_conversations"
        ),
        comment="Hand-offs.",
    )
    op.create_index("ix_cases_conversation_id", "cases", ["conversation_id"])
    op.create_index("ix_cases_state", "cases", ["state"])
    op.create_table(
        "inbound",
        sa.Column("id", ID, nullable=False),
        sa.Column("platform", sa.String(length=16), nullable=False),
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("event_id", sa.String(length=96), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("conversation_id", ID, nullable=True),
        sa.Column("message_id", ID, nullable=True),
        sa.Column("raw", sa.Text(), server_default="", nullable=False),
        sa.Column("received_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_inbound"),
        sa.UniqueConstraint("platform", "account", "event_id", name="uq_inbound_platform_account_event_id"),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name="fk_inbound_conversation_id_conversations"
        ),
        comment="Every event that arrived, once.",
    )
    op.create_index("ix_inbound_conversation_id", "inbound", ["conversation_id"])
    op.create_table(
        "turns",
        sa.Column("id", ID, nullable=False),
        sa.Column("conversation_id", ID, nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("rule", sa.String(length=32), server_default="", nullable=False),
        sa.Column("reason", sa.String(length=32), server_default="", nullable=False),
        sa.Column("entry", sa.String(length=64), server_default="", nullable=False),
        sa.Column("variant", sa.Integer(), nullable=True),
        sa.Column("lang", sa.String(length=5), nullable=False),
        sa.Column("confidence", sa.Float(), server_default="0", nullable=False),
        sa.Column("knowledge", sa.String(length=16), nullable=False),
        sa.Column("trace", sa.JSON(), server_default="{}", nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_turns"),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name="fk_turns_conversation_id_conversations"
        ),
        comment="What was decided about one or more messages, and why.",
    )
    op.create_index("ix_turns_conversation_id", "turns", ["conversation_id"])
    op.create_table(
        "messages",
        sa.Column("id", ID, nullable=False),
        sa.Column("conversation_id", ID, nullable=False),
        sa.Column("author", sa.String(length=8), nullable=False),
        sa.Column("staff", sa.Text(), nullable=True),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("command", sa.String(length=32), server_default="", nullable=False),
        sa.Column("lang", sa.String(length=5), nullable=True),
        sa.Column("external_id", sa.String(length=64), server_default="", nullable=False),
        sa.Column("reply_to", sa.String(length=64), server_default="", nullable=False),
        sa.Column("album", sa.String(length=64), server_default="", nullable=False),
        sa.Column("sent_at", INSTANT, nullable=False),
        sa.Column("stored_at", INSTANT, nullable=False),
        sa.Column("edited_at", INSTANT, nullable=True),
        sa.Column("outcome", sa.String(length=16), nullable=True),
        sa.Column("rule", sa.String(length=32), nullable=True),
        sa.Column("turn_id", ID, nullable=True),
        sa.Column("case_id", ID, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_messages"),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name="fk_messages_conversation_id_conversations"
        ),
        sa.ForeignKeyConstraint(["turn_id"], ["turns.id"], name="fk_messages_turn_id_turns"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_messages_case_id_cases"),
        comment="What was said, by anyone.",
    )
    op.create_index("ix_messages_case_id", "messages", ["case_id"])
    op.create_index("ix_messages_conversation_id", "messages", ["conversation_id", "id"])
    op.create_index("ix_messages_external", "messages", ["conversation_id", "external_id"])
    op.create_index("ix_messages_turn_id", "messages", ["turn_id"])
    op.create_index(
        "ix_messages_unhandled",
        "messages",
        ["conversation_id"],
        sqlite_where=sa.text("outcome IS NULL AND author = 'member'"),
        postgresql_where=sa.text("outcome IS NULL AND author = 'member'"),
    )
    op.create_table(
        "attachments",
        sa.Column("id", ID, nullable=False),
        sa.Column("message_id", ID, nullable=True),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("mime", sa.String(length=128), server_default="", nullable=False),
        sa.Column("size", sa.Integer(), server_default="0", nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.Column("state", sa.String(length=16), server_default="announced", nullable=False),
        sa.Column("error", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_attachments"),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name="fk_attachments_message_id_messages"),
        comment="Files that came with messages.",
    )
    op.create_index("ix_attachments_message_id", "attachments", ["message_id"])
    op.create_table(
        "drafts",
        sa.Column("id", ID, nullable=False),
        sa.Column("case_id", ID, nullable=False),
        sa.Column("staff", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), server_default="kept", nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_drafts"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_drafts_case_id_cases"),
        comment="Texts of staff that were kept unsent because somebody else owned the conversation.",
    )
    op.create_index("ix_drafts_case_id", "drafts", ["case_id"])
    op.create_table(
        "edits",
        sa.Column("id", ID, nullable=False),
        sa.Column("message_id", ID, nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("after", sa.Text(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_edits"),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name="fk_edits_message_id_messages"),
        comment="What members changed after sending.",
    )
    op.create_index("ix_edits_message_id", "edits", ["message_id"])
    op.create_table(
        "links",
        sa.Column("id", ID, nullable=False),
        sa.Column("platform", sa.String(length=16), nullable=False),
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("place", sa.String(length=64), nullable=False),
        sa.Column("external_id", sa.String(length=64), nullable=False),
        sa.Column("case_id", ID, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_links"),
        sa.UniqueConstraint(
            "platform", "account", "place", "external_id", name="uq_links_platform_account_place_external_id"
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_links_case_id_cases"),
        comment="Which staff-place message speaks of which case, so that a reply to it finds the member.",
    )
    op.create_index("ix_links_case_id", "links", ["case_id"])
    op.create_table(
        "outbox",
        sa.Column("id", ID, nullable=False),
        sa.Column("lane", sa.String(length=64), nullable=False),
        sa.Column("conversation_id", ID, nullable=True),
        sa.Column("case_id", ID, nullable=True),
        sa.Column("message_id", ID, nullable=True),
        sa.Column("turn_id", ID, nullable=True),
        sa.Column("author", sa.String(length=8), nullable=False),
        sa.Column("platform", sa.String(length=16), nullable=False),
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("place", sa.JSON(), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=16), server_default="pending", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("not_before", INSTANT, nullable=True),
        sa.Column("external_id", sa.String(length=64), server_default="", nullable=False),
        sa.Column("error", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("claimed_at", INSTANT, nullable=True),
        sa.Column("sent_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name="fk_outbox_conversation_id_conversations"
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_outbox_case_id_cases"),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name="fk_outbox_message_id_messages"),
        sa.ForeignKeyConstraint(["turn_id"], ["turns.id"], name="fk_outbox_turn_id_turns"),
        comment="What is still to be sent, and what became of what was.",
    )
    op.create_index("ix_outbox_case_id", "outbox", ["case_id"])
    op.create_index("ix_outbox_conversation_id", "outbox", ["conversation_id"])
    op.create_index(
        "ix_outbox_held",
        "outbox",
        ["id"],
        sqlite_where=sa.text("state = 'held'"),
        postgresql_where=sa.text("state = 'held'"),
    )
    op.create_index("ix_outbox_message_id", "outbox", ["message_id"])
    op.create_index(
        "ix_outbox_open",
        "outbox",
        ["lane", "id"],
        sqlite_where=sa.text("state IN ('pending', 'sending')"),
        postgresql_where=sa.text("state IN ('pending', 'sending')"),
    )
    op.create_index("ix_outbox_turn_id", "outbox", ["turn_id"])
    op.create_table(
        "timers",
        sa.Column("id", ID, nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("due_at", INSTANT, nullable=False),
        sa.Column("conversation_id", ID, nullable=True),
        sa.Column("case_id", ID, nullable=True),
        sa.Column("payload", sa.JSON(), server_default="{}", nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_timers"),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name="fk_timers_conversation_id_conversations"
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_timers_case_id_cases"),
        comment="Things due later. A timer is deleted by the unit that acts on it.",
    )
    op.create_index("ix_timers_case_id", "timers", ["case_id"])
    op.create_index("ix_timers_conversation_id", "timers", ["conversation_id"])
    op.create_index("ix_timers_due_at", "timers", ["due_at"])


def downgrade() -> None:
    op.drop_table("timers")
    op.drop_table("outbox")
    op.drop_table("links")
    op.drop_table("edits")
    op.drop_table("drafts")
    op.drop_table("attachments")
    op.drop_table("messages")
    op.drop_table("turns")
    op.drop_table("inbound")
    op.drop_table("cases")
    op.drop_table("conversations")
    op.drop_table("identities")
    op.drop_table("places")
    op.drop_table("grants")
    op.drop_table("events")
    op.drop_table("cursors")
    op.drop_table("contacts")
