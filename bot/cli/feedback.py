"""`vocero feedback`: what members thought of each entry, and what they suggest."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.cli import Cli

if TYPE_CHECKING:
    from bot.settings import Settings
    from bot.store.feedback import FeedbackLine, Verdict


def add(app: typer.Typer, cli: Cli) -> None:
    """Add the command."""
    words, output = cli.words, cli.output

    @app.command("feedback", help=words("feedback.help"), cls=cli.command)
    def feedback(
        as_json: Annotated[bool, typer.Option("--json", help=words("option.json"))] = False,
        data: Annotated[
            Path | None, typer.Option("--data", metavar=words("meta.dir"), help=words("option.data"))
        ] = None,
    ) -> None:
        cli.quiet()
        verdicts, suggestions = asyncio.run(_read(cli.settings(data=data)))
        if as_json:
            output.stream.write(f"{_document(verdicts, suggestions)}\n")
            return
        if not verdicts and not suggestions:
            output.line(words("feedback.nothing"))
            return
        if verdicts:
            output.title(words("feedback.verdicts"))
            heads = [words(f"feedback.heads.{name}") for name in ("entry", "useful", "not_useful")]
            rows = [(one.entry, str(one.useful), str(one.not_useful)) for one in verdicts]
            output.table(heads, rows, right=(1, 2))
        if suggestions:
            output.title(words("feedback.suggestions"))
            heads = [words(f"feedback.heads.{name}") for name in ("when", "platform", "member", "text")]
            output.table(heads, [_row(cli, one) for one in suggestions])


async def _read(settings: "Settings") -> "tuple[list[Verdict], list[FeedbackLine]]":
    from bot.store import feedback
    from bot.store.engine import Store

    async with Store.open(settings.database) as store:
        return await store.read(lambda c: (feedback.verdicts(c), feedback.latest(c, kind="suggestion")))


def _row(cli: Cli, one: "FeedbackLine") -> tuple[str, ...]:
    platform = cli.words.name("platform", one.platform) if one.platform else ""
    return f"{one.at:%Y-%m-%d}", platform, one.member, one.text


def _document(verdicts: "Sequence[Verdict]", suggestions: "Sequence[FeedbackLine]") -> str:
    """For programs; moments with their offset."""
    document = {
        "entries": [asdict(one) for one in verdicts],
        "suggestions": [
            {
                "id": one.id,
                "at": one.at.isoformat(),
                "platform": one.platform.value if one.platform else None,
                "member": one.member,
                "text": one.text,
            }
            for one in suggestions
        ],
    }
    return json.dumps(document, ensure_ascii=False, indent=2)
