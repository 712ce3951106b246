"""Sessions of the web chat and grants of the staff page, in the real database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from aiohttp import web
from sqlalchemy import select, text

from bot.channels.web import Gate, WebChannel
from bot.domain import Account, Inbound, InboundKind, PlaceKind, PlaceRef, Platform, Sender
from bot.errors import AccessError
from bot.store.engine import Store
from bot.store.inbound import ingest
from bot.store.sessions import SessionStore
from bot.store.tables import contacts, grants, identities
from bot.store.transcript import Transcript
from bot.web.auth import Auth
from bot.web.server import serve
from tests.fakes.databases import databases

HERE = Account(Platform.WEB, "local")
HASH, OTHER = "a" * 64, "b" * 64


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    url = databases.url(tmp_path)
    await Store.create(url)
    async with Store.open(url) as store:
        yield store


async def test_a_session_is_known_by_its_secret_only(store: Store) -> None:
    sessions = SessionStore(store)
    await sessions.create(HERE, "ana", HASH)
    assert await sessions.verify(HERE, "ana", HASH)
    assert not await sessions.verify(HERE, "ana", OTHER)
    assert not await sessions.verify(HERE, "ana", "")
    assert not await sessions.verify(HERE, "luis", HASH)
    assert not await sessions.verify(Account(Platform.WEB, "another"), "ana", HASH)


async def test_an_identity_without_a_secret_opens_to_nobody(store: Store) -> None:
    sessions = SessionStore(store)
    await store.write(lambda conn: ingest(conn, (said("ana", "1"),), datetime.now(UTC), {}))
    assert not await sessions.verify(HERE, "ana", "")
    assert not await sessions.verify(HERE, "ana", HASH)


async def test_creating_again_is_harmless_and_stealing_is_refused(store: Store) -> None:
    sessions = SessionStore(store)
    await sessions.create(HERE, "ana", HASH)
    await sessions.create(HERE, "ana", HASH)
    with pytest.raises(AccessError):
        await sessions.create(HERE, "ana", OTHER)
    assert await store.read(lambda conn: len(conn.execute(select(contacts)).all())) == 1


async def test_a_message_joins_the_session_that_was_written_before_it(store: Store) -> None:
    await SessionStore(store).create(HERE, "ana", HASH)
    await store.write(lambda conn: ingest(conn, (said("ana", "1"),), datetime.now(UTC), {}))
    assert await store.read(lambda conn: len(conn.execute(select(identities)).all())) == 1
    (item,) = await Transcript(store).since(HERE, "ana", 0, 10)
    assert (item.text, item.client_id) == ("Hola", "1")


async def test_the_channel_accepts_the_store_as_its_ports(store: Store) -> None:
    channel = WebChannel(transcript=Transcript(store), sessions=SessionStore(store), gate=Gate())
    await SessionStore(store).create(HERE, "ana", HASH)
    assert not await channel.owns_file("ana", "not the secret", 1)


async def test_a_link_opens_one_session_once(store: Store) -> None:
    auth = Auth(store, is_staff={"Camila"}.__contains__)
    token = (await auth.new_link("Camila")).partition("token=")[2]
    assert await auth.invited(token) == "Camila"
    session = await auth.redeem(token)
    assert session is not None
    assert await auth.holder(session) == "Camila"
    assert await auth.redeem(token) is None
    assert await auth.invited(token) is None
    assert await auth.holder(token) is None, "a link is no session"
    assert await auth.redeem(session) is None, "a session is no link"


async def test_links_and_sessions_end(store: Store) -> None:
    auth = Auth(store, is_staff={"Camila"}.__contains__)
    start = datetime(2026, 11, 2, 9, tzinfo=UTC)
    with time_machine.travel(start, tick=False) as clock:
        late, used = [(await auth.new_link("Camila")).partition("token=")[2] for _ in range(2)]
        session = await auth.redeem(used)
        assert session is not None
        clock.move_to(start + timedelta(minutes=15))
        assert await auth.redeem(late) is None
        clock.move_to(start + timedelta(hours=12) - timedelta(seconds=1))
        assert await auth.holder(session) == "Camila"
        clock.move_to(start + timedelta(hours=12))
        assert await auth.holder(session) is None


async def test_who_signs_out_or_leaves_the_team_is_out(store: Store) -> None:
    team = {"Camila", "Diego"}
    auth = Auth(store, is_staff=team.__contains__)
    camila, diego = [
        await auth.redeem((await auth.new_link(name)).partition("token=")[2]) for name in ("Camila", "Diego")
    ]
    link = (await auth.new_link("Diego")).partition("token=")[2]
    assert camila is not None
    assert diego is not None
    await auth.leave(camila)
    team.discard("Diego")
    assert await auth.holder(camila) is None
    assert await auth.holder(diego) is None
    assert await auth.redeem(link) is None
    with pytest.raises(AccessError, match="Diego"):
        await auth.new_link("Diego")


async def test_the_database_never_sees_a_token_and_forgets_old_grants(store: Store) -> None:
    auth = Auth(store, is_staff=lambda name: True)
    start = datetime(2026, 11, 2, 9, tzinfo=UTC)
    with time_machine.travel(start, tick=False) as clock:
        token = (await auth.new_link("Camila")).partition("token=")[2]
        session = await auth.redeem(token)
        rows = await store.read(lambda conn: str(conn.execute(text("SELECT * FROM grants")).all()))
        assert session is not None
        assert token not in rows
        assert session not in rows
        clock.move_to(start + timedelta(days=3))
        await auth.new_link("Camila")
    assert await store.read(lambda conn: len(conn.execute(select(grants)).all())) == 1


def said(session: str, id_: str) -> Inbound:
    return Inbound(
        account=HERE,
        event_id=f"{session}:{id_}",
        kind=InboundKind.MESSAGE,
        sent_at=datetime.now(UTC),
        sender=Sender(session),
        place=PlaceRef(session, PlaceKind.PRIVATE),
        message_id=id_,
        text="Hola",
    )


async def test_a_conversation_resumes_from_the_real_database(
    store: Store, visit: Callable[..., Awaitable[Any]]
) -> None:
    channel = WebChannel(transcript=Transcript(store), sessions=SessionStore(store), gate=Gate())

    async def intake(events: Sequence[Inbound], *, cursor: str | None = None) -> None:
        await store.write(lambda conn: ingest(conn, events, datetime.now(UTC), {}))

    app = web.Application()
    app.router.add_get("/chat/ws", channel.connect)
    running = asyncio.create_task(channel.run(intake))
    async with serve(app, "127.0.0.1", 0) as url:
        house = Served(url)
        page = await visit(house)
        welcome = await page.hello()
        assert (await page.say("message-1", "¿Tienen café? ☕"))["type"] == "ack"
        await page.ws.close()

        again = await visit(house)
        resumed = await again.hello(session=welcome["session"], secret=welcome["secret"])
        assert [(item["text"], item["client_id"]) for item in resumed["items"]] == [
            ("¿Tienen café? ☕", "message-1")
        ]
        assert (await again.say("message-1", "¿Tienen café? ☕"))["type"] == "ack"
        assert len(await Transcript(store).since(HERE, welcome["session"], 0, 10)) == 1

        thief = await visit(house)
        got = await thief.hello(session=welcome["session"], secret="x" * 43)
        assert got["items"] == []
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@dataclass
class Served:
    """A server that is nothing but its address."""

    url: str
