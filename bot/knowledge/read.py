"""A file's bytes to its tree: the encoding, the line scan, and a second reading that must agree with it."""

from __future__ import annotations

import codecs
from dataclasses import dataclass

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode

from bot.errors import Position
from bot.knowledge.node import Mapping, Node, Scalar, Sequence
from bot.knowledge.problem import Problem
from bot.knowledge.rules import problem
from bot.knowledge.scan import scan


@dataclass(frozen=True, slots=True)
class Read:
    """A file's tree, or what could be made out of it, and what is wrong with how it is written."""

    tree: Mapping
    problems: tuple[Problem, ...]


def read(path: str, content: bytes, *, every_word_has_text: bool = False) -> Read:
    """Read one file. `path` is what problems call it; `every_word_has_text` as in `scan`."""
    text, problems = _decode(path, content)
    scanned = scan(path, text, every_word_has_text=every_word_has_text)
    if problems:  # what stumbled over letters in another encoding would only hide that
        return Read(scanned.tree, tuple(problems))
    problems += scanned.problems
    if not problems:
        problems += _second_reading(path, text, scanned.tree)
    return Read(scanned.tree, tuple(problems))


def _decode(path: str, content: bytes) -> tuple[str, list[Problem]]:
    """The text with plain line ends; one in another encoding is reported, and made out if possible."""
    problems = []
    if (name := _wide(content)) is not None:
        problems.append(problem("codificacion", Position(path), encoding="UTF-16"))
        text = content.decode(name, errors="replace").removeprefix("\ufeff")
    else:
        content = content.removeprefix(codecs.BOM_UTF8)
        try:
            text = content.decode()
        except UnicodeDecodeError as error:
            before = content[: error.start].decode()
            row = before.count("\n") + 1
            column = len(before) - (before.rfind("\n") + 1) + 1
            at = Position(path, row, column)
            problems.append(problem("codificacion", at, encoding="Windows-1252 (ANSI)"))
            text = content.decode(errors=_ANSI)
    return text.replace("\r\n", "\n").replace("\r", "\n"), problems


def _ansi(error: UnicodeError) -> tuple[str, int]:
    """Read as Windows-1252 only what is no UTF-8: a paste from an old program among healthy lines."""
    assert isinstance(error, UnicodeDecodeError)
    return error.object[error.start : error.end].decode("cp1252", errors="replace"), error.end


_ANSI = "vocero-ansi"
codecs.register_error(_ANSI, _ansi)


def _wide(content: bytes) -> str | None:
    """The name of an encoding with two bytes a character, told by its mark or by its zeros, or None."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if content[:2].count(0) == 1:
        return "utf-16-be" if content[0] == 0 else "utf-16-le"
    return None


def _second_reading(path: str, text: str, tree: Mapping) -> list[Problem]:
    """Hold the scan against what any other program would read in the file."""
    try:
        root = YAML(typ="base", pure=True).compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        at = Position(path, mark.line + 1, mark.column + 1) if mark else Position(path)
        return [problem("no-se-entiende", at)]
    except YAMLError:
        return [problem("no-se-entiende", Position(path))]
    different = _difference(tree, root)
    return [problem("se-lee-distinto", different)] if different else []


def _difference(mine: Node, other: object) -> Position | None:
    """The place where the two readings part, or None when they agree."""
    match mine, other:
        case Scalar(), ScalarNode():
            same = mine.text.rstrip("\n") == str(other.value).rstrip("\n")
            return None if same else mine.at
        case Sequence(), SequenceNode():
            if len(mine.items) != len(other.value):
                return mine.at
            found = (_difference(item, node) for item, node in zip(mine.items, other.value, strict=True))
            return next(filter(None, found), None)
        case Mapping(), MappingNode():
            if [pair.key for pair in mine.pairs] != [key.value for key, _ in other.value]:
                return mine.at
            pairs = zip(mine.pairs, other.value, strict=True)
            return next(filter(None, (_difference(pair.value, node) for pair, (_, node) in pairs)), None)
        case _:
            return mine.at
