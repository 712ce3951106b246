"""What an answer may say: the facts it quotes, its links, and how long it may be."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from bot.catalogue.template import placeholders
from bot.domain import Lang
from bot.errors import Position
from bot.knowledge.model import Text
from bot.knowledge.problem import Problem
from bot.knowledge.rules import problem
from bot.knowledge.template import FACT_NAME, NAME, facts_used, fill
from bot.knowledge.words import nearest

MESSAGE_LENGTH = 4096
"""UTF-16 units of a Telegram message (https://core.telegram.org/bots/api#sendmessage)."""

COMFORTABLE_LENGTH = 2000
"""Characters of a Discord message (https://discord.com/developers/docs/resources/message#create-message)."""

_BRACES = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}|\{[^{}\n]*\}|[{}]+")
_LINK = re.compile(r"(!?)\[[^\]\n]*\]\(((?:[^()\n]|\([^()\n]*\))*)\)")
_OPENS = re.compile(r"https?://[^\s/]+\.?\S*|mailto:[^\s@]+@\S+|tg://\S+")
_NICKNAME = "x" * 20  # a long first name, for the length of an answer that calls the member by name


@dataclass(frozen=True, slots=True)
class KnownFacts:
    """The facts that answers may quote, by language. `is_whole`: none was lost to a problem in their file."""

    values: Mapping[str, Mapping[Lang, str]] = field(default_factory=dict)
    is_whole: bool = True

    def in_language(self, lang: Lang, first: Lang) -> dict[str, str]:
        """Each fact's value in a language, or in the brand's first one."""
        return {name: values.get(lang, values[first]) for name, values in self.values.items()}


def check_wordings(
    wordings: tuple[Text, ...], facts: KnownFacts, lang: Lang, first: Lang
) -> Iterator[Problem]:
    """All that can be wrong with the wordings of one answer in one language."""
    values = facts.in_language(lang, first)
    braces = [found for wording in wordings for found in _check_braces(wording, facts)]
    yield from braces
    if not braces:
        yield from _check_same_facts(wordings)
    for wording in wordings:
        yield from _check_links(wording, values)
        yield from _check_length(wording, values)
        yield from _check_copies(wording, values)


def check_no_braces(text: Text, word: str) -> Iterator[Problem]:
    """A text in which nothing is filled in."""
    if found := re.search(r"\{\{|\}\}", text.text):
        yield problem("llaves-fuera", place(text, found.start()), word=word)


def place(text: Text, offset: int) -> Position:
    """Where in the file a character of a text stands."""
    before = text.text[:offset]
    row = before.count("\n")
    column = text.at.column + offset - (before.rfind("\n") + 1)
    return Position(text.at.path, text.at.line + row, column)


def _check_braces(text: Text, facts: KnownFacts) -> Iterator[Problem]:
    odd_line = 0
    for found in _BRACES.finditer(text.text):
        whole, at = found.group(), place(text, found.start())
        inner = whole.strip("{} \t\u00a0")
        if whole.startswith("{{") and whole.endswith("}}") and whole == whole.strip() and len(whole) > 3:
            yield from _check_name(whole, whole[2:-2].strip(), at, facts)
        elif whole.startswith(("{%", "{#")) and len(whole) > 2:
            yield problem("expresion-no-valida", at, text=whole)
        elif FACT_NAME.fullmatch(inner) and whole.startswith("{") and whole.endswith("}"):
            yield problem("llaves-simples", at, text=whole, whole=f"{{{{ {inner} }}}}")
        elif at.line != odd_line:
            odd_line = at.line
            yield problem("llave-suelta", at, text=whole)


def _check_name(whole: str, name: str, at: Position, facts: KnownFacts) -> Iterator[Problem]:
    if name == NAME or name in facts.values:
        return
    parts = sorted(fact for fact in facts.values if fact.startswith(f"{name}."))
    if not FACT_NAME.fullmatch(name):
        yield problem("expresion-no-valida", at, text=whole)
    elif parts:
        yield problem("hecho-incompleto", at, name=name, known=", ".join(parts[:5]))
    elif facts.is_whole:
        near = NAME if name == "nombre" else nearest(name, (*facts.values, NAME))
        yield problem("hecho-desconocido", at, name=name, near=near)


def _check_links(text: Text, values: Mapping[str, str]) -> Iterator[Problem]:
    for found in _LINK.finditer(text.text):
        if found.group(1):
            yield problem("imagen-en-texto", place(text, found.start()))
            continue
        target = found.group(2)
        if facts_used(target) <= values.keys():
            target = fill(target, values, _NICKNAME)
            if not _OPENS.fullmatch(target):
                yield problem("enlace-no-valido", place(text, found.start(2)), url=target)


def _check_length(text: Text, values: Mapping[str, str]) -> Iterator[Problem]:
    whole = _filled(text.text, values)
    offset = 0
    for paragraph in re.split(r"(\n[ \t]*\n)", text.text):
        length = _units(_filled(paragraph, values))
        if length > MESSAGE_LENGTH:
            yield problem("parrafo-largo", place(text, offset), length=str(length))
        offset += len(paragraph)
    if _units(whole) > COMFORTABLE_LENGTH:
        yield problem("respuesta-larga", text.at, length=str(_units(whole)))


def _check_copies(text: Text, values: Mapping[str, str]) -> Iterator[Problem]:
    """Facts live once: a value with a figure in it is not typed again."""
    for name, value in values.items():
        if len(value) < 4 or not any(c.isdigit() for c in value):
            continue
        if found := re.search(rf"(?<![\w.,$€/]){re.escape(value)}(?![\w/])", text.text):
            yield problem("valor-copiado", place(text, found.start()), value=value, whole=f"{{{{ {name} }}}}")


def _check_same_facts(wordings: tuple[Text, ...]) -> Iterator[Problem]:
    fullest = max(wordings, key=lambda wording: len(facts_used(wording.text)), default=None)
    if fullest is None:
        return
    for wording in wordings:
        missing = facts_used(fullest.text) - facts_used(wording.text)
        if missing:
            names = ", ".join(f"{{{{ {name} }}}}" for name in sorted(missing))
            yield problem("hechos-distintos", wording.at, missing=names, line=str(fullest.at.line))
        # What only this wording has, the fullest one lacks
        elif extra := facts_used(wording.text) - facts_used(fullest.text):
            names = ", ".join(f"{{{{ {name} }}}}" for name in sorted(extra))
            yield problem("hechos-distintos", fullest.at, missing=names, line=str(wording.at.line))


def _filled(text: str, values: Mapping[str, str]) -> str:
    known = {name: values.get(name, "") for name in placeholders(text)}  # also of marks that are mistakes
    return fill(text, known, _NICKNAME)


def _units(text: str) -> int:
    """The length of a text in UTF-16 units, in which Telegram counts."""
    return len(text.encode("utf-16-le")) // 2
