"""Pain: numeric rating scale.

Source: Downie WW, et al. Ann Rheum Dis 1978;37:378-381; bands of NCCN and of 癌症疼痛诊疗规范(2018年版).
"""

from inference.score import Band, Citation, Level, Population, Score, Verdict, number

SCORE = Score(
    name="nrs-pain",
    title="NRS 疼痛数字评分",
    purpose="患者自评疼痛强度。",
    items=(number("pain", "疼痛强度(0无痛，10最痛)", "分", 0, 10),),
    bands=(
        Band(0, "无痛(0分)", Level.NONE, "无痛。", "按需复评。"),
        Band(1, "轻度(1~3分)", Level.LOW, "轻度疼痛。", "非药物措施，必要时非阿片镇痛药。"),
        Band(4, "中度(4~6分)", Level.MODERATE, "中度疼痛。", "镇痛药物治疗并按时复评。"),
        Band(7, "重度(7~10分)", Level.HIGH, "重度疼痛。", "及时强效镇痛，查病因，短时间复评。"),
    ),
    citation=Citation("Studies with pain rating scales", "Ann Rheum Dis", 1978, "分级：癌症疼痛诊疗规范(2018年版)"),
    population=Population("≥8岁、能表达者", 8),
    diseases=("癌性疼痛", "术后疼痛", "带状疱疹后神经痛"),
    findings=("疼痛", "腹痛", "腰痛", "头痛"),
    judge=lambda answers: Verdict(answers.number("pain")),
)
