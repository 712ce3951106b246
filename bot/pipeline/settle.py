"""When a member has finished a thought: pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.conversation.situation import Situation
from bot.domain import InboundKind
from bot.pipeline.model import Reading
from nlu.model import SMALL_TALK, Band

LONGEST = 5
"""A turn begins at the latest after this many windows, however long somebody keeps typing."""


def wait(situation: Situation, reading: Reading, now: datetime, window: timedelta) -> timedelta:
    """How long still to wait for more messages; zero when the turn can begin.

    A complete, sure question goes at once, and so does a command or a button; a greeting, a fragment or an
    album waits for the settle window after its last message. What was not said to the bot has waited at the
    door already. Times are those at which messages were stored.
    """
    if not window or not situation.ownership.bot_may_speak or situation.blocked or not situation.asked:
        return timedelta(0)
    said = situation.said
    if any(one.kind in (InboundKind.COMMAND, InboundKind.BUTTON) for one in said):
        return timedelta(0)
    if not any(one.album for one in said) and _complete(reading):
        return timedelta(0)
    quiet = said[-1].stored_at + window
    latest = said[0].stored_at + window * LONGEST
    return min(max(min(quiet, latest) - now, timedelta(0)), window)  # a clock may have been set back


def _complete(reading: Reading) -> bool:
    heard = reading.understanding
    if heard is None or heard.band is not Band.SURE or heard.fragment:
        return False
    return heard.intent not in SMALL_TALK
