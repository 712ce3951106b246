"""Signs that a text goes on in the next message."""

from __future__ import annotations

from collections.abc import Sequence

_DANGLING_TEXT = """
a al ante con contra de del desde en entre hacia hasta para por sin sobre y e o u ni pero sino aunque que si
como cuando donde porque el la los las un una unos unas mi mis tu tus su sus este esta estos estas ese esa
muy tan quiero necesito quisiera queria the an of to for with from in on at by and or but if my your his her
their our this these that is are was were do does can could would i need want ao aos da do das dos em na no
nas nos num numa com sem e ou mas meu minha seu sua um uma uns umas quero preciso
"""
# Words that ask for another after them.
_DANGLING = frozenset(_DANGLING_TEXT.split())
_FOLLOWING = frozenset(
    {"y", "e", "and", "pero", "mas", "but", "tambien", "tambem", "also", "what about", "o", "ou", "or"}
)


def goes_on(words: Sequence[str], core: Sequence[str], *, question: bool, open_end: bool, sure: bool) -> bool:
    """Tell whether more is likely to come: it trails off, breaks off, or is too short to be sure of."""
    if not core or open_end:
        return True
    if question:
        return False
    return core[-1] in _DANGLING or (not sure and len(core) <= 2)


def follows_up(core: Sequence[str], words: Sequence[str]) -> bool:
    """Tell whether a short text leans on what was said before ("y a regiones?")."""
    return bool(core) and len(core) <= 5 and (words[0] in _FOLLOWING or len(core) <= 2)
