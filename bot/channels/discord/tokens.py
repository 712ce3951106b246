"""What an answer to an interaction has to carry."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

import discord

LIFETIME = timedelta(minutes=14, seconds=30)
"""Tokens live for 15 minutes: https://discord.com/developers/docs/interactions/receiving-and-responding"""


class ViaKind(StrEnum):
    """What was told to Discord when the interaction had been committed."""

    REPLY = "r"
    """That an answer follows: the person reads "thinking" until it is there."""
    ASIDE = "a"
    """The same, for nobody but the person to read."""
    PRESS = "p"
    """That the button was heard: nothing has to follow."""


@dataclass(frozen=True, slots=True)
class Via:
    """An interaction by its number and token, and whose it is."""

    kind: ViaKind
    id: int
    user: int
    token: str

    def encode(self) -> str:
        """As it is kept beside the message."""
        return f"{self.kind.value}:{self.id}:{self.user}:{self.token}"

    @classmethod
    def decode(cls, kept: str) -> Via | None:
        """What `encode` made; None for anything else."""
        kind, _, rest = kept.partition(":")
        number, _, rest = rest.partition(":")
        user, _, token = rest.partition(":")
        if kind not in tuple(ViaKind) or not number.isdigit() or not user.isdigit() or not token:
            return None
        return cls(ViaKind(kind), int(number), int(user), token)

    @property
    def further(self) -> Via:
        """For what is said after the first answer, as messages of their own."""
        return replace(self, kind=ViaKind.PRESS)

    @property
    def awaited(self) -> bool:
        """Whether the person reads "thinking" until the answer is there."""
        return self.kind is not ViaKind.PRESS

    def alive(self, now: datetime) -> bool:
        """Whether an answer still finds its way."""
        return now < discord.utils.snowflake_time(self.id) + LIFETIME
