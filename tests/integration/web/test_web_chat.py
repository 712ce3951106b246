"""The web chat over real sockets: committed before acknowledged, resumable, and hard to abuse."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, WSServerHandshakeError

from bot.channels.web import Limits
from bot.domain import Author, Button, Delivery, InboundKind, Outgoing, PlaceKind
from tests.fakes.web import House, Memory, open_house
from tests.fakes.web.house import place
from tests.fakes.web.memory import until

Visit = Callable[..., Awaitable[Any]]


async def test_a_message_is_committed_and_then_acknowledged(house: House, visit: Visit) -> None:
    page = await visit(house)
    welcome = await page.hello(lang="pt")
    house.memory.asleep = asyncio.Event()

    await page.ws.send_json({"type": "say", "id": "message-1", "text": "  Oi, vocês entregam?  "})
    answer = asyncio.create_task(page.frame())
    await until(lambda: bool(house.memory.handed))
    assert not answer.done(), "nothing is acknowledged before the commit"
    house.memory.asleep.set()

    assert await answer == {"type": "ack", "id": "message-1"}
    (event,) = house.memory.events.values()
    assert event.kind is InboundKind.MESSAGE
    assert event.text == "Oi, vocês entregam?"
    assert event.event_id == f"{welcome['session']}:message-1"
    assert event.message_id == "message-1"
    assert event.sender is not None
    assert (event.sender.external_id, event.sender.lang_hint) == (welcome["session"], "pt")
    assert event.place is not None
    assert (event.place.external_id, event.place.kind) == (welcome["session"], PlaceKind.PRIVATE)
    assert abs((datetime.now(UTC) - event.sent_at).total_seconds()) < 60


async def test_a_session_is_written_with_its_first_message_and_its_secret_never(
    house: House, visit: Visit
) -> None:
    page = await visit(house)
    welcome = await page.hello()
    assert house.memory.secrets == {}
    await page.say("message-1", "Hola")
    hashed = hashlib.sha256(welcome["secret"].encode()).hexdigest()
    assert house.memory.secrets == {welcome["session"]: hashed}


async def test_a_message_sent_again_after_a_break_is_one_message(house: House, visit: Visit) -> None:
    page = await visit(house)
    welcome = await page.hello()
    await page.say("message-1", "Hola")
    await page.ws.close()

    again = await visit(house)
    resumed = await again.hello(session=welcome["session"], secret=welcome["secret"])
    assert await again.say("message-1", "Hola") == {"type": "ack", "id": "message-1"}

    assert "secret" not in resumed
    assert len(house.memory.events) == 1
    assert [(item["text"], item["client_id"]) for item in resumed["items"]] == [("Hola", "message-1")]


async def test_whoever_was_away_gets_what_was_said_meanwhile(house: House, visit: Visit) -> None:
    page = await visit(house)
    welcome = await page.hello()
    await page.say("message-1", "Hola")
    seen = await house.say(welcome["session"], "Hola, ¿en qué ayudo?")
    assert (await page.frame())["id"] == seen
    await page.ws.close()
    missed = await house.say(welcome["session"], "Cuesta **$3.990**.", markdown=True)

    again = await visit(house)
    resumed = await again.hello(session=welcome["session"], secret=welcome["secret"], after=seen)

    (item,) = resumed["items"]
    assert item["id"] == missed
    assert item["html"] == "<p>Cuesta <strong>$3.990</strong>.</p>"
    assert item["text"] == "Cuesta $3.990."


async def test_nothing_falls_between_the_history_and_the_live_messages(tmp_path: Path, visit: Visit) -> None:
    class Slow(Memory):
        reading = asyncio.Event()
        go_on = asyncio.Event()

        async def latest(self, *args: Any) -> Any:
            found = await super().latest(*args)
            if not self.go_on.is_set():
                self.reading.set()
                await self.go_on.wait()
            return found

    memory = Slow()
    memory.go_on.set()
    async with open_house(tmp_path, memory=memory) as house:
        first = await visit(house)
        welcome = await first.hello()
        await first.say("message-1", "Hola")
        await first.ws.close()
        memory.go_on.clear()
        memory.reading.clear()

        page = await visit(house)
        resuming = asyncio.create_task(page.hello(session=welcome["session"], secret=welcome["secret"]))
        await memory.reading.wait()
        item = memory.add(welcome["session"], Author.BOT, "Justo ahora")
        sending = asyncio.create_task(
            house.channel.send(place(welcome["session"]), memory.outgoing(item), nonce=str(item.id))
        )
        memory.go_on.set()

        assert [i["text"] for i in (await resuming)["items"]] == ["Hola"]
        assert (await sending).delivery is Delivery.SENT
        live = await page.frame()
        assert (live["type"], live["text"]) == ("message", "Justo ahora")


async def test_a_push_carries_all_that_a_page_shows(house: House, visit: Visit, tmp_path: Path) -> None:
    (tmp_path / "prensa.png").write_bytes(b"picture")
    page = await visit(house)
    session = (await page.hello())["session"]
    await house.say(
        session,
        "Mira:\n\n- uno\n- [dos](https://example.com)",
        Author.STAFF,
        staff="Camila",
        markdown=True,
        rows=((Button("Seguir", "go"), Button("Mapa", url="https://example.com/m")),),
        image="prensa.png",
        alt="Prensa francesa",
        files=((5, "guía.pdf", "application/pdf"),),
    )
    frame = await page.frame()
    assert (frame["author"], frame["staff"], frame["alt"]) == ("staff", "Camila", "Prensa francesa")
    assert frame["rows"] == [
        [
            {"label": "Seguir", "payload": "go", "url": ""},
            {"label": "Mapa", "payload": "", "url": "https://example.com/m"},
        ]
    ]
    assert frame["files"] == [{"id": 5, "name": "guía.pdf", "mime": "application/pdf"}]
    assert frame["image"].startswith("/media/")
    assert 'rel="noopener' in frame["html"]


async def test_a_send_to_nobody_and_one_unknown_to_the_store_are_sent(house: House, visit: Visit) -> None:
    away = await house.channel.send(place("nobody"), Outgoing("Hola"), nonce="5")
    assert (away.delivery, away.external_id) == (Delivery.SENT, "5")

    page = await visit(house)
    session = (await page.hello())["session"]
    await house.channel.send(place(session), Outgoing("**Hola**", markdown=True), nonce="77")
    frame = await page.frame()
    assert (frame["id"], frame["html"]) == (77, "<p><strong>Hola</strong></p>")


async def test_every_open_page_of_a_session_hears_and_no_other(house: House, visit: Visit) -> None:
    one = await visit(house)
    welcome = await one.hello()
    await one.say("message-1", "Hola")
    two = await visit(house)
    await two.hello(session=welcome["session"], secret=welcome["secret"])
    stranger = await visit(house)
    await stranger.hello()

    await house.channel.typing(place(welcome["session"]))
    await house.say(welcome["session"], "Para Ana")

    for page in (one, two):
        assert (await page.frame())["type"] == "typing"
        assert (await page.frame())["text"] == "Para Ana"
    assert await stranger.say("message-1", "Yo") == {"type": "ack", "id": "message-1"}


@pytest.mark.parametrize("secret", ["", "wrong", "x" * 43])
async def test_a_session_cannot_be_taken_with_another_secret(house: House, visit: Visit, secret: str) -> None:
    page = await visit(house)
    welcome = await page.hello()
    await page.say("message-1", "Mi dirección es Los Aromos 12")

    thief = await visit(house)
    got = await thief.hello(session=welcome["session"], secret=secret)

    assert got["session"] != welcome["session"]
    assert got["secret"]
    assert got["items"] == []


async def test_a_button_arrives_with_its_payload(house: House, visit: Visit) -> None:
    page = await visit(house)
    await page.hello()
    await page.ws.send_json(
        {"type": "tap", "id": "press-001", "payload": "entry:envio", "label": "Costo del envío"}
    )
    assert await page.frame() == {"type": "ack", "id": "press-001"}
    (event,) = house.memory.events.values()
    assert (event.kind, event.text, event.raw) == (InboundKind.BUTTON, "entry:envio", "Costo del envío")


@pytest.mark.parametrize(
    ("text", "command", "rest"),
    [("/persona", "human", ""), ("/HELP", "help", ""), ("/humano por favor", "human", "por favor")],
)
async def test_commands_are_known_in_every_language(
    house: House, visit: Visit, text: str, command: str, rest: str
) -> None:
    page = await visit(house)
    await page.hello()
    await page.say("message-1", text)
    (event,) = house.memory.events.values()
    assert (event.kind, event.command, event.text) == (InboundKind.COMMAND, command, rest)


async def test_a_slash_that_is_no_command_is_a_message(house: House, visit: Visit) -> None:
    page = await visit(house)
    await page.hello()
    await page.say("message-1", "/ruta/a/la/tienda")
    (event,) = house.memory.events.values()
    assert (event.kind, event.text) == (InboundKind.MESSAGE, "/ruta/a/la/tienda")


async def test_the_language_can_change_in_the_middle(house: House, visit: Visit) -> None:
    page = await visit(house)
    await page.hello(lang="es")
    await page.ws.send_json({"type": "lang", "lang": "en"})
    await page.say("message-1", "Hello")
    (event,) = house.memory.events.values()
    assert event.sender is not None
    assert event.sender.lang_hint == "en"


async def test_when_the_store_fails_the_page_hears_try_again(house: House, visit: Visit) -> None:
    page = await visit(house)
    await page.hello()
    house.memory.failing = 1
    refused = await page.say("message-1", "Hola")
    assert (refused["type"], refused["code"], refused["id"]) == ("error", "try_again", "message-1")
    assert refused["retry_after"] > 0
    assert await page.say("message-1", "Hola") == {"type": "ack", "id": "message-1"}
    assert len(house.memory.events) == 1


async def test_long_and_empty_texts_are_refused_kindly(house: House, visit: Visit) -> None:
    page = await visit(house)
    await page.hello()
    assert (await page.say("message-1", "ñ" * 4001))["code"] == "too_long"
    assert (await page.say("message-2", " \n\x00 "))["code"] == "empty"
    assert (await page.say("message-3", "🚚" * 4000))["type"] == "ack"


async def test_text_that_no_database_can_store_is_mended(house: House, visit: Visit) -> None:
    page = await visit(house)
    await page.hello()
    await page.ws.send_str('{"type":"say","id":"message-1","text":"a\\u0000b \\ud83d\\ude9a \\ud83d"}')
    answer = await page.frame()
    if answer["type"] == "ack":
        (event,) = house.memory.events.values()
        event.text.encode()
        assert "\x00" not in event.text
        assert "🚚" in event.text
    else:
        assert answer["code"] == "bad_frame"


async def test_bad_frames_are_refused_and_the_page_goes_on(house: House, visit: Visit) -> None:
    page = await visit(house)
    await page.hello()
    for bad in ("{", "[]", '{"type":"say"}', '{"type":"hello"}', "null"):
        await page.ws.send_str(bad)
        assert (await page.frame()) == {"type": "error", "code": "bad_frame"}
    assert (await page.say("message-1", "Hola"))["type"] == "ack"


@pytest.mark.parametrize(
    "first", ['{"type":"say","id":"message-1","text":"x"}', "{", '{"type":"lang","lang":"es"}']
)
async def test_a_socket_that_does_not_greet_is_closed(house: House, visit: Visit, first: str) -> None:
    page = await visit(house)
    await page.ws.send_str(first)
    assert await page.closed() == 1008


async def test_a_socket_that_says_nothing_is_closed(tmp_path: Path, visit: Visit) -> None:
    async with open_house(tmp_path, limits=Limits(hello_seconds=0.05)) as house:
        page = await visit(house)
        assert await page.closed() == 1008


async def test_frames_that_are_too_big_or_binary_close_the_socket(house: House, visit: Visit) -> None:
    big = await visit(house)
    await big.hello()
    await big.ws.send_str("x" * (16 * 1024 + 1))
    assert await big.closed() == 1009

    binary = await visit(house)
    await binary.hello()
    await binary.ws.send_bytes(b'{"type":"say","id":"message-1","text":"x"}')
    await binary.closed()
    assert house.memory.events == {}


async def test_a_flood_of_messages_is_slowed_down_over_all_pages(house: House, visit: Visit) -> None:
    page = await visit(house)
    welcome = await page.hello()
    for number in range(10):
        assert (await page.say(f"message-{number}", "Hola"))["type"] == "ack"
    other = await visit(house)
    await other.hello(session=welcome["session"], secret=welcome["secret"])
    refused = await other.say("message-x", "Hola")
    assert refused["code"] == "too_fast"
    assert 0 < refused["retry_after"] <= 10
    assert len(house.memory.events) == 10


async def test_a_flood_of_frames_closes_the_socket(house: House, visit: Visit) -> None:
    page = await visit(house)
    await page.hello()
    for _ in range(61):
        await page.ws.send_str("{")
    assert await page.closed() == 1008


async def test_new_sessions_of_one_address_are_limited_at_their_first_message(
    tmp_path: Path, visit: Visit
) -> None:
    async with open_house(tmp_path, limits=Limits(sessions_per_address=2)) as house:
        for number in range(3):
            page = await visit(house)
            await page.hello()
            answer = await page.say("message-1", "Hola")
            assert answer.get("code") == ("too_many_sessions" if number == 2 else None)
        assert len(house.memory.secrets) == 2


async def test_messages_of_one_address_are_limited_over_all_its_pages(tmp_path: Path, visit: Visit) -> None:
    async with open_house(tmp_path, limits=Limits(messages_per_address=3)) as house:
        answers = []
        for number in range(5):
            page = await visit(house)
            await page.hello()
            answers.append((await page.say(f"message-{number}", "Hola")).get("code"))
        assert answers == [None, None, None, "too_fast", "too_fast"]


async def test_opening_pages_again_and_again_is_limited(tmp_path: Path, visit: Visit) -> None:
    async with open_house(tmp_path, limits=Limits(handshakes_per_address=2)) as house:
        await visit(house)
        await visit(house)
        with pytest.raises(WSServerHandshakeError) as refused:
            await visit(house)
        assert refused.value.status == 429


async def test_connections_of_one_address_are_limited_and_freed(tmp_path: Path, visit: Visit) -> None:
    async with open_house(tmp_path, limits=Limits(sockets_per_address=2)) as house:
        one, two = await visit(house), await visit(house)
        await one.hello()
        await two.hello()
        with pytest.raises(WSServerHandshakeError) as refused:
            await visit(house)
        assert refused.value.status == 429
        await one.ws.close()
        await until(lambda: house.channel._per_address["127.0.0.1"] < 2)
        await (await visit(house)).hello()


async def test_connections_behind_a_trusted_proxy_are_counted_apart(tmp_path: Path, visit: Visit) -> None:
    limits = Limits(sockets_per_address=1)
    async with open_house(tmp_path, limits=limits, proxies=("127.0.0.1",)) as house:
        one = await visit(house, **{"X-Forwarded-For": "203.0.113.1"})
        two = await visit(house, **{"X-Forwarded-For": "203.0.113.2"})
        with pytest.raises(WSServerHandshakeError):
            await visit(house, **{"X-Forwarded-For": "203.0.113.2"})
        assert not one.ws.closed
        assert not two.ws.closed


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "", "http://127.0.0.1"])
async def test_pages_of_other_origins_are_refused(house: House, visit: Visit, origin: str) -> None:
    with pytest.raises(WSServerHandshakeError) as refused:
        await visit(house, Origin=origin)
    assert refused.value.status == 403


async def test_listed_origins_are_welcome(tmp_path: Path, visit: Visit) -> None:
    async with open_house(tmp_path, origins=("https://shop.example",)) as house:
        page = await visit(house, Origin="https://shop.example")
        assert (await page.hello())["type"] == "welcome"


async def test_a_reader_that_does_not_keep_up_is_dropped_and_loses_nothing(
    tmp_path: Path, visit: Visit
) -> None:
    async with open_house(tmp_path, limits=Limits(backlog=4)) as house:
        page = await visit(house)
        welcome = await page.hello()
        await page.say("message-1", "Hola")
        session = welcome["session"]
        await _stop_reading(house, session)
        assert session not in house.channel._open, "dropped"
        assert house.memory.items[session][-1].text.startswith("número")

        again = await visit(house)
        resumed = await again.hello(session=session, secret=welcome["secret"])
        assert resumed["items"][-1]["id"] == house.memory.items[session][-1].id


async def _stop_reading(house: House, session: str) -> None:
    """Send more than the sockets' buffers hold, without a page that reads it."""
    async with asyncio.timeout(30):
        number = 0
        while session in house.channel._open:
            number += 1
            await house.say(session, f"número {number} " + "x" * 200_000)
            await asyncio.sleep(0)


