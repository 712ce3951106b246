"""Updates that are brought: committed before 200, in order, by Telegram alone; and switching loses none."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
import structlog.testing

from bot.channels.state import Condition
from bot.channels.telegram import TelegramChannel
from bot.channels.telegram.webhook import HEADER, LARGEST, PATH, WebhookAddress, address
from bot.domain import Inbound, InboundKind
from bot.errors import ChannelError, SettingsError
from bot.web.server import serve
from tests.fakes.telegram import FakeTelegram, Fault, free_port
from tests.integration.telegram_store import Store, channel_to, running

SECRET = "a-secret_of-the-operator"


@pytest.fixture
async def fake() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram(local_webhooks=True, webhook_pace=0.02) as server:
        yield server


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def port() -> int:
    return free_port()


def hooked(fake: FakeTelegram, store: Any, port: int, **settings: Any) -> TelegramChannel:
    """A channel to which updates are brought."""
    at = WebhookAddress(f"http://127.0.0.1:{port}{PATH}", SECRET)
    return channel_to(fake, store, webhook=at, **settings)


@asynccontextmanager
async def served(channel: TelegramChannel, port: int) -> AsyncIterator[str]:
    """The address of a web server with the channel's routes and nothing else."""
    app = aiohttp.web.Application(client_max_size=1024)
    app.add_routes(channel.routes())
    async with serve(app, "127.0.0.1", port) as url:
        yield url


@asynccontextmanager
async def at_work(channel: TelegramChannel, store: Store, port: int) -> AsyncIterator[str]:
    """The channel takes what is brought while the block runs; its address."""
    async with served(channel, port) as url, running(channel, store):
        async with asyncio.timeout(10):
            while not channel.state.is_up:  # noqa: ASYNC110 # a state is asked, it wakes nobody
                await asyncio.sleep(0.01)
        yield url + PATH


async def test_an_update_is_confirmed_only_after_its_commit(
    fake: FakeTelegram, store: Store, port: int
) -> None:
    store.failing = 2
    store.watch = lambda: list(fake.updates.confirmed)
    ana = fake.member(42)
    with structlog.testing.capture_logs() as logs:
        async with at_work(hooked(fake, store, port), store, port):
            ana.writes("mi número es 12345")
            await store.holds(lambda s: bool(s.events))
            ana.writes("¿están?")
            await store.holds(lambda s: len(s.events) == 2)
            await confirmed(fake, 2)
    first, second = store.events
    assert store.handed == [first, first, first, second]
    assert store.noted == [[], [], [], [int(first)]]
    assert [attempt.status for attempt in fake.webhook.tries] == [503, 503, 200, 200]
    assert "12345" not in repr(logs)


async def test_what_telegram_is_asked_for(fake: FakeTelegram, store: Store, port: int) -> None:
    async with at_work(hooked(fake, store, port), store, port):
        assert fake.webhook.secret == SECRET
        assert fake.webhook.max_connections == 40
        assert fake.updates.allowed == {"message", "edited_message", "callback_query", "my_chat_member"}
    asked = next(call for call in fake.ledger.calls if call.method == "setWebhook")
    assert asked.params["drop_pending_updates"] in ("false", False)


async def test_members_come_at_the_same_time_and_each_in_order(
    fake: FakeTelegram, store: Store, port: int
) -> None:
    """Slow commits let deliveries of many chats gather; within a chat each waits for the one before."""

    class Slow(Store):
        async def __call__(self, events: Sequence[Inbound], **given: Any) -> None:
            await asyncio.sleep(0.02)
            sizes.append(len(events))
            await super().__call__(events, **given)

    sizes: list[int] = []
    slow = Slow()
    people = [fake.member(100 + n) for n in range(12)]
    async with at_work(hooked(fake, slow, port), slow, port):
        for number in range(6):
            for person in people:
                person.writes(f"{number}")
        await slow.holds(lambda s: len(s.events) == 72)
    for person in people:
        said = [e.text for e in slow.events.values() if e.sender and e.sender.external_id == str(person.id)]
        assert said == [str(number) for number in range(6)]
    assert len(slow.handed) == 72
    assert fake.webhook.at_once > 1
    assert max(sizes) > 1, "what came during a commit was committed together"


