"""Sepsis: qSOFA, SIRS, SOFA, and the coagulopathy of sepsis (SIC).

Sources: Singer M, et al. JAMA 2016;315:801-810 (qSOFA). Bone RC, et al. Chest 1992;101:1644-1655 (SIRS).
Vincent JL, et al. Intensive Care Med 1996;22:707-710 (SOFA). Iba T, et al. BMJ Open 2017;7:e017046 (SIC).
"""

from inference.score import (
    Answers,
    Band,
    Citation,
    Level,
    Part,
    Pick,
    Score,
    at,
    keyed,
    measured,
    number,
    over,
    start,
    yes,
)

_DISEASES = ("脓毒症", "严重感染", "肺炎", "泌尿道感染", "腹腔感染", "血流感染", "感染")

_QSOFA = Score(
    name="qsofa",
    title="qSOFA 快速序贯器官衰竭评分",
    purpose="床旁快速识别疑似感染患者中预后不良的风险。",
    items=(
        measured("respiratory_rate", start(0), at(22, 1), hours=12),
        yes("altered_mentation", "意识改变(GCS<15)", 1),
        measured("systolic", start(1), over(100, 0), hours=12),
    ),
    bands=(
        Band(0, "阴性", Level.LOW, "qSOFA<2分，不能据此排除脓毒症。", "仍怀疑感染者继续监测，必要时做SOFA与乳酸。"),
        Band(
            2,
            "阳性",
            Level.HIGH,
            "qSOFA≥2分，院内死亡与ICU停留延长的风险升高。",
            "查乳酸与器官功能(SOFA)，留取培养，尽早抗感染与液体复苏，提高监护级别。",
        ),
    ),
    citation=Citation("The Third International Consensus Definitions for Sepsis and Septic Shock", "JAMA", 2016),
    diseases=_DISEASES,
    findings=("发热",),
)

_SIRS = Score(
    name="sirs",
    title="SIRS 全身炎症反应综合征标准",
    purpose="判断是否符合全身炎症反应综合征。",
    items=(
        measured("temperature", start(1), at(36, 0), over(38, 1), hours=24),
        measured("heart_rate", start(0), over(90, 1), hours=24),
        measured("respiratory_rate", hours=24, cuts=(20,)),
        measured("paco2", hours=24, cuts=(32,), optional=True, help="未做血气可空。"),
        measured("wbc", hours=24, cuts=(4, 12)),
        number("bands", "未成熟(杆状核)粒细胞", "%", 0, 100, cuts=(10,), optional=True, help="未报告可空。"),
    ),
    bands=(
        Band(0, "不符合", Level.LOW, "少于2项，不符合SIRS。", "按临床继续观察；老年与免疫抑制者可不典型。"),
        Band(
            2,
            "符合",
            Level.MODERATE,
            "≥2项，符合SIRS，病因可为感染或非感染。",
            "寻找感染灶与其他病因，评估SOFA与乳酸。",
        ),
    ),
    citation=Citation("Definitions for sepsis and organ failure (ACCP/SCCM)", "Chest", 1992),
    diseases=(*_DISEASES, "急性胰腺炎"),
    findings=("发热",),
    parts=(
        Part(
            ("respiratory_rate", "paco2"),
            lambda a: float(a.number("respiratory_rate") > 20 or (a.has("paco2") and a.number("paco2") < 32)),
        ),
        Part(
            ("wbc", "bands"),
            lambda a: float(not 4 <= a.number("wbc") <= 12 or (a.has("bands") and a.number("bands") > 10)),
        ),
    ),
    unit="项",
)


def _respiration(answers: Answers) -> float:
    """PaO2/FiO2 < 400 1, < 300 2; 3 and 4 (< 200, < 100) only with respiratory support."""
    pf = answers.number("pf")
    if answers.yes("support") and pf < 200:
        return 4 if pf < 100 else 3
    return 2 if pf < 300 else 1 if pf < 400 else 0


def _circulation(answers: Answers) -> float:
    return max(answers.points("vasopressor"), 1 if answers.number("map") < 70 else 0)


def _kidneys(answers: Answers) -> float:
    """The worse of creatinine (110 µmol/L and more) and urine a day (< 500, < 200 mL)."""
    return max(answers.points("creatinine"), answers.points("urine_24h"))


