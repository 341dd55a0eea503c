"""Stroke: NIHSS, modified Rankin, ABCD2, ROSIER, ICH score, Hunt-Hess, WFNS.

Sources: Brott T, et al. Stroke 1989;20:864-870, NIH form of 2003 (NIHSS). van Swieten JC, et al. Stroke
1988;19:604-607 (mRS). Johnston SC, et al. Lancet 2007;369:283-292 (ABCD2). Nor AM, et al. Lancet Neurol
2005;4:727-734 (ROSIER). Hemphill JC, et al. Stroke 2001;32:891-897 (ICH). Hunt WE, Hess RM. J Neurosurg
1968;28:14-20. Drake CG, et al. J Neurosurg 1988;68:985-986 (WFNS).
"""

from inference.score import (
    Answers,
    Band,
    Citation,
    Diagnosed,
    Level,
    Part,
    Population,
    Score,
    age,
    at,
    choice,
    measured,
    scale,
    start,
    yes,
)

_STROKE = ("脑卒中", "脑梗死", "脑出血")
_LIMB = ("无下落", "10秒(腿5秒)内下落但未触床", "能抗重力但触床", "不能抗重力", "无运动")

_NIHSS = Score(
    name="nihss",
    title="NIHSS 美国国立卫生研究院卒中量表",
    purpose="量化急性卒中神经功能缺损，用于再灌注决策与随访。",
    items=(
        scale("loc", "1a 意识水平", "清醒", "嗜睡，轻刺激可唤醒", "须反复或疼痛刺激才有反应", "仅反射性反应或无反应"),
        scale("questions", "1b 意识水平提问(月份、年龄)", "均正确", "答对一项", "均不正确"),
        scale("commands", "1c 意识水平指令(睁闭眼、握松拳)", "均正确", "完成一项", "均不正确"),
        scale("gaze", "2 凝视", "正常", "部分凝视麻痹", "完全凝视麻痹或强迫偏斜"),
        scale("visual", "3 视野", "无缺损", "部分偏盲", "完全偏盲", "双侧偏盲或全盲"),
        scale("face", "4 面瘫", "正常", "轻微", "部分(下面部)", "完全(单侧或双侧)"),
        scale("arm_left", "5a 左上肢", *_LIMB),
        scale("arm_right", "5b 右上肢", *_LIMB),
        scale("leg_left", "6a 左下肢", *_LIMB),
        scale("leg_right", "6b 右下肢", *_LIMB),
        scale("ataxia", "7 肢体共济失调", "无", "一个肢体", "两个肢体"),
        scale("sensory", "8 感觉", "正常", "轻至中度减退", "重度或完全丧失"),
        scale("language", "9 语言", "正常", "轻至中度失语", "重度失语", "完全失语或缄默"),
        scale("dysarthria", "10 构音障碍", "正常", "轻至中度", "重度，言语不清至难懂或不能言语"),
        scale("neglect", "11 忽视", "无", "一种感觉形式的忽视", "两种以上形式或重度忽视"),
    ),
    bands=(
        Band(0, "无缺损(0分)", Level.NONE, "未见量表所及缺损，后循环卒中可被低估。", "仍疑卒中者行影像检查。"),
        Band(
            1,
            "轻度(1~4分)",
            Level.MODERATE,
            "轻型卒中。",
            "评估缺损是否致残与静脉溶栓指征，非致残者早期双联抗血小板。",
        ),
        Band(5, "中度(5~15分)", Level.HIGH, "中度卒中。", "时间窗内评估静脉溶栓；≥6分查血管影像评估取栓。"),
        Band(16, "中重度(16~20分)", Level.CRITICAL, "中重度卒中。", "时间窗内溶栓并评估取栓，入卒中单元监护。"),
        Band(
            21,
            "重度(≥21分)",
            Level.CRITICAL,
            "重度卒中，出血转化与恶性水肿风险高。",
            "评估取栓，重症监护，警惕脑疝，请神经外科。",
        ),
    ),
    citation=Citation(
        "Measurements of acute cerebral infarction: a clinical examination scale", "Stroke", 1989, "NIH 2003版"
    ),
    diseases=_STROKE,
    findings=("偏瘫",),
    note="截肢、关节融合或插管等无法检查的项目应按手册另记，不计分。",
)

