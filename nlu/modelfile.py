"""A trained model on disk: `model.json` and `arrays.npz`, no pickle, with sums that show damage."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nlu.concepts import Concepts
from nlu.errors import ModelFileError
from nlu.evidence import Judge, WordUse
from nlu.features import Vocabulary
from nlu.kernel import KernelModel
from nlu.language import LanguageModel
from nlu.model import Example

_MODEL, _ARRAYS, _SUMS = "model.json", "arrays.npz", "sums.json"


@dataclass(frozen=True, slots=True)
class Model:
    """All that serving needs; `examples` and `cores` stand in the order of the kernel's rows."""

    version: str
    intents: tuple[str, ...]
    examples: tuple[Example, ...]
    cores: tuple[tuple[str, ...], ...]
    vocabulary: Vocabulary
    kernel: KernelModel
    use: WordUse
    judge: Judge
    language: LanguageModel
    sure: float
    unsure: float


def write_model(model: Model, folder: Path) -> None:
    """Write the model into an existing empty folder."""
    document = {
        "version": model.version,
        "intents": model.intents,
        "examples": [asdict(example) for example in model.examples],
        "cores": [" ".join(core) for core in model.cores],
        "features": sorted(model.vocabulary.index, key=model.vocabulary.index.__getitem__),
        "rarest": model.vocabulary.rarest,
        "function_words": sorted(model.vocabulary.function_words),
        "names": sorted(model.use.names, key=model.use.names.__getitem__),
        "judge": asdict(model.judge),
        "language": {"words": dict(model.language.words), "letters": dict(model.language.letters)},
        "sure": model.sure,
        "unsure": model.unsure,
    }
    (folder / _MODEL).write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    np.savez(
        folder / _ARRAYS,
        rarity=np.array(model.vocabulary.rarity, dtype=np.float32),
        starts=model.kernel.starts,
        rows=model.kernel.rows,
        values=model.kernel.values,
        weights=model.kernel.weights,
        owners=model.kernel.owners,
        counts=model.use.counts,
    )
    sums = {name: _sum(folder / name) for name in (_MODEL, _ARRAYS)}
    (folder / _SUMS).write_text(json.dumps(sums), encoding="utf-8")


def is_whole(folder: Path) -> bool:
    """Whether the folder holds a model whose files are as they were written."""
    try:
        sums = json.loads((folder / _SUMS).read_text(encoding="utf-8"))
        return set(sums) == {_MODEL, _ARRAYS} and all(
            _sum(folder / name) == value for name, value in sums.items()
        )
    except (OSError, ValueError, AttributeError, TypeError):
        return False


def read_model(folder: Path, concepts: Concepts, elsewhere: frozenset[str]) -> Model:
    """Read what `write_model` wrote; ModelFileError if it is not whole."""
    if not is_whole(folder):
        raise ModelFileError(f"{folder}: no whole model there; train again")
    try:
        document: Mapping[str, Any] = json.loads((folder / _MODEL).read_text(encoding="utf-8"))
        with np.load(folder / _ARRAYS, allow_pickle=False) as arrays:
            return _model(document, {name: arrays[name] for name in arrays.files}, concepts, elsewhere)
    except (KeyError, ValueError, TypeError) as error:
        raise ModelFileError(f"{folder}: written by another version of the engine; train again") from error


def _model(
    document: Mapping[str, Any], arrays: Mapping[str, Any], concepts: Concepts, elsewhere: frozenset[str]
) -> Model:
    return Model(
        version=document["version"],
        intents=tuple(document["intents"]),
        examples=tuple(Example(**example) for example in document["examples"]),
        cores=tuple(tuple(core.split()) for core in document["cores"]),
        vocabulary=Vocabulary(
            index={name: index for index, name in enumerate(document["features"])},
            rarity=arrays["rarity"].tolist(),
            rarest=document["rarest"],
            function_words=frozenset(document["function_words"]),
            concepts=concepts,
            elsewhere=elsewhere,
        ),
        kernel=KernelModel(
            starts=arrays["starts"],
            rows=arrays["rows"],
            values=arrays["values"],
            weights=arrays["weights"],
            owners=arrays["owners"],
        ),
        use=WordUse({name: index for index, name in enumerate(document["names"])}, arrays["counts"]),
        judge=Judge(document["judge"]["bias"], tuple(document["judge"]["factors"])),
        language=LanguageModel(
            {word: _odds(odds) for word, odds in document["language"]["words"].items()},
            {piece: _odds(odds) for piece, odds in document["language"]["letters"].items()},
        ),
        sure=document["sure"],
        unsure=document["unsure"],
    )


def _odds(values: list[float]) -> tuple[float, float, float]:
    spanish, english, portuguese = values
    return (spanish, english, portuguese)


def _sum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
