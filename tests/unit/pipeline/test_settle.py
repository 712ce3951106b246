"""When a member has finished a thought."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.conversation.ownership import Ownership
from bot.conversation.situation import Said
from bot.domain import Owner
from bot.pipeline.settle import LONGEST, wait
from nlu import model as nlu
from nlu.model import Band, Understanding
from tests.unit.pipeline.shop import NOON, command, heard, later, reading, said, situation, tap

WINDOW = timedelta(seconds=2)


@pytest.mark.parametrize(
    ("understood", "message", "waits"),
    [
        (heard("envio"), said("cuánto cuesta el envío?"), False),
        (heard(nlu.PERSON), said("quiero hablar con alguien"), False),
        (heard("envio", fragment=True), said("cuanto sale el envio a"), True),
        (heard("envio", Band.UNSURE), said("cuanto sale"), True),
        (heard(nlu.NOTHING, Band.NONE), said("una consulta"), True),
        (heard(nlu.GREETING), said("hola"), True),
        (heard("envio"), said("este", album="a1"), True),
        (None, said(), True),
        (None, command("human"), False),
        (None, tap("pick:envio"), False),
    ],
)
def test_who_may_go_on_is_waited_for(understood: Understanding | None, message: Said, waits: bool) -> None:
    here = situation(message)
    expected = WINDOW if waits else timedelta(0)
    assert wait(here, reading(understood, here), NOON, WINDOW) == expected


def test_each_message_begins_the_wait_anew_but_not_for_ever() -> None:
    messages = [said("y", number=n, at=later(seconds=1.5 * n)) for n in range(1, 5)]
    here = situation(*messages)
    understood = reading(heard(nlu.NOTHING, Band.NONE), here)

    assert wait(here, understood, later(seconds=6), WINDOW) == WINDOW
    first = messages[0].stored_at
    assert wait(here, understood, first + WINDOW * LONGEST, WINDOW) == timedelta(0)


def test_a_person_who_owns_waits_for_nothing() -> None:
    here = situation(said("hola"), ownership=Ownership(Owner.HUMAN, "Eva"))
    assert wait(here, reading(None, here), NOON, WINDOW) == timedelta(0)


def test_without_a_window_everything_goes_at_once() -> None:
    here = situation(said("hola"))
    assert wait(here, reading(heard(nlu.GREETING), here), NOON, timedelta(0)) == timedelta(0)


def test_a_clock_that_is_set_back_makes_nobody_wait_longer() -> None:
    here = situation(said("una consulta"))
    assert wait(here, reading(None, here), NOON - timedelta(hours=1), WINDOW) == WINDOW
