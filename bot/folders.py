"""Folders that only their owner may look into."""

from __future__ import annotations

from pathlib import Path


def make_private(folder: Path) -> None:
    """Make a folder and those above it that are missing, each for its owner alone; one that is there stays.

    `Path.mkdir(parents=True)` gives its mode to the last one only: the folders above it are open to others.
    """
    if folder.is_dir():
        return
    if folder.parent != folder:
        make_private(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
