"""Nutrition: NRS-2002, MUST, BMI by the Chinese standard.

Sources: Kondrup J, et al. Clin Nutr 2003;22:321-336. British Association for Parenteral and Enteral Nutrition, The
MUST report, 2003. WS/T 428-2013 成人体重判定.
"""

from clinical.formulas import bmi as body_mass_index
from clinical.logic import Unknown
from inference.score import Answers, Band, Citation, Level, Score, Verdict, age, at, choice, measured, over, start

_YEAR = 24 * 365

_NRS = Score(
    name="nrs-2002",
    title="NRS-2002 营养风险筛查",
    purpose="住院患者营养风险筛查。",
    items=(
        choice(
            "nutrition",
            "营养状态受损",
            ("正常", 0),
            ("3个月内体重下降>5%，或前1周进食为正常的50%~75%", 1),
            ("2个月内体重下降>5%，或BMI 18.5~20.5且一般情况差，或前1周进食为正常的25%~50%", 2),
            ("1个月内体重下降>5%(或3个月>15%)，或BMI<18.5且一般情况差，或前1周进食为正常的0~25%", 3),
        ),
        choice(
            "disease",
            "疾病严重程度(营养需要)",
            ("正常需要", 0),
            ("髋部骨折、慢性病急性并发症(肝硬化、慢阻肺)、血液透析、糖尿病、一般肿瘤", 1),
            ("腹部大手术、脑卒中、重症肺炎、血液恶性肿瘤", 2),
            ("颅脑损伤、骨髓移植、APACHE II>10分的重症", 3),
        ),
        age(start(0), at(70, 1)),
    ),
    bands=(
        Band(0, "无营养风险(<3分)", Level.LOW, "目前无营养风险。", "每周复筛；拟大手术者制订预防计划。"),
        Band(3, "有营养风险(≥3分)", Level.HIGH, "存在营养风险。", "营养评定，制订营养支持计划，营养会诊。"),
    ),
    citation=Citation(
        "Nutritional risk screening (NRS 2002): a new method based on an analysis of controlled clinical trials",
        "Clin Nutr",
        2003,
        "进食量分档：WS/T 427-2013",
    ),
    diseases=("营养不良", "恶性肿瘤", "脑卒中", "慢性阻塞性肺疾病", "肝硬化", "围手术期"),
    findings=("消瘦", "食欲不振"),
    stages=("encounter-start",),
)

_MUST = Score(
    name="must",
    title="MUST 营养不良通用筛查",
    purpose="社区与医院营养不良风险筛查。",
    items=(
        measured("bmi", start(2), at(18.5, 1), over(20, 0), hours=_YEAR),
        choice("loss", "3~6个月内非计划体重下降", ("<5%", 0), ("5%~10%", 1), (">10%", 2)),
        choice("acute", "急性疾病且已或可能>5天无法进食", ("否", 0), ("是", 2)),
    ),
    bands=(
        Band(0, "低风险(0分)", Level.LOW, "低风险。", "定期复筛(住院每周，社区每年)。"),
        Band(1, "中风险(1分)", Level.MODERATE, "中等风险。", "记录3天进食量，改善饮食，复筛。"),
        Band(2, "高风险(≥2分)", Level.HIGH, "高风险。", "营养会诊，制订并监测营养支持计划。"),
    ),
    citation=Citation("The MUST report: nutritional screening of adults", "BAPEN", 2003),
    diseases=("营养不良",),
    findings=("消瘦",),
)


def _bmi(answers: Answers) -> Verdict:
    value = body_mass_index(answers.number("height"), answers.number("weight"))
    assert not isinstance(value, Unknown)
    return Verdict(value)


_BMI = Score(
    name="bmi",
    title="体重指数(BMI)",
    purpose="按中国标准判定成人体重。",
    items=(measured("height", hours=24 * 3650), measured("weight", hours=24 * 90)),
    bands=(
        Band(0, "体重过低(<18.5)", Level.MODERATE, "体重过低。", "查消耗性疾病，营养评估。"),
        Band(18.5, "正常(18.5~23.9)", Level.NONE, "体重正常。", "保持。"),
        Band(24, "超重(24.0~27.9)", Level.LOW, "超重。", "饮食与运动干预，测腰围、血压、血糖、血脂。"),
        Band(28, "肥胖(≥28.0)", Level.MODERATE, "肥胖。", "综合减重，筛查并发症，必要时药物或手术评估。"),
    ),
    citation=Citation("WS/T 428-2013 成人体重判定", "国家卫生和计划生育委员会", 2013),
    diseases=("肥胖症", "肥胖", "超重", "营养不良", "2型糖尿病", "高血压"),
    judge=_bmi,
    unit="kg/m²",
    digits=1,
)

SCORE = (_NRS, _MUST, _BMI)
