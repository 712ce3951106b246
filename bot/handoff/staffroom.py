"""The staff place on a platform: what is said or tapped there becomes an action in a conversation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from bot.bus.base import Bus, Topic
from bot.catalogue import dates
from bot.catalogue.keys import Key
from bot.domain import Account, Button, CaseId, Lang, Platform
from bot.handoff import payloads
from bot.handoff.casework import Casework
from bot.handoff.desk import Done, DraftAction, Result, StaffMember
from bot.handoff.notices import StaffNotices
from bot.handoff.stafffiles import awaited, hand_over
from bot.store import outbox, timers
from bot.store.engine import Store
from bot.store.timers import Timer

PATIENCE = timedelta(seconds=20)
"""How long the receipt of a notice is waited for by a reply to it."""
FILE_PATIENCE = timedelta(minutes=2)
"""How long a reply waits for the files of the one before it."""
LISTED = 30
"""Cases that /casos lists at the most."""


class StaffRoom:
    """Acts on `staff` timers: replies to notices, commands and buttons."""

    def __init__(
        self,
        store: Store,
        bus: Bus,
        casework: Casework,
        notices: StaffNotices,
        lang: Lang,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store, self._bus, self._casework, self._notices = store, bus, casework, notices
        self._lang, self._clock = lang, clock

    async def __call__(self, timer: Timer) -> None:
        """Do what was asked, once, and say in the staff place what became of it where that doesn't show."""
        asked = timer.payload
        staff = StaffMember(str(asked.get("staff") or "?"), self._lang)
        if asked["kind"] == "button":
            await self._tapped(timer, staff, str(asked["text"]))
            return
        case = await self._case(asked)
        text = str(asked["text"]).strip()
        match asked["command"]:
            case "":
                if case is None:
                    await self._puzzle(timer)
                    return
                await self._reply(timer, case, staff, text)
            case "cases":
                await self._list(timer)
            case "migrated":
                await self._say(timer, self._notices.text(Key.STAFF_MOVED, chat=text))
            case "help" | "start":
                await self._say(timer, self._notices.text(Key.STAFF_HELP))
            case "take" | "give_back" | "close" | "note" | "block" | "unblock" as command:
                await self._command(timer, command, case, staff, text)
            case _:
                await self._say(timer, self._notices.text(Key.STAFF_HELP))

    async def _reply(self, timer: Timer, case: CaseId, staff: StaffMember, text: str) -> None:
        """Send a reply; one with files goes when they are here, and what is said after it waits for it."""
        asked = timer.payload
        if asked.get("files"):
            if await self._store.write(lambda c: hand_over(c, timer, case)):
                self._bus.wake(Topic.TIMERS)
            return
        waited = self._clock() - timer.due_at
        if waited < FILE_PATIENCE and await self._store.read(lambda c: awaited(c, timer, case)):
            return
        stored = tuple(int(number) for number in asked.get("stored", ()))
        result = await self._casework.reply(case, staff, text, attachments=stored, timer=timer.id)
        if result.done is Done.KEPT and stored:
            text = self._notices.text(Key.STAFF_FILE_NOT_KEPT, case=str(result.case), owner=result.owner)
            await self._tell(text, timer, result.case)
        else:
            await self._replied(timer, result)

    async def _puzzle(self, timer: Timer) -> None:
        """A text of which we don't know the case: to a colleague, or to a notice of which we must yet hear.

        The receipt of a notice may be on its way while somebody already replies to it. Who replied to us and
        still finds no case is told so: a text that staff believes sent must never vanish.
        """
        if not timer.payload.get("reply_to_us"):
            await self._drop(timer)
        elif self._clock() - timer.due_at > PATIENCE:
            await self._say(timer, self._notices.text(Key.STAFF_UNKNOWN))

    async def _command(
        self, timer: Timer, command: str, case: CaseId | None, staff: StaffMember, text: str
    ) -> None:
        number, _, rest = text.lstrip("#").partition(" ")
        if case is None and number.isascii() and number.isdigit() and len(number) < 18:
            case, text = CaseId(int(number)), rest
        if case is None:
            await self._say(timer, self._notices.text(Key.STAFF_UNKNOWN))
            return
        desk = self._casework
        if command == "take":
            result = await desk.take_over(case, staff, timer=timer.id)
        elif command == "give_back":
            result = await desk.give_back(case, staff, timer=timer.id)
        elif command == "close":
            result = await desk.close(case, staff, timer=timer.id)
        elif command in ("block", "unblock"):
            result = await desk.block(case, staff, blocks=command == "block", timer=timer.id)
        else:
            result = await desk.note(case, staff, text, timer=timer.id)
            if result.done is Done.DONE:
                noted = self._notices.text(Key.STAFF_NOTED, case=str(case))
                await self._tell(noted, timer, case, everywhere=True)
        await self._failed(timer, result)

    async def _tapped(self, timer: Timer, staff: StaffMember, payload: str) -> None:
        decoded = payloads.decode(payload)
        if decoded is None:
            await self._say(timer, self._notices.text(Key.STAFF_STALE))
            return
        verb, number = decoded
        desk, case = self._casework, CaseId(number)
        drafts = {
            payloads.SEND: DraftAction.SEND,
            payloads.TAKE_AND_SEND: DraftAction.TAKE_OVER,
            payloads.DISCARD: DraftAction.DISCARD,
        }
        if verb == payloads.TAKE:
            result = await desk.take_over(case, staff, timer=timer.id)
        elif verb == payloads.GIVE_BACK:
            result = await desk.give_back(case, staff, timer=timer.id)
        elif verb == payloads.CLOSE:
            result = await desk.close(case, staff, timer=timer.id)
        elif verb in (payloads.AGAIN, payloads.ARRIVED):
            result = await desk.held(number, staff, arrived=verb == payloads.ARRIVED, timer=timer.id)
        elif verb in drafts:
            result = await desk.draft(number, staff, drafts[verb], timer=timer.id)
        else:
            await self._say(timer, self._notices.text(Key.STAFF_STALE))
            return
        await self._failed(timer, result)

    async def _replied(self, timer: Timer, result: Result) -> None:
        if result.done is Done.KEPT and result.draft is not None:
            text = self._notices.text(Key.STAFF_DRAFT_KEPT, case=str(result.case), owner=result.owner)
            verbs = (
                (Key.STAFF_BUTTON_SEND_ANYWAY, payloads.SEND),
                (Key.STAFF_BUTTON_TAKE_OVER, payloads.TAKE_AND_SEND),
                (Key.STAFF_BUTTON_DISCARD, payloads.DISCARD),
            )
            rows = tuple(
                (Button(self._notices.text(key), payloads.encode(verb, result.draft)),) for key, verb in verbs
            )
            await self._tell(text, timer, result.case, rows)
        await self._failed(timer, result)

    async def _failed(self, timer: Timer, result: Result) -> None:
        """What did not work is said in words."""
        said = {
            Done.STALE: Key.STAFF_STALE,
            Done.UNKNOWN: Key.STAFF_UNKNOWN,
            Done.EMPTY: Key.STAFF_EMPTY,
        }.get(result.done)
        if said is not None:
            await self._tell(self._notices.text(said), timer, result.case)

    async def _list(self, timer: Timer) -> None:
        now = self._clock()
        lines = [
            self._notices.text(
                Key.STAFF_CASE_LINE,
                case=str(summary.id),
                member=summary.member,
                reason=self._notices.text(Key(f"reason_{summary.reason.value}")),
                waiting=dates.duration(now - summary.opened_at, self._lang),
            )
            for summary in (await self._casework.cases())[:LISTED]
        ]
        await self._say(timer, "\n".join(lines) or self._notices.text(Key.STAFF_CASES_NONE))

    async def _case(self, asked: Mapping[str, Any]) -> CaseId | None:
        """The case that the message replied to speaks of."""
        if not asked["reply_to"]:
            return None
        account = Account(Platform(asked["platform"]), str(asked["account"]))
        return await self._store.read(
            lambda c: outbox.case_of(c, account, str(asked["place"]), str(asked["reply_to"]))
        )

    async def _say(self, timer: Timer, text: str) -> None:
        """Answer in the staff place, in the unit that takes the timer away."""

        def work(connection: Connection) -> list[str]:
            if not timers.done(connection, timer.id):
                return []
            return self._put(connection, text, timer, None, (), only_there=True)

        self._wake(await self._store.write(work))

    async def _tell(
        self,
        text: str,
        timer: Timer,
        case: CaseId | None,
        rows: tuple[tuple[Button, ...], ...] = (),
        *,
        everywhere: bool = False,
    ) -> None:
        """Say what became of an action that is already done, to whoever asked or in every staff place."""
        only = not everywhere
        self._wake(await self._store.write(lambda c: self._put(c, text, timer, case, rows, only_there=only)))

    def _put(
        self,
        connection: Connection,
        text: str,
        timer: Timer,
        case: CaseId | None,
        rows: tuple[tuple[Button, ...], ...],
        *,
        only_there: bool = False,
    ) -> list[str]:
        asked = timer.payload
        # a group that moved numbers its messages anew: the number of the old one may be another's there
        apart = asked["kind"] == "button" or asked["command"] == "migrated"
        return self._notices.tell(
            connection,
            text,
            self._clock(),
            case=case,
            rows=rows,
            reply_to="" if apart else str(asked["message_id"]),
            asked_in=Account(Platform(asked["platform"]), str(asked["account"])),
            only_there=only_there,
        )

    async def _drop(self, timer: Timer) -> None:
        await self._store.write(lambda c: timers.done(c, timer.id))

    def _wake(self, lanes: list[str]) -> None:
        for lane in lanes:
            self._bus.wake(Topic.LANE, lane)
