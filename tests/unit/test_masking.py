"""Personal data is found by its shape wherever people write it, and plain talk is left alone."""

from __future__ import annotations

import io
import json
import logging
import sys

import pytest
import structlog
from hypothesis import example, given
from hypothesis import strategies as st

from bot import logs
from bot.masking import find, mask


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("llámame al +56 9 8765 4321 porfa", "llámame al [phone] porfa"),
        ("(011) 4321-5678 de 9 a 18", "[phone] de 9 a 18"),
        ("whats: 5511987654321", "whats: [phone]"),
        ("escríbeme a ana.perez+x@correo.cl.", "escríbeme a [mail]."),
        ("mi rut es 12.345.678-K", "mi rut es [document]"),
        ("rut 7654321-0, dni 12345678Z", "rut [document], dni [document]"),
        ("nie X1234567L", "nie [document]"),
        ("curp gomc900101hdfrrl09", "curp [document]"),
        ("rfc GOMC900101AB1", "rfc [document]"),
        ("cpf 529.982.247-25", "cpf [document]"),
        ("tarjeta 4111 1111 1111 1111", "tarjeta [card]"),
        ("pagué con 4111111111111111 ayer", "pagué con [card] ayer"),
        ("pedido 1234 no llega", "pedido [order] no llega"),
        ("mi número de pedido es el 20345", "mi número de pedido es el [order]"),
        ("order number 555 please", "order number [order] please"),
        ("PA-20345 y #1234", "[order] y [order]"),
        ("usuario 123456789012345678", "usuario [number]"),
    ],
)
def test_what_is_personal_is_masked(text: str, expected: str) -> None:
    assert mask(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "cuánto cuesta el envío a conce?",
        "tengo 12 años y 3 hijos",
        "cuesta 12.990 pesos, no $1.500",
        "el 2026-12-31 a las 10:30",
        "vence 31/12/2026",
        "2026-11-22T19:07:48.123456Z",
        "127.0.0.1:8080",
        "un pedido de 3 cafés de 250 g",
        "@puduazul en instagram",
        "llega en 24-48 horas",
        "4.096 caracteres",
    ],
)
def test_plain_talk_is_left_alone(text: str) -> None:
    assert mask(text) == text


_ALPHABET = st.text(st.sampled_from("aZñ 0123456789.-@+()#/:\n[]kK_$–"), max_size=80)  # phones


@given(st.text(st.sampled_from("0123456789012345678 .()/–-+,ab@#"), max_size=24))
def test_the_quick_look_overlooks_nothing(text: str) -> None:
    """A text is searched only where a cheaper pattern sees that there may be something."""
    assert (mask(text) != text) == any(True for _ in find(text))


@given(st.text() | _ALPHABET)
@example("+" * 50 + "(" * 50)
@example("a@b@c.d@e.f")
def test_what_is_found_lies_in_order_within_the_text(text: str) -> None:
    at = 0
    rebuilt: list[str] = []
    for found in find(text):
        assert at <= found.start < found.end <= len(text)
        rebuilt += (text[at : found.start], f"[{found.kind}]")
        at = found.end

    assert mask(text) == "".join((*rebuilt, text[at:]))


@given(_ALPHABET)
def test_no_mail_and_no_long_number_is_left(text: str) -> None:
    left = mask(f"{text} ana@correo.cl {text} 987654321 {text}")

    assert "ana@correo.cl" not in left
    assert "987654321" not in left


@pytest.mark.parametrize(
    "piece",
    ["a", "1", "1 ", "a@", "pedido ", "#", "12.345.", "+(", "1.", "a@a.", "x1234567", "-"],
)
def test_no_text_is_walked_again_and_again(piece: str) -> None:
    """A shape that backtracks takes as long as the square of the text, and would never end here."""
    assert mask(piece * 40_000 + "é") is not None


def test_a_line_of_the_log_is_masked(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info", "json")
    try:
        log = structlog.get_logger("test")
        try:
            raise ValueError("no cabe ana@correo.cl")
        except ValueError:
            log.exception(
                "falla de 987654321", place="-1001234567890", conversation=12345678, all=["+56987654321", 7]
            )
        logging.getLogger("library").warning("sent to %s", "ana@correo.cl")
    finally:
        structlog.reset_defaults()
        logging.getLogger().handlers.clear()

    ours, theirs = capsys.readouterr().err.splitlines()
    line = json.loads(ours)
    assert line["event"] == "falla de [phone]"
    assert line["all"] == ["[phone]", 7]
    assert line["conversation"] == 12345678
    assert line["place"] == "-1001234567890"
    assert "no cabe [mail]" in line["exception"]
    assert theirs == "library: sent to [mail]"


def test_a_traceback_for_a_terminal_is_masked(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.StringIO()
    monkeypatch.setattr(sys, "stderr", written)
    logs.configure("info", "text")
    try:
        try:
            raise ValueError("no cabe ana@correo.cl")
        except ValueError:
            structlog.get_logger("test").exception("falla")
    finally:
        structlog.reset_defaults()
        logging.getLogger().handlers.clear()

    assert "no cabe [mail]" in written.getvalue()
    assert "ana@correo.cl" not in written.getvalue()
