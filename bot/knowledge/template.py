"""Answers quote facts and may call the member by name: `{{ fact }}` and `{{ name }}`, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

NAME = "name"
"""The one word in braces that is not a fact: the member's first name."""

FACT_NAME = re.compile(r"[a-z][a-z0-9_]*(?:\.[a-z0-9_]+)*")

_SLOT = re.compile(r"\{\{[ \t\u00a0]*([a-z][a-z0-9_.]*)[ \t\u00a0]*\}\}")
_NAMED = r"(?P<bold>\*{0,2})\{\{[ \t\u00a0]*name[ \t\u00a0]*\}\}(?P=bold)"
_OPENING = re.compile(
    r"(?P<start>(?:^|(?<=[.!?…])[ \t]|\n)[ \t]*(?:(?:[-+*]|\d+\.)[ \t]+)?)(?P<mark>[¡¿]?)"
    rf"{_NAMED}[ \t]*(?P<stop>[,:;!—–-]?)[ \t]*(?P<next>\w?)"
)
_CLOSING = re.compile(rf"[ \t]*(?:,[ \t]*)?{_NAMED}(?P<after>,?)")


def slots(text: str) -> Iterator[tuple[str, int]]:
    """Each name between double braces with the place of its first brace, in the order of the text."""
    return ((found.group(1), found.start()) for found in _SLOT.finditer(text))


@lru_cache(4096)  # asked at every answer, of the same few hundred texts
def facts_used(text: str) -> frozenset[str]:
    """The facts that a template quotes."""
    return frozenset(name for name, _ in slots(text) if name != NAME)


def fill(text: str, facts: Mapping[str, str], name: str) -> str:
    """The template with its facts and the member's name.

    Without a name the phrase drops its vocative: "¡Hola, {{ name }}! ..." becomes "¡Hola! ...", and
    "{{ name }}, te cuento" becomes "Te cuento". What is filled in is never read again as a template.
    Raises KeyError for a fact that is not in `facts`.
    """
    if not name:
        text = _CLOSING.sub(lambda found: found["after"], _OPENING.sub(_begin_anew, text))
    values = {**facts, NAME: name}
    return _SLOT.sub(lambda slot: values[slot.group(1)], text)


def _begin_anew(found: re.Match[str]) -> str:
    """What is left of a sentence's beginning without the name that it began with."""
    mark = "" if found["mark"] == "¡" and found["stop"] == "!" else found["mark"]
    return found["start"] + mark + found["next"].upper()
