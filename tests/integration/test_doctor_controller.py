"""The doctor tells that members would be told of a controller who does not exist."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.cli.init import starter
from bot.doctor import disk
from bot.settings import read

ROOT = Path(__file__).parents[2]


@pytest.fixture(params=["es", "en"])
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A brand as `vocero init` makes it."""
    for name, content in starter(request.param):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    return tmp_path


def found(home: Path) -> list[str]:
    return [finding.check for finding in disk.controller(read(home=home))]


def test_the_sample_is_told_until_both_its_lines_are_changed(home: Path) -> None:
    file = home / "config" / "privacy.yml"
    assert found(home) == ["privacy_sample"]

    text = file.read_text(encoding="utf-8")
    for sample in ("Mi Marca", "My Brand"):
        text = text.replace(sample, "Café Nube SpA")
    file.write_text(text, encoding="utf-8")
    assert found(home) == ["privacy_sample"]

    for sample in ("privacidad@mimarca.example", "privacy@mybrand.example"):
        text = text.replace(sample, "datos@cafenube.cl")
    file.write_text(text, encoding="utf-8")
    assert found(home) == []


def test_the_demo_brand_says_itself_that_it_is_fictitious() -> None:
    assert found(ROOT) == []
