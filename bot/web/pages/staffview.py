"""How staff reads the values of a case: words instead of codes, times in the brand's zone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo

from markupsafe import Markup

from bot.catalogue import inert
from bot.catalogue.commands import spoken
from bot.channels.markup import web_html
from bot.domain import Author, Lang, OutboxState, Owner
from bot.handoff.desk import CaseSummary, Line
from bot.pipeline.model import PICK
from bot.store.sniffing import PICTURES

QUIET = frozenset({OutboxState.SENT, None})
"""What needs no word beside a message."""


@dataclass(frozen=True, slots=True)
class StaffView:
    """One person's view: their language, and the token that their forms carry."""

    lang: Lang
    texts: Mapping[str, str]
    timezone: tzinfo
    token: str
    me: str
    """The reader's own name, as colleagues see it."""
    title: Callable[[str, Lang], str]
    """The title of an entry, '' where it has none."""

    def word(self, kind: str, value: str) -> str:
        """The word for a state, a reason, a platform...; a value without one is shown as it is."""
        return self.texts.get(f"{kind}.{value}", value)

    def member(self, summary: CaseSummary) -> str:
        return self.name(summary.member)

    def name(self, name: str) -> str:
        """A member's name as one visible line."""
        return inert.name(name) or self.texts["visitor"]

    def last(self, summary: CaseSummary) -> str:
        """What the member said last."""
        return self.said(summary.last_command, summary.last_text)

    def said(self, command: str, text: str) -> str:
        """A member's words, with the command that they were said with as this reader knows it."""
        return inert.visible(spoken(command, text, self.lang) if command else text)

    def text(self, text: str) -> str:
        """A member's words without what turns the reading order or piles up over the lines around."""
        return inert.visible(text)

    def owner(self, summary: CaseSummary) -> str:
        if summary.owner is Owner.HUMAN:
            return self._named("owner.human", summary.staff)
        return self.word("owner", summary.owner.value)

    def author(self, line: Line) -> str:
        if line.note:
            return self.texts["note_by"].format(name=line.staff or self.texts["somebody"])
        if line.author is Author.STAFF:
            return self._named("author.staff", line.staff)
        return self.word("author", line.author.value)

    def body(self, line: Line) -> Markup:
        """A message's text: Markdown of our own is shown as such, anything else exactly as written."""
        if line.markdown and line.author is not Author.MEMBER:
            return Markup(web_html(line.text))  # noqa: S704  # web_html lets no markup of the text pass
        if line.tapped:
            label = line.text or self._choice(line.tapped)
            text = self.texts["tapped"].format(label=label) if label else self.texts["tapped_nameless"]
            return Markup("<p>{}</p>").format(inert.visible(text))
        return Markup("<p>{}</p>").format(self.said(line.command, line.text))

    def delivery(self, line: Line) -> str:
        """How far a send has come, where that is worth a word."""
        return "" if line.delivery in QUIET else self.word("delivery", str(line.delivery))

    def entry(self, entry: str) -> Markup:
        """An entry by its title, with its id for who looks closer."""
        title = self.title(entry, self.lang)
        return Markup('<span title="{}">{}</span>').format(entry, title) if title else Markup.escape(entry)

    def may_take(self, summary: CaseSummary) -> bool:
        """Whether taking the case changes anything: it does from a colleague, and from a closed case."""
        return summary.owner is not Owner.HUMAN or summary.staff != self.me

    def may_give(self, summary: CaseSummary) -> bool:
        """Whether there is anything to give back to the bot."""
        return summary.owner is not Owner.BOT

    def time(self, moment: datetime) -> Markup:
        local = moment.astimezone(self.timezone)
        month = self.texts["months"].split()[local.month - 1]
        return Markup('<time datetime="{}">{}</time>').format(
            moment.isoformat(timespec="seconds"), f"{local.day} {month}, {local:%H:%M}"
        )

    def is_picture(self, mime: str) -> bool:
        """Whether a file may be shown; its bytes are looked at when it is asked for."""
        return mime in PICTURES

    def file(self, name: str) -> str:
        return self.texts["file"].format(name=name or self.texts["file_nameless"])

    def flash(self, done: str, owner: str) -> str:
        """What became of the last action, '' if the address speaks of none."""
        text = self.texts.get(f"done.{done}", "") if done else ""
        return text.format(owner=owner or self.texts["somebody"]) if text else ""

    def _choice(self, payload: str) -> str:
        """What a button says that was never sent: one of the page's own, that opens an entry."""
        return self.title(payload.removeprefix(PICK), self.lang) if payload.startswith(PICK) else ""

    def _named(self, key: str, name: str | None) -> str:
        return self.texts[key].format(name=name) if name else self.texts[f"{key}_nameless"]
