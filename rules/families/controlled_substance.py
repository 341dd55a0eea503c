"""Narcotic, psychotropic and toxic drugs: who may prescribe them and for how many days.

Limits are those of 处方管理办法 (2007), articles 23 to 26, and of 医疗用毒性药品管理办法 (1988), article 9.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from clinical.finding import Datum, Finding, Gap, Outcome
from clinical.logic import UNKNOWN, Known, Unknown
from clinical.order import Order
from clinical.patient import Visit
from clinical.value import Value, replace
from knowledge.model import Predicate, Statement
from rules.model import Case, Family, Use
from rules.regulations import (
    MALIGNANCY,
    cited,
    controlled,
    diagnoses,
    each_order,
    gathered,
    has_code,
    ruled,
    supply_days,
)
from rules.saying import drop, found, named, passed

NAME = "controlled-substance"
_LAW: Final = "moh-prescription-2007"
_NAMES: Final = {
    "narcotic": "麻醉药品",
    "psychotropic-1": "第一类精神药品",
    "psychotropic-2": "第二类精神药品",
    "toxic": "医疗用毒性药品",
}
_STRICT: Final = frozenset({"narcotic", "psychotropic-1"})
"""Categories that need the authority of the prescriber and have limits by dosage form."""
_SLOW: Final = frozenset("缓释片 控释片 缓释胶囊 肠溶缓释片 缓释颗粒 贴剂".split())
_FREE: Final = {"psychotropic-2": 7.0, "toxic": 2.0}
_ORDINARY: Final = {"控缓释制剂": 7.0, "其他剂型": 3.0}
_IN_PAIN: Final = {"注射剂": 3.0, "控缓释制剂": 15.0, "其他剂型": 7.0}
_PAIN: Final = re.compile(
    r"癌性?疼?痛|癌症疼痛|爆发痛|神经痛|慢性[^,，;；]{0,6}疼痛|慢性(?:腰背?|背|颈|盆腔|关节|膝)痛|顽固性[^,，;；]{0,4}痛"
)
_PAIN_CODES: Final = ("R52.1", "R52.2")
_SINGLE: Final = 1.01


class _Held(Value, frozen=True):
    """A controlled order with the row that makes it one."""

    use: Use
    row: Statement

    @property
    def order(self) -> Order:
        return self.use.order

    @property
    def category(self) -> str:
        return str(self.row.qualifiers["category"])

    @property
    def kind(self) -> str:
        """Group of dosage forms that the law tells apart; empty when the form is unknown."""
        form = self.order.form
        return "" if not form else "注射剂" if form == "注射剂" else "控缓释制剂" if form in _SLOW else "其他剂型"


def check(case: Case) -> Iterator[Outcome]:
    """Authority and amount of every controlled drug under review."""
    return gathered(each_order(NAME, case, _order))


def _order(case: Case, order: Order) -> Iterator[Outcome]:
    made = controlled(case, order)
    if made is None:
        return
    held = _Held(*made)
    outcomes = [*_authority(case, held), *_amount(case, held)]
    yield from outcomes
    if not outcomes:
        yield from passed(case, NAME, held.row, held.use, f"{_NAMES[held.category]}: 处方权和用量未超出规定")


def _authority(case: Case, held: _Held) -> Iterator[Outcome]:
    """Narcotics and first-class psychotropics need an authorised prescriber, the others any physician."""
    if held.category not in _STRICT:
        return
    prescriber = case.patient.prescriber
    authority = UNKNOWN if isinstance(prescriber, Unknown) else prescriber.controlled
    if isinstance(authority, Unknown):
        reason = "未提供医师的麻醉药品和第一类精神药品处方资格，未能核对处方权"
        yield Gap(NAME, "controlled-authority", reason, (held.order.id,))
    elif not authority:
        what = _NAMES[held.category]
        summary = f"{named(case, held.use)}: 医师无{what}处方权"
        advice = "改由取得麻醉药品和第一类精神药品处方资格的医师开具专用处方；本人不得调剂"
        row = ruled(held.row, "contraindicated", "须经考核合格并由本机构授予处方资格后方可开具", advice)
        datum = Datum("处方权", f"无{what}处方资格")
        yield _said(case, held, row, summary, datum, "第十一条", "authority")


def _amount(case: Case, held: _Held) -> Iterator[Outcome]:
    """What may be prescribed at once, by category, dosage form, visit and pain."""
    if held.row.qualifiers.get("single_dose"):
        yield from _one_dose(case, held, "第二十六条")
    elif isinstance(case.patient.visit, Unknown):
        yield Gap(NAME, "visit", "未提供就诊类型(门诊、急诊、住院)，未能核对特殊管理药品的处方用量", (held.order.id,))
    elif _on_ward(case):
        yield from _inpatient(case, held)
    elif held.category not in _STRICT:
        yield from _free(case, held)
    elif held.row.object:
        yield from _within(case, held, float(held.row.qualifiers["days"]), case.name(held.row.object), "第二十三条")
    else:
        yield from _by_form(case, held)


def _on_ward(case: Case) -> bool:
    """An inpatient who stays: drugs to take home follow the limits of outpatients."""
    return case.patient.visit is Visit.INPATIENT and case.patient.stage != "encounter-discharge"


def _inpatient(case: Case, held: _Held) -> Iterator[Outcome]:
    """One day at a time; a patch that lasts three days cannot be divided."""
    days, most = held.order.dosage.duration_days, 3.0 if held.order.form == "贴剂" else 1.0
    if held.category in _STRICT and not isinstance(days, Unknown) and days > most:
        row = ruled(
            held.row, "moderate", "住院患者须逐日开具，每张处方为1日常用量", "改为逐日开具；出院带药按门诊规定开具"
        )
        summary = f"{named(case, held.use)}: {_NAMES[held.category]}住院应逐日开具，本次开具 {days:g} 日"
        yield _said(case, held, row, summary, Datum("用药天数", f"{days:g} 日"), "第二十五条", "amount")


def _free(case: Case, held: _Held) -> Iterator[Outcome]:
    """Second-class psychotropics: seven days, more with a recorded reason; toxic drugs: two days."""
    if held.category == "psychotropic-2" and held.order.note:
        return
    section = "第九条" if held.category == "toxic" else "第二十三条"
    yield from _within(case, held, _FREE[held.category], "", section)


def _by_form(case: Case, held: _Held) -> Iterator[Outcome]:
    """Narcotics and first-class psychotropics of outpatients, with or without pain that lasts."""
    days = supply_days(held.order)
    if not isinstance(days, Unknown) and days <= _ORDINARY["其他剂型"] and not _may_be_injected(held.order):
        return
    in_pain = _in_pain(case, held.order)
    limits = _IN_PAIN if in_pain else _ORDINARY
    kind = held.kind or "控缓释制剂"  # the most that any form allows
    if not held.kind and (isinstance(days, Unknown) or days <= limits[kind]):
        yield Gap(NAME, "form", f"{named(case, held.use)}的剂型缺失，未能核对处方用量", (held.order.id,))
    elif in_pain:
        yield from _within(case, held, limits[kind], "癌痛或中、重度慢性疼痛", "第二十四条")
    elif isinstance(case.patient.conditions, Unknown) and _pain_decides(held.order, kind, days):
        reason = "未提供诊断，未能判断是否按癌痛或中、重度慢性疼痛患者放宽用量"
        yield Gap(NAME, "conditions", reason, (held.order.id,))
    elif kind == "注射剂":
        yield from _one_dose(case, held, "第二十三条")
    else:
        yield from _within(case, held, limits[kind], "", "第二十三条")


def _may_be_injected(order: Order) -> bool:
    """An injection, or an order that tells neither its form nor its route."""
    return order.form == "注射剂" or (not order.form and isinstance(order.dosage.route, Unknown))


def _pain_decides(order: Order, kind: str, days: Known[float]) -> bool:
    """Whether the amount is too much without such pain and not too much with it."""
    if kind == "注射剂":
        return not _is_one_dose(order) and (isinstance(days, Unknown) or days <= _IN_PAIN[kind])
    return not isinstance(days, Unknown) and _ORDINARY[kind] < days <= _IN_PAIN[kind]


def _in_pain(case: Case, order: Order) -> bool:
    texts = diagnoses(case, order)
    if has_code(case, *_PAIN_CODES) or any(_PAIN.search(text) for text in texts):
        return True
    return MALIGNANCY in case.conditions and any("痛" in text for text in texts)


def _is_one_dose(order: Order) -> bool:
    """Whether the order is for one dose at the most, as far as it says."""
    times, days = order.dosage.times_per_day, order.dosage.duration_days
    return not isinstance(times, Unknown) and not isinstance(days, Unknown) and times * days <= _SINGLE


def _one_dose(case: Case, held: _Held, section: str) -> Iterator[Outcome]:
    times, days = held.order.dosage.times_per_day, held.order.dosage.duration_days
    if _is_one_dose(held.order):
        return
    if isinstance(days, Unknown) and (isinstance(times, Unknown) or times <= _SINGLE):
        reason = f"{named(case, held.use)}的频次或天数缺失，未能核对是否只开1次量"
        yield Gap(NAME, "duration", reason, (held.order.id,))
        return
    asked = held.order.dosage.frequency_text or "多次"
    more = "" if isinstance(days, Unknown) else f" {days:g} 日"
    summary = f"{named(case, held.use)}: {_NAMES[held.category]}每张处方为1次常用量，本次为 {asked}{more}"
    yield _over(case, held, summary, Datum("频次与天数", f"{asked}{more}"), section)


def _within(case: Case, held: _Held, most: float, why: str, section: str) -> Iterator[Outcome]:
    days = supply_days(held.order)
    if isinstance(days, Unknown):
        reason = "未提供用药天数，未能核对特殊管理药品的处方用量"
        yield Gap(NAME, "duration", reason, (held.order.id,))
    elif days > most + 0.01:
        form = held.kind if held.category in _STRICT and not held.row.object else ""
        scope = "，".join(part for part in (why, form) if part)
        limit = f"每张处方不超过 {most:g} 日常用量" + (f"({scope})" if scope else "")
        summary = f"{named(case, held.use)}: {_NAMES[held.category]}{limit}，本次为 {days:.3g} 日"
        yield _over(case, held, summary, Datum("用药天数", f"{days:.3g} 日"), section)


def _over(case: Case, held: _Held, summary: str, datum: Datum, section: str) -> Finding:
    """An excess; milder on a ward, and with a known cancer, where the word for its pain is likely missing."""
    q = held.row.qualifiers
    milder = MALIGNANCY in case.conditions or _on_ward(case)
    severity = "moderate" if milder and q["severity"] == "major" else q["severity"]
    row = ruled(held.row, severity, q["reason"], q["advice"])
    return _said(case, held, row, summary, datum, section, "amount")


def _said(case: Case, held: _Held, row: Statement, summary: str, datum: Datum, section: str, what: str) -> Finding:
    law = "sc-toxic-1988" if held.category == "toxic" else _LAW
    finding = found(
        case,
        NAME,
        row,
        (held.use,),
        summary,
        (Datum("特殊管理类别", _NAMES[held.category]), datum),
        (drop(held.use),) if what == "authority" else (),
        cause=f"{NAME}:{what}:{held.use.concept}",
    )
    return replace(finding, references=(*finding.references, cited(case, row.id, law, section)))


FAMILY = Family(NAME, "特殊管理药品", check, reads=(Predicate.CONTROLLED,), by_drug=True)
