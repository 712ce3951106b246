"""Folders of members' data are their owner's alone, and so are those that have to be made above them."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bot.folders import make_private
from bot.store.engine import reserve
from bot.store.filestore import FileStore
from nlu.model import Example
from nlu.train import _prepare

Make = Callable[[Path], object]


@pytest.fixture(autouse=True)
def usual_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize(
    "make",
    [
        make_private,
        lambda folder: reserve(folder / "vocero.db"),
        lambda folder: FileStore(folder / "files").write(b"a picture"),
        lambda folder: _prepare([Example("hola", "hello", "es", "")], folder / "models", "v", 0),
    ],
    ids=["folder", "database", "files", "models"],
)
def test_each_folder_that_is_made_is_closed_to_others(tmp_path: Path, make: Make) -> None:
    make(tmp_path / "data" / "demo")

    made = [path for path in (tmp_path / "data", *(tmp_path / "data").rglob("*")) if path.is_dir()]
    assert len(made) >= 2
    assert {path: mode(path) for path in made} == dict.fromkeys(made, 0o700)


def test_a_folder_that_somebody_made_keeps_its_rights(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir(mode=0o750)

    make_private(tmp_path / "data" / "demo")
    make_private(tmp_path / "data")

    assert mode(tmp_path / "data") == 0o750


def test_a_file_in_the_way_is_told(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("", encoding="utf-8")

    with pytest.raises(OSError, match="data"):
        make_private(tmp_path / "data")
