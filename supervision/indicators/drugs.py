"""药品: prescriptions, essential medicines, what drugs cost, stock and purchase."""

from __future__ import annotations

from typing import Any, Final

from supervision.figures.indicator import (
    Direction,
    Indicator,
    Theme,
    counted,
    different,
    mean,
    number,
    percent,
    total,
)
from supervision.figures.measures import DRUG_AMOUNT, PRESCRIPTIONS
from supervision.figures.sources import (
    hospital_appraisal,
    pharmacy_quality,
    supply_statistics,
    tender,
)

_IN: Final = (Theme.DRUGS,)
_BEHAVIOUR: Final = (Theme.DRUGS, Theme.BEHAVIOUR)
_POLICY: Final = (Theme.DRUGS, Theme.POLICY)
_WRITTEN: Final = tender("四（十一）3 处方监管")
_SUPPLY: Final = tender("四（十一）3 药品短缺与库存管理分析")
_BOUGHT: Final = tender("四（十一）3 采购分析")
_USED: Final = tender("四（十一）3 药品使用监管")
_PRESCRIPTION_ROWS: Final = ("setting", "department", "doctor", "disease", "drug_class", "kinds", "amount")
_LINE_ROWS: Final = ("setting", "department", "doctor", "disease", "drug", "quantity", "amount")
_STOCK_ROWS: Final = ("goods", "item", "on_hand", "outgoing", "value")
_BY: Final = ("department", "doctor", "disease")
_OUTPATIENT: Final = "setting IN ('outpatient', 'emergency')"
_OUTPATIENT_PRESCRIPTIONS: Final = counted("prescriptions", "门急诊处方数", _OUTPATIENT)
_JUDGED: Final = counted("prescriptions", "已点评且有结论的处方数", "reviewed AND rational IS NOT NULL")
_BOUGHT_DRUGS: Final = total("purchases", "药品采购金额", "amount", "goods = 'drug'")
_BOUGHT_MATERIALS: Final = total("purchases", "耗材采购金额", "amount", "goods = 'material'")
_VARIETIES: Final = counted("stock", "在库药品品种数", "goods = 'drug'")

_PRESCRIPTION: Final[dict[str, Any]] = {"by": _BY, "rows": _PRESCRIPTION_ROWS}


def _of_class(code: str, title: str) -> tuple[Indicator, Indicator]:
    """How many prescriptions are of a class, and which share of all."""
    written = counted("prescriptions", f"{title}处方数", f"drug_class = '{code}'")
    share = tender("四（一）4.1 药品耗材监管")
    return (
        number(f"prescriptions-{code}", f"{title}处方数", _IN, "张", _WRITTEN, written, **_PRESCRIPTION),
        percent(
            f"prescriptions-{code}-share", f"{title}处方占比", _IN, share, written, PRESCRIPTIONS, **_PRESCRIPTION
        ),
    )


