"""What a web member sees when their page comes back."""

import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, Table, insert, update

from bot.domain import Account, Author, Button, CaseId, Outgoing, PlaceKind, PlaceRef, Platform
from bot.store.engine import Store
from bot.store.payload import encode_outgoing, encode_place
from bot.store.tables import attachments, cases, contacts, conversations, identities, messages, outbox, places
from bot.store.transcript import Transcript, TranscriptItem

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
WEB = Account(Platform.WEB, "local")


class Chat:
    """One web member's conversation, written row by row."""

    def __init__(self, store: Store, session: str, account: Account = WEB) -> None:
        self._store, self._session, self._account = store, session, account
        self._clock = itertools.count()

    async def begin(self) -> "Chat":
        account = {"platform": self._account.platform.value, "account": self._account.id}
        self._contact = await self._add(contacts, created_at=NOW)
        identity = await self._add(
            identities, contact_id=self._contact, external_id=self._session, created_at=NOW, **account
        )
        place = await self._add(places, external_id=self._session, kind="private", created_at=NOW, **account)
        self._id = await self._add(
            conversations, contact_id=self._contact, identity_id=identity, place_id=place, created_at=NOW
        )
        return self

    async def says(self, text: str, *, kind: str = "message", command: str = "", client: str = "") -> int:
        return await self._message("member", text, kind=kind, command=command, external_id=client)

    async def is_told(
        self, outgoing: Outgoing, *, state: str = "sent", author: str = "bot", staff: str | None = None
    ) -> int:
        message = await self._message(author, outgoing.text, staff=staff)
        await self.send(message, outgoing, state=state, author=author)
        return message

    async def send(
        self, message: int, outgoing: Outgoing, *, state: str = "sent", author: str = "bot"
    ) -> int:
        return await self._add(
            outbox,
            lane=f"c{self._id}",
            conversation_id=self._id,
            message_id=message,
            author=author,
            platform=self._account.platform.value,
            account=self._account.id,
            place=encode_place(PlaceRef(self._session, PlaceKind.PRIVATE)),
            payload=encode_outgoing(outgoing),
            state=state,
            created_at=NOW,
        )

    async def note(self, text: str) -> int:
        return await self._message("staff", text, kind="note", staff="Rosa")

    async def file(self, message: int | None, name: str, *, state: str = "stored") -> int:
        return await self._add(
            attachments, message_id=message, kind="photo", ref="x", name=name, mime="image/png", state=state
        )

    async def speaks(self, lang: str) -> None:
        mine = update(conversations).where(conversations.c.id == self._id)
        await self._store.write(lambda c: c.execute(mine.values(lang=lang)) and None)

    async def opens_a_case(self) -> CaseId:
        return CaseId(
            await self._add(
                cases, conversation_id=self._id, state="new", reason="asked_for_person", opened_at=NOW
            )
        )

    async def _message(self, author: str, text: str, *, kind: str = "message", **more: Any) -> int:
        at = NOW + timedelta(seconds=next(self._clock))
        return await self._add(
            messages,
            conversation_id=self._id,
            author=author,
            text=text,
            kind=kind,
            sent_at=at,
            stored_at=at,
            **more,
        )

    async def _add(self, table: Table, **values: Any) -> int:
        def work(connection: Connection) -> int:
            return int(connection.execute(insert(table).returning(table.c.id), values).scalar_one())

        return await self._store.write(work)


@pytest.fixture
async def chat(store: Store) -> Chat:
    return await Chat(store, "s-ana").begin()


@pytest.fixture
def seen(store: Store) -> Callable[..., Any]:
    async def look(after: int = 0, limit: int = 200, session: str = "s-ana") -> tuple[TranscriptItem, ...]:
        return await Transcript(store).since(WEB, session, after, limit)

    return look


async def test_a_member_sees_both_sides_with_everything_that_was_sent(chat: Chat, seen: Any) -> None:
    asked = await chat.says("¿Cuánto cuesta el envío?", client="c-1")
    photo = await chat.file(None, "bolsa.png")
    told = await chat.is_told(
        Outgoing(
            "**$3.990**",
            markdown=True,
            rows=((Button("Sí, gracias", "yes"), Button("Ver", url="https://x.cl")),),
            image="img/envio.png",
            alt="Un mapa",
            attachments=(photo,),
        )
    )
    reply = await chat.is_told(Outgoing("Hola, soy Rosa"), author="staff", staff="Rosa")

    assert await seen() == (
        TranscriptItem(
            asked, Author.MEMBER, None, "¿Cuánto cuesta el envío?", False, (), "", "", (), NOW, "c-1"
        ),
        TranscriptItem(
            told,
            Author.BOT,
            None,
            "**$3.990**",
            True,
            ((Button("Sí, gracias", "yes"), Button("Ver", url="https://x.cl")),),
            "img/envio.png",
            "Un mapa",
            ((photo, "bolsa.png", "image/png"),),
            NOW + timedelta(seconds=1),
            "",
        ),
        TranscriptItem(
            reply,
            Author.STAFF,
            "Rosa",
            "Hola, soy Rosa",
            False,
            (),
            "",
            "",
            (),
            NOW + timedelta(seconds=2),
            "",
        ),
    )


