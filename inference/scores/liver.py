"""Liver: Child-Pugh, MELD, MELD-Na, MELD 3.0, FIB-4, APRI, NAFLD fibrosis score, ALBI, Maddrey, Glasgow alcoholic
hepatitis score, SAAG.

Sources: Pugh RNH, et al. Br J Surg 1973;60:646-649. Kamath PS, et al. Hepatology 2001;33:464-470 (MELD, in the form
and with the limits of UNOS/OPTN policy). Kim WR, et al. N Engl J Med 2008;359:1018-1026 and OPTN policy 9 of 2016
(MELD-Na). Kim WR, et al. Gastroenterology 2021;161:1887-1895 (MELD 3.0). Sterling RK, et al. Hepatology
2006;43:1317-1325 (FIB-4). Wai CT, et al. Hepatology 2003;38:518-526 (APRI). Angulo P, et al. Hepatology
2007;45:846-854. Johnson PJ, et al. J Clin Oncol 2015;33:550-558 (ALBI). Maddrey WC, et al. Gastroenterology
1978;75:193-199, modified by Carithers RL, et al. Ann Intern Med 1989;110:685-690. Forrest EH, et al. Gut
2005;54:1174-1179. Runyon BA, et al. Ann Intern Med 1992;117:215-220 (SAAG).
"""

from math import log, log10, sqrt

from inference.score import (
    FEMALE,
    Answers,
    Band,
    Citation,
    Diagnosed,
    Level,
    Population,
    Score,
    Verdict,
    age,
    at,
    choice,
    measured,
    number,
    over,
    sex,
    start,
    yes,
)

_CIRRHOSIS = ("肝硬化", "肝性脑病", "腹水", "肝肾综合征", "门静脉高压")
_FIBROSIS = ("慢性乙型肝炎", "慢性丙型肝炎", "慢性肝炎", "非酒精性脂肪性肝病", "酒精性肝病")
_WEEK = 24 * 7
_MONTH = 24 * 30
_BILIRUBIN_MG = 17.1
_CREATININE_MG = 88.4

_CHILD_PUGH = Score(
    name="child-pugh",
    title="Child-Pugh 肝功能分级",
    purpose="评估肝硬化患者肝脏储备功能。",
    items=(
        measured("bilirubin", start(1), at(34.2, 2), over(51.3, 3), hours=_MONTH),
        measured("albumin", start(3), at(28, 2), over(35, 1), hours=_MONTH),
        measured("inr", start(1), at(1.7, 2), over(2.3, 3), hours=_MONTH),
        choice("ascites", "腹水", ("无", 1), ("轻度或利尿药可控制", 2), ("中重度或难治", 3)),
        choice("encephalopathy", "肝性脑病", ("无", 1), ("1~2级", 2), ("3~4级", 3)),
    ),
    bands=(
        Band(5, "A级(5~6分)", Level.LOW, "肝功能代偿良好。", "病因治疗，胃镜与肝癌筛查；手术风险较低。"),
        Band(
            7,
            "B级(7~9分)",
            Level.MODERATE,
            "肝功能明显受损。",
            "按肝功能调整药物剂量，处理腹水与脑病，手术前须改善。",
        ),
        Band(10, "C级(10~15分)", Level.HIGH, "失代偿期，预后差。", "评估肝移植，避免肝毒性药物与择期手术。"),
    ),
    citation=Citation("Transection of the oesophagus for bleeding oesophageal varices", "Br J Surg", 1973),
    diseases=_CIRRHOSIS,
    note="胆汁淤积性肝病胆红素界值不同，须另行判读。",
)


def _meld(answers: Answers) -> float:
    """3.78 ln bilirubin + 11.2 ln INR + 9.57 ln creatinine + 6.43 (mg/dL), each value 1 at least, creatinine 4 at
    most and with dialysis; the score before rounding."""
    bilirubin = max(1.0, answers.number("bilirubin") / _BILIRUBIN_MG)
    creatinine = 4.0 if answers.yes("dialysis") else answers.number("creatinine") / _CREATININE_MG
    creatinine = min(4.0, max(1.0, creatinine))
    return 3.78 * log(bilirubin) + 11.2 * log(max(1.0, answers.number("inr"))) + 9.57 * log(creatinine) + 6.43


def _bounded(value: float) -> float:
    return min(40.0, max(6.0, float(int(value + 0.5))))


