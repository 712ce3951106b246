"""What the member's messages of one turn mean together."""

from __future__ import annotations

import asyncio
import traceback
from dataclasses import replace

import structlog

from bot.conversation.situation import Said, Situation
from bot.domain import InboundKind
from bot.pipeline.model import PICK, Reading
from nlu.model import NOTHING, Band, Interpreter, Understanding

_log = structlog.get_logger(__name__)

MOST = 6
"""Messages of one turn that are also tried one by one: of more, the first and the last."""
LONGEST = 1_000
"""Characters of one message that are read; whoever writes more has said by then what it is about."""
LONGEST_JOINED = 4_000
"""The same of all messages of a turn together."""


async def understand(situation: Situation, interpreter: Interpreter, carried: str = "") -> Reading:
    """Read the messages as one text; where that is not clear, the clearest single one counts.

    `carried` is the question that the last command brought over from a public place, '' for none.

    A command or button is read by itself: the last one said wins. An engine that fails is a reading that
    failed, never an exception: the member gets a person instead.
    """
    said = [one for one in situation.said if one.kind is not InboundKind.DELETE] or list(situation.said)
    for one in reversed(said):
        if one.kind in (InboundKind.COMMAND, InboundKind.BUTTON):
            if carried.strip():
                return replace(await _question(situation, interpreter, one, carried), asks=True)
            if one.command == "faq" and one.text.strip() and not one.text.startswith(PICK):
                return await _question(situation, interpreter, one, one.text)
            return Reading(one.id, one.text)
    worded = [one for one in said if one.text.strip()]
    if not worded:
        return Reading(said[-1].id)
    text = "\n".join(one.text.strip()[:LONGEST] for one in worded)[:LONGEST_JOINED]
    try:
        heard = await _ask(situation, interpreter, text)
        main = worded[-1]
        if len(worded) > 1 and heard.band is not Band.SURE:
            heard, main = await _clearest(situation, interpreter, _ends(worded), heard)
    except Exception as error:  # an engine is foreign code: whatever it does, the member gets an answer
        _failed(situation, error)
        return Reading(worded[-1].id, text, failed=True)
    return Reading(main.id, text, heard)


def _failed(situation: Situation, error: Exception) -> None:
    """Say where it failed, but not in the error's words: they may quote what was said, even in public."""
    at = traceback.extract_tb(error.__traceback__)[-1]
    _log.error(
        "the understanding failed",
        conversation=situation.conversation,
        kind=type(error).__name__,
        at=f"{at.filename}:{at.lineno}",
    )


async def _question(situation: Situation, interpreter: Interpreter, one: Said, text: str) -> Reading:
    """What a question means that came with a command."""
    try:
        return Reading(one.id, text, await _ask(situation, interpreter, text))
    except Exception as error:  # as above
        _failed(situation, error)
        return Reading(one.id, text, failed=True)


async def _clearest(
    situation: Situation, interpreter: Interpreter, worded: list[Said], joined: Understanding
) -> tuple[Understanding, Said]:
    best, main = joined, worded[-1]
    for one in worded:
        await asyncio.sleep(0)  # others are let in between two of many messages
        heard = await _ask(situation, interpreter, one.text[:LONGEST])
        if _rank(heard) > _rank(best):
            best, main = heard, one
    return best, main


def _ends(worded: list[Said]) -> list[Said]:
    """Of many messages the first, which mostly ask, and the last, which insist."""
    return worded if len(worded) <= MOST else worded[: MOST // 2] + worded[-MOST // 2 :]


def _rank(heard: Understanding) -> tuple[bool, bool, float]:
    """Sure before unsure; an entry or a person before small talk; then by confidence."""
    sure = heard.band is Band.SURE
    matters = (heard.intent != NOTHING and not heard.intent.startswith("_")) or heard.intent in (
        "_person",
        "_complaint",
    )
    return sure, sure and matters, heard.confidence


async def _ask(situation: Situation, interpreter: Interpreter, text: str) -> Understanding:
    memory = situation.memory
    # What was not said to the bot is understood as the door did, who knows nothing of the conversation.
    context = (memory.entry,) if memory.entry and situation.asked else ()
    return await interpreter.understand(
        text, lang_prior=situation.lang if situation.asked else None, context=context
    )
