"""`vocero privacy`: members' rights for who asks by mail: find them, copy their data, have it erased."""

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.cli import Cli
from bot.cli.help import UsageMistake, no_command
from bot.domain import ContactId

if TYPE_CHECKING:
    from bot.settings import Settings
    from bot.store.export import Export
    from bot.store.people import Person


def add(app: typer.Typer, cli: Cli) -> None:
    """Add the commands."""
    words, output = cli.words, cli.output
    group = cli.app("privacy")

    @group.callback(invoke_without_command=True)
    def start(context: typer.Context) -> None:
        no_command(context)

    folder, number = words("meta.dir"), words("meta.number")
    data_help = words("option.data")

    @group.command("find", help=words("privacy.find.help"), cls=cli.command)
    def find(
        text: Annotated[
            list[str], typer.Argument(metavar=words("meta.text"), help=words("privacy.find.text"))
        ],
        data: Annotated[Path | None, typer.Option("--data", metavar=folder, help=data_help)] = None,
    ) -> None:
        cli.quiet()
        found = asyncio.run(_find(cli.settings(data=data), " ".join(text)))
        if not found:
            output.line(words("privacy.find.none"))
            raise typer.Exit(1)
        heads = [
            words(f"privacy.heads.{name}") for name in ("number", "platform", "id", "user", "name", "last")
        ]
        output.table(
            heads,
            [
                (
                    str(one.contact),
                    words.name("platform", one.platform),
                    one.external_id,
                    one.username,
                    one.name,
                    f"{one.last_at:%Y-%m-%d}" if one.last_at else "",
                )
                for one in found
            ],
            right=[0],
        )

    @group.command("export", help=words("privacy.export.help"), cls=cli.command)
    def export(
        person: Annotated[int, typer.Argument(metavar=number, help=words("privacy.number"))],
        to: Annotated[Path, typer.Argument(metavar=words("meta.file"), help=words("privacy.export.to"))],
        data: Annotated[Path | None, typer.Option("--data", metavar=folder, help=data_help)] = None,
    ) -> None:
        cli.quiet()
        if to.exists():
            raise UsageMistake(words("privacy.export.there", file=to))
        settings = cli.settings(data=data)
        found = asyncio.run(_export(settings, ContactId(person)))
        if found is None:
            raise UsageMistake(words("privacy.unknown", number=person))
        from bot.privacy.exporting import packed
        from bot.store.filestore import FileStore

        content = packed(found, FileStore(settings.files), largest=None)
        assert content is not None
        handle = os.open(to, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with open(handle, "wb") as file:
            file.write(content)
        output.line(words("privacy.export.done", file=to))

    @group.command("erase", help=words("privacy.erase.help"), cls=cli.command)
    def erase(
        person: Annotated[int, typer.Argument(metavar=number, help=words("privacy.number"))],
        yes: Annotated[bool, typer.Option("--yes", help=words("privacy.erase.yes"))] = False,
        data: Annotated[Path | None, typer.Option("--data", metavar=folder, help=data_help)] = None,
    ) -> None:
        cli.quiet()
        settings = cli.settings(data=data)
        found = asyncio.run(_export(settings, ContactId(person)))
        if found is None:
            raise UsageMistake(words("privacy.unknown", number=person))
        said = sum(len(one["messages"]) for one in found.document["conversations"])
        name = found.document["person"]["display_name"] or "—"
        if not yes and not cli.confirm(words("privacy.erase.ask", name=name, count=said)):
            raise typer.Exit(1)
        asyncio.run(_erase(settings, ContactId(person)))
        output.line(words("privacy.erase.done"))

    app.add_typer(group)


async def _find(settings: "Settings", text: str) -> "list[Person]":
    from bot.store import people
    from bot.store.engine import Store

    async with Store.open(settings.database) as store:
        return await store.read(lambda c: people.find(c, text))


async def _export(settings: "Settings", contact: ContactId) -> "Export | None":
    from bot.store.engine import Store
    from bot.store.export import export

    async with Store.open(settings.database) as store:
        return await store.read(lambda c: export(c, contact, datetime.now(UTC)))


async def _erase(settings: "Settings", contact: ContactId) -> None:
    """Ask the running bot for it: only that can take messages off the platforms."""
    from bot.privacy.erasing import request
    from bot.store.engine import Store

    async with Store.open(settings.database) as store:
        await store.write(lambda c: request(c, contact, datetime.now(UTC), by="admin"))
