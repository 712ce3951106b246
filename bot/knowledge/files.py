"""The files below `faq/` and `config/`: which count, what each is for, and their content hash."""

from __future__ import annotations

import errno
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path

from bot.domain import KnowledgeVersion
from bot.errors import Position
from bot.knowledge.problem import Problem
from bot.knowledge.rules import problem
from bot.knowledge.words import nearest

BRAND, TEAM, TEXTS, FACTS = "config/brand.yml", "config/team.yml", "config/texts.yml", "faq/facts.yml"
COMMUNITY = "config/community.yml"
PRIVACY = "config/privacy.yml"
OTHERS = ("config/protocols.yml", "config/targets.yml")
"""Files that other parts of the house read; they count, and only their writing is checked here."""


class Use(Enum):
    """What a file is for."""

    BRAND = auto()
    TEAM = auto()
    TEXTS = auto()
    COMMUNITY = auto()
    PRIVACY = auto()
    FACTS = auto()
    CASES = auto()
    TOPIC = auto()
    OTHER = auto()


@dataclass(frozen=True, slots=True)
class Source:
    """A file as it was read; `path` is relative to the instance's folder, with `/`."""

    path: str
    use: Use
    content: bytes


LARGEST = 1_000_000
"""Bytes of one file; a brand with a thousand entries stays below, and checking takes under a second."""


def sources(root: Path, overlay: Mapping[str, bytes]) -> tuple[list[Source], list[Problem]]:
    """Read all files that count, in the order of their paths.

    `overlay` has contents that stand for those on the disk, by relative path.
    """
    found: list[Source] = []
    problems: list[Problem] = []
    paths = {path for folder in ("config", "faq") for path in _paths(root, folder)} | set(overlay)
    for path in sorted(paths):
        if not path.endswith(".yml"):
            problems.append(problem("extension", Position(path)))
            continue
        use = _use(path)
        if use is None:
            problems.append(_unused(path))
            continue
        try:
            content = overlay[path] if path in overlay else _content(root / path)
        except OSError as error:
            problems.append(problem("no-se-lee", Position(path), reason=error.strerror or str(error)))
            continue
        if len(content) > LARGEST:
            problems.append(problem("archivo-grande", Position(path), limit=str(LARGEST // 1000)))
            continue
        found.append(Source(path, use, content))
    return found, problems


def _content(path: Path) -> bytes:
    """The content, of a file that is too large only so much that it shows; OSError for what is no file."""
    if not path.is_file():
        raise FileNotFoundError(errno.ENOENT, "it is no regular file", str(path))
    with path.open("rb") as file:
        return file.read(LARGEST + 1)


def is_kept_by_an_editor(name: str) -> bool:
    """Whether a file is some program's scratch or backup copy, or hidden."""
    return name.startswith((".", "#", "~")) or name.endswith(("~", ".tmp", ".swp", ".bak", ".orig"))


def version(contents: Iterable[tuple[str, bytes]]) -> KnowledgeVersion:
    """12 hex digits that change with any byte of any file, and with nothing else."""
    whole = hashlib.sha256()
    for path, content in sorted(contents):
        whole.update(f"{path}\0{hashlib.sha256(content).hexdigest()}\0".encode())
    return KnowledgeVersion(whole.hexdigest()[:12])


def _paths(root: Path, folder: str) -> list[str]:
    found = []
    for path in (root / folder).rglob("*"):
        relative = path.relative_to(root)
        if any(is_kept_by_an_editor(part) for part in relative.parts):
            continue
        if path.suffix.lower() in (".yml", ".yaml") and (path.is_file() or path.is_symlink()):
            found.append(relative.as_posix())
    return found


def _use(path: str) -> Use | None:
    by_path = {
        BRAND: Use.BRAND,
        TEAM: Use.TEAM,
        TEXTS: Use.TEXTS,
        FACTS: Use.FACTS,
        COMMUNITY: Use.COMMUNITY,
        PRIVACY: Use.PRIVACY,
    }
    if path in by_path:
        return by_path[path]
    if path in OTHERS:
        return Use.OTHER
    if path.startswith("faq/tests/"):
        return Use.CASES
    return Use.TOPIC if path.startswith("faq/") and path.count("/") == 1 else None


def _unused(path: str) -> Problem:
    if path.startswith("faq/"):
        return problem("carpeta", Position(path))
    near = nearest(path, (BRAND, TEAM, TEXTS, COMMUNITY, PRIVACY, *OTHERS), cutoff=0.8)
    return problem("archivo-desconocido", Position(path), near=near.removeprefix("config/"))
