"""The forms of the files in `config/`: the brand, its staff, and the texts that it words its own way."""

from __future__ import annotations

import re
from collections.abc import Mapping as Map
from dataclasses import dataclass
from datetime import date, time
from enum import StrEnum
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import BeforeValidator, Field

from bot.domain import EN, ES, PT, Lang
from bot.errors import Position
from bot.knowledge.faqfile import wordings
from bot.knowledge.form import (
    Form,
    Names,
    OneLine,
    Whole,
    YesOrNo,
    check_id,
    choice,
    fail,
    fill,
    is_misspelt,
    language_blocks,
    lines,
    names,
    nested,
    number,
    one_value,
    read_day,
    scalar,
)
from bot.knowledge.model import Address, Colleague, Emoji, Plural, Publish, Span, Staff, Team, Text, Voice
from bot.knowledge.node import Mapping, Pair, Sequence
from bot.knowledge.problem import Problem
from bot.knowledge.rules import problem
from bot.knowledge.words import LANGUAGES, as_in, nearest

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

_SPAN = re.compile(r"(\d{1,2}):(\d{2})\s*[-–]\s*(\d{1,2}):(\d{2})", re.ASCII)
_CLOSED = ("closed", "cerrado")
_LANGUAGES = frozenset(LANGUAGES)


class Role(StrEnum):
    """What someone of the staff may do."""

    MODERATOR = "moderator"
    SUPERVISOR = "supervisor"
    ADMIN = "admin"


