"""Nursing: Braden, Norton, Morse, Barthel, Katz, water swallowing test.

Sources: Bergstrom N, et al. Nurs Res 1987;36:205-210. Norton D, et al. An investigation of geriatric nursing problems
in hospital, 1962. Morse JM, et al. Can J Aging 1989;8:366-377, bands of T/CNAS 18-2020. Mahoney FI, Barthel DW. Md
State Med J 1965;14:61-65, bands of WS/T 431-2023. Katz S, et al. JAMA 1963;185:914-919. 洼田俊夫, 三島博信. 総合リハ
1982;10:271-276. Items are described in our own words.
"""

from inference.score import EVERYONE, Band, Citation, Level, Population, Score, choice, keyed, scale, yes

_ADMISSION = ("encounter-start",)

_BRADEN = Score(
    name="braden",
    title="Braden 压力性损伤风险评分",
    purpose="评估压力性损伤风险，决定预防措施。",
    items=(
        scale("sensory", "感知", "完全受限", "非常受限", "轻度受限", "未受损", first=1),
        scale("moisture", "潮湿", "持续潮湿", "经常潮湿", "偶尔潮湿", "很少潮湿", first=1),
        scale("activity", "活动", "卧床", "坐椅", "偶尔步行", "经常步行", first=1),
        scale("mobility", "移动", "完全不能移动", "非常受限", "轻度受限", "不受限", first=1),
        scale("nutrition", "营养", "非常差", "可能不足", "充足", "良好", first=1),
        scale("friction", "摩擦力与剪切力", "存在问题", "有潜在问题", "无明显问题", first=1),
    ),
    bands=(
        Band(
            6,
            "极高危(≤9分)",
            Level.CRITICAL,
            "压力性损伤风险极高。",
            "减压床垫，至少每2小时翻身，骨突处预防性敷料，营养会诊，每班查皮肤。",
        ),
        Band(
            10,
            "高危(10~12分)",
            Level.HIGH,
            "压力性损伤风险高。",
            "减压床垫，定时翻身，30°侧卧，预防性敷料，营养支持，每班查皮肤。",
        ),
        Band(
            13,
            "中危(13~14分)",
            Level.MODERATE,
            "压力性损伤风险中等。",
            "定时翻身，减压用具，保持皮肤清洁干燥，评估营养。",
        ),
        Band(15, "轻危(15~18分)", Level.LOW, "有轻度风险。", "协助翻身与活动，宣教，病情变化时复评。"),
        Band(19, "无风险(19~23分)", Level.NONE, "暂无明显风险。", "常规护理，病情变化时复评。"),
    ),
    citation=Citation("The Braden Scale for predicting pressure sore risk", "Nurs Res", 1987),
    diseases=("压疮", "脑卒中", "昏迷", "脊髓损伤", "骨折"),
    stages=_ADMISSION,
)

_NORTON = Score(
    name="norton",
    title="Norton 压力性损伤风险评分",
    purpose="评估老年患者压力性损伤风险。",
    items=(
        scale("physical", "身体状况", "极差", "差", "一般", "好", first=1),
        scale("mental", "精神状态", "木僵昏迷", "谵妄模糊", "淡漠", "清醒", first=1),
        scale("activity", "活动能力", "卧床", "坐椅", "需协助行走", "可行走", first=1),
        scale("mobility", "移动能力", "不能移动", "非常受限", "轻度受限", "自如", first=1),
        scale("incontinence", "失禁", "二便失禁", "经常尿失禁", "偶有失禁", "无", first=1),
    ),
    bands=(
        Band(
            5,
            "有风险(≤14分)",
            Level.HIGH,
            "有发生压力性损伤的风险，分数越低风险越大。",
            "翻身减压，皮肤护理，营养支持，每班查皮肤。",
        ),
        Band(15, "风险低(15~20分)", Level.LOW, "风险较低。", "常规护理，病情变化时复评。"),
    ),
    citation=Citation(
        "An investigation of geriatric nursing problems in hospital",
        "National Corporation for the Care of Old People (London)",
        1962,
    ),
    diseases=("压疮",),
)

