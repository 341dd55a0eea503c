"""Rare diseases that the phenotypes of a patient suggest, by likelihood over the Human Phenotype Ontology.

For each phenotype q of the patient and each disease d the likelihood ratio is

    LR(q, d) = (1 − ν) · max over a ⊇ q of  λ(a) · f(d, a) / r(a)  +  ν

with f the share of patients with d who show a or anything below it, r(a) the mean of f over all diseases (so that
1 / r(a) grows with the information content of a), a = q or something above it, λ = 1 for q itself and ``_VAGUE``
above: a phenotype that nobody described in d still counts as far as its kind was. ν is the chance that a phenotype
has nothing to do with the disease. This is the ratio of LIRICAL (Robinson et al. 2020, Am J Hum Genet 107:403) with
the most informative common ancestor of Resnik's similarity in place of its fixed penalties. A phenotype that is
absent counts (1 − f(d, q)) / (1 − r(q)), so that the lack of an obligate one weighs most; each phenotype of d of
which nobody speaks counts 1 − SPOKEN · f: more is told of those who have much.

The score is log₁₀ of the product; every disease is equally likely before. It is no probability of being ill.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import exp, log, log10
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from clinical.finding import Reference
from clinical.logic import UNKNOWN, Known, Unknown
from clinical.patient import Sex
from clinical.value import Value
from inference.citing import references
from inference.rare_atlas import Atlas, NoPhenotypesError
from knowledge.model import CodeRef, Predicate, Statement
from knowledge.naming import normal_name
from knowledge.snapshot import Snapshot
from nlp.phenotype_names import PhenotypeNames

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[Any]

_UNRELATED: Final = 0.2
"""ν: the share of what a patient shows that has another cause."""
_VAGUE: Final = 0.2
"""λ: what a phenotype counts for that is known of a disease only by its kind."""
_EXCLUDED: Final = 0.05
"""What a phenotype counts for that somebody looked for in the disease and did not find."""
_FLOOR: Final = 0.02
_TOO_YOUNG: Final = 0.1
_OTHER_SEX: Final = 0.1
_YEARS_EARLY: Final = 1.0
_TELLING: Final = 0.05
"""What weighs less is not shown: it speaks neither for nor against."""
_TYPICAL: Final = 0.3
"""From this share on a phenotype is worth looking for."""
_MOST_MISSING: Final = 8
_ONSETS: Final = {
    "HP:0030674": 0.0, "HP:0034199": 0.0, "HP:0034198": 0.0, "HP:0034197": 0.0, "HP:0011460": 0.0, "HP:0011461": 0.0,
    "HP:0003577": 0.0, "HP:0003623": 0.0, "HP:0003593": 28 / 365.25, "HP:0410280": 0.0, "HP:0011463": 1.0,
    "HP:0003621": 5.0, "HP:0003581": 16.0, "HP:0011462": 16.0, "HP:0025708": 16.0, "HP:0025709": 19.0,
    "HP:0025710": 25.0, "HP:0003596": 40.0, "HP:0003584": 60.0,
}  # fmt: skip
"""Onset terms of HPO → earliest age in years."""
_MALE: Final = frozenset({"HP:0001419", "HP:0001450", "HP:0001475"})
"""X-linked recessive, Y-linked, male-limited."""
_FREQUENCIES: Final = (
    (0.995, "必有"), (0.8, "很常见"), (0.3, "常见"), (0.05, "偶见"), (0.0, "罕见"),
)  # fmt: skip
"""HPO's bands of frequency, the least share of each."""


class Observed(Value, frozen=True):
    """A phenotype (concept id) that was looked for, and how it was written."""

    phenotype: str
    present: bool = True
    text: str = ""


class Matched(Value, frozen=True):
    """A phenotype of the patient and what the disease shows of it: ``relation`` is ``same``, ``narrower`` (the
    disease shows something more special), ``broader`` (only its kind, ``shown``, is known of the disease), ``none``.
    ``share`` is how many patients show it, UNKNOWN where nobody counted; ``weight`` the decimal logarithm of the
    ratio."""

    observed: Observed
    relation: str
    shown: str
    share: Known[float]
    weight: float


