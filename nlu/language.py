"""Which of es, en and pt a short text is written in: naive Bayes over words, over letters for the rest."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from nlu.lexicon import LANGUAGES, Lexicon
from nlu.model import Example
from nlu.normalise import normalise

PRIOR_WEIGHT = 1.0
"""Log-odds that the conversation's language adds: about as much as half a function word."""
_WORD_LIMIT = 3.0
_LETTERS_LIMIT = 1.2
_MARK_WEIGHT = 2.5
_FUNCTION_COUNT, _COMMON_COUNT, _ABBREVIATION_COUNT, _EXAMPLE_COUNT = 12.0, 4.0, 4.0, 0.5
_ES, _EN, _PT = range(3)

Odds = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class LanguageModel:
    """Log-probabilities by language, centred, of words and of letter triples."""

    words: Mapping[str, Odds]
    letters: Mapping[str, Odds]

    def detect(self, tokens: Sequence[str], marks: str = "", prior: str | None = None) -> tuple[str, float]:
        """Give the likeliest language and its probability; without any evidence the prior, else Spanish."""
        total: list[float] = [0.1, 0.0, 0.0]
        if prior in LANGUAGES:
            total[LANGUAGES.index(prior)] += PRIOR_WEIGHT
        spanish, english, portuguese = total
        for token in tokens:
            odds = self.words.get(token) or self._by_letters(token)
            spanish += odds[_ES]
            english += odds[_EN]
            portuguese += odds[_PT]
        total = [spanish, english, portuguese]
        if any(mark in "ñ¿¡" for mark in marks):
            total[_ES] += _MARK_WEIGHT
        if any(mark in "ãõçêôâà" for mark in marks):
            total[_PT] += _MARK_WEIGHT
        best = total.index(max(total))
        return LANGUAGES[best], 1.0 / sum(math.exp(value - total[best]) for value in total)

    def _by_letters(self, token: str) -> Odds:
        if not token.isalpha() or len(token) < 3:
            return (0.0, 0.0, 0.0)
        sums = [0.0, 0.0, 0.0]
        for piece in _pieces(token):
            odds = self.letters.get(piece)
            if odds is not None:
                for index in range(3):
                    sums[index] += odds[index]
        return _clip(sums, _LETTERS_LIMIT)


def fit_language(lexicon: Lexicon, examples: Iterable[Example]) -> LanguageModel:
    """Learn from the word lists, the built-in examples and the FAQ's own questions."""
    words = [defaultdict[str, float](float) for _ in LANGUAGES]
    for index, lang in enumerate(LANGUAGES):
        for listed, count in (
            (lexicon.function_words, _FUNCTION_COUNT),
            (lexicon.common_words, _COMMON_COUNT),
        ):
            for word in listed[lang]:
                words[index][word] += count
        for word in lexicon.abbreviations[lang]:
            words[index][word] += _ABBREVIATION_COUNT
    for example in (*lexicon.examples, *examples):
        if example.lang in LANGUAGES:
            for word in set(normalise(example.text).tokens):
                words[LANGUAGES.index(example.lang)][word] += _EXAMPLE_COUNT
    letters = [defaultdict[str, float](float) for _ in LANGUAGES]
    for index in range(3):
        for word, count in words[index].items():
            if word.isalpha():
                for piece in _pieces(word):
                    letters[index][piece] += math.sqrt(count)
    return LanguageModel(_odds(words, _WORD_LIMIT, 0.5), _odds(letters, 1.0, 3.0))


def _odds(counts: Sequence[Mapping[str, float]], limit: float, smoothing: float) -> dict[str, Odds]:
    totals = [sum(counter.values()) for counter in counts]
    keys = sorted(set().union(*counts))
    return {
        key: _clip(
            [
                math.log((counter.get(key, 0.0) + smoothing) / (total + smoothing * len(keys)))
                for counter, total in zip(counts, totals, strict=True)
            ],
            limit,
        )
        for key in keys
    }


def _clip(values: Sequence[float], limit: float) -> Odds:
    """Centre the three and bound the distance from the best, so that no single word decides alone."""
    best = max(values)
    floor = [max(value - best, -limit) for value in values]
    mean = sum(floor) / 3
    return (round(floor[0] - mean, 4), round(floor[1] - mean, 4), round(floor[2] - mean, 4))


def _pieces(word: str) -> list[str]:
    framed = f"<{word}>"
    return [framed[start : start + 3] for start in range(len(framed) - 2)]
