"""Treatments as the API gives them: groups, options with dose, checks, sources and the order to write."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from api.bedside import Bedside
from api.cards import LABELS, as_json
from clinical.codes import Code, code_for
from clinical.finding import Datum, Gap, Reference, Severity
from clinical.logic import Unknown
from clinical.order import Order
from exchange.building import slim
from exchange.fhir.drafting import drafted
from exchange.fhir.values import Json
from inference.dose import Dose, Need, rule_of
from inference.plan import Plan
from inference.treatment import Alarm, Option, State, Treatment
from knowledge.snapshot import Snapshot

STATES: Final = {
    State.PROPOSED: "可用",
    State.ASKS: "待确认",
    State.CAUTION: "慎用",
    State.UNSUITABLE: "不适用",
    State.CONTRAINDICATED: "禁忌",
}
_EVIDENCE: Final = {"high": "高", "moderate": "中", "low": "低", "expert": "专家意见"}
_SYSTEMS: Final = {
    "atc": "http://www.whocc.no/atc",
    "loinc": "http://loinc.org",
    "icd-9-cm-3": "http://hl7.org/fhir/sid/icd-9-cm",
    "icd-10": "http://hl7.org/fhir/sid/icd-10",
}


def treatment_json(treatment: Treatment, bedside: Bedside) -> Json:
    """One diagnosis with its groups of options."""
    groups = [
        {"class": g.name, "title": g.title, "options": [option_json(o, bedside) for o in g.options]}
        for g in treatment.groups
    ]
    told = slim(
        diagnosis={"id": treatment.disease, "name": treatment.name},
        alarm=_alarm(treatment.alarm),
        situations=list(treatment.situations),
        elsewhere=[{"reason": reason, "count": count} for reason, count in treatment.elsewhere],
        notes=list(treatment.notes),
    )
    return told | {"groups": groups}


def option_json(option: Option, bedside: Bedside) -> Json:
    """One option; what does not apply to it is left out."""
    plan = option.plan
    order = option.order
    shown: dict[str, Any] = {
        "id": plan.statement.id,
        "title": option.title,
        "kind": plan.kind,
        "state": option.state.value,
        "stateText": STATES[option.state],
        "reasons": [*option.verdict.reasons, *_against(option)],
        "confirm": list(option.verdict.confirm),
        "situation": plan.situation,
        "concept": plan.item,
        "route": plan.route,
        "frequency": (isinstance(option.dose, Dose) and option.dose.pace) or plan.frequency,
        "dose": _dose(option.dose, plan),
        "course": course_text(plan),
        "adjusted": option.adjusted,
        "content": plan.content if plan.item else "",
        "monitoring": plan.monitoring,
        "findings": [as_json(f, bedside.served.snapshot.release) for f in option.findings],
        "incomplete": [_gap(gap) for gap in option.gaps],
        "sources": [reference_json(r) for r in option.references],
    }
    if order is not None:
        shown["order"] = resource_of(order, bedside.patient.id, bedside.served.snapshot)
    return slim(**shown)


def resource_of(order: Order, patient: str, snapshot: Snapshot) -> Json:
    """The order as a FHIR request in draft."""
    codes = [code for concept in order.what.concepts for code in codes_of(concept, snapshot)]
    return drafted(order, patient, codes=codes)


def codes_of(concept: str, snapshot: Snapshot) -> Iterable[Code]:
    """Codes of a concept in systems that FHIR knows."""
    known = snapshot.concept(concept)
    for ref in known.codes if known else ():
        if ref.system in _SYSTEMS:
            try:
                code = code_for(_SYSTEMS[ref.system], ref.code)
            except ValueError:  # a code of the tables that its system does not form so
                continue
            if code is not None:
                yield code


def _against(option: Option) -> list[str]:
    """Why an option is last or flagged: the gravest that the rules say, in their words."""
    if not option.findings or option.findings[0].severity.rank < Severity.MAJOR.rank:
        return []
    worst = option.findings[0].severity
    return [f"【{LABELS[f.severity]}】{f.summary}" for f in option.findings if f.severity is worst]


def _dose(dose: Dose | Need | None, plan: Plan) -> Json:
    if dose is None or plan.amount is None:
        return {}
    rule = rule_of(plan.amount)
    if isinstance(dose, Need):
        missing = "、".join(dose.missing)
        return {"rule": rule, "missing": list(dose.missing), "text": f"{rule}（缺少{missing}，未能计算）"}
    chosen = dose.chosen
    day = None if isinstance(dose.daily, Unknown) else {"value": dose.daily.value, "unit": dose.daily.unit}
    return slim(
        value=chosen.value,
        unit=chosen.unit,
        low=dose.low.value,
        high=dose.high.value,
        daily=day,
        capped=dose.capped or None,
        rule=rule,
        text=str(chosen) if dose.low == dose.high else f"{chosen}（范围 {dose.low.value:g}~{dose.high}）",
        reckoning=dose.how,
        data=[datum_json(d) for d in dose.data],
    )


def datum_json(datum: Datum) -> Json:
    """A patient datum with its time and institution."""
    time = datum.time.isoformat() if datum.time else ""
    return slim(what=datum.what, value=datum.value, time=time, institution=datum.institution)


def course_text(plan: Plan) -> str:
    """The usual course: 5~7 天; empty when the row states none."""
    if plan.course is None:
        return ""
    least, most = plan.course / 24, (plan.course_max or plan.course) / 24
    return _days(least) if least == most else f"{_days(least)}~{_days(most)}"


def _days(days: float) -> str:
    if days < 1:
        return f"{days * 24:g} 小时"
    if days >= 28 and days % 7 == 0:
        return f"{days / 7:g} 周"
    return f"{days:.0f} 天"


def _gap(gap: Gap) -> Json:
    return {"family": gap.family, "needed": gap.needed, "reason": gap.reason}


def _alarm(alarm: Alarm | None) -> Json:
    if alarm is None:
        return {}
    sources = [reference_json(r) for r in alarm.references]
    return slim(advice=alarm.advice, urgency=alarm.urgency, sources=sources)


def reference_json(reference: Reference) -> Json:
    """Source, section, evidence level and standing."""
    return slim(
        statement=reference.statement,
        source=reference.source,
        section=reference.section,
        evidenceLevel=reference.evidence_level,
        evidence=_EVIDENCE.get(reference.evidence_level, ""),
        standing=reference.standing,
        url=reference.url,
    )
