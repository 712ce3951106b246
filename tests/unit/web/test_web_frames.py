"""What is a frame of the protocol, and what is not."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.web import frames


@pytest.mark.parametrize(
    "data",
    [
        "",
        "null",
        "[]",
        '"hello"',
        "{}",
        '{"type":"shout"}',
        '{"type":"say","id":"short","text":"hola"}',
        '{"type":"say","id":"12345678","text":7}',
        '{"type":"say","id":"1234567:8","text":"hola"}',
        '{"type":"say","id":"' + "x" * 37 + '","text":"hola"}',
        '{"type":"tap","id":"12345678","payload":""}',
        '{"type":"tap","id":"12345678","payload":"ñ"}',
        '{"type":"tap","id":"12345678","payload":"' + "x" * 65 + '"}',
        '{"type":"hello","after":-1}',
        '{"type":"hello","after":"1"}',
        '{"type":"hello","lang":"<script>"}',
        "[" * 5000,
        '{"type":' * 3000,
    ],
)
def test_what_is_no_frame_is_none(data: str) -> None:
    assert frames.read(data) is None


@given(st.text())
def test_no_text_makes_reading_fail(data: str) -> None:
    frames.read(data)


def test_frames_are_read() -> None:
    say = frames.read('{"type":"say","id":"12345678","text":"hola","extra":1}')
    assert say == frames.Say(type="say", id="12345678", text="hola")
    assert frames.read('{"type":"hello"}') == frames.Hello(type="hello")


def test_a_secret_is_told_only_with_a_new_session() -> None:
    assert "secret" not in json.loads(frames.welcome("s", "", []))
    assert json.loads(frames.welcome("s", "x", []))["secret"] == "x"
