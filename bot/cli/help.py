"""Help and complaints of the command line in the language of whoever reads them."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperCommand, TyperGroup

from bot.cli.words import Words

if TYPE_CHECKING:
    from typer._click import Command, Context, HelpFormatter, Parameter


class UsageMistake(Exception):
    """Something on the command line that cannot be meant; the message is in the reader's language."""


def classes(words: Words) -> tuple[type[TyperCommand], type[TyperGroup]]:
    """A command and a group of commands that explain themselves in one language."""

    class SpokenCommand(TyperCommand):
        def format_help(self, ctx: Context, formatter: HelpFormatter) -> None:
            _write_help(self, ctx, formatter, words)

    class SpokenGroup(TyperGroup):
        def format_help(self, ctx: Context, formatter: HelpFormatter) -> None:
            _write_help(self, ctx, formatter, words)

        def resolve_command(
            self, ctx: Context, args: list[str]
        ) -> tuple[str | None, Command | None, list[str]]:
            if args and not args[0].startswith("-") and self.get_command(ctx, args[0]) is None:
                near = get_close_matches(args[0], self.list_commands(ctx), n=1)
                hint = (
                    words("usage.near", near=near[0])
                    if near
                    else words("usage.see", command=ctx.command_path)
                )
                raise UsageMistake(words("usage.no_command", name=args[0]) + " " + hint)
            return super().resolve_command(ctx, args)

    return SpokenCommand, SpokenGroup


def explain(error: Exception, words: Words) -> str:
    """A usage error of the parser, in the reader's language."""
    context = getattr(error, "ctx", None)
    see = words("usage.see", command=context.command_path) if context is not None else ""
    match type(error).__name__:
        case "NoSuchOption":
            possible = getattr(error, "possibilities", None) or []
            hint = words("usage.near", near=possible[0]) if possible else see
            return f"{words('usage.no_option', name=getattr(error, 'option_name', ''))} {hint}"
        case "MissingParameter":
            return f"{words('usage.missing', name=_named(getattr(error, 'param', None)))} {see}"
        case "BadParameter":
            return f"{words('usage.bad_value', name=_named(getattr(error, 'param', None)))} {see}"
        case "BadOptionUsage":
            return f"{words('usage.bad_option', name=getattr(error, 'option_name', ''))} {see}"
    return f"{words('usage.too_many')} {see}"


def _named(param: Any) -> str:
    return "" if param is None else _name(param)


def _name(param: Parameter) -> str:
    metavar = str(param.metavar or "")
    if param.param_type_name == "argument":
        return metavar or str(param.name).upper()
    return ", ".join(sorted(param.opts, key=len)) + (f" {metavar}" if metavar else "")


def _write_help(command: Command, ctx: Context, formatter: HelpFormatter, words: Words) -> None:
    formatter.write_usage(ctx.command_path, " ".join(_pieces(command, ctx, words)), words("help.usage"))
    formatter.write_paragraph()
    for paragraph in str(command.help or "").strip().split("\n\n"):
        formatter.write_text(" ".join(paragraph.split()))
        formatter.write_paragraph()
    arguments = [p for p in command.get_params(ctx) if p.param_type_name == "argument"]
    options = [p for p in command.get_params(ctx) if p.param_type_name == "option" and p.name != "help"]
    _section(formatter, words("help.arguments"), [(_name(p), str(getattr(p, "help", ""))) for p in arguments])
    _section(
        formatter,
        words("help.options"),
        [*((_name(p), _what_for(p, words)) for p in options), ("--help", words("help.help"))],
    )
    _section(formatter, words("help.commands"), list(_commands(command, ctx)))


def _what_for(param: Parameter, words: Words) -> str:
    own = f"help.{param.name}"  # typer's own options come with English help
    return words(own) if own in words.keys else str(getattr(param, "help", ""))


def _section(formatter: HelpFormatter, title: str, rows: list[tuple[str, str]]) -> None:
    if rows:
        with formatter.section(title):
            formatter.write_dl(rows)


def _pieces(command: Command, ctx: Context, words: Words) -> Iterator[str]:
    yield words("help.options_piece")
    for param in command.get_params(ctx):
        if param.param_type_name == "argument":
            yield _name(param) if param.required else f"[{_name(param)}]"
    if isinstance(command, TyperGroup):
        yield words("help.command_piece")


def _commands(command: Command, ctx: Context) -> Iterator[tuple[str, str]]:
    if isinstance(command, TyperGroup):
        for name in command.list_commands(ctx):
            inner = command.get_command(ctx, name)
            if inner is not None and not inner.hidden:
                yield name, str(inner.help or "").strip().split("\n\n")[0]


def no_command(context: typer.Context) -> None:
    """Show a group's help when no command of it was named."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit(2)
