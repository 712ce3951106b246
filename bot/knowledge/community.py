"""Public places and how the bot behaves in each: a value of the checked knowledge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from bot.domain import Lang, PlaceRef, Platform


class Mode(StrEnum):
    """What the bot does with what is said in a public place."""

    OFF = "off"
    """Nothing is read; only `/install` is heard, so that the place can be found again."""
    MENTION = "mention"
    """What calls the bot is answered; of everything else only a number is kept."""
    QUESTIONS = "questions"
    """Questions that nobody else answers are answered too, where the bot is sure."""
    ALL = "all"
    """As `questions`, also what is not worded as a question."""
    LISTEN = "listen"
    """As `mention`; what else is said is kept for a short time, and the place is told so."""

    @property
    def answers_unasked(self) -> bool:
        """Whether the bot may answer what was not said to it."""
        return self in (Mode.QUESTIONS, Mode.ALL)


class ReplyIn(StrEnum):
    """Where an answer goes."""

    HERE = "here"
    THREAD = "thread"
    """In a thread of its own, on platforms where a message can open one."""


@dataclass(frozen=True, slots=True)
class Manners:
    """How the bot behaves in one place.

    `cooldown` (minutes): an entry that was just given is not given again unasked. `wait` (seconds): how long
    a member may answer first. `lang`: the language spoken there, None where it is told by what people write.
    """

    mode: Mode = Mode.MENTION
    cooldown: int = 10
    wait: int = 8
    reply_in: ReplyIn = ReplyIn.HERE
    lang: Lang | None = None


PlaceKey = tuple[Platform, str, str]
"""Platform, the place's id there, and the thread's or ''."""


@dataclass(frozen=True, slots=True)
class Community:
    """`config/community.yml`: the manners everywhere, and those of single places.

    `staff_pause` (minutes): how long the bot stays quiet, unless called, where a moderator has written.
    """

    default: Manners = Manners()
    places: Mapping[PlaceKey, Manners] = field(default_factory=dict)
    staff_pause: int = 30

    def manners(self, platform: Platform, place: PlaceRef, former: str = "") -> Manners:
        """The manners of a place's thread, else of the place, else the usual ones.

        `former`: the id that the place had before it moved, under which the file may still name it.
        """
        for name in (place.external_id, former) if former else (place.external_id,):
            for thread in dict.fromkeys((place.thread, "")):
                found = self.places.get((platform, name, thread))
                if found is not None:
                    return found
        return self.default
