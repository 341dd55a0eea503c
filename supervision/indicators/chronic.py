"""公卫: people with chronic and severe diseases who are looked after, disease by disease."""

from __future__ import annotations

from typing import Any, Final

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
from supervision.figures.measures import RESIDENTS
from supervision.figures.sources import public_health_norms, tender

_IN: Final = (Theme.PUBLIC_HEALTH,)
_TENDER: Final = tender("四（十一）5 公共卫生监管")
_ROWS: Final = ("programme", "doctor", "person", "sex")
_BY: Final = ("programme", "doctor", "sex")
_DISEASES: Final = {
    "hypertension": "高血压",
    "diabetes": "2 型糖尿病",
    "mental": "严重精神障碍",
    "tuberculosis": "肺结核",
    "copd": "慢阻肺",
    "cardiovascular": "心脑血管病",
    "tumour": "肿瘤",
}
"""Programmes, by the same codes in the tables of patients and of residents."""
_NORMS: Final[dict[str, Source]] = {
    "hypertension": public_health_norms("高血压患者健康管理服务规范"),
    "diabetes": public_health_norms("2 型糖尿病患者健康管理服务规范"),
    "mental": public_health_norms("严重精神障碍患者管理服务规范"),
}
_SEGMENTS: Final = ", ".join(f"'{code}'" for code in _DISEASES)


def _of(programme: str) -> str:
    return f"programme = '{programme}'"


def _managed(programme: str) -> Measure:
    return counted("managed", f"在管{_DISEASES[programme]}患者数", _of(programme))


def _share(
    name: str, title: str, source: Source, flag: str, part: str, programme: str = "", **more: Any
) -> Indicator:
    """How many of those who are looked after a thing holds of."""
    where = f"{_of(programme)} AND {flag}" if programme else flag
    whole = _managed(programme) if programme else counted("managed", "在管患者数")
    return percent(
        *(name, title, _IN, source, counted("managed", part, where), whole),
        by=_BY,
        rows=(*_ROWS, flag),
        unknown="未记录该项的患者不计入分子，另列条数",
        **({"direction": Direction.HIGHER} | more),
    )


def _disease(programme: str, title: str) -> tuple[Indicator, ...]:
    """What is asked of every disease: how many are looked after, of how many, how many by the norm."""
    source = _NORMS.get(programme, _TENDER)
    return (
        number(
            *(f"{programme}-managed", f"已管理的{title}患者人数", _IN, "人", _TENDER, _managed(programme)),
            by=("doctor", "sex"),
            rows=_ROWS,
        ),
        percent(
            *(f"{programme}-managed-share", f"{title}患者综合管理率", _IN, _TENDER, _managed(programme)),
            total("population", f"辖区{title}患者数", "residents", f"segment = '{programme}'"),
            direction=Direction.HIGHER,
            rows=_ROWS,
            unknown="未报辖区患者数的机构单列时没有数值",
        ),
        number(
            *(f"{programme}-standard-number", f"规范管理{title}患者人数", _IN, "人", _TENDER),
            counted("managed", f"规范管理{title}患者人数", f"{_of(programme)} AND standard"),
            direction=Direction.HIGHER,
            by=("doctor", "sex"),
            rows=(*_ROWS, "standard"),
        ),
        _share(
            *(f"{programme}-standard", f"{title}患者规范管理率", source, "standard"),
            *(f"规范管理{title}患者人数", programme),
        ),
    )


