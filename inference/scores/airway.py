"""Airways, sleep, the difficult airway: mMRC, GOLD grade and group, STOP-BANG, Mallampati.

Sources: Bestall JC, et al. Thorax 1999;54:581-586 (mMRC). Global Initiative for Chronic Obstructive Lung Disease,
report 2023 (grades 1-4 and groups A, B, E). Chung F, et al. Anesthesiology 2008;108:812-821 and Br J Anaesth
2012;108:768-775 (STOP-BANG). Samsoon GLT, Young JRB. Anaesthesia 1987;42:487-490 (modified Mallampati). The CAT
questionnaire is protected: its total may be entered, its text is not here.
"""

from inference.score import (
    Answers,
    Band,
    Citation,
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

_COPD = ("慢性阻塞性肺疾病", "慢性阻塞性肺疾病急性加重")
_BREATHLESS = scale(
    "mmrc",
    "呼吸困难程度",
    "仅剧烈活动时气促",
    "平地快走或上缓坡时气促",
    "因气促比同龄人走得慢，或需停下休息",
    "平地走约100 m或数分钟后需停下喘气",
    "气促严重不能离家，或穿脱衣时气促",
)

_MMRC = Score(
    name="mmrc",
    title="mMRC 呼吸困难量表",
    purpose="评定呼吸困难程度。",
    items=(_BREATHLESS,),
    bands=(
        Band(0, "症状较少(0~1级)", Level.LOW, "呼吸困难较轻。", "控制危险因素，按需治疗。"),
        Band(2, "症状较多(2~4级)", Level.MODERATE, "呼吸困难明显。", "优化支气管舒张剂，评估肺康复。"),
    ),
    citation=Citation("Usefulness of the MRC dyspnoea scale as a measure of disability in COPD", "Thorax", 1999),
    diseases=(*_COPD, "间质性肺疾病"),
    findings=("呼吸困难",),
    unit="级",
)

_GOLD_GRADE = Score(
    name="gold-grade",
    title="GOLD 气流受限分级",
    purpose="按支气管舒张后FEV1占预计值对慢阻肺分级。",
    items=(
        number("ratio", "支气管舒张后FEV1/FVC", "%", 5, 100, cuts=(70,)),
        number("fev1", "支气管舒张后FEV1占预计值", "%", 5, 200, cuts=(30, 50, 80)),
    ),
    bands=(
        Band(0, "不符合", Level.NONE, "FEV1/FVC≥70%，不符合慢阻肺的气流受限。", "寻找其他原因，有症状者随访肺功能。"),
        Band(1, "GOLD 1级", Level.LOW, "轻度，FEV1≥80%预计值。", "戒烟，疫苗，按症状与急性加重选药。"),
        Band(2, "GOLD 2级", Level.MODERATE, "中度，FEV1 50%~79%。", "按A/B/E分组用药，肺康复。"),
        Band(3, "GOLD 3级", Level.HIGH, "重度，FEV1 30%~49%。", "按A/B/E分组用药，肺康复，评估氧合。"),
        Band(4, "GOLD 4级", Level.CRITICAL, "极重度，FEV1<30%。", "强化治疗，评估长期氧疗、肺减容或移植。"),
    ),
    citation=Citation("Global strategy for prevention, diagnosis and management of COPD", "GOLD", 2023),
    diseases=_COPD,
    judge=lambda a: Verdict(_gold_grade(a.number("ratio"), a.number("fev1"))),
    unit="级",
)


def _gold_grade(ratio: float, fev1: float) -> float:
    if ratio >= 70:
        return 0
    return 1 if fev1 >= 80 else 2 if fev1 >= 50 else 3 if fev1 >= 30 else 4


def _gold_group(answers: Answers) -> Verdict:
    """E: two moderate exacerbations or one in hospital; else B by mMRC from 2 or CAT from 10; else A."""
    if answers.number("moderate") >= 2 or answers.number("hospital") >= 1:
        return Verdict(3)
    many = answers.has("mmrc") and answers.points("mmrc") >= 2
    return Verdict(2 if many or (answers.has("cat") and answers.number("cat") >= 10) else 1)


_GOLD_GROUP = Score(
    name="gold-group",
    title="GOLD 慢阻肺综合评估分组(A/B/E)",
    purpose="按症状与急性加重史决定慢阻肺初始治疗。",
    items=(
        number("moderate", "过去1年中度急性加重次数(未住院)", "次", 0, 50, cuts=(2,)),
        number("hospital", "过去1年因急性加重住院次数", "次", 0, 50, cuts=(1,)),
        _BREATHLESS,
        number("cat", "CAT总分(如已用持证问卷)", "分", 0, 40, cuts=(10,), optional=True),
    ),
    bands=(
        Band(1, "A组", Level.LOW, "急性加重少，症状少。", "一种支气管舒张剂。"),
        Band(2, "B组", Level.MODERATE, "急性加重少，症状多。", "LABA+LAMA，肺康复。"),
        Band(3, "E组", Level.HIGH, "急性加重高风险。", "LABA+LAMA；嗜酸性粒细胞≥300/μL考虑加吸入激素。"),
    ),
    citation=Citation("Global strategy for prevention, diagnosis and management of COPD", "GOLD", 2023),
    diseases=_COPD,
    judge=_gold_group,
    unit="",
)

_STOP_BANG = Score(
    name="stop-bang",
    title="STOP-BANG 睡眠呼吸暂停筛查",
    purpose="筛查阻塞性睡眠呼吸暂停，常用于术前。",
    items=(
        yes("snoring", "大声打鼾(隔门可闻)", 1),
        yes("tired", "白天常感疲倦困倦", 1),
        yes("observed", "有人见到睡眠中呼吸停止", 1),
        yes("pressure", "有高血压或正在治疗", 1),
        measured("bmi", start(0), over(35, 1), hours=24 * 365),
        age(start(0), over(50, 1)),
        number("neck", "颈围", "cm", 20, 80, start(0), over(40, 1)),
        sex(male=1),
    ),
    bands=(
        Band(0, "低危(0~2分)", Level.LOW, "阻塞性睡眠呼吸暂停低风险。", "按临床处理。"),
        Band(3, "中危(3~4分)", Level.MODERATE, "中等风险。", "考虑睡眠监测，围手术期注意气道与镇静。"),
        Band(5, "高危(5~8分)", Level.HIGH, "高风险。", "睡眠监测；围手术期减少阿片与镇静药，术后监测血氧。"),
    ),
    citation=Citation(
        "STOP questionnaire: a tool to screen patients for obstructive sleep apnea",
        "Anesthesiology",
        2008,
        "分层：Br J Anaesth 2012",
    ),
    diseases=("睡眠呼吸暂停", "肥胖症", "围手术期"),
    note="颈围用原始界值40 cm。",
)

_MALLAMPATI = Score(
    name="mallampati",
    title="Mallampati 气道分级(改良)",
    purpose="术前评估气道插管难度。",
    items=(
        scale(
            "grade",
            "张口伸舌可见结构",
            "I级：软腭、咽腭弓、悬雍垂全部可见",
            "II级：软腭、悬雍垂部分可见，咽腭弓被遮",
            "III级：仅见软腭与悬雍垂根部",
            "IV级：软腭不可见",
            first=1,
        ),
    ),
    bands=(
        Band(1, "I~II级", Level.LOW, "插管困难可能性较低。", "结合甲颏距、张口度等综合评估。"),
        Band(3, "III~IV级", Level.HIGH, "插管困难可能性增加。", "制订困难气道预案，备可视喉镜与上级医师。"),
    ),
    citation=Citation("Difficult tracheal intubation: a retrospective study", "Anaesthesia", 1987),
    diseases=("围手术期",),
    unit="级",
)

SCORE = (_MMRC, _GOLD_GRADE, _GOLD_GROUP, _STOP_BANG, _MALLAMPATI)
