"""The second reading: what the line scan takes must be what any other program reads in the file."""

from __future__ import annotations

import pytest

import bot.knowledge.read as reading
from bot.errors import Position
from bot.knowledge.node import Mapping, Pair, Scalar, Sequence
from bot.knowledge.read import read
from bot.knowledge.scan import Scan

AT = Position("faq/envios.yml", 1, 1)


def tree(*pairs: tuple[str, Scalar | Sequence | Mapping]) -> Mapping:
    return Mapping(tuple(Pair(key, AT, value) for key, value in pairs), AT)


@pytest.mark.parametrize(
    ("text", "scanned"),
    [
        ("a: b # c\n", tree(("a", Scalar("b # c", Position("faq/envios.yml", 1, 4))))),
        ("a: b\n", tree(("b", Scalar("b", AT)))),
        ("a: |\n  b\n   c\n", tree(("a", Scalar("b\nc\n", AT, block=True, rows=2)))),
        ("a:\n- |\n  b\n", tree(("a", Sequence((), AT)))),
        ("a: b\n", tree(("a", Sequence((Scalar("b", AT),), AT)))),
        ("", tree(("a", Scalar("b", AT)))),
    ],
)
def test_readings_that_part_are_told(text: str, scanned: Mapping, monkeypatch: pytest.MonkeyPatch) -> None:
    # Given a line scan that takes the file for something else
    monkeypatch.setattr(reading, "scan", lambda *_, **__: Scan(scanned, ()))

    found = read("faq/envios.yml", text.encode())

    assert [problem.rule.id for problem in found.problems] == ["se-lee-distinto"]


def test_what_no_other_program_can_read_is_told_with_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    # Given a line scan that stumbles over nothing
    monkeypatch.setattr(reading, "scan", lambda *_, **__: Scan(tree(), ()))

    found = read("faq/envios.yml", b"a: b\nc: 'd\n")

    assert [problem.render("en").partition(": ")[0] for problem in found.problems] == [
        "faq/envios.yml:3:1 no-se-entiende"
    ]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_another_encoding_is_told_and_read_all_the_same(encoding: str) -> None:
    found = read("faq/envios.yml", "title: Envíos\nteam: @x\n".encode(encoding))

    assert [problem.rule.id for problem in found.problems] == ["codificacion"], "the cause alone"
    title = found.tree.get("title")
    assert title is not None
    assert isinstance(title.value, Scalar)
    assert title.value.text == "Envíos"