_EVERY: Final = tuple(one for code, title in _DISEASES.items() for one in _disease(code, title))
_OUTCOMES: Final = (
    number(
        *("hypertension-controlled-number", "最近一次随访血压达标人数", _IN, "人", _TENDER),
        counted("managed", "最近一次随访血压达标人数", f"{_of('hypertension')} AND controlled"),
        direction=Direction.HIGHER,
        by=("doctor", "sex"),
        rows=(*_ROWS, "controlled"),
    ),
    _share(
        *("hypertension-controlled", "管理人群血压控制率", _NORMS["hypertension"], "controlled"),
        *("最近一次随访血压达标人数", "hypertension"),
    ),
    _share(
        *("diabetes-controlled", "管理人群血糖控制率", _NORMS["diabetes"], "controlled"),
        *("最近一次随访空腹血糖达标人数", "diabetes"),
    ),
    _share(
        *("diabetes-complications-screened", "糖尿病患者并发症筛查率", _TENDER, "complication_screened"),
        *("完成并发症筛查的糖尿病患者数", "diabetes"),
    ),
    _share(
        *("copd-lung-function", "慢阻肺患者肺功能检查率", _TENDER, "lung_function"),
        *("完成肺功能检查的慢阻肺患者数", "copd"),
    ),
    _share(
        *("mental-followed", "严重精神障碍患者随访到位率", _TENDER, "followed"),
        *("按时随访的严重精神障碍患者数", "mental"),
    ),
    _share(
        *("mental-stable", "严重精神障碍患者病情稳定率", _TENDER, "stable"),
        *("病情稳定的严重精神障碍患者数", "mental"),
    ),
    Indicator(
        *("mental-found", "严重精神障碍患者检出率", _IN, "‰", _TENDER),
        total("population", "登记在册的严重精神障碍患者数", "residents", "segment = 'mental'"),
        RESIDENTS,
        1000.0,
        by=("sex",),
        rows=("segment", "sex", "residents"),
    ),
    _share(
        *("tuberculosis-medicated", "肺结核患者规律服药率", _TENDER, "medicated"),
        *("规律服药的肺结核患者数", "tuberculosis"),
    ),
)
_ALL: Final = (
    number(
        *("chronic-enrolled", "慢病新建档案数", _IN, "人", _TENDER),
        counted("managed", "本月新建档患者数", "enrolled"),
        by=_BY,
        rows=(*_ROWS, "enrolled"),
        unknown="所示为期末当月；各月用 each=month 查看",
    ),
    number(
        *("chronic-standard-enrolled", "慢性病规范管理本月新增人次", _IN, "人次", _TENDER),
        counted("managed", "本月新建档且规范管理的患者数", "enrolled AND standard"),
        direction=Direction.HIGHER,
        by=_BY,
        rows=(*_ROWS, "enrolled", "standard"),
        unknown="所示为期末当月；未判定是否规范管理的患者不计入，另列条数",
    ),
    percent(
        *("chronic-managed-share", "慢性病患者综合管理率", _IN, _TENDER, counted("managed", "在管患者数")),
        total("population", "辖区慢性病与重点疾病患者数", "residents", f"segment IN ({_SEGMENTS})"),
        direction=Direction.HIGHER,
        rows=_ROWS,
        unknown="各病种患者数相加，一人患多病的重复计入；未报辖区患者数的机构单列时没有数值",
    ),
    _share("chronic-followed", "慢病随访及时率", _TENDER, "followed", "本期按时随访的患者数"),
    _share("chronic-medicated", "慢病患者规律服药率", _TENDER, "medicated", "规律服药的患者数"),
    _share("chronic-controlled", "慢病管理有效率", _TENDER, "controlled", "最近一次随访达标的患者数"),
    percent(
        *("chronic-visits-complete", "慢病随访规范率", _IN, _TENDER),
        counted("services", "内容完整、符合规范的慢病随访次数", "service = 'chronic-visit' AND complete"),
        counted("services", "已判定是否规范的慢病随访次数", "service = 'chronic-visit' AND complete IS NOT NULL"),
        direction=Direction.HIGHER,
        by=("doctor", "disease"),
        rows=("doctor", "disease", "complete"),
        unknown="未判定是否规范的随访，分子分母均不计入",
    ),
)

INDICATORS: Final = (*_EVERY, *_OUTCOMES, *_ALL)
