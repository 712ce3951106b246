"""The port that every platform fits: events in, messages out."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol, runtime_checkable

from bot.channels.state import ChannelState
from bot.domain import Account, Inbound, Outgoing, PlaceRef, Platform, Receipt


class Intake(Protocol):
    """Where a channel hands over what arrived."""

    async def __call__(
        self,
        events: Sequence[Inbound],
        *,
        cursor: str | None = None,
        marks: Mapping[str, str] | None = None,
    ) -> None:
        """Commit the events, and with them the channel's cursor; returns after the commit, or raises.

        `marks` says for places (by external id) up to which message they are seen: what was missed after it
        is asked for later. Marks need at least one event beside them.
        Only after it has returned may the platform be told that we have the events.
        """
        ...


class Cursors(Protocol):
    """Where a channel reads how far it had come before a restart."""

    async def read(self, account: Account) -> str | None: ...

    async def marks(self, account: Account) -> dict[str, str]:
        """The last message seen in each place, by the place's external id."""
        ...


class Whereabouts(Protocol):
    """Where a channel reads in which places it knows somebody."""

    async def places(self, account: Account, sender: str) -> Sequence[PlaceRef]:
        """Places in which a person has written to us, the latest first, without threads of public places."""
        ...


class FileSource(Protocol):
    """Where a channel reads a stored file that it has to send."""

    async def open(self, attachment_id: int) -> tuple[str, str, bytes]:
        """Name, media type and content of a stored file."""
        ...


@dataclass(frozen=True, slots=True)
class Doubt:
    """What can be done about a send of which we don't know whether it arrived; by default nothing.

    For `harmless` after the first try, sending again with the same nonce shows one message. When `findable`,
    `Channel.find` can tell later whether it arrived. Where neither helps, a person says: the send is held.
    """

    harmless: timedelta = timedelta(0)
    findable: bool = False


HELD = Doubt()
ALWAYS_HARMLESS = Doubt(harmless=timedelta.max)


class Channel(Protocol):
    """One account on one platform.

    Building and entering one needs no network: `run` connects, so that a platform which is away or refuses
    us keeps nothing else from working.
    """

    platform: Platform

    state: ChannelState
    """How it stands with the platform; `run` keeps it up to date."""

    @property
    def account(self) -> Account:
        """Known from the start: bot tokens carry their account's id."""
        ...

    async def run(self, intake: Intake) -> None:
        """Connect, tell `state`, and receive until cancelled.

        Raises RefusedError when the platform does not take our token, ChannelError when it cannot be reached
        at the start. Whatever ends it, it may be run again.
        """
        ...

    async def send(self, place: PlaceRef, message: Outgoing, *, nonce: str) -> Receipt:
        """Send one message, already within the platform's limits; never raises for what a platform does."""
        ...

    def doubt(self, message: Outgoing) -> Doubt:
        """What to do when it is not known whether this message arrived."""
        ...

    async def find(
        self, place: PlaceRef, message: Outgoing, *, since: datetime, known: Collection[str]
    ) -> str | None:
        """The id under which an uncertain send did arrive, or None if it surely did not.

        Looks at our own messages since the first try, but for those whose ids are `known` to be others.
        Raises ChannelError where that cannot be told, OSError while the platform cannot be reached.
        """
        ...

    async def typing(self, place: PlaceRef) -> None:
        """Show that an answer is on its way; a lost hint is no error."""
        ...

    async def fetch(self, ref: str, *, limit: int) -> bytes:
        """Content of a file that a member sent, at most `limit` bytes; raises ChannelError."""
        ...

    def split(self, message: Outgoing) -> tuple[Outgoing, ...]:
        """The message as the platform takes it: split at paragraph ends, buttons below the last part."""
        ...


class Right(StrEnum):
    """Something that the bot may need to be allowed in a public place; see the texts `staff_right_...`."""

    SEND = "send"
    PICTURES = "pictures"
    HEAR = "hear"
    """To hear what is not said to it."""
    VIEW = "view"
    HISTORY = "history"
    THREAD_SEND = "thread_send"
    THREADS = "threads"
    PRIVATE_THREADS = "private_threads"
    CONTENT = "content"
    """To read the text of what is not said to it."""


@runtime_checkable
class PublicChannel(Protocol):
    """A channel with places where others read along; both ask the platform and may take their time."""

    async def rights(self, place: PlaceRef) -> tuple[Right, ...]:
        """What the bot lacks in a place; raises ChannelError where that cannot be told."""
        ...

    async def moderates(self, place: PlaceRef, person: str) -> bool:
        """Whether somebody, by their id there, may manage messages in a place; raises ChannelError."""
        ...
