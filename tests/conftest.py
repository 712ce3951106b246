"""What every test stands on: how many examples are tried, a clean environment, and the browser."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from functools import cache

import pytest
import structlog
from hypothesis import HealthCheck, settings

from bot.settings import PREFIX, Settings
from tests.fakes.databases import BOTH, SERVER, Server, databases

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


_SERVER = pytest.StashKey[str]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--database postgresql` runs the same tests on a server."""
    parser.addoption("--database", choices=BOTH, default="sqlite", help="what the tests keep their rows in")


def pytest_configure(config: pytest.Config) -> None:
    """Choose the counts, and forget what the developer's shell and `.env` say to a running bot."""
    settings.load_profile(os.environ.get(COUNTS, "dev"))
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
        ]
    )
    config.stash[_SERVER] = os.environ.get(SERVER, "")
    for name in [name for name in os.environ if name.startswith(PREFIX) and name != COUNTS]:
        del os.environ[name]
    Settings.model_config["env_file"] = None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is about SQLite's file where the tests are to run on a server."""
    if config.getoption("--database") == "sqlite":
        return
    left_out = [item for item in items if item.get_closest_marker("sqlite") or _is_for(item, "sqlite")]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in set(left_out)]


def _is_for(item: pytest.Item, database: str) -> bool:
    """Whether a test is parametrised to run on this database."""
    call = getattr(item, "callspec", None)
    return call is not None and call.params.get("database") == database


@pytest.fixture(scope="session")
def postgres_server(request: pytest.FixtureRequest) -> Iterator[Callable[[], Server]]:
    """Gives the server, started for the first who asks; without one, CI fails and a person reads a skip."""
    started: list[Server] = []

    @cache
    def server() -> Server:
        try:
            started.append(Server(request.config.stash[_SERVER]))
        except Exception as error:  # whatever keeps it from starting
            missing = f"there is no PostgreSQL to test on: {error!r}"
            if os.environ.get("CI") == "true":
                pytest.fail(missing)
            pytest.skip(f"NOT TESTED: {missing}")
        return started[0]

    yield server
    for one in started:
        one.close()


@pytest.fixture(autouse=True)
def database(request: pytest.FixtureRequest, postgres_server: Callable[[], Server]) -> Iterator[str]:
    """Which database a test runs on: what it is parametrised with (`on_both`), else `--database`."""
    kind = getattr(request, "param", None) or request.config.getoption("--database")
    with databases.chosen(kind, postgres_server):
        yield kind


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
