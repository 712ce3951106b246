"""What members thought of answers, and what they suggest."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, case, func, insert, select

from bot.domain import ConversationId, MessageId, Platform
from bot.store.tables import contacts, conversations, feedback, identities, messages, turns

SHOWN = 200
"""Lines that are listed at the most, the latest first."""
JUDGES = ("useful", "not_useful")


@dataclass(frozen=True, slots=True)
class FeedbackLine:
    """One opinion or suggestion; `asked` is what the member had asked, where an answer was judged."""

    id: int
    at: datetime
    kind: str
    member: str
    platform: Platform | None
    entry: str
    text: str
    asked: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """How many members said that an entry's answer served them, and how many that it did not."""

    entry: str
    useful: int
    not_useful: int


def record(
    connection: Connection,
    conversation: ConversationId,
    kind: str,
    now: datetime,
    *,
    message: MessageId | None = None,
    entry: str = "",
    text: str = "",
    lang: str = "",
) -> bool:
    """Keep an opinion of the turn that answered `message`, or a suggestion.

    False, and nothing kept, for a turn that was judged before and for a message of another conversation.
    """
    turn = None
    if message is not None:
        turn = connection.execute(
            select(messages.c.turn_id).where(
                messages.c.id == message, messages.c.conversation_id == conversation
            )
        ).scalar_one_or_none()
        if turn is None:
            return False
        judged = select(feedback.c.id).where(feedback.c.turn_id == turn, feedback.c.kind.in_(JUDGES))
        if connection.execute(judged.limit(1)).first() is not None:
            return False
    row = {
        "conversation_id": conversation,
        "turn_id": turn,
        "kind": kind,
        "entry": entry,
        "text": text,
        "lang": lang,
        "at": now,
    }
    connection.execute(insert(feedback), row)
    return True


def verdicts(connection: Connection) -> list[Verdict]:
    """What was thought of each entry that anybody judged, the least useful first.

    Counted from the opinions that are kept: those that were deleted by age or with their member are not.
    """
    useful, useless = (func.sum(case((feedback.c.kind == kind, 1), else_=0)) for kind in JUDGES)
    rows = connection.execute(
        select(feedback.c.entry, useful.label("useful"), useless.label("useless"))
        .where(feedback.c.kind.in_(JUDGES), feedback.c.entry != "")
        .group_by(feedback.c.entry)
        .order_by(useless.desc(), useful, feedback.c.entry)
    )
    return [Verdict(row.entry, int(row.useful), int(row.useless)) for row in rows]


def latest(connection: Connection, *, kind: str = "") -> list[FeedbackLine]:
    """The latest suggestions and answers that did not serve, or only those of a kind.

    Those that served are only counted.
    """
    asked = (
        select(messages.c.text)
        .where(messages.c.turn_id == feedback.c.turn_id, messages.c.author == "member", messages.c.text != "")
        .order_by(messages.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    rows = connection.execute(
        select(
            feedback,
            contacts.c.display_name,
            identities.c.platform,
            turns.c.entry.label("answered"),
            asked.label("asked"),
        )
        .outerjoin(conversations, conversations.c.id == feedback.c.conversation_id)
        .outerjoin(contacts, contacts.c.id == conversations.c.contact_id)
        .outerjoin(identities, identities.c.id == conversations.c.identity_id)
        .outerjoin(turns, turns.c.id == feedback.c.turn_id)
        .where(feedback.c.kind == kind if kind else feedback.c.kind != "useful")
        .order_by(feedback.c.id.desc())
        .limit(SHOWN)
    )
    return [
        FeedbackLine(
            row.id,
            row.at,
            row.kind,
            row.display_name or "",
            Platform(row.platform) if row.platform else None,
            row.entry or row.answered or "",
            row.text,
            row.asked or "",
        )
        for row in rows
    ]
