"""A bot process to be killed: keeps every event in a file, batch by batch, and says so after each one."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from bot.channels.telegram import TelegramChannel
from bot.domain import Account, Inbound


class FileStore:
    """A line is one committed batch with its cursor; a line cut short by a kill was not committed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("a", encoding="utf-8")
        if self.lines() and not path.read_text(encoding="utf-8").endswith("\n"):
            self._file.write("\n")

    def lines(self) -> list[str]:
        return self._path.read_text(encoding="utf-8").splitlines()

    async def read(self, account: Account) -> str | None:
        batches = committed(self._path)
        return batches[-1][1] if batches else None

    async def open(self, attachment_id: int) -> tuple[str, str, bytes]:
        raise FileNotFoundError

    async def __call__(self, events: Sequence[Inbound], *, cursor: str | None = None) -> None:
        line = json.dumps([[event.event_id for event in events], cursor]) + "\n"
        for piece in (line[: len(line) // 2], line[len(line) // 2 :]):  # a kill may fall between
            self._file.write(piece)
            self._file.flush()
            os.fsync(self._file.fileno())
        sys.stdout.write("kept\n")
        sys.stdout.flush()


def committed(path: Path) -> list[tuple[list[str], str]]:
    """The batches that were kept whole: event ids and cursor."""
    batches = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
        try:
            ids, cursor = json.loads(line)
        except ValueError:
            continue
        batches.append((ids, cursor))
    return batches


async def main(path: str, token: str, base_url: str) -> None:
    store = FileStore(Path(path))
    channel = TelegramChannel(
        token=token, base_url=base_url, cursors=store, files=store, root=Path(path).parent, poll_timeout=2
    )
    async with channel:
        await channel.run(store)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
