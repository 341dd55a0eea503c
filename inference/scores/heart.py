"""Heart failure and the ECG: NYHA, H2FPEF, QTc.

Sources: Criteria Committee of the New York Heart Association, 9th ed. 1994. Reddy YNV, et al. Circulation
2018;138:861-870 (H2FPEF). Bazett HC. Heart 1920;7:353-370. Fridericia LS. Acta Med Scand 1920;53:469-486. Limits of
QTc: Rautaharju PM, et al. J Am Coll Cardiol 2009;53:982-991 (AHA/ACCF/HRS).
"""

from collections.abc import Callable

from clinical.formulas import qtc_bazett, qtc_fridericia
from clinical.logic import Known, Unknown
from inference.score import (
    FEMALE,
    Answers,
    Band,
    Citation,
    Diagnosed,
    Level,
    Score,
    Verdict,
    age,
    measured,
    number,
    over,
    scale,
    sex,
    start,
    yes,
)

_NYHA = Score(
    name="nyha",
    title="NYHA 心功能分级",
    purpose="按日常活动受限程度评定慢性心力衰竭心功能。",
    items=(
        scale(
            "grade",
            "活动受限程度",
            "I级：日常活动不受限，不引起乏力、气促、心悸",
            "II级：轻度受限，休息无症状，日常活动引起症状",
            "III级：明显受限，休息无症状，低于日常的活动即引起症状",
            "IV级：不能从事任何体力活动，休息时也有症状",
            first=1,
        ),
    ),
    bands=(
        Band(1, "I级", Level.LOW, "日常活动不受限。", "控制危险因素，维持指南推荐药物。"),
        Band(2, "II级", Level.MODERATE, "轻度受限。", "优化指南推荐药物，随访。"),
        Band(3, "III级", Level.HIGH, "明显受限。", "优化药物与利尿，评估器械治疗，限盐与体重监测。"),
        Band(4, "IV级", Level.CRITICAL, "休息时有症状。", "住院评估，静脉利尿，评估晚期心衰治疗。"),
    ),
    citation=Citation(
        "Nomenclature and criteria for diagnosis of diseases of the heart and great vessels",
        "New York Heart Association",
        1994,
        "第9版",
    ),
    diseases=("心力衰竭", "心肌病"),
    findings=("呼吸困难",),
    unit="级",
)

_H2FPEF = Score(
    name="h2fpef",
    title="H2FPEF 射血分数保留的心衰评分",
    purpose="不明原因劳力性呼吸困难者，估计射血分数保留的心力衰竭的可能性。",
    items=(
        measured("bmi", start(0), over(30, 2), hours=24 * 365),
        yes("antihypertensives", "使用≥2种降压药", 1),
        yes("af", "心房颤动(阵发或持续)", 3, Diagnosed(("心房颤动",), ever=True)),
        number("pasp", "超声估测肺动脉收缩压", "mmHg", 5, 200, start(0), over(35, 1)),
        age(start(0), over(60, 1)),
        number("e_e", "E/e′", "", 1, 60, start(0), over(9, 1)),
    ),
    bands=(
        Band(0, "低(0~1分)", Level.LOW, "射血分数保留的心衰可能性低。", "寻找其他呼吸困难原因。"),
        Band(2, "中(2~5分)", Level.MODERATE, "可能性中等。", "运动超声或右心导管进一步评估。"),
        Band(6, "高(6~9分)", Level.HIGH, "可能性高(>90%)。", "按射血分数保留的心衰处理并查找病因。"),
    ),
    citation=Citation(
        "A simple, evidence-based approach to help guide diagnosis of heart failure with preserved ejection fraction",
        "Circulation",
        2018,
    ),
    diseases=("心力衰竭",),
    findings=("呼吸困难",),
)


def _qtc(formula: Callable[[Known[float], Known[float]], Known[float]]) -> Callable[[Answers], Verdict]:
    def judge(answers: Answers) -> Verdict:
        value = formula(answers.number("qt"), answers.number("heart_rate"))
        assert not isinstance(value, Unknown)
        value = round(value)
        longest = 460 if answers.choice("sex") == FEMALE else 450
        return Verdict(value, "正常或偏短" if value < longest else "延长" if value < 500 else "显著延长")

    return judge


def _qtc_score(
    name: str, title: str, formula: Callable[[Known[float], Known[float]], Known[float]], source: Citation
) -> Score:
    return Score(
        name=name,
        title=title,
        purpose="按心率校正QT间期，评估尖端扭转型室速风险。",
        items=(measured("qt"), number("heart_rate", "心率(同一心电图)", "次/分", 20, 300), sex()),
        bands=(
            Band(0, "正常或偏短", Level.NONE, "男性<450 ms，女性<460 ms。", "不需特殊处理；<390 ms者留意短QT。"),
            Band(
                450,
                "延长",
                Level.MODERATE,
                "男性≥450 ms，女性≥460 ms。",
                "查血钾、血镁、血钙，审查致QT延长药物并复查。",
            ),
            Band(
                500,
                "显著延长",
                Level.HIGH,
                "≥500 ms，尖端扭转风险明显升高。",
                "停用或更换致QT延长药物，补钾补镁，心电监护。",
            ),
        ),
        citation=source,
        diseases=("QT间期延长", "尖端扭转型室性心动过速"),
        findings=("晕厥",),
        judge=_qtc(formula),
        unit="ms",
    )


SCORE = (
    _NYHA,
    _H2FPEF,
    _qtc_score(
        "qtc-bazett",
        "QTc(Bazett)",
        qtc_bazett,
        Citation("An analysis of the time-relations of electrocardiograms", "Heart", 1920, "界值：AHA/ACCF/HRS 2009"),
    ),
    _qtc_score(
        "qtc-fridericia",
        "QTc(Fridericia)",
        qtc_fridericia,
        Citation("Die Systolendauer im Elektrokardiogramm", "Acta Med Scand", 1920, "界值：AHA/ACCF/HRS 2009"),
    ),
)
