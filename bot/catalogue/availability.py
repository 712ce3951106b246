"""What a member who waits for a person is told about hours: never a promise, only when the team is there."""

from __future__ import annotations

from datetime import datetime

from bot.catalogue.catalogue import Catalogue
from bot.catalogue.dates import opens, until
from bot.catalogue.keys import Key
from bot.conversation.hours import Closed, Open
from bot.domain import Lang


def availability(
    catalogue: Catalogue,
    status: Open | Closed,
    now: datetime,
    lang: Lang,
    *,
    address: str = "tú",
    seed: int = 0,
) -> str:
    """The sentence that follows a hand-off; where no hour can be told, none is."""
    if isinstance(status, Open) and status.until is not None:
        closing = until(status.until, now, lang)
        return catalogue.text(Key.WHEN_OPEN, lang, address=address, seed=seed, until=closing)
    if isinstance(status, Closed) and status.opens is not None:
        opening = opens(status.opens, now, lang)
        return catalogue.text(Key.WHEN_CLOSED, lang, address=address, seed=seed, opens=opening)
    return catalogue.text(Key.WHEN_UNKNOWN, lang, address=address, seed=seed)
