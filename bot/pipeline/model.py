"""What one station of the corridor hands to the next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from bot.conversation.situation import Memory
from bot.domain import EntryId, Lang, MessageId, Outcome, Outgoing, Reason
from nlu.model import Understanding

PICK = "pick:"
"""Payload of a button that names an entry."""
PERSON = "person"
"""Payload of the button that calls a person."""
MENU = "menu"
"""Payload of the button that shows the frequent questions."""
USEFUL, USELESS = "useful:", "useless:"
"""Payloads of the buttons that say whether an answer served, with the number of the message answered."""
REMOVE = "remove"
"""Payload of the button that takes a public answer away."""
PRIVATE = "private:"
"""Payload of a button that leads into a private chat, before what it carries there (`Inbound.text` of the
command `start`): a question, a person, or nothing."""
PERSON_PARAM = "h"
QUESTION_PARAM = "q"


def question_param(message: MessageId) -> str:
    """What a private-chat button carries to have a message answered there: `q` and its number to base 36."""
    digits = ""
    number = int(message)
    while number:
        number, rest = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[rest] + digits
    return f"{QUESTION_PARAM}{digits or '0'}"


def carried_question(param: str) -> MessageId | None:
    """The message that a param names, None if it names none; whose message it is must be asked first."""
    number = param.removeprefix(QUESTION_PARAM)
    if number == param or not 1 <= len(number) <= 12 or not (number.isascii() and number.isalnum()):
        return None
    return MessageId(int(number, 36))


@dataclass(frozen=True, slots=True)
class Reading:
    """What the member's messages of one turn mean together.

    `main` is the message that the turn answers; the others are joined to it. `understanding` is None when
    there was nothing to understand (a command, a button, no words).
    """

    main: MessageId
    text: str = ""
    understanding: Understanding | None = None
    failed: bool = False
    asks: bool = False
    """Whether a command asks `text`: it was carried over from a public place, or follows /faq."""


class Talk(StrEnum):
    """What the bot says that is not an answer."""

    WELCOME = "welcome"
    HELP = "help"
    GREETING = "greeting"
    THANKS = "thanks"
    GOODBYE = "goodbye"
    ARE_YOU_A_BOT = "are_you_a_bot"
    WHO_ARE_YOU = "who_are_you"
    REPEAT_NOTHING = "repeat_nothing"
    STALE_BUTTON = "stale_button"
    CLARIFY = "clarify"
    NOT_UNDERSTOOD = "not_understood"
    WORDLESS_VOICE = "wordless_voice"
    WORDLESS_PHOTO = "wordless_photo"
    WORDLESS_FILE = "wordless_file"
    WORDLESS = "wordless"
    STILL_IN_LINE = "still_in_line"
    PUBLIC_HELP = "public_help"
    PUBLIC_PRIVATELY = "public_privately"
    PUBLIC_PERSON = "public_person"
    USEFUL = "useful"
    NOT_USEFUL = "not_useful"
    NOT_USEFUL_ALONE = "not_useful_alone"
    SUGGEST = "suggest"
    SUGGESTED = "suggested"
    PRIVACY = "privacy"
    IN_PRIVATE = "in_private"
    EXPORT_BEGUN = "export_begun"
    EXPORT_SOON = "export_soon"
    FORGET_ASK = "forget_ask"
    FORGET_KEPT = "forget_kept"
    FORGET_BEGUN = "forget_begun"
    MINOR_END = "minor_end"


class OpinionKind(StrEnum):
    """What a member tells us about ourselves."""

    USEFUL = "useful"
    NOT_USEFUL = "not_useful"
    SUGGESTION = "suggestion"


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a member thought of the answer to `message`, or what they suggest."""

    kind: OpinionKind
    message: MessageId | None = None
    entry: EntryId | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Job:
    """Work that a decision asks for outside its transaction: a timer of this kind, due at once.

    The turn writes it with the conversation; whoever handles the kind takes it away in the unit that does it.
    """

    kind: str
    payload: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do about a turn, before any wording.

    `rule` names why, whenever it is not plainly the understanding. `reason` is there when a person is called.
    `angry` asks for an acknowledgement first and no jokes; `late` for an apology; `introduce` for one line on
    who answers, after the answer.
    """

    outcome: Outcome
    lang: Lang
    memory: Memory
    rule: str = ""
    reason: Reason | None = None
    entry: EntryId | None = None
    talk: Talk | None = None
    options: tuple[EntryId, ...] = ()
    offer_person: bool = False
    misses: int = 0
    wordless: int = 0
    angry: bool = False
    late: bool = False
    introduce: bool = False
    private: str | None = None
    """What the button into a private chat carries; None for no such button."""
    replies_to: str = ""
    """The platform's id of the message that is replied to, in public."""
    own_thread: bool = False
    """Whether the answer opens a thread."""
    jobs: tuple[Job, ...] = ()
    asks: bool = False
    """Whether the member is asked if the answer served; `memory.asked` says about what."""
    opinion: Opinion | None = None
    """To be written with the turn."""
    suggesting: datetime | None = None
    """Until when the next message is taken for a suggestion."""
    minor: bool | None = None
    """Whether the member has just said to be a minor, or not to be one after all; None where they didn't."""

    @property
    def hands_off(self) -> bool:
        """Whether a person is called."""
        return self.reason is not None


@dataclass(frozen=True, slots=True)
class Phrased:
    """The words of a decision: messages in order, and the wording that was chosen of the entry."""

    messages: tuple[Outgoing, ...] = ()
    variant: int | None = None
