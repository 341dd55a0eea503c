"""A case as authored conditions read it; every datum read is kept as evidence."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from clinical.finding import Datum
from clinical.logic import UNKNOWN, Known, Unknown
from clinical.order import Order
from clinical.patient import Observation
from knowledge.model import Predicate
from rules.authored import Value, resolve
from rules.dosing import daily_dose
from rules.language import STATES, Access, Group
from rules.measures import (
    Measured,
    crcl,
    egfr,
    height,
    lactating,
    latest,
    measured,
    on_dialysis,
    pregnancy,
    weight,
)
from rules.model import Case, Use
from rules.states import STATE_DRUGS


class CaseFacts:
    """Facts of one case. ``data`` collects what was read, ``missing`` what was asked and unknown (with
    its Chinese label), ``orders`` the orders that answers rest on."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.data: dict[Datum, None] = {}
        self.missing: dict[str, str] = {}
        self.orders: dict[str, None] = {}

    def value(self, access: Access) -> Value:
        found = _READ[access.name](self, access)
        if isinstance(found, Unknown):
            self.missing[access.key()] = access.label()
        return found

    def name(self, access: Access, number: int = 0) -> str:
        return str(access.arguments[number].value)

    def concept(self, access: Access, group: Group) -> str:
        return resolve(self.name(access), group, self.case.snapshot)

    def take(self, found: Known[Measured]) -> Value:
        """A measured value with its evidence."""
        if isinstance(found, Unknown):
            return UNKNOWN
        self.data |= dict.fromkeys(found.data)
        return found.value

    def using(self, uses: Iterable[Use]) -> bool:
        """Whether there are any; their orders become evidence."""
        orders = {use.order.id: use.order for use in uses}
        self.touch(orders.values())
        return bool(orders)

    def touch(self, orders: Iterable[Order]) -> None:
        for order in orders:
            self.orders[order.id] = None
            self.data[self.case.datum(order)] = None


def _within(facts: CaseFacts, uses: tuple[Use, ...], access: Access) -> list[Use]:
    concept = facts.concept(access, Group.DRUG)
    return [use for use in uses if concept in facts.case.lineage[use.concept]]


def _takes(facts: CaseFacts, access: Access) -> Value:
    """True as soon as one is in use; unknown, not false, when the active drugs are unknown."""
    if facts.concept(access, Group.DRUG) in facts.case.whole_lineage:
        return facts.using(_within(facts, facts.case.uses, access))
    return UNKNOWN if isinstance(facts.case.patient.medications, Unknown) else False


def _orders(facts: CaseFacts, access: Access) -> Value:
    if facts.concept(access, Group.DRUG) not in facts.case.new_lineage:
        return False
    return facts.using(_within(facts, facts.case.new_uses, access))


def _count(facts: CaseFacts, access: Access) -> Value:
    uses = _within(facts, facts.case.uses, access)
    facts.using(uses)
    if isinstance(facts.case.patient.medications, Unknown):
        return UNKNOWN
    return float(len({use.concept for use in uses}))


def _has(facts: CaseFacts, access: Access) -> Value:
    condition = facts.case.conditions.get(facts.concept(access, Group.DISEASE))
    if condition is not None:
        facts.data[Datum.at("诊断", condition.what.text or facts.name(access), condition.origin)] = None
        return True
    return UNKNOWN if isinstance(facts.case.patient.conditions, Unknown) else False


def _allergic(facts: CaseFacts, access: Access) -> Value:
    allergies = facts.case.patient.allergies
    if isinstance(allergies, Unknown):
        return UNKNOWN
    snapshot, wanted = facts.case.snapshot, facts.concept(access, Group.ALLERGY)
    for allergy in allergies:
        for concept in allergy.what.concepts:
            covered = {s.object for s in snapshot.statements(Predicate.ALLERGEN_OF, concept)}
            if wanted in snapshot.ancestors(concept) or wanted in covered:
                facts.data[Datum.at("过敏史", allergy.what.text, allergy.origin)] = None
                return True
    return False


