"""A problem in a file: where it is, which rule found it, and how to mend it, in words for its editor."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from bot.errors import Position

Level = Literal["error", "warning"]

_OPTIONAL = re.compile(r"\[\[(.*?)\]\]", re.DOTALL)
_NAME = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Rule:
    """What is asked of the files. An error keeps them from being published, a warning does not.

    `es` and `en` are templates: `{param}` is filled in, and a stretch in `[[...]]` is left out when one of
    its own params is empty.
    """

    id: str
    level: Level
    es: str
    en: str


@dataclass(frozen=True, slots=True)
class Problem:
    """One place that breaks one rule; `what` fills the rule's texts."""

    at: Position
    rule: Rule
    what: Mapping[str, str]

    @property
    def level(self) -> Level:
        """Whether it keeps the files from being published."""
        return self.rule.level

    def message(self, lang: str) -> str:
        """What is wrong and how to mend it, in Spanish (`es`) or English (anything else)."""
        template = self.rule.es if lang == "es" else self.rule.en
        return self._fill(_OPTIONAL.sub(self._optional, template))

    def render(self, lang: str) -> str:
        """One line: `file:line:column rule: message`."""
        return f"{self.at} {self.rule.id}: {self.message(lang)}"

    def as_json(self, lang: str) -> str:
        """One JSON object for other programs."""
        fields = {
            "file": self.at.path,
            "line": self.at.line,
            "column": self.at.column,
            "rule": self.rule.id,
            "level": self.level,
            "message": self.message(lang),
        }
        return json.dumps(fields, ensure_ascii=False)

    def as_github(self, lang: str) -> str:
        """A workflow command that shows the problem beside its line on GitHub.

        Source of the escapes: https://github.com/actions/toolkit/blob/main/packages/core/src/command.ts
        """
        place = f"file={_property(self.at.path)},line={self.at.line},col={self.at.column}"
        return f"::{self.level} {place},title={_property(self.rule.id)}::{_data(self.message(lang))}"

    def sort_key(self) -> tuple[str, int, int, str, str]:
        """Problems are listed in the order of files and lines."""
        return (self.at.path, self.at.line, self.at.column, self.rule.id, repr(sorted(self.what.items())))

    def _fill(self, template: str) -> str:
        return _NAME.sub(lambda match: self.what[match.group(1)], template)

    def _optional(self, match: re.Match[str]) -> str:
        stretch = match.group(1)
        return stretch if all(self.what.get(name) for name in _NAME.findall(stretch)) else ""


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
