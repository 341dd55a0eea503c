"""Drugs with food, alcohol and tobacco.

Who is known to drink or smoke is warned of what that does with a drug; everything else is advice for
dispensing, gathered in one note when the prescription is verified. Nobody is told at order entry not to
eat grapefruit.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Final

from clinical.finding import Finding, Gap, Outcome, Severity
from clinical.logic import Known, Unknown
from clinical.patient import Visit
from clinical.value import replace
from knowledge.model import Predicate, Statement
from rules.habits import Habit, drinks, smokes
from rules.model import Case, Family, Use, Way, each_statement, may_interrupt, order_datum, severity_of
from rules.saying import found, named, passed

NAME = "drug-food"
SHOWN_AS = "interaction"
VERIFY = "medication-verify"
_FOOD: Final = Predicate.DRUG_FOOD
_HABITS = {"alcohol": ("饮酒", drinks), "smoking": ("吸烟", smokes)}
_DISULFIRAM_LIKE = "drug-class:disulfiram-like"
"""Any amount of alcohol matters with these."""


def check(case: Case) -> Iterator[Outcome]:
    """Alerts for known habits, then the advice for dispensing."""
    ways = [(use, way) for use, way in case.ways if way[_FOOD]]
    if case.patient.stage != VERIFY:  # nothing is told then but of habits
        ways = [(use, way) for use, way in ways if way.once("habits", _of_habits)]
    said = [(use, s) for use, way in ways for s in _closest(case, way)]
    if case.patient.stage != VERIFY:
        said = [(use, s) for use, s in said if s.qualifiers["food"] in _HABITS]
    if not said:
        return
    alerted: set[tuple[str, str]] = set()
    for outcome in each_statement(NAME, said, partial(_judge, case)):
        if isinstance(outcome, Finding):
            alerted.add((outcome.orders[0], outcome.rule_id))
        yield outcome
    if case.patient.stage == VERIFY:
        advised = [(use, s) for use, s in said if (use.order.id, s.id) not in alerted and _worth_telling(case, s)]
        if advised:
            yield _counselling(case, advised)


def _of_habits(way: Way) -> bool:
    """Whether anything is said of what some have a habit of."""
    return any(s.qualifiers["food"] in _HABITS for s in way[_FOOD])


def _closest(case: Case, way: Way) -> tuple[Statement, ...]:
    """For each food what is said most closely of the ingredient as it is given."""
    fit = way.in_force(_FOOD, case.iso_day)
    return tuple({s.qualifiers["food"]: s for s in reversed(fit)}.values()) if len(fit) > 1 else fit


def _judge(case: Case, use: Use, s: Statement) -> Iterator[Outcome]:
    """A habit that the patient is known to have."""
    if s.qualifiers["food"] not in _HABITS or not _old_enough(case, s):
        return
    what, ask = _HABITS[s.qualifiers["food"]]
    habit = ask(case)
    if isinstance(habit, Unknown):
        yield from _gap(case, use, s, what)
    elif not _matters(case, use, habit) or _contraindicated(case, use, habit):
        if case.explain:
            yield from passed(case, NAME, s, use, f"患者无{what}，或已按诊断禁忌提示")
    else:
        summary = f"{named(case, use)}: 患者{what}，{s.qualifiers['effect']}"
        finding = found(case, SHOWN_AS, s, (use,), summary, (habit.datum,), cause=f"{NAME}:{use.concept}:{what}")
        yield replace(finding, severity=_on_the_ward(case, habit, finding.severity), detail=s.qualifiers["effect"])


def _on_the_ward(case: Case, habit: Habit, severity: Severity) -> Severity:
    """An inpatient whose diagnosis tells of drinking does not drink now: what is no more than a caution is for
    going home."""
    told_by_diagnosis = habit.datum.what == "诊断"
    mild = severity is Severity.MODERATE and told_by_diagnosis and case.patient.visit is Visit.INPATIENT
    return Severity.MINOR if mild else severity


def _gap(case: Case, use: Use, s: Statement, what: str) -> Iterator[Gap]:
    """Only where nobody sent diagnoses or history at all, and the answer could forbid the drug."""
    untold = isinstance(case.patient.conditions, Unknown) and isinstance(case.patient.observations, Unknown)
    if untold and severity_of(s).rank >= Severity.MAJOR.rank and case.patient.stage != VERIFY:
        reason = f"未提供诊断和个人史，未能检查{named(case, use)}与{what}"
        yield Gap(NAME, s.qualifiers["food"], reason, (use.order.id,), s.id)


def _matters(case: Case, use: Use, habit: Habit) -> bool:
    return habit.present and (not habit.light or _DISULFIRAM_LIKE in case.lineage[use.concept])


def _contraindicated(case: Case, use: Use, habit: Habit) -> bool:
    """Whether the diagnosis that tells of the habit is a contraindication by itself."""
    held = (
        s.object for s in case.statements(Predicate.CONTRAINDICATED_IN, use.concept) if s.object in case.conditions
    )
    return any(case.conditions[disease].what.text == habit.datum.value for disease in held)


def _old_enough(case: Case, s: Statement) -> bool:
    age = case.age
    return isinstance(age, Unknown) or s.qualifiers.get("age_min", 0) <= age


def _worth_telling(case: Case, s: Statement) -> bool:
    """Not what concerns a habit that the patient is known not to have."""
    if s.qualifiers["food"] not in _HABITS:
        return True
    habit: Known[Habit] = _HABITS[s.qualifiers["food"]][1](case)
    return isinstance(habit, Unknown) or habit.present


def _counselling(case: Case, advised: list[tuple[Use, Statement]]) -> Finding:
    """Everything to tell the patient of food, in one note."""
    points = dict.fromkeys(f"{case.name(use.concept)}: {s.qualifiers['advice']}" for use, s in advised)
    uses = {use.order.id: use for use, _ in advised}
    names = "、".join(dict.fromkeys(case.name(use.concept) for use, _ in advised))
    return Finding(
        family=SHOWN_AS,
        rule_id=f"{NAME}:counselling",
        rule_version="1",
        severity=Severity.INFO,
        summary=f"用药交代: {names}的饮食与烟酒注意事项 {len(points)} 条",
        detail="；".join(dict.fromkeys(f"{case.name(use.concept)}: {s.qualifiers['effect']}" for use, s in advised)),
        orders=tuple(uses),
        data=tuple(order_datum(use.order) for use in uses.values()),
        references=tuple(dict.fromkeys(r for _, s in advised for r in case.references(s))),
        advice="；".join(points),
        cause=f"{NAME}:counselling",
        interruptive=any(may_interrupt(s) for _, s in advised),
    )


FAMILY = Family(NAME, "饮食与烟酒", check, reads=(Predicate.DRUG_FOOD,), by_drug=True)