async def test_nothing_staff_only_and_nothing_unsent_is_seen(chat: Chat, seen: Any) -> None:
    for state in ("pending", "sending", "sent", "held", "cancelled", "failed"):
        await chat.is_told(Outgoing(state), state=state)
    await chat.note("Ojo: cliente difícil")
    noted = await chat.note("Y esta nota tiene fila de salida por error")
    await chat.send(noted, Outgoing("secreto"), author="staff")

    assert [item.text for item in await seen()] == ["sending", "sent", "held"]


async def test_a_member_sees_only_their_own(store: Store, chat: Chat, seen: Any) -> None:
    other = await Chat(store, "s-eva").begin()
    same_name = await Chat(store, "s-ana", Account(Platform.TELEGRAM, "local")).begin()
    another_brand = await Chat(store, "s-ana", Account(Platform.WEB, "77")).begin()
    await chat.says("soy Ana")
    await other.says("soy Eva")
    await same_name.says("soy Ana en Telegram")
    await another_brand.says("soy Ana en otra marca")
    await other.is_told(Outgoing("Hola, Eva"))

    assert [item.text for item in await seen()] == ["soy Ana"]
    assert [item.text for item in await seen(session="s-eva")] == ["soy Eva", "Hola, Eva"]
    assert await seen(session="s-nadie") == ()


async def test_pages_follow_one_another(chat: Chat, seen: Any) -> None:
    ids = []
    for number in range(5):
        ids.append(await chat.says(f"pregunta {number}"))
        await chat.is_told(Outgoing("cancelada"), state="cancelled")
        ids.append(await chat.is_told(Outgoing(f"respuesta {number}")))

    pages, after = [], 0
    while page := await seen(after, 3):
        pages.append([item.id for item in page])
        after = page[-1].id

    assert pages == [ids[0:3], ids[3:6], ids[6:9], ids[9:]]


async def test_a_message_sent_in_parts_is_one_item(chat: Chat, seen: Any) -> None:
    message = await chat.is_told(Outgoing("Primero.", image="a.png", alt="A"))
    await chat.send(message, Outgoing("Después.", rows=((Button("Gracias", "t"),),)))
    await chat.send(message, Outgoing("Nunca."), state="cancelled")

    (item,) = await seen()
    assert (item.text, item.image, item.alt) == ("Primero.\n\nDespués.", "a.png", "A")
    assert item.rows == ((Button("Gracias", "t"),),)


async def test_commands_and_buttons_read_as_the_member_remembers_them(chat: Chat, seen: Any) -> None:
    await chat.is_told(Outgoing("¿Cuál?", rows=((Button("Envíos", "e:1"),), (Button("Pagos", "e:2"),))))
    await chat.is_told(Outgoing("Nunca salió", rows=((Button("Otra cosa", "e:2"),),)), state="cancelled")
    await chat.says("", kind="button", command="e:2")
    await chat.says("", kind="button", command="e:9")
    await chat.says("por favor", kind="command", command="human")

    assert [item.text for item in await seen()] == ["¿Cuál?", "Pagos", "", "/human por favor"]


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("es", ["/privacidad", "/misdatos", "/olvidame", "/weather"]),
        ("en", ["/privacy", "/mydata", "/forgetme", "/weather"]),
        ("pt", ["/privacidade", "/meusdados", "/esquecer", "/weather"]),
    ],
)
async def test_commands_read_in_the_language_of_the_conversation(
    chat: Chat, seen: Any, lang: str, words: list[str]
) -> None:
    await chat.speaks(lang)
    for name in ("privacy", "my_data", "forget_me", "weather"):
        await chat.says("", kind="command", command=name)

    assert [item.text for item in await seen()] == words


async def test_files_are_listed_once_they_are_stored(chat: Chat, seen: Any) -> None:
    mine = await chat.says("mira")
    stored = await chat.file(mine, "foto.png")
    await chat.file(mine, "virus.exe", state="refused")
    await chat.file(mine, "tarde.png", state="announced")
    reply = await chat.is_told(Outgoing("la vi", attachments=(stored,)))
    own = await chat.file(reply, "guia.pdf")

    items = await seen()
    assert items[0].files == ((stored, "foto.png", "image/png"),)
    assert items[1].files == ((stored, "foto.png", "image/png"), (own, "guia.pdf", "image/png"))


async def test_an_edited_question_reads_as_it_is_now(store: Store, chat: Chat, seen: Any) -> None:
    message = await chat.says("evnio")
    await store.write(
        lambda c: c.execute(update(messages).where(messages.c.id == message).values(text="envío")) and None
    )

    assert [item.text for item in await seen()] == ["envío"]


async def test_the_latest_are_the_end_of_the_same_list(store: Store, chat: Chat, seen: Any) -> None:
    ids = [await chat.says(f"mensaje {number}") for number in range(5)]
    await chat.is_told(Outgoing("nunca salió"), state="cancelled")
    latest = Transcript(store).latest

    assert await latest(WEB, "s-ana", 0, 2) == (await seen())[-2:]
    assert [item.id for item in await latest(WEB, "s-ana", ids[3], 200)] == ids[4:]
    assert await latest(WEB, "s-ana", 0, 200) == await seen()
