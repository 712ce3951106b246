"""Filling marks, and leaving out a name that is not known."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.catalogue.template import fill, has_stray_braces, placeholders


@pytest.mark.parametrize(
    ("text", "without_name"),
    [
        ("Hola, {{ name }}.", "Hola."),
        ("¡Hola, {{ name }}!", "¡Hola!"),
        ("¡Hola {{name}}!", "¡Hola!"),
        ("Hola {{ name }}, ¿cómo va?", "Hola, ¿cómo va?"),
        ("Hola, {{ name }}, te cuento:", "Hola, te cuento:"),
        ("{{ name }}, tu pedido va en camino.", "Tu pedido va en camino."),
        ("¡{{ name }}, qué gusto!", "¡Qué gusto!"),
        ("{{ name }}: ¿qué necesitas?", "¿Qué necesitas?"),
        ("Listo. {{ name }}, ya está.", "Listo. Ya está."),
        ("Gracias por avisar, {{ name }}", "Gracias por avisar"),
        ("Uno.\n{{ name }}, dos.", "Uno.\nDos."),
        ("Uno,\n{{ name }}, dos.", "Uno,\nDos."),
        ("{{ name }}", ""),
    ],
)
def test_an_unknown_name_leaves_no_trace(text: str, without_name: str) -> None:
    assert fill(text, {}) == without_name
    assert fill(text, {"name": "  "}) == without_name


def test_a_known_name_and_facts_are_put_in() -> None:
    text = "Hola, {{ name }}: el envío cuesta {{envio.precio}} y {{  envio.precio  }}."

    assert (
        fill(text, {"name": "Ana", "envio.precio": "$3.990"}) == "Hola, Ana: el envío cuesta $3.990 y $3.990."
    )


def test_a_mark_without_a_value_is_an_error() -> None:
    with pytest.raises(KeyError, match=r"envio\.precio"):
        fill("Cuesta {{ envio.precio }}", {"name": "Ana"})


@given(st.text(), st.text(), st.text(min_size=1).filter(str.strip))
def test_a_value_goes_in_as_it_is(before: str, after: str, value: str) -> None:
    before, after = (part.replace("{", "").replace("}", "") for part in (before, after))

    assert fill(f"{before}{{{{ name }}}}{after}", {"name": value}) == f"{before}{value}{after}"


@given(st.text(alphabet="{} nameñ.\n", max_size=30))
def test_text_without_stray_braces_is_filled_whole(text: str) -> None:
    values = dict.fromkeys(placeholders(text), "x")

    if not has_stray_braces(text):
        assert not set("{}") & set(fill(text, values))


@pytest.mark.parametrize("text", ["{fact}", "{{ fact }", "{{ }}", "{{}}", "a } b", "{{{ fact }}}"])
def test_stray_braces_are_seen(text: str) -> None:
    assert has_stray_braces(text)


def test_the_names_of_marks() -> None:
    assert placeholders("{{ name }} {{envio.precio}} {{ name }}") == {"name", "envio.precio"}
