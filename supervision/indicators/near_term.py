"""行为监管, 近期同类管理: what was recognised rather than repeated, what was repeated and why, the money of both."""

from __future__ import annotations

from typing import Any, Final

from supervision.figures.indicator import Direction, Indicator, Measure, Theme, counted, number, percent, total
from supervision.figures.sources import tender

_IN: Final = (Theme.BEHAVIOUR,)
_SHARED: Final = (Theme.BEHAVIOUR, Theme.SERVICES)
_TESTS: Final = tender("四（四）近期同类管理")
_EXAMS: Final = tender("四（四）近期同类管理（1）重复检查提醒")
_LABS: Final = tender("四（四）近期同类管理（2）重复检验提醒")
_DRUGS: Final = tender("四（四）近期同类管理（3）重复用药提醒")
_BY: Final = ("kind", "setting", "department", "doctor", "disease", "item", "reason")
_ROWS: Final = ("kind", "setting", "department", "doctor", "disease", "item", "gap_days", "reason", "amount")
_DRUG_BY: Final = ("kind", "setting", "department", "doctor", "disease", "drug", "antimicrobial", "reason")
_DRUG_ROWS: Final = ("kind", "setting", "department", "doctor", "disease", "drug", "gap_days", "reason", "amount")
_KINDS: Final = {"lab": ("检验", "laboratory", _LABS), "exam": ("检查", "examination", _EXAMS)}
_UNKNOWN: Final = "未判定是否有可互认结果的项目，分子分母均不计入"
_ELIGIBLE: Final = counted("tests", "有可互认结果的检查检验项次", "eligible")
_REPEATED: Final = counted("tests", "近期重复的检查检验项次", "repeated")
_REMINDED: Final = counted("repeated_drugs", "重复用药提醒条数")


def _share(name: str, title: str, part: Measure, whole: Measure, **more: Any) -> Indicator:
    shown = {"by": _BY, "rows": (*_ROWS, "recognised", "reasoned"), "unknown": _UNKNOWN}
    return percent(name, title, _SHARED, _TESTS, part, whole, **(shown | more))


def _sum(name: str, title: str, of: Measure, **more: Any) -> Indicator:
    """Money of tests."""
    return Indicator(name, title, _IN, "元", _TESTS, of, **({"by": _BY, "rows": _ROWS} | more))


def _of_kind(kind: str) -> tuple[Indicator, ...]:
    """Of laboratory tests or of examinations: avoided, repeated, what share of either, money."""
    title, name, source = _KINDS[kind]
    here = f"kind = '{kind}'"
    shown: dict[str, Any] = {"by": _BY[1:], "rows": _ROWS}
    return (
        number(
            *(f"{name}s-avoided", f"互认而避免的{title}项次", _IN, "项次", source),
            counted("tests", f"互认而未重复做的{title}项次", f"{here} AND recognised"),
            direction=Direction.HIGHER,
            **shown,
        ),
        number(
            *(f"{name}s-repeated", f"近期重复{title}项次", _IN, "项次", source),
            counted("tests", f"近期重复的{title}项次", f"{here} AND repeated"),
            direction=Direction.LOWER,
            **shown,
        ),
        percent(
            *(f"{name}-recognition", f"{title}结果互认率", _IN, source),
            counted("tests", f"互认而未重复做的{title}项次", f"{here} AND eligible AND recognised"),
            counted("tests", f"有可互认结果的{title}项次", f"{here} AND eligible"),
            direction=Direction.HIGHER,
            unknown=_UNKNOWN,
            **shown,
        ),
        Indicator(
            *(f"{name}s-saved", f"互认节省的{title}费用", _IN, "元", source),
            total("tests", f"互认节省的{title}费用", "saved", f"{here} AND recognised"),
            direction=Direction.HIGHER,
            by=_BY[1:],
            rows=(*_ROWS, "saved"),
        ),
    )


def _drug_money(name: str, title: str, where: str, direction: Direction) -> Indicator:
    return Indicator(
        *(name, title, _IN, "元", _DRUGS, total("repeated_drugs", title, "amount", where)),
        direction=direction,
        by=_DRUG_BY,
        rows=_DRUG_ROWS,
    )


