"""What to ask, look for or test next: the finding whose answer is expected to tell most.

The expected gain of a finding f is how much the entropy of the diseases (in bits) falls by knowing whether it is
there,

    H(p) − q H(p | f) − (1 − q) H(p | not f),   q = Σ p(d) P(f | d),

over the diseases that are still likely. From the gain of what only a test shows its cost and harm are taken
(``COSTS``, ``HARMS``, in bits): a question is asked before blood is drawn, and a scan is worth its rays or left.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from inference.assessment import Assessment
from inference.items import Item, Items
from inference.profiles import Profiles
from knowledge.snapshot import Snapshot

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[Any]
    Rows = NDArray[Any]

COSTS: Final = {"low": 0.0, "moderate": 0.04, "high": 0.12}
HARMS: Final = {"none": 0.0, "low": 0.03, "moderate": 0.1, "high": 0.25}
ASKED: Final = (
    "symptom",
    "trigger",
    "history",
    "medication",
    "operation",
    "family",
    "reproductive",
    "personal",
    "sign",
)
"""Dimensions that a question or a look answers."""
_TESTED: Final = ("lab", "exam")
_LIKELY: Final = 0.999
_MOST: Final = 80
_LEAST: Final = 0.005
"""Bits below which an answer is not worth the question."""


@dataclass(frozen=True, slots=True)
class Asking:
    """A finding to ask or look for, or to test for: ``gain`` in bits; ``item`` shows it where a test is needed.
    ``yes`` and ``no`` are diseases (rows) that its presence and its absence make likelier."""

    finding: str
    name: str
    dimension: str
    gain: float
    worth: float
    item: Item | None = None
    yes: tuple[int, ...] = ()
    no: tuple[int, ...] = ()


def likely(assessment: Assessment) -> tuple[Rows, Floats]:
    """The diseases (rows) that hold nearly all of the probability, and their shares of it."""
    import numpy as np

    chances = _chances(assessment)
    order = np.argsort(-chances)[:_MOST]
    total = np.cumsum(chances[order]) / max(chances.sum(), 1e-12)
    kept = order[: int(np.searchsorted(total, _LIKELY)) + 1]
    kept = kept[chances[kept] > 0]  # none of what was named may be known
    return kept, chances[kept] / chances[kept].sum()


def _chances(assessment: Assessment) -> Floats:
    """The probabilities in question: of those that were named, else of all."""
    import numpy as np

    if not assessment.named:
        return assessment.posterior
    chances = np.zeros(len(assessment.profiles.diseases))
    for one in assessment.ranked():
        if one.rows:
            inside = assessment.posterior[list(one.rows)]
            chances[list(one.rows)] += one.probability * inside / max(inside.sum(), 1e-300)
    return chances


def gains(assessment: Assessment, rows: Rows, chances: Floats) -> Floats:
    """Expected gain in bits (F) of every finding."""
    import numpy as np

    shares = assessment.table.among(rows)
    there = shares @ chances
    before = -np.sum(chances * np.log2(np.maximum(chances, 1e-12)))
    yes, no = shares * chances, (1 - shares) * chances
    after = -(_sum_log(yes) - _log(there)) - (_sum_log(no) - _log(1 - there))
    return np.asarray(np.maximum(before - after, 0))


def _sum_log(part: Floats) -> Floats:
    import numpy as np

    return np.asarray(np.sum(part * np.log2(np.maximum(part, 1e-300)), axis=1))


def _log(total: Floats) -> Floats:
    import numpy as np

    return np.asarray(total * np.log2(np.maximum(total, 1e-300)))


def askings(assessment: Assessment, limit: int = 5) -> tuple[list[Asking], list[Asking]]:
    """What to ask or look for, and what to test for, the best first."""
    rows, chances = likely(assessment)
    if len(rows) < 2:
        return [], []
    profiles, told = assessment.profiles, gains(assessment, rows, chances)
    known = settled(assessment)
    unknown = [row for row in range(len(profiles.findings)) if row not in known]
    items = Items.of(profiles.snapshot)
    found = [_asking(assessment, row, float(told[row]), items) for row in unknown if told[row] >= _LEAST]
    asked = sorted((one for one in found if one.dimension in ASKED), key=_worth)[:limit]
    tested = _one_per_item(sorted((one for one in found if one.item is not None), key=_worth))[:limit]
    return [_told_apart(one, assessment, rows, chances) for one in asked], [
        _told_apart(one, assessment, rows, chances) for one in tested
    ]


def settled(assessment: Assessment) -> frozenset[int]:
    """Findings (rows) of which is known whether they are there: what was said, what is wider than what is there, and
    what is narrower than what is not."""
    profiles = assessment.profiles
    said = {profiles.place[e.finding]: e.present for e in assessment.evidence if e.finding in profiles.place}
    wider = {above for row, present in said.items() if present for above in profiles.above[row]}
    gone = {row for row, present in said.items() if not present}
    narrower = {row for row, above in enumerate(profiles.above) if gone.intersection(above)}
    return frozenset({*said, *wider, *narrower})


def _asking(assessment: Assessment, row: int, gain: float, items: Items) -> Asking:
    profiles = assessment.profiles
    finding, dimension = profiles.findings[row], profiles.dimensions[row]
    item = items.showing(finding) if dimension in _TESTED else None
    burden = 0.0 if item is None else COSTS[item.cost] + HARMS[item.harm]
    return Asking(finding.id, finding.name, dimension, gain, gain - burden, item)


def _worth(one: Asking) -> tuple[float, str]:
    return -one.worth, one.finding


def _one_per_item(askings: Iterable[Asking]) -> list[Asking]:
    found: dict[str, Asking] = {}
    for one in askings:
        if one.item is not None and one.worth > 0:
            found.setdefault(one.item.concept, one)
    return list(found.values())


def _told_apart(one: Asking, assessment: Assessment, rows: Rows, chances: Floats, most: int = 3) -> Asking:
    """With the likely diseases that its presence and its absence speak for."""
    import numpy as np

    profiles = assessment.profiles
    shares = assessment.table.of([profiles.place[one.finding]])[0][rows]
    there = float(shares @ chances)
    lifted = chances * (shares / there - 1)
    dropped = chances * ((1 - shares) / max(1 - there, 1e-9) - 1)
    up = tuple(int(rows[place]) for place in np.argsort(-lifted)[:most] if lifted[place] > 0)
    down = tuple(int(rows[place]) for place in np.argsort(-dropped)[:most] if dropped[place] > 0)
    return Asking(one.finding, one.name, one.dimension, one.gain, one.worth, one.item, up, down)


def gain_by_item(assessment: Assessment) -> Mapping[str, float]:
    """Expected gain in bits of each test or examination (concept): that of the best of its findings still open."""
    rows, chances = likely(assessment)
    if len(rows) < 2:
        return {}
    told, known = gains(assessment, rows, chances), settled(assessment)
    found: dict[str, float] = {}
    for item, findings in _by_item(assessment.profiles).items():
        best = max((float(told[row]) for row in findings if row not in known), default=0.0)
        if best > 0:
            found[item] = best
    return found


def _by_item(profiles: Profiles) -> dict[str, tuple[int, ...]]:
    """Findings (rows) that each test or examination shows, panels with what is in them."""
    return profiles.snapshot.remember("findings-by-item", lambda: _shown(profiles, profiles.snapshot))


def _shown(profiles: Profiles, snapshot: Snapshot) -> dict[str, tuple[int, ...]]:
    items = Items.of(snapshot)
    found: dict[str, list[int]] = {}
    for row, finding in enumerate(profiles.findings):
        for concept in items.all_showing(finding):
            found.setdefault(concept, []).append(row)
    return {concept: tuple(rows) for concept, rows in found.items()}
