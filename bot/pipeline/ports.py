"""What the corridor asks of the rooms above it."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from sqlalchemy import Connection

from bot.conversation.situation import Situation
from bot.domain import CaseId, Outgoing, Reason
from bot.pipeline.phrase import Voice
from bot.store.outbox import Claimed
from nlu.model import Interpreter


class Mind:
    """What is known and how it is understood: both change together, atomically."""

    def __init__(self, voice: Voice, interpreter: Interpreter) -> None:
        self.voice = voice
        self.interpreter = interpreter


class Minds(Protocol):
    """Where the current mind is found; one turn uses one mind throughout."""

    @property
    def current(self) -> Mind: ...


class Notices(Protocol):
    """Tells staff, within the unit that makes it true; returns the lanes to be woken after the commit."""

    def opened(
        self,
        connection: Connection,
        situation: Situation,
        case: CaseId,
        reason: Reason,
        now: datetime,
        *,
        again: bool,
    ) -> list[str]:
        """A case was opened, or opened again."""
        ...

    def added(
        self, connection: Connection, situation: Situation, case: CaseId | None, now: datetime
    ) -> list[str]:
        """The member wrote while a person owns the conversation or is awaited."""
        ...

    def again(self, notice: Outgoing) -> Outgoing:
        """A notice to staff of which we don't know whether it arrived, marked as one that comes again."""
        ...

    def undelivered(self, connection: Connection, claimed: Claimed, now: datetime) -> list[str]:
        """A message can never arrive: the member cannot be reached."""
        ...

    def held(self, connection: Connection, claimed: Claimed, now: datetime) -> list[str]:
        """We don't know whether a send arrived."""
        ...
