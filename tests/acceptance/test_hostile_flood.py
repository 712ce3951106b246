"""Hostile members beside honest ones, on the real process: the honest are answered, the hostile counted.

How much the honest feel of it is `bench.hostile`'s to measure: a test on a busy machine cannot.
"""

from __future__ import annotations

import pytest

from bench.hostile import measure


@pytest.mark.slow
async def test_honest_members_are_answered_beside_twenty_who_flood() -> None:
    [alone], [beside], counts = await measure(honest=50, hostile=20, rate=100, pace=25, seconds=8, turns=1)
    assert alone.answered > 0
    assert beside.answered >= 50, "on a slow machine a member's questions are answered together"
    assert (counts.honest_ignored, counts.without_outcome) == (0, 0)
    first_questions = 20
    assert counts.hostile_stored + counts.hostile_counted == counts.hostile_sent + first_questions
    assert counts.hostile_stored <= 20 * (20 + 8) + first_questions, "a burst each, and one a second"
    assert beside.memory_mb < alone.memory_mb + 30
    assert counts.database_mb < 10, "a flood of 16,000 messages fills no disk"
