"""Word-order rules for what needs no training; their notation stands at the top of builtin/rules.txt."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_BEGINNING = 3
"""Letters by which rules that begin with `word*` are found; no such beginning is shorter."""


@dataclass(frozen=True, slots=True)
class Group:
    """A choice of words and the most words that may stand before it."""

    words: frozenset[str]
    beginnings: tuple[str, ...]
    gap: int

    def holds(self, word: str) -> bool:
        return word in self.words or (bool(self.beginnings) and word.startswith(self.beginnings))


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the file: the groups in order, and where they must stand."""

    intent: str
    groups: tuple[Group, ...]
    at_start: bool
    end_gap: int | None
    """The most words after the last group; None where the rule doesn't ask for the end."""
    never: Group | None
    source: str

    def matches_at(self, words: Sequence[str], start: int) -> bool:
        """Try every place that the gaps allow; groups and gaps are few, so the work per word is bounded."""
        ends = {start + 1} if self.groups[0].holds(words[start]) else set()
        for group in self.groups[1:]:
            ends = {
                place + 1
                for end in ends
                for place in range(end, min(end + group.gap + 1, len(words)))
                if group.holds(words[place])
            }
        if self.end_gap is not None:
            ends = {end for end in ends if len(words) - end <= self.end_gap}
        return bool(ends)


class RuleBook:
    """Finds the rules that a text meets, looking only at those whose first word is there."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._by_word: dict[str, list[Rule]] = {}
        self._by_beginning: dict[str, list[Rule]] = {}
        for rule in rules:
            for word in rule.groups[0].words:
                self._by_word.setdefault(word, []).append(rule)
            for beginning in {word[:_BEGINNING] for word in rule.groups[0].beginnings}:
                self._by_beginning.setdefault(beginning, []).append(rule)

    def matches(self, words: Sequence[str]) -> list[Rule]:
        """Every rule met, in the order of the words that begin them."""
        found: dict[str, Rule] = {}
        present = set(words)
        for start, word in enumerate(words):
            for rule in (*self._by_word.get(word, ()), *self._by_beginning.get(word[:_BEGINNING], ())):
                if (rule.at_start and start) or rule.source in found:
                    continue
                if not rule.matches_at(words, start):
                    continue
                if rule.never is None or not any(rule.never.holds(other) for other in present):
                    found[rule.source] = rule
        return list(found.values())


def parse_rules(lines: Iterable[tuple[str, str, int]], path: str) -> tuple[Rule, ...]:
    """Read (section, line, line number); ValueError for a line that is not a rule."""
    return tuple(_parse(section, line, f"{path}:{number}") for section, line, number in lines)


def _parse(intent: str, line: str, source: str) -> Rule:
    groups: list[Group] = []
    at_start, end_gap, never, gap = False, None, None, 0
    for part in line.split():
        if part == "^":
            at_start = True
        elif part == "$":
            end_gap = gap
        elif part.startswith("~"):
            gap = int(part[1:])
        elif part.startswith("!"):
            never = _group(part[1:], 0)
        else:
            groups.append(_group(part, gap))
            gap = 0
    if not groups:
        raise ValueError(f"a rule without words: {source}")
    if any(len(beginning) < _BEGINNING for beginning in groups[0].beginnings):
        raise ValueError(f"a rule that begins with less than {_BEGINNING} letters: {source}")
    return Rule(intent, tuple(groups), at_start, end_gap, never, source)


def _group(text: str, gap: int) -> Group:
    choices = text.split("|")
    return Group(
        words=frozenset(choice for choice in choices if not choice.endswith("*")),
        beginnings=tuple(choice[:-1] for choice in choices if choice.endswith("*")),
        gap=gap,
    )
