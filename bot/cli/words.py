"""What the command line says, in Spanish and English."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

LANGUAGES = ("es", "en")
_TEXTS = Path(__file__).parent / "texts"


class Words:
    """The texts of one language, by key."""

    def __init__(self, lang: str, texts: Mapping[str, str]) -> None:
        self.lang = lang
        self._texts = texts

    @classmethod
    def load(cls, lang: str) -> Self:
        """The texts of `es` or `en`."""
        with (_TEXTS / f"{lang}.toml").open("rb") as file:
            return cls(lang, dict(_flat(tomllib.load(file))))

    @property
    def keys(self) -> frozenset[str]:
        """Every key that has a text."""
        return frozenset(self._texts)

    def __call__(self, key: str, **fill: object) -> str:
        """A text with its placeholders filled in."""
        return self._texts[key].format(**fill) if fill else self._texts[key]

    def count(self, key: str, number: int, **fill: object) -> str:
        """A text that has a form for one (`key.one`) and one for any other number (`key.many`)."""
        return self(f"{key}.one" if number == 1 else f"{key}.many", n=number, **fill)

    def name(self, group: str, value: str) -> str:
        """What people call a value of the house, like an outcome; the value itself where it has no name."""
        return self._texts.get(f"{group}.{value}", value)


def choose(arguments: Sequence[str], environment: Mapping[str, str] = os.environ) -> str:
    """The language to speak: `--lang`, VOCERO_LANG (also from `.env`), then the system's; else Spanish."""
    asked = (
        _after("--lang", arguments),
        environment.get("VOCERO_LANG", "") or _from_file(Path(".env")),
        environment.get("LC_ALL", ""),
        environment.get("LANG", ""),
    )
    return next((word[:2].lower() for word in asked if word[:2].lower() in LANGUAGES), "es")


def _after(option: str, arguments: Sequence[str]) -> str:
    for number, argument in enumerate(arguments):
        if argument == option:
            return next(iter(arguments[number + 1 :]), "")
        if argument.startswith(f"{option}="):
            return argument.partition("=")[2]
    return ""


def _from_file(path: Path) -> str:
    """VOCERO_LANG of an `.env`, read without the settings' libraries so that help comes at once."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return ""  # the settings tell of a file that cannot be read
    found = (line.partition("=") for line in lines)
    return next((value.strip().strip("'\"") for name, _, value in found if name.strip() == "VOCERO_LANG"), "")


def _flat(table: Mapping[str, Any], before: str = "") -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for name, value in table.items():
        key = f"{before}{name}"
        found += [(key, value)] if isinstance(value, str) else _flat(value, f"{key}.")
    return found
