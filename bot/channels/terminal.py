"""The terminal as a channel: one person typing, as any member they like; for trying a brand's answers."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import UTC, datetime

from bot.catalogue.commands import canonical
from bot.channels.base import HELD, Doubt, Intake
from bot.channels.markup import plain
from bot.channels.state import ChannelState
from bot.domain import (
    Account,
    Button,
    Delivery,
    Inbound,
    InboundKind,
    Outgoing,
    PlaceKind,
    PlaceRef,
    Platform,
    Receipt,
    Sender,
)
from bot.errors import ChannelError

Show = Callable[[str, str], None]
"""Shows a member, by external id, what was sent to them."""


class TerminalChannel:
    """Takes what `say` is told, and shows what is sent; buttons are numbers that can be typed."""

    platform: Platform = Platform.TERMINAL

    def __init__(self, show: Show) -> None:
        self._show = show
        self._intake: asyncio.Future[Intake] = asyncio.get_running_loop().create_future()
        self._buttons: dict[str, tuple[Button, ...]] = {}
        self.state = ChannelState()

    @property
    def account(self) -> Account:
        """There is one terminal an instance."""
        return Account(Platform.TERMINAL, "local")

    async def run(self, intake: Intake) -> None:
        """Take what is said until cancelled."""
        self._intake.set_result(intake)
        self.state.up()
        await asyncio.get_running_loop().create_future()

    async def say(self, member: Sender, text: str) -> None:
        """Commit one line of a member; waits until the channel runs."""
        intake = await self._intake
        await intake((self._inbound(member, text),))

    async def send(self, place: PlaceRef, message: Outgoing, *, nonce: str) -> Receipt:
        """Show a message; its buttons, if it has any, take the place of those shown before."""
        buttons = tuple(button for row in message.rows for button in row)
        lines = [plain(message.text) if message.markdown else message.text]
        if message.image:
            lines.append(f"[{message.alt}: {message.image}]")
        numbered = tuple(button for button in buttons if not button.url)
        lines += [f"  {number}) {button.label}" for number, button in enumerate(numbered, start=1)]
        lines += [f"  {button.label}: {button.url}" for button in buttons if button.url]
        if numbered:
            self._buttons[place.external_id] = numbered
        self._show(place.external_id, "\n".join(line for line in lines if line))
        return Receipt(Delivery.SENT, external_id=nonce)

    def doubt(self, message: Outgoing) -> Doubt:
        """What was shown is in front of somebody, or nobody was there."""
        return HELD

    async def find(
        self, place: PlaceRef, message: Outgoing, *, since: datetime, known: Collection[str]
    ) -> str | None:
        """A terminal remembers nothing."""
        raise ChannelError("A terminal keeps no history.")

    async def typing(self, place: PlaceRef) -> None:
        """A terminal shows the answer soon enough."""

    async def fetch(self, ref: str, *, limit: int) -> bytes:
        """Members send no files here."""
        raise ChannelError("The terminal takes no files.", where=ref)

    def split(self, message: Outgoing) -> tuple[Outgoing, ...]:
        """The message whole: a terminal scrolls."""
        return (message,)

    def _inbound(self, member: Sender, text: str) -> Inbound:
        event = Inbound(
            account=self.account,
            event_id=uuid.uuid4().hex,
            kind=InboundKind.MESSAGE,
            sent_at=datetime.now(UTC),
            sender=member,
            place=PlaceRef(member.external_id, PlaceKind.PRIVATE),
            message_id=uuid.uuid4().hex,
            text=text,
        )
        buttons = self._buttons.get(member.external_id, ())
        if text.isascii() and text.isdigit() and 1 <= int(text) <= len(buttons):
            button = buttons[int(text) - 1]
            return replace(event, kind=InboundKind.BUTTON, text=button.payload, raw=button.label)
        if text.startswith("/"):
            word, _, rest = text.partition(" ")
            if command := canonical(word):
                return replace(event, kind=InboundKind.COMMAND, command=command.value, text=rest.strip())
        return event
