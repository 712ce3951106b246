"""What `vocero init` writes is sound from the first minute."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from bot.cli.init import starter
from bot.knowledge.load import check
from bot.knowledge.words import CANONICAL


def written(lang: str, to: Path) -> Path:
    for name, content in starter(lang):
        path = to / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return to


@pytest.mark.parametrize("lang", ["es", "en"])
def test_a_starter_has_no_problems_at_all(lang: str, tmp_path: Path) -> None:
    checked = check(written(lang, tmp_path), today=date(2026, 12, 1))

    assert [problem.render("en") for problem in checked.problems] == []
    assert checked.knowledge is not None
    assert checked.knowledge.brand.languages == (lang,)
    assert len(checked.knowledge.topics) in (2, 3)
    assert checked.knowledge.facts
    assert {case.expected for case in checked.knowledge.cases} >= set(checked.knowledge.entries)


def test_the_spanish_starter_speaks_spanish_to_its_editor() -> None:
    english = set(CANONICAL.values())
    keys = {
        line.split(":")[0].strip(" -")
        for name, content in starter("es")
        if name.endswith(".yml")
        for line in content.decode().splitlines()
        if ":" in line and not line.lstrip().startswith("#")
    }

    assert keys & english == set()
    assert keys & set(CANONICAL) >= {"preguntas", "respuesta", "respuestas", "equipo", "personas", "idiomas"}
