"""How much the honest feel of the hostile: latencies of 50 members alone, and beside 20 who flood.

`python -m bench.hostile` starts the fake Telegram and the bot as `bench.corridor` does, with default limits.
In turns, in one run: honest members ask at an even pace; then they do so while the hostile write 100
messages a second each. Then every message must have its outcome: an answer, or a count.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sqlite3
import statistics
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench import machine
from bench.corridor import bot, heard, question
from bench.platforms import PLATFORMS
from tests.fakes.telegram.remote import RemoteTelegram

TELEGRAM = PLATFORMS["telegram"]
QUIET = 2.0
"""Seconds in which nothing more was answered, so that nothing more will be."""
RESULT = Path(__file__).parent / "results" / "hostile.json"
HONEST, HOSTILE = 10_000, 90_000
"""The first honest and the first hostile member's number."""


@dataclass(frozen=True, slots=True)
class Felt:
    """What the honest felt in one stretch. Milliseconds; `hostile_per_second` were really delivered."""

    p50_ms: float
    p95_ms: float
    answered: int
    hostile_per_second: float
    cpu_share: float
    memory_mb: float


@dataclass(frozen=True, slots=True)
class Counts:
    """What the database says afterwards."""

    hostile_sent: int
    hostile_stored: int
    hostile_counted: int
    honest_ignored: int
    without_outcome: int
    database_mb: float


async def measure(
    honest: int, hostile: int, rate: int, pace: int, seconds: int, turns: int
) -> tuple[list[Felt], list[Felt], Counts]:
    """Stretches without and with the hostile, and what became of all messages.

    `rate` is messages a second of each hostile member, `pace` of all honest ones together.
    """
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        async with RemoteTelegram() as telegram:  # noqa: SIM117 # the second needs what the first gives
            async with bot(TELEGRAM, "vocero", telegram, data, Path(folder) / "models") as process:
                await heard(TELEGRAM, telegram)
                everybody = [HONEST + i for i in range(honest)] + [HOSTILE + i for i in range(hostile)]
                await telegram.do("prefill", lines=[(who, question(0)) for who in everybody])
                await telegram.do("wait", sent=len(everybody), timeout=120)
                alone, beside, sent = [], [], 0
                for _ in range(turns):
                    alone.append(await _stretch(telegram, process.pid, honest, 0, rate, pace, seconds))
                    beside.append(await _stretch(telegram, process.pid, honest, hostile, rate, pace, seconds))
                    sent += round(beside[-1].hostile_per_second * seconds)
                await _drained(telegram)
                await asyncio.sleep(3)
        return alone, beside, _counts(data / "vocero.db", sent)


async def _stretch(
    telegram: RemoteTelegram, pid: int, honest: int, hostile: int, rate: int, pace: int, seconds: int
) -> Felt:
    latencies = await _latencies(telegram)
    cpu, began = machine.cpu_seconds(pid), time.monotonic()
    flood = asyncio.create_task(_flood(telegram, hostile, rate, seconds)) if hostile else None
    for i in range(pace * seconds):
        await asyncio.sleep(max(0.0, began + i / pace - time.monotonic()))
        await telegram.do("prefill", lines=[(HONEST + i % honest, question(i))])
    delivered = await flood if flood else 0
    spent = machine.cpu_seconds(pid) - cpu
    took = time.monotonic() - began
    found: list[float] = []
    async with asyncio.timeout(60):
        while len(found) < pace * seconds:
            before, found = len(found), (await _latencies(telegram))[len(latencies) :]
            if before == len(found) and not (await telegram.do("state"))["waiting"]:
                break  # two questions of one member were answered together
            await asyncio.sleep(QUIET)
    return Felt(
        p50_ms=round(statistics.median(found) * 1000, 1),
        p95_ms=round(statistics.quantiles(found, n=100)[94] * 1000, 1),
        answered=len(found),
        hostile_per_second=round(delivered / seconds, 1),
        cpu_share=round(spent / took, 2),
        memory_mb=machine.resident_mb(pid),
    )


async def _flood(telegram: RemoteTelegram, hostile: int, rate: int, seconds: int) -> int:
    """Have the server deliver what the hostile write; how many."""
    done = await telegram.do("flood", first=HOSTILE, members=hostile, rate=rate, seconds=seconds)
    return int(done["count"])


async def _latencies(telegram: RemoteTelegram) -> list[float]:
    """Of the honest, in the order of their questions."""
    found: list[float] = await telegram.do("latencies", below=HOSTILE, in_order=True)
    return found


async def _drained(telegram: RemoteTelegram) -> None:
    async with asyncio.timeout(120):
        while (await telegram.do("state"))["waiting"]:  # noqa: ASYNC110 # another process tells nobody
            await asyncio.sleep(0.1)


def _counts(database: Path, sent: int) -> Counts:
    with closing(sqlite3.connect(database)) as connection:

        def number(query: str) -> int:
            return int(connection.execute(query).fetchone()[0] or 0)

        stored = (
            "SELECT count(*) FROM messages JOIN conversations ON conversations.id = messages.conversation_id"
            " JOIN identities ON identities.id = conversations.identity_id"
            " WHERE author = 'member' AND CAST(identities.external_id AS INTEGER) >= 90000"
        )
        return Counts(
            hostile_sent=sent,
            # those who are counted and stored are in the count; the first question of each came before
            hostile_stored=number(f"{stored} AND coalesce(rule, '') <> 'member_limit'"),
            hostile_counted=number("SELECT sum(value) FROM events WHERE kind = 'limited'"),
            honest_ignored=number(stored.replace(">=", "<") + " AND outcome IN ('ignored', 'blocked')"),
            without_outcome=number(
                "SELECT count(*) FROM messages WHERE author = 'member' AND outcome IS NULL"
            ),
            database_mb=round(database.stat().st_size / 2**20, 1),
        )


async def main() -> None:
    """Run, print, and write JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--honest", type=int, default=50)
    parser.add_argument("--hostile", type=int, default=20)
    parser.add_argument("--rate", type=int, default=100, help="messages a second of each hostile member")
    parser.add_argument("--pace", type=int, default=25, help="messages a second of all honest members")
    parser.add_argument("--seconds", type=int, default=12, help="of each stretch")
    parser.add_argument("--turns", type=int, default=3, help="stretches of each kind; the median counts")
    parser.add_argument("--json", type=Path, default=RESULT, help="where to write the figures")
    given = parser.parse_args()
    alone, beside, counts = await measure(
        given.honest, given.hostile, given.rate, given.pace, given.seconds, given.turns
    )
    for felt in (*alone, *beside):
        sys.stderr.write(f"{felt}\n")
    ratio = round(_middle(beside) / _middle(alone), 2)
    result: dict[str, Any] = {
        "machine": machine.describe(),
        "honest": given.honest,
        "hostile": given.hostile,
        "hostile_rate_each": given.rate,
        "honest_pace": given.pace,
        "alone": [asdict(felt) for felt in alone],
        "beside": [asdict(felt) for felt in beside],
        "ratio_p95": ratio,
        "counts": asdict(counts),
    }
    given.json.parent.mkdir(parents=True, exist_ok=True)
    given.json.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n")
    print(
        f"honest p95: {_middle(alone)} ms alone, {_middle(beside)} ms beside {given.hostile} hostile members"
        f" at {given.rate} messages/s each; ratio {ratio}. {counts}"
    )


def _middle(stretches: list[Felt]) -> float:
    return statistics.median(felt.p95_ms for felt in stretches)


if __name__ == "__main__":
    asyncio.run(main())
