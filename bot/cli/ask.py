"""`vocero ask`: what the bot would say to one message, and why."""

import asyncio
import dataclasses
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli.cli import Cli
from bot.cli.run import require_brand, show_problems
from bot.domain import Lang

if TYPE_CHECKING:
    from bot.knowledge.model import Knowledge
    from bot.pipeline.ports import Mind
    from bot.pipeline.rehearsal import Rehearsed
    from bot.settings import Settings

SHOWN = 5
"""Nearest questions that are shown."""


def add(app: typer.Typer, cli: Cli) -> None:
    """Add the command."""
    words = cli.words

    @app.command("ask", help=words("ask.help"), cls=cli.command)
    def ask(
        text: Annotated[str, typer.Argument(metavar=words("meta.text"), help=words("ask.text"))],
        as_json: Annotated[bool, typer.Option("--json", help=words("option.json"))] = False,
        lang: Annotated[
            str | None, typer.Option("--lang", metavar="es|en|pt", help=words("ask.lang"))
        ] = None,
        home: Annotated[
            Path | None, typer.Option("--home", metavar=words("meta.dir"), help=words("option.home"))
        ] = None,
    ) -> None:
        spoken = cli.language("--lang", lang, ("es", "en", "pt"))
        cli.quiet()
        told = _ask(cli, cli.settings(home=home), text, Lang(spoken) if spoken else None)
        rehearsed, knowledge = asyncio.run(told)
        if as_json:
            cli.output.line(json.dumps(_document(rehearsed, knowledge), ensure_ascii=False, indent=2))
        else:
            _show(cli, rehearsed, knowledge)


async def open_mind(cli: Cli, settings: "Settings") -> "Mind":
    """What the files say, trained; exits telling what is wrong with them."""
    from bot.knowledge.load import check
    from bot.pipeline.mind import make_mind

    require_brand(settings.home)
    checked = await asyncio.to_thread(check, settings.home)
    if checked.knowledge is None:
        show_problems(cli, settings.home)
        raise typer.Exit(1)
    return await make_mind(checked.knowledge, settings.models)


async def _ask(
    cli: Cli, settings: "Settings", text: str, lang: Lang | None
) -> tuple["Rehearsed", "Knowledge"]:
    mind = await open_mind(cli, settings)
    from bot.pipeline.rehearsal import rehearse

    return await rehearse(text, mind, datetime.now(UTC), lang=lang), mind.voice.knowledge


def _show(cli: Cli, rehearsed: "Rehearsed", knowledge: "Knowledge") -> None:
    words, output = cli.words, cli.output
    decision, heard = rehearsed.decision, rehearsed.reading.understanding
    output.line(rehearsed.text or words("ask.silence"))
    output.line()
    rows = [(words("ask.outcome"), words.name("outcome", decision.outcome.value))]
    if decision.rule:
        rows.append((words("ask.rule"), decision.rule))
    if decision.reason is not None:
        rows.append((words("ask.reason"), words.name("reason", decision.reason.value)))
    if decision.entry is not None:
        rows.append((words("ask.entry"), f"{decision.entry} ({_place(knowledge, decision.entry)})"))
    if rehearsed.phrased.variant is not None:
        rows.append((words("ask.variant"), str(rehearsed.phrased.variant + 1)))
    if heard is not None:
        rows.append(
            (words("ask.confidence"), f"{heard.confidence:.2f} ({words.name('band', heard.band.value)})")
        )
        rows.append((words("ask.lang_heard"), f"{decision.lang}"))
        if heard.candidates:
            shown = ", ".join(f"{one.intent} {one.confidence:.2f}" for one in heard.candidates)
            rows.append((words("ask.candidates"), shown))
    rows.append((words("ask.version"), knowledge.version))
    output.pairs(rows)
    if heard is None:
        return
    for note in heard.trace.notes:
        output.line(f"{words('ask.note')}: {note}")
    for before, after in heard.trace.repairs:
        output.line(words("ask.repair", before=before, after=after))
    if heard.trace.nearest:
        output.line()
        output.table(
            (words("ask.nearest"), words("ask.entry"), words("ask.where"), words("ask.similarity")),
            [
                (near.text, near.intent, near.source or words("ask.builtin"), f"{near.similarity:.2f}")
                for near in heard.trace.nearest[:SHOWN]
            ],
            right=(3,),
        )


def _document(rehearsed: "Rehearsed", knowledge: "Knowledge") -> dict[str, Any]:
    """The rehearsal for other programs."""
    decision, heard = rehearsed.decision, rehearsed.reading.understanding
    document: dict[str, Any] = {
        "outcome": decision.outcome.value,
        "rule": decision.rule,
        "reason": decision.reason.value if decision.reason else None,
        "talk": decision.talk.value if decision.talk else None,
        "entry": decision.entry,
        "entry_at": _place(knowledge, decision.entry) if decision.entry else None,
        "variant": rehearsed.phrased.variant,
        "lang": decision.lang,
        "text": rehearsed.text,
        "knowledge": knowledge.version,
        "confidence": None,
        "band": None,
        "intent": None,
        "candidates": [],
        "trace": None,
    }
    if heard is not None:
        document |= {
            "confidence": round(heard.confidence, 4),
            "band": heard.band.value,
            "intent": heard.intent,
            "candidates": [dataclasses.asdict(candidate) for candidate in heard.candidates],
            "trace": dataclasses.asdict(heard.trace),
        }
    return document


def _place(knowledge: "Knowledge", entry: str) -> str:
    from bot.domain import EntryId

    at = knowledge.entries[EntryId(entry)].at
    return f"{at.path}:{at.line}"
