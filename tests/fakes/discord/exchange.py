"""HTTP requests and answers: routes, the ways to give a body, errors."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from aiohttp.web_request import FileField

from tests.fakes.discord.errors import ApiError, refused

encode = json.JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":")).encode
"""JSON as Discord writes it; one encoder for all, since a bench counts what this server costs."""


@dataclass(slots=True)
class Upload:
    """One file of a multipart request."""

    filename: str
    content: bytes


@dataclass(slots=True)
class Ask:
    """A request as a route sees it: ids of its path in order, other words, query, body and files."""

    ids: list[int]
    words: list[str]
    query: dict[str, str] = field(default_factory=dict)
    body: dict[str, Any] = field(default_factory=dict)
    items: list[Any] = field(default_factory=list)
    """The body where it is an array."""
    files: dict[str, Upload] = field(default_factory=dict)
    """By the name of the form's field, such as files[0]."""
    call: Any = None


def shape(method: str, path: str) -> tuple[str, list[int], list[str]]:
    """The pattern of a path (`GET channels/#/messages`), its ids, and its words that are no fixed names."""
    parts = path.strip("/").split("/")
    ids: list[int] = []
    words: list[str] = []
    for index, part in enumerate(parts):
        if part.isdigit():
            ids.append(int(part))
            parts[index] = "#"
        elif (index == 2 and parts[0] in ("webhooks", "interactions")) or (
            index == 5 and parts[4] == "reactions"
        ):
            words.append(part)
            parts[index] = "*"
    return f"{method} {'/'.join(parts)}", ids, words


async def read(request: web.BaseRequest, ask: Ask) -> None:
    """Fill in query, body and files; raises 50109 for what is no JSON."""
    ask.query = dict(request.rel_url.query)
    kind = request.content_type
    if kind == "multipart/form-data":
        for name, value in (await request.post()).items():
            if isinstance(value, FileField):
                ask.files[name] = Upload(value.filename, value.file.read())
                value.file.close()
            elif name == "payload_json":
                ask.body = _object(value if isinstance(value, str) else bytes(value).decode())
        return
    body = await request.read()
    if not body:
        return
    if kind != "application/json":
        raise refused(50109)
    content = _json(body)
    if isinstance(content, list):
        ask.items = content
    elif isinstance(content, dict):
        ask.body = content
    else:
        raise refused(50109)


def answer(error: ApiError) -> web.Response:
    """The error as HTTP."""
    response = web.Response(
        status=error.status, body=json.dumps(error.json()).encode(), content_type="application/json"
    )
    response.headers.update(error.headers)
    return response


def success(result: Any, headers: dict[str, str]) -> web.Response:
    """200 with JSON, or 204."""
    if result is None:
        return web.Response(status=204, headers=headers)
    body = encode(result).encode()
    return web.Response(body=body, content_type="application/json", headers=headers)


def gateway_trouble(status: int) -> web.Response:
    """What a machine on the way answers, not the API."""
    return web.Response(status=status, text="gateway trouble", content_type="text/html")


def _json(body: bytes | str) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        raise refused(50109) from None


def _object(body: str) -> dict[str, Any]:
    content = _json(body)
    if not isinstance(content, dict):
        raise refused(50109)
    return content
