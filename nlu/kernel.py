"""Kernel ridge regression on similarity to the examples: the serving half, in numpy alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nlu.features import Floats, Ints, Vector

GAMMA = 1.0
"""How much more a near example counts than a far one."""


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

    def similarity(self, vector: Vector) -> Floats:
        """Cosine of the text with each example, 0..1."""
        count = len(self.owners)
        if not len(vector.indices):
            return np.zeros(count, dtype=np.float32)
        begins = self.starts[vector.indices]
        sizes = self.starts[vector.indices + 1] - begins
        total = int(sizes.sum())
        # The places of all postings at once: each run counts on from its own beginning.
        offsets = np.repeat(begins - np.concatenate(([0], np.cumsum(sizes)[:-1])), sizes)
        places = offsets + np.arange(total)
        products = self.values[places] * np.repeat(vector.values, sizes)
        return np.bincount(self.rows[places], weights=products, minlength=count).astype(np.float32)

    def scores(self, similarity: Floats) -> Floats:
        """Score each intent: about 1 for a text like its examples, about 0 for one like none."""
        return np.asarray(bend(similarity) @ self.weights, dtype=np.float32)


def nearest_by_intent(similarity: Floats, owners: Ints, intents: int) -> npt.NDArray[np.float32]:
    """The similarity of each intent's closest example."""
    best = np.zeros(intents, dtype=np.float32)
    np.maximum.at(best, owners, similarity)
    return best
