"""The form of `config/privacy.yml`: who answers for personal data, how long it is kept, and minors."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BeforeValidator, Field

from bot.errors import Position
from bot.knowledge.form import Form, OneLine, choice, fail, fill, nested, number, one_value
from bot.knowledge.model import Keep, Minors, MinorsThen, Privacy
from bot.knowledge.node import Mapping, Pair
from bot.knowledge.problem import Problem
from bot.knowledge.rules import problem

LONGEST = 3650
"""Days that anything may be kept: ten years, what tax law asks for at the most where we looked."""

_ADDRESS = re.compile(r"https?://[^\s/]+\.[^\s]+")
_DEFAULT, _MINORS = Keep(), Minors()

Days = Annotated[int, BeforeValidator(number(1, LONGEST))]


def read_address(value: object) -> str:
    """An address of the web, with its scheme."""
    text = one_value(value)
    if not _ADDRESS.fullmatch(text.text):
        fail(problem("enlace-no-valido", text.at, url=text.text))
    return text.text


class ControllerForm(Form):
    """Who answers for the data, and how they are reached."""

    name: OneLine
    contact: OneLine


class KeepForm(Form):
    """Days that each sort of data is kept."""

    messages: Days = _DEFAULT.messages
    files: Days = _DEFAULT.files
    cases: Days = _DEFAULT.cases
    audit: Days = _DEFAULT.audit
    listened: Days = _DEFAULT.listened
    backups: Days = _DEFAULT.backups


class MinorsForm(Form):
    """What is done about members who say that they are too young."""

    age: Annotated[int, BeforeValidator(number(1, 21))] = _MINORS.age
    then: Annotated[MinorsThen, BeforeValidator(choice(MinorsThen))] = _MINORS.then
    messages: Days = _MINORS.messages


class PrivacyForm(Form):
    """What stands in `privacy.yml`."""

    controller: Annotated[ControllerForm, BeforeValidator(nested(ControllerForm))]
    policy: Annotated[str, BeforeValidator(read_address)] = ""
    keep: Annotated[KeepForm, BeforeValidator(nested(KeepForm))] = Field(default_factory=KeepForm)
    minors: Annotated[MinorsForm, BeforeValidator(nested(MinorsForm))] = Field(default_factory=MinorsForm)


def privacy(path: str, tree: Mapping) -> tuple[Privacy | None, list[Problem]]:
    """Read `privacy.yml`."""
    filled = fill(PrivacyForm, Pair("privacy.yml", Position(path), tree))
    if (form := filled.form) is None:
        return None, list(filled.problems)
    read = Privacy(
        controller=form.controller.name.text,
        contact=form.controller.contact.text,
        policy=form.policy,
        keep=Keep(**form.keep.model_dump()),
        minors=Minors(**form.minors.model_dump()),
    )
    return read, list(filled.problems)
