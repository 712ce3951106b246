"""The `vocero` command: finds the language, runs what was asked for, and words what goes wrong."""

from __future__ import annotations

import asyncio
import io
import os
import sys
from collections.abc import Sequence

import typer
from typer.exceptions import TyperException

from bot.cli import ask, chat, db, doctor, faq, feedback, init, log, privacy, run
from bot.cli.cli import Cli
from bot.cli.failure import tell, tell_more
from bot.cli.help import UsageMistake, explain, no_command
from bot.cli.output import Output
from bot.cli.words import LANGUAGES, Words, choose
from bot.errors import VoceroError
from nlu.errors import NluError

NOT_RIGHT, USAGE, INTERRUPTED = 1, 2, 130
"""Exit codes: something is not as it should be; the command line itself; Ctrl+C."""

_OWN_LANGUAGE = ("ask", "init")
"""Commands with a `--lang` of their own, which the command line follows where it can."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit code."""
    _never_fail_to_print()
    given = list(sys.argv[1:] if arguments is None else arguments)
    words = Words.load(choose(given))
    given = _global_first(given)
    output = Output(plain="--plain" in given)
    try:
        result = build(Cli.of(words, output))(args=given, prog_name="vocero", standalone_mode=False)
    except UsageMistake as error:
        output.note(f"{words('failure.error')} {error}")
        return USAGE
    except TyperException as error:
        output.note(f"{words('failure.error')} {explain(error, words)}")
        return USAGE
    except (typer.Abort, KeyboardInterrupt, asyncio.CancelledError):
        output.note(words("failure.interrupted"))
        return INTERRUPTED
    except VoceroError as error:
        tell(error, words, output)
        return NOT_RIGHT
    except BaseExceptionGroup as errors:
        if tell_more(errors, words, output):
            return NOT_RIGHT
        raise
    except NluError as error:
        output.note(f"{words('failure.error')} {words('failure.training', problem=error)}")
        output.note(f"{words('failure.remedy')} {words('failure.training_remedy')}")
        return NOT_RIGHT
    except BrokenPipeError:
        # The reader of a pipe has gone, as `| head` does; nothing more can be written to it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return NOT_RIGHT
    except OSError as error:
        if error.filename is None:
            raise
        output.note(f"{words('failure.error')} {error.filename}: {error.strerror}")
        output.note(f"{words('failure.remedy')} {words('failure.file_remedy')}")
        return NOT_RIGHT
    return result if isinstance(result, int) else 0


def build(cli: Cli) -> typer.Typer:
    """All commands, with help in one language."""
    words = cli.words
    app = cli.app()

    def version(wanted: bool) -> None:
        if wanted:
            from importlib.metadata import version as installed

            cli.output.line(f"vocero {installed('vocero')}")
            raise typer.Exit

    def start(
        context: typer.Context,
        lang: str = typer.Option("", "--lang", metavar="es|en", help=words("global.lang")),
        plain: bool = typer.Option(False, "--plain", help=words("global.plain")),
        show_version: bool = typer.Option(
            False, "--version", help=words("global.version"), callback=version, is_eager=True
        ),
    ) -> None:
        if lang:
            cli.one_of("--lang", lang, LANGUAGES)
        no_command(context)

    app.callback(invoke_without_command=True)(start)
    run.add(app, cli)
    init.add(app, cli)
    ask.add(app, cli)
    chat.add(app, cli)
    faq.add(app, cli)
    log.add(app, cli)
    feedback.add(app, cli)
    db.add(app, cli)
    privacy.add(app, cli)
    doctor.add(app, cli)
    return app


def _global_first(arguments: list[str]) -> list[str]:
    """Let `--plain` and `--lang` stand anywhere, by moving them to the front."""
    front: list[str] = []
    rest: list[str] = []
    command = ""
    left = iter(arguments)
    for argument in left:
        if argument == "--":
            rest += [argument, *left]
        elif argument == "--plain" or (argument.startswith("--lang=") and command not in _OWN_LANGUAGE):
            front.append(argument)
        elif argument == "--lang" and command not in _OWN_LANGUAGE:
            front += [argument, *([value] if (value := next(left, None)) is not None else [])]
        else:
            command = command or ("" if argument.startswith("-") else argument)
            rest.append(argument)
    return front + rest


def _never_fail_to_print() -> None:
    """Have a console that lacks a letter or an emoji show a question mark instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


if __name__ == "__main__":
    sys.exit(main())