_PRESCRIBED: Final = (
    number(
        *("prescriptions", "总处方数", _IN, "张", _WRITTEN),
        PRESCRIPTIONS,
        by=(*_BY, "setting", "drug_class"),
        rows=_PRESCRIPTION_ROWS,
    ),
    *_of_class("western", "西药"),
    *_of_class("patent", "中成药"),
    *_of_class("herbal", "中草药"),
    Indicator(
        *("prescription-cost", "门急诊次均处方金额", _BEHAVIOUR, "元", _WRITTEN),
        total("prescriptions", "门急诊处方金额", "amount", _OUTPATIENT),
        _OUTPATIENT_PRESCRIPTIONS,
        direction=Direction.LOWER,
        **_PRESCRIPTION,
    ),
    Indicator(
        *("prescription-kinds", "门急诊处方平均品种数", _BEHAVIOUR, "种", _WRITTEN),
        total("prescriptions", "门急诊处方药品品种数之和", "kinds", _OUTPATIENT),
        _OUTPATIENT_PRESCRIPTIONS,
        direction=Direction.LOWER,
        **_PRESCRIPTION,
    ),
    percent(
        *("prescriptions-injection", "门急诊注射剂处方占比", _BEHAVIOUR, tender("四（六）3 医疗行为监管")),
        counted("prescriptions", "含注射剂的门急诊处方数", f"{_OUTPATIENT} AND injection"),
        _OUTPATIENT_PRESCRIPTIONS,
        direction=Direction.LOWER,
        **_PRESCRIPTION,
    ),
    percent(
        *("prescriptions-hormone", "门急诊糖皮质激素处方占比", _BEHAVIOUR, tender("四（六）3 医疗行为监管")),
        counted("prescriptions", "含糖皮质激素的门急诊处方数", f"{_OUTPATIENT} AND hormone"),
        _OUTPATIENT_PRESCRIPTIONS,
        direction=Direction.LOWER,
        **_PRESCRIPTION,
    ),
    percent(
        *("prescriptions-commented", "处方点评率", _BEHAVIOUR, pharmacy_quality("处方点评率")),
        counted("prescriptions", "已点评处方数", "reviewed"),
        PRESCRIPTIONS,
        direction=Direction.HIGHER,
        by=("department", "setting"),
        rows=(*_PRESCRIPTION_ROWS, "rational"),
    ),
    percent(
        *("prescriptions-rational", "处方合格率", _BEHAVIOUR, pharmacy_quality("处方合格率")),
        counted("prescriptions", "点评合理的处方数", "reviewed AND rational"),
        _JUDGED,
        direction=Direction.HIGHER,
        by=_BY,
        rows=(*_PRESCRIPTION_ROWS, "rational"),
        unknown="已点评而没有结论的处方，分子分母均不计入",
    ),
    number(
        *("prescriptions-overdose", "超剂量处方数", _BEHAVIOUR, "张", tender("四（一）4.1 药品耗材监管")),
        counted("prescriptions", "超剂量处方数", "overdose"),
        direction=Direction.LOWER,
        **_PRESCRIPTION,
    ),
    number(
        *("prescriptions-off-indication", "适应证不符处方数", _BEHAVIOUR, "张", tender("四（一）4.1 药品耗材监管")),
        counted("prescriptions", "适应证不符处方数", "off_indication"),
        direction=Direction.LOWER,
        **_PRESCRIPTION,
    ),
)
_ESSENTIAL: Final = (
    percent(
        *("essential-prescriptions", "门急诊基本药物处方占比", _POLICY, hospital_appraisal("合理用药")),
        counted("prescriptions", "含基本药物的门急诊处方数", f"{_OUTPATIENT} AND essential"),
        _OUTPATIENT_PRESCRIPTIONS,
        direction=Direction.HIGHER,
        by=_BY,
        rows=(*_PRESCRIPTION_ROWS, "essential"),
    ),
    percent(
        *("essential-use", "基本药物使用率（使用占比）", (*_POLICY, Theme.EVALUATION)),
        tender("四（十一）3 基本药物分析"),
        counted("drug_orders", "基本药物用药条数", "essential"),
        counted("drug_orders", "用药条数", "essential IS NOT NULL"),
        direction=Direction.HIGHER,
        by=(*_BY, "setting"),
        rows=(*_LINE_ROWS, "essential"),
        unknown="未标明是否基本药物的明细，分子分母均不计入",
    ),
    Indicator(
        *("essential-amount", "基药金额", _IN, "元", tender("四（十一）3 药占比监管")),
        total("drug_orders", "基本药物使用金额", "amount", "essential"),
        by=_BY,
        rows=(*_LINE_ROWS, "essential"),
    ),
    percent(
        *("essential-amount-share", "基药费用率", _POLICY, supply_statistics("基本药物金额占比")),
        total("drug_orders", "基本药物使用金额", "amount", "essential"),
        DRUG_AMOUNT,
        direction=Direction.HIGHER,
        by=_BY,
        rows=(*_LINE_ROWS, "essential"),
    ),
    number(
        *("essential-varieties", "基本药物目录内品种数", _IN, "种", tender("四（一）4.1 药品耗材监管")),
        different("stock", "在库基本药物品种数", "item", "goods = 'drug' AND essential"),
        rows=_STOCK_ROWS,
    ),
    percent(
        *("essential-stocked-share", "基本药物配备率", _POLICY, tender("四（十一）3 基本药物分析")),
        counted("stock", "在库基本药物品种数", "goods = 'drug' AND essential"),
        _VARIETIES,
        direction=Direction.HIGHER,
        rows=(*_STOCK_ROWS, "essential"),
    ),
)
_USE: Final = (
    Indicator(
        *("drug-amount", "药品使用金额", _IN, "元", _USED, DRUG_AMOUNT),
        by=(*_BY, "drug", "atc", "drug_class"),
        rows=_LINE_ROWS,
    ),
    number(
        *("drug-lines", "用药条数（使用频次）", _IN, "条", _USED),
        counted("drug_orders", "用药条数"),
        by=(*_BY, "drug", "atc"),
        rows=_LINE_ROWS,
    ),
    percent(
        *("monitored-drug-share", "重点监控药品金额占比", _BEHAVIOUR, hospital_appraisal("费用控制")),
        total("drug_orders", "重点监控药品使用金额", "amount", "monitored"),
        DRUG_AMOUNT,
        direction=Direction.LOWER,
        by=(*_BY, "drug"),
        rows=(*_LINE_ROWS, "monitored"),
    ),
    percent(
        *("procured-drug-share", "集中带量采购药品金额占比", _POLICY, hospital_appraisal("合理用药")),
        total("drug_orders", "集中带量采购药品使用金额", "amount", "procured"),
        DRUG_AMOUNT,
        direction=Direction.HIGHER,
        by=("department", "drug"),
        rows=(*_LINE_ROWS, "procured"),
    ),
    percent(
        *("drugs-traced", "药品追溯码采集率", _POLICY, tender("四（十一）3 药占比监管")),
        counted("drug_orders", "已采集追溯码的用药条数", "drug_class <> 'herbal' AND traced"),
        counted("drug_orders", "西药与中成药用药条数", "drug_class <> 'herbal'"),
        direction=Direction.HIGHER,
        by=("department", "drug"),
        rows=(*_LINE_ROWS, "traced"),
    ),
)
_GOODS: Final = (
    Indicator(
        *("drugs-bought", "药品采购金额", _IN, "元", _BOUGHT, _BOUGHT_DRUGS),
        by=("item", "supplier", "procured"),
        rows=("item", "supplier", "price", "quantity", "amount"),
    ),
    Indicator(
        *("materials-bought", "耗材采购金额", _IN, "元", _BOUGHT, _BOUGHT_MATERIALS),
        by=("item", "supplier"),
        rows=("item", "supplier", "price", "quantity", "amount"),
    ),
    number(
        *("goods-bought-quantity", "采购数量", _IN, "最小包装", _BOUGHT),
        total("purchases", "采购数量", "quantity"),
        by=("goods", "item"),
        rows=("item", "supplier", "price", "quantity", "amount"),
    ),
    Indicator(
        *("purchase-price", "平均采购单价", _IN, "元", _BOUGHT, total("purchases", "采购金额", "amount")),
        total("purchases", "采购数量", "quantity"),
        direction=Direction.LOWER,
        by=("item", "supplier"),
        rows=("item", "supplier", "price", "quantity", "amount"),
    ),
    Indicator(
        *(
            "stock-value",
            "库存金额",
            _IN,
            "元",
            tender("四（十一）3 库房分析"),
            total("stock", "月末库存金额", "value"),
        ),
        by=("goods", "item"),
        rows=(*_STOCK_ROWS, "expires"),
    ),
    number(
        *("stock-quantity", "库存数量", _IN, "最小包装", tender("四（十一）3 库房分析")),
        total("stock", "月末库存数量", "on_hand"),
        by=("goods", "item"),
        rows=_STOCK_ROWS,
    ),
    Indicator(
        *("stock-turnover", "月均库存周转率", _IN, "次/月", _SUPPLY),
        mean("stock", "月均出库金额", "outgoing_value", "goods = 'drug'"),
        mean("stock", "月均库存金额", "value", "goods = 'drug'"),
        direction=Direction.HIGHER,
        by=("item",),
        rows=(*_STOCK_ROWS, "outgoing_value"),
    ),
    number(
        *("stock-short", "短缺药品品种数", _IN, "种", _SUPPLY),
        counted("stock", "短缺药品品种数", "goods = 'drug' AND short"),
        direction=Direction.LOWER,
        warn=0.0,
        by=("item",),
        rows=_STOCK_ROWS,
        unknown="未标明是否短缺的品种不计入，另列条数",
    ),
    number(
        *("stock-expiring", "近效期药品品种数", _IN, "种", tender("四（十一）3 库房分析")),
        counted("stock", "六个月内到期的药品品种数", "goods = 'drug' AND expiring"),
        direction=Direction.LOWER,
        by=("item",),
        rows=(*_STOCK_ROWS, "expires"),
    ),
)

INDICATORS: Final = (*_PRESCRIBED, *_ESSENTIAL, *_USE, *_GOODS)
