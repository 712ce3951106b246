"""Nonces of the last minutes: a repeated one gives the first message back."""

from __future__ import annotations

import time
from collections import deque

from tests.fakes.discord.model import Message


class Nonces:
    """Discord says "unique in the past few minutes"; `window` in seconds is ours to choose."""

    def __init__(self, window: float = 180.0) -> None:
        self.window = window
        self._kept: dict[str, Message] = {}
        self._ends: deque[tuple[float, str]] = deque()

    def find(self, nonce: str) -> Message | None:
        """The message that was sent with it, if that is not too long ago."""
        now = time.monotonic()
        while self._ends and self._ends[0][0] + self.window <= now:
            self._kept.pop(self._ends.popleft()[1], None)
        return self._kept.get(nonce)

    def keep(self, nonce: str, message: Message) -> None:
        self._kept[nonce] = message
        self._ends.append((time.monotonic(), nonce))
