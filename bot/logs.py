"""The process's own log: one line an event, with ids and without anything that people said."""

from __future__ import annotations

import io
import logging
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog

from bot.masking import mask

_NOISY = ("httpx", "httpcore", "telegram", "aiohttp.access", "asyncio", "watchfiles")
"""Libraries whose own lines carry addresses with tokens or tell nothing that ours do not."""
_IDS = frozenset({"account", "chat", "event_id", "guild", "level", "new", "old", "place", "timestamp"})
"""Fields that hold a platform's id of a place or an event, which an operator needs as it is."""


def configure(level: str, form: str) -> None:
    """Log to standard error, as JSON or as text; `auto` is text for a terminal."""
    as_json = form == "json" or (form == "auto" and not sys.stderr.isatty())
    last: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if as_json
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(),
            exception_formatter=_plain_traceback,  # the rich one shows what variables hold
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
        processors=[*shared, masked, last],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, force=True)
    for handler in logging.getLogger().handlers:
        handler.setFormatter(_Masked("%(name)s: %(message)s"))
    for name in _NOISY:
        logging.getLogger(name).setLevel(logging.ERROR)


def masked(_logger: object, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A processor of structlog: masks what looks like personal data in every text of a line.

    A net below the rule that nothing people said is logged: texts of errors come from other hands too.
    """
    for name, value in line.items():
        if name not in _IDS:
            line[name] = _without(value)
    return line


def _without(value: Any) -> Any:
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, dict):
        return {name: _without(item) for name, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return type(value)(map(_without, value)) if type(value) in (list, tuple, set, frozenset) else value
    return value


def _plain_traceback(to: TextIO, error: structlog.typing.ExcInfo) -> None:
    written = io.StringIO()
    structlog.dev.plain_traceback(written, error)
    to.write(mask(written.getvalue()))


class _Masked(logging.Formatter):
    """Lines of libraries, masked as ours are."""

    def format(self, record: logging.LogRecord) -> str:
        return mask(super().format(record))
