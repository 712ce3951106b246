"""Run the server by itself: `python -m tests.fakes.telegram --port 8081 --control`."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys

from tests.fakes.telegram.limits import Limits
from tests.fakes.telegram.server import TOKEN, FakeTelegram


async def serve(arguments: argparse.Namespace) -> None:
    """Serve until told to end; the first line of output ends with the address."""
    limits = Limits(speed=arguments.speed) if arguments.limits else None
    fake = FakeTelegram(
        token=arguments.token,
        port=arguments.port,
        limits=limits,
        control=arguments.control,
        local_webhooks=arguments.local_webhooks,
    )
    ended = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, ended.set)
    async with fake:
        sys.stdout.write(f"listening on {fake.address}\n")
        sys.stdout.flush()
        await ended.wait()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.fakes.telegram", description=__doc__)
    parser.add_argument("--port", type=int, default=8081, help="0 takes any that is free")
    parser.add_argument("--token", default=TOKEN)
    parser.add_argument("--control", action="store_true", help="serve /control/...")
    parser.add_argument("--limits", action="store_true", help="keep Telegram's flood limits")
    parser.add_argument("--local-webhooks", action="store_true", help="take webhooks on this machine, http")
    parser.add_argument("--speed", type=float, default=1.0, help="how fast the limits' clock runs")
    asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
