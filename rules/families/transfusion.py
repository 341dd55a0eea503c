"""Blood orders: whether a product is indicated, and whether what must be known before is known."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Final

from clinical.coded import zoned
from clinical.finding import Datum, Finding, Gap, Outcome, Passed, Severity
from clinical.logic import UNKNOWN, Known, Unknown
from clinical.order import Order, OrderKind
from clinical.patient import Condition
from clinical.quantity import UnitMismatch
from clinical.value import replace
from knowledge.model import ConceptKind, Predicate, Statement
from rules.blood_groups import Group, blood_group
from rules.infusion import SALINE
from rules.measures import Measured, measured
from rules.model import Case, Family, fault
from rules.services import called, concerning, in_hand, lineage, said_of, settled, take_back

NAME = "transfusion"
ABO: Final = "lab:abo-group"
RHD: Final = "lab:rh-group"
INFECTIONS: Final = ("lab:hbsag", "lab:hcv-ab", "lab:hiv-ab", "lab:syphilis-ab")
_BLEEDING: Final = "disease:active-bleeding"
_OPERATED: Final = "disease:recent-surgery"
_WHOLE: Final = 1600.0
"""ml a day from which 医疗机构临床用血管理办法 (2012), article 20, wants the medical office to approve."""
_LARGE: Final = 800.0
"""ml a day from which it wants the head of the department to approve."""
_JUNIOR: Final = ("住院医师", "规培", "实习", "助理医师", "医士")
_APPROVAL: Final = f"{NAME}:approval"


def check(case: Case) -> Iterator[Outcome]:
    """Indication, preparation and approval of the blood products under review."""
    yield from settled(_outcomes(case, in_hand(case, OrderKind.BLOOD)))


def _outcomes(case: Case, orders: list[Order]) -> Iterator[Outcome]:
    for order in orders:
        for part in (_indicated, _prepared, _mixed):
            try:
                yield from part(case, order)
            except Exception as error:  # one order must not silence the others
                yield fault(NAME, "", error)
    if orders:
        yield from _approved(case, orders)


# -- indication ---------------------------------------------------------------------------


def _indicated(case: Case, order: Order) -> Iterator[Outcome]:
    """Rows about the product; when a row needs a value and there is no recent one, that is said once."""
    said = said_of(case, Predicate.TRANSFUSION_THRESHOLD, order)
    rows = [s for s in said if _concerns(case, s) and not _exempt(case, order, s)]
    lacking: dict[str, Statement] = {}
    for s in rows:
        if not s.object:
            yield _said(case, order, s, f"{called(case, order)}: {s.qualifiers['reason']}", ())
            continue
        value = measured(case, s.object, s.qualifiers["unit"], s.qualifiers["days"])
        if isinstance(value, Unknown):
            lacking.setdefault(s.object, s)
        elif _above(s, value):
            shown = f"{case.name(s.object)} {value.data[0].value}"
            yield _said(case, order, s, f"{called(case, order)}: {shown}，未见输注指征", value.data)
        elif case.explain:
            yield Passed(NAME, s.id, "未达到不宜输注的范围", (order.id,))
    for s in lacking.values():
        yield _unmeasured(case, order, s)


def _concerns(case: Case, s: Statement) -> bool:
    q, age = s.qualifiers, case.age
    aged = "age_min" in q or "age_max" in q
    if aged and (isinstance(age, Unknown) or not q.get("age_min", 0) <= age < q.get("age_max", float("inf"))):
        return False
    return "only" not in q or _has(case, s, "only") is not None


def _above(s: Statement, value: Measured) -> bool:
    return bool(s.qualifiers.get("at_least", 0) <= value.value < s.qualifiers.get("below", float("inf")))


_NO_REASON: Final = re.compile(
    r"营养|免疫力|抵抗力|体质|愈合|[补提纠].{0,2}(?:血浆)?白?蛋白|低(?:白)?蛋白|扩容|扩?[充补].{0,2}血?容量"
)
"""What is written as a reason for blood and is none (临床输血技术规范 附件三)."""


def _exempt(case: Case, order: Order, s: Statement) -> bool:
    """Urgency, bleeding, an operation, a written reason or a disease that a row makes an exception for, or
    another test that justifies the product."""
    when = s.qualifiers.get("exempt_when", ())
    holds = {
        "urgent": order.urgent,
        "bleeding": _BLEEDING in case.conditions,
        "operation": _operated(case),
        "reasoned": bool(order.reason) or (bool(order.note) and not _NO_REASON.search(order.note)),
    }
    return any(holds[situation] for situation in when) or _has(case, s, "exempt") is not None or _unless(case, s)


def _operated(case: Case) -> bool:
    return _OPERATED in case.conditions or any(o.kind is OrderKind.PROCEDURE for o in case.orders)


def _unless(case: Case, s: Statement) -> bool:
    name = s.qualifiers.get("unless_lab")
    if not name:
        return False
    labs = case.snapshot.by_name(name, ConceptKind.LAB)
    value = measured(case, labs[0].id, s.qualifiers["unless_unit"], s.qualifiers["days"]) if labs else UNKNOWN
    return not isinstance(value, Unknown) and value.value >= s.qualifiers["unless_at_least"]


def _has(case: Case, s: Statement, field: str) -> Condition | None:
    """The first of the diseases in a field that the patient has."""
    names = s.qualifiers.get(field, ())
    wanted = case.snapshot.remember(
        ("transfusion", field, s.id),
        lambda: [c.id for name in names for c in case.snapshot.by_name(name, ConceptKind.DISEASE)],
    )
    held = (case.conditions.get(concept) or _reacted(case).get(concept) for concept in wanted)
    return next(filter(None, held), None)


def _reacted(case: Case) -> dict[str, Condition]:
    """Histories that allergies to blood components amount to (血浆 → 血浆过敏史), by disease."""
    return case.once("blood-allergies", lambda: dict(_histories(case)))


def _histories(case: Case) -> Iterator[tuple[str, Condition]]:
    allergies = case.patient.allergies
    for allergy in () if isinstance(allergies, Unknown) else allergies:
        name = f"{allergy.what.text.removesuffix('过敏')}过敏史"
        for disease in case.snapshot.by_name(name, ConceptKind.DISEASE):
            yield disease.id, Condition(allergy.what, origin=allergy.origin)


def _said(case: Case, order: Order, s: Statement, summary: str, data: tuple[Datum, ...]) -> Finding:
    condition = _has(case, s, "only")
    shown = () if condition is None else (Datum.at("诊断", condition.what.text, condition.origin),)
    cause = f"{NAME}:{order.id}:{s.object or s.id}"
    dropping = tuple(take_back(case, s, order))
    return concerning(case, NAME, s, (order,), summary, (*data, *shown), cause, suggestions=dropping)


def _unmeasured(case: Case, order: Order, s: Statement) -> Outcome:
    """No value: a gap when nobody sent results, else the assessment before the transfusion is missing."""
    name, days = case.name(s.object), s.qualifiers["days"]
    if isinstance(case.patient.observations, Unknown):
        return Gap(NAME, "observations", f"未提供检验结果，未能检查{called(case, order)}的输注指征", (order.id,))
    summary = f"{called(case, order)}: 输血前评估缺失，{days} 天内无{name}结果"
    advice = f"输注前复查{name}并记录输血指征；已在外院检测的请补录结果。"
    cause = f"{NAME}:{order.id}:unmeasured"
    return concerning(case, NAME, s, (order,), summary, (), cause, Severity.MINOR, advice=advice)


# -- preparation --------------------------------------------------------------------------


def _prepared(case: Case, order: Order) -> Iterator[Outcome]:
    """Blood group and infections known, or at least ordered."""
    if isinstance(case.patient.observations, Unknown):
        yield Gap(NAME, "observations", f"未提供检验结果，未能核对{called(case, order)}的血型与筛查", (order.id,))
        return
    if _typed(case, order):
        missing = [lab for lab in (ABO, RHD) if not _known(case, lab)]
        if missing:
            yield _ungrouped(case, order, missing)
        yield from _mismatched(case, order)
    unscreened = [] if order.urgent else [lab for lab in INFECTIONS if not _known(case, lab)]
    if unscreened:
        names = "、".join(case.name(lab) for lab in unscreened)
        summary = f"{called(case, order)}: 输血前感染筛查缺少{names}"
        advice = "首次输血前留取标本检测输血前四项，结果可后补，但标本须在输血前采集。"
        yield _own(order, "infections", Severity.MINOR, summary, "输血前筛查用于区分既往感染与输血相关感染。", advice)


def _typed(case: Case, order: Order) -> bool:
    concepts = (case.snapshot.concept(concept) for concept in lineage(case, order))
    return any(known is not None and known.attributes.get("typed") for known in concepts)


def _known(case: Case, lab: str) -> bool:
    """A result of any age, its own or a panel's, or an order for the test or a panel with it."""
    if lab in case.observed or any(panel in case.observed for panel in _panels(case, lab)):
        return True
    if lab in (ABO, RHD) and (_own_group(case).abo if lab == ABO else _own_group(case).rhd):
        return True
    asked = (concept for order in case.orders for concept in order.what.concepts if order.kind is OrderKind.LAB)
    return any(
        concept == lab or any(s.object == lab for s in case.statements(Predicate.CONTAINS, concept))
        for concept in asked
    )


