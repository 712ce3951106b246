"""Kernel ridge regression on similarity to the examples: the serving half, in numpy alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nlu.features import Floats, Ints, Vector

GAMMA = 1.0
"""How much more a near example counts than a far one."""
COMMON_FROM = 24
"""A feature of more than one example in so many is added up as a whole row."""


def bend(similarity: Floats) -> Floats:
    """Bend cosine (0..1) to exp(gamma x), moved and scaled so that 0 stays 0 and 1 stays 1."""
    # numpy's float32 exp is several times as fast as its expm1; the subtraction costs about 1e-7.
    bent: Floats = np.exp(GAMMA * similarity, dtype=np.float32)
    bent -= 1.0
    bent /= np.float32(np.expm1(GAMMA))
    return bent


@dataclass(frozen=True, slots=True)
class KernelModel:
    """Examples as posting lists by feature, and each example's weight for each intent.

    `starts` (features + 1): where each feature's postings begin in `rows` and `values`; `weights`: examples x
    intents; `owners`: the intent's number of each example.
    """

    starts: Ints
    rows: Ints
    values: Floats
    weights: Floats
    owners: Ints

    def scores(self, similarity: Floats) -> Floats:
        """Score each intent: about 1 for a text like its examples, about 0 for one like none."""
        return np.asarray(bend(similarity) @ self.weights, dtype=np.float32)


class Neighbours:
    """Finds how similar a text is to each example: rows for common features, postings for the others."""

    def __init__(self, kernel: KernelModel) -> None:
        count = len(kernel.owners)
        sizes = np.diff(kernel.starts)
        common = np.flatnonzero(sizes > count / COMMON_FROM)
        self._count = count
        self._starts = kernel.starts
        self._sizes = sizes
        self._rows = kernel.rows
        self._values = kernel.values
        self._place = np.full(len(sizes), -1, dtype=np.int32)
        self._place[common] = np.arange(len(common), dtype=np.int32)
        self._dense = np.zeros((len(common), count), dtype=np.float32)
        for place, feature in enumerate(common):
            begin, end = kernel.starts[feature], kernel.starts[feature + 1]
            self._dense[place, kernel.rows[begin:end]] = kernel.values[begin:end]

    def similarity(self, vector: Vector) -> Floats:
        """Cosine of the text with each example, 0..1."""
        place = self._place.take(vector.indices)
        common = (place >= 0).nonzero()[0]
        found: Floats = vector.values.take(common) @ self._dense.take(place.take(common), axis=0)
        if len(common) == len(place):
            return found
        rare = (place < 0).nonzero()[0]
        indices = vector.indices.take(rare)
        sizes = self._sizes.take(indices)
        ends = sizes.cumsum()
        # The places of all postings at once: each run counts on from its own beginning.
        places = (self._starts.take(indices) - ends + sizes).repeat(sizes)
        places += np.arange(len(places))
        products = self._values.take(places) * vector.values.take(rare).repeat(sizes)
        found += np.bincount(self._rows.take(places), weights=products, minlength=self._count)
        return found
