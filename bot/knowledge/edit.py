"""Changes to the files from a page or a command: only the lines that are meant change."""

from __future__ import annotations

import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from bot.domain import Lang
from bot.errors import Position
from bot.knowledge.configfile import brand_draft
from bot.knowledge.files import BRAND
from bot.knowledge.inline import read_behind
from bot.knowledge.load import Refused, check, refusal
from bot.knowledge.node import Mapping, Node, Pair, Scalar, Sequence
from bot.knowledge.read import read
from bot.knowledge.rules import problem
from bot.knowledge.words import canonical

_ROWS = re.compile(r"[^\n]*\n|[^\n]+")


def set_answer(path: Path, entry: str, lang: Lang, index: int, text: str) -> str:
    """The file with another text for one wording (`index` from 0) of an entry's answer in a language.

    Raises Refused when there is no such wording or the result does not pass the check. Nothing is written.
    """
    file = _File.open(path)
    answer = _find(file.in_language(entry, lang), "answer", "answers")
    node = answer.value
    if isinstance(node, Sequence):
        if not 0 <= index < len(node.items):
            raise file.refused("sin-redaccion", answer.at, id=entry, number=str(index + 1))
        node = node.items[index]
    elif index != 0:
        raise file.refused("sin-redaccion", answer.at, id=entry, number=str(index + 1))
    return file.changed(file.with_text(_scalar(node), text))


def add_question(path: Path, entry: str, lang: Lang, question: str) -> str:
    """The file with one more question at the end of an entry's questions in a language.

    Raises Refused when there is no such entry, for a question of more than one line, and when the result does
    not pass the check: the question may be another entry's already. Nothing is written.
    """
    file = _File.open(path)
    questions = _find(file.in_language(entry, lang), "questions")
    if not question.strip() or "\n" in question.strip():
        raise file.refused("una-linea", questions.at, word=questions.key)
    node = _scalar(questions.value)
    rows = list(file.rows)
    last = node.at.line - 1 + node.rows
    if not rows[last - 1].endswith("\n"):
        rows[last - 1] += file.line_end
    rows.insert(last, " " * (node.at.column - 1) + question.strip() + file.line_end)
    return file.changed(rows)


def set_fact(path: Path, fact: str, value: str, lang: Lang | None = None) -> str:
    """`facts.yml` with another value for a fact, or with another value in a further language.

    Raises Refused when there is no such fact, for a value of more than one line, and when the result does not
    pass the check. Nothing is written.
    """
    file = _File.open(path)
    pair = file.tree.get(fact)
    if pair is None or not isinstance(pair.value, Mapping):
        raise file.refused("hecho-desconocido", Position(file.name), name=fact, near="")
    found = _find(pair, lang or "value")
    value = value.strip()
    if not value or "\n" in value:
        raise file.refused("una-linea", found.at, word=found.key)
    node = _scalar(found.value)
    return file.changed(file.with_text(node, value) if node.block else file.with_value(found, node, value))


def save(path: Path, text: str) -> None:
    """Write a changed file in one step, so that nobody ever reads half of it."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            os.chmod(name, path.stat().st_mode)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


@dataclass(frozen=True, slots=True)
class _File:
    """A file that can be read, by rows with their line ends."""

    root: Path
    name: str
    rows: tuple[str, ...]
    tree: Mapping

    @classmethod
    def open(cls, path: Path) -> Self:
        path = path.resolve()
        root = path.parent.parent
        name = path.relative_to(root).as_posix()
        content = path.read_bytes()
        found = read(name, content)
        if found.problems:
            raise refusal(found.problems)
        return cls(root, name, tuple(_ROWS.findall(content.decode())), found.tree)

    @property
    def line_end(self) -> str:
        return "\r\n" if self.rows[0].endswith("\r\n") else "\n"

    def refused(self, rule: str, at: Position, **what: str) -> Refused:
        return refusal((problem(rule, at, **what),))

    def in_language(self, entry: str, lang: Lang) -> Pair:
        """Where an entry's texts in a language stand: the entry itself, or its block."""
        entries = next((pair for pair in self.tree.pairs if canonical(pair.key) == "entries"), None)
        found = entries.value.get(entry) if entries and isinstance(entries.value, Mapping) else None
        if found is None or not isinstance(found.value, Mapping):
            raise self.refused("entrada-desconocida", Position(self.name), id=entry, near="")
        if lang == self.first_language():
            return found
        block = found.value.get(lang)
        if block is None:
            raise self.refused("sin-idioma", found.at, id=entry, lang=lang)
        return block

    def first_language(self) -> Lang | None:
        content = (self.root / BRAND).read_bytes()
        draft, _ = brand_draft(BRAND, read(BRAND, content).tree)
        return draft.form.languages[0] if draft else None

    def with_text(self, node: Scalar, text: str) -> list[str]:
        """The rows with another text under a bar."""
        margin = " " * (node.at.column - 1)
        written = text.replace("\r\n", "\n").strip().split("\n")
        new = [f"{margin}{row.rstrip()}".rstrip() + self.line_end for row in written]
        start, end = node.at.line - 1, node.at.line - 1 + node.rows
        if end >= len(self.rows) and not self.rows[-1].endswith("\n"):
            new[-1] = new[-1].removesuffix(self.line_end)
        return [*self.rows[:start], *new, *self.rows[end:]]

    def with_value(self, pair: Pair, node: Scalar, value: str) -> list[str]:
        """The rows with another value behind a colon, moved under a bar when it would be misread there."""
        row = self.rows[node.at.line - 1]
        before, after = row[: node.at.column - 1], row[node.at.column - 1 + len(node.text) :]
        new = [before + value + after]
        behind = read_behind(f" {value}", 1)
        if behind.is_bar or behind.faults or behind.text != value:
            end = after if after.endswith("\n") else after + self.line_end
            new = [f"{before}|{end}", " " * (pair.at.column + 1) + value + self.line_end]
        return [*self.rows[: node.at.line - 1], *new, *self.rows[node.at.line :]]

    def changed(self, rows: list[str]) -> str:
        """The new text, if it passes the check together with all other files."""
        text = "".join(rows)
        checked = check(self.root, overlay={self.name: text.encode()})
        if checked.knowledge is None:
            raise refusal(checked.problems)
        return text


def _find(pair: Pair, *words: str) -> Pair:
    pairs = pair.value.pairs if isinstance(pair.value, Mapping) else ()
    found = next((other for other in pairs if canonical(other.key) in words), None)
    if found is None:
        raise refusal((problem("falta-palabra", pair.at, word=words[0], of=pair.key),))
    return found


def _scalar(node: Node) -> Scalar:
    if not isinstance(node, Scalar):
        raise TypeError(f"an answer, a question or a value is a text, not {type(node).__name__}")
    return node
