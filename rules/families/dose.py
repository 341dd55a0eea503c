"""Single and daily doses against the limits for this patient, route, form and indication."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from math import inf
from typing import Final

from clinical.finding import Datum, Finding, Gap, Outcome, Passed, Severity
from clinical.logic import UNKNOWN, Known, Unknown
from clinical.value import Value
from knowledge.model import Predicate, Statement
from rules.dosing import (
    TOLERANCE,
    WELL_BELOW,
    Limits,
    Row,
    adjust,
    amount,
    daily_dose,
    doses,
    has_room,
    is_mean,
    limits_of,
    rows_for,
    whole_doses,
)
from rules.model import Case, Family, Use, Way, fault, may_interrupt, order_datum
from rules.saying import named
from rules.stewardship import ANTIBACTERIAL

NAME = "dose"
_RANGE: Final = Predicate.DOSE_RANGE
_NOTHING: Final[Known[float]] = UNKNOWN


class _Held(Value, frozen=True):
    """A row with its limits and the order's doses in its unit."""

    row: Statement
    limits: Limits
    single: Known[float]
    day: Known[float]


def _held(case: Case, use: Use, rows: list[Row]) -> list[_Held]:
    """Rows whose limits are known, each beside the doses in its unit; most rows of a drug share one."""
    found: list[_Held] = []
    unit, single, day = "", _NOTHING, _NOTHING
    for row in rows:
        limits = row.limits or limits_of(case, row)
        if not isinstance(limits, Unknown):
            if row.statement.subject == use.product:
                found.append(_Held(row.statement, limits, *whole_doses(use.order, limits.unit)))
                continue
            if limits.unit != unit:
                unit = limits.unit
                single, day = doses(case, use, unit)
            found.append(_Held(row.statement, limits, single, day))
    return found


class _Excess(Value, frozen=True):
    """A dose beyond a limit: which (单次, 每日), the dose, the limit it passes, and its row."""

    which: str
    dose: float
    limit: float
    row: Statement
    limits: Limits

    @property
    def ratio(self) -> float:
        return self.dose / self.limit if self.limit else float("inf")


def check(case: Case) -> Iterator[Outcome]:
    """Every new ingredient; the same ingredient in several orders counts together for the day."""
    repeated = _repeated(case)
    for use, way in case.ways:
        try:
            if not case.explain and use.concept not in repeated and has_room(case, use, way):
                continue
            said = _judge(case, use, way)
            if said is not None:
                yield said
        except Exception as error:  # one row must not silence the others
            yield fault(NAME, use.concept, error)


def _repeated(case: Case) -> frozenset[str]:
    """Ingredients that are there more than once, whose doses of the day add up."""
    if len(case.lineage) == len(case.uses):
        return frozenset()
    concepts = Counter(use.concept for use in case.uses)
    return frozenset(concept for concept, times in concepts.items() if times > 1)


def _judge(case: Case, use: Use, way: Way) -> Outcome | None:
    if not case.snapshot.statements(_RANGE, use.concept):
        return None
    if isinstance(case.age, Unknown):
        return Gap(NAME, "birth-date", "未提供出生日期，未能检查剂量", (use.order.id,))
    rows = rows_for(case, use, way)
    if not rows:
        reason = "未评估: 资料未给出该年龄、途径或剂型的剂量范围"
        return Passed(NAME, "", reason, (use.order.id,)) if case.explain else None
    known = _held(case, use, rows)
    if not known:
        return Gap(NAME, "weight", f"缺少体重或身高，未能检查{named(case, use)}的剂量", (use.order.id,))
    return _compare(case, use, known)


def _compare(case: Case, use: Use, rows: list[_Held]) -> Outcome | None:
    excess = [e for e in (_over(use, rows, "单次"), _over(use, rows, "每日")) if isinstance(e, _Excess)]
    if excess:
        return _finding(case, use, max(excess, key=lambda e: e.ratio))
    wrong = _together(case, use, rows) or _under(case, use, rows)
    if wrong is not None:
        return wrong
    if isinstance(rows[0].single, Unknown):
        reason = f"{named(case, use)}的单次剂量缺失或单位无法换算，未能检查剂量"
        return Gap(NAME, "dose", reason, (use.order.id,))
    return Passed(NAME, rows[0].row.id, "剂量在范围内", (use.order.id,)) if case.explain else None


def _over(use: Use, rows: list[_Held], which: str) -> Known[_Excess | None]:
    """The least excess over all rows that apply: a dose that one of them allows is allowed."""
    found: list[_Excess] = []
    single = which == "单次"
    one_dose = not single and use.order.dosage.is_single()
    for held in rows:
        limits = held.limits
        most, dose = (limits.single_max, held.single) if single else (limits.daily_max, held.day)
        if most is None or isinstance(dose, Unknown) or (one_dose and is_mean(limits)):
            continue
        if dose <= most * TOLERANCE:
            return None
        found.append(_Excess(which, dose, most, held.row, limits))
    return min(found, key=lambda e: e.ratio) if found else UNKNOWN


