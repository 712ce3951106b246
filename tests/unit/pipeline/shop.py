"""A small shop and ways to say something in it, for tests of the corridor's pure stations."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from bot.catalogue.catalogue import Catalogue
from bot.conversation.hours import Hours
from bot.conversation.ownership import Ownership
from bot.conversation.situation import Asked, Memory, Said, Situation
from bot.domain import (
    EN,
    ES,
    Account,
    AttachmentKind,
    ContactId,
    ConversationId,
    EntryId,
    InboundKind,
    KnowledgeVersion,
    MessageId,
    PlaceKind,
    PlaceRef,
    Platform,
)
from bot.errors import Position
from bot.knowledge.model import (
    Autonomy,
    Brand,
    Entry,
    Fact,
    Knowledge,
    Person,
    Span,
    Staff,
    Team,
    Text,
    Voice,
)
from bot.pipeline.model import Reading
from bot.pipeline.phrase import Voice as BrandVoice
from nlu.model import Band, Candidate, Understanding

NOON = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
"""A Monday, 12:00 in Santiago: the shop is open."""
NIGHT = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
ZONE = ZoneInfo("America/Santiago")
_AT = Position("faq/tienda.yml", 7, 5)


def entry(name: str, *answers: str, **given: Any) -> Entry:
    """An entry with Spanish wordings."""
    texts = answers or (f"Esto es {name}.",)
    return Entry(
        EntryId(name),
        topic="tienda",
        team=given.pop("team", "ventas"),
        at=_AT,
        titles={ES: name.capitalize(), EN: f"About {name}"},
        questions={ES: (Text(f"que hay de {name}", _AT),)},
        answers={ES: tuple(Text(text, _AT) for text in texts)} | given.pop("more", {}),
        **given,
    )


def knowledge(*further: Entry, **brand: Any) -> Knowledge:
    """A shop with shipping in two wordings and one fact, a case for a person, and a few special entries."""
    entries = (
        entry(
            "envio",
            "Cuesta {{ envio.precio }}, {{ name }}.",
            "Sale {{ envio.precio }}.",
            more={EN: (Text("It is {{ envio.precio }}.", _AT),)},
        ),
        entry("pago"),
        entry("cambio", person=Person.OFFER),
        entry("roto", "Lo sentimos mucho.", person=Person.ALWAYS, team="bodega"),
        entry("secreto", autonomy=Autonomy.OFF),
        entry("verano", valid_until=date(2026, 1, 31)),
        entry("vencido", "Vale {{ viejo }}."),
        *further,
    )
    facts = (
        Fact("envio.precio", {ES: "$3.990", EN: "3,990 pesos"}, "ventas", _AT),
        Fact("viejo", {ES: "$1"}, "ventas", _AT, expires=date(2026, 11, 1)),
    )
    week = tuple((Span(time(9), time(18)),) if day < 5 else () for day in range(7))
    return Knowledge(
        version=KnowledgeVersion("0123456789ab"),
        root=Path(),
        brand=Brand(
            name="Tienda",
            about={ES: "Vendemos cosas.", EN: "We sell things."},
            languages=(ES, EN),
            timezone=ZONE,
            voice=Voice(assistant="Robi"),
            menu=(EntryId("envio"), EntryId("pago"), EntryId("secreto")),
            **brand,
        ),
        staff=Staff({}, {"ventas": Team("ventas", {ES: "Ventas"}, ())}, week),
        topics={"tienda": {ES: "Tienda"}},
        entries={e.id: e for e in entries},
        facts={f.name: f for f in facts},
    )


def voice(known: Knowledge | None = None) -> BrandVoice:
    """The shop's voice, with its hours."""
    known = known or knowledge()
    week = tuple(tuple((s.start, s.end) for s in day) for day in known.staff.hours)
    return BrandVoice(known, Catalogue.load(), Hours(week, ZONE))


def said(text: str = "", *, number: int = 1, at: datetime = NOON, **given: Any) -> Said:
    """One message; `files` are the kinds of its attachments."""
    files: tuple[AttachmentKind, ...] = given.pop("files", ())
    kind = given.pop("kind", InboundKind.MESSAGE)
    return Said(MessageId(number), kind, text, sent_at=at, stored_at=at, attachments=files, **given)


def command(name: str) -> Said:
    """A command by its canonical name."""
    return said(kind=InboundKind.COMMAND, command=name)


def tap(payload: str) -> Said:
    """A button."""
    return said(kind=InboundKind.BUTTON, command=payload)


def situation(*messages: Said, **given: Any) -> Situation:
    """A conversation of somebody who was here before."""
    base = Situation(
        conversation=ConversationId(1),
        contact=ContactId(1),
        version=1,
        ownership=Ownership(),
        account=Account(Platform.TELEGRAM, "1"),
        place=PlaceRef("5", PlaceKind.PRIVATE),
        name="ana maría",
        case=None,
        lang=ES,
        misses=0,
        wordless=0,
        first_visit=False,
        blocked=False,
        memory=Memory(asked=Asked(MessageId(0), EntryId("envio"), (), NOON, open=False)),
        said=messages or (said("hola"),),
    )
    return replace(base, **given)


def heard(intent: str, band: Band = Band.SURE, **given: Any) -> Understanding:
    """What the engine made of a text; `near` are further candidates."""
    near = given.pop("near", ())
    faq = () if intent.startswith("_") else (intent,)
    candidates = tuple(Candidate(name, 0.9 - 0.1 * i) for i, name in enumerate((*faq, *near)))
    defaults = {"text": intent, "confidence": 0.9, "lang": "es", "lang_confidence": 0.9}
    return Understanding(intent=intent, band=band, candidates=candidates, **(defaults | given))


def reading(understanding: Understanding | None, of: Situation, text: str = "") -> Reading:
    """The reading of a situation whose last message is the one that matters."""
    return Reading(of.said[-1].id, text, understanding)


def later(**span: float) -> datetime:
    """Noon and a while."""
    return NOON + timedelta(**span)
