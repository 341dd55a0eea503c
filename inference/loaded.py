"""Diseases of loaded graphs that nobody reviewed, as a weak prior for what the release has no profile of.

Such a graph says which symptoms a disease may show, not how often. A disease of it is taken to be very rare and
to show each of its symptoms with ``SHOWN``; it is named when it shows at least two of what the patient does, and
says so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from math import log
from typing import Final, NamedTuple

from inference.evidence import Evidence
from inference.profiles import Profiles
from knowledge.model import ConceptKind, Predicate
from knowledge.snapshot import Snapshot
from knowledge.tables.diagnosis import PER_10_000

SHOWN: Final = 0.35
LEAST: Final = 2
_COMMON: Final = PER_10_000["very-rare"]
_MISSED: Final = 0.6


class Loaded(NamedTuple):
    """A disease without a profile: ln P(evidence | it), how common it is taken to be per ten thousand visits, and the
    findings of the patient that it shows."""

    disease: str
    weight: float
    common: float
    shown: tuple[str, ...]


def loaded(evidence: Iterable[Evidence], rates: dict[str, float], snapshot: Snapshot, most: int) -> list[Loaded]:
    """Diseases of loaded graphs that show what the patient does, the likeliest first. ``rates`` is how often each
    present finding is seen at all."""
    present = [one.finding for one in evidence if one.present and one.finding in rates]
    counted = Counter(d for finding in present for d in _showing(snapshot, finding))
    likely = [d for d, times in counted.most_common(4 * most) if times >= LEAST]
    absent = [one.finding for one in evidence if not one.present and not one.is_disease]
    found = [_weighed(d, present, absent, rates, snapshot) for d in likely]
    return sorted(found, key=lambda one: (-one.weight, one.disease))[:most]


def named(disease: str, evidence: Iterable[Evidence], rates: dict[str, float], snapshot: Snapshot) -> Loaded:
    """A disease without a profile that somebody named."""
    kept = [one for one in evidence if not one.is_disease]
    present = [one.finding for one in kept if one.present and one.finding in rates]
    return _weighed(disease, present, [one.finding for one in kept if not one.present], rates, snapshot)


def _weighed(
    disease: str, present: list[str], absent: list[str], rates: dict[str, float], snapshot: Snapshot
) -> Loaded:
    shown = tuple(f for f in present if disease in _showing(snapshot, f))
    weight = sum(log(SHOWN if f in shown else rates[f]) for f in present)
    weight += sum(log(1 - _MISSED * SHOWN) for f in absent if disease in _showing(snapshot, f))
    return Loaded(disease, weight, _COMMON, shown)


def _showing(snapshot: Snapshot, finding: str) -> frozenset[str]:
    """Diseases without a profile that a loaded graph says show a finding, under any of its names."""
    return snapshot.remember(("shown-by", finding), lambda: _shown_by(snapshot, finding))


def _shown_by(snapshot: Snapshot, finding: str) -> frozenset[str]:
    known = snapshot.concept(finding)
    names = known.names() if known else ()
    symptoms = {finding, *(c.id for name in names for c in snapshot.by_name(name, ConceptKind.SYMPTOM))}
    said = (s for symptom in symptoms for s in snapshot.pointing_at(symptom))
    profiled = Profiles.of(snapshot).row
    return frozenset(s.subject for s in said if s.predicate is Predicate.HAS_SYMPTOM and s.subject not in profiled)
