"""Kernel ridge regression on similarity to the examples: the serving half, in numpy alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nlu.features import Floats, Ints, Vector

GAMMA = 1.0
"""How much more a near example counts than a far one."""
COMMON_FROM = 16
"""A feature of more than one example in so many is added up as a whole row."""


def bend(similarity: Floats) -> Floats:
    """Bend cosine (0..1) to exp(gamma x), moved and scaled so that 0 stays 0 and 1 stays 1."""
    return np.asarray(np.expm1(GAMMA * similarity) / np.expm1(GAMMA), dtype=np.float32)


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
        self._rows = kernel.rows.astype(np.intp)
        self._values = kernel.values.astype(np.float64)
        self._place = np.full(len(sizes), -1, dtype=np.int32)
        self._place[common] = np.arange(len(common), dtype=np.int32)
        self._dense = np.zeros((len(common), count), dtype=np.float32)
        for place, feature in enumerate(common):
            begin, end = kernel.starts[feature], kernel.starts[feature + 1]
            self._dense[place, kernel.rows[begin:end]] = kernel.values[begin:end]

    def similarity(self, vector: Vector) -> Floats:
        """Cosine of the text with each example, 0..1."""
        place = self._place[vector.indices]
        rare = place < 0
        found = vector.values[~rare] @ self._dense[place[~rare]]
        indices = vector.indices[rare]
        begins = self._starts[indices]
        sizes = self._starts[indices + 1] - begins
        ends = np.cumsum(sizes)
        if not len(ends):
            return np.asarray(found, dtype=np.float32)
        # The places of all postings at once: each run counts on from its own beginning.
        places = np.repeat(begins - ends + sizes, sizes) + np.arange(int(ends[-1]))
        products = self._values[places] * np.repeat(vector.values[rare], sizes)
        found += np.bincount(self._rows[places], weights=products, minlength=self._count)
        return np.asarray(found, dtype=np.float32)
