"""What systemd hears of the process: that it is ready, that it still lives, that it is stopping.

The protocol is a datagram to the socket that systemd names:
https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import structlog

_log = structlog.get_logger(__name__)


@asynccontextmanager
async def notifying(stop: asyncio.Event, environment: Mapping[str, str] = os.environ) -> AsyncIterator[None]:
    """Say READY, keep the watchdog quiet while the event loop turns, and say STOPPING once `stop` is set.

    Does nothing where systemd didn't ask. A notice that cannot be given is logged and keeps nothing back.
    """
    address = environment.get("NOTIFY_SOCKET", "")
    if not address:
        yield
        return
    _tell(address, "READY=1")
    tasks = [
        asyncio.create_task(_watch(address, environment), name="systemd watchdog"),
        asyncio.create_task(_part(address, stop), name="systemd stopping"),
    ]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _part(address: str, stop: asyncio.Event) -> None:
    await stop.wait()
    _tell(address, "STOPPING=1")


async def _watch(address: str, environment: Mapping[str, str]) -> None:
    asked, pid = environment.get("WATCHDOG_USEC", ""), environment.get("WATCHDOG_PID", "")
    if not asked.isdigit() or int(asked) == 0 or (pid and pid != str(os.getpid())):
        return
    while True:
        _tell(address, "WATCHDOG=1")
        await asyncio.sleep(int(asked) / 1e6 / 2)


def _tell(address: str, what: str) -> None:
    if address.startswith("@"):  # an abstract socket
        address = f"\0{address[1:]}"
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.setblocking(False)
            sender.sendto(what.encode(), address)
    except OSError as error:
        _log.warning("systemd could not be told", what=what, error=error.strerror)
