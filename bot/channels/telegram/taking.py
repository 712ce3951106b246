"""Raw updates become events and are committed; the same for those we fetch and those that are brought."""

from __future__ import annotations

import json
import re
import traceback
from collections.abc import Callable, Sequence
from typing import Any

import structlog

from bot.channels.base import Intake
from bot.channels.telegram.parse import Parser

log = structlog.get_logger(__name__)

_UPDATE_ID = re.compile(rb'"update_id"\s*:\s*(\d+)')


class Taking:
    """Commits updates; `pressed` is told the id of each button press that was committed."""

    def __init__(self, parser: Parser, intake: Intake, pressed: Callable[[str], None]) -> None:
        self._parser, self._intake, self._pressed = parser, intake, pressed

    async def __call__(self, batch: Sequence[Any], cursor: str | None) -> bool:
        """Whether the updates, and with them the cursor, are committed; else they are still Telegram's.

        One that cannot be read is stored as such. `Unreadable` ones are no JSON at all.
        """
        events = [
            self._parser.unparsable(raw.raw, raw.error)
            if isinstance(raw, Unreadable)
            else self._parser.read(raw)
            for raw in batch
        ]
        try:
            await self._intake(events, cursor=cursor)
        except Exception as error:  # whatever the store raises, the updates are still Telegram's
            # neither its words nor its frames' values: a database's error quotes what members wrote
            at = traceback.extract_tb(error.__traceback__)[-1]
            log.error(
                "telegram.intake_failed",
                events=len(events),
                kind=type(error).__name__,
                at=f"{at.filename}:{at.lineno}",
            )
            return False
        for query in _queries(batch):
            self._pressed(query)
        return True


class Unreadable:
    """An update that is no JSON, as far as its number can be made out."""

    def __init__(self, payload: bytes, error: Exception) -> None:
        number = _UPDATE_ID.search(payload)
        self.error = error
        self.number = int(number[1]) if number else None
        self.raw: dict[str, Any] = {"unreadable": payload.decode("utf-8", "replace")}
        if self.number is not None:
            self.raw = {"update_id": self.number} | self.raw


def read(payload: bytes) -> Any:
    """The update in a request's body, or an Unreadable."""
    try:
        raw = json.loads(payload.decode("utf-8", "replace"))
    except (ValueError, RecursionError) as error:
        return Unreadable(payload, error)
    return raw if isinstance(raw, dict) else Unreadable(payload, ValueError("no object"))


def _queries(batch: Sequence[Any]) -> list[str]:
    """Ids of the button presses in a batch, read apart from the parser: each one waits for its answer."""
    found = []
    for raw in batch:
        query = raw.get("callback_query") if isinstance(raw, dict) else None
        if isinstance(query, dict) and isinstance(query.get("id"), str):
            found.append(query["id"])
    return found
