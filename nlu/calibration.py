"""From labelled questions to a whole model: reads them, fits, and sets the two thresholds."""

from __future__ import annotations

from collections.abc import Sequence

from nlu.language import fit_language
from nlu.lexicon import load_lexicon
from nlu.model import Example
from nlu.modelfile import Model
from nlu.reading import Reader
from nlu.training import fit

SURE, UNSURE = 0.6, 0.3


def fit_model(examples: Sequence[Example], version: str) -> Model:
    """Train on the FAQ's questions and the built-in ones, less those that the FAQ words the same."""
    lexicon = load_lexicon()
    language = fit_language(lexicon, examples)
    reader = Reader(lexicon, language)
    taken = {reader.read(example.text, lang=example.lang).words for example in examples}
    builtin = [
        example
        for example in lexicon.examples
        if reader.read(example.text, lang=example.lang).words not in taken
    ]
    kept: list[Example] = []
    cores: list[tuple[str, ...]] = []
    for example in (*examples, *builtin):
        reading = reader.read(example.text, lang=example.lang)
        words = reading.core or reading.words
        if words:
            kept.append(example)
            cores.append(words)
    fitted = fit(cores, [example.intent for example in kept], lexicon.all_function_words)
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
        sure=SURE,
        unsure=UNSURE,
    )
