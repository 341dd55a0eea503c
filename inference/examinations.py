"""Which tests and examinations to order: what they settle for what they cost.

    worth = Σ p(d) · value(item, d) · purpose + gain − harm − cost

p(d) is how likely each leading disease is (1 for a diagnosis that was made), value how much the item settles
there, gain the expected information in bits (``inference.questions``), harm and cost in bits too. What an
institution does not offer (by its list, else by its grade) comes later, with the level that usually does and those of
the league that list it. What was done within its repeat interval, here or in the region, is not ordered again but
shown with its result. What is recommended is tried by the rules first, on the patient with what is suspected: nobody
with an asthma attack is sent to be provoked.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from clinical.coded import Coded, zoned
from clinical.finding import Datum, Finding, Reference, Severity
from clinical.logic import Unknown
from clinical.order import Order, OrderKind
from clinical.patient import PatientContext, Pregnancy
from clinical.quantity import Quantity
from clinical.value import replace
from inference.assessment import Assessment
from inference.availability import Availability, LookUp, availabilities
from inference.citing import references
from inference.items import Item, Items
from inference.naming import Names
from inference.profiles import Whom
from inference.questions import COSTS, HARMS, gain_by_item
from inference.treatment import Judge, with_diagnoses
from knowledge.model import Predicate, Standing, Statement
from knowledge.snapshot import Snapshot

VALUES: Final = {"high": 1.0, "moderate": 0.5, "low": 0.2}
PURPOSES: Final = {"confirm": 1.0, "exclude": 1.0, "cause": 0.6, "assess": 0.4, "follow-up": 0.0}
"""What finding the diagnosis counts for before it is made; what grades or follows it counts less."""
MADE: Final = {"confirm": 1.0, "exclude": 1.0, "cause": 0.8, "assess": 0.8, "follow-up": 0.5}
"""The same once the diagnosis was made."""
_LEADING: Final = 15
_LEAST: Final = 0.01
_RED_FLAG: Final = 0.15
"""A red flag counts as at least so likely: what excludes it is worth ordering early."""
_RED_FLAG_LEAST: Final = 0.01
_SUSPECTED: Final = 0.2
"""From this probability on a disease counts as present for what must not be done with it."""
_VISIT_HOURS: Final = 6.0
"""What was done so lately was done for this complaint, here or before the patient was sent on: it is shown with its
result. A working assumption, for items without an interval (electrocardiogram, blood count, troponin)."""
_HOURS: Final = 3600.0


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an item is ordered: for which disease (concept), to what purpose, how much it settles, what would speak
    for it."""

    disease: str
    probability: float
    purpose: str
    value: str
    expected: str
    note: str
    references: tuple[Reference, ...]


@dataclass(frozen=True, slots=True)
class Recommended:
    """An item worth ordering. ``done`` is what was done within the repeat interval, so that it need not be ordered
    again; ``against`` what the rules hold against it, the worst first, nothing less than major."""

    item: Item
    worth: float
    gain: float
    reasons: tuple[Reason, ...]
    done: Datum | None
    availability: Availability = Availability()
    against: tuple[Finding, ...] = ()

    @property
    def is_forbidden(self) -> bool:
        """Whether it is contraindicated in this patient."""
        return any(finding.severity is Severity.CONTRAINDICATED for finding in self.against)


def examinations(
    assessment: Assessment,
    patient: PatientContext,
    diagnoses: Iterable[str] = (),
    limit: int = 15,
    judge: Judge | None = None,
    look_up: LookUp | None = None,
) -> list[Recommended]:
    """Items by worth, what the rules hold something grave against after the others, what they forbid last.
    ``diagnoses`` (concepts) were made; without any those that are suspected count. ``judge`` tries each on the
    patient, ``look_up`` tells what institutions list."""
    made = tuple(diagnoses)
    found = list(_worthy(assessment, patient, made))
    items = Items.of(assessment.profiles.snapshot)
    where = availabilities([one.item for one in found], items, patient.institution_level, look_up)
    placed = (dataclasses.replace(one, availability=there) for one, there in zip(found, where, strict=True))
    best = sorted(placed, key=_order)[:limit]
    if judge is None:
        return best
    known = _with_suspected(patient, assessment, made)
    return sorted((_tried(one, known, judge) for one in best), key=lambda one: (one.is_forbidden, bool(one.against)))


def _worthy(assessment: Assessment, patient: PatientContext, made: tuple[str, ...]) -> Iterator[Recommended]:
    """Items that are worth more than they cost."""
    snapshot, gains = assessment.profiles.snapshot, gain_by_item(assessment)
    for concept, why in _reasons(assessment, made).items():
        item, gain = Items.of(snapshot).item(concept), gains.get(concept, 0.0)
        worth = _settles(why, MADE if made else PURPOSES) + gain - COSTS[item.cost] - HARMS[item.harm]
        if worth > 0:
            yield Recommended(item, worth, gain, tuple(why), done_before(patient, concept, snapshot))


def _with_suspected(patient: PatientContext, assessment: Assessment, made: tuple[str, ...]) -> PatientContext:
    """The patient with what was diagnosed, told or is likely on record, and pregnant where somebody said so."""
    snapshot, certain = assessment.profiles.snapshot, [e for e in assessment.evidence if e.present and not e.doubtful]
    rows = (assessment.posterior >= _SUSPECTED).nonzero()[0]
    likely = () if made else tuple(assessment.profiles.diseases[row] for row in rows)
    known = with_diagnoses(patient, (*made, *(e.finding for e in certain if e.is_disease), *likely), snapshot)
    pregnant = any(e.finding == Names.of(snapshot).exact_finding("妊娠期") for e in certain)
    return replace(known, pregnancy=Pregnancy()) if pregnant and isinstance(known.pregnancy, Unknown) else known


