"""The bot as a process: `python -m tests.fakes.house.run`, settings from the environment."""

from __future__ import annotations

import asyncio
import signal
import sys

from bot import logs
from bot.app import open_bot
from bot.settings import read


async def main() -> None:
    """Run until SIGTERM; a line on standard output says that it works."""
    settings = read()
    logs.configure(settings.log_level, settings.log_format)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with open_bot(settings, web=bool(settings.telegram_webhook)) as bot:
        sys.stdout.write(f"running, {bot.held} held\n")
        sys.stdout.flush()
        await bot.run(stop)


if __name__ == "__main__":
    asyncio.run(main())
