"""Keep a channel at work: what stops it is said loudly, tried again, and leaves the other channels alone."""

from __future__ import annotations

import asyncio
import traceback
from typing import NoReturn

import structlog

from bot.channels.backoff import Backoff
from bot.channels.base import Channel, Intake
from bot.errors import ChannelError, RefusedError

log = structlog.get_logger(__name__)

FIRST_PAUSE = 1.0
"""Seconds until a channel that stopped is tried again; doubled with each failure in a row."""
LONGEST_PAUSE = 60.0
REFUSED_PAUSE = 300.0
"""Seconds until a token that was refused is tried again: only a person can mend it, and platforms count
invalid requests against the address they come from."""


async def supervise(
    channel: Channel,
    intake: Intake,
    *,
    backoff: Backoff | None = None,
    refused_pause: float = REFUSED_PAUSE,
) -> NoReturn:
    """Run a channel until cancelled, starting it again after whatever stops it."""
    backoff = backoff or Backoff(first=FIRST_PAUSE, cap=LONGEST_PAUSE)
    platform, state = channel.platform.value, channel.state

    def heed(_: object) -> None:
        if state.is_up:
            backoff.reset()
            log.info("a channel is up", platform=platform, name=state.name)

    state.listen(heed)
    while True:
        try:
            await channel.run(intake)
            state.backing_off("ended")
            log.error("a channel ended by itself", platform=platform, do="It is started again.")
        except RefusedError as error:
            state.refused()
            log.error("a channel is refused", platform=platform, what=error.what, do=error.remedy)
            await asyncio.sleep(refused_pause)
            continue
        except ChannelError as error:
            state.backing_off(error.kind or "failed")
            log.error(
                "a channel cannot start" if not state.name else "a channel stopped",
                platform=platform,
                what=error.what,
                do=f"{error.remedy} It is tried again by itself.".lstrip(),
                times=state.failures,
            )
        except Exception as error:  # one channel's fault must not end the others; its words may be a member's
            state.backing_off(type(error).__name__)
            at = traceback.extract_tb(error.__traceback__)[-1]
            log.error(
                "a channel broke",
                platform=platform,
                kind=type(error).__name__,
                at=f"{at.filename}:{at.lineno}",
                times=state.failures,
            )
        await backoff.wait()
