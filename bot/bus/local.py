"""The bus of a single process: plain calls."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

from bot.bus.base import Topic


class LocalBus:
    """Calls its listeners at once, in the order in which they came."""

    def __init__(self) -> None:
        self._listeners: defaultdict[Topic, list[Callable[[str], None]]] = defaultdict(list)

    def wake(self, topic: Topic, key: str = "") -> None:
        """Call every listener of the topic."""
        for call in self._listeners[topic]:
            call(key)

    def listen(self, topic: Topic, call: Callable[[str], None]) -> None:
        """Call `call(key)` at every wake of the topic."""
        self._listeners[topic].append(call)
