"""What to do about what a member said: pure, no clock, no I/O, no words."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

from bot.conversation.assent import assent
from bot.conversation.ownership import PERSON_OWNS
from bot.conversation.situation import Last, Memory, Said, Situation
from bot.domain import (
    AttachmentKind,
    EntryId,
    InboundKind,
    Lang,
    Outcome,
    Owner,
    PlaceKind,
    Reason,
)
from bot.knowledge.model import Autonomy, Entry, Knowledge, Person
from bot.pipeline import feedback, law
from bot.pipeline.model import MENU, PERSON, PERSON_PARAM, PICK, Decision, Reading, Talk
from bot.pipeline.public import decide_in_public, expired, named
from nlu import model as nlu

LATE = timedelta(minutes=10)
"""Older messages are answered with an apology (promise 11)."""
OPTIONS = 3
"""Titles offered at the most when the question is not clear."""

_TALKS = {
    nlu.GREETING: Talk.GREETING,
    nlu.THANKS: Talk.THANKS,
    nlu.GOODBYE: Talk.GOODBYE,
    nlu.ARE_YOU_A_BOT: Talk.ARE_YOU_A_BOT,
    nlu.WHO_ARE_YOU: Talk.WHO_ARE_YOU,
}
_WORDLESS = {
    AttachmentKind.VOICE: Talk.WORDLESS_VOICE,
    AttachmentKind.PHOTO: Talk.WORDLESS_PHOTO,
    AttachmentKind.VIDEO: Talk.WORDLESS_FILE,
    AttachmentKind.FILE: Talk.WORDLESS_FILE,
}


def decide(situation: Situation, reading: Reading, knowledge: Knowledge, now: datetime) -> Decision:
    """The one outcome of a turn.

    `now` is aware; days are those of the brand's time zone. Every situation with something said has an
    answer here, whatever the text.
    """
    desk = _Desk(situation, reading, knowledge, now)
    if situation.public:
        return decide_in_public(situation, reading, knowledge, now, desk.base, LATE)
    decision = desk.decision()
    decision = feedback.ask(decision, situation, reading, knowledge, now)
    offered = decision.offer_person and not decision.hands_off
    return law.settled(replace(decision, memory=replace(decision.memory, person_offered=offered)))


def language(situation: Situation, reading: Reading, knowledge: Knowledge) -> Lang:
    """The language to speak: what was just said if that is clear, else what was spoken before."""
    heard = reading.understanding
    if heard is not None and heard.content and (situation.lang is None or heard.lang_confidence >= 0.6):
        return Lang(heard.lang)
    return situation.lang or knowledge.brand.languages[0]


class _Desk:
    """One decision being made; lives for one call."""

    def __init__(self, situation: Situation, reading: Reading, knowledge: Knowledge, now: datetime) -> None:
        self._situation, self._reading, self._knowledge = situation, reading, knowledge
        self._now = now
        self._today: date = now.astimezone(knowledge.brand.timezone).date()
        self._lang = language(situation, reading, knowledge)
        self._main: Said = next(s for s in situation.said if s.id == reading.main)
        self._late = all(now - s.sent_at > LATE for s in situation.said)
        heard = reading.understanding
        self._angry = heard is not None and heard.angry
        self._base = Decision(
            Outcome.IGNORED,
            self._lang,
            situation.memory,
            misses=situation.misses,
            wordless=0,
            angry=self._angry,
            late=self._late and situation.place.kind is PlaceKind.PRIVATE,
            introduce=situation.first_visit,
        )

    @property
    def base(self) -> Decision:
        """What every decision about this turn has in common."""
        return self._base

    def decision(self) -> Decision:
        situation = self._situation
        if all(said.kind is InboundKind.DELETE for said in situation.said):
            return self._silent(Outcome.IGNORED, "deleted")
        if situation.blocked:
            return self._silent(Outcome.BLOCKED, "blocked_by_staff")
        if not situation.ownership.bot_may_speak:
            return self._silent(Outcome.RELAYED, PERSON_OWNS)
        match self._main.kind:
            case InboundKind.COMMAND if self._reading.asks:
                if (entry := named(self._reading.text, self._knowledge)) is not None:
                    return self._entry(entry, rule="command")
            case InboundKind.COMMAND:
                return self._command(self._main.command)
            case InboundKind.BUTTON:
                return self._button(self._main.command)
        told = self._law() or feedback.heard(self._reading, situation, self._main.kind, self._base, self._now)
        answer = told or self._answer(assent(self._reading.text))
        if answer is not None:
            return answer
        heard = self._reading.understanding
        if self._reading.failed:
            return self._hand_off(Reason.NOT_UNDERSTOOD, rule="engine_failed")
        if heard is None or not heard.content:
            return self._no_words(heard)
        return self._understood(heard)

    # -- commands and buttons

    def _command(self, command: str) -> Decision:
        found = law.command(command, self._main.text, self._base, self._situation, self._now)
        if found is not None:
            return found
        match command:
            case "human":
                return self._hand_off(Reason.ASKED, rule="command")
            case "start" if self._main.text == PERSON_PARAM:
                return self._hand_off(Reason.ASKED, rule="deep_link")
            case "start":
                return self._menu(Talk.WELCOME, rule="command")
            case "help":
                return self._menu(Talk.HELP, rule="command")
            case "suggestion":
                return feedback.suggest(self._main.text, self._base, self._now)
            case "faq":
                return self._asked()
        return self._menu(Talk.HELP, rule="unknown_command")

    def _asked(self) -> Decision:
        """/faq with an entry that was chosen, with a question, or with nothing."""
        chosen = self._main.text.strip()
        if chosen.startswith(PICK):
            entry = self._knowledge.entries.get(EntryId(chosen.removeprefix(PICK)))
            return self._entry(entry, rule="command") if entry else self._menu(Talk.STALE_BUTTON)
        heard = self._reading.understanding
        if self._reading.failed:
            return self._hand_off(Reason.NOT_UNDERSTOOD, rule="engine_failed")
        if heard is None or not heard.content:
            return self._menu(Talk.HELP, rule="command")
        return self._understood(heard)

    def _button(self, payload: str) -> Decision:
        found = law.button(payload, self._base, self._situation, self._now)
        if found is not None:
            return found
        if payload == PERSON:
            return self._hand_off(Reason.ASKED, rule="button")
        if payload == MENU:
            return self._menu(Talk.HELP, rule="button")
        if (told := feedback.pressed(payload, self._situation, self._base)) is not None:
            return told
        if payload.startswith(PICK):
            entry = self._knowledge.entries.get(EntryId(payload.removeprefix(PICK)))
            if entry is not None:
                return self._entry(entry, rule="button")
        return self._menu(Talk.STALE_BUTTON, rule="stale_button")

    # -- rights and minors

    def _law(self) -> Decision | None:
        text, situation = self._reading.text, self._situation
        if law.grown_up(text, situation, self._knowledge):
            self._base = replace(self._base, minor=False)
        elif law.hands_off_minor(text, situation, self._knowledge):
            return replace(self._hand_off(Reason.MINOR, rule="minor"), minor=True)
        return law.answer(text, self._base, situation, self._now) or law.minor(
            text, self._base, situation, self._knowledge
        )

    # -- yes and no

    def _answer(self, said: bool | None) -> Decision | None:
        """What a bare yes or no means after what was offered; None when it means nothing."""
        memory = self._situation.memory
        if said is None or self._situation.ownership.owner is Owner.QUEUE:
            return None
        if memory.last is Last.CLARIFY:
            if not said:
                return self._hand_off(Reason.NOT_UNDERSTOOD, rule="none_of_these")
            if len(memory.options) == 1 and (entry := self._knowledge.entries.get(memory.options[0])):
                return self._entry(entry, rule="accepted")
            return None
        if said and memory.person_offered:
            return self._hand_off(Reason.ASKED, rule="accepted")
        return None

    # -- no words

    def _no_words(self, heard: nlu.Understanding | None) -> Decision:
        kinds = [kind for said in self._situation.said for kind in said.attachments]
        telling = [kind for kind in kinds if kind is not AttachmentKind.STICKER]
        if not telling:
            return self._silent(Outcome.IGNORED, "no_words")
        if self._situation.ownership.owner is Owner.QUEUE:
            return self._silent(Outcome.RELAYED, "in_queue")
        if self._situation.wordless >= 1:
            return self._hand_off(Reason.FILE)
        talk = _WORDLESS.get(telling[0], Talk.WORDLESS)
        return replace(
            self._base,
            outcome=Outcome.CLARIFIED,
            rule="no_words",
            talk=talk,
            offer_person=True,
            wordless=self._situation.wordless + 1,
            memory=self._base.memory.talked(),
        )

    # -- words

    def _understood(self, heard: nlu.Understanding) -> Decision:
        picked = self._picked(self._reading.text)
        if picked is not None:
            return self._entry(picked, rule="picked")
        if heard.band is nlu.Band.SURE:
            if heard.intent == nlu.PERSON:
                return self._hand_off(Reason.ASKED)
            if heard.intent == nlu.COMPLAINT:
                return self._hand_off(Reason.COMPLAINT)
            if heard.intent == nlu.REPEAT:
                return self._repeat()
            if heard.intent in _TALKS:
                return self._small_talk(_TALKS[heard.intent])
            entry = self._knowledge.entries.get(EntryId(heard.intent))
            if entry is not None and entry.is_valid_on(self._today):
                return self._entry(entry)
        if self._situation.ownership.owner is Owner.QUEUE:
            return self._silent(Outcome.RELAYED, "in_queue")
        if self._situation.misses >= 1:
            return self._hand_off(Reason.NOT_UNDERSTOOD)
        if heard.band is not nlu.Band.NONE:
            options = self._options(heard)
            if options:
                return replace(
                    self._base,
                    outcome=Outcome.CLARIFIED,
                    talk=Talk.CLARIFY,
                    options=options,
                    offer_person=True,
                    misses=self._situation.misses + 1,
                    memory=self._base.memory.offered(options),
                )
        return replace(
            self._base,
            outcome=Outcome.CLARIFIED,
            rule="not_understood",
            talk=Talk.NOT_UNDERSTOOD,
            offer_person=True,
            misses=self._situation.misses + 1,
            memory=self._base.memory.talked(),
        )

    def _picked(self, text: str) -> Entry | None:
        """The option that a bare number names, right after options were shown."""
        memory = self._situation.memory
        word = text.strip().rstrip(".)").strip()
        if memory.options and len(word) == 1 and word.isascii() and word.isdigit():
            number = int(word)
            if 1 <= number <= len(memory.options):
                return self._knowledge.entries.get(memory.options[number - 1])
        return None

    def _options(self, heard: nlu.Understanding) -> tuple[EntryId, ...]:
        known = (self._knowledge.entries.get(EntryId(c.intent)) for c in heard.candidates)
        usable = (e.id for e in known if e is not None and self._may_answer(e))
        return tuple(dict.fromkeys(usable))[:OPTIONS]

    def _may_answer(self, entry: Entry) -> bool:
        return entry.is_valid_on(self._today) and entry.autonomy in (Autonomy.PRIVATE, Autonomy.PUBLIC)

    def _entry(self, entry: Entry, rule: str = "") -> Decision:
        if not entry.is_valid_on(self._today):
            return self._menu(Talk.STALE_BUTTON, rule="not_valid_today")
        if not self._may_answer(entry):
            return self._hand_off(Reason.ENTRY, rule=f"autonomy_{entry.autonomy}")
        if expired(entry, self._knowledge, self._today):
            return self._hand_off(Reason.FACT_EXPIRED)
        memory = self._situation.memory.answered(entry.id)
        if entry.person is Person.ALWAYS:
            told = self._hand_off(Reason.ENTRY, rule=rule)
            return replace(told, entry=entry.id, memory=memory, misses=0)
        return replace(
            self._base,
            outcome=Outcome.ANSWERED,
            rule=rule,
            entry=entry.id,
            offer_person=entry.person is Person.OFFER,
            misses=0,
            memory=memory,
        )

    def _repeat(self) -> Decision:
        memory = self._situation.memory
        entry = self._knowledge.entries.get(memory.entry) if memory.entry else None
        if entry is not None and memory.last is Last.ANSWER:
            again = self._entry(entry, rule="repeat")
            return replace(again, offer_person=not again.hands_off)
        return self._small(Talk.REPEAT_NOTHING, offer_person=True)

    def _small_talk(self, talk: Talk) -> Decision:
        if self._situation.ownership.owner is Owner.QUEUE and talk is Talk.GREETING:
            return self._small(Talk.STILL_IN_LINE)  # "hello?" asks whether anybody is there
        if self._situation.ownership.owner is Owner.QUEUE and talk is not Talk.ARE_YOU_A_BOT:
            return self._silent(Outcome.RELAYED, "in_queue")
        if talk is Talk.GREETING and self._situation.first_visit:
            return self._menu(Talk.WELCOME)
        return self._small(talk)

    def _small(self, talk: Talk, *, offer_person: bool = False) -> Decision:
        return replace(
            self._base,
            outcome=Outcome.SMALL_TALK,
            talk=talk,
            offer_person=offer_person,
            introduce=False,
            memory=self._base.memory.talked(),
        )

    def _menu(self, talk: Talk, rule: str = "") -> Decision:
        entries = (self._knowledge.entries.get(i) for i in self._knowledge.brand.menu)
        options = tuple(e.id for e in entries if e is not None and self._may_answer(e))
        return replace(
            self._base,
            outcome=Outcome.SMALL_TALK,
            rule=rule,
            talk=talk,
            options=options,
            offer_person=True,
            introduce=False,
            memory=self._base.memory.talked(options),
        )

    def _hand_off(self, reason: Reason, rule: str = "") -> Decision:
        if self._situation.case is not None and self._situation.ownership.owner is Owner.QUEUE:
            return replace(
                self._base,
                outcome=Outcome.HANDED_OFF,
                rule=rule or "still_in_line",
                talk=Talk.STILL_IN_LINE,
                introduce=False,
                misses=0,
            )
        return replace(
            self._base,
            outcome=Outcome.HANDED_OFF,
            rule=rule,
            reason=reason,
            misses=0,
            introduce=False,
            memory=_settled(self._base.memory),
        )

    def _silent(self, outcome: Outcome, rule: str) -> Decision:
        return replace(
            self._base, outcome=outcome, rule=rule, introduce=False, wordless=self._situation.wordless
        )


def _settled(memory: Memory) -> Memory:
    return replace(memory, options=())
