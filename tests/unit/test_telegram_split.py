"""Long messages are cut where a reader would pause, and lose nothing."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channels.markup import telegram_html, visible
from bot.channels.telegram.split import CAPTION, TEXT, length, split, split_text, units
from bot.domain import Button, Outgoing

BUTTONS = ((Button("Sí", "yes"),),)


def test_a_short_message_stays_whole() -> None:
    message = Outgoing("hola", rows=BUTTONS, reply_to="7")
    assert split(message) == (message,)


def test_a_long_message_is_cut_at_a_paragraph_and_its_buttons_stand_below_the_last_part() -> None:
    first, second = "Uno dos tres. " * 200, "Cuatro cinco. " * 200
    message = Outgoing(f"{first.strip()}\n\n{second.strip()}", rows=BUTTONS, reply_to="7", silent=True)

    one, two = split(message)

    assert (one.text, two.text) == (first.strip(), second.strip())
    assert (one.rows, two.rows) == ((), BUTTONS)
    assert (one.reply_to, two.reply_to) == ("7", "")
    assert one.silent
    assert two.silent


def test_without_paragraphs_the_cut_is_after_a_sentence() -> None:
    parts, _ = split_text("Esta frase se repite hasta el cansancio. " * 300, TEXT, markdown=False)
    assert all(part.endswith("cansancio.") for part in parts)


def test_without_sentences_the_cut_is_between_words() -> None:
    parts, _ = split_text("palabra " * 1500, TEXT, markdown=False)
    assert {word for part in parts for word in part.split()} == {"palabra"}


def test_a_word_longer_than_a_message_is_cut_between_characters() -> None:
    parts, _ = split_text("👩‍👩‍👧" * 1000, TEXT, markdown=False)
    assert "".join(parts) == "👩‍👩‍👧" * 1000
    assert all(units(part) <= TEXT for part in parts)
    assert all(part.startswith("👩") and not part.endswith("\u200d") for part in parts)


def test_emoji_count_twice_as_they_do_at_telegram() -> None:
    assert len(split(Outgoing("😀" * 2048))) == 1
    assert len(split(Outgoing("😀" * 2049))) == 2


def test_addresses_of_links_do_not_count() -> None:
    line = "[catálogo](https://example.org/" + "x" * 500 + ") "
    message = Outgoing(line * 100, markdown=True)
    assert len(visible(message.text)) < TEXT < len(message.text)
    assert split(message) == (message,)


def test_a_cut_never_falls_within_markup() -> None:
    bold = "**" + "muy importante. " * 60 + "fin**"
    text = ("Una frase cualquiera. " * 170) + bold + (" Otra frase más. " * 150)
    parts, markdown = split_text(text, TEXT, markdown=True)
    assert markdown
    assert sum(telegram_html(part).count("<b>") for part in parts) == 1
    assert all("**" not in visible(part) for part in parts)


def test_markup_longer_than_a_message_gives_way_to_plain_text() -> None:
    parts, markdown = split_text("**" + "importante " * 1000 + "fin**", TEXT, markdown=True)
    assert not markdown
    assert " ".join(parts).split() == ["importante"] * 1000 + ["fin"]


def test_a_list_is_cut_between_its_items() -> None:
    text = "\n".join(f"- punto {n} de la lista, con su texto" for n in range(200))
    parts, markdown = split_text(text, TEXT, markdown=True)
    assert markdown
    assert all(part.startswith("- punto") for part in parts)


def test_a_caption_that_is_too_long_follows_its_picture() -> None:
    text = "Así se muele el café. " * 60
    message = Outgoing(text, image="molienda.png", alt="Cuatro moliendas", rows=BUTTONS, reply_to="7")

    picture, words = split(message)

    assert (picture.image, picture.text, picture.rows, picture.reply_to) == ("molienda.png", "", (), "7")
    assert (words.image, words.text, words.rows, words.reply_to) == ("", text.strip(), BUTTONS, "")


def test_a_caption_that_fits_stays_with_its_picture() -> None:
    message = Outgoing("x" * CAPTION, image="molienda.png", alt="Cuatro moliendas")
    assert split(message) == (message,)


def test_each_file_goes_by_itself() -> None:
    parts = split(Outgoing("Sus boletas", attachments=(1, 2), rows=BUTTONS))
    assert [(part.attachments, part.text) for part in parts] == [((1,), ""), ((2,), ""), ((), "Sus boletas")]
    assert parts[-1].rows == BUTTONS


WORDS = st.sampled_from(
    ["envío", "café", "¿cuándo?", "llega.", "😀", "👩‍👩‍👧", "e\u0301l", "a" * 90, "1.", "-", "*", "_x_", "`"]
)
PIECES = st.one_of(
    WORDS,
    WORDS.map(lambda word: f"**{word} {word}**"),
    WORDS.map(lambda word: f"[{word} más](https://example.org/a_b)"),
    WORDS.map(lambda word: f"*{word}*"),
    WORDS.map(lambda word: f"`{word} {word}`"),
)
GAPS = st.sampled_from([" ", " ", " ", "\n", "\n\n", "\n- ", "\n\n> "])


@st.composite
def texts(draw: st.DrawFn) -> str:
    pieces = draw(st.lists(st.tuples(PIECES, GAPS), min_size=1, max_size=60))
    return "".join(piece + gap for piece, gap in pieces)


def words(text: str) -> list[str]:
    return text.split()


@settings(deadline=None, max_examples=60)
@given(text=texts(), limit=st.integers(100, 400), markdown=st.booleans())
def test_parts_fit_and_keep_every_word(text: str, limit: int, markdown: bool) -> None:
    parts, still = split_text(text, limit, markdown=markdown)

    assert all(length(part, markdown=still) <= limit for part in parts)
    shown = [visible(part) if still else part for part in parts]
    if still == markdown:
        whole = visible(text) if markdown else text
        assert words(" ".join(shown)) == words(whole)
    else:  # markup gave way: what a reader saw is still there, in order, with the links' addresses beside
        kept = iter(re.sub(r"\s", "", "".join(shown)))
        assert all(character in kept for character in re.sub(r"\s", "", visible(text)))
    for part in parts:
        part.encode("utf-16-le")  # raises for half a character


@settings(deadline=None, max_examples=60)
@given(text=texts())
def test_splitting_again_changes_nothing(text: str) -> None:
    for part in split(Outgoing(text * 20, markdown=True)):
        assert split(part) == (part,)
