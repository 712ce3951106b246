"""Failures told to whoever typed: what happened, where, and what to do, in their language."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from bot.cli.output import Output
from bot.cli.words import Words
from bot.errors import SettingsError, VoceroError

_SPANISH = Path(__file__).parent / "texts" / "errors.toml"
_HOLE = "{}"


def tell(error: VoceroError, words: Words, output: Output) -> None:
    """Write an error with its remedy."""
    say = translation(words.lang)
    where = f"{say(error.where)}: " if error.where else ""
    # An error about settings names all that are wrong, one after the other.
    parts = error.what.split("; ") if isinstance(error, SettingsError) else [error.what]
    what = "; ".join(say(part) for part in parts)
    output.note(f"{words('failure.error')} {where}{what}")
    if error.remedy:
        output.note(f"{words('failure.remedy')} {say(error.remedy)}")


def tell_more(errors: BaseExceptionGroup[BaseException], words: Words, output: Output) -> bool:
    """Write the errors of a group that a person can mend; False when it holds others too."""
    _, others = errors.split(VoceroError)
    for error in leaves(errors):
        if isinstance(error, VoceroError):
            tell(error, words, output)
    return others is None


def leaves(error: BaseException) -> list[BaseException]:
    """The errors of a group, however deep."""
    if isinstance(error, BaseExceptionGroup):
        return [leaf for inner in error.exceptions for leaf in leaves(inner)]
    return [error]


class Translation:
    """Errors are worded in English where they arise; this has them in another language.

    A sentence that is not known stays as it is. `{}` in a pattern stands for what the error fills in.
    """

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        self._pairs = [(_pattern(known), meaning) for known, meaning in pairs]

    def __call__(self, text: str) -> str:
        """The text in the other language."""
        for pattern, meaning in self._pairs:
            if match := pattern.fullmatch(text):
                return re.sub(r"\{\}", partial(_next, iter(match.groups())), meaning)
        return text

    def knows(self, text: str) -> bool:
        """Whether a sentence is among the patterns."""
        return any(pattern.fullmatch(text) for pattern, _ in self._pairs)


def translation(lang: str) -> Translation:
    """The translation of errors into a language; none for English."""
    if lang == "en":
        return Translation([])
    with _SPANISH.open("rb") as file:
        pairs = tomllib.load(file)["error"]
    return Translation([(pair["en"], pair["es"]) for pair in pairs])


def _pattern(known: str) -> re.Pattern[str]:
    return re.compile("(.*)".join(re.escape(part) for part in known.split(_HOLE)), re.DOTALL)


def _next(found: Iterator[str], _: re.Match[str]) -> str:
    return next(found, "")
