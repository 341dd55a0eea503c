"""辅助决策: how often support is asked and what it says, whether doctors follow, where knowledge is missing."""

from __future__ import annotations

from typing import Any, Final

from supervision.figures.indicator import (
    Direction,
    Indicator,
    Measure,
    Theme,
    counted,
    different,
    number,
    percent,
    total,
)
from supervision.figures.sources import tender

_IN: Final = (Theme.DECISION_SUPPORT,)
_ALERTS: Final = (Theme.DECISION_SUPPORT, Theme.BEHAVIOUR)
_TENDER: Final = tender("四（十二）2 临床决策支持系统 数据统计")
_DURING: Final = tender("四（六）3 医疗行为监管")
_KNOWLEDGE: Final = tender("四（十二）2 临床决策支持系统 知识库维护")
_DOCTORS: Final = ("department", "disease", "doctor")
_ASKED_BY: Final = (*_DOCTORS, "service")
_ASKED_ROWS: Final = ("service", "department", "doctor", "disease", "findings", "gaps", "elapsed_ms")
_USED_BY: Final = (*_DOCTORS, "kind")
_USED_ROWS: Final = (*_USED_BY, "answered", "elapsed_ms")
_SHOWN_BY: Final = (*_DOCTORS, "family", "severity", "rule", "response", "reason")
_SHOWN_ROWS: Final = ("family", "rule", "severity", "department", "doctor", "disease", "response", "reason")
_MATCH_ROWS: Final = ("department", "doctor", "disease", "first", "among", "plan_offered", "plan_followed")
_SEVERE: Final = "severity IN ('contraindicated', 'major')"
_ASKED: Final = counted("requests", "决策支持调用次数")
_USES: Final = counted("uses", "推理应用次数")
_SHOWN: Final = counted("findings", "提示条数")
_OVERRIDDEN: Final = "response = 'overridden'"


def _asked(name: str, title: str, unit: str, part: Measure, scale: float = 1.0, **more: Any) -> Indicator:
    """Something for each request."""
    shown = {"by": _ASKED_BY, "rows": _ASKED_ROWS}
    return Indicator(name, title, _ALERTS, unit, _TENDER, part, _ASKED, scale, **(shown | more))


def _answered(name: str, title: str, part: str, where: str, of: Measure = _SHOWN, **more: Any) -> Indicator:
    """A share of the alerts, by what doctors did."""
    shown = {"by": _SHOWN_BY, "rows": _SHOWN_ROWS}
    return percent(name, title, _ALERTS, _TENDER, counted("findings", part, where), of, **(shown | more))


def _matched(name: str, title: str, what: str, flag: str, of: str = "") -> Indicator:
    """A share of the visits that a recommendation could be held against."""
    both = f"{of} AND {flag}" if of else flag
    known = f"{of} AND {flag} IS NOT NULL" if of else f"{flag} IS NOT NULL"
    return percent(
        *(name, title, _IN, _TENDER),
        counted("concordance", f"{what}的就诊数", both),
        counted("concordance", f"已判定是否{what}的就诊数", known),
        direction=Direction.HIGHER,
        by=_DOCTORS,
        rows=_MATCH_ROWS,
        unknown="未判定的就诊，分子分母均不计入",
    )


def _gap(name: str, title: str, unit: str, kind: str, *, each: bool) -> Indicator:
    """What knowledge could not answer: how often, or how many different."""
    where = f"kind = '{kind}'"
    counts = different("gaps", title, "name", where) if each else counted("gaps", title, where)
    return number(
        *(name, title, _IN, unit, _KNOWLEDGE, counts),
        direction=Direction.LOWER,
        by=("subject", "department") if each else ("subject", "department", "name"),
        rows=("kind", "subject", "department", "name"),
    )


