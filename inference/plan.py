"""Rows of the release on how a disease is treated, and whether a row is for this patient."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import date
from enum import IntEnum
from typing import Final

from clinical.age import MONTH, YEAR
from clinical.logic import Unknown
from clinical.value import Value
from inference.subject import Subject
from knowledge.model import Predicate, Statement
from knowledge.snapshot import Snapshot
from knowledge.tables.diagnosis import AGE_BANDS

SEVERITIES: Final = {"mild": "轻", "moderate": "中", "severe": "重", "critical": "危重"}
_LATER: Final = tuple(band for band, (_, start, _) in AGE_BANDS.items() if start >= YEAR)
"""Bands of age after the first year."""


class Amount(Value, frozen=True):
    """How much of a drug a row gives. ``low`` and ``high`` are in ``unit`` for each of ``per``: ``dose`` (one dose),
    ``kg-dose``, ``kg-day``, ``m2-dose`` or ``day``; the limits are absolute."""

    low: float
    high: float
    unit: str
    per: str
    single_limit: float | None = None
    daily_limit: float | None = None


class Plan(Value, frozen=True):
    """One row. ``disease`` is the subject of the statement: the diagnosis itself or what it is a kind of. Ages are in
    days, courses in hours; ``other`` and ``without`` are names of diseases; ``pregnant`` is ``yes`` (only then),
    ``no`` (never then) or empty."""

    statement: Statement
    disease: str
    item: str
    kind: str
    group: str
    rank: float
    situation: str
    stages: tuple[str, ...]
    age_min: float
    age_max: float
    sex: str
    pregnant: str
    other: tuple[str, ...]
    without: tuple[str, ...]
    route: str
    amount: Amount | None
    frequency: str
    course: float | None
    course_max: float | None
    content: str
    monitoring: str

    @property
    def has_age(self) -> bool:
        """Whether the row is for some ages only."""
        return self.age_min > 0 or self.age_max != float("inf")


def plans_of(snapshot: Snapshot, disease: str, day: date) -> tuple[Plan, ...]:
    """Rows in force for a disease: its own, or where it has none of its own those of the nearest it is a kind of. A
    disease of the first year of life takes of these only what states an age: the others were written for adults."""
    rows = snapshot.remember(("plans", disease), lambda: _read_all(snapshot, disease))
    iso = day.isoformat()
    return tuple(plan for plan in rows if plan.statement.holds_on(iso))


def _read_all(snapshot: Snapshot, disease: str) -> tuple[Plan, ...]:
    rows = [_read(s) for s in snapshot.statements(Predicate.PLAN, disease)]
    wider = {above for plan in rows for above in snapshot.ancestors(plan.disease) - {plan.disease}}
    nearest = [plan for plan in rows if plan.disease not in wider]
    if not _is_of_first_year(snapshot, disease):
        return tuple(nearest)
    return tuple(plan for plan in nearest if plan.has_age or _is_of_first_year(snapshot, plan.disease))


def _is_of_first_year(snapshot: Snapshot, disease: str) -> bool:
    """Whether only newborns and infants have a disease."""
    profiles = [s for s in snapshot.statements(Predicate.DISEASE_PROFILE, disease) if s.subject == disease]
    return any(all(profile.qualifiers.get(band) == "none" for band in _LATER) for profile in profiles)


def _read(s: Statement) -> Plan:
    q = s.qualifiers
    return Plan(
        statement=s,
        disease=s.subject,
        item=s.object,
        kind=q["kind"],
        group=q["class"],
        rank=q.get("rank", float("inf")),
        situation=q.get("situation", ""),
        stages=tuple(q.get("stages", ())),
        age_min=q.get("age_min", 0.0),
        age_max=q.get("age_max", float("inf")),
        sex=q.get("sex", ""),
        pregnant=q.get("pregnant", ""),
        other=tuple(q.get("with", ())),
        without=tuple(q.get("without", ())),
        route=q.get("route", ""),
        amount=_amount(s) if "dose" in q else None,
        frequency=q.get("frequency", ""),
        course=q.get("course"),
        course_max=q.get("course_max"),
        content=q.get("content", ""),
        monitoring=q.get("monitoring", ""),
    )


def _amount(s: Statement) -> Amount:
    q = s.qualifiers
    high = q.get("dose_max", q["dose"])
    return Amount(q["dose"], high, q["unit"], q["per"], q.get("single_limit"), q.get("daily_limit"))


# Whether a row is for this patient


class Fit(IntEnum):
    """How a row suits a patient, best first: it does; it may, something must be asked; it must not be given; it is
    for other patients."""

    SUITS = 0
    ASKS = 1
    UNSUITABLE = 2
    ELSEWHERE = 3


class Asked(Value, frozen=True):
    """What was asked for: one of ``SEVERITIES`` or empty, and the situation (耐药风险, 风寒束表证) or empty."""

    severity: str = ""
    situation: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a row suits, why, and what to make sure of first."""

    fit: Fit
    reasons: tuple[str, ...] = ()
    confirm: tuple[str, ...] = ()


