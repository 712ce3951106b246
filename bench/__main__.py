"""`python -m bench`: measure anew, keep the figures in bench/results, and put them in the README."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from bench import corridor

ROOT = Path(__file__).parent.parent
RESULT = ROOT / "bench" / "results" / "corridor.json"
BEGIN, END = "<!-- bench -->", "<!-- /bench -->"


def main() -> None:
    """Run the bench and write its table between the marks of README.md and README.es.md."""
    sys.argv = [sys.argv[0], "--json", str(RESULT), *sys.argv[1:]]
    asyncio.run(corridor.main())
    result = json.loads(RESULT.read_text(encoding="utf-8"))
    for name in ("README.md", "README.es.md"):
        _put(ROOT / name, table(result))


def table(result: dict[str, Any]) -> str:
    """The figures as Markdown."""
    machine = result["machine"]
    lines = [
        "| | messages/s | CPU ms/message | p50 ms | p99 ms | memory MB | start s |",
        "|---|---|---|---|---|---|---|",
    ]
    names = {"echo": "bare echo bot (python-telegram-bot)", "vocero": "Vocero, every message durable"}
    for key, name in names.items():
        bot = result["bots"][key]
        values = [str(bot[field]) for field in bot if field != "name"]
        lines.append(f"| {name} | {' | '.join(values)} |")
    lines += [
        "",
        f"Ratio of messages/s: {result['ratio_per_second']}. Cold start: {result['cold_start_s']} s. "
        f"({machine['processor']}, {machine['cores']} cores, Python {machine['python']}; "
        f"median of {result['turns']} runs, latencies at {result['pace_per_second']} messages/s.)",
    ]
    return "\n".join(lines)


def _put(path: Path, text: str) -> None:
    if not path.is_file():
        return
    before, begin, rest = path.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if begin and end:
        path.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
