"""Written names of diagnoses, operations, drugs, tests, examinations and symptoms → concepts of the release.

Retrieval by character n-grams and, where ``yigong train-terms`` was run, by vectors that confirmed pairs have moved;
ranking by learned weights, else by weights set by hand. A name that lists several things is answered part by part.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from knowledge.model import Concept, ConceptKind
from knowledge.naming import normal_name
from knowledge.snapshot import Snapshot
from nlp.term_candidates import FIGURES
from nlp.term_index import Index
from nlp.term_model import Model, ModelError, mark
from nlp.term_scores import Scored
from nlp.term_split import Fit, parts, several

if TYPE_CHECKING:
    from nlp.term_shift import Shift

_BATCH: Final = 128


class System(NamedTuple):
    """What one value of ``system`` searches: kinds of concepts, how names are read, whose codes are told. ``akin``:
    kinds whose names people write for it."""

    kinds: tuple[ConceptKind, ...]
    subject: str
    codes: tuple[str, ...]
    akin: tuple[ConceptKind, ...]
    coded: bool = False


_SIGNS: Final = (ConceptKind.SYMPTOM, ConceptKind.FINDING, ConceptKind.PHENOTYPE)
_DRUGS: Final = (ConceptKind.INGREDIENT, ConceptKind.PRODUCT)
_BESIDE_DRUGS: Final = (
    ConceptKind.LAB,
    ConceptKind.DRUG_CLASS,
    ConceptKind.ALLERGEN,
    ConceptKind.FOOD,
    ConceptKind.BLOOD_PRODUCT,
)
SYSTEMS: Final[dict[str, System]] = {
    "icd-10": System((ConceptKind.DISEASE,), "disease", ("icd-10", "icd-10-prefix"), _SIGNS, coded=True),
    "icd-9-cm-3": System(
        (ConceptKind.PROCEDURE,), "procedure", ("icd-9-cm-3",), (ConceptKind.EXAM, ConceptKind.SERVICE), coded=True
    ),
    "drug": System(_DRUGS, "drug", ("nhsa-drug", "atc"), _BESIDE_DRUGS),
    "lab": System((ConceptKind.LAB,), "lab", ("loinc",), (*_DRUGS, ConceptKind.ALLERGEN, ConceptKind.SERVICE)),
    "exam": System((ConceptKind.EXAM,), "exam", ("nhsa-service",), (ConceptKind.PROCEDURE, ConceptKind.SERVICE)),
    "symptom": System(_SIGNS, "symptom", ("hpo",), (ConceptKind.DISEASE,)),
}
"""``coded``: only concepts with a code of the system are meant, as long as there are any."""


class UnknownSystemError(ValueError):
    """A system that nothing is known of; the message lists those there are."""


class Candidate(NamedTuple):
    """A concept that may be meant; ``name`` is the name of it that fits, ``score`` between 0 and 1."""

    id: str
    name: str
    code: str
    score: float


class _Ranked(NamedTuple):
    """Candidates of one name, the likeliest first, how alike the name and the one most alike look (0 to 1), and
    whether that is near enough for the name to be of the kind at all."""

    candidates: list[Candidate]
    alike: float
    near: bool

    def fit(self) -> Fit:
        return Fit(self.alike, self.candidates[0].score)

    @property
    def offered(self) -> list[Candidate]:
        return self.candidates if self.near else []


class _Names(NamedTuple):
    """Names of a system with the concepts that bear them."""

    grams: Index
    bearers: list[tuple[Concept, str, str]]


class Normaliser:
    """Answers for one release. ``folder`` holds trained models, a folder for each system; a model that is trained
    later is taken up by itself. Safe between threads."""

    def __init__(self, snapshot: Snapshot, folder: Path | None = None) -> None:
        self._snapshot, self._folder = snapshot, folder
        self._lock = threading.Lock()
        self._names: dict[str, _Names] = {}
        self._models: dict[str, tuple[tuple[int, int], tuple[Model, Shift] | None]] = {}

    @classmethod
    def of(cls, snapshot: Snapshot, folder: Path | None = None) -> Normaliser:
        """The normaliser of a release, made once."""
        return snapshot.remember(("terms", str(folder)), lambda: cls(snapshot, folder))

    def candidates(self, text: str, system: str, limit: int = 5) -> list[list[Candidate]]:
        """Candidates for each thing that a text lists, the likeliest first. Raises ``UnknownSystemError``."""
        return self.many([text], system, limit)[0]

    def many(self, texts: Sequence[str], system: str, limit: int = 5) -> list[list[list[Candidate]]]:
        """``candidates`` of many texts at once."""
        known(system)
        listed = [parts(text, SYSTEMS[system].subject) for text in texts]
        flat = [text for whole, several_ in zip(texts, listed, strict=True) for text in (whole, *several_)]
        ranked = self._ranked(flat, system, limit)
        return [_chosen(next(ranked), [next(ranked) for _ in one]) for one in listed]

    def index(self, system: str) -> Index:
        """The names of a system. Raises ``UnknownSystemError``."""
        known(system)
        return self._named(system).grams

    # -- inside ------------------------------------------------------------------------------

    def _ranked(self, texts: Sequence[str], system: str, limit: int) -> Iterator[_Ranked]:
        named, model = self._named(system), self._model(system)
        for start in range(0, len(texts), _BATCH):
            batch = texts[start : start + _BATCH]
            if not named.grams.names:
                yield from (_Ranked([], 0.0, near=False) for _ in batch)
                continue
            asked = named.grams.read(batch)
            scored = Scored.of(named.grams, asked, model)
            for row, text in enumerate(batch):
                best = _best(named, text, scored, scored.within(row), limit)
                yield best if best.near else best._replace(near=self._near(text, system, scored, row))

    def _near(self, text: str, system: str, scored: Scored, row: int) -> bool:
        return scored.near(row) and not otherwise(self._snapshot, text, system)

    def _named(self, system: str) -> _Names:
        with self._lock:
            if system not in self._names:
                self._names[system] = _names(self._snapshot, SYSTEMS[system])
            return self._names[system]

    def _model(self, system: str) -> tuple[Model, Shift] | None:
        """The trained model of a system, read again when the file is another; None when there is none that works."""
        if self._folder is None:
            return None
        folder = self._folder / system
        now = mark(folder)
        held = self._models.get(system)
        if held is None or held[0] != now:
            made = self._opened(folder, system) if any(now) else None
            held = self._models[system] = (now, made)
        return held[1]

    def _opened(self, folder: Path, system: str) -> tuple[Model, Shift] | None:
        try:
            model = Model.load(folder)
            shift = model.shift(self._named(system).grams)
        except ModelError:
            return None
        fits = model.about.figures == FIGURES and len(shift.known) > 0
        return (model, shift) if fits else None


def otherwise(snapshot: Snapshot, text: str, system: str) -> tuple[ConceptKind, ...]:
    """What the release knows this very name to mean, when that is nothing a system is asked for."""
    meant = tuple(dict.fromkeys(concept.kind for concept in snapshot.by_name(text)))
    own = {*SYSTEMS[system].kinds, *SYSTEMS[system].akin}
    return () if own.intersection(meant) else meant


def known(system: str) -> None:
    """Raises ``UnknownSystemError`` that lists the systems."""
    if system not in SYSTEMS:
        raise UnknownSystemError(f"system must be one of {', '.join(SYSTEMS)}")


def _names(snapshot: Snapshot, system: System) -> _Names:
    """Each different name once, borne by the most exact concept (the longest code) that bears it."""
    concepts = [c for c in snapshot.concepts() if c.kind in system.kinds]
    coded = [c for c in concepts if _code(c, system)]
    bearers: dict[str, tuple[Concept, str, str]] = {}
    for concept in coded if system.coded and coded else concepts:
        code = _code(concept, system)
        for name in dict.fromkeys((concept.name, *concept.names())):
            key = normal_name(name)
            held = bearers.get(key)
            if key and (held is None or _rank(concept, name, code) > _rank(*held)):
                bearers[key] = (concept, name, code)
    codes = [code for _, _, code in bearers.values()]
    return _Names(Index(list(bearers), codes, system.subject), list(bearers.values()))


def _rank(concept: Concept, name: str, code: str) -> tuple[bool, int]:
    return name == concept.name, len(code)


def _code(concept: Concept, system: System) -> str:
    """The code of a concept: the first of the first system that it carries."""
    return next((ref.code for wanted in system.codes for ref in concept.codes if ref.system == wanted), "")


def _best(named: _Names, text: str, scored: Scored, within: slice, limit: int) -> _Ranked:
    """The likeliest concepts of one name; its very own name comes first, and is near."""
    same = normal_name(text)
    made: dict[str, Candidate] = {}
    for at in sorted(range(within.start, within.stop), key=lambda at: -scored.scores[at]):
        place = int(scored.found.places[at])
        concept, name, code = named.bearers[place]
        exact = named.grams.names[place] == same
        if exact or concept.id not in made:
            score = 1.0 if exact else round(float(scored.scores[at]), 4)
            made[concept.id] = Candidate(concept.id, name, code, score)
    ranked = sorted(made.values(), key=lambda one: -one.score)[:limit]
    certain = bool(ranked) and ranked[0].score == 1.0
    return _Ranked(ranked, 1.0 if certain else float(scored.alike[within].max(initial=0.0)), near=certain)


def _chosen(whole: _Ranked, each: Sequence[_Ranked]) -> list[list[Candidate]]:
    """The parts where they fit better than the whole, or the whole is nothing of the kind and a part is; what two
    parts mean alike is told once."""
    if not each or not _listed(whole, each):
        return [whole.offered]
    told: dict[str, list[Candidate]] = {}
    for place, one in enumerate(each):
        told.setdefault(one.candidates[0].name if one.near else str(place), one.offered)
    return list(told.values())


def _listed(whole: _Ranked, each: Sequence[_Ranked]) -> bool:
    """By the parts that are of the kind: what is nothing says nothing of the others."""
    near = [one.fit() for one in each if one.near]
    if not near or not whole.candidates or whole.candidates[0].score == 1.0:
        return False
    return not whole.near or several(whole.fit(), near)
