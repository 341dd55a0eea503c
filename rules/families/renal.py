"""Drugs at the patient's renal function, in dialysis too."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any, Final

from clinical.finding import Datum, Gap, Outcome
from clinical.logic import Known, Unknown
from knowledge.model import Predicate, Statement
from rules.dosing import has_cap, over_cap
from rules.measures import DIALYSIS, Measured, crcl, egfr, on_dialysis
from rules.model import Case, Family, Use, Way, each_statement
from rules.saying import degree, found, named, passed

NAME = "renal"
_LIMIT: Final = Predicate.RENAL_LIMIT
_NO_END: Final = float("inf")
_MEASURES = {"crcl": ("肌酐清除率", crcl), "egfr": ("eGFR", egfr)}
_ON_DIALYSIS = 5.0
"""ml/min that a patient on dialysis without a measured value is taken to have: below every band's edge."""


def check(case: Case) -> Iterator[Outcome]:
    """Renal bands of every new drug."""
    statements = case.asked(_LIMIT) if case.explain else _possible(case)
    if statements:
        yield from each_statement(NAME, statements, partial(_judge, case))


_Band = tuple[str, bool, float, float]
"""What is measured, whether the row is about dialysis, and else the edges of its band."""


def _possible(case: Case) -> list[tuple[Use, Statement]]:
    """Rows in force but for those of whose band the patient is known to be out: these say nothing."""
    found = []
    values: dict[str, float | None] = {}
    for use, way in case.ways:
        for s, (measure, dialysis, at_least, below) in way.once("renal-bands", _bands):
            if measure not in values:
                values[measure] = _figure(case, measure)
            value = values[measure]
            is_out = value is not None and not (_dialysed(case) if dialysis else at_least <= value < below)
            if not is_out and (_LIMIT not in way.dated or s.holds_on(case.iso_day)):
                found.append((use, s))
    return found


def _bands(way: Way) -> tuple[tuple[Statement, _Band], ...]:
    return tuple((s, _band(s.qualifiers)) for s in way[_LIMIT])


def _band(q: dict[str, Any]) -> _Band:
    """As a row states it; edges that are no numbers let everybody in, so that ``_judge`` reports them."""
    edges = q.get("at_least", 0), q.get("below", _NO_END)
    at_least, below = edges if all(isinstance(edge, int | float) for edge in edges) else (-_NO_END, _NO_END)
    return q.get("measure", ""), bool(q.get("dialysis")), at_least, below


def _figure(case: Case, measure: str) -> float | None:
    """What was measured, as reckoned from the patient's own results; None where it is unknown."""
    try:
        value = _MEASURES[measure][1](case)
    except Exception:  # results that nothing can be reckoned from: ``_judge`` meets and reports them again
        return None
    return None if isinstance(value, Unknown) else value.value


def _judge(case: Case, use: Use, s: Statement) -> Iterable[Outcome]:
    measure = s.qualifiers["measure"]
    label, value = _MEASURES[measure][0], _function(case, s)
    if isinstance(value, Unknown):
        reason = f"缺少近期肌酐等数据，无法得出{label}，未能检查肾功能用药"
        return (Gap(NAME, measure, reason, (use.order.id,)),)
    if _in_band(case, s, value):
        return _held(case, use, s, value, label)
    if case.explain:
        return passed(case, NAME, s, use, f"{label} {value.value:.0f} ml/min 不在限制范围")
    return ()


def _held(case: Case, use: Use, s: Statement, value: Measured, label: str) -> Iterator[Outcome]:
    """The patient is in the band; a row with figures alerts only when the order exceeds them."""
    told = over_cap(case, use, s) if has_cap(s) and s.qualifiers["action"] != "avoid" else degree(s)
    if isinstance(told, Unknown):
        yield Gap(NAME, "dose", f"{named(case, use)}的剂量或频次缺失，未能按肾功能检查剂量", (use.order.id,), s.id)
    elif not told:
        yield from passed(case, NAME, s, use, "剂量未超过该肾功能水平的上限")
    else:
        summary = f"{named(case, use, s)}: {label} {value.value:.0f} ml/min，{told}"
        yield found(case, NAME, s, (use,), summary, value.data)


def _function(case: Case, s: Statement) -> Known[Measured]:
    value = _MEASURES[s.qualifiers["measure"]][1](case)
    if isinstance(value, Unknown) and _dialysed(case):
        condition = case.conditions[DIALYSIS]
        return Measured(_ON_DIALYSIS, "mL/min", (Datum.at("诊断", condition.what.text or "透析", condition.origin),))
    return value


def _in_band(case: Case, s: Statement, value: Measured) -> bool:
    if s.qualifiers.get("dialysis"):
        return _dialysed(case)
    return bool(s.qualifiers.get("at_least", 0) <= value.value < s.qualifiers.get("below", _NO_END))


def _dialysed(case: Case) -> bool:
    state = on_dialysis(case)
    return not isinstance(state, Unknown) and state


FAMILY = Family(NAME, "肾功能", check, reads=(Predicate.RENAL_LIMIT,), by_drug=True)
