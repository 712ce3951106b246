"""`vocero init`: a folder to start from, with Telegram tried before anything depends on it."""

import asyncio
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.cli import Cli
from bot.cli.help import UsageMistake
from bot.cli.words import LANGUAGES, Words
from bot.errors import StartupError

STARTER = Path(__file__).parent / "starter"
TRIES = 3
"""Times that a token may be typed before we go on without one."""
WAIT = 10.0
"""Seconds that Telegram has to answer."""

_CHAT = re.compile(r"-?\d{1,20}|@\w{4,32}")


def add(app: typer.Typer, cli: Cli) -> None:
    """Add the command."""
    words = cli.words

    @app.command("init", help=words("init.help"), cls=cli.command)
    def init(
        folder: Annotated[Path, typer.Argument(metavar=words("meta.dir"), help=words("init.dir"))] = Path(),
        lang: Annotated[str | None, typer.Option("--lang", metavar="es|en", help=words("init.lang"))] = None,
        no_input: Annotated[bool, typer.Option("--no-input", help=words("init.no_input"))] = False,
        force: Annotated[bool, typer.Option("--force", help=words("init.force"))] = False,
    ) -> None:
        spoken = cli.language("--lang", lang, LANGUAGES) or words.lang
        cli.quiet()
        if folder.exists() and not folder.is_dir():
            raise UsageMistake(words("init.no_folder", path=folder))
        try:
            _write_starter(cli, folder, spoken, force=force)
            _write_env(cli, folder, spoken, asks=not no_input, force=force)
        except OSError as error:
            raise StartupError(
                f"the folder cannot be written: {error.strerror}",
                where=str(error.filename or folder),
                remedy="Choose another folder, or give this user the right to write there.",
            ) from error
        _tell_next(cli, folder)


def starter(lang: str) -> Iterator[tuple[str, bytes]]:
    """The files of a new brand in a language: relative path and content."""
    root = STARTER / lang
    for path in sorted(root.rglob("*")):
        if path.is_file():
            yield path.relative_to(root).as_posix(), path.read_bytes()


def _write_starter(cli: Cli, folder: Path, lang: str, *, force: bool) -> None:
    for name, content in starter(lang):
        target = folder / name
        there = target.exists()
        if there and not force:
            cli.output.line(cli.words("init.kept", path=target))
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        cli.output.line(cli.words("init.replaced" if there else "init.wrote", path=target))


def _write_env(cli: Cli, folder: Path, lang: str, *, asks: bool, force: bool) -> None:
    target = folder / ".env"
    if target.exists() and not force:
        cli.output.line(cli.words("init.kept", path=target))
        return
    token = _ask_token(cli) if asks else ""
    chat = _ask_chat(cli) if asks and token else ""
    text = Words.load(lang)("init.env", lang=lang, token=token, chat=chat)
    partial = folder / ".env.partial"
    partial.unlink(missing_ok=True)
    handle = os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with open(handle, "w", encoding="utf-8") as file:
        file.write(text.lstrip("\n"))
    os.replace(partial, target)
    cli.output.line(cli.words("init.wrote_secret", path=target))


def _ask_token(cli: Cli) -> str:
    """A token that Telegram knows, or that could not be tried; '' for none."""
    words, output = cli.words, cli.output
    output.line()
    output.line(words("init.telegram"))
    for _ in range(TRIES):
        token = str(
            typer.prompt(words("init.token"), default="", show_default=False, hide_input=True)
        ).strip()
        if not token:
            output.line(words("init.no_token"))
            return ""
        tried = asyncio.run(try_token(cli.settings().telegram_base_url, token))
        if tried.name:
            output.line(words("init.token_works", name=tried.name))
            return token
        if not tried.refused:
            output.line(words("init.token_untried", problem=tried.problem))
            return token
        output.line(words("init.token_wrong"))
    output.line(words("init.no_token"))
    return ""


def _ask_chat(cli: Cli) -> str:
    words, output = cli.words, cli.output
    output.line(words("init.staff"))
    for _ in range(TRIES):
        chat = str(typer.prompt(words("init.chat"), default="", show_default=False)).strip()
        if not chat or _CHAT.fullmatch(chat):
            return chat
        output.line(words("init.chat_wrong"))
    return ""


@dataclass(frozen=True, slots=True)
class Tried:
    """What Telegram said to a token: the bot's name, or that it refused, or why it could not be asked."""

    name: str = ""
    refused: bool = False
    problem: str = ""


async def try_token(base_url: str, token: str) -> Tried:
    """Ask a Bot API server whose token this is; the token appears in nothing that is returned.

    https://core.telegram.org/bots/api#getme
    """
    import aiohttp

    if not re.fullmatch(r"[0-9]+:[A-Za-z0-9_-]+", token):
        return Tried(refused=True)
    try:
        timeout = aiohttp.ClientTimeout(total=WAIT)
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(f"{base_url}{token}/getMe") as answer,
        ):
            if answer.status in (401, 404):
                return Tried(refused=True)
            document = await answer.json(content_type=None)
            return Tried(name=f"@{document['result']['username']}")
    except TimeoutError:
        return Tried(problem="timeout")
    except (aiohttp.ClientError, ValueError, KeyError, TypeError) as error:
        return Tried(problem=type(error).__name__)


def _tell_next(cli: Cli, folder: Path) -> None:
    words, output = cli.words, cli.output
    output.line()
    output.title(words("init.ready"))
    if folder.resolve() != Path.cwd():
        output.line(f"  cd {folder}")
    output.line(words("init.next"))
