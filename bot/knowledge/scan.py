"""The line scan: reads a file as who wrote it sees it, says every stumble in plain words, and goes on."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from bot.errors import Position
from bot.knowledge.inline import Behind, read_behind
from bot.knowledge.node import Mapping, Node, Pair, Scalar, Sequence
from bot.knowledge.problem import Problem
from bot.knowledge.row import first_odd, indent_of, margin_of, visible, width_of
from bot.knowledge.rules import problem
from bot.knowledge.words import CANONICAL, LANGUAGES, LIST_WORDS, TEXT_WORDS, canonical, nearest

KNOWN_WORDS = frozenset(CANONICAL) | frozenset(CANONICAL.values()) | frozenset(LANGUAGES)

_WORD = re.compile(r"(?P<word>[^\s#].*?)\s*:(?=\s|$)")
_LONE = re.compile(r"[\w.]+")
_GLUED = re.compile(r"(?P<word>[\w.]+):(?=\S)(?!//)")


@dataclass(frozen=True, slots=True)
class Scan:
    """What was read, and what was stumbled over. Without problems the tree is all that the file says."""

    tree: Mapping
    problems: tuple[Problem, ...]


def scan(path: str, text: str, *, every_word_has_text: bool = False) -> Scan:
    """Read a whole file; `text` has its lines ended by `\\n` and no byte-order mark.

    `every_word_has_text`: as in `faq/tests/`, where the words are ids and each one's text stands under a bar.
    """
    scanner = _Scanner(path, text.split("\n"), every_word_has_text)
    tree = scanner.file()
    return Scan(tree, tuple(sorted(scanner.problems, key=Problem.sort_key)))


@dataclass(frozen=True, slots=True)
class _Line:
    """A line outside of texts. `crooked`: its margin has more than spaces in it, so its width is a guess."""

    number: int
    column: int
    indent: int
    body: str
    crooked: bool


class _Scanner:
    def __init__(self, path: str, rows: list[str], every_word_has_text: bool) -> None:
        self.path, self.rows, self.every_word_has_text = path, rows, every_word_has_text
        self.problems: list[Problem] = []
        self.next = 0  # index of the row to read next
        self.judged = 0  # rows before this one have had their characters judged

    def file(self) -> Mapping:
        try:
            tree = self.mapping(0, -1)
        except RecursionError:  # a thousand words one inside the other are no brand's file
            self.say("muy-adentro", self.next + 1, 1)
            tree = Mapping((), Position(self.path, 1, 1), damaged=True)
        if not tree.pairs and not self.problems:
            self.say("archivo-vacio", 1, 1)
            return replace(tree, damaged=True)
        return tree

    def say(self, rule: str, number: int, column: int, **what: str) -> None:
        self.problems.append(problem(rule, Position(self.path, number, column), **what))

    # Rows

    def peek(self) -> _Line | None:
        """The next line that is neither blank nor a note; moves up to it and judges its characters."""
        while self.next < len(self.rows):
            row = self.rows[self.next]
            margin = margin_of(row)
            body = row[margin:].rstrip(" ")
            if body and not body.startswith("#"):
                crooked = self.judge(self.next)
                return _Line(self.next + 1, margin + 1, width_of(row[:margin]), visible(body), crooked)
            if body or row.strip(" "):
                self.judge(self.next)
            self.next += 1
        return None

    def judge(self, index: int, *, is_text: bool = False) -> bool:
        """Report characters that look like nothing or like a space; true if they are in the margin."""
        row = self.rows[index]
        margin = margin_of(row)
        odd = row[:margin].strip(" ") != ""
        if index < self.judged:
            return odd
        self.judged = index + 1
        found = first_odd(row, margin, is_text=is_text)
        if found is not None:
            rule, column = found
            self.say(rule, index + 1, column + 1, code=f"U+{ord(row[column]):04X}")
        return odd

    # Words and what belongs to them

    def mapping(self, indent: int, parent: int) -> Mapping:
        """Read `word: ...` lines until one stands at `parent` or further left."""
        at = Position(self.path, self.next + 1, indent + 1)
        indent = self.common_indent(indent, parent)
        pairs: list[Pair] = []
        seen: dict[str, int] = {}
        told: set[int] = set()  # widths that were complained of: once is enough for a run of lines
        before = len(self.problems)
        while (line := self.peek()) is not None and _stays(line, indent, parent):
            odd = line.indent != indent and line.indent not in told and not line.crooked
            if odd and not _is_stray(line):
                self.say("sangria", line.number, line.column, have=str(line.indent), want=str(indent))
                told.add(line.indent)
            pair = self.pair(replace(line, indent=indent), pairs[-1].key if pairs else "")
            if pair is None:
                continue
            if pair.key in seen:
                if line.indent != indent:
                    continue
                where = str(seen[pair.key])
                self.say("palabra-repetida", pair.at.line, pair.at.column, word=pair.key, line=where)
                continue
            seen[pair.key] = pair.at.line
            pairs.append(pair)
        return Mapping(tuple(pairs), at, damaged=len(self.problems) > before)

    def common_indent(self, first: int, parent: int) -> int:
        """Where the words of a group begin: as its first one does, unless two or more begin further left."""
        found: list[int] = []
        for row in self.rows[self.next :]:
            if row.strip() and not row.lstrip().startswith("#"):
                if margin_of(row) <= parent:
                    break
                found.append(indent_of(row))
        least = min(found, default=first)
        return least if parent < least < first and found.count(least) > 1 else first

    def pair(self, line: _Line, before: str) -> Pair | None:
        """Read one word and what belongs to it, or say why the line is none and pass over it."""
        found = _WORD.match(line.body)
        if found is None and (group := self.group_without_colon(line)) is not None:
            return group
        if found is None or (stray := _stray(line, found["word"])) is not None:
            self.next += 1
            self.stray(line, before, None if found is None else stray)
            self.skip_deeper(line.indent)
            return None
        word = found["word"]
        at = Position(self.path, line.number, line.column)
        behind = read_behind(line.body[found.end() :], line.column + found.end())
        self.next += 1
        value = self.value(word, line, behind)
        return Pair(word, at, value)

    def group_without_colon(self, line: _Line) -> Pair | None:
        """Read a lone word that lacks its colon, if other words stand below it."""
        at = self.next
        self.next += 1
        ahead = self.peek()
        if not _LONE.fullmatch(line.body) or ahead is None or _is_stray(ahead) or ahead.indent <= line.indent:
            self.next = at
            return None
        self.say("faltan-dos-puntos", line.number, line.column, word=line.body)
        position = Position(self.path, line.number, line.column)
        return Pair(line.body, position, self.mapping(ahead.indent, line.indent))

    def stray(self, line: _Line, before: str, sign: str | None) -> None:
        column = line.column
        glued = _GLUED.match(line.body)
        first = line.body.split()[0]
        if sign is not None:
            rule = {"-": "guion-sobra", "---": "documentos"}.get(sign, "signo-inicial-palabra")
            self.say(rule, line.number, column, sign=sign)
        elif column == 1 and (line.body.startswith(("---", "...")) or line.body.startswith("%")):
            self.say("documentos", line.number, column, sign=first)
        elif first in ("-", "-|"):
            self.say("guion-sobra", line.number, column, sign="-")
        elif first in ("?", ":"):
            self.say("signo-inicial-palabra", line.number, column, sign=first)
        elif glued is not None:
            self.say("falta-espacio", line.number, column + glued.end(), word=glued["word"])
        elif near := nearest(first.rstrip(":;=.,"), KNOWN_WORDS, cutoff=0.85):
            self.say("faltan-dos-puntos", line.number, column, word=near)
        else:
            self.say("linea-suelta", line.number, column, before=before)

    def value(self, word: str, line: _Line, behind: Behind) -> Node:
        at = Position(self.path, line.number, behind.column)
        is_text = canonical(word) in TEXT_WORDS or (self.every_word_has_text and line.indent == 0)
        is_list = canonical(word) in LIST_WORDS
        if is_list and (behind.is_bar or behind.text):
            self.say("falta-guion", line.number, line.column, word=word)
            return self.swallow(line, behind.text)
        if is_text and behind.text and not behind.is_bar:
            self.say("falta-barra", line.number, line.column, word=word)
            return self.swallow(line, behind.text)
        for rule, column in behind.faults:
            self.say(rule, line.number, column, word=word, sign=behind.sign)
        if behind.is_bar:
            return self.swallow(line, behind.text) if behind.text else self.block(word, line)
        if behind.text and not self.has_deeper(line.indent):
            return Scalar(behind.text, at, damaged=bool(behind.faults))
        if behind.text and not behind.faults:
            self.say("falta-barra", line.number, line.column, word=word)
            return self.swallow(line, behind.text)
        return self.below(word, line, at, is_text, is_list)

    def below(self, word: str, line: _Line, at: Position, is_text: bool, is_list: bool) -> Node:
        """Read what stands on the lines under a word that has nothing behind its colon."""
        ahead = self.peek()
        if ahead is None or ahead.indent < line.indent:
            return Scalar("", at)
        is_item = ahead.body == "-" or ahead.body.startswith(("- ", "-|"))
        if is_item and not is_text and (ahead.indent > line.indent or is_list):
            return self.sequence(word, ahead, line.indent)
        if ahead.indent == line.indent and (_is_word(ahead.body) or not ahead.crooked):
            return Scalar("", at)
        if is_list:
            self.say("falta-guion", ahead.number, ahead.column, word=word)
            return self.swallow(line, "")
        like_words = _is_word(ahead.body) or _GLUED.match(ahead.body) or ahead.body[0] in "\"'"
        if is_text or not like_words:
            self.say("falta-barra", line.number, line.column, word=word)
            return self.swallow(line, "")
        return self.mapping(ahead.indent, line.indent)

    def sequence(self, word: str, first: _Line, parent: int) -> Sequence:
        """Read `- |` items, which stand deeper than `parent` or right below the word."""
        at = Position(self.path, first.number, first.indent + 1)
        items: list[Scalar] = []
        while (line := self.peek()) is not None and line.indent >= min(first.indent, parent + 1):
            if not line.body.startswith("-"):
                if line.indent == parent or (line.indent < first.indent and _is_word(line.body)):
                    break
                self.next += 1
                self.say("falta-guion", line.number, line.column, word=word)
                self.skip_deeper(line.indent)
                continue
            if line.indent != first.indent and not line.crooked:
                want = str(first.indent)
                self.say("sangria", line.number, line.column, have=str(line.indent), want=want)
            self.next += 1
            behind = read_behind(line.body[1:], line.column + 1)
            if line.body.startswith("-|"):
                self.say("falta-espacio-guion", line.number, line.column + 1)
                items.append(self.block("-", line))
            elif behind.is_bar:
                for rule, column in behind.faults:
                    self.say(rule, line.number, column, word="-", sign=behind.sign)
                items.append(self.swallow(line, behind.text) if behind.text else self.block("-", line))
            else:
                self.say("falta-barra-guion", line.number, line.column)
                items.append(self.swallow(line, behind.text))
        return Sequence(tuple(items), at)

    # Texts

    def block(self, word: str, line: _Line) -> Scalar:
        """Read the text under a bar: every line further right than the word's own."""
        start, width = self.next, self.text_width(line.indent)
        at = Position(self.path, start + 1, width + 1)
        if (flat := self.flat_text(line)) is not None:
            self.say("sangria-texto", flat + 1, line.indent + 1, word=word)
            return self.swallow(line, "", flat=True)
        texts: list[str] = []
        while self.next < len(self.rows):
            row = self.rows[self.next]
            if row.strip(" "):
                if not self.belongs(line.indent):
                    if self.note_cuts(line.indent):
                        continue
                    if not texts or not self.is_lost_text():
                        break
                crooked = self.judge(self.next, is_text=True)
                have = indent_of(row)
                if have < width and _is_known_word(row.strip()):
                    break
                if have < width and not crooked:
                    self.say("texto-corrido", self.next + 1, have + 1, have=str(have), want=str(width))
                texts.append(row.lstrip() if crooked else row[min(width, have) :])
            else:
                if not any(texts) and len(row) > width:
                    self.say("linea-en-blanco", self.next + 1, width + 1)
                texts.append(row[width:])
            self.next += 1
        while texts and not texts[-1]:
            texts.pop()
        if not texts:
            at = Position(self.path, line.number, line.column)
        return Scalar("".join(f"{text}\n" for text in texts), at, block=True, rows=len(texts))

    def text_width(self, parent: int) -> int:
        """Where the text under a bar begins: the spaces before its first line."""
        for row in self.rows[self.next :]:
            if row.strip(" ") and not (indent_of(row) <= parent and row.lstrip().startswith("#")):
                return max(indent_of(row), parent + 1)
        return parent + 1

    def belongs(self, parent: int) -> bool:
        """Whether the next row, which isn't blank, is part of the text under a word at `parent`."""
        row = self.rows[self.next]
        margin = margin_of(row)
        if indent_of(row) > parent:
            return True
        return margin > indent_of(row) and not _is_known_word(row[margin:])

    def flat_text(self, line: _Line) -> int | None:
        """The index of the row where a text begins that lacks the two spaces it needs, or None."""
        for index in range(self.next, len(self.rows)):
            body = self.rows[index].strip()
            if body:
                flat = indent_of(self.rows[index]) == line.indent == margin_of(self.rows[index])
                other = _is_word(body) or body.startswith(("#", "- ", "---"))
                return index if flat and not other else None
        return None

    def is_lost_text(self) -> bool:
        """Whether the next row, further left than the text before it, can't be anything but text."""
        body = self.rows[self.next].strip()
        word = body.split()[0].rstrip(":;=.,")
        like_word = _WORD.match(body) or _GLUED.match(body) or nearest(word, KNOWN_WORDS, cutoff=0.85)
        return not like_word and body[0].isalnum()

    def note_cuts(self, parent: int) -> bool:
        """Report a note that stands further left than the text around it, and pass over it."""
        if not self.rows[self.next].lstrip().startswith("#"):
            return False
        for index in range(self.next, len(self.rows)):
            row = self.rows[index]
            if row.strip() and not row.lstrip().startswith("#"):
                if indent_of(row) <= parent:
                    return False
                self.say("nota-corta-texto", self.next + 1, indent_of(self.rows[self.next]) + 1)
                self.next = index
                return True
        return False

    def swallow(self, line: _Line, text: str, *, flat: bool = False) -> Scalar:
        """Take the lines that were surely meant as the text of a word, after its mistake was reported."""
        first, texts = self.next, [text] if text else []
        while self.next < len(self.rows):
            row = self.rows[self.next]
            meant = flat and indent_of(row) == line.indent and not _is_word(row.strip())
            if row.strip() and width_of(row[: margin_of(row)]) <= line.indent and not meant:
                break
            self.judge(self.next, is_text=True)
            texts.append(row.strip())
            self.next += 1
        at = Position(self.path, first + (0 if text else 1), line.indent + 3)
        return Scalar("\n".join(texts) + "\n", at, block=True, rows=len(texts), damaged=True)

    def has_deeper(self, indent: int) -> bool:
        ahead = self.peek()
        return ahead is not None and ahead.indent > indent and not ahead.crooked

    def skip_deeper(self, indent: int) -> None:
        """Pass over what belongs to a line that could not be read."""
        while (ahead := self.peek()) is not None and ahead.indent > indent and not _is_word(ahead.body):
            self.next += 1


def _stray(line: _Line, word: str) -> str | None:
    """The sign that keeps a line with a colon from being a word with its value, or None."""
    if line.column == 1 and word.startswith("---"):
        return "---"
    if word.startswith(("- ", "-|")) or word == "-":
        return "-"
    if word[0] in "\"'{}[]&*!%@`<>|," or word.startswith("? ") or word == "?":
        return word[0]
    return "#" if " #" in word else None


def _is_stray(line: _Line) -> bool:
    """Whether a line is no word with what belongs to it."""
    found = _WORD.match(line.body)
    return found is None or _stray(line, found["word"]) is not None


def _stays(line: _Line, indent: int, parent: int) -> bool:
    """Whether a line belongs to the words at `indent` rather than to those that these belong to."""
    known = _is_known_word(line.body)
    if line.indent <= parent:
        return (_is_stray(line) and not _LONE.fullmatch(line.body)) or (
            line.crooked and known and line.indent > 0
        )
    return known or line.indent - parent > indent - line.indent


def _is_word(body: str) -> bool:
    return _WORD.match(body) is not None


def _is_known_word(body: str) -> bool:
    found = _WORD.match(body)
    return found is not None and found["word"] in KNOWN_WORDS
