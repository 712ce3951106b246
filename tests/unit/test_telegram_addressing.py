"""Whom a message in a group speaks to, and who wrote it."""

from __future__ import annotations

from typing import Any

import pytest

from bot.channels.telegram.parse import Parser
from bot.domain import Account, Addressed, Inbound, InboundKind, Platform
from tests.fakes.telegram.entities import units

ANA = {"id": 42, "is_bot": False, "first_name": "Ana"}
LUIS = {"id": 43, "is_bot": False, "first_name": "Luis"}
US = {"id": 99, "is_bot": True, "first_name": "Vocero", "username": "Vocero_bot"}
GROUP = {"id": -100_55, "type": "supergroup", "title": "Comunidad", "is_forum": True}
CHANNEL = {"id": -100_66, "type": "channel", "title": "Canal"}
ANONYMOUS = {"id": 1_087_968_824, "is_bot": True, "first_name": "Group", "username": "GroupAnonymousBot"}


def read(text: str = "", **content: Any) -> Inbound:
    parser = Parser(
        Account(Platform.TELEGRAM, "99"),
        username="Vocero_bot",
        aliases={"ayuda": "help"},
        moderates=lambda chat, person: (chat, person) == ("-10055", "43"),
    )
    message = {"message_id": 7, "from": ANA, "chat": GROUP, "date": 1_777_000_000} | content
    if text:
        message["text"] = text
    return parser.read({"update_id": 500, "message": message})


def entity(text: str, stretch: str, kind: str = "mention", **more: Any) -> dict[str, Any]:
    """An entity over a stretch of a text, in UTF-16 units as Telegram counts."""
    at = text.index(stretch)
    return {"type": kind, "offset": units(text[:at]), "length": units(stretch)} | more


def said(by: dict[str, Any], number: int = 5, **more: Any) -> dict[str, Any]:
    return {"message_id": number, "from": by, "chat": GROUP, "date": 1_777_000_000, "text": "x"} | more


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("@vocero_bot ¿cuánto sale?", "¿cuánto sale?"),
        ("@VOCERO_BOT, ¿cuánto sale?", "¿cuánto sale?"),
        ("😀👍🏽 hola @Vocero_bot ¿cuánto sale?", "😀👍🏽 hola ¿cuánto sale?"),
        ("¿cuánto sale? @vocero_bot", "¿cuánto sale?"),
        ("@vocero_bot", ""),
    ],
)
def test_a_mention_is_taken_out_of_the_text(text: str, rest: str) -> None:
    name = next(word.strip(",") for word in text.split() if word.startswith("@"))
    event = read(text, entities=[entity(text, name)])
    assert (event.kind, event.addressed, event.text) == (InboundKind.MESSAGE, Addressed.MENTION, rest)
    assert not event.to_others


def test_a_name_that_is_no_entity_calls_nobody() -> None:
    assert read("escriban a soporte@vocero_bot.example").addressed is Addressed.NOT


def test_a_mention_without_a_user_name() -> None:
    text = "Vocero, ¿abren hoy?"
    event = read(text, entities=[entity(text, "Vocero", "text_mention", user=US)])
    assert (event.addressed, event.text) == (Addressed.MENTION, "¿abren hoy?")
    text = "Luis, ¿vienes?"
    event = read(text, entities=[entity(text, "Luis", "text_mention", user=LUIS)])
    assert (event.addressed, event.to_others) == (Addressed.NOT, True)


def test_a_mention_below_a_photo() -> None:
    caption = "@vocero_bot ¿qué es esto?"
    photo = [{"file_id": "f", "file_unique_id": "u", "width": 9, "height": 9}]
    event = read(photo=photo, caption=caption, caption_entities=[entity(caption, "@vocero_bot")])
    assert (event.addressed, event.text, len(event.attachments)) == (Addressed.MENTION, "¿qué es esto?", 1)


def test_somebody_else_is_called_too() -> None:
    text = "@vocero_bot y @luisito, ¿quién sabe?"
    both = [entity(text, "@vocero_bot"), entity(text, "@luisito")]
    event = read(text, entities=both)
    assert (event.addressed, event.to_others) == (Addressed.MENTION, True)


def test_replies() -> None:
    assert read("gracias", reply_to_message=said(US)).addressed is Addressed.REPLY
    to_luis = read("gracias", reply_to_message=said(LUIS))
    assert (to_luis.addressed, to_luis.to_others) == (Addressed.NOT, True)
    to_myself = read("otra cosa", reply_to_message=said(ANA))
    assert not to_myself.to_others


