"""Typos mended against the FAQ's own words: only unknown words, only when one FAQ word is clearly meant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from nlu.stem import stem

_SHORTEST, _LONG = 4, 8
_SECURE = 6
"""Length from which the first letter may be the mistaken one."""
_MENDED_AT_MOST = 12
"""Unknown words looked at in one text: a typed question has few, and a flood of them is not a question."""
_CLOSE_AT_MOST = 24
_ALPHABET = "abcdefghijklmnopqrstuvwxyz"


class Repairer:
    """Knows the FAQ's words with how often each is used, and the words that are never typos."""

    def __init__(self, counts: Mapping[str, int], known: frozenset[str]) -> None:
        self._known = known.union(counts)
        self._stems = {stem(word) for word in self._known if len(word) > _SHORTEST}
        self._words = sorted(
            word for word in counts if len(word) >= _SHORTEST and word.isalpha() and word.isascii()
        )
        self._counts = [counts[word] for word in self._words]
        self._sounds = [_sound(word) for word in self._words]
        self._letters = np.array([_letters(word) for word in self._words], dtype=np.int8).reshape(-1, 27)

    def repair(self, words: Sequence[str]) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
        """Give the words with typos mended, and the pairs (written, meant)."""
        mended = list(words)
        repairs: list[tuple[str, str]] = []
        looked = 0
        for place, word in enumerate(words):
            if len(word) < _SHORTEST or not (word.isascii() and word.isalpha()):
                continue
            if word in self._known or (len(word) > _SECURE and stem(word) in self._stems):
                continue
            looked += 1
            if looked > _MENDED_AT_MOST:
                break
            meant = self._meant(word)
            if meant is not None:
                mended[place] = meant
                repairs.append((word, meant))
        return tuple(mended), tuple(repairs)

    def _meant(self, word: str) -> str | None:
        if not self._words:
            return None
        allowed = 2 if len(word) >= _LONG else 1
        sound = _sound(word)
        # An edit changes the count of two letters at most: most words are ruled out without comparing them.
        apart = np.abs(self._letters - np.array(_letters(word), dtype=np.int8)).sum(axis=1)
        close = np.flatnonzero(apart <= 2 * allowed + 2)
        order = close[np.argsort(apart[close], kind="stable")][:_CLOSE_AT_MOST]
        best: tuple[float, int, str] | None = None
        for index in order:
            other = self._words[index]
            same_sound = self._sounds[index] == sound
            cost = float(distance(word, other, allowed + 1))
            if same_sound and cost <= allowed + 1:
                cost = min(cost, 0.5)
            far = cost > (1 if len(other) < _LONG else allowed)
            other_start = word[0] != other[0] and (cost > 1 or len(word) < _SECURE) and not same_sound
            slip = same_sound or len(word) >= _SECURE or len(word) != len(other) or _swapped(word, other)
            if far or other_start or not slip or _inflected(word, other):
                continue
            entry = (cost, -self._counts[index], other)
            if best is None or entry < best:
                best = entry
        return best[2] if best else None


def distance(one: str, other: str, limit: int) -> int:
    """Count edits, a swap of neighbours as one (optimal string alignment); `limit` means "or more"."""
    if abs(len(one) - len(other)) >= limit:
        return limit
    before: list[int] = []
    last = list(range(len(other) + 1))
    for row, letter in enumerate(one, 1):
        here = [row]
        for column, against in enumerate(other, 1):
            cost = min(last[column] + 1, here[-1] + 1, last[column - 1] + (letter != against))
            if row > 1 and column > 1 and letter == other[column - 2] and one[row - 2] == against:
                cost = min(cost, before[column - 2] + 1)
            here.append(cost)
        if min(here) >= limit:
            return limit
        before, last = last, here
    return min(last[-1], limit)


def _swapped(word: str, other: str) -> bool:
    """Whether the same letters stand in another order; one other letter makes another short word."""
    return sorted(word) == sorted(other)


def _letters(word: str) -> list[int]:
    counts = [0] * 27
    for char in word:
        counts[_ALPHABET.find(char)] += 1
    return counts


def _sound(word: str) -> str:
    """How a Latin American ear hears the word: b/v, s/c/z, ll/y, mute h, qu/k, n before b and p."""
    sound = word
    for written, heard in _SOUNDS:
        sound = sound.replace(written, heard)
    return sound


_SOUNDS = (
    ("ch", "*"),
    ("ss", "s"),
    ("h", ""),
    ("*", "ch"),
    ("v", "b"),
    ("z", "s"),
    ("ce", "se"),
    ("ci", "si"),
    ("qu", "k"),
    ("c", "k"),
    ("ll", "y"),
    ("ge", "je"),
    ("gi", "ji"),
    ("mb", "nb"),
    ("mp", "np"),
    ("w", "gu"),
)


def _inflected(word: str, other: str) -> bool:
    """Whether the two are rather forms of one word (pedido, pedidos): the stems see to those."""
    longer, shorter = (word, other) if len(word) > len(other) else (other, word)
    return longer.startswith(shorter) and longer[len(shorter) :] in ("s", "es")
