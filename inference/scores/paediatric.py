"""Children: Westley croup score, PRAM, clinical dehydration scale, FLACC.

Sources: Westley CR, et al. Am J Dis Child 1978;132:484-487. Ducharme FM, et al. J Pediatr 2008;152:476-480 (PRAM).
Goldman RD, et al. Pediatrics 2008;122:545-549, scale of Friedman JN, et al. J Pediatr 2004;145:201-207. Merkel SI, et
al. Pediatr Nurs 1997;23:293-297 (FLACC).
"""

from inference.score import Band, Citation, Level, Population, Score, at, choice, measured, scale, start

_WESTLEY = Score(
    name="westley-croup",
    title="Westley 喉炎评分",
    purpose="评估儿童急性喉炎(哮吼)严重度。",
    items=(
        choice("stridor", "吸气性喉鸣", ("无", 0), ("激动时", 1), ("安静时", 2)),
        choice("retractions", "吸气性凹陷", ("无", 0), ("轻", 1), ("中", 2), ("重", 3)),
        choice("air_entry", "进气", ("正常", 0), ("减低", 1), ("明显减低", 2)),
        choice("cyanosis", "发绀", ("无", 0), ("激动时", 4), ("安静时", 5)),
        choice("consciousness", "意识", ("正常(含睡眠)", 0), ("改变", 5)),
    ),
    bands=(
        Band(0, "轻度(0~2分)", Level.LOW, "轻度。", "单剂地塞米松口服，可居家观察，交代复诊指征。"),
        Band(3, "中度(3~7分)", Level.MODERATE, "中度。", "糖皮质激素，雾化肾上腺素，观察至少3~4小时。"),
        Band(8, "重度(8~11分)", Level.HIGH, "重度。", "激素与雾化肾上腺素，吸氧监护，住院。"),
        Band(12, "濒临呼吸衰竭(≥12分)", Level.CRITICAL, "即将呼吸衰竭。", "立即请麻醉与重症，备困难气道插管。"),
    ),
    citation=Citation("Nebulized racemic epinephrine by IPPB for the treatment of croup", "Am J Dis Child", 1978),
    population=Population("6月~6岁儿童", 0, 6),
    diseases=("急性喉炎",),
    findings=("声音嘶哑",),
)

_PRAM = Score(
    name="pram",
    title="PRAM 儿童哮喘呼吸评估",
    purpose="评估儿童哮喘急性发作严重度与治疗反应。",
    items=(
        measured("spo2", start(2), at(92, 1), at(95, 0), hours=2, help="不吸氧。"),
        choice("suprasternal", "胸骨上凹陷", ("无", 0), ("有", 2)),
        choice("scalene", "斜角肌收缩", ("无", 0), ("有", 2)),
        choice("air_entry", "进气", ("正常", 0), ("肺底减低", 1), ("肺尖与肺底减低", 2), ("极弱或消失", 3)),
        choice("wheeze", "哮鸣音", ("无", 0), ("仅呼气", 1), ("吸气(可伴呼气)", 2), ("不用听诊器可闻，或沉默肺", 3)),
    ),
    bands=(
        Band(0, "轻度(0~3分)", Level.LOW, "轻度发作。", "吸入短效β2受体激动剂，复评。"),
        Band(4, "中度(4~7分)", Level.MODERATE, "中度发作。", "反复吸入短效β2受体激动剂，早期全身激素，观察。"),
        Band(
            8,
            "重度(8~12分)",
            Level.HIGH,
            "重度发作，呼吸衰竭风险。",
            "吸氧，联合异丙托溴铵，全身激素，考虑硫酸镁，监护住院。",
        ),
    ),
    citation=Citation(
        "The Pediatric Respiratory Assessment Measure: a valid clinical score for assessing acute asthma severity",
        "J Pediatr",
        2008,
    ),
    population=Population("2~17岁", 2, 17),
    diseases=("支气管哮喘急性发作", "哮喘持续状态", "支气管哮喘"),
    findings=("呼吸困难",),
)

_CDS = Score(
    name="clinical-dehydration",
    title="临床脱水量表(CDS)",
    purpose="评估急性胃肠炎婴幼儿脱水程度。",
    items=(
        scale("appearance", "一般状态", "正常", "口渴、烦躁，或嗜睡但触之易激惹", "嗜睡、软弱、湿冷，或昏迷"),
        scale("eyes", "眼", "正常", "轻度凹陷", "明显凹陷"),
        scale("mucosa", "口腔黏膜", "湿润", "黏稠", "干燥"),
        scale("tears", "泪液", "有", "减少", "无"),
    ),
    bands=(
        Band(0, "无脱水(0分)", Level.NONE, "无脱水。", "继续喂养，口服补液预防脱水。"),
        Band(1, "轻度脱水(1~4分)", Level.MODERATE, "有一些脱水。", "口服补液盐分次补充，复评。"),
        Band(5, "中重度脱水(5~8分)", Level.HIGH, "中至重度脱水。", "查电解质与血气，鼻饲或静脉补液，监测尿量。"),
    ),
    citation=Citation(
        "Validation of the clinical dehydration scale for children with acute gastroenteritis", "Pediatrics", 2008
    ),
    population=Population("1月~3岁", 0, 3),
    diseases=("急性胃肠炎", "脱水", "感染性腹泻"),
    findings=("腹泻", "恶心呕吐"),
)

_FLACC = Score(
    name="flacc",
    title="FLACC 儿童行为疼痛评分",
    purpose="评估2月~7岁或不能表达者的疼痛。",
    items=(
        scale("face", "面部", "无特殊表情或微笑", "偶皱眉、淡漠", "经常下颌颤抖、咬牙"),
        scale("legs", "腿部", "正常或放松", "不安、紧张", "踢腿或蜷缩"),
        scale("activity", "活动", "安静平卧，活动自如", "扭动、紧张", "弓背、僵直或抽动"),
        scale("cry", "哭闹", "不哭", "呻吟、啜泣", "持续哭闹、尖叫"),
        scale("consolability", "可安慰性", "满足、放松", "抚触或言语可安慰", "难以安慰"),
    ),
    bands=(
        Band(0, "放松舒适(0分)", Level.NONE, "无疼痛表现。", "继续观察。"),
        Band(1, "轻度不适(1~3分)", Level.LOW, "轻度。", "非药物措施。"),
        Band(4, "中度疼痛(4~6分)", Level.MODERATE, "中度疼痛。", "镇痛药并30~60分钟复评。"),
        Band(7, "重度疼痛(7~10分)", Level.HIGH, "重度疼痛。", "强化镇痛，查疼痛原因，复评。"),
    ),
    citation=Citation(
        "The FLACC: a behavioral scale for scoring postoperative pain in young children", "Pediatr Nurs", 1997
    ),
    population=Population("2月~7岁", 0, 7),
    findings=("疼痛",),
    diseases=("术后疼痛",),
)

SCORE = (_WESTLEY, _PRAM, _CDS, _FLACC)
