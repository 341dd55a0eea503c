"""行为监管: before (training), during (alerts), after (clues of violations); what is prescribed out of measure."""

from __future__ import annotations

from typing import Any, Final

from supervision.figures.indicator import (
    Direction,
    Indicator,
    Source,
    Theme,
    counted,
    different,
    number,
    percent,
    total,
)
from supervision.figures.measures import DISCHARGED, SEEN, seen
from supervision.figures.sources import tender

_IN: Final = (Theme.BEHAVIOUR,)
_INSURED: Final = (Theme.BEHAVIOUR, Theme.INSURANCE)
_TENDER: Final = tender("四（六）3 医疗行为监管")
_WASTE: Final = tender("四（十一）6 医保业务指标监管")
_PRESCRIBING: Final = Source("处方管理办法", 2007, "卫生部令第 53 号 第六条")
_BY: Final = ("stage", "rule", "department", "doctor", "disease")
_ROWS: Final = ("stage", "rule", "department", "doctor", "disease", "confirmed", "amount")
_VISIT_ROWS: Final = ("department", "doctor", "disease", "kind")
_LINE_ROWS: Final = ("setting", "department", "doctor", "disease", "drug", "quantity", "amount")
_PRESCRIPTION_ROWS: Final = ("setting", "department", "doctor", "disease", "drug_class", "kinds", "amount")
_STAGES: Final = {"before": "事前", "during": "事中", "after": "事后"}
_DOCTORS: Final = ("department", "doctor", "disease")
_NOT_HERBAL: Final = "drug_class IN ('western', 'patent')"
_WARD_LINES: Final = "setting = 'inpatient'"


def _clues(name: str, title: str, where: str = "", **more: Any) -> Indicator:
    return number(
        *(name, title, _INSURED, "条", _TENDER, counted("violations", title, where)),
        direction=Direction.LOWER,
        by=_BY,
        rows=_ROWS,
        **more,
    )


def _amount(name: str, title: str, where: str = "", **more: Any) -> Indicator:
    return Indicator(
        *(name, title, _INSURED, "元", _WASTE, total("violations", title, "amount", where)),
        direction=Direction.LOWER,
        by=_BY,
        rows=_ROWS,
        **more,
    )


def _trained(name: str, title: str, what: str, part: str, of: str, of_title: str) -> Indicator:
    """A share of training."""
    return percent(
        *(name, title, _IN, _TENDER),
        counted("trainings", f"{what}的培训人次", f"{of} AND {part}" if of else part),
        counted("trainings", of_title, f"{of} AND {part} IS NOT NULL" if of else f"{part} IS NOT NULL"),
        direction=Direction.HIGHER,
        by=("department", "subject", "induction"),
        rows=("department", "doctor", "subject", part),
        unknown="未记录的人次，分子分母均不计入",
    )


def _seen_with(name: str, title: str, flag: str, what: str) -> Indicator:
    """A share of outpatient and emergency visits."""
    return percent(
        *(name, title, _IN, _TENDER, seen(f"使用{what}的门急诊人次", flag), SEEN),
        direction=Direction.LOWER,
        by=_DOCTORS,
        rows=(*_VISIT_ROWS, flag),
        unknown=f"未记录是否使用{what}的就诊不计入分子，另列条数",
    )


def _ward_lines(name: str, title: str, flag: str, what: str) -> Indicator:
    """A share of the lines of drugs on wards."""
    return percent(
        *(name, title, _IN, _TENDER),
        counted("drug_orders", f"住院{what}用药条数", f"{_WARD_LINES} AND {flag}"),
        counted("drug_orders", "住院用药条数", f"{_WARD_LINES} AND {flag} IS NOT NULL"),
        direction=Direction.LOWER,
        by=(*_DOCTORS, "drug"),
        rows=(*_LINE_ROWS, flag),
        unknown=f"未标明是否{what}的明细，分子分母均不计入",
    )


