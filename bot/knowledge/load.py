"""`faq/` and `config/` to one checked `Knowledge`, or to everything that keeps them from being one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from types import MappingProxyType

from bot.domain import ES, EntryId, KnowledgeVersion, Lang
from bot.errors import KnowledgeError, Position
from bot.knowledge.answers import KnownFacts, check_no_braces, check_wordings
from bot.knowledge.community import Community
from bot.knowledge.communityfile import community
from bot.knowledge.configfile import BrandDraft, StaffDraft, brand_draft, overrides, staff_draft
from bot.knowledge.faqfile import (
    EntryDraft,
    FactDraft,
    TopicDraft,
    cases,
    fact_drafts,
    fact_model,
    topic_draft,
)
from bot.knowledge.files import BRAND, PRIVACY, TEAM, Use, sources, version
from bot.knowledge.form import as_id
from bot.knowledge.model import Brand, Case, Entry, Image, Knowledge, Privacy, Text
from bot.knowledge.node import Mapping as Tree
from bot.knowledge.node import Pair
from bot.knowledge.pictures import Picture, look_up
from bot.knowledge.privacyfile import privacy
from bot.knowledge.problem import Problem
from bot.knowledge.read import read
from bot.knowledge.references import (
    check_blocks,
    check_blocks_there,
    check_cases,
    check_dates,
    check_entry_names,
    check_fact_uses,
    check_facts_between_languages,
    check_ids,
    check_languages,
    check_notes,
    check_overrides,
    check_own_name,
    check_questions,
    check_team,
    check_titles,
)
from bot.knowledge.rules import problem
from nlu.model import NOTHING, SYSTEM_INTENTS


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found. `knowledge` is None when any problem is an error; warnings don't hinder.

    `version` is the content hash of what was read, also when it did not pass.
    """

    knowledge: Knowledge | None
    problems: tuple[Problem, ...]
    version: KnowledgeVersion


def check(
    root: Path,
    *,
    today: date | None = None,
    overlay: Mapping[str, bytes] = MappingProxyType({}),
) -> Checked:
    """Read and check all files below `root`; never raises for what stands in them.

    `today`: the day for what expires, by default the current one in the brand's time zone. `overlay`:
    contents by relative path that stand for those on the disk, to try a change before it is saved.
    """
    return _Reading(root, overlay).checked(today)


def load(root: Path, *, today: date | None = None) -> Knowledge:
    """The knowledge below `root`; raises Refused with all problems when it has errors."""
    checked = check(root, today=today)
    if checked.knowledge is None:
        raise refusal(checked.problems)
    return checked.knowledge


class Refused(KnowledgeError):
    """Files or a change to them that did not pass; `problems` says why, in any language."""

    def __init__(self, problems: tuple[Problem, ...], what: str, *, remedy: str, where: str) -> None:
        super().__init__(what, remedy=remedy, where=where)
        self.problems = problems


def refusal(problems: tuple[Problem, ...], lang: str = "es") -> Refused:
    """The error that tells of all problems that keep files from being used."""
    errors = [problem for problem in problems if problem.level == "error"]
    what = {"es": "los archivos tienen errores"}.get(lang, "the files have errors")
    where = str(errors[0].at) if errors else ""
    return Refused(problems, what, where=where, remedy="\n".join(error.render(lang) for error in errors))


_LOSSES = frozenset({"no-se-lee", "extension", "carpeta"})
"""Rules whose break means that a whole file's entries are not known."""


def _causes(problems: list[Problem]) -> list[Problem]:
    """Leave out what was found in files in another encoding: it may go once they are saved anew."""
    garbled = {problem.at.path for problem in problems if problem.rule.id == "codificacion"}
    return [one for one in problems if one.rule.id == "codificacion" or one.at.path not in garbled]


@dataclass(slots=True)
class _Drafts:
    """What the files say, one by one."""

    brand: BrandDraft | None = None
    staff: StaffDraft | None = None
    facts: list[FactDraft] = field(default_factory=list)
    facts_are_whole: bool = True
    topics: list[TopicDraft] = field(default_factory=list)
    cases: list[tuple[Pair, Case]] = field(default_factory=list)
    texts: list[tuple[Pair, Mapping[Lang, tuple[Text, ...]]]] = field(default_factory=list)
    privacy: Privacy | None = None
    community: Community = field(default_factory=Community)


