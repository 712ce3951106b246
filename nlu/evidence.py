"""What speaks for and against the best entry, and the confidence made of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nlu.features import STEM, Floats, Vocabulary
from nlu.model import NOTHING, SYSTEM_INTENTS
from nlu.stem import stem

FACTORS = ("score", "margin", "nearest", "known", "shared", "length", "nothing")


@dataclass(frozen=True, slots=True)
class Evidence:
    """Figures about one text and its best entry, each about 0..1.

    `score` of the best entry; `margin` to the second intent; `nearest` similarity of its closest example;
    `known`: weight of the text's words that any entry has; `shared`: that this entry has; `length`: few words
    prove little; `nothing`: score of the built-in off-topic examples.
    """

    score: float
    margin: float
    nearest: float
    known: float
    shared: float
    length: float
    nothing: float

    def row(self) -> list[float]:
        return [self.score, self.margin, self.nearest, self.known, self.shared, self.length, self.nothing]


@dataclass(frozen=True, slots=True)
class WordUse:
    """Which entry uses which stem: `counts` is stems x intents, examples that have it; built-in ones not."""

    stems: dict[str, int]
    counts: npt.NDArray[np.int16]

    def weights(self, words: Sequence[str], vocabulary: Vocabulary) -> tuple[list[int], Floats]:
        """The number (-1 if unknown) and weight of each different stem; function words weigh little."""
        numbers: list[int] = []
        weights: list[float] = []
        for part in dict.fromkeys(stem(word) for word in words):
            numbers.append(self.stems.get(part, -1))
            index = vocabulary.index.get(STEM + part)
            rarity = vocabulary.rarest if index is None else float(vocabulary.rarity[index])
            weights.append(rarity * (0.15 if part in vocabulary.function_words else 1.0))
        return numbers, np.array(weights, dtype=np.float32)


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
    known: npt.NDArray[np.bool_],
    shared: npt.NDArray[np.bool_],
    weights: Floats,
    best: int,
) -> Evidence:
    """Put the figures of one text together; `known` and `shared` are flags by stem of the text."""
    rest = np.delete(scores, [best, nothing] if nothing >= 0 and nothing != best else [best])
    total = float(weights.sum()) or 1.0
    return Evidence(
        score=float(scores[best]),
        margin=float(scores[best] - (rest.max() if len(rest) else 0.0)),
        nearest=nearest,
        known=float(weights[known].sum()) / total,
        shared=float(weights[shared].sum()) / total,
        length=_length(weights),
        nothing=float(scores[nothing]) if nothing >= 0 else 0.0,
    )


def _length(weights: Floats) -> float:
    """0 for no content, towards 1 for four content words or more; a common content word weighs about 4."""
    return min(1.0, float(weights.sum()) / 16.0)
