"""Comorbidity and readmission: Charlson, LACE.

Sources: Charlson ME, et al. J Chronic Dis 1987;40:373-383; points for age: Charlson M, et al. J Clin Epidemiol
1994;47:1245-1251. van Walraven C, et al. CMAJ 2010;182:551-557.
"""

from inference.score import (
    Answers,
    Band,
    Citation,
    Diagnosed,
    Level,
    Part,
    Score,
    age,
    at,
    number,
    start,
    yes,
)

_LIVER = ("mild_liver", "severe_liver")
_DIABETES = ("diabetes", "diabetes_organ")
_TUMOUR = ("tumour", "metastatic")


def _worse(*fields: str) -> Part:
    """Of two grades of one disease only the worse counts."""
    return Part(fields, lambda answers: max(answers.points(field) for field in fields))


def _had(*names: str) -> Diagnosed:
    return Diagnosed(names, ever=True)


_CHARLSON = Score(
    name="charlson",
    title="Charlson 合并症指数(年龄校正)",
    purpose="量化合并症负担，估计长期死亡风险。",
    items=(
        age(start(0), at(50, 1), at(60, 2), at(70, 3), at(80, 4)),
        yes("infarction", "心肌梗死", 1, _had("急性心肌梗死")),
        yes("heart_failure", "充血性心力衰竭", 1, _had("心力衰竭")),
        yes("peripheral", "外周血管疾病", 1, _had("外周动脉疾病", "主动脉瘤")),
        yes("cerebrovascular", "脑血管疾病", 1, _had("脑卒中", "短暂性脑缺血发作", "脑梗死后遗症")),
        yes("dementia", "痴呆", 1, _had("痴呆")),
        yes("lung", "慢性肺病", 1, _had("慢性阻塞性肺疾病", "间质性肺疾病")),
        yes("connective", "结缔组织病", 1, _had("类风湿关节炎", "系统性红斑狼疮", "皮肌炎", "系统性硬化症")),
        yes("ulcer", "消化性溃疡", 1, _had("消化性溃疡")),
        yes("mild_liver", "轻度肝病(无门脉高压)", 1, _had("慢性肝炎", "慢性乙型肝炎")),
        yes("diabetes", "糖尿病(无靶器官损害)", 1, _had("糖尿病")),
        yes("hemiplegia", "偏瘫", 2, _had("偏瘫")),
        yes("renal", "中重度肾病", 2, _had("透析", "肾移植状态")),
        yes("diabetes_organ", "糖尿病伴靶器官损害", 2, _had("糖尿病肾病", "糖尿病视网膜病变", "糖尿病周围神经病变")),
        yes("tumour", "实体肿瘤(无转移，5年内)", 2),
        yes("leukaemia", "白血病", 2, _had("白血病")),
        yes("lymphoma", "淋巴瘤", 2, _had("淋巴瘤")),
        yes("severe_liver", "中重度肝病(肝硬化伴门脉高压)", 3, _had("失代偿期肝硬化")),
        yes("metastatic", "转移性实体肿瘤", 6, _had("恶性肿瘤转移", "骨转移", "脑转移")),
        yes("aids", "艾滋病", 6),
    ),
    bands=(
        Band(0, "0分", Level.NONE, "无计分合并症。", "常规处理。"),
        Band(1, "1~2分", Level.LOW, "轻度合并症负担。", "常规处理，控制合并症。"),
        Band(3, "3~4分", Level.MODERATE, "中度合并症负担。", "治疗决策计入合并症，审查多重用药。"),
        Band(5, "≥5分", Level.HIGH, "重度合并症负担，长期死亡风险高。", "多学科讨论治疗目标与强度，审查多重用药。"),
    ),
    citation=Citation(
        "A new method of classifying prognostic comorbidity in longitudinal studies",
        "J Chronic Dis",
        1987,
        "年龄计分：1994",
    ),
    diseases=("恶性肿瘤", "心力衰竭", "慢性肾脏病", "慢性阻塞性肺疾病"),
    parts=(_worse(*_LIVER), _worse(*_DIABETES), _worse(*_TUMOUR)),
)


def _comorbidity(answers: Answers) -> float:
    """The points themselves up to 3, and 5 from 4 on."""
    points = answers.number("comorbidity")
    return 5 if points >= 4 else float(int(points))


_LACE = Score(
    name="lace",
    title="LACE 再入院风险指数",
    purpose="出院时估计30天内死亡或非计划再入院风险。",
    items=(
        number(
            "days", "住院天数", "天", 0, 1000, start(0), at(1, 1), at(2, 2), at(3, 3), at(4, 4), at(7, 5), at(14, 7)
        ),
        yes("acute", "急诊入院", 3),
        number(
            "comorbidity",
            "合并症分(LACE版)",
            "分",
            0,
            30,
            cuts=(1, 2, 3, 4),
            help="心梗、脑血管病、外周血管病、无并发症糖尿病各1；心衰、有并发症糖尿病、慢性肺病、轻度肝或肾病、任何肿瘤各2；"
            "痴呆、结缔组织病各3；艾滋病、中重度肝或肾病各4；转移瘤6。",
        ),
        number("visits", "入院前6个月急诊次数", "次", 0, 100, start(0), at(1, 1), at(2, 2), at(3, 3), at(4, 4)),
    ),
    bands=(
        Band(0, "低(0~4分)", Level.LOW, "再入院风险低。", "常规出院宣教。"),
        Band(5, "中(5~9分)", Level.MODERATE, "再入院风险中等。", "出院后2周内随访，核对用药。"),
        Band(10, "高(≥10分)", Level.HIGH, "再入院风险高。", "出院计划与药师核对用药，48~72小时电话随访，7天内复诊。"),
    ),
    citation=Citation(
        "Derivation and validation of an index to predict early death or unplanned readmission after discharge",
        "CMAJ",
        2010,
    ),
    diseases=("心力衰竭", "慢性阻塞性肺疾病急性加重"),
    stages=("encounter-discharge",),
    parts=(Part(("comorbidity",), _comorbidity),),
)

SCORE = (_CHARLSON, _LACE)
