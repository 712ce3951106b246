"""ask, chat and faq: what whoever edits the questions types all day."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.integration.cli.conftest import ROOT, Vocero


def test_help_comes_in_both_languages(vocero: Vocero) -> None:
    spanish, english = vocero("--help"), vocero("--lang", "en", "--help")

    assert spanish.returncode == english.returncode == 0
    assert spanish.stdout.startswith("Uso: vocero [OPCIONES] COMANDO")
    assert english.stdout.startswith("Usage: vocero [OPTIONS] COMMAND")
    for command in ("run", "demo", "staff-link", "init", "ask", "chat", "faq", "log", "db"):
        assert f"\n  {command} " in spanish.stdout
        assert f"\n  {command} " in english.stdout


@pytest.mark.parametrize(
    "command",
    ["run", "demo", "staff-link", "init", "ask", "chat", "faq check", "faq test", "log"]
    + [f"db {word}" for word in ("upgrade", "check", "backup", "restore")],
)
def test_each_command_explains_itself_without_a_word_of_the_other_language(
    vocero: Vocero, command: str
) -> None:
    told = vocero(*command.split(), "--help")

    assert told.returncode == 0
    assert told.stdout.startswith(f"Uso: vocero {command} [OPCIONES]")
    assert "Muestra esta ayuda" in told.stdout
    assert not {"Options:", "Usage:", "Show", "default"} & set(told.stdout.split())


def test_the_version_is_told(vocero: Vocero) -> None:
    told = vocero("--version")

    assert told.returncode == 0
    assert told.stdout.startswith("vocero ")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["aks"], "No existe el comando «aks». ¿Quisiste decir ask?"),
        (["ask"], "Falta TEXTO. Mira la ayuda: vocero ask --help"),
        (["ask", "hola", "--jsom"], "No existe la opción --jsom. ¿Quisiste decir --json?"),
        (["ask", "hola", "--lang", "fr"], "--lang: «fr» no sirve. Puede ser: es, en, pt."),
        (["ask", "hola", "chao"], "Sobra algo en esta línea de comandos."),
        (["log", "--case", "uno"], "El valor de --case NÚMERO no sirve."),
        (["log", "--since", "ayer"], "--since: «ayer» no es una fecha."),
        (["log", "--outcome", "bien"], "--outcome: «bien» no sirve. Puede ser: answered,"),
        (["faq", "check", "nada"], "No existe el archivo o la carpeta nada."),
        (["faq", "check", "--json", "--github"], "Usa --json o --github, no los dos."),
        (["faq", "test", "--only", "zzz"], "Ningún archivo de casos tiene «zzz» en su ruta."),
    ],
)
def test_a_slip_on_the_command_line_is_told_in_words(
    vocero: Vocero, arguments: list[str], complaint: str
) -> None:
    told = vocero(*arguments)

    assert told.returncode == 2
    assert told.stderr.startswith(f"Error: {complaint}")
    assert told.stdout == ""


@pytest.mark.parametrize("command", ["run", "demo", "chat", "ask hola", "faq test", "staff-link ana"])
def test_a_folder_without_a_brand_is_told_what_to_do(vocero: Vocero, command: str, tmp_path: Path) -> None:
    empty = tmp_path / "vacia"
    empty.mkdir()

    told = vocero(*command.split(), cwd=empty)

    assert told.returncode == 1
    assert "aquí no hay una carpeta faq" in told.stderr
    assert "vocero init" in told.stderr
    assert "Traceback" not in told.stderr


def test_ask_tells_the_answer_and_why(vocero: Vocero) -> None:
    told = vocero("ask", "cuánto vale el envío?")

    assert told.returncode == 0, told.stderr
    lines = told.stdout.splitlines()
    assert "$99" in lines[0]
    assert "Resultado: respondida" in lines
    assert "Entrada: costo_envio (faq/envios.yml:6)" in lines
    assert any("\tcosto_envio\tfaq/envios.yml:" in line for line in lines)


def test_ask_gives_the_same_to_programs(vocero: Vocero) -> None:
    document = json.loads(vocero("ask", "quiero hablar con una persona", "--json").stdout)

    assert document["outcome"] == "handed_off"
    assert document["reason"] == "asked_for_person"
    assert document["entry"] is None
    assert document["band"] == "sure"
    assert document["text"]
    assert document["knowledge"]


def test_chat_walks_the_whole_corridor(vocero: Vocero) -> None:
    told = vocero(
        "chat", stdin="hola\n1\n/porque\n/soy Beto\n/porque\nme das el correo?\n/why\n/salir\nno llega\n"
    )

    assert told.returncode == 0, told.stderr
    assert "Luz > ¡Hola, Ana!" in told.stdout
    assert "  1) Costo del envío" in told.stdout
    after_press = told.stdout.split("Ana > 1\n")[1]
    assert "$99" in after_press.split("Ana > /porque")[0]
    assert "Entrada: costo_envio (faq/envios.yml:6)\n" in after_press
    assert "Regla: button\n" in after_press
    assert "Beto > /porque\nEl bot todavía no ha decidido nada en esta conversación." in told.stdout
    beto = told.stdout.split("me das el correo?\n")[1]
    assert "hola@example.com" in beto
    assert "Preguntas más parecidas: contacto faq/tienda.yml:" in beto
    assert "no llega" not in told.stdout


def test_a_chat_leaves_nothing_behind_unless_it_is_told_where(
    vocero: Vocero, tmp_path: Path, models: Path
) -> None:
    vocero("chat", stdin="hola\n")
    assert not (models / "vocero.db").exists()

    kept = tmp_path / "guardada"
    vocero("chat", "--data", str(kept), "--as", "Carla", stdin="hola\n")

    rows = vocero("log", "--data", str(kept), "--format", "jsonl").stdout.splitlines()
    assert [json.loads(row)["author"] for row in rows] == ["member", "bot"]
    assert {json.loads(row)["contact"] for row in rows} == {"Carla"}


def test_check_says_that_all_is_well(vocero: Vocero) -> None:
    told = vocero("faq", "check")

    assert told.returncode == 0
    assert told.stdout.startswith("Todo en orden: 5 entradas, versión ")
    assert vocero("--lang", "en", "faq", "check").stdout.startswith("All is well: 5 entries, version ")


def test_check_says_what_to_mend_and_where(vocero: Vocero, brand: Path) -> None:
    topic = brand / "faq" / "envios.yml"
    topic.write_text(topic.read_text(encoding="utf-8").replace("{{ envio.precio }}", "{{ envio.preci }}"))

    told, other = vocero("faq", "check"), vocero("faq", "check", "faq/tienda.yml")
    as_json, github = vocero("faq", "check", "--json"), vocero("faq", "check", "--github")

    assert told.returncode == as_json.returncode == github.returncode == 1
    first = told.stdout.splitlines()[0]
    assert first.startswith("faq/envios.yml:")
    assert "envio.preci" in first
    problem = json.loads(as_json.stdout.splitlines()[0])
    assert (problem["file"], problem["level"]) == ("faq/envios.yml", "error")
    assert github.stdout.startswith("::error file=faq/envios.yml,line=")
    assert other.returncode == 0
    assert "Hay errores en otros archivos" in other.stdout


def test_no_command_works_with_files_that_do_not_pass(vocero: Vocero, brand: Path) -> None:
    (brand / "faq" / "facts.yml").write_text("envio.precio\n", encoding="utf-8")

    for command in (["ask", "hola"], ["chat"], ["faq", "test"], ["run"], ["staff-link", "ana"]):
        told = vocero(*command)
        assert told.returncode == 1, command
        assert "faq/facts.yml:1:" in told.stderr
        assert "vocero faq check" in told.stderr
        assert "Traceback" not in told.stderr


def test_learning_that_fails_is_told_in_words(vocero: Vocero, tmp_path: Path) -> None:
    """The training process finds a broken library, as after half an upgrade."""
    broken = tmp_path / "broken" / "scipy"
    broken.mkdir(parents=True)
    (broken / "__init__.py").write_text("raise ImportError('half installed')\n", encoding="utf-8")
    paths = os.pathsep.join([str(broken.parent), str(ROOT)])

    told = vocero("ask", "hola", VOCERO_DATA=str(tmp_path / "data"), PYTHONPATH=paths)

    assert told.returncode == 1
    assert told.stderr.startswith("Error: el bot no pudo aprender de las preguntas:")
    assert "Qué hacer:" in told.stderr
    assert "Traceback" not in told.stderr


def test_a_folder_that_cannot_be_is_told_in_words(vocero: Vocero, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "models").write_text("in the way", encoding="utf-8")

    told = vocero("ask", "hola", VOCERO_DATA=str(data))

    assert told.returncode == 1
    assert told.stderr.startswith(f"Error: {data / 'models'}")
    assert "Qué hacer: Revisa la ruta" in told.stderr
    assert "Traceback" not in told.stderr


def test_the_cases_are_tried_and_counted(vocero: Vocero) -> None:
    told = vocero("faq", "test")

    assert told.returncode == 0, told.stdout
    assert told.stdout.splitlines()[1] == "Con respuesta\t9\t9\t100.0 %\t100.0 %"
    assert "Aprobado." in told.stdout


def test_a_case_that_fails_is_told_with_its_line(vocero: Vocero, brand: Path) -> None:
    cases = brand / "faq" / "tests" / "malos.yml"
    cases.write_text("contacto: |\n  quiero hablar con una persona por favor\n", encoding="utf-8")

    told, quiet = (
        vocero("faq", "test", "--only", "malos"),
        vocero("faq", "test", "--only", "malos", "--quiet"),
    )
    lenient = vocero("faq", "test", "--only", "malos", "--min", "0")
    document = json.loads(vocero("faq", "test", "--only", "malos", "--json").stdout)

    assert told.returncode == quiet.returncode == 1
    assert lenient.returncode == 0
    assert told.stdout.startswith(
        "faq/tests/malos.yml:2: quiero hablar con una persona por favor"
        " -> se esperaba contacto, salió asked_for_person ("
    )
    assert "quiero hablar" not in quiet.stdout
    assert document["passes"] is False
    assert document["groups"] == {
        "in_scope": {"cases": 1, "right": 0, "right_percent": 0.0, "answered": 0, "answered_percent": 0.0}
    }
    assert document["failures"][0]["at"] == "faq/tests/malos.yml:2"
