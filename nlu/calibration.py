"""From labelled questions to a whole model: reads them, fits, and sets the two thresholds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nlu.errors import TrainingError
from nlu.evidence import is_entry
from nlu.features import Floats
from nlu.language import fit_language
from nlu.lexicon import load_lexicon
from nlu.model import Example
from nlu.modelfile import Model
from nlu.reading import Reader
from nlu.training import NEAR, Fitted, fit

SURE_RANGE, UNSURE_RANGE = (0.45, 0.65), (0.2, 0.4)
SURE_MISTAKES, UNSURE_MISTAKES = 0.04, 0.15
"""Share of questions without an entry, near and far ones mixed, that may reach each threshold."""
SURE_WRONG = 0.04
"""Share of new wordings that may be answered with another entry's answer."""


def fit_model(examples: Sequence[Example], version: str) -> Model:
    """Train on the FAQ's questions and the built-in ones, less those that the FAQ words the same."""
    lexicon = load_lexicon()
    language = fit_language(lexicon, examples)
    reader = Reader(lexicon, language)
    kept: list[Example] = []
    cores: list[tuple[str, ...]] = []
    taken: set[tuple[str, ...]] = set()
    for example in (*examples, *lexicon.examples):
        reading = reader.read(example.text, lang=example.lang)
        words = reading.core or reading.words
        if is_entry(example.intent):
            taken.add(words)
        elif words in taken:
            continue
        if words:
            kept.append(example)
            cores.append(words)
    if not taken - {()}:
        raise TrainingError("the examples of the FAQ have no words to learn from")
    fitted = fit(cores, [example.intent for example in kept], lexicon)
    return Model(
        version=version,
        intents=fitted.intents,
        examples=tuple(kept),
        cores=tuple(cores),
        vocabulary=fitted.vocabulary,
        kernel=fitted.kernel,
        use=fitted.use,
        judge=fitted.judge,
        language=language,
        sure=_sure(fitted),
        unsure=_within(_without(fitted, UNSURE_MISTAKES), UNSURE_RANGE),
    )


def _sure(fitted: Fitted) -> float:
    wrong = fitted.inside[~fitted.won]
    mass = np.full(len(wrong), 1.0 / max(len(fitted.inside), 1))
    return _within(max(_without(fitted, SURE_MISTAKES), _reached(wrong, mass, SURE_WRONG)), SURE_RANGE)


def _without(fitted: Fitted, mistakes: float) -> float:
    """The confidence that this share of the questions without an entry reaches."""
    near, far = len(fitted.near), len(fitted.far)
    mass = np.repeat([NEAR / max(near, 1), (1.0 - NEAR) / max(far, 1)], [near, far])
    return _reached(np.concatenate((fitted.near, fitted.far)), mass, mistakes)


def _reached(confidences: Floats, mass: Floats, share: float) -> float:
    """The confidence above which at most this share of the mass lies; 0 if there is less in all."""
    order = np.argsort(-confidences, kind="stable")
    place = int(np.searchsorted(np.cumsum(mass[order]), share))
    return float(confidences[order][place]) if place < len(order) else 0.0


def _within(confidence: float, limits: tuple[float, float]) -> float:
    """Small FAQs tell little: their thresholds stay near the usual ones."""
    return round(min(max(confidence, limits[0]), limits[1]), 4)
