"""资源, places: institutions, beds, rooms, and how much they are used."""

from __future__ import annotations

from typing import Final

from supervision.figures.indicator import Direction, Indicator, Measure, Theme, counted, mean, number, percent, total
from supervision.figures.measures import OPERATIONS, RESIDENTS
from supervision.figures.sources import resource_statistics, tender

_FACILITIES: Final = tender("四（十一）2 卫生设施")
_IN: Final = (Theme.RESOURCES,)
_EVALUATED: Final = (Theme.RESOURCES, Theme.EVALUATION)
_BEDS: Final = total("facilities", "实有床位数", "beds")
_BED_ROWS: Final = ("planned_beds", "beds", "observation_beds")
_LABORATORY_WORK: Final = counted("tests", "检验项次", "kind = 'lab' AND recognised = false")


def _there(name: str, title: str, unit: str, column: str) -> Indicator:
    """How many there are at the end of the period."""
    there = total("facilities", title, column)
    return number(name, title, _IN, unit, _FACILITIES, there, by=("facility", "tier"), rows=(column,))


def _idle(name: str, title: str, room: str, opened: str, used: str) -> Indicator:
    """The share of the time a room is open in which nobody uses it: the tender warns where that is too little."""
    told = f"{opened} IS NOT NULL AND {used} IS NOT NULL"
    return percent(
        *(name, title, _IN, _FACILITIES),
        mean("facilities", f"{room}月均空闲时长", f"{opened} - {used}", told),
        mean("facilities", f"{room}月均开放时长", opened, told),
        direction=Direction.HIGHER,
        rows=(opened, used),
        unknown="未报使用或开放时长的机构，分子分母均不计入",
    )


def _often(name: str, title: str, unit: str, done: Measure, room: str, column: str) -> Indicator:
    """How often each room is used: the tender warns where that is too often."""
    return Indicator(
        *(name, title, _IN, unit, _FACILITIES, done, mean("facilities", f"平均{room}数", column)),
        direction=Direction.LOWER,
        rows=("department", "doctor"),
        unknown=f"未报{room}数的机构没有数值",
    )


INDICATORS: Final = (
    number(
        *("institutions", "医疗卫生机构数", _IN, "家", tender("四（十一）2 卫生机构分析")),
        counted("institutions", "医疗卫生机构数"),
        by=("facility", "tier", "level", "district"),
        rows=("name", "own_level", "district", "town"),
    ),
    _there("business-area", "业务用房面积", "平方米", "area"),
    _there("planned-beds", "编制床位数", "张", "planned_beds"),
    number(*("beds", "实有床位数", _IN, "张", _FACILITIES, _BEDS), by=("facility", "tier"), rows=_BED_ROWS),
    _there("observation-beds", "观察床位数", "张", "observation_beds"),
    _there("home-beds", "年内开设家庭病床总数", "张", "home_beds"),
    _there("theatres", "手术间数", "间", "theatres"),
    _there("laboratories", "检验实验室数", "间", "laboratories"),
    _there("ambulances", "急救车辆数", "辆", "ambulances"),
    _idle("theatre-idle", "手术间空闲率", "手术间", "theatre_open", "theatre_hours"),
    _idle("laboratory-idle", "检验实验室空闲率", "检验实验室", "laboratory_open", "laboratory_hours"),
    _often("theatre-frequency", "手术间使用频次（每间手术例数）", "例/间", OPERATIONS, "手术间", "theatres"),
    _often(
        *("laboratory-frequency", "检验实验室使用频次（每间检验项次）", "项次/间"),
        *(_LABORATORY_WORK, "检验实验室", "laboratories"),
    ),
    percent(
        *("observation-bed-use", "观察床位使用率", _IN, tender("四（一）4.1 医疗资源监管支撑")),
        total("bed_days", "观察床占用床日", "observed"),
        total("bed_days", "观察床开放床日", "observation"),
        by=("department",),
        rows=("department", "observed", "observation"),
        unknown="未报床位日报的日子，分子分母均不计入",
    ),
    Indicator(
        *("beds-per-thousand", "每千人口床位数", (Theme.RESOURCES, Theme.OVERVIEW), "张"),
        *(resource_statistics("每千人口医疗卫生机构床位数"), _BEDS, RESIDENTS, 1000.0),
        rows=_BED_ROWS,
        unknown="未报常住居民数的机构单列时没有数值",
    ),
    Indicator(
        *("beds-growth", "床位数增长幅度", _EVALUATED, "%", tender("四（十一）8 医疗卫生服务能力提升"), _BEDS),
        growth=True,
        rows=_BED_ROWS,
        unknown="上年同期未报床位的机构，没有增长幅度",
    ),
)
