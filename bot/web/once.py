"""Forms that must not be carried out twice, however often a button is pressed or a page sent again."""

from __future__ import annotations

import secrets
from collections import OrderedDict

REMEMBERED = 2_000
"""Far more than a team sends between loading a page and leaving it."""


class Once:
    """Hands out marks for forms and takes each of them once."""

    def __init__(self) -> None:
        self._taken: OrderedDict[str, None] = OrderedDict()

    def new(self) -> str:
        return secrets.token_urlsafe(12)

    def take(self, mark: str) -> bool:
        """Whether this is the first time that the mark comes."""
        if mark in self._taken:
            return False
        self._taken[mark] = None
        if len(self._taken) > REMEMBERED:
            self._taken.popitem(last=False)
        return True

    def give_back(self, mark: str) -> None:
        """Forget a mark whose form could not be carried out."""
        self._taken.pop(mark, None)
