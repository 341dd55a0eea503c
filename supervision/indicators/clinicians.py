"""惠医: what the league brings to those who work in it: skills, patients, income."""

from __future__ import annotations

from typing import Final

from supervision.figures.indicator import Direction, Indicator, Theme, counted, mean, number, percent, total
from supervision.figures.measures import LEAD, MEDICAL_INCOME, PRIMARY, SEEN, STAFF, STAY_DAYS, seen
from supervision.figures.sources import tender

_CLINICIANS: Final = tender("四（十一）1 惠医主题")
_IN: Final = (Theme.CLINICIANS,)
_FIRST: Final = (Theme.CLINICIANS, Theme.PEOPLE, Theme.REFERRAL)
_VISITS: Final = ("department", "doctor", "disease", "kind")
_STAYS: Final = ("department", "disease", "admitted", "days")
_AT_LEAD: Final = counted("stays", "牵头医院出院人次", LEAD)
_FIRST_CONTACTS: Final = seen("门急诊首诊人次", "first_contact")
_PRIMARY_FIRST_CONTACTS: Final = seen("基层首诊人次", f"first_contact AND {PRIMARY}")


def _reported(name: str, item: str, title: str, unit: str) -> Indicator:
    """What institutions tell by hand."""
    return number(
        *(name, title, _IN, unit, _CLINICIANS, total("reported", title, "value", f"item = '{item}'")),
        direction=Direction.HIGHER,
        rows=("item", "value"),
        unknown="未填报的机构不计入",
    )


INDICATORS: Final = (
    _reported("projects-started", "new-projects", "开展新项目数", "项"),
    _reported("techniques-taught", "new-techniques", "帮助开展新技术数", "项"),
    _reported("trained-above", "training-above", "去上级医院进修人次", "人次"),
    _reported("sent-down", "posted-down", "公立医院下派人次", "人次"),
    number(
        *("primary-first-contacts", "基层首诊人次", _FIRST, "人次", _CLINICIANS, _PRIMARY_FIRST_CONTACTS),
        by=("facility", "disease"),
        rows=_VISITS,
    ),
    percent(
        *("primary-first-contact-share", "基层首诊率", _FIRST, _CLINICIANS),
        _PRIMARY_FIRST_CONTACTS,
        _FIRST_CONTACTS,
        direction=Direction.HIGHER,
        by=("disease",),
        rows=_VISITS,
        unknown="未记是否首诊的就诊，分子分母均不计入",
    ),
    number(
        *("primary-discharges", "基层出院人次", _IN, "人次", _CLINICIANS),
        counted("stays", "基层出院人次", PRIMARY),
        by=("facility", "disease"),
        rows=_STAYS,
    ),
    Indicator(
        *("visits-per-employee", "每职工门急诊人次", _IN, "人次", _CLINICIANS, SEEN, STAFF),
        rows=_VISITS,
        unknown="未报在岗职工的机构，本期没有数值",
    ),
    Indicator(
        *("income-per-employee", "每职工平均医疗收入", _IN, "元", _CLINICIANS, MEDICAL_INCOME, STAFF),
        direction=Direction.HIGHER,
        rows=("medical_income",),
        unknown="未报在岗职工或收支的机构，本期没有数值",
    ),
    Indicator(
        *("bed-days-per-employee", "每职工平均住院日", _IN, "床日", _CLINICIANS, STAY_DAYS, STAFF),
        rows=_STAYS,
        unknown="未报在岗职工的机构，本期没有数值",
    ),
    Indicator(
        *("salary", "卫生人员平均薪酬", _IN, "元/月", _CLINICIANS),
        mean("staff", "月均薪酬总额", "salary"),
        mean("staff", "月均有薪酬记录的人数", where="salary IS NOT NULL"),
        by=("role", "rank"),
        rows=("department", "role", "rank"),
        unknown="未填报薪酬的人员，分子分母均不计入",
    ),
    number(
        *("lead-visits", "牵头医院门急诊人次", _IN, "人次", _CLINICIANS, seen("牵头医院门急诊人次", LEAD)),
        by=("department", "disease"),
        rows=_VISITS,
    ),
    Indicator(
        *("lead-stay-length", "牵头医院平均住院日", _IN, "天", _CLINICIANS),
        total("stays", "牵头医院出院者占用总床日数", "days", LEAD),
        _AT_LEAD,
        direction=Direction.LOWER,
        by=("department", "disease"),
        rows=_STAYS,
    ),
)
