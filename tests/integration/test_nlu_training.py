"""Training in a child process, its cache, and what serving loads."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest

from nlu.embedded import load
from nlu.errors import ModelFileError, TrainingError
from nlu.model import Band, Example
from nlu.train import main, train, train_here, version_of
from tests.unit.nlu_faq import examples

QUESTIONS = [
    "cuanto sale el envio",
    "a que hora abren",
    "la capital de Mongolia",
    "quiero hablar con alguien",
]


def _names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def test_what_was_trained_is_loaded_and_understands(tmp_path: Path) -> None:
    folder = await train(examples(), tmp_path)
    engine = load(folder)

    understood = await engine.understand("hola, cuanto cuesta el envío?")

    assert (understood.intent, understood.band) == ("costo_envio", Band.SURE)
    assert engine.version == folder.name == version_of(examples(), 0)
    assert _names(tmp_path) == [folder.name], "the work folder is gone"


async def test_the_same_examples_are_not_trained_again(tmp_path: Path) -> None:
    folder = await train(examples(), tmp_path)
    before = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}

    again = await train(examples(), tmp_path)

    assert again == folder
    assert {path.name: path.stat().st_mtime_ns for path in again.iterdir()} == before


async def test_another_question_or_seed_makes_another_model(tmp_path: Path) -> None:
    more = (*examples(), Example("¿despachan los sábados?", "costo_envio", "es", "faq/x.yml:9"))

    assert len({version_of(examples(), 0), version_of(examples(), 1), version_of(more, 0)}) == 3


@pytest.mark.parametrize("damage", ["model.json", "arrays.npz", "sums.json"])
async def test_a_damaged_model_is_refused_and_trained_anew(tmp_path: Path, damage: str) -> None:
    folder = await train(examples(), tmp_path)
    (folder / damage).write_bytes((folder / damage).read_bytes()[:-9])

    with pytest.raises(ModelFileError, match="train again"):
        load(folder)
    assert load(await train(examples(), tmp_path)).interpret("a qué hora abren").intent == "horario"


async def test_two_trainings_at_once_end_in_one_model(tmp_path: Path) -> None:
    one, other = await asyncio.gather(train(examples(), tmp_path), train(examples(), tmp_path))

    assert one == other
    assert load(one).interpret("a qué hora abren").intent == "horario"


async def test_training_twice_gives_the_same_understanding(tmp_path: Path) -> None:
    one = load(await train(examples(), tmp_path / "one"))
    other = load(await train(examples(), tmp_path / "other"))

    assert [one.interpret(text) for text in QUESTIONS] == [other.interpret(text) for text in QUESTIONS]


async def test_a_model_read_from_disk_is_the_model_that_was_made(tmp_path: Path) -> None:
    from nlu.embedded import EmbeddedInterpreter
    from nlu.lexicon import load_lexicon

    saved = load(await train(examples(), tmp_path))
    made = EmbeddedInterpreter(train_here(examples(), saved.version), load_lexicon())

    for text in QUESTIONS:
        assert saved.interpret(text).intent == made.interpret(text).intent
        assert saved.interpret(text).confidence == pytest.approx(made.interpret(text).confidence, abs=1e-3)


async def test_nothing_to_learn_is_said(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="no examples"):
        await train([], tmp_path)


async def test_a_child_that_fails_is_an_error_and_leaves_nothing(tmp_path: Path) -> None:
    wordless = [Example("???", "horario", "es"), Example("...", "envio", "es")]

    with pytest.raises(TrainingError, match="no words"):
        await train(wordless, tmp_path)
    assert _names(tmp_path) == []


def test_the_command_trains_from_a_file(tmp_path: Path) -> None:
    document = {
        "examples": [{"text": one.text, "intent": one.intent, "lang": one.lang} for one in examples()]
    }
    (tmp_path / "examples.json").write_text(json.dumps(document), encoding="utf-8")

    assert main([str(tmp_path / "examples.json"), str(tmp_path / "out")]) == 0
    assert load(tmp_path / "out").interpret("a qué hora abren").intent == "horario"


async def test_serving_loads_nothing_heavier_than_numpy(tmp_path: Path) -> None:
    folder = await train(examples(), tmp_path)
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "import nlu.train\n"
        "from nlu.embedded import load\n"
        f"assert load(Path({str(folder)!r})).interpret('a que hora abren').intent == 'horario'\n"
        "heavy = {'sklearn', 'scipy', 'pandas', 'bot'} & {name.split('.')[0] for name in sys.modules}\n"
        "assert not heavy, heavy\n"
    )

    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
