"""What stands behind a colon on the same line, and whether it will be read as it is written."""

from __future__ import annotations

import re
from dataclasses import dataclass

_NOTE = re.compile(r"(?<=\s)#")
_BAR = re.compile(r"\|(?P<more>[^\s#]*)(?P<rest>.*)")
_QUOTES = "\"'"
_SIGNS = "{}[],&*!%@`>"


@dataclass(frozen=True, slots=True)
class Behind:
    """The text behind a colon or a dash, from `column` (counted from 1) on, without a note after it.

    `faults` are rule ids with the column of each; `sign` is the character that they complain of.
    """

    text: str
    column: int
    is_bar: bool = False
    faults: tuple[tuple[str, int], ...] = ()
    sign: str = ""


def read_behind(rest: str, column: int) -> Behind:
    """Read what follows a colon; `rest` begins right after it, in `column`."""
    text = rest.lstrip()
    start = column + len(rest) - len(text)
    if bar := _BAR.fullmatch(text):
        after = bar["rest"].strip()
        plain = not bar["more"] and (not after or after.startswith("#"))
        if plain:
            return Behind("", start, True)
        more = (bar["more"].lstrip("+-0123456789") + bar["rest"]).strip()
        return Behind(more, start, True, (("barra-sola", start + 1),), "|")
    if text[:1] == ">" and not text[1:].strip("+-0123456789 "):
        return Behind("", start, True, (("signo-inicial", start),), ">")
    if text[:1] in tuple(_QUOTES):
        return Behind(text, start, faults=(("comillas", start),), sign=text[0])
    if text[:1] in tuple(_SIGNS) or text[:2] in ("- ", "? ", ": ") or text in ("-", "?", ":"):
        return Behind(text, start, faults=(("signo-inicial", start),), sign=text[0])
    return _plain(rest, text, column, start)


def _plain(rest: str, text: str, column: int, start: int) -> Behind:
    for found in _NOTE.finditer(rest):
        if rest[: found.start()].endswith("  ") and rest[found.end() :][:1] in ("", " "):
            text = rest[: found.start()].strip()
            break
        return Behind(rest.strip(), start, faults=(("numeral", column + found.start()),), sign="#")
    colon = re.search(r":(?=\s|$)", text)
    if colon is not None:
        return Behind(text, start, faults=(("dos-puntos", start + colon.start()),), sign=":")
    return Behind(text, start)
