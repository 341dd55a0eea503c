"""Clotting, platelets, fever in neutropenia: ISTH DIC, 4Ts, MASCC.

Sources: Taylor FB Jr, et al. Thromb Haemost 2001;86:1327-1330. Lo GK, et al. J Thromb Haemost 2006;4:759-765.
Klastersky J, et al. J Clin Oncol 2000;18:3038-3051.
"""

from inference.score import Band, Citation, Level, Score, age, at, choice, measured, number, over, start, yes

_DIC = Score(
    name="isth-dic",
    title="ISTH 显性DIC评分",
    purpose="有DIC基础病因者判断显性弥散性血管内凝血。",
    items=(
        measured("platelets", start(2), at(50, 1), at(100, 0)),
        choice("d_dimer", "D-二聚体或FDP(按本院标准)", ("不升高", 0), ("中度升高", 2), ("显著升高", 3)),
        number("pt_prolongation", "凝血酶原时间延长", "s", -10, 200, start(0), at(3, 1), over(6, 2)),
        measured("fibrinogen", start(1), at(1, 0)),
    ),
    bands=(
        Band(0, "未达显性DIC(<5分)", Level.MODERATE, "未达显性DIC。", "1~2天后复评，治疗原发病。"),
        Band(
            5,
            "显性DIC(≥5分)",
            Level.CRITICAL,
            "符合显性DIC。",
            "治疗原发病，出血者补充血小板与血浆/纤维蛋白原，每日复评。",
        ),
    ),
    citation=Citation(
        "Towards definition, criteria, and a scoring system for disseminated intravascular coagulation",
        "Thromb Haemost",
        2001,
    ),
    diseases=("凝血功能障碍", "脓毒症", "急性白血病", "产后出血", "血小板减少症"),
    note="只用于有DIC相关基础疾病者。",
)

_4TS = Score(
    name="4ts",
    title="4Ts 肝素诱导的血小板减少症评分",
    purpose="估计肝素诱导的血小板减少症验前概率。",
    items=(
        choice(
            "thrombocytopenia",
            "血小板减少程度",
            ("下降<30%，或最低<10×10⁹/L", 0),
            ("下降30%~50%，或最低10~19×10⁹/L", 1),
            ("下降>50%且最低≥20×10⁹/L", 2),
        ),
        choice(
            "timing",
            "下降时间",
            ("用肝素<4天，且近期无肝素接触", 0),
            ("符合5~10天但不明确，或10天后，或30~100天内接触过者≤1天", 1),
            ("5~10天，或30天内接触过者≤1天", 2),
        ),
        choice(
            "thrombosis",
            "血栓或其他后果",
            ("无", 0),
            ("进展或复发血栓、非坏死性皮损、可疑血栓", 1),
            ("新发血栓、皮肤坏死、肝素推注后急性反应", 2),
        ),
        choice("other", "其他血小板减少原因", ("明确", 0), ("可能", 1), ("无", 2)),
    ),
    bands=(
        Band(0, "低(0~3分)", Level.LOW, "可能性低。", "可继续肝素，寻找其他原因。"),
        Band(4, "中(4~5分)", Level.HIGH, "中度可能。", "停所有肝素，改用非肝素抗凝药，查PF4抗体。"),
        Band(
            6,
            "高(6~8分)",
            Level.CRITICAL,
            "高度可能。",
            "停所有肝素(含冲管)，改用非肝素抗凝药，查PF4抗体与下肢超声。",
        ),
    ),
    citation=Citation(
        "Evaluation of pretest clinical score (4 T's) for the diagnosis of heparin-induced thrombocytopenia",
        "J Thromb Haemost",
        2006,
    ),
    diseases=("肝素诱导的血小板减少症", "血小板减少症"),
)

_MASCC = Score(
    name="mascc",
    title="MASCC 粒缺伴发热风险指数",
    purpose="识别中性粒细胞缺乏伴发热的低危患者。",
    items=(
        choice("burden", "发热相关症状负担", ("无或轻度", 5), ("中度", 3), ("重度", 0)),
        yes("no_hypotension", "无低血压(收缩压≥90 mmHg)", 5),
        yes("no_copd", "无慢性阻塞性肺疾病", 4),
        yes("solid", "实体瘤，或血液肿瘤无既往真菌感染", 4),
        yes("no_dehydration", "无需静脉补液的脱水", 3),
        yes("outpatient", "发热时为门诊患者", 3),
        age(start(2), at(60, 0)),
    ),
    bands=(
        Band(0, "高危(<21分)", Level.HIGH, "严重并发症风险高。", "住院，1小时内静脉广谱抗菌药。"),
        Band(21, "低危(≥21分)", Level.MODERATE, "严重并发症风险低。", "评估后可考虑口服抗菌药或早期出院，密切随访。"),
    ),
    citation=Citation("The Multinational Association for Supportive Care in Cancer risk index", "J Clin Oncol", 2000),
    diseases=("中性粒细胞缺乏伴发热", "粒细胞缺乏症"),
)

SCORE = (_DIC, _4TS, _MASCC)
