"""Members' rights in the corridor: what is kept, a copy of it, being forgotten; and minors. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from bot.catalogue import dates
from bot.catalogue.commands import COMMANDS, Name
from bot.catalogue.keys import Key
from bot.conversation.assent import assent
from bot.conversation.minors import stated_age
from bot.conversation.situation import Said, Situation
from bot.domain import Lang, Outcome, PlaceKind, Platform
from bot.knowledge.model import Knowledge, MinorsThen, Privacy
from bot.pipeline.model import Decision, Job, Talk
from bot.store.timers import ERASE_TIMER, EXPORT_TIMER

PATIENCE = timedelta(minutes=10)
"""How long a "yes" erases everything after it was asked; later it is asked again."""
BETWEEN_COPIES = timedelta(hours=1)
"""Copies of all data cost much to make and are no use twice."""

MY_DATA, FORGET, FORGET_YES, FORGET_NO = "law:data", "law:forget", "law:yes", "law:no"
"""Payloads of our buttons."""
_IN_PRIVATE = "private:"
_PARAMS = {Name.PRIVACY: "p", Name.MY_DATA: "d", Name.FORGET_ME: "f"}
"""What a private-chat button carries from a public place, where nobody's data is spoken of."""
_CONFIRMS = frozenset(
    {"si", "yes", "sim", "borra", "borrar", "borralo", "borrame", "todo", "tudo", "confirmo", "confirm"}
    | {"delete", "erase", "everything", "apaga", "apagar", "apague"}
)
_WORD = re.compile(r"[^\W\d_]+")
RIGHTS = frozenset({Talk.PRIVACY, Talk.EXPORT_BEGUN, Talk.EXPORT_SOON, Talk.FORGET_ASK})
"""What a right is answered with that somebody asks for."""
_SAYS_WHO = frozenset({Talk.WELCOME, Talk.ARE_YOU_A_BOT, Talk.WHO_ARE_YOU})


def command(name: str, param: str, base: Decision, situation: Situation, now: datetime) -> Decision | None:
    """What a command of ours is answered with; None for a command of somebody else's.

    `param` is what follows /start when somebody comes from a button in a public place.
    """
    if name == Name.START:
        name = next((meant.value for meant, sign in _PARAMS.items() if sign == param.strip()), "")
    meant = next((known for known in _PARAMS if known.value == name), None)
    if meant is None:
        return None
    if situation.public:
        return _said(base, Talk.IN_PRIVATE, meant.value)
    return _do(meant, base, situation, now)


def button(payload: str, base: Decision, situation: Situation, now: datetime) -> Decision | None:
    """What a button of ours does; None for a button of somebody else's."""
    if situation.public:
        return None
    match payload:
        case "law:data":
            return _do(Name.MY_DATA, base, situation, now)
        case "law:forget":
            return _do(Name.FORGET_ME, base, situation, now)
        case "law:yes":
            return _confirmed(base, situation, now)
        case "law:no":
            return _said(base, Talk.FORGET_KEPT, "forget_me")
    return None


def answer(text: str, base: Decision, situation: Situation, now: datetime) -> Decision | None:
    """What a yes or no in words means right after it was asked whether to erase; None for anything else."""
    if situation.memory.forgetting is None or situation.public:
        return None
    words = _WORD.findall(text.casefold().replace("í", "i").replace("ó", "o"))
    if assent(text) or (words and len(words) <= 4 and _CONFIRMS.issuperset(words)):
        return _confirmed(base, situation, now)
    return _said(base, Talk.FORGET_KEPT, "forget_me") if assent(text) is False else None


def minor(text: str, base: Decision, situation: Situation, knowledge: Knowledge) -> Decision | None:
    """The protocol for who says to be too young, where that ends the conversation; else None.

    `hands_off_minor` says whether a person is called instead.
    """
    if knowledge.privacy.minors.then is not MinorsThen.END or situation.public:
        return None
    age = stated_age(text)
    limit = knowledge.privacy.minors.age
    if age is None and not situation.minor:
        return None
    if age is not None and age >= limit:
        return None
    return replace(_said(base, Talk.MINOR_END, "minor"), minor=True if age is not None else None)


def hands_off_minor(text: str, situation: Situation, knowledge: Knowledge) -> bool:
    """Whether somebody says for the first time to be too young, and a person is to be called."""
    if knowledge.privacy.minors.then is not MinorsThen.PERSON or situation.minor or situation.public:
        return False
    age = stated_age(text)
    return age is not None and age < knowledge.privacy.minors.age


def grown_up(text: str, situation: Situation, knowledge: Knowledge) -> bool:
    """Whether somebody who was taken for a minor says to be old enough."""
    age = stated_age(text) if situation.minor else None
    return age is not None and age >= knowledge.privacy.minors.age


def asks_right(said: Said) -> bool:
    """Whether a message is one of our commands, or the button of one."""
    return said.command in _PARAMS or said.command in (MY_DATA, FORGET)


def settled(decision: Decision) -> Decision:
    """The decision with nothing left to confirm, unless that was just asked."""
    memory = decision.memory
    if memory.forgetting is None or decision.talk is Talk.FORGET_ASK:
        return decision
    return replace(decision, memory=replace(memory, forgetting=None))


