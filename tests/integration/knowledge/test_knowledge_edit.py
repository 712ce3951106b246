"""A change touches the lines that it means, and is refused when the files would not pass with it."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain import EN, ES, PT, EntryId, Lang
from bot.knowledge.edit import add_question, save, set_answer, set_fact
from bot.knowledge.load import Refused, check, load

BASE = Path(__file__).parents[2] / "broken" / "_base"
PROSE = st.text(
    st.characters(
        categories=["L", "N", "P", "Zs"], include_characters="\n$+😀#:|-'\"", exclude_characters="{}[]"
    )
)


@pytest.fixture(scope="module")
def brand(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the sound brand that no test writes to."""
    return Path(shutil.copytree(BASE, tmp_path_factory.mktemp("edit") / "brand"))


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A copy of the sound brand to write to."""
    return Path(shutil.copytree(BASE, tmp_path / "brand"))


def changed_lines(before: str, after: str) -> tuple[list[str], list[str]]:
    """What went and what came: the stretch between the first and the last line that differ."""
    old, new = before.split("\n"), after.split("\n")
    while old and new and old[0] == new[0]:
        del old[0], new[0]
    while old and new and old[-1] == new[-1]:
        del old[-1], new[-1]
    return old, new


def test_a_wording_is_replaced_where_it_stands(brand: Path) -> None:
    path = brand / "faq/envios.yml"

    after = set_answer(path, "costo_envio", ES, 1, "Son {{ envio.precio }}.\n\n- en un día\n  - o dos")

    assert changed_lines(path.read_text(), after) == (
        [
            "        Enviamos por {{ envio.precio }}, {{ name }}.",
            "",
            "        Mira [el detalle](https://cafenube.example/envios).",
        ],
        ["        Son {{ envio.precio }}.", "", "        - en un día", "          - o dos"],
    )


def test_a_further_language_and_spanish_words_are_found(brand: Path) -> None:
    path = brand / "faq/tienda.yml"

    spanish = set_answer(path, "horario", ES, 0, "Abrimos siempre.")
    english = set_answer(path, "horario", EN, 0, "We are always open.")

    assert changed_lines(path.read_text(), spanish)[1] == ["      Abrimos siempre."]
    assert changed_lines(path.read_text(), english)[1] == ["        We are always open."]


def test_a_question_goes_to_the_end_of_its_kind(brand: Path) -> None:
    path = brand / "faq/envios.yml"

    after = add_question(path, "costo_envio", ES, " ¿Y el flete: cuánto? #urgente ")

    assert changed_lines(path.read_text(), after) == ([], ["      ¿Y el flete: cuánto? #urgente"])


def test_a_fact_changes_behind_its_colon(brand: Path) -> None:
    path = brand / "faq/facts.yml"

    after = set_fact(path, "envio.precio", "$4.500")
    english = set_fact(path, "envio.plazo", "one day", EN)

    assert changed_lines(path.read_text(), after) == (["  value: $3.990"], ["  value: $4.500"])
    assert changed_lines(path.read_text(), english)[1] == ["  en: one day"]


@pytest.mark.parametrize("value", ["'a'", "a: b", "a #b", "- a", "@nube", "{a}", "|", "*", "#1", "a:"])
def test_a_value_that_would_be_misread_goes_under_a_bar(value: str, brand: Path) -> None:
    path = brand / "faq/facts.yml"

    after = set_fact(path, "envio.precio", value)

    assert changed_lines(path.read_text(), after) == (["  value: $3.990"], ["  value: |", f"    {value}"])
    checked = check(brand, overlay={"faq/facts.yml": after.encode()})
    assert checked.knowledge is not None
    assert checked.knowledge.facts["envio.precio"].values[ES] == value


def test_a_note_beside_a_value_stays(own: Path) -> None:
    path = own / "faq/facts.yml"
    path.write_text(path.read_text().replace("value: $3.990", "value: $3.990   # desde mayo"))

    assert "  value: $4.500   # desde mayo\n" in set_fact(path, "envio.precio", "$4.500")
    assert "  value: |   # desde mayo\n    @nube\n" in set_fact(path, "envio.precio", "@nube")


def test_a_value_under_a_bar_stays_there(own: Path) -> None:
    path = own / "faq/facts.yml"
    save(path, set_fact(path, "envio.precio", "@nube"))

    assert "  value: |\n    $4.500\n" in set_fact(path, "envio.precio", "$4.500")


@pytest.mark.parametrize(
    ("entry", "lang", "index", "rule"),
    [
        ("costo_envios", ES, 0, "entrada-desconocida"),
        ("costo_envio", ES, 2, "sin-redaccion"),
        ("costo_envio", ES, -1, "sin-redaccion"),
        ("plazo_envio", ES, 1, "sin-redaccion"),
        ("plazo_envio", PT, 0, "sin-idioma"),
    ],
)
def test_what_is_not_there_cannot_be_changed(
    entry: str, lang: Lang, index: int, rule: str, brand: Path
) -> None:
    with pytest.raises(Refused) as refused:
        set_answer(brand / "faq/envios.yml", entry, lang, index, "Hola")

    assert [problem.rule.id for problem in refused.value.problems] == [rule]


def test_a_change_that_does_not_pass_is_refused(brand: Path) -> None:
    path = brand / "faq/envios.yml"
    for change, rule in (
        (lambda: set_answer(path, "plazo_envio", ES, 0, "En {{ envio.plaso }}"), "hecho-desconocido"),
        (lambda: set_answer(path, "plazo_envio", ES, 0, " \n"), "sin-texto"),
        (lambda: add_question(path, "plazo_envio", ES, "¿A qué hora abren?"), "pregunta-repetida"),
        (lambda: add_question(path, "plazo_envio", ES, "uno\ndos"), "una-linea"),
        (lambda: set_fact(brand / "faq/facts.yml", "envio.preco", "$1"), "hecho-desconocido"),
        (lambda: set_fact(brand / "faq/facts.yml", "envio.precio", ""), "una-linea"),
        (lambda: set_fact(brand / "faq/facts.yml", "envio.precio", "$1", EN), "falta-palabra"),
    ):
        with pytest.raises(Refused) as refused:
            change()
        assert rule in [problem.rule.id for problem in refused.value.problems]


def test_a_file_that_cannot_be_read_is_not_changed(own: Path) -> None:
    path = own / "faq/envios.yml"
    path.write_text(path.read_text().replace("title: Costo", "title: @Costo"))

    with pytest.raises(Refused):
        set_answer(path, "plazo_envio", ES, 0, "Hola")


@pytest.mark.parametrize(
    ("mark", "end", "last"), [("", "\r\n", "\r\n"), ("\ufeff", "\n", ""), ("", "\r\n", "")]
)
def test_line_ends_and_marks_stay_as_they_are(mark: str, end: str, last: str, own: Path) -> None:
    path = own / "faq/envios.yml"
    sound = mark + path.read_text().rstrip("\n").replace("\n", end) + last
    path.write_bytes(sound.encode())

    changed = set_answer(path, "plazo_envio", EN, 0, "It takes {{ envio.plazo }}, or\nless.")

    assert changed == sound.replace(
        "takes {{ envio.plazo }}." + last, "takes {{ envio.plazo }}, or" + end + "        less." + last
    )
    asked = add_question(path, "plazo_envio", EN, "is it fast?")
    assert asked == sound.replace("arrive?" + end, "arrive?" + end + "        is it fast?" + end)
    save(path, asked)
    assert path.read_bytes() == asked.encode()


def test_saving_leaves_the_mode_and_no_other_file(own: Path) -> None:
    path = own / "faq/facts.yml"
    path.chmod(0o640)
    before = sorted(path.parent.rglob("*"))

    save(path, set_fact(path, "envio.precio", "$4.500"))

    assert path.stat().st_mode & 0o777 == 0o640
    assert sorted(path.parent.rglob("*")) == before
    assert load(own).facts["envio.precio"].values[ES] == "$4.500"


@given(text=PROSE, end=st.sampled_from(["\n", "\r\n"]))
@settings(max_examples=60, deadline=None)
def test_any_text_is_refused_or_read_back_and_all_else_stays(text: str, end: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(shutil.copytree(BASE, Path(folder) / "brand"))
        path = root / "faq/tienda.yml"
        sound = path.read_text().replace("\n", end)
        path.write_bytes(sound.encode())
        try:
            changed = set_answer(path, "horario", ES, 0, text)
        except Refused:
            return
        checked = check(root, overlay={"faq/tienda.yml": changed.encode()})

    old = f"      Abrimos de lunes a sábado.{end}"
    start = sound.index(old)
    assert changed.startswith(sound[:start])
    assert changed.endswith(sound[start + len(old) :])
    assert checked.knowledge is not None
    written = "\n".join(row.rstrip() for row in text.strip().split("\n"))
    assert checked.knowledge.entries[EntryId("horario")].answers[ES][0].text == written


@given(value=PROSE)
@settings(max_examples=60, deadline=None)
def test_any_value_is_refused_or_read_back(value: str) -> None:
    path = BASE / "faq/facts.yml"
    try:
        changed = set_fact(path, "envio.precio", value)
    except Refused:
        return

    checked = check(BASE, overlay={"faq/facts.yml": changed.encode()})

    assert checked.knowledge is not None
    assert checked.knowledge.facts["envio.precio"].values[ES] == value.strip()
