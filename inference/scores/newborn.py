"""Newborns: Apgar, Silverman-Andersen, NIPS.

Sources: Apgar V. Curr Res Anesth Analg 1953;32:260-267; bands of ACOG/AAP, Pediatrics 2015;136:819-822. Silverman WA,
Andersen DH. Pediatrics 1956;17:1-10. Lawrence J, et al. Neonatal Netw 1993;12:59-66 (NIPS).
"""

from inference.score import Band, Citation, Level, Population, Score, scale

_NEWBORN = Population("新生儿", 0, 0)

_APGAR = Score(
    name="apgar",
    title="Apgar 新生儿评分",
    purpose="出生后1、5分钟(必要时10分钟)评估新生儿状况。",
    items=(
        scale("appearance", "皮肤颜色", "全身青紫或苍白", "躯干红，四肢青紫", "全身红"),
        scale("pulse", "心率", "无", "<100次/分", "≥100次/分"),
        scale("grimace", "对刺激反应", "无反应", "皱眉等有些反应", "哭、喷嚏、咳嗽"),
        scale("activity", "肌张力", "松弛", "四肢略屈曲", "四肢活动"),
        scale("respiration", "呼吸", "无", "慢、不规则", "正常，哭声响"),
    ),
    bands=(
        Band(
            0,
            "低(0~3分)",
            Level.CRITICAL,
            "状况差。",
            "立即按新生儿复苏流程处理(不等评分)，5分钟<7分者每5分钟复评至20分钟。",
        ),
        Band(
            4, "中(4~6分)", Level.HIGH, "中度异常。", "继续复苏与监护，5分钟<7分者每5分钟复评至20分钟，评估脐血气。"
        ),
        Band(7, "正常(7~10分)", Level.NONE, "状况良好。", "常规护理。"),
    ),
    citation=Citation(
        "A proposal for a new method of evaluation of the newborn infant", "Curr Res Anesth Analg", 1953
    ),
    population=_NEWBORN,
    diseases=("新生儿窒息",),
    note="单凭Apgar评分不能诊断窒息，须结合脐动脉血气。",
)

_SILVERMAN = Score(
    name="silverman",
    title="Silverman-Andersen 新生儿呼吸困难评分",
    purpose="评估新生儿呼吸窘迫程度(分数越高越重)。",
    items=(
        scale("chest", "胸腹运动", "同步", "上胸滞后", "胸腹矛盾运动"),
        scale("intercostal", "肋间凹陷", "无", "刚可见", "明显"),
        scale("xiphoid", "剑突凹陷", "无", "刚可见", "明显"),
        scale("nares", "鼻翼扇动", "无", "轻微", "明显"),
        scale("grunt", "呼气呻吟", "无", "听诊器可闻", "直接可闻"),
    ),
    bands=(
        Band(0, "无(0分)", Level.NONE, "无呼吸窘迫。", "常规观察。"),
        Band(1, "轻度(1~3分)", Level.MODERATE, "轻度呼吸窘迫。", "监测血氧，按需吸氧。"),
        Band(4, "中度(4~6分)", Level.HIGH, "中度呼吸窘迫。", "无创通气(CPAP)，胸片与血气，评估肺表面活性物质。"),
        Band(7, "重度(7~10分)", Level.CRITICAL, "重度，呼吸衰竭。", "准备插管与机械通气，转新生儿重症。"),
    ),
    citation=Citation(
        "A controlled clinical trial of effects of water mist on premature infants", "Pediatrics", 1956
    ),
    population=_NEWBORN,
    diseases=("新生儿呼吸窘迫综合征", "新生儿肺炎", "早产儿"),
    note="轻中重界值为通行用法，原文只给出0~10分的方向。",
)

_NIPS = Score(
    name="nips",
    title="NIPS 新生儿疼痛评分",
    purpose="评估新生儿操作性疼痛。",
    items=(
        scale("face", "面部表情", "放松", "皱眉紧缩"),
        scale("cry", "哭闹", "不哭", "呜咽", "大哭"),
        scale("breathing", "呼吸", "平稳", "改变(不规则、加快、憋气)"),
        scale("arms", "上肢", "放松或约束", "屈曲或伸直紧张"),
        scale("legs", "下肢", "放松或约束", "屈曲或伸直紧张"),
        scale("state", "觉醒状态", "安静入睡或清醒", "烦躁"),
    ),
    bands=(
        Band(0, "轻或无(0~3分)", Level.LOW, "无或轻微疼痛。", "非药物安抚，继续观察。"),
        Band(
            4,
            "有疼痛(4~7分)",
            Level.HIGH,
            ">3分提示疼痛。",
            "非药物措施(襁褓、蔗糖水、非营养性吸吮)，必要时镇痛并复评。",
        ),
    ),
    citation=Citation("The development of a tool to assess neonatal pain", "Neonatal Netw", 1993),
    population=Population("新生儿与婴儿(至1岁)", 0, 1),
    diseases=("早产儿",),
)

SCORE = (_APGAR, _SILVERMAN, _NIPS)
