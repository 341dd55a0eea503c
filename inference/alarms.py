"""What must not be missed: red-flag diseases that the evidence leaves open, however unlikely, with what would
settle them.

One stays on the list while something the patient shows belongs to it and its probability is not below ``LEAST``,
or the evidence has made it ``RAISED`` times as likely as it is among such patients anyway.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Final

from inference.assessment import Assessment, Ranked
from inference.explaining import Candidate, Explainer
from inference.questions import settled

LEAST: Final = 0.003
RAISED: Final = 4.0
_LEAST_RAISED: Final = 0.0003
_SHOWN: Final = 0.1
_MOST: Final = 8
_URGENCIES: Final = {"now": 3.0, "today": 2.0, "soon": 1.0, "elective": 1.0}
_OPEN: Final = 5
_TINY: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Alarm:
    """A disease that must not be missed, and findings (ids) that would confirm or exclude it, the most telling
    first."""

    candidate: Candidate
    open: tuple[str, ...]


def alarms(assessment: Assessment, explainer: Explainer) -> list[Alarm]:
    """Red flags that stand open, the most pressing first."""
    profiles = assessment.profiles
    found = [row for row in range(len(profiles.diseases)) if profiles.red_flags[row] and _is_open(assessment, row)]
    order = sorted(found, key=lambda row: -_pressing(assessment, row))[:_MOST]
    return [_alarm(assessment, row, explainer) for row in order]


def _pressing(assessment: Assessment, row: int) -> float:
    """How likely it is, how soon it harms, and how far the evidence points at it: a rare disease that it fits well
    comes before a common one that it fits little."""
    now, before = _now_and_before(assessment, row)
    urgency = _URGENCIES[assessment.profiles.profiles[row].qualifiers["urgency"]]
    return urgency * now * sqrt(now / max(before, _TINY))


def _now_and_before(assessment: Assessment, row: int) -> tuple[float, float]:
    """Probability with the evidence and without."""
    return float(assessment.posterior[row]), float(assessment.common[row] / assessment.common.sum())


def _is_open(assessment: Assessment, row: int) -> bool:
    now, before = _now_and_before(assessment, row)
    raised = now >= _LEAST_RAISED and now >= RAISED * before
    return (now >= LEAST or raised) and _shows(assessment, row)


def _shows(assessment: Assessment, row: int) -> bool:
    """Whether something present belongs to the disease, more than it belongs to anybody."""
    for one in assessment.weighed:
        if one.evidence.present and one.finding >= 0:
            share = float(assessment.table.of([one.finding])[0][row])
            if share >= _SHOWN and share > float(assessment.table.rates[one.finding]):
                return True
    return False


def _alarm(assessment: Assessment, row: int, explainer: Explainer) -> Alarm:
    disease = assessment.profiles.diseases[row]
    candidate = explainer.candidate(Ranked(disease, float(assessment.posterior[row]), (row,)))
    return Alarm(candidate, tuple(_open(assessment, row)))


def _open(assessment: Assessment, row: int) -> list[str]:
    """What would tell most whether it is this disease, by how far its share differs from that in everybody."""
    import numpy as np

    profiles, known = assessment.profiles, settled(assessment)
    cells = profiles.cells
    mine = sorted({int(f) for f in cells.finding[cells.disease == row]} - known)
    if not mine:
        return []
    share, rate = assessment.table.of(mine)[:, row], np.maximum(assessment.table.rates[mine], 1e-4)
    telling = share * np.log(share / rate) + (1 - share) * np.log((1 - share) / (1 - rate))
    order = np.argsort(-telling)[:_OPEN]
    return [profiles.findings[mine[place]].id for place in order]