def _orders_test(facts: CaseFacts, access: Access) -> Value:
    wanted = facts.concept(access, Group.TEST)
    found = [o for o in facts.case.orders if wanted in o.what.concepts]
    facts.touch(found)
    return bool(found)


def _days(access: Access, number: int) -> int:
    return int(float(access.arguments[number].value)) if len(access.arguments) > number else 0


def _lab(facts: CaseFacts, access: Access) -> Value:
    concept = facts.concept(access, Group.LAB)
    return facts.take(measured(facts.case, concept, facts.name(access, 1), _days(access, 2)))


def _lab_text(facts: CaseFacts, access: Access) -> Value:
    found = latest(facts.case, facts.concept(access, Group.LAB), _days(access, 1))
    if not isinstance(found, Observation) or not isinstance(found.value, str):
        return UNKNOWN
    facts.data[Datum.at(facts.name(access), found.value, found.origin)] = None
    return found.value


def _daily_dose(facts: CaseFacts, access: Access) -> Value:
    uses = _within(facts, facts.case.uses, access)
    doses = [daily_dose(facts.case, use, facts.name(access, 1)) for use in uses]
    known = [dose for dose in doses if not isinstance(dose, Unknown)]
    facts.using(uses)
    return max(known) if known and len(known) == len(doses) else UNKNOWN


def _state(facts: CaseFacts, access: Access) -> Value:
    """Derived states: true, false, or unknown where an input was missing."""
    name = facts.name(access)
    found = facts.case.states.get(name, UNKNOWN)
    if found is True:
        facts.data[Datum("推导状态", STATES[name])] = None
        classes = STATE_DRUGS.get(name, frozenset())
        lineage = facts.case.lineage
        facts.touch([use.order for use in facts.case.uses if not lineage[use.concept].isdisjoint(classes)])
    return found


def _pregnant(facts: CaseFacts, access: Access) -> Value:
    found = pregnancy(facts.case)
    if isinstance(found, Unknown):
        return UNKNOWN
    if found is not None:
        facts.data[Datum.at("妊娠", "是", found.origin)] = None
    return found is not None


def _gestational_weeks(facts: CaseFacts, access: Access) -> Value:
    found = pregnancy(facts.case)
    if isinstance(found, Unknown) or found is None or isinstance(found.gestational_days, Unknown):
        return UNKNOWN
    return float(found.gestational_days // 7)


def _plain(read: Callable[[Case], Known[float | bool]], what: str) -> Callable[[CaseFacts, Access], Value]:
    """A field that is its own evidence."""

    def value(facts: CaseFacts, access: Access) -> Value:
        found = read(facts.case)
        if not isinstance(found, Unknown):
            facts.data[Datum(what, {True: "是", False: "否"}[found] if isinstance(found, bool) else f"{found:g}")] = (
                None
            )
        return found

    return value


def _measure(read: Callable[[Case], Known[Measured]]) -> Callable[[CaseFacts, Access], Value]:
    return lambda facts, access: facts.take(read(facts.case))


def _sex(facts: CaseFacts, access: Access) -> Value:
    sex = facts.case.patient.sex
    return UNKNOWN if isinstance(sex, Unknown) else sex.value


def _department(facts: CaseFacts, access: Access) -> Value:
    return facts.case.patient.department or UNKNOWN


_READ: Final[dict[str, Callable[[CaseFacts, Access], Value]]] = {
    "age_years": _plain(lambda case: case.patient.age_years(), "年龄 (岁)"),
    "age_days": _plain(lambda case: case.patient.age_days(), "日龄"),
    "sex": _sex,
    "weight_kg": _measure(weight),
    "height_cm": _measure(height),
    "egfr": _measure(egfr),
    "crcl": _measure(crcl),
    "pregnant": _pregnant,
    "gestational_weeks": _gestational_weeks,
    "lactating": _plain(lactating, "哺乳"),
    "on_dialysis": _plain(on_dialysis, "透析"),
    "department": _department,
    "has": _has,
    "takes": _takes,
    "orders": _orders,
    "orders_test": _orders_test,
    "count": _count,
    "allergic": _allergic,
    "lab": _lab,
    "lab_text": _lab_text,
    "daily_dose": _daily_dose,
    "state": _state,
}
