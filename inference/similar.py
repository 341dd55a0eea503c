"""Patients who are alike: cosine of what is on record of them, the rare weighing most, nearer in age the better.

A case is a bag of concepts: diseases, findings, drugs in use, allergies, each with a weight, and what each is a kind
of with a smaller one, so that two pneumonias are alike although of two kinds. A concept weighs ln((1 + N) / (1 + n))
with n of N cases that have it. The score is ``_ALIKE`` · cosine + ``_AGE`` · exp(−(Δage / 10 years)²) + ``_SEX`` when
the sex is the same: 1 for the same patient, and nothing for one who shares no concept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from math import exp, log, sqrt
from threading import Lock
from typing import Final, NamedTuple

from clinical.age import YEAR
from clinical.logic import Known, Unknown
from clinical.patient import ClinicalStatus, Condition, PatientContext
from knowledge.snapshot import Snapshot

DISEASE, FINDING, DRUG, ALLERGY = "disease", "finding", "drug", "allergy"
_WEIGHTS: Final = {DISEASE: 3.0, FINDING: 1.5, DRUG: 1.0, ALLERGY: 0.5}
_PAST: Final = 0.6
"""What a disease that is over counts."""
_KIND: Final = 0.3
"""What the kinds of a concept count."""
_ALIKE, _AGE, _SEX = 0.8, 0.15, 0.05
_NEAR_YEARS: Final = 10.0


class Has(NamedTuple):
    """A concept of a case: what it is (disease, finding, drug, allergy) and how much it counts."""

    kind: str
    weight: float


def has(kind: str) -> Has:
    """Something of a kind that is there now."""
    return Has(kind, _WEIGHTS[kind])


class Case(NamedTuple):
    """A patient of an institution without anything that names them. ``years`` is the age now, None when unknown."""

    record: int
    tenant: str
    has: Mapping[str, Has]
    years: float | None = None
    sex: str = ""

    def vector(self, snapshot: Snapshot) -> dict[str, float]:
        """Concepts and their kinds with their weights."""
        found: dict[str, float] = {}
        for concept, (_, weight) in self.has.items():
            found[concept] = max(found.get(concept, 0.0), weight)
            for kind in snapshot.ancestors(concept):
                found[kind] = max(found.get(kind, 0.0), _KIND * weight)
        return found


class Alike(NamedTuple):
    """A case that is alike: score from 0 to 1, and the concepts that both have."""

    case: Case
    score: float
    shared: tuple[str, ...]


def case_of(
    record: int, tenant: str, patient: PatientContext, history: Iterable[Condition], findings: Iterable[str] = ()
) -> Case:
    """The case of a resolved patient; ``findings`` are concepts that results or words mean."""
    has: dict[str, Has] = {}
    for concept, kind, weight in _concepts(patient, history, findings):
        if concept not in has or has[concept].weight < weight:
            has[concept] = Has(kind, weight)
    age = patient.age()
    years = None if isinstance(age, Unknown) else age / YEAR
    return Case(record, tenant, has, years, "" if isinstance(patient.sex, Unknown) else patient.sex.value)


def _concepts(
    patient: PatientContext, history: Iterable[Condition], findings: Iterable[str]
) -> Iterator[tuple[str, str, float]]:
    for condition in history:
        active = condition.status is ClinicalStatus.ACTIVE
        for concept in condition.what.concepts[:1]:
            yield concept, DISEASE, _WEIGHTS[DISEASE] * (1.0 if active else _PAST)
    for finding in findings:
        yield finding, FINDING, _WEIGHTS[FINDING]
    for order in () if isinstance(patient.medications, Unknown) else patient.medications:
        for ingredient in order.ingredients if order.is_active() else ():
            yield ingredient.concept, DRUG, _WEIGHTS[DRUG]
    for allergy in () if isinstance(patient.allergies, Unknown) else patient.allergies:
        for concept in allergy.what.concepts[:1]:
            yield concept, ALLERGY, _WEIGHTS[ALLERGY]


class Cases:
    """The cases of one release, in memory; safe between threads. What nobody asks for costs nothing: vectors are put
    together when cases changed and somebody asks."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self._cases: dict[int, Case] = {}
        self._index: _Index | None = None
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._cases)

    def put(self, cases: Iterable[Case], gone: Iterable[int] = ()) -> None:
        """Take in cases as they are now; ``gone`` are records that are no case (any more)."""
        with self._lock:
            for record in gone:
                if self._cases.pop(record, None) is not None:
                    self._index = None
            for case in cases:
                if self._cases.get(case.record) != case:
                    self._cases[case.record], self._index = case, None

    def trim(self, most: int) -> None:
        """Drop the oldest records beyond so many."""
        with self._lock:
            for record in sorted(self._cases)[: max(0, len(self._cases) - most)]:
                del self._cases[record]
                self._index = None

    def nearest(self, asked: Case, may_see: Callable[[str], bool], limit: int) -> list[Alike]:
        """Cases of tenants that may be seen, the most alike first; none that shares nothing."""
        with self._lock:
            index = self._index = self._index or _Index(self.snapshot, list(self._cases.values()))
        return index.nearest(asked, may_see, limit)

    def compared(self, asked: Case, case: Case) -> Alike | None:
        """How alike a case is by what may be seen of it; None when nothing is shared."""
        with self._lock:
            index = self._index = self._index or _Index(self.snapshot, list(self._cases.values()))
        return index.compared(asked, case)


