"""Fits the model: kernel ridge weights in closed form, and the judge on what it would say of unseen texts.

With A the inverse of the regularised kernel and Y the targets, the model that never saw a block S of examples
gives them Y[S] - inv(A[S,S]) @ (A @ Y)[S] exactly. A block of one example is leave-one-out: a new wording of
a known intent. A block of a whole intent is a question without an entry: no out-of-scope texts are needed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import linalg, sparse

from nlu.concepts import Concepts
from nlu.evidence import Evidence, Judge, WordUse, gather, is_entry, meanings
from nlu.features import Floats, Ints, Vector, Vocabulary, features, fit_vocabulary
from nlu.kernel import KernelModel, bend
from nlu.model import NOTHING

RIDGE = 0.1
BALANCE = 0.5
"""Entries with many examples are held back by (their count / mean) ** BALANCE."""


USUAL_JUDGE = (-6.1, 5.3, 1.9, -1.7, -0.8, 3.6, 2.5, -0.8)
"""Bias and factors, as fitted on an FAQ of 57 entries x 21 questions."""
DRAWN = 2.0


@dataclass(frozen=True, slots=True)
class Fitted:
    """All that training learns apart from the language model."""

    vocabulary: Vocabulary
    kernel: KernelModel
    intents: tuple[str, ...]
    use: WordUse
    judge: Judge
    inside: Floats
    """Confidence of each FAQ example under leave-one-out, 0 where another entry won."""
    outside: Floats
    """Confidence of each FAQ example under leave-one-intent-out."""


def fit(
    cores: Sequence[Sequence[str]], labels: Sequence[str], function_words: frozenset[str], concepts: Concepts
) -> Fitted:
    """Fit on the words of each example and its intent."""
    intents = tuple(sorted(set(labels)))
    number = {intent: index for index, intent in enumerate(intents)}
    owners = np.array([number[label] for label in labels], dtype=np.int32)
    counted = [features(words, concepts, function_words) for words in cores]
    vocabulary = fit_vocabulary(counted, function_words, concepts)
    vectors = [vocabulary.weigh(found) for found in counted]
    matrix = _matrix(vectors, len(vocabulary.rarity))
    cosine = (matrix @ matrix.T).toarray().astype(np.float32)
    inverse = _inverse(cosine, owners, len(intents))
    targets = np.zeros((len(owners), len(intents)), dtype=np.float32)
    targets[np.arange(len(owners)), owners] = 1.0
    weights = inverse @ targets
    postings = matrix.T.tocsr()
    kernel = KernelModel(
        starts=postings.indptr.astype(np.int32),
        rows=postings.indices.astype(np.int32),
        values=postings.data.astype(np.float32),
        weights=weights.astype(np.float32),
        owners=owners,
    )
    use = _word_use(cores, owners, intents, vocabulary)
    known, unknown = _unseen(cores, owners, intents, vocabulary, use, cosine, inverse, weights, targets)
    judge, inside, outside = _judge(known, unknown)
    return Fitted(vocabulary, kernel, intents, use, judge, inside, outside)


def _matrix(vectors: Sequence[Vector], width: int) -> sparse.csr_matrix:
    starts = np.concatenate(([0], np.cumsum([len(vector.indices) for vector in vectors])))
    indices = np.concatenate([vector.indices for vector in vectors])
    values = np.concatenate([vector.values for vector in vectors])
    return sparse.csr_matrix((values, indices, starts), shape=(len(vectors), width))


def _inverse(cosine: Floats, owners: Ints, intents: int) -> Floats:
    sizes = np.bincount(owners, minlength=intents)
    kernel = bend(np.clip(cosine, 0.0, 1.0))
    kernel[np.diag_indices_from(kernel)] += RIDGE * (sizes[owners] / sizes.mean()) ** BALANCE
    factor = linalg.cholesky(kernel, lower=True, overwrite_a=True, check_finite=False)
    inverse, _ = linalg.lapack.spotri(factor, lower=1)
    lower = np.tril(inverse)
    return np.asarray(lower + np.tril(inverse, -1).T, dtype=np.float32)


def _word_use(
    cores: Sequence[Sequence[str]], owners: Ints, intents: Sequence[str], vocabulary: Vocabulary
) -> WordUse:
    names: dict[str, int] = {}
    uses: Counter[tuple[int, int]] = Counter()
    for words, owner in zip(cores, owners, strict=True):
        if is_entry(intents[owner]):
            for name in {name for listed in meanings(words, vocabulary).values() for name in listed}:
                uses[names.setdefault(name, len(names)), int(owner)] += 1
    counts = np.zeros((len(names), len(intents)), dtype=np.int16)
    for place, count in uses.items():
        counts[place] = count
    return WordUse(names, counts)


def _unseen(
    cores: Sequence[Sequence[str]],
    owners: Ints,
    intents: Sequence[str],
    vocabulary: Vocabulary,
    use: WordUse,
    cosine: Floats,
    inverse: Floats,
    weights: Floats,
    targets: Floats,
) -> tuple[list[tuple[Evidence, bool]], list[Evidence]]:
    """Evidence of each FAQ example as a new wording (and did its entry win), and as an unknown question."""
    entries = np.array([is_entry(intent) for intent in intents])
    nothing = intents.index(NOTHING) if NOTHING in intents else -1
    inside: list[tuple[Evidence, bool]] = []
    outside: list[Evidence] = []
    for owner in range(len(intents)):
        block = np.flatnonzero(owners == owner)
        if not entries[owner] and owner != nothing:
            continue
        alone = targets[block] - weights[block] / np.diag(inverse)[block][:, None]
        without = targets[block] - linalg.solve(inverse[np.ix_(block, block)], weights[block], assume_a="pos")
        for place, example in enumerate(block):
            counts, word_weights = use.of(cores[int(example)], vocabulary)
            if owner == nothing:
                outside.append(
                    _one(alone[place], cosine[example], owners, entries, nothing, counts, word_weights, -1)
                )
                continue
            own = counts.copy()
            own[:, owner] -= 1
            one = _one(
                alone[place], cosine[example], owners, entries, nothing, own, word_weights, int(example)
            )
            best = int(np.where(entries, alone[place], -np.inf).argmax())
            inside.append((one, best == owner))
            others = counts.copy()
            others[:, owner] = 0
            allowed = entries.copy()
            allowed[owner] = False
            if allowed.any():
                outside.append(
                    _one(without[place], cosine[example], owners, allowed, nothing, others, word_weights, -1)
                )
    return inside, outside


def _one(
    scores: Floats,
    cosine: Floats,
    owners: Ints,
    entries: npt.NDArray[np.bool_],
    nothing: int,
    counts: npt.NDArray[np.int16],
    weights: Floats,
    itself: int,
) -> Evidence:
    best = int(np.where(entries, scores, -np.inf).argmax())
    near: npt.NDArray[np.bool_] = owners == best
    if itself >= 0:
        near = near.copy()
        near[itself] = False
    nearest = float(cosine[near].max()) if near.any() else 0.0
    return gather(
        scores, nearest, entries, nothing, np.asarray(counts.any(axis=1)), counts[:, best] > 0, weights, best
    )


def _judge(inside: list[tuple[Evidence, bool]], outside: list[Evidence]) -> tuple[Judge, Floats, Floats]:
    """Newton's method for logistic regression, drawn to the usual judge where the FAQ is too small to tell.

    Both sides weigh the same.
    """
    rows = np.array([one.row() for one, _ in inside] + [one.row() for one in outside], dtype=np.float64)
    right = np.array([float(won) for _, won in inside] + [0.0] * len(outside))
    mass = np.concatenate(
        (np.full(len(inside), 1.0 / max(len(inside), 1)), np.full(len(outside), 1.0 / max(len(outside), 1)))
    )
    mass *= len(rows) / mass.sum()
    design = np.hstack([np.ones((len(rows), 1)), rows])
    ridge = np.full(design.shape[1], DRAWN)
    usual = np.array(USUAL_JUDGE)
    theta = usual.copy()
    for _ in range(25):
        chance = 1.0 / (1.0 + np.exp(-np.clip(design @ theta, -30, 30)))
        slope = design.T @ (mass * (right - chance)) - ridge * (theta - usual)
        curve = (design * (mass * chance * (1 - chance))[:, None]).T @ design + np.diag(ridge)
        step = np.linalg.solve(curve, slope)
        theta += step
        if float(np.abs(step).max()) < 1e-6:
            break
    judge = Judge(round(float(theta[0]), 6), tuple(round(float(value), 6) for value in theta[1:]))
    confidences = np.array([judge.confidence(one) for one, _ in inside], dtype=np.float32)
    won = np.array([value for _, value in inside], dtype=bool)
    outer = np.array([judge.confidence(one) for one in outside], dtype=np.float32)
    return judge, np.where(won, confidences, 0.0).astype(np.float32), outer
