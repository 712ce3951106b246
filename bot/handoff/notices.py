"""What the staff place is told, written in the unit that makes it true."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from bot.catalogue import dates, inert
from bot.catalogue.keys import Key
from bot.channels.markup import plain
from bot.conversation.hours import Open
from bot.conversation.ownership import Act, apply
from bot.conversation.situation import Said, Situation
from bot.domain import (
    Account,
    Author,
    Button,
    CaseId,
    CaseState,
    EntryId,
    InboundKind,
    Lang,
    Outcome,
    Outgoing,
    Owner,
    PlaceRef,
    Reason,
)
from bot.handoff import payloads
from bot.pipeline.phrase import Voice
from bot.pipeline.ports import Minds
from bot.store import cases, conversations, dossiers, outbox, situations, timers, turns
from bot.store.outbox import Claimed, Send
from bot.store.turns import Report, Turn

ALERT_TIMER = "alert"
"""A case that nobody has acted on yet."""
SHOWN = 700
"""Characters of what a member wrote that a notice shows; the whole is in the dossier."""


@dataclass(frozen=True, slots=True)
class StaffPlace:
    """Where staff works cases: one chat of one bot account."""

    account: Account
    place: PlaceRef


class StaffNotices:
    """Writes notices to every staff place, if there is any; the staff page reads cases by itself.

    There is one staff place at the most on each account.
    """

    def __init__(
        self, minds: Minds, places: Sequence[StaffPlace], lang: Lang, *, staff_url: str = ""
    ) -> None:
        self._minds, self._places, self._lang, self._staff_url = minds, tuple(places), lang, staff_url

    def opened(
        self,
        connection: Connection,
        situation: Situation,
        case: CaseId,
        reason: Reason,
        now: datetime,
        *,
        again: bool,
    ) -> list[str]:
        """A case was opened, or opened again: the dossier goes to staff, and an alert is set."""
        voice = self._voice
        staff = voice.knowledge.staff
        timers.drop(connection, ALERT_TIMER, case)
        due = voice.hours.next_open_after(now, timedelta(minutes=staff.alert_minutes))
        if due is not None and staff.alert_repeats:
            timers.set_timer(connection, ALERT_TIMER, due, case=case, payload={"number": 1})
        row = cases.find(connection, case)
        tried = (voice.title(EntryId(i), self._lang) for i in situation.memory.tried)
        text = self.text(
            Key.STAFF_NOTICE,
            case=str(case),
            reason=self.text(Key(f"reason_{reason.value}")),
            team=self.team(row.team) if row is not None else "",
            member=_shown(situation.name, 80),
            platform=self.text(Key(f"platform_{situation.account.platform.value}")),
            lang=self.text(Key(f"lang_{situation.lang or self._lang}")),
            asked=_shown(" / ".join(dossiers.asked(connection, situation.conversation))),
            tried=", ".join(title for title in tried if title),
            link=f"{self._staff_url}/cases/{case}" if self._staff_url else "",
        )
        rows = (
            (
                Button(self.text(Key.STAFF_BUTTON_TAKE), payloads.encode(payloads.TAKE, case)),
                Button(self.text(Key.STAFF_BUTTON_CLOSE), payloads.encode(payloads.CLOSE, case)),
            ),
        )
        quiet = voice.hours.known and not isinstance(voice.hours.status(now), Open)
        return self.tell(connection, text, now, case=case, rows=rows, silent=quiet)

    def added(
        self, connection: Connection, situation: Situation, case: CaseId | None, now: datetime
    ) -> list[str]:
        """The member wrote while a person owns the conversation or is awaited."""
        texts = " / ".join(words for s in situation.said if (words := _words(s)))
        kinds = ", ".join(k.value for s in situation.said for k in s.attachments)
        text = self.text(
            Key.STAFF_ADDITION,
            case=str(case or ""),
            member=_shown(situation.name, 80),
            text=_shown(texts or f"[{kinds}]"),
        )
        return self.tell(connection, text, now, case=case)

    def again(self, notice: Outgoing) -> Outgoing:
        """A notice of which we don't know whether it arrived, marked as one that comes again."""
        return replace(notice, text=self.text(Key.STAFF_AGAIN, text=notice.text))

    def held(self, connection: Connection, claimed: Claimed, now: datetime) -> list[str]:
        """We don't know whether a send arrived: a person says. Held notices to staff are only counted."""
        send = claimed.send
        if send.message is None or send.conversation is None:
            return []
        situation = situations.load(connection, send.conversation)
        if situation is None:
            return []
        lanes: list[str] = []
        case = situation.case
        if case is None:
            case = cases.open_case(
                connection,
                situation.conversation,
                existing=None,
                reason=Reason.HELD,
                team="",
                dossier={"tried": list(situation.memory.tried)},
                now=now,
            )
            lanes += self.opened(connection, situation, case, Reason.HELD, now, again=False)
            if situation.ownership.owner is Owner.BOT and not situation.public:  # nobody is handed off there
                change = apply(situation.ownership, Act.HAND_OFF)
                conversations.own(connection, situation.conversation, change.after)
                lanes += self._tell_member(connection, situation, case, now)
        told = Report("held", now, platform=situation.account.platform, reason=Reason.HELD.value)
        turns.report(connection, told)
        text = self.text(
            Key.STAFF_HELD,
            case=str(case),
            text=_shown(send.outgoing.text),
            platform=self.text(Key(f"platform_{send.account.platform.value}")),
        )
        rows = (
            (
                Button(self.text(Key.STAFF_BUTTON_SEND_AGAIN), payloads.encode(payloads.AGAIN, claimed.id)),
                Button(self.text(Key.STAFF_BUTTON_ARRIVED), payloads.encode(payloads.ARRIVED, claimed.id)),
            ),
        )
        return lanes + self.tell(connection, text, now, case=case, rows=rows)

    def undelivered(self, connection: Connection, claimed: Claimed, now: datetime) -> list[str]:
        """A message can never arrive: staff hears of it where it is theirs, or a case is open."""
        send = claimed.send
        if send.message is None or send.conversation is None:
            return []
        situation = situations.load(connection, send.conversation)
        if situation is None or situation.case is None:
            return []
        text = self.text(
            Key.STAFF_UNREACHABLE,
            case=str(situation.case),
            platform=self.text(Key(f"platform_{send.account.platform.value}")),
            text=_shown(send.outgoing.text),
        )
        return self.tell(connection, text, now, case=situation.case)

    def alert(self, connection: Connection, case: CaseId, number: int, now: datetime) -> list[str]:
        """Still nobody has acted: say so once more, and set the next alert.

        One that comes due late (the process was down) may find the team gone: it waits until they are back.
        """
        voice = self._voice
        summary = dossiers.summary(connection, case)
        if summary is None or summary.state is CaseState.RESOLVED or summary.owner is not Owner.QUEUE:
            return []
        back = voice.hours.next_open_after(now, timedelta(0))
        if back is None or back > now:
            if back is not None:
                timers.set_timer(connection, ALERT_TIMER, back, case=case, payload={"number": number})
            return []
        staff = voice.knowledge.staff
        due = voice.hours.next_open_after(now, timedelta(minutes=staff.alert_minutes))
        if due is not None and number < staff.alert_repeats:
            timers.set_timer(connection, ALERT_TIMER, due, case=case, payload={"number": number + 1})
        text = self.text(
            Key.STAFF_ALERT,
            case=str(case),
            member=_shown(summary.member, 80),
            waiting=dates.duration(now - summary.opened_at, self._lang),
        )
        return self.tell(connection, text, now, case=case)

    def file(
        self, connection: Connection, case: CaseId, attachment: int, name: str, now: datetime
    ) -> list[str]:
        """A file of the member has been fetched."""
        text = self.text(Key.STAFF_FILE, case=str(case), name=_shown(name, 80))
        return self.tell(connection, text, now, case=case, attachments=(attachment,))

    def file_refused(self, connection: Connection, case: CaseId, name: str, now: datetime) -> list[str]:
        """A file of the member cannot be had."""
        text = self.text(Key.STAFF_FILE_REFUSED, case=str(case), name=_shown(name, 80))
        return self.tell(connection, text, now, case=case)

    def tell(
        self,
        connection: Connection,
        text: str,
        now: datetime,
        *,
        case: CaseId | None = None,
        rows: tuple[tuple[Button, ...], ...] = (),
        attachments: tuple[int, ...] = (),
        silent: bool = False,
        reply_to: str = "",
        asked_in: Account | None = None,
        only_there: bool = False,
    ) -> list[str]:
        """Put a text, exactly as written, into the staff places; the lanes to wake after the commit.

        `reply_to` is a message of the place on the account `asked_in`; `only_there` leaves the others out.
        """
        sends = [
            Send(
                at.account,
                at.place,
                Outgoing(
                    text,
                    rows=rows,
                    attachments=attachments,
                    reply_to=reply_to if at.account == asked_in else "",
                    silent=silent,
                ),
                Author.BOT,
                case=case,
            )
            for at in self._places
            if not only_there or at.account == asked_in
        ]
        outbox.put(connection, sends, now)
        return [send.lane for send in sends]

    def _tell_member(
        self, connection: Connection, situation: Situation, case: CaseId, now: datetime
    ) -> list[str]:
        voice = self._voice
        lang = situation.lang or voice.knowledge.brand.languages[0]
        text = voice.handed_off(Reason.HELD, lang, case, now)
        return self.speak(connection, situation, text, lang, case, now, rule="held")

    def speak(
        self,
        connection: Connection,
        situation: Situation,
        text: str,
        lang: Lang,
        case: CaseId,
        now: datetime,
        *,
        rule: str,
    ) -> list[str]:
        """Have the bot say a catalogue text about a case to the member; `rule` names why, in the turn."""
        record = Turn(
            situation.conversation,
            Outcome.HANDED_OFF,
            lang,
            self._voice.knowledge.version,
            rule=rule,
            trace={"case": case},
        )
        turn = turns.record(connection, record, now)
        [message] = turns.say(
            connection,
            situation.conversation,
            [plain(text)],
            author=Author.BOT,
            now=now,
            lang=lang,
            turn=turn,
            case=case,
        )
        send = Send(
            situation.account,
            situation.place,
            Outgoing(text, markdown=True),
            Author.BOT,
            conversation=situation.conversation,
            message=message,
            turn=turn,
        )
        outbox.put(connection, [send], now)
        return [send.lane]

    def team(self, team: str) -> str:
        """What a team is called in the staff's language; its id when it is gone."""
        found = self._voice.knowledge.staff.teams.get(team)
        return found.titles.get(self._lang) or next(iter(found.titles.values()), team) if found else team

    def text(self, key: Key, **values: str) -> str:
        """A staff text in the staff's language."""
        return self._voice.catalogue.text(key, self._lang, seed=0, **values)

    @property
    def _voice(self) -> Voice:
        return self._minds.current.voice


def _words(said: Said) -> str:
    """What was said; a command by its name, for staff has to hear of /olvidame too."""
    command = f"/{said.command} " if said.kind is InboundKind.COMMAND else ""
    return f"{command}{said.text}".strip()


def _shown(text: str, most: int = SHOWN) -> str:
    return inert.line(text, most)
