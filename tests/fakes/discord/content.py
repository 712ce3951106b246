"""What a message may hold: text, embeds, buttons, mentions; and whom it notifies."""

from __future__ import annotations

import re
from typing import Any

from tests.fakes.discord.errors import Form
from tests.fakes.discord.ledger import Pings

CONTENT, EMBEDS, EMBED_TOTAL, FILES = 2000, 10, 6000, 10
ROWS, BUTTONS, CUSTOM_ID, LABEL, OPTIONS = 5, 5, 100, 80, 25
"""https://discord.com/developers/docs/components/reference"""
BUTTON, STRING_SELECT, TEXT_INPUT, SELECTS = 2, 3, 4, (3, 5, 6, 7, 8)
LINK = 5
USER, ROLE = re.compile(r"<@!?(\d+)>"), re.compile(r"<@&(\d+)>")
EVERYONE = re.compile(r"@(everyone|here)\b")


def check_content(form: Form, body: dict[str, Any]) -> str:
    """The text as it is kept: without white space around it."""
    content = body.get("content")
    if content is None:
        return ""
    return form.text("content", content, 0, CONTENT).strip() if content != "" else ""


def check_embeds(form: Form, embeds: Any) -> list[dict[str, Any]]:
    """Embeds with their type filled in."""
    if not embeds:
        return []
    if not isinstance(embeds, list) or len(embeds) > EMBEDS:
        form.wrong("embeds", "BASE_TYPE_MAX_LENGTH", f"Must be {EMBEDS} or fewer in length.")
        return []
    total = 0
    for index, embed in enumerate(embeds):
        at = f"embeds.{index}"
        total += _embed(form, at, embed)
    if total > EMBED_TOTAL:
        form.wrong("embeds", "MAX_EMBED_SIZE_EXCEEDED", "Embed size exceeds maximum size of 6000")
    return [{"type": "rich"} | embed for embed in embeds]


def _embed(form: Form, at: str, embed: dict[str, Any]) -> int:
    """How many characters count."""
    count = 0
    for name, high in (("title", 256), ("description", 4096)):
        if embed.get(name):
            count += len(form.text(f"{at}.{name}", embed[name], 0, high))
    fields = embed.get("fields") or []
    if len(fields) > 25:
        form.wrong(f"{at}.fields", "BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length.")
    for number, item in enumerate(fields):
        count += len(form.text(f"{at}.fields.{number}.name", item.get("name"), 1, 256))
        count += len(form.text(f"{at}.fields.{number}.value", item.get("value"), 1, 1024))
    if footer := embed.get("footer"):
        count += len(form.text(f"{at}.footer.text", footer.get("text"), 1, 2048))
    if author := embed.get("author"):
        count += len(form.text(f"{at}.author.name", author.get("name"), 1, 256))
    for name in ("url", "image", "thumbnail"):
        value = embed.get(name)
        url = value.get("url") if isinstance(value, dict) else value
        if url and not re.match(r"(https?|attachment)://", url):
            form.wrong(f"{at}.{name}", "URL_TYPE_INVALID_SCHEME", f"Scheme of {url!r} must be http or https.")
    if not any(
        embed.get(name)
        for name in ("title", "description", "fields", "image", "thumbnail", "author", "footer")
    ):
        form.wrong(f"{at}.description", "BASE_TYPE_REQUIRED", "This field is required")
    return count