def _tried(one: Recommended, patient: PatientContext, judge: Judge) -> Recommended:
    """An item as the rules see it."""
    item = one.item
    order = Order(item.concept, OrderKind(item.kind), Coded(item.name, (), (item.concept,)))
    found = judge(patient, order).findings
    grave = [f for f in found if order.id in f.orders and f.severity.rank >= Severity.MAJOR.rank]
    return dataclasses.replace(one, against=tuple(sorted(grave, key=lambda f: -f.severity.rank)))


def _order(one: Recommended) -> tuple[bool, bool, float, str]:
    return one.done is not None, one.availability.here is False, -one.worth, one.item.concept


def _settles(why: list[Reason], purposes: dict[str, float]) -> float:
    return sum(one.probability * VALUES[one.value] * purposes[one.purpose] for one in why)


def _reasons(assessment: Assessment, diagnoses: tuple[str, ...]) -> dict[str, list[Reason]]:
    """Why each item (concept) is worth ordering, the likeliest disease first."""
    found: dict[str, list[Reason]] = {}
    for disease, probability in _diseases(assessment, diagnoses):
        for s in _workups(assessment, disease):
            found.setdefault(s.object, []).append(_reason(assessment.profiles.snapshot, disease, probability, s))
    return found


def _reason(snapshot: Snapshot, disease: str, probability: float, s: Statement) -> Reason:
    told = s.qualifiers
    purpose, value = told["purpose"], told["value"]
    expected, note = told.get("expected", ""), told.get("note", "")
    return Reason(disease, probability, purpose, value, expected, note, references(snapshot, s))


def _diseases(assessment: Assessment, diagnoses: tuple[str, ...]) -> Iterator[tuple[str, float]]:
    """Diseases with how far they count: diagnoses that were made fully, else what is likely and what must not be
    missed."""
    if diagnoses:
        yield from ((disease, 1.0) for disease in diagnoses)
        return
    profiles, posterior = assessment.profiles, assessment.posterior
    for row in (-posterior).argsort()[:_LEADING]:
        chance = float(posterior[row])
        if profiles.red_flags[row] and chance >= _RED_FLAG_LEAST:
            chance = max(chance, _RED_FLAG)
        if chance >= _LEAST:
            yield profiles.diseases[row], chance


def _workups(assessment: Assessment, disease: str) -> list[Statement]:
    """What the release says to order in a disease at this age and for this sex."""
    said = assessment.profiles.snapshot.statements(Predicate.WORKUP, disease)
    return [s for s in said if s.standing is not Standing.UNREVIEWED and _is_for(s, assessment.whom)]


def _is_for(s: Statement, whom: Whom) -> bool:
    """Whether a row is for such a patient; what is unknown excludes nothing."""
    age = whom.ages[0] if isinstance(whom.ages, tuple) else whom.ages
    of_age = age is None or s.qualifiers.get("age_min", 0) <= age < s.qualifiers.get("age_max", float("inf"))
    return of_age and (isinstance(whom.sex, Unknown) or s.qualifiers.get("sex", whom.sex) == whom.sex)


# -- what was done -----------------------------------------------------------------------------


def done_before(patient: PatientContext, concept: str, snapshot: Snapshot) -> Datum | None:
    """The newest result of an item, or of a panel with it, that is not older than its repeat interval."""
    hours = _interval(concept, patient.institution, snapshot)
    wanted = {concept, *Items.of(snapshot).panels(concept)}
    recent = [d for d in _results(patient, wanted) if _within(patient, d, hours)]
    return max(recent, key=lambda d: zoned(d.time) if d.time else zoned(patient.as_of), default=None)


def _interval(concept: str, institution: str, snapshot: Snapshot) -> float:
    """Hours within which an item is a repeat: the institution's own interval before the general one; of what may be
    repeated at any time those of one visit."""
    rows = snapshot.statements(Predicate.REPEAT_INTERVAL, concept)
    own = [s for s in rows if institution and institution in s.qualifiers.get("institutions", ())]
    general = [s for s in rows if not s.qualifiers.get("institutions")]
    return next((float(s.qualifiers["hours"]) for s in (*own, *general)), _VISIT_HOURS)


def _results(patient: PatientContext, wanted: set[str]) -> Iterator[Datum]:
    for report in () if isinstance(patient.reports, Unknown) else patient.reports:
        if wanted.intersection(report.what.concepts):
            yield Datum.at(report.what.text, report.conclusion, report.origin)
    for o in () if isinstance(patient.observations, Unknown) else patient.observations:
        if wanted.intersection(o.what.concepts):
            yield Datum.at(o.what.text, _shown(o.value), o.origin)


def _shown(value: object) -> str:
    return f"{value.value:g} {value.unit}" if isinstance(value, Quantity) else value if isinstance(value, str) else ""


def _within(patient: PatientContext, done: Datum, hours: float) -> bool:
    if done.time is None:
        return False
    elapsed = (zoned(patient.as_of) - zoned(done.time)).total_seconds() / _HOURS
    return 0 <= elapsed < hours
