"""Facts and the member's name go into an answer, and nothing else happens to it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.knowledge.template import facts_used, fill

FACTS = {"envio.precio": "$3.990", "envio.plazo": "2 a 4 días", "horario": "09:00-18:00"}
PROSE = st.text(st.characters(exclude_characters="{}", exclude_categories=["Cs"]), max_size=30)
VALUES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12).filter(str.strip)


@pytest.mark.parametrize(
    ("template", "with_name", "without"),
    [
        ("¡Hola, {{ name }}! Te cuento.", "¡Hola, Ana! Te cuento.", "¡Hola! Te cuento."),
        ("¡Hola {{ name }}! Te cuento.", "¡Hola Ana! Te cuento.", "¡Hola! Te cuento."),
        ("{{ name }}, te cuento", "Ana, te cuento", "Te cuento"),
        ("{{name}}: el envío es gratis.", "Ana: el envío es gratis.", "El envío es gratis."),
        ("Hola, {{ name }}, te cuento.", "Hola, Ana, te cuento.", "Hola, te cuento."),
        (
            "Es tarifa pareja, {{ name }}: da lo mismo.",
            "Es tarifa pareja, Ana: da lo mismo.",
            "Es tarifa pareja: da lo mismo.",
        ),
        ("Listo. {{ name }}, ya va.", "Listo. Ana, ya va.", "Listo. Ya va."),
        ("Primero.\n\n{{ name }}, después.", "Primero.\n\nAna, después.", "Primero.\n\nDespués."),
        ("¿{{ name }}, te ayudo?", "¿Ana, te ayudo?", "¿Te ayudo?"),
        ("¡{{ name }}! Qué bueno.", "¡Ana! Qué bueno.", "Qué bueno."),
        ("**{{ name }}**, te cuento", "**Ana**, te cuento", "Te cuento"),
        ("Gracias, **{{ name }}**.", "Gracias, **Ana**.", "Gracias."),
        ("- {{ name }}, va.", "- Ana, va.", "- Va."),
        ("Te ayudo, {{ name }}", "Te ayudo, Ana", "Te ayudo"),
        ("{{ name }}, éxito", "Ana, éxito", "Éxito"),
    ],
)
def test_an_unknown_name_takes_its_vocative_along(template: str, with_name: str, without: str) -> None:
    assert fill(template, {}, "Ana") == with_name
    assert fill(template, {}, "") == without


def test_facts_are_filled_in_however_the_braces_are_spaced() -> None:
    text = "Cuesta {{envio.precio}} y llega en {{  envio.plazo\u00a0}}."

    assert facts_used(text) == {"envio.precio", "envio.plazo"}
    assert fill(text, FACTS, "") == "Cuesta $3.990 y llega en 2 a 4 días."


def test_a_fact_that_is_not_there_is_an_error() -> None:
    with pytest.raises(KeyError, match="otro"):
        fill("{{ otro }}", FACTS, "Ana")


def test_what_is_filled_in_is_never_read_as_a_template() -> None:
    assert fill("{{ name }}: {{ horario }}", FACTS, "{{ horario }}") == "{{ horario }}: 09:00-18:00"
    assert fill("{{ a }}", {"a": "{{ name }} \\1 {% x %}"}, "Ana") == "{{ name }} \\1 {% x %}"


@given(PROSE)
def test_a_text_without_braces_stays_as_it_is(text: str) -> None:
    for name in ("", "Ana"):
        assert fill(text, {}, name) == text


@given(st.lists(st.tuples(PROSE, st.sampled_from([*FACTS, "name"]))), PROSE, VALUES)
def test_filling_puts_each_value_in_its_place(parts: list[tuple[str, str]], last: str, name: str) -> None:
    template = "".join(f"{prose}{{{{ {slot} }}}}" for prose, slot in parts) + last
    values = FACTS | {"name": name}

    assert facts_used(template) == {slot for _, slot in parts} - {"name"}
    assert fill(template, FACTS, name) == "".join(prose + values[slot] for prose, slot in parts) + last


@given(st.lists(st.tuples(PROSE, st.sampled_from([*FACTS, "name"]))), PROSE)
def test_without_a_name_nothing_but_the_vocative_goes(parts: list[tuple[str, str]], last: str) -> None:
    template = "".join(f"{prose}{{{{ {slot} }}}}" for prose, slot in parts) + last

    filled = fill(template, FACTS, "")

    assert "{{ name }}" not in filled
    kept = re.sub(r"[\W_]", "", "".join(p + FACTS.get(s, "") for p, s in parts) + last)
    assert re.sub(r"[\W_]", "", filled).casefold() == kept.casefold()
