"""What every command has at hand: words, output, and the settings that it was given."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from typer.core import TyperCommand, TyperGroup

from bot.catalogue import inert
from bot.cli.help import UsageMistake, classes
from bot.cli.output import Output
from bot.cli.words import Words

if TYPE_CHECKING:
    from bot.settings import Settings


@dataclass(frozen=True, slots=True)
class Cli:
    """One run of the command line."""

    words: Words
    output: Output
    command: type[TyperCommand]
    group: type[TyperGroup]

    @classmethod
    def of(cls, words: Words, output: Output) -> Cli:
        """A command line that speaks one language."""
        return cls(words, output, *classes(words))

    def app(self, name: str | None = None) -> typer.Typer:
        """A group of commands."""
        return typer.Typer(
            name=name,
            help=self.words(f"{name}.about") if name else self.words("about"),
            cls=self.group,
            add_completion=name is None,
            rich_markup_mode=None,
            pretty_exceptions_enable=False,
        )

    def settings(self, *, home: Path | None = None, data: Path | None = None, **given: object) -> Settings:
        """The settings; what was given on the command line goes before the environment."""
        from bot.settings import read

        paths = {name: path for name, path in (("home", home), ("data", data)) if path is not None}
        return read(**paths, **given)

    def quiet(self) -> None:
        """Keep the process's own log out of what a command prints, but for errors."""
        from bot import logs

        logs.configure("error", "auto")

    def one_of(self, option: str, value: str, allowed: tuple[str, ...]) -> str:
        """A value that is chosen from a list; UsageMistake naming the list for any other."""
        if value not in allowed:
            raise UsageMistake(
                self.words("usage.not_one_of", name=option, value=value, allowed=", ".join(allowed))
            )
        return value

    def language(self, option: str, value: str | None, allowed: tuple[str, ...]) -> str | None:
        """A language code, or None where none was given."""
        return None if value is None else self.one_of(option, value, allowed)

    def confirm(self, question: str) -> bool:
        """Ask for a yes or a no in the reader's language, again until it is one; Enter means no.

        Aborts, as Ctrl+C does, where nobody is there to answer.
        """
        words = self.words
        asked = f"{inert.terminal(question)} {words('confirm.choice')}"
        while True:
            given = str(typer.prompt(asked, default="", show_default=False)).strip().casefold()
            answer = unicodedata.normalize("NFC", given)
            if answer in words("confirm.yes").split():
                return True
            if not answer or answer in words("confirm.no").split():
                return False
            self.output.line(words("confirm.again"))
