"""Words to a sparse vector: words, stems, pairs of stems and pieces of words, the rare ones weighing more."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np
import numpy.typing as npt

from nlu.concepts import CONCEPTS_USED, Concepts

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int32]

Place = tuple[int, int, str]
"""Where a concept stands in a text: (start, end, concept)."""

WORD, STEM, PAIR, PIECE, CONCEPT = "w", "s", "p", "g", "c"
GROUP_WEIGHTS: Mapping[str, float] = {WORD: 1.0, STEM: 1.0, PAIR: 1.0, PIECE: 1.0, CONCEPT: 2.5}
"""Each group's share of the similarity (before division by their sum)."""
PIECE_SIZES = (2, 3, 4)
FUNCTION_WEIGHT = 0.5
"""What a function word counts beside a content word of the same rarity."""


@dataclass(frozen=True, slots=True)
class Vector:
    """A unit vector: indices of known features and their values.

    Unknown features have no index but take their part of the length, so that a text full of unknown words is
    similar to nothing.
    """

    indices: Ints
    values: Floats


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The features of the training texts and how rare each is; unknown ones weigh as the rarest."""

    index: Mapping[str, int]
    rarity: Sequence[float]
    """In a plain list, as single values are read from it."""
    rarest: float
    function_words: frozenset[str]
    concepts: Concepts
    elsewhere: frozenset[str]
    """Words of subjects beside most FAQs."""

    def vector(self, words: Sequence[str]) -> Vector:
        """Weigh the features of `words`, each group to its share of the unit length."""
        return self.weigh(features(words, self.concepts, self.function_words))

    def weigh(self, found: Features) -> Vector:
        """The same for features already counted."""
        indices: list[int] = []
        values: list[float] = []
        used = 0.0
        rarity, get = self.rarity, self.index.get
        for group, terms in found.groups.items():
            weight = GROUP_WEIGHTS[group] * (found.covered if group == CONCEPT else 1.0)
            known: list[tuple[int, float]] = []
            square = 0.0
            light = found.light if group in (WORD, STEM) else frozenset()
            for term, count in terms.items():
                index = get(term)
                value = self.rarest if index is None else rarity[index]
                if count > 1:
                    value *= 1.0 + math.log(count)
                if term in light:
                    value *= FUNCTION_WEIGHT
                square += value * value
                if index is not None:
                    known.append((index, value))
            if not square:
                continue
            used += weight
            scale = math.sqrt(weight / square)
            indices += [index for index, _ in known]
            values += [value * scale for _, value in known]
        length = math.sqrt(used) if used else 1.0
        return Vector(
            np.array(indices, dtype=np.int32), np.array(values, dtype=np.float32) / np.float32(length)
        )


@dataclass(frozen=True, slots=True)
class Features:
    """Counts by group (a feature's first letter), the function words' ones, and how much concepts cover."""

    groups: Mapping[str, Counter[str]]
    light: frozenset[str]
    covered: float
    """Share of the content words that a concept stands for."""


def features(words: Sequence[str], concepts: Concepts, function_words: frozenset[str]) -> Features:
    """Count what a text is made of."""
    stems = [concepts.stems.of(word) for word in words]
    places = concepts.find(words)
    framed = ["^", *stems, "$"]
    pairs = Counter(f"{PAIR}{one} {two}" for one, two in pairwise(framed))
    pairs.update(f"{PAIR}{one} {two}" for one, two in zip(stems, stems[2:], strict=False))
    meant = list(dict.fromkeys(name for _, _, name in places))[:CONCEPTS_USED]
    concept_terms = Counter(CONCEPT + name for name in meant)
    concept_terms.update(f"{CONCEPT}{one}+{two}" for one, two in combinations(sorted(meant), 2))
    groups = {
        CONCEPT: concept_terms,
        WORD: Counter(WORD + word for word in words),
        STEM: Counter(STEM + part for part in stems),
        PAIR: pairs,
        PIECE: Counter(piece for word in words for piece in pieces(word)),
    }
    light = {WORD + word for word in words if word in function_words}
    light |= {STEM + part for word, part in zip(words, stems, strict=True) if word in function_words}
    covered = {place for start, end, _ in places for place in range(start, end)}
    content = sum(1 for place, word in enumerate(words) if place in covered or word not in function_words)
    return Features(groups, frozenset(light), len(covered) / content if content else 0.0)


def fit_vocabulary(
    texts: Sequence[Features],
    function_words: frozenset[str],
    concepts: Concepts,
    elsewhere: frozenset[str],
) -> Vocabulary:
    """Number the features of the training texts and weigh them by smoothed inverse document frequency."""
    seen: Counter[str] = Counter()
    for text in texts:
        for terms in text.groups.values():
            seen.update(terms.keys())
    count = len(texts)
    names = sorted(seen)
    rarity = np.array([math.log((1 + count) / (1 + seen[name])) + 1.0 for name in names], dtype=np.float32)
    return Vocabulary(
        index={name: index for index, name in enumerate(names)},
        rarity=rarity.tolist(),
        rarest=math.log((1 + count) / 2) + 1.0,
        function_words=function_words,
        concepts=concepts,
        elsewhere=elsewhere,
    )


def pieces(word: str) -> list[str]:
    """The features of a word's letters, two to four together."""
    framed = f"<{word}>"
    length = len(framed)
    return [
        PIECE + framed[start : start + size] for size in PIECE_SIZES for start in range(length - size + 1)
    ]
