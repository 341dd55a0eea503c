"""Mood, anxiety, drinking, smoking, cognition: PHQ-9, PHQ-2, GAD-7, GAD-2, AUDIT-C, FTND, MMSE.

Sources: Kroenke K, et al. J Gen Intern Med 2001;16:606-613 (PHQ-9). Kroenke K, et al. Med Care 2003;41:1284-1292
(PHQ-2). Spitzer RL, et al. Arch Intern Med 2006;166:1092-1097 (GAD-7). Kroenke K, et al. Ann Intern Med
2007;146:317-325 (GAD-2). Bush K, et al. Arch Intern Med 1998;158:1789-1795 and Bradley KA, et al. Arch Intern Med
2003;163:821-829 (AUDIT-C). Heatherton TF, et al. Br J Addict 1991;86:1119-1127, bands of 中国临床戒烟指南 2015
(FTND). Folstein MF, et al. J Psychiatr Res 1975;12:189-198, limits by schooling of Zhang MY, et al. Ann Neurol
1990;27:428-437 (MMSE). PHQ and GAD may be reproduced freely. Of the MMSE, which is protected, only the points of
each section are recorded.
"""

from inference.score import (
    FEMALE,
    Answers,
    Band,
    Citation,
    Item,
    Level,
    Population,
    Score,
    Verdict,
    choice,
    keyed,
    number,
    scale,
    sex,
    yes,
)

_MOOD = ("抑郁症", "焦虑抑郁状态", "产后抑郁")
_WORRY = ("焦虑障碍", "惊恐障碍", "焦虑抑郁状态")
_OFTEN = ("完全没有", "有几天", "超过一半天数", "几乎每天")


def _often(field: str, label: str) -> Item:
    return scale(field, label, *_OFTEN, help="最近两周内。")


_PHQ = tuple(
    _often(f"q{n}", label)
    for n, label in enumerate(
        (
            "做事提不起劲或没有乐趣",
            "心情低落、沮丧或绝望",
            "入睡困难、睡不安稳或睡得过多",
            "疲倦或没有精力",
            "食欲不振或吃太多",
            "觉得自己很糟、失败，或让自己家人失望",
            "难以集中注意力，如看报或看电视时",
            "动作或说话缓慢到别人已察觉，或相反，烦躁坐立不安",
            "有不如死掉或伤害自己的念头",
        ),
        1,
    )
)


def _phq9(answers: Answers) -> Verdict:
    notes = ("第9项有自伤或自杀念头：无论总分高低，须当面评估自杀风险。",) if answers.points("q9") else ()
    return Verdict(answers.points(), notes=notes)


_PHQ9 = Score(
    name="phq-9",
    title="PHQ-9 患者健康问卷(抑郁)",
    purpose="筛查抑郁并评估严重度。",
    items=_PHQ,
    bands=(
        Band(0, "无或极轻(0~4分)", Level.NONE, "无明显抑郁症状。", "无需处理，按需复查。"),
        Band(5, "轻度(5~9分)", Level.LOW, "轻度抑郁症状。", "观察随访，健康教育，2~4周复评。"),
        Band(
            10,
            "中度(10~14分)",
            Level.MODERATE,
            "中度抑郁症状，提示可能抑郁障碍。",
            "临床评估，心理治疗和(或)药物，随访。",
        ),
        Band(15, "中重度(15~19分)", Level.HIGH, "中重度抑郁症状。", "药物和(或)心理治疗，转精神科评估。"),
        Band(20, "重度(20~27分)", Level.CRITICAL, "重度抑郁症状。", "立即开始治疗并转精神科，评估自杀风险。"),
    ),
    citation=Citation("The PHQ-9: validity of a brief depression severity measure", "J Gen Intern Med", 2001),
    population=Population("≥12岁", 12),
    diseases=_MOOD,
    findings=("失眠症", "乏力", "自杀倾向"),
    judge=_phq9,
)

