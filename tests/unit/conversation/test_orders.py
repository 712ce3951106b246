"""Random orders of events through the pure rules: whatever comes when, the promises hold.

The world below keeps in lists what the store keeps in tables, and moves only by the rules under test:
`decide`, `apply` and `settle.wait`. The same orders run through the real engine in tests/acceptance.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from random import Random

import pytest

from bot.conversation.ownership import Act, apply
from bot.conversation.situation import Said, Situation
from bot.domain import AttachmentKind, Author, CaseId, CaseState, InboundKind, OutboxState, Outcome, Owner
from bot.pipeline import settle
from bot.pipeline.decide import decide
from bot.pipeline.model import Decision, Reading
from bot.pipeline.phrase import phrase
from nlu import model as nlu
from nlu.model import Band, Understanding
from tests.fakes.counts import counts
from tests.unit.pipeline.shop import NOON, heard, knowledge, said, situation, voice

KNOWN = knowledge()
VOICE = voice(KNOWN)
WINDOW = timedelta(seconds=2)

UNDERSTOOD: dict[str, Understanding | None] = {
    "question": heard("envio"),
    "other question": heard("pago"),
    "brings a person": heard("roto"),
    "expired": heard("vencido"),
    "unsure": heard("envio", Band.UNSURE, near=("pago",)),
    "nonsense": heard(nlu.NOTHING, Band.NONE),
    "hello": heard(nlu.GREETING),
    "thanks": heard(nlu.THANKS),
    "person": heard(nlu.PERSON),
    "complaint": heard(nlu.COMPLAINT, angry=True),
    "again": heard(nlu.REPEAT),
    "photo": None,
    "sticker": None,
}
PAYLOADS = ("pick:envio", "pick:gone", "person", "menu")


@dataclass
class Row:
    """One row of the outbox."""

    author: Author
    text: str
    decision: Decision | None = None
    state: OutboxState = OutboxState.PENDING
    sent: int = 0


@dataclass
class World:
    """One conversation, its outbox and its case, and everything that the promises are judged by."""

    random: Random
    here: Situation = field(default_factory=lambda: situation(first_visit=True, lang=None))
    waiting: list[tuple[Said, str]] = field(default_factory=list)
    outcomes: dict[int, list[Outcome]] = field(default_factory=dict)
    outbox: list[Row] = field(default_factory=list)
    case: CaseState | None = None
    drafts: int = 0
    number: int = 0
    second: int = 0

    # -- what can happen

    def member_speaks(self) -> None:
        self.number += 1
        self.second += self.random.choice((0, 1, 3))
        at = NOON + timedelta(seconds=self.second)
        what = self.random.choice((*UNDERSTOOD, "tap", "command"))
        if what == "tap":
            payload = self.random.choice(PAYLOADS)
            message = said(number=self.number, at=at, kind=InboundKind.BUTTON, command=payload)
        elif what == "command":
            name = self.random.choice(("start", "help", "human", "close"))
            message = said(number=self.number, at=at, kind=InboundKind.COMMAND, command=name)
        elif what in ("photo", "sticker"):
            kind = AttachmentKind.PHOTO if what == "photo" else AttachmentKind.STICKER
            message = said(number=self.number, at=at, files=(kind,))
        else:
            message = said(what, number=self.number, at=at)
        self.waiting.append((message, what))
        self.outcomes[self.number] = []

    def turn(self) -> None:
        """The corridor sees to what is waiting."""
        if not self.waiting:
            return
        here = replace(self.here, said=tuple(message for message, _ in self.waiting))
        message, what = self.waiting[-1]
        reading = Reading(message.id, message.text, UNDERSTOOD.get(what))
        now = NOON + timedelta(seconds=self.second)
        pause = settle.wait(here, reading, now, WINDOW)
        assert timedelta(0) <= pause <= WINDOW
        decision = decide(here, reading, KNOWN, now + pause)
        self._write(here, decision, what)

    def deliver(self) -> None:
        """The next send is claimed, and something becomes of it."""
        for row in self.outbox:
            if row.state is not OutboxState.PENDING:
                continue
            if row.author is Author.BOT and not self.here.ownership.bot_may_speak:
                row.state = OutboxState.CANCELLED
                continue
            assert row.author is not Author.BOT or self.here.ownership.bot_may_speak, "promise 5"
            end = self.random.choice(("sent", "sent", "sent", "retry", "uncertain", "refused"))
            if end == "sent":
                row.state, row.sent = OutboxState.SENT, row.sent + 1
            elif end != "retry":
                row.state = OutboxState.HELD if end == "uncertain" else OutboxState.FAILED
            return

    def staff_acts(self) -> None:
        """Eva or Leo does something about the case."""
        if self.case is None:
            return
        act = self.random.choice((Act.REPLY, Act.REPLY, Act.TAKE_OVER, Act.GIVE_BACK, Act.CLOSE))
        name = self.random.choice(("Eva", "Leo"))
        before = self.here.ownership
        change = apply(before, act, name)
        if not change.allowed:
            assert (before.owner, before.staff != name) == (Owner.HUMAN, True), (
                "only a colleague stands before"
            )
            self.drafts += 1
            return
        if change.silence:
            for row in self.outbox:
                if row.author is Author.BOT and row.state is OutboxState.PENDING:
                    row.state = OutboxState.CANCELLED
        self.here = replace(self.here, ownership=change.after, version=self.here.version + 1)
        self.case = change.case or self.case
        if act is Act.REPLY:
            self.outbox.append(Row(Author.STAFF, f"{name} writes"))
        if self.case is CaseState.RESOLVED:
            self.here = replace(self.here, case=None)

    def staff_resolves_held(self) -> None:
        """Somebody says of a held send that it arrived, or has it sent again."""
        for row in self.outbox:
            if row.state is OutboxState.HELD:
                again = self.random.random() < 0.5
                row.state = OutboxState.PENDING if again else OutboxState.SENT
                return

    # -- how a turn is written

    def _write(self, here: Situation, decision: Decision, what: str) -> None:
        before = self.here
        owner = apply(before.ownership, Act.HAND_OFF).after if decision.hands_off else before.ownership
        if decision.hands_off:
            self.case = CaseState.REOPENED if before.case else CaseState.NEW
        case = before.case or (CaseId(1) if decision.hands_off else None)
        phrased = phrase(decision, here, VOICE, NOON, case)
        self._judge(before, decision, phrased.messages != (), what)
        for message, _ in self.waiting:
            joined = message is not self.waiting[-1][0] and bool(phrased.messages)
            self.outcomes[message.id].append(Outcome.JOINED if joined else decision.outcome)
        self.waiting.clear()
        self.outbox.extend(Row(Author.BOT, m.text, decision) for m in phrased.messages)
        self.here = replace(
            before,
            ownership=owner,
            version=before.version + 1,
            case=case,
            lang=decision.lang,
            misses=decision.misses,
            wordless=decision.wordless,
            memory=decision.memory,
            first_visit=before.first_visit and not phrased.messages,
        )

    def _judge(self, before: Situation, decision: Decision, speaks: bool, what: str) -> None:
        assert speaks or decision.outcome in (Outcome.RELAYED, Outcome.IGNORED), (
            "promise 4: silence has a name"
        )
        if not before.ownership.bot_may_speak:
            assert (speaks, decision.outcome) == (False, Outcome.RELAYED), "promise 5: a person owns"
        if before.ownership.owner is Owner.QUEUE:
            assert decision.outcome is not Outcome.CLARIFIED, "promise 5: in line nothing is clarified"
        if decision.entry is not None:
            assert decision.entry in KNOWN.entries, "promise 6: only approved text"
        if before.first_visit and before.ownership.owner is Owner.BOT and what == "question":
            assert decision.entry == "envio", "promise 9: the first question is never swallowed"
        if what == "person" and before.ownership.owner is Owner.BOT:
            assert decision.hands_off, "promise 10: a person can be reached at any time"

    def settle_down(self) -> None:
        """Nothing more happens: what is open is done."""
        self.turn()
        for _ in range(40 * len(self.outbox) + 1):
            self.deliver()


@pytest.mark.parametrize("orders", counts(5_000, 100_000, 300_000))
def test_whatever_comes_when_the_promises_hold(orders: int) -> None:
    held = drafts = relayed = 0
    for seed in range(orders):
        random = Random(seed)
        world = World(random)
        happenings = (
            [world.member_speaks] * 4
            + [world.turn] * 4
            + [world.deliver] * 4
            + [world.staff_acts] * 2
            + [world.staff_resolves_held]
        )
        for _ in range(random.randint(8, 30)):
            random.choice(happenings)()
        world.settle_down()
        assert all(len(found) == 1 for found in world.outcomes.values()), f"promise 4, order {seed}"
        assert all(row.state is not OutboxState.PENDING for row in world.outbox), f"promise 1, order {seed}"
        assert all(row.sent <= 1 for row in world.outbox), f"promise 2, order {seed}"
        held += any(row.state is OutboxState.HELD for row in world.outbox)
        drafts += world.drafts
        relayed += sum(Outcome.RELAYED in found for found in world.outcomes.values())
    assert held > orders / 50, "the orders did reach what they are to try"
    assert drafts > orders / 50
    assert relayed > orders / 5
