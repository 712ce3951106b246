"""Pages over HTTP: what they carry, what they may load, and what people read when something is wrong."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path

import pytest
from aiohttp import ClientSession, web

from bot.domain import ES, Button
from bot.errors import StartupError
from bot.web.server import serve
from bot.web.site import Site
from tests.fakes.web import House, open_house

HTML = {"Accept": "text/html"}


async def test_the_front_door_leads_to_the_chat(house: House, client: ClientSession) -> None:
    async with client.get(house.url, allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (302, "/chat")


async def test_the_chat_page_speaks_the_visitors_language(house: House, client: ClientSession) -> None:
    for query, header, lang, words in (
        ("", "es-CL,es", "es", "¿En qué podemos ayudar?"),
        ("", "pt-BR", "pt", "Como podemos ajudar?"),
        ("?lang=en", "es", "en", "How can we help?"),
        ("", "de", "es", "¿En qué podemos ayudar?"),
    ):
        async with client.get(f"{house.url}/chat{query}", headers={"Accept-Language": header}) as answer:
            body = await answer.text()
        assert f'<html lang="{lang}">' in body
        assert words in body
        assert "Pudú Azul" in body


async def test_pages_allow_no_inline_code_and_no_frames(house: House, client: ClientSession) -> None:
    for path in ("/chat", "/staff", "/nowhere", "/staff/login?token=x"):
        async with client.get(house.url + path, headers=HTML) as answer:
            body = await answer.text()
            policy = answer.headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy
            assert "script-src 'self'" in policy
            assert "frame-ancestors 'none'" in policy
            assert "unsafe" not in policy
            assert answer.headers["X-Frame-Options"] == "DENY"
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["Referrer-Policy"] == "same-origin"
            assert "camera=()" in answer.headers["Permissions-Policy"]
            assert answer.headers["Cache-Control"] == "no-store"
        assert not re.search(r"<script(?![^>]*(src=|application/json))", body)
        assert not re.search(r"<style|\sstyle=|\son\w+=", body)


async def test_only_listed_origins_may_embed_the_chat(tmp_path: Path, client: ClientSession) -> None:
    async with open_house(tmp_path, origins=("https://shop.example",)) as house:
        async with client.get(f"{house.url}/chat?embed=1") as answer:
            assert "frame-ancestors 'self' https://shop.example" in answer.headers["Content-Security-Policy"]
            assert "X-Frame-Options" not in answer.headers
        async with client.get(f"{house.url}/chat") as answer:
            assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
        async with client.get(f"{house.url}/staff") as answer:
            assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]


async def test_a_strange_host_does_not_get_into_the_policy(house: House, client: ClientSession) -> None:
    async with client.get(f"{house.url}/chat", headers={"Host": "x; script-src *"}) as answer:
        assert "script-src *" not in answer.headers.get("Content-Security-Policy", "")


async def test_what_the_brand_says_cannot_break_out_of_the_page(
    tmp_path: Path, client: ClientSession
) -> None:
    attack = "</script><script>f()</script><img src=x onerror=f()>'\"&"
    site = Site(attack, (ES,), {ES: attack}, {ES: (Button(attack, "x"),)}, fictitious=True)
    async with open_house(tmp_path, site=site) as house, client.get(f"{house.url}/chat") as answer:
        body = await answer.text()
    assert "<script>f()" not in body
    assert "<img" not in body
    boot = re.search(r'<script type="application/json" id="boot">(.*?)</script>', body, re.DOTALL)
    assert boot is not None
    assert json.loads(boot[1])["brand"] == attack
    assert html.escape(attack, quote=True).replace("&#x27;", "&#39;").replace("&quot;", "&#34;") in body


async def test_static_files_live_under_their_hash_and_are_kept(house: House, client: ClientSession) -> None:
    async with client.get(f"{house.url}/chat") as answer:
        urls = re.findall(r'(?:src|href)="(/static/[^"]+)"', await answer.text())
    assert len(urls) >= 3
    for url in urls:
        async with client.get(house.url + url) as answer:
            assert answer.status == 200
            assert "immutable" in answer.headers["Cache-Control"]
    name = urls[0].rpartition("/")[2]
    async with client.get(f"{house.url}/static/000000000000/{name}") as answer:
        assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-store")
    for bad in ("nothing.js", "..%2Fserver.py", "%2e%2e%2fserver.py"):
        async with client.get(f"{house.url}/static/000000000000/{bad}") as answer:
            assert answer.status == 404


async def test_every_module_that_a_page_imports_exists(house: House, client: ClientSession) -> None:
    async with client.get(f"{house.url}/chat") as answer:
        todo = re.findall(r'src="(/static/[^"]+\.js)"', await answer.text())
    seen = set()
    while todo:
        url = todo.pop()
        seen.add(url)
        async with client.get(house.url + url) as answer:
            assert answer.status == 200, url
            imports = re.findall(r'from "\./([\w.]+)"', await answer.text())
        todo += {f"{url.rpartition('/')[0]}/{name}" for name in imports} - seen
    assert len(seen) >= 5


async def test_the_widget_may_be_loaded_by_any_page(house: House, client: ClientSession) -> None:
    async with client.get(f"{house.url}/widget.js") as answer:
        assert answer.content_type == "text/javascript"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"


async def test_a_picture_is_served_to_who_knows_its_hash(
    house: House, client: ClientSession, tmp_path: Path
) -> None:
    (tmp_path / "a b.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'><script>f()</script></svg>")
    url = await house.channel._image("a b.svg")
    async with client.get(house.url + url) as answer:
        assert (answer.status, answer.content_type) == (200, "image/svg+xml")
        assert "sandbox" in answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    wrong = re.sub(r"/media/[0-9a-f]{24}/", f"/media/{'0' * 24}/", url)
    for bad in (wrong, f"/media/{'0' * 24}/web.db", f"/media/{'0' * 24}/../web.db", "/media/zz/a.png"):
        async with client.get(house.url + bad) as answer:
            assert answer.status == 404


async def test_health_says_what_is_missing(house: House, client: ClientSession) -> None:
    async with client.get(f"{house.url}/health/ready") as answer:
        told = await answer.json()
        assert (answer.status, told["ready"], told["missing"]) == (200, True, [])
    house.missing.append("knowledge")
    async with client.get(f"{house.url}/health/ready") as answer:
        told = await answer.json()
        assert (answer.status, told["ready"], told["missing"]) == (503, False, ["knowledge"])
    async with client.get(f"{house.url}/health/live") as answer:
        assert (answer.status, await answer.json()) == (200, {"alive": True})


async def test_errors_are_pages_for_people_and_json_for_programs(house: House, client: ClientSession) -> None:
    async with client.get(f"{house.url}/nada", headers={**HTML, "Accept-Language": "es"}) as answer:
        assert answer.status == 404
        assert "Esta página no existe" in await answer.text()
    async with client.get(f"{house.url}/nada") as answer:
        assert (answer.status, await answer.json()) == (404, {"error": 404, "reference": ""})
    async with client.post(f"{house.url}/chat", headers={**HTML, "Accept-Language": "en"}) as answer:
        assert answer.status == 405
        assert answer.headers["Allow"] == "GET,HEAD"
        assert "work that way" in await answer.text()


async def test_what_breaks_is_logged_under_a_reference_and_told_without_details(
    house: House, client: ClientSession, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def breaks(*args: object) -> str:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(house.auth, "invited", breaks)
    async with client.get(f"{house.url}/staff/login?token=girasol", headers=HTML) as answer:
        body = await answer.text()
    assert answer.status == 500
    assert "secret detail" not in body
    reference = re.search(r">([0-9a-f]{8})<", body)
    assert reference is not None
    out = "".join(capsys.readouterr())
    assert reference[1] in out
    assert "girasol" not in out


async def test_the_brands_colour_reaches_the_pages(tmp_path: Path, client: ClientSession) -> None:
    site = Site("Pudú Azul", (ES,), color="#0b3d91")
    async with open_house(tmp_path, site=site) as house, client.get(f"{house.url}/theme.css") as answer:
        assert "--accent:#0b3d91" in await answer.text()


async def test_a_plain_request_to_the_socket_is_refused(house: House, client: ClientSession) -> None:
    async with client.get(f"{house.url}/chat/ws") as answer:
        assert answer.status == 403
    async with client.get(f"{house.url}/chat/ws", headers={"Origin": house.url}) as answer:
        assert answer.status == 400


async def test_a_port_that_is_taken_is_told_with_a_remedy(house: House) -> None:
    port = int(house.url.rpartition(":")[2])
    with pytest.raises(StartupError, match="VOCERO_WEB_PORT"):
        async with serve(web.Application(), "127.0.0.1", port):
            pass
