"""Messages a second and added milliseconds through the corridor, beside a bare echo bot, in one run.

`python -m bench.corridor` starts a fake Telegram (`--platform discord`: a fake Discord) in a process of its
own, its limits lifted, and on it, in turns, Vocero (settle window 0, every message durable) and a bare echo
bot of the platform's library. Each member has one message under way at a time, so that no two are joined to
one turn. `--only echo` measures the echo bot and the server alone; `--postgres` lets Vocero run on PostgreSQL
as well.
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
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench import machine
from bench.platforms import PLATFORMS, Platform, Remote
from bench.postgres import postgres

ROOT = Path(__file__).parent.parent
LEFT_OUT = ("VOCERO_", "PYTHONDONTWRITEBYTECODE")
"""Variables that a bot on its own machine would not have."""
ON_POSTGRES = "vocero_postgresql"
OPENINGS = (
    *("", "hola, ", "buenas! ", "hola buenas tardes, ", "oye ", "una consulta: ", "disculpa, "),
    *("buen día, ", "hola!! ", "hey, ", "holaa ", "buenas noches, ", "qué tal, "),
)
CLOSINGS = (
    *("", " porfa", " gracias!", " 🙏", " por favor", " muchas gracias", " xfa", " ☕", " saludos"),
    *(" de antemano gracias", " ok?", " quedo atenta"),
)
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


def question(number: int) -> str:
    """What members ask, in 1,248 wordings: more than an understanding is remembered for."""
    rest, base = divmod(number, len(QUESTIONS))
    rest, opening = divmod(rest, len(OPENINGS))
    return f"{OPENINGS[opening]}{QUESTIONS[base]}{CLOSINGS[rest % len(CLOSINGS)]}"


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
    server_cpu_ms_per_message: float = 0.0
    """What the fake server used: it must not be what holds the bot back."""


async def main() -> None:
    """Run everything, print a table, and write JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--platform", choices=sorted(PLATFORMS), default="telegram")
    parser.add_argument("--only", choices=["echo", "vocero"], default=None)
    parser.add_argument("--postgres", action="store_true", help="Vocero on PostgreSQL too")
    parser.add_argument("--postgres-url", default="", help="a server whose user may create databases")
    parser.add_argument("--members", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=4, help="messages of each member that are counted")
    parser.add_argument("--turns", type=int, default=3, help="times each bot runs; the median counts")
    parser.add_argument("--pace", type=int, default=100, help="messages a second while latency is measured")
    parser.add_argument("--json", type=Path, default=None, help="where to write the figures")
    given = parser.parse_args()
    found: dict[str, list[Figures]] = {}
    platform = PLATFORMS[given.platform]
    names = [given.only] if given.only else ["echo", "vocero"]
    if given.postgres:
        names.append(ON_POSTGRES)
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        fresh = await stack.enter_async_context(postgres(given.postgres_url)) if given.postgres else None
        for turn in range(given.turns):
            for name in names:
                data = Path(folder) / f"{name}{turn}"
                database = await fresh(f"{name}_{turn}") if fresh and name == ON_POSTGRES else ""
                figures = await _measure(platform, name, data, Path(folder) / "models", given, database)
                found.setdefault(name, []).append(figures)
                sys.stderr.write(f"{figures}\n")
        if given.only:
            return
        cold = await _cold_start(platform, Path(folder))
    result = _result(found, cold, given)
    _print(result)
    if given.json:
        given.json.parent.mkdir(parents=True, exist_ok=True)
        given.json.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n")


async def _measure(
    platform: Platform, name: str, data: Path, models: Path, given: argparse.Namespace, database: str
) -> Figures:
    async with platform.open() as server:
        began = time.monotonic()
        async with bot(platform, name, server, data, models, database) as process:
            await heard(platform, server)
            start = time.monotonic() - began
            await write_round(server, given.members, 0)  # everybody is known from here on
            cpu, clock = machine.cpu_seconds(process.pid), time.monotonic()
            theirs = machine.cpu_seconds(server.pid)
            for number in range(1, given.rounds + 1):
                await write_round(server, given.members, number)
            seconds = time.monotonic() - clock
            count = given.members * given.rounds
            spent = machine.cpu_seconds(process.pid) - cpu
            theirs = machine.cpu_seconds(server.pid) - theirs
            latencies = await paced(server, given.pace, given.members)
            return Figures(
                name,
                per_second=round(count / seconds, 1),
                cpu_ms_per_message=round(spent / count * 1000, 3),
                p50_ms=round(statistics.median(latencies) * 1000, 1),
                p99_ms=round(statistics.quantiles(latencies, n=100)[98] * 1000, 1),
                memory_mb=machine.resident_mb(process.pid),
                start_s=round(start, 2),
                server_cpu_ms_per_message=round(theirs / count * 1000, 3),
            )


