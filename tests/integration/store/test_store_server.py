"""Many units to a commit on PostgreSQL, and what becomes of them when the server is lost."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.util import await_only

from bot.errors import StartupError, StoreError
from bot.store import postgres
from bot.store.engine import Store, parse_url
from bot.store.server import ServerWriter
from bot.store.writer import BATCH
from tests.fakes.databases import look, on_postgresql, outside
from tests.fakes.severed import Wire

pytestmark = on_postgresql

Unit = Callable[[Connection], object]
PATIENCE = 30


class Refused(Exception):
    """What a unit raises."""


def put(unit: int, parts: int = 1) -> Unit:
    def work(connection: Connection) -> int:
        for part in range(parts):
            connection.execute(text("INSERT INTO said VALUES (:unit, :part)"), {"unit": unit, "part": part})
        return unit

    return work


def put_then_fail(unit: int, parts: int = 1) -> Unit:
    def work(connection: Connection) -> None:
        put(unit, parts)(connection)
        raise Refused(unit)

    return work


def stored(url: str) -> dict[int, int]:
    """How many parts of each unit are there, as another program sees it."""

    def count(connection: Connection) -> dict[int, int]:
        rows = connection.execute(text("SELECT unit, count(*) FROM said GROUP BY unit"))
        return {row[0]: row[1] for row in rows}

    return look(url, count)


class Gate:
    """A unit that keeps the writer busy until it is opened."""

    def __init__(self) -> None:
        self.reached, self.opened = asyncio.Event(), asyncio.Event()

    def __call__(self, _: Connection) -> None:
        self.reached.set()
        await_only(self.opened.wait())

    async def shut(self, writer: ServerWriter) -> asyncio.Task[object]:
        task = asyncio.create_task(writer.write(self))
        await self.reached.wait()
        return task


async def queue(writer: ServerWriter, *units: Unit) -> list[asyncio.Task[object]]:
    tasks = [asyncio.create_task(writer.write(unit)) for unit in units]
    await asyncio.sleep(0)  # each task puts its unit into the queue
    return tasks


async def in_one_batch(writer: ServerWriter, *units: Unit) -> list[object]:
    """Each unit's value or exception; they queue while the writer is kept busy."""
    gate = Gate()
    busy = await gate.shut(writer)
    tasks = await queue(writer, *units)
    gate.opened.set()
    await busy
    return await asyncio.gather(*tasks, return_exceptions=True)


@contextlib.asynccontextmanager
async def writing(url: str, *, batch: int = BATCH, exclusive: bool = False) -> AsyncIterator[ServerWriter]:
    engine = postgres.engine_of(parse_url(url))
    try:
        async with ServerWriter(engine, batch=batch, exclusive=exclusive) as writer:
            yield writer
    finally:
        await engine.dispose()


@pytest.fixture(autouse=True)
def said(url: str) -> None:
    outside(
        url,
        "CREATE TABLE said (unit INTEGER, part INTEGER, PRIMARY KEY (unit, part))",
        "CREATE TABLE parents (id INTEGER PRIMARY KEY)",
        "CREATE TABLE children (id INTEGER REFERENCES parents (id) DEFERRABLE INITIALLY DEFERRED)",
    )


@pytest.fixture
async def writer(url: str) -> AsyncIterator[ServerWriter]:
    async with writing(url) as writer:
        yield writer


async def test_a_unit_gives_its_value_once_it_is_committed(writer: ServerWriter, url: str) -> None:
    assert await writer.write(put(7, parts=3)) == 7
    assert stored(url) == {7: 3}


async def test_nobody_resumes_before_the_commit(writer: ServerWriter, url: str) -> None:
    gate, first = Gate(), Gate()
    busy = await first.shut(writer)
    early, late = await queue(writer, put(1), gate)
    first.opened.set()
    await gate.reached.wait()  # unit 1 has run, its batch has not been committed

    assert not early.done()
    assert stored(url) == {}

    gate.opened.set()
    await asyncio.gather(busy, early, late)
    assert stored(url) == {1: 1}


async def test_a_failing_unit_leaves_nothing_and_hurts_nobody(writer: ServerWriter, url: str) -> None:
    outcomes = await in_one_batch(writer, put(1, 2), put_then_fail(2, 2), put(3), put(1), put(4))

    assert outcomes[0] == 1
    assert isinstance(outcomes[1], Refused)
    assert outcomes[2] == 3
    assert "unique" in str(outcomes[3])
    assert outcomes[4] == 4
    assert stored(url) == {1: 2, 3: 1, 4: 1}


