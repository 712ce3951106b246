"""The chat as a member uses it, in a real browser."""

from __future__ import annotations

import asyncio
import struct
import zlib
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Page, expect

from bot.domain import Author, Button, InboundKind
from tests.acceptance.browser.conftest import CONTRAST, Visit
from tests.fakes.web import House, Memory, open_house
from tests.fakes.web.house import place
from tests.fakes.web.memory import until

pytestmark = pytest.mark.slow

BREAKS = ("WebSocket connection", "ERR_CONNECTION_REFUSED", "ERR_INTERNET_DISCONNECTED")


async def write(page: Page, text: str) -> None:
    await page.get_by_label("Mensaje", exact=True).fill(text)
    await page.keyboard.press("Enter")


async def session_of(house: House, count: int = 1) -> str:
    """The session that wrote, once so many messages are stored."""
    events = await house.memory.stored(count)
    assert events[-1].place is not None
    return events[-1].place.external_id


async def test_a_member_asks_by_keyboard_and_is_answered(house: House, visit: Visit) -> None:
    page = await visit(f"{house.url}/chat")
    box = page.get_by_label("Mensaje", exact=True)
    await expect(box).to_be_focused()

    await page.keyboard.type("Hola")
    await page.keyboard.press("Shift+Enter")
    await page.keyboard.type("¿cuánto cuesta el envío?")
    await page.keyboard.press("Enter")

    session = await session_of(house)
    assert next(iter(house.memory.events.values())).text == "Hola\n¿cuánto cuesta el envío?"
    log = page.get_by_role("log", name="Conversación")
    await expect(log.get_by_text("Enviado")).to_be_visible()
    await expect(box).to_have_value("")
    await expect(box).to_be_focused()

    await house.channel.typing(place(session))
    await expect(page.locator("#typing")).to_be_visible()
    await house.say(session, "Cuesta **$3.990**, ver [detalles](https://example.com/envios).", markdown=True)
    await expect(page.locator("#typing")).to_be_hidden()
    await expect(log.locator("strong")).to_have_text("$3.990")
    link = log.get_by_role("link", name="detalles")
    await expect(link).to_have_attribute("rel", "noopener noreferrer nofollow")
    await expect(log.get_by_text("Pudú Azul, asistente virtual")).to_be_visible()


async def test_the_page_is_labelled_for_who_does_not_see_it(house: House, visit: Visit) -> None:
    page = await visit(f"{house.url}/chat")
    log = page.get_by_role("log")
    await expect(log).to_have_attribute("aria-live", "polite")
    await expect(log).to_have_attribute("aria-relevant", "additions")
    await expect(page.get_by_role("button", name="Enviar")).to_be_visible()
    await expect(page.get_by_role("combobox", name="Idioma")).to_be_visible()
    await expect(page.get_by_role("heading", name="Pudú Azul")).to_be_visible()
    await expect(page.get_by_role("group", name="Preguntas frecuentes").get_by_role("button")).to_have_count(
        2
    )
    await write(page, "Hola")
    await house.channel.typing(place(await session_of(house)))
    await expect(page.locator("#announce")).to_have_text("Escribiendo…")


async def test_buttons_are_pressed_by_keyboard_and_say_their_label(house: House, visit: Visit) -> None:
    page = await visit(f"{house.url}/chat")
    await write(page, "Hola")
    session = await session_of(house)
    rows = ((Button("Seguir mi pedido", "entry:track"), Button("Ver mapa", url="https://example.com/m")),)
    await house.say(session, "¿Qué necesitas?", rows=rows)
    button = page.get_by_role("button", name="Seguir mi pedido")
    await button.focus()
    await page.keyboard.press("Enter")

    events = await house.memory.stored(2)
    assert (events[-1].kind, events[-1].text) == (InboundKind.BUTTON, "entry:track")
    await expect(page.locator(".mine").last).to_contain_text("Seguir mi pedido")
    await expect(button).to_be_focused()
    await expect(page.get_by_role("link", name="Ver mapa")).to_have_attribute("href", "https://example.com/m")

    await page.reload()
    await expect(page.locator(".mine")).to_have_count(2)
    await expect(page.locator(".mine").last).to_contain_text("Seguir mi pedido")


