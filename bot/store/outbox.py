"""What is still to be sent: put in with the turn, claimed one at a time per lane, settled by its receipt."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, bindparam, case, func, or_, select, text, update

from bot.domain import (
    Account,
    Author,
    CaseId,
    ConversationId,
    Delivery,
    MessageId,
    OutboxId,
    OutboxState,
    Outgoing,
    Owner,
    PlaceKind,
    PlaceRef,
    Platform,
    Receipt,
    TurnId,
)
from bot.store.dialect import insert_or_ignore, insert_returning_ids
from bot.store.moves import staff_place_moved
from bot.store.payload import decode_outgoing, decode_place, encode_outgoing, encode_place
from bot.store.tables import conversations, fitting, identities, links, outbox

_STATES = {
    Delivery.SENT: OutboxState.SENT,
    Delivery.RETRY: OutboxState.PENDING,
    Delivery.UNCERTAIN: OutboxState.HELD,
    Delivery.REFUSED: OutboxState.FAILED,
    Delivery.GONE: OutboxState.FAILED,
}
LANE = 64
"""Characters of a lane's name."""
_PENDING = OutboxState.PENDING.value
_OPEN = (OutboxState.PENDING.value, OutboxState.SENDING.value)

KNOWN = 100_000
"""Sends before an uncertain one that are asked whether a message is theirs."""
AROUND = timedelta(minutes=5)
"""How far our clock and a platform's may be apart."""


@dataclass(frozen=True, slots=True)
class Send:
    """One message to be sent.

    `message` is its row in `messages` (None for notices to staff). A notice names its `case`, so that a reply
    to it finds the member.
    """

    account: Account
    place: PlaceRef
    outgoing: Outgoing
    author: Author
    conversation: ConversationId | None = None
    case: CaseId | None = None
    message: MessageId | None = None
    turn: TurnId | None = None

    @property
    def lane(self) -> str:
        """Sends of one lane go one after another."""
        if self.message is not None:
            return f"c{self.conversation}"
        return fitting(f"s{self.account.platform}:{self.place.external_id}", LANE)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A send that is ours to do, once."""

    id: OutboxId
    send: Send
    attempts: int
    claimed_at: datetime | None = None
    uncertain_since: datetime | None = None
    """The first try of which we don't know whether it arrived; None when surely none did."""
    created_at: datetime | None = None

    @property
    def nonce(self) -> str:
        """What the platform may recognise a repeat by; the message's number where there is one."""
        return str(self.send.message) if self.send.message is not None else f"o{self.id}"


_open = text("state IN ('pending', 'sending')")
"""In the words of the partial index: SQLite uses it only where it reads the same."""
_heads = (
    select(func.min(outbox.c.id))
    .where(outbox.c.lane.in_(bindparam("in_lanes", expanding=True)), _open)
    .group_by(outbox.c.lane)
    .scalar_subquery()
)
_owned = (
    select(conversations.c.id)
    .where(
        conversations.c.id == outbox.c.conversation_id,
        conversations.c.owner.in_((Owner.HUMAN.value, Owner.PAUSED.value)),
    )
    .exists()
)
_silenced = and_(outbox.c.author == Author.BOT.value, outbox.c.message_id.is_not(None), _owned)
_take = (
    update(outbox)
    .where(
        outbox.c.id.in_(_heads),
        outbox.c.state == OutboxState.PENDING.value,
        or_(outbox.c.not_before.is_(None), outbox.c.not_before <= bindparam("now")),
    )
    .values(
        state=case(
            (and_(_silenced, outbox.c.uncertain_since.is_not(None)), OutboxState.HELD.value),
            (_silenced, OutboxState.CANCELLED.value),
            else_=OutboxState.SENDING.value,
        ),
        claimed_at=bindparam("now"),
        attempts=outbox.c.attempts + 1,
    )
    .returning(outbox)
)
"""Takes each lane's first open send if it is pending and due: one statement, so that none comes between."""


