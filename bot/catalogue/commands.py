"""The commands that the bot knows, by one canonical name each and the words that people type for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from bot.catalogue.keys import Key
from bot.domain import EN, ES, PT, Lang


class Name(StrEnum):
    """The canonical name of a command, as it stands in `bot.domain.Inbound.command`."""

    START = "start"
    HELP = "help"
    HUMAN = "human"
    SUGGESTION = "suggestion"
    FAQ = "faq"
    PRIVACY = "privacy"
    MY_DATA = "my_data"
    FORGET_ME = "forget_me"
    INSTALL = "install"
    CASES = "cases"
    TAKE = "take"
    NOTE = "note"
    GIVE_BACK = "give_back"
    CLOSE = "close"
    BLOCK = "block"
    UNBLOCK = "unblock"


@dataclass(frozen=True, slots=True)
class Command:
    """One command; the first alias of a language is the one that menus and texts show.

    Aliases keep Telegram's rule for commands: 1 to 32 characters of a-z, 0-9 and underscore
    (https://core.telegram.org/bots/api#botcommand).
    """

    name: Name
    for_staff: bool
    aliases: Mapping[Lang, tuple[str, ...]]
    description: Key
    private: bool = True
    """Whether it means anything in a private chat."""
    public: bool = False
    """Whether a menu shows it in groups and channels."""


@dataclass(frozen=True, slots=True)
class MenuItem:
    """One line of a platform's command menu."""

    alias: str
    description: Key


COMMANDS: Final = (
    Command(Name.START, False, {ES: ("start",), EN: ("start",), PT: ("start",)}, Key.COMMAND_START),
    Command(
        Name.HELP,
        False,
        {ES: ("ayuda", "menu"), EN: ("help", "menu"), PT: ("ajuda", "menu")},
        Key.COMMAND_HELP,
        public=True,
    ),
    Command(
        Name.HUMAN,
        False,
        {ES: ("humano", "persona"), EN: ("human", "agent"), PT: ("humano", "atendente")},
        Key.COMMAND_HUMAN,
        public=True,
    ),
    Command(
        Name.INSTALL,
        False,
        {ES: ("instalar",), EN: ("install",), PT: ("instalar",)},
        Key.COMMAND_INSTALL,
        private=False,
        public=True,
    ),
    Command(
        Name.SUGGESTION,
        False,
        {ES: ("sugerencia",), EN: ("suggestion",), PT: ("sugestao",)},
        Key.COMMAND_SUGGESTION,
    ),
    Command(Name.FAQ, False, {ES: ("faq",), EN: ("faq",), PT: ("faq",)}, Key.COMMAND_FAQ, public=True),
    Command(
        Name.PRIVACY,
        False,
        {ES: ("privacidad",), EN: ("privacy",), PT: ("privacidade",)},
        Key.COMMAND_PRIVACY,
    ),
    Command(
        Name.MY_DATA, False, {ES: ("misdatos",), EN: ("mydata",), PT: ("meusdados",)}, Key.COMMAND_MY_DATA
    ),
    Command(
        Name.FORGET_ME,
        False,
        {ES: ("olvidame",), EN: ("forgetme",), PT: ("esquecer",)},
        Key.COMMAND_FORGET_ME,
    ),
    Command(Name.CASES, True, {ES: ("casos",), EN: ("cases",)}, Key.STAFF_COMMAND_CASES),
    Command(Name.TAKE, True, {ES: ("tomar",), EN: ("take",)}, Key.STAFF_COMMAND_TAKE),
    Command(Name.NOTE, True, {ES: ("nota",), EN: ("note",)}, Key.STAFF_COMMAND_NOTE),
    Command(Name.GIVE_BACK, True, {ES: ("devolver",), EN: ("giveback",)}, Key.STAFF_COMMAND_GIVE_BACK),
    Command(Name.CLOSE, True, {ES: ("cerrar",), EN: ("close",)}, Key.STAFF_COMMAND_CLOSE),
    Command(Name.BLOCK, True, {ES: ("bloquear",), EN: ("block",)}, Key.STAFF_COMMAND_BLOCK),
    Command(Name.UNBLOCK, True, {ES: ("desbloquear",), EN: ("unblock",)}, Key.STAFF_COMMAND_UNBLOCK),
)

_NAMES: Final[Mapping[str, Name]] = MappingProxyType(
    {alias: command.name for command in COMMANDS for words in command.aliases.values() for alias in words}
)


def canonical(word: str) -> Name | None:
    """The command that a typed word means in whatever language, slash or not; None if there is none."""
    return _NAMES.get(word.strip().removeprefix("/").lower())


def spoken(command: str, text: str, lang: Lang) -> str:
    """A command as a person of a language writes it, with its slash and what stands behind it.

    `command` is a canonical name; one that the bot does not know is shown as it is.
    """
    known = next((each for each in COMMANDS if each.name == command), None)
    return f"/{_first_alias(known, lang) if known else command} {text}".rstrip()


def menu(lang: Lang, *, for_staff: bool = False, in_public: bool = False) -> tuple[MenuItem, ...]:
    """What a command menu shows in a language; /help comes first for staff, with staff's description.

    `in_public`: the menu of groups and channels, which is shorter and has what only means something there.
    """
    items = tuple(
        MenuItem(_first_alias(command, lang), command.description)
        for command in COMMANDS
        if command.for_staff == for_staff and (command.public if in_public else command.private)
    )
    if not for_staff:
        return items
    help_command = next(command for command in COMMANDS if command.name is Name.HELP)
    return (MenuItem(_first_alias(help_command, lang), Key.STAFF_COMMAND_HELP), *items)


def _first_alias(command: Command, lang: Lang) -> str:
    return (command.aliases.get(lang) or command.aliases[EN])[0]
