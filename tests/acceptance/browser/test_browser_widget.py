"""The widget on a page of somebody else's, in a real browser."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from playwright.async_api import Page, expect

from bot.web.server import serve
from tests.acceptance.browser.conftest import Visit
from tests.fakes.web import House, open_house

pytestmark = pytest.mark.slow


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[tuple[str, House]]:
    """A shop's page with a strict policy of its own, and a chat that it may embed."""
    where: dict[str, str] = {}

    async def page(request: web.Request) -> web.Response:
        chat = where["chat"]
        policy = f"default-src 'none'; script-src {chat}; frame-src {chat}"
        tag = f'<script src="{chat}/widget.js" data-lang="es" data-label="Ayuda"></script>'
        body = f'<!doctype html><html lang="es"><title>Tienda</title><body><h1>Tienda</h1>{tag}'
        return web.Response(text=body, content_type="text/html", headers={"Content-Security-Policy": policy})

    app = web.Application()
    app.router.add_get("/", page)
    async with serve(app, "127.0.0.1", 0) as url:
        origin = url.replace("127.0.0.1", "localhost")
        allowed = (origin,)
        async with open_house(tmp_path, origins=allowed) as house:
            where["chat"] = house.url
            yield origin, house


async def opened(page: Page) -> None:
    await expect(page.get_by_role("button", name="Cerrar el chat").first).to_have_attribute(
        "aria-expanded", "true"
    )


async def test_a_visitor_chats_inside_another_page(shop: tuple[str, House], visit: Visit) -> None:
    url, house = shop
    page = await visit(url, expected=("favicon",))
    launch = page.get_by_role("button", name="Abrir el chat")
    await expect(launch).to_have_attribute("aria-expanded", "false")
    await expect(launch).to_contain_text("Ayuda")
    await launch.focus()
    await page.keyboard.press("Enter")
    await opened(page)

    chat = page.frame_locator("iframe")
    box = chat.get_by_label("Mensaje", exact=True)
    await expect(box).to_be_focused()
    await page.keyboard.type("Hola desde la tienda")
    await page.keyboard.press("Enter")
    (event,) = await house.memory.stored(1)
    assert event.text == "Hola desde la tienda"
    assert event.place is not None
    await house.say(event.place.external_id, "¡Bienvenida!")
    await expect(chat.get_by_text("¡Bienvenida!")).to_be_visible()

    await page.keyboard.press("Escape")
    await expect(page.locator("iframe")).to_be_hidden()
    await expect(launch).to_be_focused()

    await house.say(event.place.external_id, "¿Sigues ahí?")
    await expect(page.get_by_role("button", name="Abrir el chat, 1 sin leer")).to_be_visible()
    await page.keyboard.press("Enter")
    await expect(chat.get_by_text("¿Sigues ahí?")).to_be_visible()
    await chat.get_by_role("button", name="Cerrar el chat").click()
    await expect(launch).to_be_focused()


async def test_on_a_phone_the_chat_fills_the_screen(shop: tuple[str, House], visit: Visit) -> None:
    url, _ = shop
    page = await visit(url, expected=("favicon",), viewport={"width": 390, "height": 700})
    await page.get_by_role("button", name="Abrir el chat").click()
    box = await page.locator("iframe").bounding_box()
    assert box is not None
    assert (box["x"], box["y"], box["width"], box["height"]) == (0, 0, 390, 700)


async def test_a_page_that_is_not_listed_cannot_embed_the_chat(house: House, visit: Visit) -> None:
    async def page(request: web.Request) -> web.Response:
        return web.Response(
            text=f'<!doctype html><iframe src="{house.url}/chat?embed=1"></iframe>', content_type="text/html"
        )

    app = web.Application()
    app.router.add_get("/", page)
    async with serve(app, "127.0.0.1", 0) as url:
        blocked = ("frame-ancestors", "favicon", "404")
        stranger = await visit(url.replace("127.0.0.1", "localhost"), expected=blocked)
        await expect(stranger.locator("iframe")).to_be_visible()
        await expect(stranger.frame_locator("iframe").get_by_label("Mensaje")).to_have_count(0)
        assert house.channel._all == set()