async def test_the_menu_greets_a_new_visitor(house: House, visit: Visit) -> None:
    page = await visit(f"{house.url}/chat")
    await expect(page.get_by_text("Café de especialidad, tostado en Valdivia.")).to_be_visible()
    await expect(page.get_by_text("Marca ficticia")).to_be_visible()
    await page.get_by_role("button", name="Costo del envío").click()
    events = await house.memory.stored(1)
    assert (events[0].text, events[0].raw) == ("entry:costo_envio", "Costo del envío")


async def test_a_reload_brings_the_conversation_back_once(house: House, visit: Visit) -> None:
    page = await visit(f"{house.url}/chat")
    await write(page, "Hola")
    await house.say(await session_of(house), "¡Hola!")
    await expect(page.get_by_text("¡Hola!")).to_be_visible()
    await page.reload()
    await expect(page.locator(".message")).to_have_count(2)
    await write(page, "Sigo aquí")
    assert await session_of(house, 2) == next(iter(house.memory.items))
    assert len(house.memory.secrets) == 1
    assert "secret" not in page.url


async def test_a_break_is_shown_and_what_was_written_arrives_once_in_order(
    tmp_path: Path, visit: Visit
) -> None:
    memory = Memory()
    async with open_house(tmp_path, memory=memory) as house:
        url = house.url
        page = await visit(f"{url}/chat", expected=BREAKS)
        await write(page, "uno")
        session = await session_of(house)
        seen = await house.say(session, "la primera respuesta")
        await expect(page.get_by_text("la primera respuesta")).to_be_visible()

    await expect(page.get_by_text("Sin conexión, reintentando…")).to_be_visible()
    await write(page, "dos")
    await write(page, "tres")
    await expect(page.get_by_text("Se enviará al volver la conexión").last).to_be_visible()
    missed = memory.add(session, Author.BOT, "dicho mientras tanto")
    assert missed.id > seen

    async with open_house(tmp_path, memory=memory, port=urlsplit(url).port or 0):
        await memory.stored(3)
        await expect(page.locator("#state")).to_have_attribute("data-state", "online")
        await expect(page.get_by_text("dicho mientras tanto")).to_have_count(1)
        await expect(page.get_by_text("la primera respuesta")).to_have_count(1)
        await expect(page.locator(".mine.sending, .mine.failed")).to_have_count(0)
    assert [event.text for event in memory.events.values()] == ["uno", "dos", "tres"]


async def test_a_message_whose_acknowledgement_was_lost_is_stored_once(house: House, visit: Visit) -> None:
    page = await visit(f"{house.url}/chat", expected=BREAKS)
    await expect(page.locator("#state")).to_have_attribute("data-state", "online")
    house.memory.asleep = asyncio.Event()
    await write(page, "una sola vez")
    await until(lambda: bool(house.memory.handed))
    for socket in tuple(house.channel._all):
        socket.drop()
    house.memory.asleep.set()
    await expect(page.get_by_text("Enviado")).to_be_visible()
    assert len(house.memory.events) == 1
    await expect(page.locator(".mine")).to_have_count(1)


async def test_unsent_words_survive_a_reload(tmp_path: Path, visit: Visit) -> None:
    memory = Memory()
    async with open_house(tmp_path, memory=memory) as house:
        page = await visit(f"{house.url}/chat", expected=BREAKS)
        await expect(page.locator("#state")).to_have_attribute("data-state", "online")
        memory.asleep = asyncio.Event()
        await write(page, "no me pierdas")
        await until(lambda: bool(memory.handed))
        for socket in tuple(house.channel._all):
            socket.drop()
        await page.reload()
        memory.asleep.set()
        await memory.stored(1)
        await expect(page.locator(".mine")).to_have_count(1)
        await expect(page.get_by_text("Enviado")).to_be_visible()
    assert [event.text for event in memory.events.values()] == ["no me pierdas"]


async def test_what_cannot_be_sent_says_so_and_can_be_tried_again(house: House, visit: Visit) -> None:
    page = await visit(f"{house.url}/chat")
    await expect(page.locator("#state")).to_have_attribute("data-state", "online")
    await page.clock.install()
    house.memory.failing = 4
    await write(page, "Hola")
    retry = page.get_by_role("button", name="Reintentar")
    async with asyncio.timeout(30):
        while not await retry.is_visible():
            await page.clock.run_for(3100)
    await expect(page.get_by_text("No se envió", exact=True)).to_be_visible()
    await retry.focus()
    await page.keyboard.press("Enter")
    await house.memory.stored(1)
    await expect(page.get_by_text("Enviado")).to_be_visible()
    await expect(page.get_by_label("Mensaje", exact=True)).to_be_focused()


