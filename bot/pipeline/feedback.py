"""Whether an answer served, and what members suggest: pure, as `decide` is."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta

from bot.conversation.assent import assent
from bot.conversation.situation import Asked, Last, Situation
from bot.domain import EntryId, InboundKind, Outcome, Owner, PlaceKind, Platform
from bot.knowledge.model import Autonomy, Knowledge
from bot.pipeline.model import USEFUL, USELESS, Decision, Opinion, OpinionKind, Reading, Talk
from nlu import model as nlu

AGAIN = timedelta(hours=24)
"""Nobody is asked more often than once in this time."""
OTHERS = 2
"""Titles offered in place of an answer that did not serve."""
PATIENCE = timedelta(minutes=10)
"""How long the next message after a bare /sugerencia is taken for the suggestion."""
LONGEST = 2_000
"""Characters of a suggestion that are kept."""

_PLAIN = str.maketrans("áéíóúüãõâêôç", "aeiouuaoaeoc")
_NOT_USEFUL = re.compile(
    r"(?:no|nao) (?:me |nos )?(?:sirvio|sirve|ayudo|ayuda|serviu|ajudou|respondio|respondeu)"
    r"(?: (?:de )?nada| mucho| muito)?"
    r"|no (?:era|es) (?:eso|esto)(?: lo que .{0,30})?|nao era isso"
    r"|(?:no |that |it )*(?:did not|didn'?t) help(?: me)?|not (?:helpful|useful|really)"
)
_USEFUL = re.compile(
    r"(?:si |sim |yes )?(?:it |that )?(?:me |nos )?(?:sirvio|sirve|ayudo|serviu|ajudou|helped)"
    r"(?: (?:mucho|muito|a lot))?"
    r"|(?:it |that )?(?:was |is )?(?:very )?(?:helpful|useful)|(?:si |yes |sim )?perfecto|muy util"
)
_THANKS = re.compile(r"\b(?:(?:muchas |mil )?gracias|thanks?(?: you)?|obrigad[oa])\b")
_DROPS = re.compile(r"(?:no|nao|cancelar|cancela|cancel|nada|nothing|olvidalo|never ?mind|deixa)")


def ask(
    decision: Decision, situation: Situation, reading: Reading, knowledge: Knowledge, now: datetime
) -> Decision:
    """The decision, with the question whether it served where that is due; a suggestion is awaited once."""
    memory = replace(decision.memory, suggesting=decision.suggesting)
    decision = replace(decision, memory=memory)
    if not _due(decision, situation, now) or decision.entry is None:
        return decision
    others = _others(decision.entry, reading, knowledge, now)
    asked = Asked(reading.main, decision.entry, others, now)
    return replace(decision, asks=True, memory=replace(memory, asked=asked))


def pressed(payload: str, situation: Situation, base: Decision) -> Decision | None:
    """What a press on Yes or No means; None for other buttons.

    Only of the answer that this very conversation was asked about last, and once: anything else is no news.
    """
    kind = next((k for k, prefix in _PREFIXES.items() if payload.startswith(prefix)), None)
    if kind is None:
        return None
    asked = situation.memory.asked
    number = payload.removeprefix(_PREFIXES[kind])
    if asked is None or not asked.open or number != str(asked.message):
        return replace(base, rule="feedback_repeated", introduce=False, wordless=situation.wordless)
    return _told(kind, asked, base)


def heard(
    reading: Reading, situation: Situation, main: InboundKind, base: Decision, now: datetime
) -> Decision | None:
    """What plain words mean right after we asked; None when they mean something else."""
    if situation.ownership.owner is not Owner.BOT or main is not InboundKind.MESSAGE:
        return None
    memory, text = situation.memory, reading.text.strip()
    if memory.suggesting is not None and now < memory.suggesting and text:
        sure_of_person = (
            reading.understanding is not None
            and reading.understanding.band is nlu.Band.SURE
            and reading.understanding.intent == nlu.PERSON
        )
        if not sure_of_person and not _DROPS.fullmatch(_plain(text)):
            return _suggested(text, base)
    asked = memory.asked
    if asked is None or not asked.open or memory.last is not Last.ANSWER or memory.person_offered:
        return None
    verdict = _verdict(text)
    return None if verdict is None else _told(verdict, asked, base)


def suggest(text: str, base: Decision, now: datetime) -> Decision:
    """/sugerencia: with its text, or asking for it."""
    if text.strip():
        return _suggested(text, base)
    return replace(
        base,
        outcome=Outcome.SMALL_TALK,
        rule="suggestion_asked",
        talk=Talk.SUGGEST,
        introduce=False,
        suggesting=now + PATIENCE,
        memory=base.memory.talked(),
    )


_PREFIXES = {OpinionKind.USEFUL: USEFUL, OpinionKind.NOT_USEFUL: USELESS}


def _due(decision: Decision, situation: Situation, now: datetime) -> bool:
    asked = situation.memory.asked
    return (
        decision.outcome is Outcome.ANSWERED
        and decision.reason is None
        and not decision.offer_person
        and not decision.angry
        and situation.place.kind is PlaceKind.PRIVATE
        and situation.account.platform is not Platform.TERMINAL
        and situation.ownership.owner is Owner.BOT
        and (asked is None or now - asked.at >= AGAIN)
    )


def _others(entry: EntryId, reading: Reading, knowledge: Knowledge, now: datetime) -> tuple[EntryId, ...]:
    """The next best candidates, and what the entry names as related."""
    candidates = reading.understanding.candidates if reading.understanding is not None else ()
    related = knowledge.entries[entry].related if entry in knowledge.entries else ()
    today = now.astimezone(knowledge.brand.timezone).date()
    found = []
    for name in dict.fromkeys((*(EntryId(c.intent) for c in candidates), *related)):
        other = knowledge.entries.get(name)
        if other is None or name == entry or not other.is_valid_on(today):
            continue
        if other.autonomy in (Autonomy.PRIVATE, Autonomy.PUBLIC):
            found.append(name)
    return tuple(found[:OTHERS])


def _told(kind: OpinionKind, asked: Asked, base: Decision) -> Decision:
    memory = replace(base.memory, asked=replace(asked, open=False))
    opinion = Opinion(kind, asked.message, asked.entry)
    decision = replace(base, rule=kind.value, opinion=opinion, introduce=False, angry=False)
    if kind is OpinionKind.USEFUL:
        return replace(decision, outcome=Outcome.SMALL_TALK, talk=Talk.USEFUL, memory=memory.talked())
    return replace(
        decision,
        outcome=Outcome.CLARIFIED,
        talk=Talk.NOT_USEFUL if asked.others else Talk.NOT_USEFUL_ALONE,
        options=asked.others,
        offer_person=True,
        memory=memory.offered(asked.others) if asked.others else memory.talked(),
    )


def _suggested(text: str, base: Decision) -> Decision:
    return replace(
        base,
        outcome=Outcome.SMALL_TALK,
        rule="suggestion",
        talk=Talk.SUGGESTED,
        introduce=False,
        angry=False,
        opinion=Opinion(OpinionKind.SUGGESTION, text=text.strip()[:LONGEST]),
        memory=base.memory.talked(),
    )


def _verdict(text: str) -> OpinionKind | None:
    said = assent(text)
    if said is not None:
        return OpinionKind.USEFUL if said else OpinionKind.NOT_USEFUL
    words = " ".join(_THANKS.sub(" ", _plain(text)).split())
    if not words or len(words) > 60:
        return None
    if _NOT_USEFUL.fullmatch(words):
        return OpinionKind.NOT_USEFUL
    return OpinionKind.USEFUL if _USEFUL.fullmatch(words) else None


def _plain(text: str) -> str:
    return " ".join(re.sub(r"[^\w\s']", " ", text.lower().translate(_PLAIN)).split())
