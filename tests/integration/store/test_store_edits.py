"""What a member changes while the bot thinks."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, select

from bot.domain import (
    ES,
    Account,
    Inbound,
    InboundKind,
    KnowledgeVersion,
    Outcome,
    PlaceKind,
    PlaceRef,
    Platform,
    Sender,
)
from bot.store import inbound, situations, turns
from bot.store.engine import Store
from bot.store.tables import messages
from bot.store.turns import Handled, Turn
from tests.fakes.databases import databases

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)


def event(kind: InboundKind, number: int, text: str) -> Inbound:
    account, place = Account(Platform.TELEGRAM, "1"), PlaceRef("5", PlaceKind.PRIVATE)
    return Inbound(account, str(number), kind, NOW, Sender("5", "Ana"), place, message_id="9", text=text)


async def test_an_edit_between_reading_and_writing_is_kept(tmp_path: Path) -> None:
    url = databases.url(tmp_path)
    await Store.create(url)
    async with Store.open(url) as store:
        stored = await store.write(
            lambda c: inbound.ingest(c, [event(InboundKind.MESSAGE, 1, "antes")], NOW, {})
        )
        [conversation] = stored.woken
        situation = await store.read(lambda c: situations.load(c, conversation))
        assert situation is not None
        await store.write(lambda c: inbound.ingest(c, [event(InboundKind.EDIT, 2, "después")], NOW, {}))

        def write(connection: Connection) -> None:
            turn = turns.record(
                connection, Turn(conversation, Outcome.ANSWERED, ES, KnowledgeVersion("v")), NOW
            )
            done = [Handled(situation.said[0].id, Outcome.ANSWERED, "", turn, ES)]
            turns.handle(connection, done)

        await store.write(write)

        row = (await store.read(lambda c: c.execute(select(messages.c.text, messages.c.outcome)).all()))[0]
        assert tuple(row) == ("después", "answered")
