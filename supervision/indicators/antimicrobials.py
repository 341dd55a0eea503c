"""药品: how often, how much and which antimicrobials are used. Warning lines are those for general hospitals."""

from __future__ import annotations

from typing import Final

from supervision.figures.indicator import Direction, Indicator, Measure, Source, Theme, counted, percent, total
from supervision.figures.measures import DISCHARGED, EMERGENCY, OUTPATIENT, STAY_DAYS
from supervision.figures.sources import antimicrobial_notice, pharmacy_quality, tender

_NOTICE: Final = antimicrobial_notice("抗菌药物临床应用管理评价指标")
_BEHAVIOUR: Final = (Theme.DRUGS, Theme.BEHAVIOUR)
_POLICY: Final = (*_BEHAVIOUR, Theme.POLICY)
_USE: Final = (*_POLICY, Theme.EVALUATION)
_BY: Final = ("department", "doctor", "disease")
_UNKNOWN: Final = "未记是否使用抗菌药物的，不计入分子，另列条数"
_LINED: Final = f"{_UNKNOWN}；预警线为综合医院的要求"
_AMBULATORY: Final = "setting IN ('outpatient', 'emergency')"
_CLEAN: Final = "setting = 'inpatient' AND incision = 1"
_WARD: Final = "setting = 'inpatient' AND antimicrobial"


def _share(
    name: str,
    title: str,
    themes: tuple[Theme, ...],
    source: Source,
    used: Measure,
    whole: Measure,
    *rows: str,
    warn: float | None = None,
) -> Indicator:
    """A share of those who were given antimicrobials: less is better."""
    unknown = _UNKNOWN if warn is None else _LINED
    shown = ("department", "doctor", "disease", *rows)
    lower = Direction.LOWER
    return percent(
        name, title, themes, source, used, whole, direction=lower, warn=warn, by=_BY, rows=shown, unknown=unknown
    )


INDICATORS: Final = (
    _share(
        *("antimicrobial-outpatient", "门诊患者抗菌药物使用率", _USE, _NOTICE),
        counted("visits", "使用抗菌药物的门诊人次", "kind = 'outpatient' AND antimicrobial"),
        OUTPATIENT,
        "antimicrobial",
        warn=20.0,
    ),
    _share(
        *("antimicrobial-emergency", "急诊患者抗菌药物使用率", _BEHAVIOUR, _NOTICE),
        counted("visits", "使用抗菌药物的急诊人次", "kind = 'emergency' AND antimicrobial"),
        EMERGENCY,
        "antimicrobial",
        warn=40.0,
    ),
    _share(
        *("antimicrobial-inpatient", "住院患者抗菌药物使用率", _USE, _NOTICE),
        counted("stays", "使用抗菌药物的出院人次", "antimicrobial"),
        DISCHARGED,
        *("antimicrobial", "days"),
        warn=60.0,
    ),
    Indicator(
        *("antimicrobial-intensity", "抗菌药物使用强度", _POLICY, "DDDs/100 人天", _NOTICE),
        total("stays", "出院者抗菌药物累计 DDD 数", "antimicrobial_ddds"),
        STAY_DAYS,
        100.0,
        direction=Direction.LOWER,
        warn=40.0,
        by=_BY,
        rows=("department", "doctor", "disease", "days", "antimicrobial_ddds"),
        unknown="未算出 DDD 数的出院者不计入分子，另列条数；预警线为综合医院的要求",
    ),
    _share(
        *("antimicrobial-special-share", "特殊使用级抗菌药物使用量占比", _BEHAVIOUR),
        pharmacy_quality("住院患者特殊使用级抗菌药物使用量占比"),
        total("drug_orders", "住院特殊使用级抗菌药物 DDD 数", "ddds", f"{_WARD} = 'special'"),
        total("drug_orders", "住院抗菌药物 DDD 数", "ddds", f"{_WARD} <> 'none'"),
        *("drug", "antimicrobial", "ddds"),
    ),
    _share(
        *("antimicrobial-prescriptions", "门急诊抗菌药物处方占比", _BEHAVIOUR, tender("四（十一）3 药品使用监管")),
        counted("prescriptions", "含抗菌药物的门急诊处方数", f"{_AMBULATORY} AND antimicrobial"),
        counted("prescriptions", "门急诊处方数", _AMBULATORY),
        *("setting", "amount"),
    ),
    _share(
        *("incision-prophylaxis", "Ⅰ类切口手术抗菌药物预防使用率", _BEHAVIOUR, _NOTICE),
        counted("operations", "预防使用抗菌药物的Ⅰ类切口手术例数", f"{_CLEAN} AND prophylaxis"),
        counted("operations", "Ⅰ类切口手术例数", _CLEAN),
        *("code", "prophylaxis"),
        warn=30.0,
    ),
)
