"""How a failure that is tried again is told in the log."""

from __future__ import annotations

from typing import Any

from bot.errors import VoceroError


def tell(log: Any, event: str, error: BaseException, **fields: object) -> None:
    """Log a known trouble by its own words, and anything else with its traceback.

    While a database is away everything fails, many times a second: a line says as much as a page.
    """
    if isinstance(error, VoceroError):
        log.error(event, what=error.what, do=error.remedy, **fields)
    else:
        log.error(event, exc_info=error, **fields)
