"""Drugs offered in place of an order, tried on the patient first: what would alert itself is not offered."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import islice
from typing import Final

from clinical.coded import Coded
from clinical.finding import Fault, Finding, Outcome, Review, Severity, Suggestion
from clinical.logic import UNKNOWN, Unknown
from clinical.order import Dosage, Ingredient, Order, OrderStatus
from clinical.patient import PatientContext
from clinical.value import replace
from rules.engine import outcomes
from rules.model import Case, Family

MOST: Final = 2
"""Alternatives shown for one finding: a choice, not a catalogue."""
_NOT_TRIED: Final = frozenset(
    {"dose", "frequency", "authored", "prescription-format", "insurance-limit", "critical-value", "disease-alert"}
)
"""Families that need a dosage, and those that never say anything moderate or worse of an order."""
_FIRST: Final = ("interaction", "duplicate-therapy", "indication", "high-alert", "contraindication", "allergy")
"""Families that object most often for what they cost: the first objection ends a trial."""
_LEAST: Final = Severity.MODERATE.rank


def vetted(outcome: Review, case: Case, families: Sequence[Family]) -> Review:
    """The review with only such replacements as would raise nothing moderate or worse themselves.

    A replacement is judged without a dosage (nobody has chosen one yet), among everything else the
    patient would take, by every family that needs none. Authored rules wait until it is ordered:
    they may ask for derived states, which cost more than all the rest. Other suggestions stay.
    """
    if not any(s.action == "replace" for f in outcome.findings for s in f.suggestions):
        return outcome
    trial = _Trial(case, _tried(tuple(families)))
    return replace(outcome, findings=tuple([_kept(finding, trial) for finding in outcome.findings]))


@lru_cache(maxsize=16)
def _tried(families: tuple[Family, ...]) -> tuple[Family, ...]:
    """The families that judge a replacement, in the order in which they are asked."""
    named = [family for family in families if family.name not in _NOT_TRIED]
    return tuple(sorted(named, key=lambda f: _FIRST.index(f.name) if f.name in _FIRST else len(_FIRST)))


def _kept(finding: Finding, trial: _Trial) -> Finding:
    offered = [s for s in finding.suggestions if s.action == "replace"]
    if not offered:
        return finding
    safe = islice((s for s in offered if trial.is_safe(s)), MOST)
    rest = [s for s in finding.suggestions if s.action != "replace"]
    return replace(finding, suggestions=(*safe, *rest))


def _objects(outcome: Outcome, order: str) -> bool:
    """Whether something speaks against an order, or could not be told."""
    if isinstance(outcome, Finding):
        return outcome.severity.rank >= _LEAST and order in outcome.orders
    return isinstance(outcome, Fault)


class _Trial:
    """Judges each replacement once."""

    def __init__(self, case: Case, families: tuple[Family, ...]) -> None:
        self._case, self._families = case, families
        self._answers: dict[tuple[str, str], bool] = {}
        self._patients: dict[str, PatientContext] = {}

    def is_safe(self, suggestion: Suggestion) -> bool:
        key = (suggestion.order, suggestion.concept)
        if key not in self._answers:
            self._answers[key] = self._judge(suggestion)
        return self._answers[key]

    def _judge(self, suggestion: Suggestion) -> bool:
        """One order under review, the others as if taken already: nothing else needs judging again."""
        here = self._case
        order = next((o for o in here.orders if o.id == suggestion.order), None)
        if order is None:
            return False
        changed = self._changed(order, suggestion)
        if self._is_ruled_out(changed):
            return False
        case = Case(self._without(order), (changed,), here.snapshot, here.day)
        case.take_over(here)
        return not any(_objects(outcome, suggestion.order) for outcome in outcomes(case, self._families))

    def _is_ruled_out(self, changed: Order) -> bool:
        """Whether some family objects for certain, so that nothing needs trying."""
        here = self._case
        for family in self._families:
            if family.rules_out is not None and family.concerns((changed.kind,), here.patient.stage):
                try:
                    if family.rules_out(here, changed):
                        return True
                except Exception:  # what cannot be read: the trial meets and counts it
                    return False
        return False

    def _without(self, order: Order) -> PatientContext:
        """The patient as if all but one order were taken already."""
        found = self._patients.get(order.id)
        if found is None:
            here = self._case
            taken = () if isinstance(here.patient.medications, Unknown) else here.patient.medications
            beside = [o for o in here.orders if o.id != order.id and o.kind is order.kind]
            taking = [o if o.is_active() else replace(o, status=OrderStatus.ACTIVE) for o in beside]
            found = self._patients[order.id] = replace(here.patient, medications=(*taken, *taking))
        return found

    def _changed(self, order: Order, suggestion: Suggestion) -> Order:
        known, route = self._case.snapshot.concept(suggestion.concept), order.dosage.route
        routes = known.attributes.get("routes", ()) if known else ()
        kept = route if not isinstance(route, Unknown) and route in routes else UNKNOWN
        return replace(
            order,
            what=Coded(suggestion.name, (), (suggestion.concept,)),
            ingredients=(Ingredient(suggestion.concept, UNKNOWN),),
            form="",
            dosage=Dosage(route=kept),
        )
