"""What is put into a JSON column comes back as it was."""

import json

from hypothesis import given
from hypothesis import strategies as st

from bot.domain import Button, Outgoing, PlaceKind, PlaceRef
from bot.store.payload import decode_outgoing, decode_place, encode_outgoing, encode_place

texts = st.text(max_size=40)
buttons = st.builds(Button, label=texts, payload=texts, url=texts)
messages = st.builds(
    Outgoing,
    text=texts,
    markdown=st.booleans(),
    rows=st.lists(st.lists(buttons, max_size=3).map(tuple), max_size=3).map(tuple),
    image=texts,
    alt=texts,
    attachments=st.lists(st.integers(1, 2**62), max_size=3).map(tuple),
    reply_to=texts,
    silent=st.booleans(),
)
places = st.builds(PlaceRef, external_id=texts, kind=st.sampled_from(PlaceKind), thread=texts, title=texts)


@given(messages)
def test_an_outgoing_message_survives_its_column(message: Outgoing) -> None:
    assert decode_outgoing(json.loads(json.dumps(encode_outgoing(message)))) == message


@given(places)
def test_a_place_survives_its_column(place: PlaceRef) -> None:
    assert decode_place(json.loads(json.dumps(encode_place(place)))) == place


def test_what_says_nothing_takes_no_room() -> None:
    assert encode_outgoing(Outgoing("Hola")) == {"text": "Hola"}


def test_a_field_of_a_later_version_is_passed_over() -> None:
    assert decode_outgoing({"text": "Hola", "sparkle": True}) == Outgoing("Hola")