class Missing(Value, frozen=True):
    """A typical phenotype of the disease of which nothing was said, and the share of patients who show it."""

    phenotype: str
    share: Known[float]
    frequency: str
    gain: float


class RareCandidate(Value, frozen=True):
    """A disease. ``score`` is log₁₀ of the likelihood ratio, ``relative`` its part of the ratios of all diseases;
    ``notes`` (Chinese) what age and sex say."""

    id: str
    score: float
    relative: float
    matched: tuple[Matched, ...]
    against: tuple[Matched, ...]
    missing: tuple[Missing, ...]
    onset: tuple[str, ...]
    inheritance: tuple[str, ...]
    notes: tuple[str, ...]
    codes: tuple[CodeRef, ...]
    references: tuple[Reference, ...]


def observed_in(
    snapshot: Snapshot, text: str, findings: Iterable[tuple[str, bool]]
) -> tuple[list[Observed], list[str]]:
    """Phenotypes of a record text and of single findings (words, HPO codes) with whether each is there; and the
    findings that mean no phenotype. What is said of one phenotype twice counts once: present before absent."""
    with _MAKING:
        names = PhenotypeNames.of(snapshot)
    found, lost = dict[str, Observed](), list[str]()
    said = [Observed(one.phenotype, one.present, one.text) for one in names.read(text)]
    for words, present in findings:
        exact = names.exact(words)
        meant = [(exact, True)] if exact else [(one.phenotype, one.present) for one in names.read(words)]
        said += [Observed(phenotype, present and there, words) for phenotype, there in meant]
        lost += [] if meant else [words]
    for one in said:
        known = found.get(one.phenotype)
        if known is None or (one.present and not known.present):
            found[one.phenotype] = one
    return list(found.values()), lost


_MAKING: Final = Lock()


