"""A real browser against a real server. Without Chromium the tests skip, and on CI they fail."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, async_playwright, expect

from tests.fakes.web import House, open_house

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
PATIENCE = 15_000
"""Milliseconds that a condition may take on a busy machine."""

Visit = Callable[..., Awaitable[Page]]


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    if not shutil.which(CHROMIUM):
        missing = f"there is no browser at {CHROMIUM}: install chromium or set CHROMIUM"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    args = ["--disable-gpu", "--disable-background-networking"]
    if os.geteuid() == 0:
        args.append("--no-sandbox")  # Chromium's sandbox refuses to run as root
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=args)
        yield browser
        await browser.close()


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path) as house:
        yield house


@pytest.fixture
async def visit(browser: Browser) -> AsyncIterator[Visit]:
    """Open a page in a browser of its own; a script error, or what the page's policy blocks, fails the test.

    `expected` are parts of console messages that a test brings about itself.
    """
    troubles: list[str] = []
    contexts: list[BrowserContext] = []

    async def visit(
        url: str, *, expected: tuple[str, ...] = (), context: BrowserContext | None = None, **more: Any
    ) -> Page:
        place = context or await browser.new_context(**{"locale": "es-CL", **more})
        contexts.append(place)
        place.set_default_timeout(PATIENCE)
        page = await place.new_page()
        page.on("pageerror", lambda error: troubles.append(str(error)))

        def hear(message: ConsoleMessage) -> None:
            if message.type == "error" and not any(part in message.text for part in expected):
                troubles.append(message.text)

        page.on("console", hear)
        await page.goto(url)
        return page

    expect.set_options(timeout=PATIENCE)
    yield visit
    for context in contexts:
        await context.close()
    assert troubles == []


CONTRAST = """() => {
  const parse = (text) => (text.match(/[\\d.]+/g) ?? []).map(Number);
  const light = (c) => c.slice(0, 3).map((v) => v / 255)
    .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (node) => {
    for (; node; node = node.parentElement) {
      const color = parse(getComputedStyle(node).backgroundColor);
      if (color.length === 3 || color[3] === 1) return color;
    }
    return [255, 255, 255];
  };
  const low = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !node.checkVisibility()) continue;
    if (node.closest('script, option')) continue;
    const [a, b] = [light(parse(getComputedStyle(node).color)), light(ground(node))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) low.push(`${ratio.toFixed(2)} ${node.className} ${node.textContent.slice(0, 40)}`);
  }
  return low;
}"""
"""Script that lists the texts of a page with less contrast than WCAG 2.2 AA asks of small text."""
