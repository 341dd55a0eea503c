"""Pneumonia: CURB-65, CRB-65, PSI.

Sources: Lim WS, et al. Thorax 2003;58:377-382. Fine MJ, et al. N Engl J Med 1997;336:243-250. Limits of urea
11 mmol/L and glucose 14 mmol/L are those of 30 mg/dL urea nitrogen and 250 mg/dL as the article gives them.
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
    age,
    at,
    measured,
    over,
    sex,
    start,
    yes,
)

_PNEUMONIA = ("肺炎", "吸入性肺炎", "下呼吸道感染")
_LIM = Citation("Defining community acquired pneumonia severity on presentation to hospital", "Thorax", 2003)
_PRESSURE = Part(("systolic", "diastolic"), lambda a: float(a.number("systolic") < 90 or a.number("diastolic") <= 60))
_COMMON = (
    yes("confusion", "新发意识障碍(时间、地点或人物定向障碍)", 1),
    measured("respiratory_rate", start(0), at(30, 1)),
    measured("systolic", cuts=(90,)),
    measured("diastolic", cuts=(60,)),
    age(start(0), at(65, 1)),
)

_CURB65 = Score(
    name="curb-65",
    title="CURB-65 社区获得性肺炎评分",
    purpose="评估成人社区获得性肺炎严重度与治疗地点。",
    items=(_COMMON[0], measured("urea", start(0), over(7, 1)), *_COMMON[1:]),
    bands=(
        Band(0, "低危(0~1分)", Level.LOW, "30天死亡率约1.5%。", "原则上门诊治疗，注意合并症与社会支持。"),
        Band(2, "中危(2分)", Level.MODERATE, "30天死亡率约9.2%。", "建议住院，或在严格随访下院外治疗。"),
        Band(3, "高危(3~5分)", Level.HIGH, "30天死亡率约22%。", "住院治疗，4~5分评估ICU收治；尽早足量抗感染。"),
    ),
    citation=_LIM,
    diseases=_PNEUMONIA,
    findings=("咳嗽", "发热"),
    parts=(_PRESSURE,),
)

_CRB65 = Score(
    name="crb-65",
    title="CRB-65 社区获得性肺炎评分(无需化验)",
    purpose="基层无化验条件时评估肺炎严重度。",
    items=_COMMON,
    bands=(
        Band(0, "低危(0分)", Level.LOW, "死亡风险低。", "可门诊治疗并随访。"),
        Band(1, "中危(1~2分)", Level.MODERATE, "死亡风险增加。", "考虑转诊或住院评估。"),
        Band(3, "高危(3~4分)", Level.HIGH, "死亡风险高。", "紧急住院。"),
    ),
    citation=_LIM,
    diseases=_PNEUMONIA,
    findings=("咳嗽", "发热"),
    parts=(_PRESSURE,),
)

_COMORBID = ("neoplasm", "liver", "heart_failure", "cerebrovascular", "renal")


def _years(answers: Answers) -> float:
    """Age in years, ten less for women."""
    return answers.number("age") - (10 if answers.choice("sex") == FEMALE else 0)


def _class_one(answers: Answers, total: float) -> str:
    """Class I: 50 years at most, no such disease, no such sign; laboratory results do not matter."""
    signs = answers.points("mental", "respiratory_rate", "systolic", "temperature", "heart_rate")
    young = answers.number("age") <= 50 and not answers.count(*_COMORBID)
    return "I级" if young and signs == 0 else ""


_PSI = Score(
    name="psi",
    title="PSI 肺炎严重度指数",
    purpose="预测社区获得性肺炎30天死亡风险，识别低危患者。",
    items=(
        age(cuts=(50,)),
        sex(),
        yes("nursing_home", "居住养老院", 10),
        yes("neoplasm", "肿瘤(活动性或1年内诊断)", 30, Diagnosed(("恶性肿瘤",))),
        yes("liver", "肝病", 20, Diagnosed(("肝硬化", "慢性肝炎"))),
        yes("heart_failure", "充血性心力衰竭", 10, Diagnosed(("心力衰竭",))),
        yes("cerebrovascular", "脑血管病", 10, Diagnosed(("脑卒中", "脑血管病"), ever=True)),
        yes("renal", "肾脏病", 10, Diagnosed(("慢性肾脏病", "肾功能不全"))),
        yes("mental", "意识改变", 20),
        measured("respiratory_rate", start(0), at(30, 20)),
        measured("systolic", start(20), at(90, 0)),
        measured("temperature", start(15), at(35, 0), at(40, 15)),
        measured("heart_rate", start(0), at(125, 10)),
        measured("ph", start(30), at(7.35, 0)),
        measured("urea", start(0), at(11, 20)),
        measured("sodium", start(20), at(130, 0)),
        measured("glucose", start(0), at(14, 10)),
        measured("hematocrit", start(10), at(30, 0)),
        measured("pao2", start(10), at(60, 0)),
        yes("effusion", "胸腔积液", 10),
    ),
    bands=(
        Band(None, "I级", Level.LOW, "死亡风险最低(约0.1%)。", "原则上门诊治疗。"),
        Band(-100, "II级", Level.LOW, "≤70分，死亡率约0.6%。", "原则上门诊治疗。"),
        Band(71, "III级", Level.MODERATE, "71~90分，死亡率约0.9%~2.8%。", "短期住院或留观。"),
        Band(91, "IV级", Level.HIGH, "91~130分，死亡率约8%~9%。", "住院治疗。"),
        Band(131, "V级", Level.CRITICAL, ">130分，死亡率约27%~29%。", "住院治疗，评估ICU收治。"),
    ),
    citation=Citation(
        "A prediction rule to identify low-risk patients with community-acquired pneumonia", "N Engl J Med", 1997
    ),
    diseases=_PNEUMONIA,
    parts=(Part(("age", "sex"), _years),),
    choose=_class_one,
)

SCORE = (_CURB65, _CRB65, _PSI)
