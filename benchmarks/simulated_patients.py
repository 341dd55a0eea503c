"""Patients drawn from what a release says of diseases, and told as patients are: in part, vaguely, with mistakes.

What is true of a disease is not quite what is written: each share lies somewhere in its band, and the disease also shows some
of what similar ones do (``UNWRITTEN``). Findings of one dimension go together (``TOGETHER``, a Gaussian copula), one patient in
seven has a second disease. Of what is there a part is told (``TOLD``); some of it as something wider (``VAGUE``); some
of what is not there is said to be absent; now and then something is told that has nothing to do with it (``MISTAKEN``).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from clinical.patient import Sex
from inference.evidence import Evidence
from inference.likelihood import Likelihoods
from inference.profiles import MIDDLES, VISITS, Profiles, Whom
from knowledge.model import Predicate
from knowledge.snapshot import Snapshot
from knowledge.tables.diagnosis import SHARES
from knowledge.tables.diagnosis import TOLD as UNASKED

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

    Floats = NDArray[Any]

UNWRITTEN: Final = 4
TOGETHER: Final = 0.3
SECOND: Final = 0.15
TOLD: Final = {"symptom": 0.6, "sign": 0.5, "lab": 0.3, "exam": 0.25}
OTHERWISE: Final = 0.5
VAGUE: Final = 0.2
DENIED: Final = 0.15
MISTAKEN: Final = 0.2


class Simulated(NamedTuple):
    """A patient: the disease (row) they have, who they are, and what is told of them."""

    disease: int
    whom: Whom
    evidence: tuple[Evidence, ...]


def patients(snapshot: Snapshot, number: int, seed: int = 1) -> Iterator[Simulated]:
    """So many patients, as common as their diseases are."""
    import numpy as np

    chance, likelihoods = np.random.default_rng(seed), Likelihoods.of(snapshot)
    profiles = likelihoods.profiles
    weights = profiles.weights(Whom())
    while number:
        row = int(chance.choice(len(weights), p=weights / weights.sum()))
        whom = _who(profiles, row, chance)
        evidence = _told(profiles, likelihoods, row, whom, chance)
        if evidence:
            number -= 1
            yield Simulated(row, whom, evidence)


def _who(profiles: Profiles, row: int, chance: Generator) -> Whom:
    import numpy as np

    ages = profiles.age_shares[row]
    band = int(chance.choice(len(VISITS), p=ages / ages.sum()))
    sexes = np.array([float(profiles.factors(Whom(sex=sex))["sex"][row]) for sex in (Sex.MALE, Sex.FEMALE)])
    sex = (Sex.MALE, Sex.FEMALE)[int(chance.choice(2, p=sexes / sexes.sum()))]
    return Whom(MIDDLES[band], sex, int(chance.integers(1, 13)))


def _told(
    profiles: Profiles, likelihoods: Likelihoods, row: int, whom: Whom, chance: Generator
) -> tuple[Evidence, ...]:
    """What is told of a patient with a disease, and what is denied."""
    there = _shown(profiles, likelihoods, row, whom, chance)
    if chance.random() < SECOND:
        weights = profiles.weights(whom)
        there |= _shown(
            profiles, likelihoods, int(chance.choice(len(weights), p=weights / weights.sum())), whom, chance
        )
    if chance.random() < MISTAKEN:
        there.add(int(chance.choice(len(profiles.findings), p=profiles.incidental / profiles.incidental.sum())))
    told = {_vaguely(profiles, f, chance) for f in sorted(there) if chance.random() < _spoken(profiles, f)}
    wider = {above for f in there for above in profiles.above[f]}
    denied = [f for f in _asked(profiles, likelihoods, row, chance) if f not in there | wider | told]
    return tuple(_evidence(profiles, f, True) for f in sorted(told)) + tuple(
        _evidence(profiles, f, False) for f in denied
    )


def _shown(profiles: Profiles, likelihoods: Likelihoods, row: int, whom: Whom, chance: Generator) -> set[int]:
    """Findings that a patient with a disease has."""
    from scipy.stats import norm

    holds = profiles.cells.holding(whom.ages, whom.sex) & (profiles.cells.disease == row)
    shares = {
        int(profiles.cells.finding[place]): chance.uniform(
            *SHARES[profiles.cells.statements[place].qualifiers["frequency"]]
        )
        for place in holds.nonzero()[0]
    }
    for finding in _unwritten(profiles, likelihoods, row, chance):
        shares.setdefault(finding, chance.uniform(0.1, 0.5))
    common = {dimension: chance.normal() for dimension in sorted(set(profiles.dimensions))}
    found = set()
    for finding, share in shares.items():
        drawn = TOGETHER**0.5 * common[profiles.dimensions[finding]] + (1 - TOGETHER) ** 0.5 * chance.normal()
        if norm.cdf(drawn) < share:
            found.add(finding)
    return found


def _unwritten(profiles: Profiles, likelihoods: Likelihoods, row: int, chance: Generator) -> list[int]:
    """Findings of similar diseases that the disease shows too, although nobody wrote it."""
    near = likelihoods.likeness[row].argsort()[::-1][1:6]
    written = set(profiles.cells.finding[profiles.cells.disease == row].tolist())
    theirs = [f for other in near for f in profiles.cells.finding[profiles.cells.disease == other].tolist()]
    open_ = sorted(set(theirs) - written)
    return [open_[int(place)] for place in chance.integers(0, len(open_), UNWRITTEN)] if open_ else []


def _asked(profiles: Profiles, likelihoods: Likelihoods, row: int, chance: Generator) -> list[int]:
    """Findings of this and similar diseases that somebody asked for or looked for."""
    near = likelihoods.likeness[row].argsort()[::-1][:4]
    theirs = sorted({f for other in near for f in profiles.cells.finding[profiles.cells.disease == other].tolist()})
    asked = [f for f in theirs if profiles.dimensions[f] in ("symptom", "sign")]
    return [f for f in asked if chance.random() < DENIED]


def _spoken(profiles: Profiles, finding: int) -> float:
    """How surely a finding is told: a complaint as the release says, another as findings of its dimension are."""
    for said in profiles.snapshot.statements(Predicate.TOLD_UNASKED, profiles.findings[finding].id):
        return UNASKED[said.qualifiers["telling"]]
    return TOLD.get(profiles.dimensions[finding], OTHERWISE)


def _vaguely(profiles: Profiles, finding: int, chance: Generator) -> int:
    wider = profiles.parents[finding]
    return wider[0] if wider and chance.random() < VAGUE else finding


def _evidence(profiles: Profiles, finding: int, present: bool) -> Evidence:
    known = profiles.findings[finding]
    return Evidence(known.id, known.name, present, profiles.dimensions[finding])
