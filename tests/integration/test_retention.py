"""What is too old is deleted by itself, a little at a time; what somebody works on, and the counts, stay."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Connection, delete, func, insert, select, update

from bot.errors import StoreError
from bot.knowledge.model import Keep, Minors, Privacy
from bot.privacy.retention import Retention
from bot.store import aging, timers
from bot.store.engine import Store
from bot.store.filestore import FileStore
from bot.store.tables import (
    attachments,
    audit,
    cases,
    contacts,
    conversations,
    drafts,
    edits,
    events,
    feedback,
    identities,
    inbound,
    links,
    listened,
    messages,
    metadata,
    outbox,
    places,
    turns,
)
from bot.store.tables import timers as timer_rows
from tests.fakes.databases import databases, on_both

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
PRIVACY = Privacy(
    keep=Keep(messages=100, files=20, cases=200, audit=50, listened=5, backups=30), minors=Minors(messages=10)
)


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def one(connection: Connection, table: Any, **values: Any) -> int:
    return int(connection.execute(insert(table).returning(table.c.id), values).scalar_one())


def member(
    connection: Connection,
    name: str,
    *ages: float,
    owner: str = "bot",
    minor: bool = False,
    blocked: bool = False,
) -> int:
    """Somebody with a question and an answer of each age in days; the conversation's number."""
    born = ago(max(ages, default=0))
    contact = one(connection, contacts, display_name=name, created_at=born, minor_at=NOW if minor else None)
    account = {"platform": "telegram", "account": "1", "external_id": name, "created_at": born}
    identity = one(connection, identities, contact_id=contact, blocked_at=NOW if blocked else None, **account)
    place = one(connection, places, kind="private", **account)
    here = one(
        connection,
        conversations,
        contact_id=contact,
        identity_id=identity,
        place_id=place,
        owner=owner,
        created_at=born,
        last_inbound_at=ago(min(ages, default=0)),
    )
    for age in ages:
        at = {"sent_at": ago(age), "stored_at": ago(age)}
        turn = one(
            connection,
            turns,
            conversation_id=here,
            outcome="answered",
            lang="es",
            knowledge="k",
            trace={"text": f"{name} {age}"},
            created_at=ago(age),
        )
        said = {"conversation_id": here, "kind": "message", "turn_id": turn}
        asked = one(
            connection, messages, author="member", text=f"{name} asks {age}", outcome="answered", **said, **at
        )
        told = one(connection, messages, author="bot", text=f"{name} hears {age}", **said, **at)
        one(connection, edits, message_id=asked, before=f"{name} a", after=f"{name} b", at=ago(age))
        one(
            connection,
            outbox,
            lane=f"c{here}",
            conversation_id=here,
            message_id=told,
            turn_id=turn,
            author="bot",
            platform="telegram",
            account="1",
            place={"kind": "private", "external_id": name},
            payload={"text": f"{name} hears {age}"},
            state="sent",
            created_at=ago(age),
        )
        one(connection, feedback, conversation_id=here, turn_id=turn, kind="useful", at=ago(age))
        one(connection, events, at=ago(age), kind="turn", outcome="answered")
    return here


def case_of(connection: Connection, conversation: int, state: str, closed: float | None) -> int:
    number = one(
        connection,
        cases,
        conversation_id=conversation,
        state=state,
        reason="complaint",
        opened_at=ago(300),
        closed_at=None if closed is None else ago(closed),
        dossier={"tried": ["envio"]},
    )
    one(connection, drafts, case_id=number, staff="Bruno", text="texto guardado", at=ago(250))
    one(
        connection,
        links,
        platform="telegram",
        account="1",
        place="-1",
        external_id=f"{number}",
        case_id=number,
    )
    one(
        connection,
        outbox,
        lane="s",
        case_id=number,
        author="bot",
        platform="telegram",
        account="1",
        place={"kind": "staff", "external_id": "-1"},
        payload={"text": f"aviso {number}"},
        state="sent",
        created_at=ago(300),
    )
    return number


