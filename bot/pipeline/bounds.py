"""How much of an event is kept: a platform's own limits are no promise, and a forged event keeps none."""

from __future__ import annotations

from dataclasses import replace

from bot.catalogue import inert
from bot.domain import Inbound, InboundKind, PlaceKind, PlaceRef, Sender

LONGEST_TEXT = 4_096
"""Characters of a message: what Telegram sends at the most, and Discord (4,000) and our web chat less."""
LONGEST_PAYLOAD = 64
"""Characters of a button's payload, `bot.domain.Button`."""
LONGEST_RAW = 16 * 1024
"""Characters of an event that could not be read."""
LONGEST_WORD = 64
"""Characters of a platform's ids and of a user name."""
MOST_FILES = 10
"""Files of one message: as many as a platform sends together."""
LONGEST_FILE_NAME = 200
LONGEST_REF = 1_024


def bounded(event: Inbound) -> Inbound:
    """The event with nothing longer than is kept of it, and names as one visible line."""
    text = event.text[: LONGEST_PAYLOAD if event.kind is InboundKind.BUTTON else LONGEST_TEXT]
    changed: dict[str, object] = {}
    if len(text) != len(event.text):
        changed["text"] = text
    if len(event.raw) > LONGEST_RAW:
        changed["raw"] = event.raw[:LONGEST_RAW]
    if event.sender is not None and (sender := _sender(event.sender)) != event.sender:
        changed["sender"] = sender
    if event.place is not None and event.place.title and (place := _place(event.place)) != event.place:
        changed["place"] = place
    if len(event.command) > LONGEST_WORD:
        changed["command"] = event.command[:LONGEST_WORD]
    if event.attachments:
        changed["attachments"] = tuple(
            replace(
                file,
                ref=file.ref if len(file.ref) <= LONGEST_REF else "",
                name=inert.name(file.name, LONGEST_FILE_NAME),
                mime=inert.name(file.mime, 100),
                size=max(0, min(file.size, 2**31 - 1)),
            )
            for file in event.attachments[:MOST_FILES]
        )
    return replace(event, **changed) if changed else event  # type: ignore[arg-type]  # fields of their own types


def _sender(sender: Sender) -> Sender:
    name = inert.name(sender.display_name)
    username = sender.username[:LONGEST_WORD]
    if name == sender.display_name and username == sender.username:
        return sender
    return replace(sender, display_name=name, username=username)


def _place(place: PlaceRef) -> PlaceRef:
    most = 128 if place.kind is not PlaceKind.PRIVATE else inert.LONGEST_NAME
    title = inert.name(place.title, most)
    return place if title == place.title else replace(place, title=title)
