"""What the line scan takes as it is written, where other readers would see numbers, dates and notes."""

from __future__ import annotations

import pytest

from bot.errors import Position
from bot.knowledge.node import Mapping, Scalar, Sequence
from bot.knowledge.read import read

FILE = """\
# Una nota al comienzo
topic: envios   # y una al lado
entries:

  costo_envio:
    questions: |
      ¿Cuánto cuesta: el envío?   # esto es texto
        más adentro

      - y "esto" también

    # una nota entre dos palabras
    answers:
    - |
      Primera
    - |
      Segunda
    vacía:
"""


def tree_of(text: str) -> Mapping:
    found = read("faq/envios.yml", text.encode())
    assert found.problems == ()
    return found.tree


def value_of(text: str) -> str:
    pair = tree_of(f"word: {text}\n").get("word")
    assert pair is not None
    assert isinstance(pair.value, Scalar)
    return pair.value.text


def test_words_stand_in_a_tree_with_their_places() -> None:
    tree = tree_of(FILE)

    topic, entries = tree.pairs
    assert (topic.key, topic.value) == ("topic", Scalar("envios", Position("faq/envios.yml", 2, 8)))
    assert isinstance(entries.value, Mapping)
    (costo,) = entries.value.pairs
    assert costo.at == Position("faq/envios.yml", 5, 3)
    assert isinstance(costo.value, Mapping)
    assert [pair.key for pair in costo.value.pairs] == ["questions", "answers", "vacía"]


def test_text_under_a_bar_is_kept_to_the_letter() -> None:
    costo = tree_of(FILE).pairs[1].value
    assert isinstance(costo, Mapping)
    assert isinstance(costo.pairs[0].value, Mapping)
    questions, answers, _ = costo.pairs[0].value.pairs

    assert isinstance(questions.value, Scalar)
    assert questions.value.text == (
        '¿Cuánto cuesta: el envío?   # esto es texto\n  más adentro\n\n- y "esto" también\n'
    )
    assert [(line.text, line.at.line, line.at.column) for line in questions.value.lines()] == [
        ("¿Cuánto cuesta: el envío?   # esto es texto", 7, 7),
        ("más adentro", 8, 9),
        ('- y "esto" también', 10, 7),
    ]
    assert isinstance(answers.value, Sequence)
    assert [item.trimmed().text for item in answers.value.items] == ["Primera", "Segunda"]


AS_WRITTEN = """
3.990 $3.990 +56912345678 007 0x1F 0o17 1e3 1_000 12:30:45 yes no on off true null ~ 2026-12-31 .inf
2026-12-31T10:00:00Z C# a:b -5 -x ?x :x 50% a|b a>b a,b é… 10–12 =
"""


@pytest.mark.parametrize("written", AS_WRITTEN.split())
def test_a_value_is_the_text_as_written(written: str) -> None:
    assert value_of(written) == written


@pytest.mark.parametrize("end", ["\r\n", "\n"])
@pytest.mark.parametrize("mark", ["\ufeff", ""])
def test_windows_files_read_the_same(mark: str, end: str) -> None:
    windows = read("faq/envios.yml", (mark + FILE.replace("\n", end)).encode())

    assert windows.problems == ()
    assert windows.tree == tree_of(FILE)


def test_a_file_may_lack_its_last_line_end() -> None:
    assert tree_of("answer: |\n  Hola").pairs[0].value == Scalar(
        "Hola\n", Position("faq/envios.yml", 2, 3), block=True
    )


def test_emoji_and_their_joiners_are_text() -> None:
    assert value_of("👩\u200d🌾 del campo ☕\ufe0f") == "👩\u200d🌾 del campo ☕\ufe0f"


def test_a_no_break_space_inside_a_text_is_good_typography() -> None:
    found = read("faq/envios.yml", "answer: |\n  Son 3\u00a0990 pesos\n".encode())

    assert found.problems == ()


def test_scanning_goes_on_after_every_stumble() -> None:
    text = 'a: "x"\nb: @y\nc: uno: dos\nd: ok\ne:x\n\tf: z\ng: |-\n  h\n'

    found = read("config/brand.yml", text.encode())

    assert [(problem.at.line, problem.rule.id) for problem in found.problems] == [
        (1, "comillas"),
        (2, "signo-inicial"),
        (3, "dos-puntos"),
        (5, "falta-espacio"),
        (6, "tabulador"),
        (7, "barra-sola"),
    ]
    assert found.tree.get("d") is not None
    assert found.tree.get("g") is not None
