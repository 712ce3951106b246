"""Who says to be a child is heard; who speaks of years, children or experience is not taken for one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation.minors import stated_age


@pytest.mark.parametrize(
    ("text", "age"),
    [
        ("tengo 12 años", 12),
        ("hola tengo 11 años y quiero comprar un cuaderno", 11),
        ("Tengo doce años!!", 12),
        ("tengo 12 anos", 12),
        ("tengo solo 10 añitos", 10),
        ("tengo 13 años y medio", 13),
        ("TENGO 9 AÑOS", 9),
        ("si tengo 12 años puedo comprar?", 12),
        ("tengo 12 años de edad", 12),
        ("hoy cumplo 12 años", 12),
        ("acabo de cumplir 11 años, ¿puedo participar?", 11),
        ("soy una niña de 10 años", 10),
        ("soy un chico de 13 y me gusta el café", 13),
        ("mi edad es 12", 12),
        ("quiero registrarme\ntengo 12 años\ngracias", 12),
        ("soy menor de edad", 17),
        ("tengo 41 años", 41),
        ("i'm 11", 11),
        ("im 12 and i want to order", 12),
        ("I’m 11 years old", 11),
        ("i am only 10, can i buy this?", 10),
        ("I'm a 12-year-old", 12),
        ("as a 12 year old can i join", 12),
        ("my age is 9", 9),
        ("i just turned 12", 12),
        ("i'm eleven", 11),
        ("i'm a minor", 17),
        ("i'm 35 years old", 35),
        ("tenho 10 anos", 10),
        ("oi, tenho dez anos e quero comprar", 10),
        ("fiz 12 anos", 12),
        ("sou uma menina de 11 anos", 11),
        ("minha idade é 13", 13),
        ("sou menor de idade", 17),
    ],
)
def test_an_age_of_ones_own_is_heard(text: str, age: int) -> None:
    assert stated_age(text) == age


@pytest.mark.parametrize(
    "text",
    [
        "mi hijo tiene 8 años",
        "tengo un hijo de 8 años",
        "tengo 2 hijos de 8 y 10 años",
        "tengo una gata de 12 años",
        "es para mi hija de 11 años",
        "compré hace 12 años",
        "hace 12 años que soy cliente",
        "tengo 12 años trabajando con ustedes",
        "tengo 10 años comprando aquí",
        "tengo 12 años de experiencia",
        "tengo 12 años de cliente",
        "tengo 12 años como cliente",
        "tengo 8 años en la comunidad",
        "tengo 12 años y 3 meses de antigüedad",
        "tengo 15 años y contando con ustedes",
        "no tengo 12 años",
        "cuando tenía 12 años",
        "la tienda cumple 12 años",
        "cumplo 10 años con ustedes",
        "tengo 12 pedidos",
        "tengo 12",
        "tengo 1 año",
        "no soy menor de edad",
        "mi hijo es menor de edad",
        "my son is 8 years old",
        "i have a 10 year old daughter",
        "i'm 10 minutes away",
        "i'm 12 weeks pregnant",
        "i'm 5 days into my plan",
        "i'm not 12",
        "i have 12 years of experience",
        "i've been a customer for 12 years",
        "i am a 12 year old company",
        "i'm 100% sure",
        "meu filho tem 8 anos",
        "minha filha de 9 anos",
        "há 12 anos",
        "tenho 12 anos de casa",
        "tenho 10 anos trabalhando com vocês",
        "não tenho 12 anos",
        "para niños de 12 años?",
        "¿desde qué edad puedo comprar?",
        "",
    ],
)
def test_years_of_anything_else_are_not(text: str) -> None:
    assert stated_age(text) is None


@given(st.text() | st.text("tengo 12añosim'y ", max_size=300))
def test_no_text_is_too_much(text: str) -> None:
    assert stated_age(text) is None or 4 <= stated_age(text) <= 99  # type: ignore[operator]  # both are asked