@dataclass(frozen=True, slots=True)
class RareDiseases:
    """The diseases of one release, ready to be ranked."""

    snapshot: Snapshot
    atlas: Atlas

    @classmethod
    def of(cls, snapshot: Snapshot) -> RareDiseases:
        """Those of a release; who comes while they are made waits. Raises ``NoPhenotypesError``."""
        with _MAKING:
            return cls(snapshot, Atlas.of(snapshot))

    def scores(self, observed: Sequence[Observed]) -> Floats:
        """Natural logarithm of the likelihood ratio of every disease, by row of the atlas; sex and age left out."""
        return self._total(observed, self._ratios(observed))

    def rank(
        self, observed: Sequence[Observed], years: Known[float] = UNKNOWN, sex: Known[Sex] = UNKNOWN, limit: int = 10
    ) -> list[RareCandidate]:
        """The likeliest diseases, the first the likeliest. Nothing when no phenotype is present."""
        import numpy as np

        known = [one for one in observed if one.phenotype in self.atlas.row]
        if not any(one.present for one in known):
            return []
        ratios = self._ratios(known)
        total = self._total(known, ratios)
        whole = float(np.logaddexp.reduce(total))
        nearest = [int(row) for row in np.argsort(-total, kind="stable")[: 5 * limit]]
        courses = {row: self._course(row, years, sex) for row in nearest}
        nearest.sort(key=lambda row: (-(total[row] + courses[row].weight), row))
        told = list(zip(known, ratios, strict=True))
        return [
            self._candidate(row, codes, courses[row], float(total[row]) - whole, float(total[row]), told)
            for row, codes in self._distinct(nearest, limit)
        ]

    def _distinct(self, rows: Sequence[int], limit: int) -> list[tuple[int, tuple[CodeRef, ...]]]:
        """The first rows of different names, with the codes of all that are called alike: OMIM and Orphanet describe
        one disease each in its own words."""
        found: dict[str, list[int]] = {}
        for row in rows:
            known = self.snapshot.concept(self.atlas.diseases[row])
            found.setdefault(normal_name(known.name_en or known.name) if known else str(row), []).append(row)
        codes = {row: known.codes for row in rows if (known := self.snapshot.concept(self.atlas.diseases[row]))}
        return [
            (alike[0], tuple(dict.fromkeys(code for row in alike for code in codes.get(row, ()))))
            for alike in list(found.values())[:limit]
        ]

    def _ratios(self, observed: Sequence[Observed]) -> list[Floats]:
        """Of each phenotype the likelihood ratio of every disease."""
        atlas = self.atlas
        rows = ((atlas.row[one.phenotype], one.present) for one in observed)
        return [_present(atlas, row) if present else _absent(atlas, row) for row, present in rows]

    def _total(self, observed: Sequence[Observed], ratios: Sequence[Floats]) -> Floats:
        import numpy as np

        atlas = self.atlas
        total: Floats = atlas.silence - atlas.hush @ atlas.covered([atlas.row[one.phenotype] for one in observed])
        for ratio in ratios:
            total = total + np.log(ratio)
        return total

    # -- one disease ---------------------------------------------------------------------------

    def _candidate(
        self,
        row: int,
        codes: tuple[CodeRef, ...],
        course: _Course,
        share: float,
        score: float,
        told: Sequence[tuple[Observed, Floats]],
    ) -> RareCandidate:
        disease = self.atlas.diseases[row]
        weighed = [self._weighed(row, one, float(ratio[row])) for one, ratio in told]
        return RareCandidate(
            disease,
            (score + course.weight) / log(10),
            exp(min(0.0, share + course.weight)),
            tuple(sorted((m for m in weighed if m.weight >= _TELLING), key=lambda m: -m.weight)),
            tuple(sorted((m for m in weighed if m.weight <= -_TELLING), key=lambda m: m.weight)),
            tuple(self._missing(row, [one for one, _ in told])),
            course.onset,
            course.inheritance,
            course.notes,
            codes,
            self._references(disease),
        )

    def _weighed(self, row: int, one: Observed, ratio: float) -> Matched:
        atlas, place = self.atlas, self.atlas.row[one.phenotype]
        own, share = self._own(row, place)
        weight = log10(ratio)
        if own:
            return Matched(one, "same" if own == one.phenotype else "narrower", own, share, weight)
        if not one.present or ratio <= 1:
            return Matched(one, "none", "", 0.0, weight)
        kin = max(atlas.above[place], key=lambda a: _cell(atlas.carried, row, a) / atlas.rate[a])
        return Matched(one, "broader", atlas.phenotypes[kin], UNKNOWN, weight)

    def _own(self, row: int, place: int) -> tuple[str, Known[float]]:
        """What of a phenotype or below it the disease shows: itself, else the most frequent; empty for nothing."""
        import numpy as np

        atlas = self.atlas
        start, end = atlas.shown.indptr[row], atlas.shown.indptr[row + 1]
        under = atlas.below.indices[atlas.below.indptr[place] : atlas.below.indptr[place + 1]]
        inside = start + np.flatnonzero(np.isin(atlas.shown.indices[start:end], under))
        if not len(inside):
            return "", 0.0
        at = max(inside, key=lambda n: (atlas.shown.indices[n] == place, atlas.shown.data[n]))
        return atlas.phenotypes[atlas.shown.indices[at]], self._share(at)

    def _share(self, at: int) -> Known[float]:
        stated = bool(self.atlas.stated.data[at])
        return round(float(self.atlas.shown.data[at]), 3) if stated else UNKNOWN

    def _missing(self, row: int, observed: Sequence[Observed]) -> Iterator[Missing]:
        """Typical phenotypes that nobody spoke of, those that would tell most first."""
        atlas = self.atlas
        spoken = atlas.covered([atlas.row[one.phenotype] for one in observed])
        start, end = atlas.shown.indptr[row], atlas.shown.indptr[row + 1]
        waiting = []
        for at in range(start, end):
            phenotype, share = atlas.shown.indices[at], float(atlas.shown.data[at])
            if not spoken[phenotype] and share >= _TYPICAL:
                gain = share * log(max(share / atlas.rate[phenotype], 1.0))
                waiting.append((gain, at, phenotype))
        for gain, at, phenotype in sorted(waiting, reverse=True)[:_MOST_MISSING]:
            told = self._share(at)
            yield Missing(atlas.phenotypes[phenotype], told, frequency(told), round(gain, 3))

    def _course(self, row: int, years: Known[float], sex: Known[Sex]) -> _Course:
        known = self.snapshot.concept(self.atlas.diseases[row])
        told = known.attributes if known else {}
        onset, inheritance = tuple(told.get("onset", ())), tuple(told.get("inheritance", ()))
        weight, notes = 0.0, []
        earliest = min((_ONSETS[code] for code in onset if code in _ONSETS), default=0.0)
        if not isinstance(years, Unknown) and earliest > years + _YEARS_EARLY:
            weight += log(_TOO_YOUNG)
            notes.append(f"多在{earliest:g}岁以后起病，与年龄不符")
        if sex is Sex.FEMALE and inheritance and _MALE.issuperset(inheritance):
            weight += log(_OTHER_SEX)
            notes.append("遗传方式以男性发病为主，与性别不符")
        return _Course(weight, self._named(onset), self._named(inheritance), tuple(notes))

    def _named(self, codes: Iterable[str]) -> tuple[str, ...]:
        """Names of HPO codes of onset and inheritance."""
        found = (self.snapshot.by_code("hpo", code) for code in codes)
        return tuple(concepts[0].name for concepts in found if concepts)

    def _references(self, disease: str) -> tuple[Reference, ...]:
        """Where it can be read what the disease shows, each source once."""
        said = (s for s in self.snapshot.about(disease) if s.predicate is Predicate.HAS_PHENOTYPE)
        return _distinct(self.snapshot, said)


