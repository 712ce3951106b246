"""A web server on loopback and a client that speaks its protocol over a real socket."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, ClientWebSocketResponse, CookieJar, WSMsgType

from tests.fakes.web import House, open_house

Frame = dict[str, Any]


class Page:
    """One open page, as a program sees it."""

    def __init__(self, ws: ClientWebSocketResponse) -> None:
        self.ws = ws

    async def frame(self) -> Frame:
        return json.loads(await self.ws.receive_str(timeout=10))  # type: ignore[no-any-return]  # a test's own

    async def hello(self, **more: object) -> Frame:
        await self.ws.send_json({"type": "hello", "after": 0, "lang": "es", **more})
        return await self.frame()

    async def say(self, id_: str, text: str) -> Frame:
        await self.ws.send_str(json.dumps({"type": "say", "id": id_, "text": text}, ensure_ascii=False))
        return await self.frame()

    async def closed(self) -> int | None:
        """The code that the server closed with."""
        while True:
            message = await self.ws.receive(timeout=10)
            if message.type in (WSMsgType.CLOSE, WSMsgType.CLOSED, WSMsgType.ERROR, WSMsgType.CLOSING):
                return self.ws.close_code


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path) as house:
        yield house


@pytest.fixture
async def client() -> AsyncIterator[ClientSession]:
    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as client:
        yield client


@pytest.fixture
async def visit(client: ClientSession) -> AsyncIterator[Callable[..., Awaitable[Page]]]:
    """Open a page of a house; all are closed when the test is done."""
    pages: list[Page] = []

    async def visit(house: House, **headers: str) -> Page:
        headers = {"Origin": house.url, **headers}
        pages.append(Page(await client.ws_connect(f"{house.url}/chat/ws", headers=headers, max_msg_size=0)))
        return pages[-1]

    yield visit
    for page in pages:
        await page.ws.close()
