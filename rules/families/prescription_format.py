"""A prescription as a document: what it must say, how many drugs and days it may hold.

After 处方管理办法 (2007), articles 6, 7 and 19, and 长期处方管理规范(试行) (2021), articles on amounts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from math import ceil
from typing import Final

from clinical.finding import Datum, Finding, Gap, Outcome, Severity
from clinical.logic import UNKNOWN, Known, Unknown
from clinical.order import Order
from clinical.patient import Visit
from clinical.quantity import Quantity
from knowledge.model import Predicate
from rules.dosing import rows_for
from rules.herbs import herbs
from rules.measures import weight
from rules.model import Case, Family, Use, Way, order_datum
from rules.regulations import (
    INCOMPLETE,
    LONG_TERM,
    cited,
    controlled,
    each_order,
    gathered,
    in_unit,
    needed_a_day,
    orders_in_focus,
    supply_days,
)

NAME = "prescription-format"
_LAW: Final = "moh-prescription-2007"
_LONG_LAW: Final = "nhc-longterm-2021"
_MOST_DRUGS: Final = 5
_FAR_TOO_MANY: Final = 6
_WEIGHED_YEARS: Final = 14
"""Age below which the body weight belongs on the prescription."""
_MOST_DAYS: Final = {Visit.OUTPATIENT: 7.0, Visit.EMERGENCY: 3.0}
_WEEKS_4, _WEEKS_12, _PACK_DAYS = 28.0, 84.0, 31.0
_FAR_TOO_LONG: Final = {Visit.OUTPATIENT: 31.0, Visit.EMERGENCY: 12.0}
"""Days beyond which a pharmacist sends a prescription back: a month's pack, four times an emergency's limit."""
_EXCESS: Final = 1.5
_FLUID: Final = "drug-class:infusion-fluid"
_ANTIBACTERIAL: Final = "drug-class:antibacterial"
_ANTITUBERCULOSIS: Final = "drug-class:antituberculosis"
_WHOLE_PACKS: Final = frozenset(
    "滴眼液 眼膏 眼用凝胶 滴耳液 滴鼻液 鼻喷雾剂 喷雾剂 气雾剂 吸入气雾剂 吸入粉雾剂 乳膏剂 软膏剂 凝胶剂 溶液剂 "
    "洗剂 搽剂 酊剂 口服溶液 糖浆剂 混悬液 滴剂 含漱液 贴剂".split()
)
"""Forms that are dispensed by the bottle, tube or inhaler and cannot be divided by days."""
_NO_DOSE: Final = frozenset(
    "外用 滴眼 滴耳 滴鼻 喷鼻 鼻腔给药 喷喉 阴道给药 口腔局部 冲洗 贴皮 含化 吸入 局部注射 透析".split()
)
"""Routes by which an amount (适量) is often not measured."""
_NAMED: Final = frozenset({"order-sign", "order-dispatch", "medication-verify"})
"""Stages at which a prescription says who signs it."""
_NO_RIGHT: Final = re.compile(r"实习|见习|试用|规培|进修|助理|乡村医生|护士|护师|药师|药士|技师|技士|学生")
_PACK: Final = re.compile(r"[*×xX](\d{1,3})\s*(片|粒|袋|支|丸|贴|枚)")


def check(case: Case) -> Iterator[Outcome]:
    """What each order leaves out; for outpatients also the prescription as a whole."""
    visit, orders = case.patient.visit, orders_in_focus(case)
    if not orders:
        return
    if visit in _MOST_DAYS and _is_in_order(case, orders, _MOST_DAYS[visit]):
        return
    if not all(map(_is_complete, orders)):
        yield from each_order(NAME, case, _incomplete)
    if isinstance(visit, Unknown):
        yield from _visit_needed(case, orders)
    elif visit in _MOST_DAYS:
        if any(not isinstance(order.quantity, Unknown) for order in orders):
            yield from each_order(NAME, case, _quantity)
        yield from gathered(_prescription(case, orders, visit))


def _is_in_order(case: Case, orders: tuple[Order, ...], most: float) -> bool:
    """Whether nothing below would find anything to say, seen in one go: a few complete orders for few days, of
    no child, with diagnoses, by a prescriber who may."""
    patient, years = case.patient, case.age_years
    conditions, who = patient.conditions, patient.prescriber
    if len(case.drugs) > _MOST_DRUGS or (not isinstance(years, Unknown) and years < _WEIGHED_YEARS):
        return False
    if isinstance(conditions, Unknown) or not conditions:
        return False
    if isinstance(who, Unknown) or not who.title or _has_no_right(who.title):
        return False
    if who.signed is False or (not who.name and patient.stage in _NAMED):
        return False
    for order in orders:
        days = order.dosage.duration_days
        if isinstance(days, Unknown) or days > most or not isinstance(order.quantity, Unknown):
            return False
        if not _is_complete(order):
            return False
    return True


def _prescription(case: Case, orders: tuple[Order, ...], visit: Visit) -> Iterator[Outcome]:
    yield from _too_many(case)
    yield from _too_long(case, orders, visit)
    yield from _no_diagnosis(case, orders)
    yield from _no_weight(case, orders)
    yield from _prescriber(case, orders)


def _visit_needed(case: Case, orders: tuple[Order, ...]) -> Iterator[Gap]:
    """Only where a limit of outpatients would be passed does it matter where the patient is."""
    long = [o.id for o in orders if _exceeding(case, o, _MOST_DAYS[Visit.OUTPATIENT])]
    many = [o.id for o in _counted(case)] if not long and len(case.drugs) > _MOST_DRUGS else []
    concerned = long if long else many if len(many) > _MOST_DRUGS else []
    if concerned:
        yield Gap(NAME, "visit", "未提供就诊类型，未能核对处方品种数和用量天数", tuple(concerned))


# -- what an order leaves out --------------------------------------------------------------


def _incomplete(case: Case, order: Order) -> Iterator[Finding]:
    lacking = [what for what, is_missing in _PARTS.items() if is_missing(case, order)]
    if lacking:
        what = "、".join(lacking)
        name = order.what.text or "未写药名的医嘱"
        yield _said(
            case,
            "incomplete",
            (order,),
            f"{name}: {what}缺失或无法识别",
            "用法用量不完整的医嘱无法审核和执行",
            f"补充{what}后再提交",
            (Datum("缺失项目", what),),
            cause=INCOMPLETE,
        )


def _is_complete(order: Order) -> bool:
    """Whether it says everything itself, as most do."""
    dosage = order.dosage
    return bool(order.what.text or order.what.concepts) and not (
        isinstance(dosage.dose, Unknown)
        or isinstance(dosage.route, Unknown)
        or isinstance(dosage.times_per_day, Unknown)
    )


def _no_name(case: Case, order: Order) -> bool:
    return not order.what.text and not order.what.concepts


def _no_dose(case: Case, order: Order) -> bool:
    """Not asked of what is not measured, of fluids others are dissolved in, and where a rate is given."""
    dosage = order.dosage
    if not isinstance(dosage.dose, Unknown) or not isinstance(dosage.rate, Unknown) or order.note:
        return False
    return dosage.route not in _NO_DOSE and not _is_fluid(case, order)


def _no_route(case: Case, order: Order) -> bool:
    return all(isinstance(o.dosage.route, Unknown) for o in _group(case, order))


def _no_frequency(case: Case, order: Order) -> bool:
    """A pump runs on; what is given together is given equally often."""
    return not any(
        not isinstance(o.dosage.times_per_day, Unknown)
        or o.dosage.frequency_text
        or not isinstance(o.dosage.rate, Unknown)
        or o.dosage.route == "静脉泵入"
        for o in _group(case, order)
    )


_PARTS: Final = {"药品名称": _no_name, "单次剂量": _no_dose, "给药途径": _no_route, "给药频次": _no_frequency}


def _group(case: Case, order: Order) -> tuple[Order, ...]:
    """The order and what is given with it."""
    if not order.group:
        return (order,)
    return tuple(o for o in case.orders if o.group == order.group)


def _is_fluid(case: Case, order: Order) -> bool:
    """Whether it holds nothing but what other drugs are dissolved in."""
    return bool(order.ingredients) and all(_FLUID in case.snapshot.ancestors(i.concept) for i in order.ingredients)


# -- the prescription as a whole -----------------------------------------------------------


def _counted(case: Case) -> tuple[Order, ...]:
    """One order for each drug of a prescription: without solvents of other infusions, and without
    controlled drugs, which have a prescription of their own."""
    if len(case.drugs) <= _MOST_DRUGS:
        return case.drugs
    pieces = {herb.order.id for herb in herbs(case) if herb.piece}  # a decoction is one thing
    drugs = [o for o in case.drugs if o.id not in pieces]
    if len(drugs) <= _MOST_DRUGS:
        return tuple(drugs)
    mixed = any(not _is_fluid(case, o) and o.form == "注射剂" for o in drugs)
    kept = [o for o in drugs if not (mixed and _is_fluid(case, o)) and controlled(case, o) is None]
    return tuple({o.what.concepts or (o.what.text,): o for o in kept}.values())


def _too_many(case: Case) -> Iterator[Finding]:
    orders = _counted(case)
    if len(orders) > _MOST_DRUGS:
        yield _said(
            case,
            "items",
            orders,
            f"本次处方共 {len(orders)} 种药品，每张处方不得超过 {_MOST_DRUGS} 种",
            "西药和中成药每张处方最多5种，溶媒不单独计数，特殊管理药品另开专用处方",
            "拆分为多张处方，或停用可有可无的品种",
            (Datum("药品种数", f"{len(orders)} 种"),),
            "第六条",
            severity="moderate" if len(orders) > _FAR_TOO_MANY else "minor",
        )


def _too_long(case: Case, orders: tuple[Order, ...], visit: Visit) -> Iterator[Outcome]:
    long = {o: days for o in orders if (days := _exceeding(case, o, _MOST_DAYS[visit]))}
    if long:
        yield from _beyond(case, long, visit)
    unknown = [o.id for o in orders if _days_missing(case, o)]
    if unknown:
        yield Gap(NAME, "duration", "未提供用药天数，未能核对处方用量", tuple(unknown))


def _beyond(case: Case, long: dict[Order, float], visit: Visit) -> Iterator[Finding]:
    chronic = {o: d for o, d in long.items() if visit is Visit.OUTPATIENT and _may_be_long_term(case, o)}
    other = {o: d for o, d in long.items() if o not in chronic}
    if isinstance(case.patient.conditions, Unknown):
        other = {o: d for o, d in other.items() if d > _WEEKS_12}
    if other:
        most = _MOST_DAYS[visit]
        severity = "moderate" if max(other.values()) > _FAR_TOO_LONG[visit] else "minor"
        yield _long(case, other, most, severity, "days", _LAW, "第十九条")
    for least, severity in ((_WEEKS_12, "minor"), (_WEEKS_4, "info")):
        beyond = {o: d for o, d in chronic.items() if d > least}
        if beyond:
            far = least == _WEEKS_12 and max(beyond.values()) >= 2 * least
            yield _long(case, beyond, least, "moderate" if far else severity, "long-term", _LONG_LAW, "处方量")
            break


def _exceeding(case: Case, order: Order, most: float) -> float:
    """Days of an order when they pass a limit that holds for it; 0 otherwise. A recorded reason lifts it."""
    days = supply_days(order)
    if isinstance(days, Unknown) or days <= most or order.note:
        return 0.0
    if order.form in _WHOLE_PACKS and days <= _PACK_DAYS:
        return 0.0
    return 0.0 if controlled(case, order) is not None else days


def _days_missing(case: Case, order: Order) -> bool:
    if not isinstance(supply_days(order), Unknown) or order.dosage.as_needed or order.note:
        return False
    return order.form not in _WHOLE_PACKS and not _is_fluid(case, order) and controlled(case, order) is None


def _may_be_long_term(case: Case, order: Order) -> bool:
    """A chronic disease, and a drug that may be prescribed for long: no antibacterial but against tuberculosis."""
    reasons = (concept for reason in order.reason for concept in reason.concepts)
    if case.conditions.keys().isdisjoint(LONG_TERM) and LONG_TERM.isdisjoint(reasons):
        return False
    kinds = frozenset().union(*(case.snapshot.ancestors(i.concept) for i in order.ingredients))
    return _ANTIBACTERIAL not in kinds or _ANTITUBERCULOSIS in kinds


_SAID_OF_DAYS: Final = {
    "days": ("一般处方应控制用量，延长须注明理由", "减到规定天数以内，或在处方上注明延长理由"),
    "long-term": (
        "慢性病长期处方一般在4周以内，病情稳定的最长12周",
        "超过4周的在病历中记录评估并由患者确认；不超过12周",
    ),
}


def _long(
    case: Case, long: dict[Order, float], most: float, severity: str, rule: str, law: str, section: str
) -> Finding:
    shown = "、".join(f"{order.what.text} {days:.3g} 日" for order, days in long.items())
    detail, advice = _SAID_OF_DAYS[rule]
    data = (Datum("用药天数", shown),)
    summary = f"处方用量超过 {most:g} 日: {shown}"
    return _said(case, rule, tuple(long), summary, detail, advice, data, section, law, severity)


def _no_diagnosis(case: Case, orders: tuple[Order, ...]) -> Iterator[Outcome]:
    conditions = case.patient.conditions
    if any(order.reason for order in orders):
        return
    if isinstance(conditions, Unknown):
        reason = "未提供诊断，未能核对处方诊断和慢性病用量"
        yield Gap(NAME, "conditions", reason, tuple(order.id for order in orders))
    elif not conditions:
        summary, advice = "门诊处方没有临床诊断", "补写与用药相符的临床诊断"
        detail = "处方须写明临床诊断，药师据此审核适应证、剂量和医保"
        data = (Datum("临床诊断", "无"),)
        yield _said(case, "diagnosis", orders, summary, detail, advice, data, "第六条", severity="moderate")


def _no_weight(case: Case, orders: tuple[Order, ...]) -> Iterator[Finding]:
    """Children whose dose goes by body weight."""
    years = case.age_years
    if isinstance(years, Unknown) or years >= _WEIGHED_YEARS or not isinstance(weight(case), Unknown):
        return
    concerned = tuple(
        o for o in orders if any(_by_weight(case, use, way) for use, way in case.ways if use.order.id == o.id)
    )
    if concerned:
        names = "、".join(order.what.text for order in concerned)
        data = (Datum("年龄", f"{years} 岁"), Datum("体重", "未提供"))
        summary = f"儿童处方未注明体重: {names} 按体重计算剂量"
        detail = "没有体重就无法核对每公斤剂量"
        yield _said(case, "weight", concerned, summary, detail, "测量并注明体重后再审核剂量", data, "第六条")


def _by_weight(case: Case, use: Use, way: Way) -> bool:
    return any(row.statement.qualifiers.get("per") == "kg" for row in rows_for(case, use, way))


def _prescriber(case: Case, orders: tuple[Order, ...]) -> Iterator[Outcome]:
    ids, who, stage = tuple(order.id for order in orders), case.patient.prescriber, case.patient.stage
    if isinstance(who, Unknown) or not who.title:
        yield Gap(NAME, "prescriber", "未提供医师职称，未能核对处方权", ids)
    elif _has_no_right(who.title):
        yield Gap(NAME, "prescriber", f"开具人为{who.title}，处方权须由本机构核实或由上级医师签名", ids)
    elif not who.name and who.signed is not True and stage in _NAMED:
        yield Gap(NAME, "prescriber", "未提供医师姓名，未能核对处方签名", ids)
    if not isinstance(who, Unknown) and who.signed is False and stage != "order-sign":  # there it is being signed
        yield _said(
            case,
            "unsigned",
            orders,
            "处方未签名",
            "处方经医师签名或加盖专用签章后有效，药师对不规范处方不得调剂(第四十条)",
            "退回开具医师签名后再调剂",
            (Datum("医师签名", "无"),),
            "第六条",
            severity="moderate",
        )


@lru_cache(maxsize=1024)
def _has_no_right(title: str) -> bool:
    return _NO_RIGHT.search(title) is not None


# -- quantity ------------------------------------------------------------------------------


def _quantity(case: Case, order: Order) -> Iterator[Finding]:
    """What is dispensed against what the directions need, all in one unit; whole packs may be rounded up."""
    days, quantity = order.dosage.duration_days, order.quantity
    if isinstance(days, Unknown) or isinstance(quantity, Unknown):
        return
    daily = needed_a_day(order)
    if isinstance(daily, Unknown):
        return
    dispensed = in_unit(order, quantity, daily.unit)
    need = daily.value * days
    if isinstance(dispensed, Unknown) or need <= 0 or dispensed <= max(need * _EXCESS, _in_packs(order, need, daily)):
        return
    shown = f"{quantity}，按用法 {days:g} 日只需 {Quantity(round(need, 2), daily.unit)}"
    yield _said(
        case,
        "quantity",
        (order,),
        f"{order.what.text}: 发药数量 {shown}",
        "发药数量明显多于用法用量所需，可能是数量、频次或天数录错",
        "核对数量、频次和天数后改正",
        (Datum("发药数量", str(quantity)), Datum("按用法需要", str(Quantity(round(need, 2), daily.unit)))),
        "第六条",
    )


def _in_packs(order: Order, need: float, daily: Quantity) -> float:
    """The need rounded up to whole packs, when the name tells the pack (0.25g*24粒)."""
    match = _PACK.search(order.what.text)
    pack: Known[float] = in_unit(order, Quantity(float(match[1]), match[2]), daily.unit) if match else UNKNOWN
    return 0.0 if isinstance(pack, Unknown) or pack <= 0 else ceil(need / pack) * pack


def _said(
    case: Case,
    rule: str,
    orders: tuple[Order, ...],
    summary: str,
    detail: str,
    advice: str,
    data: tuple[Datum, ...],
    section: str = "第六条",
    law: str = _LAW,
    severity: str = "minor",
    cause: str = "",
) -> Finding:
    rule_id = f"{NAME}:{rule}"
    return Finding(
        family=NAME,
        rule_id=rule_id,
        rule_version="1",
        severity=Severity(severity),
        summary=summary,
        detail=detail,
        orders=tuple(order.id for order in orders),
        data=(*(order_datum(order) for order in orders if order.what.text), *data),
        references=(cited(case, rule_id, law, section),),
        advice=advice,
        cause=cause or rule_id,
        interruptive=False,
    )


FAMILY = Family(
    NAME,
    "处方规范",
    check,
    reads=(Predicate.DOSE_RANGE, Predicate.CONTROLLED),
    stages=frozenset({"order-sign", "order-dispatch", "medication-verify", "encounter-discharge"}),
)
