"""How places and outgoing messages are kept in JSON columns."""

from __future__ import annotations

from typing import Any

from bot.domain import Button, Outgoing, PlaceKind, PlaceRef


def encode_outgoing(outgoing: Outgoing) -> dict[str, Any]:
    """Plain JSON values; fields that say nothing are left out, so that new ones need no migration."""
    return _without_blanks(
        {
            "text": outgoing.text,
            "markdown": outgoing.markdown,
            "rows": [
                [
                    _without_blanks({"label": button.label, "payload": button.payload, "url": button.url})
                    for button in row
                ]
                for row in outgoing.rows
            ],
            "image": outgoing.image,
            "alt": outgoing.alt,
            "attachments": list(outgoing.attachments),
            "reply_to": outgoing.reply_to,
            "silent": outgoing.silent,
            "removes": outgoing.removes,
            "via": outgoing.via,
            "ephemeral": outgoing.ephemeral,
            "opens_thread": outgoing.opens_thread,
        }
    )


def decode_outgoing(kept: dict[str, Any]) -> Outgoing:
    """The message that `encode_outgoing` kept."""
    return Outgoing(
        text=kept.get("text", ""),
        markdown=kept.get("markdown", False),
        rows=tuple(tuple(_button(button) for button in row) for row in kept.get("rows", ())),
        image=kept.get("image", ""),
        alt=kept.get("alt", ""),
        attachments=tuple(kept.get("attachments", ())),
        reply_to=kept.get("reply_to", ""),
        silent=kept.get("silent", False),
        removes=kept.get("removes", ""),
        via=kept.get("via", ""),
        ephemeral=kept.get("ephemeral", False),
        opens_thread=kept.get("opens_thread", ""),
    )


def encode_place(place: PlaceRef) -> dict[str, str]:
    """Plain JSON values; fields that say nothing are left out."""
    return _without_blanks(
        {
            "external_id": place.external_id,
            "kind": place.kind.value,
            "thread": place.thread,
            "title": place.title,
        }
    )


def decode_place(kept: dict[str, str]) -> PlaceRef:
    """The place that `encode_place` kept."""
    return PlaceRef(
        external_id=kept.get("external_id", ""),
        kind=PlaceKind(kept["kind"]),
        thread=kept.get("thread", ""),
        title=kept.get("title", ""),
    )


def _button(kept: dict[str, str]) -> Button:
    return Button(label=kept.get("label", ""), payload=kept.get("payload", ""), url=kept.get("url", ""))


def _without_blanks(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value}
