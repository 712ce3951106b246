"""Titles of entries for a question that is being typed: pure."""

from __future__ import annotations

import unicodedata
from datetime import date

from bot.domain import Lang
from bot.knowledge.model import Autonomy
from bot.pipeline.model import PICK
from bot.pipeline.phrase import Voice


def suggest(voice: Voice, typed: str, lang: Lang, today: date, most: int = 25) -> list[tuple[str, str]]:
    """Titles, and payloads that name their entries; those that begin as typed go first, then the menu's."""
    knowledge = voice.knowledge
    menu = {entry: place for place, entry in enumerate(knowledge.brand.menu)}
    wanted = _folded(typed).split()
    found: list[tuple[tuple[bool, int, str], str, str]] = []
    for entry in knowledge.entries.values():
        if not entry.is_valid_on(today) or entry.autonomy not in (Autonomy.PRIVATE, Autonomy.PUBLIC):
            continue
        title = voice.title(entry.id, lang)
        words = _folded(title)
        if title and all(word in words for word in wanted):
            begins = not wanted or words.startswith(wanted[0])
            rank = (not begins, menu.get(entry.id, len(menu)), words)
            found.append((rank, title, f"{PICK}{entry.id}"))
    return [(title, payload) for _, title, payload in sorted(found)[:most]]


def _folded(text: str) -> str:
    """Without case and accents."""
    split = unicodedata.normalize("NFD", text.casefold())
    return "".join(character for character in split if not unicodedata.combining(character))
