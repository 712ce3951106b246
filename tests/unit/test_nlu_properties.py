"""What holds for any text at all."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlu.features import features
from nlu.kernel import Neighbours
from nlu.lexicon import load_lexicon
from nlu.model import NOTHING, Band
from nlu.normalise import CHARACTERS_USED, WORD_CAP, WORDS_USED, normalise
from nlu.repair import Repairer, distance
from nlu.rules import parse_rules
from nlu.stem import Stems, stem
from nlu.train import train_here
from tests.unit.nlu_faq import examples, interpreter

SHOP = interpreter()
SHOP_MODEL = train_here(examples(), "story")
LEXICON = load_lexicon()
HOSTILE = st.text(
    alphabet=st.sampled_from("aá̈ñh o?¿!.,\u200b\u202e\ufdfaＡ😡👨‍👩‍👧#@/:w'’\n\t0１९ﬁео한"), max_size=300
)
CHAT_WORDS = (
    "hola",
    "cuanto",
    "sale",
    "el",
    "envio",
    "xq",
    "q",
    "person@l",
    "12345678",
    "gracias",
    "???",
    "no",
)
CHAT = st.lists(st.sampled_from(CHAT_WORDS)).map(" ".join)


@given(st.one_of(st.text(), HOSTILE, CHAT))
@settings(max_examples=150, deadline=None)
def test_any_text_is_understood_within_the_contract(text: str) -> None:
    understood = SHOP.interpret(text)

    assert understood.text == text
    assert 0.0 <= understood.confidence <= 1.0
    assert 0.0 <= understood.lang_confidence <= 1.0
    assert understood.lang in ("es", "en", "pt")
    assert (understood.intent == NOTHING) == (understood.band is Band.NONE)
    confidences = [one.confidence for one in understood.candidates]
    assert len(confidences) <= 5
    assert confidences == sorted(confidences, reverse=True)
    assert all(not one.intent.startswith("_") for one in understood.candidates)
    assert all(0.0 <= one.similarity <= 1.0 for one in understood.trace.nearest)


@given(st.one_of(st.text(), HOSTILE))
@settings(max_examples=150, deadline=None)
def test_normalised_words_are_bounded_lower_case_and_stable(text: str) -> None:
    tokens = normalise(text).tokens

    assert len(tokens) <= WORDS_USED
    assert all(0 < len(token) <= WORD_CAP for token in tokens)
    assert all(not char.isspace() for token in tokens for char in token)
    assert normalise(text) == normalise(text)


@given(st.text(max_size=50))
def test_case_and_what_is_invisible_change_nothing(text: str) -> None:
    plain = "".join(char for char in text if (char.isascii() and char.isalpha()) or char == " ")

    assert normalise(plain).tokens == normalise("\u200b".join(plain.upper())).tokens


@pytest.mark.parametrize(
    "flood",
    [
        "a" * 10**6,
        "a " * 10**6,
        "ja" * 10**6,
        "@." * 10**6,
        "http://" * 10**5,
        "\u0301" * 10**6,
        "hola " * 10**5,
        "1." * 10**5,
    ],
)
def test_a_flood_is_read_only_as_far_as_the_cap(flood: str) -> None:
    """The time per message is bounded by construction: what stands after the cap changes nothing."""
    assert normalise(flood) == normalise(flood[:CHARACTERS_USED])
    assert SHOP.interpret(flood).trace == SHOP.interpret(flood[:CHARACTERS_USED]).trace


WORDS = st.text(alphabet="abcdeñmnors", min_size=1, max_size=9)


@given(WORDS, WORDS)
def test_distance_is_symmetric_and_zero_only_for_the_same_word(one: str, other: str) -> None:
    assert distance(one, other, 3) == distance(other, one, 3)
    assert (distance(one, other, 3) == 0) == (one == other)


@given(WORDS.filter(lambda word: len(word) >= 2), st.data())
def test_a_swap_of_neighbours_is_one_edit(word: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(word) - 2))
    swapped = word[:place] + word[place + 1] + word[place] + word[place + 2 :]

    assert distance(word, swapped, 3) == (0 if swapped == word else 1)


@given(st.text(max_size=30))
def test_a_stem_is_never_empty_and_never_longer(word: str) -> None:
    assert len(stem(word)) <= len(word)
    assert bool(stem(word)) == bool(word)


@pytest.mark.parametrize(
    "family",
    [
        "envío envíos enviar envían enviado enviamos",
        "cuesta cuestan costo costar",
        "devolver devolución devoluciones devuelvo",
        "ship shipping shipped ships",
        "cierran cerrar cierra",
        "suscripción suscripciones",
        "entrega entregas entregar entregam",
    ],
)
def test_forms_of_one_word_share_their_stem(family: str) -> None:
    assert len({stem(token) for token in normalise(family).tokens}) == 1


@pytest.mark.parametrize(
    ("typo", "meant"),
    [
        ("embio", "envio"),
        ("evnio", "envio"),
        ("suscripcoin", "suscripcion"),
        ("trasnferencia", "transferencia"),
        ("orario", "horario"),
    ],
)
def test_typos_are_mended_to_the_words_of_the_faq(typo: str, meant: str) -> None:
    words = {"envio": 9, "suscripcion": 4, "transferencia": 2, "horario": 5, "cambio": 1}

    assert Repairer(words, frozenset()).repair([typo]) == ((meant,), ((typo, meant),))


@pytest.mark.parametrize("word", ["casa", "envia", "que", "mongolia", "#number", "horarios", "pedi"])
def test_words_that_are_no_typos_stay(word: str) -> None:
    words = {"cama": 9, "envio": 9, "horario": 5, "pedido": 4}

    assert Repairer(words, LEXICON.known_words).repair([word]) == ((word,), ())


@given(st.lists(st.sampled_from(CHAT_WORDS), max_size=12))
def test_features_cover_every_word(words: list[str]) -> None:
    found = features(words, LEXICON.concepts, LEXICON.all_function_words)

    assert sum(found.groups["w"].values()) == len(words)
    assert 0.0 <= found.covered <= 1.0


def test_the_data_files_are_clean() -> None:
    """Abbreviations are written as they arrive after normalising, and no phrase stands in two sections."""
    for table in LEXICON.abbreviations.values():
        for short, full in table.items():
            assert normalise(full).text == full
            assert short == short.lower()
    assert len({(example.text, example.intent) for example in LEXICON.examples}) == len(LEXICON.examples)


@given(st.lists(st.sampled_from((*CHAT_WORDS, "abren", "tienda", "perro", "mongolia")), max_size=12))
def test_the_fast_similarity_is_the_sum_over_all_postings(words: list[str]) -> None:
    model = SHOP_MODEL
    vector = model.vocabulary.vector(words)
    expected = np.zeros(len(model.kernel.owners))
    for feature, value in zip(vector.indices, vector.values, strict=True):
        run = slice(model.kernel.starts[feature], model.kernel.starts[feature + 1])
        expected[model.kernel.rows[run]] += model.kernel.values[run] * value

    assert np.allclose(Neighbours(model.kernel).similarity(vector), expected, atol=1e-5)


@given(st.lists(st.sampled_from((*CHAT_WORDS, "abren", "tienda", "perro", "mongolia", "zxqv")), max_size=90))
def test_the_quick_weighing_gives_what_the_plain_one_gives(words: list[str]) -> None:
    vocabulary = interpreter()._model.vocabulary
    plain = vocabulary.vector(words)
    quick = interpreter()._weigher.vector(words, vocabulary.concepts.find(words))
    order = plain.indices.argsort()
    assert quick.indices.tolist() == plain.indices[order].tolist()
    assert np.allclose(quick.values, plain.values[order], atol=1e-6)


def test_no_word_is_remembered_that_only_members_use() -> None:
    engine = interpreter()
    engine.interpret("soy Zoraida Quispezzz y pregunto por la tienda")
    assert "tienda" in engine._weigher._words
    assert not {"zoraida", "quispezzz"} & engine._weigher._words.keys()


@given(st.lists(WORDS, max_size=40))
def test_remembered_stems_are_the_stems_whatever_the_bound(words: list[str]) -> None:
    stems = Stems(most=3)

    assert [stems.of(word) for word in words] == [stem(word) for word in words]


def test_a_rule_that_begins_too_shortly_is_refused() -> None:
    with pytest.raises(ValueError, match=r"less than 3 letters: rules\.txt:7"):
        parse_rules([("_person", "ha* ~2 alguien", 7)], "rules.txt")
