"""Payloads of the buttons in the staff place: a verb and a number; never trusted when they come back."""

from __future__ import annotations

TAKE, GIVE_BACK, CLOSE = "take", "back", "close"
"""What can be done with a case."""
AGAIN, ARRIVED = "again", "arrived"
"""What can be said of a held send."""
SEND, TAKE_AND_SEND, DISCARD = "draft-send", "draft-take", "draft-drop"
"""What can be done with a kept text."""


def encode(verb: str, number: int) -> str:
    """A payload."""
    return f"{verb}:{number}"


def decode(payload: str) -> tuple[str, int] | None:
    """Verb and number, or None when it is not one of ours."""
    verb, _, number = payload.partition(":")
    if not number.isascii() or not number.isdigit() or len(number) > 18:
        return None
    return verb, int(number)
