"""The way out: sends are claimed one at a time per lane, made once, and settled by their receipt."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy import Connection

from bot.bus.base import Bus, Topic
from bot.channels.base import HELD, Channel, Doubt
from bot.domain import Account, Author, Delivery, OutboxState, PlaceKind, Receipt
from bot.errors import ChannelError
from bot.metrics import Meter
from bot.pipeline.lanes import Lanes
from bot.pipeline.ports import Notices
from bot.pipeline.together import Together
from bot.pipeline.trouble import tell
from bot.store import outbox
from bot.store.engine import Store
from bot.store.outbox import Claimed, Send

_log = structlog.get_logger(__name__)

LONGEST_RETRY = 60.0
"""Seconds between tries of a send that surely did not arrive; they double from one second up to this."""
AT_ONCE = 32
"""Lanes that send at the same time: about what Telegram takes in a second. What is claimed and not yet sent
when a process is killed is held, so no more is claimed than can go out."""
LOOKED_FOR_AFTER = 10.0
"""Seconds until an uncertain send that cannot be repeated is looked for: it may still be on its way."""
LOOKED_FOR = 12
"""Tries of one send after which it is not looked for any more, but held."""
TOLD_AGAIN = Doubt(harmless=timedelta.max)
"""What is done about an uncertain notice to staff, where the channel cannot do better."""
TOLD_FOR = timedelta(minutes=2)
"""How long an uncertain notice is told again: a server that takes each one and never says so must not fill
the staff place."""
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
        meter: Meter | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._meter = meter or Meter()
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

        def work(connection: Connection) -> tuple[int, set[str]]:
            held, lanes = 0, set[str]()
            for claimed in outbox.orphans(connection):
                doubt = self._doubt(claimed)
                if doubt.harmless or doubt.findable:
                    uncertain = doubt.harmless != timedelta.max or doubt is TOLD_AGAIN
                    outbox.doubt(connection, claimed, OutboxState.PENDING, uncertain=uncertain)
                    lanes.add(claimed.send.lane)
                else:
                    outbox.doubt(connection, claimed, OutboxState.HELD, uncertain=True)
                    lanes.update(self._notices.held(connection, claimed, now))
                    held += 1
            return held, lanes

        held, lanes = await self._store.write(work)
        for lane in lanes:
            self._bus.wake(Topic.LANE, lane)
        return held

    async def _work(self, lane: str, woken: asyncio.Event) -> None:
        async with self._slots:
            claimed = await self._steps.do(Step(lane))
            while claimed is not None:
                receipt = await self._clear_up(claimed)
                if receipt is None:
                    receipt = await self._send(claimed)
                    if receipt.delivery is Delivery.UNCERTAIN:
                        receipt = self._again(claimed, receipt)
                claimed = await self._settle(lane, claimed, receipt)

    def _doubt(self, claimed: Claimed) -> Doubt:
        channel = self._channels.get(claimed.send.account)
        doubt = channel.doubt(claimed.send.outgoing) if channel is not None else HELD
        # Who could say whether a notice arrived may not have got it; and one that comes twice harms nobody.
        return TOLD_AGAIN if doubt == HELD and _is_notice(claimed.send) else doubt

    async def _clear_up(self, claimed: Claimed) -> Receipt | None:
        """What became of an earlier try of which we don't know; None when it may be sent (again)."""
        since, channel = claimed.uncertain_since, self._channels.get(claimed.send.account)
        if since is None or channel is None:
            return None
        doubt = self._doubt(claimed)
        if doubt.harmless == timedelta.max or self._clock() < since + doubt.harmless:
            return None
        if not doubt.findable:
            return Receipt(Delivery.UNCERTAIN, error="too late to send again without repeating")
        send = claimed.send
        try:
            known = await self._store.read(lambda connection: outbox.known(connection, claimed))
            found = await channel.find(send.place, send.outgoing, since=since, known=known)
        except (OSError, TimeoutError) as error:
            return Receipt(Delivery.RETRY, error=f"cannot be looked for now: {type(error).__name__}")
        except ChannelError as error:
            return Receipt(Delivery.UNCERTAIN, error=error.what)
        except Exception as error:  # a channel must not raise anything else; if it does, we know nothing
            _log.exception("a channel failed while looking", outbox=claimed.id)
            return Receipt(Delivery.UNCERTAIN, error=type(error).__name__)
        _log.info("looked for an uncertain send", outbox=claimed.id, arrived=found is not None)
        return Receipt(Delivery.SENT, external_id=found) if found is not None else None

    async def _send(self, claimed: Claimed) -> Receipt:
        send = claimed.send
        channel = self._channels.get(send.account)
        if channel is None:
            return NO_CHANNEL
        try:
            outgoing = send.outgoing
            if claimed.uncertain_since is not None and self._doubt(claimed) is TOLD_AGAIN:
                outgoing = self._notices.again(outgoing)
            return await channel.send(send.place, outgoing, nonce=claimed.nonce)
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
            except Exception as error:  # whatever keeps it from being written, the receipt must not be lost
                tell(_log, "a receipt could not be written, trying again", error, outbox=claimed.id)
                await asyncio.sleep(pause)
                pause = min(pause * 2, 5.0)

    def _again(self, claimed: Claimed, receipt: Receipt) -> Receipt:
        """An uncertain send is seen to again where that helps: at once, or once it can be looked for."""
        doubt = self._doubt(claimed)
        since = claimed.uncertain_since or claimed.claimed_at or self._clock()
        again = min(2.0 ** (claimed.attempts - 1), LONGEST_RETRY)
        if doubt is TOLD_AGAIN and self._clock() > since + TOLD_FOR:
            return Receipt(Delivery.REFUSED, error="told again and again, and never confirmed")
        if doubt.harmless == timedelta.max or self._clock() < since + doubt.harmless:
            return replace(receipt, retry_after=again)
        if doubt.findable and claimed.attempts < LOOKED_FOR:
            return replace(receipt, retry_after=LOOKED_FOR_AFTER)
        return replace(receipt, retry_after=0.0)

    async def _step(self, steps: Sequence[Step]) -> list[Claimed | None]:
        """Settle what was sent and claim what comes next, for many lanes in one unit."""
        now = self._clock()
        written = await self._store.write(lambda connection: self._write(connection, steps, now))
        for lane in written.lanes:
            self._bus.wake(Topic.LANE, lane)
        for step, state in zip(steps, written.states, strict=True):
            if step.claimed is not None and step.receipt is not None and state is not None:
                self._count(step.claimed, step.receipt)
                self._tell(step.lane, step.claimed, step.receipt, state)
        return [written.claimed.get(step.lane) for step in steps]

    def _write(self, connection: Connection, steps: Sequence[Step], now: datetime) -> Written:
        done = [(s.claimed, s.receipt) for s in steps if s.claimed is not None and s.receipt is not None]
        settled = iter(outbox.settle(connection, done, now))
        states = [next(settled) if step.claimed is not None else None for step in steps]
        lanes: list[str] = []
        for step, state in zip(steps, states, strict=True):
            if step.claimed is None or step.receipt is None:
                continue
            if state is OutboxState.HELD:
                lanes += self._notices.held(connection, step.claimed, now)
            elif step.receipt.delivery is Delivery.GONE:
                lanes += self._notices.undelivered(connection, step.claimed, now)
        held: list[Claimed] = []
        claimed = outbox.claim(connection, [step.lane for step in steps], now, held)
        for one in held:
            lanes += self._notices.held(connection, one, now)
        return Written(states, lanes, claimed)

    def _count(self, claimed: Claimed, receipt: Receipt) -> None:
        since = claimed.created_at if receipt.delivery is Delivery.SENT else None
        self._meter.sent(
            claimed.send.account.platform.value,
            receipt.delivery.value,
            (self._clock() - since).total_seconds() if since is not None else None,
        )

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


def _is_notice(send: Send) -> bool:
    """Whether it is for staff alone; what a member is sent has its message."""
    return send.message is None and send.place.kind is PlaceKind.STAFF