_settled = (
    update(outbox)
    .where(outbox.c.id == bindparam("row"))
    .values(
        state=bindparam("new_state"),
        error=bindparam("new_error"),
        external_id=bindparam("new_external_id"),
        sent_at=bindparam("new_sent_at"),
        not_before=bindparam("new_not_before"),
        uncertain_since=bindparam("new_uncertain_since"),
    )
)


def put(connection: Connection, sends: Iterable[Send], now: datetime) -> list[OutboxId]:
    """Write sends in order; they go out after the commit."""
    rows = [_row(send, now) for send in sends]
    if not rows:
        return []
    return [OutboxId(i) for i in insert_returning_ids(connection, outbox, rows)]


def claim(
    connection: Connection, lanes: Collection[str], now: datetime, held: list[Claimed] | None = None
) -> dict[str, Claimed]:
    """Take each lane's next send, unless one is under way or not yet due; lanes without one are left out.

    A send of the bot is cancelled instead when a person owns the conversation by now (promise 5), or held
    when it may have arrived already: those are added to `held`.
    """
    taken: dict[str, Claimed] = {}
    asked = list(lanes)
    while asked:
        rows = connection.execute(_take, {"in_lanes": asked, "now": now}).all()
        asked = []
        for row in rows:
            if row.state == OutboxState.SENDING.value:
                taken[row.lane] = _claimed(row)
            else:
                asked.append(row.lane)
                if held is not None and row.state == OutboxState.HELD.value:
                    held.append(_claimed(row))
    return taken


def settle(
    connection: Connection, done: Sequence[tuple[Claimed, Receipt]], now: datetime
) -> list[OutboxState]:
    """Write down what became of claimed sends; the state of each.

    An uncertain one with a `retry_after` is seen to again after that time; without, it is held.
    """
    states = [_state(receipt) for _, receipt in done]
    rows = [
        {
            "row": claimed.id,
            "new_state": state.value,
            "new_error": receipt.error[:500],
            "new_external_id": receipt.external_id,
            "new_sent_at": now if state is OutboxState.SENT else None,
            "new_not_before": now + timedelta(seconds=receipt.retry_after)
            if state is OutboxState.PENDING
            else None,
            "new_uncertain_since": claimed.uncertain_since
            or (claimed.claimed_at if receipt.delivery is Delivery.UNCERTAIN else None),
        }
        for (claimed, receipt), state in zip(done, states, strict=True)
    ]
    if rows:
        connection.execute(_settled, rows if len(rows) > 1 else rows[0])
    for claimed, receipt in done:
        send = claimed.send
        if receipt.delivery is Delivery.SENT:
            _link(connection, send, receipt)
            if "channel" in receipt.extra:
                _note_channel(connection, claimed, receipt.extra["channel"])
            if send.place.kind is PlaceKind.STAFF and "chat" in receipt.extra:
                staff_place_moved(
                    connection, send.account, send.place.external_id, receipt.extra["chat"], now
                )
        elif receipt.delivery is Delivery.GONE and send.message is not None:
            connection.execute(
                update(identities)
                .where(
                    identities.c.id
                    == select(conversations.c.identity_id)
                    .where(conversations.c.id == send.conversation)
                    .scalar_subquery()
                )
                .values(unreachable_since=now)
            )
    return states


def _note_channel(connection: Connection, claimed: Claimed, channel: str) -> None:
    """A message went into another channel than asked, as into a thread: it can be removed only there."""
    asked = claimed.send.place
    private = asked.kind is PlaceKind.PRIVATE
    place = replace(asked, external_id=channel) if private else replace(asked, thread=channel)
    connection.execute(update(outbox).where(outbox.c.id == claimed.id).values(place=encode_place(place)))