async def test_whoever_has_not_the_secret_is_not_heard(fake: FakeTelegram, store: Store, port: int) -> None:
    forged = {"update_id": 1, "message": {"message_id": 1, "date": 1, "chat": {"id": 1, "type": "private"}}}
    with structlog.testing.capture_logs() as logs:
        async with (
            at_work(hooked(fake, store, port), store, port) as url,
            aiohttp.ClientSession() as http,
        ):
            for headers in ({}, {HEADER: ""}, {HEADER: "wrong"}, {HEADER: SECRET + "x"}, {HEADER: "ñ" * 300}):
                async with http.post(url, json=forged, headers=headers) as answer:
                    assert answer.status == 403
                    assert await answer.read() == b""
            async with http.get(url, headers={HEADER: SECRET}) as answer:
                assert answer.status == 405
    assert store.handed == []
    assert [log["event"] for log in logs].count("telegram.webhook_stranger") == 1
    assert SECRET not in repr(logs)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b'{"update_id": 77, "message": {"text": "cort', id="cut"),
        pytest.param(b'{"update_id": 77, "message": ' + b"[" * 50_000 + b"]" * 50_000 + b"}", id="deep"),
        pytest.param(b'{"update_id": 77, "message": {"message_id": "x"}}', id="wrong types"),
        pytest.param(b'{"update_id": 77, "x": "' + b"a" * LARGEST + b'"}', id="too large"),
    ],
)
async def test_what_cannot_be_read_is_kept_as_such_and_holds_up_nobody(
    fake: FakeTelegram, store: Store, port: int, body: bytes
) -> None:
    async with at_work(hooked(fake, store, port), store, port) as url, aiohttp.ClientSession() as http:
        async with http.post(url, data=io.BytesIO(body), headers={HEADER: SECRET}) as answer:
            assert answer.status == 200
        fake.member(42).writes("hola")
        await store.holds(lambda s: "hola" in s.texts)
    broken = store.events["77"]
    assert broken.kind is InboundKind.UNPARSABLE
    assert 0 < len(broken.raw) < 200_000


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"\xff\xfe", b'{"message": {}}', b'"x"'])
async def test_what_is_no_update_at_all_is_kept_too(
    fake: FakeTelegram, store: Store, port: int, body: bytes
) -> None:
    async with at_work(hooked(fake, store, port), store, port) as url, aiohttp.ClientSession() as http:
        for _ in range(2):
            async with http.post(url, data=body, headers={HEADER: SECRET}) as answer:
                assert answer.status == 200
    assert [event.kind for event in store.events.values()] == [InboundKind.UNPARSABLE]


async def test_a_press_is_answered_once_it_is_stored(fake: FakeTelegram, store: Store, port: int) -> None:
    ana = fake.member(42)
    message = fake.say(ana.chat, fake.bot, text="¿Sirvió?")
    message.markup = {"inline_keyboard": [[{"text": "Sí", "callback_data": "y"}]]}
    store.failing = 1
    async with at_work(hooked(fake, store, port), store, port):
        tap = ana.taps("Sí")
        await fake.wait_for(lambda ledger: tap.answered)
    assert [event.text for event in store.events.values()] == ["y"]


async def test_while_the_channel_is_not_at_work_updates_stay_with_telegram(
    fake: FakeTelegram, store: Store, port: int
) -> None:
    channel, ana = hooked(fake, store, port), fake.member(42)
    async with served(channel, port):
        fake.webhook.set(f"http://127.0.0.1:{port}{PATH}", SECRET)
        ana.writes("hola")
        await until(lambda: len(fake.webhook.tries) >= 2)
        assert {attempt.status for attempt in fake.webhook.tries} == {503}
        async with running(channel, store):
            await store.holds(lambda s: s.texts == ["hola"])


async def test_switching_under_traffic_loses_and_doubles_nothing(
    fake: FakeTelegram, store: Store, port: int
) -> None:
    """Polling, webhook, polling again, webhook again; members go on writing throughout."""
    people, wrote = [fake.member(100 + n) for n in range(5)], [0]

    async def write() -> None:
        while True:
            people[wrote[0] % len(people)].writes(str(wrote[0]))
            wrote[0] += 1
            await asyncio.sleep(0.002)

    writing = asyncio.create_task(write())
    for turn in range(4):
        before = len(store.events)
        if turn % 2:
            async with at_work(hooked(fake, store, port), store, port):
                assert fake.webhook.url
                await store.holds(lambda s, n=before: len(s.events) > n + 20)  # type: ignore[misc]
        else:
            async with running(channel_to(fake, store), store):
                await store.holds(lambda s, n=before: len(s.events) > n + 20)  # type: ignore[misc]
                assert not fake.webhook.url
    writing.cancel()
    async with running(channel_to(fake, store), store):
        await store.holds(lambda s: len(s.events) == wrote[0])
    assert sorted(map(int, store.texts)) == list(range(wrote[0]))
    for person in people:
        said = [
            int(e.text) for e in store.events.values() if e.sender and e.sender.external_id == str(person.id)
        ]
        assert said == sorted(said)


async def test_polling_after_a_webhook_begins_at_what_telegram_still_has(
    fake: FakeTelegram, store: Store, port: int
) -> None:
    """A number up to which all was brought does not exist: an old offset could skip what nobody has seen."""
    ana = fake.member(42)
    async with running(channel_to(fake, store), store):
        ana.writes("uno")
        await store.holds(lambda s: s.texts == ["uno"])
    fake.updates.next_id = 5_000  # after a quiet week Telegram numbers anew
    async with at_work(hooked(fake, store, port), store, port):
        ana.writes("dos")
        await store.holds(lambda s: s.texts == ["uno", "dos"])
        await confirmed(fake, 2)
    ana.writes("tres")
    async with running(channel_to(fake, store), store):
        await store.holds(lambda s: s.texts == ["uno", "dos", "tres"])


