"""What was said and what became of it: searched, read page by page, and written out for other programs."""

from __future__ import annotations

import csv
import dataclasses
import json
import unicodedata
from collections.abc import AsyncIterable, AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, TextIO, TypeVar

from sqlalchemy import ColumnElement, Connection, Row, Select, func, select, tuple_

from bot.domain import Author, CaseId, ConversationId, EntryId, MessageId, Outcome, Platform
from bot.store.engine import Store
from bot.store.tables import contacts, conversations, messages, places, turns

PAGE = 1000
"""Rows looked at in one read: few enough to hold; a million messages are a thousand reads."""


@dataclass(frozen=True, slots=True)
class Search:
    """Which messages to read; what is not given is not asked. `text` ignores case and accents; `since` is
    inclusive and `until` is not."""

    text: str = ""
    platform: Platform | None = None
    since: datetime | None = None
    until: datetime | None = None
    outcome: Outcome | None = None
    entry: EntryId | None = None
    case: CaseId | None = None
    conversation: ConversationId | None = None


@dataclass(frozen=True, slots=True)
class LogMessage:
    """One message. `outcome` and `rule` are a member's message's; `entry` and `confidence` its turn's."""

    id: int
    sent_at: datetime
    platform: str
    place: str
    conversation: int
    contact: str
    author: str
    staff: str
    kind: str
    text: str
    command: str
    lang: str
    outcome: str
    rule: str
    entry: str
    confidence: float | None
    knowledge: str
    case: int | None


@dataclass(frozen=True, slots=True)
class LogConversation:
    """One conversation with a message that was searched for; counts and times are of all its messages."""

    id: int
    platform: str
    place: str
    contact: str
    lang: str
    owner: str
    staff: str
    messages: int
    from_member: int
    first_at: datetime
    last_at: datetime


class Log:
    """Reads the log in pages, each a read of its own, so that neither memory nor the writer feels it."""

    def __init__(self, store: Store, *, page: int = PAGE) -> None:
        self._store = store
        self._page = page

    async def messages(self, search: Search, *, newest_first: bool = False) -> AsyncIterator[LogMessage]:
        """Each message that fits, in the order in which they were stored or its reverse."""
        at: int | None = None
        while True:
            found, at = await self._store.read(
                partial(_messages, search=search, at=at, newest_first=newest_first, page=self._page)
            )
            for row in found:
                yield row
            if at is None:
                return

    async def conversations(self, search: Search) -> AsyncIterator[LogConversation]:
        """Each conversation with a message that fits, oldest conversation first."""
        at: tuple[int, int] | None = (0, 0)
        while at is not None:
            found, at = await self._store.read(partial(_conversations, search=search, at=at, page=self._page))
            for row in found:
                yield row


Record = TypeVar("Record", LogMessage, LogConversation)


async def write_csv(kind: type[Record], rows: AsyncIterable[Record], to: TextIO) -> int:
    """Write a header and a line each as RFC 4180 has it; how many lines follow the header.

    A text that a spreadsheet would take for a formula gets an apostrophe in front. Open the file with
    newline='', and with utf-8-sig where Excel is to read its accents.
    """
    names = [field.name for field in dataclasses.fields(kind)]
    lines = csv.writer(to, dialect="excel", lineterminator="\r\n")
    lines.writerow(names)
    count = 0
    async for row in rows:
        lines.writerow([_cell(getattr(row, name)) for name in names])
        count += 1
    return count


async def write_json_lines(rows: AsyncIterable[LogMessage | LogConversation], to: TextIO) -> int:
    """Write one JSON object a line, instants as ISO 8601 in UTC; how many."""
    count = 0
    async for row in rows:
        to.write(json.dumps(dataclasses.asdict(row), ensure_ascii=False, default=_instant) + "\n")
        count += 1
    return count


def _messages(
    connection: Connection, search: Search, at: int | None, newest_first: bool, page: int
) -> tuple[list[LogMessage], int | None]:
    """What fits among the next `page` rows, and where to go on; None at the end."""
    query = _chosen(search, *_MESSAGE_COLUMNS).limit(page)
    if newest_first:
        query = query.order_by(messages.c.id.desc())
        query = query if at is None else query.where(messages.c.id < at)
    else:
        query = query.order_by(messages.c.id)
        query = query if at is None else query.where(messages.c.id > at)
    rows = connection.execute(query).all()
    fits = _fits(search.text)
    found = [_message(row) for row in rows if fits(row.text)]
    return found, rows[-1].id if len(rows) == page else None


