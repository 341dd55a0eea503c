"""What a diagnosis must be told from, by which points, and what is known of these in this patient.

Diseases that the release says it differs from come first, in either direction, then those that look most like it, all
but those that nobody of this age and sex has. The findings that tell two diseases apart are those whose shares differ
most, |ln P(f | a) / P(f | b)| and the same of their absence, weighted by how often they are met in one of the two.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from clinical.finding import Reference
from inference.assessment import Assessment
from inference.citing import references
from inference.likelihood import Likelihoods
from inference.questions import settled
from knowledge.model import Predicate, Standing, Statement

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[Any]

_MOST_POINTS: Final = 8
_ALIKE: Final = 0.35
"""Diseases less similar than this are not mistaken for each other."""
_TELLING: Final = 0.15


@dataclass(frozen=True, slots=True)
class Point:
    """A finding that tells the diagnosis from the other disease: how often each shows it, and whether this
    patient does (None: unknown)."""

    finding: str
    name: str
    dimension: str
    own_share: float
    other_share: float
    present: bool | None

    @property
    def speaks_for_other(self) -> bool | None:
        """Whether what is known of it speaks for the other disease; None while it is unknown."""
        return None if self.present is None else self.present == (self.other_share > self.own_share)


@dataclass(frozen=True, slots=True)
class Differential:
    """A disease to think of beside a diagnosis. ``said`` are the curated points with the disease (id) they speak
    for, ``tests`` what decides; ``curated`` tells that the release names it. ``probability`` is that of the
    patient's evidence, None without any."""

    disease: str
    curated: bool
    likeness: float
    probability: float | None
    red_flag: bool
    said: tuple[tuple[str, str], ...]
    tests: tuple[str, ...]
    points: tuple[Point, ...]
    references: tuple[Reference, ...]


def differentials(disease: str, assessment: Assessment, limit: int = 8) -> list[Differential]:
    """What a diagnosis (concept) must be told from, the curated ones first, each part by probability."""
    rows = _rows(disease, assessment)
    curated = _curated(disease, assessment)
    found = [_differential(disease, rows, other, said, assessment) for other, said in curated.items()]
    alike = [o for o in _alike(rows, assessment) if o not in curated and o != disease]
    found.sort(key=lambda one: (-(one.probability or 0.0), -one.likeness, one.disease))
    wanted = max(limit - len(found), 0)
    return (found + [_differential(disease, rows, other, (), assessment) for other in alike[:wanted]])[:limit]


def _rows(disease: str, assessment: Assessment) -> list[int]:
    """The profile of a diagnosis, else those of its kinds."""
    profiles = assessment.profiles
    own = profiles.row.get(disease)
    if own is not None:
        return [own]
    return [row for d, row in profiles.row.items() if disease in profiles.snapshot.ancestors(d)]


def _curated(disease: str, assessment: Assessment) -> dict[str, tuple[Statement, ...]]:
    """Statements by the other disease, of those that such a patient may have."""
    snapshot, found = assessment.profiles.snapshot, dict[str, list[Statement]]()
    for s in snapshot.statements(Predicate.DIFFERS_FROM, disease):
        if s.object != disease:
            found.setdefault(s.object, []).append(s)
    for s in snapshot.pointing_at(disease):
        if s.predicate is Predicate.DIFFERS_FROM and s.standing is not Standing.UNREVIEWED:
            found.setdefault(s.subject, []).append(s)
    return {other: tuple(said) for other, said in found.items() if _occurs(other, assessment)}


def _occurs(disease: str, assessment: Assessment) -> bool:
    row = assessment.profiles.row.get(disease)
    return row is None or assessment.profiles.occurs(row, assessment.whom)


def _alike(rows: list[int], assessment: Assessment) -> list[str]:
    """Diseases that look like it and occur in such a patient, the most similar first."""
    if not rows:
        return []
    profiles = assessment.profiles
    likeness = Likelihoods.of(profiles.snapshot).likeness[rows].max(axis=0) * (assessment.common > 0.01)
    order = [int(row) for row in (-likeness).argsort() if likeness[row] >= _ALIKE and int(row) not in rows]
    return [profiles.diseases[row] for row in order if profiles.occurs(row, assessment.whom)]


def _differential(
    disease: str, rows: list[int], other: str, said: tuple[Statement, ...], assessment: Assessment
) -> Differential:
    profiles, snapshot = assessment.profiles, assessment.profiles.snapshot
    row = profiles.row.get(other)
    likeness = 0.0
    if rows and row is not None:
        likeness = float(Likelihoods.of(snapshot).likeness[rows, row].max())
    told = tuple((s.object, s.qualifiers["points"]) for s in said)
    tests = dict.fromkeys(test for s in said for test in s.qualifiers.get("tests", ()))
    cited = dict.fromkeys(r for s in said for r in references(snapshot, s))
    return Differential(
        other,
        bool(said),
        likeness,
        float(assessment.posterior[row]) if row is not None and assessment.evidence else None,
        row is not None and bool(profiles.red_flags[row]),
        told,
        tuple(tests),
        tuple(_points(rows, row, assessment)) if rows and row is not None else (),
        tuple(cited),
    )


def _points(rows: list[int], other: int, assessment: Assessment) -> Iterator[Point]:
    """The findings that tell most, what is known of this patient first."""
    import numpy as np

    profiles = assessment.profiles
    shares = assessment.table.among(np.array([*rows, other]))
    own, theirs = shares[:, :-1].mean(axis=1), shares[:, -1]
    telling = (own - theirs) * np.log(own / theirs) + (theirs - own) * np.log((1 - own) / (1 - theirs))
    known, said = settled(assessment), _said(assessment)
    order = [int(r) for r in (-telling).argsort() if telling[r] >= _TELLING and (r in said or r not in known)]
    for row in sorted(order[: 3 * _MOST_POINTS], key=lambda r: r not in said)[:_MOST_POINTS]:
        finding = profiles.findings[row]
        shown = float(own[row]), float(theirs[row])
        yield Point(finding.id, finding.name, profiles.dimensions[row], *shown, said.get(row))


def _said(assessment: Assessment) -> dict[int, bool]:
    place = assessment.profiles.place
    return {place[e.finding]: e.present for e in assessment.evidence if e.finding in place}
