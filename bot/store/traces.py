"""Why the bot said what it said: a turn and its trace, read back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from bot.domain import Account
from bot.store.tables import conversations, identities, turns


@dataclass(frozen=True, slots=True)
class TracedTurn:
    """One decision as it was recorded; `trace` as `bot.pipeline.turn` wrote it, {} where nothing was read."""

    outcome: str
    rule: str
    reason: str
    entry: str
    variant: int | None
    lang: str
    confidence: float
    knowledge: str
    trace: Mapping[str, Any]


def last(connection: Connection, account: Account, external_id: str) -> TracedTurn | None:
    """The latest turn of what a person wrote by one account, None if there is none yet."""
    row = connection.execute(
        select(turns)
        .join(conversations, conversations.c.id == turns.c.conversation_id)
        .join(identities, identities.c.id == conversations.c.identity_id)
        .where(
            identities.c.platform == account.platform.value,
            identities.c.account == account.id,
            identities.c.external_id == external_id,
        )
        .order_by(turns.c.id.desc())
        .limit(1)
    ).one_or_none()
    if row is None:
        return None
    return TracedTurn(
        outcome=row.outcome,
        rule=row.rule or "",
        reason=row.reason or "",
        entry=row.entry or "",
        variant=row.variant,
        lang=row.lang or "",
        confidence=row.confidence,
        knowledge=row.knowledge,
        trace=row.trace or {},
    )