class _Reading:
    """One check of all files."""

    def __init__(self, root: Path, overlay: Mapping[str, bytes]) -> None:
        self.root = root
        self.sources, self.problems = sources(root, overlay)
        self.trees: dict[str, Tree] = {}
        self.pictures: dict[str, Picture] = {}
        self.drafts = _Drafts()

    def checked(self, today: date | None) -> Checked:
        for source in self.sources:
            found = read(source.path, source.content, every_word_has_text=source.use is Use.CASES)
            self.problems += found.problems
            self.trees[source.path] = found.tree
        self.fill()
        if today is None:
            zone = self.drafts.brand.form.timezone if self.drafts.brand else UTC
            today = datetime.now(zone).date()
        self.compare(today)
        self.problems = _causes(self.problems)
        files = [(source.path, source.content) for source in self.sources]
        files += [(picture.path, picture.content) for picture in self.pictures.values()]
        content = version(files)
        knowledge = None
        if not any(problem.level == "error" for problem in self.problems):
            knowledge = self.assemble(content)
        return Checked(knowledge, tuple(sorted(set_of(self.problems), key=Problem.sort_key)), content)

    def fill(self) -> None:
        """Read each file by its form."""
        drafts = self.drafts
        present = {source.path for source in self.sources}
        self.problems += [
            problem("falta-archivo", Position(path)) for path in (BRAND, TEAM) if path not in present
        ]
        if BRAND in present:
            drafts.brand, found = brand_draft(BRAND, self.trees[BRAND])
            self.problems += found
        first = self.languages()[0]
        for source in self.sources:
            tree = self.trees[source.path]
            match source.use:
                case Use.TEAM:
                    drafts.staff, found = staff_draft(TEAM, tree, first)
                case Use.FACTS:
                    drafts.facts, found = fact_drafts(tree)
                    drafts.facts_are_whole = not tree.damaged and len(drafts.facts) == len(tree.pairs)
                case Use.TOPIC:
                    stem = source.path.removeprefix("faq/").removesuffix(".yml")
                    topic, found = topic_draft(source.path, stem, tree, first)
                    drafts.topics.append(topic)
                case Use.CASES:
                    listed, found = cases(tree)
                    drafts.cases += listed
                case Use.TEXTS:
                    drafts.texts, found = overrides(tree)
                case Use.COMMUNITY:
                    drafts.community, found = community(source.path, tree)
                case Use.PRIVACY:
                    drafts.privacy, found = privacy(PRIVACY, tree)
                case _:
                    continue
            self.problems += found
        if not drafts.topics:
            self.problems.append(problem("sin-temas", Position("faq/")))

    def languages(self) -> tuple[Lang, ...]:
        """The brand's languages; Spanish while they aren't known."""
        return self.drafts.brand.form.languages if self.drafts.brand else (ES,)

    def entries(self) -> list[EntryDraft]:
        return [entry for topic in self.drafts.topics for entry in topic.entries]

    def compare(self, today: date) -> None:
        """Hold what the files say against each other."""
        drafts, entries, first = self.drafts, self.entries(), self.languages()[0]
        facts = KnownFacts(
            {fact.name: fact_model(fact, first).values for fact in drafts.facts}, drafts.facts_are_whole
        )
        for entry in entries:
            if not entry.damaged:
                self.compare_entry(entry, facts, today)
        if drafts.brand is not None:
            spoken = self.trees[BRAND].get("languages", "idiomas")
            at = spoken.at if spoken is not None else Position(BRAND)
            self.problems += check_blocks_there(entries, self.languages(), at)
        self.problems += check_ids(drafts.topics)
        self.problems += check_questions(entries, first)
        self.problems += check_notes(entries, first)
        self.problems += check_titles(entries, first)
        lost = sum(len(topic.ids) for topic in drafts.topics) > len(entries)
        if drafts.facts_are_whole and self.is_whole() and not lost and not any(e.damaged for e in entries):
            self.problems += check_fact_uses(drafts.facts, entries, today)
        for fact in drafts.facts:
            for text in (fact.value, *fact.values.values()):
                self.problems += check_no_braces(text, fact.name)
        self.compare_names(entries, first)
        self.compare_brand()
        self.problems += check_overrides(drafts.texts)

    def is_whole(self) -> bool:
        """Whether all topics could be read, so that what isn't there is really missing."""
        topics = self.drafts.topics
        read = all(topic.is_whole for topic in topics)
        return bool(topics) and read and not any(problem.rule.id in _LOSSES for problem in self.problems)

    def compare_entry(self, entry: EntryDraft, facts: KnownFacts, today: date) -> None:
        languages = self.languages()
        first, form = languages[0], entry.form
        before = len(self.problems)
        self.problems += check_wordings(form.wordings(), facts, first, first)
        self.problems += check_no_braces(form.title, "title")
        for lang, block in entry.blocks.items():
            self.problems += check_wordings(block.wordings(), facts, lang, first)
            if block.title is not None:
                self.problems += check_no_braces(block.title, "title")
        for questions in (form.questions, *(block.questions for block in entry.blocks.values())):
            for question in questions:
                self.problems += check_no_braces(question, "questions")
        if self.drafts.brand is not None:
            self.problems += check_languages(entry, languages)
        if not any(problem.level == "error" for problem in self.problems[before:]):
            self.problems += check_facts_between_languages(entry, first)
        self.problems += check_own_name(entry)
        self.problems += check_dates(entry, today)
        if form.image is not None:
            found = look_up(self.root, form.image.file)
            if isinstance(found, Picture):
                self.pictures[entry.id] = found
            else:
                self.problems.append(found)

    def compare_names(self, entries: list[EntryDraft], first: Lang) -> None:
        drafts = self.drafts
        if drafts.staff is not None and drafts.staff.is_whole:
            teams = drafts.staff.team_ids
            for team in (
                *(topic.team for topic in drafts.topics),
                *(entry.form.team for entry in entries),
                *(fact.team for fact in drafts.facts),
            ):
                self.problems += check_team(team, teams)
        written = {pair.key for topic in drafts.topics for pair in topic.ids}
        ids = frozenset(written | {as_id(name) or name for name in written})
        if not self.is_whole():
            return
        for entry in entries:
            self.problems += check_entry_names(entry.form.related, ids)
        if drafts.brand is not None:
            self.problems += check_entry_names(drafts.brand.form.menu, ids)
        outcomes = SYSTEM_INTENTS | {NOTHING}
        self.problems += check_cases(drafts.cases, ids | outcomes, entries, first)

    def compare_brand(self) -> None:
        if (brand := self.drafts.brand) is None:
            return
        languages = self.languages()
        places = {Lang(block.key): block.at for block in brand.blocks}
        self.problems += check_blocks(places, languages)
        for lang in languages[1:]:
            if lang not in places:
                at = Position(BRAND)
                self.problems.append(
                    problem("falta-traduccion", at, of="brand.yml", lang=lang, words="about")
                )

    def assemble(self, content: KnowledgeVersion) -> Knowledge:
        """The knowledge that passed."""
        drafts, first = self.drafts, self.languages()[0]
        if drafts.brand is None or drafts.staff is None or drafts.staff.staff is None:
            raise AssertionError("files without errors have a brand and a staff")
        form = drafts.brand.form
        brand = Brand(
            name=form.name.text,
            about=drafts.brand.about,
            languages=form.languages,
            timezone=form.timezone,
            voice=form.voice.voice(),
            menu=tuple(EntryId(name.text) for name in form.menu),
            fictitious=form.fictitious,
            publish=form.publish,
        )
        teams = {topic.id: topic.team.text for topic in drafts.topics if topic.team}
        return Knowledge(
            version=content,
            root=self.root,
            brand=brand,
            staff=drafts.staff.staff,
            topics={topic.id: topic.titles for topic in drafts.topics},
            entries={EntryId(entry.id): self.entry(entry, teams, first) for entry in self.entries()},
            facts={fact.name: fact_model(fact, first) for fact in drafts.facts},
            cases=tuple(case for _, case in drafts.cases),
            texts={
                pair.key: {lang: tuple(text.text for text in texts) for lang, texts in by_language.items()}
                for pair, by_language in drafts.texts
            },
            community=drafts.community,
            privacy=drafts.privacy or Privacy(),
        )

    def entry(self, draft: EntryDraft, teams: Mapping[str, str], first: Lang) -> Entry:
        form = draft.form
        blocks = {lang: block for lang, block in draft.blocks.items() if lang in self.languages()}
        titles = {lang: block.title.text for lang, block in blocks.items() if block.title}
        answers = {lang: block.wordings() for lang, block in blocks.items() if block.wordings()}
        questions = {lang: block.questions for lang, block in blocks.items() if block.questions}
        image = None
        if form.image is not None:
            alts = {
                lang: block.alt or (block.image.alt if block.image else None)
                for lang, block in blocks.items()
            }
            image = Image(
                file=self.root / self.pictures[draft.id].path,
                alt={first: form.image.alt.text} | {lang: alt.text for lang, alt in alts.items() if alt},
                license=form.image.license.text if form.image.license else "",
            )
        return Entry(
            id=EntryId(draft.id),
            topic=draft.topic,
            team=form.team.text if form.team else teams[draft.topic],
            at=draft.at,
            titles={first: form.title.text} | titles,
            questions={first: form.questions} | questions,
            answers={first: form.wordings()} | answers,
            related=tuple(EntryId(name.text) for name in form.related),
            person=form.person,
            autonomy=form.autonomy,
            valid_from=form.valid.from_ if form.valid else None,
            valid_until=form.valid.until if form.valid else None,
            image=image,
        )


def set_of(problems: list[Problem]) -> list[Problem]:
    """The problems without repetitions."""
    by_key = {problem.sort_key(): problem for problem in problems}
    return list(by_key.values())
