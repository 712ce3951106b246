"""One process at a time on a database."""

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from bot.errors import StartupError
from bot.store.lock import hold, lock_path

pytestmark = pytest.mark.sqlite

HOLDER = """
import sys
from pathlib import Path
from bot.store.lock import hold
with hold(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def holder(path: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_process_is_refused_by_the_first_ones_number(path: Path) -> None:
    with holder(path) as process:
        with pytest.raises(StartupError) as caught, hold(path):
            pass

        assert str(process.pid) in caught.value.what
        assert f"kill {process.pid}" in caught.value.remedy
        process.communicate()

    with hold(path):
        pass


@pytest.mark.skipif(os.name != "posix", reason="there is no SIGKILL elsewhere")
def test_a_killed_process_lets_go(path: Path) -> None:
    with holder(path) as process:
        process.send_signal(signal.SIGKILL)
        process.wait()

        with hold(path):
            assert lock_path(path).read_text() == f"{os.getpid()}\n"


def test_the_same_process_is_refused_too(path: Path) -> None:
    with hold(path), pytest.raises(StartupError, match="already running"), hold(path):
        pass


def test_an_error_inside_lets_go(path: Path) -> None:
    with pytest.raises(RuntimeError), hold(path):
        raise RuntimeError

    with hold(path):
        pass


def test_a_program_that_was_started_meanwhile_does_not_keep_the_lock(path: Path) -> None:
    with hold(path):
        child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    with child, hold(path):
        child.communicate(b"\n")


def test_the_lock_is_its_owners_alone_and_a_longer_number_leaves_nothing(path: Path) -> None:
    path.parent.mkdir()
    lock_path(path).write_text("999999999999\n")
    lock_path(path).chmod(0o600)

    with hold(path):
        assert lock_path(path).read_text() == f"{os.getpid()}\n"
        assert stat.S_IMODE(lock_path(path).stat().st_mode) == 0o600


def test_a_folder_that_cannot_be_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where the folder should be")

    with pytest.raises(StartupError) as caught, hold(tmp_path / "data" / "x.db"):
        pass

    assert "write access" in caught.value.remedy
