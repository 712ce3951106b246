"""Updates that Telegram brings: 200 only once they are committed, anything else makes it bring them again.

Telegram's server brings the updates of one chat one after another, each after a 2xx for the one before, and
those of different chats at the same time, over up to `max_connections` (tdlib/telegram-bot-api on GitHub,
WebhookActor.cpp). So order within a chat is kept by answering after the commit; what arrives at the same time
is committed together, by its numbers.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn
from urllib.parse import urlsplit, urlunsplit

import structlog
from aiohttp import web
from telegram.constants import SUPPORTED_WEBHOOK_PORTS, WebhookLimit

from bot.channels.telegram.parse import update_id
from bot.channels.telegram.taking import Unreadable, read
from bot.errors import SettingsError

log = structlog.get_logger(__name__)

PATH = "/telegram/webhook"
"""Where the web server takes updates. It need not be a secret: the header is."""
HEADER = "X-Telegram-Bot-Api-Secret-Token"
"""https://core.telegram.org/bots/api#setwebhook"""
LARGEST = 1024 * 1024
"""Bytes of a body that are read: more than the longest message takes with its reply, quote and entities."""
KEPT = 64 * 1024
"""Bytes that are kept of a body that is larger."""
CONNECTIONS = 40
"""Deliveries at the same time, Telegram's own default. More gains nothing, since what comes while a commit is
under way is committed together with the next."""
BATCH = 100
"""Updates committed together at the most."""
AGAIN = 2
"""Seconds after which to bring again what we could not take just now."""
STRANGERS = 60.0
"""Seconds between two lines in the log about requests without the secret."""
CURSOR = "webhook"
"""Stands where polling keeps its offset. What is brought is confirmed one by one, so there is no number up to
which all came: polling begins at Telegram's first unconfirmed update, and a repeat is harmless."""

Take = Callable[[Sequence[Any], str | None], Awaitable[bool]]


@dataclass(frozen=True, slots=True)
class WebhookAddress:
    """Where Telegram brings updates, and the secret that it shows."""

    url: str
    secret: str


def address(setting: str, *, public_url: str, secret: str, token: str, official: bool) -> WebhookAddress:
    """The address in a setting, checked; `auto` means below the web chat's public address.

    Without a secret of the operator's the token makes one: it changes with the token, and tells nothing of
    it. Telegram itself takes https on a few ports only; a server of one's own (`official` False) is free to
    take more. Raises SettingsError.
    """
    if setting == "auto" and not public_url:
        raise SettingsError(
            "the webhook's address is unknown",
            where="VOCERO_TELEGRAM_WEBHOOK",
            remedy="Set VOCERO_WEB_PUBLIC_URL, or write the whole address instead of auto.",
        )
    parts = urlsplit((public_url.rstrip("/") + PATH) if setting == "auto" else setting)
    try:
        port = parts.port or {"https": 443, "http": 80}.get(parts.scheme, 0)
    except ValueError:
        port = 0
    if not parts.hostname or parts.scheme not in ("https", "http") or (official and parts.scheme != "https"):
        raise SettingsError(
            "Telegram brings updates only to an https address",
            where="VOCERO_TELEGRAM_WEBHOOK",
            remedy="Put a web server with https before the bot and write its address, or leave the setting "
            "empty: then the bot fetches its updates.",
        )
    if official and port not in SUPPORTED_WEBHOOK_PORTS:
        raise SettingsError(
            f"Telegram brings no updates to port {port}",
            where="VOCERO_TELEGRAM_WEBHOOK",
            remedy="Use one of the ports 443, 80, 88 and 8443.",
        )
    path = parts.path if parts.path.strip("/") else PATH
    made = secret or hmac.new(token.encode(), b"webhook secret", hashlib.sha256).hexdigest()
    assert len(made) <= WebhookLimit.MAX_SECRET_TOKEN_LENGTH
    return WebhookAddress(urlunsplit((parts.scheme, parts.netloc, path, parts.query, "")), made)


class Receiver:
    """Takes requests of the web server while `run` commits what they bring."""

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()
        self._waiting: list[tuple[Any, asyncio.Future[bool]]] = []
        self._came = asyncio.Event()
        self._open = False
        self._strangers, self._told = 0, -STRANGERS
        self.committed_at = 0.0
        """When the last update was committed, in seconds since 1970."""

    def routes(self) -> list[web.RouteDef]:
        """For the web server."""
        return [web.post(PATH, self.take)]

    async def take(self, request: web.Request) -> web.Response:
        """One delivery: 200 after its commit, 503 if it could not be committed, 403 for a stranger."""
        # before anything of the body is read: whoever has not the secret costs next to nothing
        shown = request.headers.get(HEADER, "").encode("utf-8", "surrogateescape")
        if not hmac.compare_digest(shown, self._secret):
            self._note_stranger()
            return web.Response(status=403)
        if not self._open:
            return _later()
        raw = await _body(request)
        done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((raw, done))
        self._came.set()
        if not self._open:  # it was closed while the body came
            self._refuse()
        return web.Response() if await done else _later()

    async def run(self, take: Take) -> NoReturn:
        """Commit what is brought until cancelled; what is not committed by then will be brought again."""
        self._open = True
        try:
            while True:
                await self._came.wait()
                batch, self._waiting = self._waiting[:BATCH], self._waiting[BATCH:]
                if not self._waiting:
                    self._came.clear()
                if not batch:
                    continue
                batch.sort(key=lambda item: _number(item[0]))
                committed = False
                try:
                    committed = await take([raw for raw, _ in batch], CURSOR)
                finally:
                    _settle(batch, committed)
                if committed:
                    self.committed_at = time.time()
        finally:
            self._open = False
            self._refuse()

    def _refuse(self) -> None:
        _settle(self._waiting, committed=False)
        self._waiting = []

    def _note_stranger(self) -> None:
        self._strangers += 1
        if time.monotonic() - self._told >= STRANGERS:
            log.warning(
                "telegram.webhook_stranger",
                times=self._strangers,
                what="Somebody called the webhook without its secret; nothing was read.",
            )
            self._strangers, self._told = 0, time.monotonic()


def _settle(batch: Sequence[tuple[Any, asyncio.Future[bool]]], committed: bool) -> None:
    for _, done in batch:
        if not done.done():
            done.set_result(committed)


def _number(raw: Any) -> int:
    number = raw.number if isinstance(raw, Unreadable) else update_id(raw)
    return number if number is not None else 0


async def _body(request: web.Request) -> Any:
    payload = bytearray()
    async for piece in request.content.iter_chunked(65536):
        payload += piece
        if len(payload) > LARGEST:  # refusing it would make Telegram bring it for a day, and hold up its chat
            log.error("telegram.update_too_large", more_than=LARGEST)
            return Unreadable(bytes(payload[:KEPT]), ValueError("too large"))
    return read(bytes(payload))


def _later() -> web.Response:
    return web.Response(status=503, headers={"Retry-After": str(AGAIN)})
