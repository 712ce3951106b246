"""What docs/web-chat.md promises is what the code does."""

import re
from pathlib import Path
from typing import get_args

from bot.channels.web import Limits, channel, frames

ROOT = Path(__file__).parents[3]
DOC = (ROOT / "docs" / "web-chat.md").read_text("utf-8")


def test_every_frame_from_the_page_is_described() -> None:
    for kind in get_args(frames.Incoming):
        (name,) = get_args(kind.model_fields["type"].annotation)
        row = next(line for line in DOC.splitlines() if line.startswith(f"| `{name}` |"))
        for field in set(kind.model_fields) - {"type"}:
            assert f"`{field}`" in row, (name, field)


def test_every_error_code_is_described() -> None:
    source = Path(channel.__file__).read_text("utf-8")
    codes = set(re.findall(r'frames\.error\(\s*"(\w+)"', source))
    assert codes
    line = next(line for line in DOC.splitlines() if line.startswith("Codes: "))
    after = DOC[DOC.index(line) :].split("\n\n")[0]
    assert set(re.findall(r"`(\w+)`", after)) == codes


def test_the_limits_are_the_real_ones() -> None:
    limits = Limits()
    for words in (
        f"{limits.messages} in {limits.window:.0f} seconds",
        f"{limits.frames} in {limits.window:.0f} seconds",
        f"{limits.sockets_per_address}, then 429",
        f"{limits.sessions_per_address} an hour",
        f"{limits.sockets:,}, then 503",
        f"the latest {limits.history}",
        f"at most {limits.text_chars:,} characters",
        f"a frame holds {limits.frame_bytes // 1024} KB",
        f"within {limits.hello_seconds:.0f} seconds",
    ):
        assert words in DOC, words


def test_every_attribute_of_the_widget_is_described() -> None:
    source = (ROOT / "bot" / "web" / "static" / "widget.js").read_text("utf-8")
    names = re.search(r"const \{(.*?)\} = script\.dataset", source)
    assert names is not None
    for name in re.findall(r"(\w+)(?: = \S+)?(?:,|$)", names[1].strip()):
        attribute = "data-" + re.sub(r"([A-Z])", lambda found: f"-{found[1].lower()}", name)
        assert f"`{attribute}`" in DOC
