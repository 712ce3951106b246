"""Being forgotten: rows, files and what platforms still show, down to a receipt that leaves nothing either.

A timer row drives it, in steps that can each be done again: rows first, and with them the list of what the
platforms have to remove, as sends that carry ids only; then what became of those; then the receipt; then the
receipt's own rows. A process that is killed in between goes on where the row says.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Connection, delete, select, update

from bot.bus.base import Bus, Topic
from bot.catalogue import dates
from bot.catalogue.amounts import amount, listing
from bot.catalogue.commands import Name
from bot.catalogue.keys import Key
from bot.domain import (
    Account,
    Author,
    ContactId,
    ConversationId,
    Lang,
    OutboxState,
    Outgoing,
    PlaceKind,
    PlaceRef,
    Platform,
)
from bot.handoff.notices import StaffNotices
from bot.pipeline import law
from bot.pipeline.lanes import Locks
from bot.pipeline.ports import Minds
from bot.store import audit, erasure, outbox, situations, timers
from bot.store.engine import Store
from bot.store.erasure import Shown
from bot.store.filestore import FileStore
from bot.store.outbox import Send
from bot.store.payload import decode_place, encode_place
from bot.store.tables import outbox as outbox_rows
from bot.store.tables import timers as timer_rows
from bot.store.timers import ERASE_TIMER, Timer

_log = structlog.get_logger(__name__)

DELETABLE = timedelta(hours=48)
"""How long Telegram lets a bot delete its messages (https://core.telegram.org/bots/api#deletemessage)."""
PATIENCE = timedelta(seconds=30)
"""How long what is just being sent is waited for, before rows are taken away under it."""
LONGEST = timedelta(hours=6)
"""How long a platform has for removals and for the receipt; what it has not done by then is left."""
_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_OPEN = (OutboxState.PENDING.value, OutboxState.SENDING.value)

Forget = Callable[[ContactId], None]
"""Forgets a contact in memory; called within the unit that takes the rows away."""

Gone = Callable[[tuple[str, str, str]], None]
"""Forgets an account in memory, as above: its platform, the bot's account there, and its id."""


class Erasing:
    """Acts on `erase` timers."""

    def __init__(
        self,
        store: Store,
        bus: Bus,
        minds: Minds,
        notices: StaffNotices,
        locks: Locks[ConversationId],
        filestore: FileStore,
        *,
        forget: Collection[Forget] = (),
        gone: Collection[Gone] = (),
        scrub: Callable[[], Awaitable[bool]],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`gone` are told each account that is gone: it may have been blocked, or have spoken in public.

        `scrub` overwrites what deleted rows left in the database's files; False to try again soon.
        """
        self._store, self._bus, self._minds, self._notices = store, bus, minds, notices
        self._locks, self._filestore, self._forget = locks, filestore, tuple(forget)
        self._gone, self._scrub, self._clock = tuple(gone), scrub, clock

    async def __call__(self, timer: Timer) -> None:
        """Go on with one erasure as far as it can go now; the row is left where it has to wait."""
        state: dict[str, Any] | None = dict(timer.payload)
        while state is not None:
            match state.get("step", "begin"):
                case "begin":
                    state = await self._begin(timer, state)
                case "rows":
                    state = await self._rows(timer, state)
                case "removals":
                    state = await self._removals(timer, state)
                case "receipt":
                    state = await self._receipt(timer, state)
                case _:
                    await self._end(timer)
                    return

    async def _begin(self, timer: Timer, state: dict[str, Any]) -> dict[str, Any] | None:
        """From a conversation to the person: what is to be known when the rows are gone."""
        now = self._clock()

        def work(connection: Connection) -> dict[str, Any] | None:
            contact = state.get("contact") or (
                erasure.contact_of(connection, timer.conversation) if timer.conversation else None
            )
            if contact is None:
                timers.take(connection, timer)
                return None
            contact = ContactId(int(contact))
            late = now - timer.due_at > PATIENCE
            if erasure.under_way(connection, contact) and not late:
                return None
            here = situations.load(connection, timer.conversation) if timer.conversation else None
            begun = {
                "step": "rows",
                "contact": contact,
                "number": "".join(secrets.choice(_LETTERS) for _ in range(8)),
                "by": state.get("by", "member"),
                "lang": state.get("lang", ""),
                "since": now.isoformat(),
                "counts": {},
                "left": 0,
                "left_public": 0,
                "removals": [],
                "files": [],
                "closed": [],
            }
            if here is not None:
                begun["to"] = {
                    "platform": here.account.platform.value,
                    "account": here.account.id,
                    "place": encode_place(here.place),
                }
            _keep(connection, timer, begun, free=True)
            return begun

        return await self._store.write(work)

    async def _rows(self, timer: Timer, state: dict[str, Any]) -> dict[str, Any] | None:
        """Take the person's rows away, piece by piece, each with its removals."""
        contact = ContactId(state["contact"])
        while True:
            who = await self._store.read(lambda c: erasure.subject(c, contact))
            async with AsyncExitStack() as stack:
                for conversation in sorted(who.ids) if who else ():
                    await stack.enter_async_context(self._locks.hold(ConversationId(conversation)))
                now = self._clock()
                after = await self._store.write(lambda c: self._piece(c, timer, state, contact, now))  # noqa: B023
            if after is None:
                return None
            state = after
            if state["step"] != "rows":
                break
        for lane in state.pop("lanes", ()):
            self._bus.wake(Topic.LANE, lane)
        self._bus.wake(Topic.CASES)
        return state

    def _piece(
        self,
        connection: Connection,
        timer: Timer,
        state: Mapping[str, Any],
        contact: ContactId,
        now: datetime,
    ) -> dict[str, Any] | None:
        if not _is_there(connection, timer):
            return None
        after = dict(state)
        who = erasure.subject(connection, contact)
        if who is None:
            after["step"] = "removals"
        else:
            for forget in self._forget:
                forget(contact)
            erased = erasure.piece(connection, who, now, keep_timer=timer.id)
            for name, count in erased.counts.items():
                after["counts"] = {**after["counts"], name: after["counts"].get(name, 0) + count}
            removable = []
            for one in erased.shown:
                if one.id and (now - one.at <= DELETABLE or not _is_private_telegram(one)):
                    removable.append(one)
                else:
                    _leave(after, private=one.place.kind is PlaceKind.PRIVATE)
            sends = erasure.removals(connection, removable, now)
            kinds = [one.place.kind is PlaceKind.PRIVATE for one in removable]
            after["removals"] = [*after["removals"], *([i, k] for i, k in zip(sends, kinds, strict=True))]
            after["files"] = sorted({*after["files"], *erased.files})
            after["lanes"] = sorted({*after.get("lanes", ()), *(_lane(one) for one in removable)})
            for case in erased.closed:
                text = self._notices.text(Key.STAFF_ERASED, case=str(case), number=after["number"])
                after["lanes"] += self._notices.tell(connection, text, now)
            if erased.done:
                after["step"] = "removals"
                for account in who.accounts:
                    for gone in self._gone:
                        gone((account.platform, account.account, account.external_id))
        _keep(connection, timer, after)
        return after

    async def _removals(self, timer: Timer, state: dict[str, Any]) -> dict[str, Any] | None:
        """Look after the files, wait for the platforms, then write the receipt."""
        await self._unlink(state["files"])
        now = self._clock()
        voice = self._minds.current.voice

        def work(connection: Connection) -> dict[str, Any] | None:
            if not _is_there(connection, timer):
                return None
            wanted = {int(number): bool(private) for number, private in state["removals"]}
            found = connection.execute(
                select(outbox_rows.c.id, outbox_rows.c.state, outbox_rows.c.attempts).where(
                    outbox_rows.c.id.in_(list(wanted))
                )
            ).all()
            late = now - datetime.fromisoformat(state["since"]) > LONGEST
            held = [r.id for r in found if r.state == OutboxState.HELD.value and r.attempts < 5]
            if held and not late:  # to remove once more does no harm
                connection.execute(
                    update(outbox_rows)
                    .where(outbox_rows.c.id.in_(held))
                    .values(state=OutboxState.PENDING.value, not_before=None)
                )
                return None
            if not late and any(row.state in _OPEN for row in found):
                return None
            after = dict(state)
            removed = [row.id for row in found if row.state == OutboxState.SENT.value]
            for number in set(wanted) - set(removed):
                _leave(after, private=wanted[number])
            connection.execute(delete(outbox_rows).where(outbox_rows.c.id.in_(list(wanted))))
            after |= {"removals": [], "files": [], "step": "receipt", "receipt": 0}
            counts = {name: int(state["counts"].get(name, 0)) for name in ("messages", "files", "cases")}
            counts["removed"] = len(removed)
            detail = counts | {"number": state["number"], "left": after["left"] + after["left_public"]}
            audit.note(connection, "erased", now, actor=state["by"], detail=detail)
            if "to" in state:
                lang = Lang(state["lang"]) or voice.knowledge.brand.languages[0]
                privacy = voice.knowledge.privacy
                ends = (now + timedelta(days=privacy.keep.backups)).astimezone(voice.knowledge.brand.timezone)
                to = state["to"]
                account = Account(Platform(to["platform"]), to["account"])
                on_page = account.platform is Platform.WEB
                text = voice.text(
                    Key.FORGET_RECEIPT_WEB if on_page else Key.FORGET_RECEIPT,
                    lang,
                    number=state["number"],
                    erased=listing(counts, lang) or amount("messages", 1, lang),
                    left=amount("messages", after["left"], lang),
                    left_public=amount("messages", after["left_public"], lang),
                    backups=dates.day(ends.date(), lang),
                    contact=privacy.contact or f"/{law.alias(Name.HUMAN, lang)}",
                )
                send = Send(account, decode_place(to["place"]), Outgoing(text, markdown=True), Author.BOT)
                [after["receipt"]] = outbox.put(connection, [send], now)
                after["lanes"] = [send.lane]
            _keep(connection, timer, after)
            return after

        written = await self._store.write(work)
        if written is not None:
            _log.info("a member's data was erased", receipt=written["number"], messages=written["counts"])
            for lane in written.pop("lanes", ()):
                self._bus.wake(Topic.LANE, lane)
        return written

    async def _receipt(self, timer: Timer, state: dict[str, Any]) -> dict[str, Any] | None:
        """Once the receipt is out, its row goes too."""
        now = self._clock()

        def work(connection: Connection) -> dict[str, Any] | None:
            if not _is_there(connection, timer):
                return None
            row = connection.execute(
                select(outbox_rows.c.state).where(outbox_rows.c.id == state["receipt"])
            ).scalar_one_or_none()
            late = now - datetime.fromisoformat(state["since"]) > LONGEST
            if row in _OPEN and not late:
                return None
            connection.execute(delete(outbox_rows).where(outbox_rows.c.id == state["receipt"]))
            after = {"step": "end", "number": state["number"]}
            _keep(connection, timer, after)
            return after

        return await self._store.write(work)

    async def _end(self, timer: Timer) -> None:
        """Leave nothing in the database's files, and only then forget that there was something to erase.

        All erasures that have come so far share this: writing a database anew costs the same for many.
        """
        ended = await self._store.read(_ended)
        if timer.id not in ended or not await self._scrub():
            return

        def work(connection: Connection) -> None:
            connection.execute(delete(timer_rows).where(timer_rows.c.id.in_(ended)))

        await self._store.write(work)

    async def _unlink(self, files: Collection[str]) -> None:
        """Delete contents that no message holds; within a unit, so that none is stored meanwhile."""
        if files:

            def work(connection: Connection) -> None:
                for name in erasure.unused(connection, files):
                    self._filestore.remove(name)

            await self._store.write(work)


def request(connection: Connection, contact: ContactId, now: datetime, *, by: str) -> None:
    """Have a person's data erased because an admin says so; nobody gets a receipt but the audit."""
    timers.set_timer(connection, ERASE_TIMER, now, payload={"contact": contact, "by": by})


def _keep(connection: Connection, timer: Timer, state: Mapping[str, Any], *, free: bool = False) -> None:
    kept = {name: value for name, value in state.items() if name != "lanes"}
    values: dict[str, Any] = {"payload": kept}
    if free:
        values["conversation_id"] = None
    connection.execute(update(timer_rows).where(timer_rows.c.id == timer.id).values(**values))


def _is_there(connection: Connection, timer: Timer) -> bool:
    return (
        connection.execute(
            select(timer_rows.c.id).where(timer_rows.c.id == timer.id, timer_rows.c.kind == ERASE_TIMER)
        ).first()
        is not None
    )


def _ended(connection: Connection) -> list[int]:
    """Erasures of which only the scrubbing is left."""
    rows = connection.execute(
        select(timer_rows.c.id, timer_rows.c.payload).where(timer_rows.c.kind == ERASE_TIMER)
    )
    return [row.id for row in rows if row.payload.get("step") == "end"]


def _leave(state: dict[str, Any], *, private: bool) -> None:
    state["left" if private else "left_public"] += 1


def _is_private_telegram(one: Shown) -> bool:
    return one.account.platform is Platform.TELEGRAM and one.place.kind is PlaceKind.PRIVATE


def _lane(one: Shown) -> str:
    return Send(one.account, PlaceRef(one.place.external_id, one.place.kind), Outgoing(""), Author.BOT).lane
