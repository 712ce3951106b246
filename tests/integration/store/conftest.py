"""A fresh database for each test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.store.engine import Store
from tests.fakes.databases import databases


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "vocero.db"


@pytest.fixture
def url(path: Path) -> str:
    """A database that is yet to be made."""
    return databases.url(path.parent, empty=True)


@pytest.fixture
async def store(url: str) -> AsyncIterator[Store]:
    await Store.create(url)
    async with Store.open(url) as store:
        yield store
