"""Pulmonary embolism and deep vein thrombosis: Wells, Geneva, PERC, PESI.

Sources: Wells PS, et al. N Engl J Med 2003;349:1227-1235 (DVT). Wells PS, et al. Thromb Haemost 2000;83:416-420
(PE). Le Gal G, et al. Ann Intern Med 2006;144:165-171 (revised Geneva). Kline JA, et al. J Thromb Haemost
2004;2:1247-1255 (PERC). Aujesky D, et al. Am J Respir Crit Care Med 2005;172:1041-1046 (PESI). Jiménez D, et al.
Arch Intern Med 2010;170:1383-1389 (sPESI).
"""

from inference.score import (
    Answers,
    Band,
    Citation,
    Diagnosed,
    Level,
    Part,
    Score,
    Taking,
    age,
    at,
    measured,
    over,
    sex,
    start,
    yes,
)

_VTE = ("静脉血栓栓塞症", "深静脉血栓形成", "肺栓塞")
_PE_FINDINGS = ("呼吸困难", "胸痛", "咯血", "晕厥")
_CANCER = Diagnosed(("恶性肿瘤",))

_WELLS_DVT = Score(
    name="wells-dvt",
    title="Wells 深静脉血栓评分",
    purpose="估计下肢深静脉血栓的验前概率。",
    items=(
        yes("cancer", "活动性癌症(治疗中、6个月内治疗或姑息)", 1, _CANCER),
        yes("paralysis", "下肢瘫痪、轻瘫或近期石膏固定", 1),
        yes("bedridden", "近期卧床≥3天，或12周内全麻/区域麻醉大手术", 1),
        yes("tenderness", "沿深静脉走行局部压痛", 1),
        yes("whole_leg", "全下肢肿胀", 1),
        yes("calf", "患侧小腿周径比健侧大>3 cm(胫骨粗隆下10 cm)", 1),
        yes("pitting", "仅患侧凹陷性水肿", 1),
        yes("collateral", "浅静脉侧支循环(非曲张)", 1),
        yes("previous", "既往深静脉血栓", 1, Diagnosed(("深静脉血栓形成",), ever=True)),
        yes("alternative", "其他诊断的可能性不低于深静脉血栓", -2),
    ),
    bands=(
        Band(-2, "不太可能(<2分)", Level.LOW, "验前概率较低(约6%)。", "查D-二聚体，阴性可排除，阳性行加压超声。"),
        Band(2, "可能(≥2分)", Level.HIGH, "验前概率较高(约28%)。", "行下肢静脉加压超声；等待期间评估抗凝。"),
    ),
    citation=Citation(
        "Evaluation of D-dimer in the diagnosis of suspected deep-vein thrombosis", "N Engl J Med", 2003
    ),
    diseases=("深静脉血栓形成", "肌间静脉血栓形成"),
    findings=("水肿", "肢体疼痛"),
)

_WELLS_PE = Score(
    name="wells-pe",
    title="Wells 肺栓塞评分",
    purpose="估计肺栓塞的验前概率。",
    items=(
        yes("dvt_signs", "深静脉血栓的症状与体征(下肢肿胀与触痛)", 3),
        yes("pe_likely", "肺栓塞较其他诊断更可能", 3),
        measured("heart_rate", start(0), over(100, 1.5)),
        yes("immobile", "卧床≥3天，或4周内手术", 1.5),
        yes("previous", "既往深静脉血栓或肺栓塞", 1.5, Diagnosed(_VTE, ever=True)),
        yes("haemoptysis", "咯血", 1, Diagnosed(("咯血",))),
        yes("cancer", "恶性肿瘤(治疗中、6个月内治疗或姑息)", 1, _CANCER),
    ),
    bands=(
        Band(0, "不太可能(≤4分)", Level.LOW, "肺栓塞不太可能。", "查D-二聚体，阴性可排除，阳性行CT肺动脉造影。"),
        Band(
            4,
            "可能(>4分)",
            Level.HIGH,
            "肺栓塞可能。",
            "直接CT肺动脉造影(禁忌者V/Q显像)；无禁忌时先抗凝。",
            over=True,
        ),
    ),
    citation=Citation(
        "Derivation of a simple clinical model to categorize patients probability of pulmonary embolism",
        "Thromb Haemost",
        2000,
    ),
    diseases=("肺栓塞",),
    findings=_PE_FINDINGS,
    digits=1,
)

_GENEVA = Score(
    name="geneva-revised",
    title="修订版Geneva肺栓塞评分",
    purpose="以客观项目估计肺栓塞验前概率。",
    items=(
        age(start(0), over(65, 1)),
        yes("previous", "既往深静脉血栓或肺栓塞", 3, Diagnosed(_VTE, ever=True)),
        yes("surgery", "1个月内全麻手术或下肢骨折", 2),
        yes("cancer", "活动性恶性肿瘤(或治愈不足1年)", 2, _CANCER),
        yes("leg_pain", "单侧下肢疼痛", 3),
        yes("haemoptysis", "咯血", 2, Diagnosed(("咯血",))),
        measured("heart_rate", start(0), at(75, 3), at(95, 5)),
        yes("palpation", "下肢深静脉触痛且单侧水肿", 4),
    ),
    bands=(
        Band(0, "低(0~3分)", Level.LOW, "验前概率约8%。", "查D-二聚体，阴性可排除。"),
        Band(4, "中(4~10分)", Level.MODERATE, "验前概率约28%。", "查D-二聚体，阳性行CT肺动脉造影。"),
        Band(11, "高(≥11分)", Level.HIGH, "验前概率约74%。", "直接CT肺动脉造影；无禁忌时先抗凝。"),
    ),
    citation=Citation(
        "Prediction of pulmonary embolism in the emergency department: the revised Geneva score",
        "Ann Intern Med",
        2006,
    ),
    diseases=("肺栓塞",),
    findings=_PE_FINDINGS,
)

