"""What the release says diseases look like: their findings with how often, and in whom, when and where they occur.

Statements become arrays, once a release. Shares are the middle of their band, as if ``PATIENTS`` patients had been
counted and one more had shown the finding as often as anybody does (Beta smoothing): no share is 0 or 1.

Likelihood of ages a (``AGE_BANDS``), of sexes and seasons are relative; the factor by which an age raises a
disease d is P(a | d) / P(a) = r(d, a) / Σ_b v(b) r(d, b), with v(b) the part of first visits by people of an age.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from math import sqrt
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from clinical.age import YEAR
from clinical.logic import UNKNOWN, Known, Unknown
from clinical.patient import Sex
from knowledge.model import Concept, ConceptKind, Predicate, Standing, Statement
from knowledge.snapshot import Snapshot
from knowledge.tables.diagnosis import AGE_BANDS, PER_10_000, SHARES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[Any]
    Rows = NDArray[Any]

PATIENTS: Final = 20.0
"""How many patients a band is worth."""
LEVELS: Final = ("primary", "hospital")
VISITS: Final = (0.01, 0.04, 0.06, 0.12, 0.07, 0.25, 0.25, 0.20)
"""Part of first visits by age band: a working assumption for a county, to be replaced by its own figures."""
AGE_RATES: Final = {"high": 1.0, "moderate": 0.35, "low": 0.08, "none": 0.002}
SEX_RATES: Final = {
    "male-only": (2.0, 0.0005),
    "mostly-male": (1.4, 0.6),
    "equal": (1.0, 1.0),
    "mostly-female": (0.6, 1.4),
    "female-only": (0.0005, 2.0),
}
"""(men, women): two thirds of the patients with what is "mostly" of a sex have it."""
_OF_THE_OTHER: Final[dict[Known[Sex], str]] = {Sex.MALE: "female-only", Sex.FEMALE: "male-only"}
IN_SEASON: Final = 1.6
OUT_OF_SEASON: Final = 0.7
AT_HOME: Final = 2.0
ELSEWHERE: Final = 0.5
"""Of a disease of some regions: where it is clearly more common, and everywhere else."""
SEASONS: Final = ("spring", "summer", "autumn", "winter")
CHILDREN: Final = (0.0, 14 * YEAR)
"""Ages in days of what is called 小儿."""
_LEAST: Final = 1e-4
_WIDE: Final = 4.0
_EVER: Final = 1e9
_OLDEST: Final = 32_000.0
_BAND_STARTS: Final = tuple(start for _, start, _ in AGE_BANDS.values())
MIDDLES: Final = tuple((start + min(end, _OLDEST)) / 2 for _, start, end in AGE_BANDS.values())
"""An age in days that stands for each band."""
Ages = tuple[float, float] | float | None
"""An age in days, a span of ages, or none known."""
_KINDS: Final = (ConceptKind.SYMPTOM, ConceptKind.FINDING)


def band_of(age_days: float) -> int:
    """Place of an age among ``AGE_BANDS``."""
    return max(place for place, start in enumerate(_BAND_STARTS) if start <= age_days or place == 0)


def bands_in(ages: tuple[float, float]) -> list[int]:
    """Places of the bands whose middle lies in a span of ages; at least that of its beginning."""
    found = [place for place, middle in enumerate(MIDDLES) if ages[0] <= middle < ages[1]]
    return found or [band_of(ages[0])]


def season_of(month: int) -> int:
    """Place of a month among ``SEASONS``: spring begins in March."""
    return (month - 3) % 12 // 3


def middle(band: str) -> float:
    """The middle of a band: of one that spans orders of magnitude the geometric one."""
    low, high = SHARES[band]
    low = max(low, _LEAST)
    return (low + high) / 2 if high < _WIDE * low else sqrt(low * high)


def smoothed(band: str, incidental: float) -> float:
    """Share of patients who show a finding of a band, never 0 or 1."""
    return (PATIENTS * middle(band) + incidental) / (PATIENTS + 1)


class Whom(NamedTuple):
    """Whose findings they are, when and where: ``month`` 1 to 12, 0 unknown; ``regions`` are words of profiles
    (内蒙古, 牧区); ``level`` 0 township or village, 1 hospital, -1 unknown."""

    ages: Ages = None
    sex: Known[Sex] = UNKNOWN
    month: int = 0
    regions: frozenset[str] = frozenset()
    level: int = -1


@dataclass(frozen=True, slots=True)
class Cells:
    """Has-finding statements, the more special ones of a pair later: rows of disease and finding, share, ages in days
    from (included) up to (excluded), sex (0 men, 1 women, -1 both)."""

    disease: Rows
    finding: Rows
    share: Floats
    youngest: Floats
    oldest: Floats
    sex: Rows
    statements: tuple[Statement, ...]

    def holding(self, ages: Ages, sex: Known[Sex]) -> Rows:
        """Which hold at an age (somewhere in a span of ages) and for a sex; of what is unknown all hold."""
        import numpy as np

        holds = np.ones(len(self.share), bool)
        if ages is not None:
            first, last = ages if isinstance(ages, tuple) else (ages, ages)
            holds &= (self.youngest <= last) & (first < self.oldest)
        if not isinstance(sex, Unknown):
            holds &= (self.sex < 0) | (self.sex == (0 if sex is Sex.MALE else 1))
        return holds


@dataclass(frozen=True)
class Profiles:
    """Diseases (D) and findings (F) of a release by row. ``parents`` are the wider findings directly above one,
    ``above`` all wider ones, ``refers`` the diseases that a finding names (哮喘病史)."""

    snapshot: Snapshot
    diseases: tuple[str, ...]
    profiles: tuple[Statement, ...]
    findings: tuple[Concept, ...]
    cells: Cells

    @classmethod
    def of(cls, snapshot: Snapshot) -> Profiles:
        """Those of a release, read once."""
        return snapshot.remember("profiles", lambda: _read(snapshot))

    @cached_property
    def row(self) -> dict[str, int]:
        """Rows of diseases by id."""
        return {disease: row for row, disease in enumerate(self.diseases)}

    @cached_property
    def place(self) -> dict[str, int]:
        """Rows of findings by id."""
        return {finding.id: row for row, finding in enumerate(self.findings)}

    @cached_property
    def dimensions(self) -> tuple[str, ...]:
        return tuple(str(finding.attributes["dimension"]) for finding in self.findings)

    @cached_property
    def incidental(self) -> Floats:
        """Share (F) of patients who show a finding that has nothing to do with their disease."""
        import numpy as np

        bands = (finding.attributes.get("incidental", "rare") for finding in self.findings)
        return np.array([middle(band) for band in bands], np.float32)

    @cached_property
    def above(self) -> tuple[tuple[int, ...], ...]:
        """All wider findings of each, the widest first."""
        lineages = [self.snapshot.ancestors(f.id) for f in self.findings]
        depth = [len(lineage) for lineage in lineages]
        found = ((self.place[a] for a in lineage if a in self.place) for lineage in lineages)
        return tuple(
            tuple(sorted((row for row in rows if row != own), key=lambda row: (depth[row], row)))
            for own, rows in enumerate(found)
        )

    @cached_property
    def parents(self) -> tuple[tuple[int, ...], ...]:
        """Wider findings directly above each."""
        return tuple(
            tuple(p for p in above if not any(p in self.above[other] for other in above)) for above in self.above
        )

    @cached_property
    def children(self) -> dict[int, list[int]]:
        """Findings directly below one."""
        found: dict[int, list[int]] = {}
        for row, parents in enumerate(self.parents):
            for parent in parents:
                found.setdefault(parent, []).append(row)
        return found

    @cached_property
    def refers(self) -> dict[int, tuple[int, ...]]:
        """Rows of the diseases that a finding of a history names."""
        found = {}
        for row, finding in enumerate(self.findings):
            named = (
                self.snapshot.by_name(name, ConceptKind.DISEASE) for name in finding.attributes.get("diseases", ())
            )
            rows = tuple(self.row[c.id] for concepts in named for c in concepts if c.id in self.row)
            if rows:
                found[row] = rows
        return found

    @cached_property
    def told(self) -> dict[tuple[int, int], list[int]]:
        """Places in ``cells`` of what is said of a (finding, disease)."""
        found: dict[tuple[int, int], list[int]] = {}
        pairs = zip(self.cells.finding.tolist(), self.cells.disease.tolist(), strict=True)
        for place, pair in enumerate(pairs):
            found.setdefault(pair, []).append(place)
        return found

    def statement(self, finding: int, disease: int, whom: Whom) -> Statement | None:
        """What is said of a finding in a disease at this age and for this sex: the most special; else what is said of
        it at any."""
        places = self.told.get((finding, disease), ())
        holds = self.cells.holding(whom.ages, whom.sex)
        fitting = [place for place in places if holds[place]] or places
        return self.cells.statements[fitting[-1]] if fitting else None

    @cached_property
    def red_flags(self) -> Rows:
        """Which diseases must not be missed."""
        import numpy as np

        return np.array([bool(p.qualifiers.get("red_flag")) for p in self.profiles], bool)

    # -- how common, in whom ---------------------------------------------------------------------

    def factors(self, whom: Whom) -> dict[str, Floats]:
        """What each circumstance multiplies how common a disease (D) is by; of what is unknown nothing is said."""
        found = {"level": self._by_level(whom.level)}
        if whom.ages is not None:
            found["age"] = self._by_age(whom.ages)
        if not isinstance(whom.sex, Unknown):
            found["sex"] = self._sexes[:, 0 if whom.sex is Sex.MALE else 1]
        if whom.month:
            found["season"] = self._seasons[:, season_of(whom.month)]
        if whom.regions:
            found["region"] = self._by_region(whom.regions)
        return found

    def occurs(self, row: int, whom: Whom) -> bool:
        """Whether a disease is met at this age and in this sex at all; of what is unknown everything is."""
        told, ages = self.profiles[row].qualifiers, whom.ages
        bands = [] if ages is None else bands_in(ages) if isinstance(ages, tuple) else [band_of(ages)]
        names = tuple(AGE_BANDS)
        of_age = not bands or any(told[names[band]] != "none" for band in bands)
        return of_age and told["sex"] != _OF_THE_OTHER.get(whom.sex)

    def weights(self, whom: Whom) -> Floats:
        """How common each disease (D) is among first visits like this one, per ten thousand."""
        import numpy as np

        return np.asarray(np.prod(list(self.factors(whom).values()), axis=0))

    @cached_property
    def age_shares(self) -> Floats:
        """P(age band | disease) (D × 8)."""
        import numpy as np

        return np.asarray(self._ages * np.array(VISITS))

    def _by_level(self, level: int) -> Floats:
        import numpy as np

        return self._common[level] if level >= 0 else np.asarray(np.sqrt(self._common[0] * self._common[1]))

    def _by_age(self, ages: tuple[float, float] | float) -> Floats:
        import numpy as np

        if not isinstance(ages, tuple):
            return np.asarray(self._ages[:, band_of(ages)])
        bands = bands_in(ages)
        return np.asarray(self.age_shares[:, bands].sum(axis=1) / sum(VISITS[band] for band in bands))

    def _by_region(self, regions: frozenset[str]) -> Floats:
        import numpy as np

        told = [frozenset(p.qualifiers.get("regions", ())) for p in self.profiles]
        return np.array([1.0 if not t else AT_HOME if t & regions else ELSEWHERE for t in told])

    @cached_property
    def _common(self) -> Floats:
        import numpy as np

        return np.array([[PER_10_000[p.qualifiers[level]] for p in self.profiles] for level in LEVELS])

    @cached_property
    def _ages(self) -> Floats:
        import numpy as np

        rates = np.array([[AGE_RATES[p.qualifiers[band]] for band in AGE_BANDS] for p in self.profiles])
        rates = np.maximum(rates, AGE_RATES["none"])
        return np.asarray(rates / (rates @ np.array(VISITS))[:, None])

    @cached_property
    def _sexes(self) -> Floats:
        import numpy as np

        return np.array([SEX_RATES[p.qualifiers["sex"]] for p in self.profiles])

    @cached_property
    def _seasons(self) -> Floats:
        import numpy as np

        told = [p.qualifiers.get("seasons", ()) for p in self.profiles]
        rows = [[1.0 if not t else IN_SEASON if s in t else OUT_OF_SEASON for s in SEASONS] for t in told]
        return np.array(rows)


# -- reading -----------------------------------------------------------------------------------


def _read(snapshot: Snapshot) -> Profiles:
    told = {s.subject: s for s in deciding(snapshot, Predicate.DISEASE_PROFILE)}
    shown = [s for s in deciding(snapshot, Predicate.HAS_FINDING) if s.subject in told]
    findings = tuple(_findings(snapshot, sorted({s.object for s in shown})))
    place = {finding.id: row for row, finding in enumerate(findings)}
    described = {s.subject for s in shown if s.object in place}
    diseases = tuple(sorted(d for d in told if d in described))
    row = {disease: number for number, disease in enumerate(diseases)}
    return Profiles(
        snapshot, diseases, tuple(told[d] for d in diseases), findings, _cells(shown, row, place, findings)
    )


def deciding(snapshot: Snapshot, predicate: Predicate) -> Iterator[Statement]:
    """Statements of a predicate that may decide."""
    return (s for s in snapshot.saying(predicate, Statement) if s.standing is not Standing.UNREVIEWED)


def _findings(snapshot: Snapshot, shown: list[str]) -> Iterator[Concept]:
    """Findings that some disease shows and all that they are a kind of, in order of id."""
    wanted = {wider for finding in shown for wider in snapshot.ancestors(finding)}
    for finding in sorted(wanted):
        concept = snapshot.concept(finding)
        if concept is not None and concept.kind in _KINDS and "dimension" in concept.attributes:
            yield concept


def _cells(
    shown: list[Statement], row: dict[str, int], place: dict[str, int], findings: tuple[Concept, ...]
) -> Cells:
    import numpy as np

    kept = sorted((s for s in shown if s.subject in row and s.object in place), key=_special)
    told = [s.qualifiers for s in kept]
    bands = [(findings[place[s.object]].attributes.get("incidental", "rare")) for s in kept]
    sexes = {"male": 0, "female": 1}
    return Cells(
        np.array([row[s.subject] for s in kept], np.int32),
        np.array([place[s.object] for s in kept], np.int32),
        np.array([smoothed(q["frequency"], middle(b)) for q, b in zip(told, bands, strict=True)], np.float32),
        np.array([q.get("age_min", 0) for q in told], np.float32),
        np.array([q.get("age_max", _EVER) for q in told], np.float32),
        np.array([sexes.get(q.get("sex", ""), -1) for q in told], np.int8),
        tuple(kept),
    )


def _special(statement: Statement) -> tuple[bool, float, str]:
    """What is said of one sex after what is said of both, what is said of a few years after what is said of many."""
    told = statement.qualifiers
    return "sex" in told, told.get("age_min", 0) - told.get("age_max", _EVER), statement.id
