"""What arrives: each event once, with the person, the place and the conversation it belongs to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from bot.domain import (
    Account,
    ContactId,
    ConversationId,
    IdentityId,
    Inbound,
    InboundKind,
    Outcome,
    PlaceKind,
)
from bot.store import places as public
from bot.store.deleted import take_back
from bot.store.dialect import insert_or_ignore, upsert, upsert_all
from bot.store.moves import staff_place_moved
from bot.store.tables import (
    attachments,
    contacts,
    conversations,
    cursors,
    edits,
    fitting,
    identities,
    inbound,
    messages,
    places,
    timers,
    watermarks,
)
from bot.store.timers import set_timer

STAFF_TIMER = "staff"
"""A timer that is due at once: something that staff said or tapped, to be run in a conversation."""

SLOW_TIMER = "slow_down"
"""A timer that is due at once: a member who wrote too much too fast is to be told so."""
EVENT_ID = 96
"""Characters of an event's id."""
_LARGEST = 2**31 - 1
"""Of a size in bytes: what is larger is not fetched anyway."""

_SAYS = frozenset({InboundKind.MESSAGE, InboundKind.COMMAND, InboundKind.BUTTON})
_IN_PUBLIC = _SAYS | {InboundKind.EDIT}
"""What makes a conversation in a public place, or changes one."""
_KNOWN_LANGUAGES = frozenset({"es", "en", "pt"})

Key = tuple[str, str, str, str, str]
"""Platform, account, place, thread and person."""


@dataclass(frozen=True, slots=True)
class Known:
    """A conversation that was seen before, so that its rows need not be looked up again."""

    conversation: ConversationId
    contact: ContactId
    identity: IdentityId
    display_name: str


@dataclass(frozen=True, slots=True)
class Position:
    """How far an account's events are committed: its cursor, and the last message seen in each place."""

    account: Account
    cursor: str | None = None
    marks: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Over:
    """A message over a limit: stored as ignored by `rule`. `told`: its member is to hear of it."""

    rule: str
    told: bool = False


@dataclass(slots=True)
class Ingested:
    """What one unit stored: conversations with something new to decide, and what to remember of them."""

    woken: dict[ConversationId, None] = field(default_factory=dict)
    known: dict[Key, Known] = field(default_factory=dict)
    staff: bool = False
    """Whether there are timers that are due."""
    files: bool = False
    new: int = 0


def ingest(
    connection: Connection,
    events: Sequence[Inbound],
    now: datetime,
    known: Mapping[Key, Known],
    *,
    position: Position | None = None,
    over: Mapping[str, Over] | None = None,
    overheard: public.Overheard | None = None,
) -> Ingested:
    """Store every event that was not stored before, in order, and how far the account has come with them.

    `over` has the events, by id, that are over a limit: they are stored as ignored, and wake nobody.
    `overheard` is what was said in public places and not to the bot: it is counted in the same unit.
    `known` is a cache of earlier units; what this one adds is in the result, to be kept after the commit.
    """
    result = Ingested()
    for event in events:
        if event.command == "migrated":
            _note_place(connection, event, now)  # what comes behind it in this unit is of the new place
    where = [_resolve(connection, event, now, known, result) for event in events]
    fresh = _insert_events(connection, events, where, now)
    result.new = len(fresh)
    said: list[tuple[Inbound, ConversationId]] = []
    for index, event in enumerate(events):
        if index not in fresh:
            continue
        here = where[index]
        if event.place is not None and event.place.kind is PlaceKind.STAFF:
            moved = event.command == "migrated"
            if moved:
                staff_place_moved(connection, event.account, event.place.external_id, event.text, now)
            if event.kind in _SAYS or moved:
                connection.execute(insert(timers), _staff_timer(event, now))
                result.staff = True
        elif event.kind is InboundKind.DELETE:
            _flush(connection, said, now, result, over or {})
            if (taken := take_back(connection, event, now)) is not None:
                result.woken[taken] = None
        elif here is None:
            _note_place(connection, event, now)
        elif event.kind in _SAYS:
            said.append((event, here.conversation))
        elif event.kind is InboundKind.EDIT:
            _flush(connection, said, now, result, over or {})
            _edit(connection, event, here.conversation, now)
        elif event.kind is InboundKind.BLOCKED:
            since = now if event.text == "on" else None
            connection.execute(
                update(identities).where(identities.c.id == here.identity).values(unreachable_since=since)
            )
    _flush(connection, said, now, result, over or {})
    if overheard is not None:
        public.overhear(connection, overheard, now)
    if position is not None:
        _move_on(connection, position)
    return result


def read_marks(connection: Connection, account: Account) -> dict[str, str]:
    """The last message seen in each place of an account, by the place's external id."""
    rows = connection.execute(
        select(watermarks.c.place, watermarks.c.position).where(
            watermarks.c.platform == account.platform.value, watermarks.c.account == account.id
        )
    )
    return {row.place: row.position for row in rows}