class _Index:
    """Vectors of cases as a sparse matrix, rows of length 1."""

    def __init__(self, snapshot: Snapshot, cases: list[Case]) -> None:
        import numpy as np
        from scipy.sparse import csr_matrix

        self._snapshot, self._cases = snapshot, cases
        vectors = [case.vector(snapshot) for case in cases]
        counts: dict[str, int] = {}
        for vector in vectors:
            for concept in vector:
                counts[concept] = counts.get(concept, 0) + 1
        self._rarity = {concept: log((1 + len(cases)) / (1 + n)) + 1e-3 for concept, n in counts.items()}
        self._rarest = log(1 + len(cases)) + 1e-3
        self._column = {concept: number for number, concept in enumerate(counts)}
        unit = [self._unit(vector) for vector in vectors]
        ends = np.cumsum([0, *map(len, unit)])
        columns = np.array([self._column[c] for vector in unit for c in vector], np.int32)
        values = np.array([v for vector in unit for v in vector.values()], np.float32)
        self._matrix = csr_matrix((values, columns, ends), (len(cases), len(counts)))

    def _unit(self, vector: Mapping[str, float]) -> dict[str, float]:
        weighed = {c: w * self._rarity.get(c, self._rarest) for c, w in vector.items()}
        length = sqrt(sum(w * w for w in weighed.values())) or 1.0
        return {concept: weight / length for concept, weight in weighed.items()}

    def nearest(self, asked: Case, may_see: Callable[[str], bool], limit: int) -> list[Alike]:
        import numpy as np

        if not self._cases:
            return []
        wanted = np.zeros(self._matrix.shape[1], np.float32)
        for concept, weight in self._unit(asked.vector(self._snapshot)).items():
            if concept in self._column:
                wanted[self._column[concept]] = weight
        cosines = self._matrix @ wanted
        seen: dict[str, bool] = {}
        found: list[Alike] = []
        for row in np.argsort(-cosines, kind="stable"):
            case, cosine = self._cases[row], float(cosines[row])
            if cosine <= 0 or (len(found) >= limit and _ALIKE * cosine + _AGE + _SEX <= found[limit - 1].score):
                break
            if case.tenant not in seen:
                seen[case.tenant] = may_see(case.tenant)
            shared = _shared(asked, case)
            if seen[case.tenant] and shared:
                found.append(Alike(case, _score(cosine, asked, case), shared))
                found.sort(key=lambda alike: (-alike.score, alike.case.record))
                del found[limit:]
        return found

    def compared(self, asked: Case, case: Case) -> Alike | None:
        shared = _shared(asked, case)
        if not shared:
            return None
        mine, theirs = (self._unit(one.vector(self._snapshot)) for one in (asked, case))
        cosine = sum(weight * theirs.get(concept, 0.0) for concept, weight in mine.items())
        return Alike(case, _score(cosine, asked, case), shared)


def _shared(asked: Case, case: Case) -> tuple[str, ...]:
    """Concepts that both have, what counts most first."""
    both = asked.has.keys() & case.has.keys()
    return tuple(sorted(both, key=lambda concept: (-asked.has[concept].weight, concept)))


def _score(cosine: float, asked: Case, case: Case) -> float:
    score = _ALIKE * min(1.0, cosine)
    if asked.years is not None and case.years is not None:
        score += _AGE * exp(-(((asked.years - case.years) / _NEAR_YEARS) ** 2))
    return score + (_SEX if asked.sex and asked.sex == case.sex else 0.0)


def decade(years: Known[float] | float | None) -> str:
    """An age that does not name anybody: by decade, above ninety together."""
    if years is None or isinstance(years, Unknown):
        return ""
    if years < 1:
        return "不足1岁"
    if years >= 90:
        return "90岁及以上"
    low = int(years // 10 * 10)
    return f"{max(low, 1)}~{low + 9}岁"


__all__ = ["ALLERGY", "DISEASE", "DRUG", "FINDING", "Alike", "Case", "Cases", "Has", "case_of", "decade", "has"]
