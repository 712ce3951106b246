"""The words that may stand before a colon, in English and Spanish, and the one meant by a misspelt one."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from difflib import get_close_matches
from types import MappingProxyType

CANONICAL = MappingProxyType(
    {
        # faq/<topic>.yml
        "tema": "topic",
        "título": "title",
        "titulo": "title",
        "equipo": "team",
        "entradas": "entries",
        "preguntas": "questions",
        "respuesta": "answer",
        "respuestas": "answers",
        "relacionadas": "related",
        "persona": "person",
        "autonomía": "autonomy",
        "autonomia": "autonomy",
        "válida": "valid",
        "valida": "valid",
        "desde": "from",
        "hasta": "until",
        "imagen": "image",
        "archivo": "file",
        "licencia": "license",
        # faq/facts.yml
        "valor": "value",
        "vence": "expires",
        # config/brand.yml
        "nombre": "name",
        "ficticia": "fictitious",
        "acerca": "about",
        "idiomas": "languages",
        "zona_horaria": "timezone",
        "publicar": "publish",
        "voz": "voice",
        "asistente": "assistant",
        "trato": "address",
        "menú": "menu",
        # config/team.yml
        "personas": "people",
        "rol": "role",
        "equipos": "teams",
        "horario": "hours",
        "feriados": "holidays",
        "avisos": "alerts",
        "repetir": "repeat",
        "parar": "stop_after",
        "lunes": "monday",
        "martes": "tuesday",
        "miércoles": "wednesday",
        "miercoles": "wednesday",
        "jueves": "thursday",
        "viernes": "friday",
        "sábado": "saturday",
        "sabado": "saturday",
        "domingo": "sunday",
        # config/community.yml
        "general": "default",
        "pausa_equipo": "staff_pause",
        "lugares": "places",
        "plataforma": "platform",
        "hilo": "thread",
        "modo": "mode",
        "reposo": "cooldown",
        "espera": "wait",
        "responder_en": "reply_in",
        "idioma": "language",
        # config/privacy.yml
        "responsable": "controller",
        "contacto": "contact",
        "política": "policy",
        "politica": "policy",
        "conservar": "keep",
        "mensajes": "messages",
        "archivos": "files",
        "casos": "cases",
        "auditoría": "audit",
        "auditoria": "audit",
        "escuchado": "listened",
        "respaldos": "backups",
        "menores": "minors",
        "edad": "age",
        "entonces": "then",
    }
)

MEANINGS = MappingProxyType(
    {
        "a_pedido": "on_request",
        "ofrecer": "offer",
        "siempre": "always",
        "no": "off",
        "sugerir": "suggest",
        "privado": "private",
        "público": "public",
        "publico": "public",
        "tú": "tú",
        "tu": "tú",
        "ninguno": "none",
        "pocos": "few",
        "libre": "free",
        "moderador": "moderator",
        "moderadora": "moderator",
        "supervisor": "supervisor",
        "supervisora": "supervisor",
        "administrador": "admin",
        "administradora": "admin",
        "al_guardar": "on_save",
        "con_comando": "on_command",
        "apagado": "off",
        "mención": "mention",
        "mencion": "mention",
        "preguntas": "questions",
        "todo": "all",
        "escuchar": "listen",
        "aquí": "here",
        "aqui": "here",
        "hilo": "thread",
        "persona": "person",
        "terminar": "end",
    }
)
"""Spanish for the values that are chosen from a list; the first for each is the one that we offer."""

_ENGLISH = frozenset(CANONICAL.values()) - frozenset(CANONICAL)

TEXT_WORDS = frozenset({"questions", "answer", "about", "holidays"})
"""Words whose text always stands under a bar."""

LIST_WORDS = frozenset({"answers"})
"""Words followed by one dash and bar for each text."""

LANGUAGES = ("es", "en", "pt")


def canonical(word: str) -> str:
    """The English word for a Spanish synonym; any other word as it is."""
    word = unicodedata.normalize("NFC", word)
    return CANONICAL.get(word, word)


def nearest(word: str, known: Iterable[str], cutoff: float = 0.6) -> str:
    """The known word that was likely meant, or '' when none is close."""
    names = {fold(name): name for name in known}
    found = get_close_matches(fold(word), names, n=1, cutoff=cutoff)
    return names[found[0]] if found else ""


def as_in(beside: Iterable[str], wanted: str) -> str:
    """An English word in the language of the words around it: Spanish if one of them is Spanish."""
    if any(word in CANONICAL for word in beside):
        return next((spanish for spanish, english in CANONICAL.items() if english == wanted), wanted)
    return wanted


def in_spanish(value: str) -> str:
    """A value that is chosen from a list, as a Spanish file says it."""
    if value == "yes":
        return "sí"
    return next((spanish for spanish, english in MEANINGS.items() if english == value), value)


def speaks_spanish(words: Iterable[str], above: str) -> bool:
    """Whether the words before colons are Spanish; `above`, maybe a name, counts if none tells."""
    told = [word for word in words if word in CANONICAL or word in _ENGLISH]
    return any(word in CANONICAL for word in told or [above])


def fold(text: str) -> str:
    """Lower case without accents, punctuation and repeated spaces: what makes two questions the same."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    kept = "".join(c if c.isalnum() else " " for c in letters if not unicodedata.combining(c))
    return " ".join(kept.split())
