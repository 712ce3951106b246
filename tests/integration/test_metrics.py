"""/metrics of a running bot: what members caused can be read there, by this machine or with the token."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aiohttp import ClientSession
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import Connection, update

from bot.domain import OutboxState
from bot.store.queues import Waiting, waiting
from bot.store.tables import messages, outbox
from tests.fakes.house.inprocess import STAFF_CHAT, House, open_house
from tests.fakes.telegram import FakeTelegram
from tests.fakes.telegram.faults import Fault, FaultKind

Figures = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def read(text: str) -> Figures:
    """Every sample by its name and labels."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def scrape(house: House, **headers: str) -> Figures:
    async with (
        ClientSession(headers=headers) as session,
        session.get(f"{house.bot.web_address}/metrics") as answer,
    ):
        assert answer.status == 200
        assert answer.content_type == "text/plain"
        return read(await answer.text())


async def until(house: House, holds: Callable[[Figures], bool]) -> Figures:
    """Scrape until it holds; the database is looked at every five seconds."""
    async with asyncio.timeout(30):
        while not holds(found := await scrape(house)):  # noqa: ASYNC110 # nobody is told
            await asyncio.sleep(0.2)
        return found


async def test_what_members_cause_can_be_counted(tmp_path: Path) -> None:
    """Ana asks, Beto wants a person, Carla's answer meets a 429."""
    async with FakeTelegram() as fake, open_house(tmp_path, fake, web=True) as house:
        ana, beto, carla = (fake.member(number, name) for number, name in ((1, "Ana"), (2, "Beto"), (3, "C")))
        ana.writes("cuánto cuesta el envío?")
        beto.writes("quiero hablar con una persona")
        await house.rest(2)
        fake.fail("sendMessage", with_=Fault(FaultKind.REFUSE, 429, seconds=1), chat=carla.id)
        carla.writes("cuánto cuesta el envío?")
        await house.rest(3)
        found = await until(house, lambda f: f[("vocero_cases", (("state", "new"),))] == 1)

    def of(name: str, **labels: str) -> float:
        return found[(name, tuple(sorted(labels.items())))]

    private = {"platform": "telegram", "place": "private", "rule": ""}
    assert of("vocero_messages_total", outcome="answered", **private) == 2
    assert of("vocero_messages_total", outcome="handed_off", **private) == 1
    assert of("vocero_events_received_total", platform="telegram") == 3
    assert of("vocero_turn_seconds_count", platform="telegram") == 3
    assert of("vocero_understand_seconds_count") >= 3
    assert of("vocero_sends_total", platform="telegram", result="retry") == 1
    sent = of("vocero_sends_total", platform="telegram", result="sent")
    assert sent == len(fake.ledger.sent)
    assert of("vocero_send_seconds_count", platform="telegram") == sent
    assert of("vocero_rate_limited_total", platform="telegram") == 1
    assert of("vocero_channel_up", platform="telegram") == of("vocero_channel_up", platform="web") == 1
    assert of("vocero_channel_state", platform="telegram", state="up") == 1
    assert of("vocero_channel_state", platform="telegram", state="refused") == 0
    assert of("vocero_database_up") == 1
    assert of("vocero_database_bytes") > 100_000
    assert 0 < of("vocero_disk_free_bytes") <= of("vocero_disk_size_bytes")
    assert of("vocero_messages_unanswered") == of("vocero_messages_waiting") == 0
    assert of("vocero_outbox", state="held") == 0
    assert of("vocero_knowledge_info", version=house.bot.library.current.version) == 1
    assert of("process_resident_memory_bytes") > 10_000_000
    assert STAFF_CHAT not in {value for _, labels in found for _, value in labels}


async def test_a_refused_change_of_the_files_shows(tmp_path: Path) -> None:
    async with open_house(tmp_path, web=True) as house:
        assert (await scrape(house))[("vocero_knowledge_reload_success", ())] == 1
        file = next((house.home / "faq").glob("*.yml"))
        good = file.read_text(encoding="utf-8")
        file.write_text(good + "\nentries:\n  x: [", encoding="utf-8")
        await until(house, lambda f: f[("vocero_knowledge_reload_success", ())] == 0)
        file.write_text(good + "\n", encoding="utf-8")
        file.write_text(good.replace("$3.990", "$4.990") + "\n# later\n", encoding="utf-8")
        found = await until(house, lambda f: f[("vocero_knowledge_reload_success", ())] == 1)

    assert found[("vocero_knowledge_reloads_total", (("result", "rejected"),))] == 1


async def test_what_is_stuck_is_counted_as_unanswered(tmp_path: Path) -> None:
    """A message came in two hours ago and never got an outcome, and a send is held."""
    async with FakeTelegram() as fake, open_house(tmp_path, fake, web=True) as house:
        fake.member(1, "Ana").writes("cuánto cuesta el envío?")
        await house.rest(1)
        now = datetime.now(UTC)
        long_ago = now - timedelta(hours=2)

        def spoil(connection: Connection) -> Waiting:
            member = messages.c.author == "member"
            connection.execute(update(messages).where(member).values(outcome=None, stored_at=long_ago))
            held = {"state": OutboxState.HELD.value, "created_at": long_ago}
            connection.execute(update(outbox).where(outbox.c.conversation_id.is_not(None)).values(held))
            return waiting(connection, now, timedelta(seconds=90))

        found = await house.bot.store.write(spoil)

    assert (found.messages, found.unanswered) == (1, 1)
    assert found.oldest_message == long_ago
    assert found.outbox == {"held": 1}


async def test_without_a_token_only_this_machine_reads(tmp_path: Path) -> None:
    async with open_house(tmp_path, web=True) as house, ClientSession() as session:
        for headers in ({"X-Forwarded-For": "203.0.113.7"}, {"Host": "bot.example.com"}):
            async with session.get(f"{house.bot.web_address}/metrics", headers=headers) as answer:
                assert answer.status == 403
                assert b"vocero_" not in await answer.read()


async def test_with_a_token_whoever_shows_it_reads(tmp_path: Path) -> None:
    async with (
        open_house(tmp_path, web=True, metrics_token="ñandú-42") as house,
        ClientSession() as session,
    ):
        for given in ("", "Bearer", "Bearer no", "Basic x", "Bearer ñandú-4", "Bearer ñandú-422"):
            headers = {"Authorization": given} if given else {}
            async with session.get(f"{house.bot.web_address}/metrics", headers=headers) as answer:
                assert answer.status == 401
                assert answer.headers["WWW-Authenticate"] == "Bearer"
        from_afar = {"Authorization": "Bearer ñandú-42", "X-Forwarded-For": "203.0.113.7"}
        assert await scrape(house, **from_afar)
