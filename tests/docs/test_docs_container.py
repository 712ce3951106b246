"""The container files, held against the project as far as that can be done without an engine."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from bot.settings import PREFIX, Settings

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def service() -> Any:
    return YAML(typ="safe").load((ROOT / "docker-compose.yml").read_text("utf-8"))["services"]["vocero"]


@pytest.fixture(scope="module")
def steps() -> list[tuple[str, str]]:
    joined = (ROOT / "Dockerfile").read_text("utf-8").replace("\\\n", " ")
    return [(found[1], found[2]) for found in re.finditer(r"^([A-Z]+) +(.+)$", joined, re.MULTILINE)]


def test_the_container_works_as_a_user_without_rights(service: Any, steps: list[tuple[str, str]]) -> None:
    names = [name for name, _ in steps]
    assert dict(steps)["USER"] == "vocero"
    assert names.index("USER") > max(index for index, name in enumerate(names) if name == "RUN")
    assert service["cap_drop"] == ["ALL"]
    assert service["read_only"] is True


def test_what_is_copied_exists_and_is_let_through(steps: list[tuple[str, str]]) -> None:
    let_through = re.findall(r"^!(\S+)$", (ROOT / ".dockerignore").read_text("utf-8"), re.MULTILINE)
    for _, what in (step for step in steps if step[0] == "COPY"):
        for source in what.split()[:-1]:
            assert (ROOT / source).exists(), source
            assert source in let_through, source


def test_the_image_is_installed_from_the_lock(steps: list[tuple[str, str]]) -> None:
    installs = [what for name, what in steps if name == "RUN" and "pip install" in what]
    assert "--require-hashes -r requirements.lock" in installs[0]
    assert all("--no-deps --no-build-isolation" in each for each in installs[1:])


def test_it_runs_the_command_that_there_is(steps: list[tuple[str, str]]) -> None:
    assert dict(steps)["CMD"] == '["vocero", "run"]'
    assert "/health/ready" in dict(steps)["HEALTHCHECK"] + "".join(what for _, what in steps)


def test_settings_are_known_and_the_port_is_for_this_machine_only(service: Any) -> None:
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    assert set(service["environment"]) <= known
    port = service["environment"]["VOCERO_WEB_PORT"]
    assert service["ports"] == [f"127.0.0.1:{port}:{port}"]


def test_members_data_is_in_a_volume_and_the_brands_files_cannot_be_written(service: Any) -> None:
    volumes = dict(reversed(volume.removesuffix(":ro").split(":")) for volume in service["volumes"])
    workdir = "/srv/vocero"
    assert volumes == {f"{workdir}/faq": "./faq", f"{workdir}/config": "./config", f"{workdir}/data": "data"}
    assert [v for v in service["volumes"] if v.endswith(":ro")] == [
        f"./{name}:{workdir}/{name}:ro" for name in ("faq", "config")
    ]
