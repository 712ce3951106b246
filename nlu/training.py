"""Fits the model: kernel ridge weights in closed form, and the judge on what it would say of unseen texts.

With A the inverse of the regularised kernel and Y the targets, the model that never saw a block S of examples
gives them Y[S] - inv(A[S,S]) @ (A @ Y)[S] exactly. A block of one example is leave-one-out: a new wording of
a known intent. A block of a whole intent is a question without an entry: no out-of-scope texts are needed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import linalg, sparse

from nlu.evidence import Evidence, Judge, Used, WordUse, gather, is_entry, meanings
from nlu.features import Floats, Ints, Vector, Vocabulary, features, fit_vocabulary
from nlu.kernel import KernelModel, bend
from nlu.lexicon import Lexicon
from nlu.model import NOTHING

RIDGE = 0.1
BALANCE = 0.5
"""Entries with many examples are held back by (their count / mean) ** BALANCE."""


USUAL_JUDGE = (-4.7, 3.3, 2.8, -1.8, 0.2, 2.9, 1.7, -3.9, -2.7)
"""Bias and factors, as fitted on an FAQ of 65 entries x 43 questions."""
DRAWN = 2.0
TRAPS = 0.06
"""Share of the questions without an entry that ask of others what the FAQ answers of its own brand."""
NEAR = 0.15
"""Share of the questions without an entry that stand as close to the FAQ as another entry's do.

The rest is small talk and the world at large, for which the built-in off-topic examples stand. A judge that
sees only near ones trusts words that the FAQ knows too little: other entries' questions are full of them.
"""


@dataclass(frozen=True, slots=True)
class Fitted:
    """All that training learns apart from the language model."""

    vocabulary: Vocabulary
    kernel: KernelModel
    intents: tuple[str, ...]
    use: WordUse
    judge: Judge
    inside: Floats
    """Confidence of each FAQ example under leave-one-out."""
    won: npt.NDArray[np.bool_]
    """Whether its own entry was the best."""
    near: Floats
    """Confidence of each FAQ example under leave-one-intent-out."""
    far: Floats
    """Confidence of each built-in off-topic example under leave-one-out."""


def fit(cores: Sequence[Sequence[str]], labels: Sequence[str], lexicon: Lexicon) -> Fitted:
    """Fit on the words of each example and its intent."""
    intents = tuple(sorted(set(labels)))
    number = {intent: index for index, intent in enumerate(intents)}
    owners = np.array([number[label] for label in labels], dtype=np.int32)
    function_words = lexicon.all_function_words
    counted = [features(words, lexicon.concepts, function_words) for words in cores]
    vocabulary = fit_vocabulary(counted, function_words, lexicon.concepts, lexicon.elsewhere)
    vectors = [vocabulary.weigh(found) for found in counted]
    matrix = _matrix(vectors, len(vocabulary.rarity))
    cosine = (matrix @ matrix.T).toarray().astype(np.float32)
    inverse = _inverse(cosine, owners, np.array([is_entry(intent) for intent in intents]))
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
    known, near, far, traps = _unseen(
        cores, owners, intents, vocabulary, use, cosine, inverse, weights, targets
    )
    judge = _judge(known, near, far, traps)
    return Fitted(
        vocabulary,
        kernel,
        intents,
        use,
        judge,
        inside=_confidences(judge, [one for one, _ in known]),
        won=np.array([won for _, won in known], dtype=np.bool_),
        near=_confidences(judge, near),
        far=_confidences(judge, far),
    )


def _matrix(vectors: Sequence[Vector], width: int) -> sparse.csr_matrix:
    starts = np.concatenate(([0], np.cumsum([len(vector.indices) for vector in vectors])))
    indices = np.concatenate([vector.indices for vector in vectors])
    values = np.concatenate([vector.values for vector in vectors])
    return sparse.csr_matrix((values, indices, starts), shape=(len(vectors), width))


def _inverse(cosine: Floats, owners: Ints, entries: npt.NDArray[np.bool_]) -> Floats:
    sizes = np.bincount(owners, minlength=len(entries))
    kernel = bend(np.clip(cosine, 0.0, 1.0))
    kernel[np.diag_indices_from(kernel)] += RIDGE * (sizes[owners] / sizes[entries].mean()) ** BALANCE
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
) -> tuple[list[tuple[Evidence, bool]], list[Evidence], list[Evidence], list[Evidence]]:
    """Evidence of questions as new wordings (did their entry win?), as unknown ones, and of far ones."""
    entries = np.array([is_entry(intent) for intent in intents])
    nothing = intents.index(NOTHING) if NOTHING in intents else -1
    inside: list[tuple[Evidence, bool]] = []
    near: list[Evidence] = []
    far: list[Evidence] = []
    traps: list[Evidence] = []
    for owner in range(len(intents)):
        block = np.flatnonzero(owners == owner)
        if not entries[owner] and owner != nothing:
            continue
        alone = targets[block] - weights[block] / np.diag(inverse)[block][:, None]
        without = targets[block] - linalg.solve(inverse[np.ix_(block, block)], weights[block], assume_a="pos")
        for place, example in enumerate(block):
            used = use.of(cores[int(example)], vocabulary)
            if owner == nothing:
                far.append(_one(alone[place], cosine[example], owners, entries, nothing, used, int(example)))
                continue
            own = used.counts.copy()
            own[:, owner] -= 1
            one = _one(
                alone[place],
                cosine[example],
                owners,
                entries,
                nothing,
                replace(used, counts=own),
                int(example),
            )
            best = int(np.where(entries, alone[place], -np.inf).argmax())
            inside.append((one, best == owner))
            if best == owner:
                traps.append(_trap(one, float(used.weights.sum()), vocabulary.rarest))
            others = used.counts.copy()
            others[:, owner] = 0
            allowed = entries.copy()
            allowed[owner] = False
            if allowed.any():
                left = replace(used, counts=others)
                near.append(_one(without[place], cosine[example], owners, allowed, nothing, left, -1))
    return inside, near, far, traps


def _trap(one: Evidence, total: float, weight: float) -> Evidence:
    """The same question asked about something else: "how do I reset my password" with another firm's name."""
    share = total / (total + weight)
    nearness = share**0.5  # what one more unknown word does to a cosine
    return replace(
        one,
        score=one.score * nearness,
        margin=one.margin * nearness,
        nearest=one.nearest * nearness,
        known=one.known * share,
        shared=one.shared * share,
        elsewhere=one.elsewhere * share + 1.0 - share,
    )


