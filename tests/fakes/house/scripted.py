"""A channel in memory whose sends end in every way that a platform knows, seeded."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import NoReturn

from bot.channels.base import HELD, Doubt, Intake
from bot.channels.state import ChannelState
from bot.domain import Account, Delivery, Outgoing, PlaceKind, PlaceRef, Platform, Receipt
from bot.errors import ChannelError

ACCOUNT = Account(Platform.TELEGRAM, "1")
STAFF = PlaceRef("-1", PlaceKind.STAFF)


@dataclass(frozen=True, slots=True)
class Delivered:
    """What a person received; `tick` counts all that happens in a run."""

    tick: int
    place: str
    nonce: str
    message: Outgoing
    external_id: str


@dataclass(slots=True)
class ScriptedChannel:
    """Sends with random receipts while `calm` is not set, then always well."""

    rng: random.Random = field(default_factory=lambda: random.Random(1))
    calm: bool = False
    ticks: itertools.count[int] = field(default_factory=itertools.count)
    delivered: list[Delivered] = field(default_factory=list)
    receipts: list[Delivery] = field(default_factory=list)
    platform: Platform = Platform.TELEGRAM
    state: ChannelState = field(default_factory=ChannelState)
    doubts: Doubt = HELD

    @property
    def account(self) -> Account:
        return ACCOUNT

    async def run(self, intake: Intake) -> NoReturn:
        await asyncio.get_running_loop().create_future()
        raise AssertionError("a future that nobody sets")

    async def send(self, place: PlaceRef, message: Outgoing, *, nonce: str) -> Receipt:
        """Take a moment, arrive or not, take another, and tell; a cancelled send may have arrived."""
        [delivery] = self.rng.choices(
            [Delivery.SENT, Delivery.RETRY, Delivery.UNCERTAIN, Delivery.REFUSED, Delivery.GONE],
            [1, 0, 0, 0, 0] if self.calm else [68, 20, 6, 3, 3],
        )
        arrives = delivery is Delivery.SENT or (delivery is Delivery.UNCERTAIN and self.rng.random() < 0.5)
        await asyncio.sleep(self.rng.choice((0, 0, 0.002, 0.01)))
        before = [d for d in self.delivered if (d.place, d.nonce) == (place.external_id, nonce)]
        shown = before if self.doubts.harmless else []
        external_id = shown[0].external_id if shown else f"x{next(self.ticks)}"
        if arrives and not shown:
            self.delivered.append(Delivered(next(self.ticks), place.external_id, nonce, message, external_id))
        await asyncio.sleep(self.rng.choice((0, 0, 0.002, 0.01)))
        self.receipts.append(delivery)
        return Receipt(delivery, external_id=external_id if delivery is Delivery.SENT else "")

    def doubt(self, message: Outgoing) -> Doubt:
        return self.doubts

    async def find(
        self, place: PlaceRef, message: Outgoing, *, since: datetime, known: Collection[str]
    ) -> str | None:
        """Found by its words, as a platform's history shows them."""
        for one in self.delivered:
            if one.message == message and one.place == place.external_id and one.external_id not in known:
                return one.external_id
        return None

    async def typing(self, place: PlaceRef) -> None:
        return

    async def fetch(self, ref: str, *, limit: int) -> bytes:
        raise ChannelError("there are no files here")

    def split(self, message: Outgoing) -> tuple[Outgoing, ...]:
        """In paragraphs: more sends a turn are more to go wrong."""
        parts = message.text.split("\n\n")
        whole = [Outgoing(part, message.markdown) for part in parts[:-1]]
        return (*whole, Outgoing(parts[-1], message.markdown, rows=message.rows))
