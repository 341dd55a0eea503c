"""Pressure, shock and oxygen: mean arterial pressure, shock index, P/F ratio, alveolar-arterial gradient.

Sources: Evans L, et al. Surviving Sepsis Campaign 2021, Intensive Care Med 2021;47:1181-1247 (MAP 65). Allgöwer M,
Burri C. Dtsch Med Wochenschr 1967;92:1947-1950 and Rady MY, et al. Ann Emerg Med 1994;24:685-690 (shock index). ARDS
Definition Task Force. JAMA 2012;307:2526-2533. Mellemgaard K. Acta Physiol Scand 1966;67:10-20; upper limit by age as
commonly taught: age / 4 + 4 mmHg.
"""

from inference.score import EVERYONE, Answers, Band, Citation, Level, Score, Verdict, age, measured, number

_SHOCK = ("休克", "脓毒症", "消化道出血", "出血", "低血压")
_LUNGS = ("呼吸衰竭", "急性呼吸窘迫综合征", "肺炎", "肺栓塞")

_MAP = Score(
    name="map",
    title="平均动脉压",
    purpose="由收缩压与舒张压计算平均动脉压。",
    items=(measured("systolic"), measured("diastolic")),
    bands=(
        Band(0, "<65", Level.HIGH, "低于感染性休克复苏目标。", "评估灌注与乳酸，补液与升压药。"),
        Band(65, "≥65", Level.NONE, "达到感染性休克复苏的初始目标。", "结合基础血压与灌注判断。"),
    ),
    citation=Citation(
        "Surviving Sepsis Campaign: international guidelines for management of sepsis and septic shock",
        "Intensive Care Med",
        2021,
        "目标65 mmHg",
    ),
    diseases=_SHOCK,
    judge=lambda a: Verdict((a.number("systolic") + 2 * a.number("diastolic")) / 3),
    unit="mmHg",
)

_INDEX = Score(
    name="shock-index",
    title="休克指数",
    purpose="由心率与收缩压识别隐匿性休克。",
    items=(measured("heart_rate"), measured("systolic")),
    bands=(
        Band(0, "正常(≤0.7)", Level.LOW, "正常约0.5~0.7。", "继续监测。"),
        Band(0.7, "升高(0.7~0.9)", Level.MODERATE, "偏高。", "寻找失血、感染、容量不足。", over=True),
        Band(0.9, "明显升高(>0.9)", Level.HIGH, "提示休克或危重。", "立即评估循环，复苏，查乳酸与出血。", over=True),
    ),
    citation=Citation("Schockindex", "Dtsch Med Wochenschr", 1967, "界值0.9：Ann Emerg Med 1994"),
    diseases=_SHOCK,
    judge=lambda a: Verdict(a.number("heart_rate") / a.number("systolic")),
    unit="",
    digits=2,
)

_PF = Score(
    name="pf-ratio",
    title="氧合指数(PaO2/FiO2)",
    purpose="评估氧合并按柏林定义分度。",
    items=(measured("pao2"), number("fio2", "吸入氧浓度", "%", 21, 100)),
    bands=(
        Band(0, "重度(≤100)", Level.CRITICAL, "符合ARDS其他条件时为重度。", "肺保护通气，俯卧位，评估肌松与ECMO。"),
        Band(
            100,
            "中度(101~200)",
            Level.HIGH,
            "符合ARDS其他条件时为中度。",
            "肺保护通气，评估俯卧位(≤150)。",
            over=True,
        ),
        Band(
            200,
            "轻度(201~300)",
            Level.MODERATE,
            "符合ARDS其他条件时为轻度。",
            "氧疗或无创/有创通气，治疗病因。",
            over=True,
        ),
        Band(300, ">300", Level.LOW, "未达急性呼吸窘迫综合征的氧合标准。", "按病情监测。", over=True),
    ),
    citation=Citation("Acute respiratory distress syndrome: the Berlin Definition", "JAMA", 2012),
    diseases=_LUNGS,
    findings=("呼吸困难",),
    judge=lambda a: Verdict(a.number("pao2") / a.number("fio2") * 100),
    unit="mmHg",
    note="ARDS诊断须PEEP/CPAP≥5 cmH2O；海拔>1000 m须按气压校正(乘以气压/760)。",
)


def _gradient(a: Answers) -> Verdict:
    """FiO2 · (pressure - 47) - PaCO2 / 0.8 - PaO2; the limit rises with age."""
    alveolar = a.number("fio2") / 100 * (a.number("pressure") - 47) - a.number("paco2") / 0.8
    value, limit = alveolar - a.number("pao2"), a.number("age") / 4 + 4
    return Verdict(value, "升高" if value > limit else "正常", (f"按年龄预计上限{limit:.0f} mmHg。",))


_GRADIENT = Score(
    name="aa-gradient",
    title="肺泡-动脉氧分压差",
    purpose="鉴别低氧血症原因。",
    items=(
        number("fio2", "吸入氧浓度", "%", 21, 100),
        number("pressure", "大气压", "mmHg", 400, 800, help="海平面760；海拔1500 m约635。"),
        measured("pao2"),
        measured("paco2"),
        age(low=0),
    ),
    bands=(
        Band(-300, "正常", Level.LOW, "不高于年龄预计上限。", "低氧考虑通气不足或吸入氧低。"),
        Band(
            None,
            "升高",
            Level.MODERATE,
            "高于年龄预计上限，提示通气血流失调、分流或弥散障碍。",
            "查肺炎、肺栓塞、肺水肿、间质性肺病等。",
        ),
    ),
    citation=Citation(
        "The alveolar-arterial oxygen difference: its size and components in normal man", "Acta Physiol Scand", 1966
    ),
    population=EVERYONE,
    diseases=_LUNGS,
    findings=("呼吸困难",),
    judge=_gradient,
    unit="mmHg",
    digits=1,
    note="年龄上限适用于吸空气时；吸氧时差值随FiO2升高。",
)

SCORE = (_MAP, _INDEX, _PF, _GRADIENT)
