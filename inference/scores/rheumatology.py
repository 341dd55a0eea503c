"""Rheumatoid arthritis: DAS28 with CRP and with ESR, CDAI, SDAI.

Sources: Prevoo ML, et al. Arthritis Rheum 1995;38:44-48 (DAS28). Wells G, et al. Ann Rheum Dis 2009;68:954-960
(DAS28-CRP). Aletaha D, Smolen J. Clin Exp Rheumatol 2005;23(5 Suppl 39):S100-S108 (CDAI, SDAI).
"""

from math import log, sqrt

from inference.score import Answers, Band, Citation, Level, Score, Verdict, measured, number

_RA = ("类风湿关节炎",)
_JOINTS = (
    number("tender", "压痛关节数(28关节)", "个", 0, 28),
    number("swollen", "肿胀关节数(28关节)", "个", 0, 28),
)
_GLOBAL = number("patient", "患者总体评估(VAS 0~100)", "mm", 0, 100)
_TEN = (
    number("patient", "患者总体评估(VAS 0~10)", "cm", 0, 10),
    number("physician", "医师总体评估(VAS 0~10)", "cm", 0, 10),
)
_REMISSION = "维持治疗，持续缓解者可考虑减量。"
_LOW = "低疾病活动，维持并争取缓解。"
_ACTIVE = "未达标，1~3个月内复评并调整治疗。"


def _bands(low: float, moderate: float, high: float, below: bool) -> tuple[Band, ...]:
    """Remission below a limit, or up to it; the others up to theirs."""
    return (
        Band(0, "缓解", Level.NONE, f"{'<' if below else '≤'}{low:g}。", _REMISSION),
        Band(low, "低活动度", Level.LOW, f"至{moderate:g}。", _LOW, over=not below),
        Band(moderate, "中活动度", Level.MODERATE, f">{moderate:g}至{high:g}。", _ACTIVE, over=True),
        Band(high, "高活动度", Level.HIGH, f">{high:g}。", _ACTIVE, over=True),
    )


def _joints(a: Answers) -> float:
    return 0.56 * sqrt(a.number("tender")) + 0.28 * sqrt(a.number("swollen")) + 0.014 * a.number("patient")


def _sum(a: Answers) -> float:
    return sum(a.number(field) for field in ("tender", "swollen", "patient", "physician"))


_DAS_CRP = Score(
    name="das28-crp",
    title="DAS28-CRP 类风湿关节炎活动度",
    purpose="评估类风湿关节炎疾病活动度(CRP)。",
    items=(*_JOINTS, measured("crp", hours=24 * 14), _GLOBAL),
    bands=_bands(2.6, 3.2, 5.1, below=True),
    citation=Citation(
        "Validation of the 28-joint Disease Activity Score (DAS28) based on C-reactive protein", "Ann Rheum Dis", 2009
    ),
    diseases=_RA,
    judge=lambda a: Verdict(_joints(a) + 0.36 * log(a.number("crp") + 1) + 0.96),
    unit="",
    digits=2,
    note="界值为DAS28-ESR的界值，DAS28-CRP数值常偏低。",
)
_DAS_ESR = Score(
    name="das28-esr",
    title="DAS28-ESR 类风湿关节炎活动度",
    purpose="评估类风湿关节炎疾病活动度(血沉)。",
    items=(*_JOINTS, measured("esr", hours=24 * 14), _GLOBAL),
    bands=_bands(2.6, 3.2, 5.1, below=True),
    citation=Citation(
        "Modified disease activity scores that include twenty-eight-joint counts", "Arthritis Rheum", 1995
    ),
    diseases=_RA,
    judge=lambda a: Verdict(_joints(a) + 0.70 * log(a.number("esr"))),
    unit="",
    digits=2,
)
_CDAI = Score(
    name="cdai-ra",
    title="CDAI 类风湿关节炎临床活动指数",
    purpose="不用化验评估类风湿关节炎活动度。",
    items=(*_JOINTS, *_TEN),
    bands=_bands(2.8, 10, 22, below=False),
    citation=Citation(
        "The Simplified Disease Activity Index (SDAI) and the Clinical Disease Activity Index (CDAI)",
        "Clin Exp Rheumatol",
        2005,
    ),
    diseases=_RA,
    judge=lambda a: Verdict(_sum(a)),
    digits=1,
)
_SDAI = Score(
    name="sdai-ra",
    title="SDAI 类风湿关节炎简化活动指数",
    purpose="评估类风湿关节炎活动度(含CRP)。",
    items=(*_JOINTS, *_TEN, measured("crp", hours=24 * 14)),
    bands=_bands(3.3, 11, 26, below=False),
    citation=Citation(
        "The Simplified Disease Activity Index (SDAI) and the Clinical Disease Activity Index (CDAI)",
        "Clin Exp Rheumatol",
        2005,
    ),
    diseases=_RA,
    judge=lambda a: Verdict(_sum(a) + a.number("crp") / 10),
    digits=1,
    note="CRP以mg/dL计入(mg/L除以10)。",
)

SCORE = (_DAS_CRP, _DAS_ESR, _CDAI, _SDAI)
