"""The short way and the long way of reading an update say the same."""

from datetime import UTC, datetime
from typing import Any

import pytest
import telegram
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.telegram.parse import Parser
from bot.channels.telegram.plain import plain_words
from bot.domain import Account, Platform

ACCOUNT = Account(Platform.TELEGRAM, "99")
PARSER = Parser(
    ACCOUNT, username="vocero_bot", staff_chat="-100123", now=lambda: datetime(2026, 1, 1, tzinfo=UTC)
)
NAMES = st.text(min_size=1, max_size=8)
WORDS = st.text(max_size=20) | st.just("/ayuda") | st.just("hola\n¿abren hoy?") | st.just("\u202eoculto")
IDS = st.integers(1, 2**52)


def written(number: int, who: int, text: str, **user: Any) -> dict[str, Any]:
    person = {"id": who, "is_bot": False, "first_name": "Ana"} | user
    chat = {"id": who, "type": "private", "first_name": person["first_name"]}
    return {
        "update_id": number,
        "message": {"message_id": 7, "from": person, "chat": chat, "date": 1_777_000_000, "text": text},
    }


@given(IDS, IDS, WORDS, st.dictionaries(st.sampled_from(["last_name", "username", "language_code"]), NAMES))
def test_what_is_read_the_short_way_is_read_the_same_the_long_way(
    number: int, who: int, text: str, user: dict[str, str]
) -> None:
    raw = written(number, who, text, **user)
    quick = plain_words(raw, ACCOUNT, ())
    if quick is not None:
        assert quick == PARSER.event(telegram.Update.de_json(raw, None), raw)


def test_plain_words_go_the_short_way() -> None:
    assert plain_words(written(1, 42, "¿cuánto cuesta el envío? 🚚"), ACCOUNT, ()) is not None


@pytest.mark.parametrize(
    "change",
    [
        {"text": "/ayuda"},
        {"text": ""},
        {"text": "dos\nlíneas"},
        {"text": "a\x00b"},
        {"entities": []},
        {"photo": []},
        {"reply_to_message": {}},
        {"date": -1},
        {"date": True},
        {"message_id": "7"},
        {"chat": {"id": -5, "type": "group", "title": "x"}},
        {"chat": {"id": 43, "type": "private"}},
        {"from": {"id": 42, "is_bot": True, "first_name": "Otro"}},
        {"from": {"id": 42, "first_name": "Ana"}},
        {"from": None},
    ],
)
def test_anything_else_goes_the_long_way(change: dict[str, Any]) -> None:
    raw = written(1, 42, "hola")
    raw["message"] |= change
    assert plain_words(raw, ACCOUNT, ()) is None


def test_a_staff_chat_is_never_taken_for_a_private_one() -> None:
    assert plain_words(written(1, 42, "hola"), ACCOUNT, ("42",)) is None


FIELDS = st.sampled_from(["update_id", "message", "from", "chat", "text"])
VALUES = st.none() | st.integers() | st.text(max_size=3)


@given(st.recursive(VALUES, lambda some: st.lists(some) | st.dictionaries(FIELDS, some), max_leaves=12))
def test_nothing_makes_it_fail(raw: object) -> None:
    plain_words(raw, ACCOUNT, ())
