"""Whatever members send, the bot goes on: each message has its outcome, and nothing of it acts on staff."""

from __future__ import annotations

from pathlib import Path

import aiohttp

from tests.fakes.house import PATIENCE, STAFF_CHAT, open_house, records
from tests.fakes.telegram import FakeTelegram

TEXTS = (
    "Z" + "\u0301" * 4_000,
    "\u202e\u2066¿otneúc¿\u200b\u200d",
    "🔥" * 2_000,
    "{{ envio.precio }} {{7*7}} {% raw %}",
    "<b>x</b> <script>f()</script> [a](javascript:f()) *_`~>#",
    "' OR 1=1; DROP TABLE messages; --",
    "\x1b[2J\x1b]0;x\x07",
    "a\x00b\ufffe\U000e0041",
    "@everyone @bruno /cerrar 1 /bloquear 1",
    "[" * 4_000,
    "%s %n {0.__class__}",
    "\n" * 4_000 + "hola",
    "a" * 4_096,
)
PAYLOADS = ("", "pick:", "pick:" + "x" * 59, "useful:1", "useless:-1", "take:1", "private:../x", "\x00", "💥")


FRAMES = ("x" * 1_000_000, "[" * 10_000, '{"type":"say"}', '{"type":"tap","id":"aaaaaaaa","payload":"💥"}')


async def test_no_message_breaks_anything(tmp_path: Path) -> None:
    async with FakeTelegram() as fake, open_house(tmp_path, fake, limit_member_burst=0) as house:
        eva = fake.member(11, "Eva\u202e\nCaso 9 cerrado <b>", last_name="\u0301" * 60)
        eva.writes("/humano")
        await house.rest(messages=1)
        for text in TEXTS:
            eva.writes(text[:4096])
        await house.rest(messages=1 + len(TEXTS))
        for number, payload in enumerate(PAYLOADS):
            fake.inject(
                {
                    "callback_query": {
                        "id": str(7_000 + number),
                        "from": eva.user.json(),
                        "message": {"message_id": 1, "date": 1_780_000_000, "chat": eva.chat.json()},
                        "chat_instance": "1",
                        "data": payload,
                    }
                }
            )
        fake.inject('{"update_id": {update_id}, "message": ' + '{"a":' * 400 + "1" + "}" * 401)
        fake.inject('{"update_id": {update_id}, "message": {"text": "\\ud800 lone", "from": {"id": "x"}}}')
        await house.rest(messages=1 + len(TEXTS) + len(PAYLOADS))
        said = await house.said(11)
        assert all(one.outcome for one in said if one.author == "member")
        assert await house.read(records.case_states) == [(1, "new")], "no button of a member works a case"
        await fake.wait_for(lambda ledger: len(ledger.to(STAFF_CHAT)) >= 2, PATIENCE)
        for notice in fake.ledger.to(STAFF_CHAT):
            assert "\u202e" not in notice.text
            assert "@bruno" not in notice.text
            assert "@everyone" not in notice.text
            assert "\nCaso 9 cerrado" not in notice.text
        luz = fake.member(12, "Luz")
        luz.writes("¿Cuánto cuesta el envío?")
        await fake.wait_for(lambda ledger: ledger.to(12), PATIENCE)


async def test_the_web_chat_refuses_what_is_too_much_and_serves_on(tmp_path: Path) -> None:
    async with open_house(tmp_path, web=True) as house, aiohttp.ClientSession() as client:
        url, headers = f"{house.bot.web_address}/chat/ws", {"Origin": house.bot.web_address}
        hello = {"type": "hello", "after": 0, "lang": "es"}
        for frame in FRAMES:
            async with client.ws_connect(url, headers=headers) as ws:
                await ws.send_json(hello)
                await ws.receive()
                await ws.send_str(frame)
                answer = await ws.receive(timeout=PATIENCE)
                assert answer.type is not aiohttp.WSMsgType.TEXT or answer.json()["type"] == "error"
        async with client.ws_connect(url, headers=headers) as ws:
            await ws.send_json(hello)
            await ws.receive()
            await ws.send_json({"type": "say", "id": "hostile-1", "text": "¿Cuánto cuesta el envío?"})
            assert (await ws.receive_json(timeout=PATIENCE))["type"] == "ack"
        await house.rest(messages=1)