def test_below_a_post_of_the_channel_one_speaks_to_everybody() -> None:
    post = said({"id": 777_000, "is_bot": False, "first_name": "Telegram"}) | {
        "sender_chat": CHANNEL,
        "is_automatic_forward": True,
    }
    assert not read("¿cuánto sale?", reply_to_message=post).to_others
    own = read("texto", sender_chat=CHANNEL, is_automatic_forward=True)
    assert own.kind is InboundKind.OTHER
    assert own.sender
    assert own.sender.is_bot


def test_in_a_topic_that_we_opened_nobody_replies_to_us() -> None:
    opening = said(US, 3) | {"forum_topic_created": {"name": "x", "icon_color": 1}}
    event = read("hola", reply_to_message=opening, message_thread_id=3, is_topic_message=True)
    assert (event.addressed, event.reply_to, event.reply_to_us) == (Addressed.NOT, "", False)
    assert event.place
    assert event.place.thread == "3"


def test_what_was_forwarded_is_not_said_to_anybody_here() -> None:
    origin = {"type": "hidden_user", "sender_user_name": "Eva", "date": 1_777_000_000}
    assert read("¿cuánto sale?", forward_origin=origin).to_others


@pytest.mark.parametrize(
    ("text", "kind", "command"),
    [
        ("/ayuda", InboundKind.COMMAND, "help"),
        ("/ayuda@vocero_bot", InboundKind.COMMAND, "help"),
        ("/ayuda@otro_bot", InboundKind.OTHER, ""),
        ("/ruleta", InboundKind.OTHER, ""),
        ("/ruleta@vocero_bot", InboundKind.COMMAND, "ruleta"),
    ],
)
def test_a_command_is_ours_when_we_know_it_or_are_named(text: str, kind: InboundKind, command: str) -> None:
    event = read(text)
    assert (event.kind, event.command) == (kind, command)
    if kind is InboundKind.COMMAND:
        assert event.addressed is Addressed.DIRECT
    elif "@" not in text:
        assert event.text == "", "another bot's words are not ours to keep"


def test_a_command_behind_a_mention() -> None:
    text = "@vocero_bot /ayuda"
    assert read(text, entities=[entity(text, "@vocero_bot")]).command == "help"


def test_who_writes_in_the_name_of_a_chat() -> None:
    admin = read("hola", **{"from": ANONYMOUS, "sender_chat": GROUP})
    assert admin.kind is InboundKind.MESSAGE
    assert admin.sender
    assert (admin.sender.external_id, admin.sender.anonymous, admin.sender.moderates) == (
        "-10055",
        True,
        True,
    )
    bot = {"id": 136_817_688, "is_bot": True, "first_name": "Channel"}
    member = read("hola", **{"from": bot, "sender_chat": CHANNEL})
    assert member.kind is InboundKind.MESSAGE
    assert member.sender
    assert (member.sender.anonymous, member.sender.moderates, member.sender.is_bot) == (True, False, False)


def test_bots_and_what_comes_through_them() -> None:
    other = {"id": 5, "is_bot": True, "first_name": "Otro"}
    through = read("texto de otro", via_bot=other)
    assert through.sender
    assert through.sender.is_bot
    assert read("hola", **{"from": other}).kind is InboundKind.OTHER


def test_who_is_known_to_run_the_group() -> None:
    assert [
        bool(event.sender and event.sender.moderates) for event in (read("x"), read("x", **{"from": LUIS}))
    ] == [False, True]


@pytest.mark.parametrize(
    "content",
    [
        {"message": {"message_id": 7, "chat": GROUP, "date": "ayer", "text": "un secreto del grupo"}},
        {"edited_message": {"chat": {"id": -5}, "text": "un secreto del grupo"}},
        {"callback_query": {"id": 1, "message": {"chat": GROUP, "text": "un secreto del grupo"}}},
        {"something_new": {"words": ["un secreto del grupo"]}, "and_more": {}},
        {"unreadable": "{ un secreto del grupo"},
    ],
)
def test_what_cannot_be_read_of_a_group_is_kept_without_its_words(content: dict[str, Any]) -> None:
    parser = Parser(Account(Platform.TELEGRAM, "99"), username="vocero_bot")
    event = parser.unparsable({"update_id": 500} | content, ValueError())
    assert "secreto" not in event.raw
    assert '"update_id":500' in event.raw


def test_in_private_it_is_kept_whole() -> None:
    parser = Parser(Account(Platform.TELEGRAM, "99"), username="vocero_bot")
    private = {"message": {"chat": {"id": 42, "type": "private"}, "text": "hola"}}
    assert "hola" in parser.unparsable({"update_id": 500} | private, ValueError()).raw
