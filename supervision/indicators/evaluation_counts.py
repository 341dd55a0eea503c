"""运行评价, numbers: patients sent up and down, visits and admissions of primary care, teams, people by group."""

from __future__ import annotations

from typing import Final

from supervision.figures.indicator import (
    Direction,
    Indicator,
    Measure,
    Source,
    Theme,
    counted,
    number,
    percent,
    total,
)
from supervision.figures.measures import ADMITTED, PRIMARY, TREATED, seen
from supervision.figures.sources import tender

_IN: Final = (Theme.EVALUATION,)
_REFERRED: Final = (Theme.EVALUATION, Theme.REFERRAL)
_PEOPLE: Final = (*_REFERRED, Theme.PEOPLE)
_UP: Final = "direction = 'up'"
_DOWN: Final = "direction = 'down'"
_COUNTY: Final = "tier = 'county'"
_TOWNSHIP: Final = "facility = 'township'"
_COMMUNITY: Final = "facility = 'community'"
_VILLAGE: Final = "facility = 'village'"
_KEY_GROUPS: Final = {
    "elderly": ("elderly-residents", "65 岁及以上老年人数"),
    "children": ("child-residents", "0–6 岁儿童人数"),
    "maternity": ("maternity-residents", "孕产妇数"),
    "hypertension": ("hypertensive-residents", "高血压患者数"),
    "diabetes": ("diabetic-residents", "2 型糖尿病患者数"),
    "tuberculosis": ("tuberculous-residents", "肺结核患者数"),
    "mental": ("mentally-ill-residents", "严重精神障碍患者数"),
    "disabled": ("disabled-residents", "残疾人数"),
    "bereaved": ("bereaved-residents", "计划生育特殊家庭人数"),
    "poor": ("poor-residents", "农村建档立卡贫困（脱贫与防止返贫监测）人口数"),
    "allowance": ("allowance-residents", "城乡低保五保（特困）人口数"),
}
"""Groups that the tender counts: name and title of the indicator."""
_GROUP_ROWS: Final = ("segment", "sex", "residents")


def _place(item: int) -> Source:
    return tender(f"四（十一）8 指标（{item}）")


def _referred(item: int, name: str, title: str, where: str, themes: tuple[Theme, ...] = _REFERRED) -> Indicator:
    """Patients sent on, by who sends or by who receives."""
    return number(
        *(name, title, themes, "人次", _place(item), counted("referrals", title, where)),
        by=("disease", "setting", "to_tenant"),
        rows=("setting", "to_tenant", "department", "disease"),
        unknown="未记转入机构层级的转诊不计入接收，另列条数"
        if "to_tier" in where
        else "未填报的记录不计入，另列条数",
    )


def _visits(item: int, name: str, counts: Measure) -> Indicator:
    return number(
        *(name, counts.title, _IN, "人次", _place(item), counts),
        by=("department", "disease"),
        rows=("department", "doctor", "disease", "kind"),
    )


def _admissions(item: int, name: str, title: str, where: str) -> Indicator:
    return number(
        *(name, title, _IN, "人次", _place(item), counted(ADMITTED.fact, title, where)),
        by=("department", "disease"),
        rows=("department", "doctor", "disease"),
    )


def _teams(item: int, name: str, title: str, unit: str, column: str, where: str = "") -> Indicator:
    return number(
        *(name, title, _IN, unit, _place(item), total("institutions", title, column, where)),
        by=("facility", "district"),
        rows=("name", column),
    )


def _people(name: str, title: str, where: str, unknown: str = "未填报的机构不计入") -> Indicator:
    return number(
        *(name, title, (Theme.EVALUATION, Theme.PUBLIC_HEALTH), "人", _place(26)),
        total("population", title, "residents", where),
        by=("segment", "sex"),
        rows=_GROUP_ROWS,
        unknown=unknown,
    )


_REFERRALS: Final = (
    _referred(
        *(9, "primary-sent-up", "基层医疗机构上转病人数（基层机构上转人次）"),
        *(f"{_UP} AND {PRIMARY}", _PEOPLE),
    ),
    _referred(10, "primary-received-down", "基层医疗机构接收下转病人数", f"{_DOWN} AND to_tier = 'primary'"),
    _referred(11, "county-sent-up", "县级医疗机构上转病人数", f"{_UP} AND {_COUNTY}"),
    _referred(
        *(12, "county-sent-down", "县级医疗机构下转病人数（县级医院下转人次）"),
        *(f"{_DOWN} AND {_COUNTY}", _PEOPLE),
    ),
    _referred(13, "county-received-up", "县级医疗机构接收上转病人数", f"{_UP} AND to_tier = 'county'"),
    _referred(14, "county-received-down", "县级医疗机构接收下转病人数", f"{_DOWN} AND to_tier = 'county'"),
)
_WORK: Final = (
    _visits(16, "township-visits", seen("乡镇卫生院门急诊人次数", _TOWNSHIP)),
    _visits(17, "community-visits", seen("社区卫生服务中心门急诊人次数", _COMMUNITY)),
    _visits(18, "village-visits", seen("村卫生所门急诊人次数", _VILLAGE)),
    _visits(22, "village-treated", counted("visits", "村卫生所诊疗人次数", f"{TREATED.where} AND {_VILLAGE}")),
    _admissions(19, "primary-admissions", "基层医疗机构住院人次数", PRIMARY),
    _admissions(20, "township-admissions", "乡镇卫生院住院人次数", _TOWNSHIP),
    _admissions(21, "community-admissions", "社区卫生服务中心住院人次数", _COMMUNITY),
)
_DOCTORS: Final = (
    _teams(23, "family-doctor-teams", "已组建家庭医生团队数", "个", "teams"),
    _teams(23, "community-teams", "社区家庭医生团队数", "个", "teams", _COMMUNITY),
    _teams(23, "township-teams", "卫生院家庭医生团队数", "个", "teams", _TOWNSHIP),
    _teams(24, "family-doctors", "参与签约的家庭医生人数", "人", "team_doctors"),
    _teams(24, "community-family-doctors", "参与签约的社区家庭医生人数", "人", "team_doctors", _COMMUNITY),
    _teams(24, "township-family-doctors", "参与签约的卫生院家庭医生人数", "人", "team_doctors", _TOWNSHIP),
)
_GROUPS: Final = (
    _people(
        *("key-residents", "辖区内重点人群总数"),
        " OR ".join(f"segment = '{segment}'" for segment in _KEY_GROUPS),
        unknown="各类人群人数相加，一人属多类的重复计入；未填报的机构不计入",
    ),
    *(_people(name, title, f"segment = '{segment}'") for segment, (name, title) in _KEY_GROUPS.items()),
)
_TRADITIONAL: Final = "programme IN ('elderly-tcm', 'child-tcm')"

INDICATORS: Final = (
    *_REFERRALS,
    *_WORK,
    *_DOCTORS,
    *_GROUPS,
    percent(
        *("tcm-managed", "中医药健康管理率", (Theme.EVALUATION, Theme.PUBLIC_HEALTH), _place(8)),
        total("coverage", "接受中医药健康管理的老年人与儿童数", "done", _TRADITIONAL),
        total("coverage", "应管理的老年人与儿童数", "due", _TRADITIONAL),
        direction=Direction.HIGHER,
        by=("programme",),
        rows=("programme", "due", "done"),
    ),
)