class Scene:
    """A store with a clock that stands still, and the retention on it."""

    def __init__(self, store: Store, files: FileStore) -> None:
        self.store, self.files, self.now, self.scrubbed = store, files, NOW, 0
        brand = SimpleNamespace(timezone=UTC)
        knowledge = SimpleNamespace(privacy=PRIVACY, brand=brand)
        minds = SimpleNamespace(current=SimpleNamespace(voice=SimpleNamespace(knowledge=knowledge)))
        self.retention = Retention(store, minds, files, scrub=self._scrub, clock=lambda: self.now)  # type: ignore[arg-type]  # only what it reads

    async def _scrub(self) -> bool:
        self.scrubbed += 1
        return True

    async def texts(self) -> set[str]:
        return set(await self.store.read(lambda c: list(c.execute(select(messages.c.text)).scalars())))

    async def count(self, table: Any) -> int:
        query = select(func.count()).select_from(table)
        return await self.store.read(lambda c: c.execute(query).scalar_one())


@pytest.fixture
async def scene(tmp_path: Path, database: str) -> Any:
    url = databases.url(tmp_path)
    await Store.create(url)
    async with Store.open(url) as store:
        yield Scene(store, FileStore(tmp_path / "files"))


@on_both
async def test_messages_go_by_their_age_with_all_that_hangs_on_them(scene: Scene) -> None:
    def given(connection: Connection) -> None:
        member(connection, "ana", 101, 99)
        member(connection, "nino", 11, 9, minor=True)
        member(connection, "en_manos", 150, owner="human")
        member(connection, "en_fila", 150, owner="queue")
        case_of(connection, member(connection, "con_caso", 150), "waiting", None)

    await scene.store.write(given)
    reported = await scene.count(events)

    counts = await scene.retention.run()

    assert await scene.texts() == {
        *("ana asks 99", "ana hears 99", "nino asks 9", "nino hears 9"),
        *(f"{who} {does} 150" for who in ("en_manos", "en_fila", "con_caso") for does in ("asks", "hears")),
    }
    assert counts["messages"] == 4
    assert counts["turns"] == 2
    assert await scene.count(turns) == 5
    assert await scene.count(edits) == 5
    assert await scene.count(events) == reported
    assert scene.scrubbed == 1
    every = "\n".join(
        await scene.store.read(
            lambda c: [str(tuple(r)) for t in metadata.sorted_tables for r in c.execute(select(t))]
        )
    )
    assert "101" not in every
    assert "nino asks 11" not in every
    assert (
        await scene.store.read(
            lambda c: c.execute(select(func.count()).where(feedback.c.turn_id.is_(None))).scalar_one()
        )
        == 2
    ), "opinions are counts, and stay as such"


