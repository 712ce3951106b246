"""A small brand, and the `vocero` command as people run it: as a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.cli.init import starter

ROOT = Path(__file__).parents[3]
Vocero = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder that keeps the trained model between tests."""
    return tmp_path_factory.mktemp("data")


def make_brand(home: Path) -> Path:
    """Write the folder of a brand as `vocero init` makes it."""
    for name, content in starter("es"):
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return home


@pytest.fixture
def brand(tmp_path: Path) -> Path:
    """A brand of a test's own, to be changed at will."""
    return make_brand(tmp_path / "marca")


def environment(**more: str) -> dict[str, str]:
    """The environment without anything that would change what the command does."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("VOCERO_", "LC_", "LANG", "NO_COLOR"))
    }
    return kept | {"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", **more}


def command_in(home: Path, data: Path) -> Vocero:
    """The command as it is typed in a folder: `run("ask", "hola", stdin="", VOCERO_X="1")`."""

    def run(
        *arguments: str, stdin: str = "", cwd: Path | None = None, **more: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "bot", *arguments],
            cwd=cwd or home,
            env=environment(**{"VOCERO_DATA": str(data), **more}),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run


@pytest.fixture
def vocero(brand: Path, models: Path) -> Vocero:
    """The command in the test's own brand."""
    return command_in(brand, models)
