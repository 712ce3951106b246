"""What members received, held against what the record says."""

from __future__ import annotations

from collections import Counter

from tests.fakes.house.records import Said


def deliveries(said: list[Said], ledger: list[tuple[str, str]]) -> Counter[str]:
    """Hold one conversation's record against what its member received (id, text); how its sends ended.

    Whatever was received is one message of the record, once, in the record's order; whatever the record
    calls sent was received; a held send may have been received or not, and is the only one to be unsure of.
    """
    ours = [s for s in said if s.author == "bot"]
    received = dict(ledger)
    assert len(received) == len(ledger)
    known = [s.external_id for s in ours if s.delivery == "sent" and s.external_id]
    assert len(known) == len(set(known)), "two messages of the record are the same one on the platform"
    assert [i for i in received if i in set(known)] == known, "lost, or out of order"
    assert {s.delivery for s in ours} <= {"sent", "held"}, "a send came to no end"
    unsure = Counter(s.text for s in ours if s.delivery == "held")
    stray = Counter(text for i, text in received.items() if i not in set(known))
    assert stray <= unsure, "something was received that the record does not account for: sent twice"
    return Counter(s.delivery or "" for s in ours)
