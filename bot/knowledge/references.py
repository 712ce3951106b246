"""What the files say of each other: names that must exist, and things that may stand only once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date

from bot.catalogue.catalogue import Catalogue, problems
from bot.domain import EN, ES, Lang
from bot.errors import Position
from bot.knowledge.faqfile import EntryDraft, FactDraft, LanguageForm, TopicDraft
from bot.knowledge.model import Case, Text
from bot.knowledge.node import Pair
from bot.knowledge.problem import Problem
from bot.knowledge.rules import problem
from bot.knowledge.template import facts_used
from bot.knowledge.words import as_in, fold, nearest

MANY = 3
"""Entries without a language that are told of in one line: who adds a language translates one by one."""


def check_ids(topics: Iterable[TopicDraft]) -> Iterator[Problem]:
    """An entry's id stands once in all files."""
    seen: dict[str, Position] = {}
    for topic in topics:
        for pair in topic.ids:
            if pair.key in seen:
                yield problem("entrada-repetida", pair.at, id=pair.key, other=_place(seen[pair.key]))
            else:
                seen[pair.key] = pair.at


def check_entry_names(names: Iterable[Text], ids: frozenset[str]) -> Iterator[Problem]:
    """Names that have to be ids of entries."""
    for name in names:
        if name.text not in ids:
            yield problem("entrada-desconocida", name.at, id=name.text, near=nearest(name.text, ids))


def check_team(team: Text | None, ids: frozenset[str]) -> Iterator[Problem]:
    """A name that has to be a team's id."""
    if team is not None and team.text not in ids:
        yield problem("equipo-desconocido", team.at, id=team.text, near=nearest(team.text, ids))


def check_own_name(entry: EntryDraft) -> Iterator[Problem]:
    """An entry isn't its own relation."""
    for name in entry.form.related:
        if name.text == entry.id:
            yield problem("relacionada-propia", name.at)


def check_questions(entries: Iterable[EntryDraft], first: Lang) -> Iterator[Problem]:
    """A question stands once in each language."""
    seen: dict[tuple[Lang, str], tuple[str, Position]] = {}
    for entry in entries:
        for lang, questions in _questions(entry, first):
            for question in questions:
                key = (lang, fold(question.text))
                if not key[1]:
                    continue
                other = seen.setdefault(key, (entry.id, question.at))
                if other[0] != entry.id:
                    yield problem("pregunta-repetida", question.at, entry=other[0], other=_place(other[1]))
                elif other[1] != question.at:
                    yield problem("pregunta-doble", question.at, line=str(other[1].line))


def check_notes(entries: Iterable[EntryDraft], first: Lang) -> Iterator[Problem]:
    """A line with # among the questions was likely meant as a note."""
    for entry in entries:
        for _, questions in _questions(entry, first):
            for question in questions:
                if question.text.startswith("#"):
                    yield problem("nota-en-texto", question.at, word="questions")


def check_titles(entries: Iterable[EntryDraft], first: Lang) -> Iterator[Problem]:
    """Two buttons with the same words can't be told apart."""
    seen: dict[tuple[Lang, str], tuple[str, Position]] = {}
    for entry in entries:
        titles = {first: entry.form.title} | {lang: block.title for lang, block in entry.blocks.items()}
        for lang, title in titles.items():
            if title is None:
                continue
            entry_id, at = seen.setdefault((lang, fold(title.text)), (entry.id, title.at))
            if entry_id != entry.id:
                yield problem("titulo-repetido", title.at, entry=entry_id, other=_place(at))


def check_languages(entry: EntryDraft, languages: tuple[Lang, ...]) -> Iterator[Problem]:
    """An entry's blocks are of the brand's further languages, and each is whole."""
    yield from check_blocks(entry.block_places, languages)
    for lang in languages[1:]:
        block = entry.blocks.get(lang)
        missing = list(_missing(entry, block)) if block is not None else []
        if missing and not entry.damaged:
            yield _lacks(entry, lang, missing, entry.block_places[lang])


def check_blocks_there(
    entries: Iterable[EntryDraft], languages: tuple[Lang, ...], at: Position
) -> Iterator[Problem]:
    """An entry has a block for each further language; where many have none, one line at `at` says so."""
    whole = [entry for entry in entries if not entry.damaged]
    for lang in languages[1:]:
        lacking = [entry for entry in whole if lang not in entry.block_places]
        if len(lacking) < MANY:
            for entry in lacking:
                yield _lacks(entry, lang, ["title", "questions", "answer"], entry.at)
            continue
        names = ", ".join(entry.id for entry in lacking[:MANY]) + ("…" if len(lacking) > MANY else "")
        yield problem(
            "faltan-traducciones", at, lang=lang, count=str(len(lacking)), total=str(len(whole)), names=names
        )


