"""What the bot would say to a newcomer: the corridor's pure stations, without store, channel or clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.channels.markup import plain
from bot.conversation.ownership import Ownership
from bot.conversation.situation import Memory, Said, Situation
from bot.domain import (
    Account,
    CaseId,
    ContactId,
    ConversationId,
    InboundKind,
    Lang,
    MessageId,
    PlaceKind,
    PlaceRef,
    Platform,
)
from bot.pipeline.decide import decide
from bot.pipeline.model import Decision, Phrased, Reading
from bot.pipeline.phrase import phrase
from bot.pipeline.ports import Mind
from bot.pipeline.understand import understand

_NUMBER = CaseId(1)
"""The case number that texts show in a rehearsal."""


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """One message's way through the corridor; `text` without markup."""

    decision: Decision
    reading: Reading
    phrased: Phrased
    text: str


async def rehearse(text: str, mind: Mind, now: datetime, *, lang: Lang | None = None) -> Rehearsed:
    """Read, decide and phrase one message of somebody who has been greeted before."""
    situation = Situation(
        conversation=ConversationId(1),
        contact=ContactId(1),
        version=0,
        ownership=Ownership(),
        account=Account(Platform.TERMINAL, "local"),
        place=PlaceRef("local", PlaceKind.PRIVATE),
        name="",
        case=None,
        lang=lang,
        misses=0,
        wordless=0,
        first_visit=False,
        blocked=False,
        memory=Memory(),
        said=(Said(MessageId(1), InboundKind.MESSAGE, text, sent_at=now, stored_at=now),),
    )
    reading = await understand(situation, mind.interpreter)
    decision = decide(situation, reading, mind.voice.knowledge, now)
    case = _NUMBER if decision.hands_off else None
    phrased = phrase(decision, situation, mind.voice, now, case)
    shown = "\n\n".join(plain(m.text) if m.markdown else m.text for m in phrased.messages)
    return Rehearsed(decision, reading, phrased, shown)
