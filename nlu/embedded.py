"""The engine inside the process: reads a text, finds its entry among the FAQ's, and says how sure it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from nlu.evidence import gather, is_entry
from nlu.features import Floats
from nlu.fragments import follows_up, goes_on
from nlu.kernel import Neighbours
from nlu.lexicon import ANGRY, UPSET, Lexicon, load_lexicon
from nlu.model import (
    ARE_YOU_A_BOT,
    COMPLAINT,
    GOODBYE,
    GREETING,
    NOTHING,
    PERSON,
    REPEAT,
    THANKS,
    WHO_ARE_YOU,
    Band,
    Candidate,
    Example,
    Nearest,
    Trace,
    Understanding,
)
from nlu.modelfile import Model, read_model
from nlu.reading import Reader, Reading
from nlu.repair import Repairer
from nlu.weigher import Weigher

CANDIDATES = 5
END = 32
NEAREST = 3
RULE_ORDER = (ARE_YOU_A_BOT, PERSON, COMPLAINT, REPEAT, WHO_ARE_YOU)
"""Which rule goes first: "am I talking to a person?" asks about the bot; who asks for a person gets one."""
UNLESS_SURE = {UPSET: COMPLAINT, THANKS: THANKS, GOODBYE: GOODBYE}
"""Rules that hold unless an entry is nearly sure, and the intent that they speak for."""
STRAY_WORDS = 2
"""Words beside thanks or a goodbye that are taken as part of it where nothing is made of them."""
RULE_CONFIDENCE, EXACT_CONFIDENCE = 0.97, 0.99
FOLLOW_UP = (0.2, 0.12, 0.08)
"""Added to the scores of the entries answered last, newest first, when a text leans on them."""
SURE_MARGIN = 0.05
"""Two entries closer than this are asked about, however well both fit."""
SYSTEM_SCORE, SYSTEM_MARGIN = 0.45, 0.1
_ANGRY_FACES = frozenset("😠😡🤬😤👿💢🖕")


@dataclass(frozen=True, slots=True)
class _Ranking:
    """What the FAQ says to a text."""

    words: tuple[str, ...]
    repairs: tuple[tuple[str, str], ...]
    similarity: Floats
    scores: Floats
    best: int
    nearest: float
    margin: float
    confidence: float
    notes: tuple[str, ...]


class EmbeddedInterpreter:
    """Understands texts with one trained model. Holds no state between texts, so calls may interleave."""

    def __init__(self, model: Model, lexicon: Lexicon) -> None:
        self._model = model
        self._rules = lexicon.rules
        counts: Counter[str] = Counter()
        self._exact: dict[tuple[str, ...], set[str]] = {}
        # What an entry's own questions say in so many words is that entry's: "how do I file a complaint?".
        self._claims: dict[str, set[str]] = {}
        for example, core in zip(model.examples, model.cores, strict=True):
            if is_entry(example.intent):
                counts.update(word for word in core if word.isalpha())
                self._exact.setdefault(core, set()).add(example.intent)
                met = {rule.intent for rule in lexicon.rules.matches(core)} - {ANGRY, UPSET}
                self._claims.setdefault(example.intent, set()).update(met)
        self._reader = Reader(lexicon, model.language, frozenset(counts))
        for example in model.examples:
            if is_entry(example.intent):
                reading = self._reader.read(example.text, lang=example.lang)
                if not reading.core and reading.social is not None:
                    self._claims[example.intent].add(reading.social)
        self._repairer = Repairer(counts, lexicon.known_words)
        self._entries = np.array([is_entry(intent) for intent in model.intents])
        self._nothing = model.intents.index(NOTHING) if NOTHING in model.intents else -1
        # Added to scores, they leave only entries, or all but what is off topic, in the running.
        self._only_entries = np.where(self._entries, 0.0, -np.inf).astype(np.float32)
        self._no_nothing = np.zeros(len(model.intents), dtype=np.float32)
        if self._nothing >= 0:
            self._no_nothing[self._nothing] = -np.inf
        self._entry_rows = np.flatnonzero(self._entries[model.kernel.owners])
        self._weigher = Weigher(model.vocabulary)
        self._neighbours = Neighbours(model.kernel)
        self._rows_of = [np.flatnonzero(model.kernel.owners == row) for row in range(len(model.intents))]
        self._number = {intent: index for index, intent in enumerate(model.intents)}

    @property
    def version(self) -> str:
        """Content hash of the examples and the engine."""
        return self._model.version

    @property
    def thresholds(self) -> tuple[float, float]:
        """The confidences from which a text is SURE and UNSURE."""
        return self._model.sure, self._model.unsure

    async def understand(
        self, text: str, *, lang_prior: str | None = None, context: Sequence[str] = ()
    ) -> Understanding:
        """Understand one text; never raises for any text."""
        return self.interpret(text, lang_prior=lang_prior, context=context)

    def interpret(
        self, text: str, *, lang_prior: str | None = None, context: Sequence[str] = ()
    ) -> Understanding:
        """The same without a coroutine, for the command line and for measuring."""
        reading = self._reader.read(text, prior=lang_prior)
        plain = Understanding(
            text=text,
            intent=NOTHING,
            confidence=0.0,
            band=Band.NONE,
            lang=reading.lang,
            lang_confidence=round(reading.lang_confidence, 4),
            social=reading.social,
            trace=Trace(" ".join(reading.words)),
        )
        exact = self._exact.get(reading.core or reading.words)
        if not reading.core and not exact:
            return self._without_core(plain, reading, context)
        found = {
            rule.intent: rule.source for rule in reversed(self._rules.matches(reading.core or reading.words))
        }
        angry = not found.keys().isdisjoint((ANGRY, UPSET, COMPLAINT)) or _sounds_angry(reading)
        ranking = self._rank(reading, context)
        return self._decide(replace(plain, angry=angry), reading, ranking, found, exact or set())

    def _without_core(self, plain: Understanding, reading: Reading, context: Sequence[str]) -> Understanding:
        if reading.social is not None:
            ranking = self._rank(reading, context)
            entry = self._model.intents[ranking.best]
            if reading.social in self._claims.get(entry, ()):
                return self._decide(replace(plain, social=None), reading, ranking, {}, {entry})
            return replace(
                plain,
                candidates=self._candidates(ranking, reading.social, RULE_CONFIDENCE),
                intent=reading.social,
                confidence=RULE_CONFIDENCE,
                band=Band.SURE,
                social=None,
                fragment=reading.social == GREETING,
                trace=replace(plain.trace, notes=("small talk and nothing else",)),
            )
        if reading.opened:
            return replace(
                plain,
                intent=GREETING,
                confidence=RULE_CONFIDENCE,
                band=Band.SURE,
                fragment=True,
                trace=replace(plain.trace, notes=("announces a question",)),
            )
        note = "acknowledges, asks nothing" if reading.heard else "no words"
        angry = not _ANGRY_FACES.isdisjoint(reading.normalised.emoji)
        return replace(plain, content=False, angry=angry, trace=replace(plain.trace, notes=(note,)))

    def _rank(self, reading: Reading, context: Sequence[str]) -> _Ranking:
        model = self._model
        words, repairs = self._repairer.repair(_ends(reading.core or reading.words))
        places = model.vocabulary.concepts.find(words)
        similarity = self._neighbours.similarity(self._weigher.vector(words, places))
        scores = model.kernel.scores(similarity)
        notes: list[str] = []
        if follows_up(reading.core, reading.words):
            for intent, boost in zip(
                [one for one in context if one in self._number], FOLLOW_UP, strict=False
            ):
                scores[self._number[intent]] += boost
                notes.append(f"follow-up: {intent} +{boost}")
        best = int((scores + self._only_entries).argmax())
        nearest = float(similarity[self._rows_of[best]].max())
        evidence = gather(
            scores,
            nearest,
            self._entries,
            self._nothing,
            model.use.of(words, model.vocabulary, places),
            best,
        )
        notes.append(
            f"score {evidence.score:.2f}, margin {evidence.margin:.2f}, nearest {evidence.nearest:.2f}, "
            f"known {evidence.known:.0%}, shared {evidence.shared:.0%}, off-topic {evidence.nothing:.2f}, "
            f"elsewhere {evidence.elsewhere:.0%}"
        )
        confidence = model.judge.confidence(evidence)
        return _Ranking(
            words, repairs, similarity, scores, best, nearest, evidence.margin, confidence, tuple(notes)
        )

    def _decide(
        self,
        plain: Understanding,
        reading: Reading,
        ranking: _Ranking,
        found: dict[str, str],
        exact: set[str],
    ) -> Understanding:
        """Exact wording first, then rules, then the ranking of entries and system intents together."""
        model = self._model
        entry, confidence = model.intents[ranking.best], ranking.confidence
        rule = next((intent for intent in RULE_ORDER if intent in found), None)
        unless = next((intent for intent in UNLESS_SURE if intent in found), None)
        top = int((ranking.scores + self._no_nothing).argmax())
        system = float(ranking.scores[top]) if not self._entries[top] else 0.0
        if len(exact) == 1:
            intent, confidence, band = next(iter(exact)), EXACT_CONFIDENCE, Band.SURE
            note = "the wording of an FAQ question" if reading.core else "small talk that an entry answers"
        elif rule is not None and not (confidence >= model.sure and rule in self._claims.get(entry, ())):
            intent, confidence, band = rule, RULE_CONFIDENCE, Band.SURE
            note = found[rule]
        elif unless is not None and confidence < (model.sure + model.unsure) / 2:
            intent, confidence, band = UNLESS_SURE[unless], RULE_CONFIDENCE, Band.SURE
            note = found[unless]
        elif system >= SYSTEM_SCORE and system >= float(ranking.scores[ranking.best]) + SYSTEM_MARGIN:
            intent, confidence, band = model.intents[top], min(system, EXACT_CONFIDENCE), Band.SURE
            note = "closest to the built-in examples"
        else:
            band = self._band(confidence)
            if band is Band.SURE and ranking.margin < SURE_MARGIN:
                band, confidence = Band.UNSURE, model.sure - 0.01
            intent = NOTHING if band is Band.NONE else entry
            note = f"{band.value}: {confidence:.2f} of {model.sure:.2f}/{model.unsure:.2f}"
            if band is Band.NONE and reading.social in (THANKS, GOODBYE) and len(reading.core) <= STRAY_WORDS:
                intent, confidence, band = reading.social, RULE_CONFIDENCE, Band.SURE
                note = "small talk and a stray word"
        return replace(
            plain,
            intent=intent,
            confidence=round(confidence, 4),
            band=band,
            candidates=self._candidates(ranking, intent, confidence),
            angry=plain.angry or intent == COMPLAINT,
            fragment=goes_on(
                reading.words,
                reading.core,
                question=reading.normalised.question,
                open_end=reading.normalised.open_end,
                sure=band is Band.SURE,
            ),
            trace=Trace(
                " ".join(ranking.words), ranking.repairs, self._nearest(ranking), (*ranking.notes, note)
            ),
        )

    def _band(self, confidence: float) -> Band:
        if confidence >= self._model.sure:
            return Band.SURE
        return Band.UNSURE if confidence >= self._model.unsure else Band.NONE

    def _candidates(self, ranking: _Ranking, intent: str, confidence: float) -> tuple[Candidate, ...]:
        """The best entries; those after the first get its confidence in the proportion of their scores."""
        scores = ranking.scores + self._only_entries
        order = [int(row) for row in np.argsort(-scores, kind="stable")[:CANDIDATES] if self._entries[row]]
        first = max(float(scores[order[0]]), 1e-6) if order else 1.0
        share = ranking.confidence if not is_entry(intent) else confidence
        listed = [
            Candidate(
                self._model.intents[row], round(share * min(max(float(scores[row]), 0.0) / first, 1.0), 4)
            )
            for row in order
        ]
        if is_entry(intent) and listed and listed[0].intent != intent:
            listed = [
                Candidate(intent, round(confidence, 4)),
                *[one for one in listed if one.intent != intent],
            ]
        return tuple(listed[:CANDIDATES])

    def _nearest(self, ranking: _Ranking) -> tuple[Nearest, ...]:
        similarity = ranking.similarity[self._entry_rows]
        examples: list[tuple[Example, float]] = []
        for _ in range(min(NEAREST, len(similarity))):
            row = int(similarity.argmax())
            examples.append((self._model.examples[self._entry_rows[row]], float(similarity[row])))
            similarity[row] = -1.0
        return tuple(
            Nearest(example.text, example.intent, example.source, round(min(value, 1.0), 4))
            for example, value in examples
            if value > 0
        )


def load(path: Path) -> EmbeddedInterpreter:
    """Load what `nlu.train.train` made; ModelFileError if it is damaged or of another version."""
    lexicon = load_lexicon()
    return EmbeddedInterpreter(read_model(path, lexicon.concepts, lexicon.elsewhere), lexicon)


def _ends(words: tuple[str, ...]) -> tuple[str, ...]:
    """The beginning and the end of a long text, where its question stands."""
    return words if len(words) <= 2 * END else words[:END] + words[-END:]


def _sounds_angry(reading: Reading) -> bool:
    normalised = reading.normalised
    faces = not _ANGRY_FACES.isdisjoint(normalised.emoji)
    return faces or normalised.exclaims >= 4 or (normalised.shouting and normalised.exclaims >= 1)
