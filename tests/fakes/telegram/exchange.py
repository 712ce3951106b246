"""HTTP requests and answers of the Bot API: addresses, the ways to give parameters, errors."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web
from aiohttp.web_request import FileField

from tests.fakes.telegram.errors import ApiError
from tests.fakes.telegram.params import Upload


def route(path: str) -> tuple[str, str, str]:
    """("bot" | "file" | "control" | "", token, method or file path)."""
    if path.startswith("/bot"):
        token, _, method = path[4:].partition("/")
        return "bot", token, method
    if path.startswith("/file/bot"):
        token, _, file = path[9:].partition("/")
        return "file", token, file
    if path.startswith("/control/"):
        return "control", "", path[9:]
    return "", "", ""


async def read(request: web.BaseRequest) -> dict[str, Any]:
    given: dict[str, Any] = dict(parse_qsl(request.rel_url.raw_query_string, keep_blank_values=True))
    if request.content_type == "application/json":
        body = await request.read()
        content = json.loads(body) if body else {}
        if not isinstance(content, dict):
            raise ValueError("a JSON body must be an object")
        return given | content
    if request.content_type == "multipart/form-data":
        for name, value in (await request.post()).items():
            if isinstance(value, FileField):
                given[name] = Upload(value.filename, value.content_type, value.file.read())
                value.file.close()
            else:
                given[name] = value if isinstance(value, str) else bytes(value).decode()
        return given
    body = await request.read()
    given.update(parse_qsl(body.decode(), keep_blank_values=True, errors="strict"))
    return given


def gateway(status: int) -> web.Response:
    """What a machine on the way answers, not the API."""
    return web.Response(status=status, text="gateway trouble")


def answer(error: ApiError) -> web.Response:
    body: dict[str, Any] = {"ok": False, "error_code": error.code, "description": error.description}
    if error.parameters:
        body["parameters"] = error.parameters
    return web.Response(status=error.code, body=json.dumps(body).encode(), content_type="application/json")
