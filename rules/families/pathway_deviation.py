"""Key steps of clinical pathways that an inpatient lacks, and orders that do not suit the path."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from clinical.coded import Origin
from clinical.finding import Datum, Finding, Gap, Outcome, Passed, Severity
from clinical.logic import Unknown
from clinical.patient import Condition, Visit
from knowledge.model import Predicate, Statement
from rules.model import Case, Family, Use, fault, may_interrupt, order_datum, severity_of
from rules.pathways import acts, is_done, is_due, is_excepted, is_excused, missing_input, steps, uses_of
from rules.saying import drop

NAME = "pathway-deviation"
_INPATIENT: Final = Visit.INPATIENT  # bound once, as in ``rules.model``
_SIGNING: Final = "order-sign"
_ASKED_FOR: Final = frozenset({"", "patient-view", "encounter-discharge"})
_LISTS: Final = {
    "medications": "在用医嘱",
    "observations": "检验结果",
    "reports": "检查报告",
    "procedures": "手术操作",
    "admitted": "入院日期",
}


def check(case: Case) -> Iterator[Outcome]:
    """One finding for each diagnosis with what it lacks, one with what does not suit it. While orders are
    signed only the latter: what is missing may be the next order."""
    if case.patient.visit is not _INPATIENT:
        return
    if isinstance(case.patient.conditions, Unknown):
        if case.patient.stage in _ASKED_FOR:
            yield Gap(NAME, "conditions", "未提供诊断，未能核对诊疗路径要点")
        return
    unknown: dict[str, list[Statement]] = {}
    signing = case.patient.stage == _SIGNING
    for condition, rows in steps(case, avoiding=signing):
        try:
            yield from _unsuited(case, condition, rows)
            if not signing:
                yield from _lacking(case, condition, rows, unknown)
        except Exception as error:  # one diagnosis must not silence the others
            yield fault(NAME, rows[0].id, error)
    yield from _gaps(unknown)


def _lacking(
    case: Case, condition: Condition, rows: list[Statement], unknown: dict[str, list[Statement]]
) -> Iterator[Outcome]:
    """What is due and nobody did, ordered or need not do; what cannot be known goes to ``unknown``."""
    timed = [s for s in rows if s.qualifiers["step"] != "avoid"]
    if timed and isinstance(case.patient.admitted, Unknown):
        unknown.setdefault("admitted", []).extend(timed)
        return
    due = [s for s in timed if is_due(case, s) and not is_excused(case, s)]
    open_ = [s for s in due if not is_done(case, s)]
    for s in open_:
        if missing := missing_input(case, s):
            unknown.setdefault(missing, []).append(s)
    lacking = [s for s in open_ if not missing_input(case, s)]
    if lacking:
        labels = "、".join(s.qualifiers["label"] for s in lacking)
        summary = f"{_called(case, condition, rows)}路径要点未见: {labels}"
        yield _finding(case, condition, lacking, summary, (_stay(case),), "lacking")
    elif case.explain and due:
        yield Passed(NAME, due[0].id, f"{_called(case, condition, rows)}: 到期要点均已完成或可豁免")


def _unsuited(case: Case, condition: Condition, rows: list[Statement]) -> Iterator[Outcome]:
    """Drugs under review, or active where no orders are signed, that the path advises against."""
    avoided = [s for s in rows if s.qualifiers["step"] == "avoid"]
    excepted = [s for s in avoided if not is_excepted(case, s)]
    given = [(s, [use for use in uses_of(case, s) if _concerns(case, use)]) for s in excepted]
    against = [(s, uses) for s, uses in given if uses]
    if not against:
        return
    uses = tuple(dict.fromkeys(use for _, found in against for use in found))
    labels = "、".join(dict.fromkeys(s.qualifiers["label"] for s, _ in against))
    drugs = "、".join(dict.fromkeys(use.order.what.text or case.name(use.concept) for use in uses))
    summary = f"{_called(case, condition, rows)}不宜: {drugs}({labels})"
    data = tuple(dict.fromkeys(order_datum(use.order) for use in uses))
    yield _finding(case, condition, [s for s, _ in against], summary, data, "unsuited", uses)


def _concerns(case: Case, use: Use) -> bool:
    """Whether the use is judged now, and acts on the whole body."""
    if not acts(use):
        return False
    return case.in_focus(use.order.id) if use.new else case.patient.stage != _SIGNING


def _finding(
    case: Case,
    condition: Condition,
    rows: list[Statement],
    summary: str,
    data: tuple[Datum, ...],
    what: str,
    uses: tuple[Use, ...] = (),
) -> Finding:
    worst = max(rows, key=lambda s: severity_of(s).rank)
    severity = severity_of(worst)
    new = {use.order.id: use for use in uses if use.new}
    return Finding(
        family=NAME,
        rule_id=worst.id,
        rule_version=str(worst.revision),
        severity=severity,
        summary=summary,
        detail="".join(dict.fromkeys(s.qualifiers["reason"] for s in rows)),
        orders=tuple(dict.fromkeys(use.order.id for use in uses)),
        data=(Datum.at("诊断", condition.what.text or case.name(worst.subject), condition.origin), *data),
        references=tuple(r for s in rows for r in case.references(s)),
        advice="".join(dict.fromkeys(s.qualifiers["advice"] for s in rows)),
        suggestions=tuple(drop(use) for use in new.values()) if severity.rank >= Severity.MODERATE.rank else (),
        cause=f"{NAME}:{what}:{worst.subject}",
        interruptive=may_interrupt(worst),
    )


def _called(case: Case, condition: Condition, rows: list[Statement]) -> str:
    return condition.what.text or case.name(rows[0].subject)


def _stay(case: Case) -> Datum:
    admitted = case.patient.admitted
    return Datum.at("入院日期", "" if isinstance(admitted, Unknown) else admitted.isoformat(), Origin())


def _gaps(unknown: dict[str, list[Statement]]) -> Iterator[Gap]:
    for needed, rows in unknown.items():
        labels = "、".join(dict.fromkeys(s.qualifiers["label"] for s in rows))
        yield Gap(NAME, needed, f"未提供{_LISTS[needed]}，未能核对路径要点: {labels}", (), rows[0].id)


FAMILY = Family(
    NAME,
    "诊疗路径要点",
    check,
    reads=(Predicate.PATHWAY_STEP,),
    kinds=(),
    stages=frozenset({"encounter-start", "patient-view", "encounter-discharge", "order-sign"}),
)
