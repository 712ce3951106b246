"""Public places, two platforms, members' rights: what a community needs beside private chats."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("contacts", sa.Column("minor_at", INSTANT, nullable=True))
    op.add_column("identities", sa.Column("blocked_by", sa.Text(), nullable=True))
    op.add_column(
        "identities", sa.Column("anonymous", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
    op.create_index("ix_places_kind", "places", ["kind"])
    op.add_column("places", sa.Column("former_id", sa.String(length=64), server_default="", nullable=False))
    op.add_column(
        "messages", sa.Column("addressed", sa.String(length=8), server_default="direct", nullable=False)
    )
    op.add_column("messages", sa.Column("via", sa.Text(), server_default="", nullable=False))
    with op.batch_alter_table("messages") as messages:  # a button may carry more than a command's name
        messages.alter_column(
            "command",
            type_=sa.String(length=128),
            existing_type=sa.String(length=32),
            existing_nullable=False,
            existing_server_default="",
        )
    op.add_column("outbox", sa.Column("uncertain_since", INSTANT, nullable=True))
    op.create_table(
        "watermarks",
        sa.Column("platform", sa.String(length=16), nullable=False),
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("place", sa.String(length=64), nullable=False),
        sa.Column("position", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("platform", "account", "place", name="pk_watermarks"),
        comment="The last message seen in each place of a platform that has to be asked for what was missed.",
    )
    op.create_table(
        "place_answers",
        sa.Column("place_id", ID, autoincrement=False, nullable=False),
        sa.Column("thread", sa.String(length=64), nullable=False),
        sa.Column("entry", sa.String(length=64), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["place_id"], ["places.id"], name="fk_place_answers_place_id_places"),
        sa.PrimaryKeyConstraint("place_id", "thread", "entry", name="pk_place_answers"),
        comment="When each entry was last answered in a public place, for its cooldown.",
    )
    op.create_table(
        "heard",
        sa.Column("platform", sa.String(length=16), nullable=False),
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("place", sa.String(length=64), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("count", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("platform", "account", "place", "day", name="pk_heard"),
        comment="How much was said in public places that was not for the bot: a number, no words.",
    )
    op.create_table(
        "listened",
        sa.Column("id", ID, nullable=False),
        sa.Column("platform", sa.String(length=16), nullable=False),
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("place", sa.String(length=64), nullable=False),
        sa.Column("thread", sa.String(length=64), server_default="", nullable=False),
        sa.Column("sender", sa.String(length=64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_listened"),
        comment="What was said in places whose mode is `listen`, for its own short time.",
    )
    op.create_index("ix_listened_at", "listened", ["at"])
    op.create_index("ix_listened_sender", "listened", ["platform", "account", "sender"])
    op.create_table(
        "feedback",
        sa.Column("id", ID, nullable=False),
        sa.Column("conversation_id", ID, nullable=True),
        sa.Column("turn_id", ID, nullable=True),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("entry", sa.String(length=64), server_default="", nullable=False),
        sa.Column("text", sa.Text(), server_default="", nullable=False),
        sa.Column("lang", sa.String(length=5), server_default="", nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name="fk_feedback_conversation_id_conversations"
        ),
        sa.ForeignKeyConstraint(["turn_id"], ["turns.id"], name="fk_feedback_turn_id_turns"),
        sa.PrimaryKeyConstraint("id", name="pk_feedback"),
        comment="What members thought of an answer, and what they suggest.",
    )
    op.create_index("ix_feedback_at", "feedback", ["at"])
    op.create_index("ix_feedback_conversation_id", "feedback", ["conversation_id"])
    op.create_index("ix_feedback_turn_id", "feedback", ["turn_id"])
    op.create_table(
        "audit",
        sa.Column("id", ID, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("actor", sa.Text(), server_default="", nullable=False),
        sa.Column("detail", sa.JSON(), server_default="{}", nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
        comment="Who did what to members' data and rights.",
    )
    op.create_index("ix_audit_at", "audit", ["at"])


def downgrade() -> None:
    for table in ("audit", "feedback", "listened", "heard", "place_answers", "watermarks"):
        op.drop_table(table)
    op.drop_column("outbox", "uncertain_since")
    with op.batch_alter_table("messages") as messages:
        messages.alter_column(
            "command",
            type_=sa.String(length=32),
            existing_type=sa.String(length=128),
            existing_nullable=False,
            existing_server_default="",
            postgresql_using="left(command, 32)",
        )
    op.drop_column("messages", "via")
    op.drop_column("messages", "addressed")
    op.drop_column("places", "former_id")
    op.drop_index("ix_places_kind", "places")
    op.drop_column("identities", "anonymous")
    op.drop_column("identities", "blocked_by")
    op.drop_column("contacts", "minor_at")
