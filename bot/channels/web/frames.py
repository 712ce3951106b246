"""The JSON frames of the web chat's protocol, version 1; `docs/web-chat.md` describes them for clients."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from bot.channels.markup import plain, web_html
from bot.channels.web.ports import Item
from bot.domain import Button

CLIENT_ID = r"^[A-Za-z0-9_-]{8,36}$"
"""With a session's 22 characters and a colon this stays below the 96 of an event id."""


class _Frame(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True)


class Hello(_Frame):
    """The first frame: a page opens a session or resumes one after the last message that it has."""

    type: Literal["hello"]
    session: str = Field("", max_length=64)
    secret: str = Field("", max_length=128)
    after: int = Field(0, ge=0, lt=2**63)
    lang: str = Field("", pattern=r"^([a-z]{2}(-[A-Za-z]{2})?)?$")


class Say(_Frame):
    """The member says something; the client's id makes a repeat harmless."""

    type: Literal["say"]
    id: str = Field(pattern=CLIENT_ID)
    text: str


class Tap(_Frame):
    """The member presses a button."""

    type: Literal["tap"]
    id: str = Field(pattern=CLIENT_ID)
    payload: str = Field(pattern=r"^[\x20-\x7e]{1,64}$")
    label: str = Field("", max_length=200)


class Speak(_Frame):
    """The member chose another language for the page."""

    type: Literal["lang"]
    lang: str = Field(pattern=r"^[a-z]{2}$")


Incoming = Hello | Say | Tap | Speak
_incoming: TypeAdapter[Incoming] = TypeAdapter(Annotated[Incoming, Field(discriminator="type")])


def read(data: str) -> Incoming | None:
    """The frame that a client sent, or None for what is no frame of the protocol."""
    try:
        return _incoming.validate_json(data)
    except (ValidationError, RecursionError):
        return None


def welcome(session: str, secret: str, items: Sequence[dict[str, object]]) -> str:
    """Answer to hello; `secret` only where the session is new."""
    frame: dict[str, object] = {"type": "welcome", "session": session, "items": items}
    if secret:
        frame["secret"] = secret
    return _json(frame)


def ack(client_id: str) -> str:
    """The message is committed."""
    return _json({"type": "ack", "id": client_id})


def error(code: str, client_id: str = "", retry_after: float = 0.0) -> str:
    """Something was not taken; the page words it. `retry_after` in seconds, 0 where trying is no use."""
    extra: dict[str, object] = {"id": client_id} if client_id else {}
    if retry_after:
        extra["retry_after"] = round(retry_after, 1)
    return _json({"type": "error", "code": code} | extra)


def typing() -> str:
    """An answer is on its way."""
    return _json({"type": "typing"})


def message(item: dict[str, object]) -> str:
    """One message, live."""
    return _json({"type": "message"} | item)


def shown(item: Item, image_url: str) -> dict[str, object]:
    """A message as a page gets it: `html` is safe, `text` the same without marks."""
    return {
        "id": item.id,
        "author": item.author.value,
        "staff": item.staff or "",
        "html": web_html(item.text) if item.markdown else "",
        "text": plain(item.text) if item.markdown else item.text,
        "rows": [[_button(button) for button in row] for row in item.rows],
        "image": image_url,
        "alt": item.alt,
        "files": [{"id": id_, "name": name, "mime": mime} for id_, name, mime in item.files],
        "at": item.at.astimezone(UTC).isoformat(),
        "client_id": item.client_id,
    }


def _button(button: Button) -> dict[str, str]:
    return {"label": button.label, "payload": button.payload, "url": button.url}


def _json(frame: dict[str, object]) -> str:
    return json.dumps(frame, ensure_ascii=False, separators=(",", ":"))
