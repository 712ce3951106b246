"""One hierarchy of errors: what happened, where, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass


class VoceroError(Exception):
    """Something that a person can mend.

    `what` says what happened; `remedy` what to do; `where` is `path:line:column`, an address or a setting.
    """

    def __init__(self, what: str, *, remedy: str = "", where: str = "") -> None:
        self.what, self.remedy, self.where = what, remedy, where
        told = ": ".join(part for part in (where, what) if part)
        super().__init__(f"{told}\n{remedy}" if remedy else told)


class SettingsError(VoceroError):
    """A setting is missing or cannot be used."""


class StartupError(VoceroError):
    """The process cannot start with what it found."""


class KnowledgeError(VoceroError):
    """The files in faq/ and config/ do not pass the check."""


class StoreError(VoceroError):
    """The database cannot do what was asked."""


class ChannelError(VoceroError):
    """A platform refused or could not be reached; `kind` says in one word how, for figures."""

    def __init__(self, what: str, *, remedy: str = "", where: str = "", kind: str = "") -> None:
        super().__init__(what, remedy=remedy, where=where)
        self.kind = kind


class RefusedError(ChannelError):
    """A platform does not take our token: only a person can mend that."""


class AccessError(VoceroError):
    """Whoever asks may not do this."""


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in a file; line and column count from 1."""

    path: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}"
