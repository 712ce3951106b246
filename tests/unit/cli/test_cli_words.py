"""The command line says the same in Spanish and English, and finds which of them to speak."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest

from bot.cli.words import Words, choose

CODE = Path(__file__).parents[3] / "bot" / "cli"


def holes(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_both_languages_have_the_same_texts() -> None:
    assert Words.load("es").keys == Words.load("en").keys


@pytest.mark.parametrize("key", sorted(Words.load("es").keys))
def test_a_text_is_filled_in_with_the_same_things_in_both_languages(key: str) -> None:
    spanish, english = Words.load("es")(key), Words.load("en")(key)

    assert spanish.strip()
    assert english.strip()
    assert holes(spanish) == holes(english)


def test_every_text_that_the_code_names_exists() -> None:
    known = Words.load("es").keys
    source = "\n".join(path.read_text(encoding="utf-8") for path in CODE.glob("*.py"))
    named = set(re.findall(r"""words\(\s*["']([a-z_.]+)["']""", source))
    counted = set(re.findall(r"""words\.count\(\s*["']([a-z_.]+)["']""", source))

    assert len(named) > 100, "the pattern still finds them"
    assert named - known == set()
    assert {f"{key}.{form}" for key in counted for form in ("one", "many")} - known == set()


@pytest.mark.parametrize(
    ("arguments", "environment", "spoken"),
    [
        ([], {}, "es"),
        (["--lang", "en", "run"], {"VOCERO_LANG": "es"}, "en"),
        (["run", "--lang=en"], {}, "en"),
        ([], {"VOCERO_LANG": "en", "LANG": "es_CL.UTF-8"}, "en"),
        ([], {"LANG": "en_US.UTF-8"}, "en"),
        ([], {"LC_ALL": "es_MX.UTF-8", "LANG": "en_US.UTF-8"}, "es"),
        ([], {"LANG": "pt_BR.UTF-8"}, "es"),
        ([], {"LANG": "C.UTF-8"}, "es"),
        (["ask", "--lang", "pt"], {"LANG": "en_US.UTF-8"}, "en"),
    ],
)
def test_the_language_is_what_was_asked_for_then_the_systems(
    arguments: list[str],
    environment: dict[str, str],
    spoken: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)

    assert choose(arguments, environment) == spoken


def test_the_brands_own_env_file_names_the_language_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("# ajustes\nVOCERO_LANG = 'en'\n", encoding="utf-8")

    assert choose([], {"LANG": "es_CL.UTF-8"}) == "en"
