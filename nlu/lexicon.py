"""What the engine knows of es, en and pt before it reads an FAQ, read from the data files in builtin/."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files

from nlu.concepts import Concepts, parse_concepts
from nlu.model import Example
from nlu.normalise import normalise
from nlu.rules import RuleBook, parse_rules

LANGUAGES = ("es", "en", "pt")
ANGRY, UPSET = "angry", "upset"
"""Rules of tone: annoyance, and annoyance that is a complaint unless an entry is nearly sure."""
POLITE, OPENING, VOCATIVE, HEARD = "polite", "opening", "vocative", "acknowledgement"


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Words by language, abbreviations, phrases around a question, rules, and examples of system intents."""

    function_words: Mapping[str, frozenset[str]]
    common_words: Mapping[str, frozenset[str]]
    abbreviations: Mapping[str, Mapping[str, str]]
    phrases: Mapping[tuple[str, ...], str]
    """Words of the phrase -> the section it stands in: a system intent or one of the four above."""
    rules: RuleBook
    concepts: Concepts
    elsewhere: frozenset[str]
    """Words of subjects beside most FAQs: weather, sports, other firms."""
    examples: tuple[Example, ...]

    @property
    def all_function_words(self) -> frozenset[str]:
        return frozenset().union(*self.function_words.values())

    @property
    def known_words(self) -> frozenset[str]:
        """Every word that is no typo: function, common and phrase words of all languages."""
        listed = frozenset().union(*self.function_words.values(), *self.common_words.values())
        said = {word for phrase in self.phrases for word in phrase if len(word) > 1}
        shown = {word for example in self.examples for word in normalise(example.text).tokens}
        return listed | said | shown | self.concepts.words | self.elsewhere


def load_lexicon() -> Lexicon:
    """Read the data files; ValueError names a line that cannot be used."""
    function: dict[str, frozenset[str]] = {}
    common: dict[str, frozenset[str]] = {}
    for lang in LANGUAGES:
        words: dict[str, set[str]] = {"function": set(), "common": set()}
        for section, line in _lines(f"words.{lang}.txt"):
            words[section].update(line.split())
        function[lang], common[lang] = frozenset(words["function"]), frozenset(words["common"])
    abbreviations: dict[str, dict[str, str]] = {lang: {} for lang in LANGUAGES}
    for lang, line in _lines("abbreviations.txt"):
        short, _, full = line.partition(" = ")
        abbreviations[lang][short] = full
    examples = []
    for section, line in _lines("examples.txt"):
        intent, _, lang = section.partition(" ")
        examples.append(Example(line, intent, lang))
    everywhere = frozenset().union(*function.values())
    aside = {token for _, line in _lines("elsewhere.txt") for token in normalise(line).tokens}
    return Lexicon(
        function_words=function,
        common_words=common,
        abbreviations=abbreviations,
        phrases={normalise(line).tokens: section for section, line in _lines("phrases.txt")},
        rules=RuleBook(parse_rules(_numbered("rules.txt"), "rules.txt")),
        concepts=parse_concepts(_lines("concepts.txt"), everywhere),
        elsewhere=frozenset(aside.union(word + end for word in aside for end in ("s", "es")) - everywhere),
        examples=tuple(examples),
    )


def _lines(name: str) -> Iterator[tuple[str, str]]:
    for section, line, _ in _numbered(name):
        yield section, line


def _numbered(name: str) -> Iterator[tuple[str, str, int]]:
    section = ""
    text = (files("nlu.builtin") / name).read_text(encoding="utf-8")
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1]
        elif line and not line.startswith("#"):
            yield section, line, number