async def test_a_unit_that_fails_alone_leaves_nothing(writer: ServerWriter, url: str) -> None:
    with pytest.raises(Refused):
        await writer.write(put_then_fail(1))
    assert await writer.write(put(2)) == 2
    assert stored(url) == {2: 1}


async def test_a_later_unit_sees_what_an_earlier_one_did_and_not_what_was_undone(
    writer: ServerWriter,
) -> None:
    def seen(connection: Connection) -> list[int]:
        return list(connection.execute(text("SELECT unit FROM said")).scalars())

    outcomes = await in_one_batch(writer, put(1), put_then_fail(2), seen)

    assert outcomes[2] == [1]


async def test_a_unit_may_try_parts_in_savepoints_of_its_own(writer: ServerWriter, url: str) -> None:
    def work(connection: Connection) -> None:
        put(1)(connection)
        with contextlib.suppress(Refused), connection.begin_nested():
            put_then_fail(2)(connection)

    await in_one_batch(writer, work, put(3))

    assert stored(url) == {1: 1, 3: 1}


async def test_a_savepoint_left_open_fails_its_unit_only(writer: ServerWriter, url: str) -> None:
    def careless(connection: Connection) -> None:
        put(1)(connection)
        connection.begin_nested()
        connection.begin_nested()
        put(2)(connection)

    outcomes = await in_one_batch(writer, careless, put(3))

    assert isinstance(outcomes[0], StoreError)
    assert stored(url) == {3: 1}


@pytest.mark.parametrize("end", [Connection.commit, Connection.rollback])
async def test_a_unit_cannot_end_the_transaction_of_the_others(
    writer: ServerWriter, url: str, end: Callable[[Connection], None]
) -> None:
    def rash(connection: Connection) -> None:
        put(2)(connection)
        end(connection)

    outcomes = await in_one_batch(writer, put(1), rash, put(3))

    assert [type(outcome) for outcome in outcomes] == [int, StoreError, int]
    assert stored(url) == {1: 1, 3: 1}


@pytest.mark.parametrize("others", [0, 2])
async def test_a_unit_that_overlooks_a_failed_statement_is_not_called_done(
    writer: ServerWriter, url: str, others: int
) -> None:
    def stubborn(connection: Connection) -> None:
        put(1)(connection)
        with contextlib.suppress(DBAPIError):
            put(1)(connection)

    outcomes = await in_one_batch(writer, stubborn, *(put(10 + number) for number in range(others)))

    assert isinstance(outcomes[0], StoreError)
    assert stored(url) == {10 + number: 1 for number in range(others)}


async def test_a_commit_that_fails_fails_every_unit(writer: ServerWriter, url: str) -> None:
    def orphan(connection: Connection) -> None:  # refused only when the transaction is to be committed
        connection.execute(text("INSERT INTO children VALUES (99)"))

    outcomes = await in_one_batch(writer, put(1), orphan, put(3))

    assert [type(outcome) for outcome in outcomes] == [StoreError] * 3
    assert len({id(outcome) for outcome in outcomes}) == 3
    assert stored(url) == {}
    assert await writer.write(put(4)) == 4
    assert stored(url) == {4: 1}


async def test_a_waiter_that_leaves_before_its_turn_is_not_served(writer: ServerWriter, url: str) -> None:
    gate = Gate()
    busy = await gate.shut(writer)
    gone, stays = await queue(writer, put(1), put(2))
    gone.cancel()
    await asyncio.wait([gone])
    gate.opened.set()
    await asyncio.gather(busy, stays)

    assert gone.cancelled()
    assert stored(url) == {2: 1}


async def test_a_waiter_that_leaves_in_the_middle_leaves_a_whole_unit(writer: ServerWriter, url: str) -> None:
    gate = Gate()

    def slow(connection: Connection) -> None:
        put(1, 2)(connection)
        gate(connection)
        connection.execute(text("INSERT INTO said VALUES (1, 2)"))

    task = asyncio.create_task(writer.write(slow))
    await gate.reached.wait()
    task.cancel()
    await asyncio.wait([task])
    gate.opened.set()
    await writer.write(put(2))

    assert task.cancelled()
    assert stored(url) == {1: 3, 2: 1}


async def test_leaving_finishes_what_is_queued_and_takes_no_more(url: str) -> None:
    async with writing(url, batch=3) as writer:
        tasks = await queue(writer, *(put(unit) for unit in range(20)))

    assert [await task for task in tasks] == list(range(20))
    assert len(stored(url)) == 20
    with pytest.raises(StoreError, match="closed"):
        await writer.write(put(21))


