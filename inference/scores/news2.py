"""NEWS2, National Early Warning Score 2.

Source: Royal College of Physicians. National Early Warning Score (NEWS) 2. London: RCP, 2017.
"""

from inference.score import (
    Answers,
    Band,
    Citation,
    Level,
    Part,
    Population,
    Score,
    at,
    keyed,
    measured,
    over,
    start,
    yes,
)

_SINGLE = ("respiratory_rate", "systolic", "heart_rate", "consciousness", "temperature")


def _saturation(answers: Answers) -> float:
    """Scale 1: ≤ 91 3, 92-93 2, 94-95 1. Scale 2 (target 88-92 %): ≤ 83 3, 84-85 2, 86-87 1, and on oxygen
    93-94 1, 95-96 2, ≥ 97 3."""
    spo2 = answers.number("spo2")
    if not answers.yes("scale2"):
        return 3 if spo2 < 92 else 2 if spo2 < 94 else 1 if spo2 < 96 else 0
    if spo2 < 88:
        return 3 if spo2 < 84 else 2 if spo2 < 86 else 1
    if not answers.yes("oxygen") or spo2 < 93:
        return 0
    return 1 if spo2 < 95 else 2 if spo2 < 97 else 3


def _with_oxygen(answers: Answers) -> float:
    return _saturation(answers) + (2 if answers.yes("oxygen") else 0)


def _choose(answers: Answers, total: float) -> str:
    """One single parameter of 3 points asks for a doctor although the total is low."""
    alone = 3 in [_saturation(answers), *(answers.points(field) for field in _SINGLE)]
    return "中低危" if total < 5 and alone else ""


SCORE = Score(
    name="news2",
    title="NEWS2 国家早期预警评分",
    purpose="用生命体征早期发现住院患者病情恶化，决定监测频次与响应级别。",
    items=(
        measured("respiratory_rate", start(3), at(9, 1), at(12, 0), at(21, 2), at(25, 3), hours=12),
        measured("spo2", hours=12, cuts=(84, 86, 88, 92, 93, 94, 95, 96, 97)),
        yes(
            "scale2",
            "使用SpO2标尺2(目标88%~92%)",
            help="仅用于经确认的高碳酸血症型呼吸衰竭，如部分慢性阻塞性肺疾病患者，须由医师决定。",
        ),
        yes("oxygen", "正在吸氧", 2),
        measured("systolic", start(3), over(90, 2), over(100, 1), over(110, 0), at(220, 3), hours=12),
        measured("heart_rate", start(3), over(40, 1), over(50, 0), over(90, 1), over(110, 2), over(130, 3), hours=12),
        keyed(
            "consciousness",
            "意识",
            ("alert", "清醒", 0),
            ("confused", "新发意识模糊", 3),
            ("voice", "对声音有反应", 3),
            ("pain", "对疼痛有反应", 3),
            ("unresponsive", "无反应", 3),
        ),
        measured("temperature", start(3), over(35, 1), over(36, 0), over(38, 1), over(39, 2), hours=12),
    ),
    bands=(
        Band(
            0, "低危", Level.LOW, "总分0~4分，临床恶化风险低。", "0分至少每12小时、1~4分至少每4~6小时测一次生命体征。"
        ),
        Band(
            None,
            "中低危",
            Level.MODERATE,
            "总分虽低，但有单项3分。",
            "护士立即告知经治医师，由其判断是否升级；至少每小时监测。",
        ),
        Band(5, "中危", Level.HIGH, "总分5~6分，须紧急响应。", "医师紧急评估，考虑脓毒症；至少每小时监测。"),
        Band(
            7,
            "高危",
            Level.CRITICAL,
            "总分≥7分，须急救响应。",
            "立即请上级医师与重症团队床旁评估，持续监测，考虑转入高级别监护。",
        ),
    ),
    citation=Citation("National Early Warning Score (NEWS) 2", "Royal College of Physicians (London)", 2017),
    population=Population("≥16岁，非妊娠", 16, excluded=("妊娠",)),
    diseases=("脓毒症", "肺炎", "休克", "呼吸衰竭", "严重感染", "慢性阻塞性肺疾病急性加重"),
    findings=("发热", "呼吸困难", "意识障碍"),
    stages=("encounter-start",),
    parts=(Part(("spo2", "scale2", "oxygen"), _with_oxygen),),
    choose=_choose,
)
