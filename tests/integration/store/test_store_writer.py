"""Many units to a commit, and each of them all or nothing."""

import asyncio
import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from bot.errors import StoreError
from bot.store.engine import sqlite_engine
from bot.store.writer import BATCH, Writer

pytestmark = pytest.mark.sqlite

Unit = Callable[[Connection], object]


class Refused(Exception):
    """What a unit raises."""


def put(unit: int, parts: int = 1) -> Unit:
    def work(connection: Connection) -> int:
        for part in range(parts):
            connection.execute(
                text("INSERT INTO said VALUES (:unit, :part, '')"), {"unit": unit, "part": part}
            )
        return unit

    return work


def put_then_fail(unit: int, parts: int = 1) -> Unit:
    def work(connection: Connection) -> None:
        put(unit, parts)(connection)
        raise Refused(unit)

    return work


def run(*statements: str) -> Unit:
    def work(connection: Connection) -> None:
        for statement in statements:
            connection.exec_driver_sql(statement)

    return work


class Gate:
    """A unit that keeps the writer busy until it is opened."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._reached, self._opened = asyncio.Event(), threading.Event()

    def __call__(self, _: Connection) -> None:
        self._loop.call_soon_threadsafe(self._reached.set)
        self._opened.wait(30)

    async def shut(self, writer: Writer) -> asyncio.Task[None]:
        task = asyncio.create_task(writer.write(self))
        await self._reached.wait()
        return task

    def open(self) -> None:
        self._opened.set()


async def queue(writer: Writer, *units: Unit) -> list[asyncio.Task[object]]:
    tasks = [asyncio.create_task(writer.write(unit)) for unit in units]
    await asyncio.sleep(0)  # each task puts its unit into the queue
    return tasks


async def in_one_batch(writer: Writer, *units: Unit) -> list[object]:
    """Each unit's value or exception; they queue while the writer is kept busy."""
    gate = Gate()
    busy = await gate.shut(writer)
    tasks = await queue(writer, *units)
    gate.open()
    await busy
    return await asyncio.gather(*tasks, return_exceptions=True)


def made(path: Path) -> Path:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.executescript(
            "CREATE TABLE said (unit INTEGER, part INTEGER, text TEXT, PRIMARY KEY (unit, part));"
            "CREATE TABLE parents (id INTEGER PRIMARY KEY);"
            "CREATE TABLE children (id INTEGER REFERENCES parents (id) DEFERRABLE INITIALLY DEFERRED);"
        )
    return path


