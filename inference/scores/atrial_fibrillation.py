"""Atrial fibrillation: CHA2DS2-VASc, CHA2DS2-VA, CHA2DS2-VASc-60, HAS-BLED, ORBIT.

Sources: Lip GYH, et al. Chest 2010;137:263-272. Van Gelder IC, et al. Eur Heart J 2024;45:3314-3414 (CHA2DS2-VA).
中华医学会心血管病学分会. 心房颤动诊断和治疗中国指南. 中华心血管病杂志 2023;51:572-618 (CHA2DS2-VASc-60).
Pisters R, et al. Chest 2010;138:1093-1100 (HAS-BLED). O'Brien EC, et al. Eur Heart J 2015;36:3258-3264 (ORBIT).
"""

from inference.score import (
    FEMALE,
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

_AF = ("心房颤动",)
_HISTORY = (
    yes("heart_failure", "心力衰竭或左室收缩功能障碍", 1, Diagnosed(("心力衰竭",), ever=True)),
    yes("hypertension", "高血压", 1, Diagnosed(("高血压",), ever=True)),
    yes("diabetes", "糖尿病", 1, Diagnosed(("糖尿病",), ever=True)),
    yes(
        "stroke",
        "既往卒中、TIA或体循环栓塞",
        2,
        Diagnosed(("脑梗死", "脑梗死后遗症", "短暂性脑缺血发作", "动脉血栓栓塞"), ever=True),
    ),
    yes(
        "vascular",
        "血管疾病(心肌梗死、外周动脉疾病或主动脉斑块)",
        1,
        Diagnosed(("急性心肌梗死", "外周动脉疾病", "经皮冠状动脉介入术后", "冠状动脉旁路移植术后"), ever=True),
    ),
)
_LOW_STEP = "暂不需抗凝，定期(至少每年)复评卒中与出血风险。"
_CONSIDER_STEP = "可考虑口服抗凝，结合出血风险与意愿决定。"
_RECOMMEND_STEP = (
    "无禁忌者推荐口服抗凝(优先直接口服抗凝药；机械瓣或中重度二尖瓣狭窄用华法林)，评估并纠正出血危险因素。"
)


def _bands(low: str, consider: str, recommend: str) -> tuple[Band, ...]:
    return (
        Band(0, "低危", Level.LOW, low, _LOW_STEP),
        Band(None, "考虑抗凝", Level.MODERATE, consider, _CONSIDER_STEP),
        Band(None, "推荐抗凝", Level.HIGH, recommend, _RECOMMEND_STEP),
    )


def _without_sex(answers: Answers, total: float) -> str:
    """One point for being a woman does not ask for treatment by itself."""
    rest = total - answers.points("sex")
    return "低危" if rest < 1 else "考虑抗凝" if rest < 2 else "推荐抗凝"


_VASC = Score(
    name="cha2ds2-vasc",
    title="CHA2DS2-VASc 房颤卒中风险评分",
    purpose="评估非瓣膜性房颤患者卒中风险与抗凝指征。",
    items=(age(start(0), at(65, 1), at(75, 2)), sex(female=1), *_HISTORY),
    bands=_bands(
        "男性0分或女性1分，卒中风险低。", "男性1分或女性2分，卒中风险中等。", "男性≥2分或女性≥3分，卒中风险高。"
    ),
    citation=Citation(
        "Refining clinical risk stratification for predicting stroke in atrial fibrillation", "Chest", 2010
    ),
    diseases=_AF,
    choose=_without_sex,
)

_VA = Score(
    name="cha2ds2-va",
    title="CHA2DS2-VA 房颤卒中风险评分(不计性别)",
    purpose="2024年欧洲指南的房颤血栓栓塞风险评分。",
    items=(age(start(0), at(65, 1), at(75, 2)), *_HISTORY),
    bands=(
        Band(0, "低危", Level.LOW, "0分，血栓栓塞风险低。", _LOW_STEP),
        Band(1, "考虑抗凝", Level.MODERATE, "1分，血栓栓塞风险升高。", _CONSIDER_STEP),
        Band(2, "推荐抗凝", Level.HIGH, "≥2分，血栓栓塞风险高。", _RECOMMEND_STEP),
    ),
    citation=Citation("2024 ESC Guidelines for the management of atrial fibrillation", "Eur Heart J", 2024),
    diseases=_AF,
)

_VASC60 = Score(
    name="cha2ds2-vasc-60",
    title="CHA2DS2-VASc-60 房颤卒中风险评分(中国指南)",
    purpose="中国2023年房颤指南的卒中风险评分，60岁起计分。",
    items=(age(start(0), at(60, 1), at(65, 2)), sex(female=1), *_HISTORY),
    bands=_bands(
        "男性0分或女性1分，卒中风险低。", "男性1分或女性2分，卒中风险中等。", "男性≥2分或女性≥3分，卒中风险高。"
    ),
    citation=Citation("心房颤动诊断和治疗中国指南", "中华心血管病杂志", 2023),
    diseases=_AF,
    choose=_without_sex,
)

_HAS_BLED = Score(
    name="has-bled",
    title="HAS-BLED 出血风险评分",
    purpose="评估房颤抗凝患者大出血风险，找出可纠正因素。",
    items=(
        measured("systolic", start(0), over(160, 1), hours=24 * 30),
        yes("renal", "肾功能异常(透析、肾移植或血肌酐>200 μmol/L)", 1, Diagnosed(("透析", "肾移植状态"))),
        yes("liver", "肝功能异常(肝硬化，或胆红素>2倍且转氨酶>3倍上限)", 1, Diagnosed(("肝硬化",))),
        yes("stroke", "卒中史", 1, Diagnosed(("脑卒中", "脑梗死后遗症", "脑出血后遗症"), ever=True)),
        yes("bleeding", "大出血史或出血倾向(含贫血)", 1, Diagnosed(("消化道出血", "颅内出血"), ever=True)),
        yes("labile_inr", "INR不稳定(治疗窗内时间<60%)", 1, help="未用华法林者选否。"),
        age(start(0), over(65, 1)),
        yes("drugs", "合用抗血小板药或非甾体抗炎药", 1, Taking(("抗血小板药", "非甾体抗炎药"))),
        yes("alcohol", "酗酒(每周≥8个标准杯)", 1, Diagnosed(("酒精依赖",))),
    ),
    bands=(
        Band(0, "低(0~2分)", Level.LOW, "大出血风险低至中等。", "按卒中风险抗凝，常规随访。"),
        Band(
            3,
            "高(≥3分)",
            Level.HIGH,
            "大出血风险高。",
            "纠正可改变因素(血压、合用药、饮酒、INR)，加强随访；高分本身不是停用抗凝的理由。",
        ),
    ),
    citation=Citation(
        "A novel user-friendly score (HAS-BLED) to assess 1-year risk of major bleeding in atrial fibrillation",
        "Chest",
        2010,
    ),
    diseases=_AF,
)


def _anaemia(answers: Answers) -> float:
    """Haemoglobin below 130 g/L in men, 120 g/L in women."""
    return 2.0 if answers.number("hemoglobin") < (120 if answers.choice("sex") == FEMALE else 130) else 0.0


_ORBIT = Score(
    name="orbit",
    title="ORBIT 房颤出血风险评分",
    purpose="评估房颤抗凝患者大出血风险。",
    items=(
        sex(),
        measured("hemoglobin", cuts=(120, 130), hours=24 * 30),
        age(start(0), at(75, 1)),
        yes("bleeding", "出血史(消化道、颅内出血等)", 2, Diagnosed(("消化道出血", "颅内出血"), ever=True)),
        measured("egfr", start(1), at(60, 0), hours=24 * 90),
        yes("antiplatelet", "使用抗血小板药", 1, Taking(("抗血小板药",))),
    ),
    bands=(
        Band(0, "低(0~2分)", Level.LOW, "大出血约2.4次/100人年。", "按卒中风险抗凝，常规随访。"),
        Band(3, "中(3分)", Level.MODERATE, "大出血约4.7次/100人年。", "纠正可改变因素，加强随访。"),
        Band(4, "高(≥4分)", Level.HIGH, "大出血约8.1次/100人年。", "纠正可改变因素，密切随访血红蛋白与肾功能。"),
    ),
    citation=Citation(
        "The ORBIT bleeding score: a simple bedside score to assess bleeding risk in atrial fibrillation",
        "Eur Heart J",
        2015,
    ),
    diseases=_AF,
    parts=(Part(("sex", "hemoglobin"), _anaemia),),
)

SCORE = (_VASC, _VA, _VASC60, _HAS_BLED, _ORBIT)
