"""Every folder of tests/broken is the sound brand of `_base` with one mistake, and what its editor hears."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest

from bot.knowledge.load import check
from bot.knowledge.rules import RULES

BROKEN = Path(__file__).parents[2] / "broken"
TODAY = date(2026, 6, 15)
MISTAKES = sorted(folder.name for folder in BROKEN.iterdir() if folder.is_dir() and folder.name != "_base")
GUARDS = {"no-se-entiende", "se-lee-distinto"}
"""Rules that only a stumble unknown to the line scan can break; test_knowledge_read asks them directly."""

ELSEWHERE = {"archivo-grande", "falta-archivo", "muy-adentro", "imagen-grande", "no-se-lee", "sin-temas"}
"""Rules about what no folder can hold: absence, size and permission; test_knowledge_load breaks them."""

EDITS = {"sin-redaccion", "sin-idioma"}
"""Rules of changes, not of files; test_knowledge_edit breaks them."""


@pytest.fixture
def brand(tmp_path: Path) -> Path:
    """A copy of the sound brand."""
    return Path(shutil.copytree(BROKEN / "_base", tmp_path / "brand"))


def test_the_sound_brand_has_no_problem(brand: Path) -> None:
    checked = check(brand, today=TODAY)

    assert checked.problems == ()
    assert checked.knowledge is not None


@pytest.mark.parametrize("lang", ["es", "en"])
@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_told_with_its_place_and_its_remedy(mistake: str, lang: str, brand: Path) -> None:
    shutil.copytree(BROKEN / mistake, brand, dirs_exist_ok=True, ignore=shutil.ignore_patterns("??.txt"))

    checked = check(brand, today=TODAY)

    told = "".join(f"{problem.level} {problem.render(lang)}\n" for problem in checked.problems)
    assert told == (BROKEN / mistake / f"{lang}.txt").read_text(encoding="utf-8")
    assert checked.problems, "a mistake was silently accepted"
    assert (checked.knowledge is None) == any(problem.level == "error" for problem in checked.problems)


def test_every_rule_has_a_file_that_breaks_it() -> None:
    golden = [BROKEN / mistake / "es.txt" for mistake in MISTAKES]

    broken = {line.split()[2].rstrip(":") for path in golden for line in path.read_text("utf-8").splitlines()}

    assert broken | GUARDS | ELSEWHERE | EDITS == set(RULES)


def test_all_mistakes_of_all_files_are_told_in_one_run(brand: Path) -> None:
    # Given mistakes in three files, one of which could not even be read on
    for mistake in ("value_in_quotes", "not_hours", "answer_without_bar", "hash_eats_value"):
        shutil.copytree(BROKEN / mistake, brand, dirs_exist_ok=True, ignore=shutil.ignore_patterns("??.txt"))

    checked = check(brand, today=TODAY)

    told = [(problem.at.path, problem.rule.id) for problem in checked.problems]
    assert told == [
        ("config/team.yml", "hora-no-valida"),
        ("faq/envios.yml", "falta-barra"),
        ("faq/facts.yml", "numeral"),
    ]


@pytest.mark.parametrize(
    ("lang", "told"),
    [
        ("es", "12 de las 15 entradas no están en «en» (nueva_0, nueva_1, nueva_2…)"),
        ("en", "12 of the 15 entries are not in “en” (nueva_0, nueva_1, nueva_2…)"),
    ],
)
def test_a_language_that_many_entries_lack_is_told_in_one_line(brand: Path, lang: str, told: str) -> None:
    entries = "".join(
        f"  nueva_{n}:\n    title: Nueva {n}\n    questions: |\n      nueva {n}\n    answer: |\n      Sí.\n"
        for n in range(12)
    )
    text = f"topic: mas\nteam: tienda\nen:\n  title: More\nentries:\n{entries}"
    (brand / "faq" / "mas.yml").write_text(text, encoding="utf-8")

    checked = check(brand, today=TODAY)

    [problem] = checked.problems
    assert (str(problem.at), problem.level) == ("config/brand.yml:4:1", "warning")
    assert problem.message(lang).startswith(told)
    assert checked.knowledge is not None


def test_letters_of_an_old_program_are_one_error_however_many_they_are(brand: Path) -> None:
    whole = (brand / "faq" / "tienda.yml").read_text(encoding="utf-8")
    pasted = whole.encode().replace(b"preguntas: |\n", b"preguntas: |\n" + b"      caf\xe9 \xa0 ya\n" * 99)
    (brand / "faq" / "tienda.yml").write_bytes(pasted)

    checked = check(brand, today=TODAY)

    assert [f"{one.at} {one.rule.id}" for one in checked.problems] == ["faq/tienda.yml:10:10 codificacion"]


def test_no_message_uses_the_terms_of_the_file_format() -> None:
    terms = ("yaml", "scalar", "mapping", "sequence", "indent", "clave", " key", "token", "parse", "string")

    for rule in RULES.values():
        for text in (rule.es, rule.en):
            assert not [term for term in terms if term in text.lower()], rule.id