async def test_a_poller_beside_a_webhook_is_told_what_to_do(
    fake: FakeTelegram, store: Store, port: int
) -> None:
    other = Store()
    with structlog.testing.capture_logs() as logs:
        async with running(channel_to(fake, other), other):
            await fake.updates.waited_on()
            async with at_work(hooked(fake, store, port), store, port):
                fake.member(42).writes("hola")
                await store.holds(lambda s: s.texts == ["hola"])
                await until(lambda: sum(log["event"] == "telegram.conflict" for log in logs) >= 2)
    last = [log for log in logs if log["event"] == "telegram.conflict"][-1]
    assert "has set a webhook" in last["remedy"]
    assert other.events == {}


async def test_a_webhook_that_somebody_took_away_is_set_again(
    fake: FakeTelegram, store: Store, port: int
) -> None:
    channel = hooked(fake, store, port, check_seconds=0.05)
    with structlog.testing.capture_logs() as logs:
        async with at_work(channel, store, port):
            fake.webhook.delete()
            fake.member(42).writes("hola")
            await store.holds(lambda s: s.texts == ["hola"])
            await until(lambda: channel.state.is_up)
    lost = next(log for log in logs if log["event"] == "telegram.webhook_lost")
    assert "stop the other" in lost["remedy"]


async def test_an_address_that_telegram_cannot_reach_is_told(fake: FakeTelegram, store: Store) -> None:
    """Nobody listens there: Telegram says so in getWebhookInfo, and we say it in words."""
    channel = hooked(fake, store, free_port(), check_seconds=0.05)
    with structlog.testing.capture_logs() as logs:
        async with running(channel, store):
            fake.member(42).writes("hola")
            await until(lambda: channel.state.kind == "undelivered")
    told = next(log for log in logs if log["event"] == "telegram.webhook_undelivered")
    assert (told["waiting"], told["what"]) == (1, "Connection refused")
    assert "reached from the internet" in told["remedy"]
    assert channel.state.condition is Condition.BACKING_OFF


async def test_an_address_that_telegram_refuses_is_told(store: Store) -> None:
    async with FakeTelegram() as strict, hooked(strict, store, 8080) as channel:
        with pytest.raises(ChannelError, match="https") as error:
            await channel.run(store)
    assert "443" in error.value.remedy


async def test_trouble_with_the_looks_ends_nothing(fake: FakeTelegram, store: Store, port: int) -> None:
    channel = hooked(fake, store, port, check_seconds=0.02)
    async with at_work(channel, store, port):
        fake.fail("getWebhookInfo", with_=Fault.status(502), times=3)
        await until(lambda: channel.state.kind == "server_error")
        fake.member(42).writes("hola")
        await store.holds(lambda s: s.texts == ["hola"])
        await until(lambda: channel.state.is_up)


@pytest.mark.parametrize(
    ("setting", "public", "official", "url"),
    [
        ("auto", "https://bot.example.org", True, "https://bot.example.org/telegram/webhook"),
        ("auto", "https://example.org/bot/", True, "https://example.org/bot/telegram/webhook"),
        ("https://example.org", "", True, "https://example.org/telegram/webhook"),
        ("https://example.org:8443/in/tg", "", True, "https://example.org:8443/in/tg"),
        ("http://10.0.0.2:9000", "", False, "http://10.0.0.2:9000/telegram/webhook"),
        ("auto", "", True, None),
        ("http://example.org", "", True, None),
        ("https://example.org:8080", "", True, None),
        ("https://example.org:x", "", True, None),
        ("example.org", "", True, None),
        ("ftp://example.org", "", False, None),
    ],
)
def test_addresses(setting: str, public: str, official: bool, url: str | None) -> None:
    def made() -> WebhookAddress:
        return address(setting, public_url=public, secret="", token="1:abc", official=official)

    if url is None:
        with pytest.raises(SettingsError) as error:
            made()
        assert error.value.remedy
    else:
        assert made().url == url


def test_a_secret_is_made_of_the_token_and_tells_nothing_of_it() -> None:
    def made(token: str, secret: str = "") -> str:
        return address("auto", public_url="https://x.org", secret=secret, token=token, official=True).secret

    assert made("1:abc") == made("1:abc") != made("1:abd")
    assert len(made("1:abc")) == 64
    assert "abc" not in made("1:abc")
    assert made("1:abc", "mine") == "mine"


async def confirmed(fake: FakeTelegram, count: int) -> None:
    await until(lambda: len(fake.updates.confirmed) >= count)


async def until(condition: Any) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 # neither a state nor the server's lists wake anybody
            await asyncio.sleep(0.01)


def test_the_size_limit_holds_what_telegram_sends() -> None:
    """The longest text, replied to by the longest text, each character escaped and each with entities."""
    entity = {
        "type": "text_link",
        "offset": 4_095,
        "length": 4_095,
        "url": "https://example.org/" + "x" * 2048,
    }
    message = {"text": "\U0001f9c9" * 4096, "entities": [entity] * 100}
    assert len(json.dumps(message | {"reply_to_message": message, "quote": message})) < LARGEST