@pytest.mark.parametrize("error", [StopIteration, KeyboardInterrupt, SystemExit, GeneratorExit])
async def test_whatever_a_unit_raises_the_writer_lives_on(
    writer: ServerWriter, url: str, error: type[BaseException]
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
    assert stored(url) == {2: 1}


# the server is lost


async def test_a_connection_lost_while_idle_is_nobodys_trouble(url: str) -> None:
    async with Wire(url) as wire, writing(wire.url) as writer:
        await writer.write(put(1))
        await wire.cut()
        wire.mend()

        assert await writer.write(put(2)) == 2
    assert stored(url) == {1: 1, 2: 1}


async def test_a_server_that_is_away_is_said_with_a_remedy_and_found_again(url: str) -> None:
    async with Wire(url) as wire, writing(wire.url) as writer:
        await wire.cut()
        with pytest.raises(StoreError) as caught:
            await writer.write(put(1))
        assert "server" in caught.value.remedy
        wire.mend()

        assert await writer.write(put(2)) == 2
    assert stored(url) == {2: 1}


async def test_what_was_not_committed_when_the_server_was_lost_is_nowhere(url: str) -> None:
    async with Wire(url) as wire, writing(wire.url) as writer:
        gate, first = Gate(), Gate()
        busy = await first.shut(writer)
        tasks = await queue(writer, put(1), gate, put(3))
        first.opened.set()
        await busy
        await gate.reached.wait()
        await wire.cut()
        gate.opened.set()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)

        assert [type(outcome) for outcome in outcomes] == [StoreError] * 3
        wire.mend()
        assert await writer.write(put(4)) == 4
    assert stored(url) == {4: 1}


@pytest.mark.parametrize("arrives", [True, False], ids=["arrived", "did not arrive"])
@pytest.mark.parametrize("others", [0, 3])
async def test_a_commit_without_an_answer_is_looked_up(url: str, arrives: bool, others: int) -> None:
    async with Wire(url) as wire, writing(wire.url) as writer:
        gate = Gate()
        busy = await gate.shut(writer)
        tasks = await queue(writer, put(1), *(put(10 + number) for number in range(others)))
        gate.opened.set()
        await busy
        wire.cut_at_commit(arrives=arrives)
        await asyncio.wait_for(wire.was_cut.wait(), PATIENCE)
        while not writer._doubting:  # noqa: ASYNC110 # the writer tells nobody
            await asyncio.sleep(0.01)

        assert not any(task.done() for task in tasks), "nobody is told what is not known"
        with pytest.raises(StoreError):  # who comes meanwhile need not wait
            await asyncio.wait_for(writer.write(put(2)), PATIENCE)
        wire.mend()
        outcomes = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), PATIENCE)

        if arrives:
            assert outcomes == [1, *(10 + number for number in range(others))]
        else:
            assert [type(outcome) for outcome in outcomes] == [StoreError] * (1 + others)
        assert await writer.write(put(3)) == 3
    units = {1, *(10 + number for number in range(others))} if arrives else set()
    assert stored(url) == dict.fromkeys({*units, 3}, 1)


async def test_a_unit_that_wrote_nothing_has_nothing_to_be_unsure_of(url: str) -> None:
    async with Wire(url) as wire, writing(wire.url) as writer:
        await writer.write(put(1))
        wire.cut_at_commit(arrives=True)
        with pytest.raises(StoreError):
            await asyncio.wait_for(writer.write(lambda connection: None), PATIENCE)


# who holds it


HOLDER = """
import asyncio, sys
from bot.store.engine import Store

async def main():
    async with Store.open(sys.argv[1], exclusive=True):
        print("held", flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)

asyncio.run(main())
"""


@contextlib.contextmanager
def holder(url: str):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
async def made(url: str) -> str:
    outside(url, "DROP TABLE said, children, parents")
    await Store.create(url)
    return url


async def test_readers_find_the_server_again(made: str) -> None:
    def now(connection: Connection) -> int:
        return connection.execute(text("SELECT 5")).scalar_one()

    async with Wire(made) as wire, Store.open(wire.url) as store:
        assert await asyncio.gather(*(store.read(now) for _ in range(10))) == [5] * 10
        await wire.cut()
        with pytest.raises(StoreError) as caught:
            await store.read(now)
        assert "server" in caught.value.remedy
        wire.mend()
        assert await store.read(now) == 5
        await wire.cut()
        wire.mend()
        assert await asyncio.gather(*(store.read(now) for _ in range(10))) == [5] * 10


