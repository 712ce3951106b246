"""The process's own log: one line an event, with ids and without anything that people said."""

from __future__ import annotations

import logging
import sys

import structlog

_NOISY = ("httpx", "httpcore", "telegram", "aiohttp.access", "asyncio", "watchfiles")
"""Libraries whose own lines carry addresses with tokens or tell nothing that ours do not."""


def configure(level: str, form: str) -> None:
    """Log to standard error, as JSON or as text; `auto` is text for a terminal."""
    as_json = form == "json" or (form == "auto" and not sys.stderr.isatty())
    last: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if as_json
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(),
            exception_formatter=structlog.dev.plain_traceback,  # the rich one shows what variables hold
        )
    )
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    if as_json:
        shared.append(structlog.processors.format_exc_info)
    structlog.configure(
        processors=[*shared, last],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(name)s: %(message)s", force=True)
    for name in _NOISY:
        logging.getLogger(name).setLevel(logging.ERROR)
