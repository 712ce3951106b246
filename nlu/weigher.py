"""The vocabulary's weighing for a live text: what is known of each of its words is looked up once and kept.

Gives the vector that `Vocabulary.vector` gives, but for rounding, at a fraction of its price.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np

from nlu.concepts import CONCEPTS_USED
from nlu.features import (
    CONCEPT,
    FUNCTION_WEIGHT,
    GROUP_WEIGHTS,
    PAIR,
    PIECE,
    STEM,
    WORD,
    Place,
    Vector,
    Vocabulary,
    pieces,
)

_GROUPS = (CONCEPT, WORD, STEM, PAIR, PIECE)
_NUMBERS = np.arange(len(_GROUPS))
_LOGS = 4_096
"""How often one feature can be in a text: it is cut to far fewer words and letters."""


@dataclass(frozen=True, slots=True)
class _Known:
    """One word: its stem, and the numbers of its features. `light`: it is a function word."""

    stem: str
    word: int
    stemmed: int
    pieces: tuple[int, ...]
    light: bool


class Weigher:
    """Weighs texts with one vocabulary. Remembers words of the vocabulary, and none that only members use."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._count = len(vocabulary.index)
        # One more for every feature that is not known.
        self._rarity = np.array([*vocabulary.rarity, vocabulary.rarest], dtype=np.float64)
        self._logs = 1.0 + np.log(np.arange(1, _LOGS, dtype=np.float64))
        self._weights = np.array([GROUP_WEIGHTS[name] for name in _GROUPS])
        self._words: dict[str, _Known] = {}

    def vector(self, words: Sequence[str], places: Sequence[Place]) -> Vector:
        """Weigh a text's features; `places`: its concepts, as `Concepts.find` gives them."""
        if not words:
            return self._vocabulary.vector(words)
        fresh: dict[str, int] = {}
        get, beyond = self._vocabulary.index.get, self._count

        def number(feature: str) -> int:
            known = get(feature)
            return fresh.setdefault(feature, beyond + len(fresh)) if known is None else known

        known = [self._words.get(word) or self._meet(word, number) for word in words]
        stems = [one.stem for one in known]
        framed = ["^", *stems, "$"]
        pairs = [number(f"{PAIR}{one} {two}") for one, two in pairwise(framed)]
        pairs += [number(f"{PAIR}{one} {two}") for one, two in zip(stems, stems[2:], strict=False)]
        meant = list(dict.fromkeys(name for _, _, name in places))[:CONCEPTS_USED]
        concepts = [number(CONCEPT + name) for name in meant]
        concepts += [number(f"{CONCEPT}{one}+{two}") for one, two in combinations(sorted(meant), 2)]
        numbers = [*concepts, *(one.word for one in known), *(one.stemmed for one in known), *pairs]
        sizes = [len(concepts), len(known), len(known), len(pairs), -len(numbers)]
        for one in known:
            numbers += one.pieces
        sizes[-1] += len(numbers)

        found, first, times = np.unique(np.array(numbers), return_index=True, return_counts=True)
        groups = np.repeat(_NUMBERS, sizes)[first]
        values = self._rarity[np.minimum(found, self._count)]
        if len(found) < len(numbers):
            values *= self._logs[times - 1]
        light = {part for one in known if one.light for part in (one.word, one.stemmed)}
        if light:
            values[np.searchsorted(found, list(light))] *= FUNCTION_WEIGHT
        squares = np.bincount(groups, weights=values * values, minlength=len(_GROUPS))
        weights = np.where(squares > 0, self._weights, 0.0)
        weights[0] *= _covered(known, places)
        values *= np.sqrt(weights / np.maximum(squares, 1e-12) / weights.sum())[groups]
        if fresh:
            kept = int(np.searchsorted(found, self._count))
            found, values = found[:kept], values[:kept]
        return Vector(found.astype(np.int32), values.astype(np.float32))

    def _meet(self, word: str, number: Callable[[str], int]) -> _Known:
        part = self._vocabulary.concepts.stems.of(word)
        met = _Known(
            part,
            number(WORD + word),
            number(STEM + part),
            tuple(number(piece) for piece in pieces(word)),
            word in self._vocabulary.function_words,
        )
        # A word that has no number of its own may be somebody's name, and is not kept.
        if met.word < self._count and met.stemmed < self._count and max(met.pieces) < self._count:
            self._words[word] = met
        return met


def _covered(known: Sequence[_Known], places: Sequence[Place]) -> float:
    """Share of the content words that a concept stands for."""
    covered = {place for start, end, _ in places for place in range(start, end)}
    content = sum(1 for place, one in enumerate(known) if place in covered or not one.light)
    return len(covered) / content if content else 0.0
