"""The forms of the files in `faq/`: topics with their entries, facts, and the cases that test them."""

from __future__ import annotations

from collections.abc import Mapping as Map
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated

from pydantic import BeforeValidator, Field

from bot.domain import Lang
from bot.errors import Position
from bot.knowledge.form import (
    Day,
    Form,
    Lines,
    Names,
    OneLine,
    Whole,
    check_id,
    choice,
    fail,
    fill,
    is_misspelt,
    language_blocks,
    nested,
    scalar,
)
from bot.knowledge.model import Autonomy, Case, Fact, Person, Text
from bot.knowledge.node import Mapping, Pair, Scalar, Sequence
from bot.knowledge.problem import Problem
from bot.knowledge.rules import problem
from bot.knowledge.template import FACT_NAME, NAME
from bot.knowledge.words import LANGUAGES, as_in, canonical

TITLE_LENGTH = 30
"""Characters of a title: Telegram's and Discord's buttons cut longer ones on a telephone."""

_LANGUAGES = frozenset(LANGUAGES)


def wordings(value: object) -> tuple[Text, ...]:
    """The texts that stand each after a dash and a bar."""
    if not isinstance(value, Pair):
        raise TypeError(f"a form is filled with pairs, not {type(value).__name__}")
    if not isinstance(value.value, Sequence):
        scalar(value)
        fail()  # the line scan told that its texts have no dashes
    texts = tuple(item.trimmed() for item in value.value.items)
    empty = [problem("guion-sin-texto", text.at) for text in texts if not text.text]
    if empty:
        fail(*empty)
    return texts


def title(value: object) -> Text:
    """A title that fits on a button."""
    node = value.value if isinstance(value, Pair) else None
    text = scalar(value)
    if isinstance(node, Scalar) and "\n" in text.text:
        fail(problem("una-linea", text.at, word="title"))
    if len(text.text) > TITLE_LENGTH:
        fail(problem("titulo-largo", text.at, length=str(len(text.text))))
    return text


Wordings = Annotated[tuple[Text, ...], BeforeValidator(wordings)]
Title = Annotated[Text, BeforeValidator(title)]


class ValidForm(Form):
    """From when until when an entry is given; both days included."""

    from_: Day | None = Field(None, alias="from")
    until: Day | None = None


class ImageForm(Form):
    """A picture that goes with an answer."""

    file: OneLine
    alt: Whole
    license: OneLine | None = None


class AltForm(Form):
    """What a picture shows, in a further language."""

    alt: Whole


class LanguageForm(Form):
    """An entry in a further language."""

    title: Title | None = None
    questions: Lines = ()
    answer: Whole | None = None
    answers: Wordings = ()
    image: Annotated[AltForm | None, BeforeValidator(nested(AltForm))] = None
    alt: Whole | None = None

    def wordings(self) -> tuple[Text, ...]:
        """The answer's wordings, whichever way they were written."""
        return self.answers or ((self.answer,) if self.answer else ())


class EntryForm(Form):
    """An entry in the brand's first language, and what holds for all languages."""

    title: Title
    questions: Lines
    answer: Whole | None = None
    answers: Wordings = ()
    related: Names = ()
    person: Annotated[Person, BeforeValidator(choice(Person))] = Person.ON_REQUEST
    autonomy: Annotated[Autonomy, BeforeValidator(choice(Autonomy))] = Autonomy.PUBLIC
    team: OneLine | None = None
    valid: Annotated[ValidForm | None, BeforeValidator(nested(ValidForm))] = None
    image: Annotated[ImageForm | None, BeforeValidator(nested(ImageForm))] = None

    def wordings(self) -> tuple[Text, ...]:
        """The answer's wordings, whichever way they were written."""
        return self.answers or ((self.answer,) if self.answer else ())


class TopicForm(Form):
    """What stands at the top of a topic's file."""

    topic: OneLine
    title: OneLine | None = None
    team: OneLine


class TopicLanguageForm(Form):
    """A topic in a further language."""

    title: OneLine


class FactForm(Form):
    """A value that answers quote, with who keeps it right."""

    value: OneLine
    team: OneLine
    expires: Day | None = None


@dataclass(frozen=True, slots=True)
class EntryDraft:
    """An entry as its file has it, not yet held against the other files."""

    id: str
    at: Position
    topic: str
    form: EntryForm
    blocks: Map[Lang, LanguageForm]
    block_places: Map[Lang, Position]
    damaged: bool
    words: tuple[str, ...] = ()
    """The words before its colons, which tell the language that its file is written in."""


@dataclass(frozen=True, slots=True)
class TopicDraft:
    """A topic's file. `ids` has also the entries that could not be read; `is_whole` if none is lost."""

    id: str
    titles: Map[Lang, str] = field(default_factory=dict)
    team: Text | None = None
    entries: tuple[EntryDraft, ...] = ()
    ids: tuple[Pair, ...] = ()
    is_whole: bool = True


@dataclass(frozen=True, slots=True)
class FactDraft:
    """A fact as `facts.yml` has it."""

    name: str
    at: Position
    value: Text
    values: Map[Lang, Text]
    team: Text
    expires: date | None


