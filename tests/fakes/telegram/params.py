"""What each method takes: names, types and which are required; anything else is refused.

Telegram itself ignores a parameter that it does not know. This server refuses it, so that a misspelt one
shows.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.fakes.telegram.errors import bad_request


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that came with a request."""

    name: str
    mime: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Field:
    """One parameter; `type` is one of str, int, float, bool, chat, object, list, file."""

    name: str
    type: str
    required: bool


def _fields(written: str) -> dict[str, Field]:
    """Read `name:type` words; `name!:type` is required."""
    fields = {}
    for word in written.split():
        name, _, kind = word.partition(":")
        fields[name.rstrip("!")] = Field(name.rstrip("!"), kind, name.endswith("!"))
    return fields


_SEND = (
    "business_connection_id:str chat_id!:chat message_thread_id:int direct_messages_topic_id:int "
    "disable_notification:bool protect_content:bool allow_paid_broadcast:bool message_effect_id:str "
    "suggested_post_parameters:object reply_parameters:object reply_markup:object "
)
_CAPTION = "caption:str parse_mode:str caption_entities:list "
_EDIT = "business_connection_id:str chat_id!:chat message_id!:int reply_markup:object "

METHODS: dict[str, dict[str, Field]] = {
    name: _fields(written)
    for name, written in {
        "getMe": "",
        "logOut": "",
        "getUpdates": "offset:int limit:int timeout:int allowed_updates:list",
        "setWebhook": "url:str certificate:file ip_address:str max_connections:int allowed_updates:list "
        "drop_pending_updates:bool secret_token:str",
        "deleteWebhook": "drop_pending_updates:bool",
        "getWebhookInfo": "",
        "sendMessage": _SEND + "text!:str parse_mode:str entities:list link_preview_options:object",
        "sendPhoto": _SEND + _CAPTION + "photo!:file show_caption_above_media:bool has_spoiler:bool",
        "sendDocument": _SEND
        + _CAPTION
        + "document!:file thumbnail:file disable_content_type_detection:bool",
        "sendVoice": _SEND + _CAPTION + "voice!:file duration:int",
        "sendChatAction": "business_connection_id:str chat_id!:chat message_thread_id:int action!:str",
        "editMessageText": _EDIT + "text!:str parse_mode:str entities:list link_preview_options:object",
        "editMessageCaption": _EDIT + _CAPTION + "show_caption_above_media:bool",
        "editMessageReplyMarkup": _EDIT,
        "deleteMessage": "chat_id!:chat message_id!:int",
        "answerCallbackQuery": "callback_query_id!:str text:str show_alert:bool url:str cache_time:int",
        "setMessageReaction": "chat_id!:chat message_id!:int reaction:list is_big:bool",
        "setMyCommands": "commands!:list scope:object language_code:str",
        "deleteMyCommands": "scope:object language_code:str",
        "getMyCommands": "scope:object language_code:str",
        "getFile": "file_id!:str",
        "getChat": "chat_id!:chat",
        "getChatMember": "chat_id!:chat user_id!:int",
        "getChatAdministrators": "chat_id!:chat",
        "createForumTopic": "chat_id!:chat name!:str icon_color:int icon_custom_emoji_id:str",
        "editForumTopic": "chat_id!:chat message_thread_id!:int name:str icon_custom_emoji_id:str",
        "closeForumTopic": "chat_id!:chat message_thread_id!:int",
        "reopenForumTopic": "chat_id!:chat message_thread_id!:int",
        "deleteForumTopic": "chat_id!:chat message_thread_id!:int",
    }.items()
}
BY_LOWER = {name.lower(): name for name in METHODS}
"""Method names are case-insensitive: https://core.telegram.org/bots/api#making-requests"""


def check(method: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters in their types; raises 400 for what is missing, unknown or of another type."""
    fields = METHODS[method]
    values: dict[str, Any] = {}
    for name, value in given.items():
        if name not in fields:
            # Files go under any name when a parameter points to them with attach://
            if isinstance(value, Upload):
                continue
            raise bad_request(f'unknown parameter "{name}" in {method}')
        values[name] = _typed(fields[name], value, given)
    for field in fields.values():
        if field.required and values.get(field.name) in (None, ""):
            raise bad_request(_missing(field))
    return values


def _missing(field: Field) -> str:
    if field.name == "text":
        return "message text is empty"
    if field.name == "chat_id":
        return "chat_id is empty"
    return f'parameter "{field.name}" is required'


def _typed(field: Field, value: Any, given: Mapping[str, Any]) -> Any:
    kind = field.type
    try:
        if kind in ("int", "chat") and isinstance(value, str):
            return value if kind == "chat" and value.startswith("@") else int(value)
        if kind == "float" and isinstance(value, str):
            return float(value)
        if kind == "bool" and isinstance(value, str):
            return {"true": True, "false": False, "True": True, "False": False, "1": True, "0": False}[value]
        if kind in ("object", "list") and isinstance(value, str):
            value = json.loads(value)
    except (ValueError, KeyError):
        raise bad_request(f'can\'t parse parameter "{field.name}" as {kind}') from None
    if kind == "file" and isinstance(value, str) and value.startswith("attach://"):
        value = given.get(value.removeprefix("attach://"))
    wanted: dict[str, type | tuple[type, ...]] = {
        "str": str,
        "int": int,
        "chat": int,
        "float": (int, float),
        "bool": bool,
        "object": dict,
        "list": list,
        "file": (str, Upload),
    }
    if not isinstance(value, wanted[kind]) or (isinstance(value, bool) and kind != "bool"):
        raise bad_request(f'parameter "{field.name}" must be of type {kind}')
    return value