_MRS = Score(
    name="mrs",
    title="mRS 改良Rankin量表",
    purpose="评定卒中后残障程度与结局。",
    items=(
        scale(
            "grade",
            "残障程度",
            "完全无症状",
            "有症状但无明显残障，能完成所有日常活动",
            "轻度残障，不能完成病前所有活动，但生活自理",
            "中度残障，需部分帮助，可独立行走",
            "中重度残障，不能独立行走，日常生活需人帮助",
            "重度残障，卧床，失禁，需持续护理",
            "死亡",
        ),
    ),
    bands=(
        Band(0, "良好(0~2分)", Level.LOW, "功能独立。", "二级预防，按需康复，随访。"),
        Band(3, "残障(3~5分)", Level.HIGH, "不能完全独立。", "制订康复与照护计划，预防压力性损伤、误吸与VTE。"),
        Band(6, "死亡(6分)", Level.NONE, "死亡。", "用于结局登记。"),
    ),
    citation=Citation("Interobserver agreement for the assessment of handicap in stroke patients", "Stroke", 1988),
    diseases=(*_STROKE, "脑梗死后遗症", "脑出血后遗症"),
)

_ABCD2 = Score(
    name="abcd2",
    title="ABCD2 短暂性脑缺血发作卒中风险评分",
    purpose="估计TIA后2天内卒中风险。",
    items=(
        age(start(0), at(60, 1)),
        measured("systolic", hours=24, cuts=(140,), help="发病后首次血压。"),
        measured("diastolic", hours=24, cuts=(90,)),
        choice("clinical", "临床表现", ("其他", 0), ("言语障碍而无肢体无力", 1), ("单侧肢体无力", 2)),
        choice("duration", "症状持续时间", ("<10分钟", 0), ("10~59分钟", 1), ("≥60分钟", 2)),
        yes("diabetes", "糖尿病", 1, Diagnosed(("糖尿病",))),
    ),
    bands=(
        Band(0, "低危(0~3分)", Level.LOW, "2天内卒中风险约1.0%。", "仍应尽快完成影像与血管评估，启动抗血小板。"),
        Band(
            4,
            "中危(4~5分)",
            Level.MODERATE,
            "2天内卒中风险约4.1%。",
            "24小时内影像与血管评估，评估短期双联抗血小板。",
        ),
        Band(6, "高危(6~7分)", Level.HIGH, "2天内卒中风险约8.1%。", "收入院，紧急影像与血管评估，短期双联抗血小板。"),
    ),
    citation=Citation(
        "Validation and refinement of scores to predict very early stroke risk after transient ischaemic attack",
        "Lancet",
        2007,
    ),
    diseases=("短暂性脑缺血发作",),
    parts=(
        Part(
            ("systolic", "diastolic"),
            lambda a: float(a.number("systolic") >= 140 or a.number("diastolic") >= 90),
        ),
    ),
)

_ROSIER = Score(
    name="rosier",
    title="ROSIER 急诊卒中识别评分",
    purpose="急诊快速识别疑似卒中。",
    items=(
        yes("syncope", "意识丧失或晕厥", -1),
        yes("seizure", "癫痫发作", -1),
        yes("face", "急性发生的不对称面瘫", 1),
        yes("arm", "急性发生的不对称上肢无力", 1),
        yes("leg", "急性发生的不对称下肢无力", 1),
        yes("speech", "急性发生的言语障碍", 1),
        yes("visual", "急性发生的视野缺损", 1),
    ),
    bands=(
        Band(
            -2,
            "卒中可能性小",
            Level.LOW,
            "≤0分，卒中可能性小但不能排除。",
            "先查血糖；仍有疑虑者请神经科并影像检查。",
        ),
        Band(1, "疑似卒中", Level.HIGH, ">0分，疑似卒中。", "启动卒中绿色通道，立即头颅CT，评估溶栓与取栓时间窗。"),
    ),
    citation=Citation("The Recognition of Stroke in the Emergency Room (ROSIER) scale", "Lancet Neurol", 2005),
    diseases=_STROKE,
    findings=("偏瘫", "肢体麻木", "晕厥", "意识障碍"),
    note="评分前先排除低血糖(血糖<3.5 mmol/L)。",
)

