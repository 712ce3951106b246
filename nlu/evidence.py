"""What speaks for and against the best entry, and the confidence made of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nlu.features import STEM, Floats, Place, Vocabulary
from nlu.model import NOTHING, SYSTEM_INTENTS
from nlu.stem import STEM_MINIMUM

LIGHT = 0.15
"""What a function word weighs beside a content word when shares of a text are measured."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Figures about one text and its best entry, each about 0..1.

    `score` of the best entry; `margin` to the second intent; `nearest` similarity of its closest example;
    `known`: weight of the text's words that any entry has; `shared`: that this entry has; `length`: few words
    prove little; `nothing`: score of the built-in off-topic examples; `elsewhere`: weight of the words that
    no entry has and that belong to subjects beside most FAQs.
    """

    score: float
    margin: float
    nearest: float
    known: float
    shared: float
    length: float
    nothing: float
    elsewhere: float

    def row(self) -> list[float]:
        return [
            self.score,
            self.margin,
            self.nearest,
            self.known,
            self.shared,
            self.length,
            self.nothing,
            self.elsewhere,
        ]


@dataclass(frozen=True, slots=True)
class Used:
    """The different words of one text: how many examples of each intent have each word or its concept."""

    counts: npt.NDArray[np.int16]
    weights: Floats
    elsewhere: npt.NDArray[np.bool_]
    """Whether the word belongs to a subject beside most FAQs."""


@dataclass(frozen=True, slots=True)
class WordUse:
    """Which entry uses which stem or concept: `counts` (names x intents) of FAQ examples that have it."""

    names: dict[str, int]
    counts: npt.NDArray[np.int16]

    def of(self, words: Sequence[str], vocabulary: Vocabulary, places: Sequence[Place] | None = None) -> Used:
        """Look up each different word of a text; `places`: its concepts, where they were found already."""
        weights: list[float] = []
        found = meanings(words, vocabulary, places)
        counts = np.zeros((len(found), self.counts.shape[1]), dtype=np.int16)
        for row, (word, names) in enumerate(found.items()):
            numbers = [self.names[name] for name in names if name in self.names]
            if len(numbers) == 1:
                counts[row] = self.counts[numbers[0]]
            elif numbers:
                counts[row] = self.counts[numbers].max(axis=0)
            index = vocabulary.index.get(STEM + vocabulary.concepts.stems.of(word))
            rarity = vocabulary.rarest if index is None else vocabulary.rarity[index]
            weights.append(rarity * (LIGHT if word in vocabulary.function_words else 1.0))
        aside = np.array([word in vocabulary.elsewhere for word in found], dtype=np.bool_)
        return Used(counts, np.array(weights, dtype=np.float32), aside)


def meanings(
    words: Sequence[str], vocabulary: Vocabulary, places: Sequence[Place] | None = None
) -> dict[str, list[str]]:
    """Each different word of a text, with the names it counts under: stem (itself if short), concepts."""
    found: dict[str, list[str]] = {}
    for word in words:
        part = vocabulary.concepts.stems.of(word)
        found.setdefault(word, [part if len(part) > STEM_MINIMUM else word])
    for start, end, concept in vocabulary.concepts.find(words) if places is None else places:
        for word in words[start:end]:
            found[word].append("+" + concept)
    return found


@dataclass(frozen=True, slots=True)
class Judge:
    """Logistic regression over the evidence: the probability that the best entry is right."""

    bias: float
    factors: tuple[float, ...]

    def confidence(self, evidence: Evidence) -> float:
        total = self.bias + sum(a * b for a, b in zip(self.factors, evidence.row(), strict=True))
        return float(1.0 / (1.0 + np.exp(-min(max(total, -30.0), 30.0))))


def is_entry(intent: str) -> bool:
    """Whether the intent is an FAQ entry rather than one of the engine's own."""
    return intent not in SYSTEM_INTENTS and intent != NOTHING


def gather(
    scores: Floats,
    nearest: float,
    entries: npt.NDArray[np.bool_],
    nothing: int,
    used: Used,
    best: int,
) -> Evidence:
    """Put the figures of one text together."""
    weights = used.weights
    known = used.counts.any(axis=1)
    shared = used.counts[:, best] > 0
    rest = scores.copy()
    rest[best] = -np.inf
    if nothing >= 0:
        rest[nothing] = -np.inf
    second = float(rest.max())
    total = float(weights.sum()) or 1.0
    return Evidence(
        score=float(scores[best]),
        margin=float(scores[best]) - (second if second > -np.inf else 0.0),
        nearest=nearest,
        known=float(weights[known].sum()) / total,
        shared=float(weights[shared].sum()) / total,
        length=_length(weights),
        nothing=float(scores[nothing]) if nothing >= 0 else 0.0,
        elsewhere=float(weights[used.elsewhere & ~known].sum()) / total,
    )


def _length(weights: Floats) -> float:
    """0 for no content, towards 1 for four content words or more; a common content word weighs about 4."""
    return min(1.0, float(weights.sum()) / 16.0)