@on_both
async def test_files_cases_the_rest_and_people_have_days_of_their_own(scene: Scene) -> None:
    shared, own = scene.files.write(b"shared"), scene.files.write(b"own")

    def given(connection: Connection) -> None:
        first = member(connection, "ana", 30)
        second = member(connection, "luz", 5)
        for conversation, content, age in ((first, shared, 30), (first, own, 30), (second, shared, 5)):
            said = one(
                connection,
                messages,
                conversation_id=conversation,
                author="member",
                kind="message",
                text="",
                outcome="ignored",
                sent_at=ago(age),
                stored_at=ago(age),
            )
            one(
                connection, attachments, message_id=said, kind="file", ref="r", sha256=content, state="stored"
            )
        case_of(connection, member(connection, "vieja"), "resolved", 201)
        case_of(connection, second, "resolved", 199)
        for age in (51, 49):
            one(connection, audit, at=ago(age), kind="erased", actor=f"a{age}")
        for age in (6, 4):
            one(
                connection,
                listened,
                platform="telegram",
                account="1",
                place="-5",
                sender="9",
                text=f"oído {age}",
                at=ago(age),
            )
        for age in (8, 6):
            one(
                connection,
                inbound,
                platform="telegram",
                account="1",
                event_id=f"e{age}",
                kind="other",
                raw=f"crudo {age}",
                received_at=ago(age),
            )
        one(connection, feedback, kind="suggestion", text="más té", at=ago(101))
        member(connection, "gone", 150)
        member(connection, "bad", 150, blocked=True)
        member(connection, "last", 1)

    await scene.store.write(given)

    await scene.retention.run()

    stored = await scene.store.read(
        lambda c: c.execute(select(attachments.c.sha256, attachments.c.state)).all()
    )
    assert sorted((name or "", state) for name, state in stored) == [
        *(("", "expired"), ("", "expired")),
        (shared, "stored"),
    ]
    assert scene.files.read(shared) == b"shared"
    with pytest.raises(Exception, match="gone"):
        scene.files.read(own)
    assert await scene.count(cases) == 1
    assert await scene.count(drafts) == await scene.count(links) == 1
    actors = await scene.store.read(lambda c: list(c.execute(select(audit.c.actor)).scalars()))
    assert actors == ["a49"]
    assert await scene.store.read(lambda c: list(c.execute(select(listened.c.text)).scalars())) == ["oído 4"]
    assert await scene.store.read(lambda c: list(c.execute(select(inbound.c.event_id)).scalars())) == ["e6"]
    opinions = await scene.store.read(lambda c: list(c.execute(select(feedback.c.text)).scalars()))
    assert "más té" not in opinions
    names = await scene.store.read(lambda c: set(c.execute(select(identities.c.external_id)).scalars()))
    assert names == {"ana", "luz", "vieja", "bad", "last"}


@on_both
async def test_it_comes_every_day_and_after_being_down(scene: Scene) -> None:
    await scene.store.write(lambda c: member(c, "ana", 99))
    await scene.retention.arm()
    await scene.retention.arm()
    [timer] = await scene.store.read(lambda c: timers.due(c, NOW))
    await scene.retention(timer)
    assert await scene.texts() == {"ana asks 99", "ana hears 99"}
    assert await scene.store.read(lambda c: timers.due(c, NOW)) == []

    scene.now = NOW + timedelta(days=5)  # the process was down meanwhile
    [timer] = await scene.store.read(lambda c: timers.due(c, scene.now))
    assert timer.due_at == datetime(2026, 6, 16, 4, tzinfo=UTC)
    await scene.retention(timer)
    assert await scene.texts() <= {""}
    [row] = await scene.store.read(lambda c: c.execute(select(audit)).all())
    assert (row.kind, row.actor, row.detail["messages"]) == ("retention", "retention", 2)
    [following] = await scene.store.read(lambda c: list(c.execute(select(timer_rows.c.due_at)).scalars()))
    assert following == datetime(2026, 6, 21, 4, tzinfo=UTC)


async def test_much_goes_in_pieces(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aging, "PIECE", 3)
    await scene.store.write(lambda c: [member(c, f"m{n}", 150, 140) for n in range(5)] and None)
    largest = 0
    piece = aging.aged_messages

    def watched(connection: Connection, days: aging.Days, now: datetime) -> aging.Aged:
        nonlocal largest
        done = piece(connection, days, now)
        largest = max(largest, done.counts["messages"])
        return done

    monkeypatch.setattr("bot.privacy.retention.PIECES", {**aging.PIECES, "messages": watched})

    counts = await scene.retention.run()

    assert largest == 3
    assert counts["messages"] == 20
    assert await scene.texts() <= {""}