_MORSE = Score(
    name="morse",
    title="Morse 跌倒风险评分",
    purpose="评估成人住院患者跌倒风险。",
    items=(
        yes("history", "近3个月内跌倒史", 25),
        yes("secondary", "两个及以上医学诊断", 15),
        choice("aid", "行走辅助", ("无、卧床或护士协助", 0), ("拐杖、手杖或助行器", 15), ("扶靠家具行走", 30)),
        yes("iv", "静脉输液或留置静脉通路", 20),
        choice("gait", "步态", ("正常、卧床或不能移动", 0), ("虚弱", 10), ("受损", 20)),
        choice("mental", "认知", ("了解自身能力", 0), ("高估能力或忘记限制", 15)),
    ),
    bands=(
        Band(0, "低危(<25分)", Level.LOW, "跌倒风险低。", "基本预防：环境安全，宣教。"),
        Band(
            25,
            "中危(25~45分)",
            Level.MODERATE,
            "跌倒风险中等。",
            "床栏与呼叫铃可及，起身三部曲，首次下床协助，审查用药。",
        ),
        Band(
            45,
            "高危(>45分)",
            Level.HIGH,
            "跌倒风险高。",
            "床头警示并交接班，专人陪护，如厕与夜间活动协助，医师药师审查用药。",
            over=True,
        ),
    ),
    citation=Citation(
        "Development of a scale to identify the fall-prone patient", "Can J Aging", 1989, "分层：T/CNAS 18-2020"
    ),
    diseases=("帕金森病", "直立性低血压", "骨质疏松症", "痴呆"),
    findings=("头晕", "晕厥", "眩晕"),
    stages=_ADMISSION,
)

_STEP = (("完全依赖", 0), ("需部分帮助", 5), ("可独立完成", 10))
_BARTHEL = Score(
    name="barthel",
    title="Barthel 指数(日常生活活动能力)",
    purpose="评定日常生活活动能力与护理分级。",
    items=(
        choice("feeding", "进食", *_STEP),
        choice("bathing", "洗澡", ("需帮助", 0), ("可独立完成", 5)),
        choice("grooming", "修饰", ("需帮助", 0), ("可独立完成", 5)),
        choice("dressing", "穿衣", *_STEP),
        choice("bowels", "控制大便", ("完全失控", 0), ("偶尔失控或需他人提示", 5), ("可控制", 10)),
        choice("bladder", "控制小便", ("完全失控或留置导尿", 0), ("偶尔失控或需他人提示", 5), ("可控制", 10)),
        choice("toilet", "如厕", *_STEP),
        choice("transfer", "床椅转移", ("完全依赖", 0), ("需极大帮助", 5), ("需部分帮助", 10), ("可独立完成", 15)),
        choice(
            "mobility", "平地行走", ("完全依赖", 0), ("需极大帮助", 5), ("需部分帮助", 10), ("可独立行走45 m", 15)
        ),
        choice("stairs", "上下楼梯", *_STEP),
    ),
    bands=(
        Band(
            0,
            "重度依赖(≤40分)",
            Level.HIGH,
            "全部需要他人照护。",
            "按重度依赖安排护理级别，预防压力性损伤、VTE、误吸，康复评估。",
        ),
        Band(
            40,
            "中度依赖(41~60分)",
            Level.MODERATE,
            "大部分需要他人照护。",
            "协助日常活动，康复训练，预防跌倒。",
            over=True,
        ),
        Band(60, "轻度依赖(61~99分)", Level.LOW, "少部分需要他人照护。", "鼓励自理，针对性协助与训练。", over=True),
        Band(100, "无需依赖(100分)", Level.NONE, "日常活动自理。", "常规护理。"),
    ),
    citation=Citation("Functional evaluation: the Barthel Index", "Md State Med J", 1965, "分级：WS/T 431-2023"),
    diseases=("脑卒中", "骨折", "痴呆", "脊髓损伤"),
    stages=_ADMISSION,
)