def read_time_zone(value: object) -> ZoneInfo:
    """A time zone by its name in the tz database."""
    text = one_value(value)
    try:
        return ZoneInfo(text.text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        near = nearest(text.text, available_timezones(), cutoff=0.7)
        fail(problem("zona-horaria", text.at, value=text.text, near=near))


def read_languages(value: object) -> tuple[Lang, ...]:
    """Languages between commas, the brand's first language first."""
    found = names(value)
    if wrong := [
        problem("idioma-no-valido", name.at, value=name.text) for name in found if name.text not in LANGUAGES
    ]:
        fail(*wrong)
    return tuple(Lang(name.text) for name in found)


def read_spans(value: object) -> tuple[Span, ...]:
    """The opening hours of one day, like `09:00-13:00, 14:00-18:00`."""
    text = one_value(value)
    if text.text.casefold() in _CLOSED:
        return ()
    found: list[Span] = []
    for part in text.text.split(","):
        match = _SPAN.fullmatch(part.strip())
        hours = [int(group) for group in match.groups()] if match else []
        if not hours or max(hours[1], hours[3]) > 59 or hours[0] > 23 or (hours[2], hours[3]) > (24, 0):
            fail(problem("hora-no-valida", text.at, value=text.text))
        end = time.max if hours[2] == 24 else time(hours[2], hours[3])
        span = Span(time(hours[0], hours[1]), end)
        if span.end <= span.start or (found and span.start < found[-1].end):
            fail(problem("horas-al-reves", text.at, value=text.text))
        found.append(span)
    return tuple(found)


def read_holidays(value: object) -> frozenset[date]:
    """One date a line."""
    return frozenset(read_day(line) for line in lines(value))


Spans = Annotated[tuple[Span, ...], BeforeValidator(read_spans)]


class VoiceForm(Form):
    """How the brand speaks."""

    assistant: OneLine
    address: Annotated[Address, BeforeValidator(choice(Address))] = Address.TU
    plural: Annotated[Plural, BeforeValidator(choice(Plural))] = Plural.USTEDES
    emoji: Annotated[Emoji, BeforeValidator(choice(Emoji))] = Emoji.FEW

    def voice(self) -> Voice:
        """The voice as the house knows it."""
        return Voice(self.assistant.text, self.address, self.plural, self.emoji)


class BrandForm(Form):
    """What stands in `brand.yml`, but for the blocks of further languages."""

    name: OneLine
    fictitious: YesOrNo = False
    about: Whole
    languages: Annotated[tuple[Lang, ...], BeforeValidator(read_languages)]
    timezone: Annotated[ZoneInfo, BeforeValidator(read_time_zone)]
    publish: Annotated[Publish, BeforeValidator(choice(Publish))] = Publish.ON_SAVE
    voice: Annotated[VoiceForm, BeforeValidator(nested(VoiceForm))]
    menu: Names


class BrandLanguageForm(Form):
    """The brand in a further language."""

    about: Whole


class PersonForm(Form):
    """Someone of the staff."""

    name: OneLine
    role: Annotated[Role, BeforeValidator(choice(Role))]


class TeamForm(Form):
    """A group that gets a topic's cases."""

    title: OneLine
    people: Names


class TeamLanguageForm(Form):
    """A team in a further language."""

    title: OneLine


class HoursForm(Form):
    """When people answer; a day that isn't named is closed."""

    monday: Spans = ()
    tuesday: Spans = ()
    wednesday: Spans = ()
    thursday: Spans = ()
    friday: Spans = ()
    saturday: Spans = ()
    sunday: Spans = ()

    def week(self) -> tuple[tuple[Span, ...], ...]:
        """The spans of each day, Monday first."""
        return tuple(getattr(self, day) for day in DAYS)


class AlertsForm(Form):
    """How often staff hears of a case that nobody takes."""

    repeat: Annotated[int, BeforeValidator(number(1, 1440))] = 15
    stop_after: Annotated[int, BeforeValidator(number(0, 100))] = 4


class StaffForm(Form):
    """What stands in `team.yml` besides people and teams."""

    hours: Annotated[HoursForm, BeforeValidator(nested(HoursForm))]
    holidays: Annotated[frozenset[date], BeforeValidator(read_holidays)] = frozenset()
    alerts: Annotated[AlertsForm, BeforeValidator(nested(AlertsForm))] = Field(default_factory=AlertsForm)


@dataclass(frozen=True, slots=True)
class BrandDraft:
    """`brand.yml` as it stands, not yet held against the other files."""

    form: BrandForm
    about: Map[Lang, str]
    blocks: tuple[Pair, ...]


@dataclass(frozen=True, slots=True)
class StaffDraft:
    """`team.yml` as it stands. `team_ids` and `people_ids` have those too that could not be read."""

    staff: Staff | None
    team_ids: frozenset[str]
    is_whole: bool


def brand_draft(path: str, tree: Mapping) -> tuple[BrandDraft | None, list[Problem]]:
    """Read `brand.yml`."""
    filled = fill(BrandForm, Pair("brand.yml", Position(path), tree), without=_LANGUAGES)
    problems = list(filled.problems)
    blocks = tuple(language_blocks(tree))
    further: dict[Lang, str] = {}
    for block in blocks:
        in_language = fill(BrandLanguageForm, block)
        problems += in_language.problems
        if in_language.form is not None:
            further[Lang(block.key)] = in_language.form.about.text
    if filled.form is None:
        return None, problems
    if not 3 <= len(filled.form.menu) <= 6:
        at = filled.form.menu[0].at if filled.form.menu else Position(path)
        problems.append(problem("menu-cantidad", at, count=str(len(filled.form.menu))))
    about = {filled.form.languages[0]: filled.form.about.text} | further
    return BrandDraft(filled.form, about, blocks), problems


def staff_draft(path: str, tree: Mapping, first: Lang) -> tuple[StaffDraft, list[Problem]]:
    """Read `team.yml`; `first` is the brand's first language."""
    root = Pair("team.yml", Position(path), tree)
    filled = fill(StaffForm, root, without=frozenset({"people", "teams"}))
    problems = list(filled.problems)
    listed_people, found = _listed(root, tree, "people", "personas", problems)
    problems += found
    listed_teams, found = _listed(root, tree, "teams", "equipos", problems)
    problems += found
    people: dict[str, Colleague] = {}
    for pair in listed_people:
        person = fill(PersonForm, pair)
        problems += [*filter(None, [check_id(pair)]), *person.problems]
        if person.form is not None:
            people[pair.key] = Colleague(pair.key, person.form.name.text, person.form.role.value)
    known = {pair.key for pair in listed_people}
    teams: dict[str, Team] = {}
    for pair in listed_teams:
        team, found = _team(pair, first, known)
        problems += [*filter(None, [check_id(pair)]), *found]
        if team is not None:
            teams[pair.key] = team
    staff = None
    if (form := filled.form) is not None:
        alerts = form.alerts
        staff = Staff(people, teams, form.hours.week(), form.holidays, alerts.repeat, alerts.stop_after)
    ids = frozenset(pair.key for pair in listed_teams)
    return StaffDraft(staff, ids, not tree.damaged and bool(ids)), problems


def overrides(tree: Mapping) -> tuple[list[tuple[Pair, Map[Lang, tuple[Text, ...]]]], list[Problem]]:
    """Read `texts.yml`: each key's pair with its wordings by language."""
    found: list[tuple[Pair, Map[Lang, tuple[Text, ...]]]] = []
    problems: list[Problem] = []
    for pair in tree.pairs:
        form = fill(_OverrideForm, pair)
        problems += form.problems
        if form.form is not None:
            by_language = {ES: form.form.es, EN: form.form.en, PT: form.form.pt}
            found.append((pair, {lang: texts for lang, texts in by_language.items() if texts}))
    return found, problems


def _one_or_more(value: object) -> tuple[Text, ...]:
    if isinstance(value, Pair) and isinstance(value.value, Sequence):
        return wordings(value)
    return (scalar(value),)


class _OverrideForm(Form):
    es: Annotated[tuple[Text, ...], BeforeValidator(_one_or_more)] = ()
    en: Annotated[tuple[Text, ...], BeforeValidator(_one_or_more)] = ()
    pt: Annotated[tuple[Text, ...], BeforeValidator(_one_or_more)] = ()


def _listed(
    root: Pair, tree: Mapping, word: str, spanish: str, problems: list[Problem]
) -> tuple[tuple[Pair, ...], list[Problem]]:
    """What is listed below a word that has to be there; `problems`: what was found in the file so far."""
    pair = tree.get(word, spanish)
    if pair is None:
        if tree.damaged or is_misspelt(word, problems):
            return (), []
        missing = as_in([pair.key for pair in tree.pairs], word)
        return (), [problem("falta-palabra", root.at, word=missing, of=root.key)]
    if not isinstance(pair.value, Mapping):
        return (), [] if tree.damaged else [problem("van-palabras", pair.at, word=pair.key, known="")]
    return pair.value.pairs, []


def _team(pair: Pair, first: Lang, people: set[str]) -> tuple[Team | None, list[Problem]]:
    filled = fill(TeamForm, pair, without=_LANGUAGES)
    problems = list(filled.problems)
    further: dict[Lang, str] = {}
    for block in language_blocks(pair.value) if isinstance(pair.value, Mapping) else ():
        in_language = fill(TeamLanguageForm, block)
        problems += in_language.problems
        if in_language.form is not None:
            further[Lang(block.key)] = in_language.form.title.text
    if filled.form is None:
        return None, problems
    for name in filled.form.people:
        if name.text not in people:
            near = nearest(name.text, people)
            problems.append(problem("persona-desconocida", name.at, id=name.text, near=near))
    titles = {first: filled.form.title.text} | further
    return Team(pair.key, titles, tuple(name.text for name in filled.form.people)), problems
