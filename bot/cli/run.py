"""`vocero run`, `vocero demo` and `vocero staff-link`: the bot at work."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.cli import Cli
from bot.cli.doctor import tell_at_start
from bot.cli.systemd import notifying
from bot.errors import KnowledgeError, StartupError, VoceroError
from nlu.errors import NluError

if TYPE_CHECKING:
    from bot.app import Bot
    from bot.knowledge.model import Knowledge
    from bot.settings import Settings

DEMO_DATA = Path("data") / "demo"


def add(app: typer.Typer, cli: Cli) -> None:
    """Add the commands."""
    words = cli.words
    home_help, data_help = words("option.home"), words("option.data")

    @app.command("run", help=words("run.help"), cls=cli.command)
    def run(
        home: Annotated[
            Path | None, typer.Option("--home", metavar=words("meta.dir"), help=home_help)
        ] = None,
        data: Annotated[
            Path | None, typer.Option("--data", metavar=words("meta.dir"), help=data_help)
        ] = None,
    ) -> None:
        raise typer.Exit(_run(cli, cli.settings(home=home, data=data), demo=False))

    @app.command("demo", help=words("demo.help"), cls=cli.command)
    def demo(
        home: Annotated[
            Path | None, typer.Option("--home", metavar=words("meta.dir"), help=home_help)
        ] = None,
        data: Annotated[
            Path | None, typer.Option("--data", metavar=words("meta.dir"), help=words("demo.data"))
        ] = None,
    ) -> None:
        settings = cli.settings(home=home, data=data)
        if "data" not in settings.model_fields_set:
            settings = cli.settings(home=home, data=DEMO_DATA)
        raise typer.Exit(_run(cli, settings, demo=True))

    @app.command("staff-link", help=words("staff_link.help"), cls=cli.command)
    def staff_link(
        name: Annotated[str, typer.Argument(metavar=words("meta.name"), help=words("staff_link.name"))],
        home: Annotated[
            Path | None, typer.Option("--home", metavar=words("meta.dir"), help=home_help)
        ] = None,
        data: Annotated[
            Path | None, typer.Option("--data", metavar=words("meta.dir"), help=data_help)
        ] = None,
    ) -> None:
        cli.quiet()
        settings = cli.settings(home=home, data=data)
        cli.output.line(asyncio.run(_staff_link(cli, settings, name)))
        cli.output.note(words("staff_link.note"))


def require_brand(home: Path) -> None:
    """Refuse a folder in which nobody has put a brand's files yet."""
    if not (home / "faq").is_dir() and not (home / "config").is_dir():
        raise StartupError(
            "there is no faq folder here",
            where=str(home.resolve()),
            remedy="Go to the folder of your brand, or make one with: vocero init",
        )


def _run(cli: Cli, settings: "Settings", *, demo: bool) -> int:
    from bot import logs

    require_brand(settings.home)
    logs.configure(settings.log_level, settings.log_format)
    tell_at_start(cli, settings)
    cli.output.note(cli.words("run.starting"))
    try:
        return asyncio.run(_serve(cli, settings, demo=demo))
    except KnowledgeError:
        if show_problems(cli, settings.home):
            return 1
        raise


def show_problems(cli: Cli, home: Path) -> bool:
    """Say in the reader's language what keeps the files from being used; False when nothing does."""
    from bot.knowledge.load import check

    checked = check(home)
    errors = [problem for problem in checked.problems if problem.level == "error"]
    for problem in errors:
        cli.output.note(problem.render(cli.words.lang))
    if errors:
        cli.output.note(cli.words.count("run.bad_files", len(errors), home=home.resolve()))
    return bool(errors)


