"""A channel that stops, for whatever reason, is told of and started again; its state says how it stands."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import structlog.testing

from bot.channels.backoff import Backoff
from bot.channels.state import ChannelState, Condition
from bot.channels.supervision import supervise
from bot.errors import ChannelError, RefusedError
from tests.fakes.house.scripted import ScriptedChannel

AWAY = ChannelError("it cannot be reached", remedy="Look.", kind="unreachable")
REFUSED = RefusedError("it does not know us", remedy="Ask.")
BROKEN = RuntimeError("número 12345")


class Failing(ScriptedChannel):
    """Each run ends with the next of these; after the last it stays up."""

    def __init__(self, *ends: Exception | None) -> None:
        super().__init__()
        self.ends, self.stays = list(ends), asyncio.Event()
        self.seen: list[tuple[Condition, str]] = []
        self.state.listen(lambda state: self.seen.append((state.condition, state.kind)))

    async def run(self, intake: Any) -> Any:
        if not self.ends:
            self.state.up("bot")
            self.stays.set()
            await asyncio.get_running_loop().create_future()
        if (end := self.ends.pop(0)) is not None:
            raise end


async def nothing(events: Sequence[object], **given: object) -> None:
    return


@pytest.mark.parametrize(
    ("end", "seen", "event"),
    [
        (AWAY, (Condition.BACKING_OFF, "unreachable"), "a channel cannot start"),
        (REFUSED, (Condition.REFUSED, "token_refused"), "a channel is refused"),
        (BROKEN, (Condition.BACKING_OFF, "RuntimeError"), "a channel broke"),
        (None, (Condition.BACKING_OFF, "ended"), "a channel ended by itself"),
    ],
)
async def test_whatever_ends_it_it_is_started_again(
    end: Exception | None, seen: tuple[Condition, str], event: str
) -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    channel = Failing(end, end, end)
    backoff = Backoff(first=1, cap=60, sleep=sleep, jitter=lambda low, high: high)
    with structlog.testing.capture_logs() as logs:
        task = asyncio.create_task(supervise(channel, nothing, backoff=backoff, refused_pause=0))
        await asyncio.wait_for(channel.stays.wait(), 10)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert channel.seen == [seen, (Condition.UP, "")]
    assert [log["event"] for log in logs] == [event] * 3 + ["a channel is up"]
    assert waits == ([] if end is REFUSED else [1, 2, 4])
    assert "12345" not in repr(logs), "an unforeseen error may quote a member"


def test_a_state_keeps_since_when_and_how_often() -> None:
    now = datetime(2026, 11, 22, tzinfo=UTC)
    state = ChannelState(now=lambda: now)
    now += timedelta(minutes=1)
    state.backing_off("unreachable")
    began = state.since
    now += timedelta(minutes=1)
    state.backing_off("server_error")
    assert (state.since, state.failures, state.kind) == (began, 2, "server_error")
    state.up("@bot")
    assert (state.since, state.failures, state.kind, state.name) == (now, 0, "", "@bot")
    now += timedelta(minutes=1)
    state.up()
    assert (state.since, state.name) == (now - timedelta(minutes=1), "@bot")
