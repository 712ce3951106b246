"""A bare yes or no: it means nothing by itself, and all in answer to what was just offered."""

from __future__ import annotations

import re

_YES = frozenset(
    {"si", "sii", "siii", "sip", "sipo", "sisi", "ya", "dale", "claro", "bueno", "obvio", "va", "vale"}
    | {"ok", "okey", "okay", "oka", "porfa", "porfavor", "por", "favor", "quiero", "esa", "ese", "eso"}
    | {"yes", "yep", "yeah", "yup", "sure", "please", "that", "one", "sim", "isso", "pode", "quero"}
)
_NO = frozenset(
    {"no", "nop", "nope", "nah", "nones", "ninguna", "ninguno", "nada", "tampoco"}
    | {"nao", "neither", "none"}
)
_FILL = frozenset(["gracias", "thanks", "thx", "obrigado", "obrigada", "pls", "plis"])
_WORD = re.compile(r"[^\W\d_]+")
_PLAIN = str.maketrans("áéíóúüãõâêô", "aeiouuaoaeo")
_LONGEST = 40
"""Characters; whoever writes more says more than yes or no."""


def assent(text: str) -> bool | None:
    """True for a bare yes, False for a bare no (es, en, pt), None for anything else."""
    if len(text) > _LONGEST:
        return None
    words = [word for word in _WORD.findall(text.lower().translate(_PLAIN)) if word not in _FILL]
    if not words:
        return None
    if all(word in _YES for word in words):
        return True
    if words[0] in _NO and all(word in _NO for word in words):
        return False
    return None
