"""What a channel knows of its connection, for whoever watches the process."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum


class Condition(StrEnum):
    """How a channel stands with its platform."""

    STARTING = "starting"
    UP = "up"
    BACKING_OFF = "backing_off"
    """It could not connect, or lost its connection, and tries again by itself."""
    REFUSED = "refused"
    """The platform does not take the token: a person has to mend it. It is tried again slowly."""


class ChannelState:
    """The condition of one channel. The channel and its supervision change it, everybody else reads.

    `since` is when the present condition began (UTC). `kind` is the last trouble in one word (`unreachable`,
    `server_error`, `conflict`, `flooded`, `token_refused`, ...), '' while there is none; it says nothing that
    is secret. `name` is what the bot is called on the platform, once known. `failures` counts those in a row,
    `limited` how many requests the platform has refused as too many.
    """

    def __init__(self, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._now = now
        self._listeners: list[Callable[[ChannelState], None]] = []
        self.condition = Condition.STARTING
        self.since = now()
        self.kind = ""
        self.name = ""
        self.failures = 0
        self.limited = 0

    @property
    def is_up(self) -> bool:
        """Whether events come in."""
        return self.condition is Condition.UP

    def listen(self, listener: Callable[[ChannelState], None]) -> None:
        """Call `listener` after each change of condition."""
        self._listeners.append(listener)

    def up(self, name: str = "") -> None:
        """It is connected."""
        self.kind, self.failures, self.name = "", 0, name or self.name
        self._become(Condition.UP)

    def backing_off(self, kind: str) -> None:
        """It failed, and will be tried again by itself."""
        self.kind = kind
        self.failures += 1
        self._become(Condition.BACKING_OFF)

    def refused(self, kind: str = "token_refused") -> None:
        """The platform does not take who we say we are."""
        self.kind = kind
        self.failures += 1
        self._become(Condition.REFUSED)

    def flooded(self) -> None:
        """It refused a request as one too many (429)."""
        self.limited += 1

    def _become(self, condition: Condition) -> None:
        if condition is self.condition:
            return
        self.condition, self.since = condition, self._now()
        for listener in self._listeners:
            listener(self)