class _Stopping:
    """What a signal does: the first asks the bot to finish, the second ends it at once."""

    def __init__(self, cli: Cli, task: asyncio.Task[object]) -> None:
        self._cli, self._task = cli, task
        self.stop = asyncio.Event()
        self.is_open = False

    def ask(self) -> None:
        if self.is_open and not self.stop.is_set():
            self._cli.output.note(self._cli.words("run.stopping"))
        else:
            self._task.cancel()
        self.stop.set()

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Heed SIGINT and SIGTERM while the block runs."""
        loop = asyncio.get_running_loop()
        caught = (signal.SIGINT, signal.SIGTERM)
        try:
            for number in caught:
                loop.add_signal_handler(number, self.ask)
        except NotImplementedError:  # Windows
            for number in caught:
                signal.signal(number, lambda *_: loop.call_soon_threadsafe(self.ask))
        try:
            yield
        finally:
            for number in caught:
                with suppress(NotImplementedError):
                    loop.remove_signal_handler(number)


async def _serve(cli: Cli, settings: "Settings", *, demo: bool) -> int:
    from bot import heap
    from bot.app import open_bot

    task = asyncio.current_task()
    assert task is not None, "a coroutine runs in a task"
    stopping = _Stopping(cli, task)
    with stopping.listening():
        try:
            async with open_bot(settings, tell=cli.output.line) as bot:
                stopping.is_open = True
                heap.settle()
                await _tell_what_is_there(cli, bot, demo=demo)
                async with notifying(stopping.stop):
                    await bot.run(stopping.stop)
        except (VoceroError, NluError):
            if not stopping.stop.is_set():
                raise
            return 1  # the training process got the same Ctrl+C
    cli.output.note(cli.words("run.stopped"))
    return 0


async def _tell_what_is_there(cli: Cli, bot: "Bot", *, demo: bool) -> None:
    words, output = cli.words, cli.output
    settings, knowledge = bot.settings, bot.library.current
    brand = knowledge.brand
    output.title(words("run.ready", brand=brand.name))
    if brand.fictitious:
        output.line(words("run.fictitious", brand=brand.name))
    rows = [
        (words("run.entries"), str(len(knowledge.entries))),
        (words("run.languages"), ", ".join(brand.languages)),
        (words("run.version"), knowledge.version),
        (words("run.channels"), ", ".join(_channels(cli, bot))),
        (words("run.database"), _database(settings)),
    ]
    if bot.web_address:
        address = settings.web_public_url.rstrip("/") or bot.web_address
        rows.append((words("run.chat"), f"{address}/chat"))
        rows.append((words("run.staff"), await _way_in(cli, bot, knowledge, address, demo=demo)))
    output.pairs(rows)
    telegram, discord = settings.telegram_token, settings.discord_token
    if not telegram.get_secret_value() and not discord.get_secret_value():
        output.line(words("run.no_telegram"))
    elif not settings.telegram_staff_chat and not settings.discord_staff_channel:
        output.line(words("run.no_staff_chat"))
    if bot.held:
        output.line(words.count("run.held", bot.held))
    output.line(words("run.how_to_stop"))


async def _way_in(cli: Cli, bot: "Bot", knowledge: "Knowledge", address: str, *, demo: bool) -> str:
    """How staff reaches its page: in a demo with a link at once, else by a command."""
    people = list(knowledge.staff.people.values())
    if demo and people:
        supervisor = next((person for person in people if person.role == "supervisor"), people[0])
        link = await bot.staff_link(supervisor.name)
        return cli.words("demo.link", name=supervisor.name, link=link)
    name = people[0].id if people else "NAME"
    return cli.words("run.staff_hint", address=f"{address}/staff", name=name)


def _channels(cli: Cli, bot: "Bot") -> Iterator[str]:
    for account, channel in bot.channels.items():
        username = getattr(channel, "username", "")
        yield cli.words.name("platform", account.platform.value) + (f" (@{username})" if username else "")


def _database(settings: "Settings") -> str:
    from bot.store.engine import shown

    return shown(settings.database)


async def _staff_link(cli: Cli, settings: "Settings", name: str) -> str:
    from bot.knowledge.load import check
    from bot.knowledge.words import fold
    from bot.store.engine import Store
    from bot.web import whereabouts
    from bot.web.auth import Auth

    require_brand(settings.home)
    checked = await asyncio.to_thread(check, settings.home)
    if checked.knowledge is None:
        show_problems(cli, settings.home)
        raise typer.Exit(1)
    people = checked.knowledge.staff.people.values()
    found = [person for person in people if fold(name) in (fold(person.id), fold(person.name))]
    if not found:
        raise StartupError(
            f"{name} is not of the team",
            where="config/team.yml",
            remedy=f"Of the team are: {', '.join(f'{person.id} ({person.name})' for person in people)}",
        )
    async with Store.open(settings.database) as store:
        auth = Auth(store, is_staff=lambda _: True)
        path = await auth.new_link(found[0].name)
    listening = whereabouts.find(settings.data) or f"http://{settings.web_host}:{settings.web_port}"
    return (settings.web_public_url.rstrip("/") or listening) + path
