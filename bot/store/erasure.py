"""A person's rows, taken away: a piece at a time, with what the platforms still show of them noted first.

What is counted elsewhere stays: reporting events carry nothing personal, and a case keeps its number, its
reason and its times, on a conversation of nobody's. SQLite gives the number of a table's last row again when
that row is deleted, and numbers of people, conversations, messages and cases live on in buttons, nonces and
memories: so the last row of a table is emptied rather than deleted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, delete, func, insert, or_, select, update

from bot.domain import (
    Account,
    Author,
    CaseId,
    CaseState,
    ContactId,
    ConversationId,
    OutboxState,
    Outgoing,
    PlaceKind,
    PlaceRef,
    Platform,
)
from bot.store.outbox import Send, put
from bot.store.payload import decode_place
from bot.store.situations import OPEN_CASES
from bot.store.tables import (
    attachments,
    cases,
    contacts,
    conversations,
    drafts,
    edits,
    feedback,
    identities,
    inbound,
    links,
    listened,
    messages,
    outbox,
    place_answers,
    places,
    timers,
    turns,
    watermarks,
)

PIECE = 500
"""Messages that one unit takes away: some tens of milliseconds in which nobody else writes."""
NOBODY = "erased"
"""The external id of the account and place that cases of people who were erased belong to."""

EMPTIED: Mapping[str, Any] = {
    **dict.fromkeys(("text", "command", "external_id", "reply_to", "album", "via"), ""),
    **dict.fromkeys(("staff", "edited_at", "turn_id", "case_id", "lang")),
    "outcome": "ignored",
    "rule": NOBODY,
}
"""What a message becomes whose number must stay: nothing of it is left but its times."""

_ARRIVED = (OutboxState.SENT.value, OutboxState.HELD.value, OutboxState.SENDING.value)
"""What may be on the platform; of what is just being sent, or held, we may not know the id."""
_ON_DEMAND = (Platform.WEB.value, Platform.TERMINAL.value)
"""Platforms that show what our rows hold and nothing else: without rows there is nothing to remove."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A message of ours that a platform still shows; `id` is '' where we never learned it."""

    account: Account
    place: PlaceRef
    id: str
    at: datetime


@dataclass(slots=True)
class Erased:
    """What one piece took away: counts, what is still shown, files to see to, cases that were open."""

    counts: Counter[str] = field(default_factory=Counter)
    shown: list[Shown] = field(default_factory=list)
    files: set[str] = field(default_factory=set)
    closed: list[CaseId] = field(default_factory=list)
    done: bool = False


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose rows: the contact, their accounts, and their conversations with the places of those."""

    contact: ContactId
    accounts: tuple[Any, ...]
    conversations: tuple[Any, ...]

    @property
    def ids(self) -> list[int]:
        """The conversations' numbers."""
        return [row.id for row in self.conversations]


def subject(connection: Connection, contact: ContactId) -> Subject | None:
    """A person's accounts and conversations; None when there is no such person any more."""
    accounts = connection.execute(select(identities).where(identities.c.contact_id == contact)).all()
    found = connection.execute(
        select(
            conversations.c.id,
            conversations.c.place_id,
            places.c.kind,
            places.c.platform,
            places.c.account,
            places.c.external_id,
        )
        .join(places, places.c.id == conversations.c.place_id)
        .where(conversations.c.contact_id == contact)
        .order_by(conversations.c.id)
    ).all()
    if any(row.external_id == NOBODY for row in accounts):
        return None  # nobody's: what was left of others stays counted
    there = connection.execute(select(contacts.c.id).where(contacts.c.id == contact)).first()
    return Subject(contact, tuple(accounts), tuple(found)) if there else None


def contact_of(connection: Connection, conversation: int) -> ContactId | None:
    """Whose conversation it is; None when it is gone."""
    found = connection.execute(
        select(conversations.c.contact_id).where(conversations.c.id == conversation)
    ).scalar_one_or_none()
    return ContactId(found) if found is not None else None


def is_nobodys(connection: Connection, conversation: ConversationId) -> bool:
    """Whether a case of this conversation was left by somebody who was erased."""
    return (
        connection.execute(
            select(identities.c.id)
            .join(conversations, conversations.c.identity_id == identities.c.id)
            .where(conversations.c.id == conversation, identities.c.external_id == NOBODY)
        ).first()
        is not None
    )


def under_way(connection: Connection, contact: ContactId) -> bool:
    """Whether anything is being sent, or waits to be sent, to the person or about them."""
    mine = select(conversations.c.id).where(conversations.c.contact_id == contact)
    theirs = select(cases.c.id).where(cases.c.conversation_id.in_(mine))
    query = select(outbox.c.id).where(
        outbox.c.state.in_((OutboxState.PENDING.value, OutboxState.SENDING.value)),
        or_(outbox.c.conversation_id.in_(mine), outbox.c.case_id.in_(theirs)),
    )
    return connection.execute(query.limit(1)).first() is not None


