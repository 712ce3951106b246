"""How much is tried: little in every run, more by night, most before a release."""

from __future__ import annotations

import os

VARIABLE = "VOCERO_TEST_COUNTS"
"""`test` (default), `slow` or `soak`."""


def count(test: int, slow: int, soak: int) -> int:
    """The number for this run."""
    return {"test": test, "slow": slow, "soak": soak}[os.environ.get(VARIABLE, "test")]
