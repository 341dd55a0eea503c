"""Drugs offered in place of an order, tried on the patient first: what would alert itself is not offered."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Final

from clinical.coded import Coded
from clinical.finding import Fault, Finding, Outcome, Review, Severity, Suggestion
from clinical.logic import UNKNOWN, Unknown
from clinical.order import Dosage, Ingredient, Order
from clinical.value import replace
from rules.engine import outcomes
from rules.model import Case, Family

MOST: Final = 2
"""Alternatives shown for one finding: a choice, not a catalogue."""
_NOT_TRIED: Final = frozenset({"dose", "frequency", "authored", "prescription-format", "insurance-limit"})
"""Families that need a dosage, and those that never say anything moderate or worse."""


def vetted(outcome: Review, case: Case, families: Sequence[Family]) -> Review:
    """The review with only such replacements as would raise nothing moderate or worse themselves.

    A replacement is judged without a dosage (nobody has chosen one yet), among everything else the
    patient would take, by every family that needs none. Authored rules wait until it is ordered:
    they may ask for derived states, which cost more than all the rest. Other suggestions stay.
    """
    if not any(s.action == "replace" for f in outcome.findings for s in f.suggestions):
        return outcome
    trial = _Trial(case, [f for f in families if f.name not in _NOT_TRIED])
    return replace(outcome, findings=tuple(_kept(finding, trial) for finding in outcome.findings))


def _kept(finding: Finding, trial: _Trial) -> Finding:
    offered = [s for s in finding.suggestions if s.action == "replace"]
    safe = islice((s for s in offered if trial.is_safe(s)), MOST)
    rest = [s for s in finding.suggestions if s.action != "replace"]
    return replace(finding, suggestions=(*safe, *rest)) if offered else finding


def _objects(outcome: Outcome, order: str) -> bool:
    """Whether something speaks against an order, or could not be told."""
    if isinstance(outcome, Finding):
        return outcome.severity.rank >= Severity.MODERATE.rank and order in outcome.orders
    return isinstance(outcome, Fault)


class _Trial:
    """Judges each replacement once."""

    def __init__(self, case: Case, families: Sequence[Family]) -> None:
        self._case, self._families = case, tuple(families)
        self._answers: dict[tuple[str, str], bool] = {}

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
        taken = () if isinstance(here.patient.medications, Unknown) else here.patient.medications
        beside = tuple(o for o in here.orders if o.id != order.id and o.kind is order.kind)
        patient = replace(here.patient, medications=(*taken, *beside))
        case = Case(patient, (self._changed(order, suggestion),), here.snapshot, here.day)
        case.take_over(here)
        return not any(_objects(outcome, suggestion.order) for outcome in outcomes(case, self._families))

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
