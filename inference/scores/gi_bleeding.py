"""Upper gastrointestinal bleeding: Glasgow-Blatchford, Rockall, AIMS65.

Sources: Blatchford O, et al. Lancet 2000;356:1318-1321; threshold of 7: Stanley AJ, et al. BMJ 2017;356:i6432.
Rockall TA, et al. Gut 1996;38:316-321. Saltzman JR, et al. Gastrointest Endosc 2011;74:1215-1224.
"""

from inference.score import (
    FEMALE,
    Answers,
    Band,
    Citation,
    Diagnosed,
    Level,
    Part,
    Pick,
    Score,
    age,
    at,
    choice,
    measured,
    over,
    sex,
    start,
    yes,
)

_BLEEDING = ("消化道出血", "消化性溃疡出血", "食管静脉曲张")
_FINDINGS = ("便血",)


def _haemoglobin(answers: Answers) -> float:
    """Men: 120-129 1, 100-119 3, < 100 6. Women: 100-119 1, < 100 6."""
    value, woman = answers.number("hemoglobin"), answers.choice("sex") == FEMALE
    if value < 100:
        return 6
    if value < 120:
        return 1 if woman else 3
    return 0 if woman or value >= 130 else 1


_GBS = Score(
    name="glasgow-blatchford",
    title="Glasgow-Blatchford 上消化道出血评分",
    purpose="内镜前判断上消化道出血是否需要住院干预。",
    items=(
        measured("urea", start(0), at(6.5, 2), at(8, 3), at(10, 4), at(25, 6)),
        sex(),
        measured("hemoglobin", cuts=(100, 120, 130), pick=Pick.LOWEST),
        measured("systolic", start(3), at(90, 2), at(100, 1), at(110, 0)),
        measured("heart_rate", start(0), at(100, 1)),
        yes("melaena", "黑便", 1),
        yes("syncope", "晕厥", 2, Diagnosed(("晕厥",))),
        yes("liver", "肝病", 2, Diagnosed(("肝硬化", "慢性肝炎", "酒精性肝病"))),
        yes("heart_failure", "心力衰竭", 2, Diagnosed(("心力衰竭",))),
    ),
    bands=(
        Band(0, "极低危(0~1分)", Level.LOW, "需要干预或死亡的风险很低。", "可考虑门诊处理与择期内镜。"),
        Band(2, "需住院评估(2~6分)", Level.MODERATE, "可能需要干预。", "住院，静脉抑酸，24小时内内镜。"),
        Band(
            7,
            "高危(≥7分)",
            Level.HIGH,
            "需要内镜治疗的可能性大。",
            "复苏与监护，必要时输血，24小时内内镜，血流动力学不稳者复苏后尽快。",
        ),
    ),
    citation=Citation(
        "A risk score to predict need for treatment for upper-gastrointestinal haemorrhage", "Lancet", 2000
    ),
    diseases=_BLEEDING,
    findings=_FINDINGS,
    parts=(Part(("sex", "hemoglobin"), _haemoglobin),),
)


def _shock(answers: Answers) -> float:
    """Hypotension (systolic < 100) 2, tachycardia (≥ 100) alone 1."""
    return 2.0 if answers.number("systolic") < 100 else float(answers.number("heart_rate") >= 100)


_ROCKALL = Score(
    name="rockall",
    title="Rockall 上消化道出血评分(内镜后)",
    purpose="估计上消化道出血再出血与死亡风险。",
    items=(
        age(start(0), at(60, 1), at(80, 2)),
        measured("systolic", cuts=(100,)),
        measured("heart_rate", cuts=(100,)),
        choice(
            "comorbidity",
            "合并症",
            ("无重大合并症", 0),
            ("心力衰竭、缺血性心脏病或其他重大合并症", 2),
            ("肾衰竭、肝衰竭或播散性恶性肿瘤", 3),
        ),
        choice(
            "diagnosis",
            "内镜诊断",
            ("食管贲门黏膜撕裂，或无病变且无近期出血征象", 0),
            ("其他诊断", 1),
            ("上消化道恶性病变", 2),
        ),
        choice("stigmata", "近期出血征象", ("无或仅黑点", 0), ("上消化道积血、附着血凝块、可见或喷血血管", 2)),
    ),
    bands=(
        Band(0, "低危(0~2分)", Level.LOW, "再出血与死亡风险低。", "可早期进食与出院，治疗病因。"),
        Band(3, "中危(3~4分)", Level.MODERATE, "风险中等。", "住院观察，抑酸，必要时复查内镜。"),
        Band(5, "高危(≥5分)", Level.HIGH, "再出血与死亡风险高。", "监护，内镜止血后大剂量抑酸，备介入与外科。"),
    ),
    citation=Citation("Risk assessment after acute upper gastrointestinal haemorrhage", "Gut", 1996),
    diseases=_BLEEDING,
    parts=(Part(("systolic", "heart_rate"), _shock),),
)

_AIMS65 = Score(
    name="aims65",
    title="AIMS65 上消化道出血评分",
    purpose="估计上消化道出血院内死亡风险。",
    items=(
        measured("albumin", start(1), at(30, 0), hours=48),
        measured("inr", start(0), over(1.5, 1), hours=48),
        yes("mental", "意识改变", 1),
        measured("systolic", start(1), over(90, 0)),
        age(start(0), at(65, 1)),
    ),
    bands=(
        Band(0, "低危(0~1分)", Level.LOW, "院内死亡率约0.3%~1.2%。", "按Blatchford评分决定住院与内镜。"),
        Band(2, "高危(≥2分)", Level.HIGH, "院内死亡风险升高(2分约5.3%，5分约24.5%)。", "监护，复苏，24小时内内镜。"),
    ),
    citation=Citation(
        "A simple risk score accurately predicts in-hospital mortality in acute upper GI bleeding",
        "Gastrointest Endosc",
        2011,
    ),
    diseases=_BLEEDING,
    findings=_FINDINGS,
)

SCORE = (_GBS, _ROCKALL, _AIMS65)