_PHQ2 = Score(
    name="phq-2",
    title="PHQ-2 抑郁初筛",
    purpose="用两个问题初筛抑郁。",
    items=_PHQ[:2],
    bands=(
        Band(0, "阴性(0~2分)", Level.NONE, "抑郁可能性低。", "无需进一步筛查。"),
        Band(3, "阳性(3~6分)", Level.MODERATE, "初筛阳性。", "完成PHQ-9与临床评估。"),
    ),
    citation=Citation(
        "The Patient Health Questionnaire-2: validity of a two-item depression screener", "Med Care", 2003
    ),
    population=Population("≥12岁", 12),
    diseases=_MOOD,
    findings=("失眠症",),
)

_GAD = tuple(
    _often(f"q{n}", label)
    for n, label in enumerate(
        (
            "感到紧张、焦虑或急切",
            "不能停止或控制担忧",
            "对各种事情担忧过多",
            "很难放松",
            "烦躁到坐不住",
            "容易恼火或急躁",
            "害怕将有可怕的事发生",
        ),
        1,
    )
)

_GAD7 = Score(
    name="gad-7",
    title="GAD-7 广泛性焦虑量表",
    purpose="筛查焦虑并评估严重度。",
    items=_GAD,
    bands=(
        Band(0, "无或极轻(0~4分)", Level.NONE, "无明显焦虑症状。", "无需处理。"),
        Band(5, "轻度(5~9分)", Level.LOW, "轻度焦虑症状。", "健康教育，随访复评。"),
        Band(
            10,
            "中度(10~14分)",
            Level.MODERATE,
            "中度焦虑症状，提示可能焦虑障碍。",
            "临床评估，排除甲亢等躯体原因，心理治疗和(或)药物。",
        ),
        Band(15, "重度(15~21分)", Level.HIGH, "重度焦虑症状。", "转精神科，心理治疗联合药物。"),
    ),
    citation=Citation(
        "A brief measure for assessing generalized anxiety disorder: the GAD-7", "Arch Intern Med", 2006
    ),
    population=Population("≥12岁", 12),
    diseases=_WORRY,
    findings=("失眠症", "心悸"),
)

_GAD2 = Score(
    name="gad-2",
    title="GAD-2 焦虑初筛",
    purpose="用两个问题初筛焦虑。",
    items=_GAD[:2],
    bands=(
        Band(0, "阴性(0~2分)", Level.NONE, "焦虑障碍可能性低。", "无需进一步筛查。"),
        Band(3, "阳性(3~6分)", Level.MODERATE, "初筛阳性。", "完成GAD-7与临床评估。"),
    ),
    citation=Citation(
        "Anxiety disorders in primary care: prevalence, impairment, comorbidity, and detection",
        "Ann Intern Med",
        2007,
    ),
    population=Population("≥12岁", 12),
    diseases=_WORRY,
    findings=("失眠症",),
)


def _audit(answers: Answers, total: float) -> str:
    return "阳性" if total >= (3 if answers.choice("sex") == FEMALE else 4) else "阴性"


_AUDIT_C = Score(
    name="audit-c",
    title="AUDIT-C 饮酒问题筛查",
    purpose="筛查危险饮酒。",
    items=(
        sex(),
        scale("frequency", "饮酒频率", "从不", "每月≤1次", "每月2~4次", "每周2~3次", "每周≥4次"),
        scale(
            "amount",
            "饮酒日的饮酒量(标准杯)",
            "1~2杯",
            "3~4杯",
            "5~6杯",
            "7~9杯",
            "≥10杯",
            help="从不饮酒者选第一项。",
        ),
        scale("binge", "一次饮≥6标准杯的频率", "从不", "少于每月1次", "每月1次", "每周1次", "每天或几乎每天"),
    ),
    bands=(
        Band(0, "阴性", Level.LOW, "男性<4分，女性<3分。", "健康教育，限酒。"),
        Band(
            None,
            "阳性",
            Level.MODERATE,
            "男性≥4分，女性≥3分，可能为危险饮酒。",
            "做完整评估(AUDIT)，简短干预，评估依赖与戒断风险。",
        ),
    ),
    citation=Citation(
        "The AUDIT alcohol consumption questions (AUDIT-C)", "Arch Intern Med", 1998, "女性界值：Bradley 2003"
    ),
    diseases=("酒精依赖", "酒精性肝病", "急性酒精中毒"),
    choose=_audit,
)

