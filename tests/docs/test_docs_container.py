"""The container files, held against the project as far as that can be done without an engine."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from bot.settings import PREFIX, Settings
from tests.fakes.house.inprocess import open_house

ROOT = Path(__file__).resolve().parents[2]
KNOWN = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
Step = tuple[str, str]


@pytest.fixture(scope="module")
def compose() -> Any:
    return YAML(typ="safe").load((ROOT / "docker-compose.yml").read_text("utf-8"))


@pytest.fixture(scope="module")
def services(compose: Any) -> Any:
    return compose["services"]


@pytest.fixture(scope="module")
def steps() -> list[Step]:
    """The Dockerfile's instructions, comments left out, long lines joined."""
    text = (ROOT / "Dockerfile").read_text("utf-8").replace("\\\n", " ")
    return [(found[1], found[2]) for found in re.finditer(r"^ *([A-Z]+) +(.+)$", text, re.MULTILINE)]


def last_stage(steps: list[Step]) -> list[Step]:
    begin = max(number for number, (name, _) in enumerate(steps) if name == "FROM")
    return steps[begin:]


def environment(steps: list[Step]) -> dict[str, str]:
    pairs = (pair for name, what in last_stage(steps) if name == "ENV" for pair in shlex.split(what))
    return dict(pair.split("=", 1) for pair in pairs)


# Every service


@pytest.mark.parametrize("name", ["vocero", "postgres", "caddy"])
def test_a_service_has_no_rights_that_it_does_not_need(services: Any, name: str) -> None:
    service = services[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service.get("cap_add", []) == (["NET_BIND_SERVICE"] if name == "caddy" else [])
    assert any(str(mount).startswith("/tmp") for mount in service["tmpfs"])
    assert re.fullmatch(r"\d+[mg]", service["mem_limit"])
    assert service["restart"] == "unless-stopped"
    assert service["logging"]["options"].keys() == {"max-size", "max-file"}, "logs must not fill the disk"
    for forbidden in ("privileged", "network_mode", "pid", "devices", "userns_mode"):
        assert forbidden not in service


def test_nothing_mounts_the_engine_or_the_system(services: Any, compose: Any) -> None:
    for service in services.values():
        for volume in service["volumes"]:
            source, _, rest = volume.partition(":")
            assert source in compose["volumes"] or source.startswith("./"), volume
            if source.startswith("./"):
                assert rest.endswith(":ro"), volume
                assert (ROOT / source).exists(), volume


def test_profiles_add_what_nobody_needs_by_default(services: Any) -> None:
    assert {name: service.get("profiles") for name, service in services.items()} == {
        "vocero": None,
        "postgres": ["postgres"],
        "caddy": ["https"],
    }
    assert services["vocero"]["depends_on"]["postgres"] == {
        "condition": "service_healthy",
        "required": False,
    }


def test_images_are_pinned_to_a_version(services: Any, steps: list[Step]) -> None:
    images = [service["image"] for service in services.values()]
    images += [what.split()[0] for name, what in steps if name == "FROM"]
    for image in images:
        tag = image.partition(":")[2]
        assert tag, image
        assert tag != "latest", image


def test_only_caddy_is_open_to_the_world(services: Any) -> None:
    port = services["vocero"]["environment"]["VOCERO_WEB_PORT"]
    assert services["vocero"]["ports"] == [f"127.0.0.1:{port}:{port}"]
    assert "ports" not in services["postgres"]
    assert services["caddy"]["ports"] == ["80:80", "443:443", "443:443/udp"]


# The bot


def test_settings_are_known(services: Any, steps: list[Step]) -> None:
    assert set(services["vocero"]["environment"]) <= KNOWN
    assert {name for name in environment(steps) if name.startswith(PREFIX)} <= KNOWN
    assert set(services["caddy"]["environment"]) <= KNOWN


def test_it_may_take_one_cpu_and_one_gigabyte(services: Any) -> None:
    service = services["vocero"]
    assert (service["cpus"], service["mem_limit"]) == (1.0, "1g")


def test_it_is_the_user_without_rights(services: Any, steps: list[Step]) -> None:
    stage = last_stage(steps)
    names = [name for name, _ in stage]
    user = dict(stage)["USER"]
    assert user == services["vocero"]["user"] == "10001:10001"
    assert f"--uid {user.partition(':')[0]}" in dict(stage)["RUN"]
    assert names.index("USER") > max(index for index, name in enumerate(names) if name == "RUN")


def test_members_data_is_in_a_volume_and_the_brands_files_cannot_be_written(
    services: Any, compose: Any, steps: list[Step]
) -> None:
    workdir = dict(last_stage(steps))["WORKDIR"]
    mounted = [volume.split(":") for volume in services["vocero"]["volumes"]]
    assert mounted == [
        ["./faq", f"{workdir}/faq", "ro"],
        ["./config", f"{workdir}/config", "ro"],
        ["data", f"{workdir}/data"],
    ]
    assert json.loads(dict(steps)["VOLUME"]) == [f"{workdir}/data"]
    assert set(compose["volumes"]) == {"data", "postgres", "caddy"}


def test_stopping_takes_no_longer_than_is_granted(services: Any) -> None:
    grace = int(services["vocero"]["stop_grace_period"].removesuffix("s"))
    assert grace > Settings.model_fields["drain_seconds"].default


# The profiles


def test_caddy_is_the_proxy_that_is_believed(services: Any, compose: Any) -> None:
    address = services["caddy"]["networks"]["inside"]["ipv4_address"]
    [network] = compose["networks"]["inside"]["ipam"]["config"]
    assert services["vocero"]["environment"]["VOCERO_WEB_PROXIES"] == address
    assert ip_address(address) in ip_network(network["subnet"])
    assert ip_network(network["subnet"]).is_private


def test_the_caddyfile_passes_everything_to_the_bot(services: Any) -> None:
    text = (ROOT / "docs" / "deploy" / "Caddyfile").read_text("utf-8")
    directives = re.sub(r"#.*", "", text)
    assert directives.count("{") == directives.count("}")
    port = services["vocero"]["environment"]["VOCERO_WEB_PORT"]
    assert f"reverse_proxy vocero:{port}\n" in text
    assert "{$VOCERO_WEB_PUBLIC_URL:" in text
    assert "trusted_proxies" not in directives, "what browsers claim of X-Forwarded-For must be replaced"
    assert "respond /metrics 404" in text


def test_the_database_of_the_profile_can_be_named(services: Any) -> None:
    given = services["postgres"]["environment"]
    address = f"postgresql://{given['POSTGRES_USER']}:PASSWORD@postgres/{given['POSTGRES_DB']}"
    assert address in (ROOT / ".env.example").read_text("utf-8")
    check = services["postgres"]["healthcheck"]["test"]
    assert check[:2] == ["CMD", "pg_isready"]
    assert f"--dbname={given['POSTGRES_DB']}" in check


# The image


def test_what_is_copied_exists_and_is_let_through(steps: list[Step]) -> None:
    let_through = re.findall(r"^!(\S+)$", (ROOT / ".dockerignore").read_text("utf-8"), re.MULTILINE)
    copied = [what for name, what in steps if name == "COPY" and not what.startswith("--from=")]
    assert len(copied) >= 3
    for source in (source for what in copied for source in what.split()[:-1]):
        assert (ROOT / source).exists(), source
        assert source in let_through, source


def test_the_image_is_installed_from_the_lock(steps: list[Step]) -> None:
    installs = [what for name, what in steps if name == "RUN" and "pip install" in what]
    assert "--require-hashes -r requirements.lock" in installs[0]
    assert all("--no-deps --no-build-isolation" in each for each in installs[1:])
    assert not any("pip" in what for name, what in last_stage(steps) if name == "RUN")


async def test_the_health_check_holds_of_a_running_bot_and_fails_without(
    steps: list[Step], tmp_path: Path
) -> None:
    line = dict(last_stage(steps))["HEALTHCHECK"]
    command = json.loads(line.partition("CMD ")[2])
    assert command[0] == "python"

    async def check(port: int) -> int:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *command[1:],
            env=os.environ | {"VOCERO_WEB_PORT": str(port)},
            stderr=asyncio.subprocess.DEVNULL,
        )
        return await process.wait()

    async with open_house(tmp_path, web=True) as house:
        port = int(house.bot.web_address.rpartition(":")[2])
        assert await check(port) == 0
    assert await check(port) == 1