def _meld_na(answers: Answers) -> Verdict:
    """MELD(i), rounded, + 1.32 (137 - Na) - 0.033 MELD(i) (137 - Na) where MELD(i) exceeds 11, Na in 125-137."""
    first = float(int(_meld(answers) + 0.5))
    lack = 137 - min(137.0, max(125.0, answers.number("sodium")))
    return Verdict(_bounded(first + 1.32 * lack - 0.033 * first * lack if first > 11 else first))


def _meld_3(answers: Answers) -> Verdict:
    """1.33 (women) + 4.56 ln bili + 0.82 (137 - Na) - 0.24 (137 - Na) ln bili + 9.09 ln INR + 11.14 ln crea
    + 1.85 (3.5 - alb) - 1.83 (3.5 - alb) ln crea + 6; mg/dL and g/dL; values 1 at least, creatinine 3 at most and
    with dialysis, Na in 125-137, albumin in 1.5-3.5."""
    bilirubin = log(max(1.0, answers.number("bilirubin") / _BILIRUBIN_MG))
    told = 3.0 if answers.yes("dialysis") else answers.number("creatinine") / _CREATININE_MG
    creatinine = log(min(3.0, max(1.0, told)))
    sodium = 137 - min(137.0, max(125.0, answers.number("sodium")))
    albumin = 3.5 - min(3.5, max(1.5, answers.number("albumin") / 10))
    inr = log(max(1.0, answers.number("inr")))
    woman = 1.33 if answers.choice("sex") == FEMALE else 0.0
    total = woman + 4.56 * bilirubin + 0.82 * sodium - 0.24 * sodium * bilirubin + 9.09 * inr
    return Verdict(_bounded(total + 11.14 * creatinine + 1.85 * albumin - 1.83 * albumin * creatinine + 6))


_MELD_BANDS = (
    Band(6, "≤9分", Level.LOW, "短期死亡风险低(MELD原始资料3个月死亡率约2%)。", "病因治疗，定期复评。"),
    Band(10, "10~19分", Level.MODERATE, "短期死亡风险中等(约6%)。", "≥15分考虑转诊评估肝移植。"),
    Band(20, "20~29分", Level.HIGH, "短期死亡风险高(约20%)。", "评估肝移植，防治感染与肾损伤。"),
    Band(30, "30~39分", Level.CRITICAL, "短期死亡风险很高(约50%)。", "重症监护，优先评估肝移植。"),
    Band(40, "40分", Level.CRITICAL, "短期死亡风险极高(约70%)。", "重症监护，紧急移植评估与治疗目标沟通。"),
)
_MELD_LABS = (
    measured("bilirubin", hours=_WEEK),
    measured("inr", hours=_WEEK),
    measured("creatinine", hours=_WEEK),
    yes("dialysis", "近1周透析≥2次或24小时连续血滤"),
)

_MELD = Score(
    name="meld",
    title="MELD 终末期肝病模型",
    purpose="估计终末期肝病短期死亡风险。",
    items=_MELD_LABS,
    bands=_MELD_BANDS,
    citation=Citation(
        "A model to predict survival in patients with end-stage liver disease", "Hepatology", 2001, "UNOS界限"
    ),
    population=Population("≥12岁", 12),
    diseases=_CIRRHOSIS,
    judge=lambda answers: Verdict(_bounded(_meld(answers))),
)
_MELD_NA = Score(
    name="meld-na",
    title="MELD-Na 终末期肝病模型(含血钠)",
    purpose="结合血钠估计终末期肝病短期死亡风险。",
    items=(*_MELD_LABS, measured("sodium", hours=_WEEK)),
    bands=_MELD_BANDS,
    citation=Citation(
        "Hyponatremia and mortality among patients on the liver-transplant waiting list",
        "N Engl J Med",
        2008,
        "OPTN 2016公式",
    ),
    population=Population("≥12岁", 12),
    diseases=_CIRRHOSIS,
    judge=_meld_na,
)
_MELD_3 = Score(
    name="meld-3",
    title="MELD 3.0",
    purpose="结合性别、血钠与白蛋白估计终末期肝病90天死亡风险。",
    items=(sex(), *_MELD_LABS, measured("sodium", hours=_WEEK), measured("albumin", hours=_WEEK)),
    bands=_MELD_BANDS,
    citation=Citation(
        "MELD 3.0: the Model for End-Stage Liver Disease updated for the modern era", "Gastroenterology", 2021
    ),
    diseases=_CIRRHOSIS,
    judge=_meld_3,
)

