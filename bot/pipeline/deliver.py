"""The way out: sends are claimed one at a time per lane, made once, and settled by their receipt."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog
from sqlalchemy import Connection

from bot.bus.base import Bus, Topic
from bot.channels.base import Channel
from bot.domain import Account, Author, Delivery, OutboxState, Receipt
from bot.pipeline.lanes import Lanes
from bot.pipeline.ports import Notices
from bot.pipeline.together import Together
from bot.store import outbox
from bot.store.engine import Store
from bot.store.outbox import Claimed

_log = structlog.get_logger(__name__)

LONGEST_RETRY = 60.0
"""Seconds between tries of a send that surely did not arrive; they double from one second up to this."""
AT_ONCE = 32
"""Lanes that send at the same time: about what Telegram takes in a second. What is claimed and not yet sent
when a process is killed is held, so no more is claimed than can go out."""
NO_CHANNEL = Receipt(Delivery.RETRY, retry_after=LONGEST_RETRY, error="the channel is not running")


@dataclass(frozen=True, slots=True)
class Step:
    """What a lane asks of the store: settle what it has just sent, if anything, and claim its next send."""

    lane: str
    claimed: Claimed | None = None
    receipt: Receipt | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """What one unit did for many lanes: a state for each step that settled, lanes to wake, claims."""

    states: list[OutboxState | None]
    lanes: list[str]
    claimed: dict[str, Claimed]


class Deliverer:
    """Empties the outbox, in order within a lane and in parallel across lanes."""

    def __init__(
        self,
        store: Store,
        bus: Bus,
        notices: Notices,
        channels: Mapping[Account, Channel],
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store, self._bus, self._notices = store, bus, notices
        self._channels, self._clock = channels, clock
        self._steps: Together[Step, Claimed | None] = Together(self._step)
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._lanes: Lanes[str] = Lanes("deliver", self._work)
        bus.listen(Topic.LANE, self._lanes.wake)

    async def run(self) -> None:
        """Work until cancelled."""
        await self._lanes.run()

    async def idle(self) -> None:
        """Return when every lane that was woken has been seen to."""
        await self._lanes.idle()

    async def recover(self) -> int:
        """After a start: see to the sends that a process which is gone had claimed; how many are held now."""
        now = self._clock()
        harmless = sorted({a.platform.value for a, c in self._channels.items() if c.repeats_are_harmless})

        def work(connection: Connection) -> tuple[int, set[str]]:
            lost = outbox.orphans(connection, harmless, now)
            lanes: set[str] = set()
            for claimed in lost:
                lanes.update(self._notices.held(connection, claimed, now))
            return len(lost), lanes

        held, lanes = await self._store.write(work)
        for lane in lanes:
            self._bus.wake(Topic.LANE, lane)
        return held

    async def _work(self, lane: str, woken: asyncio.Event) -> None:
        async with self._slots:
            claimed = await self._steps.do(Step(lane))
            while claimed is not None:
                receipt = await self._send(claimed)
                claimed = await self._settle(lane, claimed, receipt)

    async def _send(self, claimed: Claimed) -> Receipt:
        send = claimed.send
        channel = self._channels.get(send.account)
        if channel is None:
            return NO_CHANNEL
        try:
            return await channel.send(send.place, send.outgoing, nonce=claimed.nonce)
        except Exception as error:  # a channel must not raise; if it does, we don't know what it did
            _log.exception(
                "a channel failed while sending", outbox=claimed.id, platform=send.account.platform
            )
            return Receipt(Delivery.UNCERTAIN, error=type(error).__name__)

    async def _settle(self, lane: str, claimed: Claimed, receipt: Receipt) -> Claimed | None:
        """Write down what became of a send, and claim the lane's next one in the same unit.

        What happened is known here only, so the unit is tried until it is written.
        """
        if receipt.delivery is Delivery.RETRY:
            pause = max(receipt.retry_after, min(2.0 ** (claimed.attempts - 1), LONGEST_RETRY))
            receipt = Receipt(Delivery.RETRY, retry_after=pause, error=receipt.error)
        pause = 0.5
        while True:
            try:
                return await self._steps.do(Step(lane, claimed, receipt))
            except Exception:  # whatever keeps the database from writing, the receipt must not be lost
                _log.exception("a receipt could not be written, trying again", outbox=claimed.id)
                await asyncio.sleep(pause)
                pause = min(pause * 2, 5.0)

    async def _step(self, steps: Sequence[Step]) -> list[Claimed | None]:
        """Settle what was sent and claim what comes next, for many lanes in one unit."""
        now = self._clock()
        written = await self._store.write(lambda connection: self._write(connection, steps, now))
        for lane in written.lanes:
            self._bus.wake(Topic.LANE, lane)
        for step, state in zip(steps, written.states, strict=True):
            if step.claimed is not None and step.receipt is not None and state is not None:
                self._tell(step.lane, step.claimed, step.receipt, state)
        return [written.claimed.get(step.lane) for step in steps]

    def _write(self, connection: Connection, steps: Sequence[Step], now: datetime) -> Written:
        done = [(s.claimed, s.receipt) for s in steps if s.claimed is not None and s.receipt is not None]
        settled = iter(outbox.settle(connection, done, now))
        states = [next(settled) if step.claimed is not None else None for step in steps]
        lanes: list[str] = []
        for step, state in zip(steps, states, strict=True):
            if state is OutboxState.HELD and step.claimed is not None:
                lanes += self._notices.held(connection, step.claimed, now)
        return Written(states, lanes, outbox.claim(connection, [step.lane for step in steps], now))

    def _tell(self, lane: str, claimed: Claimed, receipt: Receipt, state: OutboxState) -> None:
        if state is OutboxState.PENDING:
            asyncio.get_running_loop().call_later(receipt.retry_after, self._bus.wake, Topic.LANE, lane)
        if state is not OutboxState.SENT:
            _log.warning(
                "not sent",
                outbox=claimed.id,
                conversation=claimed.send.conversation,
                state=state.value,
                error=receipt.error,
            )
        if state is not OutboxState.SENT or claimed.send.author is Author.STAFF:
            self._bus.wake(Topic.CASES)  # the bot's own messages that arrive change no case
