"""Before and after operations: RCRI, ASA class, modified Aldrete.

Sources: Lee TH, et al. Circulation 1999;100:1043-1049. American Society of Anesthesiologists, Physical Status
Classification System, 2020. Aldrete JA. J Clin Anesth 1995;7:89-91.
"""

from inference.score import (
    Band,
    Citation,
    Diagnosed,
    Level,
    Population,
    Score,
    Taking,
    measured,
    over,
    scale,
    start,
    yes,
)

_SURGERY = ("围手术期", "重大手术")

_RCRI = Score(
    name="rcri",
    title="RCRI 改良心脏风险指数(Lee)",
    purpose="非心脏手术围手术期主要心脏并发症风险。",
    items=(
        yes("surgery", "高危手术(腹腔、胸腔或腹股沟以上血管手术)", 1),
        yes("ischaemia", "缺血性心脏病史", 1, Diagnosed(("冠状动脉粥样硬化性心脏病", "急性心肌梗死"), ever=True)),
        yes("heart_failure", "充血性心力衰竭史", 1, Diagnosed(("心力衰竭",), ever=True)),
        yes("stroke", "卒中或TIA史", 1, Diagnosed(("脑卒中", "脑梗死后遗症", "短暂性脑缺血发作"), ever=True)),
        yes("insulin", "术前使用胰岛素", 1, Taking(("胰岛素类",))),
        measured("creatinine", start(0), over(177, 1), hours=24 * 90),
    ),
    bands=(
        Band(0, "I级(0分)", Level.LOW, "主要心脏并发症约0.4%~0.5%。", "一般无需进一步心脏检查。"),
        Band(1, "II级(1分)", Level.LOW, "约0.9%~1.3%。", "一般可手术，优化药物。"),
        Band(2, "III级(2分)", Level.HIGH, "约3.6%~6.6%。", "评估运动耐量，必要时心脏检查与心内科会诊。"),
        Band(3, "IV级(≥3分)", Level.CRITICAL, "约9%~11%。", "心内科会诊，评估手术获益与方式，术后监测肌钙蛋白。"),
    ),
    citation=Citation(
        "Derivation and prospective validation of a simple index for cardiac risk of major noncardiac surgery",
        "Circulation",
        1999,
    ),
    diseases=_SURGERY,
)

_ASA = Score(
    name="asa",
    title="ASA 体格状态分级",
    purpose="麻醉前评估患者全身状况。",
    items=(
        scale(
            "grade",
            "体格状态",
            "I级：健康",
            "II级：轻度系统性疾病",
            "III级：严重系统性疾病",
            "IV级：持续威胁生命的严重系统性疾病",
            "V级：濒死，不手术难以存活",
            "VI级：脑死亡，供体",
            first=1,
        ),
    ),
    bands=(
        Band(1, "I~II级", Level.LOW, "麻醉耐受力良好。", "常规麻醉准备。"),
        Band(3, "III级", Level.MODERATE, "麻醉有一定风险。", "优化基础疾病，充分准备。"),
        Band(4, "IV~V级", Level.CRITICAL, "麻醉风险很高。", "多学科评估手术必要性，术后重症监护。"),
        Band(6, "VI级", Level.NONE, "供体。", "按器官捐献流程。"),
    ),
    citation=Citation("ASA physical status classification system", "American Society of Anesthesiologists", 2020),
    population=Population("各年龄", 0),
    diseases=_SURGERY,
    unit="级",
    note="急诊手术在级别后加E。",
)

_ALDRETE = Score(
    name="aldrete",
    title="改良Aldrete 麻醉后恢复评分",
    purpose="判断能否离开麻醉恢复室。",
    items=(
        scale("activity", "活动", "不能活动肢体", "能活动两个肢体", "能活动四肢"),
        scale("respiration", "呼吸", "呼吸暂停", "呼吸困难或受限", "能深呼吸与咳嗽"),
        scale("circulation", "循环", "血压较术前变化>50%", "变化20%~50%", "变化<20%"),
        scale("consciousness", "意识", "无反应", "呼唤可醒", "完全清醒"),
        scale("oxygen", "血氧", "吸氧下SpO2<90%", "需吸氧维持SpO2>90%", "吸空气SpO2>92%"),
    ),
    bands=(
        Band(0, "未达标(<9分)", Level.MODERATE, "未达离室标准。", "继续恢复室监护，查原因。"),
        Band(9, "达标(≥9分)", Level.NONE, "达到离室标准。", "结合疼痛、恶心与出血情况离室。"),
    ),
    citation=Citation("The post-anesthesia recovery score revisited", "J Clin Anesth", 1995),
    population=Population("各年龄", 0),
    diseases=_SURGERY,
)

SCORE = (_RCRI, _ASA, _ALDRETE)
