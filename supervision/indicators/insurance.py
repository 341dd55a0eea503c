"""医保: what settlements come to, how much of it is refunded, where the fund goes, who travels for care."""

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
from supervision.figures.sources import tender

_IN: Final = (Theme.INSURANCE,)
_MIXED: Final = (Theme.INSURANCE, Theme.REFERRAL)
_TENDER: Final = tender("四（十一）6 医保业务指标监管")
_PAYMENT: Final = tender("四（八）医保业务协同服务")
_BY: Final = ("setting", "place", "insurance", "department", "disease")
_ROWS: Final = ("insurance", "setting", "place", "department", "disease", "total", "fund")
_CARE: Final = "setting IN ('outpatient', 'inpatient')"
_AWAY: Final = f"{_CARE} AND place IN ('league', 'outside')"
_OUTSIDE: Final = f"{_CARE} AND place = 'outside'"
_PLACED: Final = f"{_CARE} AND place IS NOT NULL"
_NO_PLACE: Final = "未记就医地的结算，分子分母均不计入；不含药店购药"
_TOTAL: Final = total("settlements", "结算医药费用", "total")
_FUND: Final = total("settlements", "统筹基金支付", "fund")
_SETTLED: Final = counted("settlements", "结算人次")
_CARED: Final = counted("settlements", "就医地明确的就诊人次", _PLACED)


def _money(name: str, title: str, column: str, where: str = "", *rows: str, **more: Any) -> Indicator:
    """An amount of the settlements."""
    return Indicator(
        *(name, title, _IN, "元", _TENDER, total("settlements", title, column, where)),
        by=_BY,
        rows=(*_ROWS, *rows),
        **more,
    )


def _part(name: str, title: str, part: str, where: str = "", **more: Any) -> Indicator:
    """A share of the money of settlements that tell both."""
    both = " AND ".join(filter(None, (where, f"{part} IS NOT NULL AND total IS NOT NULL")))
    return percent(
        *(name, title, _IN, _TENDER),
        total("settlements", _PARTS[part], part, both),
        total("settlements", "医药费用", "total", both),
        by=_BY,
        rows=(*dict.fromkeys((*_ROWS, part)),),
        unknown="没有填报齐全的结算，分子分母均不计入",
        **more,
    )


def _share(name: str, title: str, part: Measure, whole: Measure, source: Source = _TENDER, **more: Any) -> Indicator:
    """A share of settlements whose place is known."""
    return percent(name, title, _MIXED, source, part, whole, by=_BY, rows=_ROWS, unknown=_NO_PLACE, **more)


def _arrived(fact: str, title: str, where: str) -> tuple[Indicator, ...]:
    """Patients insured in other counties who were cared for here: how many, and what it cost."""
    shared: dict[str, Any] = {
        "by": ("home", "department", "disease"),
        "rows": ("home", "department", "disease", "fee", "fund"),
        "unknown": "未记参保地的就诊不计入，另列条数",
    }
    return (
        number(*(f"arrived-{fact}", f"{title}人次", _MIXED, "人次", _TENDER), counted(fact, title, where), **shared),
        Indicator(
            *(f"arrived-{fact}-cost", f"{title}费用", _IN, "元", _TENDER, total(fact, f"{title}费用", "fee", where)),
            **shared,
        ),
        Indicator(
            *(f"arrived-{fact}-fund", f"{title}医保基金支付", _IN, "元", _TENDER),
            total(fact, f"{title}医保基金支付", "fund", where),
            **shared,
        ),
    )


_PARTS: Final = {"fund": "统筹基金支付", "eligible": "政策范围内费用", "out_of_pocket": "个人支付"}