def _finding(case: Case, use: Use, e: _Excess) -> Finding:
    unit = e.limits.unit
    slip = "，疑似单位或小数点错误" if e.ratio >= 9 else ""
    summary = f"{named(case, use, e.row)} {e.which}剂量 {amount(e.dose, unit)} 超过上限 {amount(e.limit, unit)}{slip}"
    times = use.order.dosage.times_per_day
    single = e.limit if e.which == "单次" or isinstance(times, Unknown) or times <= 1 else e.limit / times
    return _say(case, e.row, _severity(e.ratio), summary, (use,), e.limits.data, adjust_to=(use, single, unit))


def _severity(ratio: float) -> Severity:
    """Up to half above the limit is for checking; beyond that harm is likely; tenfold is a slip."""
    if ratio >= 9:
        return Severity.CONTRAINDICATED
    return Severity.MAJOR if ratio > 1.5 else Severity.MODERATE


def _together(case: Case, use: Use, rows: list[_Held]) -> Finding | None:
    """The day's total of one ingredient over all orders, each of which is within the limit alone."""
    if len(case.lineage) == len(case.uses):  # every ingredient is there once
        return None
    same = [u for u in case.uses if u.concept == use.concept and not u.order.dosage.is_single() and _alike(use, u)]
    if len({u.order.id for u in same}) < 2 or same[0] != use:
        return None
    most = max(rows, key=lambda held: held.limits.daily_max or 0)
    row, limits = most.row, most.limits
    parts = [daily_dose(case, u, limits.unit) for u in same]
    known = [part for part in parts if not isinstance(part, Unknown)]
    if limits.daily_max is None or sum(known) <= limits.daily_max * TOLERANCE:
        return None
    total, limit = amount(sum(known), limits.unit), amount(limits.daily_max, limits.unit)
    summary = f"{case.name(use.concept)}由多个医嘱合计每日 {total}，超过上限 {limit}"
    return _say(case, row, _severity(sum(known) / limits.daily_max), summary, tuple(same), limits.data)


def _alike(a: Use, b: Use) -> bool:
    """Whether two uses count together: routes equal or unknown."""
    first, second = a.order.dosage.route, b.order.dosage.route
    return isinstance(first, Unknown) or isinstance(second, Unknown) or first == second


def _under(case: Case, use: Use, rows: list[_Held]) -> Finding | None:
    """A single dose well below the least of every row that states one."""
    for held in rows:
        if not held.limits.single_min:
            return None
    least = min(rows, key=lambda held: held.limits.single_min or 0) if len(rows) > 1 else rows[0]
    row, limits, dose = least.row, least.limits, least.single
    if isinstance(dose, Unknown) or limits.single_min is None or dose >= limits.single_min * WELL_BELOW:
        return None
    given, least_ = amount(dose, limits.unit), amount(limits.single_min, limits.unit)
    summary = f"{named(case, use)} 单次剂量 {given} 明显低于常用下限 {least_}"
    if ANTIBACTERIAL in case.lineage[use.concept] and _lost_a_digit(dose, limits.single_min, limits.single_max):
        return _say(case, row, Severity.MODERATE, f"{summary}，疑少一位", (use,), limits.data)
    return _say(case, row, Severity.MINOR, summary, (use,), limits.data)


def _lost_a_digit(dose: float, least: float, most: float | None) -> bool:
    """Whether ten times a dose of at most a quarter of the least would be right: of an antibacterial, which nobody
    begins low, the point has slipped."""
    return dose <= least / 4 and least <= 10 * dose <= (inf if most is None else most)


def _say(
    case: Case,
    row: Statement,
    severity: Severity,
    summary: str,
    uses: tuple[Use, ...],
    data: tuple[Datum, ...],
    adjust_to: tuple[Use, float, str] | None = None,
) -> Finding:
    return Finding(
        family=NAME,
        rule_id=row.id,
        rule_version=str(row.revision),
        severity=severity,
        summary=summary,
        detail="超出所引资料对该人群、途径和剂型给出的剂量范围。" if severity is not Severity.MINOR else "",
        orders=tuple(dict.fromkeys(use.order.id for use in uses)),
        data=(*(order_datum(use.order) for use in uses), *data),
        references=case.references(row),
        advice="核对剂量与单位；确有必要超量时请注明依据。",
        suggestions=() if adjust_to is None else (adjust(*adjust_to),),
        cause=f"{NAME}:{uses[0].concept}",
        interruptive=may_interrupt(row),
    )


FAMILY = Family(NAME, "剂量", check, reads=(Predicate.DOSE_RANGE,), by_drug=True)
