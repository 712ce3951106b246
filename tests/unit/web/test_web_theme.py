"""Whatever colour a brand has, its pages can be read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.web.theme import AA, DARK_SURFACE, LIGHT_SURFACE, NEUTRAL, contrast, ink, legible, stylesheet

colors = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


def test_contrast_is_what_the_standard_says() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@given(colors)
def test_every_colour_becomes_legible_on_every_surface(color: str) -> None:
    for surface in (LIGHT_SURFACE, DARK_SURFACE):
        accent = legible(color, surface)
        assert contrast(accent, surface) >= AA
        assert contrast(ink(accent), accent) >= AA


def test_a_legible_colour_is_left_alone() -> None:
    assert legible("#003366", LIGHT_SURFACE) == "#003366"


@pytest.mark.parametrize("bad", ["", "red", "#12345", "#1234567", "#000000}body{display:none", "url(x)"])
def test_what_is_no_colour_gives_the_neutral_one(bad: str) -> None:
    assert stylesheet(bad) == stylesheet(NEUTRAL)
    assert "body" not in stylesheet(bad)
