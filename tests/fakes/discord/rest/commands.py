"""Application commands: https://discord.com/developers/docs/interactions/application-commands"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tests.fakes.discord.errors import ApiError, Form, refused
from tests.fakes.discord.exchange import Ask
from tests.fakes.discord.rest.table import route

if TYPE_CHECKING:
    from tests.fakes.discord.server import FakeDiscord

NAME = re.compile(r"[-_'\w]{1,32}")
LOCALES = frozenset(
    (
        *(
            "id",
            "da",
            "de",
            "en-GB",
            "en-US",
            "es-ES",
            "es-419",
            "fr",
            "hr",
            "it",
            "lt",
            "hu",
            "nl",
            "no",
            "pl",
        ),
        *("pt-BR", "ro", "fi", "sv-SE", "vi", "tr", "cs", "el", "bg", "ru", "uk", "hi", "th", "zh-CN", "ja"),
        *("zh-TW", "ko"),
    )
)
"""https://discord.com/developers/docs/reference#locales"""
MOST = 100
TOTAL = 8000
"""Most characters of all names, descriptions and values of one command, in its longest language."""


def check(form: Form, at: str, given: dict[str, Any]) -> dict[str, Any]:
    """A command as it is kept."""
    kind = given.get("type", 1)
    form.choice(f"{at}type", kind, (1, 2, 3))
    if kind == 1:
        _named(form, at, given)
        _options(form, at, given.get("options") or [], depth=0)
        if _weight(given) > TOTAL:
            form.wrong(f"{at}name", "APPLICATION_COMMAND_TOO_LARGE", f"Command exceeds {TOTAL} characters")
    else:
        form.text(f"{at}name", given.get("name"), 1, 32)
        if given.get("description"):
            form.wrong(f"{at}description", "APPLICATION_COMMAND_INVALID", "Only commands in chat have one.")
    return {
        "type": kind,
        "name": given.get("name"),
        "name_localizations": given.get("name_localizations"),
        "description": given.get("description", ""),
        "description_localizations": given.get("description_localizations"),
        "options": given.get("options") or [],
        "default_member_permissions": given.get("default_member_permissions"),
        "dm_permission": given.get("dm_permission", True),
        "contexts": given.get("contexts"),
        "integration_types": given.get("integration_types") or [0],
        "nsfw": given.get("nsfw", False),
    }


def _named(form: Form, at: str, given: dict[str, Any]) -> None:
    names: dict[str, Any] = {"name": given.get("name")}
    for locale, name in (given.get("name_localizations") or {}).items():
        names[f"name_localizations.{locale}"] = name
        if locale not in LOCALES:
            form.wrong(f"{at}name_localizations.{locale}", "ENUM_TYPE_COERCE", "Not a locale of Discord.")
    for path, name in names.items():
        if not form.text(f"{at}{path}", name, 1, 32):
            continue
        if not NAME.fullmatch(name) or name != name.lower():
            form.wrong(f"{at}{path}", "APPLICATION_COMMAND_INVALID_NAME", f"Command name {name!r} is invalid")
    form.text(f"{at}description", given.get("description"), 1, 100)
    for locale, words in (given.get("description_localizations") or {}).items():
        form.text(f"{at}description_localizations.{locale}", words, 1, 100)
        if locale not in LOCALES:
            form.wrong(f"{at}description_localizations.{locale}", "ENUM_TYPE_COERCE", "Not a locale.")


def _options(form: Form, at: str, options: list[dict[str, Any]], *, depth: int) -> None:
    if len(options) > 25:
        form.wrong(f"{at}options", "BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length.")
    optional = False
    names = set()
    for index, option in enumerate(options):
        path = f"{at}options.{index}."
        kind = option.get("type")
        form.choice(f"{path}type", kind, tuple(range(1, 12)))
        _named(form, path, option)
        if option.get("name") in names:
            form.wrong(f"{path}name", "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS", "Twice.")
        names.add(option.get("name"))
        if kind in (1, 2):
            if depth > 2 - kind:  # a group stands in a command only, a subcommand in a group too
                form.wrong(f"{path}type", "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", "Nested too deep.")
            _options(form, path, option.get("options") or [], depth=depth + 1)
            continue
        if option.get("required") and optional:
            form.wrong(
                f"{path}required",
                "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID",
                "Required options must be placed before non-required options",
            )
        optional = optional or not option.get("required")
        choices = option.get("choices") or []
        if len(choices) > 25:
            form.wrong(f"{path}choices", "BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length.")
        if choices and option.get("autocomplete"):
            form.wrong(f"{path}autocomplete", "APPLICATION_COMMAND_OPTIONS_AUTOCOMPLETE", "Not with choices.")
        check_choices(form, path, choices)


