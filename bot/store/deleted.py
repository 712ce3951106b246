"""Messages that were taken back."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, insert, select, text, update

from bot.domain import ConversationId, Inbound, InboundKind, PlaceKind
from bot.store.tables import conversations, edits, messages, places

_UNHANDLED = text("messages.outcome IS NULL AND messages.author = 'member'")
"""In the words of the partial index: SQLite uses it only where it reads the same."""


def take_back(connection: Connection, event: Inbound, now: datetime) -> ConversationId | None:
    """Forget the words of a message that has no outcome yet, and wake its conversation.

    After its turn it is only written down, as an edit that leaves nothing.
    """
    assert event.place is not None
    here = (
        select(messages.c.id, messages.c.text, messages.c.outcome, messages.c.conversation_id)
        .join(conversations, conversations.c.id == messages.c.conversation_id)
        .join(places, places.c.id == conversations.c.place_id)
        .where(
            places.c.platform == event.account.platform.value,
            places.c.account == event.account.id,
            places.c.external_id == event.place.external_id,
            conversations.c.thread == event.place.thread,
            messages.c.external_id == event.message_id,
            messages.c.author == "member",
            messages.c.kind == InboundKind.MESSAGE.value,
        )
        .limit(1)
    )
    row = connection.execute(here.where(_UNHANDLED)).one_or_none()
    if row is None and event.place.kind is PlaceKind.PRIVATE:  # a public place has too many conversations
        row = connection.execute(here).one_or_none()
    if row is None:
        return None
    if row.outcome is not None:
        connection.execute(insert(edits), {"message_id": row.id, "before": row.text, "after": "", "at": now})
        connection.execute(update(messages).where(messages.c.id == row.id).values(edited_at=now))
        return None
    connection.execute(
        update(messages)
        .where(messages.c.id == row.id, messages.c.outcome.is_(None))
        .values(kind=InboundKind.DELETE.value, text="", edited_at=now)
    )
    return ConversationId(row.conversation_id)
