"""China-PAR: ten-year risk of a first atherosclerotic cardiovascular event in Chinese adults.

Sources: Yang X, et al. Circulation 2016;134:1430-1440 (equations; its table has two decimals, too few for its own
examples). Coefficients of three decimals and the women's baseline survival: 社区人群心血管病风险筛查技术规范
(T/JPMA 024-2024, 附录C、D) as an open calculator quotes it, compared with the official one, see docs/scores.md. Bands
and what follows: 中国心血管病风险评估和管理指南, 中国循环杂志 2019;34(1).
"""

from math import exp, log
from types import MappingProxyType
from typing import Final

from inference.score import (
    MALE,
    Answers,
    Band,
    Citation,
    Diagnosed,
    Level,
    Population,
    Score,
    Taking,
    Verdict,
    age,
    keyed,
    measured,
    sex,
    yes,
)

_YEAR = 24 * 365
_MMOL = 0.0259
"""mmol/L of cholesterol in 1 mg/dL, as the paper converts; the equations take mg/dL."""

_MEN: Final = MappingProxyType(
    {
        "age": 31.967,
        "treated": 27.388,
        "untreated": 26.148,
        "total_cholesterol": 0.621,
        "hdl": -0.695,
        "waist": -0.712,
        "smoker": 3.955,
        "diabetes": 0.357,
        "north": 0.475,
        "urban": -0.164,
        "family": 6.221,
        "age_treated": -6.018,
        "age_untreated": -5.731,
        "age_smoker": -0.939,
        "age_family": -1.534,
        "mean": 140.68,
        "survival": 0.9707,
    }
)
_WOMEN: Final = MappingProxyType(
    {
        "age": 24.874,
        "treated": 20.709,
        "untreated": 19.982,
        "total_cholesterol": 0.058,
        "hdl": -0.217,
        "waist": 1.475,
        "smoker": 0.495,
        "diabetes": 0.567,
        "north": 0.544,
        "urban": 0.0,
        "family": 0.0,
        "age_treated": -4.528,
        "age_untreated": -4.360,
        "age_smoker": 0.0,
        "age_family": 0.0,
        "mean": 117.26,
        "survival": 0.9851,
    }
)


def _risk(answers: Answers) -> Verdict:
    """Percent: 1 - S(10)^exp(sum - mean), a Cox model with logarithms of age, pressure, cholesterol and waist."""
    c = _MEN if answers.choice("sex") == MALE else _WOMEN
    years, pressure = log(answers.number("age")), log(answers.number("systolic"))
    arm = "treated" if answers.yes("treated") else "untreated"
    total = (
        c["age"] * years
        + c[arm] * pressure
        + c[f"age_{arm}"] * years * pressure
        + c["total_cholesterol"] * log(answers.number("total_cholesterol") / _MMOL)
        + c["hdl"] * log(answers.number("hdl") / _MMOL)
        + c["waist"] * log(answers.number("waist"))
        + (c["smoker"] + c["age_smoker"] * years) * answers.yes("smoker")
        + (c["family"] + c["age_family"] * years) * answers.yes("family")
        + c["diabetes"] * answers.yes("diabetes")
        + c["north"] * (answers.choice("region") == "north")
        + c["urban"] * (answers.choice("residence") == "urban")
    )
    return Verdict(100 * (1 - c["survival"] ** exp(total - c["mean"])))


SCORE = Score(
    name="china-par",
    title="China-PAR 心血管病10年风险",
    purpose="估计无心血管病史的中国成人10年内首次发生动脉粥样硬化性心血管病的风险。",
    items=(
        age(low=35, high=74),
        sex(),
        measured("systolic", hours=_YEAR, help="诊室坐位血压，多次测量取平均。"),
        yes(
            "treated",
            "目前服用降压药",
            fill=Taking(("肾素血管紧张素系统抑制剂", "钙通道阻滞剂", "噻嗪类及类噻嗪利尿药")),
        ),
        measured("total_cholesterol", hours=_YEAR),
        measured("hdl", hours=_YEAR),
        measured("waist", hours=_YEAR),
        yes("diabetes", "糖尿病", fill=Diagnosed(("糖尿病",))),
        yes("smoker", "目前吸烟"),
        yes("family", "心脑血管病家族史", help="女性填写，但不影响结果。"),
        keyed("region", "现居住地", ("south", "南方(长江以南)", 0), ("north", "北方(长江以北)", 0)),
        keyed("residence", "城乡", ("rural", "农村", 0), ("urban", "城市", 0), help="女性填写，但不影响结果。"),
    ),
    bands=(
        Band(
            0,
            "低危(<5%)",
            Level.LOW,
            "10年风险低。",
            "保持健康生活方式，定期复评；60岁以下者再评估终生风险。",
        ),
        Band(
            5,
            "中危(5%~9.9%)",
            Level.MODERATE,
            "10年风险中等。",
            "戒烟、减重、增加运动，处理各项危险因素，必要时用药；60岁以下者再评估终生风险。",
        ),
        Band(
            10,
            "高危(≥10%)",
            Level.HIGH,
            "10年风险高。",
            "强化生活方式干预，按各指南控制血压、血脂与血糖，至少每年复查。",
        ),
    ),
    citation=Citation(
        "Predicting the 10-year risks of atherosclerotic cardiovascular disease in Chinese population: "
        "the China-PAR project",
        "Circulation",
        2016,
        "系数：T/JPMA 024-2024；分层：中国心血管病风险评估和管理指南(2019)",
    ),
    population=Population(
        "35~74岁、无心血管病史者", 35, 74, excluded=("动脉粥样硬化性心血管疾病", "冠心病", "脑卒中")
    ),
    diseases=("高血压", "血脂异常", "代谢综合征", "肥胖症", "烟草依赖", "健康查体"),
    judge=_risk,
    unit="%",
    digits=1,
    note="只用于一级预防；方程由35~74岁人群得出。系数只有三位小数，与官方计算器可差0.1个百分点。",
)
