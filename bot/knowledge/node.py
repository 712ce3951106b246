"""What a file says, line by line: a tree whose every leaf is the text as written, with its place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bot.errors import Position
from bot.knowledge.model import Text


@dataclass(frozen=True, slots=True)
class Scalar:
    """A text as written. `at` is its first character.

    A block stands under a bar: `text` has one line break after each of its `rows` lines, the first
    being line `at.line`, and every row begins at column `at.column`. A text behind a colon has one row and
    no break.
    `damaged`: it could not be read as written, and that was reported.
    """

    text: str
    at: Position
    block: bool = False
    rows: int = 1
    damaged: bool = False

    def lines(self) -> Iterator[Text]:
        """Each line that says something, trimmed, with its own place."""
        for offset, row in enumerate(self.text.split("\n")):
            words = row.strip()
            if words:
                column = self.at.column + len(row) - len(row.lstrip())
                yield Text(words, Position(self.at.path, self.at.line + offset, column))

    def trimmed(self) -> Text:
        """The text without blank lines and spaces around it, placed where its first word stands."""
        first = next(self.lines(), None)
        return Text(self.text.strip(), first.at if first else self.at)


@dataclass(frozen=True, slots=True)
class Sequence:
    """Texts that each follow a dash."""

    items: tuple[Scalar, ...]
    at: Position


@dataclass(frozen=True, slots=True)
class Pair:
    """A word before a colon and what belongs to it; `at` is where the word stands."""

    key: str
    at: Position
    value: Node


@dataclass(frozen=True, slots=True)
class Mapping:
    """Words with what belongs to each, in the order of the file. A word stands here once.

    `damaged`: something in it could not be read as written, so that what is missing may only seem to be.
    """

    pairs: tuple[Pair, ...]
    at: Position
    damaged: bool = False

    def get(self, *words: str) -> Pair | None:
        """The pair of the first of these words that is there."""
        return next((pair for word in words for pair in self.pairs if pair.key == word), None)


Node = Scalar | Sequence | Mapping
