"""Files that no brand writes: told like any mistake, and never the end of the bot."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bot.knowledge.load import check

BROKEN = Path(__file__).parents[2] / "broken"


@pytest.fixture
def brand(tmp_path: Path) -> Path:
    """A copy of the sound brand."""
    return Path(shutil.copytree(BROKEN / "_base", tmp_path / "brand"))


def rules(brand: Path) -> set[str]:
    checked = check(brand)
    assert checked.knowledge is None
    return {problem.rule.id for problem in checked.problems}


def test_words_one_inside_the_other_without_end(brand: Path) -> None:
    rows = (f"{' ' * depth}w{depth}:" for depth in range(1200))
    (brand / "faq" / "facts.yml").write_text("\n".join(rows))

    assert "muy-adentro" in rules(brand)


def test_a_file_without_measure(brand: Path) -> None:
    (brand / "faq" / "facts.yml").write_text("# x\n" * 500_000)

    assert "archivo-grande" in rules(brand)


def test_a_link_to_what_is_no_file(brand: Path) -> None:
    (brand / "faq" / "facts.yml").unlink()
    (brand / "faq" / "facts.yml").symlink_to("/dev/zero")

    assert "no-se-lee" in rules(brand)
