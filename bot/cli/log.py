"""`vocero log`: what was said and what became of it, searched and exported."""

import asyncio
import os
import re
from collections.abc import AsyncIterator, Callable
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO, TypeVar

import typer

from bot.cli.cli import Cli
from bot.cli.help import UsageMistake
from bot.domain import CaseId, ConversationId, EntryId, Outcome, Platform
from bot.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.settings import Settings
    from bot.store.log import Log, LogConversation, LogMessage, Search

T = TypeVar("T")

SHOWN = 50
"""Rows of a table when no other number is asked for; exports are whole."""
WIDEST = 70
"""Letters of a text that a table shows."""
STEP = 100
"""Rows between two movements of the progress bar."""

_AGO = re.compile(r"(\d{1,4})([dh])")


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What to write, and where to."""

    form: str
    rows: str
    limit: int | None
    out: Path | None
    force: bool


def add(app: typer.Typer, cli: Cli) -> None:
    """Add the command."""
    words = cli.words
    moment = words("meta.moment")

    @app.command("log", help=words("log.help"), cls=cli.command)
    def log(
        text: Annotated[str, typer.Argument(metavar=words("meta.text"), help=words("log.text"))] = "",
        platform: Annotated[
            str, typer.Option("--platform", metavar="|".join(Platform), help=words("log.platform"))
        ] = "",
        since: Annotated[str, typer.Option("--since", metavar=moment, help=words("log.since"))] = "",
        until: Annotated[str, typer.Option("--until", metavar=moment, help=words("log.until"))] = "",
        outcome: Annotated[
            str, typer.Option("--outcome", metavar=words("meta.outcome"), help=words("log.outcome"))
        ] = "",
        entry: Annotated[
            str, typer.Option("--entry", metavar=words("meta.entry"), help=words("log.entry"))
        ] = "",
        case: Annotated[
            int | None, typer.Option("--case", metavar=words("meta.number"), help=words("log.case"))
        ] = None,
        conversation: Annotated[
            int | None,
            typer.Option("--conversation", metavar=words("meta.number"), help=words("log.conversation")),
        ] = None,
        form: Annotated[
            str, typer.Option("--format", metavar="table|csv|jsonl", help=words("log.format"))
        ] = "table",
        rows: Annotated[
            str, typer.Option("--rows", metavar="messages|conversations", help=words("log.rows"))
        ] = "messages",
        limit: Annotated[
            int | None, typer.Option("--limit", metavar=words("meta.number"), help=words("log.limit"))
        ] = None,
        out: Annotated[
            Path | None, typer.Option("--out", metavar=words("meta.file"), help=words("log.out"))
        ] = None,
        force: Annotated[bool, typer.Option("--force", help=words("log.force"))] = False,
        data: Annotated[
            Path | None, typer.Option("--data", metavar=words("meta.dir"), help=words("option.data"))
        ] = None,
    ) -> None:
        cli.quiet()
        cli.one_of("--format", form, ("table", "csv", "jsonl"))
        cli.one_of("--rows", rows, ("messages", "conversations"))
        if limit is not None and limit < 1:
            raise UsageMistake(words("usage.bad_value", name="--limit"))
        settings = cli.settings(data=data)
        zone = _zone(settings) if since or until or form == "table" else UTC
        from bot.store.log import Search

        search = Search(
            text=text,
            platform=Platform(cli.one_of("--platform", platform, tuple(Platform))) if platform else None,
            since=_moment(cli, "--since", since, zone, end=False) if since else None,
            until=_moment(cli, "--until", until, zone, end=True) if until else None,
            outcome=Outcome(cli.one_of("--outcome", outcome, tuple(Outcome))) if outcome else None,
            entry=EntryId(entry) if entry else None,
            case=CaseId(case) if case is not None else None,
            conversation=ConversationId(conversation) if conversation is not None else None,
        )
        wanted = _Wanted(form, rows, limit, out, force)
        asyncio.run(_read(cli, settings.database, search, wanted, zone))


async def _read(cli: Cli, database: str, search: "Search", wanted: _Wanted, zone: tzinfo) -> None:
    from bot.store.engine import Store
    from bot.store.log import Log

    async with Store.open(database) as store:
        log = Log(store)
        if wanted.form == "table" and wanted.out is None:
            await _show(cli, log, search, wanted, zone)
        else:
            await _export(cli, log, search, wanted)


async def _show(cli: Cli, log: "Log", search: "Search", wanted: _Wanted, zone: tzinfo) -> None:
    words, most = cli.words, wanted.limit or SHOWN
    if wanted.rows == "messages":
        found = [row async for row in _first(log.messages(search, newest_first=True), most + 1)]
        heads = ("id", "when", "platform", "conversation", "who", "text", "outcome", "entry", "case")
        cells = [_message(cli, row, zone) for row in found]
    else:
        heads = ("id", "last", "platform", "contact", "lang", "owner", "messages", "from_member", "place")
        latest = await _latest(log.conversations(search), most + 1)
        cells = [_conversation(cli, row, zone) for row in latest]
    cli.output.table([words(f"log.heads.{head}") for head in heads], cells[:most], right=(0,))
    if not cells:
        cli.output.note(words("log.nothing"))
    elif len(cells) > most:
        cli.output.note(words("log.more", n=most))


async def _latest(rows: AsyncIterator["LogConversation"], most: int) -> list["LogConversation"]:
    """The conversations with the latest messages; the log itself begins with the oldest."""
    kept: list[LogConversation] = []
    async for row in rows:
        kept.append(row)
        if len(kept) >= 2 * most:
            kept = sorted(kept, key=lambda one: one.last_at, reverse=True)[:most]
    return sorted(kept, key=lambda one: one.last_at, reverse=True)[:most]


async def _export(cli: Cli, log: "Log", search: "Search", wanted: _Wanted) -> None:
    from bot.store.log import LogConversation, LogMessage, write_csv, write_json_lines

    form = "csv" if wanted.form == "table" else wanted.form
    with (
        _target(cli, wanted, form) as to,
        cli.output.progress(cli.words("log.progress"), None) as advance,
    ):
        if wanted.rows == "messages":
            messages = _counted(_first(log.messages(search), wanted.limit), advance)
            count = await (
                write_csv(LogMessage, messages, to) if form == "csv" else write_json_lines(messages, to)
            )
        else:
            conversations = _counted(_first(log.conversations(search), wanted.limit), advance)
            count = await (
                write_csv(LogConversation, conversations, to)
                if form == "csv"
                else write_json_lines(conversations, to)
            )
    if wanted.out is not None:
        cli.output.note(cli.words.count("log.written", count, file=wanted.out))


@contextmanager
def _target(cli: Cli, wanted: _Wanted, form: str) -> "Iterator[TextIO]":
    """Where an export goes: a file that only its owner can read, or standard output.

    A new file stands beside its place until it is whole, so that a broken export never looks like one.
    """
    if wanted.out is None:
        yield cli.output.stream
        return
    if wanted.out.exists() and not wanted.force:
        raise StoreError(
            "there is a file already", where=str(wanted.out), remedy="Give it a new name, or use --force."
        )
    partial = wanted.out.with_name(wanted.out.name + ".partial")
    try:
        partial.unlink(missing_ok=True)
        handle = os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        # A byte order mark lets Excel see that the file is UTF-8.
        with open(handle, "w", encoding="utf-8-sig" if form == "csv" else "utf-8", newline="") as file:
            yield file
        os.replace(partial, wanted.out)
    except OSError as error:
        raise StoreError(f"the copy cannot be written: {error.strerror}", where=str(wanted.out)) from error
    finally:
        partial.unlink(missing_ok=True)


async def _first(rows: AsyncIterator[T], most: int | None) -> AsyncIterator[T]:
    count = 0
    async for row in rows:
        yield row
        count += 1
        if count == most:
            return


async def _counted(rows: AsyncIterator[T], advance: Callable[[int], None]) -> AsyncIterator[T]:
    count = 0
    async for row in rows:
        yield row
        count += 1
        if count % STEP == 0:
            advance(STEP)
    advance(count % STEP)


def _message(cli: Cli, row: "LogMessage", zone: tzinfo) -> tuple[str, ...]:
    who = row.contact if row.author == "member" else row.staff or cli.words.name("log.authors", row.author)
    return (
        str(row.id),
        _when(row.sent_at, zone),
        cli.words.name("platform", row.platform),
        str(row.conversation),
        who,
        _short(row.text or (f"/{row.command}" if row.command else "")),
        cli.words.name("outcome", row.outcome) + (f" ({row.rule})" if row.rule else ""),
        row.entry,
        "" if row.case is None else str(row.case),
    )


def _conversation(cli: Cli, row: "LogConversation", zone: tzinfo) -> tuple[str, ...]:
    return (
        str(row.id),
        _when(row.last_at, zone),
        cli.words.name("platform", row.platform),
        row.contact,
        row.lang,
        row.staff or cli.words.name("log.owners", row.owner),
        str(row.messages),
        str(row.from_member),
        row.place,
    )


def _when(moment: datetime, zone: tzinfo) -> str:
    return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M")


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= WIDEST else line[: WIDEST - 1] + "…"


def _zone(settings: "Settings") -> tzinfo:
    """The brand's time zone, in which its people think; UTC while its files cannot be read."""
    from bot.knowledge.load import check

    knowledge = check(settings.home).knowledge
    return knowledge.brand.timezone if knowledge is not None else UTC


def _moment(cli: Cli, option: str, text: str, zone: tzinfo, *, end: bool) -> datetime:
    """`2026-12-31`, `2026-12-31T18:30`, `7d` or `12h` (ago); a day given as the end counts whole."""
    if match := _AGO.fullmatch(text):
        number = int(match[1])
        return datetime.now(UTC) - (timedelta(days=number) if match[2] == "d" else timedelta(hours=number))
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UsageMistake(cli.words("log.bad_moment", name=option, value=text)) from None
    if end and len(text) <= len("2026-12-31") and moment.time() == time.min:
        moment += timedelta(days=1)
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)
