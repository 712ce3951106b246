"""What every test stands on: how many examples are tried, a clean environment, and the browser."""

from __future__ import annotations

import os
import shutil

import pytest
from hypothesis import HealthCheck, settings

from bot.settings import PREFIX, Settings

COUNTS = "VOCERO_TEST_COUNTS"
"""Names the profile: `dev` (make test), `ci` (make test-slow) or `soak` (make soak)."""

_PATIENT = settings(
    deadline=None,  # a busy machine is slow, not wrong
    suppress_health_check=[HealthCheck.too_slow],  # the same
    print_blob=True,
)
settings.register_profile("dev", _PATIENT, max_examples=30, stateful_step_count=20, derandomize=True)
settings.register_profile("ci", _PATIENT, max_examples=150, stateful_step_count=40, derandomize=True)
settings.register_profile("soak", _PATIENT, max_examples=2000, stateful_step_count=80)


def pytest_configure(config: pytest.Config) -> None:
    """Choose the counts, and forget what the developer's shell and `.env` say to a running bot."""
    settings.load_profile(os.environ.get(COUNTS, "dev"))
    for name in [name for name in os.environ if name.startswith(PREFIX) and name != COUNTS]:
        del os.environ[name]
    Settings.model_config["env_file"] = None


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of Debian's or the developer's Chromium; without one, CI fails and a person reads a skip."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    missing = "Chromium is not installed (Debian and Ubuntu: apt-get install chromium)"
    if os.environ.get("CI") == "true":
        pytest.fail(missing)
    pytest.skip(f"NOT TESTED: {missing}")
