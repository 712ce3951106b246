"""Personal data in a text, found by its shape and masked: for logs and traces, where words are not needed.

A safety net, not a promise: it knows mails, phones, cards, documents and order codes as people write them in
Latin America, Spain and the United States. Names and addresses have no shape; they must not be logged at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What sort of personal data; its value stands in the mask."""

    MAIL = "mail"
    PHONE = "phone"
    CARD = "card"
    DOCUMENT = "document"
    ORDER = "order"
    NUMBER = "number"
    """Too long for a phone and no card: an account, a platform's id."""


@dataclass(frozen=True, slots=True)
class Found:
    """One stretch of a text: `text[start:end]`, never empty."""

    start: int
    end: int
    kind: Kind


PHONE_DIGITS = range(7, 16)
"""Digits of a phone number; E.164 allows 15 at the most, and local numbers have seven."""
CARD_DIGITS = range(13, 20)
"""Digits of a payment card (ISO/IEC 7812)."""

_ORDER_WORDS = (
    "pedidos?|orden|[oó]rdenes|compra|boleta|factura|gu[ií]a|seguimiento|encomenda|rastreio|nota fiscal"
    "|orders?|purchase|invoice|receipt|tracking|parcel"
)
_SHAPES = re.compile(
    # Each alternative begins where a word begins and takes its characters for good (possessive), so that no
    # text is walked more than a few times, however it is made.
    rf"""
    (?P<mail>(?<![\w.+%-])[\w.+%-]++@[\w-]++(?:\.[\w-]++)++)
  | (?P<time>(?<![\w.-])\d{{4}}-\d\d-\d\d
      (?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d{{1,9}})?)?(?:Z|[+-]\d\d:?\d\d)?)?(?![\w-]))
  | (?P<day>(?<![\w./-])\d{{1,2}}(?P<sep>[./-])\d{{1,2}}(?P=sep)(?:\d{{4}}|\d\d)(?![\w./-]))
  | (?P<address>(?<![\w.-])\d{{1,3}}(?:\.\d{{1,3}}){{3}}(?::\d{{1,5}})?(?![\w.-]))
  | (?P<rut>(?<!\w)\d{{1,2}}(?:\.?\d{{3}}){{2}}[ ]?-[ ]?[\dkK](?!\w))
  | (?P<dni>(?<!\w)(?:[XYZxyz]-?)?\d{{7,8}}-?[A-Za-z](?!\w))
  | (?P<curp>(?<!\w)[A-Za-z]{{4}}\d{{6}}[HMXhmx][A-Za-z]{{5}}\w\d(?!\w))
  | (?P<rfc>(?<!\w)[A-Za-zÑñ&]{{3,4}}-?\d{{6}}-?[A-Za-z0-9]{{3}}(?!\w))
  | (?<!\w)(?:{_ORDER_WORDS})\b[^\d\n]{{0,24}}+(?P<said>\d{{3,}}+)(?![\d.,/-]*\d)
  | (?P<hash>(?<!\w)\#[ ]?[A-Za-z]{{0,5}}-?\d{{3,}}+)
  | (?P<code>(?<!\w)[A-Za-z]{{1,5}}[-_]?\d{{4,}}+(?!\w))
  | (?P<digits>(?<!\w)[+(]{{0,2}}\d++(?:[ .()/–-]{{1,3}}\d++)*+)
    """,  # people do write phones with an en dash
    re.VERBOSE | re.IGNORECASE,
)
_POSSIBLE = re.compile(r"@|\d{3}|(?:\d{1,2}[ .()/–-]{1,3}){3}\d")
"""Without one of these there is nothing to mask: a mail, digits in a row, or a phone written in pairs."""
_KEPT = frozenset({"time", "day", "address"})
_DOCUMENTS = frozenset({"rut", "dni", "curp", "rfc"})
_ORDERS = frozenset({"said", "hash", "code"})


def find(text: str) -> Iterator[Found]:
    """Every stretch that looks like personal data, from left to right, none within another."""
    for match in _SHAPES.finditer(text):
        group = match.lastgroup or ""
        if group in _KEPT:
            continue
        if group == "mail":
            yield Found(match.start(), match.end(), Kind.MAIL)
        elif group in _DOCUMENTS:
            yield Found(match.start(), match.end(), Kind.DOCUMENT)
        elif group in _ORDERS:
            yield Found(match.start(group), match.end(group), Kind.ORDER)
        elif (kind := _number(match.group())) is not None:
            yield Found(match.start(), match.end(), kind)


def mask(text: str) -> str:
    """The text with `[phone]`, `[mail]` and so on in the place of what looks like personal data.

    Never raises, and takes time in proportion to the length of the text.
    """
    if not _POSSIBLE.search(text):
        return text
    parts: list[str] = []
    at = 0
    for found in find(text):
        parts += (text[at : found.start], f"[{found.kind.value}]")
        at = found.end
    return "".join((*parts, text[at:])) if parts else text


def _number(written: str) -> Kind | None:
    digits = [int(c) for c in written if c in "0123456789"]
    if len(digits) not in PHONE_DIGITS and len(digits) not in CARD_DIGITS:
        return Kind.NUMBER if len(digits) >= CARD_DIGITS.stop else None
    if len(digits) in CARD_DIGITS and _luhn(digits):
        return Kind.CARD
    if len(digits) == 11 and _cpf(digits):
        return Kind.DOCUMENT
    return Kind.PHONE if len(digits) in PHONE_DIGITS else Kind.NUMBER


def _luhn(digits: list[int]) -> bool:
    """The check digit of payment cards (ISO/IEC 7812-1, annex B)."""
    doubled = [d if i % 2 == 0 else d * 2 - 9 * (d > 4) for i, d in enumerate(reversed(digits))]
    return sum(doubled) % 10 == 0 and any(digits)


def _cpf(digits: list[int]) -> bool:
    """The two check digits of a Brazilian CPF (modulo 11)."""
    for known in (9, 10):
        total = sum(d * (known + 1 - i) for i, d in enumerate(digits[:known]))
        if total * 10 % 11 % 10 != digits[known]:
            return False
    return len(set(digits)) > 1
