"""Critical values nobody has answered yet, wherever in the consortium they were measured."""

from __future__ import annotations

from collections.abc import Iterator

from clinical.coded import CHINA, zoned
from clinical.finding import Datum, Finding, Gap, Outcome, Passed, Severity
from clinical.logic import Unknown
from clinical.order import Order
from clinical.patient import Condition
from clinical.quantity import Quantity
from knowledge.model import Predicate
from rules.critical import Critical, answers, criticals, explained_by
from rules.model import Case, Family, fault, may_interrupt, order_datum, severity_of

NAME = "critical-value"
_PATIENT_VIEW = "patient-view"
_REASON = "结果超出危急值界限，可能随时危及生命，须立即复核并处置。"
_ADVICE = "立即评估患者并复核结果，按本机构危急值流程处置、记录并复查。"


def check(case: Case) -> Iterator[Outcome]:
    """Results of the last 48 hours beyond a critical limit."""
    if isinstance(case.patient.observations, Unknown):
        if case.patient.stage == _PATIENT_VIEW:
            yield Gap(NAME, "observations", "未提供检验结果，未能检查危急值")
        return
    values = list(criticals(case))
    if case.explain and not values:
        yield Passed(NAME, "", "48 小时内没有未被复查推翻的危急值")
    for found in values:
        try:
            yield _finding(case, found)
        except Exception as error:  # one result must not silence the others
            yield fault(NAME, found.range.id, error)


def _finding(case: Case, found: Critical) -> Finding:
    resting = found.action or found.range
    answered = answers(case, found)
    name, origin = case.name(found.lab), found.observation.origin
    value = _shown(found)
    rest = (resting, *(s for s in (found.range,) if s is not resting))
    known = explained_by(case, found.action)
    why = "" if known is None else f"已知{known.what.text}。"
    done = f"已有处置: {'、'.join(dict.fromkeys(o.what.text for o in answered))}。" if answered else ""
    return Finding(
        family=NAME,
        rule_id=resting.id,
        rule_version=str(resting.revision),
        severity=_severity(found, answered),
        summary=f"危急值: {name} {value}{_place(found)}{'，已有处置' if answered else ''}",
        detail=why + (found.action.qualifiers["reason"] if found.action else _REASON),
        orders=tuple(dict.fromkeys(order.id for order in answered)),
        data=(Datum.at(name, value, origin), *_told(known), *(order_datum(order) for order in answered)),
        references=tuple(r for s in rest for r in case.references(s)),
        advice=done + (found.action.qualifiers["advice"] if found.action else _ADVICE),
        cause=f"{NAME}:{found.lab}:{'low' if found.low else 'high'}",
        interruptive=may_interrupt(resting),
    )


def _told(known: Condition | None) -> tuple[Datum, ...]:
    return () if known is None else (Datum.at("诊断", known.what.text, known.origin),)


def _severity(found: Critical, answered: tuple[Order, ...]) -> Severity:
    if answered:
        return Severity.INFO
    return severity_of(found.action) if found.action else Severity.MAJOR


def _shown(found: Critical) -> str:
    """The value with the limit it breaks: ``2.5 mmol/L (危急值 <2.8 mmol/L)``."""
    value = found.observation.value
    limit = _figure(Quantity(found.limit, found.range.qualifiers["unit"]))
    shown = _figure(value) if isinstance(value, Quantity) else str(value)
    return f"{shown} (危急值 {'<' if found.low else '>'}{limit})"


def _figure(value: Quantity) -> str:
    return f"{value.value:g}" if value.unit == "1" else str(value)


def _place(found: Critical) -> str:
    origin = found.observation.origin
    time = "" if origin.time is None else f"{zoned(origin.time).astimezone(CHINA):%m-%d %H:%M}"
    return "，" + " ".join(part for part in (time, origin.institution) if part)


FAMILY = Family(
    NAME,
    "危急值",
    check,
    reads=(Predicate.REFERENCE_RANGE, Predicate.CRITICAL_ACTION),
    kinds=(),
    stages=frozenset({"patient-view", "order-sign", "order-select", "encounter-start", "encounter-discharge"}),
)
