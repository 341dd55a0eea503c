"""Risk of venous thromboembolism in hospital: Caprini (surgery), Padua (internal medicine), Khorana (cancer).

Sources: Caprini JA. Dis Mon 2005;51:70-78, bands of 肺血栓栓塞症诊治与预防指南 (中华医学杂志 2018;98:1060-1087).
Barbar S, et al. J Thromb Haemost 2010;8:2450-2457. Khorana AA, et al. Blood 2008;111:4902-4907.
"""

from inference.score import (
    Band,
    Citation,
    Diagnosed,
    Level,
    Part,
    Score,
    Taking,
    age,
    at,
    choice,
    measured,
    over,
    start,
    yes,
)

_VTE = ("静脉血栓栓塞症", "深静脉血栓形成", "肺栓塞")
_THROMBOPHILIA = Diagnosed(("易栓症", "抗磷脂综合征"), ever=True)
_MONTH = 24 * 30

_CAPRINI = Score(
    name="caprini",
    title="Caprini 静脉血栓栓塞风险评估",
    purpose="外科住院患者VTE风险评估与预防。",
    items=(
        age(start(0), at(41, 1), at(61, 2), at(75, 3)),
        choice(
            "surgery",
            "本次手术(取最高一项)",
            ("无", 0),
            ("小手术(≤45分钟)", 1),
            ("大手术(>45分钟)、腹腔镜手术(>45分钟)或关节镜手术", 2),
            ("择期下肢大关节置换", 5),
        ),
        yes("recent_surgery", "1个月内大手术史", 1),
        measured("bmi", start(0), over(25, 1), hours=_MONTH),
        yes("varicose", "静脉曲张", 1, Diagnosed(("下肢静脉曲张",))),
        yes("swollen_legs", "下肢水肿", 1),
        yes("bowel", "炎症性肠病史", 1, Diagnosed(("炎症性肠病", "溃疡性结肠炎", "克罗恩病"), ever=True)),
        yes("infarction", "急性心肌梗死(1个月内)", 1, Diagnosed(("急性心肌梗死",))),
        yes("heart_failure", "充血性心力衰竭(1个月内)", 1, Diagnosed(("心力衰竭",))),
        yes("sepsis", "脓毒症(1个月内)", 1, Diagnosed(("脓毒症",))),
        yes("lung", "严重肺病(含1个月内肺炎)", 1, Diagnosed(("肺炎",))),
        yes("copd", "肺功能异常(慢性阻塞性肺疾病)", 1, Diagnosed(("慢性阻塞性肺疾病",))),
        yes("medical_bed", "内科患者，目前卧床", 1),
        yes("hormones", "口服避孕药或激素替代治疗", 1, Taking(("雌激素类", "激素类避孕药"))),
        yes("pregnancy", "妊娠或产后1个月内", 1, Diagnosed(("妊娠",))),
        yes("pregnancy_loss", "不明原因死产、≥3次自然流产，或早产伴子痫前期、胎儿生长受限史", 1),
        yes("cancer", "恶性肿瘤(现患或既往)", 2, Diagnosed(("恶性肿瘤",), ever=True)),
        yes("bed", "卧床>72小时", 2),
        yes("cast", "下肢石膏固定(1个月内)", 2),
        yes("catheter", "中心静脉置管", 2),
        yes("vte", "深静脉血栓或肺栓塞史", 3, Diagnosed(_VTE, ever=True)),
        yes("family", "血栓家族史", 3),
        yes("factor_v", "因子V Leiden突变", 3),
        yes("prothrombin", "凝血酶原20210A突变", 3),
        yes("homocysteine", "同型半胱氨酸升高", 3, Diagnosed(("高同型半胱氨酸血症",))),
        yes("lupus", "狼疮抗凝物阳性", 3),
        yes("anticardiolipin", "抗心磷脂抗体升高", 3),
        yes("hit", "肝素诱导的血小板减少症", 3, Diagnosed(("肝素诱导的血小板减少症",), ever=True)),
        yes("thrombophilia", "其他先天或获得性易栓症", 3),
        yes("fracture", "髋、骨盆或下肢骨折(1个月内)", 5),
        yes("stroke", "脑卒中(1个月内)", 5),
        yes("trauma", "多发创伤(1个月内)", 5),
        yes("spinal", "急性脊髓损伤(瘫痪，1个月内)", 5, Diagnosed(("脊髓损伤",))),
    ),
    bands=(
        Band(0, "低危(0~2分)", Level.LOW, "VTE风险低。", "早期活动，1~2分可加机械预防。"),
        Band(3, "中危(3~4分)", Level.MODERATE, "VTE风险中等。", "评估出血风险，药物或机械预防。"),
        Band(
            5,
            "高危(≥5分)",
            Level.HIGH,
            "VTE风险高。",
            "无高出血风险者药物联合机械预防；高出血风险先机械预防，风险下降后加药物。",
        ),
    ),
    citation=Citation(
        "Thrombosis risk assessment as a guide to quality patient care", "Dis Mon", 2005, "分层：中国2018指南"
    ),
    diseases=("围手术期", "重大手术", "骨折", "关节置换术后"),
    stages=("encounter-start",),
)