class _Course(Value, frozen=True):
    """What onset and inheritance of a disease say: natural logarithm, names, notes."""

    weight: float
    onset: tuple[str, ...]
    inheritance: tuple[str, ...]
    notes: tuple[str, ...]


def _distinct(snapshot: Snapshot, statements: Iterable[Statement]) -> tuple[Reference, ...]:
    found: dict[tuple[str, str], Reference] = {}
    for statement in statements:
        for reference in references(snapshot, statement):
            found.setdefault((reference.source, reference.section), reference)
    return tuple(found.values())


def frequency(share: Known[float]) -> str:
    """The word for a share of patients (HPO's bands)."""
    if isinstance(share, Unknown):
        return "有报道，频率不详"
    return next(word for least, word in _FREQUENCIES if share >= least)


def _present(atlas: Atlas, row: int) -> Floats:
    """LR(q, d) of every disease."""
    import numpy as np

    best = np.zeros(len(atlas.diseases))
    carried = atlas.carried
    for kin in atlas.above[row]:
        start, end = carried.indptr[kin], carried.indptr[kin + 1]
        ratio = carried.data[start:end] / atlas.rate[kin] * (1.0 if kin == row else _VAGUE)
        at = carried.indices[start:end]
        best[at] = np.maximum(best[at], ratio)
    _exclude(atlas, row, best)
    ratios: Floats = (1 - _UNRELATED) * best + _UNRELATED
    return ratios


def _exclude(atlas: Atlas, row: int, ratio: Floats) -> None:
    """Lower the ratio of diseases that are known not to show a phenotype, or what it is a kind of."""
    excluded = atlas.excluded
    for kin in atlas.above[row]:
        at = excluded.indices[excluded.indptr[kin] : excluded.indptr[kin + 1]]
        ratio[at] *= _EXCLUDED


def _absent(atlas: Atlas, row: int) -> Floats:
    """(1 − f) / (1 − r) of every disease."""
    import numpy as np

    share = np.zeros(len(atlas.diseases))
    start, end = atlas.carried.indptr[row], atlas.carried.indptr[row + 1]
    share[atlas.carried.indices[start:end]] = atlas.carried.data[start:end]
    ratios: Floats = np.maximum(1 - share, _FLOOR) / max(1 - atlas.rate[row], _FLOOR)
    return ratios


def _cell(matrix: Any, row: int, column: int) -> float:
    """One cell of a matrix in columns."""
    import numpy as np

    start, end = matrix.indptr[column], matrix.indptr[column + 1]
    at = start + int(np.searchsorted(matrix.indices[start:end], row))
    return float(matrix.data[at]) if at < end and matrix.indices[at] == row else 0.0


__all__ = [
    "Matched",
    "Missing",
    "NoPhenotypesError",
    "Observed",
    "RareCandidate",
    "RareDiseases",
    "frequency",
    "observed_in",
]
