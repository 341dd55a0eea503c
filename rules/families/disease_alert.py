"""Diagnoses that must be reported or registered, or that call an emergency team."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Final

from clinical.coded import CHINA, zoned
from clinical.finding import Datum, Finding, Gap, Outcome, Passed
from clinical.logic import UNKNOWN, Known, Unknown
from clinical.patient import ClinicalStatus, Condition, Visit
from knowledge.model import Predicate, Statement
from knowledge.naming import normal_name
from rules.model import Case, Family, fault, may_interrupt, severity_of
from rules.subjects import rows_of

NAME = "disease-alert"
_ALERT: Final = Predicate.DISEASE_ALERT  # bound once, as in ``rules.model``
_ACTIVE: Final = ClinicalStatus.ACTIVE
_SIGNING: Final = "order-sign"
_ASKED_FOR: Final = frozenset({"", "patient-view", "encounter-discharge"})
"""Where a missing list of diagnoses is worth saying."""
_URGENT_HOURS: Final = 24
"""While orders are signed only what is due within a day is said: a register can wait for the discharge."""
_PAST: Final = ("史", "既往", "后遗", "陈旧", "恢复期", "治愈", "术后", "化疗", "放疗")
_PREVENTION: Final = ("疫苗", "接种", "预防", "筛查")
"""Words of diagnoses that name a disease nobody has."""
_CHRONIC: Final = ("腔隙", "慢性", "稳定期", "缓解期")
"""Words of diagnoses that call no emergency team."""


def check(case: Case) -> Iterator[Outcome]:
    """One finding for each disease among the diagnoses that calls for a report or a team."""
    conditions = case.patient.conditions
    if isinstance(conditions, Unknown):
        if case.patient.stage in _ASKED_FOR:
            yield Gap(NAME, "conditions", "未提供诊断，未能检查疾病报告与预警")
        return
    said: set[str] = set()
    for condition in _told_of(case, conditions):
        for s in _alerts(case, condition):
            if s.qualifiers["title"] in said:
                continue
            said.add(s.qualifiers["title"])
            try:
                yield _finding(case, condition, s)
            except Exception as error:  # one diagnosis must not silence the others
                yield fault(NAME, s.id, error)
    if case.explain and not said:
        yield Passed(NAME, "", "没有须报告、登记或启动急救的诊断")


def _told_of(case: Case, conditions: tuple[Condition, ...]) -> list[Condition]:
    """Active diagnoses of which the release says anything; most are none of these."""
    rows, found = rows_of(case, _ALERT), []
    for condition in conditions:
        if condition.status is _ACTIVE:
            for concept in condition.what.concepts:
                if rows[concept]:
                    found.append(condition)
                    break
    return found


def _alerts(case: Case, condition: Condition) -> list[Statement]:
    """What a diagnosis calls for: of several reports the one it names most closely, beside it the team."""
    found = {s.id: s for c in condition.what.concepts for s in case.statements(_ALERT, c)}
    if not found or any(word in condition.what.text for word in _PAST):
        return []
    holding = [s for s in found.values() if _concerns(case, condition, s)]
    reports = [s for s in holding if s.qualifiers["kind"] != "emergency"]
    teams = [s for s in holding if s.qualifiers["kind"] == "emergency"]
    return [max(same, key=lambda s: _closeness(case, condition, s)) for same in (reports, teams) if same]


def _concerns(case: Case, condition: Condition, s: Statement) -> bool:
    q = s.qualifiers
    if case.patient.stage == _SIGNING and q.get("hours", _URGENT_HOURS + 1) > _URGENT_HOURS:
        return False
    emergency = q["kind"] == "emergency"
    silent = _CHRONIC if emergency else () if q["kind"] == "vaccine" else _PREVENTION
    if any(word in condition.what.text for word in silent):
        return False
    hours = _emergency_age(case, condition) if emergency else _age(case, condition)
    fresh = not emergency if isinstance(hours, Unknown) else hours <= q["recent"]
    return fresh and _of_age(case, s)


def _age(case: Case, condition: Condition) -> Known[float]:
    """Hours since a diagnosis was recorded, else since its onset (from the beginning of that day)."""
    since = condition.origin.time or _midnight(condition.onset)
    return UNKNOWN if since is None else (zoned(case.patient.as_of) - zoned(since)).total_seconds() / 3600


def _emergency_age(case: Case, condition: Condition) -> Known[float]:
    """An undated diagnosis is as old as the stay; in the emergency room it is of now."""
    hours, admitted = _age(case, condition), case.patient.admitted
    if not isinstance(hours, Unknown):
        return hours
    if not isinstance(admitted, Unknown):
        return (zoned(case.patient.as_of) - datetime.combine(admitted, time(), CHINA)).total_seconds() / 3600
    return 0.0 if case.patient.visit is Visit.EMERGENCY else UNKNOWN


def _midnight(day: date | None) -> datetime | None:
    return None if day is None else datetime.combine(day, time(), CHINA)


def _of_age(case: Case, s: Statement) -> bool:
    """A row for an age does not concern a patient of unknown age."""
    q, age = s.qualifiers, case.age
    if "age_min" not in q and "age_max" not in q:
        return True
    return not isinstance(age, Unknown) and bool(q.get("age_min", 0) <= age < q.get("age_max", float("inf")))


def _closeness(case: Case, condition: Condition, s: Statement) -> tuple[int, float]:
    """How much of the diagnosis the row's name covers; among equals what is due first."""
    text = normal_name(condition.what.text)
    known = case.snapshot.concept(s.subject)
    names = (s.qualifiers["title"], *(known.names() if known else ()))
    covered = max((len(name) for name in map(normal_name, names) if name in text), default=0)
    return covered, -s.qualifiers.get("hours", float("inf"))


def _finding(case: Case, condition: Condition, s: Statement) -> Finding:
    q = s.qualifiers
    shown = condition.what.text or case.name(s.subject)
    return Finding(
        family=NAME,
        rule_id=s.id,
        rule_version=str(s.revision),
        severity=severity_of(s),
        summary=f"{q['title']}: {q['deadline']}，联系{q['department']}",
        detail=q["reason"],
        orders=(),
        data=(Datum.at("诊断", shown, condition.origin),),
        references=case.references(s),
        advice=q["advice"],
        cause=f"{NAME}:{s.subject}:{q['kind']}",
        interruptive=may_interrupt(s),
    )


FAMILY = Family(
    NAME,
    "疾病报告与预警",
    check,
    reads=(Predicate.DISEASE_ALERT,),
    kinds=(),
    stages=frozenset({"patient-view", "encounter-start", "encounter-discharge", "order-sign"}),
)
