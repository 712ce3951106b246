"""The cases of faq/tests rehearsed and judged: pure, so that a figure can be checked by hand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from bot.domain import Outcome, Reason
from bot.knowledge.model import Case
from bot.pipeline.model import Decision, Talk
from nlu import model as nlu


class Group(StrEnum):
    """What sort of case it is."""

    IN_SCOPE = "in_scope"
    """An entry is expected."""
    PERSON = "person"
    COMPLAINT = "complaint"
    SMALL_TALK = "small_talk"
    OUT_OF_SCOPE = "out_of_scope"
    """Nothing is expected to answer."""


_TALKS = {
    nlu.GREETING: frozenset({Talk.GREETING, Talk.WELCOME}),
    nlu.THANKS: frozenset({Talk.THANKS}),
    nlu.GOODBYE: frozenset({Talk.GOODBYE}),
    nlu.ARE_YOU_A_BOT: frozenset({Talk.ARE_YOU_A_BOT}),
    nlu.WHO_ARE_YOU: frozenset({Talk.WHO_ARE_YOU}),
    nlu.REPEAT: frozenset({Talk.REPEAT_NOTHING}),
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """One case and what came of it. `got`: an entry, a reason, a talk or an outcome; `confidence`: 0..1."""

    case: Case
    group: Group
    right: bool
    answered: bool
    """Whether an FAQ entry answered."""
    got: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Tally:
    """Cases counted; shares are in percent, None of nothing."""

    right: int = 0
    answered: int = 0
    total: int = 0

    @property
    def share_right(self) -> float | None:
        return 100 * self.right / self.total if self.total else None

    @property
    def share_answered(self) -> float | None:
        return 100 * self.answered / self.total if self.total else None


def judge(case: Case, decision: Decision, confidence: float) -> Verdict:
    """Whether a decision is what the case expects."""
    group = group_of(case.expected)
    match group:
        case Group.IN_SCOPE:
            right = decision.entry == case.expected
        case Group.PERSON:
            right = decision.reason is Reason.ASKED
        case Group.COMPLAINT:
            right = decision.reason in (Reason.COMPLAINT, Reason.ASKED)
        case Group.SMALL_TALK:
            right = decision.talk in _TALKS[case.expected]
        case Group.OUT_OF_SCOPE:
            right = (
                decision.entry is None
                and decision.outcome is not Outcome.SMALL_TALK
                and decision.reason in (None, Reason.NOT_UNDERSTOOD)
            )
    return Verdict(case, group, right, decision.entry is not None, _got(decision), confidence)


def group_of(expected: str) -> Group:
    """The group of a case by what it expects."""
    named = {nlu.PERSON: Group.PERSON, nlu.COMPLAINT: Group.COMPLAINT, nlu.NOTHING: Group.OUT_OF_SCOPE}
    return named.get(expected, Group.SMALL_TALK if expected in _TALKS else Group.IN_SCOPE)


def tally(verdicts: Iterable[Verdict]) -> Tally:
    """How many were right, and how many an entry answered."""
    found = list(verdicts)
    return Tally(sum(one.right for one in found), sum(one.answered for one in found), len(found))


def by_group(verdicts: Iterable[Verdict]) -> dict[Group, Tally]:
    """A tally of each group that has cases."""
    found = list(verdicts)
    groups = {group: [one for one in found if one.group is group] for group in Group}
    return {group: tally(members) for group, members in groups.items() if members}


def by_file(verdicts: Iterable[Verdict]) -> dict[str, Tally]:
    """A tally of each file."""
    found = list(verdicts)
    paths = sorted({one.case.at.path for one in found})
    return {path: tally(one for one in found if one.case.at.path == path) for path in paths}


def _got(decision: Decision) -> str:
    if decision.entry is not None:
        return str(decision.entry)
    if decision.reason is not None:
        return decision.reason.value
    if decision.options:
        return f"{decision.talk}: {', '.join(decision.options)}"
    return decision.talk.value if decision.talk is not None else decision.outcome.value
