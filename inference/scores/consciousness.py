"""Consciousness: GCS, RASS, CAM-ICU.

Sources: Teasdale G, Jennett B. Lancet 1974;2:81-84 (GCS). Sessler CN, et al. Am J Respir Crit Care Med
2002;166:1338-1344 (RASS). Ely EW, et al. JAMA 2001;286:2703-2710 (CAM-ICU).
"""

from inference.score import Answers, Band, Citation, Level, Population, Score, Verdict, keyed, scale, yes

_GCS = Score(
    name="gcs",
    title="GCS 格拉斯哥昏迷评分",
    purpose="评定意识障碍程度并动态随访。",
    items=(
        scale("eyes", "睁眼", "不睁眼", "疼痛刺激睁眼", "呼唤睁眼", "自发睁眼", first=1),
        scale("verbal", "言语", "不能发声", "只能发声", "用词不当", "应答错乱", "定向正常", first=1),
        scale(
            "motor",
            "运动",
            "无动作",
            "过伸(去大脑强直)",
            "异常屈曲(去皮质强直)",
            "疼痛回缩",
            "疼痛定位",
            "遵嘱动作",
            first=1,
        ),
    ),
    bands=(
        Band(
            3,
            "重度(3~8分)",
            Level.CRITICAL,
            "昏迷，重度脑功能障碍。",
            "保护气道(评估插管)，急查头颅CT与血糖，请神经外科或重症。",
        ),
        Band(9, "中度(9~12分)", Level.HIGH, "中度意识障碍。", "密切监测神志与瞳孔，查头颅CT及代谢、中毒原因。"),
        Band(13, "轻度(13~14分)", Level.MODERATE, "轻度意识障碍。", "查找原因，颅脑外伤者按指征行CT并复评。"),
        Band(15, "正常(15分)", Level.NONE, "意识清醒。", "按病情观察；下降≥2分立即复查。"),
    ),
    citation=Citation("Assessment of coma and impaired consciousness", "Lancet", 1974),
    population=Population("成人与能言语的儿童", 5),
    diseases=("颅脑损伤", "脑卒中", "颅内出血", "昏迷", "中毒", "脑膜炎", "脑炎", "肝性脑病"),
    findings=("意识障碍", "惊厥"),
    note="插管或失语者言语项无法评定，应另记T，不以1分代替后解读总分。",
)

_RASS = Score(
    name="rass",
    title="RASS 镇静躁动评分",
    purpose="评定镇静深度与躁动，指导镇静药调整。",
    items=(
        keyed(
            "state",
            "状态",
            *(
                (f"{points:+d}" if points else "0", text, points)
                for points, text in (
                    (4, "有攻击性，暴力，危及工作人员"),
                    (3, "非常躁动，拔管或扯导管"),
                    (2, "躁动，频繁无目的动作，人机对抗"),
                    (1, "不安，焦虑但动作不剧烈"),
                    (0, "清醒平静"),
                    (-1, "嗜睡，声音唤醒后睁眼对视≥10秒"),
                    (-2, "轻度镇静，声音唤醒后对视<10秒"),
                    (-3, "中度镇静，对声音有动作或睁眼但无对视"),
                    (-4, "深度镇静，对声音无反应，对身体刺激有反应"),
                    (-5, "不可唤醒，对声音与身体刺激均无反应"),
                )
            ),
        ),
    ),
    bands=(
        Band(
            -5,
            "深度镇静",
            Level.HIGH,
            "RASS -5~-4。",
            "无深镇静指征时减量或每日唤醒，查其他昏迷原因；此时不能评谵妄。",
        ),
        Band(-3, "中度镇静", Level.MODERATE, "RASS -3。", "机械通气患者多以-2~0为目标，考虑减量；可评CAM-ICU。"),
        Band(-2, "轻度镇静至清醒", Level.NONE, "RASS -2~0，通常为目标范围。", "维持现方案，每班做谵妄评估。"),
        Band(1, "不安", Level.LOW, "RASS +1。", "查疼痛、缺氧、尿潴留、谵妄，先非药物处理。"),
        Band(2, "躁动", Level.HIGH, "RASS +2~+4。", "保障安全，先镇痛，查诱因，按需镇静并评估谵妄。"),
    ),
    citation=Citation("The Richmond Agitation-Sedation Scale", "Am J Respir Crit Care Med", 2002),
    diseases=("机械通气", "谵妄", "呼吸衰竭", "酒精戒断综合征"),
    findings=("激越",),
)


def _cam(answers: Answers) -> Verdict:
    """Features 1 and 2, and 3 or 4."""
    positive = answers.count("acute", "inattention") == 2 and answers.count("level", "thinking") > 0
    return Verdict(float(positive))


_CAM_ICU = Score(
    name="cam-icu",
    title="CAM-ICU 重症谵妄评估",
    purpose="判断ICU患者有无谵妄(RASS≥-3时)。",
    items=(
        yes("acute", "特征1：意识状态急性改变或24小时内波动"),
        yes("inattention", "特征2：注意力不集中(注意力筛查错误>2个)"),
        yes("level", "特征3：意识水平改变(当前RASS不为0)"),
        yes("thinking", "特征4：思维无序(问题与指令错误>1个)"),
    ),
    bands=(
        Band(0, "阴性", Level.NONE, "目前不符合谵妄。", "每班复评，坚持预防措施。"),
        Band(
            1,
            "阳性",
            Level.HIGH,
            "特征1与2，加3或4，符合谵妄。",
            "查诱因(感染、缺氧、电解质、疼痛、药物)，停苯二氮䓬类与抗胆碱药，改善睡眠与定向，早活动。",
        ),
    ),
    citation=Citation(
        "Delirium in mechanically ventilated patients: validity and reliability of the CAM-ICU", "JAMA", 2001
    ),
    diseases=("机械通气", "谵妄", "脓毒症", "呼吸衰竭"),
    findings=("激越", "意识障碍"),
    judge=_cam,
    unit="",
)

SCORE = (_GCS, _RASS, _CAM_ICU)
