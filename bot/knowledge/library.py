"""The brand's current knowledge, and what happens when its files change while the house is open."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from contextlib import aclosing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import structlog
from watchfiles import Change, awatch

from bot.domain import KnowledgeVersion
from bot.knowledge.files import is_kept_by_an_editor
from bot.knowledge.load import Checked, check, refusal
from bot.knowledge.model import Knowledge, Publish
from bot.knowledge.problem import Problem

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Published:
    """New files passed the check; `old` is still current until someone swaps. `warnings` don't hinder."""

    old: Knowledge
    new: Knowledge
    warnings: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Rejected:
    """New files did not pass; the last good version stays."""

    problems: tuple[Problem, ...]
    version: KnowledgeVersion


@dataclass(frozen=True, slots=True)
class Unpublished:
    """Files changed, and the brand publishes on command: nothing changes until someone says so.

    `problems` are what would keep them from being published, or warnings.
    """

    version: KnowledgeVersion
    passes: bool
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Unchanged:
    """The files are those of the current version."""

    current: Knowledge


OnChange = Callable[[Published | Rejected | Unpublished], Awaitable[None]]

_Snapshot = tuple[tuple[str, int, int], ...]


class Library:
    """Holds the current knowledge. Files that don't pass never replace it; whoever handles a change swaps."""

    def __init__(self, root: Path, knowledge: Knowledge, seen: _Snapshot | None = None) -> None:
        """`seen`: how the files stood when `knowledge` was read, so that they need not be read twice."""
        self._root, self._seen = root, seen
        self._current = knowledge
        self._told: KnowledgeVersion | None = None

    @classmethod
    def open(cls, root: Path) -> Self:
        """Load what is below `root`; raises Refused with every problem when it doesn't pass."""
        seen = _snapshot(root)
        checked = check(root)
        if checked.knowledge is None:
            raise refusal(checked.problems)
        return cls(root, checked.knowledge, seen)

    @property
    def current(self) -> Knowledge:
        """The version in force."""
        return self._current

    def swap(self, knowledge: Knowledge) -> None:
        """Put a new version in force."""
        self._current = knowledge
        self._told = None

    async def reload(self) -> Published | Rejected | Unchanged:
        """Check the files now, whatever the brand's way of publishing."""
        checked = await asyncio.to_thread(check, self._root)
        if checked.version == self._current.version:
            return Unchanged(self._current)
        if checked.knowledge is None:
            return Rejected(checked.problems, checked.version)
        return Published(self._current, checked.knowledge, checked.problems)

    async def watch(self, on_change: OnChange, *, rest: float = 3.0, sweep: float = 30.0) -> None:
        """Tell of every change of the files until cancelled; each content is told once.

        `rest`: seconds without a change before files are read, so that none is read half saved. `sweep`:
        seconds between looks at the folders themselves, for disks that don't tell (network and container
        mounts, a folder that was replaced). What `on_change` raises is raised here.
        """
        seen = self._seen
        async with aclosing(self._stirrings(sweep)) as stirrings:
            async for _ in stirrings:
                now = await asyncio.to_thread(_snapshot, self._root)
                if now == seen:
                    continue
                seen = await self._at_rest(now, rest)
                await self._look(on_change)

    async def _at_rest(self, before: _Snapshot, rest: float) -> _Snapshot:
        """Wait until the files have stayed as they are for `rest` seconds."""
        while True:
            await asyncio.sleep(rest)
            now = await asyncio.to_thread(_snapshot, self._root)
            if now == before:
                return now
            before = now

    async def _look(self, on_change: OnChange) -> None:
        checked = await asyncio.to_thread(check, self._root)
        if checked.version in (self._current.version, self._told):
            return
        self._told = checked.version
        log.info("knowledge_changed", version=checked.version, passes=checked.knowledge is not None)
        await on_change(self._judged(checked))

    def _judged(self, checked: Checked) -> Published | Rejected | Unpublished:
        if self._current.brand.publish is Publish.ON_COMMAND:
            return Unpublished(checked.version, checked.knowledge is not None, checked.problems)
        if checked.knowledge is None:
            return Rejected(checked.problems, checked.version)
        return Published(self._current, checked.knowledge, checked.problems)

    async def _stirrings(self, sweep: float) -> AsyncGenerator[None, None]:
        """Come by at once, whenever the disk tells of a change, and every `sweep` seconds anyhow."""
        yield
        polling: bool | None = None
        while True:
            folders = [path for path in (self._root / "faq", self._root / "config") if path.is_dir()]
            if not folders:
                await asyncio.sleep(sweep)
                yield
                continue
            try:
                async for _ in awatch(
                    *folders,
                    watch_filter=_counts,
                    rust_timeout=int(sweep * 1000),
                    yield_on_timeout=True,
                    force_polling=polling,
                ):
                    yield
                    if not all(path.is_dir() for path in folders):
                        break
            except OSError as error:
                # No inotify here (or none left): polling sees the same, later.
                log.warning("knowledge_watch_falls_back_to_polling", error=str(error))
                await asyncio.sleep(sweep if polling else 0)
                polling = True
                yield


def _counts(change: Change, path: str) -> bool:
    return not is_kept_by_an_editor(Path(path).name)


def _snapshot(root: Path) -> _Snapshot:
    """Name, size and time of change of each file, which differ when any file does."""
    found = []
    for path in _files(root):
        with suppress(OSError):  # gone since it was listed: a change that the next look sees
            stat = path.stat()
            found.append((str(path), stat.st_mtime_ns, stat.st_size))
    return tuple(sorted(found))


def _files(root: Path) -> Iterable[Path]:
    for folder in ("faq", "config"):
        for path in (root / folder).rglob("*"):
            if path.is_file() and not is_kept_by_an_editor(path.name):
                yield path