_BEFORE: Final = (
    number(
        *("trainings", "行为规范培训人次", _IN, "人次", _TENDER, counted("trainings", "行为规范培训人次")),
        direction=Direction.HIGHER,
        by=("department", "subject", "induction"),
        rows=("department", "doctor", "subject", "induction"),
    ),
    number(
        *("trained-doctors", "参加培训的医师数", _IN, "人", _TENDER),
        different("trainings", "参加培训的不同医师数", "doctor"),
        direction=Direction.HIGHER,
        by=("department", "subject", "induction"),
        rows=("department", "doctor", "subject", "induction"),
    ),
    _trained("training-sheets-read", "培训单阅读率", "已阅培训单", "read", "", "已记录是否阅读的培训人次"),
    _trained("trainings-passed", "培训考核合格率", "考核合格", "passed", "examined", "有考核结论的培训人次"),
)
_CLUES: Final = (
    _clues("violations", "违规线索条数"),
    *(
        _clues(f"violations-{stage}", f"{title}违规线索条数", f"stage = '{stage}'")
        for stage, title in _STAGES.items()
    ),
    _clues("violations-confirmed", "核实违规条数", "confirmed", unknown="尚未核实的线索不计入，另列条数"),
    percent(
        *("violations-confirmed-share", "违规线索查实率", _INSURED, _TENDER),
        counted("violations", "核实违规条数", "confirmed"),
        counted("violations", "已有核实结论的线索条数", "confirmed IS NOT NULL"),
        by=_BY,
        rows=_ROWS,
        unknown="尚未核实的线索，分子分母均不计入",
    ),
    _amount("violations-amount", "违规线索涉及金额"),
    _amount("violations-confirmed-amount", "核实违规金额", "confirmed", unknown="尚未核实的线索不计入，另列条数"),
    number(
        *("violating-doctors", "涉及核实违规的医师数", _INSURED, "人", _TENDER),
        different("violations", "涉及核实违规的不同医师数", "doctor", "confirmed"),
        direction=Direction.LOWER,
        by=("stage", "rule", "department"),
        rows=_ROWS,
        unknown="尚未核实的线索不计入，另列条数",
    ),
)
_MEASURE: Final = (
    number(
        *("prescriptions-over-five", "超过 5 种药品的处方数", _IN, "张", _PRESCRIBING),
        counted("prescriptions", "超过 5 种药品的西药、中成药处方数", f"{_NOT_HERBAL} AND kinds > 5"),
        direction=Direction.LOWER,
        warn=0.0,
        by=_DOCTORS,
        rows=_PRESCRIPTION_ROWS,
        unknown="未记药品类别或品种数的处方不计入，另列条数；中药饮片处方不在此限",
    ),
    percent(
        *("prescriptions-over-five-share", "超过 5 种药品的处方占比", _IN, _PRESCRIBING),
        counted("prescriptions", "超过 5 种药品的西药、中成药处方数", f"{_NOT_HERBAL} AND kinds > 5"),
        counted("prescriptions", "品种数明确的西药、中成药处方数", f"{_NOT_HERBAL} AND kinds IS NOT NULL"),
        direction=Direction.LOWER,
        by=_DOCTORS,
        rows=_PRESCRIPTION_ROWS,
        unknown="未记品种数的处方，分子分母均不计入",
    ),
    Indicator(
        *("doctor-prescribed", "门急诊医师开药总金额（大处方排名）", _IN, "元", _TENDER),
        total("prescriptions", "门急诊处方金额", "amount", "setting IN ('outpatient', 'emergency')"),
        by=_DOCTORS,
        rows=_PRESCRIPTION_ROWS,
    ),
    _seen_with("visits-injected", "门急诊患者注射剂使用率", "injection", "注射剂"),
    _seen_with("visits-hormone", "门急诊患者糖皮质激素使用率", "hormone", "糖皮质激素"),
    _ward_lines("ward-injections", "住院注射剂用药占比", "injection", "注射剂"),
    _ward_lines("ward-hormone", "住院糖皮质激素用药占比", "hormone", "糖皮质激素"),
    percent(
        *("insured-drugs", "医保目录内用药金额占比", _INSURED, _TENDER),
        total("drug_orders", "医保目录内药品金额", "amount", "insured"),
        total("drug_orders", "已标明是否医保目录内的药品金额", "amount", "insured IS NOT NULL"),
        direction=Direction.HIGHER,
        by=(*_DOCTORS, "drug"),
        rows=(*_LINE_ROWS, "insured"),
        unknown="未标明是否医保目录内的明细，分子分母均不计入",
    ),
    Indicator(
        *("stay-out-of-pocket", "出院患者次均个人支付", _INSURED, "元", _TENDER),
        total("stays", "出院患者个人支付", "out_of_pocket"),
        DISCHARGED,
        direction=Direction.LOWER,
        by=(*_DOCTORS, "drg", "payer"),
        rows=("department", "doctor", "disease", "drg", "fee", "out_of_pocket"),
    ),
)

INDICATORS: Final = (*_BEFORE, *_CLUES, *_MEASURE)
