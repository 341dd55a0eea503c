"""Diabetes risk of Chinese adults.

Source: 中国2型糖尿病防治指南(2020年版), 中华糖尿病杂志 2021;13:315-409, after Zhou X, et al. Diabet Med
2013;30:1239-1245.
"""

from inference.score import (
    FEMALE,
    Answers,
    Band,
    Citation,
    Level,
    Part,
    Population,
    Score,
    age,
    at,
    measured,
    sex,
    start,
    yes,
)

_YEAR = 24 * 365


def _waist(answers: Answers) -> float:
    """Steps of 5 cm from 75 cm (men) or 70 cm (women)."""
    waist = answers.number("waist") + (5 if answers.choice("sex") == FEMALE else 0)
    limits = ((95, 10), (90, 8), (85, 7), (80, 5), (75, 3))
    return next((points for limit, points in limits if waist >= limit), 0) + answers.points("sex")


SCORE = Score(
    name="china-diabetes-risk",
    title="中国糖尿病风险评分",
    purpose="筛查20~74岁人群糖尿病风险，决定是否做口服葡萄糖耐量试验。",
    items=(
        age(
            start(0),
            at(25, 4),
            at(35, 8),
            at(40, 11),
            at(45, 12),
            at(50, 13),
            at(55, 15),
            at(60, 16),
            at(65, 18),
            low=20,
            high=74,
        ),
        sex(male=2),
        measured(
            "systolic", start(0), at(110, 1), at(120, 3), at(130, 6), at(140, 7), at(150, 8), at(160, 10), hours=_YEAR
        ),
        measured("bmi", start(0), at(22, 1), at(24, 3), at(30, 5), hours=_YEAR),
        measured("waist", hours=_YEAR, cuts=(70, 75, 80, 85, 90, 95)),
        yes("family", "糖尿病家族史(父母、同胞或子女)", 6),
    ),
    bands=(
        Band(0, "<25分", Level.LOW, "糖尿病风险较低。", "健康生活方式，定期(1~3年)复评。"),
        Band(25, "≥25分", Level.MODERATE, "糖尿病高风险。", "做口服葡萄糖耐量试验(空腹与2小时血糖)，生活方式干预。"),
    ),
    citation=Citation("中国2型糖尿病防治指南(2020年版)", "中华糖尿病杂志", 2021, "糖尿病风险评分表"),
    population=Population("20~74岁、未诊断糖尿病者", 20, 74, excluded=("糖尿病",)),
    diseases=("高血压", "血脂异常", "肥胖症", "肥胖", "超重", "代谢综合征", "健康查体"),
    parts=(Part(("sex", "waist"), _waist),),
)
