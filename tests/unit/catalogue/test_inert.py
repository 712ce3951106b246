"""Strangers' words in others' lines: visible, one line where it has to be one, and calling nobody."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.catalogue import inert

HOSTILE = st.text(
    st.one_of(
        st.sampled_from("\x00\x1b\x07\r\n\t\u202e\u2066\u200b\u200d\ufeff\u0301\u0489\ud800@#<>{}|"),
        st.characters(),
    ),
    max_size=200,
)


@given(HOSTILE)
def test_a_name_is_one_visible_line(text: str) -> None:
    name = inert.name(text)
    assert len(name) <= inert.LONGEST_NAME
    assert "\n" not in name
    assert name == name.strip()
    assert not any(
        unicodedata.bidirectional(c) in ("RLO", "LRO", "RLE", "LRE", "RLI", "LRI", "FSI") for c in name
    )
    assert "\x00" not in name
    assert inert.name(name) == name, "what is clean stays as it is"


@given(HOSTILE, st.integers(10, 100))
def test_a_line_has_no_second_line_and_calls_nobody(text: str, most: int) -> None:
    line = inert.line(f"{text} @bruno @everyone", 1_000)
    assert "\n" not in line
    assert "@bruno" not in line
    assert "@everyone" not in line
    assert len(inert.line(text, most)) <= most


@given(HOSTILE)
def test_nothing_steers_a_terminal(text: str) -> None:
    shown = inert.terminal(text)
    assert not any(unicodedata.category(c) in ("Cc", "Cs") for c in shown if c not in "\n\t")


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("Ana María Ñuñoa", "Ana María Ñuñoa"),
        ("Ana\nCaso 9 cerrado", "Ana Caso 9 cerrado"),
        ("\u202egnp.exe", "gnp.exe"),
        ("\u200b\u200b", ""),
        ("   ", ""),
        ("👨\u200d👩\u200d👧 Ana", "👨\u200d👩\u200d👧 Ana"),
        ("สวัสดีค่ะ", "สวัสดีค่ะ"),
        ("A" * 500, "A" * 63 + "…"),
        ("Z" + "\u0301" * 400, "Z" + "\u0301" * 3),
    ],
)
def test_names_as_people_have_them(given: str, name: str) -> None:
    assert inert.name(given) == name


def test_an_address_stays_whole() -> None:
    assert inert.line("escribe a ana@tienda.cl o a @ana", 99).startswith("escribe a ana@tienda.cl o a @")
