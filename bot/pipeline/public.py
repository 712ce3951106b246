"""What to do about what is said in a public place: pure, like `decide`, and more careful than in private."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

from bot.conversation.ownership import PERSON_OWNS
from bot.conversation.situation import Said, Situation
from bot.domain import AttachmentKind, EntryId, InboundKind, Outcome, Platform
from bot.knowledge.community import Manners, ReplyIn
from bot.knowledge.model import Autonomy, Entry, Knowledge, Person
from bot.knowledge.template import facts_used
from bot.knowledge.words import fold
from bot.pipeline import law
from bot.pipeline.model import PERSON_PARAM, PICK, REMOVE, Decision, Job, Reading, Talk, question_param
from nlu import model as nlu

BAR = 0.85
"""Confidence from which an answer is given where others read along. On the demo's cases (`faq/tests`) 99 of
100 answers above it are right; in private 98."""
BAR_UNASKED = 0.9
"""The same where nobody called the bot: on those cases all answers above it are right, a quarter fewer."""
REMOVE_JOB = "remove"
"""A timer: somebody pressed the button that takes an answer away."""
INSTALL_JOB = "install"
"""A timer: somebody asked what the bot is allowed to do in a place."""
STAFF_COMMANDS = frozenset({"cases", "take", "note", "give_back", "close", "block", "unblock"})
"""Commands that mean something in the staff place only."""

_QUIET = frozenset({nlu.THANKS, nlu.GOODBYE})
_HUMAN = frozenset({nlu.PERSON, nlu.COMPLAINT})


def decide_in_public(
    situation: Situation,
    reading: Reading,
    knowledge: Knowledge,
    now: datetime,
    base: Decision,
    late: timedelta,
) -> Decision:
    """The one outcome of a turn in a public place; `base` is what every decision about it has in common.

    Nobody is handed off, asked back or chatted with here. What the bot is not quite sure of, or may say in
    private only, is left; whoever called the bot gets one line with a button into a private chat instead.
    """
    return _Square(situation, reading, knowledge, now, base, late).decision()


def expired(entry: Entry, knowledge: Knowledge, today: date) -> bool:
    """Whether an answer of the entry quotes a fact that is out of date."""
    used = {name for texts in entry.answers.values() for text in texts for name in facts_used(text.text)}
    ends = (knowledge.facts[name].expires for name in used if name in knowledge.facts)
    return any(end is not None and end < today for end in ends)


def named(text: str, knowledge: Knowledge) -> Entry | None:
    """The entry whose id or title somebody wrote after a command, if it is one."""
    if (entry := knowledge.entries.get(EntryId(text.strip().removeprefix(PICK)))) is not None:
        return entry
    wanted = fold(text)
    found = (e for e in knowledge.entries.values() if wanted in {fold(title) for title in e.titles.values()})
    return next(found, None) if wanted else None


class _Square:
    """One decision being made; lives for one call."""

    def __init__(
        self,
        situation: Situation,
        reading: Reading,
        knowledge: Knowledge,
        now: datetime,
        base: Decision,
        late: timedelta,
    ) -> None:
        self._situation, self._reading, self._knowledge, self._now = situation, reading, knowledge, now
        self._today: date = now.astimezone(knowledge.brand.timezone).date()
        self._main: Said = next(s for s in situation.said if s.id == reading.main)
        self._manners: Manners = knowledge.community.manners(
            situation.account.platform, situation.place, situation.former_place
        )
        self._late = all(now - s.sent_at > late for s in situation.said)
        lang = base.lang
        heard = reading.understanding
        if self._manners.lang is not None and (heard is None or heard.lang_confidence < 0.6):
            lang = self._manners.lang
        self._base = replace(base, lang=lang, late=False, introduce=False, angry=False)

    def decision(self) -> Decision:
        situation = self._situation
        if all(said.kind is InboundKind.DELETE for said in situation.said):
            return self._leave("deleted")
        if situation.blocked:
            return self._leave("blocked_by_staff", Outcome.BLOCKED)
        if self._main.kind is InboundKind.BUTTON:
            return self._button(self._main)
        if not situation.ownership.bot_may_speak:
            return self._leave(PERSON_OWNS, Outcome.RELAYED)
        if self._late:
            return self._leave("late")
        if self._main.kind is InboundKind.COMMAND:
            return self._command(self._main.command)
        return self._words()

    def _button(self, said: Said) -> Decision:
        """Only answers' own button is heard here; `external_id` is the message below which it stands."""
        if said.command != REMOVE:
            return self._leave("stale_button")
        job = Job(REMOVE_JOB, {"message": said.external_id})
        return replace(self._leave("remove_button"), jobs=(job,))

    def _command(self, command: str) -> Decision:
        of_law = law.command(command, self._main.text, self._base, self._situation, self._now)
        if of_law is not None:
            return replace(of_law, replies_to=self._main.external_id)
        match command:
            case "install":
                said = replace(self._base, outcome=Outcome.SMALL_TALK, rule="command")
                return replace(said, jobs=(Job(INSTALL_JOB, {"message": self._main.external_id}),))
            case "help" | "start":
                return self._aside(Talk.PUBLIC_HELP, "command", "", Outcome.SMALL_TALK)
            case "human":
                return self._aside(Talk.PUBLIC_PERSON, "command", PERSON_PARAM)
            case "faq" if (entry := named(self._main.text, self._knowledge)) is not None:
                return self._entry(entry)
            case "faq" if self._reading.understanding is not None:
                return self._words()
            case "faq":
                return self._aside(Talk.PUBLIC_HELP, "command", "", Outcome.SMALL_TALK)
            case _ if command in STAFF_COMMANDS:
                return self._leave("staff_command")
        return self._aside(Talk.PUBLIC_PRIVATELY, "command", question_param(self._main.id))

    def _words(self) -> Decision:
        heard = self._reading.understanding
        if self._reading.failed:
            return self._privately("engine_failed")
        if heard is None or not heard.content:
            kinds = {kind for said in self._situation.said for kind in said.attachments}
            if not self._situation.asked or (kinds and kinds <= {AttachmentKind.STICKER}):
                return self._leave("no_words")
            return self._aside(Talk.PUBLIC_HELP, "no_words", "", Outcome.SMALL_TALK)
        if heard.band is nlu.Band.SURE:
            if heard.intent in _HUMAN:
                return self._aside(Talk.PUBLIC_PERSON, "person_in_public", PERSON_PARAM)
            if heard.intent in _QUIET:
                return self._leave("no_small_talk")
            if heard.intent in nlu.SYSTEM_INTENTS:
                return self._aside(Talk.PUBLIC_HELP, "no_small_talk", "", Outcome.SMALL_TALK)
            entry = self._knowledge.entries.get(EntryId(heard.intent))
            bar = BAR if self._situation.asked else BAR_UNASKED
            if entry is not None and entry.is_valid_on(self._today) and heard.confidence >= bar:
                return self._entry(entry)
        return self._privately("below_public_bar")

    def _entry(self, entry: Entry) -> Decision:
        asked = self._situation.asked
        heard = self._reading.understanding
        if entry.autonomy is not Autonomy.PUBLIC:
            return self._privately(f"autonomy_{entry.autonomy}")
        if not entry.is_valid_on(self._today):
            return self._privately("not_valid_today")
        if entry.person is Person.ALWAYS:
            return self._privately("entry_needs_person")
        if expired(entry, self._knowledge, self._today):
            return self._privately("fact_expired")
        if heard is not None and heard.angry:
            return self._aside(Talk.PUBLIC_PERSON, "angry", PERSON_PARAM)
        if not asked and not self._manners.mode.answers_unasked:
            return self._leave("not_asked")
        if not asked and self._is_recent(entry.id):
            return self._leave("cooldown")
        own_thread = (
            self._manners.reply_in is ReplyIn.THREAD
            and self._situation.account.platform is Platform.DISCORD
            and not self._situation.place.thread
        )
        return replace(
            self._base,
            outcome=Outcome.ANSWERED,
            entry=entry.id,
            private=PERSON_PARAM if entry.person is Person.OFFER and not self._situation.anonymous else None,
            replies_to=self._main.external_id,
            own_thread=own_thread,
            misses=0,
            memory=self._situation.memory.answered(entry.id),
        )

    def _is_recent(self, entry: EntryId) -> bool:
        at = self._situation.lately.get(entry)
        return at is not None and self._now - at < timedelta(minutes=self._manners.cooldown)

    def _privately(self, rule: str) -> Decision:
        return self._aside(Talk.PUBLIC_PRIVATELY, rule, question_param(self._main.id))

    def _aside(self, talk: Talk, rule: str, param: str, outcome: Outcome = Outcome.CLARIFIED) -> Decision:
        """One line with a button into a private chat, to whoever called the bot and could use it."""
        if not self._situation.asked:
            return self._leave(rule)
        if self._situation.anonymous:
            return self._leave("anonymous")
        return replace(
            self._base,
            outcome=outcome,
            rule=rule,
            talk=talk,
            private=param,
            replies_to=self._main.external_id,
            memory=self._situation.memory.talked(),
        )

    def _leave(self, rule: str, outcome: Outcome = Outcome.IGNORED) -> Decision:
        return replace(self._base, outcome=outcome, rule=rule, wordless=self._situation.wordless)
