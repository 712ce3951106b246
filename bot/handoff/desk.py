"""What every surface for staff can do with cases: the Telegram staff place, the web page, others later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from bot.domain import CaseId, Lang
from bot.store.blocks import BlockedMember as BlockedMember
from bot.store.dossiers import CaseSummary as CaseSummary
from bot.store.dossiers import Dossier as Dossier
from bot.store.dossiers import DraftLine as DraftLine
from bot.store.dossiers import Line as Line
from bot.store.feedback import FeedbackLine as FeedbackLine


@dataclass(frozen=True, slots=True)
class StaffMember:
    """Who of the staff acts; `name` is what colleagues and the log see, never a platform id."""

    name: str
    lang: Lang


class Done(StrEnum):
    """What became of an action of staff."""

    DONE = "done"
    KEPT = "kept"
    """Somebody else owns the conversation: the text is kept as a draft."""
    STALE = "stale"
    """Nothing to do any more: the case is closed, the draft was sent, the held send was resolved."""
    UNKNOWN = "unknown"
    """No such case, draft or send."""
    EMPTY = "empty"
    """There was no text to send."""


@dataclass(frozen=True, slots=True)
class Result:
    """The outcome of an action; `owner` names who owns the conversation when a text was kept."""

    done: Done
    case: CaseId | None = None
    draft: int | None = None
    owner: str = ""


class DraftAction(StrEnum):
    """What to do with a kept text."""

    SEND = "send"
    TAKE_OVER = "take"
    DISCARD = "discard"


class Desk(Protocol):
    """The one door through which staff works cases; each action is one unit in the member's conversation."""

    async def cases(self, *, closed: bool = False) -> Sequence[CaseSummary]:
        """Open cases (or the 100 closed last), those that wait longest first."""
        ...

    async def dossier(self, case: CaseId) -> Dossier | None: ...

    async def reply(self, case: CaseId, staff: StaffMember, text: str) -> Result:
        """Send a text to the member; takes ownership and silences the bot, unless somebody else owns."""
        ...

    async def note(self, case: CaseId, staff: StaffMember, text: str) -> Result: ...

    async def take_over(self, case: CaseId, staff: StaffMember) -> Result: ...

    async def give_back(self, case: CaseId, staff: StaffMember) -> Result: ...

    async def close(self, case: CaseId, staff: StaffMember) -> Result: ...

    async def block(self, case: CaseId, staff: StaffMember, *, blocks: bool = True) -> Result:
        """Have nothing more to do with a case's member, who is not told; or take that back."""
        ...

    async def blocked(self) -> Sequence[BlockedMember]:
        """Who is blocked, the latest first."""
        ...

    async def feedback(self) -> Sequence[FeedbackLine]:
        """The latest suggestions and answers that did not serve."""
        ...

    async def held(self, outbox_id: int, staff: StaffMember, *, arrived: bool) -> Result:
        """Resolve a held send: it arrived, or send it again."""
        ...

    async def draft(self, draft: int, staff: StaffMember, action: DraftAction) -> Result: ...

    async def file(self, attachment: int) -> tuple[str, str, bytes] | None:
        """Name, media type and content of a stored file."""
        ...

    async def changed(self, timeout: float) -> None:
        """Return when any case may have changed, or after `timeout` seconds."""
        ...
