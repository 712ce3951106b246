"""A copy of somebody's data leaves nothing behind: not when it is taken back, and not in another's name."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, delete, insert, select

from bot.bus.local import LocalBus
from bot.domain import ConversationId
from bot.privacy.exporting import DROP_TIMER, Exporting
from bot.store import timers
from bot.store.engine import Store
from bot.store.filestore import FileStore
from bot.store.tables import attachments, contacts, conversations, identities, messages, places
from bot.store.tables import timers as timer_rows
from bot.store.timers import EXPORT_TIMER

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)


def member(connection: Connection, name: str) -> ConversationId:
    def one(table: Any, **values: Any) -> int:
        return int(connection.execute(insert(table).returning(table.c.id), values).scalar_one())

    account = {"platform": "telegram", "account": "1", "external_id": name, "created_at": NOW}
    contact = one(contacts, display_name=name, created_at=NOW)
    here = one(
        conversations,
        contact_id=contact,
        identity_id=one(identities, contact_id=contact, **account),
        place_id=one(places, kind="private", **account),
        created_at=NOW,
    )
    at = {"sent_at": NOW, "stored_at": NOW}
    one(messages, conversation_id=here, author="member", kind="message", text=f"{name} asks", **at)
    return ConversationId(here)


@pytest.fixture
async def store(tmp_path: Path) -> Any:
    url = f"sqlite:///{tmp_path / 'vocero.db'}"
    await Store.create(url)
    async with Store.open(url) as opened:
        yield opened


def exporting(store: Store, files: FileStore) -> Exporting:
    return Exporting(store, LocalBus(), None, files, clock=lambda: NOW)  # type: ignore[arg-type]  # not asked here


async def test_a_copy_whose_member_is_erased_meanwhile_does_not_stay(store: Store, tmp_path: Path) -> None:
    here = await store.write(lambda c: member(c, "ana"))
    await store.write(lambda c: timers.set_timer(c, EXPORT_TIMER, NOW, conversation=here))
    [timer] = await store.read(lambda c: timers.due(c, NOW))
    await store.write(lambda c: c.execute(delete(timer_rows)))  # as an erasure does

    await exporting(store, FileStore(tmp_path / "files"))(timer)

    assert [path for path in (tmp_path / "files").rglob("*") if path.is_file()] == []


async def test_the_day_of_a_copy_that_was_erased_takes_no_file_of_another(
    store: Store, tmp_path: Path
) -> None:
    """SQLite gives the number of the last row again, once that is deleted."""
    files = FileStore(tmp_path / "files")
    name = files.write(b"the picture of somebody else")

    def sends(connection: Connection) -> int:
        member(connection, "luz")
        message = connection.execute(select(messages.c.id)).scalar_one()
        row = {"message_id": message, "kind": "photo", "ref": "x", "sha256": name, "state": "stored"}
        return int(connection.execute(insert(attachments).returning(attachments.c.id), row).scalar_one())

    number = await store.write(sends)
    due = NOW - timedelta(days=1)
    await store.write(lambda c: timers.set_timer(c, DROP_TIMER, due, payload={"file": number}))
    [timer] = await store.read(lambda c: timers.due(c, NOW))

    await exporting(store, files).drop(timer)

    assert files.read(name) == b"the picture of somebody else"
    assert await store.read(lambda c: c.execute(select(attachments.c.state)).scalar_one()) == "stored"
