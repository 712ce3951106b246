"""A row of a file: how far in it begins, and the characters in it that look like nothing or like a space."""

from __future__ import annotations

import re

_INVISIBLE = re.compile(
    r"[\u00a0\u00ad\u1680\u2000-\u200b\u200e\u200f\u202a-\u202f\u205f-\u2064\u3000\ufeff]"
)
_LURKING = re.compile(r"[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
_BREAKS = re.compile(r"[\x85\u2028\u2029]")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]")
_MARGIN = re.compile(r"[\s\u200b\u2060\ufeff]*")


def first_odd(row: str, margin: int, *, is_text: bool) -> tuple[str, int] | None:
    """The rule and index of the first character of a row that may not stand where it does.

    In a text a no-break space is good typography and a tab harmless; what has no width at all never is.
    """
    tab = row.find("\t", 0, margin) if is_text else row.find("\t")
    candidates = [("tabulador", tab)] if tab >= 0 else []
    for rule, pattern, where in (
        ("espacio-invisible", _INVISIBLE, row[:margin] if is_text else row),
        ("espacio-invisible", _LURKING, row),
        ("salto-invisible", _BREAKS, row),
        ("caracter-raro", _CONTROL, row),
    ):
        if found := pattern.search(where):
            candidates.append((rule, found.start()))
    return min(candidates, key=lambda candidate: candidate[1], default=None)


def visible(text: str) -> str:
    """The text as it looks: plain spaces for special ones, and nothing for what has no width."""
    return _INVISIBLE.sub(" ", _LURKING.sub("", text)).rstrip(" ")


def indent_of(row: str) -> int:
    """The plain spaces that a row begins with."""
    return len(row) - len(row.lstrip(" "))


def margin_of(row: str) -> int:
    """The characters before a row's first visible one."""
    found = _MARGIN.match(row)
    return found.end() if found else 0


def width_of(margin: str) -> int:
    """The width of a margin, a tab counting as the two spaces that it most likely stands for."""
    return len(margin) + margin.count("\t")
