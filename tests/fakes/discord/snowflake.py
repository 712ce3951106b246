"""Ids with their moment inside: https://discord.com/developers/docs/reference#snowflakes"""

from __future__ import annotations

import time
from datetime import UTC, datetime

EPOCH = 1_420_070_400_000
"""Milliseconds from 1970 to the first second of 2015."""


class Snowflakes:
    """Gives ids; each is higher than all before it, unless it is asked for a moment of the past."""

    def __init__(self) -> None:
        self._last = 0
        self._past = 0

    def next(self, at: float | None = None) -> int:
        """An id for now, or for `at` in Unix seconds."""
        if at is not None:
            self._past += 1
            return _moment(at) << 22 | self._past & 0x3FFFFF
        self._last = max(self._last + 1, _moment(time.time()) << 22)
        return self._last


def seconds(snowflake: int) -> float:
    """When it was made, in Unix seconds."""
    return ((snowflake >> 22) + EPOCH) / 1000


def stamp(at: float) -> str:
    """ISO 8601 as Discord writes it, from Unix seconds."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="microseconds")


def _moment(at: float) -> int:
    return max(0, int(at * 1000) - EPOCH)
