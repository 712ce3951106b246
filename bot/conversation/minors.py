"""An age that somebody states of themselves, in Spanish, English or Portuguese; rather deaf than wrong.

Whoever says how long they have been a customer, or how old their child is, says nothing about their own age.
"""

from __future__ import annotations

import re
import unicodedata

YOUNGEST, OLDEST = 4, 99
"""Years that a person who writes may have; below it, what is meant is a span or a joke."""
MINOR = 17
"""What "I'm a minor" says at the least."""

_NUMBERS = {
    4: "cuatro four quatro",
    5: "cinco five",
    6: "seis six",
    7: "siete seven sete",
    8: "ocho eight oito",
    9: "nueve nine nove",
    10: "diez ten dez",
    11: "once eleven onze",
    12: "doce twelve doze",
    13: "trece thirteen treze",
    14: "catorce fourteen quatorze",
    15: "quince fifteen quinze",
    16: "dieciseis sixteen dezesseis",
    17: "diecisiete seventeen dezessete",
    18: "dieciocho eighteen dezoito",
}
_WORDS = {word: number for number, words in _NUMBERS.items() for word in words.split()}
_N = rf"(?P<n>\d{{1,2}}|{'|'.join(sorted(_WORDS, key=len, reverse=True))})"
_ENDS = r"(?=\s*(?:$|[.,;:!?)\n\"»”…]))"
_YEARS = r"\s+an(?:it|inh)?os"
_MORE = r"(?:\s+(?:y|e)\s+(?:medio|meio|\d{1,2}\s+mes(?:es)?))?+"
_GOES_ON = (
    r"(?=\s+(?:y|e|pero|mas|asi\s+que|entao|por\s+eso|puedo|podria|posso|quiero|quero|me|mi|meu|minha|soy|sou"
    r"|de\s+edad|de\s+idade|cumplidos|nomas|todavia|aun|ainda|recien|creo|acho|vale|no|nao|necesito|preciso)\b)"
)
_SPAN = r"(?!\s+(?:y|e)\s+(?:contando|sigo|sumando|seguimos|continuo))"
_YOUNG_ES = (
    "nin[oa]|chic[oa]|nen[ea]|chav[oa]|alumn[oa]|joven|menor|muchach[oa]|pib[ea]|adolescente|estudiante"
)
_YOUNG_PT = "menin[oa]|garot[oa]|crianca|jovem|menor|adolescente|estudante|alun[oa]"
_STATED = re.compile(
    rf"""
    \b(?<!no\s)(?<!nao\s)(?:tengo|tenho)\s+(?:solo\s+|apenas\s+|so\s+|recien\s+|casi\s+|quase\s+)?
        {_N}{_YEARS}{_MORE}{_SPAN}(?:{_ENDS}|{_GOES_ON})
  | \b(?:(?:hoy\s+|ayer\s+)?cumpl[oi]|acabo\s+de\s+cumplir|voy\s+a\s+cumplir|fiz|faco|vou\s+fazer)\s+
        {_N.replace("?P<n>", "?P<n2>")}(?:{_YEARS})(?:{_ENDS}|{_GOES_ON})
  | \b(?<!no\s)(?<!nao\s)(?:soy|sou)\s+(?:uma?|una?)\s+(?:{_YOUNG_ES}|{_YOUNG_PT})\s+(?:de|com|con)\s+
        {_N.replace("?P<n>", "?P<n3>")}\b
  | \b(?:mi\s+edad|minha\s+idade)\s*(?:es|e|:)\s*{_N.replace("?P<n>", "?P<n4>")}\b
  | \bmy\s+age\s*(?:is|:|'s)\s*{_N.replace("?P<n>", "?P<n5>")}\b
  | \bi\s*(?:'m|m|am)\s+(?:only\s+|just\s+|almost\s+|like\s+|about\s+to\s+be\s+|turning\s+)*
        {_N.replace("?P<n>", "?P<n6>")}
        (?:{_ENDS}|(?=\s*(?:y/?o|y\.o\.?|y(?:ea)?rs?[\s-]*old)\b)|(?=\s+(?:and|but|so|can|tho|lol)\b))
  | \b(?:i\s*(?:'m|m|am)\s+an?|as\s+an?)\s+(?:only\s+)?
        {_N.replace("?P<n>", "?P<n7>")}[\s-]*y(?:ea)?rs?[\s-]*old\b
        (?!\s+(?:company|business|customer|client|shop|brand|account))
  | \bi\s+(?:just\s+)?turned\s+{_N.replace("?P<n>", "?P<n8>")}\b(?!\s*%)
  | \bi\s+have\s+{_N.replace("?P<n>", "?P<n9>")}\s+years(?:\s+old\b|{_ENDS})
  | (?P<minor>\b(?<!no\s)(?<!nao\s)(?:soy|sou)\s+menor(?:\s+de\s+(?:edad|idade)){_ENDS}
      |\bi\s*(?:'m|m|am)\s+(?:a\s+minor|underage|under\s+age){_ENDS})
    """,
    re.VERBOSE,
)


def stated_age(text: str) -> int | None:
    """How many years old the writer says to be; the least, where they say several; None if they don't."""
    ages = [_age(match) for match in _STATED.finditer(_plain(text))]
    known = [age for age in ages if YOUNGEST <= age <= OLDEST]
    return min(known, default=None)


def _age(match: re.Match[str]) -> int:
    if match["minor"]:
        return MINOR
    said = next(value for name, value in match.groupdict().items() if value and name != "minor")
    return int(said) if said.isdigit() else _WORDS[said]


def _plain(text: str) -> str:
    """Small letters without accents, apostrophes alike, and spaces single; line ends stay."""
    kept = text.casefold()
    if not kept.isascii():
        letters = unicodedata.normalize("NFKD", kept.replace("’", "'"))
        kept = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return re.sub(r"[^\S\n]+", " ", kept)