def _conversations(
    connection: Connection, search: Search, at: tuple[int, int], page: int
) -> tuple[list[LogConversation], tuple[int, int] | None]:
    """Those found among the next `page` messages, walked conversation by conversation, and where to go on."""
    columns = (messages.c.conversation_id, messages.c.id, messages.c.text)
    key = tuple_(messages.c.conversation_id, messages.c.id)
    rows = connection.execute(
        _chosen(search, *columns)
        .where(key > at)
        .order_by(messages.c.conversation_id, messages.c.id)
        .limit(page)
    ).all()
    fits = _fits(search.text)
    found = dict.fromkeys(row.conversation_id for row in rows if fits(row.text))
    after = None
    if len(rows) == page:
        last = rows[-1]
        # The rest of a conversation that was found need not be looked at.
        after = (last.conversation_id, _LAST if last.conversation_id in found else last.id)
    return _summaries(connection, list(found)), after


def _summaries(connection: Connection, ids: Sequence[int]) -> list[LogConversation]:
    return [
        LogConversation(
            id=row.id,
            platform=row.platform,
            place=row.title or row.place_kind,
            contact=row.display_name,
            lang=row.lang or "",
            owner=row.owner,
            staff=row.staff or "",
            messages=row.messages,
            from_member=row.from_member,
            first_at=row.first_at,
            last_at=row.last_at,
        )
        for row in connection.execute(
            select(
                conversations.c.id,
                places.c.platform,
                places.c.title,
                places.c.kind.label("place_kind"),
                contacts.c.display_name,
                conversations.c.lang,
                conversations.c.owner,
                conversations.c.staff,
                func.count().label("messages"),
                func.count().filter(messages.c.author == Author.MEMBER.value).label("from_member"),
                func.min(messages.c.sent_at).label("first_at"),
                func.max(messages.c.sent_at).label("last_at"),
            )
            .select_from(conversations)
            .join(messages, messages.c.conversation_id == conversations.c.id)
            .join(places, places.c.id == conversations.c.place_id)
            .join(contacts, contacts.c.id == conversations.c.contact_id)
            .where(conversations.c.id.in_(ids))
            .group_by(conversations.c.id, places.c.id, contacts.c.id)
            .order_by(conversations.c.id)
        )
    ]


_LAST = 2**63 - 1

_MESSAGE_COLUMNS = (
    messages.c.id,
    messages.c.sent_at,
    places.c.platform,
    places.c.title,
    places.c.kind.label("place_kind"),
    messages.c.conversation_id,
    contacts.c.display_name,
    messages.c.author,
    messages.c.staff,
    messages.c.kind,
    messages.c.text,
    messages.c.command,
    messages.c.lang,
    messages.c.outcome,
    messages.c.rule,
    turns.c.entry,
    turns.c.confidence,
    turns.c.knowledge,
    messages.c.case_id,
)


def _chosen(search: Search, *columns: ColumnElement[Any]) -> Select[Any]:
    """All that SQL can tell; the text is compared here, where accents are known on any database."""
    query = (
        select(*columns)
        .select_from(messages)
        .join(conversations, conversations.c.id == messages.c.conversation_id)
        .join(places, places.c.id == conversations.c.place_id)
        .join(contacts, contacts.c.id == conversations.c.contact_id)
        .outerjoin(turns, turns.c.id == messages.c.turn_id)
    )
    if search.platform is not None:
        # The function keeps databases from beginning with an index of places, and sorting all for each page.
        query = query.where(func.coalesce(places.c.platform, "") == search.platform.value)
    if search.since is not None:
        query = query.where(messages.c.sent_at >= search.since)
    if search.until is not None:
        query = query.where(messages.c.sent_at < search.until)
    if search.outcome is not None:
        query = query.where(messages.c.outcome == search.outcome.value)
    if search.entry is not None:
        query = query.where(turns.c.entry == search.entry)
    if search.case is not None:
        query = query.where(messages.c.case_id == search.case)
    if search.conversation is not None:
        query = query.where(messages.c.conversation_id == search.conversation)
    return query


def _message(row: Row[Any]) -> LogMessage:
    return LogMessage(
        id=MessageId(row.id),
        sent_at=row.sent_at,
        platform=row.platform,
        place=row.title or row.place_kind,
        conversation=ConversationId(row.conversation_id),
        contact=row.display_name,
        author=row.author,
        staff=row.staff or "",
        kind=row.kind,
        text=row.text,
        command=row.command,
        lang=row.lang or "",
        outcome=row.outcome or "",
        rule=row.rule or "",
        entry=row.entry or "",
        confidence=row.confidence,
        knowledge=row.knowledge or "",
        case=row.case_id,
    )


def _fits(text: str) -> Callable[[str], bool]:
    sought = _folded(text)
    return lambda other: sought in _folded(other) if sought else True


def _folded(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in plain if not unicodedata.combining(letter))


def _cell(value: Any) -> Any:
    if isinstance(value, datetime):
        return _instant(value)
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r", "\n")):
        return f"'{value}"
    return "" if value is None else value


def _instant(value: datetime) -> str:
    return value.astimezone(UTC).isoformat()
