"""The words of a decision: approved texts with facts filled in; values in, values out."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from zlib import crc32

from bot.catalogue.availability import availability
from bot.catalogue.catalogue import Catalogue
from bot.catalogue.keys import HANDOFFS, Key
from bot.conversation.hours import Hours
from bot.conversation.situation import Situation
from bot.domain import Button, CaseId, EntryId, Lang, Outgoing, Owner, Reason
from bot.knowledge.model import Entry, Knowledge, Text
from bot.knowledge.template import fill
from bot.pipeline import law
from bot.pipeline.model import (
    MENU,
    PERSON,
    PERSON_PARAM,
    PICK,
    PRIVATE,
    REMOVE,
    USEFUL,
    USELESS,
    Decision,
    Phrased,
    Talk,
)

_FIRST_NAME = re.compile(r"[^\W\d_]{2,20}(?:['’-][^\W\d_]{1,20})?")
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+!|<>~-])")


@dataclass(frozen=True, slots=True)
class Voice:
    """Everything that wording depends on beside the decision: one value per published version."""

    knowledge: Knowledge
    catalogue: Catalogue
    hours: Hours

    def text(self, key: Key, lang: Lang, seed: int = 0, **values: str) -> str:
        """A catalogue text in the brand's form of address and with its share of emoji, as light Markdown.

        Values are shown as they are written: they come here without any escaping.
        """
        voice = self.knowledge.brand.voice
        return self.catalogue.text(
            key,
            lang,
            address=voice.address.value,
            emoji=voice.emoji.value,
            seed=seed,
            **{name: escape(value) for name, value in values.items()},
        )

    def label(self, key: Key, lang: Lang) -> str:
        """A button's label, exactly as written."""
        voice = self.knowledge.brand.voice
        return self.catalogue.text(key, lang, address=voice.address.value, emoji=voice.emoji.value)

    def facts(self, lang: Lang) -> dict[str, str]:
        """The value of every fact in a language, or in the first language that has one."""
        order = (lang, *self.knowledge.brand.languages)
        return {name: _in(fact.values, order) for name, fact in self.knowledge.facts.items()}

    def title(self, entry: EntryId, lang: Lang) -> str:
        """An entry's title in a language, or in the first language that has one; '' if it is gone."""
        found = self.knowledge.entries.get(entry)
        return _in(found.titles, (lang, *self.knowledge.brand.languages)) if found else ""

    def when(self, lang: Lang, now: datetime) -> str:
        """When a person answers: hours with their zone, nothing invented."""
        address = self.knowledge.brand.voice.address.value
        return availability(self.catalogue, self.hours.status(now), now, lang, address=address)

    def handed_off(self, reason: Reason, lang: Lang, case: CaseId, now: datetime) -> str:
        """What the member is told when a person is called."""
        told = self.text(HANDOFFS[reason], lang, case=str(case))
        return f"{told} {self.when(lang, now)}"


def phrase(
    decision: Decision, situation: Situation, voice: Voice, now: datetime, case: CaseId | None
) -> Phrased:
    """The messages of a decision, not yet split for a platform.

    One message per turn, whatever it has to say: an answer in three pieces is three interruptions. `case` is
    the conversation's case after the decision.
    """
    return _Pen(decision, situation, voice, now, case).phrased()


def first_name(display_name: str) -> str:
    """The name to call someone by, or '' when what the platform shows is no name."""
    word = display_name.split()[0] if display_name.split() else ""
    if not _FIRST_NAME.fullmatch(word):
        return ""
    return word if word[0].isupper() and not word.isupper() else word.capitalize()


def escape(text: str) -> str:
    """Make Markdown show the text as it is written."""
    return _MARKDOWN.sub(r"\\\1", text)


def seed(*parts: object) -> int:
    """A number that is the same for the same parts, on every machine."""
    return crc32(":".join(map(str, parts)).encode())