async def test_the_newest_number_is_not_given_again(scene: Scene) -> None:
    """SQLite would give it again, and a button or a nonce of the old one would mean the new one."""
    await scene.store.write(lambda c: member(c, "ana", 150))
    top = await scene.store.read(lambda c: c.execute(select(func.max(messages.c.id))).scalar_one())
    await scene.retention.run()
    await scene.store.write(lambda c: member(c, "luz", 1))

    numbers = await scene.store.read(
        lambda c: list(c.execute(select(messages.c.id).where(messages.c.text != "")).scalars())
    )
    assert min(numbers) > top
    await scene.store.write(lambda c: c.execute(update(contacts).values(lang="es")))


async def test_what_is_emptied_in_place_of_being_deleted_keeps_nothing(scene: Scene) -> None:
    def says(connection: Connection) -> None:
        here = member(connection, "ana", 150)
        case = case_of(connection, here, "resolved", 250)
        last = select(func.max(messages.c.id)).scalar_subquery()
        kept = {
            "command": "pick:secreto",
            "reply_to": "77",
            "via": "r:1:2:secreto",
            "album": "9",
            "staff": "Bruno",
        }
        connection.execute(update(messages).where(messages.c.id == last).values(case_id=case, **kept))

    await scene.store.write(says)
    await scene.retention.run()

    rows = await scene.store.read(lambda c: c.execute(select(messages)).all())
    assert [(r.command, r.reply_to, r.via, r.album, r.staff, r.case_id) for r in rows] == [
        ("",) * 4 + (None,) * 2
    ]
    assert await scene.count(drafts) == 0, "the case went too: no message names it any more"


async def test_contents_that_no_row_names_go_after_a_day(scene: Scene, tmp_path: Path) -> None:
    """A process may end between writing a file and its row; nobody else would ever find that file."""
    here = await scene.store.write(lambda c: member(c, "ana", 1))
    names = [scene.files.write(content) for content in (b"lost", b"held", b"fresh", b"wanted again")]
    part = tmp_path / "files" / "ab" / f"{'ab' * 32}.1.part"
    part.parent.mkdir(exist_ok=True)
    part.write_bytes(b"half of it")
    yesterday = time.time() - 2 * 86400
    for path in (part, *(tmp_path / "files" / name[:2] / name for name in names if name != names[2])):
        os.utime(path, (yesterday, yesterday))
    scene.files.write(b"wanted again")

    def holds(connection: Connection) -> None:
        said = select(func.max(messages.c.id)).where(messages.c.conversation_id == here).scalar_subquery()
        connection.execute(insert(attachments).values(message_id=said, kind="file", ref="r", sha256=names[1]))

    await scene.store.write(holds)
    counts = await scene.retention.run()

    assert counts["leftovers"] == 1
    left = {path.read_bytes() for path in (tmp_path / "files").rglob("*") if path.is_file()}
    assert left == {b"held", b"fresh", b"wanted again"}


async def test_files_of_replies_that_were_never_said_go(scene: Scene) -> None:
    name = scene.files.write(b"from staff")
    await scene.store.write(lambda c: one(c, attachments, kind="file", ref="r", sha256=name, state="stored"))
    await scene.store.write(lambda c: timers.set_timer(c, "staff_file", NOW, payload={"stored": [1]}))
    await scene.retention.run()
    assert scene.files.read(name), "a reply still waits for it"

    await scene.store.write(lambda c: c.execute(delete(timer_rows)))
    await scene.retention.run()
    assert await scene.count(attachments) == 0
    with pytest.raises(StoreError):
        scene.files.read(name)


@pytest.mark.parametrize("met", [False, True])
async def test_a_new_database_takes_no_files_of_the_one_before(scene: Scene, met: bool) -> None:
    """Whoever starts the bot on an empty database by mistake must find the files when they come back."""
    name = scene.files.write(b"of the other database")
    path = scene.files._path(name)
    long_ago = time.time() - 30 * 86400
    os.utime(path, (long_ago, long_ago))
    if met:
        now = datetime.now(UTC)
        await scene.store.write(lambda c: one(c, contacts, display_name="luz", created_at=now))
    await scene.retention.run()
    assert scene.files.read(name)
