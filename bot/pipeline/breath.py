"""Where many wait, who was just answered lets the others go first."""

from __future__ import annotations

import asyncio

from bot.domain import ConversationId

BREATH = 1.0
"""Seconds between two turns of one conversation in a crowd; what is said meanwhile is one turn."""
CROWD = 12
"""Conversations at work from which on there is a crowd."""


class Breath:
    """Remembers which conversations had a turn within the last breath.

    Somebody who writes without a pause would get turn after turn, and each costs what a patient member's
    does. Nobody waits where there is no crowd, nor for a first answer.
    """

    def __init__(self) -> None:
        self._spent: dict[ConversationId, float] = {}

    def spent(self, conversation: ConversationId) -> None:
        """A conversation had a turn."""
        now = asyncio.get_running_loop().time()
        self._spent.pop(conversation, None)
        self._spent[conversation] = now
        while self._spent[first := next(iter(self._spent))] < now - BREATH:
            del self._spent[first]

    async def take(self, conversation: ConversationId, *, crowd: int) -> None:
        """Wait until a conversation may have its next turn."""
        at = self._spent.get(conversation)
        if at is None or crowd < CROWD:
            return
        pause = at + BREATH - asyncio.get_running_loop().time()
        if pause > 0:
            await asyncio.sleep(pause)
