"""Messages a second and added milliseconds through the corridor, beside a bare echo bot, in one run.

`python -m bench.corridor` starts the fake Telegram in a process of its own (its limits lifted), and on it,
in turns, Vocero (settle window 0, every message durable) and a bare python-telegram-bot echo bot. Each member
has one message under way at a time, so that no two are joined to one turn.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench import machine
from tests.fakes.telegram.remote import RemoteTelegram

ROOT = Path(__file__).parent.parent
LEFT_OUT = ("VOCERO_", "PYTHONDONTWRITEBYTECODE")
"""Variables that a bot on its own machine would not have."""
QUESTIONS = (
    "cuanto sale mandar un cafe a conce??",
    "¿Cuánto demora el despacho a regiones?",
    "cómo va mi pedido, me pasas el seguimiento",
    "tienen café descafeinado?",
    "a que hora abren la tienda",
    "quiero pausar mi suscripción",
    "how much is shipping?",
    "hacen ventas al por mayor?",
)


@dataclass(frozen=True, slots=True)
class Figures:
    """What one bot did. Times in milliseconds, memory in MB."""

    name: str
    per_second: float
    cpu_ms_per_message: float
    p50_ms: float
    p99_ms: float
    memory_mb: float
    start_s: float


async def main() -> None:
    """Run everything, print a table, and write JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--members", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=4, help="messages of each member that are counted")
    parser.add_argument("--turns", type=int, default=3, help="times each bot runs; the median counts")
    parser.add_argument("--pace", type=int, default=100, help="messages a second while latency is measured")
    parser.add_argument("--json", type=Path, default=None, help="where to write the figures")
    given = parser.parse_args()
    found: dict[str, list[Figures]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for turn in range(given.turns):
            for name in ("echo", "vocero"):
                data = Path(folder) / f"{name}{turn}"
                figures = await _measure(name, data, Path(folder) / "models", given)
                found.setdefault(name, []).append(figures)
                sys.stderr.write(f"{figures}\n")
        cold = await _cold_start(Path(folder))
    result = _result(found, cold, given)
    _print(result)
    if given.json:
        given.json.parent.mkdir(parents=True, exist_ok=True)
        given.json.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n")


async def _measure(name: str, data: Path, models: Path, given: argparse.Namespace) -> Figures:
    async with RemoteTelegram() as telegram:
        began = time.monotonic()
        async with _bot(name, telegram, data, models) as process:
            await _polling(telegram)
            start = time.monotonic() - began
            await _round(telegram, given.members, 0)  # everybody is known from here on
            cpu, clock = machine.cpu_seconds(process.pid), time.monotonic()
            for number in range(1, given.rounds + 1):
                await _round(telegram, given.members, number)
            seconds = time.monotonic() - clock
            count = given.members * given.rounds
            spent = machine.cpu_seconds(process.pid) - cpu
            latencies = await _paced(telegram, given.pace)
            return Figures(
                name,
                per_second=round(count / seconds, 1),
                cpu_ms_per_message=round(spent / count * 1000, 3),
                p50_ms=round(statistics.median(latencies) * 1000, 1),
                p99_ms=round(statistics.quantiles(latencies, n=100)[98] * 1000, 1),
                memory_mb=machine.resident_mb(process.pid),
                start_s=round(start, 2),
            )


async def _cold_start(folder: Path) -> float:
    """Seconds until the first poll with nothing cached: no model, no database."""
    async with RemoteTelegram() as telegram:
        began = time.monotonic()
        async with _bot("vocero", telegram, folder / "cold", folder / "cold" / "models"):
            await _polling(telegram)
            return round(time.monotonic() - began, 2)


@asynccontextmanager
async def _bot(
    name: str, telegram: RemoteTelegram, data: Path, models: Path
) -> AsyncIterator[asyncio.subprocess.Process]:
    _furnish(data, models)
    module = "bench.echo" if name == "echo" else "bot.cli.main"
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", module, *(["run"] if name == "vocero" else [])),
        cwd=ROOT,
        env={
            **{key: value for key, value in os.environ.items() if not key.startswith(LEFT_OUT)},
            "VOCERO_TELEGRAM_TOKEN": telegram.token,
            "VOCERO_TELEGRAM_BASE_URL": telegram.base_url,
            "VOCERO_TELEGRAM_FILE_URL": telegram.file_url,
            "VOCERO_TELEGRAM_LIMITS": "false",
            "VOCERO_LIMIT_NEWCOMERS_PER_MINUTE": "0",
            "VOCERO_SETTLE_SECONDS": "0",
            "VOCERO_DATA": str(data),
            "VOCERO_WEB_PORT": "0",
            "VOCERO_LOG_LEVEL": "warning",
        },
        stdout=asyncio.subprocess.DEVNULL,
        stderr=None if os.environ.get("BENCH_DEBUG") else asyncio.subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
            await process.wait()


def _furnish(data: Path, models: Path) -> None:
    """A fresh data folder; trained models are shared by runs, unless they are to be made anew."""
    data.mkdir(parents=True, exist_ok=True)
    if models != data / "models":
        models.mkdir(exist_ok=True)
        (data / "models").symlink_to(models)


async def _polling(telegram: RemoteTelegram) -> None:
    async with asyncio.timeout(60):
        while not (await telegram.do("state"))["polls"]:  # noqa: ASYNC110 # another process tells nobody
            await asyncio.sleep(0.02)


async def _round(telegram: RemoteTelegram, members: int, number: int) -> None:
    """Everybody says one thing at once, and everybody is answered."""
    before = (await telegram.do("state"))["sent"]
    lines = [(10_000 + i, QUESTIONS[(i + number) % len(QUESTIONS)]) for i in range(members)]
    await telegram.do("prefill", lines=lines)
    await telegram.do("wait", sent=before + members, timeout=120)


async def _paced(telegram: RemoteTelegram, pace: int, seconds: int = 5) -> list[float]:
    """Latencies while members write one after another at `pace` a second."""
    skipped = len(await telegram.do("latencies"))
    before = (await telegram.do("state"))["sent"]
    count = pace * seconds
    begin = asyncio.get_running_loop().time()
    for i in range(count):
        await asyncio.sleep(max(0.0, begin + i / pace - asyncio.get_running_loop().time()))
        await telegram.do("prefill", lines=[(500_000 + i, QUESTIONS[i % len(QUESTIONS)])])
    await telegram.do("wait", sent=before + count, timeout=60)
    found: list[float] = await telegram.do("latencies")
    return found[skipped:]


def _result(found: dict[str, list[Figures]], cold: float, given: argparse.Namespace) -> dict[str, Any]:
    medians = {name: _median(figures) for name, figures in found.items()}
    vocero, echo = medians["vocero"], medians["echo"]
    return {
        "machine": machine.describe(),
        "members": given.members,
        "rounds": given.rounds,
        "turns": given.turns,
        "pace_per_second": given.pace,
        "bots": {name: asdict(figures) for name, figures in medians.items()},
        "ratio_per_second": round(vocero.per_second / echo.per_second, 2),
        "ratio_cpu": round(vocero.cpu_ms_per_message / echo.cpu_ms_per_message, 2),
        "added_p50_ms": round(vocero.p50_ms - echo.p50_ms, 1),
        "added_p99_ms": round(vocero.p99_ms - echo.p99_ms, 1),
        "cold_start_s": cold,
    }


def _median(figures: list[Figures]) -> Figures:
    names = [name for name in Figures.__slots__ if name != "name"]
    middle = {name: statistics.median(getattr(f, name) for f in figures) for name in names}
    return Figures(figures[0].name, **middle)


def _print(result: dict[str, Any]) -> None:
    print("machine:", ", ".join(f"{key} {value}" for key, value in result["machine"].items()))
    print("| bot | messages/s | CPU ms/message | p50 ms | p99 ms | memory MB | start s |")
    print("|---|---|---|---|---|---|---|")
    for bot in result["bots"].values():
        cells = (str(value) for value in bot.values())
        print("|", " | ".join(cells), "|")
    print(
        f"Vocero : echo = {result['ratio_per_second']} messages/s, {result['ratio_cpu']} CPU; "
        f"added p50 {result['added_p50_ms']} ms, p99 {result['added_p99_ms']} ms; "
        f"cold start {result['cold_start_s']} s"
    )


if __name__ == "__main__":
    asyncio.run(main())
