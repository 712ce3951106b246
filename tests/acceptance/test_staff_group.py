"""The staff group on Telegram through what happens to groups: it moves, and notices get lost on the way."""

from __future__ import annotations

from pathlib import Path

from bot.store.moves import moves
from tests.fakes.house import PATIENCE, House, open_house, records
from tests.fakes.telegram import FakeTelegram, Fault, Group, Member

OLD, NEW = -4_242, -1_004_242


async def asks_for_a_person(house: House, member: Member, group: Group, count: int) -> None:
    """Return once the staff group has read of `count` cases."""
    member.writes("quiero hablar con una persona")
    assert house.fake
    await house.fake.wait_for(lambda _: sum("nuevo" in m.plain for m in group.reads) >= count, PATIENCE)


async def test_a_staff_group_that_became_a_supergroup_is_followed_over_restarts(tmp_path: Path) -> None:
    """The setting still names the old one; staff is told what to write there."""
    async with FakeTelegram() as fake:
        group = fake.group(OLD, "Equipo")
        ana, eva, ida = (fake.member(10 + n, name) for n, name in enumerate(("Ana", "Eva", "Ida")))
        async with open_house(tmp_path, fake, telegram_staff_chat=str(OLD)) as house:
            await asks_for_a_person(house, ana, group, 1)
            moved = group.becomes_supergroup(NEW)
            await fake.wait_for(lambda _: any(str(NEW) in m.plain for m in moved.reads), PATIENCE)
            assert "VOCERO_TELEGRAM_STAFF_CHAT=-1004242" in moved.reads[-1].plain
            await asks_for_a_person(house, eva, moved, 1)
        refused = len(fake.ledger.refused)
        async with open_house(tmp_path, fake, telegram_staff_chat=str(OLD)) as house:
            await asks_for_a_person(house, ida, moved, 2)
            assert len(fake.ledger.refused) == refused, "the old id is not tried any more"
            moved.replies_to(moved.last("Ida"), "Hola, Ida")
            await fake.wait_for(lambda _: bool(ida.reads) and ida.reads[-1].plain == "Hola, Ida", PATIENCE)


async def test_a_move_that_we_learn_of_by_sending_is_kept_too(tmp_path: Path) -> None:
    async with FakeTelegram() as fake:
        group = fake.group(OLD, "Equipo")
        ana = fake.member(11, "Ana")
        moved = group.becomes_supergroup(NEW)  # nobody hears of it: the bot is not running
        fake.updates.drop()
        async with open_house(tmp_path, fake, telegram_staff_chat=str(OLD)) as house:
            await asks_for_a_person(house, ana, moved, 1)
            account = next(iter(house.bot.channels))
            await house.until(lambda c: moves(c, account) == {str(OLD): str(NEW)})


async def test_a_notice_that_may_be_lost_comes_again_and_both_can_be_answered(tmp_path: Path) -> None:
    for number, fault in enumerate((Fault.processed_then_status(502), Fault.status(502), Fault.drop_after())):
        async with FakeTelegram() as fake, open_house(tmp_path / str(number), fake) as house:
            assert house.staff
            ana = fake.member(11, "Ana")
            fake.fail("sendMessage", with_=fault, chat=house.staff.id)
            ana.writes("quiero hablar con una persona")
            await house.rest(messages=1)
            told = [m.plain for m in house.staff.reads if "Caso 1 nuevo" in m.plain]
            assert len(told) == (1 if number == 1 else 2)
            assert told[-1].startswith("(Otra vez")
            assert await house.read(records.held) == []
            house.staff.replies_to(house.staff.reads[-1], "Hola, Ana")
            await fake.wait_for(lambda _, a=ana: a.reads[-1].plain == "Hola, Ana", PATIENCE)  # type: ignore[misc]
