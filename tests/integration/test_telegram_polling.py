"""Receiving: nothing is lost, nobody is stopped by another's trouble, and no failure makes a hot loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import structlog.testing

from bot.channels.backoff import Backoff
from bot.channels.telegram import CommandMenu, TelegramChannel
from bot.channels.telegram.polling import REFUSALS
from bot.domain import InboundKind, PlaceKind
from bot.errors import ChannelError, RefusedError
from tests.fakes.telegram import FakeTelegram, Fault, Message
from tests.integration.telegram_store import STAFF, Store, channel_to, running


@pytest.fixture
async def fake() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram() as server:
        yield server


@pytest.fixture
def store() -> Store:
    return Store()


class Waits(list[float]):
    """Back-off waits, recorded and cut short; `met` once there was one."""

    def __init__(self) -> None:
        super().__init__()
        self.met = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        self.append(seconds)
        self.met.set()
        await asyncio.sleep(0.005)

    def backoff(self) -> Backoff:
        return Backoff(sleep=self.sleep, jitter=lambda low, high: high)


async def test_the_offset_moves_only_after_the_commit(fake: FakeTelegram, store: Store) -> None:
    store.failing = 2
    store.watch = lambda: list(fake.updates.confirmed)
    ana = fake.member(42)
    with structlog.testing.capture_logs() as logs:
        async with running(channel_to(fake, store), store):
            ana.writes("mi número es 12345")
            await store.holds(lambda s: bool(s.events))
            ana.writes("¿están?")
            await store.holds(lambda s: len(s.events) == 2)
    first, second = store.events
    assert store.handed == [first, first, first, second]
    assert store.noted == [[], [], [], [int(first)]]
    assert [log["event"] for log in logs] == ["telegram.intake_failed"] * 2
    assert "12345" not in repr(logs)


async def test_after_a_restart_it_goes_on_where_it_was(fake: FakeTelegram, store: Store) -> None:
    ana = fake.member(42)
    ana.writes("uno")
    async with running(channel_to(fake, store), store):
        await store.holds(lambda s: len(s.events) == 1)
    ana.writes("dos")
    async with running(channel_to(fake, store), store):
        await store.holds(lambda s: len(s.events) == 2)
    assert store.texts == ["uno", "dos"]
    assert len(store.handed) == 2


async def test_an_unreadable_update_is_kept_as_such_and_stops_nobody(
    fake: FakeTelegram, store: Store
) -> None:
    ana = fake.member(42)
    bad = fake.inject({"message": {"message_id": "x", "date": []}})
    ana.writes("hola")
    async with running(channel_to(fake, store), store):
        await store.holds(lambda s: len(s.events) == 2)
    kinds = [event.kind for event in store.events.values()]
    assert kinds == [InboundKind.UNPARSABLE, InboundKind.MESSAGE]
    assert next(iter(store.events)) == str(bad)


@pytest.mark.parametrize(
    "content", ['{"text":"cortado', "[" * 50_000 + "]" * 50_000 + "}"], ids=["cut", "deep"]
)
async def test_an_update_that_spoils_the_whole_answer_is_found_and_kept(
    fake: FakeTelegram, store: Store, content: str
) -> None:
    ana = fake.member(42)
    ana.writes("antes")
    bad = fake.inject('{"update_id":{update_id},"message":' + content)
    ana.writes("después")
    async with running(channel_to(fake, store), store):
        await store.holds(lambda s: len(s.events) == 3)
        ana.writes("y otra")
        await store.holds(lambda s: len(s.events) == 4)
    assert [e.kind is InboundKind.UNPARSABLE for e in store.events.values()] == [False, True, False, False]
    assert str(bad) in store.events


async def test_a_repeated_update_is_handed_over_again_and_changes_nothing(
    fake: FakeTelegram, store: Store
) -> None:
    ana = fake.member(42)
    async with running(channel_to(fake, store), store):
        ana.writes("hola")
        await store.holds(lambda s: len(s.events) == 1)
        fake.updates.repeat(int(store.handed[0]))
        await store.holds(lambda s: len(s.handed) == 2)
        ana.writes("chao")
        await store.holds(lambda s: len(s.events) == 2)
    assert store.handed[0] == store.handed[1]
    assert store.texts == ["hola", "chao"]


@pytest.mark.parametrize(
    ("fault", "least"),
    [
        (Fault.drop_before(), 0.5),
        (Fault.status(500), 0.5),
        (Fault.status(502), 0.5),
        (Fault.garbage(), 0.5),
        (Fault.too_many(17), 17),
        (Fault.refuse(409, "Conflict: terminated by other getUpdates request"), 1.0),
        (Fault.refuse(400, "Bad Request: something"), 5.0),
    ],
    ids=lambda value: f"{value.kind}-{value.code}" if isinstance(value, Fault) else None,
)
async def test_after_a_failed_poll_it_waits_and_loses_nothing(
    fake: FakeTelegram, store: Store, fault: Fault, least: float
) -> None:
    waits = Waits()
    ana = fake.member(42)
    ana.writes("hola")
    fake.fail("getUpdates", with_=fault, times=4)
    async with running(channel_to(fake, store, backoff=waits.backoff()), store):
        await store.holds(lambda s: s.texts == ["hola"])
    assert len(waits) == 4
    assert waits[0] == least
    assert waits == sorted(waits)


async def test_the_wait_grows_to_its_cap_and_begins_anew_after_a_success() -> None:
    waits = Waits()
    backoff = Backoff(first=1, cap=10, sleep=waits.sleep, jitter=lambda low, high: high)
    for _ in range(6):
        await backoff.wait()
    backoff.reset()
    await backoff.wait()
    assert waits == [1, 2, 4, 8, 10, 10, 1]


async def test_jitter_keeps_the_wait_between_half_and_whole() -> None:
    waits = Waits()
    backoff = Backoff(first=8, cap=8, sleep=waits.sleep)
    for _ in range(50):
        await backoff.wait()
    assert all(4 <= wait <= 8 for wait in waits)
    assert len(set(waits)) > 10


async def test_updates_without_a_number_make_no_hot_loop(fake: FakeTelegram, store: Store) -> None:
    waits = Waits()
    fake.inject('{"message":{}}')
    async with running(channel_to(fake, store, backoff=waits.backoff()), store):
        await store.holds(lambda s: len(s.handed) >= 5)
    assert len(store.events) == 1
    assert len(waits) >= 4
    assert waits[:4] == [0.5, 1, 2, 4]


async def test_while_the_server_is_away_nothing_is_lost(fake: FakeTelegram, store: Store) -> None:
    ana = fake.member(42)
    async with running(channel_to(fake, store), store):
        ana.writes("antes")
        await store.holds(lambda s: s.texts == ["antes"])
        async with fake.offline():
            ana.writes("durante")
        await store.holds(lambda s: s.texts == ["antes", "durante"])


async def test_another_poller_is_told_of_in_the_log_and_outlived(fake: FakeTelegram, store: Store) -> None:
    ana, other, waits = fake.member(42), Store(), Waits()
    with structlog.testing.capture_logs() as logs:
        async with running(channel_to(fake, store, backoff=waits.backoff()), store):
            await fake.updates.waited_on()
            async with running(channel_to(fake, other), other):
                await waits.met.wait()
            ana.writes("hola")
            await store.holds(lambda s: "hola" in s.texts)
    conflict = next(log for log in logs if log["event"] == "telegram.conflict")
    assert "Another process polls with the same token" in conflict["remedy"]


async def test_a_token_that_is_revoked_ends_the_run_with_a_remedy(fake: FakeTelegram, store: Store) -> None:
    waits = Waits()
    fake.fail("getUpdates", with_=Fault.refuse(401, "Unauthorized"), times=REFUSALS)
    async with channel_to(fake, store, backoff=waits.backoff()) as channel:
        with pytest.raises(ChannelError) as error:
            await channel.run(store)
    assert "@BotFather" in error.value.remedy
    assert fake.token not in str(error.value)


@pytest.mark.parametrize("code", [401, 403, 404])
async def test_one_refusal_by_something_between_ends_nothing(
    fake: FakeTelegram, store: Store, code: int
) -> None:
    waits = Waits()
    fake.fail("getUpdates", with_=Fault.refuse(code, "no"), times=REFUSALS - 1)
    async with running(channel_to(fake, store, backoff=waits.backoff()), store):
        fake.member(42).writes("hola")
        await store.holds(lambda s: "hola" in s.texts)
    assert len(waits) == REFUSALS - 1


async def test_a_press_is_answered_once_it_is_stored(fake: FakeTelegram, store: Store) -> None:
    ana = fake.member(42)
    asked = question(fake, 42)
    store.failing = 1
    async with running(channel_to(fake, store), store):
        tap = ana.taps("Sí")
        await fake.wait_for(lambda ledger: tap.answered)
    pressed = [event for event in store.events.values() if event.kind is InboundKind.BUTTON]
    assert [(event.text, event.message_id) for event in pressed] == [("y", str(asked.id))]
    assert tap.answers == [""]


async def test_a_press_that_is_too_old_harms_nobody(fake: FakeTelegram, store: Store) -> None:
    ana = fake.member(42)
    question(fake, 42)
    fake.fail("answerCallbackQuery", with_=Fault.status(500))
    async with running(channel_to(fake, store), store):
        old = ana.taps("Sí")
        old.expired = True
        await fake.wait_for(lambda ledger: ledger.count("answerCallbackQuery") == 1)
        older = ana.taps("Sí")
        older.expired = True
        fresh = ana.taps("Sí")
        await fake.wait_for(lambda ledger: fresh.answered)
        ana.writes("sigo aquí")
        await store.holds(lambda s: "sigo aquí" in s.texts)
    assert fake.ledger.unanswered == [old, older]


async def test_presses_stored_just_before_the_stop_are_still_answered(
    fake: FakeTelegram, store: Store
) -> None:
    ana = fake.member(42)
    question(fake, 42)
    for _ in range(40):
        ana.taps("Sí")
    async with running(channel_to(fake, store), store):
        await store.holds(lambda s: len(s.events) == 40)
        assert len(fake.ledger.unanswered) > 0
    assert fake.ledger.unanswered == []


async def test_staff_and_groups_are_told_apart(fake: FakeTelegram, store: Store) -> None:
    staff, group = fake.group(STAFF, "Equipo"), fake.group(-55, "Comunidad")
    card = question(fake, STAFF)
    async with running(channel_to(fake, store), store):
        staff.replies_to(card, "ya lo veo")
        group.writes("hola a todos")
        await store.holds(lambda s: len(s.events) == 2)
    reply, talk = store.events.values()
    assert reply.place
    assert talk.place
    assert (reply.place.kind, reply.reply_to) == (PlaceKind.STAFF, str(card.id))
    assert (talk.place.kind, talk.place.title) == (PlaceKind.GROUP, "Comunidad")


async def test_only_what_is_understood_is_asked_for(fake: FakeTelegram, store: Store) -> None:
    async with running(channel_to(fake, store), store):
        await fake.updates.waited_on()
    assert fake.updates.allowed == {"message", "edited_message", "callback_query", "my_chat_member"}


async def test_a_webhook_left_behind_is_removed(fake: FakeTelegram, store: Store) -> None:
    fake.webhook.set("https://example.org/hook")
    fake.member(42).writes("hola")
    async with running(channel_to(fake, store), store):
        await store.holds(lambda s: s.texts == ["hola"])


async def test_a_wrong_token_is_told_with_a_remedy(fake: FakeTelegram, store: Store) -> None:
    async with channel_to(fake, store, token="1:wrong") as channel:
        with pytest.raises(RefusedError) as error:
            await channel.run(store)
    assert "@BotFather" in error.value.remedy
    assert "wrong" not in str(error.value)


@pytest.mark.parametrize("token", ["wrong", "", "12345", ":x", "1: x"])
def test_what_is_no_token_is_refused_at_once(store: Store, token: str) -> None:
    """Nobody could say whose account it is, and what is written meanwhile would wait for ever."""
    with pytest.raises(RefusedError, match="@BotFather"):
        TelegramChannel(token=token, cursors=store, files=store, root=Path())


async def test_an_address_that_nobody_answers_is_told(fake: FakeTelegram, store: Store) -> None:
    async with fake.offline(), channel_to(fake, store) as channel:
        with pytest.raises(ChannelError) as error:
            await channel.run(store)
    assert error.value.where == fake.base_url
    assert error.value.kind == "unreachable"
    assert fake.token not in str(error.value)


async def test_menus_are_set_by_audience_and_language(fake: FakeTelegram, store: Store) -> None:
    fake.group(STAFF, "Equipo")
    menus = [
        CommandMenu("members", "es", [("ayuda", "Qué puedo hacer")]),
        CommandMenu("members", "", [("help", "What I can do")]),
        CommandMenu("staff", "es", [("cerrar", "Cerrar el caso")]),
        CommandMenu("members", "en", [("Wrong!", "x")]),
    ]
    with structlog.testing.capture_logs() as logs:
        async with running(channel_to(fake, store, menus=menus), store):
            await fake.updates.waited_on()
    assert set(fake.commands) == {
        ("all_private_chats", "es"),
        ("all_private_chats", ""),
        (f"chat:{STAFF}", "es"),
    }
    assert [log["event"] for log in logs] == ["telegram.menu_refused"]


def question(fake: FakeTelegram, chat: int) -> Message:
    """A message of the bot with one button, as if it had been sent before."""
    message = fake.say(fake.chats.by_id[chat], fake.bot, text="¿Sirvió?")
    message.markup = {"inline_keyboard": [[{"text": "Sí", "callback_data": "y"}]]}
    return message
