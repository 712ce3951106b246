"""Who speaks with whom in a public place, from who spoke when; it holds no words."""

from __future__ import annotations

import re
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.domain import Account, Inbound
from bot.knowledge.words import fold

TOGETHER = timedelta(seconds=60)
"""Two people who wrote within this time are talking."""
REMEMBERED = 20
"""Messages of a thread that are remembered."""
THREADS = 2_000
"""Threads that are remembered; the one heard last the longest."""

ThreadKey = tuple[Account, str, str]
"""Account, place and thread."""

_ASKS = re.compile(
    r"(?:^|\b(?:hola|hello|hi|hey|oi|ola|buenas|buenos dias|bom dia|consulta|duda|pregunta|question) )"
    r"(?:y |e |and |a |de |desde |hasta |para |por |en |con |em |no |na |com )?"
    r"(?:que|cual|cuales|cuanto|cuanta|cuantos|cuantas|como|cuando|donde|quien|quienes|adonde|"
    r"hay|puedo|se puede|pueden|tienen|venden|hacen|aceptan|saben|sabe|alguien sabe|alguno sabe|"
    r"necesito saber|quiero saber|quisiera saber|me gustaria saber|"
    r"what|whats|which|how|when|where|who|whose|why|can|could|do|does|is there|are there|"
    r"anyone know|anybody know|does anyone|any idea|"
    r"qual|quais|quanto|quanta|quantos|quantas|quando|onde|quem|posso|tem|voces|alguem sabe|queria saber)\b"
)


def asks(text: str) -> bool:
    """Whether a text is worded as a question in Spanish, English or Portuguese, with its marks or without."""
    return "?" in text or "¿" in text or _ASKS.search(fold(text[:400])) is not None


@dataclass(frozen=True, slots=True)
class Spoken:
    """One message of a thread; `at` is when it came to us.

    `asks`: it is a question; `of_people`: one that the bot has no answer to.
    """

    at: datetime
    sender: str
    message_id: str
    reply_to: str
    asks: bool
    of_people: bool


@dataclass(slots=True)
class _Thread:
    spoken: deque[Spoken] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    quiet_until: datetime | None = None


class Floor:
    """A short memory of each public thread."""

    def __init__(self) -> None:
        self._threads: OrderedDict[ThreadKey, _Thread] = OrderedDict()

    def note(self, event: Inbound, now: datetime, *, asks: bool = False, of_people: bool = False) -> None:
        """Somebody has spoken; a repeat of what is known changes nothing."""
        if event.sender is None or event.place is None:
            return
        spoken = self._thread(thread_of(event)).spoken
        if event.message_id and any(one.message_id == event.message_id for one in spoken):
            return
        spoken.append(
            Spoken(now, event.sender.external_id, event.message_id, event.reply_to, asks, of_people)
        )

    def hush(self, event: Inbound, until: datetime) -> None:
        """Staff has spoken in a thread: nothing unasked is said there until then."""
        self._thread(thread_of(event)).quiet_until = until

    def forget(self, account: Account, person: str) -> None:
        """Somebody has never spoken. May be called in a thread of its own: what is kept is swapped whole."""
        for (heard_by, _, _), thread in list(self._threads.items()):
            if heard_by == account:
                kept = [one for one in list(thread.spoken) if one.sender != person]
                thread.spoken = deque(kept, maxlen=REMEMBERED)

    def is_hushed(self, event: Inbound, now: datetime) -> bool:
        """Whether staff spoke lately where an event comes from."""
        until = self._thread(thread_of(event)).quiet_until
        return until is not None and now < until

    def others(self, event: Inbound, now: datetime, span: timedelta) -> set[str]:
        """Who else has spoken lately where an event comes from, by their ids."""
        assert event.sender is not None
        return {one.sender for one in self._recent(event, now, span)} - {event.sender.external_id}

    def is_exchange(self, event: Inbound, now: datetime) -> bool:
        """Whether an event, not noted yet, belongs to a talk between people.

        So it is when its sender spoke, somebody else then did, and all within a minute; when somebody has
        just replied to its sender; and when somebody has just asked people something, which it may answer.
        """
        assert event.sender is not None
        me = event.sender.external_id
        recent = [s for s in self._recent(event, now) if s.message_id != event.message_id]
        mine = {s.message_id for s in recent if s.sender == me}
        others_after_me = False
        spoke = False
        for one in recent:
            if one.sender == me:
                spoke = True
            elif spoke or one.reply_to in mine or self._is_mine(event, one.reply_to):
                others_after_me = True
        last = next((s for s in reversed(recent) if s.sender != me), None)
        return others_after_me or (last is not None and last.of_people)

    def answered(self, event: Inbound, now: datetime) -> bool:
        """Whether somebody else has answered what an event asked: by a reply, or by speaking right after it.

        What replies to a third message, or asks itself, is no answer.
        """
        assert event.sender is not None
        after = False
        for one in self._recent(event, now, span=TOGETHER * 6):
            if one.message_id == event.message_id:
                after = True
                continue
            if one.sender == event.sender.external_id:
                continue
            if one.reply_to == event.message_id:
                return True
            if after and not one.reply_to and not one.asks:
                return True
        return False

    def _is_mine(self, event: Inbound, message_id: str) -> bool:
        assert event.sender is not None
        return bool(message_id) and any(
            s.message_id == message_id and s.sender == event.sender.external_id
            for s in self._thread(thread_of(event)).spoken
        )

    def _recent(self, event: Inbound, now: datetime, span: timedelta = TOGETHER) -> list[Spoken]:
        return [s for s in self._thread(thread_of(event)).spoken if now - s.at <= span]

    def _thread(self, key: ThreadKey) -> _Thread:
        thread = self._threads.get(key)
        if thread is None:
            thread = self._threads[key] = _Thread()
            while len(self._threads) > THREADS:
                self._threads.popitem(last=False)
        else:
            self._threads.move_to_end(key)
        return thread


def thread_of(event: Inbound) -> ThreadKey:
    """The thread that an event of a public place belongs to."""
    assert event.place is not None
    return event.account, event.place.external_id, event.place.thread