async def test_html_in_messages_never_runs(house: House, visit: Visit) -> None:
    page = await visit(f"{house.url}/chat")
    attack = "<img src=x onerror=document.title='hacked'><script>document.title='hacked'</script>"
    await write(page, attack)
    session = await session_of(house)
    await house.say(session, attack, markdown=True)
    await house.say(session, attack, rows=((Button(attack, "x"), Button("salir", url="javascript:f()")),))
    await expect(page.get_by_role("button", name=attack)).to_be_visible()
    await expect(page.locator("#log img")).to_have_count(0)
    await expect(page.locator("#log script")).to_have_count(0)
    await expect(page.get_by_role("link", name="salir")).to_have_count(0)
    assert await page.title() == "Chat de Pudú Azul"


async def test_even_html_that_the_server_should_never_send_is_copied_tag_by_tag(
    house: House, visit: Visit
) -> None:
    page = await visit(f"{house.url}/chat", expected=("event handler", "inline style"))
    hostile = (
        '<p onclick="f()">a<img src=x onerror=f()><a href="javascript:f()">b</a>'
        '<a href="https://example.com" onclick="f()">c</a><style>*{}</style>'
        "<svg><script>f()</script></svg><input autofocus></p>"
    )
    copied = await page.evaluate(
        """async (html) => {
            const chat = document.querySelector('script[type=module]').src;
            const { safeFragment } = await import(chat.replace('chat.js', 'safe.js'));
            const box = document.createElement('div');
            box.append(safeFragment(html, 'new tab'));
            return box.innerHTML;
        }""",
        hostile,
    )
    link = 'href="https://example.com" target="_blank" rel="noopener noreferrer nofollow" title="new tab"'
    assert copied == f"<p>ab<a {link}>c</a></p>"


async def test_pictures_carry_their_words_and_files_are_saved(
    house: House, visit: Visit, tmp_path: Path
) -> None:
    (tmp_path / "prensa.png").write_bytes(pixel())
    house.memory.files[5] = ("guía.pdf", "application/pdf", b"%PDF-guide")
    page = await visit(f"{house.url}/chat", expected=("404",))
    await write(page, "Hola")
    session = await session_of(house)
    await house.say(
        session,
        "Mira",
        image="prensa.png",
        alt="Prensa francesa",
        files=((5, "guía.pdf", "application/pdf"),),
    )
    picture = page.get_by_role("img", name="Prensa francesa")
    await expect(picture).to_be_visible()
    assert await picture.evaluate("image => image.decode().then(() => image.naturalWidth)") == 1
    async with page.expect_download() as download:
        await page.get_by_role("button", name="Descargar guía.pdf").click()
    saved = await (await download.value).path()
    assert saved.read_bytes() == b"%PDF-guide"

    await house.say(session, "Falta", image="missing.png", alt="Un mapa de la tienda")
    await expect(page.get_by_text("Imagen: Un mapa de la tienda")).to_be_visible()


async def test_the_language_can_be_chosen_and_is_remembered(house: House, visit: Visit) -> None:
    page = await visit(f"{house.url}/chat")
    await page.get_by_role("combobox", name="Idioma").select_option("en")
    await expect(page.get_by_role("heading", name="How can we help?")).to_be_visible()
    await expect(page.get_by_role("button", name="Talk to a person")).to_be_visible()
    await page.get_by_label("Message", exact=True).fill("Hello")
    await page.keyboard.press("Enter")
    (event,) = await house.memory.stored(1)
    assert event.sender is not None
    assert event.sender.lang_hint == "en"
    await page.reload()
    await expect(page.get_by_role("heading", name="How can we help?")).to_be_visible()
    assert await page.evaluate("document.documentElement.lang") == "en"


async def test_a_long_text_is_refused_before_it_is_sent(house: House, visit: Visit) -> None:
    page = await visit(f"{house.url}/chat")
    await page.get_by_label("Mensaje", exact=True).fill("x" * 4001)
    await expect(page.get_by_text("Quedan -1 caracteres")).to_be_visible()
    await page.keyboard.press("Enter")
    await expect(page.locator("#announce")).to_have_text(
        "El mensaje es muy largo: el máximo son 4000 caracteres."
    )
    await expect(page.locator(".mine")).to_have_count(0)


