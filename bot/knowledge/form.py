"""A form is what may stand under a word: pydantic checks it, and a problem keeps its place in the file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Annotated, Generic, NoReturn, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError
from pydantic_core import PydanticCustomError

from bot.errors import Position
from bot.knowledge.model import Text
from bot.knowledge.node import Mapping, Pair, Scalar
from bot.knowledge.problem import Problem
from bot.knowledge.rules import problem
from bot.knowledge.words import (
    CANONICAL,
    LANGUAGES,
    MEANINGS,
    as_in,
    canonical,
    fold,
    in_spanish,
    nearest,
    speaks_spanish,
)

_LANGUAGES = frozenset(LANGUAGES)
ID = re.compile(r"[a-z][a-z0-9_]*")


class Form(BaseModel):
    """The words that may stand together. Values arrive as `Pair`s and leave as what they mean."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


F = TypeVar("F", bound=Form)
E = TypeVar("E", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Filled(Generic[F]):
    """A form with its place; `form` is None when it could not be filled, and then `problems` says why."""

    form: F | None
    pair: Pair
    problems: tuple[Problem, ...]


def fill(model: type[F], pair: Pair, *, without: frozenset[str] = frozenset()) -> Filled[F]:
    """Fill a form with what stands under `pair`, leaving aside the words in `without`."""
    if not isinstance(pair.value, Mapping):
        told = isinstance(pair.value, Scalar) and pair.value.damaged
        return Filled(None, pair, () if told else (_wants_words(model, pair),))
    given, problems = _by_canonical(pair.value)
    given = {word: value for word, value in given.items() if word not in without}
    try:
        form = model.model_validate(given)
    except ValidationError as error:
        spanish = speaks_spanish((other.key for other in pair.value.pairs), pair.key)
        known = [*_words(model), *sorted(without - _LANGUAGES)]
        explained: list[Problem] = []
        for fault in error.errors(include_url=False, include_input=False):
            explained += _explain(
                known, pair, given, fault["type"], str(fault["loc"][0] if fault["loc"] else "")
            )
            explained += (_offered(one, spanish) for one in fault.get("ctx", {}).get("problems", ()))
        problems += (one for one in explained if not _is_misspelt_here(one, pair, explained))
        return Filled(None, pair, tuple(problems))
    return Filled(form if not problems else None, pair, tuple(problems))


def is_misspelt(word: str, problems: Iterable[Problem]) -> bool:
    """Whether a word that seems to be missing (in English) is there, and was told to be misspelt."""
    return any(
        one.rule.id == "palabra-desconocida" and canonical(one.what["near"]) == word for one in problems
    )


def language_blocks(node: Mapping) -> Iterator[Pair]:
    """The blocks of further languages among the words of a form."""
    return (pair for pair in node.pairs if pair.key in LANGUAGES)


def fail(*problems: Problem) -> NoReturn:
    """Refuse a value of a form, saying why."""
    raise PydanticCustomError("problems", "see the context", {"problems": problems})


def nested(model: type[F]) -> Callable[[object], F]:
    """What turns a word's own words into a form."""

    def read(value: object) -> F:
        filled = fill(model, _pair(value))
        if filled.form is None:
            fail(*filled.problems)
        return filled.form

    return read


def one_line(value: object) -> Text:
    """A text of one line, behind the colon or below a bar."""
    text = scalar(value)
    if "\n" in text.text:
        fail(problem("una-linea", text.at, word=_pair(value).key))
    return text


def one_value(value: object) -> Text:
    """A line that has to mean something: silent about one that could not even be read, as that was told."""
    node = _pair(value).value
    if isinstance(node, Scalar) and node.damaged:
        fail()
    return one_line(value)


def scalar(value: object) -> Text:
    """A text of any length, trimmed."""
    pair = _pair(value)
    if isinstance(pair.value, Mapping) and pair.value.damaged:
        fail()
    if not isinstance(pair.value, Scalar):
        fail(problem("va-texto", pair.at, word=pair.key))
    text = pair.value.trimmed()
    if not text.text:
        fail(problem("sin-texto", pair.at, word=pair.key))
    return text


def lines(value: object) -> tuple[Text, ...]:
    """One or more lines, each with its place."""
    scalar(value)
    node = _pair(value).value
    return tuple(node.lines()) if isinstance(node, Scalar) else ()


def names(value: object) -> tuple[Text, ...]:
    """Names between commas, each with its place and none twice."""
    text = one_value(value)
    found: list[Text] = []
    column = text.at.column
    for part in text.text.split(","):
        name = part.strip()
        at = Position(text.at.path, text.at.line, column + len(part) - len(part.lstrip()))
        column += len(part) + 1
        if not name:
            continue
        if any(name == other.text for other in found):
            fail(problem("nombre-repetido", at, id=name))
        found.append(Text(name, at))
    return tuple(found)


def day(value: object) -> date:
    """A day written year-month-day."""
    return read_day(one_value(value))


def read_day(text: Text) -> date:
    """The day that a text names."""
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text.text, re.ASCII):
        try:
            return date.fromisoformat(text.text)
        except ValueError:
            pass  # the shape of a date, but no day of the calendar: 2026-02-30
    fail(problem("fecha-no-valida", text.at, value=text.text))


