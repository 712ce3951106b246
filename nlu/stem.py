"""A light stemmer for Spanish, English and Portuguese words without accents, one for the three.

One for all because a short text's language is often a guess, and a wrong guess must not change its features.
"""

from __future__ import annotations

STEM_MINIMUM = 3

# Longest first within each step; taken from the three languages' regular inflection.
_PRONOUNS_TEXT = (
    "noslo nosla melos melas telos telas selos selas melo mela telo tela selo sela"
    " nos les los las me te se le lo la os"
)
_PRONOUNS = tuple(_PRONOUNS_TEXT.split())
_ENDINGS_TEXT = """
amientos imientos amiento imiento amentos imentos amento imento aciones iciones aciones acion icion ucion
uciones cion ciones sion siones acoes acao icao coes cao soes sao amente mente idades idad idade ancias
ancia encias encia adores adoras ador adora edores edor idores idor antes ante ables able ibles ible ivos
ivas ivo iva istas ista ariamos eriamos iriamos aremos eremos iremos aramos ieramos abamos iamos asteis
isteis aria eria iria arias erias irias arian erian irian aran eran iran aras eras iras are ere ire ara era
ira aron ieron aste iste ando iendo endo indo yendo ados adas idos idas ado ada ido ida aba abas aban amos
emos imos ais eis aram eram iram ava avam avas asse esse isse assem ou eu iu ar er ir an am en as es os io
ia ias ian ios o a e ations ation ings ing edly ed ly ments ment ers er ies s
"""
_ENDINGS = tuple(
    sorted(
        _ENDINGS_TEXT.split(),
        key=len,
        reverse=True,
    )
)
_BY_LAST: dict[str, tuple[str, ...]] = {}
for _ending in _ENDINGS:
    _BY_LAST[_ending[-1]] = (*_BY_LAST.get(_ending[-1], ()), _ending)


def stem(word: str) -> str:
    """Cut the inflection off: envíos, enviar -> env; shipping, shipped -> ship; cuesta, costo -> cost."""
    if len(word) <= STEM_MINIMUM or not word.isalpha():
        return word
    base = word
    for pronoun in _PRONOUNS:
        if base.endswith(("r" + pronoun, "ndo" + pronoun)) and len(base) - len(pronoun) >= 5:
            base = base[: -len(pronoun)]
            break
    for ending in _BY_LAST.get(base[-1], ()):
        if base.endswith(ending) and len(base) - len(ending) >= STEM_MINIMUM:
            base = base[: -len(ending)]
            break
    # Spanish stems that change under stress (cuesta/costar, cierran/cerrar) meet in the unstressed one.
    if "ue" in base[1:-1] and base[0] != "q" and "que" not in base and "gue" not in base:
        base = base.replace("ue", "o", 1)
    elif "ie" in base[1:-1] and len(base) > 4:
        base = base.replace("ie", "e", 1)
    if len(base) > STEM_MINIMUM and base[-1] == base[-2] and base[-1] not in "aeiou":
        base = base[:-1]
    if len(base) > STEM_MINIMUM and base[-1] in "ie":
        base = base[:-1]
    if base.endswith("lv"):
        base = base[:-1]
    if base.endswith("qu"):
        base = base[:-2] + "c"
    elif base.endswith("gu"):
        base = base[:-1]
    elif base.endswith("z"):
        base = base[:-1] + "c"
    return base


class Stems:
    """Remembers the stems of the words met, up to a bound: a text has few words, and most come again."""

    def __init__(self, most: int = 20_000) -> None:
        self._known: dict[str, str] = {}
        self._most = most

    def of(self, word: str) -> str:
        known = self._known.get(word)
        if known is None:
            if len(self._known) >= self._most:
                self._known.clear()
            known = self._known[word] = stem(word)
        return known
