"""Take the documents' pictures: start the demo, chat with it in a browser, answer as staff.

Run it with `.venv/bin/python scripts/screenshot.py` after a change of the pages; it needs Chromium.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
QUESTION = "hola! puse mal la direccion de entrega, se puede corregir??"
WISH = "uf, compré ayer. quiero hablar con una persona"
REPLY = "¡Hola! Soy Camila. Todavía no sale: dime tu número de pedido y la dirección correcta."
PATIENCE = 30_000


@contextmanager
def demo() -> Iterator[tuple[str, str]]:
    """The demo on a free port with data of its own: the addresses of the chat and of the staff's way in."""
    with tempfile.TemporaryDirectory() as data:
        process = subprocess.Popen(
            [sys.executable, "-m", "bot", "demo", "--data", data],
            cwd=ROOT,
            env=os.environ | {"VOCERO_WEB_PORT": "0", "VOCERO_LANG": "es", "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert process.stdout
            told = ""
            for line in process.stdout:
                told += line
                if "Ctrl+C" in line:
                    break
            chat = re.search(r"http://\S+:\d+/(?:chat)?(?=\s)", told)
            staff = re.search(r"http://\S+/staff/login\?token=[\w-]+", told)
            assert chat, told
            assert staff, told
            yield chat.group(), staff.group()
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(60)


def write(page: Page, text: str) -> None:
    """Say something in the chat."""
    page.get_by_label("Mensaje", exact=True).fill(text)
    page.keyboard.press("Enter")


def opened(browser: Browser, width: int, height: int) -> Page:
    """A page of its own, in Spanish."""
    size = {"width": width, "height": height}
    context = browser.new_context(locale="es-CL", viewport=size, device_scale_factor=1.5)  # type: ignore[arg-type]  # a plain dict is what it takes
    context.set_default_timeout(PATIENCE)
    return context.new_page()


def main() -> None:
    """Take both pictures."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("Chromium is not installed (Debian and Ubuntu: apt-get install chromium)")
    IMAGES.mkdir(parents=True, exist_ok=True)
    expect.set_options(timeout=PATIENCE)
    root = ["--no-sandbox"] if os.geteuid() == 0 else []  # Chromium's sandbox refuses to run as root
    with demo() as (chat, staff), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=root)
        member = opened(browser, 520, 1180)
        member.goto(chat)
        log = member.get_by_role("log")
        write(member, QUESTION)
        expect(log.get_by_text("4 horas").first).to_be_visible()
        write(member, WISH)
        expect(log.get_by_text("número de caso").first).to_be_visible()

        desk = opened(browser, 1180, 1000)
        desk.goto(staff)
        desk.get_by_role("button", name="Continuar").click()
        desk.get_by_role("link", name=re.compile("Caso 1|Visitante")).first.click()
        desk.get_by_label("Respuesta para el cliente").fill(REPLY)
        desk.get_by_role("button", name="Enviar respuesta").click()
        expect(desk.get_by_text("Respuesta enviada.")).to_be_visible()
        expect(log.get_by_text("Soy Camila")).to_be_visible()
        desk.screenshot(path=IMAGES / "staff.png")
        member.screenshot(path=IMAGES / "chat.png")
        browser.close()


if __name__ == "__main__":
    main()
