"""The port for hints: lossy, idempotent, without content."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Protocol


class Topic(StrEnum):
    """What there may be something new about."""

    CONVERSATION = "conversation"
    """A member said something; the key is the conversation's id."""
    LANE = "lane"
    """Something is to be sent; the key is the lane."""
    TIMERS = "timers"
    """Something is due; no key."""
    CASES = "cases"
    """Staff may see something new; the key is the case's id, or ''."""


class Bus(Protocol):
    """Wakes whoever listens."""

    def wake(self, topic: Topic, key: str = "") -> None:
        """Say that there may be something new; never blocks, never fails."""
        ...

    def listen(self, topic: Topic, call: Callable[[str], None]) -> None:
        """Call `call(key)` at every wake of the topic."""
        ...
