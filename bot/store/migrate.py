"""Changes of the schema by Alembic; for the command line, never for serving."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from bot.errors import StoreError
from bot.store.engine import database_path, on_server, parse_url, reserve, sqlite_engine
from bot.store.lock import hold
from bot.store.tables import metadata
from bot.store.writer import store_error

T = TypeVar("T")


def upgrade(url: str, revision: str = "head") -> None:
    """Bring the database to `revision`, making it if there is none; all steps or none.

    StartupError while another process runs on it; StoreError for a revision that doesn't exist.
    """
    _move(url, command.upgrade, revision)


def downgrade(url: str, revision: str) -> None:
    """Bring the database back to `revision`; 'base' is the empty database, and loses everything."""
    _move(url, command.downgrade, revision)


def check(url: str) -> list[str]:
    """What stands between the database and this version of Vocero, a line each; empty if nothing does."""
    config = _config()
    scripts = ScriptDirectory.from_config(config)

    def look(connection: Connection) -> list[str]:
        context = MigrationContext.configure(connection)
        here = context.get_current_revision()
        if here is not None and here not in {script.revision for script in scripts.walk_revisions()}:
            return [f"unknown revision {here}: the database is newer than this version of Vocero"]
        pending = [script.revision for script in scripts.iterate_revisions("head", here or "base")]
        if pending:
            return [f"pending revision {revision}" for revision in reversed(pending)]
        return [_in_words(difference) for difference in compare_metadata(context, metadata)]

    return _connected(url, look)


def head() -> str:
    """The newest revision among the migrations."""
    return ScriptDirectory.from_config(_config()).get_current_head() or ""


def _move(url: str, action: Callable[[Config, str], None], revision: str) -> None:
    def work(connection: Connection) -> None:
        config = _config()
        config.attributes["connection"] = connection
        try:
            action(config, revision)
        except CommandError as error:
            raise StoreError(f"the schema cannot be changed: {error}") from error
        if (
            connection.dialect.name == "sqlite"
            and connection.exec_driver_sql("PRAGMA foreign_key_check").first()
        ):
            raise StoreError("the change would leave rows that refer to nothing; nothing was changed")

    if parse_url(url).get_backend_name() == "sqlite":
        with hold(database_path(url)):
            reserve(database_path(url))
            _connected(url, work)
    else:
        _connected(url, work, hold_server=True)


def _connected(url: str, work: Callable[[Connection], T], *, hold_server: bool = False) -> T:
    target = parse_url(url)
    if target.get_backend_name() != "sqlite":
        return asyncio.run(on_server(target, work, hold=hold_server))
    path = database_path(url)
    if not path.is_file():
        raise StoreError("there is no database", where=str(path), remedy="Create it: vocero db upgrade")
    # Without foreign keys: making a table anew would otherwise delete the rows that refer to it.
    engine = sqlite_engine(path, foreign_keys=False)
    try:
        with engine.begin() as connection:
            return work(connection)
    except DBAPIError as error:
        raise store_error(error) from error
    finally:
        engine.dispose()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


def _in_words(difference: Any) -> str:
    """A difference as Alembic gives it (a tuple, or a list of tuples about one column), as one line."""
    if isinstance(difference, list):
        return "; ".join(_in_words(part) for part in difference)
    verb, *things = difference
    return f"{verb.replace('_', ' ')}: " + ", ".join(
        str(getattr(thing, "name", None) or thing) for thing in things if thing is not None
    )
