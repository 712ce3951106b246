"""Who speaks, act by act."""

from __future__ import annotations

import pytest

from bot.conversation.ownership import Act, Ownership, apply
from bot.domain import CaseState, Owner

BOT, QUEUE, PAUSED = (Ownership(owner) for owner in (Owner.BOT, Owner.QUEUE, Owner.PAUSED))
EVA, LEO = Ownership(Owner.HUMAN, "Eva"), Ownership(Owner.HUMAN, "Leo")


@pytest.mark.parametrize(
    ("before", "act", "after"),
    [
        (BOT, Act.HAND_OFF, QUEUE),
        (QUEUE, Act.HAND_OFF, QUEUE),
        (LEO, Act.HAND_OFF, LEO),
        (PAUSED, Act.HAND_OFF, PAUSED),
        (BOT, Act.REPLY, EVA),
        (QUEUE, Act.REPLY, EVA),
        (PAUSED, Act.REPLY, EVA),
        (EVA, Act.REPLY, EVA),
        (BOT, Act.TAKE_OVER, EVA),
        (LEO, Act.TAKE_OVER, EVA),
        (EVA, Act.GIVE_BACK, BOT),
        (LEO, Act.GIVE_BACK, BOT),
        (QUEUE, Act.CLOSE, BOT),
        (EVA, Act.CLOSE, BOT),
    ],
)
def test_acts_lead_from_owner_to_owner(before: Ownership, act: Act, after: Ownership) -> None:
    staff = None if act is Act.HAND_OFF else "Eva"
    assert apply(before, act, staff).after == after


def test_a_reply_does_not_override_a_colleague() -> None:
    change = apply(LEO, Act.REPLY, "Eva")
    assert (change.allowed, change.after, change.case) == (False, LEO, None)


@pytest.mark.parametrize("before", [BOT, QUEUE])
@pytest.mark.parametrize("act", [Act.REPLY, Act.TAKE_OVER])
def test_who_takes_over_silences_the_bot(before: Ownership, act: Act) -> None:
    change = apply(before, act, "Eva")
    assert change.silence
    assert not change.after.bot_may_speak
    assert change.case is CaseState.ASSIGNED


def test_given_back_the_case_waits_and_closed_it_is_resolved() -> None:
    assert apply(EVA, Act.GIVE_BACK, "Eva").case is CaseState.WAITING
    assert apply(EVA, Act.CLOSE, "Eva").case is CaseState.RESOLVED


@pytest.mark.parametrize("act", [Act.REPLY, Act.TAKE_OVER, Act.GIVE_BACK, Act.CLOSE])
def test_staff_acts_need_a_name(act: Act) -> None:
    with pytest.raises(ValueError, match="name"):
        apply(BOT, act)


def test_a_human_owner_has_a_name_and_no_other_has() -> None:
    with pytest.raises(ValueError, match="name"):
        Ownership(Owner.HUMAN)
    with pytest.raises(ValueError, match="name"):
        Ownership(Owner.BOT, "Eva")