def piece(connection: Connection, who: Subject, now: datetime, *, keep_timer: int) -> Erased:
    """Take away up to PIECE messages, or when there are none left, all else; `keep_timer` drives this."""
    erased = Erased()
    if not who.accounts and not who.conversations:
        return _end(connection, who, erased)
    nobody = _Nobody(connection, who, now)
    found = list(
        connection.execute(
            select(messages.c.id)
            .where(messages.c.conversation_id.in_(who.ids))
            .order_by(messages.c.id)
            .limit(PIECE)
        ).scalars()
    )
    if found:
        _messages(connection, found, erased, nobody)
        return erased
    _cases(connection, who, erased, nobody, now, keep_timer)
    _sends(connection, outbox.c.conversation_id.in_(who.ids), erased)
    connection.execute(delete(timers).where(timers.c.conversation_id.in_(who.ids), timers.c.id != keep_timer))
    connection.execute(
        update(feedback)
        .where(feedback.c.conversation_id.in_(who.ids))
        .values(conversation_id=None, turn_id=None, text="")
    )
    _count(erased, "turns", connection.execute(delete(turns).where(turns.c.conversation_id.in_(who.ids))))
    _arrivals(connection, who)
    _places(connection, who, erased, nobody)
    return _end(connection, who, erased)


def removals(connection: Connection, shown: Iterable[Shown], now: datetime) -> list[int]:
    """Have the platforms remove messages of ours; the sends carry ids only."""
    sends = [
        Send(one.account, one.place, Outgoing("", removes=one.id), Author.BOT) for one in shown if one.id
    ]
    return list(put(connection, sends, now))


def unused(connection: Connection, files: Collection[str]) -> set[str]:
    """Which of these contents nobody's message holds any more."""
    wanted = list(files)
    used = connection.execute(select(attachments.c.sha256).where(attachments.c.sha256.in_(wanted))).scalars()
    return set(wanted) - set(used)


def first_contact(connection: Connection) -> datetime | None:
    """When the first person was met of those who are still known."""
    first = select(func.min(contacts.c.id)).scalar_subquery()
    return connection.execute(
        select(contacts.c.created_at).where(contacts.c.id == first)
    ).scalar_one_or_none()


class _Nobody:
    """The conversation that emptied rows belong to; made when it is first needed."""

    def __init__(self, connection: Connection, who: Subject, now: datetime) -> None:
        self._connection, self._now = connection, now
        of = who.accounts[0] if who.accounts else who.conversations[0]
        self._account = {"platform": of.platform, "account": of.account}
        self._made: dict[str, int] = {}

    @property
    def ids(self) -> Mapping[str, int]:
        """Numbers of its contact, identity, place and conversation."""
        if not self._made:
            self._made = self._find() or self._make()
        return self._made

    def _find(self) -> dict[str, int]:
        row = self._connection.execute(
            select(
                conversations.c.contact_id,
                conversations.c.identity_id,
                conversations.c.place_id,
                conversations.c.id,
            )
            .join(identities, identities.c.id == conversations.c.identity_id)
            .where(
                identities.c.external_id == NOBODY,
                conversations.c.thread == "",
                *(identities.c[name] == value for name, value in self._account.items()),
            )
        ).one_or_none()
        names = ("contact", "identity", "place", "conversation")
        return dict(zip(names, row, strict=True)) if row else {}

    def _make(self) -> dict[str, int]:
        def one(table: Table, **values: Any) -> int:
            row = values | {"created_at": self._now}
            return int(self._connection.execute(insert(table).returning(table.c.id), row).scalar_one())

        contact = one(contacts, greeted_at=self._now)
        identity = one(identities, contact_id=contact, external_id=NOBODY, **self._account)
        place = one(places, external_id=NOBODY, kind=PlaceKind.PRIVATE.value, **self._account)
        conversation = one(conversations, contact_id=contact, identity_id=identity, place_id=place)
        return {"contact": contact, "identity": identity, "place": place, "conversation": conversation}


def _messages(connection: Connection, found: list[int], erased: Erased, nobody: _Nobody) -> None:
    _sends(connection, outbox.c.message_id.in_(found), erased)
    erased.files.update(
        connection.execute(
            select(attachments.c.sha256).where(
                attachments.c.message_id.in_(found), attachments.c.sha256.is_not(None)
            )
        ).scalars()
    )
    for table, name in ((attachments, "files"), (edits, "edits")):
        _count(erased, name, connection.execute(delete(table).where(table.c.message_id.in_(found))))
    erased.counts["messages"] += _drop(
        connection,
        messages,
        found,
        lambda _: {**EMPTIED, "conversation_id": nobody.ids["conversation"]},
    )


