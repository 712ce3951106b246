"""The staff page as a colleague uses it, in a real browser."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.async_api import Page, expect

from bot.domain import Author, CaseId, Lang, OutboxState
from bot.handoff.desk import DraftLine, Line, StaffMember
from tests.acceptance.browser.conftest import CONTRAST, Visit
from tests.fakes.web import House, a_case

pytestmark = pytest.mark.slow

DIEGO = StaffMember("Diego", Lang("es"))


async def enter(house: House, visit: Visit, case: int = 0, **more: Any) -> Page:
    """Sign in by a link, and open a case."""
    page = await visit(house.url + await house.auth.new_link("Camila"), **more)
    await page.get_by_role("button", name="Continuar").click()
    await expect(page.get_by_role("heading", name="Casos")).to_be_visible()
    if case:
        await page.locator(f"#case-{case}").click()
        await expect(page.get_by_label("Respuesta para el cliente")).to_be_visible()
    return page


async def test_a_colleague_opens_a_case_and_replies_by_keyboard(house: House, visit: Visit) -> None:
    house.desk.put(a_case())
    page = await enter(house, visit)
    await page.locator("#case-7").focus()
    await page.keyboard.press("Enter")
    box = page.get_by_label("Respuesta para el cliente")
    await box.focus()
    await page.keyboard.type("Hola Ana, sale hoy")
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_role("alert")).to_have_text("Respuesta enviada.")
    await expect(page.locator(".said.staff").last).to_contain_text("Hola Ana, sale hoy")
    await expect(box).to_have_value("")
    assert house.desk.calls == [("reply", 7, "Camila", "Hola Ana, sale hoy")]
    await page.reload()
    await expect(page.get_by_role("alert")).to_have_count(0)


async def test_news_arrive_without_touching_what_is_being_typed(house: House, visit: Visit) -> None:
    house.desk.put(a_case())
    page = await enter(house, visit, 7)
    box = page.get_by_label("Respuesta para el cliente")
    await box.focus()
    await page.keyboard.type("Hola An")
    await house.desk.note(CaseId(7), DIEGO, "Ojo, ya llamó dos veces")
    await expect(page.get_by_text("Ojo, ya llamó dos veces")).to_be_visible()
    house.desk.put(a_case(8, "Recién llegada"))
    await expect(page.get_by_text("Recién llegada")).to_be_visible()
    await expect(box).to_be_focused()
    await page.keyboard.type("a")
    await expect(box).to_have_value("Hola Ana")


async def test_focus_stays_on_a_button_while_the_case_changes_around_it(house: House, visit: Visit) -> None:
    house.desk.put(a_case())
    page = await enter(house, visit, 7)
    await page.locator("#do-close").focus()
    await house.desk.note(CaseId(7), DIEGO, "otra cosa")
    await expect(page.get_by_text("otra cosa")).to_be_visible()
    await expect(page.locator("#do-close")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_have_text("Caso cerrado.")


async def test_typed_text_survives_leaving_the_page(house: House, visit: Visit) -> None:
    house.desk.put(a_case())
    page = await enter(house, visit, 7)
    box = page.get_by_label("Respuesta para el cliente")
    await box.fill("todavía no termino")
    await page.get_by_role("link", name="Abiertos").click()
    await page.locator("#case-7").click()
    await expect(box).to_have_value("todavía no termino")


async def test_a_kept_text_stays_to_be_sent_and_names_the_owner(house: House, visit: Visit) -> None:
    house.desk.put(a_case())
    page = await enter(house, visit, 7)
    house.desk.owner = "Diego"
    box = page.get_by_label("Respuesta para el cliente")
    await box.fill("Voy yo")
    await page.get_by_role("button", name="Enviar respuesta").click()
    await expect(page.get_by_role("alert")).to_contain_text("Diego atiende esta conversación")
    await expect(page.locator(".kept")).to_contain_text("Voy yo")
    await expect(box).to_have_value("")
    await page.get_by_role("button", name="Enviar igual").click()
    await expect(page.get_by_role("alert")).to_have_text("Listo.")
    assert house.desk.calls[-1][:3] == ("draft", 1, "Camila")


async def test_a_held_send_is_resolved_by_a_button(house: House, visit: Visit) -> None:
    case = a_case(held=1)
    held = Line(
        4, Author.BOT, None, "Ya va", False, datetime.now(UTC), delivery=OutboxState.HELD, outbox_id=44
    )
    house.desk.put(replace(case, lines=(*case.lines, held)))
    page = await enter(house, visit, 7)
    await page.get_by_role("button", name="Sí llegó").click()
    await expect(page.get_by_role("alert")).to_be_visible()
    assert house.desk.calls == [("held", 44, "Camila", True)]


async def test_a_double_click_sends_once(house: House, visit: Visit) -> None:
    house.desk.put(a_case())
    page = await enter(house, visit, 7)
    await page.get_by_label("Respuesta para el cliente").fill("una vez")
    await page.get_by_role("button", name="Enviar respuesta").dblclick()
    await expect(page.get_by_role("alert")).to_have_text("Respuesta enviada.")
    assert len(house.desk.calls) == 1


async def test_the_page_works_without_scripts(house: House, visit: Visit) -> None:
    house.desk.put(a_case())
    page = await enter(house, visit, 7, java_script_enabled=False)
    await page.get_by_label("Respuesta para el cliente").fill("sin scripts")
    await page.get_by_role("button", name="Enviar respuesta").click()
    await expect(page.locator("#flash")).to_have_text("Respuesta enviada.")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
async def test_staff_reads_everything_on_any_screen(
    house: House, visit: Visit, scheme: str, width: int
) -> None:
    case, now = a_case(member="Ana " + "x" * 80, held=1), datetime.now(UTC)
    lines = (
        Line(4, Author.BOT, None, "y" * 200, False, now, delivery=OutboxState.HELD, outbox_id=4, error="502"),
        Line(5, Author.STAFF, "Diego", "nota", False, now, note=True),
        Line(6, Author.STAFF, "Diego", "[x](https://example.com)", True, now, delivery=OutboxState.SENT),
    )
    house.desk.put(
        replace(case, lines=(*case.lines, *lines), drafts=(DraftLine(1, "Camila", "z" * 200, now),))
    )
    page = await enter(house, visit, 7, color_scheme=scheme, viewport={"width": width, "height": 800})
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert await page.evaluate(CONTRAST) == []
    for target in await page.locator("button:visible, textarea:visible, a.case:visible").all():
        box = await target.bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) >= 44, await target.evaluate("node => node.outerHTML")


async def test_long_messages_keep_their_own_room(house: House, visit: Visit) -> None:
    case, now = a_case(), datetime.now(UTC)
    long = tuple(
        Line(4 + n, Author.BOT, None, "Una respuesta larga.\n" * 40, False, now, delivery=OutboxState.SENT)
        for n in range(2)
    )
    house.desk.put(replace(case, lines=(*case.lines, *long)))
    page = await enter(house, visit, 7, viewport={"width": 1280, "height": 800})
    spilled = """() => [...document.querySelectorAll(".said")].filter(
        (said, n, all) => said.scrollHeight > said.clientHeight + 1 ||
            n && said.getBoundingClientRect().top < all[n - 1].lastElementChild.getBoundingClientRect().bottom
    ).length"""
    assert await page.locator(".said").count() == 5
    assert await page.evaluate(spilled) == 0


async def test_every_tab_is_within_its_column(house: House, visit: Visit) -> None:
    page = await enter(house, visit)
    outside = """() => [...document.querySelectorAll(".tabs a")].filter((tab) => {
        const { left, right } = tab.getBoundingClientRect(), room = tab.parentElement.getBoundingClientRect();
        return left < room.left - 1 || right > room.right + 1;
    }).length"""
    for lang in ("es", "en"):
        await page.goto(f"{house.url}/staff?lang={lang}")
        assert await page.locator(".tabs a").count() == 4
        for width in (320, 390, 1280):
            await page.set_viewport_size({"width": width, "height": 800})
            assert await page.evaluate(outside) == 0, (lang, width)
            assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (lang, width)
