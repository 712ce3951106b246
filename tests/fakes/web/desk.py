"""A desk with its cases in memory; it keeps the rules that the page has to show."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from bot.domain import Author, CaseId, CaseState, IdentityId, Lang, OutboxState, Owner, Platform, Reason
from bot.handoff.desk import (
    BlockedMember,
    CaseSummary,
    Done,
    Dossier,
    DraftAction,
    DraftLine,
    FeedbackLine,
    Line,
    Result,
    StaffMember,
)


def a_case(number: int = 7, member: str = "Ana Rojas", **more: object) -> Dossier:
    """A case with a short conversation; `more` replaces fields of its summary."""
    opened = datetime.now(UTC) - timedelta(minutes=12)
    summary = CaseSummary(
        id=CaseId(number),
        state=CaseState.NEW,
        owner=Owner.QUEUE,
        staff=None,
        reason=Reason.ASKED,
        team="logistica",
        member=member,
        platform=Platform.TELEGRAM,
        lang=Lang("es"),
        last_text="¿Me pueden ayudar con mi pedido?",
        opened_at=opened,
        last_inbound_at=opened,
        held=0,
    )
    lines = (
        Line(1, Author.MEMBER, None, "Hola, ¿cuánto demora el envío?", False, opened),
        Line(2, Author.BOT, None, "Tarda **2 a 4 días hábiles**.", True, opened, entry="costo_envio"),
        Line(3, Author.MEMBER, None, "¿Me pueden ayudar con mi pedido?", False, opened),
    )
    return Dossier(
        summary=replace(summary, **more),  # type: ignore[arg-type]  # a test names real fields
        lines=lines,
        drafts=(),
        asked=("Hola, ¿cuánto demora el envío?",),
        tried=("Costo del envío",),
    )


@dataclass
class MemoryDesk:
    """Records what was asked of it in `calls` and does it to its cases."""

    dossiers: dict[int, Dossier] = field(default_factory=dict)
    calls: list[tuple[object, ...]] = field(default_factory=list)
    files: dict[int, tuple[str, str, bytes]] = field(default_factory=dict)
    opinions: list[FeedbackLine] = field(default_factory=list)
    owner: str = ""
    """Somebody else who owns every conversation, so that replies are kept."""
    broken: bool = False
    watching: int = 0
    """Pages that wait for a change."""
    _change: asyncio.Event = field(default_factory=asyncio.Event)

    def put(self, dossier: Dossier) -> None:
        """Set a case and tell who watches."""
        self.dossiers[dossier.summary.id] = dossier
        self._change.set()
        self._change = asyncio.Event()

    async def cases(self, *, closed: bool = False) -> Sequence[CaseSummary]:
        return [
            dossier.summary
            for dossier in self.dossiers.values()
            if (dossier.summary.state is CaseState.RESOLVED) == closed
        ]

    async def dossier(self, case: CaseId) -> Dossier | None:
        return self.dossiers.get(case)

    async def reply(self, case: CaseId, staff: StaffMember, text: str) -> Result:
        if self.broken:
            raise OSError("no disk")
        self.calls.append(("reply", case, staff.name, text))
        found = self.dossiers.get(case)
        if found is None:
            return Result(Done.UNKNOWN, case)
        if not text.strip():
            return Result(Done.EMPTY, case)
        if self.owner:
            draft = DraftLine(len(found.drafts) + 1, staff.name, text, datetime.now(UTC))
            self.put(replace(found, drafts=(*found.drafts, draft)))
            return Result(Done.KEPT, case, draft=draft.id, owner=self.owner)
        self._say(found, staff, text)
        return Result(Done.DONE, case)

    async def note(self, case: CaseId, staff: StaffMember, text: str) -> Result:
        self.calls.append(("note", case, staff.name, text))
        self._say(self.dossiers[case], staff, text, note=True)
        return Result(Done.DONE, case)

    async def take_over(self, case: CaseId, staff: StaffMember) -> Result:
        self.calls.append(("take", case, staff.name))
        found = self.dossiers[case]
        summary = replace(found.summary, owner=Owner.HUMAN, staff=staff.name, state=CaseState.ASSIGNED)
        self.put(replace(found, summary=summary))
        return Result(Done.DONE, case)

    async def give_back(self, case: CaseId, staff: StaffMember) -> Result:
        self.calls.append(("give", case, staff.name))
        return Result(Done.DONE, case)

    async def close(self, case: CaseId, staff: StaffMember) -> Result:
        self.calls.append(("close", case, staff.name))
        found = self.dossiers[case]
        self.put(replace(found, summary=replace(found.summary, state=CaseState.RESOLVED)))
        return Result(Done.DONE, case)

    async def block(self, case: CaseId, staff: StaffMember, *, blocks: bool = True) -> Result:
        self.calls.append(("block" if blocks else "unblock", case, staff.name))
        found = self.dossiers[case]
        at, by = (datetime.now(UTC), staff.name) if blocks else (None, "")
        self.put(replace(found, summary=replace(found.summary, blocked_at=at, blocked_by=by)))
        return Result(Done.DONE, case)

    async def blocked(self) -> Sequence[BlockedMember]:
        return [
            BlockedMember(IdentityId(1), s.member, s.platform, s.blocked_by, s.blocked_at, s.id)
            for s in (dossier.summary for dossier in self.dossiers.values())
            if s.blocked_at is not None
        ]

    async def feedback(self) -> Sequence[FeedbackLine]:
        return self.opinions

    async def held(self, outbox_id: int, staff: StaffMember, *, arrived: bool) -> Result:
        self.calls.append(("held", outbox_id, staff.name, arrived))
        return Result(Done.DONE)

    async def draft(self, draft: int, staff: StaffMember, action: DraftAction) -> Result:
        self.calls.append(("draft", draft, staff.name, action))
        return Result(Done.DONE)

    async def file(self, attachment: int) -> tuple[str, str, bytes] | None:
        return self.files.get(attachment)

    async def changed(self, timeout: float) -> None:
        self.watching += 1
        try:
            async with asyncio.timeout(timeout):
                await self._change.wait()
        except TimeoutError:
            pass
        finally:
            self.watching -= 1

    def _say(self, found: Dossier, staff: StaffMember, text: str, *, note: bool = False) -> None:
        line = Line(
            id=len(found.lines) + 1,
            author=Author.STAFF,
            staff=staff.name,
            text=text,
            markdown=False,
            at=datetime.now(UTC),
            note=note,
            delivery=None if note else OutboxState.SENT,
        )
        self.put(replace(found, lines=(*found.lines, line)))
