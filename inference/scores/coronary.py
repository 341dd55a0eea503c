"""Acute coronary syndromes: GRACE, TIMI (two), HEART, Killip.

Sources: Granger CB, et al. Arch Intern Med 2003;163:2345-2353 (GRACE, death in hospital; creatinine limits in
mg/dL times 88.4). Antman EM, et al. JAMA 2000;284:835-842 (TIMI UA/NSTEMI). Morrow DA, et al. Circulation
2000;102:2031-2037 (TIMI STEMI). Six AJ, et al. Neth Heart J 2008;16:191-196 and Backus BE, et al. Int J Cardiol
2013;168:2153-2158 (HEART). Killip T, Kimball JT. Am J Cardiol 1967;20:457-464.
"""

from inference.score import (
    Band,
    Citation,
    Diagnosed,
    Level,
    Score,
    Taking,
    age,
    at,
    choice,
    measured,
    over,
    scale,
    start,
    yes,
)

_ACS = ("急性心肌梗死", "不稳定型心绞痛")
_KILLIP = (
    "I级：无心力衰竭征象",
    "II级：肺部啰音<50%肺野，或S3、颈静脉压升高",
    "III级：急性肺水肿",
    "IV级：心源性休克",
)

_GRACE = Score(
    name="grace",
    title="GRACE 急性冠脉综合征院内死亡风险评分",
    purpose="估计急性冠脉综合征院内死亡风险，决定介入时机。",
    items=(
        choice("killip", "Killip分级", *zip(_KILLIP, (0, 20, 39, 59), strict=True)),
        measured(
            "systolic",
            start(58),
            over(80, 53),
            at(100, 43),
            at(120, 34),
            at(140, 24),
            at(160, 10),
            at(200, 0),
            help="入院时。",
        ),
        measured(
            "heart_rate",
            start(0),
            over(50, 3),
            at(70, 9),
            at(90, 15),
            at(110, 24),
            at(150, 38),
            at(200, 46),
            help="入院时。",
        ),
        age(start(0), over(30, 8), at(40, 25), at(50, 41), at(60, 58), at(70, 75), at(80, 91), at(90, 100)),
        measured(
            "creatinine",
            start(1),
            at(0.4 * 88.4, 4),
            at(0.8 * 88.4, 7),
            at(1.2 * 88.4, 10),
            at(1.6 * 88.4, 13),
            at(2.0 * 88.4, 21),
            at(4.0 * 88.4, 28),
        ),
        yes("arrest", "入院时心脏骤停", 39),
        yes("st", "ST段偏移", 28),
        yes("enzymes", "心肌标志物升高", 14),
    ),
    bands=(
        Band(0, "低危(≤108分)", Level.LOW, "院内死亡风险<1%(NSTE-ACS)。", "规范药物治疗，出院前缺血评估或择期造影。"),
        Band(
            109,
            "中危(109~140分)",
            Level.MODERATE,
            "院内死亡风险1%~3%(NSTE-ACS)。",
            "住院监护，建议72小时内介入评估。",
        ),
        Band(
            141,
            "高危(>140分)",
            Level.HIGH,
            "院内死亡风险>3%(NSTE-ACS)。",
            "24小时内早期介入；血流动力学不稳者2小时内。",
        ),
    ),
    citation=Citation(
        "Predictors of hospital mortality in the Global Registry of Acute Coronary Events", "Arch Intern Med", 2003
    ),
    diseases=_ACS,
    findings=("胸痛",),
    note="分层为NSTE-ACS院内死亡的界值；STEMI界值为≤125、126~154、≥155分。",
)

_TIMI_NSTE = Score(
    name="timi-nste",
    title="TIMI评分(不稳定型心绞痛/NSTEMI)",
    purpose="估计14天内死亡、心肌梗死或紧急血运重建风险。",
    items=(
        age(start(0), at(65, 1)),
        yes("risk_factors", "≥3项冠心病危险因素(家族史、高血压、高胆固醇、糖尿病、吸烟)", 1),
        yes("stenosis", "已知冠状动脉狭窄≥50%", 1),
        yes("aspirin", "近7天使用阿司匹林", 1, Taking(("阿司匹林",))),
        yes("angina", "24小时内≥2次心绞痛", 1),
        yes("st", "ST段偏移≥0.5 mm", 1),
        yes("markers", "心肌标志物升高", 1),
    ),
    bands=(
        Band(0, "低危(0~2分)", Level.LOW, "14天事件率约4.7%~8.3%。", "药物治疗，无创缺血评估。"),
        Band(3, "中危(3~4分)", Level.MODERATE, "14天事件率约13.2%~19.9%。", "住院监护，评估介入。"),
        Band(5, "高危(5~7分)", Level.HIGH, "14天事件率约26.2%~40.9%。", "强化抗栓，早期介入。"),
    ),
    citation=Citation("The TIMI risk score for unstable angina/non-ST elevation MI", "JAMA", 2000),
    diseases=("不稳定型心绞痛", "急性心肌梗死"),
    findings=("胸痛",),
)


