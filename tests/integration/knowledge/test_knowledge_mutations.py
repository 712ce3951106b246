"""Whatever a slip of the hand does to a sound file, it is reported or the file still means what it says."""

from __future__ import annotations

import io
from datetime import date
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from bot.knowledge.load import check
from bot.knowledge.node import Mapping, Node, Scalar
from bot.knowledge.read import read

BASE = Path(__file__).parents[2] / "broken" / "_base"
FILES = ["faq/envios.yml", "faq/tienda.yml", "faq/facts.yml", "config/team.yml", "config/brand.yml"]
SLIPS = ["\t", " ", "  ", "\n", "#", " #", ":", ": ", "-", "- ", "|", ">", "'", '"', "{", "}", "{{", "[", "]"]
SLIPS += [
    "&",
    "*",
    "!",
    "%",
    "@",
    "`",
    "?",
    ",",
    "---\n",
    "\u00a0",
    "\u200b",
    "\ufeff",
    "\r",
    "\x85",
    "~",
    "\\",
    "ñ",
    "0",
]


@st.composite
def slips(draw: st.DrawFn) -> tuple[str, str]:
    """A file's name and its text after one to three slips."""
    path = draw(st.sampled_from(FILES))
    text = (BASE / path).read_text(encoding="utf-8")
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, len(text)))
        slip = draw(st.sampled_from(["insert", "delete", "line", "join", "shift"]))
        if slip == "insert":
            text = text[:place] + draw(st.sampled_from(SLIPS)) + text[place:]
        elif slip == "delete":
            text = text[:place] + text[place + draw(st.integers(1, 3)) :]
        else:
            start = text.rfind("\n", 0, place) + 1
            end = text.find("\n", start) + 1 or len(text)
            changed = {"line": "", "join": text[start:end].rstrip("\n"), "shift": " " + text[start:end]}[slip]
            text = text[:start] + changed + text[end:]
    return path, text


def plain(node: Node) -> object:
    """The tree as lists and strings, to hold against another reader's."""
    if isinstance(node, Scalar):
        return node.text.rstrip("\n")
    if isinstance(node, Mapping):
        return {pair.key: plain(pair.value) for pair in node.pairs}
    return [plain(item) for item in node.items]


def plain_of(value: object) -> object:
    """The same, of what the other reader gives."""
    if isinstance(value, dict):
        return {key: plain_of(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain_of(item) for item in value]
    return "" if value is None else str(value).rstrip("\n")


@given(slips())
@settings(max_examples=400, deadline=None)
def test_a_slip_is_reported_or_means_what_any_reader_reads(slipped: tuple[str, str]) -> None:
    path, text = slipped

    found = read(path, text.encode())

    if not found.problems:
        other = YAML(typ="base", pure=True).load(io.StringIO(text.removeprefix("\ufeff").replace("\r", "\n")))
        assert plain(found.tree) == plain_of(other)
    assert all(1 <= problem.at.line <= text.count("\n") + text.count("\r") + 1 for problem in found.problems)
    assert all(problem.render("es") != problem.render("en") for problem in found.problems)


@given(slips())
@settings(max_examples=150, deadline=None)
def test_no_slip_makes_the_check_raise(slipped: tuple[str, str]) -> None:
    path, text = slipped

    checked = check(BASE, today=date(2026, 6, 15), overlay={path: text.encode()})

    errors = [problem for problem in checked.problems if problem.level == "error"]
    assert (checked.knowledge is None) == bool(errors)
    for problem in checked.problems:
        assert problem.message("es")
        assert problem.message("en")


@given(st.binary(max_size=400))
def test_no_bytes_make_the_reader_raise(content: bytes) -> None:
    read("faq/envios.yml", content)
