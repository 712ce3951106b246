"""Cases as staff sees them: the list, and everything about one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, func, or_, select
from sqlalchemy import case as sql_case

from bot.domain import (
    Author,
    CaseId,
    CaseState,
    EntryId,
    InboundKind,
    Lang,
    OutboxState,
    Owner,
    Platform,
    Reason,
)
from bot.store.payload import decode_outgoing
from bot.store.situations import OPEN_CASES
from bot.store.tables import (
    attachments,
    cases,
    contacts,
    conversations,
    drafts,
    identities,
    messages,
    outbox,
    turns,
)

LINES = 200
"""Messages of a conversation that a dossier shows, the latest ones."""
CLOSED = 100
"""Closed cases that are listed, the latest ones."""
_BUTTON, _COMMAND = InboundKind.BUTTON.value, InboundKind.COMMAND.value


@dataclass(frozen=True, slots=True)
class CaseSummary:
    """One line of the list of cases."""

    id: CaseId
    state: CaseState
    owner: Owner
    staff: str | None
    reason: Reason
    team: str
    member: str
    """The member's display name as the platform gave it: untrusted text."""
    platform: Platform
    lang: Lang
    last_text: str
    opened_at: datetime
    last_inbound_at: datetime | None
    held: int
    """Sends of this conversation of which we don't know whether they arrived."""
    blocked_at: datetime | None = None
    blocked_by: str = ""
    last_command: str = ""
    """The canonical name of the command that `last_text` was said with, or ''."""


@dataclass(frozen=True, slots=True)
class Line:
    """One message of a conversation as staff sees it. `id` grows with time."""

    id: int
    author: Author
    staff: str | None
    text: str
    markdown: bool
    at: datetime
    note: bool = False
    """Staff-only text."""
    delivery: OutboxState | None = None
    outbox_id: int | None = None
    error: str = ""
    entry: str = ""
    files: tuple[tuple[int, str, str], ...] = ()
    """Attachment id, name and media type of each stored file."""
    command: str = ""
    """The canonical name of the command that the member gave, or ''; `text` is what stood behind it."""
    tapped: str = ""
    """The payload of the button that the member pressed, or ''; `text` is what stood on it, if known."""


@dataclass(frozen=True, slots=True)
class DraftLine:
    """A text that was kept unsent because somebody else owned the conversation."""

    id: int
    staff: str
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Dossier:
    """All that a person needs to take over."""

    summary: CaseSummary
    lines: tuple[Line, ...]
    drafts: tuple[DraftLine, ...]
    asked: tuple[str, ...]
    """What the member asked before the hand-off."""
    tried: tuple[str, ...]
    """Titles of the entries that the bot gave or offered."""


def list_cases(connection: Connection, *, closed: bool = False) -> list[CaseSummary]:
    """Open cases, those that wait longest first; or the latest closed ones."""
    query = _summaries()
    if closed:
        query = query.where(cases.c.state == CaseState.RESOLVED.value)
        query = query.order_by(cases.c.closed_at.desc()).limit(CLOSED)
    else:
        query = query.where(cases.c.state.in_(OPEN_CASES)).order_by(cases.c.opened_at, cases.c.id)
    return [_summary(row) for row in connection.execute(query)]


def summary(connection: Connection, case: CaseId) -> CaseSummary | None:
    """One line of the list, open or closed."""
    row = connection.execute(_summaries().where(cases.c.id == case)).one_or_none()
    return _summary(row) if row is not None else None


def dossier(connection: Connection, case: CaseId) -> Dossier | None:
    """Everything about one case. `tried` holds ids of entries: titles are the knowledge's part."""
    row = connection.execute(_summaries().where(cases.c.id == case)).one_or_none()
    if row is None:
        return None
    conversation = row.conversation_id
    found = connection.execute(
        select(
            messages,
            outbox.c.state,
            outbox.c.id.label("outbox_id"),
            outbox.c.error,
            outbox.c.payload,
            turns.c.entry,
        )
        .outerjoin(outbox, outbox.c.message_id == messages.c.id)
        .outerjoin(turns, turns.c.id == messages.c.turn_id)
        .where(messages.c.conversation_id == conversation)
        .order_by(messages.c.id.desc())
        .limit(LINES)
    ).all()[::-1]
    kept = connection.execute(
        select(drafts)
        .join(cases, cases.c.id == drafts.c.case_id)
        .where(cases.c.conversation_id == conversation, drafts.c.state == "kept")
        .order_by(drafts.c.id)
    )
    files = _files(connection, [line.id for line in found])
    labels = _labels(found)
    return Dossier(
        summary=_summary(row),
        lines=tuple(_line(line, files.get(line.id, ()), labels) for line in found),
        drafts=tuple(DraftLine(d.id, d.staff, d.text, d.at) for d in kept),
        asked=tuple(asked(connection, conversation, until=row.opened_at)),
        tried=tuple(EntryId(entry) for entry in row.dossier.get("tried", ())),
    )


