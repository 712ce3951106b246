"""Updates as Telegram sends them, in the house's words."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from bot.channels.telegram.parse import Parser
from bot.domain import Account, AttachmentKind, InboundKind, PlaceKind, Platform

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
ANA = {"id": 42, "is_bot": False, "first_name": "Ana", "last_name": "Díaz", "language_code": "es"}
PRIVATE = {"id": 42, "type": "private", "first_name": "Ana"}
STAFF = {"id": -100123, "type": "supergroup", "title": "Equipo"}
GROUP = {"id": -55, "type": "group", "title": "Comunidad"}


@pytest.fixture
def parser() -> Parser:
    return Parser(
        Account(Platform.TELEGRAM, "99"),
        username="Vocero_bot",
        staff_chat="-100123",
        aliases={"ayuda": "help", "envíos": "shipping"},
        now=lambda: NOW,
    )


def message(chat: dict[str, Any] = PRIVATE, **content: Any) -> dict[str, Any]:
    return {"message_id": 7, "from": ANA, "chat": chat, "date": 1_777_000_000} | content


def update(**content: Any) -> dict[str, Any]:
    return {"update_id": 500} | content


def test_a_text_message(parser: Parser) -> None:
    event = parser.read(update(message=message(text="¿Abren hoy?")))
    assert (event.kind, event.text, event.event_id, event.message_id) == (
        InboundKind.MESSAGE,
        "¿Abren hoy?",
        "500",
        "7",
    )
    assert event.sent_at == datetime.fromtimestamp(1_777_000_000, UTC)
    assert event.sent_at.tzinfo
    assert event.sender
    assert (event.sender.external_id, event.sender.display_name, event.sender.lang_hint) == (
        "42",
        "Ana Díaz",
        "es",
    )
    assert event.place
    assert (event.place.kind, event.place.external_id) == (PlaceKind.PRIVATE, "42")


@pytest.mark.parametrize(
    ("text", "kind", "command", "rest"),
    [
        ("/start caso_12", InboundKind.COMMAND, "start", "caso_12"),
        ("/ayuda", InboundKind.COMMAND, "help", ""),
        ("/AYUDA@vocero_BOT  por favor", InboundKind.COMMAND, "help", "por favor"),
        ("/envíos hoy", InboundKind.COMMAND, "shipping", "hoy"),
        ("/nota\nuna línea\notra", InboundKind.COMMAND, "nota", "una línea\notra"),
        ("/ayuda@otro_bot", InboundKind.OTHER, "", "/ayuda@otro_bot"),
        ("/ñandú", InboundKind.MESSAGE, "", "/ñandú"),
        ("/", InboundKind.MESSAGE, "", "/"),
        ("24/7?", InboundKind.MESSAGE, "", "24/7?"),
        ("/home/ana", InboundKind.MESSAGE, "", "/home/ana"),
    ],
)
def test_commands(parser: Parser, text: str, kind: InboundKind, command: str, rest: str) -> None:
    event = parser.read(update(message=message(text=text)))
    assert (event.kind, event.command, event.text) == (kind, command, rest)


def test_an_edit_has_the_time_of_the_change(parser: Parser) -> None:
    event = parser.read(update(edited_message=message(text="/ayuda con esto", edit_date=1_777_000_060)))
    assert (event.kind, event.text, event.command) == (InboundKind.EDIT, "/ayuda con esto", "")
    assert event.sent_at == datetime.fromtimestamp(1_777_000_060, UTC)


def test_a_press_names_the_message_and_carries_the_payload(parser: Parser) -> None:
    query = {
        "id": "1",
        "from": ANA,
        "chat_instance": "x",
        "data": "fb:1",
        "message": message(text="¿Sirvió?"),
    }
    event = parser.read(update(callback_query=query))
    assert (event.kind, event.text, event.message_id, event.sent_at) == (InboundKind.BUTTON, "fb:1", "7", NOW)
    assert event.sender
    assert event.sender.external_id == "42"


def test_a_press_on_a_message_too_old_to_be_shown_is_still_a_press(parser: Parser) -> None:
    gone = {"message_id": 7, "chat": PRIVATE, "date": 0}
    query = {"id": "1", "from": ANA, "chat_instance": "x", "data": "fb:1", "message": gone}
    event = parser.read(update(callback_query=query))
    assert (event.kind, event.message_id) == (InboundKind.BUTTON, "7")


FILE = {"file_id": "F", "file_unique_id": "u", "file_size": 1000}


@pytest.mark.parametrize(
    ("content", "kind", "name"),
    [
        ({"voice": FILE | {"duration": 3, "mime_type": "audio/ogg"}}, AttachmentKind.VOICE, ""),
        (
            {"video": FILE | {"duration": 3, "width": 9, "height": 9, "file_name": "v.mp4"}},
            AttachmentKind.VIDEO,
            "v.mp4",
        ),
        ({"video_note": FILE | {"duration": 3, "length": 9}}, AttachmentKind.VIDEO, ""),
        ({"document": FILE | {"file_name": "boleta.pdf"}}, AttachmentKind.FILE, "boleta.pdf"),
        ({"audio": FILE | {"duration": 3, "file_name": "a.mp3"}}, AttachmentKind.FILE, "a.mp3"),
        (
            {
                "sticker": FILE
                | {
                    "type": "regular",
                    "width": 1,
                    "height": 1,
                    "is_animated": False,
                    "is_video": False,
                    "emoji": "👍",
                }
            },
            AttachmentKind.STICKER,
            "👍",
        ),
    ],
)
def test_files(parser: Parser, content: dict[str, Any], kind: AttachmentKind, name: str) -> None:
    event = parser.read(update(message=message(**content)))
    [attachment] = event.attachments
    assert (event.kind, attachment.kind, attachment.ref, attachment.name, attachment.size) == (
        InboundKind.MESSAGE,
        kind,
        "F",
        name,
        1000,
    )


@pytest.mark.parametrize(
    ("content", "name"),
    [
        ({"location": {"latitude": -33.4, "longitude": -70.6}}, "location"),
        ({"contact": {"phone_number": "+56", "first_name": "Luis"}}, "contact"),
        ({"dice": {"emoji": "🎲", "value": 3}}, "dice"),
    ],
)
def test_what_is_no_file_is_named(parser: Parser, content: dict[str, Any], name: str) -> None:
    event = parser.read(update(message=message(**content)))
    assert [(a.kind, a.name) for a in event.attachments] == [(AttachmentKind.OTHER, name)]


def test_of_a_photo_the_largest_size_with_its_caption_and_album(parser: Parser) -> None:
    sizes = [
        {"file_id": "small", "file_unique_id": "s", "width": 90, "height": 90},
        {"file_id": "large", "file_unique_id": "l", "width": 800, "height": 600, "file_size": 5},
        {"file_id": "middle", "file_unique_id": "m", "width": 300, "height": 200},
    ]
    event = parser.read(update(message=message(photo=sizes, caption="llegó roto", media_group_id="g1")))
    assert (event.text, event.album) == ("llegó roto", "g1")
    assert [(a.kind, a.ref, a.mime) for a in event.attachments] == [
        (AttachmentKind.PHOTO, "large", "image/jpeg")
    ]


def test_places(parser: Parser) -> None:
    kinds = {}
    for chat in (PRIVATE, GROUP, STAFF):
        event = parser.read(update(message=message(chat, text="hola")))
        assert event.place
        kinds[event.place.external_id] = (event.place.kind, event.place.title)
    assert kinds == {
        "42": (PlaceKind.PRIVATE, ""),
        "-55": (PlaceKind.GROUP, "Comunidad"),
        "-100123": (PlaceKind.STAFF, "Equipo"),
    }


def test_a_reply_names_what_it_replies_to(parser: Parser) -> None:
    event = parser.read(
        update(message=message(STAFF, text="ya va", reply_to_message=message(STAFF, text="x")))
    )
    assert event.reply_to == "7"


def test_in_a_topic_only_a_real_reply_is_one(parser: Parser) -> None:
    first = message(STAFF, text="tema") | {"message_id": 3}
    topic = {"message_thread_id": 3, "is_topic_message": True}
    event = parser.read(update(message=message(STAFF, text="hola", reply_to_message=first, **topic)))
    assert event.place
    assert (event.reply_to, event.place.thread) == ("", "3")
    event = parser.read(
        update(message=message(STAFF, text="hola", reply_to_message=message(STAFF, text="x"), **topic))
    )
    assert event.reply_to == "7"


@pytest.mark.parametrize(("status", "word"), [("kicked", "on"), ("member", "off")])
def test_blocking_and_unblocking(parser: Parser, status: str, word: str) -> None:
    bot = {"id": 99, "is_bot": True, "first_name": "V"}
    old = {"user": bot, "status": "member"} if status == "kicked" else {"user": bot, "status": "left"}
    new = {"user": bot, "status": status} | ({"until_date": 0} if status == "kicked" else {})
    change = {
        "chat": PRIVATE,
        "from": ANA,
        "date": 1_777_000_000,
        "old_chat_member": old,
        "new_chat_member": new,
    }
    event = parser.read(update(my_chat_member=change))
    assert (event.kind, event.text) == (InboundKind.BLOCKED, word)


def test_a_group_that_moves_tells_its_new_id(parser: Parser) -> None:
    event = parser.read(update(message=message(GROUP, migrate_to_chat_id=-100999)))
    assert (event.kind, event.command, event.text) == (InboundKind.OTHER, "migrated", "-100999")


def test_staff_is_heard_in_the_group_that_theirs_became(parser: Parser) -> None:
    new = STAFF | {"id": -100999}
    said = update(message=message(new, text="va en camino"))
    before = parser.read(said).place
    parser.read(update(message=message(STAFF, migrate_to_chat_id=-100999)))
    after = parser.read(said).place
    assert before is not None
    assert after is not None
    assert (before.kind, after.kind) == (PlaceKind.GROUP, PlaceKind.STAFF)
    assert after.external_id == "-100999"


@pytest.mark.parametrize(
    "content",
    [
        {"message": message(GROUP, new_chat_title="Otro nombre")},
        {"message": message(GROUP, text="hola") | {"from": {"id": 5, "is_bot": True, "first_name": "Otro"}}},
        {"poll_answer": {"poll_id": "1", "user": ANA, "option_ids": [0], "option_persistent_ids": ["a"]}},
        {"something_of_next_year": {"id": 1}},
        {},
    ],
)
def test_what_nobody_says_is_noted(parser: Parser, content: dict[str, Any]) -> None:
    event = parser.read(update(**content))
    assert (event.kind, event.event_id) == (InboundKind.OTHER, "500")


def test_an_administrator_without_a_name_is_heard(parser: Parser) -> None:
    anonymous = {"id": 1_087_968_824, "is_bot": True, "first_name": "Group", "username": "GroupAnonymousBot"}
    event = parser.read(
        update(message=message(STAFF, text="cierro", sender_chat=STAFF) | {"from": anonymous})
    )
    assert event.kind is InboundKind.MESSAGE
    assert event.sender
    assert event.sender.external_id == "-100123"


@pytest.mark.parametrize(
    "raw",
    [
        {"update_id": 500, "message": {"text": "sin nada"}},
        {"update_id": 500, "message": "texto"},
        {"update_id": 500, "message": message(text="x", date="ayer")},
        {"update_id": 500, "callback_query": {"id": 1}},
        {"update_id": 500, "message": message(text=["no"])},
    ],
)
def test_what_cannot_be_read_is_kept_whole(parser: Parser, raw: dict[str, Any]) -> None:
    event = parser.read(raw)
    assert (event.kind, event.event_id) == (InboundKind.UNPARSABLE, "500")
    assert '"update_id":500' in event.raw


def test_no_words_are_kept_of_what_is_none_of_our_updates(parser: Parser) -> None:
    """A queue from before may hold what is not asked for, such as posts of a channel."""
    chat = {"id": -100, "type": "channel", "title": "Novedades"}
    post = {"message_id": 1, "date": 1_700_000_000, "chat": chat, "text": "zarzaparrilla"}
    event = parser.read({"update_id": 500, "channel_post": post})
    assert event.kind is InboundKind.OTHER
    assert "zarzaparrilla" not in event.raw
    assert "channel_post" in event.raw


@pytest.mark.parametrize("raw", [None, 3, "x", [], {"message": {}}, {"update_id": "5"}, {"update_id": True}])
def test_what_has_no_number_gets_one_of_its_own(parser: Parser, raw: Any) -> None:
    event = parser.read(raw)
    assert event.kind is InboundKind.UNPARSABLE
    assert event.event_id.startswith("raw-")
    assert event.event_id == parser.read(raw).event_id


@pytest.mark.parametrize(
    "content",
    [
        message(text="a\x00b\ud83dc"),
        message(text="x") | {"from": ANA | {"username": "\ud800", "language_code": "e\x00"}},
        message(
            voice=FILE | {"file_id": "\udfff", "duration": 1, "mime_type": "\x00"}, media_group_id="\ud800"
        ),
        message(GROUP | {"title": "\ud800"}, text="x"),
    ],
)
def test_characters_that_no_database_takes_are_replaced(parser: Parser, content: dict[str, Any]) -> None:
    event = parser.read(update(message=content))
    assert event.kind is InboundKind.MESSAGE
    kept = repr(event)
    kept.encode()
    assert "\ufffd" in kept
    assert "\\x00" not in kept
    assert "\\ud" not in kept