_USED: Final = (
    number(*("support-requests", "决策支持调用次数", _IN, "次", _TENDER, _ASKED), by=_ASKED_BY, rows=_ASKED_ROWS),
    percent(
        *("requests-with-findings", "有提示的调用占比", _IN, _TENDER),
        counted("requests", "有提示的调用次数", "findings > 0"),
        _ASKED,
        by=_ASKED_BY,
        rows=_ASKED_ROWS,
    ),
    _asked(
        *("findings-per-hundred", "每百次调用提示条数", "条", total("requests", "提示条数之和", "findings"), 100.0)
    ),
    percent(
        *("requests-incomplete", "资料缺失未能完全检查的调用占比", _IN, _TENDER),
        counted("requests", "有检查项缺资料的调用次数", "gaps > 0"),
        _ASKED,
        direction=Direction.LOWER,
        by=_ASKED_BY,
        rows=_ASKED_ROWS,
    ),
    _asked(
        *("support-time", "决策支持平均耗时", "毫秒", total("requests", "耗时之和", "elapsed_ms")),
        direction=Direction.LOWER,
    ),
    number(
        *("rule-faults", "规则故障数", _IN, "次", _TENDER, total("requests", "规则故障数", "faults")),
        direction=Direction.LOWER,
        warn=0.0,
        by=_ASKED_BY,
        rows=(*_ASKED_ROWS, "faults"),
        unknown="发生故障的规则未作检查，其余规则照常检查",
    ),
)
_INFERRED: Final = (
    number(*("inference-uses", "推理应用次数", _IN, "次", _TENDER, _USES), by=_USED_BY, rows=_USED_ROWS),
    number(
        *("inference-doctors", "应用推理的医师数", _IN, "人", _TENDER),
        different("uses", "应用推理的不同医师数", "doctor"),
        by=("department", "kind"),
        rows=_USED_ROWS,
        unknown="未说明医师的应用不计入",
    ),
    percent(
        *("inference-answered", "推理给出结果占比", _IN, _TENDER),
        counted("uses", "给出结果的推理应用次数", "answered"),
        _USES,
        direction=Direction.HIGHER,
        by=_USED_BY,
        rows=_USED_ROWS,
    ),
    Indicator(
        *("inference-time", "推理平均耗时", _IN, "毫秒", _TENDER),
        total("uses", "推理耗时之和", "elapsed_ms"),
        _USES,
        direction=Direction.LOWER,
        by=_USED_BY,
        rows=_USED_ROWS,
    ),
)
_FOLLOWED: Final = (
    number(*("alerts", "预警提示条数", _ALERTS, "条", _DURING, _SHOWN), by=_SHOWN_BY, rows=_SHOWN_ROWS),
    number(
        *("alerts-severe", "禁忌与严重预警条数", _ALERTS, "条", _DURING),
        counted("findings", "禁忌与严重预警条数", _SEVERE),
        by=_SHOWN_BY,
        rows=_SHOWN_ROWS,
    ),
    _answered(
        *("alerts-answered", "预警响应率", "已响应的提示条数", "response IN ('accepted', 'overridden')"),
        direction=Direction.HIGHER,
    ),
    _answered(
        *("alerts-accepted", "预警采纳率", "采纳的提示条数", "response = 'accepted'"), direction=Direction.HIGHER
    ),
    _answered(
        *("alerts-severe-accepted", "禁忌与严重预警采纳率", "采纳的禁忌与严重预警条数"),
        *(f"{_SEVERE} AND response = 'accepted'", counted("findings", "禁忌与严重预警条数", _SEVERE)),
        direction=Direction.HIGHER,
    ),
    _answered(*("alerts-overridden", "预警忽略率", "忽略的提示条数", _OVERRIDDEN), direction=Direction.LOWER),
    _answered(
        *("overrides-reasoned", "忽略预警注明理由率", "忽略且注明理由的提示条数", f"{_OVERRIDDEN} AND reasoned"),
        counted("findings", "忽略的提示条数", _OVERRIDDEN),
        direction=Direction.HIGHER,
    ),
    Indicator(
        *("alert-response-time", "预警响应平均用时", _ALERTS, "秒", _TENDER),
        total("findings", "响应用时之和", "response_seconds"),
        counted("findings", "有响应时间的提示条数", "response_seconds IS NOT NULL"),
        direction=Direction.LOWER,
        by=_SHOWN_BY,
        rows=(*_SHOWN_ROWS, "response_seconds"),
        unknown="未响应或没有响应时间的提示，分子分母均不计入",
    ),
)
_CONCORDANT: Final = (
    _matched("diagnosis-first", "诊断符合率（首位推荐）", "首位推荐与确诊一致", "first"),
    _matched("diagnosis-among", "诊断符合率（推荐之列）", "确诊在推荐之列", "among"),
    _matched("plans-offered", "诊疗方案推荐率", "给出诊疗方案", "plan_offered"),
    _matched("plans-followed", "治疗方案依从率", "依方案执行", "plan_followed", "plan_offered"),
)
_MISSING: Final = (
    _gap("terms-unmapped", "未映射名称出现次数", "次", "term", each=False),
    _gap("terms-unmapped-different", "未映射名称数", "个", "term", each=True),
    _gap("questions-unanswered", "无答案问题次数", "次", "question", each=False),
    _gap("questions-unanswered-different", "无答案问题数", "个", "question", each=True),
)

INDICATORS: Final = (*_USED, *_INFERRED, *_FOLLOWED, *_CONCORDANT, *_MISSING)
