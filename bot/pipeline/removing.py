"""Taking a public answer away, for whoever asked and for whoever runs the place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy import Connection

from bot.bus.base import Bus, Topic
from bot.channels.base import Channel, PublicChannel
from bot.domain import Account, Author, Outgoing
from bot.errors import ChannelError
from bot.store import outbox, places, timers, turns
from bot.store.engine import Store
from bot.store.outbox import Send
from bot.store.places import Pressed
from bot.store.timers import Timer
from bot.store.turns import Report

_log = structlog.get_logger(__name__)

PATIENCE = timedelta(minutes=5)
"""How long a platform that does not tell who runs a place is asked again."""


class Removing:
    """Acts on `remove` timers: a press of the button that takes an answer away.

    Who pressed is known by the platform's word alone; a press of anybody else changes nothing.
    """

    def __init__(
        self,
        store: Store,
        bus: Bus,
        channels: Mapping[Account, Channel],
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store, self._bus, self._channels, self._clock = store, bus, channels, clock

    async def __call__(self, timer: Timer) -> None:
        """Delete the answer that the button belongs to, with all its parts, if the presser may."""
        message = str(timer.payload.get("message", ""))
        pressed = await self._store.read(lambda c: places.pressed(c, timer.conversation, message))
        by = "asker"
        if pressed is not None and not pressed.is_asker:
            by = "moderator"
            try:
                if not await self._moderates(pressed):
                    pressed = None
            except ChannelError as error:
                if self._clock() - timer.due_at < PATIENCE:
                    return  # asked again soon
                _log.warning("nobody tells who runs a place", what=error.what)
                pressed = None
        lanes = await self._store.write(lambda c: self._remove(c, timer, pressed, by))
        for lane in lanes:
            self._bus.wake(Topic.LANE, lane)

    async def _moderates(self, pressed: Pressed) -> bool:
        channel = self._channels.get(pressed.account)
        if not isinstance(channel, PublicChannel):
            return False
        return await channel.moderates(pressed.place, pressed.person)

    def _remove(self, connection: Connection, timer: Timer, pressed: Pressed | None, by: str) -> list[str]:
        if not timers.take(connection, timer) or pressed is None:
            return []
        now = self._clock()
        sends = [
            Send(
                pressed.account,
                pressed.place,
                Outgoing("", removes=sent),
                Author.BOT,
                conversation=pressed.conversation,
            )
            for sent in places.parts(connection, pressed)
        ]
        outbox.put(connection, sends, now)
        turns.report(
            connection,
            Report(
                "removed",
                now,
                platform=pressed.account.platform,
                place_kind=pressed.place.kind.value,
                rule=by,
                entry=pressed.entry,
            ),
        )
        return [send.lane for send in sends]