def check_choices(form: Form, path: str, choices: list[dict[str, Any]]) -> None:
    """Names of 1-100 characters, values of up to 100."""
    for number, choice in enumerate(choices):
        form.text(f"{path}choices.{number}.name", choice.get("name"), 1, 100)
        if isinstance(choice.get("value"), str):
            form.text(f"{path}choices.{number}.value", choice["value"], 1, 100)
        elif not isinstance(choice.get("value"), int | float):
            form.wrong(f"{path}choices.{number}.value", "BASE_TYPE_REQUIRED", "This field is required")


def _weight(given: dict[str, Any]) -> int:
    names = [given.get("name") or "", *(given.get("name_localizations") or {}).values()]
    words = [given.get("description") or "", *(given.get("description_localizations") or {}).values()]
    count = max(map(len, names)) + max(map(len, words))
    count += sum(len(str(c.get("name"))) + len(str(c.get("value"))) for c in given.get("choices") or ())
    return count + sum(_weight(option) for option in given.get("options") or ())


def _keep(fake: FakeDiscord, guild_id: int, checked: dict[str, Any]) -> dict[str, Any]:
    before = next(
        (
            one
            for one in fake.commands.get(guild_id, [])
            if (one["name"], one["type"]) == (checked["name"], checked["type"])
        ),
        None,
    )
    out = {
        "id": before["id"] if before else str(fake.ids.next()),
        "application_id": str(fake.application_id),
        "version": str(fake.ids.next()),
        **checked,
    }
    if guild_id:
        out["guild_id"] = str(guild_id)
    return out


def _scope(fake: FakeDiscord, ask: Ask) -> int:
    if ask.ids[0] != fake.application_id:
        raise ApiError(403, 20012, "You are not authorized to perform this action on this application")
    if len(ask.ids) > 1:
        if ask.ids[1] not in fake.world.guilds:
            raise refused(50001)
        return ask.ids[1]
    return 0


def _overwrite(fake: FakeDiscord, guild_id: int, given: list[Any]) -> Any:
    if sum(one.get("type", 1) == 1 for one in given) > MOST:
        raise refused(30032)
    form = Form()
    checked = [check(form, f"{index}.", one) for index, one in enumerate(given)]
    seen: set[tuple[str, str, int]] = set()
    for index, one in enumerate(checked):
        everywhere = {"": one["name"]} | (one["name_localizations"] or {})
        for locale, name in everywhere.items():
            key = (locale, str(name), one["type"])
            if key in seen:
                form.wrong(str(index), "APPLICATION_COMMANDS_DUPLICATE_NAME", "Names must be unique")
            seen.add(key)
    form.done()
    fake.commands[guild_id] = [_keep(fake, guild_id, one) for one in checked]
    return [_whole(one) for one in fake.commands[guild_id]]


def _whole(command: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in command.items() if key != "options" or value}


@route("PUT applications/#/commands")
async def bulk_overwrite_global_application_commands(fake: FakeDiscord, ask: Ask) -> Any:
    return _overwrite(fake, _scope(fake, ask), ask.items)


@route("PUT applications/#/guilds/#/commands")
async def bulk_overwrite_guild_application_commands(fake: FakeDiscord, ask: Ask) -> Any:
    return _overwrite(fake, _scope(fake, ask), ask.items)


@route("GET applications/#/commands")
async def get_global_application_commands(fake: FakeDiscord, ask: Ask) -> Any:
    return [_whole(one) for one in fake.commands.get(_scope(fake, ask), [])]


@route("GET applications/#/guilds/#/commands")
async def get_guild_application_commands(fake: FakeDiscord, ask: Ask) -> Any:
    return [_whole(one) for one in fake.commands.get(_scope(fake, ask), [])]


@route("POST applications/#/commands")
async def create_global_application_command(fake: FakeDiscord, ask: Ask) -> Any:
    guild_id = _scope(fake, ask)
    form = Form()
    checked = check(form, "", ask.body)
    form.done()
    kept = _keep(fake, guild_id, checked)
    others = [one for one in fake.commands.get(guild_id, []) if one["id"] != kept["id"]]
    if len(others) >= MOST:
        raise refused(30032)
    fake.commands[guild_id] = [*others, kept]
    return _whole(kept)


@route("DELETE applications/#/commands/#")
async def delete_global_application_command(fake: FakeDiscord, ask: Ask) -> Any:
    _scope(fake, Ask(ask.ids[:1], []))
    before = fake.commands.get(0, [])
    left = [one for one in before if one["id"] != str(ask.ids[1])]
    if len(left) == len(before):
        raise refused(10063)
    fake.commands[0] = left