_ICH = Score(
    name="ich",
    title="ICH 脑出血评分",
    purpose="估计自发性脑出血30天死亡率。",
    items=(
        measured("gcs", start(2), at(5, 1), at(13, 0), hours=24),
        yes("volume", "血肿体积≥30 mL", 1),
        yes("ventricle", "破入脑室", 1),
        yes("infratentorial", "幕下出血", 1),
        age(start(0), at(80, 1)),
    ),
    bands=(
        Band(0, "0分", Level.LOW, "30天死亡率约0%。", "卒中单元监护，控制血压，复查CT。"),
        Band(1, "1分", Level.MODERATE, "30天死亡率约13%。", "卒中单元监护，控制血压，复查CT。"),
        Band(2, "2分", Level.HIGH, "30天死亡率约26%。", "重症监护，请神经外科会诊。"),
        Band(3, "3分", Level.CRITICAL, "30天死亡率约72%。", "重症监护，请神经外科会诊，与家属沟通。"),
        Band(4, "4分", Level.CRITICAL, "30天死亡率约97%。", "重症监护，请神经外科会诊，与家属沟通治疗目标。"),
        Band(5, "≥5分", Level.CRITICAL, "原始队列30天死亡率100%。", "与家属沟通治疗目标；不据单一评分早期限制治疗。"),
    ),
    citation=Citation("The ICH score: a simple, reliable grading scale for intracerebral hemorrhage", "Stroke", 2001),
    diseases=("脑出血",),
)

_SAH = ("蛛网膜下腔出血", "颅内动脉瘤")

_HUNT_HESS = Score(
    name="hunt-hess",
    title="Hunt-Hess 蛛网膜下腔出血分级",
    purpose="评定动脉瘤性蛛网膜下腔出血严重度。",
    items=(
        scale(
            "grade",
            "临床表现",
            "无症状，或轻微头痛与轻度颈强直",
            "中至重度头痛，颈强直，除脑神经麻痹外无神经缺损",
            "嗜睡或意识模糊，或轻度局灶神经缺损",
            "木僵，中至重度偏瘫，可有早期去大脑强直",
            "深昏迷，去大脑强直，濒死状态",
            first=1,
        ),
    ),
    bands=(
        Band(1, "I~II级", Level.MODERATE, "病情较轻。", "尽早血管影像与动脉瘤处理，尼莫地平，控制血压。"),
        Band(3, "III级", Level.HIGH, "中度。", "重症监护，尽早血管影像，请神经外科与介入会诊。"),
        Band(4, "IV~V级", Level.CRITICAL, "病情危重，预后差。", "气道与颅压管理，评估脑室引流，多学科决定手术时机。"),
    ),
    citation=Citation(
        "Surgical risk as related to time of intervention in the repair of intracranial aneurysms",
        "J Neurosurg",
        1968,
    ),
    population=Population("各年龄", 0),
    diseases=_SAH,
    unit="级",
)

_WFNS = Score(
    name="wfns",
    title="WFNS 蛛网膜下腔出血分级",
    purpose="按GCS与运动缺损对蛛网膜下腔出血分级。",
    items=(
        measured("gcs", cuts=(7, 13, 15), hours=24),
        yes("deficit", "运动功能缺损(偏瘫或失语)", help="GCS 13~14分时决定II级与III级。"),
    ),
    bands=(
        Band(1, "I级", Level.MODERATE, "GCS 15分，无运动缺损。", "尽早血管影像与动脉瘤处理，尼莫地平。"),
        Band(2, "II级", Level.MODERATE, "GCS 13~14分，无运动缺损。", "尽早血管影像与动脉瘤处理，尼莫地平。"),
        Band(3, "III级", Level.HIGH, "GCS 13~14分，有运动缺损。", "重症监护，尽早处理动脉瘤。"),
        Band(4, "IV级", Level.CRITICAL, "GCS 7~12分。", "重症监护，警惕脑积水与再出血。"),
        Band(5, "V级", Level.CRITICAL, "GCS 3~6分。", "气道与颅压管理，评估脑室引流，与家属沟通。"),
    ),
    citation=Citation(
        "Report of World Federation of Neurological Surgeons Committee on a universal SAH grading scale",
        "J Neurosurg",
        1988,
    ),
    diseases=_SAH,
    parts=(Part(("gcs", "deficit"), lambda answers: _wfns(answers)),),
    unit="级",
)


def _wfns(answers: Answers) -> float:
    gcs = answers.number("gcs")
    if gcs < 13:
        return 4 if gcs >= 7 else 5
    if gcs >= 15:
        return 1
    return 3 if answers.yes("deficit") else 2


SCORE = (_NIHSS, _MRS, _ABCD2, _ROSIER, _ICH, _HUNT_HESS, _WFNS)
