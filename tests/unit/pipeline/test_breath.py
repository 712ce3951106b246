"""Who was just answered waits where there is a crowd, and only there."""

from __future__ import annotations

import asyncio

import pytest

from bot.domain import ConversationId
from bot.pipeline.breath import BREATH, CROWD, Breath

ANA, LUZ = ConversationId(1), ConversationId(2)


async def test_nobody_waits_without_a_crowd_nor_for_a_first_answer() -> None:
    breath = Breath()
    breath.spent(ANA)
    for who, crowd in ((ANA, CROWD - 1), (LUZ, CROWD * 10)):
        waiting = breath.take(who, crowd=crowd)
        with pytest.raises(StopIteration):  # it ends without having waited for anything
            waiting.send(None)


async def test_in_a_crowd_the_next_turn_comes_a_breath_later() -> None:
    breath, order = Breath(), list[ConversationId]()

    async def turn(who: ConversationId) -> None:
        await breath.take(who, crowd=CROWD)
        order.append(who)

    breath.spent(ANA)
    began = asyncio.get_running_loop().time()
    await asyncio.gather(turn(ANA), turn(LUZ))
    assert order == [LUZ, ANA]
    assert asyncio.get_running_loop().time() - began >= BREATH * 0.95


async def test_only_the_last_breath_is_remembered() -> None:
    breath, loop = Breath(), asyncio.get_running_loop()
    for number in range(100):
        breath.spent(ConversationId(number))
    await asyncio.sleep(BREATH + 0.05)
    breath.spent(ANA)
    assert list(breath._spent) == [ANA]
    assert breath._spent[ANA] <= loop.time()