def _panels(case: Case, lab: str) -> tuple[str, ...]:
    """Panels that a test is part of; a result of one (输血前四项均阴性) is a result of each of its tests. What a
    blood grouping found must be written out."""
    if lab in (ABO, RHD):
        return ()
    pointing = case.snapshot.pointing_at
    return case.snapshot.remember(
        ("panels", lab), lambda: tuple(s.subject for s in pointing(lab) if s.predicate is Predicate.CONTAINS)
    )


def _own_group(case: Case) -> Group:
    """The recipient's group: the newest result that names it, of whichever of the tests (血型 A型RhD阳性)."""
    return case.once("blood-group", lambda: _grouped(case))


def _grouped(case: Case) -> Group:
    found = [
        (o.origin, o.value) for lab in _GROUPINGS for o in case.observed.get(lab, ()) if isinstance(o.value, str)
    ]
    reports = case.patient.reports
    for report in () if isinstance(reports, Unknown) else reports:
        if not _GROUPINGS.isdisjoint(report.what.concepts):
            found.append((report.origin, report.conclusion))
    found.sort(key=lambda told: zoned(told[0].time).timestamp() if told[0].time else 0.0, reverse=True)
    groups = [blood_group(text, alone=True) for _, text in found]
    return Group(next((g.abo for g in groups if g.abo), ""), next((g.rhd for g in groups if g.rhd), ""))