class _Pen:
    """One decision being worded; lives for one call."""

    def __init__(
        self, decision: Decision, situation: Situation, voice: Voice, now: datetime, case: CaseId | None
    ) -> None:
        self._decision, self._situation, self._voice = decision, situation, voice
        self._now, self._case = now, case
        self._lang = decision.lang
        self._name = "" if situation.public else first_name(situation.name)

    def phrased(self) -> Phrased:
        decision = self._decision
        paragraphs: list[str] = []
        variant: int | None = None
        image = alt = ""
        if decision.entry is not None:
            entry = self._voice.knowledge.entries[decision.entry]
            answer, variant = self._answer(entry)
            paragraphs.append(answer)
            image, alt = self._image(entry)
        if decision.reason is not None and self._case is not None:
            paragraphs.append(self._voice.handed_off(decision.reason, self._lang, self._case, self._now))
        if decision.talk is not None:
            paragraphs.append(self._talk(decision.talk))
        if not paragraphs:
            return Phrased()
        return Phrased(
            (
                Outgoing(
                    text="\n\n".join((*self._before(), *paragraphs, *self._after())),
                    markdown=True,
                    rows=self._rows(),
                    image=image,
                    alt=alt,
                    reply_to=decision.replies_to,
                    opens_thread=self._thread(),
                ),
            ),
            variant,
        )

    def _before(self) -> list[str]:
        lines = []
        if self._decision.late:
            lines.append(self._text(Key.LATE_APOLOGY))
        if self._decision.angry and self._decision.reason is not Reason.COMPLAINT:
            lines.append(self._text(Key.ACKNOWLEDGE_ANGER))
        return lines

    def _after(self) -> list[str]:
        decision, situation = self._decision, self._situation
        lines = []
        in_queue = situation.ownership.owner is Owner.QUEUE and situation.case is not None
        if in_queue and decision.entry is not None and decision.reason is None:
            lines.append(self._text(Key.STILL_IN_LINE, case=str(situation.case)))
        elif decision.offer_person and decision.entry is not None:
            lines.append(self._text(Key.OFFER_PERSON))
        notice = law.notice(decision, situation, self._voice.knowledge.privacy, self._lang)
        if notice:
            lines.append(" ".join(self._text(key, **self._self(), **v) for key, v in notice.items()))
        if decision.asks:
            lines.append(self._text(Key.ASK_USEFUL))
        return lines

    def _answer(self, entry: Entry) -> tuple[str, int]:
        """The wording that this person has not just had: start at their own, go on by one each time."""
        lang, texts = _answers(entry, (self._lang, *self._voice.knowledge.brand.languages))
        before = self._situation.memory.given.get(entry.id, 0)
        variant = (seed(self._situation.contact, entry.id) + before) % len(texts)
        facts = self._voice.facts(lang)
        return fill(texts[variant].text.strip(), facts, escape(self._name)), variant

    def _image(self, entry: Entry) -> tuple[str, str]:
        if entry.image is None:
            return "", ""
        order = (self._lang, *self._voice.knowledge.brand.languages)
        return entry.image.file.as_posix(), _in(entry.image.alt, order)

    def _talk(self, talk: Talk) -> str:
        key = law.worded(talk, self._situation.account.platform)
        values: dict[str, str] = {}
        for name in key.takes:
            if name == "name":
                values[name] = self._name
            elif name == "case":
                values[name] = str(self._situation.case)
            else:
                values |= {k: v for k, v in self._self().items() if k == name}
        knowledge = self._voice.knowledge
        young = law.is_minor(self._decision, self._situation)
        of_law = law.values(talk, knowledge.privacy, knowledge.brand.name, self._lang, minor=young)
        return self._text(key, **(values | of_law))

    def _self(self) -> dict[str, str]:
        brand = self._voice.knowledge.brand
        about = _in(brand.about, (self._lang, *brand.languages)).strip()
        return {"assistant": brand.voice.assistant, "brand": brand.name, "about": about}

    def _text(self, key: Key, **values: str) -> str:
        takes = {name: value for name, value in values.items() if name in key.takes}
        chosen = seed(self._situation.contact, key.value) + self._situation.memory.talks
        return self._voice.text(key, self._lang, chosen, **takes)

    def _thread(self) -> str:
        """The title of the thread that the answer opens, or ''."""
        decision = self._decision
        if not decision.own_thread or decision.entry is None:
            return ""
        return self._voice.title(decision.entry, self._lang)

    def _rows(self) -> tuple[tuple[Button, ...], ...]:
        decision = self._decision
        if self._situation.public:
            return self._public_rows()
        rows: list[tuple[Button, ...]] = [
            (Button(title, f"{PICK}{entry}"),)
            for entry in decision.options
            if (title := self._voice.title(entry, self._lang))
        ]
        rows += [
            (Button(self._voice.label(key, self._lang), payload),) for key, payload in law.buttons(decision)
        ]
        if decision.offer_person and decision.reason is None:
            rows.append((Button(self._voice.label(Key.BUTTON_PERSON, self._lang), PERSON),))
        if decision.asks and decision.memory.asked is not None:
            number = decision.memory.asked.message
            yes, no = (self._voice.label(k, self._lang) for k in (Key.BUTTON_USEFUL, Key.BUTTON_USELESS))
            rows.append((Button(yes, f"{USEFUL}{number}"), Button(no, f"{USELESS}{number}")))
        return tuple(rows)

    def _public_rows(self) -> tuple[tuple[Button, ...], ...]:
        """A way into a private chat where there is one, and the button that takes the message away."""
        rows = [(Button(self._voice.label(Key.BUTTON_REMOVE, self._lang), REMOVE),)]
        for own, payload in law.buttons(self._decision):
            rows.insert(0, (Button(self._voice.label(own, self._lang), payload),))
        if (param := self._decision.private) is not None:
            key = Key.BUTTON_PERSON if param == PERSON_PARAM else Key.BUTTON_PRIVATE
            rows.insert(0, (Button(self._voice.label(key, self._lang), f"{PRIVATE}{param}"),))
        return tuple(rows)


def describe(payload: str, voice: Voice, lang: Lang) -> str:
    """What a button said, for the log and for staff: its label rather than its payload."""
    labels: dict[str, Callable[[], str]] = {
        PERSON: lambda: voice.label(Key.BUTTON_PERSON, lang),
        MENU: lambda: voice.label(Key.BUTTON_MENU, lang),
        REMOVE: lambda: voice.label(Key.BUTTON_REMOVE, lang),
        **{payload: partial(voice.label, key, lang) for payload, key in law.LABELS.items()},
    }
    if payload.startswith((USEFUL, USELESS)):
        return voice.label(Key.BUTTON_USEFUL if payload.startswith(USEFUL) else Key.BUTTON_USELESS, lang)
    if payload.startswith(PICK):
        return voice.title(EntryId(payload.removeprefix(PICK)), lang)
    return labels[payload]() if payload in labels else ""


def _answers(entry: Entry, order: tuple[Lang, ...]) -> tuple[Lang, tuple[Text, ...]]:
    for lang in order:
        if entry.answers.get(lang):
            return lang, entry.answers[lang]
    lang = next(iter(entry.answers))
    return lang, entry.answers[lang]


def _in(values: Mapping[Lang, str], order: tuple[Lang, ...]) -> str:
    for lang in order:
        if values.get(lang):
            return values[lang]
    return next(iter(values.values()), "")
