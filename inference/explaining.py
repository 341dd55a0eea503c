"""Why a disease is suggested: what speaks for it and against it, in bits, with where that can be read.

The weight of a piece of evidence for a disease is log₂ of how much likelier it is in it than in the other
diseases in question, these counted by how common they are; what age, sex, season and region say is told the same
way. What a disease does not explain, and what it usually shows of which nobody spoke, stand beside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import log, log2
from typing import TYPE_CHECKING, Any, Final

from clinical.finding import Reference
from clinical.value import Value
from inference.assessment import Assessment, Ranked
from inference.calibration import TEMPER
from inference.citing import references
from inference.evidence import Evidence
from inference.profiles import Profiles
from inference.questions import settled
from inference.weighing import Weighed
from knowledge.model import Statement
from knowledge.tables.diagnosis import FREQUENCIES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[Any]

BANDS: Final = {band: name for name, band in FREQUENCIES.items()}
"""Band → its Chinese name."""
_TELLING: Final = 0.05
"""Bits below which something speaks neither for nor against."""
_TYPICAL: Final = 0.5
_MOST_TYPICAL: Final = 8
_CIRCUMSTANCES: Final = {"age": "年龄", "sex": "性别", "season": "季节", "region": "地区"}
_UNSAID: Final = "未提及{}"
_UNSAID_OF_OTHERS: Final = "未提及其他疾病的主诉"
_WEAK: Final = "患者多会主动说出，未提及仅为弱反证，不等于否认，宜问清"


class Ground(Value, frozen=True):
    """Something that speaks for a disease (``bits`` above 0) or against it. ``evidence`` is what of the patient,
    None for a circumstance or silence; ``basis`` is ``stated`` (the release says how often, ``frequency``),
    ``implied`` (it says so of a wider or narrower finding, named in ``note``) or ``unstated``."""

    label: str
    dimension: str
    bits: float
    evidence: Evidence | None = None
    frequency: str = ""
    basis: str = ""
    note: str = ""
    references: tuple[Reference, ...] = ()


class Expected(Value, frozen=True):
    """What a disease usually shows of which nobody spoke."""

    finding: str
    name: str
    dimension: str
    frequency: str
    share: float
    references: tuple[Reference, ...] = ()


@dataclass(frozen=True, slots=True)
class Candidate:
    """A suspected disease. ``name`` is how somebody named it, else its preferred name. ``kinds`` are the diseases
    it stands for with their part of its probability, where these are several. ``standing`` is ``unreviewed`` for
    one that only a loaded graph knows, ``none`` for one of which nothing is known."""

    id: str
    name: str
    probability: float
    supporting: tuple[Ground, ...] = ()
    opposing: tuple[Ground, ...] = ()
    unexplained: tuple[Evidence, ...] = ()
    expected: tuple[Expected, ...] = ()
    kinds: tuple[tuple[str, float], ...] = ()
    red_flag: bool = False
    urgency: str = ""
    departments: tuple[str, ...] = ()
    advice: str = ""
    standing: str = "none"
    references: tuple[Reference, ...] = ()

    @property
    def evidence(self) -> tuple[Ground, ...]:
        """All grounds, the weightiest first."""
        return tuple(sorted((*self.supporting, *self.opposing), key=lambda g: -abs(g.bits)))


class Explainer:
    """Explains the candidates of one assessment."""

    def __init__(self, assessment: Assessment) -> None:
        self._of = assessment
        self._profiles: Profiles = assessment.profiles
        self._snapshot = assessment.profiles.snapshot
        self._settled = settled(assessment)
        self._rivals = self._in_question()

    def candidate(self, ranked: Ranked) -> Candidate:
        """A disease with its grounds."""
        if not ranked.rows:
            return self._without_profile(ranked)
        row = ranked.rows[0]
        grounds = list(self.grounds(row))
        told = self._profiles.profiles[row]
        return Candidate(
            ranked.disease,
            ranked.words or self._snapshot.name(ranked.disease),
            ranked.probability,
            tuple(sorted((g for g in grounds if g.bits > 0), key=lambda g: -g.bits)),
            tuple(sorted((g for g in grounds if g.bits < 0), key=lambda g: g.bits)),
            tuple(self._unexplained(row)),
            tuple(self._expected(row)),
            self._kinds(ranked),
            bool(told.qualifiers.get("red_flag")),
            told.qualifiers["urgency"],
            tuple(told.qualifiers.get("departments", ())),
            told.qualifiers.get("advice", ""),
            told.standing.value,
            references(self._snapshot, told),
        )

    def _kinds(self, ranked: Ranked) -> tuple[tuple[str, float], ...]:
        if len(ranked.rows) < 2:
            return ()
        inside = self._of.posterior[list(ranked.rows)]
        parts = inside / max(float(inside.sum()), 1e-300)
        found = zip(ranked.rows, parts, strict=True)
        return tuple((self._profiles.diseases[row], float(p * ranked.probability)) for row, p in found if p >= 0.01)

    def _without_profile(self, ranked: Ranked) -> Candidate:
        """One that only a loaded graph knows, or nobody."""
        known = ranked.loaded
        name = ranked.words or self._snapshot.name(ranked.disease)
        if known is None:
            return Candidate(ranked.disease, name, ranked.probability)
        by_id = {one.finding: one for one in self._of.evidence}
        shown = [by_id[finding] for finding in known.shown]
        grounds = tuple(Ground(e.name, e.dimension, 0.0, e, basis="unstated") for e in shown)
        return Candidate(ranked.disease, name, ranked.probability, grounds, standing="unreviewed")

    # -- grounds -----------------------------------------------------------------------------------

    def grounds(self, row: int) -> Iterator[Ground]:
        """What speaks for and against a disease (row)."""
        for one in self._of.weighed:
            bits = self._bits(one.weights, row)
            if abs(bits) >= _TELLING:
                yield self._ground(one, row, bits)
        yield from self._silence(row)
        for circumstance, label in _CIRCUMSTANCES.items():
            factor = self._of.factors.get(circumstance)
            if factor is not None and abs(log2(max(float(factor[row]), 1e-9))) >= _TELLING:
                yield self._circumstance(label, circumstance, row, log2(max(float(factor[row]), 1e-9)))

    def _in_question(self) -> Floats:
        """How common the diseases that are in question are (D); 0 for the others."""
        import numpy as np

        common = self._of.common.copy()
        if self._of.named:
            kept = {row for named in self._of.named for row in named.rows}
            common[np.array([row not in kept for row in range(len(common))])] = 0
        return common

    def _bits(self, weights: Floats, row: int) -> float:
        """log₂ of how much likelier a piece of evidence is in a disease than in the others in question."""
        import numpy as np

        rivals = self._rivals.copy()
        rivals[row] = 0
        if rivals.sum() <= 0:
            rivals = self._of.common.copy()
            rivals[row] = 0
        mean = float(np.exp(TEMPER * weights) @ rivals / rivals.sum())
        return (TEMPER * float(weights[row]) - log(max(mean, 1e-300))) / log(2)

    def _silence(self, row: int) -> Iterator[Ground]:
        """That none of the complaints which bring patients with the disease was mentioned; or those of others."""
        bits = self._bits(self._of.silence.weights, row)
        if abs(bits) < _TELLING:
            return
        if bits > 0:
            yield Ground(_UNSAID_OF_OTHERS, "symptom", bits, basis="implied")
            return
        unsaid = self._of.silence.unsaid(row)
        label = _UNSAID.format("、".join(self._snapshot.name(said.subject) for said in unsaid))
        cited = tuple(one for said in unsaid for one in references(self._snapshot, said))
        yield Ground(label, "symptom", bits, basis="stated", note=_WEAK, references=cited)

    def _circumstance(self, label: str, kind: str, row: int, bits: float) -> Ground:
        told = self._profiles.profiles[row]
        note = f"该{label}{'多见' if bits > 0 else '少见'}"
        return Ground(label, kind, bits, basis="stated", note=note, references=references(self._snapshot, told))

    def _ground(self, one: Weighed, row: int, bits: float) -> Ground:
        evidence = one.evidence
        label = evidence.name if evidence.present else f"无{evidence.name}"
        if one.finding < 0:
            return Ground(label, evidence.dimension, bits, evidence, basis="implied", note="既往或他处诊断")
        said, basis, note = self._said(one.finding, row)
        if said is None:
            return Ground(label, evidence.dimension, bits, evidence, basis=basis, note=note)
        band = BANDS[said.qualifiers["frequency"]]
        told = "；".join(filter(None, (note, said.qualifiers.get("note", ""))))
        cited = references(self._snapshot, said)
        return Ground(label, evidence.dimension, bits, evidence, band, basis, told, cited)

    def _said(self, finding: int, row: int) -> tuple[Statement | None, str, str]:
        """What the release says of a finding in a disease, or of the nearest wider or narrower one."""
        profiles, whom = self._profiles, self._of.whom
        own = profiles.statement(finding, row, whom)
        if own is not None:
            return own, "stated", ""
        wider = reversed(profiles.above[finding])
        for other in (*wider, *profiles.children.get(finding, ())):
            said = profiles.statement(other, row, whom)
            if said is not None:
                return said, "implied", f"据“{profiles.findings[other].name}”推算"
        return None, "unstated", "该病知识未列出此表现"

    # -- beside it ---------------------------------------------------------------------------------

    def _unexplained(self, row: int) -> Iterator[Evidence]:
        """Present findings that the disease is not said to show."""
        for one in self._of.weighed:
            if one.finding >= 0 and one.evidence.present:
                said, _, _ = self._said(one.finding, row)
                if said is None or said.qualifiers["frequency"] in ("never", "rare"):
                    yield one.evidence

    def _expected(self, row: int) -> Iterator[Expected]:
        """What most patients with the disease show of which nobody spoke, tests that were not made too."""
        profiles, whom = self._profiles, self._of.whom
        cells = profiles.cells
        mine = {int(f) for f in cells.finding[cells.disease == row]} - self._settled
        found = []
        for finding in mine:
            said = profiles.statement(finding, row, whom)
            share = float(self._of.table.of([finding])[0][row])
            if said is not None and share >= _TYPICAL:
                found.append((share, finding, said))
        for share, finding, said in sorted(found, key=lambda one: (-one[0], one[1]))[:_MOST_TYPICAL]:
            known, band = profiles.findings[finding], BANDS[said.qualifiers["frequency"]]
            cited = references(self._snapshot, said)
            yield Expected(known.id, known.name, profiles.dimensions[finding], band, share, cited)
