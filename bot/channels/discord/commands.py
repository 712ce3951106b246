"""Slash commands and forms as Discord registers and shows them.

https://discord.com/developers/docs/interactions/application-commands
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, Protocol

from bot.catalogue.commands import COMMANDS, Name
from bot.catalogue.keys import Key
from bot.domain import EN, ES, PT, Lang

LOCALES: Final[Mapping[str, Lang]] = {
    "es-ES": ES,
    "es-419": ES,
    "en-US": EN,
    "en-GB": EN,
    "pt-BR": PT,
}
"""Discord's locales that we speak, each with our language."""
ASKS_BY_FORM = frozenset({"suggestion"})
"""Commands that ask for a text by a form."""
STAFF_ONLY = "8192"
"""Shown to those who may manage messages, until a server's people say otherwise."""
DESCRIPTION = 100
STRING, BOOLEAN = 3, 5
SERVER, DIRECT = 0, 1
"""Where a command can be used."""
_QUESTION: Final[Mapping[Lang, str]] = MappingProxyType({ES: "pregunta", EN: "question", PT: "pergunta"})
_SHARE: Final[Mapping[Lang, str]] = MappingProxyType({ES: "compartir", EN: "share", PT: "compartilhar"})
_TEXT: Final[Mapping[Lang, str]] = MappingProxyType({ES: "texto", EN: "text"})
TEXT_MOST, FORM_TITLE, FORM_LABEL = 2000, 45, 45


class Say(Protocol):
    """A text of the catalogue, exactly as written."""

    def __call__(self, key: Key, lang: Lang, **values: str) -> str: ...


@dataclass(frozen=True, slots=True)
class Option:
    """One thing that a command takes. `kind` is text, choice (a text with suggestions) or flag."""

    kind: str
    names: Mapping[Lang, str]
    descriptions: Mapping[Lang, str]


@dataclass(frozen=True, slots=True)
class SlashCommand:
    """A command under its canonical name; texts by language, with `lang` for everybody else."""

    name: str
    names: Mapping[Lang, str]
    descriptions: Mapping[Lang, str]
    for_staff: bool = False
    options: Sequence[Option] = field(default_factory=tuple)


def slash_commands(say: Say) -> tuple[SlashCommand, ...]:
    """The catalogue's commands as Discord shows them; /start is Telegram's own."""

    def told(key: Key, languages: tuple[Lang, ...]) -> dict[Lang, str]:
        return {lang: say(key, lang) for lang in languages}

    found = []
    for command in COMMANDS:
        if command.name is Name.START:
            continue
        languages = (ES, EN) if command.for_staff else (ES, EN, PT)
        options: tuple[Option, ...] = ()
        if command.name is Name.FAQ:
            options = (
                Option("choice", _QUESTION, told(Key.COMMAND_FAQ_QUESTION, languages)),
                Option("flag", _SHARE, told(Key.COMMAND_FAQ_SHARE, languages)),
            )
        elif command.for_staff and command.name is not Name.CASES:
            options = (Option("text", _TEXT, told(Key.STAFF_COMMAND_TEXT, languages)),)
        found.append(
            SlashCommand(
                command.name.value,
                {lang: words[0] for lang, words in command.aliases.items()},
                told(command.description, languages),
                command.for_staff,
                options,
            )
        )
    return tuple(found)


def registered(commands: Sequence[SlashCommand], lang: Lang, *, for_staff: bool) -> list[dict[str, Any]]:
    """What Discord is given to register: for all servers and direct messages, or for the staff's server."""
    found = []
    taken: set[str] = set()
    for command in commands:
        name = command.names.get(lang) or command.names[EN]
        if command.for_staff is not for_staff or name in taken:
            continue
        taken.add(name)
        one = _named(name, command.names, command.descriptions, lang) | {
            "type": 1,
            "options": [_option(option, lang) for option in command.options],
        }
        if for_staff:
            one["default_member_permissions"] = STAFF_ONLY
        else:
            one |= {"contexts": [SERVER, DIRECT], "integration_types": [0]}
        found.append(one)
    return found


def form(name: str, title: str, label: str) -> dict[str, Any]:
    """A form that asks for one text; it comes back under the command's name."""
    text = {"type": 4, "custom_id": "text", "style": 2, "label": label[:FORM_LABEL], "min_length": 1}
    return {
        "title": title[:FORM_TITLE],
        "custom_id": name,
        "components": [{"type": 1, "components": [text | {"max_length": TEXT_MOST, "required": True}]}],
    }


def _option(option: Option, lang: Lang) -> dict[str, Any]:
    one = _named(option.names.get(lang) or option.names[EN], option.names, option.descriptions, lang)
    one |= {"type": BOOLEAN if option.kind == "flag" else STRING, "required": False}
    if option.kind == "choice":
        one["autocomplete"] = True
    return one


def _named(
    name: str, names: Mapping[Lang, str], descriptions: Mapping[Lang, str], lang: Lang
) -> dict[str, Any]:
    return {
        "name": name,
        "name_localizations": {at: names[one] for at, one in LOCALES.items() if one in names},
        "description": (descriptions.get(lang) or descriptions[EN])[:DESCRIPTION],
        "description_localizations": {
            at: descriptions[one][:DESCRIPTION] for at, one in LOCALES.items() if one in descriptions
        },
    }
