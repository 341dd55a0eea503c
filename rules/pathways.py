"""Key steps of clinical pathways: which concern an inpatient, which are due, done, excused or against the path."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from typing import Final

from clinical.coded import CHINA, china_day, zoned
from clinical.logic import Unknown
from clinical.order import Order
from clinical.patient import ClinicalStatus, Condition, Observation, Procedure, Report
from knowledge.model import ConceptKind, Predicate, Statement
from rules.model import Case, Use
from rules.nursing import REACHING
from rules.stewardship import allergic_to
from rules.subjects import rows_of

_DRUGS: Final = (ConceptKind.INGREDIENT, ConceptKind.DRUG_CLASS, ConceptKind.PRODUCT)
_KINDS: Final = {
    "drug": _DRUGS,
    "lab": (ConceptKind.LAB,),
    "exam": (ConceptKind.EXAM,),
    "procedure": (ConceptKind.PROCEDURE,),
}
_LOOKBACK_HOURS: Final = 72.0
"""A result this long before admission (of the emergency room, of another institution) still counts."""
_BEFORE: Final = timedelta(days=7)
"""A diagnosis recorded longer before admission is history, not what the patient came for."""
_SERIOUS: Final = ("contraindicated", "major")


def steps(case: Case, avoiding: bool = False) -> Iterator[tuple[Condition, list[Statement]]]:
    """Diagnoses of this stay with the steps of their pathways (with ``avoiding`` only what they advise
    against); each step once, at the diagnosis listed first."""
    seen: set[str] = set()
    known = rows_of(case, Predicate.PATHWAY_STEP)
    for number, condition in enumerate(present(case)):
        if not any(map(known.__getitem__, condition.what.concepts)):
            continue
        found = [s for c in condition.what.concepts for s in _rows(case, c, avoiding)]
        if not found:
            continue
        fit = [s for s in found if not (number and s.qualifiers.get("principal")) and _of_age(case, s)]
        fresh = {s.id: s for s in fit if s.id not in seen}
        seen.update(fresh)
        if fresh:
            yield condition, list(fresh.values())


def _rows(case: Case, concept: str, avoiding: bool) -> tuple[Statement, ...]:
    rows = case.statements(Predicate.PATHWAY_STEP, concept)
    return tuple(s for s in rows if s.qualifiers["step"] == "avoid") if avoiding and rows else rows


def present(case: Case) -> Iterator[Condition]:
    """Active diagnoses of this stay."""
    conditions, admitted = case.patient.conditions, case.patient.admitted
    for condition in () if isinstance(conditions, Unknown) else conditions:
        written = condition.origin.time
        old = written is not None and not isinstance(admitted, Unknown) and china_day(written) < admitted - _BEFORE
        if condition.status is ClinicalStatus.ACTIVE and not old:
            yield condition


def _of_age(case: Case, s: Statement) -> bool:
    """A step for an age does not concern a patient of unknown age."""
    q, age = s.qualifiers, case.age
    if "age_min" not in q and "age_max" not in q:
        return True
    return not isinstance(age, Unknown) and bool(q.get("age_min", 0) <= age < q.get("age_max", float("inf")))


def is_due(case: Case, s: Statement) -> bool:
    """Whether the time of a step is certainly past."""
    end = deadline(case, s)
    return end is not None and zoned(case.patient.as_of) >= end


def deadline(case: Case, s: Statement) -> datetime | None:
    """When the time of a step is over: it runs from the end of the day of admission, since nobody says at which hour
    that was. None for steps without a time."""
    admitted, hours = case.patient.admitted, s.qualifiers.get("hours")
    if isinstance(admitted, Unknown) or hours is None:
        return None
    return datetime.combine(admitted, time(), CHINA) + timedelta(days=1, hours=hours)


def is_excused(case: Case, s: Statement) -> bool:
    """A diagnosis the row excepts; of a drug an allergy, or a serious contraindication, to what it asks for."""
    if any(concept in case.conditions for concept in named(case, s, "unless", (ConceptKind.DISEASE,))):
        return True
    if s.qualifiers["kind"] != "drug":
        return False
    return any(allergic_to(case, c) or _contraindicated(case, c) for c in items(case, s))


def _contraindicated(case: Case, concept: str) -> bool:
    rows = case.statements(Predicate.CONTRAINDICATED_IN, concept)
    return any(s.qualifiers["severity"] in _SERIOUS and s.object in case.conditions for s in rows)


def is_done(case: Case, s: Statement) -> bool:
    """Whether one of the items is ordered or was done, for this stay or shortly before it."""
    wanted = items(case, s)
    if s.qualifiers["kind"] == "drug":
        return bool(uses_of(case, s)) or any(_is(case, use, wanted) for use in case.past_uses if _in_stay(case, use))
    wide = wanted | around(case, s)
    if any(not wide.isdisjoint(order.what.concepts) for order in _ordered(case)):
        return True
    return any(_is_result(case, r, wide) and _fresh(case, s, r) for r in _results(case))


def is_excepted(case: Case, s: Statement) -> bool:
    """A diagnosis for which a drug that the path advises against is right after all."""
    return bool(named(case, s, "unless", (ConceptKind.DISEASE,)) & case.conditions.keys())


def acts(use: Use) -> bool:
    """Whether a use acts on the whole body, as far as is known."""
    route = use.order.dosage.route
    return isinstance(route, Unknown) or route in REACHING


def uses_of(case: Case, s: Statement) -> list[Use]:
    """Drugs under review or active that are one of the items."""
    wanted = items(case, s)
    return [use for use in case.uses if _is(case, use, wanted)]


def _is(case: Case, use: Use, wanted: frozenset[str]) -> bool:
    return not wanted.isdisjoint(case.snapshot.ancestors(use.concept)) or not wanted.isdisjoint(
        use.order.what.concepts
    )


def _in_stay(case: Case, use: Use) -> bool:
    stop, admitted = use.order.stop, case.patient.admitted
    return stop is not None and not isinstance(admitted, Unknown) and stop >= admitted


def _ordered(case: Case) -> Iterator[Order]:
    yield from case.orders
    medications = case.patient.medications
    yield from () if isinstance(medications, Unknown) else (o for o in medications if o.is_active())


def _results(case: Case) -> Iterator[Observation | Report | Procedure]:
    for known in (case.patient.observations, case.patient.reports, case.patient.procedures):
        yield from () if isinstance(known, Unknown) else known


def _is_result(case: Case, result: Observation | Report | Procedure, wide: frozenset[str]) -> bool:
    return any(not wide.isdisjoint(case.snapshot.ancestors(c)) for c in result.what.concepts)


def _fresh(case: Case, s: Statement, result: Observation | Report | Procedure) -> bool:
    """Done since the look-back before admission; one without a time is not known to be old and counts."""
    done, admitted = result.origin.time, case.patient.admitted
    if done is None or isinstance(admitted, Unknown):
        return True
    back = timedelta(hours=s.qualifiers.get("lookback", _LOOKBACK_HOURS))
    return zoned(done) >= datetime.combine(admitted, time(), CHINA) - back


def items(case: Case, s: Statement) -> frozenset[str]:
    """Concepts of the items of a step."""
    return named(case, s, "items", _KINDS[s.qualifiers["kind"]])


def around(case: Case, s: Statement) -> frozenset[str]:
    """Tests within the items, and panels and wider examinations that contain them."""
    return case.snapshot.remember(("pathway-around", s.id), lambda: _around(case, items(case, s)))


def _around(case: Case, wanted: frozenset[str]) -> frozenset[str]:
    within = {t.object for c in wanted for t in case.snapshot.statements(Predicate.CONTAINS, c)}
    over = {t.subject for c in wanted for t in case.snapshot.pointing_at(c) if t.predicate is Predicate.CONTAINS}
    return frozenset(within | over)


def named(case: Case, s: Statement, field: str, kinds: tuple[ConceptKind, ...]) -> frozenset[str]:
    """Concepts of the names in a list of a row."""
    names = s.qualifiers.get(field, ())
    if not names:
        return frozenset()
    return case.snapshot.remember(
        ("pathway", field, s.id), lambda: frozenset(c.id for n in names for c in case.snapshot.by_name(n, *kinds)[:1])
    )


def missing_input(case: Case, s: Statement) -> str:
    """Name of the list without which nobody can say whether a step was done."""
    patient = case.patient
    kind = s.qualifiers["kind"]
    if kind == "drug":
        return "medications" if isinstance(patient.medications, Unknown) else ""
    if kind == "lab":
        return "observations" if isinstance(patient.observations, Unknown) else ""
    if kind == "exam":
        return "reports" if isinstance(patient.reports, Unknown) else ""
    return "procedures" if isinstance(patient.procedures, Unknown) else ""
