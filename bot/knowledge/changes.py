"""What differs between two versions, in the words of those who edit them."""

from __future__ import annotations

from bot.knowledge.model import Entry, Knowledge
from bot.knowledge.template import facts_used

MOST = 20
"""Titles that are named at the most."""


def changes(old: Knowledge, new: Knowledge) -> list[str]:
    """Titles of the entries that are new or different, and with a minus of those that are gone."""
    lang = new.brand.languages[0]
    changed = [
        entry.titles.get(lang, entry_id)
        for entry_id, entry in new.entries.items()
        if entry_id not in old.entries or _meaning(old, old.entries[entry_id]) != _meaning(new, entry)
    ]
    gone = [
        f"−{entry.titles.get(lang, entry_id)}"
        for entry_id, entry in old.entries.items()
        if entry_id not in new.entries
    ]
    return [*changed, *gone][:MOST]


def _meaning(knowledge: Knowledge, entry: Entry) -> tuple[object, ...]:
    """All that members would notice, and nothing of where it stands."""
    questions = {lang: [text.text for text in texts] for lang, texts in entry.questions.items()}
    answers = {lang: [text.text for text in texts] for lang, texts in entry.answers.items()}
    used = sorted(name for texts in answers.values() for text in texts for name in facts_used(text))
    facts = [dict(knowledge.facts[name].values) for name in used if name in knowledge.facts]
    image = (entry.image.file, dict(entry.image.alt)) if entry.image else None
    return (
        dict(entry.titles),
        questions,
        answers,
        facts,
        entry.related,
        entry.person,
        entry.autonomy,
        entry.valid_from,
        entry.valid_until,
        image,
    )
