"""Words of three languages that mean one thing to a brand's community: flete, despacho, shipping."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from nlu.stem import Stems

CONCEPTS_USED = 8
"""Pairs are made of these; a question touches fewer."""


_STEMMED_FROM = 5
"""Shorter words stand for themselves: their stems meet too many others (mes, mesa)."""


class Concepts:
    """Finds the concepts that words and phrases stand for, whatever the inflection of longer words."""

    def __init__(self, phrases: Iterable[tuple[str, Sequence[str]]], exact: frozenset[str]) -> None:
        """Take (concept, words) pairs, and the words that stand for themselves only."""
        self._exact = exact
        self.stems = Stems()
        listed = [(concept, tuple(words)) for concept, words in phrases]
        self.words = frozenset(word for _, words in listed for word in words)
        self._phrases: dict[tuple[str, ...], list[str]] = {}
        for concept, words in listed:
            forms = [words]
            if len(words) == 1:
                forms += [(words[0] + "s",), (words[0] + "es",)]
            for form in forms:
                keys = tuple(self._key(word) for word in form)
                if concept not in self._phrases.setdefault(keys, []):
                    self._phrases[keys].append(concept)
        self._longest: dict[str, int] = {}
        for keys in self._phrases:
            self._longest[keys[0]] = max(self._longest.get(keys[0], 1), len(keys))

    def find(self, words: Sequence[str]) -> list[tuple[int, int, str]]:
        """Give (start, end, concept) for each, in the order of the text."""
        keys = [self._key(word) for word in words]
        found: list[tuple[int, int, str]] = []
        for start, first in enumerate(keys):
            for size in range(1, self._longest.get(first, 0) + 1):
                for concept in self._phrases.get(tuple(keys[start : start + size]), ()):
                    found.append((start, min(start + size, len(keys)), concept))
        return found

    def _key(self, word: str) -> str:
        return word if len(word) < _STEMMED_FROM or word in self._exact else "~" + self.stems.of(word)


def parse_concepts(lines: Iterable[tuple[str, str]], function_words: frozenset[str]) -> Concepts:
    """Read (section, line) pairs: in `exact` words, elsewhere "concept = word, several words"."""
    exact = set(function_words)
    phrases: list[tuple[str, Sequence[str]]] = []
    for section, line in lines:
        if section == "exact":
            exact.update(line.split())
            continue
        name, _, listed = line.partition(" = ")
        phrases += [(name, phrase.split()) for phrase in listed.split(",") if phrase.strip()]
    return Concepts(phrases, frozenset(exact))