_ALL: Final = (
    number(
        *("tests-eligible", "有近期可互认结果的检查检验项次", _IN, "项次", _TESTS, _ELIGIBLE),
        by=_BY,
        rows=_ROWS,
        unknown="未判定是否有可互认结果的项目不计入，另列条数",
    ),
    _share(
        *("recognition", "检查检验结果互认率", counted("tests", "互认的项次", "eligible AND recognised"), _ELIGIBLE),
        direction=Direction.HIGHER,
    ),
    _share(
        *("tests-repeated-share", "检查检验近期重复率"),
        _REPEATED,
        counted("tests", "实际所做的检查检验项次", "recognised = false AND repeated IS NOT NULL"),
        direction=Direction.LOWER,
        unknown="未判定是否重复的项目，分子分母均不计入",
    ),
    _share(
        *("repeats-reasoned", "重复检查检验注明理由率"),
        counted("tests", "重复且注明理由的项次", "repeated AND reasoned"),
        _REPEATED,
        direction=Direction.HIGHER,
        unknown="未记录是否注明理由的重复项目不计入分子，另列条数",
    ),
    number(
        *("repeats-unreasoned", "无理由重复检查检验项次", _IN, "项次", _TESTS),
        counted("tests", "重复且未注明理由的项次", "repeated AND reasoned = false"),
        direction=Direction.LOWER,
        by=_BY,
        rows=_ROWS,
        unknown="未记录是否注明理由的重复项目不计入，另列条数",
    ),
    Indicator(
        *("repeat-gap", "重复检查检验平均间隔", _IN, "天", _TESTS),
        total("tests", "重复项目距上次天数之和", "gap_days", "repeated"),
        counted("tests", "间隔明确的重复项次", "repeated AND gap_days IS NOT NULL"),
        by=_BY,
        rows=_ROWS,
        unknown="间隔不明的重复项目，分子分母均不计入",
    ),
    _sum(
        *("tests-saved", "互认节省的检查检验费用"),
        total("tests", "互认节省金额", "saved", "recognised"),
        direction=Direction.HIGHER,
        rows=(*_ROWS, "saved"),
    ),
    _sum(
        *("repeats-cost", "重复检查检验费用", total("tests", "近期重复项目金额", "amount", "repeated")),
        direction=Direction.LOWER,
    ),
)
_MEDICINES: Final = (
    number(
        *("drug-repeats-reminded", "重复用药提醒条数", _IN, "条", _DRUGS, _REMINDED), by=_DRUG_BY, rows=_DRUG_ROWS
    ),
    number(
        *("drug-repeats-avoided", "提醒后避免的重复用药条数", _IN, "条", _DRUGS),
        counted("repeated_drugs", "提醒后未再开具的条数", "avoided"),
        direction=Direction.HIGHER,
        by=_DRUG_BY,
        rows=_DRUG_ROWS,
    ),
    number(
        *("drug-repeats-kept", "提醒后仍开具的重复用药条数", _IN, "条", _DRUGS),
        counted("repeated_drugs", "提醒后仍开具的条数", "avoided = false"),
        direction=Direction.LOWER,
        by=_DRUG_BY,
        rows=(*_DRUG_ROWS, "reasoned"),
    ),
    percent(
        *("drug-repeats-avoided-share", "重复用药避免率", _IN, _DRUGS),
        counted("repeated_drugs", "提醒后未再开具的条数", "avoided"),
        counted("repeated_drugs", "结果明确的重复用药提醒条数", "avoided IS NOT NULL"),
        direction=Direction.HIGHER,
        by=_DRUG_BY,
        rows=_DRUG_ROWS,
        unknown="结果不明的提醒，分子分母均不计入",
    ),
    percent(
        *("drug-repeats-reasoned", "重复用药注明理由率", _IN, _DRUGS),
        counted("repeated_drugs", "仍开具且注明理由的条数", "avoided = false AND reasoned"),
        counted("repeated_drugs", "提醒后仍开具的条数", "avoided = false"),
        direction=Direction.HIGHER,
        by=_DRUG_BY,
        rows=(*_DRUG_ROWS, "reasoned"),
        unknown="未记录是否注明理由的不计入分子，另列条数",
    ),
    _drug_money("drug-repeats-saved", "避免重复用药节省的费用", "avoided", Direction.HIGHER),
    _drug_money("drug-repeats-cost", "重复用药费用", "avoided = false", Direction.LOWER),
)
_FAMILIES: Final = {
    "duplicate-exam": ("examination-reminders", "重复检查提醒", _EXAMS),
    "duplicate-lab": ("laboratory-reminders", "重复检验提醒", _LABS),
    "duplicate-therapy": ("therapy-reminders", "重复用药提示", _DRUGS),
}


def _reminders(family: str) -> tuple[Indicator, ...]:
    """How often the service reminded while ordering, and how often that was followed."""
    name, title, source = _FAMILIES[family]
    where = f"family = '{family}'"
    shown: dict[str, Any] = {
        "by": ("department", "doctor", "disease", "response", "reason"),
        "rows": ("rule", "department", "doctor", "disease", "response", "reason"),
    }
    shows = counted("findings", f"{title}条数", where)
    return (
        number(*(name, f"开单时{title}条数", _IN, "条", source, shows), **shown),
        percent(
            *(f"{name}-followed", f"{title}采纳率", _IN, source),
            counted("findings", f"采纳的{title}条数", f"{where} AND response = 'accepted'"),
            shows,
            direction=Direction.HIGHER,
            **shown,
        ),
    )


INDICATORS: Final = (
    *_ALL,
    *_of_kind("lab"),
    *_of_kind("exam"),
    *_MEDICINES,
    *(one for family in _FAMILIES for one in _reminders(family)),
)