_SOFA = Score(
    name="sofa",
    title="SOFA 序贯器官衰竭评分",
    purpose="量化六个器官系统的功能障碍，按24小时内最差值。",
    items=(
        measured("pf", hours=24, pick=Pick.LOWEST, cuts=(100, 200, 300, 400)),
        yes("support", "机械通气或其他呼吸支持"),
        measured("platelets", start(4), at(20, 3), at(50, 2), at(100, 1), at(150, 0), hours=24, pick=Pick.LOWEST),
        measured("bilirubin", start(0), at(20, 1), at(33, 2), at(102, 3), over(204, 4), hours=24, pick=Pick.HIGHEST),
        measured("map", hours=24, pick=Pick.LOWEST, cuts=(70,)),
        keyed(
            "vasopressor",
            "血管活性药(至少1小时，μg/kg/min)",
            ("none", "未用", 0),
            ("low", "多巴胺≤5，或任何剂量多巴酚丁胺", 2),
            ("medium", "多巴胺>5，或肾上腺素≤0.1，或去甲肾上腺素≤0.1", 3),
            ("high", "多巴胺>15，或肾上腺素>0.1，或去甲肾上腺素>0.1", 4),
        ),
        measured("gcs", start(4), at(6, 3), at(10, 2), at(13, 1), at(15, 0), hours=24, pick=Pick.LOWEST),
        measured(
            "creatinine", start(0), at(110, 1), at(171, 2), at(300, 3), over(440, 4), hours=24, pick=Pick.HIGHEST
        ),
        measured(
            "urine_24h",
            start(4),
            at(200, 3),
            at(500, 0),
            hours=24,
            optional=True,
            help="未记24小时尿量可空，只按肌酐。",
        ),
    ),
    bands=(
        Band(0, "0~1分", Level.LOW, "无或极轻器官功能障碍。", "继续观察，感染者按病情复评。"),
        Band(
            2,
            "2~6分",
            Level.MODERATE,
            "疑似感染者SOFA较基线升高≥2分即符合脓毒症(Sepsis-3)。",
            "查找感染灶、留培养、抗感染与支持，每日复评看趋势。",
        ),
        Band(7, "7~9分", Level.HIGH, "多器官功能障碍。", "ICU监护，针对受损器官支持，每日复评。"),
        Band(
            10, "≥10分", Level.CRITICAL, "严重多器官功能障碍，死亡风险高。", "ICU救治，评估器官替代治疗与治疗目标。"
        ),
    ),
    citation=Citation("The SOFA score to describe organ dysfunction/failure", "Intensive Care Med", 1996),
    diseases=(*_DISEASES, "休克", "多器官功能障碍综合征", "呼吸衰竭", "急性胰腺炎"),
    parts=(
        Part(("pf", "support"), _respiration),
        Part(("map", "vasopressor"), _circulation),
        Part(("creatinine", "urine_24h"), _kidneys),
    ),
    note="分层(2、7、10分)为展示用；与脓毒症诊断有关的是较基线升高≥2分。",
)

_SIC = Score(
    name="sic",
    title="SIC 脓毒症相关凝血病评分",
    purpose="识别脓毒症患者的凝血病。",
    items=(
        measured("inr", start(0), over(1.2, 1), over(1.4, 2), hours=24, pick=Pick.HIGHEST),
        measured("platelets", start(2), at(100, 1), at(150, 0), hours=24, pick=Pick.LOWEST),
        number(
            "sofa4",
            "四项SOFA之和(呼吸、循环、肝、肾)",
            "分",
            0,
            16,
            start(0),
            at(1, 1),
            at(2, 2),
            help="大于2分按2分计。",
        ),
    ),
    bands=(
        Band(0, "不符合", Level.LOW, "<4分，不符合SIC。", "脓毒症患者每日复评。"),
        Band(4, "符合SIC", Level.HIGH, "≥4分，符合脓毒症相关凝血病。", "治疗原发感染，评估显性DIC(ISTH)与抗凝指征。"),
    ),
    citation=Citation(
        "New criteria for sepsis-induced coagulopathy (SIC) following the revised sepsis definition",
        "BMJ Open",
        2017,
    ),
    diseases=("脓毒症", "凝血功能障碍"),
    choose=lambda answers, total: "不符合" if answers.points("inr", "platelets") <= 2 else "",
)

SCORE = (_QSOFA, _SIRS, _SOFA, _SIC)
