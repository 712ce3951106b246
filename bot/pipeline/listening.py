"""Places whose mode is `listen`: they are told so before anything said there is kept, and when it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import NoReturn

import structlog
from sqlalchemy import Connection

from bot.bus.base import Bus, Topic
from bot.catalogue.keys import Key
from bot.channels.base import Channel
from bot.domain import Account, Author, OutboxId, OutboxState, Outgoing, PlaceKind, PlaceRef, Platform
from bot.knowledge.community import Mode
from bot.pipeline.door import Door
from bot.pipeline.ports import Minds
from bot.store import outbox, places, timers
from bot.store.engine import Store
from bot.store.outbox import Send
from bot.store.timers import Timer

_log = structlog.get_logger(__name__)

LISTEN_TIMER = "listen"
"""A place is being told that it is listened to; what is said there is kept once it has been."""
LOOK = 2.0
"""Seconds between looks at what the file says and what places were told."""
AGAIN = timedelta(hours=6)
"""After which a place that could not be told is told again."""


class Listening:
    """Acts on `listen` timers, and sets them whenever the file and what places were told differ."""

    def __init__(
        self,
        store: Store,
        bus: Bus,
        minds: Minds,
        channels: Mapping[Account, Channel],
        door: Door,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store, self._bus, self._minds, self._channels = store, bus, minds, channels
        self._door, self._clock = door, clock

    async def run(self) -> NoReturn:
        """Look now and then, until cancelled."""
        while True:
            try:
                await self.look()
            except Exception:  # a database that cannot be read now may be readable in a while
                _log.exception("what places were told could not be compared, trying again")
            await asyncio.sleep(LOOK)

    async def look(self) -> None:
        """Tell places what has changed for them."""
        known = {
            (a, place.external_id): (place, former, told) for a, place, former, told in await self._known()
        }
        for account, place in self._named():
            known.setdefault((account, place.external_id), (place, "", False))
        community = self._minds.current.voice.knowledge.community
        lanes: list[str] = []
        for (account, _), (place, former, told) in known.items():
            wanted = community.manners(account.platform, place, former).mode is Mode.LISTEN
            if wanted != told and account in self._channels:
                lanes += await self._store.write(
                    lambda c, a=account, p=place, w=wanted: self._tell(c, a, p, listening=w)  # type: ignore[misc]  # defaults bind the loop's values
                )
        await self._door.open()
        for lane in lanes:
            self._bus.wake(Topic.LANE, lane)

    async def __call__(self, timer: Timer) -> None:
        """See whether a place has been told; from then on what is said there is kept."""
        number = timer.payload.get("outbox")
        account = Account(Platform(timer.payload["platform"]), str(timer.payload["account"]))
        place = str(timer.payload["place"])

        def work(connection: Connection) -> bool:
            found = outbox.find(connection, OutboxId(int(number))) if number else None
            state = found[1] if found is not None else None
            if state in (OutboxState.PENDING, OutboxState.SENDING):
                return False
            if not timers.take(connection, timer):
                return False
            if state is OutboxState.SENT:
                places.told(connection, account, place, listening=True)
                return True
            if number:  # refused or in doubt: until it surely was told, nothing is kept
                payload = {name: value for name, value in timer.payload.items() if name != "outbox"}
                timers.set_timer(connection, LISTEN_TIMER, self._clock() + AGAIN, payload=payload)
            return False

        if await self._store.write(work):
            await self._door.open()

    def _tell(
        self, connection: Connection, account: Account, place: PlaceRef, *, listening: bool
    ) -> list[str]:
        now = self._clock()
        target = {"platform": account.platform.value, "account": account.id, "place": place.external_id}
        if listening and any(
            {name: timer.payload.get(name) for name in target} == target
            for timer in timers.of_kind(connection, LISTEN_TIMER)
        ):
            return []
        voice = self._minds.current.voice
        manners = voice.knowledge.community.manners(account.platform, place)
        lang = manners.lang or voice.knowledge.brand.languages[0]
        brand = voice.knowledge.brand
        text = (
            voice.text(Key.PUBLIC_LISTENING, lang, assistant=brand.voice.assistant, brand=brand.name)
            if listening
            else voice.text(Key.PUBLIC_NOT_LISTENING, lang)
        )
        send = Send(account, place, Outgoing(text, markdown=True), Author.BOT)
        [number] = outbox.put(connection, [send], now)
        if listening:
            places.note(connection, account, place, now, anew=False)
            timers.set_timer(connection, LISTEN_TIMER, now, payload={**target, "outbox": number})
        else:
            places.told(connection, account, place.external_id, listening=False)
        return [send.lane]

    def _named(self) -> list[tuple[Account, PlaceRef]]:
        """The places that the file names, for each account on their platform."""
        community = self._minds.current.voice.knowledge.community
        return [
            (account, PlaceRef(place, PlaceKind.GROUP))
            for (platform, place, thread), manners in community.places.items()
            for account in self._channels
            if account.platform is platform and not thread and manners.mode is Mode.LISTEN
        ]

    async def _known(self) -> list[tuple[Account, PlaceRef, str, bool]]:
        return await self._store.read(places.known)
