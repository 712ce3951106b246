"""The people and the faults by HTTP, for a server that runs as a process of its own."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from aiohttp import web

if TYPE_CHECKING:
    from tests.fakes.discord.server import FakeDiscord

Action = Callable[["FakeDiscord", dict[str, Any]], Awaitable[Any]]


async def control(fake: FakeDiscord, request: web.BaseRequest, name: str) -> web.Response:
    """Carry out one action; a JSON object in, JSON out; 400 says what was wrong."""
    action = ACTIONS.get(name)
    if action is None:
        return web.json_response({"error": f"unknown action; there are {sorted(ACTIONS)}"}, status=404)
    body = await request.read()
    try:
        given = json.loads(body) if body else {}
        return web.json_response(await action(fake, given))
    except TimeoutError as error:
        return web.json_response({"error": str(error)}, status=408)
    except (KeyError, ValueError, TypeError, AssertionError) as error:
        return web.json_response({"error": f"{type(error).__name__}: {error}"}, status=400)


ACTIONS: dict[str, Action] = {}
