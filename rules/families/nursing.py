"""What nurses must know: risks of an inpatient, and forms that must not be tube-fed, crushed, split or chewed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from clinical.finding import Datum, Finding, Gap, Outcome, Passed, Severity
from clinical.logic import Unknown
from clinical.order import Order, OrderKind
from clinical.patient import Visit
from knowledge.model import Predicate, Statement
from rules.feeding import TUBE, WORDS, asks_any, by_mouth, is_solid, ways
from rules.measures import measured
from rules.model import Case, Family, Use, each_statement, fault, may_interrupt, severity_of
from rules.nursing import REACHING, Assessment, Factor, added_to, all_factors, assess, recorded
from rules.saying import found, named, passed

NAME = "nursing"
_LIMIT: Final = Predicate.ADMINISTRATION_LIMIT  # bound once, as in ``rules.model``
_INPATIENT: Final = Visit.INPATIENT
_SIGNING: Final = "order-sign"
_RISKS: Final = {"fall": "跌倒", "pressure": "压力性损伤", "aspiration": "误吸"}
_MEDICAL: Final = "vte-medical"
_SURGICAL: Final = "vte-surgical"
_VTE: Final = "静脉血栓栓塞症(VTE)"
_SURGICAL_WARDS: Final = ("外科", "骨科", "妇科", "产科", "妇产科", "胸外", "普外", "泌尿")
_ANTICOAGULANT: Final = "drug-class:anticoagulant"
_MECHANICAL: Final = ("间歇充气", "气压治疗", "弹力袜", "压力梯度", "梯度压力", "抗血栓压力", "足底静脉泵", "IPC")
_BLEEDING: Final = (
    *("disease:active-bleeding", "disease:intracranial-haemorrhage", "disease:coagulopathy"),
    *("disease:thrombocytopenia", "disease:haemophilia"),
)
_PLATELETS: Final = "lab:platelets"
_FEW_PLATELETS: Final = 50.0
"""10*9/L below which guidelines withhold drugs against thrombosis."""
_MOST_NAMED: Final = 5
_MOST_ADVISED: Final = 3


def check(case: Case) -> Iterator[Outcome]:
    """Ways the orders under review are to be given; risks of inpatients. While orders are signed a risk is
    named only when one of them adds to it."""
    limited = _limited(case)
    if limited:
        yield from each_statement(NAME, limited, lambda use, s: _judge(case, use, s))
    if case.patient.visit is not _INPATIENT:
        return
    signing = case.patient.stage == _SIGNING
    added = added_to(case) if signing else frozenset()
    if signing and not added:
        return
    factors = all_factors(case)
    for risk, judge in (*((risk, _general) for risk in _RISKS), (_vte_risk(case, factors), _thrombosis)):
        if signing and risk not in added:
            continue
        try:
            yield from judge(case, risk, factors)
        except Exception as error:  # one risk must not silence the others
            yield fault(NAME, risk, error)


# -- risks --------------------------------------------------------------------------------


def _general(case: Case, risk: str, factors: tuple[Factor, ...]) -> Iterator[Outcome]:
    found = assess(case, risk, factors)
    if found is not None:
        yield _risk(case, found, _RISKS[risk], severity_of(found.level))
    elif case.explain:
        yield Passed(NAME, risk, f"{_RISKS[risk]}风险未达中度")


def _vte_risk(case: Case, factors: tuple[Factor, ...]) -> str:
    """Which score describes the patient: one that was recorded, else Caprini around operations, else Padua."""
    for risk in (_SURGICAL, _MEDICAL):
        if not isinstance(recorded(case, risk), Unknown):
            return risk
    operated = any(_is_operation(f) for f in factors)
    return _SURGICAL if operated or any(w in case.patient.department for w in _SURGICAL_WARDS) else _MEDICAL


def _is_operation(factor: Factor) -> bool:
    return bool(factor.statement.qualifiers["kind"] == "procedure")


def _thrombosis(case: Case, risk: str, factors: tuple[Factor, ...]) -> Iterator[Outcome]:
    """High risk without prophylaxis alerts, unless bleeding forbids drugs; with it, it is merely noted."""
    found = assess(case, risk, factors)
    if found is None:
        return
    usual = severity_of(found.level)
    prevented = _prophylaxis(case)
    if prevented:
        measures = "、".join(dict.fromkeys(order.what.text for order in prevented))
        yield _risk(case, found, _VTE, Severity.INFO, f"，已有预防措施({measures})")
    elif not found.high:
        yield _risk(case, found, _VTE, usual)
    elif bleeding := _bleeding(case):
        hint = f"，有出血风险({bleeding.value})，宜先用机械预防"
        yield _risk(case, found, _VTE, usual, hint, (bleeding,))
    elif isinstance(case.patient.medications, Unknown):
        yield _risk(case, found, _VTE, usual)
        yield Gap(NAME, "medications", "未提供在用医嘱，未能核对VTE预防措施", (), found.level.id)
    else:
        yield _risk(case, found, _VTE, Severity.MODERATE, "，未见药物或机械预防医嘱")


def _prophylaxis(case: Case) -> list[Order]:
    """Anticoagulants that reach the body (no catheter lock, no ointment) and mechanical measures."""
    drugs = [use.order for use in case.uses if _ANTICOAGULANT in case.lineage[use.concept] and _systemic(use.order)]
    active = case.patient.medications
    orders = (*case.orders, *(() if isinstance(active, Unknown) else active))
    others = (o for o in orders if o.kind is not OrderKind.DRUG)
    return drugs + [o for o in others if any(word in o.what.text for word in _MECHANICAL)]


def _systemic(order: Order) -> bool:
    route, text = order.dosage.route, f"{order.what.text}{order.note}{order.dosage.frequency_text}"
    return "封管" not in text and (isinstance(route, Unknown) or route in REACHING)


def _bleeding(case: Case) -> Datum | None:
    """What forbids drugs against thrombosis: a diagnosis of bleeding, or too few platelets."""
    for concept in _BLEEDING:
        condition = case.conditions.get(concept)
        if condition is not None:
            return Datum.at("诊断", condition.what.text or case.name(concept), condition.origin)
    platelets = measured(case, _PLATELETS, "10*9/L", 7)
    if not isinstance(platelets, Unknown) and platelets.value < _FEW_PLATELETS:
        return platelets.data[0]
    return None


def _risk(
    case: Case, found: Assessment, name: str, severity: Severity, hint: str = "", data: tuple[Datum, ...] = ()
) -> Finding:
    factors = sorted(found.factors, key=lambda f: -f.points)
    shown = tuple(dict.fromkeys(f.datum for f in factors))
    statements = tuple({s.id: s for s in (found.level, *(f.statement for f in factors))}.values())
    basis = f"{found.recorded.what} {found.recorded.value} 分" if found.recorded else f"推算 {found.total:g} 分"
    return Finding(
        family=NAME,
        rule_id=found.level.id,
        rule_version=str(found.level.revision),
        severity=severity,
        summary=f"{name}{'高' if found.high else '中'}风险: {basis}{_because(factors)}{hint}",
        detail="".join(dict.fromkeys(s.qualifiers["reason"] for s in statements)),
        orders=tuple(dict.fromkeys(f.use.order.id for f in factors if f.use is not None)),
        data=(*((found.recorded,) if found.recorded else ()), *shown, *data),
        references=tuple(r for s in statements for r in case.references(s)),
        advice=_measures(found, factors),
        cause=f"{NAME}:{found.risk}",
        interruptive=may_interrupt(found.level),
    )


def _because(factors: list[Factor]) -> str:
    """What weighs most, by name."""
    names = list(dict.fromkeys(f.datum.value if f.datum.what != "年龄" else f"年龄{f.datum.value}" for f in factors))
    more = " 等" if len(names) > _MOST_NAMED else ""
    return f"({'、'.join(names[:_MOST_NAMED])}{more})" if names else ""


def _measures(found: Assessment, factors: list[Factor]) -> str:
    """Measures of the level, then those against what weighs most."""
    specific = list(dict.fromkeys(f.statement.qualifiers["advice"] for f in factors))
    return "".join((found.level.qualifiers["advice"], *specific[:_MOST_ADVISED]))


# -- ways of giving -----------------------------------------------------------------------


def _limited(case: Case) -> list[tuple[Use, Statement]]:
    """Drugs by mouth with what limits how they may be given, where the order asks for any such way; an
    explained review is told of the others too."""
    return [
        (use, s)
        for use, _ in case.ways
        if (asks_any(use.order) or case.explain) and by_mouth(use.order)
        for s in case.statements(_LIMIT, use.concept)
    ]


def _judge(case: Case, use: Use, s: Statement) -> Iterator[Outcome]:
    asked = [(way, datum) for way, datum in ways(use.order) if way in s.qualifiers["ways"]]
    if not asked:
        yield from passed(case, NAME, s, use, "给药方式未受限制")
    elif not use.order.form:
        yield from _formless(case, use, s, dict(asked))
    elif _fits(s, use.order.form):
        words = "、".join(dict.fromkeys(WORDS[way] for way, _ in asked))
        data = tuple(dict.fromkeys(datum for _, datum in asked))
        yield found(case, NAME, s, (use,), f"{named(case, use)}({use.order.form}) 不得{words}给药", data)
    else:
        yield from passed(case, NAME, s, use, f"{use.order.form}未受限制")


def _formless(case: Case, use: Use, s: Statement, asked: dict[str, Datum]) -> Iterator[Outcome]:
    """Some forms of the drug must not be given so, and nobody said which form it is."""
    if TUBE in asked or "crush" in asked:
        reason = f"{named(case, use)}的剂型缺失，未能检查能否{'、'.join(WORDS[way] for way in asked)}给药"
        yield Gap(NAME, "form", reason, (use.order.id,), s.id)


def _fits(s: Statement, form: str) -> bool:
    forms = s.qualifiers.get("forms")
    return form in forms if forms else is_solid(form)


FAMILY = Family(
    NAME,
    "护理风险与给药方式",
    check,
    reads=(Predicate.NURSING_RISK, Predicate.ADMINISTRATION_LIMIT),
    kinds=(),
    stages=frozenset({"patient-view", "encounter-start", "order-sign"}),
)
