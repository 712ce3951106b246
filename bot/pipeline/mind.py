"""What the bot knows and how it understands, made from the brand's files and changed as a whole."""

from __future__ import annotations

import asyncio
from pathlib import Path

from bot.catalogue.catalogue import Catalogue
from bot.conversation.hours import Hours
from bot.heap import settle_again
from bot.knowledge.compile import examples
from bot.knowledge.library import Library
from bot.knowledge.model import Knowledge
from bot.pipeline.phrase import Voice
from bot.pipeline.ports import Mind
from nlu import train as nlu_train
from nlu.embedded import load as load_interpreter


async def make_mind(knowledge: Knowledge, models: Path) -> Mind:
    """Everything that answers: the voice, and the understanding trained on the questions (cached)."""
    catalogue = Catalogue.load(knowledge.texts)
    staff = knowledge.staff
    hours = Hours(
        week=tuple(tuple((span.start, span.end) for span in day) for day in staff.hours),
        zone=knowledge.brand.timezone,
        holidays=staff.holidays,
    )
    folder = await nlu_train.train(examples(knowledge), models)
    interpreter = await asyncio.to_thread(load_interpreter, folder)
    return Mind(Voice(knowledge, catalogue, hours), interpreter)


class LiveMind:
    """The mind in force: it changes as a whole, between turns, when the brand's files do."""

    def __init__(self, library: Library, mind: Mind, models: Path) -> None:
        self._library, self._mind, self._models = library, mind, models

    @property
    def current(self) -> Mind:
        """What is known now."""
        return self._mind

    async def publish(self, knowledge: Knowledge) -> None:
        """Train what changed, then put it in force."""
        mind = await make_mind(knowledge, self._models)
        self._library.swap(knowledge)
        self._mind = mind
        settle_again()
