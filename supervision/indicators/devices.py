"""资源, devices: how many of which price, how old, how much they are used, what they bring, how often they fail."""

from __future__ import annotations

from typing import Final

from supervision.figures.indicator import Direction, Indicator, Theme, counted, mean, number, percent, total
from supervision.figures.measures import MEDICAL_INCOME
from supervision.figures.sources import hospital_appraisal, tender

_DEVICES: Final = tender("四（十一）2 卫生设备")
_IN: Final = (Theme.RESOURCES,)
_EVALUATED: Final = (Theme.RESOURCES, Theme.EVALUATION)
_BY: Final = ("department", "device")
_ROWS: Final = ("department", "device", "value", "bought")
_USED: Final = (*_ROWS, "used_hours", "open_hours", "examinations", "income")
_COUNTED: Final = "value >= 10000"
_TIMED: Final = "used_hours IS NOT NULL AND open_hours IS NOT NULL"
_EARNED: Final = "income IS NOT NULL AND value IS NOT NULL"
_LARGE: Final = "large AND recognised = false"
_UNPRICED: Final = "不知购置价值的设备不计入，另列条数"


def _priced(name: str, title: str, where: str) -> Indicator:
    """How many devices of a price."""
    return number(
        name, title, _IN, "台", _DEVICES, counted("devices", title, where), by=_BY, rows=_ROWS, unknown=_UNPRICED
    )


INDICATORS: Final = (
    _priced("devices", "万元以上设备数", _COUNTED),
    _priced("devices-100-thousand", "10–49 万元设备数", "value >= 100000 AND value < 500000"),
    _priced("devices-500-thousand", "50–99 万元设备数", "value >= 500000 AND value < 1000000"),
    _priced("devices-million", "100 万元以上设备数", "value >= 1000000"),
    Indicator(
        *("devices-value", "万元以上设备总价值", _IN, "万元", _DEVICES),
        total("devices", "万元以上设备总价值", "value / 10000", _COUNTED),
        by=_BY,
        rows=_ROWS,
    ),
    Indicator(
        *("device-age", "设备平均使用年限", _IN, "年", _DEVICES),
        total("devices", "设备自购置起年数之和", "(date - bought) / 365.25"),
        counted("devices", "知道购置日期的设备数", "bought IS NOT NULL"),
        by=_BY,
        rows=_ROWS,
        unknown="不知购置日期的设备，分子分母均不计入",
        decimals=1,
    ),
    percent(
        *("device-use", "设备利用率", _IN, _DEVICES),
        mean("devices", "月均使用时长", "used_hours", _TIMED),
        mean("devices", "月均可用时长", "open_hours", _TIMED),
        direction=Direction.HIGHER,
        by=_BY,
        rows=_USED,
        unknown="未报使用或可用时长的设备，分子分母均不计入",
    ),
    number(
        *("devices-idle", "闲置设备数", _IN, "台", tender("四（一）4.1 医疗资源监管支撑")),
        counted("devices", "当月未使用的设备数", "used_hours = 0"),
        direction=Direction.LOWER,
        by=_BY,
        rows=_USED,
        unknown="未报使用时长的设备不计入，另列条数",
    ),
    number(
        *("device-examinations", "设备月均检查量", _IN, "人次/月", _DEVICES),
        mean("devices", "月均检查人次", "examinations"),
        by=_BY,
        rows=_USED,
    ),
    Indicator(
        *("device-return", "设备投入产出比（月均检查收入占购置价值）", _IN, "%", _DEVICES),
        mean("devices", "月均检查收入", "income", _EARNED),
        mean("devices", "设备购置价值", "value", _EARNED),
        100.0,
        direction=Direction.HIGHER,
        by=_BY,
        rows=_USED,
        unknown="未报检查收入或购置价值的设备，分子分母均不计入",
    ),
    Indicator(
        *("device-repairs", "设备月均故障维修次数", _IN, "次/月", _DEVICES),
        mean("devices", "月均故障维修次数", "repairs"),
        direction=Direction.LOWER,
        by=_BY,
        rows=(*_ROWS, "repairs"),
    ),
    Indicator(
        *("device-output", "万元设备产出（每万元设备医疗收入）", _EVALUATED, "元"),
        *(tender("四（十一）8 医疗卫生资源有效利用"), MEDICAL_INCOME),
        mean("devices", "万元以上设备平均总价值（万元）", "value / 10000", _COUNTED),
        direction=Direction.HIGHER,
        rows=("medical_income",),
        unknown="未报收支或设备的机构没有数值",
    ),
    percent(
        *(
            "large-devices-positive",
            "大型设备检查阳性率",
            (*_EVALUATED, Theme.SERVICES),
            hospital_appraisal("医疗质量"),
        ),
        counted("tests", "大型设备检查阳性例数", f"{_LARGE} AND positive"),
        counted("tests", "结果明确的大型设备检查例数", f"{_LARGE} AND positive IS NOT NULL"),
        direction=Direction.HIGHER,
        by=("department", "doctor", "item"),
        rows=("department", "doctor", "item", "positive"),
        unknown="未判明是否阳性的检查，分子分母均不计入",
    ),
)
