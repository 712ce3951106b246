"""How many emoji a text keeps."""

from __future__ import annotations

import re
from typing import Final

# One emoji with what may hang on it: variation selector, skin tone, keycap, and others joined by U+200D.
# The blocks are those of Unicode's emoji-data that hold pictures; letters, digits, © and arrows stay text.
_PICTURE: Final = "[\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff\u231a\u231b\u23e9-\u23fa]"
_HANGING: Final = "[\ufe0f\u20e3\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]"
_FLAG: Final = "[\U0001f1e6-\U0001f1ff]{2}"
_EMOJI: Final = re.compile(
    f"(?:{_FLAG}|[0-9#*]\ufe0f?\u20e3|{_PICTURE}{_HANGING}*(?:\u200d{_PICTURE}{_HANGING}*)*)"
)
_LIMITS: Final = {"none": 0, "few": 1}


def keep(text: str, emoji: str) -> str:
    """The text with no emoji ("none"), with its first one at most ("few"), or as it is ("free")."""
    limit = _LIMITS.get(emoji)
    if limit is None:
        return text
    kept = 0
    pieces: list[str] = []
    start = 0
    for found in _EMOJI.finditer(text):
        before = text[start : found.start()]
        start = found.end()
        if kept < limit:
            kept += 1
            pieces.append(before + found[0])
        else:
            pieces.append(before.rstrip(" "))
    pieces.append(text[start:])
    return "".join(pieces) if kept or start == 0 else "".join(pieces).lstrip(" ")


def count(text: str) -> int:
    """How many emoji stand in the text; a joined sequence counts once."""
    return len(_EMOJI.findall(text))