async def _cold_start(platform: Platform, folder: Path) -> float:
    """Seconds until it hears members with nothing cached: no model, no database."""
    async with platform.open() as server:
        began = time.monotonic()
        async with bot(platform, "vocero", server, folder / "cold", folder / "cold" / "models"):
            await heard(platform, server)
            return round(time.monotonic() - began, 2)


@asynccontextmanager
async def bot(
    platform: Platform, name: str, server: Remote, data: Path, models: Path, database: str = ""
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A bot on a platform's fake server: Vocero or a bare echo bot."""
    _furnish(data, models)
    module = platform.echo if name == "echo" else "bot.cli.main"
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", module, *([] if name == "echo" else ["run"])),
        cwd=ROOT,
        env={
            **{key: value for key, value in os.environ.items() if not key.startswith(LEFT_OUT)},
            **platform.environment(server),
            "VOCERO_LIMIT_NEWCOMERS_PER_MINUTE": "0",
            "VOCERO_SETTLE_SECONDS": "0",
            "VOCERO_DATA": str(data),
            "VOCERO_DATABASE_URL": database,
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
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    if models != data / "models":
        models.mkdir(exist_ok=True)
        (data / "models").symlink_to(models)


async def heard(platform: Platform, server: Remote) -> None:
    """Return once the bot hears members."""
    async with asyncio.timeout(60):
        while not platform.hears(await server.do("state")):  # noqa: ASYNC110 # another process tells nobody
            await asyncio.sleep(0.02)


async def write_round(server: Remote, members: int, number: int) -> None:
    """Everybody says one thing at once, and everybody is answered."""
    before = (await server.do("state"))["sent"]
    lines = [(10_000 + i, question(i + number * members)) for i in range(members)]
    await server.do("prefill", lines=lines)
    await server.do("wait", sent=before + members, timeout=120)


async def paced(server: Remote, pace: int, members: int, seconds: int = 5) -> list[float]:
    """Latencies while known members write one after another at `pace` a second."""
    skipped = len(await server.do("latencies", in_order=True))
    before = (await server.do("state"))["sent"]
    count = pace * seconds
    begin = asyncio.get_running_loop().time()
    for i in range(count):
        await asyncio.sleep(max(0.0, begin + i / pace - asyncio.get_running_loop().time()))
        await server.do("prefill", lines=[(10_000 + i % members, question(i))])
    await server.do("wait", sent=before + count, timeout=60)
    found: list[float] = await server.do("latencies", in_order=True)
    return found[skipped:]


def _result(found: dict[str, list[Figures]], cold: float, given: argparse.Namespace) -> dict[str, Any]:
    medians = {name: _median(figures) for name, figures in found.items()}
    vocero, echo = medians["vocero"], medians["echo"]
    result = {
        "machine": machine.describe(),
        "platform": given.platform,
        "library": PLATFORMS[given.platform].library,
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
    if there := medians.get(ON_POSTGRES):
        result["ratio_per_second_postgresql"] = round(there.per_second / echo.per_second, 2)
    return result


def _median(figures: list[Figures]) -> Figures:
    names = [name for name in Figures.__slots__ if name != "name"]
    middle = {name: round(statistics.median(getattr(f, name) for f in figures), 3) for name in names}
    return Figures(figures[0].name, **middle)


def _print(result: dict[str, Any]) -> None:
    print("machine:", ", ".join(f"{key} {value}" for key, value in result["machine"].items()))
    print("| bot | messages/s | CPU ms/message | p50 ms | p99 ms | memory MB | start s | server's CPU |")
    print("|---|---|---|---|---|---|---|---|")
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
