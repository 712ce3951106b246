"""A copy of all data for the member it is about: one JSON file, or an archive when they sent files too."""

from __future__ import annotations

import asyncio
import io
import json
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy import Connection, insert, select, update

from bot.bus.base import Bus, Topic
from bot.catalogue.keys import Key
from bot.domain import Author, Lang, Outgoing
from bot.errors import StoreError
from bot.pipeline.ports import Minds
from bot.store import audit, erasure, outbox, situations, timers, turns
from bot.store.engine import Store
from bot.store.export import COPY, Export, export
from bot.store.filestore import FileStore
from bot.store.outbox import Send
from bot.store.tables import attachments
from bot.store.timers import Timer
from bot.store.turns import Words

_log = structlog.get_logger(__name__)

LARGEST = 45 * 1024 * 1024
"""Bytes that we hand out in a chat: Telegram takes 50 MB from a bot."""
DROP_TIMER = "drop_export"
"""A timer that is due in a day: delete a copy that was handed out."""
KEPT = timedelta(days=1)


class Exporting:
    """Acts on `export` timers, and on those that delete the copies again."""

    def __init__(
        self,
        store: Store,
        bus: Bus,
        minds: Minds,
        filestore: FileStore,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store, self._bus, self._minds = store, bus, minds
        self._filestore, self._clock = filestore, clock

    async def __call__(self, timer: Timer) -> None:
        """Put the copy into the private chat that it was asked for in."""
        now = self._clock()
        conversation = timer.conversation

        def look(connection: Connection) -> Export | None:
            contact = erasure.contact_of(connection, conversation) if conversation is not None else None
            return export(connection, contact, now) if contact is not None else None

        found = await self._store.read(look)
        content = None if found is None else await asyncio.to_thread(packed, found, self._filestore)
        sha256 = "" if content is None else await asyncio.to_thread(self._filestore.write, content)
        zipped = found is not None and bool(found.files)

        def work(connection: Connection) -> str | None:
            here = situations.load(connection, conversation) if conversation is not None else None
            if not timers.take(connection, timer) or found is None or here is None:
                return None
            voice = self._minds.current.voice
            lang = Lang(str(timer.payload.get("lang") or here.lang or voice.knowledge.brand.languages[0]))
            text = voice.text(Key.EXPORT_READY if content is not None else Key.EXPORT_TOO_LARGE, lang)
            [message] = turns.say_all(
                connection, [Words(here.conversation, text, Author.BOT, now, lang=lang)]
            )
            files: tuple[int, ...] = ()
            if content is not None:
                name = f"{now:%Y-%m-%d}-{_NAMES.get(lang, _NAMES['en'])}.{'zip' if zipped else 'json'}"
                row = {
                    "message_id": message,
                    "kind": "file",
                    "ref": COPY,
                    "name": name,
                    "mime": "application/zip" if zipped else "application/json",
                    "size": len(content),
                    "sha256": sha256,
                    "state": "stored",
                }
                number = connection.execute(insert(attachments).returning(attachments.c.id), row).scalar_one()
                files = (number,)
                timers.set_timer(
                    connection,
                    DROP_TIMER,
                    now + KEPT,
                    conversation=here.conversation,
                    payload={"file": number},
                )
                audit.note(connection, "exported", now, actor="member", detail={"bytes": len(content)})
            send = Send(
                here.account,
                here.place,
                Outgoing(text, attachments=files),
                Author.BOT,
                conversation=here.conversation,
                message=message,
            )
            outbox.put(connection, [send], now)
            return send.lane

        lane = await self._store.write(work)
        if lane is not None:
            self._bus.wake(Topic.LANE, lane)
        elif sha256:  # taken back meanwhile, as by whoever asked to be forgotten next
            await self._store.write(lambda connection: self._remove(connection, sha256))

    async def drop(self, timer: Timer) -> None:
        """Delete a copy that was handed out a day ago."""

        def work(connection: Connection) -> None:
            if not timers.take(connection, timer):
                return
            # a copy that was erased before its day may have left its number to somebody's file
            which = (attachments.c.id == int(timer.payload["file"])) & (attachments.c.ref == COPY)
            sha256 = connection.execute(select(attachments.c.sha256).where(which)).scalar_one_or_none()
            connection.execute(update(attachments).where(which).values(sha256=None, state="expired"))
            if sha256:
                self._remove(connection, sha256)

        await self._store.write(work)

    def _remove(self, connection: Connection, sha256: str) -> None:
        for name in erasure.unused(connection, [sha256]):
            self._filestore.remove(name)


_NAMES = {"es": "mis-datos", "en": "my-data", "pt": "meus-dados"}


def packed(found: Export, filestore: FileStore, *, largest: int | None = LARGEST) -> bytes | None:
    """The document by itself, or zipped with the files it names; None above `largest` bytes."""
    document = json.dumps(found.document, ensure_ascii=False, indent=1).encode()
    if not found.files:
        return document if largest is None or len(document) <= largest else None
    into, size = io.BytesIO(), len(document)
    with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data.json", document)
        for path, sha256 in found.files.items():
            try:
                content = filestore.read(sha256)
            except StoreError as error:
                _log.warning("a file for a copy of a member's data is gone", error=error.what)
                continue
            size += len(content)
            if largest is not None and size > largest:
                return None
            archive.writestr(path, content)
    return into.getvalue()