_FTND = Score(
    name="ftnd",
    title="FTND 尼古丁依赖检验",
    purpose="评估尼古丁依赖程度，指导戒烟治疗。",
    items=(
        keyed(
            "first",
            "晨起后吸第一支烟的时间",
            ("60+", ">60分钟", 0),
            ("31-60", "31~60分钟", 1),
            ("6-30", "6~30分钟", 2),
            ("0-5", "≤5分钟", 3),
        ),
        yes("forbidden", "在禁烟场所难以控制吸烟", 1),
        choice("hardest", "最难放弃的一支烟", ("其他时间", 0), ("晨起第一支", 1)),
        keyed(
            "daily",
            "每日吸烟支数",
            ("10", "≤10支", 0),
            ("20", "11~20支", 1),
            ("30", "21~30支", 2),
            ("31+", "≥31支", 3),
        ),
        yes("morning", "晨起后第一小时比其他时间吸得多", 1),
        yes("ill", "患病卧床时仍吸烟", 1),
    ),
    bands=(
        Band(0, "轻度(0~3分)", Level.LOW, "轻度依赖。", "劝诫与行为支持，可不用药。"),
        Band(
            4, "中度(4~6分)", Level.MODERATE, "中度依赖。", "行为支持，推荐戒烟药物(尼古丁替代、伐尼克兰或安非他酮)。"
        ),
        Band(7, "重度(≥7分)", Level.HIGH, "重度依赖。", "戒烟门诊，药物联合行为治疗，密切随访。"),
    ),
    citation=Citation(
        "The Fagerström Test for Nicotine Dependence", "Br J Addict", 1991, "分级：中国临床戒烟指南2015"
    ),
    diseases=("烟草依赖", "戒烟", "慢性阻塞性肺疾病"),
)

_MMSE_LIMITS = {"none": 17, "primary": 20, "secondary": 24}


def _mmse(answers: Answers, total: float) -> str:
    return "提示认知障碍" if total <= _MMSE_LIMITS[answers.choice("schooling")] else "未见明显异常"


_MMSE = Score(
    name="mmse",
    title="MMSE 简易精神状态检查(分项记录)",
    purpose="记录持证量表的各分项得分并按文化程度判读。",
    items=(
        number("time", "时间定向得分", "分", 0, 5),
        number("place", "地点定向得分", "分", 0, 5),
        number("registration", "即刻记忆得分", "分", 0, 3),
        number("attention", "注意与计算得分", "分", 0, 5),
        number("recall", "延迟回忆得分", "分", 0, 3),
        number("language", "语言得分(命名、复述、指令、阅读、书写)", "分", 0, 8),
        number("drawing", "视空间(临摹)得分", "分", 0, 1),
        keyed(
            "schooling",
            "文化程度",
            ("none", "未受教育", 0),
            ("primary", "小学(1~6年)", 0),
            ("secondary", "中学及以上", 0),
        ),
    ),
    bands=(
        Band(
            0,
            "提示认知障碍",
            Level.HIGH,
            "未受教育≤17、小学≤20、中学及以上≤24分。",
            "进一步做认知与日常功能评估，查可逆病因，转记忆门诊。",
        ),
        Band(None, "未见明显异常", Level.LOW, "高于相应文化程度的界值。", "仍有主诉者做更敏感的检查并随访。"),
    ),
    citation=Citation("Mini-mental state", "J Psychiatr Res", 1975, "文化程度界值：Zhang MY等，Ann Neurol 1990"),
    population=Population("≥18岁，界值来自老年人群"),
    diseases=("痴呆", "阿尔茨海默病", "认知障碍"),
    judge=lambda answers: Verdict(_mmse_total(answers), _mmse(answers, _mmse_total(answers))),
    note="量表文本受版权保护，须使用持证表格施测，此处只记录分项得分。",
)


def _mmse_total(answers: Answers) -> float:
    sections = ("time", "place", "registration", "attention", "recall", "language", "drawing")
    return sum(answers.number(section) for section in sections)


SCORE = (_PHQ9, _PHQ2, _GAD7, _GAD2, _AUDIT_C, _FTND, _MMSE)
