"""The bench of the small machine runs, loses nothing, and writes what it found."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_a_moment_on_one_cpu_and_one_gigabyte(tmp_path: Path) -> None:
    figures = tmp_path / "endurance.json"
    options = ("--minutes", "0.2", "--window", "4", "--members", "60", "--json", str(figures))

    done = subprocess.run(
        [sys.executable, "-m", "bench.endurance", *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    assert figures.exists(), done.stderr
    found = json.loads(figures.read_text(encoding="utf-8"))
    assert found["messages"] == 240
    assert found["answered"] + found["silent_by_design"] == 240
    assert (found["lost"], found["without_outcome"], found["held"]) == (0, 0, 0)
    assert found["limits"] == {"cpus": 1, "address_space_mb": 1024}
    assert len(found["over_time"]) == 3
    assert 0 < found["over_time"][-1]["memory_mb"] < 1024
