"""Fetch updates, hand them over, and only then tell Telegram that we have them."""

from __future__ import annotations

import asyncio
import json
from typing import Any, NoReturn

import structlog
import telegram
from telegram.error import BadRequest, Conflict, EndPointNotFound, Forbidden, InvalidToken, TelegramError

from bot.channels.backoff import Backoff
from bot.channels.state import ChannelState
from bot.channels.telegram.parse import ALLOWED_UPDATES, update_id
from bot.channels.telegram.taking import Taking, Unreadable
from bot.channels.telegram.transport import BadAnswer, Flooded, kind_of
from bot.errors import RefusedError

log = structlog.get_logger(__name__)

GET_UPDATES = "get_Updates"
"""The library makes "getUpdates" of this. Spelt so, it is not taken for the library's own method, of which it
would remind at each call: that method raises for the whole batch where one update cannot be read."""
BATCH = 100
"""The most that Telegram gives at once: https://core.telegram.org/bots/api#getupdates"""
REFUSALS = 3
"""Refusals of the token in a row that are believed: one may be of a proxy between Telegram and us."""
PAUSE = 0.1
"""Seconds to wait after an empty answer that came at once, from a server that knows no long polling."""


class Poller:
    """The loop of one bot account. `timeout` is how long the server may wait for news, in seconds."""

    def __init__(
        self,
        bot: telegram.Bot,
        take: Taking,
        state: ChannelState,
        *,
        timeout: float = 25.0,
        backoff: Backoff | None = None,
    ) -> None:
        self._bot, self._take, self._state, self._timeout = bot, take, state, timeout
        self._backoff = backoff or Backoff()
        self._refused = 0

    async def run(self, *, offset: int | None) -> NoReturn:
        """Poll until cancelled; raises RefusedError when the token is not taken any more."""
        limit = BATCH
        loop = asyncio.get_running_loop()
        while True:
            asked = loop.time()
            try:
                batch = await self._fetch(offset, limit)
            except BadAnswer as error:
                if limit == 1:
                    found = Unreadable(error.payload, error)
                    batch = [] if found.number is None else [found]
                else:  # one update may have spoilt the answer: fetch them one by one
                    batch, limit = [], 1
                    log.warning("telegram.answer_unreadable", bytes=len(error.payload))
                if not batch:
                    await self._backoff.wait()
                    continue
            except TelegramError as error:
                await self._after(error)
                continue
            self._refused = 0
            self._state.up()
            if not batch:
                limit = BATCH
                if loop.time() - asked < PAUSE:
                    await asyncio.sleep(PAUSE)
                self._backoff.reset()
                continue
            numbers = [number for number in map(_number, batch) if number is not None]
            # may be lower than before: after a quiet week Telegram numbers anew, and a repeat is harmless
            following = max(numbers) + 1 if numbers else offset
            if await self._take(batch, None if following is None else str(following)):
                limit = BATCH
                if following != offset:
                    offset = following
                    self._backoff.reset()
                else:  # without a number nothing can be confirmed, and the same would come at once
                    log.error("telegram.updates_without_id", count=len(batch))
                    await self._backoff.wait()
            else:
                await self._backoff.wait()

    async def _fetch(self, offset: int | None, limit: int) -> list[Any]:
        result = await self._bot.do_api_request(
            GET_UPDATES,
            {
                "offset": offset,
                "limit": limit,
                "timeout": int(self._timeout),
                "allowed_updates": ALLOWED_UPDATES,
            },
            read_timeout=self._timeout + 10,
        )
        if not isinstance(result, list):
            raise BadAnswer(json.dumps(result).encode())
        return result

    async def _after(self, error: TelegramError) -> None:
        """Tell the state, and wait as the failure asks for."""
        self._state.backing_off(kind_of(error))
        match error:
            case InvalidToken() | EndPointNotFound() | Forbidden() if self._refused + 1 < REFUSALS:
                self._refused += 1
                log.error("telegram.token_refused", times=self._refused, what=error.message)
                await self._backoff.wait(1.0)
            case InvalidToken() | EndPointNotFound() | Forbidden():
                raise RefusedError(
                    "Telegram does not take the bot's token any more",
                    remedy="Ask @BotFather for the token (/token) and set it as the bot's Telegram token.",
                    where="telegram",
                )
            case Conflict():
                log.error("telegram.conflict", what=error.message, remedy=_conflict(error.message))
                await self._backoff.wait(1.0)
            case Flooded():
                log.warning("telegram.flooded", seconds=error.seconds)
                await self._backoff.wait(error.seconds)
            case BadRequest():
                log.error("telegram.poll_refused", what=error.message)
                await self._backoff.wait(5.0)
            case _:
                log.warning("telegram.poll_failed", kind=type(error).__name__, what=error.message)
                await self._backoff.wait()


def _number(raw: Any) -> int | None:
    return raw.number if isinstance(raw, Unreadable) else update_id(raw)


def _conflict(told: str) -> str:
    """What to do about a 409, which has two causes."""
    if "webhook" in told.lower():
        return (
            "Another process has set a webhook for this bot, and Telegram brings the updates there. Stop "
            "that process, or give this one a bot of its own; a restart of this one removes the webhook."
        )
    return "Another process polls with the same token: stop it, or give this one a bot of its own."
