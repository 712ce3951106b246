"""The form of `config/community.yml`: which public places there are, and how the bot behaves in them."""

from __future__ import annotations

import re
from dataclasses import replace
from enum import StrEnum
from typing import Annotated

from pydantic import BeforeValidator

from bot.domain import Lang, Platform
from bot.errors import Position
from bot.knowledge.community import Community, Manners, Mode, PlaceKey, ReplyIn
from bot.knowledge.form import Form, check_id, choice, fail, fill, nested, number, one_value
from bot.knowledge.model import Text
from bot.knowledge.node import Mapping, Pair
from bot.knowledge.problem import Problem
from bot.knowledge.rules import problem
from bot.knowledge.words import LANGUAGES

LONGEST_COOLDOWN = 1440
"""Minutes: a day."""
LONGEST_WAIT = 300
"""Seconds; who has waited five minutes for a member's answer is not waiting any more."""

_ID = re.compile(r"-?\d{1,20}", re.ASCII)


class Public(StrEnum):
    """The platforms that have public places."""

    TELEGRAM = Platform.TELEGRAM.value
    DISCORD = Platform.DISCORD.value


def read_place_id(value: object) -> Text:
    """A platform's number of a place or thread, as `/install` tells it."""
    text = one_value(value)
    if not _ID.fullmatch(text.text):
        fail(problem("lugar-no-valido", text.at, value=text.text))
    return text


def read_language(value: object) -> Lang:
    """One language by its code."""
    text = one_value(value)
    if text.text not in LANGUAGES:
        fail(problem("idioma-no-valido", text.at, value=text.text))
    return Lang(text.text)


class MannersForm(Form):
    """How the bot behaves; what isn't said is as usual."""

    mode: Annotated[Mode | None, BeforeValidator(choice(Mode))] = None
    cooldown: Annotated[int | None, BeforeValidator(number(0, LONGEST_COOLDOWN))] = None
    wait: Annotated[int | None, BeforeValidator(number(0, LONGEST_WAIT))] = None
    reply_in: Annotated[ReplyIn | None, BeforeValidator(choice(ReplyIn))] = None
    language: Annotated[Lang | None, BeforeValidator(read_language)] = None

    def over(self, usual: Manners) -> Manners:
        """These manners, and the usual ones where nothing is said."""
        said = {
            "mode": self.mode,
            "cooldown": self.cooldown,
            "wait": self.wait,
            "reply_in": self.reply_in,
            "lang": self.language,
        }
        return replace(usual, **{name: value for name, value in said.items() if value is not None})  # type: ignore[arg-type]  # each is of its field's type


class PlaceForm(MannersForm):
    """One public place."""

    platform: Annotated[Public, BeforeValidator(choice(Public))]
    id: Annotated[Text, BeforeValidator(read_place_id)]
    thread: Annotated[Text | None, BeforeValidator(read_place_id)] = None

    def key(self) -> PlaceKey:
        """What the place is known by."""
        return Platform(self.platform.value), self.id.text, self.thread.text if self.thread else ""


class CommunityForm(Form):
    """What stands in `community.yml` besides the places."""

    default: Annotated[MannersForm | None, BeforeValidator(nested(MannersForm))] = None
    staff_pause: Annotated[int, BeforeValidator(number(0, LONGEST_COOLDOWN))] = Community().staff_pause


def community(path: str, tree: Mapping) -> tuple[Community, list[Problem]]:
    """Read `community.yml`. A thread's block says all of its own manners: its place's don't hold there.

    What could not be read is as usual, and the problems say why.
    """
    filled = fill(CommunityForm, Pair("community.yml", Position(path), tree), without=frozenset({"places"}))
    problems = list(filled.problems)
    form = filled.form
    usual = form.default.over(Manners()) if form is not None and form.default is not None else Manners()
    places: dict[PlaceKey, Manners] = {}
    lines: dict[PlaceKey, int] = {}
    listed = tree.get("places", "lugares")
    if listed is not None and not isinstance(listed.value, Mapping):
        if not tree.damaged:
            problems.append(problem("van-palabras", listed.at, word=listed.key, known=""))
        listed = None
    for pair in listed.value.pairs if listed is not None and isinstance(listed.value, Mapping) else ():
        place = fill(PlaceForm, pair)
        problems += [*filter(None, [check_id(pair)]), *place.problems]
        if place.form is None:
            continue
        key = place.form.key()
        if key in lines:
            problems.append(problem("lugar-repetido", place.form.id.at, id=key[1], line=str(lines[key])))
            continue
        lines[key] = place.form.id.at.line
        places[key] = place.form.over(usual)
    pause = form.staff_pause if form is not None else Community().staff_pause
    return Community(usual, places, pause), problems
