"""Acute pancreatitis: BISAP, Ranson.

Sources: Wu BU, et al. Gut 2008;57:1698-1703 (urea nitrogen 25 mg/dL is 8.92 mmol/L). Ranson JHC, et al. Surg Gynecol
Obstet 1974;139:69-81, alcoholic (non-gallstone) criteria, in SI units.
"""

from inference.score import Band, Citation, Level, Pick, Score, age, at, measured, number, over, start, yes

_BISAP = Score(
    name="bisap",
    title="BISAP 急性胰腺炎严重度床旁指数",
    purpose="24小时内估计急性胰腺炎院内死亡风险。",
    items=(
        measured("urea", start(0), over(8.92, 1), pick=Pick.HIGHEST),
        yes("mental", "意识改变", 1),
        yes("sirs", "符合SIRS(≥2项)", 1),
        age(start(0), over(60, 1)),
        yes("effusion", "影像示胸腔积液", 1),
    ),
    bands=(
        Band(0, "低(0~2分)", Level.LOW, "院内死亡率<2%。", "补液、镇痛、早期肠内营养，48小时内复评。"),
        Band(
            3,
            "高(≥3分)",
            Level.HIGH,
            "院内死亡率>5%，器官衰竭与坏死风险高。",
            "监护病房，目标导向补液，48小时评估器官衰竭，72小时后增强CT。",
        ),
    ),
    citation=Citation(
        "The early prediction of mortality in acute pancreatitis: a large population-based study", "Gut", 2008
    ),
    diseases=("急性胰腺炎",),
    findings=("腹痛",),
)

_RANSON = Score(
    name="ranson",
    title="Ranson 急性胰腺炎评分(非胆源性)",
    purpose="入院与48小时指标估计急性胰腺炎严重度。",
    items=(
        age(start(0), over(55, 1)),
        measured("wbc", start(0), over(16, 1), help="入院时。"),
        measured("glucose", start(0), over(11.1, 1), help="入院时。"),
        measured("ldh", start(0), over(350, 1), help="入院时。"),
        measured("ast", start(0), over(250, 1), help="入院时。"),
        number("hematocrit_fall", "48小时红细胞比容下降(百分点)", "%", -30, 60, start(0), over(10, 1)),
        number("urea_rise", "48小时尿素升高", "mmol/L", -50, 100, start(0), over(1.8, 1)),
        number("calcium_48", "48小时血钙", "mmol/L", 0.5, 6, start(1), at(2, 0)),
        number("pao2_48", "48小时动脉血氧分压", "mmHg", 10, 700, start(1), at(60, 0)),
        number("base_deficit", "48小时碱缺失", "mmol/L", -30, 40, start(0), over(4, 1)),
        number("fluid", "48小时液体潴留", "L", -20, 40, start(0), over(6, 1)),
    ),
    bands=(
        Band(0, "0~2项", Level.LOW, "死亡率约1%。", "补液、镇痛、早期肠内营养。"),
        Band(3, "3~4项", Level.HIGH, "死亡率约15%，提示重症。", "监护病房，器官支持。"),
        Band(5, "5~6项", Level.CRITICAL, "死亡率约40%。", "ICU，器官支持，多学科处理。"),
        Band(7, "≥7项", Level.CRITICAL, "死亡率接近100%。", "ICU，器官支持，与家属沟通。"),
    ),
    citation=Citation(
        "Prognostic signs and the role of operative management in acute pancreatitis", "Surg Gynecol Obstet", 1974
    ),
    diseases=("急性胰腺炎",),
    unit="项",
)

SCORE = (_BISAP, _RANSON)
