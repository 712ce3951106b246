"""Warnings before the disk is full: once to staff, once in the figures, and once when there is room again."""

from __future__ import annotations

from pathlib import Path

import pytest
from aiohttp import ClientSession

from bot.errors import StoreError
from bot.handoff.diskspace import DiskSpace, Room
from tests.fakes.house.inprocess import STAFF_CHAT, House, open_house
from tests.fakes.telegram import FakeTelegram

MB = 2**20


class Disk:
    """A disk whose free space is said by the test."""

    def __init__(self, free: int) -> None:
        self.free = free

    def __call__(self, folder: Path) -> int:
        return self.free * MB


def watch(house: House, disk: Disk) -> DiskSpace:
    bot = house.bot
    return DiskSpace(bot.store, bot.bus, bot._disk._notices, house.home, low=500, critical=100, free=disk)


async def test_staff_is_told_once_of_each_change(tmp_path: Path) -> None:
    """It fills up, wavers about the limit, is all but full, and is cleared."""
    disk = Disk(900)
    async with FakeTelegram() as fake, open_house(tmp_path, fake) as house:
        space = watch(house, disk)
        rooms = []
        for free in (900, 499, 498, 501, 590, 99, 110, 121, 700):
            disk.free = free
            await space.look()
            rooms.append(space.room)
        await house.rest()
        await fake.wait_for(lambda ledger: len(ledger.to(STAFF_CHAT)) >= 4)
        told = fake.ledger.texts(STAFF_CHAT)

    low, full, enough = Room.LOW, Room.CRITICAL, Room.ENOUGH
    assert rooms == [enough, low, low, low, low, full, full, low, enough]
    assert [text.partition(" ")[0] for text in told] == ["El"] * 4
    assert ["499 MB" in told[0], "99 MB" in told[1], "121 MB" in told[2], "700 MB" in told[3]] == [True] * 4
    assert "llenando" in told[0]
    assert "casi lleno" in told[1]
    assert "espacio otra vez" in told[3]


async def test_what_could_not_be_told_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with FakeTelegram() as fake, open_house(tmp_path, fake) as house:
        space = watch(house, Disk(10))

        async def full(work: object) -> None:
            raise StoreError("the database failed: database or disk is full")

        with monkeypatch.context() as patch:
            patch.setattr(type(house.bot.store), "write", lambda self, work: full(work))
            await space.look()
        assert fake.ledger.texts(STAFF_CHAT) == []
        await space.look()
        await space.look()
        await fake.wait_for(lambda ledger: len(ledger.to(STAFF_CHAT)) >= 1)
        assert len(fake.ledger.to(STAFF_CHAT)) == 1


async def test_health_and_figures_show_it_and_the_bot_stays_ready(tmp_path: Path) -> None:
    more = {"disk_low_mb": 10**9, "disk_critical_mb": 0}
    async with open_house(tmp_path, web=True, **more) as house, ClientSession() as session:
        await house.bot._disk.look()
        async with session.get(f"{house.bot.web_address}/health/ready") as answer:
            assert answer.status == 200
            assert (await answer.json())["degraded"] == ["disk"]
        async with session.get(f"{house.bot.web_address}/metrics") as answer:
            assert "\nvocero_disk_state 1.0\n" in await answer.text()
