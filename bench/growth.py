"""What a message costs as the past grows: throughput, processor, latency and start-up, by stored messages.

`python -m bench growth` seeds a database with each number of messages (`bench/seeding.py`), starts Vocero on
it beside a fake Telegram, and lets known members write; on SQLite and on PostgreSQL. Flat is the aim.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench import machine
from bench.corridor import bot, heard, paced, write_round
from bench.platforms import PLATFORMS
from bench.postgres import postgres
from bench.seeding import seed
from bot.channels.telegram.channel import account_of

SIZES = (1_000, 10_000, 100_000, 1_000_000)
KINDS = ("sqlite", "postgresql")


@dataclass(frozen=True, slots=True)
class Cost:
    """What one bot did on one past. Times in milliseconds, memory in MB."""

    database: str
    messages: int
    per_second: float
    cpu_ms_per_message: float
    p50_ms: float
    p99_ms: float
    memory_mb: float
    start_s: float


async def main(arguments: Sequence[str] | None = None) -> None:
    """Run everything, print a table, and write JSON."""
    parser = argparse.ArgumentParser(prog="bench growth", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--databases", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--postgres-url", default="", help="a server whose user may create databases")
    parser.add_argument("--members", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=4, help="messages of each member that are counted")
    parser.add_argument("--turns", type=int, default=3, help="times each is measured; the median counts")
    parser.add_argument("--pace", type=int, default=50, help="messages a second while latency is measured")
    parser.add_argument("--json", type=Path, default=None, help="where to write the figures")
    given = parser.parse_args(arguments)
    found: list[Cost] = []
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = "postgresql" in given.databases
        fresh = await stack.enter_async_context(postgres(given.postgres_url)) if server else None
        for size in given.sizes:
            for kind in given.databases:
                turns = []
                for turn in range(given.turns):
                    data = folder / f"{kind}_{size}_{turn}"
                    data.mkdir(mode=0o700)
                    url = f"sqlite:///{data / 'vocero.db'}"
                    if fresh is not None and kind == "postgresql":
                        url = await fresh(data.name)
                    turns.append(await _measure(kind, size, url, data, folder / "models", given))
                    sys.stderr.write(f"{turns[-1]}\n")
                    if kind == "sqlite":
                        (data / "vocero.db").unlink()
                found.append(_median(turns))
    result = {
        "machine": machine.describe(),
        "members": given.members,
        "rounds": given.rounds,
        "turns": given.turns,
        "pace_per_second": given.pace,
        "costs": [asdict(cost) for cost in found],
    }
    print(table(result))
    if given.json:
        given.json.parent.mkdir(parents=True, exist_ok=True)
        given.json.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n")


def thousands(number: int, lang: str) -> str:
    """A number with its thousands apart: 10.000 in Spanish, 10,000 in English."""
    return f"{number:,}".replace(",", "." if lang == "es" else ",")


def conditions(result: dict[str, Any], lang: str) -> str:
    """On what machine and how it was measured, in Spanish (`es`) or English."""
    on = result["machine"]
    turns, pace = result["turns"], result["pace_per_second"]
    if lang == "es":
        return (
            f"({on['processor']}, {on['cores']} núcleos, Python {on['python']}; "
            f"mediana de {turns} corridas, latencias a {pace} mensajes/s.)"
        )
    return (
        f"({on['processor']}, {on['cores']} cores, Python {on['python']}; "
        f"median of {turns} runs, latencies at {pace} messages/s.)"
    )


def table(result: dict[str, Any], lang: str = "en") -> str:
    """The figures as Markdown, in Spanish (`es`) or English."""
    heads = "database | stored messages | messages/s | CPU ms/message | p50 ms | p99 ms | memory MB | start s"
    if lang == "es":
        heads = (
            "base de datos | mensajes guardados | mensajes/s | CPU ms/mensaje | p50 ms | p99 ms "
            "| memoria MB | arranque s"
        )
    lines = [f"| {heads} |", "|---|---|---|---|---|---|---|---|"]
    names = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
    for cost in sorted(result["costs"], key=lambda cost: (KINDS.index(cost["database"]), cost["messages"])):
        values = (cost[name] for name in ("per_second", "cpu_ms_per_message", "p50_ms", "p99_ms"))
        more = (cost[name] for name in ("memory_mb", "start_s"))
        cells = [
            names[cost["database"]],
            thousands(cost["messages"], lang),
            *map(str, values),
            *map(str, more),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    lines += ["", conditions(result, lang)]
    return "\n".join(lines)


async def _measure(
    kind: str, size: int, url: str, data: Path, models: Path, given: argparse.Namespace
) -> Cost:
    platform = PLATFORMS["telegram"]
    async with platform.open() as server:
        environment = platform.environment(server)
        await seed(url, size, account_of(environment["VOCERO_TELEGRAM_TOKEN"]).id)
        began = time.monotonic()
        async with bot(platform, "vocero", server, data, models, url) as process:
            await heard(platform, server)
            start = time.monotonic() - began
            await write_round(server, given.members, 0)
            cpu, clock = machine.cpu_seconds(process.pid), time.monotonic()
            for number in range(1, given.rounds + 1):
                await write_round(server, given.members, number)
            seconds = time.monotonic() - clock
            count = given.members * given.rounds
            spent = machine.cpu_seconds(process.pid) - cpu
            latencies = await paced(server, given.pace, given.members)
            return Cost(
                kind,
                size,
                per_second=round(count / seconds, 1),
                cpu_ms_per_message=round(spent / count * 1000, 3),
                p50_ms=round(statistics.median(latencies) * 1000, 1),
                p99_ms=round(statistics.quantiles(latencies, n=100)[98] * 1000, 1),
                memory_mb=machine.resident_mb(process.pid),
                start_s=round(start, 2),
            )


def _median(turns: Sequence[Cost]) -> Cost:
    names = [name for name in Cost.__slots__ if name not in ("database", "messages")]
    middle = {name: round(statistics.median(getattr(one, name) for one in turns), 3) for name in names}
    return Cost(turns[0].database, turns[0].messages, **middle)


if __name__ == "__main__":
    asyncio.run(main())
