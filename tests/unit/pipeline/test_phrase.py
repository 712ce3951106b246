"""The words of decisions."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.markup import plain
from bot.conversation.ownership import Ownership
from bot.conversation.situation import Memory, Situation
from bot.domain import EN, CaseId, ContactId, EntryId, Owner
from bot.knowledge.model import Address, Voice
from bot.pipeline.decide import decide
from bot.pipeline.model import Phrased
from bot.pipeline.phrase import escape, first_name, phrase
from nlu import model as nlu
from nlu.model import Understanding
from tests.unit.pipeline.shop import NIGHT, NOON, heard, knowledge, reading, situation, tap, voice


def spoken(
    understanding: Understanding | None,
    here: Situation | None = None,
    *,
    case: int | None = 12,
    now: datetime = NOON,
    **brand: Any,
) -> tuple[str, Phrased]:
    """What is said, without markup, and the whole of it."""
    here = here or situation()
    known = knowledge(**brand)
    decision = decide(here, reading(understanding, here), known, now)
    phrased = phrase(decision, here, voice(known), now, CaseId(case) if case else None)
    return "\n\n".join(plain(m.text) for m in phrased.messages), phrased


def test_facts_and_the_first_name_are_filled_in() -> None:
    texts = {spoken(heard("envio"), situation(contact=ContactId(n)))[0] for n in range(20)}
    assert texts == {"Cuesta $3.990, Ana.", "Sale $3.990."}


def test_who_has_no_name_is_not_called_by_one() -> None:
    texts = {spoken(heard("envio"), situation(contact=ContactId(n), name="xX_99"))[0] for n in range(20)}
    assert texts == {"Cuesta $3.990.", "Sale $3.990."}


def test_nobody_reads_the_same_wording_twice_in_a_row() -> None:
    here, variants = situation(), []
    for _ in range(4):
        decision = decide(here, reading(heard("envio"), here), knowledge(), NOON)
        variants.append(phrase(decision, here, voice(), NOON, None).variant)
        here = replace(here, memory=decision.memory)
    assert variants in ([0, 1, 0, 1], [1, 0, 1, 0])


def test_another_language_falls_back_to_the_first_one_that_has_an_answer() -> None:
    assert spoken(heard("envio", lang="en"))[0] == "It is 3,990 pesos."
    assert spoken(heard("pago", lang="en"))[0] == "Esto es pago."


def test_an_angry_member_is_acknowledged_first() -> None:
    calm, _ = spoken(heard("pago"))
    angry, _ = spoken(heard("pago", angry=True))
    assert angry.endswith(calm)
    assert len(angry) > len(calm) + 10


def test_a_first_answer_ends_with_who_is_speaking() -> None:
    text, _ = spoken(heard("pago"), situation(first_visit=True))
    assert text.startswith("Esto es pago.")
    assert "Robi" in text
    assert "/humano" in text


def test_a_hand_off_says_the_number_and_when_people_are_there() -> None:
    day, phrased = spoken(heard(nlu.PERSON))
    night, _ = spoken(heard(nlu.PERSON), now=NIGHT)
    assert "12" in day
    assert "18:00" in day
    assert "9:00" in night
    assert "hora de Chile" in night
    assert phrased.messages[0].rows == ()


def test_an_entry_that_brings_a_person_is_said_with_the_hand_off_in_one_message() -> None:
    text, phrased = spoken(heard("roto"))
    assert len(phrased.messages) == 1
    assert text.startswith("Lo sentimos mucho.")
    assert "12" in text


def test_in_line_an_answer_names_the_case_that_waits() -> None:
    here = situation(ownership=Ownership(Owner.QUEUE), case=CaseId(12))
    text, _ = spoken(heard("pago"), here)
    assert text.startswith("Esto es pago.")
    assert "12" in text


def test_options_are_buttons_with_titles_and_a_person_is_the_last() -> None:
    unsure = heard("envio", nlu.Band.UNSURE, near=("pago",))
    _, phrased = spoken(unsure)
    rows = [[b.payload for b in row] for row in phrased.messages[0].rows]
    assert rows == [["pick:envio"], ["pick:pago"], ["person"]]
    assert phrased.messages[0].rows[0][0].label == "Envio"


@pytest.mark.parametrize(("address", "expected"), [(Address.VOS, "vos"), (Address.USTED, "usted")])
def test_the_brand_speaks_in_its_own_form(address: Address, expected: str) -> None:
    base = spoken(heard(nlu.NOTHING, nlu.Band.NONE))[0]
    here = situation()
    known = knowledge()
    known = replace(known, brand=replace(known.brand, voice=Voice("Robi", address)))
    decision = decide(here, reading(heard(nlu.NOTHING, nlu.Band.NONE), here), known, NOON)
    [message] = phrase(decision, here, voice(known), NOON, None).messages
    assert plain(message.text) != base


def test_silence_has_no_words() -> None:
    here = situation(ownership=Ownership(Owner.HUMAN, "Eva"), case=CaseId(3))
    assert spoken(heard("envio"), here)[1] == Phrased()


def test_a_stale_button_says_so_in_the_language_spoken_before() -> None:
    text, phrased = spoken(None, situation(tap("pick:gone"), lang=EN))
    assert text
    assert phrased.messages[0].rows[0][0].label == "About envio"


@given(st.text(max_size=60))
def test_a_name_is_only_ever_text(name: str) -> None:
    """Whatever somebody calls themselves, it is shown as written or not at all."""
    found = first_name(name)
    assert found == "" or plain(escape(found)) == found
    memory = Memory(given={EntryId("envio"): 0})
    texts = {
        spoken(heard("envio"), situation(contact=ContactId(n), name=name, memory=memory))[0]
        for n in (1, 2, 3)
    }
    assert all("$3.990" in text and "{{" not in text for text in texts)


@given(
    st.text(alphabet=st.characters(blacklist_categories=("Cs", "Cc", "Zl", "Zp")), min_size=1, max_size=40)
)
def test_escaped_text_reads_as_written(text: str) -> None:
    shown = " ".join(text.split())
    assert plain(f"x{escape(shown)}x") == f"x{shown}x"
