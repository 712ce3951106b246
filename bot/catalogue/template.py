"""Texts with `{{ placeholder }}` marks, filled plainly."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

VOCATIVE: Final = "name"

_MARK: Final = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")


def fill(text: str, values: Mapping[str, str], *, vocative: str = VOCATIVE) -> str:
    """Put `values` in place of the marks of `text`; a value is taken as written, marks in it included.

    Where the vocative is absent or blank, its comma and space go with it: "Hola, {{ name }}." becomes
    "Hola." Raises KeyError with the name of any other mark that has no value.
    """
    if not values.get(vocative, "").strip():
        text = _drop(text, vocative)
    return _MARK.sub(lambda mark: values[mark[1]], text)


def placeholders(text: str) -> frozenset[str]:
    """The names between the marks of `text`."""
    return frozenset(mark[1] for mark in _MARK.finditer(text))


def has_stray_braces(text: str) -> bool:
    """Whether a brace stands outside of a well-formed mark: `{fact}`, `{{ fact }`, `{{ }}`."""
    rest = _MARK.sub(lambda mark: "" if mark[1] else "{", text)
    return "{" in rest or "}" in rest


def _drop(text: str, vocative: str) -> str:
    mark = r"\{\{\s*" + re.escape(vocative) + r"\s*\}\}"
    # "{{ name }}, tu pedido" at the start of a sentence: what follows begins it now.
    opening = re.compile(rf"(^|[.!?…]\s+|\n)([¡¿]*){mark}\s*[,:]?\s*([¡¿]*)(\w?)")
    text = opening.sub(lambda m: m[1] + m[2] + m[3] + m[4].upper(), text)
    # "Hola, {{ name }}!" and "Hola {{ name }}, ¿cómo va?": what stands before goes, what follows stays.
    return re.sub(rf",?[^\S\n]*{mark}", "", text)
