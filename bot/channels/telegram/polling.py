"""Fetch updates, hand them over, and only then tell Telegram that we have them."""

from __future__ import annotations

import asyncio
import json
import re
import traceback
from collections.abc import Callable
from typing import Any, NoReturn

import structlog
import telegram
from telegram.error import BadRequest, Conflict, EndPointNotFound, Forbidden, InvalidToken, TelegramError

from bot.channels.backoff import Backoff
from bot.channels.base import Intake
from bot.channels.state import ChannelState
from bot.channels.telegram.parse import ALLOWED_UPDATES, Parser, update_id
from bot.channels.telegram.transport import BadAnswer, Flooded, kind_of
from bot.domain import Inbound
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

_UPDATE_ID = re.compile(rb'"update_id"\s*:\s*(\d+)')


class Poller:
    """The loop of one bot account. `timeout` is how long the server may wait for news, in seconds."""

    def __init__(
        self,
        bot: telegram.Bot,
        parser: Parser,
        state: ChannelState,
        *,
        timeout: float = 25.0,
        backoff: Backoff | None = None,
    ) -> None:
        self._bot, self._parser, self._state, self._timeout = bot, parser, state, timeout
        self._backoff = backoff or Backoff()
        self._refused = 0

    async def run(self, intake: Intake, *, offset: int | None, pressed: Callable[[str], None]) -> NoReturn:
        """Poll until cancelled; `pressed` is told the id of each button press that was committed.

        Raises RefusedError when the token is not taken any more.
        """
        limit = BATCH
        loop = asyncio.get_running_loop()
        while True:
            asked = loop.time()
            spoilt: BadAnswer | None = None
            try:
                batch = await self._fetch(offset, limit)
            except BadAnswer as error:
                if limit == 1:
                    batch, spoilt = self._unreadable(error.payload), error
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
            numbers = [number for number in map(update_id, batch) if number is not None]
            # may be lower than before: after a quiet week Telegram numbers anew, and a repeat is harmless
            following = max(numbers) + 1 if numbers else offset
            events = [
                self._parser.unparsable(raw, spoilt) if spoilt else self._parser.read(raw) for raw in batch
            ]
            if await self._hand_over(events, intake, following):
                limit = BATCH
                for query in _queries(batch):
                    pressed(query)
                if following != offset:
                    offset = following
                    self._backoff.reset()
                else:  # without a number nothing can be confirmed, and the same would come at once
                    log.error("telegram.updates_without_id", count=len(batch))
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

    async def _hand_over(self, events: list[Inbound], intake: Intake, following: int | None) -> bool:
        cursor = None if following is None else str(following)
        try:
            await intake(events, cursor=cursor)
        except Exception as error:  # whatever the store raises, the updates are still Telegram's
            # neither its words nor its frames' values: a database's error quotes what members wrote
            at = traceback.extract_tb(error.__traceback__)[-1]
            log.error(
                "telegram.intake_failed",
                events=len(events),
                kind=type(error).__name__,
                at=f"{at.filename}:{at.lineno}",
            )
            await self._backoff.wait()
            return False
        return True

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
                log.error(
                    "telegram.conflict",
                    what=error.message,
                    remedy="Only one process may poll with a token: stop the other, or remove the webhook.",
                )
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

    def _unreadable(self, payload: bytes) -> list[Any]:
        """The one update of an answer that is no JSON, as far as its number can be made out."""
        number = _UPDATE_ID.search(payload)
        if not number:
            return []
        return [{"update_id": int(number[1]), "unreadable": payload.decode("utf-8", "replace")}]


def _queries(batch: list[Any]) -> list[str]:
    """Ids of the button presses in a batch, read apart from the parser: each one waits for its answer."""
    found = []
    for raw in batch:
        query = raw.get("callback_query") if isinstance(raw, dict) else None
        if isinstance(query, dict) and isinstance(query.get("id"), str):
            found.append(query["id"])
    return found