def check_components(form: Form, rows: Any) -> list[dict[str, Any]]:
    """Rows of buttons and selects, each with its id filled in."""
    if not rows:
        return []
    if not isinstance(rows, list) or len(rows) > ROWS:
        form.wrong("components", "BASE_TYPE_BAD_LENGTH", f"Must be between 1 and {ROWS} in length.")
        return []
    ids: set[str] = set()
    for index, row in enumerate(rows):
        at = f"components.{index}"
        if row.get("type") != 1:
            raise NotImplementedError(f"this server knows action rows only, not {row}")
        keys = row.get("components") or []
        if not 1 <= len(keys) <= BUTTONS:
            form.wrong(f"{at}.components", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 5 in length.")
        if len(keys) > 1 and any(key.get("type") in SELECTS for key in keys):
            form.wrong(f"{at}.components", "COMPONENT_LAYOUT_WIDTH_EXCEEDED", "The row is too wide.")
        for number, key in enumerate(keys):
            _key(form, f"{at}.components.{number}", key, ids)
    return rows


def _key(form: Form, at: str, key: dict[str, Any], ids: set[str]) -> None:
    kind = key.get("type")
    if kind not in (BUTTON, *SELECTS):
        return form.wrong(f"{at}.type", "BASE_TYPE_CHOICES", "Value must be one of (2, 3, 5, 6, 7, 8).")
    if kind == BUTTON:
        form.choice(f"{at}.style", key.get("style"), (1, 2, 3, 4, LINK))
        if key.get("label"):
            form.text(f"{at}.label", key["label"], 1, LABEL)
        elif not key.get("emoji"):
            form.wrong(at, "BUTTON_COMPONENT_MISSING_LABEL_OR_EMOJI", "A button needs a label or an emoji.")
        if key.get("style") == LINK:
            if "custom_id" in key:
                form.wrong(at, "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE", "Not both.")
            if not re.match(r"(https?|discord)://[^\s/]+", str(key.get("url", ""))):
                form.wrong(f"{at}.url", "URL_TYPE_INVALID_URL", "Not a well formed URL.")
            elif len(key["url"]) > 512:
                form.wrong(f"{at}.url", "BASE_TYPE_MAX_LENGTH", "Must be 512 or fewer in length.")
            return None
        if "url" in key:
            form.wrong(at, "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE", "Not both.")
    custom_id = form.text(f"{at}.custom_id", key.get("custom_id"), 1, CUSTOM_ID)
    if custom_id in ids:
        form.wrong(
            f"{at}.custom_id", "COMPONENT_CUSTOM_ID_DUPLICATED", "Component custom id cannot be duplicated"
        )
    ids.add(custom_id)
    if kind in SELECTS:
        check_select(form, at, key)
    return None


def check_select(form: Form, at: str, key: dict[str, Any]) -> None:
    """A select menu of a message or a form."""
    if key.get("placeholder"):
        form.text(f"{at}.placeholder", key["placeholder"], 1, 150)
    if key.get("type") != STRING_SELECT:
        return
    options = key.get("options") or []
    if not 1 <= len(options) <= OPTIONS:
        form.wrong(f"{at}.options", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 25 in length.")
    values = set()
    for number, option in enumerate(options):
        form.text(f"{at}.options.{number}.label", option.get("label"), 1, 100)
        value = form.text(f"{at}.options.{number}.value", option.get("value"), 1, 100)
        if value in values:
            form.wrong(f"{at}.options.{number}.value", "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED", "Twice.")
        values.add(value)
        if option.get("description"):
            form.text(f"{at}.options.{number}.description", option["description"], 1, 100)


def check_modal(form: Form, data: dict[str, Any]) -> None:
    """A form: title, custom_id, and up to five inputs in rows or labels."""
    form.text("data.title", data.get("title"), 1, 45)
    form.text("data.custom_id", data.get("custom_id"), 1, CUSTOM_ID)
    rows = data.get("components") or []
    if not 1 <= len(rows) <= 5:
        form.wrong("data.components", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 5 in length.")
    for index, row in enumerate(rows):
        at = f"data.components.{index}"
        if row.get("type") == 10:
            continue
        if row.get("type") == 18:
            form.text(f"{at}.label", row.get("label"), 1, 45)
            if row.get("description"):
                form.text(f"{at}.description", row["description"], 1, 100)
            keys, labelled = [row.get("component") or {}], True
        else:
            keys, labelled = row.get("components") or [], False
            if row.get("type") != 1 or len(keys) != 1:
                form.wrong(f"{at}.components", "BASE_TYPE_BAD_LENGTH", "Must be 1 in length.")
        for key in keys:
            form.text(f"{at}.custom_id", key.get("custom_id"), 1, CUSTOM_ID)
            if key.get("type") == TEXT_INPUT:
                _input(form, at, key, labelled)
            elif labelled and key.get("type") in SELECTS:
                check_select(form, at, key)
            else:
                form.wrong(f"{at}.type", "BASE_TYPE_CHOICES", "Only text inputs and labelled selects.")


def _input(form: Form, at: str, key: dict[str, Any], labelled: bool) -> None:
    form.choice(f"{at}.style", key.get("style"), (1, 2))
    if not labelled:
        form.text(f"{at}.label", key.get("label"), 1, 45)
    for name, high in (("placeholder", 100), ("value", 4000)):
        if key.get(name):
            form.text(f"{at}.{name}", key[name], 0, high)
    for name in ("min_length", "max_length"):
        if key.get(name) is not None and not 0 <= key[name] <= 4000:
            form.wrong(f"{at}.{name}", "NUMBER_TYPE_MAX", "int value should be between 0 and 4000.")


def check_allowed(form: Form, allowed: dict[str, Any] | None) -> None:
    """https://discord.com/developers/docs/resources/message#allowed-mentions-object"""
    if allowed is None:
        return
    parse = allowed.get("parse") or []
    for index, word in enumerate(parse):
        form.choice(f"allowed_mentions.parse.{index}", word, ("users", "roles", "everyone"))
    for kind in ("users", "roles"):
        if kind in parse and allowed.get(kind):
            form.wrong(
                "allowed_mentions",
                "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE",
                f'parse:["{kind}"] and {kind}: [ids...] are mutually exclusive.',
            )
        if len(allowed.get(kind) or []) > 100:
            form.wrong(f"allowed_mentions.{kind}", "BASE_TYPE_MAX_LENGTH", "Must be 100 or fewer in length.")


def pings(
    content: str, allowed: dict[str, Any] | None, *, replied: int, everyone: bool, roles: set[int]
) -> Pings:
    """Whom a message notifies: `everyone` and `roles` are what its author may mention."""
    if allowed is None:
        parse, users, only_roles, reply = {"users", "roles", "everyone"}, None, None, True
    else:
        parse = set(allowed.get("parse") or ())
        users = None if "users" in parse else {int(one) for one in allowed.get("users") or ()}
        only_roles = None if "roles" in parse else {int(one) for one in allowed.get("roles") or ()}
        reply = bool(allowed.get("replied_user"))
    found = [int(one) for one in USER.findall(content)]
    named = [one for one in found if users is None or one in users]
    if replied and reply:
        named.append(replied)
    called = [int(one) for one in ROLE.findall(content)]
    called = [one for one in called if one in roles and (only_roles is None or one in only_roles)]
    all_of_them = everyone and "everyone" in parse and bool(EVERYONE.search(content))
    return Pings(tuple(dict.fromkeys(named)), tuple(dict.fromkeys(called)), all_of_them)
