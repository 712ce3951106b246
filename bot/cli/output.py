"""Where the command line writes: plain lines for pipes and screen readers, tables and bars for terminals."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TextIO, cast

from bot.catalogue import inert


class Output:
    """Standard output for what was asked for, standard error for how it goes.

    `plain` leaves out bars, boxes and colours; a table is then tab-separated lines.
    """

    def __init__(self, *, plain: bool) -> None:
        self.plain = plain or bool(os.environ.get("NO_COLOR")) or not sys.stdout.isatty()

    @property
    def stream(self) -> TextIO:
        """Standard output for writers of files: as written for a pipe or a file, harmless for a terminal."""
        return cast("TextIO", _Harmless(sys.stdout)) if sys.stdout.isatty() else sys.stdout

    def line(self, text: str = "") -> None:
        """Write a line of what was asked for."""
        sys.stdout.write(f"{inert.terminal(text)}\n")
        sys.stdout.flush()

    def note(self, text: str) -> None:
        """Write a line beside it, which a pipe does not carry on."""
        sys.stderr.write(f"{inert.terminal(text)}\n")
        sys.stderr.flush()

    def title(self, text: str) -> None:
        """Write a line that stands out."""
        if self.plain:
            self.line(text)
        else:
            self._print(f"[bold]{_escape(text)}[/bold]")

    def pairs(self, rows: Sequence[tuple[str, str]]) -> None:
        """Write names with their values."""
        width = max((len(name) for name, _ in rows), default=0)
        for name, value in rows:
            if self.plain:
                self.line(f"{name}: {value}")
            else:
                self._print(f"  [bold]{_escape(name.ljust(width))}[/bold]  {_escape(value)}")

    def table(
        self, columns: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[int] = ()
    ) -> None:
        """Write a table; the columns numbered in `right` are set to the right."""
        if self.plain:
            for row in (columns, *rows):
                self.line("\t".join(" ".join(cell.split()) for cell in row))
            return
        from rich.box import SIMPLE_HEAD
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        table = Table(box=SIMPLE_HEAD, pad_edge=False)
        for number, column in enumerate(columns):
            table.add_column(column, justify="right" if number in right else "left")
        for row in rows:
            table.add_row(*(Text(inert.terminal(cell)) for cell in row))
        Console(file=sys.stdout).print(table)

    @contextmanager
    def progress(self, what: str, total: int | None) -> Iterator[Callable[[int], None]]:
        """Show how far something is while the block runs; call what is given with how much was done."""
        if self.plain or not sys.stderr.isatty():
            yield lambda done: None
            return
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=Console(file=sys.stderr), transient=True) as bar:
            task = bar.add_task(what, total=total)
            yield lambda done: bar.advance(task, done)

    def _print(self, markup: str) -> None:
        from rich.console import Console

        Console(file=sys.stdout, highlight=False, soft_wrap=True).print(markup)


class _Harmless(io.TextIOBase):
    """A terminal that members' words cannot steer."""

    def __init__(self, terminal: TextIO) -> None:
        self._terminal = terminal

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self._terminal.write(inert.terminal(text.replace("\r\n", "\n")))
        return len(text)

    def flush(self) -> None:
        self._terminal.flush()


def _escape(text: str) -> str:
    from rich.markup import escape

    return escape(inert.terminal(text))