def _cases(
    connection: Connection, who: Subject, erased: Erased, nobody: _Nobody, now: datetime, keep_timer: int
) -> None:
    rows = connection.execute(
        select(cases.c.id, cases.c.state).where(cases.c.conversation_id.in_(who.ids))
    ).all()
    if not rows:
        return
    ids = [row.id for row in rows]
    erased.counts["cases"] += len(ids)
    erased.closed += [CaseId(row.id) for row in rows if row.state in OPEN_CASES]
    _sends(connection, outbox.c.case_id.in_(ids), erased)
    known = {(one.account, one.place.external_id, one.id) for one in erased.shown}
    for row in connection.execute(select(links).where(links.c.case_id.in_(ids))):
        account = Account(Platform(row.platform), row.account)
        if (account, row.place, row.external_id) not in known:
            place = PlaceRef(row.place, PlaceKind.STAFF)
            erased.shown.append(Shown(account, place, row.external_id, now))
    for table in (links, drafts):
        connection.execute(delete(table).where(table.c.case_id.in_(ids)))
    connection.execute(delete(timers).where(timers.c.case_id.in_(ids), timers.c.id != keep_timer))
    connection.execute(
        update(cases)
        .where(cases.c.id.in_(ids))
        .values(
            conversation_id=nobody.ids["conversation"],
            state=CaseState.RESOLVED.value,
            dossier={},
            closed_at=func.coalesce(cases.c.closed_at, now),
        )
    )


def _sends(connection: Connection, which: Any, erased: Erased) -> None:
    """Delete sends, noting what arrived of them."""
    for row in connection.execute(
        select(
            outbox.c.platform,
            outbox.c.account,
            outbox.c.place,
            outbox.c.external_id,
            outbox.c.sent_at,
            outbox.c.created_at,
        ).where(which, outbox.c.state.in_(_ARRIVED))
    ):
        if row.platform not in _ON_DEMAND:
            account = Account(Platform(row.platform), row.account)
            place = decode_place(row.place)
            erased.shown.append(Shown(account, place, row.external_id, row.sent_at or row.created_at))
    connection.execute(delete(outbox).where(which))


def _arrivals(connection: Connection, who: Subject) -> None:
    """What arrived keeps its number, so that a repeat is known; a page's own ids name its session."""
    mine = inbound.c.conversation_id.in_(who.ids)
    connection.execute(delete(inbound).where(mine, inbound.c.platform.in_(_ON_DEMAND)))
    connection.execute(update(inbound).where(mine).values(conversation_id=None, message_id=None, raw=""))
    for account in who.accounts:
        connection.execute(
            delete(listened).where(
                listened.c.platform == account.platform,
                listened.c.account == account.account,
                listened.c.sender == account.external_id,
            )
        )


def _places(connection: Connection, who: Subject, erased: Erased, nobody: _Nobody) -> None:
    """Conversations, and the private chats that they were held in."""
    _drop(
        connection,
        conversations,
        who.ids,
        lambda top: {
            "contact_id": nobody.ids["contact"],
            "identity_id": nobody.ids["identity"],
            "place_id": nobody.ids["place"],
            "thread": f"e{top}",
            "owner": "bot",
            "staff": None,
            "context": {},
            "lang": None,
            "last_inbound_at": None,
            "last_outbound_at": None,
        },
    )
    private = {row.place_id: row for row in who.conversations if row.kind == PlaceKind.PRIVATE.value}
    for row in private.values():
        connection.execute(
            delete(watermarks).where(
                watermarks.c.platform == row.platform,
                watermarks.c.account == row.account,
                watermarks.c.place == row.external_id,
            )
        )
    shared = set(
        connection.execute(
            select(conversations.c.place_id).where(conversations.c.place_id.in_(list(private)))
        ).scalars()
    )
    gone = [place for place in private if place not in shared]
    connection.execute(delete(place_answers).where(place_answers.c.place_id.in_(gone)))
    _drop(connection, places, gone, lambda top: {"external_id": f"{NOBODY}-{top}", "title": "", "mode": None})
    _drop(
        connection,
        identities,
        [row.id for row in who.accounts],
        lambda top: {
            "contact_id": nobody.ids["contact"],
            "external_id": f"{NOBODY}-{top}",
            "username": "",
            "display_name": "",
            "secret_hash": None,
            "blocked_at": None,
            "blocked_by": None,
            "unreachable_since": None,
        },
    )


def _end(connection: Connection, who: Subject, erased: Erased) -> Erased:
    empty = {"display_name": "", "lang": None, "minor_at": None}
    _drop(connection, contacts, [who.contact], lambda _: empty)
    erased.done = True
    return erased


def _drop(connection: Connection, table: Table, ids: Collection[int], shell: Any) -> int:
    """Delete rows; the last row of the table is emptied instead, so that its number isn't given again."""
    if not ids:
        return 0
    wanted = set(ids)
    top = connection.execute(select(func.max(table.c.id))).scalar_one()
    if top in wanted:
        connection.execute(update(table).where(table.c.id == top).values(**shell(top)))
    connection.execute(delete(table).where(table.c.id.in_(wanted - {top})))
    return len(wanted)


def _count(erased: Erased, name: str, result: Any) -> None:
    erased.counts[name] += result.rowcount
