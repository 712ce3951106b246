"""A conversation as the corridor sees it: what it remembers and what the member said since the last turn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from bot.conversation.ownership import Ownership
from bot.domain import (
    Account,
    Addressed,
    AttachmentKind,
    CaseId,
    ContactId,
    ConversationId,
    EntryId,
    InboundKind,
    Lang,
    MessageId,
    PlaceId,
    PlaceKind,
    PlaceRef,
)

NOWHERE = PlaceId(0)
REMEMBERED = 24
"""How many entries a conversation remembers to have been given, so that wordings don't repeat."""


class Last(StrEnum):
    """What the bot said last, so that "repeat", "2" and "the first one" make sense."""

    NOTHING = ""
    ANSWER = "answer"
    CLARIFY = "clarify"
    TALK = "talk"


@dataclass(frozen=True, slots=True)
class Asked:
    """That a member was asked whether an answer served.

    `message` is the one that was answered, with `entry`; `others` are offered if it did not serve. `open`
    until the member has said.
    """

    message: MessageId
    entry: EntryId
    others: tuple[EntryId, ...]
    at: datetime
    open: bool = True

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Asked:
        """Read what `to_json` wrote."""
        return cls(
            MessageId(int(data["message"])),
            EntryId(data["entry"]),
            tuple(EntryId(i) for i in data.get("others", ())),
            datetime.fromisoformat(data["at"]),
            bool(data.get("open", False)),
        )

    def to_json(self) -> dict[str, Any]:
        """As plain JSON."""
        return {
            "message": self.message,
            "entry": self.entry,
            "others": list(self.others),
            "at": self.at.isoformat(),
            "open": self.open,
        }


@dataclass(frozen=True, slots=True)
class Memory:
    """What a conversation carries from turn to turn.

    `given` counts how often each entry was answered, oldest first. `options` are the entries offered by the
    last clarification or menu. `tried` are the entries given or offered since a person was last here.
    """

    last: Last = Last.NOTHING
    entry: EntryId | None = None
    options: tuple[EntryId, ...] = ()
    given: Mapping[EntryId, int] = field(default_factory=dict)
    tried: tuple[EntryId, ...] = ()
    talks: int = 0
    person_offered: bool = False
    """Whether the last thing said came with a person's button, so that a bare "yes" calls one."""
    asked: Asked | None = None
    """The last time that we asked whether an answer served."""
    suggesting: datetime | None = None
    """Until when the next message is taken for a suggestion, right after it was asked for."""
    forgetting: datetime | None = None
    """Until when a "yes" erases everything, because that was just asked."""
    exported: datetime | None = None
    """When the member last got a copy of their data."""

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Memory:
        """Read what `to_json` wrote; unknown and missing keys do no harm."""
        return cls(
            last=Last(data.get("last", "")),
            entry=EntryId(data["entry"]) if data.get("entry") else None,
            options=tuple(EntryId(i) for i in data.get("options", ())),
            given={EntryId(k): int(v) for k, v in data.get("given", {}).items()},
            tried=tuple(EntryId(i) for i in data.get("tried", ())),
            talks=int(data.get("talks", 0)),
            person_offered=bool(data.get("person_offered", False)),
            asked=Asked.from_json(data["asked"]) if data.get("asked") else None,
            suggesting=datetime.fromisoformat(data["suggesting"]) if data.get("suggesting") else None,
            forgetting=_moment(data.get("forgetting")),
            exported=_moment(data.get("exported")),
        )

    def to_json(self) -> dict[str, Any]:
        """As plain JSON, for the conversation's row."""
        return {
            "last": self.last.value,
            "entry": self.entry or "",
            "options": list(self.options),
            "given": dict(self.given),
            "tried": list(self.tried),
            "talks": self.talks,
            "person_offered": self.person_offered,
            "asked": self.asked.to_json() if self.asked is not None else None,
            "suggesting": self.suggesting.isoformat() if self.suggesting is not None else "",
            **{
                name: moment.isoformat()
                for name, moment in (("forgetting", self.forgetting), ("exported", self.exported))
                if moment is not None
            },
        }

    def answered(self, entry: EntryId) -> Memory:
        """After an answer with `entry`."""
        given = {k: v for k, v in self.given.items() if k != entry}
        given[entry] = self.given.get(entry, 0) + 1
        while len(given) > REMEMBERED:
            given.pop(next(iter(given)))
        return replace(
            self, last=Last.ANSWER, entry=entry, options=(), given=given, tried=self._tried((entry,))
        )

    def offered(self, options: tuple[EntryId, ...]) -> Memory:
        """After a clarification with `options`."""
        return replace(self, last=Last.CLARIFY, options=options, tried=self._tried(options))

    def talked(self, options: tuple[EntryId, ...] = ()) -> Memory:
        """After small talk; `options` are the titles shown with it, if any."""
        return replace(self, last=Last.TALK, options=options, talks=self.talks + 1)

    def _tried(self, entries: tuple[EntryId, ...]) -> tuple[EntryId, ...]:
        kept = tuple(e for e in self.tried if e not in entries)
        return (*kept, *entries)[-REMEMBERED:]


def _moment(kept: str | None) -> datetime | None:
    return datetime.fromisoformat(kept) if kept else None


@dataclass(frozen=True, slots=True)
class Said:
    """One message of a member that has no outcome yet."""

    id: MessageId
    kind: InboundKind
    text: str
    sent_at: datetime
    stored_at: datetime
    command: str = ""
    album: str = ""
    external_id: str = ""
    attachments: tuple[AttachmentKind, ...] = ()
    attachment_ids: tuple[int, ...] = ()
    addressed: Addressed = Addressed.DIRECT
    via: str = ""
    """What an answer to an interaction has to carry; see `bot.domain.Inbound.via`."""


@dataclass(frozen=True, slots=True)
class Situation:
    """A conversation as one read saw it, with what the member said since the last turn."""

    conversation: ConversationId
    contact: ContactId
    version: int
    ownership: Ownership
    account: Account
    place: PlaceRef
    name: str
    case: CaseId | None
    lang: Lang | None
    misses: int
    wordless: int
    first_visit: bool
    blocked: bool
    memory: Memory
    said: tuple[Said, ...]
    minor: bool = False
    """Whether they said to be younger than `config/privacy.yml` allows."""
    place_id: PlaceId = NOWHERE
    former_place: str = ""
    """The id that the place had before it moved; '' mostly."""
    anonymous: bool = False
    """Whether somebody writes whom no private chat could reach."""
    lately: Mapping[EntryId, datetime] = field(default_factory=dict)
    """When each entry was last answered in this public place and thread, to anyone."""

    @property
    def asked(self) -> bool:
        """Whether anything of what was said was said to the bot."""
        return any(one.addressed is not Addressed.NOT for one in self.said)

    @property
    def public(self) -> bool:
        """Whether others read along."""
        return self.place.kind in (PlaceKind.GROUP, PlaceKind.CHANNEL, PlaceKind.THREAD)
