"""A conversation and what its member said since the last turn, as one read sees them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, bindparam, func, select, text

from bot.conversation.ownership import PERSON_OWNS, Ownership
from bot.conversation.situation import Memory, Said, Situation
from bot.domain import (
    Account,
    Addressed,
    AttachmentKind,
    CaseId,
    ContactId,
    ConversationId,
    EntryId,
    InboundKind,
    Lang,
    MessageId,
    Outcome,
    Owner,
    PlaceId,
    PlaceKind,
    PlaceRef,
    Platform,
)
from bot.store import places as places_
from bot.store.places import PUBLIC
from bot.store.tables import attachments, cases, contacts, conversations, identities, messages, places

OPEN_CASES = ("new", "assigned", "waiting", "snoozed", "reopened")

_UNHANDLED = text("messages.outcome IS NULL AND messages.author = 'member'")
"""In the words of the partial index: SQLite uses it only where it reads the same."""

_open_case = (
    select(func.max(cases.c.id))
    .where(cases.c.conversation_id == conversations.c.id, cases.c.state.in_(OPEN_CASES))
    .scalar_subquery()
)
_conversation = (
    select(
        conversations,
        contacts.c.display_name,
        contacts.c.greeted_at,
        contacts.c.minor_at,
        identities.c.blocked_at,
        identities.c.platform,
        identities.c.account,
        places.c.external_id.label("place"),
        places.c.kind.label("place_kind"),
        places.c.former_id,
        identities.c.anonymous,
        _open_case.label("case_id"),
    )
    .join(contacts, contacts.c.id == conversations.c.contact_id)
    .join(identities, identities.c.id == conversations.c.identity_id)
    .join(places, places.c.id == conversations.c.place_id)
    .where(conversations.c.id.in_(bindparam("asked", expanding=True)))
)
_said_rows = (
    select(
        messages.c.id,
        messages.c.conversation_id,
        messages.c.kind,
        messages.c.text,
        messages.c.command,
        messages.c.album,
        messages.c.external_id,
        messages.c.sent_at,
        messages.c.stored_at,
        messages.c.addressed,
        messages.c.via,
        attachments.c.id.label("file"),
        attachments.c.kind.label("file_kind"),
    )
    .outerjoin(attachments, attachments.c.message_id == messages.c.id)
    .order_by(messages.c.id, attachments.c.id)
)
_unhandled = _said_rows.where(
    messages.c.conversation_id.in_(bindparam("asked", expanding=True)),
    _UNHANDLED,
)
_MOST_RELAYED = 20
"""Messages at the end of a conversation that are read together, once the bot may answer them."""


def load(connection: Connection, conversation: ConversationId) -> Situation | None:
    """The situation of a conversation; None if there is no such conversation."""
    return load_all(connection, [conversation]).get(conversation)


def load_all(connection: Connection, asked: Collection[ConversationId]) -> dict[ConversationId, Situation]:
    """The situations of many conversations; those that don't exist are left out."""
    said: dict[ConversationId, list[Said]] = {}
    for _, group in groupby(connection.execute(_unhandled, {"asked": list(asked)}), key=lambda row: row.id):
        rows = list(group)
        said.setdefault(rows[0].conversation_id, []).append(_said(rows))
    found = connection.execute(_conversation, {"asked": list(asked)}).all()
    in_public = {row.place_id for row in found if row.place_kind in PUBLIC}
    lately = places_.lately(connection, in_public)
    return {
        row.id: _situation(row, said.get(row.id, ()), lately.get((row.place_id, row.thread), {}))
        for row in found
    }


def question_of(connection: Connection, message: MessageId, contact: ContactId) -> str:
    """What a contact asked in a message of their own, wherever they wrote it; '' of anybody else's."""
    found = connection.execute(
        select(messages.c.text)
        .join(conversations, conversations.c.id == messages.c.conversation_id)
        .where(messages.c.id == message, messages.c.author == "member", conversations.c.contact_id == contact)
    ).scalar_one_or_none()
    return found or ""


def left_unanswered(connection: Connection, conversation: ConversationId) -> list[MessageId]:
    """What the member said last, to a person who has not answered since; empty if the last word is ours.

    At the most the last twenty messages. What has no outcome yet is left to its own turn.
    """
    words = messages.c.conversation_id == conversation, messages.c.kind != "note"
    ours = select(func.max(messages.c.id)).where(*words, messages.c.author != "member").scalar_subquery()
    found = connection.execute(
        select(messages.c.id)
        .where(
            *words,
            messages.c.id > func.coalesce(ours, 0),
            messages.c.outcome == Outcome.RELAYED.value,
            messages.c.rule == PERSON_OWNS,
        )
        .order_by(messages.c.id.desc())
        .limit(_MOST_RELAYED)
    ).scalars()
    return [MessageId(i) for i in reversed(list(found))]


def saying(connection: Connection, situation: Situation, said: Collection[MessageId]) -> Situation:
    """The situation as if these messages of its member had just been said, whatever became of them."""
    rows = connection.execute(
        _said_rows.where(
            messages.c.conversation_id == situation.conversation,
            messages.c.author == "member",
            messages.c.id.in_(list(said)),
        )
    )
    found = tuple(_said(list(group)) for _, group in groupby(rows, key=lambda row: row.id))
    return replace(situation, said=found)


def waiting(connection: Connection, before: datetime, limit: int = 1000) -> list[ConversationId]:
    """Conversations with messages that were stored before `before` and have no outcome yet."""
    found = connection.execute(
        select(messages.c.conversation_id)
        .where(_UNHANDLED, messages.c.stored_at < before)
        .distinct()
        .limit(limit)
    ).scalars()
    return [ConversationId(i) for i in found]


def _situation(row: Any, said: Sequence[Said], lately: Mapping[EntryId, datetime]) -> Situation:
    return Situation(
        conversation=ConversationId(row.id),
        contact=ContactId(row.contact_id),
        version=row.version,
        ownership=Ownership(Owner(row.owner), row.staff),
        account=Account(Platform(row.platform), row.account),
        place=PlaceRef(row.place, PlaceKind(row.place_kind), row.thread),
        name=row.display_name,
        case=CaseId(row.case_id) if row.case_id is not None else None,
        lang=Lang(row.lang) if row.lang else None,
        misses=row.misses,
        wordless=row.wordless,
        first_visit=row.greeted_at is None,
        blocked=row.blocked_at is not None,
        minor=row.minor_at is not None,
        memory=Memory.from_json(row.context),
        said=tuple(said),
        place_id=PlaceId(row.place_id),
        former_place=row.former_id,
        anonymous=row.anonymous,
        lately=lately,
    )


def _said(rows: list[Any]) -> Said:
    first = rows[0]
    deleted = first.kind == InboundKind.DELETE.value
    files = [row for row in rows if row.file is not None and not deleted]
    return Said(
        id=MessageId(first.id),
        kind=InboundKind(first.kind),
        text=first.text,
        sent_at=first.sent_at,
        stored_at=first.stored_at,
        command=first.command,
        album=first.album,
        external_id=first.external_id,
        addressed=Addressed(first.addressed),
        via=first.via,
        attachments=tuple(AttachmentKind(row.file_kind) for row in files),
        attachment_ids=tuple(row.file for row in files),
    )
