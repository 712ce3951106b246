"""What every surface for staff can do with cases: the Telegram staff place, the web page, others later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from bot.domain import Author, CaseId, CaseState, Lang, OutboxState, Owner, Platform, Reason


@dataclass(frozen=True, slots=True)
class StaffMember:
    """Who of the staff acts; `name` is what colleagues and the log see, never a platform id."""

    name: str
    lang: Lang


@dataclass(frozen=True, slots=True)
class CaseSummary:
    """One line of the list of cases."""

    id: CaseId
    state: CaseState
    owner: Owner
    staff: str | None
    reason: Reason
    team: str
    member: str
    """The member's display name as the platform gave it: untrusted text."""
    platform: Platform
    lang: Lang
    last_text: str
    opened_at: datetime
    last_inbound_at: datetime | None
    held: int
    """Sends of this conversation of which we don't know whether they arrived."""


@dataclass(frozen=True, slots=True)
class Line:
    """One message of a conversation as staff sees it. `id` grows with time."""

    id: int
    author: Author
    staff: str | None
    text: str
    markdown: bool
    at: datetime
    note: bool = False
    """Staff-only text."""
    delivery: OutboxState | None = None
    outbox_id: int | None = None
    error: str = ""
    entry: str = ""
    files: tuple[tuple[int, str, str], ...] = ()
    """Attachment id, name and media type of each stored file."""


@dataclass(frozen=True, slots=True)
class DraftLine:
    """A text that was kept unsent because somebody else owned the conversation."""

    id: int
    staff: str
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Dossier:
    """All that a person needs to take over."""

    summary: CaseSummary
    lines: tuple[Line, ...]
    drafts: tuple[DraftLine, ...]
    asked: tuple[str, ...]
    """What the member asked before the hand-off."""
    tried: tuple[str, ...]
    """Titles of the entries that the bot gave or offered."""


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