def stored(path: Path) -> dict[int, int]:
    """How many parts of each unit are in the file, as another program sees it."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return dict(connection.execute("SELECT unit, count(*) FROM said GROUP BY unit"))


@contextlib.asynccontextmanager
async def writing(path: Path, *, batch: int = BATCH, busy: float = 5.0) -> AsyncIterator[Writer]:
    engine = sqlite_engine(path, busy=busy)
    try:
        async with Writer(engine, batch=batch) as writer:
            yield writer
    finally:
        engine.dispose()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return made(tmp_path / "x.db")


@pytest.fixture
async def writer(path: Path) -> AsyncIterator[Writer]:
    async with writing(path) as writer:
        yield writer


async def test_a_unit_gives_its_value_once_it_is_on_disk(writer: Writer, path: Path) -> None:
    assert await writer.write(put(7, parts=3)) == 7
    assert stored(path) == {7: 3}


async def test_nobody_resumes_before_the_commit(writer: Writer, path: Path) -> None:
    gate = Gate()
    first = Gate()
    busy = await first.shut(writer)
    early, late = await queue(writer, put(1), gate)
    first.open()
    await gate._reached.wait()  # unit 1 has run, its batch has not been committed

    assert not early.done()
    assert stored(path) == {}

    gate.open()
    await asyncio.gather(busy, early, late)
    assert stored(path) == {1: 1}


async def test_a_failing_unit_leaves_nothing_and_hurts_nobody(writer: Writer, path: Path) -> None:
    outcomes = await in_one_batch(writer, put(1, 2), put_then_fail(2, 2), put(3), put(1), put(4))

    assert outcomes[0] == 1
    assert isinstance(outcomes[1], Refused)
    assert outcomes[2] == 3
    assert "UNIQUE" in str(outcomes[3])
    assert outcomes[4] == 4
    assert stored(path) == {1: 2, 3: 1, 4: 1}


async def test_a_later_unit_sees_what_an_earlier_one_did_and_not_what_was_undone(writer: Writer) -> None:
    def seen(connection: Connection) -> list[int]:
        return list(connection.execute(text("SELECT unit FROM said")).scalars())

    outcomes = await in_one_batch(writer, put(1), put_then_fail(2), seen)

    assert outcomes[2] == [1]


async def test_a_unit_may_try_parts_in_savepoints_of_its_own(writer: Writer, path: Path) -> None:
    def work(connection: Connection) -> None:
        put(1)(connection)
        with contextlib.suppress(Refused), connection.begin_nested():
            put_then_fail(2)(connection)

    await in_one_batch(writer, work, put(3))

    assert stored(path) == {1: 1, 3: 1}


async def test_a_savepoint_left_open_fails_its_unit_only(writer: Writer, path: Path) -> None:
    def careless(connection: Connection) -> None:
        put(1)(connection)
        connection.begin_nested()
        connection.begin_nested()
        put(2)(connection)

    outcomes = await in_one_batch(writer, careless, put(3))

    assert isinstance(outcomes[0], StoreError)
    assert stored(path) == {3: 1}


@pytest.mark.parametrize("end", [Connection.commit, Connection.rollback])
async def test_a_unit_cannot_end_the_transaction_of_the_others(
    writer: Writer, path: Path, end: Callable[[Connection], None]
) -> None:
    def rash(connection: Connection) -> None:
        put(2)(connection)
        end(connection)

    outcomes = await in_one_batch(writer, put(1), rash, put(3))

    assert [type(outcome) for outcome in outcomes] == [StoreError] * 3
    assert stored(path) == {}
    assert await writer.write(put(4)) == 4


async def test_when_sqlite_gives_up_the_transaction_the_whole_batch_fails(writer: Writer, path: Path) -> None:
    rollback = run("INSERT INTO said VALUES (2, 0, '')", "INSERT OR ROLLBACK INTO said VALUES (2, 0, '')")

    outcomes = await in_one_batch(writer, put(1), rollback, put(3))

    assert [type(outcome) for outcome in outcomes] == [StoreError] * 3
    assert len({id(outcome) for outcome in outcomes}) == 3
    assert stored(path) == {}
    assert await writer.write(put(4)) == 4
    assert stored(path) == {4: 1}


async def test_a_commit_that_fails_fails_every_unit(writer: Writer, path: Path) -> None:
    orphan = run("INSERT INTO children VALUES (99)")  # refused only when the transaction is to be committed

    outcomes = await in_one_batch(writer, put(1), orphan, put(3))

    assert [type(outcome) for outcome in outcomes] == [StoreError] * 3
    assert "FOREIGN KEY" in str(outcomes[0])
    assert stored(path) == {}
    assert await writer.write(put(4)) == 4
    assert stored(path) == {4: 1}


async def test_a_locked_database_fails_the_batch_with_a_remedy_and_heals(path: Path) -> None:
    async with writing(path, busy=0.05) as writer:
        assert await writer.write(put(1)) == 1
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreError, match="locked") as caught:
                await writer.write(put(2))
            other.execute("ROLLBACK")
        assert caught.value.remedy

        assert await writer.write(put(3)) == 3

    assert stored(path) == {1: 1, 3: 1}


# A page limit belongs to the connection that sets it; SQLite answers as it does on a full disk.
LIMIT = run("PRAGMA max_page_count = 30")


async def test_a_full_database_refuses_who_asks_too_much_and_takes_the_rest(
    writer: Writer, path: Path
) -> None:
    # SQLite undoes only the statement where it may insert many rows, of which any may be refused.
    big = run(
        "INSERT INTO said VALUES (2, 0, 'x')",
        "INSERT INTO said SELECT 2, value, hex(zeroblob(200000)) FROM json_each('[1, 2, 3]')",
    )
    await writer.write(LIMIT)

    outcomes = await in_one_batch(writer, put(1), big, put(3))

    assert outcomes[0] == 1
    assert isinstance(outcomes[1], StoreError)
    assert "full" in outcomes[1].what
    assert "disk space" in outcomes[1].remedy
    assert outcomes[2] == 3
    assert stored(path) == {1: 1, 3: 1}


async def test_a_full_database_that_gives_up_the_transaction_fails_the_batch(
    writer: Writer, path: Path
) -> None:
    # After a single row there is nothing smaller to undo: SQLite rolls the whole transaction back.
    await writer.write(LIMIT)

    big = run("INSERT INTO said VALUES (2, 0, hex(zeroblob(200000)))")
    outcomes = await in_one_batch(writer, put(1), big, put(3))

    assert [type(outcome) for outcome in outcomes] == [StoreError] * 3
    assert all("disk space" in outcome.remedy for outcome in outcomes if isinstance(outcome, StoreError))
    assert stored(path) == {}
    assert await writer.write(put(4)) == 4


async def test_a_unit_that_overlooks_the_end_of_the_transaction_writes_nothing_more(
    writer: Writer, path: Path
) -> None:
    def stubborn(connection: Connection) -> None:
        for statement in (
            "INSERT OR ROLLBACK INTO said VALUES (1, 0, '')",
            "INSERT INTO said VALUES (2, 0, '')",
        ):
            with contextlib.suppress(DBAPIError):
                connection.exec_driver_sql(statement)

    outcomes = await in_one_batch(writer, put(1), stubborn)

    assert [type(outcome) for outcome in outcomes] == [StoreError] * 2
    assert stored(path) == {}


async def test_a_waiter_that_leaves_before_its_turn_is_not_served(writer: Writer, path: Path) -> None:
    gate = Gate()
    busy = await gate.shut(writer)
    gone, stays = await queue(writer, put(1), put(2))
    gone.cancel()
    await asyncio.wait([gone])
    gate.open()
    await asyncio.gather(busy, stays)

    assert gone.cancelled()
    assert stored(path) == {2: 1}


async def test_a_waiter_that_leaves_in_the_middle_leaves_a_whole_unit(writer: Writer, path: Path) -> None:
    gate = Gate()

    def slow(connection: Connection) -> None:
        put(1, 2)(connection)
        gate(connection)
        connection.execute(text("INSERT INTO said VALUES (1, 2, '')"))

    task = asyncio.create_task(writer.write(slow))
    await gate._reached.wait()
    task.cancel()
    await asyncio.wait([task])
    gate.open()
    await writer.write(put(2))

    assert task.cancelled()
    assert stored(path) == {1: 3, 2: 1}


async def test_leaving_finishes_what_is_queued_and_takes_no_more(path: Path) -> None:
    async with writing(path, batch=3) as writer:
        tasks = await queue(writer, *(put(unit) for unit in range(20)))

    assert [await task for task in tasks] == list(range(20))
    assert len(stored(path)) == 20
    with pytest.raises(StoreError, match="closed"):
        await writer.write(put(21))


async def test_a_batch_has_a_limit(path: Path) -> None:
    commits: list[int] = []

    def note(connection: Connection) -> None:
        # total_changes would do as well; the data version of another connection moves with each commit
        commits.append(other.execute("PRAGMA data_version").fetchone()[0])

    other = sqlite3.connect(path, check_same_thread=False)
    async with writing(path, batch=4) as writer:
        await in_one_batch(writer, *(lambda c, unit=unit: (put(unit)(c), note(c)) for unit in range(10)))
    other.close()

    assert [count for _, count in sorted(Counter(commits).items())] == [4, 4, 2]


@pytest.mark.parametrize("error", [StopIteration, KeyboardInterrupt, SystemExit, GeneratorExit])
async def test_whatever_a_unit_raises_the_writer_lives_on(
    writer: Writer, path: Path, error: type[BaseException]
) -> None:
    def work(connection: Connection) -> None:
        put(1)(connection)
        raise error

    outcome: BaseException | None = None
    try:
        await writer.write(work)
    except BaseException as raised:  # these are what the test is about
        outcome = raised

    assert outcome is not None
    assert await writer.write(put(2)) == 2
    assert stored(path) == {2: 1}


@dataclass(frozen=True)
class Step:
    """What a random unit does: so many rows, then what. `leaves` is when its waiter is cancelled."""

    parts: int
    end: str  # well, raises, repeats a key, undoes a savepoint of its own
    leaves: str  # never, before, any


steps = st.builds(
    Step,
    parts=st.integers(1, 3),
    end=st.sampled_from(["well", "well", "raises", "repeats", "nested"]),
    leaves=st.sampled_from(["never", "never", "never", "before", "any"]),
)


def work_of(unit: int, step: Step) -> Unit:
    def work(connection: Connection) -> int:
        put(unit, step.parts)(connection)
        if step.end == "raises":
            raise Refused(unit)
        if step.end == "repeats":
            put(unit)(connection)
        if step.end == "nested":
            with contextlib.suppress(Refused), connection.begin_nested():
                put_then_fail(1000 + unit)(connection)
        return unit

    return work


@settings(max_examples=60, deadline=None)
@given(rounds=st.lists(st.lists(steps, max_size=12), min_size=1, max_size=3), batch=st.integers(1, 6))
def test_any_sequence_of_units_leaves_what_the_model_says(rounds: list[list[Step]], batch: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = made(Path(folder) / "x.db")
        asyncio.run(_against_the_model(path, rounds, batch))


async def _against_the_model(path: Path, rounds: Sequence[Sequence[Step]], batch: int) -> None:
    surely: dict[int, int] = {}
    perhaps: dict[int, int] = {}
    unit = 0
    async with writing(path, batch=batch) as writer:
        for steps in rounds:
            gate = Gate()
            busy = await gate.shut(writer)
            numbered = list(enumerate(steps, start=unit))
            unit += len(steps)
            tasks = await queue(writer, *(work_of(number, step) for number, step in numbered))
            for task, (_, step) in zip(tasks, numbered, strict=True):
                if step.leaves == "before":
                    task.cancel()
            await asyncio.sleep(0)  # a cancelled task gives up its future
            gate.open()
            for task, (_, step) in zip(tasks, numbered, strict=True):
                if step.leaves == "any":
                    task.cancel()
                    await asyncio.sleep(0)
            await busy
            outcomes = await asyncio.gather(*tasks, return_exceptions=True)
            for outcome, (number, step) in zip(outcomes, numbered, strict=True):
                fine = step.end in ("well", "nested")
                if step.leaves == "never":
                    assert (outcome == number) if fine else isinstance(outcome, Exception)
                if fine and step.leaves == "never":
                    surely[number] = step.parts
                elif fine and step.leaves == "any":
                    (surely if outcome == number else perhaps)[number] = step.parts
    found = stored(path)
    assert surely.items() <= found.items()
    assert found.items() <= (surely | perhaps).items()


PROGRAM = """
import asyncio, sys
from pathlib import Path
from sqlalchemy import text
from bot.store.engine import sqlite_engine
from bot.store.writer import Writer

async def main():
    engine = sqlite_engine(Path(sys.argv[1]))
    async with Writer(engine) as writer:
        async def one(unit):
            def work(connection):
                for part in range(3):
                    connection.execute(text("INSERT INTO said VALUES (:u, :p, '')"), {"u": unit, "p": part})
            await writer.write(work)
            print(unit, flush=True)
        for start in range(0, 10**6, 40):
            await asyncio.gather(*(one(unit) for unit in range(start, start + 40)))

asyncio.run(main())
"""


@pytest.mark.skipif(os.name != "posix", reason="there is no SIGKILL elsewhere")
def test_a_killed_process_loses_nothing_that_it_acknowledged(path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", PROGRAM, str(path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    acknowledged = {int(process.stdout.readline()) for _ in range(500)}
    process.send_signal(signal.SIGKILL)
    acknowledged |= {
        int(line) for line in process.stdout.read().splitlines(keepends=True) if line.endswith("\n")
    }
    process.wait()
    process.stdout.close()

    found = stored(path)
    assert acknowledged <= found.keys()
    assert set(found.values()) == {3}
