"""The server on loopback, met by a client that is not ours: python-telegram-bot with its own transport."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import telegram
from telegram.error import BadRequest, ChatMigrated, Conflict, Forbidden, InvalidToken, NetworkError, TimedOut

from tests.fakes.telegram import PIXEL, FakeTelegram, Fault, Limits, RemoteTelegram


@pytest.fixture
async def fake() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram() as server:
        yield server


@pytest.fixture
async def bot(fake: FakeTelegram) -> AsyncIterator[telegram.Bot]:
    async with telegram.Bot(fake.token, base_url=fake.base_url, base_file_url=fake.file_url) as client:
        yield client


def keyboard(**button: Any) -> telegram.InlineKeyboardMarkup:
    return telegram.InlineKeyboardMarkup([[telegram.InlineKeyboardButton("Sí", **button)]])


async def raw(fake: FakeTelegram, method: str, token: str = "", **params: Any) -> tuple[int, dict[str, Any]]:
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{fake.base_url}{token or fake.token}/{method}", json=params) as answer,
    ):
        return answer.status, await answer.json()


async def test_a_conversation(fake: FakeTelegram, bot: telegram.Bot) -> None:
    ana = fake.member(42, "Ana", "es")
    asked = ana.writes("/ayuda con el envío")

    [update] = await bot.get_updates()
    assert update.message
    assert update.message.text == "/ayuda con el envío"
    assert [(e.type, e.offset, e.length) for e in update.message.entities] == [("bot_command", 0, 6)]
    sent = await update.message.reply_html("<b>Claro</b> &amp; <a href='https://example.org'>más</a>")

    [seen] = ana.reads
    assert (seen.id, seen.plain) == (sent.message_id, "Claro & más")
    [entry] = fake.ledger.sent
    assert entry.answered
    assert entry.text.startswith("<b>Claro")
    assert asked.id != seen.id


async def test_what_members_send_can_be_read_by_the_library(fake: FakeTelegram, bot: telegram.Bot) -> None:
    ana = fake.member(42)
    said = ana.writes("hola")
    ana.edits(said, "hola!")
    ana.sends_album(PIXEL, PIXEL, caption="dos")
    ana.sends_voice()
    ana.sends_sticker()
    ana.sends_document()
    ana.sends(location={"latitude": -33.4, "longitude": -70.6})
    ana.blocks_bot()

    updates = await bot.get_updates(allowed_updates=[])

    assert updates[1].edited_message
    assert updates[1].edited_message.edit_date
    first, second = updates[2].message, updates[3].message
    assert first
    assert second
    assert first.media_group_id == second.media_group_id
    assert (first.caption, second.caption) == ("dos", None)
    assert [type(u.message.effective_attachment).__name__ for u in updates[4:8] if u.message] == [
        "Voice",
        "Sticker",
        "Document",
        "Location",
    ]
    assert updates[8].my_chat_member
    with pytest.raises(Forbidden, match="blocked"):
        await bot.send_message(42, "hola")


async def test_updates_stay_until_a_higher_offset_confirms_them(
    fake: FakeTelegram, bot: telegram.Bot
) -> None:
    ana = fake.member(42)
    for text in "abc":
        ana.writes(text)
    first = [u.update_id for u in await bot.get_updates(limit=2)]
    assert [u.update_id for u in await bot.get_updates(limit=2)] == first
    [rest] = await bot.get_updates(offset=first[-1] + 1)
    assert fake.updates.confirmed == first
    assert await bot.get_updates(offset=rest.update_id + 1) == ()
    fake.updates.repeat(first[0])
    assert [u.update_id for u in await bot.get_updates(offset=rest.update_id + 1)] == [first[0]]


async def test_a_poll_waits_for_news(fake: FakeTelegram, bot: telegram.Bot) -> None:
    ana = fake.member(42)
    poll = asyncio.create_task(bot.get_updates(timeout=5))
    await fake.updates.waited_on()
    ana.writes("hola")
    [update] = await poll
    assert update.message


async def test_a_second_poll_ends_the_first_with_409(fake: FakeTelegram, bot: telegram.Bot) -> None:
    fake.member(42)
    first = asyncio.create_task(bot.get_updates(timeout=5))
    await fake.updates.waited_on()
    await raw(fake, "getUpdates")
    with pytest.raises(Conflict, match="terminated by other getUpdates"):
        await first


async def test_while_a_webhook_is_set_there_are_no_polls(fake: FakeTelegram, bot: telegram.Bot) -> None:
    await bot.set_webhook("https://example.org/hook")
    with pytest.raises(Conflict, match="webhook is active"):
        await bot.get_updates()
    await bot.delete_webhook()
    assert await bot.get_updates() == ()


async def test_the_asked_for_kinds_are_remembered(fake: FakeTelegram, bot: telegram.Bot) -> None:
    ana = fake.member(42)
    await bot.get_updates(allowed_updates=["message"])
    ana.edits(ana.writes("a"), "b")
    [only] = await bot.get_updates()
    assert only.message
    with pytest.raises(BadRequest, match="Unknown update types"):
        await bot.get_updates(allowed_updates=["mesage"])


async def test_an_injected_update_goes_out_as_it_is(fake: FakeTelegram) -> None:
    number = fake.inject('{"update_id":{update_id},"message":{"oops":1}}')
    status, answer = await raw(fake, "getUpdates")
    assert (status, answer["result"]) == (200, [{"update_id": number, "message": {"oops": 1}}])


async def test_tokens_and_methods_that_do_not_exist(fake: FakeTelegram) -> None:
    with pytest.raises(InvalidToken):
        async with telegram.Bot("1:other", base_url=fake.base_url):
            pass
    assert (await raw(fake, "getMe", token="nonsense"))[0] == 404
    assert (await raw(fake, "getMe", token="1:other"))[0] == 401
    assert await raw(fake, "sendMesage") == (
        404,
        {"ok": False, "error_code": 404, "description": "Not Found"},
    )
    assert (await raw(fake, "GETME"))[1]["result"]["is_bot"]


@pytest.mark.parametrize(
    ("method", "params", "words"),
    [
        ("sendMessage", {"chat_id": 42}, "message text is empty"),
        ("sendMessage", {"chat_id": 42, "text": "  \n "}, "message text is empty"),
        ("sendMessage", {"chat_id": 42, "text": "x" * 4097}, "message is too long"),
        ("sendMessage", {"chat_id": 42, "text": "😀" * 2049}, "message is too long"),
        ("sendMessage", {"text": "hola"}, "chat_id is empty"),
        ("sendMessage", {"chat_id": 777, "text": "hola"}, "chat not found"),
        ("sendMessage", {"chat_id": 42, "text": "hola", "txet": 1}, 'unknown parameter "txet"'),
        ("sendMessage", {"chat_id": 42, "text": 5}, 'parameter "text" must be of type str'),
        (
            "sendMessage",
            {"chat_id": 42, "text": "x", "disable_notification": "maybe"},
            "can't parse parameter",
        ),
        (
            "sendMessage",
            {"chat_id": 42, "text": "x", "reply_parameters": {"message_id": 99}},
            "message to be replied not found",
        ),
        ("sendMessage", {"chat_id": 42, "text": "x", "message_thread_id": 9}, "message thread not found"),
        ("sendPhoto", {"chat_id": 42, "photo": "nowhere"}, "wrong file identifier"),
        ("sendChatAction", {"chat_id": 42, "action": "singing"}, "wrong parameter action"),
        ("editMessageText", {"chat_id": 42, "message_id": 99, "text": "x"}, "message to edit not found"),
        ("answerCallbackQuery", {"callback_query_id": "1"}, "query is too old"),
        ("getFile", {"file_id": "nowhere"}, "invalid file_id"),
        ("setMyCommands", {"commands": [{"command": "Ayuda!", "description": "x"}]}, "BOT_COMMAND_INVALID"),
        ("getUpdates", {"limit": 101}, "limit must be"),
    ],
)
async def test_refusals(fake: FakeTelegram, method: str, params: dict[str, Any], words: str) -> None:
    fake.member(42, started=True)
    status, answer = await raw(fake, method, **params)
    assert (status, answer["ok"]) == (400, False)
    assert words in answer["description"]
    assert [call.error for call in fake.ledger.refused] == (
        [] if method == "getUpdates" else [answer["description"]]
    )
    assert fake.ledger.sent == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<b>hola", 'Can\'t find end tag corresponding to start tag "b"'),
        ("hola</b>", "Unexpected end tag"),
        ("<b><i>hola</b></i>", 'expected "</i>", found "</b>"'),
        ("<h1>hola</h1>", 'Unsupported start tag "h1" at byte offset 0'),
        ("ñ < 3", "Unsupported start tag"),
        ("<span>x</span>", 'must have class "tg-spoiler"'),
    ],
)
async def test_html_that_cannot_be_parsed(fake: FakeTelegram, text: str, words: str) -> None:
    fake.member(42, started=True)
    status, answer = await raw(fake, "sendMessage", chat_id=42, text=text, parse_mode="HTML")
    assert status == 400
    assert answer["description"].startswith("Bad Request: can't parse entities: ")
    assert words in answer["description"]


@pytest.mark.parametrize(
    ("button", "words"),
    [
        ({"callback_data": "x" * 65}, "BUTTON_DATA_INVALID"),
        ({"callback_data": "ñ" * 33}, "BUTTON_DATA_INVALID"),
        ({"callback_data": ""}, "BUTTON_DATA_INVALID"),
        ({"url": "example"}, "is invalid"),
        ({}, "one action"),
    ],
)
async def test_buttons_that_telegram_does_not_show(
    fake: FakeTelegram, button: dict[str, Any], words: str
) -> None:
    fake.member(42, started=True)
    markup = {"inline_keyboard": [[{"text": "Sí"} | button]]}
    status, answer = await raw(fake, "sendMessage", chat_id=42, text="x", reply_markup=markup)
    assert (status, words in answer["description"]) == (400, True)


async def test_a_bot_may_not_write_first(fake: FakeTelegram, bot: telegram.Bot) -> None:
    ana = fake.member(42)
    with pytest.raises(Forbidden, match="can't initiate"):
        await bot.send_message(42, "hola")
    ana.writes("/start")
    await bot.send_message(42, "hola")


async def test_buttons_are_pressed_and_presses_answered_in_time(
    fake: FakeTelegram, bot: telegram.Bot
) -> None:
    ana = fake.member(42, started=True)
    await bot.send_message(42, "¿Sirvió?", reply_markup=keyboard(callback_data="y"))
    tap, late = ana.taps("Sí"), ana.taps("y")
    late.expired = True
    with pytest.raises(AssertionError, match="no button 'No'"):
        ana.taps("No")
    first, second = await bot.get_updates()
    assert first.callback_query
    assert second.callback_query
    await first.callback_query.answer("gracias")
    with pytest.raises(BadRequest, match="too old"):
        await second.callback_query.answer()
    assert tap.answers == ["gracias"]
    assert fake.ledger.unanswered == [late]


async def test_editing(fake: FakeTelegram, bot: telegram.Bot) -> None:
    ana = fake.member(42, started=True)
    sent = await bot.send_message(42, "uno", reply_markup=keyboard(callback_data="y"))
    with pytest.raises(BadRequest, match="not modified"):
        await sent.edit_text("uno", reply_markup=keyboard(callback_data="y"))
    await sent.edit_text("dos")
    assert [(m.plain, m.buttons) for m in ana.reads] == [("dos", [])]
    with pytest.raises(BadRequest, match="not modified"):
        await sent.edit_reply_markup()
    mine = ana.writes("mía")
    with pytest.raises(BadRequest, match="can't be edited"):
        await bot.edit_message_text("x", 42, mine.id)
    assert [edit.plain for edit in fake.ledger.edits] == ["dos"]


async def test_reactions_come_from_a_fixed_list(fake: FakeTelegram, bot: telegram.Bot) -> None:
    ana = fake.member(42)
    said = ana.writes("gracias")
    await bot.set_message_reaction(42, said.id, "👌")
    assert said.reactions == ["👌"]
    with pytest.raises(BadRequest, match=r"(?i)reaction_invalid"):
        await bot.set_message_reaction(42, said.id, "✅")


async def test_files_go_both_ways(fake: FakeTelegram, bot: telegram.Bot) -> None:
    ana = fake.member(42)
    ana.sends_document(b"%PDF contenido", name="boleta.pdf")
    ana.sends_document(b"x", announced_size=21 * 2**20)
    small, large = await bot.get_updates()
    assert small.message
    assert small.message.document
    assert large.message
    assert large.message.document
    file = await small.message.document.get_file()
    assert await file.download_as_bytearray() == b"%PDF contenido"
    with pytest.raises(BadRequest, match="too big"):
        await large.message.document.get_file()

    await bot.send_document(42, b"hola", filename="nota.txt", caption="su nota")
    photo = await bot.send_photo(42, PIXEL, caption="foto")
    await bot.send_photo(42, photo.photo[-1].file_id)
    with pytest.raises(BadRequest, match=r"(?i)image_process_failed"):
        await bot.send_photo(42, b"no picture")
    with pytest.raises(BadRequest, match="caption is too long"):
        await bot.send_photo(42, PIXEL, caption="x" * 1025)
    assert [(s.method, s.file, s.plain) for s in fake.ledger.sent] == [
        ("sendDocument", b"hola", "su nota"),
        ("sendPhoto", PIXEL, "foto"),
        ("sendPhoto", PIXEL, ""),
    ]
    assert fake.ledger.sent[0].file_name == "nota.txt"


async def test_privacy_mode_hides_what_is_not_for_the_bot(fake: FakeTelegram, bot: telegram.Bot) -> None:
    group = fake.group(-7, "Comunidad", bot_sees_all=False)
    group.writes("entre nosotros")
    group.writes("/ayuda")
    group.writes("/ayuda@otro_bot")
    group.writes(f"@{fake.bot.username} hola")
    sent = await bot.send_message(-7, "¿sí?")
    group.replies_to(group.last("¿sí?"), "a ti")
    heard = [u.message.text for u in await bot.get_updates() if u.message]
    assert heard == ["/ayuda", f"@{fake.bot.username} hola", "a ti"]
    assert sent.message_id


async def test_a_group_that_moves_says_where_to(fake: FakeTelegram, bot: telegram.Bot) -> None:
    group = fake.group(-7, "Equipo")
    moved = group.becomes_supergroup(-1007)
    with pytest.raises(ChatMigrated) as error:
        await bot.send_message(-7, "hola")
    assert error.value.new_chat_id == -1007
    await bot.send_message(-1007, "hola")
    assert [m.plain for m in moved.reads] == ["hola"]


async def test_topics(fake: FakeTelegram, bot: telegram.Bot) -> None:
    group = fake.group(-1007, "Equipo", forum=True)
    topic = await bot.create_forum_topic(-1007, "Ana")
    await bot.send_message(-1007, "hola", message_thread_id=topic.message_thread_id)
    assert group.last().thread == topic.message_thread_id
    await bot.close_forum_topic(-1007, topic.message_thread_id)
    with pytest.raises(BadRequest, match=r"(?i)topic_closed"):
        await bot.send_message(-1007, "hola", message_thread_id=topic.message_thread_id)
    await bot.delete_forum_topic(-1007, topic.message_thread_id)
    with pytest.raises(BadRequest, match="thread not found"):
        await bot.send_message(-1007, "hola", message_thread_id=topic.message_thread_id)


async def test_commands_by_scope_and_language(fake: FakeTelegram, bot: telegram.Bot) -> None:
    await bot.set_my_commands([("ayuda", "Qué puedo hacer")], telegram.BotCommandScopeAllPrivateChats(), "es")
    await bot.set_my_commands([("help", "What I can do")])
    assert {key: value[0]["command"] for key, value in fake.commands.items()} == {
        ("all_private_chats", "es"): "ayuda",
        ("default", ""): "help",
    }


async def test_flood_limits_on_a_clock_of_the_test(fake: FakeTelegram) -> None:
    now = 0.0
    limits = Limits(chat_burst=2, clock=lambda: now)
    async with FakeTelegram(limits=limits) as strict:
        strict.member(1, started=True)
        strict.member(2, started=True)

        async def send(chat: int) -> tuple[int, int]:
            status, answer = await raw(strict, "sendMessage", chat_id=chat, text="x")
            return status, answer.get("parameters", {}).get("retry_after", 0)

        assert [await send(1) for _ in range(3)] == [(200, 0), (200, 0), (429, 1)]
        assert await send(2) == (200, 0)
        now = 1.0
        assert await send(1) == (200, 0)
        assert len(strict.ledger.sent) == 4


async def test_overall_thirty_a_second(fake: FakeTelegram) -> None:
    async with FakeTelegram(limits=Limits(clock=lambda: 0.0)) as strict:
        for number in range(31):
            strict.member(number + 1, started=True)
        statuses = [(await raw(strict, "sendMessage", chat_id=n + 1, text="x"))[0] for n in range(31)]
    assert statuses == [200] * 30 + [429]


@pytest.mark.parametrize(
    ("fault", "error", "arrived"),
    [
        (Fault.drop_before(), NetworkError, False),
        (Fault.drop_after(), NetworkError, True),
        (Fault.status(500), NetworkError, False),
        (Fault.processed_then_status(502), NetworkError, True),
        (Fault.delay(1.0), TimedOut, True),
        (Fault.delay_before(1.0), TimedOut, True),
    ],
    ids=lambda value: value.kind if isinstance(value, Fault) else None,
)
async def test_faults(
    fake: FakeTelegram, bot: telegram.Bot, fault: Fault, error: type[Exception], arrived: bool
) -> None:
    fake.member(42, started=True)
    fake.member(43, started=True)
    fake.fail("sendMessage", with_=fault, chat=42)
    await bot.send_message(43, "otro chat")
    with pytest.raises(error):
        await bot.send_message(42, "hola", read_timeout=0.3)
    if arrived:
        await fake.wait_for(lambda ledger: ledger.texts(42) == ["hola"])
        assert not fake.ledger.to(42)[0].answered
    else:
        assert fake.ledger.texts(42) == []
    await bot.send_message(42, "después")


async def test_offline_refuses_connections_and_comes_back_on_the_same_port(
    fake: FakeTelegram, bot: telegram.Bot
) -> None:
    port = fake.port
    async with fake.offline():
        with pytest.raises(NetworkError, match="ConnectError"):
            await bot.get_me()
    assert fake.port == port
    assert await bot.get_me()


async def test_waiting_for_what_does_not_come_tells_what_came(fake: FakeTelegram, bot: telegram.Bot) -> None:
    fake.member(42, started=True)
    await bot.send_message(42, "hola")
    with pytest.raises(TimeoutError, match="42: 'hola'"):
        await fake.wait_for(lambda ledger: len(ledger.sent) == 2, timeout=0.05)


async def test_as_a_process_of_its_own() -> None:
    async with RemoteTelegram() as remote:
        await remote.do("member", id=42, first_name="Ana")
        await remote.do("writes", chat=42, text="hola")
        await remote.do("prefill", lines=[[n, "masa"] for n in range(100, 150)])
        async with telegram.Bot(remote.token, base_url=remote.base_url) as bot:
            updates = await bot.get_updates()
            assert len(updates) == 51
            await bot.send_message(42, "¿sí?", reply_markup=keyboard(callback_data="y"))
            await remote.do("wait", sent=1, chat=42, containing="¿sí?")
            await remote.do("taps", chat=42, button="Sí")
            [press] = await bot.get_updates(offset=updates[-1].update_id + 1)
            assert press.callback_query
            await remote.do("fail", method="sendMessage", fault="drop_after")
            with pytest.raises(NetworkError):
                await bot.send_message(42, "perdido")
        [first, second] = await remote.do("ledger")
        assert (first["plain"], first["answered"]) == ("¿sí?", True)
        assert (second["plain"], second["answered"]) == ("perdido", False)
        await remote.do("offline", seconds=0.3)

        async def ask_until_refused() -> None:
            while True:
                await remote.do("state")

        with pytest.raises(aiohttp.ClientError):
            await ask_until_refused()
        await remote.back()
        assert (await remote.do("state"))["confirmed"] == 51
        with pytest.raises(AssertionError, match="unknown action"):
            await remote.do("dance")
