"""Chat text to plain lower-case words: accents, emoji, elongation, laughter and hostile Unicode go."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container, Mapping
from dataclasses import dataclass

CHARACTERS_USED = 1000
"""A question fits in far less; what stands after this is not read, so that time per message is bounded."""
WORDS_USED = 160
WORD_CAP = 24
"""The longest word kept whole: `electroencefalografista` has 23 letters."""

URL, EMAIL, LONG_NUMBER = "#url", "#email", "#number"
"""What a link, an address, and a number of five digits or more (order, phone) become."""


@dataclass(frozen=True, slots=True)
class Normalised:
    """The words of a text, and what its writing tells besides.

    `marks` are the letters and signs that only one of the languages writes (ñ ¿ ¡ ã õ ç ...).
    `shouting`: most letters of at least three words are capitals. `exclaims`: how many "!" in all.
    """

    tokens: tuple[str, ...]
    emoji: tuple[str, ...] = ()
    marks: str = ""
    question: bool = False
    shouting: bool = False
    exclaims: int = 0
    laughter: bool = False
    open_end: bool = False
    """Ends in "..." or a comma."""

    @property
    def text(self) -> str:
        return " ".join(self.tokens)


def normalise(text: str, known: Container[str] = frozenset()) -> Normalised:
    """Read at most CHARACTERS_USED of `text`; `known` words decide how an elongated word is shortened."""
    raw = unicodedata.normalize("NFKC", text[:CHARACTERS_USED])[:CHARACTERS_USED]
    shouting = _is_shouting(raw)
    lowered = raw.lower()
    plain, emoji, marks = (lowered, (), "") if lowered.isascii() else _plain(lowered)
    exclaims = plain.count("!")
    question = "?" in plain
    stripped = plain.rstrip()
    open_end = stripped.endswith(("...", ","))
    if "://" in plain or "www." in plain:
        plain = _LINK.sub(f" {URL} ", plain)
    if "@" in plain:
        plain = _ADDRESS.sub(f" {EMAIL} ", plain)
    plain = plain.replace("'", "").replace("_", " ")
    tokens: list[str] = []
    laughter = False
    for match in _TOKEN.finditer(plain):
        word = match.group()
        if word[0] == "#":
            tokens.append(word)
        elif word[0].isdigit():
            tokens.append(LONG_NUMBER if len(word) >= 5 and word.isdigit() else word[:WORD_CAP])
        elif word[0] in _LAUGHS and _LAUGHTER.fullmatch(word):
            laughter = True
        else:
            tokens.append(_shorten(word, known)[:WORD_CAP])
        if len(tokens) >= WORDS_USED:
            break
    return Normalised(tuple(tokens), emoji, marks, question, shouting, exclaims, laughter, open_end)


def expand(tokens: tuple[str, ...], abbreviations: Mapping[str, str]) -> tuple[str, ...]:
    """Write out the chat abbreviations of one language ("xq" -> "por que")."""
    if not any(token in abbreviations for token in tokens):
        return tokens
    return tuple(
        word
        for token in tokens
        for word in (abbreviations[token].split() if token in abbreviations else [token])
    )


# A link or an address has no space, so each pattern runs over a character a bounded number of times.
_LINK = re.compile(r"(?:https?://|www\.)\S+")
_ADDRESS = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}\.[\w.-]{1,63}")
_TOKEN = re.compile(r"#(?:url|email)\b|[^\W\d_]+|\d+(?:[.,:/]\d+)*")
_LAUGHTER = re.compile(
    r"a?(?:[jh]+[aei]+){2,}[jhs]*|k{3,}|(?:rs){2,}|lo+l|lmf?ao+|x+d+|hue(?:hue)+|jsjs[js]*|u?wu"
)
_LAUGHS = frozenset("ahjklruwx")
"""The letters that laughter begins with."""
_ELONGATED = re.compile(r"(.)\1{2,}")
_FOREIGN = re.compile(r"[^\x00-\x7f]")
_DOUBLED = re.compile(r"(.)\1+")

_SPANISH_MARKS, _PORTUGUESE_MARKS = "ñ¿¡", "ãõçêôâà"
_MARKS = frozenset(_SPANISH_MARKS + _PORTUGUESE_MARKS)

# Letters of other alphabets that look Latin, written by pranksters and by spam inside Latin words.
_LOOKALIKES = str.maketrans("аеорсухіјѕԁвнкмтαοευικρτν", "aeopcyxijsdbhkmtaoeuikptv")
_APOSTROPHES = str.maketrans(dict.fromkeys("’‘ʼ`´", "'"))


def _plain(lowered: str) -> tuple[str, tuple[str, ...], str]:
    marks = "".join(sorted(_MARKS.intersection(lowered)))
    emoji: list[str] = []

    def written(match: re.Match[str]) -> str:
        char = match.group()
        category = unicodedata.category(char)
        if category in ("Mn", "Me", "Cf"):
            return ""
        if category in ("So", "Sk"):
            emoji.append(char)
            return " "
        if category[0] in "LN":
            return char
        return "?" if char == "？" else " "

    plain = _FOREIGN.sub(written, unicodedata.normalize("NFD", lowered.translate(_APOSTROPHES)))
    if not plain.isascii() and re.search("[a-z]", plain):
        plain = plain.translate(_LOOKALIKES)
    return plain, tuple(emoji), marks


def _is_shouting(raw: str) -> bool:
    if raw.islower() or raw.count(" ") < 2:
        return False
    upper = sum(map(str.isupper, raw))
    return upper >= 10 and upper >= 0.7 * sum(map(str.isalpha, raw))


def _shorten(word: str, known: Container[str]) -> str:
    """Choose the known one of a doubled and a single letter for each run of three or more ("holaaa")."""
    if word in known:
        return word
    long_run = _ELONGATED.search(word) is not None
    single = _DOUBLED.sub(r"\1", word)
    if long_run:
        double = _ELONGATED.sub(r"\1\1", word)
        for form in (double, _ELONGATED.sub(r"\1", word), single):
            if form in known:
                return form
        return _ELONGATED.sub(r"\1", word)
    return single if single in known and single != word else word
