"""The checked knowledge of a brand, immutable: one value is one version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time
from enum import StrEnum
from pathlib import Path
from zoneinfo import ZoneInfo

from bot.domain import EntryId, KnowledgeVersion, Lang
from bot.errors import Position
from bot.knowledge.community import Community


class Person(StrEnum):
    """Whether a person is brought in together with an answer."""

    ON_REQUEST = "on_request"
    OFFER = "offer"
    ALWAYS = "always"


class Autonomy(StrEnum):
    """Where the bot may give an answer by itself."""

    OFF = "off"
    SUGGEST = "suggest"
    PRIVATE = "private"
    PUBLIC = "public"


class Address(StrEnum):
    """The form in which the brand speaks to one member in Spanish."""

    TU = "tú"
    VOS = "vos"
    USTED = "usted"


class Plural(StrEnum):
    """The form in which the brand speaks to several members in Spanish."""

    USTEDES = "ustedes"
    VOSOTROS = "vosotros"


class Emoji(StrEnum):
    """How many emoji the brand's catalogue texts may carry."""

    NONE = "none"
    FEW = "few"
    FREE = "free"


class Publish(StrEnum):
    """When changed files take effect."""

    ON_SAVE = "on_save"
    ON_COMMAND = "on_command"


@dataclass(frozen=True, slots=True)
class Text:
    """A text of a file with the place where it stands."""

    text: str
    at: Position


@dataclass(frozen=True, slots=True)
class Image:
    """A picture of an answer; `alt` by language, never empty for the first language."""

    file: Path
    alt: Mapping[Lang, str]
    license: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One FAQ item; `titles`, `questions`, `answers` by language. Answers are light Markdown templates."""

    id: EntryId
    topic: str
    team: str
    at: Position
    titles: Mapping[Lang, str]
    questions: Mapping[Lang, tuple[Text, ...]]
    answers: Mapping[Lang, tuple[Text, ...]]
    related: tuple[EntryId, ...] = ()
    person: Person = Person.ON_REQUEST
    autonomy: Autonomy = Autonomy.PUBLIC
    valid_from: date | None = None
    valid_until: date | None = None
    image: Image | None = None

    def is_valid_on(self, day: date) -> bool:
        """Whether the entry may be given on a day of the brand's time zone (both ends inclusive)."""
        return (self.valid_from is None or self.valid_from <= day) and (
            self.valid_until is None or day <= self.valid_until
        )


@dataclass(frozen=True, slots=True)
class Fact:
    """A value that answers quote; it lives once, has an owner and may expire (inclusive day)."""

    name: str
    values: Mapping[Lang, str]
    team: str
    at: Position
    expires: date | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """One line of `faq/tests/`: what a member might write and the entry or outcome expected of it."""

    text: str
    expected: str
    at: Position


@dataclass(frozen=True, slots=True)
class Voice:
    """How the brand speaks."""

    assistant: str
    address: Address = Address.TU
    plural: Plural = Plural.USTEDES
    emoji: Emoji = Emoji.FEW


@dataclass(frozen=True, slots=True)
class Brand:
    """Whose voice this is. `languages[0]` is the brand's first language."""

    name: str
    about: Mapping[Lang, str]
    languages: tuple[Lang, ...]
    timezone: ZoneInfo
    voice: Voice
    menu: tuple[EntryId, ...]
    fictitious: bool = False
    publish: Publish = Publish.ON_SAVE


@dataclass(frozen=True, slots=True)
class Colleague:
    """Someone of the brand's staff."""

    id: str
    name: str
    role: str


@dataclass(frozen=True, slots=True)
class Team:
    """A group of colleagues that gets a topic's cases."""

    id: str
    titles: Mapping[Lang, str]
    people: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Span:
    """Opening hours within one day; `end` may be 24:00, written as time.max."""

    start: time
    end: time


@dataclass(frozen=True, slots=True)
class Staff:
    """Who answers, and when. `hours[0]` is Monday; an empty tuple is a closed day."""

    people: Mapping[str, Colleague]
    teams: Mapping[str, Team]
    hours: tuple[tuple[Span, ...], ...]
    holidays: frozenset[date] = frozenset()
    alert_minutes: int = 15
    alert_repeats: int = 4


class MinorsThen(StrEnum):
    """What follows when somebody says to be younger than the limit."""

    PERSON = "person"
    END = "end"


@dataclass(frozen=True, slots=True)
class Keep:
    """Days that each sort of data is kept; the defaults hold where `privacy.yml` says nothing."""

    messages: int = 365
    files: int = 90
    cases: int = 730
    audit: int = 730
    listened: int = 7
    backups: int = 30


@dataclass(frozen=True, slots=True)
class Minors:
    """Who is younger than `age` years; their messages are kept `messages` days at the most."""

    age: int = 14
    then: MinorsThen = MinorsThen.PERSON
    messages: int = 30


@dataclass(frozen=True, slots=True)
class Privacy:
    """What the brand does with personal data; '' where it does not say who answers for it, or a policy."""

    controller: str = ""
    contact: str = ""
    policy: str = ""
    keep: Keep = field(default_factory=Keep)
    minors: Minors = field(default_factory=Minors)


@dataclass(frozen=True, slots=True)
class Knowledge:
    """Everything that passed the check, under one content hash."""

    version: KnowledgeVersion
    root: Path
    brand: Brand
    staff: Staff
    topics: Mapping[str, Mapping[Lang, str]]
    entries: Mapping[EntryId, Entry]
    facts: Mapping[str, Fact]
    cases: tuple[Case, ...] = ()
    texts: Mapping[str, Mapping[Lang, tuple[str, ...]]] = field(default_factory=dict)
    """Overrides of catalogue texts, by key and language."""
    privacy: Privacy = field(default_factory=Privacy)
    community: Community = field(default_factory=Community)
