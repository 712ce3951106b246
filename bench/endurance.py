"""An hour on a small machine: the real bot on one CPU with a limit on its memory, at 20 messages a second.

`python -m bench.endurance` (an hour; `--minutes 5` for a look) starts `vocero run` as its users do, held to
one CPU (affinity) and to 1 GB of address space (RLIMIT_AS, stricter than a limit on what it really uses),
training of its model included. The fake Telegram and the members run in this process, on the other CPUs. The
bot keeps its default settings: it waits for fragments, shows that it types, and keeps Telegram's limits,
which the fake enforces.

A latency is the time from a member's message to the arrival of the first answer, less the settle window where
the bot waited on purpose (it shows so by typing). Exit code 1 when a target is missed: p99, memory, or a
message that was not answered.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import random
import resource
import signal
import sqlite3
import statistics
import sys
import tempfile
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench import machine
from tests.fakes.telegram import FakeTelegram, Group
from tests.fakes.telegram.ledger import Sent
from tests.fakes.telegram.limits import Limits

ROOT = Path(__file__).parent.parent
RESULT = ROOT / "bench" / "results" / "endurance.json"
STAFF = -100_900
FIRST = 1_000_000
"""The id of the first member."""
WINDOW_SECONDS = 2.0
"""The bot's own default of VOCERO_SETTLE_SECONDS."""
P99_TARGET_MS = 250.0
GROWTH_TARGET = 0.05
"""Memory is flat when it grows by less than this share from the run's second quarter to its end."""
PATIENCE = 60.0
"""Seconds after which an answer counts as lost."""
TO_A_PERSON = ("pedido_danado",)
"""Entries of the demo brand that hand over whatever the question."""
SILENT = ("relayed", "ignored")
"""Outcomes in which the bot says nothing: a person owns the conversation, or there was nothing to say."""
LEFT_OUT = ("VOCERO_", "PYTHONDONTWRITEBYTECODE")


@dataclass(frozen=True, slots=True)
class Minute:
    """One stretch of the run. Times in milliseconds, sizes in MB, `cpu` and `waited` as shares of the time.

    `waited` is how long the bot's threads were ready to run and had no CPU: another program's doing, or each
    other's.
    """

    second: int
    answers: int
    p50_ms: float
    p99_ms: float
    worst_ms: float
    memory_mb: float
    database_mb: float
    cpu: float
    waited: float
    open_files: int


class Script:
    """What members write: the demo brand's open cases, small talk, other subjects, commands, a person.

    As many ask for a person, or for what a person has to see to, as a staff group may be told of: Telegram
    takes 20 messages a minute there, and each case is two.
    """

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._lines: dict[str, list[str]] = {}
        for path in sorted((ROOT / "faq" / "tests" / "open").glob("*.yml")):
            kind = path.stem if path.stem in ("small_talk", "out_of_scope", "person") else "questions"
            entry = ""
            for line in path.read_text(encoding="utf-8").splitlines():
                if line.startswith("  "):
                    self._lines.setdefault("person" if entry in TO_A_PERSON else kind, []).append(
                        line.strip()
                    )
                else:
                    entry = line.partition(":")[0]

    def line(self) -> str:
        """The next message: about eight of ten are questions that the brand answers."""
        dice = self._random.random()
        if dice < 0.004:
            return self._random.choice(self._lines["person"])
        if dice < 0.02:
            return "/ayuda"
        kind = "small_talk" if dice < 0.12 else "out_of_scope" if dice < 0.15 else "questions"
        return self._random.choice(self._lines[kind])


