"""Which paragraphs the bot may say: wordings of entries and catalogue texts, with their values filled in."""

from __future__ import annotations

import re

from bot.catalogue.keys import Key
from bot.channels.markup import plain
from bot.domain import EN, ES, PT, Reason
from bot.knowledge.template import fill
from bot.pipeline.phrase import Voice

_HOLE = "§"
_SEEDS = range(12)


class Approved:
    """The approved texts of a voice, as patterns of whole paragraphs."""

    def __init__(self, voice: Voice) -> None:
        told = self._catalogue(voice)
        handed = [told[Key(f"handoff_{_tail(reason)}")] for reason in Reason]
        when = [
            pattern for key in (Key.WHEN_OPEN, Key.WHEN_CLOSED, Key.WHEN_UNKNOWN) for pattern in told[key]
        ]
        closing = "(?:" + "|".join(when) + ")"
        paragraphs = [pattern for patterns in told.values() for pattern in patterns]
        paragraphs += [f"{pattern} {closing}" for patterns in handed for pattern in patterns]
        who = [*told[Key.INTRO], *told[Key.AUTOMATIC]]
        paragraphs += [f"{first} {kept}" for first in who for kept in told[Key.PRIVACY_NOTICE]]
        for entry in voice.knowledge.entries.values():
            for lang, texts in entry.answers.items():
                for text in texts:
                    filled = plain(fill(text.text.strip(), voice.facts(lang), _HOLE))
                    paragraphs += [_pattern(part) for part in filled.split("\n\n")]
        self._patterns = [re.compile(pattern, re.DOTALL) for pattern in dict.fromkeys(paragraphs)]

    def foreign(self, text: str) -> list[str]:
        """Paragraphs that nobody has approved."""
        return [p for p in text.split("\n\n") if not any(known.fullmatch(p) for known in self._patterns)]

    def _catalogue(self, voice: Voice) -> dict[Key, list[str]]:
        found: dict[Key, list[str]] = {}
        for key in Key:
            if key.for_staff:
                continue
            texts = {
                plain(voice.text(key, lang, seed, **dict.fromkeys(key.takes, _HOLE)))
                for lang in (ES, EN, PT)
                for seed in _SEEDS
            }
            found[key] = [_pattern(text) for text in sorted(texts)]
        return found


def _pattern(text: str) -> str:
    return re.escape(text).replace(re.escape(_HOLE), ".*?")


def _tail(reason: Reason) -> str:
    """A reason as its hand-off text is called."""
    return {
        Reason.ASKED: "asked",
        Reason.ENTRY: "entry",
        Reason.FILE: "file",
        Reason.HELD: "held",
    }.get(reason, reason.value)
