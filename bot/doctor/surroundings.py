"""The settings as they were written, and the machine's limits on the process."""

from __future__ import annotations

import locale
import os
import re
import sqlite3
import sys
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path

from bot.doctor.finding import Finding, found
from bot.settings import PREFIX, Settings

KNOWN = frozenset(f"{PREFIX}{name.upper()}" for name in Settings.model_fields)
TESTS = f"{PREFIX}TEST_"
"""Variables of the project's own tests."""
SQLITE = (3, 35, 0)
"""RETURNING came with it: https://www.sqlite.org/lang_returning.html"""
OPEN_FILES = 1024
"""A file for each open page of the web chat, and what the process itself needs."""
MEMORY = 300 * 2**20
"""What the process takes at the most in an hour at 20 messages a second, with room to learn new questions."""
SHORT_TOKEN = 16

_LINE = re.compile(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=")


def names(environment: Mapping[str, str], file: Path | None) -> Iterator[Finding]:
    """Settings that nobody knows: mostly slips of the pen."""
    given = {name: "env" for name in environment if name.upper().startswith(PREFIX)}
    for number, name in _lines(file):
        if name.upper().startswith(PREFIX):
            given[name] = f"{file}:{number}"
    for name, where in given.items():
        if name.upper() in KNOWN or name.upper().startswith(TESTS):
            continue
        near = get_close_matches(name.upper(), sorted(KNOWN), n=1, cutoff=0.6)
        yield found("setting_unknown", name=name, where=where, near=near[0] if near else "—")


def env_file(file: Path | None) -> Iterator[Finding]:
    """`.env`: readable for its owner only, and each line a setting."""
    if file is None or not file.is_file():
        return
    mode = file.stat().st_mode
    if os.name == "posix" and mode & 0o077:
        yield found("env_open_to_others", path=file, mode=f"{mode & 0o777:o}")
    for number, name in _lines(file):
        if not name:
            yield found("env_line", path=file, line=number)


def process(settings: Settings) -> Iterator[Finding]:
    """What the system gives the process: files, memory, letters, a SQLite that is new enough."""
    if sqlite3.sqlite_version_info < SQLITE and settings.database.startswith("sqlite"):
        needed = ".".join(map(str, SQLITE))
        yield found("sqlite_old", version=sqlite3.sqlite_version, needed=needed)
    if not sys.flags.utf8_mode and "utf" not in locale.getpreferredencoding(do_setlocale=False).lower():
        yield found("locale", encoding=locale.getpreferredencoding(do_setlocale=False))
    if sys.platform != "win32":
        import resource

        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft != resource.RLIM_INFINITY and soft < OPEN_FILES:
            yield found("open_files", limit=soft, wanted=OPEN_FILES)
        space, _ = resource.getrlimit(resource.RLIMIT_AS)
        free = min((size for size in (_available(), _cgroup_limit()) if size is not None), default=None)
        if space != resource.RLIM_INFINITY:
            free = min(space, free if free is not None else space)
        if free is not None and free < MEMORY:
            yield found("memory_low", free=free // 2**20, wanted=MEMORY // 2**20)
    token = settings.metrics_token.get_secret_value()
    if token and len(token) < SHORT_TOKEN:
        yield found("metrics_token_short", wanted=SHORT_TOKEN)


def _lines(file: Path | None) -> Iterator[tuple[int, str]]:
    """Number and name of each line that sets something; '' for one that sets nothing and is no comment."""
    if file is None or not file.is_file():
        return
    quoted = ""
    for number, line in enumerate(file.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
        if quoted:  # within a value of several lines
            quoted = "" if quoted in line else quoted
            continue
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = _LINE.match(line)
        yield number, match[1] if match else ""
        value = line[match.end() :].strip() if match else ""
        if value[:1] in ("'", '"') and value.count(value[0]) == 1:
            quoted = value[0]


def _available() -> int | None:
    """Bytes that the system could give to a new process."""
    try:
        text = Path("/proc/meminfo").read_text(encoding="ascii")
    except OSError:
        return None
    match = re.search(r"^MemAvailable:\s+(\d+) kB", text, re.MULTILINE)
    return int(match[1]) * 1024 if match else None


def _cgroup_limit() -> int | None:
    """Bytes that a container may use in all."""
    for path in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        try:
            text = Path(path).read_text(encoding="ascii").strip()
        except OSError:
            continue
        if text.isdigit():
            return int(text)
    return None
