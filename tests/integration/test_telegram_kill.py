"""The bot's process is killed in the midst of receiving, again and again."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from tests.fakes.telegram import RemoteTelegram
from tests.integration.telegram_keeper import committed

COUNT = 2500
KILLS = (1, 4, 2)
"""After how many more batches the process is killed."""


async def test_nothing_is_lost_to_kill_9(tmp_path: Path) -> None:
    kept = tmp_path / "kept.jsonl"
    async with RemoteTelegram() as telegram:
        await telegram.do("prefill", lines=[[1000 + n % 50, f"pregunta {n}"] for n in range(COUNT)])

        async def start() -> asyncio.subprocess.Process:
            return await asyncio.create_subprocess_exec(
                sys.executable,
                *("-m", "tests.integration.telegram_keeper", str(kept), telegram.token, telegram.base_url),
                stdout=asyncio.subprocess.PIPE,
            )

        for batches in KILLS:
            process = await start()
            assert process.stdout
            for _ in range(batches):
                assert await process.stdout.readline() == b"kept\n"
            process.kill()
            await process.wait()
            assert len(known(kept)) < COUNT

        process = await start()
        assert process.stdout
        while len(known(kept)) < COUNT:
            assert await process.stdout.readline() == b"kept\n"
        process.terminate()
        await process.wait()

    order = [int(event) for ids, _ in committed(kept) for event in ids]
    first_seen = list(dict.fromkeys(order))
    assert first_seen == sorted(first_seen)
    assert len(first_seen) == COUNT
    assert first_seen[-1] - first_seen[0] == COUNT - 1
    # the offset is kept with the events, so a batch that was committed does not come again
    assert len(order) == COUNT


def known(kept: Path) -> set[str]:
    """Ids of all events that were committed."""
    return {event for ids, _ in committed(kept) for event in ids}
