"""Text and keyboards of a request: what a person would see of them, and what is refused."""

from __future__ import annotations

import re
from typing import Any

from tests.fakes.telegram.entities import Entity, parse_html, units
from tests.fakes.telegram.errors import bad_request

TEXT, CAPTION, DATA = 4096, 1024, 64
"""Most characters of a text and a caption, and bytes of a button's data."""


def formatted(values: dict[str, Any], key: str, limit: int) -> tuple[str, list[Entity]]:
    """Text or caption without its tags; raises 400 if it is empty, too long or cannot be parsed."""
    source = values.get(key, "")
    mode = values.get("parse_mode", "")
    if mode and mode.lower() != "html":
        raise bad_request(f"unsupported parse_mode {mode}; this server knows HTML only")
    if mode:
        plain, entities = parse_html(source)
    else:
        left = units(source) - units(source.lstrip())
        given = values.get("entities" if key == "text" else "caption_entities") or []
        plain = source.strip()
        entities = [
            Entity(e["type"], e["offset"] - left, e["length"], e.get("url", ""), e.get("language", ""))
            for e in given
        ]
    if key == "text" and not plain:
        raise bad_request("message text is empty")
    if units(plain) > limit:
        raise bad_request("message is too long" if key == "text" else "message caption is too long")
    return plain, entities


def markup(given: dict[str, Any] | None) -> dict[str, Any] | None:
    """The keyboard as it is kept; raises 400 for a button that Telegram would not show."""
    if not given:
        return None
    if "inline_keyboard" not in given:
        return given
    rows = given["inline_keyboard"]
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise bad_request("can't parse inline keyboard: rows must be arrays")
    if sum(len(row) for row in rows) > 100:
        raise bad_request("REPLY_MARKUP_TOO_LONG")
    for row in rows:
        if len(row) > 8:
            raise bad_request("BUTTON_ROW_TOO_LONG")
        for button in row:
            _button(button)
    return {"inline_keyboard": [row for row in rows if row]} if any(rows) else None


def _button(button: dict[str, Any]) -> None:
    if not button.get("text"):
        raise bad_request("can't parse inline keyboard button: text must be non-empty")
    actions = [key for key in button if key not in ("text", "style", "icon_custom_emoji_id")]
    if len(actions) != 1:
        raise bad_request("text buttons are allowed only in a reply keyboard: one action is needed")
    if actions == ["callback_data"] and not 1 <= len(button["callback_data"].encode()) <= DATA:
        raise bad_request("BUTTON_DATA_INVALID")
    if actions == ["url"] and not re.match(r"(https?|tg)://[^\s/]+", button["url"]):
        raise bad_request(f"inline keyboard button URL '{button['url']}' is invalid: Wrong HTTP URL")