def read_cursor(connection: Connection, account: Account) -> str | None:
    """How far the account's events have been committed."""
    return connection.execute(
        select(cursors.c.position).where(
            cursors.c.platform == account.platform.value, cursors.c.account == account.id
        )
    ).scalar_one_or_none()


def key_of(event: Inbound) -> Key | None:
    """What a conversation is known by on its platform; None when nobody speaks anywhere."""
    if event.sender is None or event.place is None or event.place.kind is PlaceKind.STAFF:
        return None
    if event.place.kind is not PlaceKind.PRIVATE and event.kind not in _IN_PUBLIC:
        return None
    return (
        event.account.platform.value,
        event.account.id,
        event.place.external_id,
        event.place.thread,
        event.sender.external_id,
    )


def _move_on(connection: Connection, position: Position) -> None:
    account = {"platform": position.account.platform.value, "account": position.account.id}
    if position.cursor is not None:
        upsert(connection, cursors, {**account, "position": position.cursor}, tuple(account))
    marks = [{**account, "place": place, "position": last} for place, last in position.marks.items()]
    upsert_all(connection, watermarks, marks, (*account, "place"))


def _insert_events(
    connection: Connection, events: Sequence[Inbound], where: Sequence[Known | None], now: datetime
) -> set[int]:
    """Indexes of the events that were new; of a repeat within one batch the first counts."""
    if not events:
        return set()
    rows: list[dict[str, Any]] = [
        {
            "platform": event.account.platform.value,
            "account": event.account.id,
            "event_id": fitting(event.event_id, EVENT_ID),
            "kind": event.kind.value,
            "conversation_id": here.conversation if here is not None else None,
            "raw": event.raw if event.kind in (InboundKind.UNPARSABLE, InboundKind.OTHER) else "",
            "received_at": now,
        }
        for event, here in zip(events, where, strict=True)
    ]
    statement = insert_or_ignore(connection, inbound).returning(
        inbound.c.platform, inbound.c.account, inbound.c.event_id
    )
    stored = {tuple(row) for row in connection.execute(statement, rows)}
    fresh: set[int] = set()
    for index, row in enumerate(rows):
        key = (row["platform"], row["account"], row["event_id"])
        if key in stored:
            stored.discard(key)
            fresh.add(index)
    return fresh


def _flush(
    connection: Connection,
    said: list[tuple[Inbound, ConversationId]],
    now: datetime,
    result: Ingested,
    over: Mapping[str, Over],
) -> None:
    if not said:
        return
    limits = [over.get(event.event_id) for event, _ in said]
    rows = [
        {
            "conversation_id": conversation,
            "author": "member",
            "kind": event.kind.value,
            "text": "" if event.kind is InboundKind.BUTTON else event.text,
            "command": event.text if event.kind is InboundKind.BUTTON else event.command,
            "external_id": event.message_id,
            "reply_to": event.reply_to,
            "album": event.album,
            "addressed": event.addressed.value,
            "via": event.via,
            "sent_at": event.sent_at,
            "stored_at": now,
            "outcome": Outcome.IGNORED.value if limit is not None else None,
            "rule": limit.rule if limit is not None else None,
        }
        for (event, conversation), limit in zip(said, limits, strict=True)
    ]
    ids = connection.execute(
        insert(messages).returning(messages.c.id, sort_by_parameter_order=True), rows
    ).scalars()
    files: list[dict[str, Any]] = []
    for (event, conversation), message, limit in zip(said, ids, limits, strict=True):
        if limit is None:
            result.woken[conversation] = None
        elif limit.told:
            set_timer(connection, SLOW_TIMER, now, conversation=conversation, payload={"via": event.via})
            result.staff = True
        files.extend(
            {
                "message_id": message,
                "kind": file.kind.value,
                "ref": file.ref,
                "name": file.name,
                "mime": file.mime,
                "size": min(file.size, _LARGEST),
            }
            for file in event.attachments
        )
    if files:
        connection.execute(insert(attachments), files)
        result.files = True
    said.clear()


def _edit(connection: Connection, event: Inbound, conversation: ConversationId, now: datetime) -> None:
    """Before its turn an edit replaces the text; later it is only written down."""
    row = connection.execute(
        select(messages.c.id, messages.c.text, messages.c.outcome)
        .where(
            messages.c.conversation_id == conversation,
            messages.c.external_id == event.message_id,
            messages.c.author == "member",
        )
        .order_by(messages.c.id.desc())
        .limit(1)
    ).one_or_none()
    if row is None or row.text == event.text:
        return
    connection.execute(
        insert(edits), {"message_id": row.id, "before": row.text, "after": event.text, "at": now}
    )
    change = update(messages).where(messages.c.id == bindparam("row")).values(edited_at=now)
    if row.outcome is None:
        change = change.values(text=event.text)
    connection.execute(change, {"row": row.id})


