"""Bring updates to the bot as Telegram's server does: one after another per chat, again until a 2xx.

After the server's own source (tdlib/telegram-bot-api on GitHub, WebhookActor.cpp): updates of one chat wait
for each other, those of different chats come at the same time over up to `max_connections`; a failed one is
tried after a second, then after twice as long each time, or when Retry-After says; 200 to 299 is success.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import aiohttp

from tests.fakes.telegram.errors import bad_request

if TYPE_CHECKING:
    from tests.fakes.telegram.updates import Updates

PORTS = (443, 80, 88, 8443)
LONGEST = 60.0
"""Seconds between tries at the most."""
ANSWER = 60.0
"""Seconds that the bot's server has for an answer."""
_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")


@dataclass(slots=True)
class Try:
    """One delivery: of which update, and how it ended (0: no answer)."""

    update: int
    status: int = 0


@dataclass(slots=True)
class _Due:
    """When an update that failed is tried again."""

    delay: float
    at: float


@dataclass(slots=True)
class Webhook:
    """Where updates are brought, and how that went. `pace` shortens the waits between tries.

    `loopback`: take http and any port of this machine, as a server in its local mode does; else what Telegram
    refuses is refused.
    """

    updates: Updates
    loopback: bool = False
    pace: float = 1.0
    url: str = ""
    secret: str = ""
    max_connections: int = 40
    tries: list[Try] = field(default_factory=list)
    last_error: str = ""
    last_error_at: int = 0
    cut: bool = False
    """There is no network between Telegram and the bot."""
    at_once: int = 0
    """The most deliveries that were under way at a time."""
    _task: asyncio.Task[None] | None = None
    _waits: dict[int, _Due] = field(default_factory=dict)
    _under_way: dict[int, str] = field(default_factory=dict)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def set(self, url: str, secret: str = "", max_connections: int = 40) -> None:
        """Bring updates to this address from now on."""
        if not url:
            self.delete()
            return
        self._check(url, secret, max_connections)
        self.delete()
        self.url, self.secret, self.max_connections = url, secret, max_connections
        self._task = asyncio.get_running_loop().create_task(self._run())

    def delete(self) -> None:
        """Bring nothing any more; what is under way may still arrive, and stays unconfirmed."""
        self.url = self.secret = self.last_error = ""
        self.last_error_at = 0
        if self._task:
            self._task.cancel()
            self._task = None
        self._waits.clear()
        self._under_way.clear()

    def info(self) -> dict[str, Any]:
        """What getWebhookInfo says."""
        told: dict[str, Any] = {
            "url": self.url,
            "has_custom_certificate": False,
            "pending_update_count": len(self.updates),
        }
        if self.url:
            told |= {"max_connections": self.max_connections, "allowed_updates": sorted(self.updates.allowed)}
        if self.last_error:
            told |= {"last_error_date": self.last_error_at, "last_error_message": self.last_error}
        return told

    def wake(self) -> None:
        """There is a new update."""
        self._changed.set()

    def _check(self, url: str, secret: str, max_connections: int) -> None:
        parts = urlsplit(url)
        local = self.loopback and parts.hostname in ("127.0.0.1", "localhost")
        if parts.scheme != "https" and not local:
            raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
        if (parts.port or 443) not in PORTS and not local:
            raise bad_request("bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443")
        if parts.hostname in ("127.0.0.1", "localhost") and not local:
            raise bad_request("bad webhook: IP address 127.0.0.1 is reserved")
        if secret and not _SECRET.fullmatch(secret):
            raise bad_request("secret token contains unallowed characters")
        if not 1 <= max_connections <= 100:
            raise bad_request("invalid max_connections specified")

    async def _run(self) -> None:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=ANSWER)) as http,
            asyncio.TaskGroup() as group,
        ):
            while True:
                self._changed.clear()
                pause = self._start(lambda number, body: group.create_task(self._bring(http, number, body)))
                try:
                    async with asyncio.timeout(pause):
                        await self._changed.wait()
                except TimeoutError:
                    continue

    def _start(self, bring: Callable[[int, bytes], object]) -> float | None:
        """Begin what may begin now; seconds until the next that waits is due."""
        if self.cut:
            return None
        now, soonest = time.monotonic(), None
        busy = set(self._under_way.values())
        for number, body, queue in self.updates.waiting():
            if queue in busy:
                continue
            busy.add(queue)  # whatever comes after it in its chat waits for it
            due = self._waits.get(number)
            if due and due.at > now:
                soonest = min(soonest or due.at, due.at)
            elif len(self._under_way) < self.max_connections:
                self._under_way[number] = queue
                self.at_once = max(self.at_once, len(self._under_way))
                bring(number, body)
        return None if soonest is None else max(0.0, soonest - now)

    async def _bring(self, http: aiohttp.ClientSession, number: int, body: bytes) -> None:
        headers = {"Content-Type": "application/json"}
        if self.secret:
            headers["X-Telegram-Bot-Api-Secret-Token"] = self.secret
        attempt, error, retry_after = Try(number), "", 0.0
        self.tries.append(attempt)
        self.updates.brought(number)
        try:
            async with http.post(self.url, data=body, headers=headers, allow_redirects=False) as answer:
                attempt.status = answer.status
                await answer.read()
                if not 200 <= answer.status < 300:
                    error = f"Wrong response from the webhook: {answer.status} {answer.reason}"
                    retry_after = float(answer.headers.get("Retry-After", 0))
        except aiohttp.ClientConnectorError:
            error = "Connection refused"
        except (aiohttp.ClientError, TimeoutError):
            error = "Webhook connection closed"
        self._under_way.pop(number, None)
        if error:
            self.last_error, self.last_error_at = error, int(time.time())
            waited = self._waits.get(number)
            delay = 1.0 if waited is None else min(LONGEST, waited.delay * 2)
            wait = (retry_after or delay) * self.pace
            self._waits[number] = _Due(delay, time.monotonic() + wait)
        else:
            self._waits.pop(number, None)
            self.updates.confirm_one(number)
        self._changed.set()
