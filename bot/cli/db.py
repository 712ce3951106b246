"""`vocero db`: the database's schema, copies of it, and putting one back."""

from pathlib import Path
from typing import Annotated

import typer

from bot.cli.cli import Cli
from bot.cli.help import no_command


def add(app: typer.Typer, cli: Cli) -> None:
    """Add the commands."""
    words, output = cli.words, cli.output
    group = cli.app("db")

    @group.callback(invoke_without_command=True)
    def start(context: typer.Context) -> None:
        no_command(context)

    data_help, folder, file = words("option.data"), words("meta.dir"), words("meta.file")

    @group.command("upgrade", help=words("db.upgrade.help"), cls=cli.command)
    def upgrade(
        data: Annotated[Path | None, typer.Option("--data", metavar=folder, help=data_help)] = None,
    ) -> None:
        cli.quiet()
        from bot.store import migrate

        migrate.upgrade(cli.settings(data=data).database)
        output.line(words("db.upgrade.done", revision=migrate.head()))

    @group.command("check", help=words("db.check.help"), cls=cli.command)
    def check(
        data: Annotated[Path | None, typer.Option("--data", metavar=folder, help=data_help)] = None,
    ) -> None:
        cli.quiet()
        from bot.store import migrate

        found = migrate.check(cli.settings(data=data).database)
        for line in found:
            output.line(line)
        output.line(words("db.check.old") if found else words("db.check.fine", revision=migrate.head()))
        raise typer.Exit(1 if found else 0)

    @group.command("backup", help=words("db.backup.help"), cls=cli.command)
    def backup(
        to: Annotated[Path, typer.Argument(metavar=file, help=words("db.backup.to"))],
        data: Annotated[Path | None, typer.Option("--data", metavar=folder, help=data_help)] = None,
    ) -> None:
        cli.quiet()
        from bot.store.backup import backup as copy
        from bot.store.engine import database_path

        made = copy(database_path(cli.settings(data=data).database), to)
        output.line(words("db.backup.done", file=made))

    @group.command("restore", help=words("db.restore.help"), cls=cli.command)
    def restore(
        source: Annotated[Path, typer.Argument(metavar=file, help=words("db.restore.source"))],
        data: Annotated[Path | None, typer.Option("--data", metavar=folder, help=data_help)] = None,
    ) -> None:
        cli.quiet()
        from bot.store.backup import restore as put_back
        from bot.store.engine import database_path

        database = database_path(cli.settings(data=data).database)
        kept = put_back(source, database)
        output.line(words("db.restore.done", source=source, database=database))
        if kept is not None:
            output.line(words("db.restore.kept", file=kept))

    app.add_typer(group)
