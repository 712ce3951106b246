"""What goes into the understanding of a text and what comes out of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

PERSON = "_person"
COMPLAINT = "_complaint"
GREETING = "_greeting"
THANKS = "_thanks"
GOODBYE = "_goodbye"
ARE_YOU_A_BOT = "_bot"
WHO_ARE_YOU = "_who"
REPEAT = "_repeat"
NOTHING = "_nothing"

SMALL_TALK = frozenset({GREETING, THANKS, GOODBYE, ARE_YOU_A_BOT, WHO_ARE_YOU})
SYSTEM_INTENTS = SMALL_TALK | {PERSON, COMPLAINT, REPEAT}
"""Intents that the engine knows by itself; every other intent is the id of an FAQ entry."""


@dataclass(frozen=True, slots=True)
class Example:
    """One labelled question to learn from.

    `source` is `path:line` of where it stands, for traces; empty for built-in examples.
    """

    text: str
    intent: str
    lang: str
    source: str = ""


class Band(StrEnum):
    """How sure the engine is of its best candidate, by the thresholds calibrated at training."""

    SURE = "sure"
    UNSURE = "unsure"
    """Worth a "did you mean", not worth an answer."""
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Candidate:
    """One possible intent; `confidence` in 0..1, candidates sorted from best to worst."""

    intent: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Nearest:
    """The training question closest to the text, with its cosine `similarity` in 0..1."""

    text: str
    intent: str
    source: str
    similarity: float


@dataclass(frozen=True, slots=True)
class Trace:
    """Why a text was understood so: what was changed in it and what it was compared to."""

    normalised: str
    repairs: tuple[tuple[str, str], ...] = ()
    nearest: tuple[Nearest, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Understanding:
    """What one text means.

    `intent` is the best candidate (entry id or system intent) or `_nothing` when `band` is NONE.
    `candidates` holds FAQ entries only (best first, at most 5), so that a clarification can be offered.
    `social` is a greeting/thanks/goodbye that *accompanies* another intent ("hola, ¿cuánto sale...?").
    `content` is False for a text without words to understand (a lone emoji, "...", laughter).
    `fragment` is True for a text that is likely to go on in the next message ("una consulta", "hola").
    `angry` is True when the tone asks for an acknowledgement and no jokes.
    `lang` is es, en or pt.
    """

    text: str
    intent: str
    confidence: float
    band: Band
    lang: str
    lang_confidence: float
    candidates: tuple[Candidate, ...] = ()
    social: str | None = None
    content: bool = True
    fragment: bool = False
    angry: bool = False
    trace: Trace = Trace(normalised="")


class Interpreter(Protocol):
    """An engine that understands texts: the embedded one here, others by HTTP later."""

    @property
    def version(self) -> str:
        """Content hash of what it was trained on."""
        ...

    async def understand(
        self, text: str, *, lang_prior: str | None = None, context: Sequence[str] = ()
    ) -> Understanding:
        """Understand one text of any length (the engine caps it).

        `lang_prior`: language of the conversation so far. `context`: ids of the entries answered last,
        newest first, for follow-up questions.
        """
        ...