def asked(
    connection: Connection, conversation: int, *, until: datetime | None = None, most: int = 5
) -> list[str]:
    """What the member said last, in words, oldest first."""
    query = select(messages.c.text).where(
        messages.c.conversation_id == conversation, messages.c.author == "member", messages.c.text != ""
    )
    if until is not None:
        query = query.where(messages.c.stored_at <= until)
    return list(connection.execute(query.order_by(messages.c.id.desc()).limit(most)).scalars())[::-1]


def _summaries() -> Select[Any]:
    said = messages.alias("said")
    last = (
        select(messages.c.id)
        .where(
            messages.c.conversation_id == cases.c.conversation_id,
            messages.c.author == "member",
            or_(messages.c.text != "", messages.c.kind == _COMMAND),
        )
        .order_by(messages.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    heard = (
        select(func.max(messages.c.stored_at))
        .where(messages.c.conversation_id == cases.c.conversation_id, messages.c.author == "member")
        .scalar_subquery()
    )
    held = (
        select(func.count())
        .select_from(outbox)
        .where(outbox.c.conversation_id == cases.c.conversation_id, outbox.c.state == "held")
        .scalar_subquery()
    )
    return (
        select(
            cases,
            conversations.c.owner,
            conversations.c.staff.label("owner_staff"),
            conversations.c.lang,
            contacts.c.display_name,
            identities.c.platform,
            identities.c.blocked_at,
            identities.c.blocked_by,
            said.c.text.label("last_text"),
            sql_case((said.c.kind == _COMMAND, said.c.command), else_="").label("last_command"),
            heard.label("heard_at"),
            held.label("held"),
        )
        .join(conversations, conversations.c.id == cases.c.conversation_id)
        .join(contacts, contacts.c.id == conversations.c.contact_id)
        .join(identities, identities.c.id == conversations.c.identity_id)
        .outerjoin(said, said.c.id == last)
    )


def _summary(row: Any) -> CaseSummary:
    return CaseSummary(
        id=CaseId(row.id),
        state=CaseState(row.state),
        owner=Owner(row.owner),
        staff=row.owner_staff or row.staff,
        reason=Reason(row.reason),
        team=row.team,
        member=row.display_name,
        platform=Platform(row.platform),
        lang=Lang(row.lang or ""),
        last_text=row.last_text or "",
        opened_at=row.opened_at,
        last_inbound_at=row.heard_at,
        held=row.held,
        blocked_at=row.blocked_at,
        blocked_by=row.blocked_by or "",
        last_command=row.last_command or "",
    )


def _labels(rows: Sequence[Any]) -> dict[str, str]:
    """What stood on the buttons that were sent, by their payload; nothing where nobody pressed one."""
    if not any(row.kind == _BUTTON for row in rows):
        return {}
    sent = (decode_outgoing(row.payload) for row in rows if row.payload)
    return {button.payload: button.label for message in sent for line in message.rows for button in line}


def _line(row: Any, files: tuple[tuple[int, str, str], ...], labels: Mapping[str, str]) -> Line:
    tapped = row.command if row.kind == _BUTTON else ""
    return Line(
        id=row.id,
        author=Author(row.author),
        staff=row.staff,
        text=row.text or labels.get(tapped, ""),
        markdown=False,
        at=row.sent_at,
        note=row.kind == "note",
        delivery=OutboxState(row.state) if row.state else None,
        outbox_id=row.outbox_id,
        error=row.error or "",
        entry=(row.entry or "") if row.author == Author.BOT.value else "",
        files=files,
        command=row.command if row.kind == _COMMAND else "",
        tapped=tapped,
    )


def _files(connection: Connection, ids: Sequence[int]) -> dict[int, tuple[tuple[int, str, str], ...]]:
    result: dict[int, tuple[tuple[int, str, str], ...]] = {}
    if not ids:
        return result
    rows = connection.execute(
        select(attachments)
        .where(attachments.c.message_id.in_(ids), attachments.c.state == "stored")
        .order_by(attachments.c.id)
    )
    for row in rows:
        name = row.name or f"{row.kind}-{row.id}"
        result[row.message_id] = (*result.get(row.message_id, ()), (row.id, name, row.mime))
    return result