_EXECUTION: Final = (
    _money("settled", "医保结算总额", "total"),
    number(*("settlements", "医保结算人次", _IN, "人次", _TENDER, _SETTLED), by=_BY, rows=_ROWS),
    _money("fund-paid", "医保统筹基金支付", "fund"),
    _money("outpatient-fund", "门诊统筹基金支付", "fund", "setting = 'outpatient'"),
    _money("inpatient-fund", "住院统筹基金支付", "fund", "setting = 'inpatient'"),
    _money("pharmacy-fund", "药店购药统筹基金支付", "fund", "setting = 'pharmacy'"),
    _money("paid-by-patients", "参保人员个人支付", "out_of_pocket", "", "out_of_pocket"),
    Indicator(
        *("settlement-cost", "医保次均结算费用", _IN, "元", _TENDER, _TOTAL, _SETTLED),
        direction=Direction.LOWER,
        by=_BY,
        rows=_ROWS,
    ),
    Indicator(
        *("settlement-days", "医保结算周期", _IN, "天", _TENDER),
        total("settlements", "申报到拨付天数之和", "cycle_days"),
        counted("settlements", "已拨付的结算人次", "cycle_days IS NOT NULL"),
        direction=Direction.LOWER,
        by=_BY,
        rows=(*_ROWS, "cycle_days"),
        unknown="尚未拨付的结算，分子分母均不计入",
    ),
)
_REFUNDED: Final = (
    _part("reimbursed", "医保报销比例", "fund", direction=Direction.HIGHER),
    _part("outpatient-reimbursed", "门诊费用报销比例", "fund", "setting = 'outpatient'", direction=Direction.HIGHER),
    percent(
        *("eligible-reimbursed", "政策范围内费用报销比例", _IN, _TENDER),
        total("settlements", "统筹基金支付", "fund", "fund IS NOT NULL AND eligible IS NOT NULL"),
        total("settlements", "政策范围内费用", "eligible", "fund IS NOT NULL AND eligible IS NOT NULL"),
        direction=Direction.HIGHER,
        by=_BY,
        rows=(*_ROWS, "eligible"),
        unknown="没有填报齐全的结算，分子分母均不计入",
    ),
    _part("eligible-share", "政策范围内费用占比", "eligible", direction=Direction.HIGHER),
    _part("patients-share", "参保人员个人支付占比", "out_of_pocket", direction=Direction.LOWER),
)
_CONTROL: Final = (
    Indicator(
        *("settled-growth", "医疗费用增长率", _IN, "%", _PAYMENT, _TOTAL),
        growth=True,
        direction=Direction.LOWER,
        by=_BY,
        rows=_ROWS,
        unknown="上年同期没有结算的机构，没有增长率",
    ),
    Indicator(
        *("fund-growth", "医保统筹基金支付增长率", _IN, "%", _TENDER, _FUND),
        growth=True,
        direction=Direction.LOWER,
        by=_BY,
        rows=_ROWS,
        unknown="上年同期没有结算的机构，没有增长率",
    ),
    Indicator(
        *("settlement-cost-growth", "医保次均结算费用增幅", _IN, "%", _TENDER, _TOTAL, _SETTLED),
        growth=True,
        direction=Direction.LOWER,
        by=_BY,
        rows=_ROWS,
        unknown="上年同期没有结算的机构，没有增长率",
    ),
    _money("refused", "医保审核拒付金额", "refused", "", "refused", direction=Direction.LOWER),
    percent(
        *("refused-share", "医保审核拒付率", _IN, _TENDER),
        total("settlements", "审核拒付金额", "refused", "refused IS NOT NULL AND fund IS NOT NULL"),
        total("settlements", "申报基金金额", "fund + refused", "refused IS NOT NULL AND fund IS NOT NULL"),
        direction=Direction.LOWER,
        by=_BY,
        rows=(*_ROWS, "refused"),
        unknown="未报拒付金额的结算，分子分母均不计入",
    ),
    Indicator(
        *("care-for-fund", "每万元统筹基金对应的就诊人次", _IN, "人次", _TENDER),
        counted("settlements", "有基金支付记录的就诊人次", f"{_CARE} AND fund IS NOT NULL"),
        total("settlements", "门诊与住院统筹基金支付", "fund", _CARE),
        10_000.0,
        by=_BY,
        rows=_ROWS,
        unknown="未报基金支付的结算，分子分母均不计入；不含药店购药",
    ),
    Indicator(
        *("fund-per-insured", "参保人员人均统筹基金支付", _IN, "元", _TENDER, _FUND),
        total("population", "参保人数", "insured", "segment = 'all'"),
        rows=_ROWS,
        unknown="未报参保人数的机构单列时没有数值",
    ),
)
_TRAVELLED: Final = (
    number(
        *("care-away", "域外就医人次", _MIXED, "人次", _TENDER),
        counted("settlements", "旗县域外就诊人次", _AWAY),
        direction=Direction.LOWER,
        by=_BY,
        rows=_ROWS,
        unknown="未记就医地的结算不计入，另列条数；不含药店购药",
    ),
    _money("care-away-cost", "域外就医费用", "total", _AWAY),
    _money("care-away-fund", "域外就医统筹基金支付", "fund", _AWAY),
    _share(
        *("care-away-share", "县域外就诊率", counted("settlements", "旗县域外就诊人次", _AWAY), _CARED),
        direction=Direction.LOWER,
        source=_PAYMENT,
    ),
    _share(
        *("league-outside-share", "盟外就诊率", counted("settlements", "盟外就诊人次", _OUTSIDE), _CARED),
        direction=Direction.LOWER,
    ),
    _share(
        *("fund-away-share", "域外就医基金支出占比"),
        total("settlements", "旗县域外统筹基金支付", "fund", _AWAY),
        total("settlements", "就医地明确的统筹基金支付", "fund", _PLACED),
        direction=Direction.LOWER,
    ),
    Indicator(
        *("care-away-mean-cost", "域外就医次均费用", _IN, "元", _TENDER),
        total("settlements", "旗县域外就医费用", "total", _AWAY),
        counted("settlements", "旗县域外就诊人次", _AWAY),
        direction=Direction.LOWER,
        by=_BY,
        rows=_ROWS,
    ),
)
_ARRIVED: Final = (
    *_arrived("visits", "流入门急诊就医", "kind IN ('outpatient', 'emergency') AND visitor"),
    *_arrived("stays", "流入住院就医", "visitor"),
)

INDICATORS: Final = (*_EXECUTION, *_REFUNDED, *_CONTROL, *_TRAVELLED, *_ARRIVED)