class Crowd:
    """Members who write one thing at a time, and staff who closes what comes to it."""

    def __init__(self, fake: FakeTelegram, staff: Group, members: int, seed: int) -> None:
        self.fake, self._staff = fake, staff
        self._random, self._script = random.Random(seed), Script(seed)
        self._members, self._idle = members, deque[int]()
        self._next = FIRST
        self._asked: dict[int, float] = {}
        self._seen, self._acted = 0, 0
        self._typed: set[int] = set()
        self.latencies: list[float] = []
        self.silent: list[int] = []
        """Members who got no answer in time, or not at all."""
        self.said = self.answered = self.settled = self.notices = self.closed = 0

    @property
    def waiting(self) -> int:
        """Members whose message has no answer yet."""
        return len(self._asked)

    def speak(self) -> None:
        """One more message; some press a button instead.

        One of four is of somebody new until there are as many as was said, then one of fifty: more newcomers
        a minute the bot would take for an attack, by its default limits.
        """
        self.look()
        full = self._next - FIRST >= self._members
        new = not self._idle or self._random.random() < (0.02 if full else 0.25)
        member = self._next if new else self._idle.popleft()
        self._next += new
        self.said += 1
        self._asked[member] = time.monotonic()
        chat = self.fake.chats.by_id.get(member)
        if chat is not None and self._random.random() < 0.05:
            speaker = self.fake.speaker(member)
            last = next((m for m in reversed(chat.messages.values()) if m.buttons), None)
            data = [key.get("callback_data") for row in last.buttons for key in row] if last else []
            picks = [one for one in data if one and one.startswith("pick:")]
            if last is not None and picks:
                self.fake.tap(speaker.user, last, self._random.choice(picks))
                return
        self.fake.prefill([(member, self._script.line())])

    def look(self) -> None:
        """Take in what the bot did since the last look."""
        ledger = self.fake.ledger
        for chat, _ in ledger.actions[self._acted :]:
            self._typed.add(chat)
        self._acted = len(ledger.actions)
        for sent in ledger.sent[self._seen :]:
            if sent.chat == STAFF:
                self._work(sent)
            elif (asked := self._asked.pop(sent.chat, None)) is not None:
                waited = sent.chat in self._typed
                self._typed.discard(sent.chat)
                self.settled += waited
                self.latencies.append(sent.time - asked - (WINDOW_SECONDS if waited else 0.0))
                self.answered += 1
                self._idle.append(sent.chat)
        self._seen = len(ledger.sent)

    def give_up(self, now: float) -> None:
        """Set those apart whose answer is long overdue."""
        for member in [member for member, at in self._asked.items() if now - at > PATIENCE]:
            del self._asked[member]
            self.silent.append(member)

    def _work(self, notice: Sent) -> None:
        self.notices += 1
        for row in notice.message.buttons:
            for key in row:
                if key.get("callback_data", "").startswith("close:"):
                    self.closed += 1
                    person = self._staff.person()
                    self.fake.tap(person.user, notice.message, key["callback_data"])
                    return