_PADUA = Score(
    name="padua",
    title="Padua 静脉血栓栓塞风险评估",
    purpose="内科住院患者VTE风险评估与预防。",
    items=(
        yes("cancer", "活动性恶性肿瘤(转移，或6个月内放化疗)", 3, Diagnosed(("恶性肿瘤",))),
        yes("vte", "既往VTE(不含浅静脉血栓)", 3, Diagnosed(_VTE, ever=True)),
        yes("immobile", "活动受限(卧床至少3天)", 3),
        yes("thrombophilia", "已知易栓症", 3, _THROMBOPHILIA),
        yes("trauma", "近期(≤1个月)创伤或手术", 2),
        age(start(0), at(70, 1)),
        yes("failure", "心力衰竭或呼吸衰竭", 1, Diagnosed(("心力衰竭", "呼吸衰竭"))),
        yes("infarction", "急性心肌梗死或缺血性卒中", 1, Diagnosed(("急性心肌梗死", "脑梗死"))),
        yes(
            "infection",
            "急性感染或风湿性疾病",
            1,
            Diagnosed(("肺炎", "脓毒症", "泌尿道感染", "类风湿关节炎", "系统性红斑狼疮")),
        ),
        measured("bmi", start(0), at(30, 1), hours=_MONTH),
        yes("hormones", "正在激素治疗", 1, Taking(("雌激素类", "激素类避孕药"))),
    ),
    bands=(
        Band(0, "低危(<4分)", Level.LOW, "VTE风险低。", "早期活动，病情变化时复评。"),
        Band(4, "高危(≥4分)", Level.HIGH, "VTE风险高。", "评估出血风险，无禁忌者药物预防；高出血风险用机械预防。"),
    ),
    citation=Citation(
        "A risk assessment model for hospitalized medical patients at risk for VTE: the Padua Prediction Score",
        "J Thromb Haemost",
        2010,
    ),
    diseases=("恶性肿瘤", "心力衰竭", "呼吸衰竭", "脑梗死", "急性心肌梗死", "肺炎", "脓毒症"),
    stages=("encounter-start",),
)

_KHORANA = Score(
    name="khorana",
    title="Khorana 肿瘤化疗相关VTE风险评分",
    purpose="门诊化疗肿瘤患者VTE风险评估。",
    items=(
        choice(
            "site",
            "肿瘤部位",
            ("其他", 0),
            ("高危：肺、淋巴瘤、妇科、膀胱、睾丸", 1),
            ("极高危：胃、胰腺", 2),
        ),
        measured("platelets", start(0), at(350, 1), hours=_MONTH, help="化疗前。"),
        measured("hemoglobin", hours=_MONTH, cuts=(100,), help="化疗前。"),
        yes("esa", "使用促红细胞生成药物"),
        measured("wbc", start(0), over(11, 1), hours=_MONTH, help="化疗前。"),
        measured("bmi", start(0), at(35, 1), hours=_MONTH),
    ),
    bands=(
        Band(0, "低危(0分)", Level.LOW, "2.5个月VTE发生率约0.3%~0.8%。", "不常规药物预防。"),
        Band(1, "中危(1~2分)", Level.MODERATE, "2.5个月VTE发生率约1.8%~2.0%。", "2分者可结合出血风险考虑预防。"),
        Band(
            3, "高危(≥3分)", Level.HIGH, "2.5个月VTE发生率约6.7%~7.1%。", "无出血高风险与药物相互作用者考虑预防抗凝。"
        ),
    ),
    citation=Citation(
        "Development and validation of a predictive model for chemotherapy-associated thrombosis", "Blood", 2008
    ),
    diseases=("化疗", "恶性肿瘤"),
    parts=(Part(("hemoglobin", "esa"), lambda a: float(a.number("hemoglobin") < 100 or a.yes("esa"))),),
)

SCORE = (_CAPRINI, _PADUA, _KHORANA)