async def test_reading_back_is_not_disturbed_by_news(house: House, visit: Visit) -> None:
    page = await visit(f"{house.url}/chat", viewport={"width": 390, "height": 600})
    await write(page, "Hola")
    session = await session_of(house)
    for number in range(20):
        await house.say(session, f"línea {number}")
    await expect(page.get_by_text("línea 19")).to_be_in_viewport()
    await page.locator("#scroll").evaluate("box => { box.scrollTop = 0 }")
    await expect(page.get_by_text("línea 19")).not_to_be_in_viewport()
    await house.say(session, "la última")
    newer = page.get_by_role("button", name="Mensajes nuevos")
    await expect(newer).to_be_visible()
    await expect(page.get_by_text("la última")).not_to_be_in_viewport()
    await newer.click()
    await expect(page.get_by_text("la última")).to_be_in_viewport()
    await expect(newer).to_be_hidden()


async def test_two_tabs_share_one_conversation(house: House, visit: Visit) -> None:
    one = await visit(f"{house.url}/chat")
    two = await visit(f"{house.url}/chat", context=one.context)
    await expect(two.locator("#state")).to_have_attribute("data-state", "online")
    await write(one, "Desde la primera")
    session = await session_of(house)
    await expect(two.get_by_text("Desde la primera")).to_be_visible()
    await house.say(session, "Para ambas")
    for page in (one, two):
        await expect(page.get_by_text("Para ambas")).to_have_count(1)
    await write(two, "Desde la segunda")
    assert await session_of(house, 2) == session


@pytest.mark.parametrize("width", [320, 390, 1280])
async def test_touch_targets_are_big_and_nothing_overflows(house: House, visit: Visit, width: int) -> None:
    page = await visit(f"{house.url}/chat", viewport={"width": width, "height": 700})
    await write(page, "palabra" * 60)
    session = await session_of(house)
    await house.say(session, "https://example.com/" + "x" * 300, rows=((Button("Opción " * 6, "a"),),))
    await expect(page.locator(".choice").last).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert await page.evaluate("(s => s.scrollWidth <= s.clientWidth)(document.getElementById('scroll'))")
    for target in await page.locator(
        "button:visible, select:visible, textarea:visible, .choice:visible"
    ).all():
        box = await target.bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) >= 44, await target.evaluate("node => node.outerHTML")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_all_text_has_contrast(house: House, visit: Visit, scheme: str) -> None:
    page = await visit(f"{house.url}/chat", color_scheme=scheme)
    await write(page, "Hola")
    session = await session_of(house)
    await house.say(
        session, "Ver [esto](https://example.com)", Author.STAFF, staff="Camila", markdown=True,
        rows=((Button("Seguir", "a"),),),
    )  # fmt: skip
    await expect(page.get_by_role("button", name="Seguir")).to_be_visible()
    assert await page.evaluate(CONTRAST) == []


async def test_bare_addresses_are_links_and_fit_a_phone(house: House, visit: Visit) -> None:
    page = await visit(f"{house.url}/chat", viewport={"width": 390, "height": 800})
    await write(page, "hola https://example.com/mine")
    session, long = await session_of(house), "https://example.com/" + "a" * 120
    await house.say(
        session, f"Lee (https://example.com/p?a=1&b=2). O {long}, y `https://example.com/no`", markdown=True
    )
    await house.say(session, "<b>javascript:f() https:// ftp://example.com/x HTTPS://example.com/y?</b>")
    links = page.get_by_role("log").get_by_role("link")
    await expect(links).to_have_count(3)
    assert await links.evaluate_all("all => all.map((a) => [a.textContent, a.protocol, a.rel])") == [
        [address, "https:", "noopener noreferrer nofollow"]
        for address in ("https://example.com/p?a=1&b=2", long, "HTTPS://example.com/y")
    ]
    await expect(page.get_by_text("<b>javascript:f() https:// ftp://example.com/x")).to_be_visible()
    assert await page.evaluate("document.querySelector('#scroll').scrollWidth <= innerWidth")


def pixel() -> bytes:
    """The smallest PNG."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(b"\0\0"))
        + chunk(b"IEND", b"")
    )
