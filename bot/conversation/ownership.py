"""Who speaks in a conversation, and how that changes: a state machine without side effects.

bot ──hand off──> queue ──reply, take over──> human ──give back, close──> bot
 └───────────────reply, take over──────────────^ └──take over by another──┘
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bot.domain import CaseState, Owner

PERSON_OWNS = "person_owns"
"""The rule of messages that are relayed because a person speaks in their conversation."""


class Act(StrEnum):
    """What can change who speaks."""

    HAND_OFF = "hand_off"
    """The bot passes the conversation on."""
    REPLY = "reply"
    """Someone of the staff writes to the member."""
    TAKE_OVER = "take_over"
    """Someone of the staff takes the conversation, also from a colleague."""
    GIVE_BACK = "give_back"
    """The bot may speak again; the case stays open."""
    CLOSE = "close"
    """The case is done; the bot may speak again."""


@dataclass(frozen=True, slots=True)
class Ownership:
    """Who speaks; `staff` names the person when the owner is human."""

    owner: Owner = Owner.BOT
    staff: str | None = None

    def __post_init__(self) -> None:
        if (self.owner is Owner.HUMAN) != (self.staff is not None):
            raise ValueError(
                f"owner {self.owner} with staff {self.staff!r}: a human owner has a name, others none"
            )

    @property
    def bot_may_speak(self) -> bool:
        """Whether anything of the bot may reach the member."""
        return self.owner in (Owner.BOT, Owner.QUEUE)


@dataclass(frozen=True, slots=True)
class Change:
    """What an act leads to.

    `allowed` is False when a colleague already owns the conversation: nothing changes and the text is kept.
    `silence` asks for the bot's pending sends to be cancelled. `case` is the case's next state, None when it
    stays as it is.
    """

    after: Ownership
    allowed: bool = True
    silence: bool = False
    case: CaseState | None = None

    def moved(self, before: Ownership) -> bool:
        """Whether the act changed who speaks."""
        return self.after != before


def apply(before: Ownership, act: Act, staff: str | None = None) -> Change:
    """What becomes of `before` when `staff` (None for the bot) does `act`."""
    match act:
        case Act.HAND_OFF:
            if before.owner is Owner.BOT:
                return Change(Ownership(Owner.QUEUE), case=CaseState.NEW)
            return Change(before)
        case Act.REPLY:
            name = _named(act, staff)
            if before.owner is Owner.HUMAN and before.staff != name:
                return Change(before, allowed=False)
            return Change(Ownership(Owner.HUMAN, name), silence=before.bot_may_speak, case=CaseState.ASSIGNED)
        case Act.TAKE_OVER:
            name = _named(act, staff)
            return Change(Ownership(Owner.HUMAN, name), silence=before.bot_may_speak, case=CaseState.ASSIGNED)
        case Act.GIVE_BACK:
            _named(act, staff)
            return Change(Ownership(Owner.BOT), case=CaseState.WAITING)
        case Act.CLOSE:
            _named(act, staff)
            return Change(Ownership(Owner.BOT), case=CaseState.RESOLVED)


def _named(act: Act, staff: str | None) -> str:
    if not staff:
        raise ValueError(f"{act} needs the name of who does it")
    return staff
