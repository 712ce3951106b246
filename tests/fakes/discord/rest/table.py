"""The table of routes, which the modules beside this one fill."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.fakes.discord.exchange import Ask

if TYPE_CHECKING:
    from tests.fakes.discord.server import FakeDiscord

Handler = Callable[["FakeDiscord", Ask], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Route:
    """One route: its name in Discord's documentation, and what answers it."""

    name: str
    handler: Handler
    by_token: bool
    """No Authorization header: the token of an interaction is in the path."""


ROUTES: dict[str, Route] = {}
"""By method and pattern, such as `GET channels/#/messages`."""


def route(pattern: str, *, name: str = "", by_token: bool = False) -> Callable[[Handler], Handler]:
    """Register a handler; the route is called as the function unless told."""

    def keep(handler: Handler) -> Handler:
        ROUTES[pattern] = Route(name or handler.__name__, handler, by_token)
        return handler

    return keep