_FIB4 = Score(
    name="fib-4",
    title="FIB-4 肝纤维化指数",
    purpose="无创评估慢性肝病肝纤维化。",
    items=(
        age(),
        measured("ast", hours=_MONTH * 3),
        measured("alt", hours=_MONTH * 3),
        measured("platelets", hours=_MONTH * 3),
    ),
    bands=(
        Band(0, "<1.45", Level.LOW, "显著纤维化可能性低。", "病因治疗，1~3年复评。"),
        Band(1.45, "1.45~3.25", Level.MODERATE, "不能确定。", "行肝脏硬度测定或转专科。"),
        Band(
            3.25,
            ">3.25",
            Level.HIGH,
            "进展期纤维化可能性大。",
            "转专科，肝脏硬度测定，筛查静脉曲张与肝癌。",
            over=True,
        ),
    ),
    citation=Citation(
        "Development of a simple noninvasive index to predict significant fibrosis in HIV/HCV coinfection",
        "Hepatology",
        2006,
    ),
    diseases=_FIBROSIS,
    judge=lambda a: Verdict(a.number("age") * a.number("ast") / (a.number("platelets") * sqrt(a.number("alt")))),
    unit="",
    digits=2,
    note="代谢相关脂肪性肝病常用界值1.3与2.67；<35岁或>65岁准确性下降。",
)

_APRI = Score(
    name="apri",
    title="APRI AST/血小板比值指数",
    purpose="无创评估慢性肝病肝纤维化。",
    items=(
        measured("ast", hours=_MONTH * 3),
        number("ast_limit", "AST正常值上限", "U/L", 10, 100, help="按本院，常用40。"),
        measured("platelets", hours=_MONTH * 3),
    ),
    bands=(
        Band(0, "≤0.5", Level.LOW, "显著纤维化可能性低。", "病因治疗，定期复评。"),
        Band(0.5, "0.5~1.5", Level.MODERATE, "不能确定。", "行肝脏硬度测定。", over=True),
        Band(1.5, ">1.5", Level.HIGH, "显著纤维化可能性大。", "转专科，肝脏硬度测定。", over=True),
        Band(2, ">2.0", Level.HIGH, "肝硬化可能性大。", "转专科，筛查静脉曲张与肝癌。", over=True),
    ),
    citation=Citation(
        "A simple noninvasive index can predict both significant fibrosis and cirrhosis in chronic hepatitis C",
        "Hepatology",
        2003,
    ),
    diseases=_FIBROSIS,
    judge=lambda a: Verdict(a.number("ast") / a.number("ast_limit") / a.number("platelets") * 100),
    unit="",
    digits=2,
)


def _nafld(a: Answers) -> Verdict:
    """-1.675 + 0.037 age + 0.094 BMI + 1.13 (impaired glucose or diabetes) + 0.99 AST/ALT - 0.013 platelets
    - 0.66 albumin (g/dL)."""
    ratio = a.number("ast") / a.number("alt")
    body = -1.675 + 0.037 * a.number("age") + 0.094 * a.number("bmi") + (1.13 if a.yes("diabetes") else 0)
    return Verdict(body + 0.99 * ratio - 0.013 * a.number("platelets") - 0.66 * a.number("albumin") / 10)


_NFS = Score(
    name="nafld-fibrosis",
    title="NAFLD 纤维化评分",
    purpose="评估非酒精性脂肪性肝病进展期纤维化。",
    items=(
        age(),
        measured("bmi", hours=24 * 365),
        yes("diabetes", "空腹血糖受损或糖尿病", 0, Diagnosed(("糖尿病",))),
        measured("ast", hours=_MONTH * 3),
        measured("alt", hours=_MONTH * 3),
        measured("platelets", hours=_MONTH * 3),
        measured("albumin", hours=_MONTH * 3),
    ),
    bands=(
        Band(-30, "<-1.455", Level.LOW, "进展期纤维化可能性低。", "生活方式干预，定期复评。"),
        Band(-1.455, "-1.455~0.676", Level.MODERATE, "不能确定。", "行肝脏硬度测定。"),
        Band(0.676, ">0.676", Level.HIGH, "进展期纤维化可能性大。", "转专科，肝脏硬度测定。", over=True),
    ),
    citation=Citation("The NAFLD fibrosis score", "Hepatology", 2007),
    diseases=("非酒精性脂肪性肝病",),
    judge=_nafld,
    unit="",
    digits=3,
)

