"""Cases: hand-offs and their life, and the texts that were kept unsent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from bot.domain import CaseId, CaseState, ConversationId, Reason
from bot.store.tables import cases, drafts


@dataclass(frozen=True, slots=True)
class Case:
    """One hand-off."""

    id: CaseId
    conversation: ConversationId
    state: CaseState
    reason: Reason
    team: str
    staff: str | None
    dossier: Mapping[str, Any]
    opened_at: datetime

    @property
    def is_open(self) -> bool:
        """Whether someone still has to do something about it."""
        return self.state is not CaseState.RESOLVED


@dataclass(frozen=True, slots=True)
class Draft:
    """A text of staff that was kept unsent."""

    id: int
    case: CaseId
    staff: str
    text: str
    state: str


def open_case(
    connection: Connection,
    conversation: ConversationId,
    *,
    existing: CaseId | None,
    reason: Reason,
    team: str,
    dossier: Mapping[str, Any],
    now: datetime,
) -> CaseId:
    """Open a case, or reopen the one that is still open for this conversation."""
    if existing is not None:
        connection.execute(
            update(cases)
            .where(cases.c.id == existing)
            .values(state=CaseState.REOPENED.value, reason=reason.value, dossier=dict(dossier), staff=None)
        )
        return existing
    found = connection.execute(
        insert(cases).returning(cases.c.id),
        {
            "conversation_id": conversation,
            "state": CaseState.NEW.value,
            "reason": reason.value,
            "team": team,
            "dossier": dict(dossier),
            "opened_at": now,
        },
    ).scalar_one()
    return CaseId(found)


def find(connection: Connection, case: CaseId) -> Case | None:
    """One case."""
    row = connection.execute(select(cases).where(cases.c.id == case)).one_or_none()
    if row is None:
        return None
    return Case(
        CaseId(row.id),
        ConversationId(row.conversation_id),
        CaseState(row.state),
        Reason(row.reason),
        row.team,
        row.staff,
        row.dossier,
        row.opened_at,
    )


def advance(
    connection: Connection,
    case: CaseId,
    state: CaseState,
    now: datetime,
    *,
    staff: str | None = None,
    replied: bool = False,
) -> None:
    """Move a case to a state; keeps when it was first assigned, first replied to and closed."""
    row = connection.execute(
        select(cases.c.assigned_at, cases.c.first_reply_at).where(cases.c.id == case)
    ).one()
    values: dict[str, Any] = {"state": state.value}
    if staff is not None:
        values["staff"] = staff
    if state is CaseState.ASSIGNED and row.assigned_at is None:
        values["assigned_at"] = now
    if replied and row.first_reply_at is None:
        values["first_reply_at"] = now
    values["closed_at"] = now if state is CaseState.RESOLVED else None
    connection.execute(update(cases).where(cases.c.id == case).values(**values))


def keep_draft(connection: Connection, case: CaseId, staff: str, text: str, now: datetime) -> int:
    """Keep a text unsent."""
    found: int = connection.execute(
        insert(drafts).returning(drafts.c.id), {"case_id": case, "staff": staff, "text": text, "at": now}
    ).scalar_one()
    return found


def find_draft(connection: Connection, draft: int) -> Draft | None:
    """One kept text."""
    row = connection.execute(select(drafts).where(drafts.c.id == draft)).one_or_none()
    if row is None:
        return None
    return Draft(row.id, CaseId(row.case_id), row.staff, row.text, row.state)


def end_draft(connection: Connection, draft: int, state: str) -> bool:
    """A kept text was `sent` or `discarded`; False if that was already so."""
    done = connection.execute(
        update(drafts).where(drafts.c.id == draft, drafts.c.state == "kept").values(state=state)
    )
    return done.rowcount == 1
