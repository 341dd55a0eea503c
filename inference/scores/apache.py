"""APACHE II.

Source: Knaus WA, Draper EA, Wagner DP, Zimmerman JE. Crit Care Med 1985;13:818-829. Creatinine limits
of 0.6, 1.5, 2.0 and 3.5 mg/dL are taken times 88.4.
"""

from inference.score import (
    Answers,
    Band,
    Citation,
    Level,
    Part,
    Pick,
    Score,
    age,
    at,
    choice,
    measured,
    over,
    start,
    yes,
)

_W = Pick.WORST


def _acidity(answers: Answers) -> float:
    """Arterial pH, or venous bicarbonate where there is no blood gas."""
    return answers.points("ph") if answers.has("ph") else answers.points("bicarbonate")


def _kidneys(answers: Answers) -> float:
    """Creatinine counts double in acute renal failure."""
    return answers.points("creatinine") * (2 if answers.yes("acute_renal_failure") else 1)


SCORE = Score(
    name="apache-ii",
    title="APACHE II 急性生理与慢性健康评分",
    purpose="入ICU首个24小时最差值估计病情严重度与院内死亡风险。",
    items=(
        measured(
            "temperature",
            start(4),
            at(30, 3),
            at(32, 2),
            at(34, 1),
            at(36, 0),
            at(38.5, 1),
            at(39, 3),
            at(41, 4),
            pick=_W,
            help="按肛温(核心体温)。",
        ),
        measured("map", start(4), at(50, 2), at(70, 0), at(110, 2), at(130, 3), at(160, 4), pick=_W),
        measured(
            "heart_rate", start(4), at(40, 3), at(55, 2), at(70, 0), at(110, 2), at(140, 3), at(180, 4), pick=_W
        ),
        measured(
            "respiratory_rate", start(4), at(6, 2), at(10, 1), at(12, 0), at(25, 1), at(35, 3), at(50, 4), pick=_W
        ),
        choice(
            "oxygenation",
            "氧合",
            ("FiO2<50%：PaO2>70 mmHg", 0),
            ("FiO2<50%：PaO2 61~70 mmHg", 1),
            ("FiO2<50%：PaO2 55~60 mmHg", 3),
            ("FiO2<50%：PaO2<55 mmHg", 4),
            ("FiO2≥50%：肺泡动脉氧差<200 mmHg", 0),
            ("FiO2≥50%：肺泡动脉氧差200~349 mmHg", 2),
            ("FiO2≥50%：肺泡动脉氧差350~499 mmHg", 3),
            ("FiO2≥50%：肺泡动脉氧差≥500 mmHg", 4),
        ),
        measured(
            "ph",
            start(4),
            at(7.15, 3),
            at(7.25, 2),
            at(7.33, 0),
            at(7.5, 1),
            at(7.6, 3),
            at(7.7, 4),
            pick=_W,
            optional=True,
            help="无血气时改填碳酸氢根。",
        ),
        measured(
            "bicarbonate",
            start(4),
            at(15, 3),
            at(18, 2),
            at(22, 0),
            at(32, 1),
            at(41, 3),
            at(52, 4),
            pick=_W,
            optional=True,
            help="仅在没有动脉血气时使用。",
        ),
        measured(
            "sodium",
            start(4),
            over(110, 3),
            at(120, 2),
            at(130, 0),
            at(150, 1),
            at(155, 2),
            at(160, 3),
            at(180, 4),
            pick=_W,
        ),
        measured("potassium", start(4), at(2.5, 2), at(3, 1), at(3.5, 0), at(5.5, 1), at(6, 3), at(7, 4), pick=_W),
        measured(
            "creatinine", start(2), at(0.6 * 88.4, 0), at(1.5 * 88.4, 2), at(2 * 88.4, 3), at(3.5 * 88.4, 4), pick=_W
        ),
        yes("acute_renal_failure", "急性肾衰竭(肌酐分加倍)"),
        measured("hematocrit", start(4), at(20, 2), at(30, 0), at(46, 1), at(50, 2), at(60, 4), pick=_W),
        measured("wbc", start(4), at(1, 2), at(3, 0), at(15, 1), at(20, 2), at(40, 4), pick=_W),
        measured("gcs", *(at(value, 15 - value) for value in range(3, 16)), pick=Pick.LOWEST, help="计15减去GCS。"),
        age(start(0), at(45, 2), at(55, 3), at(65, 5), at(75, 6)),
        choice(
            "chronic_health",
            "慢性健康状况(严重器官功能不全或免疫抑制)",
            ("无", 0),
            ("有，择期手术后", 2),
            ("有，非手术或急诊手术后", 5),
            help="入院前已有：肝硬化伴门脉高压，心功能IV级，严重慢性肺病，透析，免疫抑制。",
        ),
    ),
    bands=(
        Band(0, "0~9分", Level.LOW, "病情较轻，非手术患者院内死亡率约4%~8%。", "常规ICU监测，治疗原发病。"),
        Band(
            10,
            "10~19分",
            Level.MODERATE,
            "病情中等，非手术患者院内死亡率约15%~25%。",
            "ICU监护与器官支持，每日评估。",
        ),
        Band(
            20,
            "20~29分",
            Level.HIGH,
            "病情重，非手术患者院内死亡率约40%~55%。",
            "强化器官支持，多学科讨论，与家属沟通。",
        ),
        Band(
            30,
            "≥30分",
            Level.CRITICAL,
            "病情极重，非手术患者院内死亡率约70%以上。",
            "全力器官支持，评估治疗目标，与家属充分沟通。",
        ),
    ),
    citation=Citation("APACHE II: a severity of disease classification system", "Crit Care Med", 1985),
    diseases=("脓毒症", "休克", "多器官功能障碍综合征", "呼吸衰竭", "急性胰腺炎"),
    parts=(
        Part(("ph", "bicarbonate"), _acidity),
        Part(("creatinine", "acute_renal_failure"), _kidneys),
    ),
    any_of=(("ph", "bicarbonate"),),
    note="肌酐以μmol/L计(0.6、1.5、2.0、3.5 mg/dL)；预后为群体估计，不用于个体撤治决定。",
)