async def main() -> int:
    """Run it, print what was found, and write JSON; 0 when every target was met."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--pace", type=float, default=20.0, help="messages a second")
    parser.add_argument("--members", type=int, default=4000, help="who write again and again")
    parser.add_argument(
        "--memory-mb", type=int, default=1024, help="limit of the bot's address space; 0: none"
    )
    parser.add_argument("--window", type=float, default=60.0, help="seconds of one stretch in the report")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--json", type=Path, default=RESULT, help="where to write the figures")
    given = parser.parse_args()
    cpus = sorted(os.sched_getaffinity(0))
    if len(cpus) > 1:
        os.sched_setaffinity(0, set(cpus[1:]))  # the first is the bot's alone
    with tempfile.TemporaryDirectory(prefix="vocero-endurance") as folder:
        result = await _run(given, Path(folder), cpus)
    given.json.parent.mkdir(parents=True, exist_ok=True)
    given.json.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    _print(result)
    return 0 if all(result["met"].values()) else 1


async def _run(given: argparse.Namespace, data: Path, cpus: list[int]) -> dict[str, Any]:
    async with FakeTelegram(limits=Limits()) as fake:
        staff = fake.group(STAFF, "Equipo")
        crowd = Crowd(fake, staff, given.members, given.seed)
        began = time.monotonic()
        async with _bot(fake, data, cpus[0], given.memory_mb) as process:
            await _polling(fake, process)
            start = time.monotonic() - began
            minutes, late = await _drive(crowd, process, data, given)
            peak = machine.peak_mb(process.pid)
            await _finish(crowd)
        return _result(given, crowd, minutes, late, start, peak, data, cpus)


async def _drive(
    crowd: Crowd, process: asyncio.subprocess.Process, data: Path, given: argparse.Namespace
) -> tuple[list[Minute], list[float]]:
    """Have members write at the pace; the stretches of the run, and how late each message was written."""
    begin = time.monotonic()
    minutes: list[Minute] = []
    late: list[float] = []
    count, window = int(given.minutes * 60 * given.pace), given.window
    mark, before, taken = begin, _used(process.pid), 0
    for number in range(count):
        due = begin + number / given.pace
        if (pause := due - time.monotonic()) > 0:
            await asyncio.sleep(pause)
        late.append(time.monotonic() - due)
        if process.returncode is not None:
            raise SystemExit(f"the bot ended by itself: {_log(data)}")
        crowd.speak()
        if (now := time.monotonic()) - mark >= window or number == count - 1:
            crowd.give_up(now)
            after = _used(process.pid)
            fresh = crowd.latencies[taken:] or [0.0]
            minute = Minute(
                second=round(now - begin),
                answers=len(fresh),
                p50_ms=_ms(statistics.median(fresh)),
                p99_ms=_ms(_quantile(fresh, 0.99)),
                worst_ms=_ms(max(fresh)),
                memory_mb=machine.resident_mb(process.pid),
                database_mb=_database_mb(data),
                cpu=round((after[0] - before[0]) / (now - mark), 3),
                waited=round((after[1] - before[1]) / (now - mark), 3),
                open_files=len(os.listdir(f"/proc/{process.pid}/fd")),
            )
            minutes.append(minute)
            sys.stderr.write(f"{minute}\n")
            mark, before, taken = now, after, len(crowd.latencies)
    return minutes, late


async def _finish(crowd: Crowd) -> None:
    """Wait for the answers that are still due."""
    end = time.monotonic() + PATIENCE
    while crowd.waiting and time.monotonic() < end:
        await asyncio.sleep(0.1)
        crowd.look()
    crowd.give_up(float("inf"))
    await asyncio.sleep(2.0)  # what staff closed is being told to members


def _result(
    given: argparse.Namespace,
    crowd: Crowd,
    minutes: list[Minute],
    late: list[float],
    start: float,
    peak: float,
    data: Path,
    cpus: list[int],
) -> dict[str, Any]:
    grew, from_mb = _growth([minute.memory_mb for minute in minutes])
    p99 = _ms(_quantile(crowd.latencies, 0.99))
    left = _left(data / "vocero.db", crowd.silent)
    return {
        "machine": {**machine.describe(), "cores": len(cpus)},
        "limits": {"cpus": 1, "address_space_mb": given.memory_mb},
        "minutes": given.minutes,
        "pace_per_second": given.pace,
        "start_s": round(start, 2),
        "messages": crowd.said,
        "answered": crowd.answered,
        "answered_after_settling": crowd.settled,
        "notices_to_staff": crowd.notices,
        "cases_closed": crowd.closed,
        "silent_by_design": len(crowd.silent) - left["lost"],
        "lost": left["lost"],
        "without_outcome": left["unanswered"],
        "held": left["held"],
        "unsent": left["unsent"],
        "p50_ms": _ms(statistics.median(crowd.latencies)),
        "p95_ms": _ms(_quantile(crowd.latencies, 0.95)),
        "p99_ms": p99,
        "worst_ms": _ms(max(crowd.latencies)),
        "cpu": round(statistics.mean(minute.cpu for minute in minutes), 3),
        "waited_for_cpu": round(statistics.mean(minute.waited for minute in minutes), 3),
        "memory_mb": minutes[-1].memory_mb,
        "memory_peak_mb": peak,
        "memory_from_mb": from_mb,
        "memory_grew_mb": grew,
        "driver_late_p99_ms": _ms(_quantile(late, 0.99)),
        "met": {
            "p99": p99 < P99_TARGET_MS,
            "memory_flat": grew < from_mb * GROWTH_TARGET,
            "nothing_lost": left["lost"] == 0 and left["unanswered"] == 0,
        },
        "over_time": [asdict(minute) for minute in minutes],
    }


def _growth(sizes: list[float]) -> tuple[float, float]:
    """How much memory grew from the second quarter to the end, and from what (medians of a tenth each)."""
    tenth = max(1, len(sizes) // 10)
    early = sizes[len(sizes) // 4 :][:tenth]
    first, last = statistics.median(early), statistics.median(sizes[-tenth:])
    return round(last - first, 1), round(first, 1)


def _left(database: Path, silent: list[int]) -> dict[str, int]:
    """What has no outcome, what is held or unsent, and who of the silent should have heard something."""
    asked = {
        "unanswered": "SELECT count(*) FROM messages WHERE outcome IS NULL AND author = 'member'",
        "held": "SELECT count(*) FROM outbox WHERE state = 'held'",
        "unsent": "SELECT count(*) FROM outbox WHERE state = 'pending'",
    }
    last = (
        "SELECT m.outcome FROM messages m JOIN conversations c ON c.id = m.conversation_id"
        " JOIN identities i ON i.id = c.identity_id"
        " WHERE i.external_id = ? AND m.author = 'member' ORDER BY m.id DESC"
    )
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as connection:
        found = {name: connection.execute(query).fetchone()[0] for name, query in asked.items()}
        ends = [connection.execute(last, (str(member),)).fetchone() for member in silent]
    return found | {"lost": sum(end is None or end[0] not in SILENT for end in ends)}


@asynccontextmanager
async def _bot(
    fake: FakeTelegram, data: Path, cpu: int, memory_mb: int
) -> AsyncIterator[asyncio.subprocess.Process]:
    def limit() -> None:
        os.sched_setaffinity(0, {cpu})
        if memory_mb:
            resource.setrlimit(resource.RLIMIT_AS, (memory_mb * 2**20, memory_mb * 2**20))

    with (data / "log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot.cli.main", "run"),
            cwd=ROOT,
            env={
                **{key: value for key, value in os.environ.items() if not key.startswith(LEFT_OUT)},
                "VOCERO_TELEGRAM_TOKEN": fake.token,
                "VOCERO_TELEGRAM_BASE_URL": fake.base_url,
                "VOCERO_TELEGRAM_FILE_URL": fake.file_url,
                "VOCERO_TELEGRAM_STAFF_CHAT": str(STAFF),
                "VOCERO_DATA": str(data),
                "VOCERO_WEB_PORT": "0",
                "VOCERO_LOG_LEVEL": "warning",
                "VOCERO_SETTLE_SECONDS": str(WINDOW_SECONDS),
            },
            stdout=asyncio.subprocess.DEVNULL,
            stderr=log,
            preexec_fn=limit,
        )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
            try:
                async with asyncio.timeout(PATIENCE):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()


async def _polling(fake: FakeTelegram, process: asyncio.subprocess.Process) -> None:
    async with asyncio.timeout(300):  # one CPU learns the questions alone
        while not fake.updates.polls:
            if process.returncode is not None:
                raise SystemExit(
                    f"the bot ended at once ({process.returncode}); is the limit on memory too low?"
                )
            await asyncio.sleep(0.05)


def _used(pid: int) -> tuple[float, float]:
    """Seconds that a process ran, and that its threads were ready and waited for the CPU."""
    waited = 0
    for path in Path(f"/proc/{pid}/task").glob("*/schedstat"):
        with contextlib.suppress(OSError):  # a thread may end meanwhile
            waited += int(path.read_text().split()[1])
    return machine.cpu_seconds(pid), waited / 1e9


def _log(data: Path) -> str:
    return (data / "log").read_text(encoding="utf-8", errors="replace")[-2000:]


def _quantile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def _database_mb(data: Path) -> float:
    return round(sum(path.stat().st_size for path in data.glob("vocero.db*")) / 2**20, 1)


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)


def _print(result: dict[str, Any]) -> None:
    print("machine:", ", ".join(f"{key} {value}" for key, value in result["machine"].items()))
    shown = {key: value for key, value in result.items() if key not in ("machine", "over_time")}
    for key, value in shown.items():
        print(f"{key:24} {value}")


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
