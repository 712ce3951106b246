"""Light Markdown on each surface."""

from __future__ import annotations

import html
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.markup import plain, telegram_html, visible, web_html
from tests.fakes.telegram.entities import parse_html

ANSWER = """El envío **cuesta** $3.990 & llega *pronto*:
- a [regiones](https://example.org/?a=1&b=2)
- a Santiago

1. Pide
2. Espera

> Sin letra chica"""


def test_telegram_gets_its_own_tags_and_nothing_else() -> None:
    assert telegram_html(ANSWER) == (
        "El envío <b>cuesta</b> $3.990 &amp; llega <i>pronto</i>:\n"
        '• a <a href="https://example.org/?a=1&amp;b=2">regiones</a>\n'
        "• a Santiago\n\n"
        "1. Pide\n2. Espera\n\n"
        "<blockquote>Sin letra chica</blockquote>"
    )


def test_plain_text_keeps_where_a_link_leads() -> None:
    assert plain("[tienda](https://example.org) y <https://example.org>") == (
        "tienda (https://example.org) y https://example.org"
    )
    assert visible("[tienda](https://example.org)") == "tienda"
    assert plain("**a** _b_ ~~c~~ `d`") == "a b c d"


def test_a_number_or_mail_address_is_written_out_where_it_would_not_be_a_link() -> None:
    text = "[Llámenos](tel:+56221234567) o <hola@example.org>"
    shown = "Llámenos (+56221234567) o hola@example.org"
    assert telegram_html(text) == visible(text) == plain(text) == shown
    assert 'href="tel:+56221234567"' in web_html(text)


def test_the_web_gets_paragraphs_lists_and_links_that_tell_nothing() -> None:
    assert web_html("Hola\n**Ana**\n\n- [uno](https://example.org)") == (
        "<p>Hola<br>\n<strong>Ana</strong></p>\n"
        '<ul><li><a href="https://example.org" target="_blank" rel="noopener noreferrer nofollow">uno</a>'
        "</li></ul>"
    )


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<b>no</b> & <img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "[x](data:text/html,<b>)",
        "![x](javascript:alert(1))",
        '[x](https://example.org/" onclick="alert(1))',
        '<https://example.org/"><script>',
    ],
)
def test_nothing_dangerous_gets_through(text: str) -> None:
    tags: list[tuple[str, dict[str, str | None]]] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            tags.append((tag, dict(attrs)))

    reader = Reader()
    reader.feed(web_html(text))
    for tag, attributes in tags:
        assert tag in {"p", "br", "a", "strong", "em"}
        assert set(attributes) <= {"href", "target", "rel"}
        assert (attributes.get("href") or "https://").startswith("https://")


@pytest.mark.parametrize(
    "text",
    [
        "2 * 3 * 4 = 24",
        "mi_tienda_cl",
        "    con sangría",
        "Total\n-----",
        "$3.990 (IVA incl.)",
        "a < b && c > d",
        "¿[sic]?",
    ],
)
def test_what_is_no_markup_stays_as_written(text: str) -> None:
    assert visible(text).split() == text.replace("-----", "———").split()


def test_lines_that_touch_stay_together_and_paragraphs_apart() -> None:
    assert visible("uno\ndos\n\ntres\n- a\n- b\n\n\ncuatro") == "uno\ndos\n\ntres\n• a\n• b\n\ncuatro"


def test_a_quote_within_a_quote_is_one_quote_for_telegram() -> None:
    assert telegram_html("> a\n>\n> > b").count("<blockquote>") == 1


def test_code_is_shown_as_it_is() -> None:
    assert telegram_html("```\nif a < b:\n    **no**\n```") == "<pre>if a &lt; b:\n    **no**</pre>"


ALPHABET = st.text(alphabet="ab *_`~<>&[]()!#-.1\\\n:/|😀ñ", max_size=120)


@given(ALPHABET)
def test_telegram_can_always_parse_what_we_write(text: str) -> None:
    shown, _ = parse_html(telegram_html(text))
    assert shown == visible(text).strip()


@given(ALPHABET)
def test_web_html_is_always_balanced(text: str) -> None:
    stack: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            if tag not in ("br", "hr"):
                stack.append(tag)

        def handle_endtag(self, tag: str) -> None:
            assert stack.pop() == tag

    reader = Reader(convert_charrefs=False)
    reader.feed(web_html(text))
    reader.close()
    assert stack == []


@given(st.text(alphabet="<>&\"'abc ", max_size=40))
def test_escaping_is_lossless(text: str) -> None:
    # no markup among these characters, but for a quote at the start of a line and its white space
    if not text.strip().startswith(">"):
        assert html.unescape(telegram_html(text)).split() == text.split()