def check_blocks(places: Mapping[Lang, Position], languages: tuple[Lang, ...]) -> Iterator[Problem]:
    """A block of the first language or of an unknown one is a mistake."""
    for lang, at in places.items():
        if lang == languages[0]:
            yield problem("idioma-base", at, lang=lang)
        elif lang not in languages:
            yield problem("idioma-de-mas", at, lang=lang)


def check_facts_between_languages(entry: EntryDraft, first: Lang) -> Iterator[Problem]:
    """A translation that quotes other facts has most likely one typed in by hand."""
    own = _facts(entry.form.wordings())
    for lang, block in entry.blocks.items():
        if block.wordings() and (names := own ^ _facts(block.wordings())):
            at = block.wordings()[0].at
            yield problem("hechos-entre-idiomas", at, lang=lang, first=first, names=", ".join(sorted(names)))


def check_fact_uses(
    facts: Iterable[FactDraft], entries: Iterable[EntryDraft], today: date
) -> Iterator[Problem]:
    """A fact that expired, with the entries that quote it; and a fact that nothing quotes."""
    users: dict[str, list[str]] = {}
    for entry in entries:
        wordings = [
            *entry.form.wordings(),
            *(text for block in entry.blocks.values() for text in block.wordings()),
        ]
        for name in _facts(wordings):
            users.setdefault(name, []).append(f"{entry.id} ({_place(wordings[0].at)})")
    for fact in facts:
        used = users.get(fact.name, [])
        if fact.expires is not None and fact.expires < today:
            yield problem(
                "hecho-vencido", fact.at, name=fact.name, day=str(fact.expires), used=", ".join(used)
            )
        if not used:
            yield problem("hecho-sin-uso", fact.at, name=fact.name)


def check_cases(
    cases: Iterable[tuple[Pair, Case]], ids: frozenset[str], entries: Iterable[EntryDraft], first: Lang
) -> Iterator[Problem]:
    """A case names an entry or an outcome, contradicts no other, and is no copy of a question."""
    questions: dict[str, Position] = {}
    for entry in entries:
        for _, texts in _questions(entry, first):
            for text in texts:
                questions.setdefault(fold(text.text), text.at)
    seen: dict[str, Case] = {}
    unknown: set[Position] = set()
    for pair, case in cases:
        if case.expected not in ids and pair.at not in unknown:
            unknown.add(pair.at)
            yield problem("entrada-desconocida", pair.at, id=pair.key, near=nearest(pair.key, ids))
        key = fold(case.text)
        if not key:
            continue
        other = seen.setdefault(key, case)
        if other.expected != case.expected:
            place = _place(other.at)
            yield problem("caso-contradictorio", case.at, expected=other.expected, other=place)
        if key in questions:
            yield problem("caso-copiado", case.at, other=_place(questions[key]))


def check_overrides(overrides: Iterable[tuple[Pair, Mapping[Lang, tuple[Text, ...]]]]) -> Iterator[Problem]:
    """What the catalogue finds wrong with the brand's own wordings of its texts, in its words."""
    by_key = {pair.key: (pair, texts) for pair, texts in overrides}
    if not by_key:
        return
    plain = {
        key: {lang: tuple(text.text for text in wordings) for lang, wordings in texts.items()}
        for key, (_, texts) in by_key.items()
    }
    catalogue = Catalogue.load()
    for found in problems(plain):
        pair, texts = by_key[found.key]
        at = pair.at if found.lang is None or found.wording is None else texts[found.lang][found.wording].at
        yield problem("texto-propio", at, es=catalogue.explain(found, ES), en=catalogue.explain(found, EN))


def check_dates(entry: EntryDraft, today: date) -> Iterator[Problem]:
    """An entry whose last day is past only takes up room."""
    valid = entry.form.valid
    if valid is not None and valid.until is not None and valid.until < today:
        yield problem("entrada-vencida", entry.at, day=str(valid.until))


def _lacks(entry: EntryDraft, lang: Lang, words: Iterable[str], at: Position) -> Problem:
    listed = ", ".join(as_in(entry.words, word) for word in words)
    return problem("falta-traduccion", at, of=entry.id, lang=lang, words=listed)


def _missing(entry: EntryDraft, block: LanguageForm) -> Iterator[str]:
    """What an entry lacks in one further language."""
    if block.title is None:
        yield "title"
    if not block.questions:
        yield "questions"
    if not block.wordings():
        yield "answer"
    if entry.form.image is not None and block.alt is None and block.image is None:
        yield "image: alt"


def _questions(entry: EntryDraft, first: Lang) -> list[tuple[Lang, tuple[Text, ...]]]:
    return [(first, entry.form.questions), *((lang, block.questions) for lang, block in entry.blocks.items())]


def _facts(wordings: Iterable[Text]) -> frozenset[str]:
    return frozenset(name for wording in wordings for name in facts_used(wording.text))


def _place(at: Position) -> str:
    return f"{at.path}:{at.line}"
