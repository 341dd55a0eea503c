"""Acute appendicitis: Alvarado, AIR.

Sources: Alvarado A. Ann Emerg Med 1986;15:557-564. Andersson M, Andersson RE. World J Surg 2008;32:1843-1849.
"""

from inference.score import EVERYONE, Band, Citation, Level, Score, at, choice, measured, over, start, yes

_ALVARADO = Score(
    name="alvarado",
    title="Alvarado 阑尾炎评分",
    purpose="估计急性阑尾炎可能性。",
    items=(
        yes("migration", "转移性右下腹痛", 1),
        yes("anorexia", "厌食", 1),
        yes("nausea", "恶心呕吐", 1),
        yes("tenderness", "右下腹压痛", 2),
        yes("rebound", "反跳痛", 1),
        measured("temperature", start(0), at(37.3, 1)),
        measured("wbc", start(0), over(10, 2)),
        measured("neutrophils_percent", start(0), over(75, 1)),
    ),
    bands=(
        Band(0, "低(0~4分)", Level.LOW, "阑尾炎可能性低。", "观察或出院，交代复诊，查其他原因。"),
        Band(5, "中(5~6分)", Level.MODERATE, "可能为阑尾炎。", "观察，超声或CT，外科会诊。"),
        Band(7, "高(7~10分)", Level.HIGH, "很可能为阑尾炎。", "外科会诊，影像确认后手术或抗菌治疗。"),
    ),
    citation=Citation("A practical score for the early diagnosis of acute appendicitis", "Ann Emerg Med", 1986),
    population=EVERYONE,
    diseases=("急性阑尾炎",),
    findings=("腹痛",),
)

_AIR = Score(
    name="air",
    title="AIR 阑尾炎炎症反应评分",
    purpose="以炎症指标估计急性阑尾炎可能性。",
    items=(
        yes("vomiting", "呕吐", 1),
        yes("pain", "右下腹痛", 1),
        choice("rebound", "反跳痛或肌紧张", ("无", 0), ("轻", 1), ("中", 2), ("重", 3)),
        measured("temperature", start(0), at(38.5, 1)),
        measured("neutrophils_percent", start(0), at(70, 1), at(85, 2)),
        measured("wbc", start(0), at(10, 1), at(15, 2)),
        measured("crp", start(0), at(10, 1), at(50, 2)),
    ),
    bands=(
        Band(0, "低(0~4分)", Level.LOW, "可能性低。", "一般情况好者门诊随访。"),
        Band(5, "中(5~8分)", Level.MODERATE, "不能确定。", "住院观察，复评，影像检查。"),
        Band(9, "高(9~12分)", Level.HIGH, "可能性高。", "外科会诊，手术评估。"),
    ),
    citation=Citation("The Appendicitis Inflammatory Response score", "World J Surg", 2008),
    population=EVERYONE,
    diseases=("急性阑尾炎",),
    findings=("腹痛",),
)

SCORE = (_ALVARADO, _AIR)
