"""The project's documents as tests read them: blocks of commands, files to edit, links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "README.es.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").glob("*.md")),
]

_DIRECTIVE = re.compile(r"<!-- (?P<what>not run|edit|file|append|stops)\b[ :]*(?P<rest>.*?) ?-->")
_EDIT = re.compile(r'(?P<path>\S+): "(?P<old>.+)" -> "(?P<new>.+)"')


@dataclass(frozen=True)
class Command:
    """A line to type, and the output that the page shows below it."""

    line: str
    shown: tuple[str, ...]


@dataclass(frozen=True)
class Edit:
    """What the reader is told to change in a file."""

    path: str
    old: str
    new: str


@dataclass(frozen=True)
class Written:
    """A file's content, or what is put at its end."""

    path: str
    text: str
    append: bool


@dataclass(frozen=True)
class Stop:
    """Here the reader has stopped what was running."""


Step = Command | Edit | Written | Stop


def blocks(page: Path) -> Iterator[tuple[str, str, str]]:
    """Each fenced block as (directive before it, language, text), with lists' indentation taken off."""
    directive = ""
    lines = iter(page.read_text(encoding="utf-8").splitlines())
    for line in lines:
        fence = re.fullmatch(r"( *)```(\w*)", line)
        if fence is None:
            if found := _DIRECTIVE.fullmatch(line.strip()):
                directive = line.strip()
            elif line.strip():
                directive = ""
            if found and found["what"] == "edit":
                yield line.strip(), "edit", ""
                directive = ""
            continue
        indent, lang = fence[1], fence[2]
        body = []
        for inner in lines:
            if inner.strip() == "```":
                break
            body.append(inner.removeprefix(indent))
        yield directive, lang, "\n".join(body) + "\n"
        directive = ""


def steps(page: Path) -> list[Step]:
    """What a reader of the page does, in order."""
    found: list[Step] = []
    for directive, lang, text in blocks(page):
        match = _DIRECTIVE.fullmatch(directive)
        what, rest = (match["what"], match["rest"]) if match else ("", "")
        if what == "not run":
            assert rest, f"{page.name}: a block that is not run needs its reason"
            continue
        if what == "edit":
            edit = _EDIT.fullmatch(rest)
            assert edit, f"{page.name}: {directive}"
            found.append(Edit(edit["path"], edit["old"], edit["new"]))
        elif what in ("file", "append"):
            found.append(Written(rest, text, what == "append"))
        elif what == "stops":
            found.append(Stop())
        if lang == "console":
            found += _commands(text)
    return found


def _commands(text: str) -> Iterator[Command]:
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        line, *shown = part.rstrip("\n").split("\n")
        yield Command(line, tuple(shown))
