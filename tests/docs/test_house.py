"""The rules of the house that no other tool checks; `make check` runs them."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
REGISTRIES = ("pypi", "pythonhosted", "npmjs", "jsdelivr", "unpkg", "cdnjs", "huggingface", "proxy.golang")
MACHINE = re.compile(r"(?<![\w.~}-])/(?:root|home|work|opt|Users|mnt)/\w")
INVENTED = {("tests/unit/test_telegram_parse.py", "/home/a")}  # what a member wrote, not where a file is
NAMELESS = {"utils", "util", "helpers", "helper", "manager", "misc", "common", "stuff"}


def _files() -> list[Path]:
    """Files of the project that are, or are about to be, under git."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout.decode()
    return [path for name in listed.split("\0") if name and (path := ROOT / name).is_file()]


def _texts() -> list[tuple[str, str]]:
    found = []
    for path in _files():
        if path == Path(__file__):
            continue
        try:
            found.append((path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")))
        except UnicodeDecodeError:
            continue  # a picture, or a file that is broken on purpose
    return found


@pytest.fixture(scope="module")
def texts() -> list[tuple[str, str]]:
    return _texts()


def test_no_file_names_a_package_registry(texts: list[tuple[str, str]]) -> None:
    # An instance may only reach a mirror: pip's own configuration says where packages come from.
    hosts = re.compile(rf"\b(?:{'|'.join(REGISTRIES)})\.(?:org|com|co|net|io)\b")
    assert [(name, hit.group()) for name, text in texts for hit in hosts.finditer(text)] == []


def test_no_file_names_a_path_of_somebodys_machine(texts: list[tuple[str, str]]) -> None:
    found = {(name, hit.group()) for name, text in texts for hit in MACHINE.finditer(text)}
    assert found - INVENTED == set()


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_each_locked_package_has_a_version_and_hashes(lock: str) -> None:
    blocks = re.split(r"\n(?=\S)", (ROOT / lock).read_text(encoding="utf-8").strip())
    assert len(blocks) > 20
    for block in blocks:
        head, *hashes = [line.strip().removesuffix("\\").strip() for line in block.splitlines()]
        assert re.fullmatch(r"[a-z0-9-]+==[\w.]+(?: ; .+)?", head), head
        assert hashes, head
        assert all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", each) for each in hashes), head


def test_the_locks_hold_what_the_project_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    asked = {
        "requirements.lock": project["project"]["dependencies"] + project["dependency-groups"]["build"],
        "requirements-dev.lock": project["project"]["dependencies"]
        + project["project"]["optional-dependencies"]["dev"],
    }
    for lock, wanted in asked.items():
        held = set(re.findall(r"^([a-z0-9-]+)==", (ROOT / lock).read_text(encoding="utf-8"), re.MULTILINE))
        names = {re.split(r"[\[<>=! ;]", each, maxsplit=1)[0].lower().replace(".", "-") for each in wanted}
        assert names <= held, f"{lock}: run `make lock`"


def test_the_development_lock_agrees_with_the_other() -> None:
    pins = [
        set(re.findall(r"^\S+==.*?(?= \\)", (ROOT / lock).read_text(encoding="utf-8"), re.MULTILINE))
        for lock in ("requirements.lock", "requirements-dev.lock")
    ]
    assert pins[0] <= pins[1]


def test_a_module_is_named_for_what_it_is() -> None:
    named = [path.relative_to(ROOT) for path in _files() if path.suffix == ".py"]
    assert [str(path) for path in named if {*path.parent.parts, path.stem} & NAMELESS] == []


def test_each_news_fragment_says_what_sort_of_news_it_is() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    sorts = "|".join(sort["directory"] for sort in project["tool"]["towncrier"]["type"])
    names = [path.name for path in (ROOT / "changelog").iterdir() if path.name != ".gitignore"]
    assert [name for name in names if not re.fullmatch(rf"\+[a-z0-9-]+\.({sorts})\.md", name)] == []