async def test_closing_tells_pages_to_come_back(tmp_path: Path, visit: Visit) -> None:
    async with open_house(tmp_path) as house:
        page = await visit(house)
        await page.hello()
        leaving = asyncio.create_task(page.closed())
    assert await leaving == 1001


async def test_a_session_survives_a_restart(tmp_path: Path, visit: Visit) -> None:
    memory = Memory()
    async with open_house(tmp_path, memory=memory) as house:
        page = await visit(house)
        welcome = await page.hello()
        await page.say("message-1", "Hola")
        await page.ws.close()
    async with open_house(tmp_path, memory=memory) as house:
        page = await visit(house)
        resumed = await page.hello(session=welcome["session"], secret=welcome["secret"])
        assert [item["text"] for item in resumed["items"]] == ["Hola"]


async def test_a_greeting_that_the_store_cannot_answer_asks_to_come_back(
    house: House, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*args: object) -> bool:
        raise OSError("no disk")

    monkeypatch.setattr(house.memory, "verify", fails)
    page = await visit(house)
    await page.ws.send_json({"type": "hello", "session": "abc", "secret": "def"})
    assert await page.closed() == 1013


async def test_html_in_a_message_stays_text(house: House, visit: Visit) -> None:
    page = await visit(house)
    session = (await page.hello())["session"]
    attack = "<img src=x onerror=f()> <script>f()</script> [x](javascript:f()) [y](data:text/html,a)"
    await house.say(session, attack, markdown=True)
    html = (await page.frame())["html"]
    assert "<img" not in html
    assert "<script" not in html
    assert "href" not in html