def _stemi_bands() -> tuple[Band, ...]:
    rates = (0.8, 1.6, 2.2, 4.4, 7.3, 12.4, 16.1, 23.4, 26.8, 35.9)
    levels = [Level.LOW] * 3 + [Level.MODERATE] * 2 + [Level.HIGH] * 2 + [Level.CRITICAL] * 3
    return tuple(
        Band(
            points,
            f"{points}分" if points < 9 else ">8分",
            level,
            f"30天死亡率约{rate}%。",
            "尽快再灌注(直接PCI或溶栓)，监护并发症。" if points < 5 else "尽快再灌注，重症监护，评估机械循环支持。",
        )
        for points, (rate, level) in enumerate(zip(rates, levels, strict=True))
    )


_TIMI_STEMI = Score(
    name="timi-stemi",
    title="TIMI评分(STEMI)",
    purpose="估计ST段抬高型心肌梗死30天死亡风险。",
    items=(
        age(start(0), at(65, 2), at(75, 3)),
        yes("history", "糖尿病、高血压或心绞痛病史", 1, Diagnosed(("糖尿病", "高血压"), ever=True)),
        measured("systolic", start(3), at(100, 0), help="入院时。"),
        measured("heart_rate", start(0), over(100, 2), help="入院时。"),
        yes("killip", "Killip II~IV级", 2),
        measured("weight", start(1), at(67, 0), hours=24 * 90),
        yes("anterior", "前壁ST段抬高或左束支传导阻滞", 1),
        yes("late", "发病至治疗>4小时", 1),
    ),
    bands=_stemi_bands(),
    citation=Citation("TIMI risk score for ST-elevation myocardial infarction", "Circulation", 2000),
    diseases=("急性心肌梗死",),
)

_HEART = Score(
    name="heart",
    title="HEART 胸痛评分",
    purpose="急诊胸痛患者6周内主要心脏不良事件风险分层。",
    items=(
        choice("history", "病史可疑程度", ("低度可疑", 0), ("中度可疑", 1), ("高度可疑", 2)),
        choice("ecg", "心电图", ("正常", 0), ("非特异性复极异常、束支阻滞或左室肥厚", 1), ("明显ST段偏移", 2)),
        age(start(0), at(45, 1), at(65, 2)),
        choice(
            "risk_factors",
            "危险因素(高胆固醇、高血压、糖尿病、吸烟、家族史、肥胖)",
            ("无", 0),
            ("1~2项", 1),
            ("≥3项，或有动脉粥样硬化病史", 2),
        ),
        choice("troponin", "肌钙蛋白(按本院上限)", ("≤上限", 0), (">1~3倍上限", 1), (">3倍上限", 2)),
    ),
    bands=(
        Band(0, "低危(0~3分)", Level.LOW, "6周事件率约0.9%~1.7%。", "复查肌钙蛋白阴性者可考虑出院随访。"),
        Band(4, "中危(4~6分)", Level.MODERATE, "6周事件率约12%~16.6%。", "留观，动态心电图与肌钙蛋白，缺血检查。"),
        Band(7, "高危(7~10分)", Level.HIGH, "6周事件率约50%~65%。", "按急性冠脉综合征处理，早期介入评估。"),
    ),
    citation=Citation("Chest pain in the emergency room: value of the HEART score", "Neth Heart J", 2008),
    diseases=_ACS,
    findings=("胸痛", "胸闷"),
)

_KILLIP_CLASS = Score(
    name="killip",
    title="Killip 心功能分级",
    purpose="急性心肌梗死心力衰竭程度分级。",
    items=(scale("grade", "临床表现", *_KILLIP, first=1),),
    bands=(
        Band(1, "I级", Level.LOW, "无心力衰竭征象。", "再灌注与规范药物治疗。"),
        Band(2, "II级", Level.MODERATE, "轻至中度心力衰竭。", "利尿、血管扩张，监测血氧与尿量。"),
        Band(3, "III级", Level.HIGH, "急性肺水肿。", "氧疗或无创通气，静脉利尿与血管扩张，急诊再灌注。"),
        Band(4, "IV级", Level.CRITICAL, "心源性休克。", "急诊血运重建，升压与正性肌力药，评估机械循环支持。"),
    ),
    citation=Citation("Treatment of myocardial infarction in a coronary care unit", "Am J Cardiol", 1967),
    diseases=("急性心肌梗死",),
    unit="级",
)

SCORE = (_GRACE, _TIMI_NSTE, _TIMI_STEMI, _HEART, _KILLIP_CLASS)
