"""Everything that is stored about a person, as plain values for a file that other programs read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, Table, select

from bot.domain import ContactId
from bot.store.payload import decode_outgoing
from bot.store.tables import (
    attachments,
    cases,
    contacts,
    conversations,
    drafts,
    edits,
    feedback,
    identities,
    listened,
    messages,
    outbox,
    places,
    turns,
)

FORMAT = "vocero-export/1"
COPY = "export"
"""The `ref` of a file that is such a copy itself: it is not copied again."""

Values = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Export:
    """The document, and the contents it names: path within the archive to the hash of the content."""

    document: Values
    files: Mapping[str, str]


def export(connection: Connection, contact: ContactId, now: datetime) -> Export | None:
    """All about a person, of one moment; None when there is no such person. Docs name every field."""
    person = connection.execute(select(contacts).where(contacts.c.id == contact)).one_or_none()
    if person is None:
        return None
    accounts = connection.execute(
        select(identities).where(identities.c.contact_id == contact).order_by(identities.c.id)
    ).all()
    files: dict[str, str] = {}
    held = connection.execute(
        select(
            conversations,
            places.c.platform,
            places.c.kind.label("place_kind"),
            places.c.title,
            places.c.external_id.label("place"),
        )
        .join(places, places.c.id == conversations.c.place_id)
        .where(conversations.c.contact_id == contact)
        .order_by(conversations.c.id)
    ).all()
    document = {
        "format": FORMAT,
        "generated_at": _plain(now),
        "person": _fields(person, "display_name lang created_at greeted_at minor_at"),
        "accounts": [
            _fields(
                row,
                "platform account external_id username display_name created_at unreachable_since "
                "blocked_at blocked_by",
            )
            for row in accounts
        ],
        "conversations": [_conversation(connection, row, files) for row in held],
        "listened": [
            _fields(row, "platform place thread text at")
            for account in accounts
            for row in connection.execute(
                select(listened)
                .where(
                    listened.c.platform == account.platform,
                    listened.c.account == account.account,
                    listened.c.sender == account.external_id,
                )
                .order_by(listened.c.id)
            )
        ],
    }
    return Export(document, files)


def _conversation(connection: Connection, row: Row[Any], files: dict[str, str]) -> Values:
    theirs = _of(connection, cases, cases.c.conversation_id == row.id)
    said = _of(connection, messages, messages.c.conversation_id == row.id)
    ids = select(messages.c.id).where(messages.c.conversation_id == row.id)
    changed = _by(_of(connection, edits, edits.c.message_id.in_(ids)), "message_id")
    attached = _by(_of(connection, attachments, attachments.c.message_id.in_(ids)), "message_id")
    sends = _of(connection, outbox, outbox.c.conversation_id == row.id)
    sent = _by(sends, "message_id")
    kept = _by(_of(connection, drafts, drafts.c.case_id.in_([case.id for case in theirs])), "case_id")
    told = _by(
        _of(
            connection,
            outbox,
            outbox.c.case_id.in_([case.id for case in theirs]) & outbox.c.message_id.is_(None),
        ),
        "case_id",
    )
    return {
        "place": {"kind": row.place_kind, "title": row.title, "external_id": row.place, "thread": row.thread},
        **_fields(row, "platform owner staff lang misses wordless context last_inbound_at created_at"),
        "messages": [
            {
                **_fields(
                    one,
                    "id author staff kind text command lang external_id reply_to album addressed "
                    "sent_at stored_at edited_at outcome rule turn_id case_id",
                ),
                "edits": [_fields(edit, "before after at") for edit in changed.get(one.id, ())],
                "files": [_file(file, files) for file in attached.get(one.id, ()) if file.ref != COPY],
                "deliveries": [_delivery(send) for send in sent.get(one.id, ())],
            }
            for one in said
        ],
        "decisions": [
            _fields(turn, "id outcome rule reason entry variant lang confidence knowledge trace created_at")
            for turn in _of(connection, turns, turns.c.conversation_id == row.id)
        ],
        "cases": [
            {
                **_fields(
                    case, "id state reason team staff dossier opened_at assigned_at first_reply_at closed_at"
                ),
                "drafts": [_fields(draft, "staff text state at") for draft in kept.get(case.id, ())],
                "notices_to_staff": [
                    {"text": decode_outgoing(send.payload).text, **_delivery(send)}
                    for send in told.get(case.id, ())
                ],
            }
            for case in theirs
        ],
        "feedback": [
            _fields(one, "turn_id kind entry text lang at")
            for one in _of(connection, feedback, feedback.c.conversation_id == row.id)
        ],
    }


def _file(row: Row[Any], files: dict[str, str]) -> Values:
    path = ""
    if row.sha256:
        name = "".join(c for c in row.name if c.isalnum() or c in "._- ").strip(". ")[:80]
        path = f"files/{row.id}-{name or row.kind}"
        files[path] = row.sha256
    return {**_fields(row, "kind name mime size state"), "path": path}


def _delivery(row: Row[Any]) -> Values:
    return _fields(row, "state external_id created_at sent_at")


def _of(connection: Connection, table: Table, which: Any) -> Sequence[Row[Any]]:
    query: Select[Any] = select(table).where(which).order_by(table.c.id)
    return connection.execute(query).all()


def _by(rows: Sequence[Row[Any]], column: str) -> dict[int, list[Row[Any]]]:
    found: dict[int, list[Row[Any]]] = {}
    for row in rows:
        found.setdefault(getattr(row, column), []).append(row)
    return found


def _fields(row: Row[Any], names: str) -> Values:
    return {name: _plain(getattr(row, name)) for name in names.split()}


def _plain(value: Any) -> Any:
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value
