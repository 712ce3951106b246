"""Raw payloads of Discord in the house's words: whatever is missing or broken in them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.discord.channel import account_of
from bot.channels.discord.parse import Parser
from bot.channels.discord.places import Places
from bot.channels.discord.tokens import Via, ViaKind
from bot.domain import Account, Addressed, AttachmentKind, InboundKind, PlaceKind, PlaceRef, Platform
from bot.errors import RefusedError

ME = "1100000000000000001"
ACCOUNT = Account(Platform.DISCORD, ME)
ANA = {"id": "5", "username": "ana_p", "global_name": "Ana Pérez"}


@pytest.fixture
def parser() -> Parser:
    places = Places(lambda _: None, me=ME, staff_channel="900")
    return Parser(ACCOUNT, places, aliases={"humano": "human", "faq": "faq", "sugerencia": "suggestion"})


def message(**given: Any) -> dict[str, Any]:
    return {
        "id": "1574151740792504320",
        "channel_id": "77",
        "author": ANA,
        "content": "hola",
        "type": 0,
        "attachments": [],
        "mentions": [],
    } | given


def test_a_direct_message(parser: Parser) -> None:
    event = parser.message(message(), 0)
    assert event is not None
    assert (event.event_id, event.kind, event.text) == ("m1574151740792504320", InboundKind.MESSAGE, "hola")
    assert event.place == PlaceRef("77", PlaceKind.PRIVATE)
    assert event.sender is not None
    assert (event.sender.display_name, event.sender.username) == ("Ana Pérez", "ana_p")
    assert event.sent_at.year == 2026


@pytest.mark.parametrize(
    "given",
    [
        {"author": {"id": ME, "username": "vocero"}},
        {"author": {**ANA, "bot": True}},
        {"webhook_id": "9"},
        {"type": 7},
        {"content": ""},
        {"content": " \n "},
    ],
    ids=["ours", "a bot's", "a webhook's", "a notice of the system", "nothing", "white space"],
)
def test_what_nobody_says_to_us_in_private(parser: Parser, given: dict[str, Any]) -> None:
    assert parser.message(message(**given), 0) is None


def test_an_edit_counts_only_if_somebody_made_it(parser: Parser) -> None:
    assert parser.message(message(edited_timestamp=None), 0, edited=True) is None
    edited = parser.message(message(edited_timestamp="2026-11-22T20:00:00+00:00"), 0, edited=True)
    assert edited is not None
    assert edited.kind is InboundKind.EDIT
    assert edited.event_id != "m1574151740792504320"


def test_a_command_may_be_typed(parser: Parser) -> None:
    for text in ("/humano ahora", "!humano ahora"):
        event = parser.message(message(content=text), 0)
        assert event is not None
        assert (event.kind, event.command, event.text) == (InboundKind.COMMAND, "human", "ahora")
    for text in ("/nadie sabe", "! sorpresa", "/"):
        event = parser.message(message(content=text), 0)
        assert event is not None
        assert (event.kind, event.text) == (InboundKind.MESSAGE, text)


def test_a_forwarded_message_says_what_it_forwards(parser: Parser) -> None:
    event = parser.message(
        message(
            content="",
            message_reference={"type": 1, "message_id": "1"},
            message_snapshots=[{"message": {"content": "¿cuánto cuesta?"}}],
        ),
        0,
    )
    assert event is not None
    assert event.text == "¿cuánto cuesta?"
    assert event.reply_to == ""


def test_names_stand_in_place_of_numbers(parser: Parser) -> None:
    text = "hola <@5> y <@!6> en <#7> <:cara:8> <@&9>"
    event = parser.message(message(content=text, mentions=[ANA]), 0)
    assert event is not None
    assert event.text == "hola @Ana Pérez y @? en #? :cara: @?"


def test_a_mention_among_others_in_a_channel(parser: Parser) -> None:
    event = parser.message(message(content=f"<@{ME}>,  ¿cuánto  cuesta?"), 44)
    assert event is not None
    assert (event.addressed, event.to_others, event.text) == (Addressed.MENTION, False, "¿cuánto cuesta?")
    other = parser.message(message(content=f"<@{ME}> <@6> ¿cuánto?"), 44)
    assert other is not None
    assert other.to_others


def test_the_staff_channel_and_its_threads(parser: Parser) -> None:
    event = parser.message(message(channel_id="900"), 44)
    assert event is not None
    assert event.place == PlaceRef("900", PlaceKind.STAFF)


def test_files_by_what_they_are(parser: Parser) -> None:
    def file(number: int, mime: str) -> dict[str, Any]:
        return {
            "id": str(number),
            "filename": f"f{number}",
            "url": f"https://cdn/{number}",
            "content_type": mime,
            "size": 5,
        }

    files = [file(1, "image/png"), file(2, "video/mp4"), file(3, "application/pdf"), file(4, "audio/ogg")]
    event = parser.message(
        message(content="", attachments=files, sticker_items=[{"id": "1", "name": "Ola"}]), 0
    )
    assert event is not None
    assert [one.kind for one in event.attachments] == [
        AttachmentKind.PHOTO,
        AttachmentKind.VIDEO,
        AttachmentKind.FILE,
        AttachmentKind.FILE,
        AttachmentKind.STICKER,
    ]
    assert event.attachments[0].ref == "77 1574151740792504320 1 https://cdn/1"
    voice = parser.message(message(content="", flags=1 << 13, attachments=[file(1, "audio/ogg")]), 0)
    assert voice is not None
    assert voice.attachments[0].kind is AttachmentKind.VOICE


def asked(**given: Any) -> dict[str, Any]:
    return {
        "id": "1574151740792504320",
        "token": "tok:en",
        "type": 2,
        "channel_id": "77",
        "locale": "pt-BR",
        "user": ANA,
        "data": {"name": "faq", "options": [{"name": "pregunta", "type": 3, "value": "pick:envio"}]},
    } | given


def test_a_command_of_a_menu(parser: Parser) -> None:
    found = parser.asked(asked())
    assert found is not None
    event = parser.interaction(found)
    assert (event.kind, event.command, event.text) == (InboundKind.COMMAND, "faq", "pick:envio")
    assert event.sender is not None
    assert event.sender.lang_hint == "pt-BR"
    via = Via.decode(event.via)
    assert via == Via(ViaKind.REPLY, 1574151740792504320, 5, "tok:en")


def test_a_button_is_never_more_than_its_payload(parser: Parser) -> None:
    data = {"custom_id": "pick:envio~2", "component_type": 2}
    found = parser.asked(asked(type=3, data=data, message={"id": "88"}))
    assert found is not None
    event = parser.interaction(found)
    assert (event.kind, event.text, event.message_id) == (InboundKind.BUTTON, "pick:envio", "88")


def test_a_form_is_its_command_with_what_was_typed(parser: Parser) -> None:
    rows = [{"type": 1, "components": [{"type": 4, "custom_id": "text", "value": " más café "}]}]
    found = parser.asked(asked(type=5, data={"custom_id": "suggestion", "components": rows}))
    assert found is not None
    assert (found.name, found.text) == ("suggestion", "más café")
    assert parser.asked(asked(type=5, data={"custom_id": "drop table", "components": rows})) is None


def test_what_is_no_command_of_ours_is_left(parser: Parser) -> None:
    assert parser.asked(asked(data={"name": "ban"})) is None
    assert parser.asked({"type": 2}) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from([*message(), "member", "flags", "message_reference"]), JSON))
def test_no_payload_breaks_the_reading(spoilt: dict[str, Any]) -> None:
    reader = Parser(ACCOUNT, Places(lambda _: None, me=ME))
    for edited in (False, True):
        event = reader.message(message() | spoilt, 0, edited=edited)
        assert event is None or event.event_id
    reader.asked(asked() | spoilt)


@given(st.text(max_size=60))
def test_vias_are_not_trusted(kept: str) -> None:
    found = Via.decode(kept)
    assert found is None or found.encode() == kept


@pytest.mark.parametrize("token", ["", "nada", "MTEw", "123.abc.def", "a b.c.d", "é.b.c"])
def test_what_is_no_token_is_refused_with_a_remedy(token: str) -> None:
    with pytest.raises(RefusedError, match="Reset Token"):
        account_of(token)
