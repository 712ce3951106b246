"""Texts with `{{ placeholder }}` marks, filled plainly: the catalogue's, and the answers of the knowledge."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

NAME: Final = "name"
"""The member's first name: the one mark that may stay without a value."""

_MARK: Final = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")
_NAMED: Final = rf"(?P<bold>\*{{0,2}})\{{\{{\s*{NAME}\s*\}}\}}(?P=bold)"
_OPENING: Final = re.compile(
    r"(?P<start>(?:^|(?<=[.!?…])[ \t]|\n)[ \t]*(?:(?:[-+*]|\d+\.)[ \t]+)?)(?P<mark>[¡¿]?)"
    rf"{_NAMED}[ \t]*(?P<stop>[,:;!—–-]?)[ \t]*(?P<next>[¡¿]*\w?)"
)
_CLOSING: Final = re.compile(rf"[ \t]*(?:,[ \t]*)?{_NAMED}(?P<after>,?)")


def fill(text: str, values: Mapping[str, str]) -> str:
    """Put `values` in place of the marks of `text`; a value is taken as written, marks in it included.

    Where the name is absent or blank the phrase drops its vocative: "¡Hola, {{ name }}! ..." becomes
    "¡Hola! ...", and "{{ name }}, te cuento" becomes "Te cuento". Raises KeyError with the name of any other
    mark that has no value.
    """
    if not values.get(NAME, "").strip():
        text = _CLOSING.sub(lambda found: found["after"], _OPENING.sub(_begin_anew, text))
    return _MARK.sub(lambda mark: values[mark[1]], text)


def placeholders(text: str) -> frozenset[str]:
    """The names between the marks of `text`."""
    return frozenset(mark[1] for mark in _MARK.finditer(text))


def has_stray_braces(text: str) -> bool:
    """Whether a brace stands outside of a well-formed mark: `{fact}`, `{{ fact }`, `{{ }}`."""
    rest = _MARK.sub(lambda mark: "" if mark[1] else "{", text)
    return "{" in rest or "}" in rest


def _begin_anew(found: re.Match[str]) -> str:
    """What is left of a sentence's beginning without the name that it began with."""
    mark = "" if found["mark"] == "¡" and found["stop"] == "!" else found["mark"]
    return found["start"] + mark + found["next"].upper()
