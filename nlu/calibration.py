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
from nlu.training import fit

SURE_RANGE, UNSURE_RANGE = (0.45, 0.65), (0.22, 0.4)
SURE_MISTAKES, UNSURE_MISTAKES = 0.1, 0.3
"""Share of left-out entries' questions that may pass for another entry's.

They stand closer to the FAQ than what members ask beside it, so the share of real out-of-scope questions that
pass is a fraction of this one.
"""


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
    fitted = fit(cores, [example.intent for example in kept], lexicon.all_function_words, lexicon.concepts)
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
        sure=_threshold(fitted.outside, SURE_MISTAKES, SURE_RANGE),
        unsure=_threshold(fitted.outside, UNSURE_MISTAKES, UNSURE_RANGE),
    )


def _threshold(outside: Floats, mistakes: float, limits: tuple[float, float]) -> float:
    """The confidence that this share of left-out questions reaches, within limits for small FAQs."""
    found = float(np.quantile(outside, 1.0 - mistakes)) if len(outside) else limits[1]
    return round(min(max(found, limits[0]), limits[1]), 4)
