"""From a raw text to the words that carry its question: language, abbreviations, what stands around it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from nlu.language import LanguageModel
from nlu.lexicon import HEARD, OPENING, POLITE, VOCATIVE, Lexicon
from nlu.model import GOODBYE, GREETING, SMALL_TALK, THANKS
from nlu.normalise import Normalised, expand, normalise

_BARE = frozenset({"no", "nao", "not", "si", "sii", "ya"})


@dataclass(frozen=True, slots=True)
class Reading:
    """A text read: `words` all of it, `core` without greeting, thanks, courtesies and openings.

    `social`: the small talk found around the core, greeting before thanks before goodbye. `opened`: a phrase
    that announces a question ("una consulta") was taken off; `heard`: one that acknowledges ("ok").
    """

    normalised: Normalised
    lang: str
    lang_confidence: float
    words: tuple[str, ...]
    core: tuple[str, ...]
    social: str | None
    opened: bool
    heard: bool


class Reader:
    """Reads texts with one lexicon and one language model; keeps nothing between texts."""

    def __init__(
        self, lexicon: Lexicon, language: LanguageModel, vocabulary: frozenset[str] = frozenset()
    ) -> None:
        self._abbreviations = lexicon.abbreviations
        self._phrases = lexicon.phrases
        self._known = lexicon.known_words | vocabulary
        self._language = language
        self._longest = max(len(phrase) for phrase in lexicon.phrases)

    def read(self, text: str, *, lang: str | None = None, prior: str | None = None) -> Reading:
        """Read `text`; `lang` where it is known (an example of the FAQ), else it is detected."""
        normalised = normalise(text, self._known)
        if lang is None:
            detected, confidence = self._language.detect(normalised.tokens, normalised.marks, prior)
        else:
            detected, confidence = lang, 1.0
        words = expand(normalised.tokens, self._abbreviations.get(detected, {}))
        core, found = _peel(words, self._phrases, self._longest)
        social = next((kind for kind in (GREETING, THANKS, GOODBYE) if kind in found), None)
        if social == GREETING and GOODBYE in found and not core and self._first(words) == GOODBYE:
            social = GOODBYE  # "cuidense, buenas noches"
        return Reading(
            normalised, detected, confidence, words, core, social, OPENING in found, HEARD in found
        )

    def _first(self, words: tuple[str, ...]) -> str | None:
        """What the longest phrase at the beginning is."""
        kinds = (self._phrases.get(words[:size]) for size in range(self._longest, 0, -1))
        return next((kind for kind in kinds if kind is not None), None)


def _peel(
    words: tuple[str, ...], phrases: Mapping[tuple[str, ...], str], longest: int
) -> tuple[tuple[str, ...], set[str]]:
    """Take phrases off the beginning as far as they reach, then thanks, goodbyes, courtesies off the end."""
    reached: dict[int, frozenset[str]] = {0: frozenset()}
    spoken: set[int] = set()  # where a phrase of several words ends
    for start in range(len(words)):
        kinds = reached.get(start)
        if kinds is None:
            continue
        for end in range(start + 1, min(start + longest, len(words)) + 1):
            kind = phrases.get(words[start:end])
            if kind is not None and (kind != VOCATIVE or kinds):
                reached.setdefault(end, kinds | {kind})
                if end - start > 1:
                    spoken.add(end)
    start = max(reached)
    # A bare yes or no before a question belongs to it: "no llego mi pedido", "si compro hoy".
    while 0 < start < len(words) and words[start - 1] in _BARE and start not in spoken:
        start -= 1
    found = set(reached[start])
    end = len(words)
    while end > start:
        for size in range(min(longest, end - start), 0, -1):
            kind = phrases.get(words[end - size : end])
            if kind == POLITE or (kind in SMALL_TALK and (kind != GREETING or size > 1)):
                found.add(kind)
                end -= size
                break
        else:
            break
    return words[start:end], found
