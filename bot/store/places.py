"""Public places: what is known of each, what was said there in numbers, and which answers were just given."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from bot.domain import (
    Account,
    ConversationId,
    EntryId,
    Inbound,
    InboundKind,
    OutboxState,
    PlaceKind,
    PlaceRef,
    Platform,
)
from bot.store.dialect import insert_or_ignore, upsert
from bot.store.tables import (
    conversations,
    heard,
    identities,
    inbound,
    listened,
    outbox,
    place_answers,
    places,
    turns,
)

PUBLIC = frozenset({PlaceKind.GROUP, PlaceKind.CHANNEL, PlaceKind.THREAD})
"""Kinds of places where others read along."""
LISTENING = "listen"
_SHARED = places.c.kind.in_([kind.value for kind in PlaceKind if kind is not PlaceKind.PRIVATE])
"""What is asked of all places is asked of these, which are few: private chats are as many as members."""
"""What stands in `places.mode` once the place was told that it is listened to."""

Where = tuple[Account, str]
"""An account and a place's id on its platform."""


@dataclass(frozen=True, slots=True)
class Overheard:
    """What was said in public places and not to the bot: how much by day, and what is kept of it."""

    counts: Mapping[tuple[Account, str, str], int] = field(default_factory=dict)
    """By account, place and day (UTC, YYYY-MM-DD)."""
    kept: Sequence[Inbound] = ()


def note(
    connection: Connection, account: Account, place: PlaceRef, now: datetime, *, anew: bool = True
) -> None:
    """A place is there, with this title; `anew`: also of one that is known already."""
    row = {
        **_account(account),
        "external_id": place.external_id,
        "kind": place.kind.value,
        "title": place.title,
        "created_at": now,
    }
    if not anew:
        connection.execute(insert_or_ignore(connection, places), row)
        return
    upsert(connection, places, row, ("platform", "account", "external_id"), keep=("created_at",))


def move(connection: Connection, account: Account, old: str, new: str) -> None:
    """A group has another id from now on; conversations stay with their place.

    Where the new id has already been heard of, its conversations stay as they are.
    """
    here = _account(account)
    if _find(connection, account, new) is not None:
        return
    connection.execute(
        update(places)
        .where(*(places.c[name] == value for name, value in here.items()), places.c.external_id == old)
        .values(external_id=new, former_id=old)
    )


def former(connection: Connection) -> dict[Where, str]:
    """The ids that places had before they moved, by account and present id."""
    rows = connection.execute(
        select(places.c.platform, places.c.account, places.c.external_id, places.c.former_id).where(
            _SHARED, places.c.former_id != ""
        )
    )
    return {(Account(Platform(row.platform), row.account), row.external_id): row.former_id for row in rows}


def overhear(connection: Connection, heard_now: Overheard, now: datetime) -> None:
    """Count what was said, and keep what a listening place lets us keep, each event once."""
    for (account, place, day), count in heard_now.counts.items():
        row = {**_account(account), "place": place, "day": day, "count": count}
        upsert(connection, heard, row, ("platform", "account", "place", "day"), add=("count",))
    for event in heard_now.kept:
        _keep(connection, event, now)


def listening(connection: Connection) -> set[Where]:
    """The places that were told that they are listened to."""
    rows = connection.execute(
        select(places.c.platform, places.c.account, places.c.external_id).where(
            _SHARED, places.c.mode == LISTENING
        )
    )
    return {(Account(Platform(row.platform), row.account), row.external_id) for row in rows}


def told(connection: Connection, account: Account, place: str, *, listening: bool) -> None:
    """Remember that a place was told that it is listened to, or that it is not any more."""
    connection.execute(
        update(places)
        .where(
            *(places.c[name] == value for name, value in _account(account).items()),
            places.c.external_id == place,
        )
        .values(mode=LISTENING if listening else None)
    )


def given(connection: Connection, place: int, thread: str, entry: EntryId, now: datetime) -> None:
    """An entry was answered in a place's thread."""
    row = {"place_id": place, "thread": thread, "entry": entry, "at": now}
    upsert(connection, place_answers, row, ("place_id", "thread", "entry"))


