"""`vocero db`: the database's schema, copies of it, and putting one back."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.cli import Cli
from bot.cli.help import no_command
from bot.errors import StoreError

BACKUP = "pg_dump --format=custom --file=FILE postgresql://USER@HOST/DATABASE"
RESTORE = (
    "Stop the bot, then: pg_restore --clean --if-exists --no-owner --single-transaction"
    " --dbname=postgresql://USER@HOST/DATABASE FILE"
)


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

        made = copy(_file(cli.settings(data=data).database, BACKUP), to)
        output.line(words("db.backup.done", file=made))

    @group.command("restore", help=words("db.restore.help"), cls=cli.command)
    def restore(
        source: Annotated[Path, typer.Argument(metavar=file, help=words("db.restore.source"))],
        data: Annotated[Path | None, typer.Option("--data", metavar=folder, help=data_help)] = None,
    ) -> None:
        cli.quiet()
        from bot.store.backup import restore as put_back

        database = _file(cli.settings(data=data).database, RESTORE)
        kept = put_back(source, database)
        output.line(words("db.restore.done", source=source, database=database))
        if kept is not None:
            output.line(words("db.restore.kept", file=kept))

    @group.command("copy", help=words("db.copy.help"), cls=cli.command)
    def copy(
        source: Annotated[str, typer.Argument(metavar=words("meta.address"), help=words("db.copy.source"))],
        target: Annotated[
            str | None, typer.Argument(metavar=words("meta.address"), help=words("db.copy.target"))
        ] = None,
    ) -> None:
        cli.quiet()
        target = target or cli.settings().database
        from bot.store.copy import copy as move
        from bot.store.engine import parse_url, shown

        counted: dict[str, int] = {}
        with ExitStack() as stack:

            def tell(table: str, done: int, total: int) -> None:
                if done == 0:
                    stack.close()
                    counted["bar"] = 0
                    bar[0] = stack.enter_context(output.progress(table, total))
                bar[0](done - counted["bar"])
                counted["bar"] = done

            bar: list[Callable[[int], None]] = [lambda done: None]
            counts = move(_address(source), _address(target), tell)
        output.table(
            (words("db.copy.table"), words("db.copy.rows")),
            [(name, str(count)) for name, count in counts.items()],
            right=(1,),
        )
        output.line(words("db.copy.done", rows=sum(counts.values())))
        said = "db.copy.next" if parse_url(_address(target)).password else "db.copy.next_open"
        output.line(words(said, target=shown(_address(target))))

    app.add_typer(group)


def _file(address: str, instead: str) -> Path:
    """The file of a SQLite database; a server has better tools of its own."""
    from bot.store.engine import database_path, parse_url

    if parse_url(address).get_backend_name() != "sqlite":
        raise StoreError("the database is a server's, which has its own programs for this", remedy=instead)
    return database_path(address)


def _address(given: str) -> str:
    """A database's address; a file's name stands for a SQLite database."""
    return given if "://" in given else f"sqlite:///{given}"