_PERC = Score(
    name="perc",
    title="PERC 肺栓塞排除标准",
    purpose="临床判断肺栓塞可能性低时，判断能否不做D-二聚体。",
    items=(
        age(start(0), at(50, 1)),
        measured("heart_rate", start(0), at(100, 1)),
        measured("spo2", start(1), at(95, 0), help="不吸氧。海拔高者慎用。"),
        yes("leg_swelling", "单侧下肢肿胀", 1),
        yes("haemoptysis", "咯血", 1, Diagnosed(("咯血",))),
        yes("surgery", "4周内手术或创伤(须插管或住院)", 1),
        yes("previous", "既往深静脉血栓或肺栓塞", 1, Diagnosed(_VTE, ever=True)),
        yes("hormones", "使用雌激素", 1, Taking(("雌激素类", "激素类避孕药"))),
    ),
    bands=(
        Band(0, "PERC阴性", Level.LOW, "8项均无；临床判断低可能性时可排除肺栓塞。", "可不做D-二聚体，寻找其他原因。"),
        Band(1, "PERC阳性", Level.MODERATE, "至少1项，不能据此排除。", "按Wells或Geneva评分，查D-二聚体或影像。"),
    ),
    citation=Citation(
        "Clinical criteria to prevent unnecessary diagnostic testing in suspected pulmonary embolism",
        "J Thromb Haemost",
        2004,
    ),
    findings=_PE_FINDINGS,
    unit="项",
    note="只用于医师判断肺栓塞可能性低(<15%)者。",
)

_LUNG = Diagnosed(("慢性阻塞性肺疾病", "间质性肺疾病"))
_FAILURE = Diagnosed(("心力衰竭",))

_PESI = Score(
    name="pesi",
    title="PESI 肺栓塞严重指数",
    purpose="估计急性肺栓塞30天死亡风险。",
    items=(
        age(),
        sex(male=10),
        yes("cancer", "肿瘤病史", 30, Diagnosed(("恶性肿瘤",), ever=True)),
        yes("heart_failure", "慢性心力衰竭", 10, _FAILURE),
        yes("lung", "慢性肺病", 10, _LUNG),
        measured("heart_rate", start(0), at(110, 20)),
        measured("systolic", start(30), at(100, 0)),
        measured("respiratory_rate", start(0), at(30, 20)),
        measured("temperature", start(20), at(36, 0)),
        yes("mental", "意识改变(定向障碍、嗜睡、昏迷)", 60),
        measured("spo2", start(20), at(90, 0)),
    ),
    bands=(
        Band(0, "I级(≤65分)", Level.LOW, "30天死亡风险极低(0~1.6%)。", "右心与肌钙蛋白正常者可早期出院或门诊治疗。"),
        Band(
            65,
            "II级(66~85分)",
            Level.LOW,
            "30天死亡风险低(1.7%~3.5%)。",
            "右心与肌钙蛋白正常者可早期出院。",
            over=True,
        ),
        Band(
            85,
            "III级(86~105分)",
            Level.MODERATE,
            "30天死亡风险中等(3.2%~7.1%)。",
            "住院，查右心功能与肌钙蛋白。",
            over=True,
        ),
        Band(
            105,
            "IV级(106~125分)",
            Level.HIGH,
            "30天死亡风险高(4.0%~11.4%)。",
            "住院监护，查右心功能与肌钙蛋白。",
            over=True,
        ),
        Band(
            125,
            "V级(>125分)",
            Level.CRITICAL,
            "30天死亡风险很高(10%~24.5%)。",
            "重症监护，恶化时评估再灌注。",
            over=True,
        ),
    ),
    citation=Citation(
        "Derivation and validation of a prognostic model for pulmonary embolism", "Am J Respir Crit Care Med", 2005
    ),
    diseases=("肺栓塞",),
    parts=(Part(("age",), lambda answers: answers.number("age")),),
)


def _chronic(answers: Answers) -> float:
    return float(answers.count("heart_failure", "lung") > 0)


_SPESI = Score(
    name="spesi",
    title="sPESI 简化肺栓塞严重指数",
    purpose="床旁估计急性肺栓塞30天死亡风险。",
    items=(
        age(start(0), over(80, 1)),
        yes("cancer", "肿瘤病史", 1, Diagnosed(("恶性肿瘤",), ever=True)),
        yes("heart_failure", "慢性心力衰竭", 0, _FAILURE),
        yes("lung", "慢性肺病", 0, _LUNG),
        measured("heart_rate", start(0), at(110, 1)),
        measured("systolic", start(1), at(100, 0)),
        measured("spo2", start(1), at(90, 0)),
    ),
    bands=(
        Band(0, "低危(0分)", Level.LOW, "30天死亡风险约1.0%。", "右心与肌钙蛋白正常者可早期出院。"),
        Band(1, "高危(≥1分)", Level.HIGH, "30天死亡风险约10.9%。", "住院，查右心功能与肌钙蛋白进一步分层。"),
    ),
    citation=Citation(
        "Simplification of the pulmonary embolism severity index for prognostication",
        "Arch Intern Med",
        2010,
    ),
    diseases=("肺栓塞",),
    parts=(Part(("heart_failure", "lung"), _chronic),),
)

SCORE = (_WELLS_DVT, _WELLS_PE, _GENEVA, _PERC, _PESI, _SPESI)
