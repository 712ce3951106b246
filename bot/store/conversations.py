"""Who owns a conversation, written down."""

from __future__ import annotations

from sqlalchemy import Connection, update

from bot.conversation.ownership import Ownership
from bot.domain import ConversationId
from bot.store.tables import conversations


def own(
    connection: Connection, conversation: ConversationId, after: Ownership, *, forget: bool = False
) -> None:
    """A conversation is someone's from now on; `forget` starts counting misses anew."""
    values: dict[str, object] = {
        "owner": after.owner.value,
        "staff": after.staff,
        "version": conversations.c.version + 1,
    }
    if forget:
        values |= {"misses": 0, "wordless": 0}
    connection.execute(update(conversations).where(conversations.c.id == conversation).values(**values))
