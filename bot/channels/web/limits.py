"""How much one browser, one address and the whole web chat may ask of us."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """The web chat's bounds; per-address ones are wide, as mobile carriers put many people behind one."""

    frame_bytes: int = 16 * 1024
    text_chars: int = 4_000
    messages: int = 10
    """Messages and taps of one session in `window` seconds."""
    frames: int = 60
    """Frames of any kind on one socket in `window` seconds; more closes it."""
    window: float = 10.0
    sockets: int = 5_000
    sockets_per_address: int = 50
    sessions_per_address: int = 60
    """New sessions of one address in an hour, counted at their first message."""
    messages_per_address: int = 300
    """Messages and taps of one address in a minute."""
    handshakes_per_address: int = 240
    """Pages that one address opens in a minute, one after another."""
    backlog: int = 256
    """Frames that wait for a slow reader before it is dropped."""
    hello_seconds: float = 10.0
    send_seconds: float = 20.0
    heartbeat: float = 25.0
    history: int = 300
    """Messages that a page gets at most when it resumes."""


class Window:
    """Counts events by key over the last `seconds`, and forgets keys that have gone quiet."""

    def __init__(self, most: int, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._most, self._seconds, self._clock = most, seconds, clock
        self._seen: dict[str, deque[float]] = {}
        self._swept = clock()

    def take(self, key: str) -> float:
        """Count one event; 0.0 when it is within the limit, else the seconds until one fits (not counted)."""
        now = self._clock()
        self._sweep(now)
        seen = self._seen.setdefault(key, deque())
        while seen and seen[0] <= now - self._seconds:
            seen.popleft()
        if len(seen) >= self._most:
            return seen[0] + self._seconds - now
        seen.append(now)
        return 0.0

    def _sweep(self, now: float) -> None:
        if now - self._swept < self._seconds:
            return
        self._swept = now
        quiet = [key for key, seen in self._seen.items() if not seen or seen[-1] <= now - self._seconds]
        for key in quiet:
            del self._seen[key]
