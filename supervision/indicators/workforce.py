"""资源, people: who works where, who came, left or rose, how many there are for patients, beds and residents."""

from __future__ import annotations

from typing import Final

from supervision.figures.indicator import Direction, Indicator, Measure, Source, Theme, counted, number, total
from supervision.figures.measures import OCCUPIED_BED_DAYS, RESIDENTS, TREATED
from supervision.figures.sources import general_practice, medical_statistics, resource_statistics, tender

_WORKFORCE: Final = tender("四（十一）2 卫生人力")
_CHANGES: Final = tender("四（一）4.1 医疗资源监管支撑")
_CAPACITY: Final = tender("四（十一）8 医疗卫生服务能力提升")
_IN: Final = (Theme.RESOURCES,)
_SERVED: Final = (Theme.RESOURCES, Theme.SERVICES)
_EVALUATED: Final = (Theme.RESOURCES, Theme.EVALUATION)
_SPREAD: Final = (Theme.RESOURCES, Theme.OVERVIEW)
_BY: Final = ("department", "rank")
_ROWS: Final = ("department", "role", "rank", "permanent")
_TECHNICAL: Final = "role IN ('physician', 'assistant', 'nurse', 'pharmacist', 'technician', 'other-technical')"
_DOCTORS: Final = "role IN ('physician', 'assistant')"
_PHYSICIANS: Final = counted("staff", "执业（助理）医师数", _DOCTORS)
_NURSES: Final = counted("staff", "注册护士数", "role = 'nurse'")
_GENERALISTS: Final = counted("staff", "全科医生数", "general_practitioner")


def _staff(name: str, counts: Measure, themes: tuple[Theme, ...] = _IN, source: Source = _WORKFORCE) -> Indicator:
    """How many work there at the end of the period."""
    return number(name, counts.title, themes, "人", source, counts, by=_BY, rows=_ROWS)


def _of_role(name: str, title: str, role: str) -> Indicator:
    return _staff(name, counted("staff", title, f"role = '{role}'"))


def _changed(name: str, title: str, kind: str) -> Indicator:
    return number(
        *(name, title, _IN, "人次", _CHANGES, counted("staff_changes", title, f"kind = '{kind}'")),
        by=("department", "role", "rank"),
        rows=("department", "role", "rank"),
    )


def _per_thousand(name: str, title: str, counts: Measure) -> Indicator:
    return Indicator(
        *(name, title, _SPREAD, "人", resource_statistics(title), counts, RESIDENTS, 1000.0),
        direction=Direction.HIGHER,
        rows=_ROWS,
        unknown="未报常住居民数的机构单列时没有数值",
    )


_NUMBERS: Final = (
    number(
        *("posts", "编制人数", _IN, "人", _WORKFORCE, total("institutions", "编制人数", "posts")),
        by=("facility", "tier"),
        rows=("name", "posts"),
    ),
    number(
        *("staff", "在岗职工数", _IN, "人", _WORKFORCE, counted("staff", "在岗职工数")),
        by=("role", *_BY),
        rows=_ROWS,
    ),
    _staff("staff-permanent", counted("staff", "在编在岗职工数", "permanent")),
    number(
        *("technical-staff", "卫生技术人员数", _IN, "人", _WORKFORCE),
        counted("staff", "卫生技术人员数", _TECHNICAL),
        by=("role", *_BY),
        rows=_ROWS,
    ),
    _of_role("licensed-physicians", "执业医师数", "physician"),
    _of_role("assistant-physicians", "执业助理医师数", "assistant"),
    _staff("nurses", _NURSES),
    _of_role("pharmacists", "药师（士）数", "pharmacist"),
    _of_role("technicians", "技师（士）数", "technician"),
    _of_role("managers", "管理人员数", "manager"),
    _of_role("support-staff", "工勤技能人员数", "support"),
    _of_role("village-doctors", "乡村医生数", "village-doctor"),
    _staff("posted-staff", counted("staff", "上级医院下派在岗人数", "posted"), _SPREAD),
    _changed("staff-joined", "调入人次", "joined"),
    _changed("staff-left", "调出人次", "left"),
    _changed("staff-promoted", "职称晋升人次", "promoted"),
)
_RATIOS: Final = (
    Indicator(
        *("nurses-per-physician", "医护比（每名医师的护士数）", _SERVED, "人"),
        *(tender("四（十一）4 医疗服务能力监管"), _NURSES, _PHYSICIANS),
        direction=Direction.HIGHER,
        by=("department",),
        rows=_ROWS,
    ),
    Indicator(
        *("nurses-per-bed", "床护比（每张实有床位的护士数）", _SERVED, "人"),
        *(tender("四（十一）4 医疗服务能力监管"), _NURSES, total("facilities", "实有床位数", "beds")),
        direction=Direction.HIGHER,
        rows=_ROWS,
    ),
    Indicator(
        *("physician-visits", "医师日均诊疗人次", _SERVED, "人次", medical_statistics("医师日均担负诊疗人次")),
        TREATED,
        total("staff_days", "医师出勤人日", "on_duty", _DOCTORS),
        by=("department",),
        rows=("department", "doctor", "disease", "kind"),
        unknown="按医师实际出勤人日计；未报人员日报的机构没有数值",
    ),
    Indicator(
        *("physician-bed-days", "医师日均担负住院床日", _SERVED, "床日", medical_statistics("医师日均担负住院床日")),
        OCCUPIED_BED_DAYS,
        total("staff_days", "医师在册人日", "employed", _DOCTORS),
        by=("department",),
        rows=("department", "occupied"),
        unknown="按医师在册人日计；未报人员日报的机构没有数值",
    ),
    _per_thousand("physicians-per-thousand", "每千人口执业（助理）医师数", _PHYSICIANS),
    _per_thousand("nurses-per-thousand", "每千人口注册护士数", _NURSES),
)
_GROWTH: Final = (
    _staff(
        "physicians", _PHYSICIANS, (Theme.RESOURCES, Theme.EVALUATION), tender("四（十一）8 医疗卫生服务能力提升")
    ),
    _staff("general-practitioners", _GENERALISTS, _EVALUATED),
    Indicator(
        *("general-practitioners-per-ten-thousand", "每万人口全科医生数", (*_SPREAD, Theme.EVALUATION), "人"),
        *(general_practice("总体目标"), _GENERALISTS, RESIDENTS, 10_000.0),
        direction=Direction.HIGHER,
        warn=2.0,
        rows=_ROWS,
        unknown="未标明是否全科医生的人员不计入分子，另列条数；预警线为该文件 2020 年目标的下限",
    ),
    Indicator(
        *("physicians-growth", "执业（助理）医师数增长幅度", _EVALUATED, "%"),
        *(_CAPACITY, _PHYSICIANS),
        growth=True,
        direction=Direction.HIGHER,
        rows=_ROWS,
        unknown="上年同期未报人员的机构，没有增长幅度",
    ),
)

INDICATORS: Final = (*_NUMBERS, *_RATIOS, *_GROWTH)
