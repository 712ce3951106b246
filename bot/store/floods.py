"""Messages that are only counted: one row a minute, rule and sort of place, however many there were."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, insert, select, update

from bot.domain import Outcome, PlaceKind, Platform
from bot.store.tables import events

LIMITED = "limited"
"""The kind of event whose `value` is a number of messages with this outcome and rule."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What is counted together."""

    platform: Platform
    place: PlaceKind
    outcome: Outcome
    rule: str


def count(connection: Connection, tallies: Mapping[Tally, int], now: datetime) -> None:
    """Add to the counts of this minute."""
    minute = now.replace(second=0, microsecond=0)
    for tally, number in tallies.items():
        row = {
            "at": minute,
            "kind": LIMITED,
            "platform": tally.platform.value,
            "place_kind": tally.place.value,
            "outcome": tally.outcome.value,
            "rule": tally.rule,
        }
        added = connection.execute(
            update(events)
            .where(*(events.c[name] == value for name, value in row.items()))
            .values(value=func.coalesce(events.c.value, 0) + number)
        )
        if not added.rowcount:
            connection.execute(insert(events), {**row, "value": number})


def counted(connection: Connection, rule: str = "") -> int:
    """How many messages were counted, by one rule or by all."""
    query = select(func.coalesce(func.sum(events.c.value), 0)).where(events.c.kind == LIMITED)
    if rule:
        query = query.where(events.c.rule == rule)
    return int(connection.execute(query).scalar_one())
