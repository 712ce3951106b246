"""How many emoji a text keeps."""

from __future__ import annotations

import pytest

from bot.catalogue.emoji import count, keep


@pytest.mark.parametrize(
    ("text", "none", "few"),
    [
        ("¡De nada! 😊", "¡De nada!", "¡De nada! 😊"),
        ("¡Listo! 🎉 Gracias 💛.", "¡Listo! Gracias.", "¡Listo! 🎉 Gracias."),
        ("👋 Hola", "Hola", "👋 Hola"),
        ("Familia 👩‍👩‍👧 y 👍🏽", "Familia y", "Familia 👩‍👩‍👧 y"),
        ("Chile 🇨🇱🇧🇷", "Chile", "Chile 🇨🇱"),
        ("Te queremos ❤️!", "Te queremos!", "Te queremos ❤️!"),
        ("Paso 1️⃣: abre", "Paso: abre", "Paso 1️⃣: abre"),
        ("Uno 😊\nDos 😊\nTres", "Uno\nDos\nTres", "Uno 😊\nDos\nTres"),
        ("Sin nada: 10 % © ® ™ → #1 *", "Sin nada: 10 % © ® ™ → #1 *", "Sin nada: 10 % © ® ™ → #1 *"),
    ],
)
def test_none_takes_all_and_few_leaves_the_first(text: str, none: str, few: str) -> None:
    assert keep(text, "none") == none
    assert keep(text, "few") == few
    assert keep(text, "free") == text


def test_joined_emoji_count_once() -> None:
    assert count("👩‍👩‍👧 👍🏽 🇨🇱 1️⃣ texto") == 4
