"""What operators start from (systemd's unit, settings, figures, alerts), held against the project."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from ruamel.yaml import YAML

from bot.metrics import Link, Meter, Queues, Snapshot, render
from bot.settings import PREFIX, Settings

ROOT = Path(__file__).resolve().parents[2]
UNIT = ROOT / "docs" / "deploy" / "vocero.service"
EXAMPLE = ROOT / ".env.example"
KNOWN = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
LINE = re.compile(r"(?P<name>[A-Z]\w+)=(?P<value>.*)")


def directives() -> dict[str, dict[str, list[str]]]:
    """Section to directive to its values; each line has to be a comment, a section or a directive."""
    found: dict[str, dict[str, list[str]]] = {}
    section: dict[str, list[str]] = {}
    for line in UNIT.read_text("utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        if heading := re.fullmatch(r"\[(\w+)\]", line):
            section = found.setdefault(heading[1], {})
            continue
        directive = LINE.fullmatch(line)
        assert directive, line
        section.setdefault(directive["name"], []).append(directive["value"])
    return found


def test_the_unit_is_hardened() -> None:
    unit = directives()
    service = unit["Service"]
    assert unit.keys() == {"Unit", "Service", "Install"}
    yes = (
        "NoNewPrivileges ProtectHome PrivateTmp PrivateDevices ProtectClock ProtectHostname "
        "ProtectKernelLogs ProtectKernelModules ProtectKernelTunables ProtectControlGroups LockPersonality "
        "RestrictNamespaces RestrictRealtime RestrictSUIDSGID"
    )
    assert {name: service[name] for name in yes.split()} == {name: ["yes"] for name in yes.split()}
    assert service["ProtectSystem"] == ["strict"]
    assert service["CapabilityBoundingSet"] == service["AmbientCapabilities"] == [""]
    assert service["User"] == ["vocero"]
    assert "ReadWritePaths" not in service, "the state folder is all that it may write"


def test_the_unit_fits_the_program() -> None:
    service = directives()["Service"]
    given = dict(value.split("=", 1) for value in service["Environment"])
    assert {name for name in given if name.startswith(PREFIX)} <= KNOWN
    assert given["VOCERO_DATA"] == f"/var/lib/{service['StateDirectory'][0]}"
    assert service["ExecStart"] == [f"{service['WorkingDirectory'][0]}/.venv/bin/vocero run"]
    assert service["Type"] == ["notify"]
    assert int(service["TimeoutStopSec"][0]) > Settings.model_fields["drain_seconds"].default
    assert service["Restart"] == ["on-failure"]
    assert int(service["LimitNOFILE"][0]) >= 1024
    assert service["MemoryMax"] == ["1G"]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="NOT TESTED: systemd is not here")
def test_systemd_understands_the_unit_and_finds_it_tight(tmp_path: Path) -> None:
    text = UNIT.read_text("utf-8")
    copy = tmp_path / "vocero.service"  # with a program and a user that this machine has
    copy.write_text(
        re.sub(r"(?m)^(User|Group)=.*\n", "", re.sub(r"(?m)^ExecStart=.*", "ExecStart=/bin/true", text)),
        encoding="utf-8",
    )
    verified = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(copy)], capture_output=True, text=True, check=False
    )
    complaints = [line for line in verified.stderr.splitlines() if str(copy) in line or copy.name in line]
    assert complaints == []
    judged = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=30", str(copy)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert judged.returncode == 0, judged.stdout.splitlines()[-1:]


def examples() -> dict[str, tuple[str, list[str]]]:
    """Name to value and the comment above it, for each setting that the example shows."""
    found: dict[str, tuple[str, list[str]]] = {}
    comment: list[str] = []
    for line in EXAMPLE.read_text("utf-8").splitlines():
        if setting := re.fullmatch(r"#([A-Z_]+)=(.*)", line):
            found[setting[1]] = (setting[2], comment)
            comment = []
        elif line.startswith("# "):
            comment.append(line.removeprefix("# "))
        else:
            assert line in ("", "#"), f"{line}: everything in the example is switched off"
            comment = []
    return found


def test_the_example_says_of_each_setting_its_default_and_what_the_documents_say() -> None:
    spec = importlib.util.spec_from_file_location("env_example", ROOT / "scripts" / "env_example.py")
    assert spec
    assert spec.loader
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    text = EXAMPLE.read_text("utf-8")
    assert text == script.example(), "write it anew: python scripts/env_example.py"
    shown = examples()
    assert {name for name in shown if name.startswith(PREFIX)} == KNOWN
    for name in KNOWN:
        _, comment = shown[name]
        assert len(comment) == 2, name
        assert all(comment), name


def test_the_example_can_be_used_as_it_is(tmp_path: Path) -> None:
    """Copied, and every line switched on, it says what is so anyway."""
    env = tmp_path / ".env"
    env.write_text(re.sub(r"(?m)^#(?=VOCERO_)", "", EXAMPLE.read_text("utf-8")), encoding="utf-8")
    assert Settings(_env_file=env) == Settings(_env_file=None)  # type: ignore[call-arg]  # pydantic-settings' own


def test_other_names_are_those_of_the_compose_file() -> None:
    others = {name for name in examples() if not name.startswith(PREFIX)}
    assert others == {"COMPOSE_PROFILES", "POSTGRES_PASSWORD"}
    assert "POSTGRES_PASSWORD" in (ROOT / "docker-compose.yml").read_text("utf-8")


@pytest.fixture(scope="module")
def figures() -> dict[str, set[str]]:
    """Every figure that there is, and its labels."""
    meter = Meter()
    meter.heard("web", 1)
    meter.understood(0.1)
    meter.turned("web", "private", "answered", "", 0.1)
    meter.sent("web", "sent", 0.1)
    meter.reloaded("published", 1.0)
    queues = Queues({}, 0.0, 0, 0.0, 0, {"new": 0}, 0.0)
    further = {"vocero_disk_state": ("", 0.0)}
    now = Snapshot(
        *("1", "1", "1", 1, queues, [Link("web", "up", 1.0, heard_ago=1.0)], ["up"], 1, 1, 1),
        further=further,
    )
    found: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(render(meter, now)[0].decode()):
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


@pytest.mark.parametrize("page", ["operators.md", "operadores.md"])
def test_every_figure_is_told_with_its_labels(page: str, figures: dict[str, set[str]]) -> None:
    text = (ROOT / "docs" / page).read_text("utf-8")
    rows = re.findall(r"^\| `(vocero_\w+)` \| (.*?) \| ", text, re.MULTILINE)
    told = {name: set(re.findall(r"`(\w+)`", labels)) for name, labels in rows}
    parts = re.compile(r"_(bucket|sum|count)$")
    there = {parts.sub("", name): labels - {"le"} for name, labels in figures.items()}
    assert told == {name: labels for name, labels in there.items() if name.startswith("vocero_")}


def test_alerts_ask_for_figures_that_there_are(figures: dict[str, set[str]]) -> None:
    [group] = YAML(typ="safe").load((ROOT / "docs" / "deploy" / "alerts.yml").read_text("utf-8"))["groups"]
    assert len(group["rules"]) > 8
    for rule in group["rules"]:
        asked = set(re.findall(r"\b(?:vocero|process)_\w+", rule["expr"]))
        assert asked - figures.keys() == set(), rule["alert"]
        assert rule["annotations"]["summary"]
        for label in re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"]):
            assert all(label in figures[name] for name in asked), rule["alert"]
