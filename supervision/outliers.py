"""Doctors who stand out among their peers, with the diseases they see taken into account.

What is expected of a doctor is what all peers together do for the same diseases, weighed by how often this doctor
sees them (indirect standardisation). How far observed over expected lies from the middle is told by the modified
z-score (Iglewicz and Hoaglin, How to Detect and Handle Outliers, 1993): medians, so that those who stand out do not
hide themselves. It says where to look, not who is wrong.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from statistics import median
from typing import Final

from supervision.figures.answers import Answers, Line
from supervision.figures.indicator import Indicator
from supervision.figures.periods import Period
from supervision.figures.sums import Asked, AskError

LEAST: Final = 30
"""Below so much in the denominator a doctor is not judged."""
BEYOND: Final = 3.5
"""A modified z-score beyond this stands out."""
_NORMAL: Final = 0.6745
"""Makes the median of deviations comparable with a standard deviation."""
_FEWEST: Final = 5
"""Among fewer peers nobody stands out."""
_BY: Final = ("institution", "doctor", "disease")


@dataclass(frozen=True, slots=True)
class Standing:
    """A doctor of an institution: what was observed and expected, and how far that lies from peers (None: too few
    cases, too few peers, or all peers alike)."""

    tenant: str
    doctor: str
    volume: float
    observed: float
    expected: float
    score: float | None = None

    @property
    def ratio(self) -> float:
        return self.observed / self.expected

    @property
    def stands_out(self) -> bool:
        return self.score is not None and abs(self.score) > BEYOND


def standings(answers: Answers, one: Indicator, period: Period, asked: Asked, least: float = LEAST) -> list[Standing]:
    """All doctors of whom something can be expected, the furthest first. Raises ``AskError``."""
    if one.denominator is None or one.growth:
        raise AskError("id", f"“{one.title}”不是比率或均数，不能按病种构成比较医师")
    if not all(measure.adds_up for measure in one.measures):
        raise AskError("id", f"“{one.title}”按不同值计数，不能按病种构成比较医师")
    wanted = replace(asked, by=_BY)
    lines = answers.ask([one], period, wanted, compare=False)[one.name]
    return sorted(_scored(_observed(lines), least), key=lambda s: (-abs(s.score or 0.0), -s.volume))


def _observed(lines: Iterable[Line]) -> list[Standing]:
    known = [line for line in lines if line.group[1] and line.now.denominator and line.now.numerator is not None]
    rates = _rates(known)
    found: dict[tuple[str, str], Standing] = {}
    for line in known:
        tenant, doctor, disease = (value or "" for value in line.group)
        volume, observed = line.now.denominator or 0.0, line.now.numerator or 0.0
        was = found.get((tenant, doctor), Standing(tenant, doctor, 0.0, 0.0, 0.0))
        found[tenant, doctor] = replace(
            was,
            volume=was.volume + volume,
            observed=was.observed + observed,
            expected=was.expected + volume * rates[disease],
        )
    return [one for one in found.values() if one.expected > 0]


def _rates(lines: Iterable[Line]) -> Mapping[str, float]:
    """What all peers together do, by disease."""
    above: defaultdict[str, float] = defaultdict(float)
    below: defaultdict[str, float] = defaultdict(float)
    for line in lines:
        disease = line.group[2] or ""
        above[disease] += line.now.numerator or 0.0
        below[disease] += line.now.denominator or 0.0
    return {disease: above[disease] / volume for disease, volume in below.items()}


def _scored(found: list[Standing], least: float) -> list[Standing]:
    ratios = [one.ratio for one in found if one.volume >= least]
    if len(ratios) < _FEWEST:
        return found
    middle = median(ratios)
    spread = median(abs(ratio - middle) for ratio in ratios)
    if not spread:
        return found
    return [
        replace(one, score=_NORMAL * (one.ratio - middle) / spread) if one.volume >= least else one for one in found
    ]


__all__ = ["BEYOND", "LEAST", "Standing", "standings"]
