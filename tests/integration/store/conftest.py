"""A fresh database for each test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.store.engine import Store


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "vocero.db"


@pytest.fixture
def url(path: Path) -> str:
    return f"sqlite:///{path}"


@pytest.fixture
async def store(url: str) -> AsyncIterator[Store]:
    await Store.create(url)
    async with Store.open(url) as store:
        yield store