def _one(
    scores: Floats,
    cosine: Floats,
    owners: Ints,
    entries: npt.NDArray[np.bool_],
    nothing: int,
    used: Used,
    itself: int,
) -> Evidence:
    best = int(np.where(entries, scores, -np.inf).argmax())
    same: npt.NDArray[np.bool_] = owners == best
    if itself >= 0:
        same = same.copy()
        same[itself] = False
    nearest = float(cosine[same].max()) if same.any() else 0.0
    return gather(scores, nearest, entries, nothing, used, best)


def _judge(
    inside: list[tuple[Evidence, bool]], near: list[Evidence], far: list[Evidence], traps: list[Evidence]
) -> Judge:
    """Newton's method for logistic regression, drawn to the usual judge where the FAQ is too small to tell.

    Questions with and without an entry weigh the same.
    """
    sides = ([one for one, _ in inside], near, far, traps)
    rows = np.array([one.row() for side in sides for one in side], dtype=np.float64)
    right = np.array([float(won) for _, won in inside] + [0.0] * (len(near) + len(far) + len(traps)))
    mass = np.concatenate(
        [
            np.full(len(side), share / max(len(side), 1))
            for side, share in zip(sides, (1.0, NEAR, 1.0 - NEAR - TRAPS, TRAPS), strict=True)
        ]
    )
    # An FAQ tells as much as its own questions do, however many built-in examples stand beside them.
    mass *= 2 * len(inside) / mass.sum()
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
    return Judge(round(float(theta[0]), 6), tuple(round(float(value), 6) for value in theta[1:]))


def _confidences(judge: Judge, listed: list[Evidence]) -> Floats:
    return np.array([judge.confidence(one) for one in listed], dtype=np.float32)