def topic_draft(path: str, stem: str, tree: Mapping, first: Lang) -> tuple[TopicDraft, list[Problem]]:
    """Read a topic's file; `first` is the brand's first language."""
    root = Pair(stem, Position(path), tree)
    filled = fill(TopicForm, root, without=_LANGUAGES | {"entries"})
    problems = list(filled.problems)
    titles: dict[Lang, str] = {}
    team = None
    if filled.form is not None:
        team = filled.form.team
        if filled.form.topic.text != stem:
            problems.append(
                problem("tema-archivo", filled.form.topic.at, topic=filled.form.topic.text, stem=stem)
            )
        titles[first] = filled.form.title.text if filled.form.title else stem.replace("_", " ").capitalize()
    for block in language_blocks(tree):
        in_language = fill(TopicLanguageForm, block)
        problems += in_language.problems
        if in_language.form is not None:
            titles[Lang(block.key)] = in_language.form.title.text
    listed = next((pair for pair in tree.pairs if canonical(pair.key) == "entries"), None)
    if listed is None or not isinstance(listed.value, Mapping):
        if not tree.damaged and not (listed is None and is_misspelt("entries", problems)):
            word = as_in([pair.key for pair in tree.pairs], "entries")
            at = listed.at if listed else root.at
            rule = "falta-palabra" if listed is None else "sin-texto"
            problems.append(problem(rule, at, word=listed.key if listed else word, of=stem))
        return TopicDraft(stem, titles, team, is_whole=False), problems
    drafts = []
    for pair in listed.value.pairs:
        draft, found = _entry_draft(pair, stem)
        problems += found
        if draft is not None:
            drafts.append(draft)
    return TopicDraft(stem, titles, team, tuple(drafts), listed.value.pairs, not tree.damaged), problems


def fact_drafts(tree: Mapping) -> tuple[list[FactDraft], list[Problem]]:
    """Read `facts.yml`."""
    drafts, problems = [], []
    for pair in tree.pairs:
        if not FACT_NAME.fullmatch(pair.key) or pair.key == NAME:
            problems.append(problem("hecho-nombre", pair.at, word=pair.key))
            continue
        filled = fill(FactForm, pair, without=_LANGUAGES)
        problems += filled.problems
        values, found = _one_lines(pair)
        problems += found
        if filled.form is not None and not found:
            form = filled.form
            drafts.append(FactDraft(pair.key, pair.at, form.value, values, form.team, form.expires))
    return drafts, problems


def cases(tree: Mapping) -> tuple[list[tuple[Pair, Case]], list[Problem]]:
    """Read a file of `faq/tests/`: each case with the pair whose word it expects."""
    found, problems = [], []
    for pair in tree.pairs:
        if not isinstance(pair.value, Scalar):
            problems.append(problem("va-texto", pair.at, word=pair.key))
            continue
        if not pair.value.text.strip() and not tree.damaged:
            problems.append(problem("sin-texto", pair.at, word=pair.key))
        found += [(pair, Case(text.text, pair.key, text.at)) for text in pair.value.lines()]
    return found, problems


def fact_model(draft: FactDraft, first: Lang) -> Fact:
    """The fact as the house knows it."""
    values = {first: draft.value.text} | {lang: text.text for lang, text in draft.values.items()}
    return Fact(draft.name, values, draft.team.text, draft.at, draft.expires)


def _entry_draft(pair: Pair, topic: str) -> tuple[EntryDraft | None, list[Problem]]:
    problems = []
    if (wrong := check_id(pair)) is not None:
        problems.append(wrong)
    filled = fill(EntryForm, pair, without=_LANGUAGES)
    problems += filled.problems
    if not isinstance(pair.value, Mapping):
        return None, problems
    problems += _one_answer(pair.value)
    form = filled.form
    if form is not None and not form.wordings() and not pair.value.damaged:
        beside = [other.key for other in pair.value.pairs]
        problems.append(problem("falta-palabra", pair.at, word=as_in(beside, "answer"), of=pair.key))
    if form is not None and form.valid and form.valid.from_ and form.valid.until:
        start, until = form.valid.from_, form.valid.until
        if until < start:
            at = next(word.at for word in pair.value.pairs if canonical(word.key) == "valid")
            problems.append(problem("fechas-al-reves", at, until=str(until), start=str(start)))
    blocks: dict[Lang, LanguageForm] = {}
    places: dict[Lang, Position] = {}
    for block in language_blocks(pair.value):
        in_language = fill(LanguageForm, block)
        problems += in_language.problems
        places[Lang(block.key)] = block.at
        if isinstance(block.value, Mapping):
            problems += _one_answer(block.value)
        if in_language.form is not None:
            blocks[Lang(block.key)] = in_language.form
    if form is None:
        return None, problems
    words = tuple(word.key for word in pair.value.pairs)
    damaged = pair.value.damaged or len(blocks) < len(places)
    return EntryDraft(pair.key, pair.at, topic, form, blocks, places, damaged, words), problems


def _one_answer(node: Mapping) -> list[Problem]:
    """An answer in one wording and one in several are two ways of saying the same."""
    found = [pair for pair in node.pairs if canonical(pair.key) in ("answer", "answers")]
    if len({canonical(pair.key) for pair in found}) < 2:
        return []
    one, other = found[0], found[1]
    return [problem("dos-formas", other.at, word=other.key, other=one.key, line=str(one.at.line))]


def _one_lines(pair: Pair) -> tuple[dict[Lang, Text], list[Problem]]:
    """The values of a fact in further languages."""
    if not isinstance(pair.value, Mapping):
        return {}, []
    values: dict[Lang, Text] = {}
    problems: list[Problem] = []
    for block in language_blocks(pair.value):
        filled = fill(
            _ValueForm, Pair(block.key, block.at, Mapping((Pair("value", block.at, block.value),), block.at))
        )
        problems += filled.problems
        if filled.form is not None:
            values[Lang(block.key)] = filled.form.value
    return values, problems


class _ValueForm(Form):
    value: OneLine