_ALBI = Score(
    name="albi",
    title="ALBI 肝功能分级",
    purpose="以胆红素与白蛋白客观评估肝功能，常用于肝癌。",
    items=(measured("bilirubin", hours=_MONTH), measured("albumin", hours=_MONTH)),
    bands=(
        Band(-10, "1级(≤-2.60)", Level.LOW, "肝功能良好。", "可按指征行肝癌局部与系统治疗。"),
        Band(-2.6, "2级(>-2.60~-1.39)", Level.MODERATE, "肝功能中度受损。", "权衡治疗强度，监测肝功能。", over=True),
        Band(-1.39, "3级(>-1.39)", Level.HIGH, "肝功能差。", "慎用肝毒性治疗，评估支持治疗或移植。", over=True),
    ),
    citation=Citation(
        "Assessment of liver function in patients with hepatocellular carcinoma: the ALBI grade", "J Clin Oncol", 2015
    ),
    diseases=("肝恶性肿瘤", "原发性胆汁性胆管炎"),
    judge=lambda a: Verdict(0.66 * log10(a.number("bilirubin")) - 0.085 * a.number("albumin")),
    unit="",
    digits=2,
)

_MADDREY = Score(
    name="maddrey",
    title="Maddrey 判别函数",
    purpose="评估酒精性肝炎严重度与激素指征。",
    items=(
        measured("pt", hours=_WEEK),
        number("pt_control", "凝血酶原时间对照值", "s", 8, 20),
        measured("bilirubin", hours=_WEEK),
    ),
    bands=(
        Band(-60, "<32", Level.MODERATE, "非重症酒精性肝炎。", "戒酒，营养支持，随访。"),
        Band(
            32,
            "≥32",
            Level.CRITICAL,
            "重症酒精性肝炎，1个月死亡率约30%~50%。",
            "无感染、消化道出血等禁忌者考虑泼尼松龙，第7天评估应答。",
        ),
    ),
    citation=Citation(
        "Corticosteroid therapy of alcoholic hepatitis", "Gastroenterology", 1978, "Carithers 1989修订"
    ),
    diseases=("酒精性肝病",),
    judge=lambda a: Verdict(4.6 * (a.number("pt") - a.number("pt_control")) + a.number("bilirubin") / _BILIRUBIN_MG),
    digits=1,
)

_GAHS = Score(
    name="gahs",
    title="格拉斯哥酒精性肝炎评分",
    purpose="评估酒精性肝炎近期预后。",
    items=(
        age(start(1), at(50, 2)),
        measured("wbc", start(1), at(15, 2), hours=_WEEK),
        measured("urea", start(1), at(5, 2), hours=_WEEK),
        measured("inr", start(1), at(1.5, 2), over(2, 3), hours=_WEEK),
        measured("bilirubin", start(1), at(125, 2), over(250, 3), hours=_WEEK),
    ),
    bands=(
        Band(5, "<9分", Level.MODERATE, "近期预后较好。", "戒酒，营养支持，随访。"),
        Band(9, "≥9分", Level.CRITICAL, "近期预后差。", "专科住院，评估激素治疗与感染。"),
    ),
    citation=Citation(
        "Analysis of factors predictive of mortality in alcoholic hepatitis: the Glasgow alcoholic hepatitis score",
        "Gut",
        2005,
    ),
    diseases=("酒精性肝病",),
)

_SAAG = Score(
    name="saag",
    title="SAAG 血清腹水白蛋白梯度",
    purpose="鉴别门静脉高压性与非门静脉高压性腹水。",
    items=(
        measured("albumin", hours=48, help="与腹水同日。"),
        number("ascites_albumin", "腹水白蛋白", "g/L", 0.1, 80),
    ),
    bands=(
        Band(
            -80,
            "<11 g/L",
            Level.MODERATE,
            "非门静脉高压性腹水。",
            "查结核、肿瘤、胰源性、肾病等原因，送腹水细胞学与ADA。",
        ),
        Band(
            11,
            "≥11 g/L",
            Level.MODERATE,
            "门静脉高压性腹水。",
            "查肝硬化、心源性、肝静脉阻塞等原因；腹水中性粒细胞≥250/μL按自发性腹膜炎处理。",
        ),
    ),
    citation=Citation(
        "The serum-ascites albumin gradient is superior to the exudate-transudate concept", "Ann Intern Med", 1992
    ),
    population=Population("各年龄", 0),
    diseases=("腹水",),
    judge=lambda a: Verdict(a.number("albumin") - a.number("ascites_albumin")),
    unit="g/L",
    digits=1,
)

SCORE = (_CHILD_PUGH, _MELD, _MELD_NA, _MELD_3, _FIB4, _APRI, _NFS, _ALBI, _MADDREY, _GAHS, _SAAG)
