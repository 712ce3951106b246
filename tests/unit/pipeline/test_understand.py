"""Reading what was said: an engine that fails costs the member nothing, and the log learns no word of it."""

from __future__ import annotations

from collections.abc import Sequence

from structlog.testing import capture_logs

from bot.pipeline.understand import understand
from nlu.model import Understanding
from tests.unit.pipeline.shop import said, situation


class Broken:
    version = "1"

    async def understand(
        self, text: str, *, lang_prior: str | None = None, context: Sequence[str] = ()
    ) -> Understanding:
        raise KeyError(text)


async def test_what_was_said_is_not_logged_when_the_engine_fails() -> None:
    with capture_logs() as lines:
        reading = await understand(situation(said("zarzaparrilla")), Broken())

    assert (reading.failed, reading.text) == (True, "zarzaparrilla")
    [line] = lines
    assert (line["log_level"], line["kind"]) == ("error", "KeyError")
    assert "zarzaparrilla" not in str(line)
    assert "exc_info" not in line