@pytest.fixture
def image(steps: list[Step], tmp_path: Path) -> Path:
    """What the build would have: only what is copied, installed as the Dockerfile installs it."""
    build, venv = tmp_path / "build", tmp_path / "site"
    build.mkdir()
    for what in (what for name, what in steps if name == "COPY" and not what.startswith("--from=")):
        *sources, target = what.split()
        for source in sources:
            path = ROOT / source
            if path.is_dir():
                shutil.copytree(path, build / target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy2(path, build / target)
    install = ("install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--target", str(venv))
    subprocess.run([sys.executable, "-m", "pip", *install, "."], cwd=build, check=True, timeout=300)
    return venv


@pytest.mark.slow
async def test_the_installed_command_runs_with_the_images_environment(
    image: Path, steps: list[Step], tmp_path: Path
) -> None:
    """Everything that the program needs besides code (texts, templates, styles, word lists) came along."""
    instance = tmp_path / "instance"
    for name in ("faq", "config"):
        shutil.copytree(ROOT / name, instance / name)
    assert json.loads(dict(steps)["CMD"]) == ["vocero", "run"]
    given = environment(steps) | {"VOCERO_WEB_PORT": "0", "VOCERO_LANG": "en", "PATH": os.environ["PATH"]}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "bot", "run"),
        cwd=instance,
        env={name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
        | given
        | {"PYTHONPATH": str(image)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert process.stdout
    said = b""
    try:
        async with asyncio.timeout(120):
            while b"To stop it" not in said:
                line = await process.stdout.readline()
                assert line, said.decode()
                said += line
            process.terminate()
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert not (instance / "bot").exists()
    assert (instance / "data" / "vocero.db").exists()
