"""Obstetrics: Bishop score.

Source: Bishop EH. Obstet Gynecol 1964;24:266-268; threshold of 妊娠晚期促子宫颈成熟与引产指南(2014), 中华妇产科杂志.
"""

from inference.score import Band, Citation, Level, Population, Score, choice

SCORE = Score(
    name="bishop",
    title="Bishop 宫颈成熟度评分",
    purpose="评估宫颈成熟度与引产条件。",
    items=(
        choice("dilation", "宫口开大", ("0 cm", 0), ("1~2 cm", 1), ("3~4 cm", 2), ("≥5 cm", 3)),
        choice("effacement", "宫颈管消退", ("0~30%", 0), ("40%~50%", 1), ("60%~70%", 2), ("≥80%", 3)),
        choice("station", "先露位置", ("-3", 0), ("-2", 1), ("-1~0", 2), ("+1~+2", 3)),
        choice("consistency", "宫颈硬度", ("硬", 0), ("中", 1), ("软", 2)),
        choice("position", "宫口位置", ("后", 0), ("中", 1), ("前", 2)),
    ),
    bands=(
        Band(0, "未成熟(<6分)", Level.MODERATE, "宫颈不成熟。", "需引产者先促宫颈成熟。"),
        Band(6, "成熟(≥6分)", Level.LOW, "宫颈成熟。", "有指征者可引产，评分越高成功率越高。"),
    ),
    citation=Citation("Pelvic scoring for elective induction", "Obstet Gynecol", 1964, "界值：中国2014指南"),
    population=Population("妊娠晚期", 10, 60),
    diseases=("足月妊娠",),
)
