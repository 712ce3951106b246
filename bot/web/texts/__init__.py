"""Texts of the pages: `chat.*.json` for members (es, en, pt), `staff.*.json` for staff (es, en)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from bot.domain import EN, ES, PT, Lang

CHAT_LANGUAGES: tuple[Lang, ...] = (ES, EN, PT)
STAFF_LANGUAGES: tuple[Lang, ...] = (ES, EN)

Texts = Mapping[Lang, Mapping[str, str]]
"""Texts by language and key; `{name}` in a text is filled in."""


def chat_texts() -> Texts:
    """What members read."""
    return {lang: _read(f"chat.{lang}.json") for lang in CHAT_LANGUAGES}


def staff_texts() -> Texts:
    """What staff reads."""
    return {lang: _read(f"staff.{lang}.json") for lang in STAFF_LANGUAGES}


def _read(name: str) -> Mapping[str, str]:
    texts: dict[str, str] = json.loads((Path(__file__).parent / name).read_text("utf-8"))
    return texts