_GROUPINGS: Final = frozenset({ABO, RHD, "lab:blood-type"})
_PLASMA: Final = "blood-product:plasma-products"
_PLATELETS: Final = "blood-product:platelet-products"
_RED_CELLS: Final = frozenset({"blood-product:red-cells", "blood-product:whole-blood"})
_TAKES: Final = {"O": ("O",), "A": ("A", "O"), "B": ("B", "O"), "AB": ("A", "B", "AB", "O")}
"""Red cells a recipient of each group may be given (临床输血技术规范, 相容性输注)."""


def _ordered_group(order: Order) -> Group:
    """The group that is asked for: in the name of what is ordered, else in the remark."""
    named = blood_group(order.what.text)
    return named if named.abo or named.rhd else blood_group(order.note)


def _mismatched(case: Case, order: Order) -> Iterator[Finding]:
    """Red cells ordered in a group that the recipient's own does not take."""
    kinds = frozenset(lineage(case, order))
    ordered, own = _ordered_group(order), _own_group(case)
    if _RED_CELLS.isdisjoint(kinds):
        yield from _mismatched_plasma(case, order, kinds, ordered.abo, own.abo)
    elif ordered.abo and own.abo and ordered.abo not in _TAKES[own.abo]:
        summary = f"{called(case, order)}: 患者{own.abo}型，申请{ordered.abo}型，ABO不相容"
        reason, advice = (
            "ABO不相容的红细胞可致致死性急性溶血反应。",
            "核对患者身份与血型，改申请同型或相容红细胞并交叉配血。",
        )
        yield replace(_own(order, "abo", Severity.CONTRAINDICATED, summary, reason, advice), never=True)
    elif ordered.rhd == "阳性" and own.rhd == "阴性" and not order.urgent:
        summary = f"{called(case, order)}: 患者RhD阴性，申请RhD阳性红细胞"
        reason, advice = (
            "可致免疫并产生抗D抗体，育龄女性可致胎儿新生儿溶血。",
            "改申请RhD阴性红细胞；紧急时按配合性输血流程处理。",
        )
        yield _own(order, "rhd", Severity.MAJOR, summary, reason, advice)


def _mismatched_plasma(case: Case, order: Order, kinds: frozenset[str], given: str, taken: str) -> Iterator[Finding]:
    """Plasma with antibodies against the recipient's red cells; platelets, in which there is less of it."""
    if not given or not taken or kinds.isdisjoint({_PLASMA, _PLATELETS}):
        return
    plasma = _PLASMA in kinds
    if (taken in _TAKES[given]) if plasma else given == taken:  # who may have the cells may be given the plasma of
        return
    summary = f"{called(case, order)}: 患者{taken}型，申请{given}型，ABO不{'相容' if plasma else '同型'}"
    reason = "血浆中的抗A、抗B抗体可使受血者红细胞溶血。"
    advice = "改申请同型(或相容)血浆。" if plasma else "改申请同型血小板；无同型而紧急时由输血科评估并记录。"
    yield _own(order, "abo", Severity.MAJOR if plasma else Severity.MODERATE, summary, reason, advice)


def _ungrouped(case: Case, order: Order, missing: list[str]) -> Finding:
    names = "、".join(case.name(lab) for lab in missing)
    severity = Severity.MODERATE if order.urgent else Severity.MAJOR
    advice = "立即采血复核ABO与RhD血型并做交叉配血；危及生命且来不及定型时按紧急用血流程输注O型红细胞、AB型血浆。"
    reason = "未知受血者血型而输血可致急性溶血反应。"
    return _own(order, "group", severity, f"{called(case, order)}: 未见{names}结果", reason, advice)


