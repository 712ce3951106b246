"""The port that every platform fits: events in, messages out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

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


class FileSource(Protocol):
    """Where a channel reads a stored file that it has to send."""

    async def open(self, attachment_id: int) -> tuple[str, str, bytes]:
        """Name, media type and content of a stored file."""
        ...


class Channel(Protocol):
    """One account on one platform.

    Building and entering one needs no network: `run` connects, so that a platform which is away or refuses
    us keeps nothing else from working.
    """

    platform: Platform
    repeats_are_harmless: bool
    """Whether sending the same nonce twice shows one message; else an uncertain send is held."""

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

    async def typing(self, place: PlaceRef) -> None:
        """Show that an answer is on its way; a lost hint is no error."""
        ...

    async def fetch(self, ref: str, *, limit: int) -> bytes:
        """Content of a file that a member sent, at most `limit` bytes; raises ChannelError."""
        ...

    def split(self, message: Outgoing) -> tuple[Outgoing, ...]:
        """The message as the platform takes it: split at paragraph ends, buttons below the last part."""
        ...
