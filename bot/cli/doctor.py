"""`vocero doctor`: what keeps the bot from working, and how to mend it; a start says the quick part of it."""

import asyncio
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.cli import Cli
from bot.cli.failure import translation
from bot.errors import SettingsError

if TYPE_CHECKING:
    from bot.doctor import Finding
    from bot.settings import Settings


def add(app: typer.Typer, cli: Cli) -> None:
    """Add the command."""
    words = cli.words

    @app.command("doctor", help=words("doctor.help"), cls=cli.command)
    def doctor(
        as_json: Annotated[bool, typer.Option("--json", help=words("faq.check.json"))] = False,
        offline: Annotated[bool, typer.Option("--offline", help=words("doctor.offline"))] = False,
        home: Annotated[
            Path | None, typer.Option("--home", metavar=words("meta.dir"), help=words("option.home"))
        ] = None,
        data: Annotated[
            Path | None, typer.Option("--data", metavar=words("meta.dir"), help=words("option.data"))
        ] = None,
    ) -> None:
        cli.quiet()
        findings = _look(cli, home, data, online=not offline)
        if as_json:
            for finding in findings:
                cli.output.line(as_line(cli, finding))
        else:
            _show(cli, findings)
        raise typer.Exit(1 if any(finding.level == "error" for finding in findings) else 0)


def tell_at_start(cli: Cli, settings: "Settings") -> None:
    """Say what a start should not pass over; it goes on whatever was found."""
    from bot.doctor import examine_quickly

    findings = asyncio.run(examine_quickly(settings))
    for finding in findings:
        cli.output.note(_told(cli, finding))
    if findings:
        cli.output.note(cli.words("doctor.at_start"))


def as_line(cli: Cli, finding: "Finding") -> str:
    """A finding as a JSON object of `check`, `level`, `what`, `do` and `values`."""
    what, do = _sentences(cli, finding)
    told = {"check": finding.check, "level": finding.level.value, "what": what, "do": do}
    return json.dumps(told | {"values": dict(finding.values)}, ensure_ascii=False)


def _look(cli: Cli, home: Path | None, data: Path | None, *, online: bool) -> list["Finding"]:
    from bot.doctor import Finding, examine
    from bot.doctor.surroundings import env_file, names

    try:
        settings = cli.settings(home=home, data=data)
    except SettingsError as error:  # the rest cannot be looked at without them
        file = Path(".env")
        say = translation(cli.words.lang)
        wrong = [Finding("setting_wrong", {"problem": say(part)}) for part in error.what.split("; ")]
        return [*wrong, *names(os.environ, file), *env_file(file)]
    return asyncio.run(examine(settings, online=online))


def _show(cli: Cli, findings: list["Finding"]) -> None:
    words, output = cli.words, cli.output
    for finding in findings:
        output.line(_told(cli, finding))
    errors = sum(finding.level == "error" for finding in findings)
    warnings = sum(finding.level == "warning" for finding in findings)
    if errors or warnings:
        problems = words.count("doctor.problems", errors)
        output.line(f"{problems}, {words.count('doctor.warnings', warnings)}.")
    else:
        output.line(words("doctor.fine"))


def _told(cli: Cli, finding: "Finding") -> str:
    what, do = _sentences(cli, finding)
    level = cli.words(f"doctor.{finding.level.value}")
    return f"{level} ({finding.check}): {what}\n  {cli.words('doctor.do')} {do}"


def _sentences(cli: Cli, finding: "Finding") -> tuple[str, str]:
    key = f"doctor.found.{finding.check}"
    return cli.words(f"{key}.what", **finding.values), cli.words(f"{key}.do", **finding.values)