# -- giving it ----------------------------------------------------------------------------


def _mixed(case: Case, order: Order) -> Iterator[Finding]:
    """Anything but saline in the bag or line of blood (临床输血技术规范 2000, article 33)."""
    if not order.group:
        return
    beside = [o for o in case.orders if o.group == order.group and o.kind is OrderKind.DRUG and _runs_in(o)]
    strange = [o for o in beside if o.what.concepts and set(o.what.concepts) != {SALINE}]
    if strange:
        names = "、".join(o.what.text for o in strange)
        summary = f"{called(case, order)}: 与{names}同组输注"
        rule = "《临床输血技术规范》(2000)第三十三条规定血液内不得加入其他药物"
        reason = f"{rule}；葡萄糖液可致红细胞凝集、溶血，含钙液体可致凝血。"
        advice = "血液单独输注，需要稀释或冲管只用0.9%氯化钠注射液；其他药品另建通路。"
        made = _own(order, "mixed", Severity.MAJOR, summary, reason, advice)
        data = (*made.data, *(Datum.at("同组医嘱", o.what.text, o.origin) for o in strange))
        yield replace(made, orders=(order.id, *(o.id for o in strange)), data=data)


def _runs_in(order: Order) -> bool:
    """Whether it is infused: an injection of dexamethasone before the blood is often written in its group."""
    route = order.dosage.route
    return not isinstance(route, Unknown) and route in _INFUSED


_INFUSED: Final = ("静脉滴注", "静脉泵入", "静脉给药")


# -- approval -----------------------------------------------------------------------------


def _approved(case: Case, orders: list[Order]) -> Iterator[Outcome]:
    """Who may ask for blood, and who must agree, by the amount that is asked for a day."""
    first, prescriber = orders[0], case.patient.prescriber
    if not isinstance(prescriber, Unknown) and any(word in prescriber.title for word in _JUNIOR):
        summary = f"{called(case, first)}: 申请医师为{prescriber.title}，用血应由中级以上职称医师申请"
        advice = "由主治及以上职称医师提出申请，上级医师核准后签发。"
        reason = "《医疗机构临床用血管理办法》第二十条规定用血申请人应具有中级以上专业技术职务任职资格。"
        yield _own(first, "title", Severity.MODERATE, summary, reason, advice)
    amount = _amount(case, orders)
    if not isinstance(amount, Unknown) and amount >= _LARGE and not all(order.urgent for order in orders):
        yield _large(case, orders, amount)


def _amount(case: Case, orders: list[Order]) -> Known[float]:
    """ml of blood asked for on one day: the greatest of any day; UNKNOWN when no order says how much."""
    by_day: dict[date | None, float] = {}
    for order in orders:
        volume = _volume(case, order)
        if not isinstance(volume, Unknown):
            by_day[order.start] = by_day.get(order.start, 0.0) + volume
    return max(by_day.values(), default=UNKNOWN)


def _volume(case: Case, order: Order) -> Known[float]:
    """ml of whole blood that an order stands for: units as the product counts them, or a volume."""
    quantity = order.dosage.dose if isinstance(order.quantity, Unknown) else order.quantity
    concepts = (case.snapshot.concept(concept) for concept in order.what.concepts)
    per = next((c.attributes["ml_per_unit"] for c in concepts if c and "ml_per_unit" in c.attributes), None)
    if isinstance(quantity, Unknown) or per is None:
        return UNKNOWN
    if quantity.unit == "IU" or quantity.is_counted():
        return float(quantity.value * per)
    try:
        return quantity.to("mL").value
    except UnitMismatch:
        return UNKNOWN


def _large(case: Case, orders: list[Order], amount: float) -> Finding:
    whole = amount >= _WHOLE
    who = "科室主任核准签发后报医务部门批准" if whole else "上级医师审核、科室主任核准签发"
    summary = f"{called(case, orders[0])}: 同日备血量约 {amount:.0f} ml，须{who}"
    reason = "《医疗机构临床用血管理办法》第二十条按同日备血量分级审批，急救用血除外。"
    return _own(orders[0], "amount", Severity.INFO, summary, reason, f"备血前完成审批：{who}。")


def _own(order: Order, what: str, severity: Severity, summary: str, detail: str, advice: str) -> Finding:
    """A finding that rests on regulation or physiology rather than on a row."""
    return Finding(
        family=NAME,
        rule_id=f"{NAME}:{what}",
        rule_version="1",
        severity=severity,
        summary=summary,
        detail=detail,
        orders=(order.id,),
        data=(Datum.at("新开医嘱", order.what.text, order.origin),),
        advice=advice,
        cause=f"{NAME}:{order.id}:{what}",
    )


FAMILY = Family(NAME, "输血", check, reads=(Predicate.TRANSFUSION_THRESHOLD,), kinds=(OrderKind.BLOOD,))
