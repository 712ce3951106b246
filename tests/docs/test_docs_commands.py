"""What the documents tell people to type does what they say: each page is walked through in a sandbox."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.knowledge.load import check
from tests.docs.pages import PAGES, ROOT, Command, Edit, Stop, Written, steps

PATIENCE = 120.0
"""Seconds that a command, or a start that learns the questions anew, may take on a busy machine."""

COPIED = (
    "faq",
    "config",
    "scripts",
    "Makefile",
    "pyproject.toml",
    "requirements.lock",
    "requirements-dev.lock",
)
LASTING = ("vocero run", "vocero --lang en run")
ENVIRONMENT = ("/bin/sh", "-e", "-c")


class Reader:
    """Someone who does what a page says, in a copy of the project with its own port and its own data."""

    def __init__(self, folder: Path, models: Path | None = None) -> None:
        self.folder = folder
        self.wrote = False
        self._running: subprocess.Popen[bytes] | None = None
        for name in COPIED:
            source = ROOT / name
            copy = shutil.copytree if source.is_dir() else shutil.copy2
            copy(source, folder / name)
        if models is not None:
            shutil.copytree(models, folder / "data" / "models")
        binaries = folder / ".venv" / "bin"
        binaries.mkdir(parents=True)
        (binaries / "activate").write_text(f'export PATH="{Path(sys.executable).parent}:$PATH"\n')
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        kept = {name: value for name, value in os.environ.items() if not name.startswith("VOCERO_")}
        # A person's shell is given by `source .venv/bin/activate`; each command here is a shell of its own.
        path = f"{Path(sys.executable).parent}{os.pathsep}{kept['PATH']}"
        self._env = kept | {"PATH": path, "VOCERO_WEB_PORT": str(self.port), "LC_ALL": "C.UTF-8"}

    def does(self, step: Command | Edit | Written | Stop) -> None:
        match step:
            case Command(line) if line.startswith("make "):
                self._make(line)
            case Command(line) if line.startswith("cd "):
                self.folder = self.folder / line.removeprefix("cd ")
            case Command(line) if line in LASTING:
                self.starts(line)
            case Command():
                self._types(step)
            case Edit(path, old, new):
                text = (self.folder / path).read_text(encoding="utf-8")
                assert text.count(f"\n{old}\n") >= 1, f"{path} has no line {old!r}"
                (self.folder / path).write_text(text.replace(f"\n{old}\n", f"\n{new}\n", 1), encoding="utf-8")
            case Written(path, text, append):
                self.wrote = True
                with (self.folder / path).open("a" if append else "w", encoding="utf-8") as file:
                    file.write(f"\n{text}" if append else text)
            case Stop():
                self.stops()

    def _make(self, line: str) -> None:
        """What make would do: doing it here would install, or test, within a test."""
        plan = self._run(f"{line} -n")
        assert plan.returncode == 0, plan.stderr
        wanted = {"make demo": "vocero demo", "make test": "-m pytest", "make check": "ruff check"}
        assert wanted[line] in plan.stdout

    def _types(self, command: Command) -> None:
        done = self._run(command.line.replace(":8080", f":{self.port}").replace("source ", ". "))
        assert done.returncode == 0, f"$ {command.line}\n{done.stdout}{done.stderr}"
        for shown in command.shown:
            pattern = ".*".join(re.escape(part) for part in shown.split("…"))
            assert re.search(pattern, done.stdout, re.DOTALL), (
                f"$ {command.line}\n{done.stdout}\nlacks {shown}"
            )

    def _run(self, line: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*ENVIRONMENT, line],
            cwd=self.folder,
            env=self._env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )

    def starts(self, line: str) -> None:
        assert self._running is None, "one page runs one bot"
        with (self.folder / "output.txt").open("w") as output:
            self._running = subprocess.Popen(
                line.split(),
                cwd=self.folder,
                env=self._env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        self._waits_until_ready()

    def _waits_until_ready(self) -> None:
        assert self._running is not None
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            assert self._running.poll() is None, (self.folder / "output.txt").read_text()
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health/ready", timeout=5):
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        pytest.fail("the bot does not get ready\n" + (self.folder / "output.txt").read_text())

    def stops(self) -> None:
        """Press Ctrl+C."""
        if self._running is not None:
            running, self._running = self._running, None
            running.send_signal(signal.SIGINT)
            assert running.wait(PATIENCE) == 0, (self.folder / "output.txt").read_text()

    def leaves(self) -> None:
        """End what still runs, however the page went."""
        if self._running is not None:
            self._running.kill()
            self._running.wait(PATIENCE)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the demo brand's questions teach, learnt once for all readers."""
    folder = tmp_path_factory.mktemp("taught")
    Reader(folder).does(Command("vocero ask hola", ()))
    return folder / "data" / "models"


@pytest.fixture
def reader(tmp_path: Path, models: Path) -> Iterator[Reader]:
    reader = Reader(tmp_path, models)
    yield reader
    reader.leaves()


@pytest.fixture
def newcomer(tmp_path: Path) -> Iterator[Reader]:
    """A reader whose bot has learnt nothing yet."""
    reader = Reader(tmp_path)
    yield reader
    reader.leaves()


@pytest.mark.parametrize("page", [page for page in PAGES if steps(page)], ids=lambda page: page.name)
def test_a_page_can_be_followed_from_top_to_bottom(page: Path, reader: Reader) -> None:
    for step in steps(page):
        reader.does(step)
    reader.stops()
    if reader.wrote:  # examples of files: they pass the check as they stand
        problems = check(reader.folder).problems
        assert [problem.render("en") for problem in problems if problem.level == "error"] == []


def test_make_demo_ends_in_a_bot_that_is_ready(newcomer: Reader) -> None:
    # `make demo` itself, but for the installing: its last command.
    recipe = next(
        line for line in (ROOT / "Makefile").read_text().splitlines() if line.endswith("/vocero demo")
    )
    newcomer.starts(recipe.strip().replace("$(BIN)/", ""))
    told = (newcomer.folder / "output.txt").read_text()
    assert f"http://127.0.0.1:{newcomer.port}/" in told
    assert "/staff/login?token=" in told
    newcomer.stops()