def _note_place(connection: Connection, event: Inbound, now: datetime) -> None:
    """What a public place tells of itself: that we are there now, its title, or that it has moved."""
    if event.kind is not InboundKind.OTHER or event.place is None or event.place.kind not in public.PUBLIC:
        return
    if event.command == "membership":
        public.note(connection, event.account, event.place, now)
    elif event.command == "migrated":
        public.move(connection, event.account, event.place.external_id, event.text)


def _staff_timer(event: Inbound, now: datetime) -> dict[str, Any]:
    assert event.place is not None
    return {
        "kind": STAFF_TIMER,
        "due_at": now,
        "payload": {
            "kind": event.kind.value,
            "platform": event.account.platform.value,
            "account": event.account.id,
            "place": event.place.external_id,
            "thread": event.place.thread,
            "staff": event.sender.display_name if event.sender else "",
            "text": event.text,
            "command": event.command,
            "reply_to": event.reply_to,
            "reply_to_us": event.reply_to_us,
            "message_id": event.message_id,
            "files": [
                {
                    "kind": file.kind.value,
                    "ref": file.ref,
                    "name": file.name,
                    "mime": file.mime,
                    "size": file.size,
                }
                for file in event.attachments
                if file.ref
            ],
        },
    }


def _resolve(
    connection: Connection,
    event: Inbound,
    now: datetime,
    known: Mapping[Key, Known],
    result: Ingested,
) -> Known | None:
    key = key_of(event)
    if key is None or event.sender is None or event.place is None:
        return None
    here = result.known.get(key) or known.get(key)
    if here is None and event.kind not in _SAYS and event.place.kind is not PlaceKind.PRIVATE:
        here = _find(connection, event)  # mostly of what was said to others, and we know nothing of
        if here is None:
            return None
    if here is None:
        here = _find_or_make(connection, event, now)
        result.known[key] = here
    if event.sender.display_name and event.sender.display_name != here.display_name:
        name = event.sender.display_name
        connection.execute(
            update(identities)
            .where(identities.c.id == here.identity)
            .values(display_name=name, username=event.sender.username)
        )
        connection.execute(update(contacts).where(contacts.c.id == here.contact).values(display_name=name))
        here = Known(here.conversation, here.contact, here.identity, name)
        result.known[key] = here
    return here


def _find(connection: Connection, event: Inbound) -> Known | None:
    assert event.sender is not None
    assert event.place is not None
    row = connection.execute(
        select(conversations.c.id, identities.c.contact_id, identities.c.id, identities.c.display_name)
        .join(identities, identities.c.id == conversations.c.identity_id)
        .join(places, places.c.id == conversations.c.place_id)
        .where(
            identities.c.platform == event.account.platform.value,
            identities.c.account == event.account.id,
            identities.c.external_id == event.sender.external_id,
            places.c.platform == event.account.platform.value,
            places.c.account == event.account.id,
            places.c.external_id == event.place.external_id,
            conversations.c.thread == event.place.thread,
        )
    ).one_or_none()
    return Known(*row) if row is not None else None


def _find_or_make(connection: Connection, event: Inbound, now: datetime) -> Known:
    assert event.sender is not None
    assert event.place is not None
    account = {"platform": event.account.platform.value, "account": event.account.id}
    person = connection.execute(
        select(identities.c.id, identities.c.contact_id, identities.c.display_name).where(
            *(identities.c[name] == value for name, value in account.items()),
            identities.c.external_id == event.sender.external_id,
        )
    ).one_or_none()
    if person is not None:
        identity, contact, name = person
    else:
        name = event.sender.display_name
        contact = connection.execute(
            insert(contacts).returning(contacts.c.id), {"display_name": name, "created_at": now}
        ).scalar_one()
        identity = connection.execute(
            insert(identities).returning(identities.c.id),
            {
                **account,
                "contact_id": contact,
                "external_id": event.sender.external_id,
                "username": event.sender.username,
                "display_name": name,
                "anonymous": event.sender.anonymous,
                "created_at": now,
            },
        ).scalar_one()
    place = connection.execute(
        select(places.c.id).where(
            *(places.c[name] == value for name, value in account.items()),
            places.c.external_id == event.place.external_id,
        )
    ).scalar_one_or_none()
    if place is None:
        place = connection.execute(
            insert(places).returning(places.c.id),
            {
                **account,
                "external_id": event.place.external_id,
                "kind": event.place.kind.value,
                "title": event.place.title,
                "created_at": now,
            },
        ).scalar_one()
    conversation = connection.execute(
        select(conversations.c.id).where(
            conversations.c.contact_id == contact,
            conversations.c.place_id == place,
            conversations.c.thread == event.place.thread,
        )
    ).scalar_one_or_none()
    if conversation is None:
        hint = event.sender.lang_hint[:2].lower()
        conversation = connection.execute(
            insert(conversations).returning(conversations.c.id),
            {
                "contact_id": contact,
                "identity_id": identity,
                "place_id": place,
                "thread": event.place.thread,
                "lang": hint if hint in _KNOWN_LANGUAGES else None,
                "created_at": now,
            },
        ).scalar_one()
    return Known(ConversationId(conversation), ContactId(contact), IdentityId(identity), name)