_Said = tuple[Fit, str]


def verdict(plan: Plan, subject: Subject, asked: Asked, snapshot: Snapshot) -> Verdict:
    """How a row suits a patient. The worst thing said counts; of what merely is to be made sure of, ``SUITS`` is
    said with the words."""
    said = [one for check in _CHECKS for one in check(plan, subject, asked)]
    said += _on_record(plan, subject, snapshot)
    worst = max((fit for fit, _ in said), default=Fit.SUITS)
    reasons = tuple(words for fit, words in said if fit is worst and fit is not Fit.SUITS)
    return Verdict(worst, reasons, tuple(words for fit, words in said if fit is Fit.SUITS))


def _age(plan: Plan, subject: Subject, asked: Asked) -> Iterator[_Said]:
    if not plan.has_age:
        return
    age, bounds = subject.patient.age(), _ages(plan)
    if isinstance(age, Unknown):
        yield Fit.ASKS, f"未提供出生日期，本方案适用于{bounds}"
    elif not plan.age_min <= age < plan.age_max:
        yield Fit.ELSEWHERE, f"适用年龄为{bounds}"


def _ages(plan: Plan) -> str:
    least = f"{age_text(plan.age_min)}及以上" if plan.age_min > 0 else ""
    most = f"{age_text(plan.age_max)}以下" if plan.age_max != float("inf") else ""
    return "、".join(filter(None, (least, most)))


def age_text(days: float) -> str:
    """An age in days as clinicians say it: 28天, 6月, 12岁."""
    years, months = days / YEAR, days / MONTH
    if years >= 1 and abs(years - round(years)) < 0.01:
        return f"{round(years)}岁"
    return f"{round(months)}月" if months >= 1 and abs(months - round(months)) < 0.05 else f"{round(days)}天"


def _sex(plan: Plan, subject: Subject, asked: Asked) -> Iterator[_Said]:
    if plan.sex:
        told, whom = subject.patient.sex, "女性" if plan.sex == "female" else "男性"
        if isinstance(told, Unknown):
            yield Fit.ASKS, f"未提供性别，本方案适用于{whom}"
        elif told != plan.sex:
            yield Fit.ELSEWHERE, f"适用于{whom}"


def _pregnancy(plan: Plan, subject: Subject, asked: Asked) -> Iterator[_Said]:
    pregnant = subject.pregnant
    if plan.pregnant == "yes":
        if isinstance(pregnant, Unknown):
            yield Fit.ASKS, "仅用于妊娠期，妊娠状态未知"
        elif not pregnant:
            yield Fit.ELSEWHERE, "仅用于妊娠期"
    elif plan.pregnant == "no":
        if isinstance(pregnant, Unknown):
            yield Fit.SUITS, "用前确认未妊娠"
        elif pregnant:
            yield Fit.UNSUITABLE, "妊娠期不用"


def _severity(plan: Plan, subject: Subject, asked: Asked) -> Iterator[_Said]:
    if plan.stages:
        whom = "、".join(SEVERITIES.get(stage, stage) for stage in plan.stages)
        if not asked.severity:
            yield Fit.SUITS, f"适用于病情{whom}者"
        elif asked.severity not in plan.stages:
            yield Fit.ELSEWHERE, f"适用于病情{whom}者"


def _situation(plan: Plan, subject: Subject, asked: Asked) -> Iterator[_Said]:
    if plan.situation and asked.situation and not is_situation(plan.situation, asked.situation):
        yield Fit.ELSEWHERE, f"适用于：{plan.situation}"


def is_situation(told: str, asked: str) -> bool:
    """Whether the situation of a row is the one that was asked for, or one says the other and more."""
    return asked in told or told in asked


_CHECKS: Final[tuple[Callable[[Plan, Subject, Asked], Iterator[_Said]], ...]] = (
    _age,
    _sex,
    _pregnancy,
    _severity,
    _situation,
)


def _on_record(plan: Plan, subject: Subject, snapshot: Snapshot) -> Iterator[_Said]:
    """What must, and what must not, stand on record beside the disease."""
    if plan.other and not subject.found(plan.other, snapshot):
        yield Fit.ELSEWHERE if subject.listed else Fit.ASKS, f"仅用于合并{_either(plan.other)}者"
    against = subject.found(plan.without, snapshot) if plan.without else ""
    if against:
        yield Fit.UNSUITABLE, f"患者有“{against}”，本方案不用于{_either(plan.without)}"
    elif plan.without and not subject.listed:
        yield Fit.SUITS, f"用前排除：{'、'.join(plan.without)}"


def _either(names: Collection[str]) -> str:
    return "或".join(names)
