"""The READMEs' tables are in the READMEs' languages, with the same figures."""

from __future__ import annotations

import re
from typing import Any

from bench import corridor, growth
from bench.__main__ import COLUMNS, table

MEASURED: dict[str, Any] = {
    "machine": {"processor": "CPU", "cores": 2, "python": "3.11"},
    "turns": 3,
    "pace_per_second": 100,
}
BOT = dict(zip(COLUMNS, (700.5, 1.4, 5.0, 81.1, 165.3, 1.28), strict=True))
CORRIDOR = MEASURED | {
    "bots": {"echo": BOT, "vocero": BOT, corridor.ON_POSTGRES: BOT},
    "ratio_per_second": 0.56,
    "ratio_per_second_postgresql": 0.31,
    "cold_start_s": 4.6,
}
GROWTH = MEASURED | {"costs": [BOT | {"database": "sqlite", "messages": 10_000}]}
ENGLISH = re.compile(r"messages|memory|start|database|stored|every|runs|\bmedian\b|cores|Ratio| on |bare")


def test_spanish_has_no_english_words() -> None:
    for text in (table(CORRIDOR, "es"), growth.table(GROWTH, "es")):
        assert not ENGLISH.search(text), text
        assert "mensajes/s" in text
    assert "Arranque en frío: 4.6 s" in table(CORRIDOR, "es")
    assert "10.000" in growth.table(GROWTH, "es")


def test_both_languages_have_the_same_figures_and_columns() -> None:
    assert "Cold start: 4.6 s" in table(CORRIDOR, "en")
    assert "10,000" in growth.table(GROWTH, "en")
    for spanish, english in (
        (table(CORRIDOR, "es"), table(CORRIDOR, "en")),
        (growth.table(GROWTH, "es").replace("10.000", "10,000"), growth.table(GROWTH, "en")),
    ):
        assert re.findall(r"[\d.,]+\d", spanish) == re.findall(r"[\d.,]+\d", english)
        assert spanish.count("|") == english.count("|")