def cancel(connection: Connection, conversation: ConversationId, *, at_once: bool = False) -> int:
    """Cancel what the bot has not yet begun to send to the member; how many sends that were.

    What may have arrived already is held instead: where a person owns the conversation by the next claim, at
    that, which tells staff of it; with `at_once` now.
    """
    doubtful = outbox.c.uncertain_since.is_not(None)
    if not at_once:
        connection.execute(
            update(outbox)
            .where(outbox.c.lane == f"c{conversation}", _open, doubtful, outbox.c.state == _PENDING)
            .values(not_before=None)
        )
    return connection.execute(
        update(outbox)
        .where(
            outbox.c.lane == f"c{conversation}",
            outbox.c.author == Author.BOT.value,
            _open,
            outbox.c.state == _PENDING,
            *(() if at_once else (~doubtful,)),
        )
        .values(state=case((doubtful, OutboxState.HELD.value), else_=OutboxState.CANCELLED.value))
    ).rowcount


def hold_doubtful(connection: Connection, conversation: ConversationId) -> list[Claimed]:
    """Hold what of the bot may have arrived and was to be tried again: staff is to be told of each."""
    rows = connection.execute(
        select(outbox).where(
            outbox.c.lane == f"c{conversation}",
            outbox.c.author == Author.BOT.value,
            _open,
            outbox.c.state == _PENDING,
            outbox.c.uncertain_since.is_not(None),
        )
    ).all()
    if rows:
        connection.execute(
            update(outbox)
            .where(outbox.c.id.in_([row.id for row in rows]))
            .values(state=OutboxState.HELD.value)
        )
    return [_claimed(row) for row in rows]


def under_way(connection: Connection, conversation: ConversationId) -> bool:
    """Whether something is being sent to the member right now."""
    return (
        connection.execute(
            select(outbox.c.id)
            .where(outbox.c.lane == f"c{conversation}", _open, outbox.c.state == OutboxState.SENDING.value)
            .limit(1)
        ).first()
        is not None
    )


def orphans(connection: Connection) -> list[Claimed]:
    """Sends that a process which is gone had claimed, oldest first."""
    rows = connection.execute(select(outbox).where(_open, outbox.c.state == OutboxState.SENDING.value)).all()
    # Sorted here: asked for an order by the key, SQLite reads the whole table rather than the few open rows.
    return [_claimed(row) for row in sorted(rows, key=lambda row: row.id)]


def doubt(connection: Connection, claimed: Claimed, state: OutboxState, *, uncertain: bool) -> None:
    """Put an orphan back to be seen to again (pending), or hold it; `uncertain`: it may have arrived."""
    connection.execute(
        update(outbox)
        .where(outbox.c.id == claimed.id, outbox.c.state == OutboxState.SENDING.value)
        .values(
            state=state.value,
            error="the process ended meanwhile",
            uncertain_since=(claimed.uncertain_since or claimed.claimed_at) if uncertain else None,
        )
    )


def known(connection: Connection, claimed: Claimed) -> frozenset[str]:
    """Ids of messages of the account that are other sends, made since this one was first tried."""
    since = claimed.uncertain_since or claimed.claimed_at
    assert since is not None, "it was claimed"
    found = connection.execute(
        select(outbox.c.external_id).where(
            outbox.c.id > claimed.id - KNOWN,
            outbox.c.id != claimed.id,
            outbox.c.platform == claimed.send.account.platform.value,
            outbox.c.account == claimed.send.account.id,
            outbox.c.external_id != "",
            outbox.c.sent_at >= since - AROUND,
        )
    ).scalars()
    return frozenset(found)


def find(connection: Connection, outbox_id: OutboxId) -> tuple[Claimed, OutboxState] | None:
    """One send and how far it has come."""
    row = connection.execute(select(outbox).where(outbox.c.id == outbox_id)).one_or_none()
    if row is None:
        return None
    return _claimed(row), OutboxState(row.state)


