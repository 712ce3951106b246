"""`python -m bench`: measure anew, keep the figures in bench/results, and put them in the README."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from bench import corridor, growth

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "bench" / "results"
MARKS = {"telegram": "bench", "discord": "bench discord"}
"""Where each platform's table stands in the README, between `<!-- name -->` and `<!-- /name -->`."""
READMES = {"README.md": "en", "README.es.md": "es"}
COLUMNS = ("per_second", "cpu_ms_per_message", "p50_ms", "p99_ms", "memory_mb", "start_s")


def main() -> None:
    """Run a bench (`corridor` or `growth`; both, if none is named) and write its tables into the READMEs."""
    named, given = sys.argv[1:2], sys.argv[2:]
    if not named or named[0] not in ("corridor", "growth"):
        named, given = ["corridor", "growth"], sys.argv[1:]
    if "corridor" in named:
        _corridor(given)
    if "growth" in named:
        _growth(given if len(named) == 1 else [])


def _growth(given: list[str]) -> None:
    file = RESULTS / "growth.json"
    asyncio.run(growth.main(["--json", str(file), *given]))
    result = json.loads(file.read_text(encoding="utf-8"))
    for name, lang in READMES.items():
        _put(ROOT / name, "bench growth", growth.table(result, lang))


def _corridor(given: list[str]) -> None:
    for platform, mark in MARKS.items():
        file = RESULTS / ("corridor.json" if platform == "telegram" else f"corridor_{platform}.json")
        sys.argv = [sys.argv[0], "--platform", platform, "--postgres", "--json", str(file), *given]
        asyncio.run(corridor.main())
        result = json.loads(file.read_text(encoding="utf-8"))
        for name, lang in READMES.items():
            _put(ROOT / name, mark, table(result, lang))


def table(result: dict[str, Any], lang: str = "en") -> str:
    """The figures as Markdown, in Spanish (`es`) or English."""
    spanish = lang == "es"
    heads = "messages/s | CPU ms/message | p50 ms | p99 ms | memory MB | start s"
    if spanish:
        heads = "mensajes/s | CPU ms/mensaje | p50 ms | p99 ms | memoria MB | arranque s"
    lines = [f"| | {heads} |", "|---|---|---|---|---|---|---|"]
    library = result.get("library", "python-telegram-bot")
    names = {
        "echo": f"bare echo bot ({library})",
        "vocero": "Vocero, every message durable (SQLite)",
        corridor.ON_POSTGRES: "Vocero, every message durable (PostgreSQL)",
    }
    if spanish:
        names = {
            "echo": f"bot de eco sin más ({library})",
            "vocero": "Vocero, cada mensaje guardado en disco (SQLite)",
            corridor.ON_POSTGRES: "Vocero, cada mensaje guardado en disco (PostgreSQL)",
        }
    for key, name in names.items():
        if key not in result["bots"]:
            continue
        bot = result["bots"][key]
        values = [str(bot[field]) for field in COLUMNS]
        lines.append(f"| {name} | {' | '.join(values)} |")
    ratios = f"{result['ratio_per_second']}"
    if "ratio_per_second_postgresql" in result:
        on, other = ("en SQLite", "en PostgreSQL") if spanish else ("on SQLite", "on PostgreSQL")
        ratios += f" {on}, {result['ratio_per_second_postgresql']} {other}"
    said = f"Ratio of messages/s: {ratios}. Cold start: {result['cold_start_s']} s."
    if spanish:
        said = f"Razón de mensajes/s: {ratios}. Arranque en frío: {result['cold_start_s']} s."
    lines += ["", f"{said} {growth.conditions(result, lang)}"]
    return "\n".join(lines)


def _put(path: Path, mark: str, text: str) -> None:
    if not path.is_file():
        return
    opens, closes = f"<!-- {mark} -->", f"<!-- /{mark} -->"
    before, begin, rest = path.read_text(encoding="utf-8").partition(opens)
    _, end, after = rest.partition(closes)
    if begin and end:
        path.write_text(f"{before}{opens}\n{text}\n{closes}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
