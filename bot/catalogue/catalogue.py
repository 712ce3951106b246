"""The texts that the bot says by itself: chosen by language, form of address and seed, then filled."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Final, TypeAlias

from bot.catalogue import emoji as emoji_rule
from bot.catalogue import template
from bot.catalogue.keys import Key
from bot.domain import EN, ES, PT, Lang
from bot.errors import KnowledgeError

LANGUAGES: Final = (ES, EN, PT)

Overrides: TypeAlias = Mapping[str, Mapping[Lang, tuple[str, ...]]]
"""A brand's own wordings, by key and language; they replace all built-in wordings of that language."""

_FORMS: Final = MappingProxyType({"tú": "tu", "vos": "vos", "usted": "usted"})
"""Spanish forms of address as the brand writes them, and as the keys of es.toml do (TOML keys are ASCII)."""

_ANY_FORM: Final = ""
_FOLDER: Final = Path(__file__).parent / "texts"

_Wordings: TypeAlias = Mapping[str, tuple[str, ...]]


class ProblemKind(StrEnum):
    """What can be wrong with an override; each has its text under `problem_<value>`."""

    UNKNOWN_KEY = "unknown_key"
    UNKNOWN_LANGUAGE = "unknown_language"
    EMPTY = "empty"
    UNKNOWN_PLACEHOLDER = "unknown_placeholder"
    BRACES = "braces"
    TOO_LONG = "too_long"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with an override; `details` fills the text that explains it.

    `lang` and `wording` (its index) say which value is meant, None where the whole key is.
    """

    kind: ProblemKind
    key: str
    lang: Lang | None
    wording: int | None
    details: tuple[tuple[str, str], ...]


class Catalogue:
    """All texts of the bot, immutable; build one with `Catalogue.load`."""

    def __init__(self, texts: Mapping[Lang, Mapping[Key, _Wordings]]) -> None:
        self._texts = texts

    @classmethod
    def load(cls, overrides: Overrides = MappingProxyType({})) -> Catalogue:
        """The built-in texts with a brand's own in place of some.

        Raises KnowledgeError when an override doesn't pass `problems`.
        """
        found = problems(overrides)
        built_in = {lang: _read(lang) for lang in LANGUAGES}
        catalogue = cls(built_in)
        if found:
            raise KnowledgeError(
                "; ".join(catalogue.explain(problem, EN) for problem in found),
                remedy="Correct these texts; bot/catalogue/keys.py lists keys and placeholders.",
                where="config/texts.yml",
            )
        for key, by_language in overrides.items():
            for lang, wordings in by_language.items():
                built_in[lang][Key(key)] = {_ANY_FORM: tuple(wording.strip() for wording in wordings)}
        return catalogue

    def text(
        self,
        key: Key,
        lang: Lang,
        /,
        *,
        address: str = "tú",
        emoji: str = "few",
        seed: int = 0,
        **values: str,
    ) -> str:
        """One wording of `key`, chosen by `seed` and filled with `values`.

        `address` is tú, vos or usted (Spanish only), `emoji` is none, few (one at most) or free. `lang` falls
        back pt, es, en. The vocative `name` may be absent or blank; a line of several whose values are all
        blank is left out. Raises KeyError when another placeholder has no value.
        """
        choices = self._choices(key, lang, address)
        chosen = choices[seed % len(choices)]
        # A brand's own "👍" stays where emoji are left out: nothing at all cannot be sent.
        return _filled(emoji_rule.keep(chosen, emoji) or chosen, values)

    def wordings(self, key: Key, lang: Lang) -> Mapping[str, tuple[str, ...]]:
        """All wordings of `key` in one language by form of address, "" where one serves all; or nothing."""
        return self._texts.get(lang, {}).get(key, {})

    def explain(self, problem: Problem, lang: Lang) -> str:
        """A problem in words for an admin."""
        wordings = self._choices(Key(f"problem_{problem.kind.value}"), lang, _ANY_FORM)
        return _filled(wordings[0], dict(problem.details))

    def _choices(self, key: Key, lang: Lang, address: str) -> tuple[str, ...]:
        for candidate in _fallbacks(lang):
            forms = self.wordings(key, candidate)
            if forms:
                return forms.get(_FORMS.get(address, address)) or forms.get(_ANY_FORM) or forms["tu"]
        raise KeyError(key)


def problems(overrides: Overrides) -> list[Problem]:
    """What is wrong with a brand's own texts, in their order; empty when all can be used."""
    found: list[Problem] = []
    known = {key.value for key in Key}
    for name, by_language in overrides.items():
        if name not in known:
            near = get_close_matches(name, sorted(known), n=1, cutoff=0.0)
            found.append(_problem(ProblemKind.UNKNOWN_KEY, name, suggestion=near[0] if near else Key.WELCOME))
            continue
        for lang, wordings in by_language.items():
            if lang not in LANGUAGES:
                found.append(_problem(ProblemKind.UNKNOWN_LANGUAGE, name, lang, lang=lang))
            elif not wordings:
                found.append(_problem(ProblemKind.EMPTY, name, lang))
            else:
                for index, wording in enumerate(wordings):
                    found.extend(_wording_problems(Key(name), lang, index, wording))
    return found


def _wording_problems(key: Key, lang: Lang, index: int, wording: str) -> Sequence[Problem]:
    if not wording.strip():
        return [_problem(ProblemKind.EMPTY, key.value, lang, index)]
    found: list[Problem] = []
    if template.has_stray_braces(wording):
        found.append(_problem(ProblemKind.BRACES, key.value, lang, index))
    for unknown in sorted(template.placeholders(wording) - {*key.takes, ""}):
        found.append(
            _problem(
                ProblemKind.UNKNOWN_PLACEHOLDER,
                key.value,
                lang,
                index,
                placeholder=unknown,
                known=", ".join(key.takes) or "-",
            )
        )
    if key.longest is not None and len(wording.strip()) > key.longest:
        found.append(_problem(ProblemKind.TOO_LONG, key.value, lang, index, limit=str(key.longest)))
    return found


def _problem(
    kind: ProblemKind, key: str, where: Lang | None = None, wording: int | None = None, **details: str
) -> Problem:
    return Problem(kind, key, where, wording, (("key", key), *details.items()))


def _fallbacks(lang: Lang) -> tuple[Lang, ...]:
    if lang == ES:
        return (ES, EN)
    if lang == PT:
        return (PT, ES, EN)
    return (EN, ES)


def _filled(text: str, values: Mapping[str, str]) -> str:
    lines = text.split("\n")
    if len(lines) > 1:
        text = "\n".join(line for line in lines if not _is_blank(line, values))
    return template.fill(text, values)


def _is_blank(line: str, values: Mapping[str, str]) -> bool:
    names = template.placeholders(line) - {template.NAME}
    return bool(names) and all(name in values and not values[name].strip() for name in names)


def _read(lang: Lang) -> dict[Key, _Wordings]:
    parsed = tomllib.loads((_FOLDER / f"{lang}.toml").read_text(encoding="utf-8"))
    return {Key(name): _forms(value) for name, value in parsed.items()}


def _forms(value: object) -> _Wordings:
    if isinstance(value, dict):
        return {form: _strings(wordings) for form, wordings in value.items()}
    return {_ANY_FORM: _strings(value)}


def _strings(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not value or not all(isinstance(item, str) for item in value):
        raise TypeError(f"a catalogue text is a list of strings, not {value!r}")
    return tuple(item.strip() for item in value)
