"""Accuracy and rejection on folders of labelled questions, beside TF-IDF with a linear SVM.

`python bench/nlu_dev.py DATA [SET ...]`: DATA holds one folder a set, each with train.jsonl, dev.jsonl
and maybe oos_dev.jsonl of {"text", "intent"} lines. The sets are not part of the project.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import roc_auc_score
from sklearn.svm import LinearSVC

from nlu.embedded import EmbeddedInterpreter
from nlu.evidence import is_entry
from nlu.lexicon import load_lexicon
from nlu.model import Band, Example, Understanding
from nlu.train import train_here

Pair = tuple[str, str]


def main(arguments: list[str]) -> int:
    if not arguments:
        print(__doc__)
        return 2
    data = Path(arguments[0])
    folders = [path for path in sorted(data.iterdir()) if (path / "train.jsonl").exists()]
    chosen = [path for path in folders if not arguments[1:] or path.name in arguments[1:]]
    head = f"{'set':18} {'svm':>5} {'ours':>5} | {'sure+right':>10} {'sure+wrong':>10} {'system':>6} |"
    print(head + f" {'oos sure':>8} {'auroc':>6} | {'train s':>7} {'p50 ms':>6} {'p99 ms':>6}")
    ours, theirs = [], []
    for folder in chosen:
        baseline, accuracy = _measure(folder)
        theirs.append(baseline)
        ours.append(accuracy)
    print(f"{'mean':18} {np.mean(theirs):5.1f} {np.mean(ours):5.1f}")
    return 0


def _measure(folder: Path) -> tuple[float, float]:
    train, dev = _read(folder / "train.jsonl"), _read(folder / "dev.jsonl")
    oos = _read(folder / "oos_dev.jsonl") if (folder / "oos_dev.jsonl").exists() else []
    baseline = _baseline(train, dev)
    lang = "es" if "_es" in folder.name else "en"
    began = time.process_time()
    model = train_here([Example(text, intent, lang) for text, intent in train], "bench")
    trained = time.process_time() - began
    engine = EmbeddedInterpreter(model, load_lexicon())
    took: list[float] = []
    found = [_timed(engine, text, took) for text, _ in dev]
    right = [
        one.candidates[:1] and one.candidates[0].intent == gold
        for one, (_, gold) in zip(found, dev, strict=True)
    ]
    accuracy = 100 * float(np.mean([bool(value) for value in right]))
    sure = [one.band is Band.SURE and is_entry(one.intent) for one in found]
    correct = [
        is_sure and one.intent == gold for is_sure, one, (_, gold) in zip(sure, found, dev, strict=True)
    ]
    system = [one.band is Band.SURE and not is_entry(one.intent) for one in found]
    line = f"{folder.name:18} {baseline:5.1f} {accuracy:5.1f} | {100 * np.mean(correct):10.1f}"
    line += f" {100 * (np.mean(sure) - np.mean(correct)):10.1f} {100 * np.mean(system):6.1f} |"
    if oos:
        beside = [_timed(engine, text, took) for text, _ in oos]
        answered = np.mean([one.band is Band.SURE and is_entry(one.intent) for one in beside])
        scores = [_entry_confidence(one) for one in (*found, *beside)]
        line += f" {100 * answered:8.1f} {roc_auc_score([1] * len(found) + [0] * len(beside), scores):6.3f} |"
    else:
        line += f" {'':8} {'':6} |"
    print(
        line + f" {trained:7.2f} {1e3 * np.quantile(took, 0.5):6.2f} {1e3 * np.quantile(took, 0.99):6.2f}",
        flush=True,
    )
    return baseline, accuracy


def _baseline(train: list[Pair], dev: list[Pair]) -> float:
    vectorizer = TfidfVectorizer()
    fitted = LinearSVC(random_state=0).fit(
        vectorizer.fit_transform([text for text, _ in train]), [y for _, y in train]
    )
    said = fitted.predict(vectorizer.transform([text for text, _ in dev]))
    return 100 * float(np.mean([one == gold for one, (_, gold) in zip(said, dev, strict=True)]))


def _timed(engine: EmbeddedInterpreter, text: str, took: list[float]) -> Understanding:
    began = time.process_time()
    understood = engine.interpret(text)
    took.append(time.process_time() - began)
    return understood


def _entry_confidence(understood: Understanding) -> float:
    return understood.candidates[0].confidence if understood.candidates else 0.0


def _read(path: Path) -> list[Pair]:
    rows = (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())
    return [(row["text"], row["intent"]) for row in rows]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
