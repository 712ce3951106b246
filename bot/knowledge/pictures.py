"""The pictures of answers: where they are, how big, and whether they are pictures at all."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from bot.knowledge.model import Text
from bot.knowledge.problem import Problem
from bot.knowledge.rules import problem
from bot.knowledge.words import nearest

PICTURE_SIZE = 10 * 1024 * 1024
"""Bytes of a photo on Telegram (https://core.telegram.org/bots/api#sending-files)."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that an entry names; `path` is relative to the instance's folder."""

    path: str
    content: bytes


def look_up(root: Path, name: Text) -> Picture | Problem:
    """Find the picture that an entry names, relative to `faq/`, or say what is wrong with it."""
    written = PurePosixPath(name.text.replace("\\", "/"))
    folder = (root / "faq").resolve()
    if written.is_absolute() or ".." in written.parts or ":" in name.text:
        return problem("imagen-fuera", name.at, file=name.text)
    path = folder / written
    try:
        if not path.resolve().is_relative_to(folder):
            return problem("imagen-fuera", name.at, file=name.text)
        if not path.is_file():
            beside = [
                other.relative_to(folder).as_posix()
                for other in folder.rglob("*.*")
                if other.suffix != ".yml"
            ]
            return problem("imagen-no-esta", name.at, file=name.text, near=nearest(name.text, beside))
        size = path.stat().st_size
        if size > PICTURE_SIZE:
            return problem("imagen-grande", name.at, size=f"{size / 1024 / 1024:.1f}")
        content = path.read_bytes()
    except (OSError, ValueError) as error:
        return problem("no-se-lee", name.at, reason=str(error))
    if not _is_picture(content):
        return problem("imagen-formato", name.at, file=name.text)
    return Picture(f"faq/{written}", content)


def _is_picture(content: bytes) -> bool:
    """Whether the first bytes are those of a format that all platforms show."""
    webp = content[:4] == b"RIFF" and content[8:12] == b"WEBP"
    return webp or content.startswith((b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a"))
