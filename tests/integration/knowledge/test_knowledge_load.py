"""The sound brand as the house knows it, and what only a whole folder can get wrong."""

from __future__ import annotations

import shutil
from datetime import date, time
from pathlib import Path

import pytest
import time_machine

from bot.domain import EN, ES, EntryId
from bot.knowledge.compile import examples
from bot.knowledge.load import Refused, check, load
from bot.knowledge.model import Address, Autonomy, Emoji, Person, Publish, Span
from bot.knowledge.problem import Problem
from nlu.model import Example

BASE = Path(__file__).parents[2] / "broken" / "_base"
TODAY = date(2026, 6, 15)


@pytest.fixture
def brand(tmp_path: Path) -> Path:
    """A copy of the sound brand."""
    return Path(shutil.copytree(BASE, tmp_path / "brand"))


def rules(problems: tuple[Problem, ...]) -> list[tuple[str, str]]:
    return [(problem.at.path, problem.rule.id) for problem in problems]


def test_an_entry_has_all_that_its_file_says() -> None:
    knowledge = load(BASE, today=TODAY)

    entry = knowledge.entries[EntryId("costo_envio")]
    assert (entry.topic, entry.team) == ("envios", "tienda")
    assert str(entry.at) == "faq/envios.yml:7:3"
    assert entry.titles == {ES: "Costo del envío", EN: "Shipping cost"}
    assert [text.text for text in entry.questions[ES]] == ["¿Cuánto cuesta el envío?", "precio del despacho"]
    assert [text.text for text in entry.answers[ES]] == [
        "El envío cuesta {{ envio.precio }}.",
        "Enviamos por {{ envio.precio }}, {{ name }}.\n\nMira [el detalle](https://cafenube.example/envios).",
    ]
    assert str(entry.answers[ES][1].at) == "faq/envios.yml:16:9"
    assert entry.related == ("plazo_envio",)
    assert (entry.person, entry.autonomy) == (Person.OFFER, Autonomy.PUBLIC)
    assert (entry.valid_from, entry.valid_until) == (None, date(2026, 12, 31))


def test_spanish_words_say_the_same_as_english_ones() -> None:
    knowledge = load(BASE, today=TODAY)

    entry = knowledge.entries[EntryId("horario")]
    assert entry.titles == {ES: "Horario", EN: "Opening hours"}
    assert entry.answers[ES][0].text == "Abrimos de lunes a sábado."
    assert entry.image is not None
    assert entry.image.file == BASE / "faq/images/local.png"
    assert entry.image.alt == {ES: "La puerta del café", EN: "The door of the café"}
    assert entry.image.license == "CC0"
    assert knowledge.topics["tienda"] == {ES: "Tienda", EN: "Shop"}


def test_facts_brand_and_staff_are_there() -> None:
    knowledge = load(BASE, today=TODAY)

    assert knowledge.facts["envio.precio"].values == {ES: "$3.990"}
    assert knowledge.facts["envio.plazo"].values == {ES: "2 a 4 días hábiles", EN: "2 to 4 working days"}
    assert knowledge.facts["envio.precio"].expires == date(2026, 12, 31)
    brand = knowledge.brand
    assert (brand.name, brand.languages, brand.fictitious) == ("Café Nube", (ES, EN), False)
    assert (brand.voice.address, brand.voice.emoji, brand.publish) == (Address.TU, Emoji.FEW, Publish.ON_SAVE)
    assert brand.menu == ("costo_envio", "plazo_envio", "horario")
    assert str(brand.timezone) == "America/Santiago"
    staff = knowledge.staff
    assert staff.people["rosa"].role == "supervisor"
    assert staff.teams["tienda"].titles == {ES: "Tienda", EN: "Shop"}
    assert staff.hours[0] == (Span(time(9), time(18)),)
    assert staff.hours[1] == ()
    assert staff.holidays == {date(2026, 12, 25)}
    assert knowledge.texts == {"welcome": {ES: ("Hola, {{ name }}. Soy {{ assistant }}, de {{ brand }}.",)}}


def test_cases_are_kept_with_what_they_expect() -> None:
    knowledge = load(BASE, today=TODAY)

    assert [(case.text, case.expected, str(case.at)) for case in knowledge.cases] == [
        ("cuanto sale el envio??", "costo_envio", "faq/tests/envios.yml:2:3"),
        ("quiero hablar con alguien", "_person", "faq/tests/envios.yml:4:3"),
        ("cuál es la capital de Mongolia", "_nothing", "faq/tests/envios.yml:6:3"),
    ]


