"""Necrotising soft tissue infection: LRINEC.

Source: Wong CH, et al. Crit Care Med 2004;32:1535-1541.
"""

from inference.score import Band, Citation, Level, Score, at, measured, over, start

SCORE = Score(
    name="lrinec",
    title="LRINEC 坏死性筋膜炎实验室风险指标",
    purpose="软组织感染患者识别坏死性筋膜炎风险。",
    items=(
        measured("crp", start(0), at(150, 4)),
        measured("wbc", start(0), at(15, 1), over(25, 2)),
        measured("hemoglobin", start(2), at(110, 1), over(135, 0)),
        measured("sodium", start(2), at(135, 0)),
        measured("creatinine", start(0), over(141, 2)),
        measured("glucose", start(0), over(10, 1)),
    ),
    bands=(
        Band(0, "低(≤5分)", Level.MODERATE, "可能性<50%，不能排除。", "密切观察，临床怀疑即外科探查。"),
        Band(6, "中(6~7分)", Level.HIGH, "可能性50%~75%。", "紧急外科会诊，影像，广谱抗菌药。"),
        Band(8, "高(≥8分)", Level.CRITICAL, "可能性>75%。", "立即外科探查清创，广谱抗菌药联合克林霉素，重症监护。"),
    ),
    citation=Citation(
        "The LRINEC (Laboratory Risk Indicator for Necrotizing Fasciitis) score", "Crit Care Med", 2004
    ),
    diseases=("蜂窝织炎", "坏死性筋膜炎", "皮肤感染"),
    note="敏感性有限，低分不能排除。",
)