async def test_what_was_written_is_seen_by_every_later_read(made: str) -> None:
    def put_mark(number: int) -> Unit:
        return lambda c: c.execute(
            text("INSERT INTO watermarks VALUES ('telegram', '1', :n, '')"), {"n": str(number)}
        )

    def count(connection: Connection) -> int:
        return connection.execute(text("SELECT count(*) FROM watermarks")).scalar_one()

    async with Store.open(made) as store:
        await asyncio.gather(
            *(store.read(count) for _ in range(8))
        )  # readers that wait in their transactions
        for number in range(50):
            await store.write(put_mark(number))
            assert await asyncio.gather(*(store.read(count) for _ in range(3))) == [number + 1] * 3


async def test_a_reader_sees_one_moment(made: str) -> None:
    def twice(connection: Connection) -> list[int]:
        before = connection.execute(text("SELECT count(*) FROM cursors")).scalar_one()
        outside(made, "INSERT INTO cursors VALUES ('telegram', '1', '5')")
        return [before, connection.execute(text("SELECT count(*) FROM cursors")).scalar_one()]

    async with Store.open(made) as store:
        assert await store.read(twice) == [0, 0]


async def test_a_second_process_is_refused_and_told_which_is_the_first(made: str) -> None:
    with holder(made) as process:
        with pytest.raises(StartupError) as caught:
            async with Store.open(made, exclusive=True):
                pass
        assert f"process {process.pid}" in caught.value.what
        assert "Stop it first" in caught.value.remedy
        async with Store.open(made) as store:  # a command that does not run the bot may look, and write
            assert await store.write(lambda c: c.execute(text("SELECT 1")).scalar_one()) == 1


async def test_a_killed_process_lets_go(made: str) -> None:
    with holder(made) as process:
        process.send_signal(signal.SIGKILL)
        process.wait()
        async with Store.open(made, exclusive=True):
            pass


async def test_who_holds_it_holds_it_again_after_a_cut(made: str) -> None:
    async with Wire(made) as wire, Store.open(wire.url, exclusive=True) as store:
        await wire.cut()
        wire.mend()
        await store.write(lambda connection: None)

        with pytest.raises(StartupError):
            async with Store.open(made, exclusive=True):
                pass


async def test_who_lost_it_to_another_writes_nothing_and_says_so(made: str) -> None:
    def write(connection: Connection) -> None:
        connection.execute(text("INSERT INTO cursors VALUES ('telegram', '1', '5')"))

    async with Wire(made) as wire, Store.open(wire.url, exclusive=True) as store:
        watch = asyncio.create_task(store.taken_over())
        await wire.cut()
        with holder(made):
            wire.mend()
            with pytest.raises(StoreError, match="already running"):
                await store.write(write)
            with pytest.raises(StartupError, match="already running"):
                await asyncio.wait_for(watch, PATIENCE)
    assert look(made, lambda c: c.execute(text("SELECT count(*) FROM cursors")).scalar_one()) == 0


PROGRAM = """
import asyncio, sys
from sqlalchemy import text
from bot.store import postgres
from bot.store.engine import parse_url
from bot.store.server import ServerWriter

async def main():
    async with ServerWriter(postgres.engine_of(parse_url(sys.argv[1]))) as writer:
        async def one(unit):
            def work(connection):
                for part in range(3):
                    connection.execute(text("INSERT INTO said VALUES (:u, :p)"), {"u": unit, "p": part})
            await writer.write(work)
            print(unit, flush=True)
        for start in range(0, 10**6, 40):
            await asyncio.gather(*(one(unit) for unit in range(start, start + 40)))

asyncio.run(main())
"""


@pytest.mark.skipif(os.name != "posix", reason="there is no SIGKILL elsewhere")
def test_a_killed_process_loses_nothing_that_it_acknowledged(url: str) -> None:
    process = subprocess.Popen([sys.executable, "-c", PROGRAM, url], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    acknowledged = {int(process.stdout.readline()) for _ in range(300)}
    process.send_signal(signal.SIGKILL)
    rest = process.stdout.read().splitlines(keepends=True)
    acknowledged |= {int(line) for line in rest if line.endswith("\n")}
    process.wait()
    process.stdout.close()

    found = stored(url)
    assert acknowledged <= found.keys()
    assert set(found.values()) == {3}