def resolve(connection: Connection, outbox_id: OutboxId, *, arrived: bool, now: datetime) -> bool:
    """Say what became of a held send: it arrived, or it is to be sent again. False if it is not held.

    Sent again it is staff's doing, whoever wrote it: what silences the bot must not swallow it, since whoever
    decides about a held send often owns the conversation by then.
    """
    values: dict[str, Any] = (
        {"state": OutboxState.SENT.value, "sent_at": now}
        if arrived
        else {
            "state": OutboxState.PENDING.value,
            "not_before": None,
            "author": Author.STAFF.value,
            "uncertain_since": None,
        }
    )
    done = connection.execute(
        update(outbox)
        .where(outbox.c.id == outbox_id, outbox.c.state == OutboxState.HELD.value)
        .values(**values)
    )
    return done.rowcount == 1


def lanes(connection: Connection, now: datetime, limit: int = 1000) -> list[str]:
    """Lanes with a send that is due."""
    return list(
        connection.execute(
            select(outbox.c.lane)
            .where(
                _open,
                outbox.c.state == OutboxState.PENDING.value,
                or_(outbox.c.not_before.is_(None), outbox.c.not_before <= now),
            )
            .distinct()
            .limit(limit)
        ).scalars()
    )


def counts(connection: Connection) -> dict[OutboxState, int]:
    """How many sends there are in each state that is not final, and how many are held."""
    each = select(outbox.c.state, func.count()).group_by(outbox.c.state)
    held = text("state = 'held'")  # each in the words of its own partial index
    rows = [*connection.execute(each.where(_open)), *connection.execute(each.where(held))]
    return {OutboxState(state): count for state, count in rows}


def case_of(connection: Connection, account: Account, place: str, external_id: str) -> CaseId | None:
    """The case that a message in a staff place speaks of."""
    found = connection.execute(
        select(links.c.case_id).where(
            and_(
                links.c.platform == account.platform.value,
                links.c.account == account.id,
                links.c.place == place,
                links.c.external_id == external_id,
            )
        )
    ).scalar_one_or_none()
    return CaseId(found) if found is not None else None


def _state(receipt: Receipt) -> OutboxState:
    if receipt.delivery is Delivery.UNCERTAIN and receipt.retry_after:
        return OutboxState.PENDING
    return _STATES[receipt.delivery]


def _claimed(row: Any) -> Claimed:
    return Claimed(
        OutboxId(row.id), _send(row), row.attempts, row.claimed_at, row.uncertain_since, row.created_at
    )


def _link(connection: Connection, send: Send, receipt: Receipt) -> None:
    if send.message is None and send.case is not None and receipt.external_id:
        connection.execute(
            insert_or_ignore(connection, links),
            {
                "platform": send.account.platform.value,
                "account": send.account.id,
                # Messages of a group that moved are numbered anew: replies come from where it is now.
                "place": receipt.extra.get("chat", send.place.external_id),
                "external_id": receipt.external_id,
                "case_id": send.case,
            },
        )


def _row(send: Send, now: datetime) -> dict[str, Any]:
    return {
        "lane": send.lane,
        "conversation_id": send.conversation,
        "case_id": send.case,
        "message_id": send.message,
        "turn_id": send.turn,
        "author": send.author.value,
        "platform": send.account.platform.value,
        "account": send.account.id,
        "place": encode_place(send.place),
        "payload": encode_outgoing(send.outgoing),
        "created_at": now,
    }


def _send(row: Any) -> Send:
    return Send(
        account=Account(Platform(row.platform), row.account),
        place=decode_place(row.place),
        outgoing=decode_outgoing(row.payload),
        author=Author(row.author),
        conversation=ConversationId(row.conversation_id) if row.conversation_id is not None else None,
        case=CaseId(row.case_id) if row.case_id is not None else None,
        message=MessageId(row.message_id) if row.message_id is not None else None,
        turn=TurnId(row.turn_id) if row.turn_id is not None else None,
    )
