"""Training in a child process, so that serving never loads scipy: `python -m nlu.train EXAMPLES OUT_DIR`."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from nlu.errors import TrainingError
from nlu.model import Example
from nlu.modelfile import Model, is_whole, write_model

_PACKAGE = Path(__file__).parent


async def train(examples: Sequence[Example], cache_dir: Path, *, seed: int = 0) -> Path:
    """Give the folder of the model trained on `examples`, from the cache where it is there.

    The cache's key is the content of the examples, of the engine's own files and the seed. A damaged cached
    model is thrown away and trained anew. TrainingError if there are no examples or the child fails.
    """
    if not examples:
        raise TrainingError("there are no examples to learn from")
    version = await asyncio.to_thread(version_of, examples, seed)
    folder = cache_dir / version
    if await asyncio.to_thread(is_whole, folder):
        return folder
    work = await asyncio.to_thread(_prepare, examples, cache_dir, version, seed)
    try:
        await _run_child(work / "examples.json", work / "model")
        await asyncio.to_thread(_move_in, work / "model", folder)
    finally:
        await asyncio.to_thread(shutil.rmtree, work, ignore_errors=True)
    return folder


def version_of(examples: Sequence[Example], seed: int) -> str:
    """Hash what a model is made of: 20 hexadecimal digits."""
    digest = hashlib.sha256(f"{seed}\n".encode())
    for path in sorted(_PACKAGE.rglob("*")):
        if path.suffix in (".py", ".txt"):
            digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    for example in examples:
        digest.update(json.dumps(asdict(example), sort_keys=True).encode() + b"\n")
    return digest.hexdigest()[:20]


def train_here(examples: Sequence[Example], version: str) -> Model:
    """Train in this process; loads scipy. Nothing in it is random, so the same input gives the same model."""
    from nlu.calibration import fit_model

    return fit_model(examples, version)


def _prepare(examples: Sequence[Example], cache_dir: Path, version: str, seed: int) -> Path:
    _make_private(cache_dir)
    work = Path(tempfile.mkdtemp(prefix=".training-", dir=cache_dir))
    document = {"version": version, "seed": seed, "examples": [asdict(example) for example in examples]}
    (work / "examples.json").write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    return work


def _make_private(folder: Path) -> None:
    """Make a folder and those above it that are missing, each for its owner alone."""
    if not folder.is_dir():
        if folder.parent != folder:
            _make_private(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)


def _move_in(made: Path, folder: Path) -> None:
    """Put the model in its place in one step; a model that another process put there first is as good."""
    try:
        made.rename(folder)
    except OSError:
        if is_whole(folder):
            return
        shutil.rmtree(folder, ignore_errors=True)
        made.rename(folder)


async def _run_child(examples: Path, out: Path) -> None:
    paths = [str(_PACKAGE.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    # One thread: the sums then come in the same order each time, and the serving process keeps its processor.
    single = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "nlu.train",
        str(examples),
        str(out),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, **single, "PYTHONPATH": os.pathsep.join(paths)},
    )
    try:
        _, said = await child.communicate()
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    if child.returncode:
        last = said.decode(errors="replace").strip().splitlines()[-1:]
        raise TrainingError(f"the training process ended with {child.returncode}: {' '.join(last)}")


def main(arguments: Sequence[str]) -> int:
    """Train from a file of {"examples": [{"text", "intent", "lang", "source"}], "version"?} into a folder."""
    if len(arguments) != 2:
        sys.stderr.write("usage: python -m nlu.train EXAMPLES.json OUT_DIR\n")
        return 2
    document = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
    examples = [Example(**example) for example in document["examples"]]
    out = Path(arguments[1])
    out.mkdir(parents=True, exist_ok=True)
    version = document.get("version") or version_of(examples, int(document.get("seed", 0)))
    write_model(train_here(examples, version), out)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
