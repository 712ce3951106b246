"""How much is tried: little in every run, more in `make test-slow`, most in `make soak`."""

from __future__ import annotations

from typing import Any

import pytest


def counts(test: int, slow: int, soak: int) -> list[Any]:
    """The three numbers as parameters of one test, the larger ones behind their markers."""
    return [
        test,
        pytest.param(slow, marks=pytest.mark.slow),
        pytest.param(soak, marks=pytest.mark.soak),
    ]