def number(low: int, high: int) -> Callable[[object], int]:
    """What reads a whole number within both ends."""

    def read(value: object) -> int:
        text = one_value(value)
        if not re.fullmatch(r"\d{1,9}", text.text, re.ASCII) or not low <= int(text.text) <= high:
            fail(problem("numero-no-valido", text.at, value=text.text, low=str(low), high=str(high)))
        return int(text.text)

    return read


def choice(options: type[E]) -> Callable[[object], E]:
    """What reads one of an enumeration's values, or its Spanish synonym."""

    def read(value: object) -> E:
        text = one_value(value)
        folded = text.text.casefold()
        allowed = [option.value for option in options]
        for word in (folded, MEANINGS.get(folded, "")):
            if word in allowed:
                return options(word)
        near = nearest(folded, [*allowed, *(word for word, meant in MEANINGS.items() if meant in allowed)])
        near = MEANINGS.get(near, near) if near not in allowed else near
        fail(problem("valor-no-valido", text.at, value=text.text, near=near, allowed=", ".join(allowed)))

    return read


def yes_or_no(value: object) -> bool:
    """A yes or a no, in Spanish or English."""
    text = one_value(value)
    folded = text.text.casefold()
    if folded in ("yes", "sí", "si", "true"):
        return True
    if folded in ("no", "false"):
        return False
    fail(problem("valor-no-valido", text.at, value=text.text, near="", allowed="yes, no"))


def check_id(pair: Pair, longest: int = 56) -> Problem | None:
    """What is wrong with the name of an entry, a team or a person, if anything.

    56 bytes: a button carries an id and 8 more bytes, and Telegram's `callback_data` has 64
    (https://core.telegram.org/bots/api#inlinekeyboardbutton).
    """
    if not ID.fullmatch(pair.key):
        return problem("id-no-valido", pair.at, word=pair.key, near=as_id(pair.key))
    if len(pair.key) > longest:
        return problem("id-largo", pair.at, word=pair.key, length=str(len(pair.key)))
    return None


def as_id(word: str) -> str:
    """A name that could stand for one that isn't allowed."""
    plain = "_".join(fold(word.replace("ñ", "n")).split())
    plain = "".join(c for c in plain if c.isascii())
    return plain if ID.fullmatch(plain) else ""


OneLine = Annotated[Text, BeforeValidator(one_line)]
Whole = Annotated[Text, BeforeValidator(scalar)]
Lines = Annotated[tuple[Text, ...], BeforeValidator(lines)]
Names = Annotated[tuple[Text, ...], BeforeValidator(names)]
Day = Annotated[date, BeforeValidator(day)]
YesOrNo = Annotated[bool, BeforeValidator(yes_or_no)]


def _pair(value: object) -> Pair:
    if not isinstance(value, Pair):
        raise TypeError(f"a form is filled with pairs, not {type(value).__name__}")
    return value


def _by_canonical(node: Mapping) -> tuple[dict[str, Pair], list[Problem]]:
    given: dict[str, Pair] = {}
    problems = []
    for pair in node.pairs:
        word = canonical(pair.key)
        if (other := given.get(word)) is not None:
            line = str(other.at.line)
            problems.append(problem("dos-formas", pair.at, word=pair.key, other=other.key, line=line))
            continue
        given[word] = pair
    return given, problems


def _is_misspelt_here(one: Problem, pair: Pair, explained: Iterable[Problem]) -> bool:
    """Whether a problem only says that a word is missing under `pair` that was found misspelt there."""
    missing = one.rule.id == "falta-palabra" and one.at == pair.at
    return missing and is_misspelt(canonical(one.what["word"]), explained)


def _offered(one: Problem, spanish: bool) -> Problem:
    """A problem whose values to choose from are offered in the language of the file."""
    if one.rule.id != "valor-no-valido" or not spanish:
        return one
    allowed = ", ".join(map(in_spanish, one.what["allowed"].split(", ")))
    return replace(one, what={**one.what, "near": in_spanish(one.what["near"]), "allowed": allowed})


def _explain(known: list[str], pair: Pair, given: dict[str, Pair], fault: str, word: str) -> list[Problem]:
    """The problem that a fault of pydantic's stands for; our own faults carry their problems themselves."""
    beside = [other.key for other in given.values()]
    if fault == "missing":
        if isinstance(pair.value, Mapping) and pair.value.damaged:
            return []
        return [problem("falta-palabra", pair.at, word=as_in(beside, word), of=pair.key)]
    if fault == "extra_forbidden":
        unknown = given[word]
        near = _meant(unknown.key, known)
        near = near if near in CANONICAL else as_in(beside, near)
        shown = "" if near else ", ".join(as_in(beside, name) for name in known)
        return [problem("palabra-desconocida", unknown.at, word=unknown.key, near=near, known=shown)]
    return []


def _meant(word: str, known: list[str]) -> str:
    """The word of a form, or its Spanish synonym, that a misspelt one was likely meant to be."""
    return nearest(word, [*known, *(spanish for spanish, english in CANONICAL.items() if english in known)])


def _words(model: type[Form]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def _wants_words(model: type[Form], pair: Pair) -> Problem:
    if isinstance(pair.value, Scalar) and not pair.value.text.strip():
        return problem("sin-texto", pair.at, word=pair.key)
    return problem("van-palabras", pair.at, word=pair.key, known=", ".join(_words(model)))