def test_every_question_becomes_an_example_that_knows_its_line() -> None:
    found = examples(load(BASE, today=TODAY))

    assert found[:3] == (
        Example("¿Cuánto cuesta el envío?", "costo_envio", "es", "faq/envios.yml:10"),
        Example("precio del despacho", "costo_envio", "es", "faq/envios.yml:11"),
        Example("how much is shipping?", "costo_envio", "en", "faq/envios.yml:26"),
    )
    assert len(found) == 7


def test_the_version_is_that_of_the_content_and_of_nothing_else(brand: Path, tmp_path: Path) -> None:
    version = check(brand, today=TODAY).version
    assert len(version) == 12

    # When the same files lie elsewhere, were touched, or lie beside what doesn't count
    other = Path(shutil.copytree(brand, tmp_path / "other"))
    (other / "faq/envios.yml").touch()
    (other / "faq/envios.yml~").write_text("copia")
    (other / "faq/.envios.yml.swp").write_text("copia")
    (other / "faq/images/LICENSES.md").write_text("CC0")
    assert check(other, today=TODAY).version == version

    # Then only what is read makes another version: a file, and a picture
    (other / "faq/facts.yml").write_bytes((other / "faq/facts.yml").read_bytes() + b"# nota\n")
    changed = check(other, today=TODAY).version
    assert changed != version
    (other / "faq/images/local.png").write_bytes((other / "faq/images/local.png").read_bytes() + b"\0")
    assert check(other, today=TODAY).version not in (version, changed)


@pytest.mark.parametrize("path", ["config/brand.yml", "config/team.yml"])
def test_a_missing_file_is_named(path: str, brand: Path) -> None:
    (brand / path).unlink()

    checked = check(brand, today=TODAY)

    assert rules(checked.problems) == [(path, "falta-archivo")]


def test_an_empty_folder_is_told_what_it_lacks(tmp_path: Path) -> None:
    checked = check(tmp_path, today=TODAY)

    assert checked.knowledge is None
    assert rules(checked.problems) == [
        ("config/brand.yml", "falta-archivo"),
        ("config/team.yml", "falta-archivo"),
        ("faq/", "sin-temas"),
    ]


def test_a_picture_may_have_ten_megabytes(brand: Path) -> None:
    picture = brand / "faq/images/local.png"
    sound = picture.read_bytes()

    picture.write_bytes(sound.ljust(10 * 1024 * 1024, b"\0"))
    assert check(brand, today=TODAY).problems == ()
    picture.write_bytes(sound.ljust(10 * 1024 * 1024 + 1, b"\0"))
    assert rules(check(brand, today=TODAY).problems) == [("faq/tienda.yml", "imagen-grande")]


def test_what_cannot_be_opened_is_told(brand: Path) -> None:
    (brand / "faq/cafe.yml").symlink_to(brand / "faq/cafe.yml.d")
    (brand / "faq/cafe.yml.d").symlink_to(brand / "faq/cafe.yml")  # a link that leads to itself
    (brand / "faq/tests/lost.yml").symlink_to(brand / "nowhere.yml")

    checked = check(brand, today=TODAY)

    assert set(rules(checked.problems)) == {
        ("faq/cafe.yml", "no-se-lee"),
        ("faq/tests/lost.yml", "no-se-lee"),
    }


def test_a_picture_outside_of_the_folder_is_not_read_through_a_link(brand: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.png"
    shutil.move(brand / "faq/images/local.png", secret)
    (brand / "faq/images/local.png").symlink_to(secret)

    checked = check(brand, today=TODAY)

    assert rules(checked.problems) == [("faq/tienda.yml", "imagen-fuera")]


def test_a_fact_expires_by_the_brands_own_calendar() -> None:
    # 02:00 UTC of the new year is still the last day of the old one in Santiago
    with time_machine.travel("2027-01-01T02:00:00Z", tick=False):
        assert check(BASE).problems == ()
    with time_machine.travel("2027-01-01T04:00:00Z", tick=False):
        assert [rule for _, rule in rules(check(BASE).problems)] == ["entrada-vencida", "hecho-vencido"]


def test_an_overlay_tries_a_change_that_nobody_saved(brand: Path) -> None:
    checked = check(brand, today=TODAY, overlay={"faq/facts.yml": b""})

    assert rules(checked.problems) == [("faq/facts.yml", "archivo-vacio")]
    assert check(brand, today=TODAY).problems == ()


def test_files_with_errors_are_refused_with_all_of_them(brand: Path) -> None:
    (brand / "config/brand.yml").unlink()
    (brand / "faq/facts.yml").write_bytes(b"")

    with pytest.raises(Refused) as refused:
        load(brand, today=TODAY)

    assert rules(refused.value.problems) == [
        ("config/brand.yml", "falta-archivo"),
        ("faq/facts.yml", "archivo-vacio"),
    ]
    assert "faq/facts.yml:1:1 archivo-vacio" in refused.value.remedy
