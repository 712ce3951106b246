"""Where the web server of the running bot listens, for commands that are typed beside it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FILE = "web.address"


@contextmanager
def told(data: Path, address: str) -> Iterator[None]:
    """Write the address into the data folder while the block runs: the port may be any that was free."""
    path = data / FILE
    path.write_text(f"{address}\n", encoding="ascii")
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def find(data: Path) -> str:
    """The address of the bot that runs on this data folder, or was killed on it; '' if there is none."""
    try:
        return (data / FILE).read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""
