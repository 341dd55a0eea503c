"""Performance and frailty: ECOG, Karnofsky, FRAIL.

Sources: Oken MM, et al. Am J Clin Oncol 1982;5:649-655. Karnofsky DA, Burchenal JH. In: MacLeod CM, ed. Evaluation of
chemotherapeutic agents, 1949. Morley JE, et al. J Nutr Health Aging 2012;16:601-608.
"""

from inference.score import Band, Citation, Level, Population, Score, at, keyed, number, scale, start, yes

_CANCER = ("恶性肿瘤", "化疗", "放疗", "白血病", "淋巴瘤", "多发性骨髓瘤")

_ECOG = Score(
    name="ecog",
    title="ECOG 体能状态评分",
    purpose="评估肿瘤患者体能，决定治疗强度。",
    items=(
        scale(
            "grade",
            "体能状态",
            "活动完全正常",
            "重体力活动受限，可行走，能从事轻体力工作",
            "可行走并生活自理，不能工作，白天卧床<50%",
            "生活部分自理，白天卧床或坐椅>50%",
            "完全不能自理，卧床或坐椅",
            "死亡",
        ),
    ),
    bands=(
        Band(0, "良好(0~1级)", Level.LOW, "体能良好。", "一般可耐受标准抗肿瘤治疗。"),
        Band(2, "中等(2级)", Level.MODERATE, "体能中等。", "个体化选择治疗强度。"),
        Band(3, "差(3~4级)", Level.HIGH, "体能差。", "一般不宜强烈化疗，以支持与姑息治疗为主。"),
        Band(5, "死亡(5级)", Level.NONE, "死亡。", "用于登记。"),
    ),
    citation=Citation(
        "Toxicity and response criteria of the Eastern Cooperative Oncology Group", "Am J Clin Oncol", 1982
    ),
    diseases=_CANCER,
    unit="级",
)

_KARNOFSKY = Score(
    name="karnofsky",
    title="Karnofsky 功能状态评分",
    purpose="评估肿瘤患者功能状态。",
    items=(
        keyed(
            "state",
            "功能状态",
            *(
                (str(points), f"{points}：{text}", points)
                for points, text in (
                    (100, "正常，无症状体征"),
                    (90, "能正常活动，轻微症状体征"),
                    (80, "勉强正常活动，有一些症状体征"),
                    (70, "生活自理，不能正常活动或工作"),
                    (60, "偶需帮助，大多能自理"),
                    (50, "常需帮助与医疗照顾"),
                    (40, "失能，需特殊照顾"),
                    (30, "严重失能，需住院"),
                    (20, "病重，需住院积极支持治疗"),
                    (10, "濒死"),
                    (0, "死亡"),
                )
            ),
        ),
    ),
    bands=(
        Band(0, "不能自理(0~40分)", Level.HIGH, "不能自理，需机构或医院照顾。", "以支持与姑息治疗为主。"),
        Band(50, "需要帮助(50~70分)", Level.MODERATE, "不能工作，需不同程度帮助。", "个体化选择治疗强度。"),
        Band(80, "正常活动(80~100分)", Level.LOW, "可正常活动，无需特殊照顾。", "一般可耐受标准治疗。"),
    ),
    citation=Citation(
        "The clinical evaluation of chemotherapeutic agents in cancer", "Columbia University Press", 1949
    ),
    population=Population("≥16岁", 16),
    diseases=_CANCER,
)

_FRAIL = Score(
    name="frail",
    title="FRAIL 衰弱筛查量表",
    purpose="筛查老年人衰弱。",
    items=(
        yes("fatigue", "过去4周大部分或全部时间感到疲乏", 1),
        yes("resistance", "不用辅具独自上10级台阶有困难", 1),
        yes("ambulation", "不用辅具独自走数百米有困难", 1),
        number("illnesses", "已确诊慢性病种数(11种列表)", "种", 0, 11, start(0), at(5, 1)),
        number("loss", "1年内体重下降", "%", 0, 60, start(0), at(5, 1)),
    ),
    bands=(
        Band(0, "健壮(0分)", Level.NONE, "无衰弱。", "保持活动与营养，定期复筛。"),
        Band(1, "衰弱前期(1~2分)", Level.LOW, "衰弱前期。", "抗阻运动，蛋白质与营养，审查用药。"),
        Band(3, "衰弱(3~5分)", Level.HIGH, "衰弱。", "老年综合评估，多学科干预，防跌倒，慎重决定手术与多药。"),
    ),
    citation=Citation(
        "A simple frailty questionnaire (FRAIL) predicts outcomes in middle aged African Americans",
        "J Nutr Health Aging",
        2012,
    ),
    population=Population("中老年(≥49岁)", 49),
    diseases=("痴呆", "骨质疏松症", "心力衰竭"),
    findings=("乏力", "消瘦"),
)

SCORE = (_ECOG, _KARNOFSKY, _FRAIL)