def notice(
    decision: Decision, situation: Situation, privacy: Privacy, lang: Lang
) -> Mapping[Key, dict[str, str]]:
    """What somebody has to be told with the first thing that they hear from us in private, below it.

    Who says later on to be a minor is told again how long things are kept: it is another time now.
    """
    young = is_minor(decision, situation)
    newly = young and not situation.minor
    if situation.place.kind is not PlaceKind.PRIVATE or not (situation.first_visit or newly):
        return {}
    told: dict[Key, dict[str, str]] = {}
    if situation.first_visit and decision.talk not in _SAYS_WHO:
        answers = decision.introduce and decision.reason is None and decision.talk is None
        told[Key.INTRO if answers else Key.AUTOMATIC] = {}
    if decision.talk is not Talk.PRIVACY:
        more = privacy.policy or f"/{alias(Name.PRIVACY, lang)}"
        told[Key.PRIVACY_NOTICE] = {"keep": dates.span(_days(privacy, minor=young), lang), "more": more}
    return told


def is_minor(decision: Decision, situation: Situation) -> bool:
    """Whether somebody counts as a minor after what they have just said."""
    return situation.minor if decision.minor is None else decision.minor


def values(talk: Talk, privacy: Privacy, brand: str, lang: Lang, *, minor: bool) -> dict[str, str]:
    """What fills the texts of ours; '' for what the brand does not say. `minor`: whom it is told to."""
    if talk is Talk.MINOR_END:
        return {"age": str(privacy.minors.age)}
    if talk is not Talk.PRIVACY:
        return {}
    keep, said = privacy.keep, _days(privacy, minor=minor)
    return {
        "brand": brand,
        "controller": privacy.controller or brand,
        "contact": privacy.contact or f"/{alias(Name.HUMAN, lang)}",
        "policy": privacy.policy,
        "messages": dates.span(said, lang),
        "files": dates.span(min(keep.files, said) if minor else keep.files, lang),
        "cases": dates.span(keep.cases, lang),
        "listened": dates.span(keep.listened, lang),
    }


def worded(talk: Talk, platform: Platform) -> Key:
    """The text of something that we say: our own page knows neither a name nor an account."""
    return Key.PRIVACY_WEB if talk is Talk.PRIVACY and platform is Platform.WEB else Key(talk.value)


def buttons(decision: Decision) -> tuple[tuple[Key, str], ...]:
    """Labels and payloads of the buttons below what we say, one a row."""
    match decision.talk:
        case Talk.PRIVACY:
            return ((Key.BUTTON_MY_DATA, MY_DATA), (Key.BUTTON_FORGET, FORGET))
        case Talk.FORGET_ASK:
            return ((Key.BUTTON_FORGET_YES, FORGET_YES), (Key.BUTTON_FORGET_NO, FORGET_NO))
        case Talk.IN_PRIVATE:
            sign = next((sign for meant, sign in _PARAMS.items() if meant.value == decision.rule), "")
            return ((Key.BUTTON_IN_PRIVATE, f"{_IN_PRIVATE}{sign}"),)
    return ()


LABELS: Mapping[str, Key] = {
    MY_DATA: Key.BUTTON_MY_DATA,
    FORGET: Key.BUTTON_FORGET,
    FORGET_YES: Key.BUTTON_FORGET_YES,
    FORGET_NO: Key.BUTTON_FORGET_NO,
}
"""What our buttons say, for the log and for staff."""


def _days(privacy: Privacy, *, minor: bool) -> int:
    """Days that somebody's messages are kept, as `store.aging` counts them."""
    usual = privacy.keep.messages
    return min(usual, privacy.minors.messages) if minor else usual


def alias(name: Name, lang: Lang) -> str:
    """The word that a command is shown by in a language."""
    found = next(item for item in COMMANDS if item.name is name).aliases
    return next(iter(found.get(lang) or found[Lang("en")]))


def _do(meant: Name, base: Decision, situation: Situation, now: datetime) -> Decision:
    if meant is Name.PRIVACY:
        return _said(base, Talk.PRIVACY, "privacy")
    if meant is Name.FORGET_ME:
        asked = _said(base, Talk.FORGET_ASK, "forget_me")
        return replace(asked, memory=replace(asked.memory, forgetting=now + PATIENCE))
    before = situation.memory.exported
    if before is not None and timedelta(0) <= now - before < BETWEEN_COPIES:
        return _said(base, Talk.EXPORT_SOON, "my_data")
    begun = _said(base, Talk.EXPORT_BEGUN, "my_data")
    job = Job(EXPORT_TIMER, {"lang": base.lang})
    return replace(begun, jobs=(job,), memory=replace(begun.memory, exported=now))


def _confirmed(base: Decision, situation: Situation, now: datetime) -> Decision:
    until = situation.memory.forgetting
    if until is None or now > until:
        return _do(Name.FORGET_ME, base, situation, now)
    begun = _said(base, Talk.FORGET_BEGUN, "forget_me")
    return replace(begun, jobs=(Job(ERASE_TIMER, {"lang": base.lang}),))


def _said(base: Decision, talk: Talk, rule: str) -> Decision:
    return replace(
        base,
        outcome=Outcome.SMALL_TALK,
        rule=rule,
        talk=talk,
        introduce=False,
        angry=False,
        memory=base.memory.talked(),
    )