async def test_a_file_is_given_to_its_member_only_and_as_a_download(
    house: House, visit: Visit, client: ClientSession
) -> None:
    house.memory.files[5] = ("guía <1>.html", "text/html", b"<script>alert(1)</script>")
    house.memory.files[6] = ("other.pdf", "application/pdf", b"other")
    page = await visit(house)
    welcome = await page.hello()
    await page.say("message-1", "Hola")
    await house.say(welcome["session"], "Aquí va", files=((5, "guía <1>.html", "text/html"),))
    key = f"Session {welcome['session']}:{welcome['secret']}"

    async def ask(number: int, authorization: str) -> Any:
        headers = {"Authorization": authorization}
        async with client.get(f"{house.url}/chat/files/{number}", headers=headers) as answer:
            return answer.status, dict(answer.headers), await answer.read()

    status, headers, body = await ask(5, key)
    assert (status, body) == (200, b"<script>alert(1)</script>")
    assert headers["Content-Type"] == "application/octet-stream"
    assert headers["Content-Disposition"] == "attachment; filename*=UTF-8''gu%C3%ADa%20%3C1%3E.html"
    assert headers["X-Content-Type-Options"] == "nosniff"
    basic = base64.b64encode(key.encode()).decode()
    for number, authorization in (
        (6, key),
        (5, ""),
        (5, f"Basic {basic}"),
        (5, f"Session {welcome['session']}:{'x' * 43}"),
        (5, f"Session {welcome['session']}:"),
    ):
        assert (await ask(number, authorization))[0] == 404


async def test_no_secret_and_no_text_reaches_the_log(
    house: House, visit: Visit, capsys: pytest.CaptureFixture[str]
) -> None:
    page = await visit(house)
    welcome = await page.hello()
    house.memory.failing = 1
    await page.say("message-1", "mi clave es girasol")
    await page.ws.send_str('{"girasol"')
    await page.frame()
    out = "".join(capsys.readouterr())
    assert "web_chat_intake_failed" in out
    assert "girasol" not in out
    assert welcome["secret"] not in out
