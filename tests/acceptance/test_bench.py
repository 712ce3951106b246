"""The bench of the corridor runs on each platform: servers hear the echo bots and count what they cost."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.parametrize("platform", ["telegram", "discord"])
def test_an_echo_bot_is_measured(platform: str) -> None:
    options = ("--only", "echo", "--members", "20", "--rounds", "1", "--turns", "1", "--pace", "20")

    done = subprocess.run(
        [sys.executable, "-m", "bench.corridor", "--platform", platform, *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )

    assert done.returncode == 0, done.stderr
    assert "Figures(name='echo'" in done.stderr