_KATZ = Score(
    name="katz-adl",
    title="Katz 日常生活活动指数",
    purpose="评定老年人基本日常生活独立性。",
    items=(
        yes("bathing", "洗澡：独立，或仅一处需帮助", 1),
        yes("dressing", "穿衣：独立取衣穿衣(系鞋带除外)", 1),
        yes("toileting", "如厕：独立", 1),
        yes("transferring", "转移：独立上下床椅(可用辅具)", 1),
        yes("continence", "大小便：完全自控", 1),
        yes("feeding", "进食：独立(备餐除外)", 1),
    ),
    bands=(
        Band(0, "重度障碍(0~2分)", Level.HIGH, "重度功能障碍。", "安排照护，康复与营养评估。"),
        Band(3, "中度障碍(3~5分)", Level.MODERATE, "中度功能障碍。", "针对缺失项目协助与训练。"),
        Band(6, "独立(6分)", Level.NONE, "基本活动独立。", "定期复评。"),
    ),
    citation=Citation("Studies of illness in the aged: the index of ADL", "JAMA", 1963),
    diseases=("痴呆",),
)

_SWALLOW = Score(
    name="water-swallow",
    title="洼田饮水试验",
    purpose="床旁筛查吞咽障碍与误吸风险。",
    items=(
        keyed(
            "grade",
            "坐位饮30 mL温水",
            ("1", "1级：一次饮完，无呛咳", 1),
            ("2", "2级：分两次以上饮完，无呛咳", 2),
            ("3", "3级：一次饮完，有呛咳", 3),
            ("4", "4级：分两次以上饮完，有呛咳", 4),
            ("5", "5级：频繁呛咳，难以饮完", 5),
        ),
    ),
    bands=(
        Band(1, "1级", Level.LOW, "正常；超过5秒饮完者为可疑。", "常规进食，继续观察。"),
        Band(2, "2级", Level.MODERATE, "可疑异常。", "坐位小口慢咽，进食后保持坐位30分钟，观察呛咳。"),
        Band(
            3,
            "3~5级",
            Level.HIGH,
            "吞咽功能异常，误吸风险高。",
            "暂缓经口进食给药，行吞咽造影等评估，调整食物性状或鼻饲，吞咽训练。",
        ),
    ),
    citation=Citation("脳卒中の摂食・嚥下障害について", "総合リハビリテーション", 1982),
    population=Population("意识清楚、能配合者", 6),
    diseases=("脑卒中", "帕金森病", "痴呆", "吸入性肺炎"),
    findings=("吞咽困难",),
    unit="级",
)

_PHLEBITIS = Score(
    name="phlebitis",
    title="静脉炎分级(INS)",
    purpose="评定输液静脉炎程度。",
    items=(
        scale(
            "grade",
            "穿刺部位表现",
            "无症状",
            "发红，伴或不伴疼痛",
            "疼痛，伴发红和(或)水肿",
            "疼痛，伴发红和(或)水肿，条索形成，可触及条索",
            "上述表现，条索长度>2.5 cm或有脓性渗出",
        ),
    ),
    bands=(
        Band(0, "0级", Level.NONE, "无静脉炎。", "继续每班评估。"),
        Band(1, "1级", Level.LOW, "早期静脉炎。", "拔除外周导管，另选部位，抬高患肢并观察。"),
        Band(2, "2级", Level.MODERATE, "静脉炎。", "拔除导管，局部处理，报告并记录。"),
        Band(3, "3~4级", Level.HIGH, "严重静脉炎。", "拔除导管，报告医师，排除血栓与感染，必要时培养。"),
    ),
    citation=Citation("Infusion nursing standards of practice", "Infusion Nurses Society", 2011, "Phlebitis Scale"),
    population=EVERYONE,
    diseases=("静脉炎",),
    unit="级",
)

SCORE = (_BRADEN, _NORTON, _MORSE, _BARTHEL, _KATZ, _SWALLOW, _PHLEBITIS)
