"""What the pages say of the brand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, tzinfo

from bot.domain import Button, Lang


@dataclass(frozen=True, slots=True)
class Site:
    """A brand as its pages show it; `languages[0]` is its first language.

    `menu` are the buttons that a new visitor sees, by language. `color` is the brand's colour as `#rrggbb`,
    or '' for a neutral one.
    """

    brand: str
    languages: tuple[Lang, ...]
    about: Mapping[Lang, str] = field(default_factory=dict)
    menu: Mapping[Lang, tuple[Button, ...]] = field(default_factory=dict)
    fictitious: bool = False
    timezone: tzinfo = UTC
    color: str = ""
    title: Callable[[str, Lang], str] = lambda entry, lang: ""
    """The title of an entry in a language, by its id; '' where there is none."""
