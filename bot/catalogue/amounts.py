"""So many of a thing, as people say it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bot.domain import EN, ES, PT, Lang

_NAMES: Final[Mapping[Lang, Mapping[str, tuple[str, str]]]] = {
    ES: {
        "messages": ("mensaje", "mensajes"),
        "files": ("archivo", "archivos"),
        "cases": ("caso", "casos"),
        "removed": ("mensaje quitado de la plataforma", "mensajes quitados de la plataforma"),
    },
    EN: {
        "messages": ("message", "messages"),
        "files": ("file", "files"),
        "cases": ("case", "cases"),
        "removed": ("message taken off the platform", "messages taken off the platform"),
    },
    PT: {
        "messages": ("mensagem", "mensagens"),
        "files": ("arquivo", "arquivos"),
        "cases": ("caso", "casos"),
        "removed": ("mensagem retirada da plataforma", "mensagens retiradas da plataforma"),
    },
}


def amount(thing: str, count: int, lang: Lang) -> str:
    """ "3 mensajes", "1 file"; '' for none."""
    one, many = _NAMES.get(lang, _NAMES[EN])[thing]
    return f"{count} {one if count == 1 else many}" if count else ""


def listing(counts: Mapping[str, int], lang: Lang) -> str:
    """ "3 mensajes, 1 archivo", in the order given, without what there is none of."""
    return ", ".join(told for thing, count in counts.items() if (told := amount(thing, count, lang)))
