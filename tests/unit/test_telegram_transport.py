"""What each failure on the way says about the request, and that no failure tells the token."""

from __future__ import annotations

import asyncio
import socket
import traceback
from collections.abc import AsyncIterator, Iterator

import pytest
from telegram.error import BadRequest, NetworkError, TelegramError, TimedOut
from telegram.request import RequestData
from telegram.request._requestparameter import RequestParameter

from bot.channels.telegram.transport import AiohttpTransport, BadAnswer, Flooded, NotSent
from tests.fakes.telegram import FakeTelegram, Fault

SECRET = "110201543:AAE-invented-token-for-tests-0000000"


@pytest.fixture
async def transport() -> AsyncIterator[AiohttpTransport]:
    async with AiohttpTransport(secret=SECRET, connect_timeout=0.3, read_timeout=0.3) as opened:
        yield opened


@pytest.fixture
async def fake() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram(token=SECRET) as server:
        yield server


@pytest.fixture
def full_port() -> Iterator[int]:
    """A port whose queue of connections is full: whoever connects waits."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        callers = [socket.socket() for _ in range(4)]
        for caller in callers:
            caller.setblocking(False)
            caller.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]
        for caller in callers:
            caller.close()


async def fails(transport: AiohttpTransport, url: str) -> TelegramError:
    with pytest.raises(TelegramError) as caught:
        await transport.post(url, RequestData([RequestParameter.from_input("chat_id", 1)]))
    told = "".join(traceback.format_exception(caught.value))
    assert SECRET not in told
    assert caught.value.__context__ is None
    return caught.value


async def test_a_connection_refused_is_surely_not_sent(
    transport: AiohttpTransport, fake: FakeTelegram
) -> None:
    async with fake.offline():
        assert isinstance(await fails(transport, f"{fake.base_url}{SECRET}/getMe"), NotSent)


async def test_a_connection_that_is_not_made_in_time_is_surely_not_sent(
    transport: AiohttpTransport, full_port: int
) -> None:
    error = await fails(transport, f"http://127.0.0.1:{full_port}/bot{SECRET}/getMe")
    assert isinstance(error, NotSent)


async def test_an_address_that_is_none_is_surely_not_sent(transport: AiohttpTransport) -> None:
    assert isinstance(await fails(transport, f"http://127.0.0.1:99999/bot{SECRET}/getMe"), NotSent)


async def test_a_closed_transport_sends_nothing() -> None:
    transport = AiohttpTransport(secret=SECRET)
    await transport.initialize()
    await transport.shutdown()
    assert isinstance(await fails(transport, f"http://127.0.0.1:9/bot{SECRET}/getMe"), NotSent)


async def test_a_server_that_speaks_no_tls_is_surely_not_sent(
    transport: AiohttpTransport, fake: FakeTelegram
) -> None:
    url = fake.base_url.replace("http://", "https://")
    assert isinstance(await fails(transport, f"{url}{SECRET}/getMe"), NotSent)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault.drop_before(), NetworkError),
        (Fault.drop_after(), NetworkError),
        (Fault.delay(0.6), TimedOut),
        (Fault.status(503), NetworkError),
        (Fault.status(302), BadRequest),
        (Fault.status(413), BadRequest),
        (Fault.garbage(), BadAnswer),
        (Fault.status(429), Flooded),
        (Fault.refuse(400, "Bad Request: no"), BadRequest),
    ],
    ids=lambda value: f"{value.kind}-{value.code}" if isinstance(value, Fault) else None,
)
async def test_after_the_request_was_written(
    transport: AiohttpTransport, fake: FakeTelegram, fault: Fault, kind: type[TelegramError]
) -> None:
    fake.member(1, started=True)
    fake.fail("getMe", with_=fault)
    with pytest.raises(TelegramError) as caught:
        await transport.post(f"{fake.base_url}{SECRET}/getMe")
    assert type(caught.value) is kind
    assert SECRET not in "".join(traceback.format_exception(caught.value))


async def test_without_a_time_limit_it_waits(transport: AiohttpTransport, fake: FakeTelegram) -> None:
    fake.fail("getMe", with_=Fault.delay(0.6))
    result = await transport.post(f"{fake.base_url}{SECRET}/getMe", read_timeout=None)
    assert isinstance(result, dict)
    assert result["is_bot"]


async def test_a_request_that_is_cancelled_is_cancelled(
    transport: AiohttpTransport, fake: FakeTelegram
) -> None:
    fake.fail("getMe", with_=Fault.delay(0.6))
    request = asyncio.create_task(transport.post(f"{fake.base_url}{SECRET}/getMe", read_timeout=None))
    await fake.wait_for(lambda ledger: ledger.count("getMe") == 1)
    request.cancel()
    with pytest.raises(asyncio.CancelledError):
        await request
