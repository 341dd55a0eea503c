"""Drugs at the patient's renal function, in dialysis too."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial

from clinical.finding import Datum, Gap, Outcome
from clinical.logic import Known, Unknown
from knowledge.model import Predicate, Statement
from rules.dosing import has_cap, over_cap
from rules.measures import DIALYSIS, Measured, crcl, egfr, on_dialysis
from rules.model import Case, Family, Use, each_statement
from rules.saying import degree, found, named, passed

NAME = "renal"
_MEASURES = {"crcl": ("肌酐清除率", crcl), "egfr": ("eGFR", egfr)}
_ON_DIALYSIS = 5.0
"""ml/min that a patient on dialysis without a measured value is taken to have: below every band's edge."""


def check(case: Case) -> Iterator[Outcome]:
    """Renal bands of every new drug."""
    statements = case.asked(Predicate.RENAL_LIMIT)
    yield from each_statement(NAME, statements, partial(_judge, case))


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
    return bool(s.qualifiers.get("at_least", 0) <= value.value < s.qualifiers.get("below", float("inf")))


def _dialysed(case: Case) -> bool:
    state = on_dialysis(case)
    return not isinstance(state, Unknown) and state


FAMILY = Family(NAME, "肾功能", check, reads=(Predicate.RENAL_LIMIT,), by_drug=True)
