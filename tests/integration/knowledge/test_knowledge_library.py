"""Files change while the house is open: sound ones are offered, broken ones told, the last good ones stay."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeAlias

import pytest
import watchfiles

import bot.knowledge.library as libraries
from bot.domain import ES
from bot.knowledge import load
from bot.knowledge.library import Library, Published, Rejected, Unchanged, Unpublished
from bot.knowledge.load import Checked, Refused

BASE = Path(__file__).parents[2] / "broken" / "_base"
PATIENCE = 20.0
"""Seconds after which a change that should be told counts as lost."""

Change: TypeAlias = Published | Rejected | Unpublished
Told: TypeAlias = "asyncio.Queue[Change]"


@pytest.fixture
def brand(tmp_path: Path) -> Path:
    """A copy of the sound brand whose dates never pass."""
    root = Path(shutil.copytree(BASE, tmp_path / "brand"))
    for name in ("faq/envios.yml", "faq/facts.yml"):
        path = root / name
        path.write_text(path.read_text().replace("2026-12-31", "9999-12-31"))
    return root


@asynccontextmanager
async def watching(library: Library, *, rest: float = 0.05, sweep: float = 0.1) -> AsyncIterator[Told]:
    """A library that is watched, with what it tells in a queue."""
    told: Told = asyncio.Queue()
    task = asyncio.create_task(library.watch(told.put, rest=rest, sweep=sweep))
    try:
        yield told
    finally:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def next_of(told: Told) -> Change:
    return await asyncio.wait_for(told.get(), PATIENCE)


def reprice(root: Path, price: str) -> None:
    path = root / "faq/facts.yml"
    path.write_text(path.read_text().replace("$3.990", price))


def replace_folder(folder: Path, aside: Path) -> None:
    shutil.copytree(folder, aside)
    shutil.rmtree(folder)
    aside.rename(folder)


def test_a_library_does_not_open_on_broken_files(brand: Path) -> None:
    (brand / "faq/facts.yml").write_bytes(b"envio.precio: @\n")

    with pytest.raises(Refused):
        Library.open(brand)


async def test_a_saved_change_is_offered_and_in_force_once_swapped(brand: Path) -> None:
    library = Library.open(brand)
    before = library.current
    async with watching(library) as told:
        reprice(brand, "$4.500")

        change = await next_of(told)

        assert isinstance(change, Published)
        assert change.old is before
        assert change.new.facts["envio.precio"].values[ES] == "$4.500"
        assert library.current is before
        library.swap(change.new)
        assert library.current is change.new


async def test_a_broken_file_is_told_and_its_mending_too(brand: Path) -> None:
    library = Library.open(brand)
    sound = library.current
    async with watching(library) as told:
        reprice(brand, "'$4.500")
        broken = await next_of(told)
        (brand / "faq/facts.yml").write_text(
            (brand / "faq/facts.yml").read_text().replace("'$4.500", "$4.500")
        )
        mended = await next_of(told)

    assert isinstance(broken, Rejected)
    assert [problem.rule.id for problem in broken.problems] == ["comillas"]
    assert isinstance(mended, Published)
    assert library.current is sound


async def test_a_change_before_the_watch_began_is_told(brand: Path) -> None:
    library = Library.open(brand)
    reprice(brand, "$4.500")

    async with watching(library) as told:
        assert isinstance(await next_of(told), Published)


async def test_a_brand_that_publishes_on_command_only_hears_that_something_waits(brand: Path) -> None:
    path = brand / "config/brand.yml"
    path.write_text(path.read_text() + "publish: on_command\n")
    library = Library.open(brand)
    async with watching(library) as told:
        reprice(brand, "$4.500")
        waiting = await next_of(told)

    assert isinstance(waiting, Unpublished)
    assert waiting.passes
    now = await library.reload()
    assert isinstance(now, Published)
    assert now.new.version == waiting.version


async def test_reloading_tells_what_the_files_are(brand: Path) -> None:
    library = Library.open(brand)
    assert await library.reload() == Unchanged(library.current)

    (brand / "faq/facts.yml").write_bytes(b"")
    assert isinstance(await library.reload(), Rejected)


async def test_scratch_files_of_editors_tell_nothing(brand: Path) -> None:
    library = Library.open(brand)
    async with watching(library) as told:
        for name in (".envios.yml.swp", "envios.yml~", "#envios.yml#", ".#envios.yml", "4913.tmp"):
            (brand / "faq" / name).write_text("medio escrito")
        (brand / "faq/.git").mkdir()
        (brand / "faq/.git/index.yml").write_text("x")
        reprice(brand, "$4.500")

        change = await next_of(told)

        assert isinstance(change, Published)
        assert told.empty()


async def test_each_content_is_told_once(brand: Path) -> None:
    library = Library.open(brand)
    async with watching(library) as told:
        reprice(brand, "$4.500")
        first = await next_of(told)
        (brand / "faq/facts.yml").touch()
        reprice_again = (brand / "faq/facts.yml").read_text().replace("$4.500", "$5.000")
        (brand / "faq/facts.yml").write_text(reprice_again)
        second = await next_of(told)

    assert isinstance(first, Published)
    assert isinstance(second, Published)
    assert first.new.version != second.new.version
    assert told.empty()


async def test_a_folder_that_was_replaced_is_still_watched(brand: Path, tmp_path: Path) -> None:
    library = Library.open(brand)
    async with watching(library) as told:
        replace_folder(brand / "faq", tmp_path / "new")
        reprice(brand, "$4.500")

        while not isinstance(change := await next_of(told), Published):
            pass  # the moment without a folder may have been told

        assert change.new.facts["envio.precio"].values[ES] == "$4.500"


async def test_without_notice_from_the_disk_it_looks_itself(
    brand: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a system that has no watches left to give
    polled = asyncio.Event()
    real = watchfiles.awatch

    def awatch(*paths: Path, force_polling: bool | None, **options: object) -> AsyncGenerator[object, None]:
        if not force_polling:
            raise OSError("inotify watch limit reached")
        polled.set()
        return real(*paths, force_polling=True, **options)  # type: ignore[arg-type] # passes on what it got

    monkeypatch.setattr(libraries, "awatch", awatch)
    library = Library.open(brand)
    async with watching(library) as told:
        await asyncio.wait_for(polled.wait(), PATIENCE)
        reprice(brand, "$4.500")

        assert isinstance(await next_of(told), Published)


async def test_files_are_read_only_when_they_rest(brand: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Given files that are found changed at the first three looks, as while a slow program saves them
    looks = 0
    real = libraries._snapshot

    def snapshot(root: Path) -> tuple[tuple[str, int, int], ...]:
        nonlocal looks
        looks += 1
        return (("still being written", looks, 0),) if looks <= 3 else real(root)

    read_at: list[int] = []
    check = load.check

    def counted(root: Path) -> Checked:
        read_at.append(looks)
        return check(root)

    library = Library.open(brand)
    monkeypatch.setattr(libraries, "_snapshot", snapshot)
    monkeypatch.setattr(libraries, "check", counted)
    reprice(brand, "$4.500")
    async with watching(library, rest=0.001) as told:
        await next_of(told)

    assert read_at[0] >= 5, "read while looks still differed"


async def test_what_the_handler_raises_is_not_hidden(brand: Path) -> None:
    library = Library.open(brand)
    reprice(brand, "$4.500")

    async def fail(change: Change) -> None:
        raise RuntimeError("no model")

    with pytest.raises(RuntimeError, match="no model"):
        await asyncio.wait_for(library.watch(fail, rest=0.01), PATIENCE)
