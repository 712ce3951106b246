"""`vocero chat`: a conversation in the terminal, through everything that a member's message goes through."""

import asyncio
import sys
import tempfile
from collections.abc import Sequence
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.cli import Cli
from bot.cli.run import require_brand, show_problems
from bot.cli.typed import Lines
from bot.domain import EntryId, Sender
from bot.errors import KnowledgeError

if TYPE_CHECKING:
    from bot.app import Bot, Parts
    from bot.channels.base import Channel
    from bot.channels.terminal import TerminalChannel
    from bot.settings import Settings
    from bot.store.traces import TracedTurn

PATIENCE = 30.0
"""Seconds that an answer is waited for before the next line is read."""

_WHY = frozenset({"/why", "/porque", "/porqué"})
_AS = frozenset({"/as", "/soy"})
_QUIT = frozenset({"/quit", "/exit", "/salir"})


def add(app: typer.Typer, cli: Cli) -> None:
    """Add the command."""
    words = cli.words

    @app.command("chat", help=words("chat.help"), cls=cli.command)
    def chat(
        member: Annotated[str, typer.Option("--as", metavar=words("meta.name"), help=words("chat.as"))] = "",
        home: Annotated[
            Path | None, typer.Option("--home", metavar=words("meta.dir"), help=words("option.home"))
        ] = None,
        data: Annotated[
            Path | None, typer.Option("--data", metavar=words("meta.dir"), help=words("chat.data"))
        ] = None,
    ) -> None:
        cli.quiet()
        given: dict[str, object] = {"telegram_token": "", "telegram_staff_chat": "", "settle_seconds": 0.0}
        with ExitStack() as stack:
            if data is None:
                folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="vocero-chat-"))
                given["database_url"] = f"sqlite:///{Path(folder, 'vocero.db').as_posix()}"
            else:
                given["database_url"] = ""
            settings = cli.settings(home=home, data=data, **given)
            require_brand(settings.home)
            try:
                asyncio.run(_Chat(cli, settings, member or words("chat.member")).run())
            except KnowledgeError:
                if not show_problems(cli, settings.home):
                    raise
                raise typer.Exit(1) from None


class _Chat:
    """One sitting."""

    def __init__(self, cli: Cli, settings: "Settings", name: str) -> None:
        self._cli, self._settings = cli, settings
        self._name = name
        self._assistant = ""
        self._typed = sys.stdin.isatty()

    async def run(self) -> None:
        """Talk until the lines end or somebody quits, then finish what was begun."""
        from bot.app import open_bot
        from bot.channels.terminal import TerminalChannel

        self._cli.output.note(self._cli.words("run.starting"))
        terminal = TerminalChannel(self._show)

        async def further(_: AsyncExitStack, __: "Parts") -> Sequence["Channel"]:
            return [terminal]

        async with open_bot(self._settings, web=False, further=further) as bot:
            brand = bot.library.current.brand
            self._assistant = brand.voice.assistant
            self._cli.output.note(self._cli.words("chat.hello", assistant=self._assistant, brand=brand.name))
            stop = asyncio.Event()
            async with asyncio.TaskGroup() as group:
                group.create_task(bot.run(stop))
                await self._talk(bot, terminal)
                stop.set()

    async def _talk(self, bot: "Bot", terminal: "TerminalChannel") -> None:
        lines = Lines()
        while True:
            self._prompt()
            line = await lines.next()
            if line is None:
                return
            text = line.strip()
            if not self._typed:
                self._cli.output.line(f"{self._name} > {text}")
            word, _, rest = text.partition(" ")
            if word.lower() in _QUIT:
                return
            if word.lower() in _WHY:
                await self._why(bot, terminal)
            elif word.lower() in _AS:
                self._become(rest.strip())
            elif text:
                await terminal.say(self._member(), text)
                try:
                    async with asyncio.timeout(PATIENCE):
                        await bot.idle()
                except TimeoutError:
                    self._cli.output.note(self._cli.words("chat.no_answer_yet"))

    def _prompt(self) -> None:
        if self._typed:
            sys.stdout.write(f"{self._name} > ")
            sys.stdout.flush()

    def _member(self) -> Sender:
        return Sender(external_id=self._name.casefold()[:64], display_name=self._name)

    def _become(self, name: str) -> None:
        if name:
            self._name = name
            self._cli.output.line(self._cli.words("chat.became", name=name))
        else:
            self._cli.output.line(self._cli.words("chat.as_whom"))

    def _show(self, member: str, text: str) -> None:
        mine = member == self._member().external_id
        speaker = self._assistant if mine else f"{self._assistant} -> {member}"
        self._cli.output.line(f"{speaker} > {text}")

    async def _why(self, bot: "Bot", terminal: "TerminalChannel") -> None:
        from bot.store import traces

        member = self._member().external_id
        turn = await bot.store.read(lambda connection: traces.last(connection, terminal.account, member))
        if turn is None:
            self._cli.output.line(self._cli.words("chat.nothing_yet"))
            return
        self._cli.output.pairs(_rows(self._cli, turn, bot))


def _rows(cli: Cli, turn: "TracedTurn", bot: "Bot") -> list[tuple[str, str]]:
    """What a turn was and why, by name."""
    words, trace = cli.words, turn.trace
    rows = [(words("ask.outcome"), words.name("outcome", turn.outcome))]
    if turn.rule:
        rows.append((words("ask.rule"), turn.rule))
    if turn.reason:
        rows.append((words("ask.reason"), words.name("reason", turn.reason)))
    if turn.entry:
        entry = bot.library.current.entries.get(EntryId(turn.entry))
        rows.append(
            (words("ask.entry"), f"{turn.entry} ({entry.at.path}:{entry.at.line})" if entry else turn.entry)
        )
    if turn.variant is not None:
        rows.append((words("ask.variant"), str(turn.variant + 1)))
    if "band" in trace:
        sure = f"{turn.confidence:.2f} ({words.name('band', str(trace['band']))})"
        rows.append((words("ask.confidence"), sure))
    rows += [
        (words("ask.nearest"), f"{intent} {source or words('ask.builtin')} {similarity:.2f}")
        for intent, source, similarity in trace.get("nearest", ())
    ]
    rows += [(words("ask.note"), str(note)) for note in trace.get("notes", ())]
    rows.append((words("ask.version"), turn.knowledge))
    return rows
