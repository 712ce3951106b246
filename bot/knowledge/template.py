"""Answers quote facts and may call the member by name: `{{ fact }}` and `{{ name }}`, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

from bot.catalogue import template
from bot.catalogue.template import NAME as NAME  # the one word in braces that is not a fact

FACT_NAME = re.compile(r"[a-z][a-z0-9_]*(?:\.[a-z0-9_]+)*")

_SLOT = re.compile(r"\{\{[ \t\u00a0]*([a-z][a-z0-9_.]*)[ \t\u00a0]*\}\}")


def slots(text: str) -> Iterator[tuple[str, int]]:
    """Each name between double braces with the place of its first brace, in the order of the text."""
    return ((found.group(1), found.start()) for found in _SLOT.finditer(text))


@lru_cache(4096)  # asked at every answer, of the same few hundred texts
def facts_used(text: str) -> frozenset[str]:
    """The facts that a template quotes."""
    return frozenset(name for name, _ in slots(text) if name != NAME)


def fill(text: str, facts: Mapping[str, str], name: str) -> str:
    """The template with its facts and the member's name; '' leaves its vocative out.

    What is filled in is never read again as a template. Raises KeyError for a fact that is not in `facts`.
    """
    return template.fill(text, {**facts, NAME: name})
