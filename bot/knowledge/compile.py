"""Knowledge to the labelled questions that the understanding learns from."""

from __future__ import annotations

from bot.knowledge.model import Knowledge
from nlu.model import Example


def examples(knowledge: Knowledge) -> tuple[Example, ...]:
    """Every question of every entry; `source` is `faq/envios.yml:14`."""
    return tuple(
        Example(question.text, entry.id, lang, f"{question.at.path}:{question.at.line}")
        for entry in knowledge.entries.values()
        for lang, questions in entry.questions.items()
        for question in questions
    )