def lately(connection: Connection, asked: Collection[int]) -> dict[tuple[int, str], dict[EntryId, datetime]]:
    """When each entry was last answered, by place and thread."""
    found: dict[tuple[int, str], dict[EntryId, datetime]] = {}
    if asked:
        for row in connection.execute(select(place_answers).where(place_answers.c.place_id.in_(list(asked)))):
            found.setdefault((row.place_id, row.thread), {})[EntryId(row.entry)] = row.at
    return found


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of somebody in a place before they are answered unasked."""

    lately: Mapping[EntryId, datetime] = field(default_factory=dict)
    blocked: bool = False
    owner: str = "bot"


def standing(connection: Connection, event: Inbound) -> Standing:
    """What was just answered where an event comes from, and whether its sender may be answered."""
    assert event.place is not None
    assert event.sender is not None
    place = _find(connection, event.account, event.place.external_id)
    if place is None:
        given_lately: Mapping[EntryId, datetime] = {}
    else:
        given_lately = lately(connection, [place]).get((place, event.place.thread), {})
    person = connection.execute(
        select(identities.c.blocked_at, conversations.c.owner)
        .outerjoin(
            conversations,
            (conversations.c.identity_id == identities.c.id)
            & (conversations.c.place_id == place)
            & (conversations.c.thread == event.place.thread),
        )
        .where(
            *(identities.c[name] == value for name, value in _account(event.account).items()),
            identities.c.external_id == event.sender.external_id,
        )
    ).first()
    if person is None:
        return Standing(given_lately)
    return Standing(given_lately, person.blocked_at is not None, person.owner or "bot")


def _keep(connection: Connection, event: Inbound, now: datetime) -> None:
    assert event.place is not None
    assert event.sender is not None
    arrived = connection.execute(
        insert_or_ignore(connection, inbound).returning(inbound.c.id),
        {
            **_account(event.account),
            "event_id": event.event_id,
            "kind": InboundKind.OTHER.value,
            "raw": "",
            "received_at": now,
        },
    ).first()
    if arrived is None:
        return
    connection.execute(
        insert(listened),
        {
            **_account(event.account),
            "place": event.place.external_id,
            "thread": event.place.thread,
            "sender": event.sender.external_id,
            "text": event.text,
            "at": event.sent_at,
        },
    )


def _find(connection: Connection, account: Account, place: str) -> int | None:
    return connection.execute(
        select(places.c.id).where(
            *(places.c[name] == value for name, value in _account(account).items()),
            places.c.external_id == place,
        )
    ).scalar_one_or_none()


def _account(account: Account) -> dict[str, Any]:
    return {"platform": account.platform.value, "account": account.id}


@dataclass(frozen=True, slots=True)
class Pressed:
    """A button below a message of ours in a public place: who pressed it, and what the message is part of."""

    account: Account
    place: PlaceRef
    person: str
    is_asker: bool
    conversation: ConversationId
    outbox: int
    turn: int | None
    entry: str


def pressed(connection: Connection, presser: ConversationId | None, message: str) -> Pressed | None:
    """What was pressed: `presser` is the conversation of whoever did, `message` the platform's id.

    None if the message is none of ours in that place.
    """
    if presser is None or not message:
        return None
    who = _present(connection, presser)
    if who is None:
        return None
    row = connection.execute(
        select(
            outbox.c.id,
            outbox.c.turn_id,
            outbox.c.conversation_id,
            conversations.c.contact_id,
            turns.c.entry,
        )
        .join(conversations, conversations.c.id == outbox.c.conversation_id)
        .outerjoin(turns, turns.c.id == outbox.c.turn_id)
        .where(conversations.c.place_id == who.place_id, outbox.c.external_id == message)
        .order_by(outbox.c.id.desc())
        .limit(1)
    ).first()
    if row is None:
        return None
    return Pressed(
        Account(Platform(who.platform), who.account),
        PlaceRef(who.place, PlaceKind(who.kind), who.thread),
        who.person,
        row.contact_id == who.contact_id,
        ConversationId(row.conversation_id),
        row.id,
        row.turn_id,
        row.entry or "",
    )


def parts(connection: Connection, pressed: Pressed) -> list[str]:
    """The platform's ids of all messages that were sent together; what was not sent yet is cancelled."""
    together = outbox.c.turn_id == pressed.turn if pressed.turn is not None else outbox.c.id == pressed.outbox
    connection.execute(
        update(outbox)
        .where(together, outbox.c.state == OutboxState.PENDING.value)
        .values(state=OutboxState.CANCELLED.value)
    )
    rows = connection.execute(
        select(outbox.c.external_id)
        .where(together, outbox.c.state == OutboxState.SENT.value, outbox.c.external_id != "")
        .order_by(outbox.c.id)
    )
    return list(rows.scalars())


@dataclass(frozen=True, slots=True)
class Present:
    """Somebody in a public place, as one of their conversations knows it."""

    account: Account
    place: PlaceRef
    former: str
    person: str
    lang: str | None


def present(connection: Connection, conversation: ConversationId | None) -> Present | None:
    """Whose conversation this is, and where."""
    row = _present(connection, conversation) if conversation is not None else None
    if row is None:
        return None
    place = PlaceRef(row.place, PlaceKind(row.kind), row.thread, row.title)
    return Present(Account(Platform(row.platform), row.account), place, row.former_id, row.person, row.lang)


def known(connection: Connection) -> list[tuple[Account, PlaceRef, str, bool]]:
    """All public places that we have heard of, their former ids, and whether they were told to be heard."""
    rows = connection.execute(select(places).where(places.c.kind.in_([kind.value for kind in PUBLIC])))
    return [
        (
            Account(Platform(row.platform), row.account),
            PlaceRef(row.external_id, PlaceKind(row.kind), title=row.title),
            row.former_id,
            row.mode == LISTENING,
        )
        for row in rows
    ]


def _present(connection: Connection, conversation: ConversationId) -> Any:
    return connection.execute(
        select(
            conversations.c.contact_id,
            conversations.c.place_id,
            conversations.c.thread,
            conversations.c.lang,
            identities.c.platform,
            identities.c.account,
            identities.c.external_id.label("person"),
            places.c.external_id.label("place"),
            places.c.kind,
            places.c.title,
            places.c.former_id,
        )
        .join(identities, identities.c.id == conversations.c.identity_id)
        .join(places, places.c.id == conversations.c.place_id)
        .where(conversations.c.id == conversation)
    ).first()
