"""Kidneys: eGFR with KDIGO stage, KDIGO risk of CKD, KDIGO stage of AKI, fractional excretion of sodium.

Sources: KDIGO 2012 and 2024 Clinical Practice Guideline for the Evaluation and Management of CKD (Kidney Int Suppl
2013;3:1-150; Kidney Int 2024;105:S117-S314). Inker LA, et al. N Engl J Med 2021;385:1737-1749. KDIGO Clinical
Practice Guideline for Acute Kidney Injury. Kidney Int Suppl 2012;2:1-138. Espinel CH. JAMA 1976;236:579-581 (FENa).
"""

from clinical.formulas import egfr_ckd_epi_2021
from clinical.logic import Unknown
from inference.score import (
    FEMALE,
    Answers,
    Band,
    Citation,
    Level,
    Score,
    Verdict,
    age,
    keyed,
    measured,
    number,
    sex,
    yes,
)

_CKD = ("慢性肾脏病", "糖尿病肾病", "肾功能不全", "高血压", "2型糖尿病")


def _egfr(answers: Answers) -> Verdict:
    value = egfr_ckd_epi_2021(answers.number("creatinine"), answers.number("age"), answers.choice("sex") == FEMALE)
    assert not isinstance(value, Unknown)
    return Verdict(value)


_STAGE = Score(
    name="egfr-stage",
    title="eGFR与慢性肾脏病G分期(CKD-EPI 2021)",
    purpose="由血肌酐估算肾小球滤过率并分期。",
    items=(measured("creatinine", hours=24 * 90), age(), sex()),
    bands=(
        Band(0, "G5", Level.CRITICAL, "<15，肾衰竭。", "转肾内科，准备肾脏替代治疗，按肾功能调整药物。"),
        Band(15, "G4", Level.HIGH, "15~29，重度下降。", "转肾内科，处理并发症，避免肾毒性药物，调整剂量。"),
        Band(30, "G3b", Level.HIGH, "30~44，中到重度下降。", "查并发症，调整药物剂量，评估转诊。"),
        Band(45, "G3a", Level.MODERATE, "45~59，轻到中度下降。", "测UACR，3个月后复查确认，控制血压血糖。"),
        Band(60, "G2", Level.LOW, "60~89，轻度下降。", "测UACR；无肾损伤标志者不诊断慢性肾脏病。"),
        Band(90, "G1", Level.NONE, "≥90，正常或增高。", "有危险因素者测UACR。"),
    ),
    citation=Citation(
        "New creatinine- and cystatin C-based equations to estimate GFR without race",
        "N Engl J Med",
        2021,
        "分期：KDIGO",
    ),
    diseases=_CKD,
    judge=_egfr,
    unit="mL/min/1.73m²",
    note="慢性肾脏病须异常持续≥3个月；急性肾损伤时不适用。",
)


def _risk(answers: Answers) -> Verdict:
    """Grid of KDIGO: rows by eGFR (≥ 60, 45, 30, below), columns by albumin-creatinine ratio (< 30, ≤ 300, > 300)."""
    egfr, acr = answers.number("egfr"), answers.number("acr")
    row = 0 if egfr >= 60 else 1 if egfr >= 45 else 2 if egfr >= 30 else 3
    column = 0 if acr < 30 else 1 if acr <= 300 else 2
    return Verdict(float(min(4, 1 + row + column)))


_RISK = Score(
    name="kdigo-ckd-risk",
    title="KDIGO 慢性肾脏病风险分层(GFR与白蛋白尿)",
    purpose="按eGFR与尿白蛋白肌酐比值判断慢性肾脏病进展风险与随访频次。",
    items=(
        measured("egfr", hours=24 * 90, cuts=(30, 45, 60)),
        measured("acr", hours=24 * 90, cuts=(30, 300)),
    ),
    bands=(
        Band(1, "低风险", Level.LOW, "无其他肾损伤标志者不属于慢性肾脏病。", "每年复查。"),
        Band(
            2, "中风险", Level.MODERATE, "进展风险中度升高。", "每年至少复查1次，ACEI/ARB(有白蛋白尿)，控制血压血糖。"
        ),
        Band(3, "高风险", Level.HIGH, "进展风险高。", "每年至少复查2次，评估SGLT2抑制剂，考虑转肾内科。"),
        Band(4, "极高风险", Level.CRITICAL, "进展风险极高。", "转肾内科，每年复查3次以上，处理并发症。"),
    ),
    citation=Citation(
        "KDIGO clinical practice guideline for the evaluation and management of chronic kidney disease",
        "Kidney Int",
        2024,
    ),
    diseases=_CKD,
    judge=_risk,
    unit="级",
)


def _aki(answers: Answers) -> Verdict:
    """The worse of creatinine and urine. 353.6 µmol/L (4 mg/dL) or dialysis is stage 3, the former only with a
    rise that defines AKI."""
    now, ratio = answers.number("creatinine"), answers.number("creatinine") / answers.number("baseline")
    injured = ratio >= 1.5 - 1e-9 or answers.yes("rise")
    by_creatinine = 3 if ratio >= 3 - 1e-9 else 2 if ratio >= 2 - 1e-9 else 1 if injured else 0
    urine = answers.points("urine")
    if answers.yes("dialysis") or (now >= 353.6 - 1e-9 and injured):
        return Verdict(3)
    return Verdict(max(float(by_creatinine), urine))


_AKI = Score(
    name="kdigo-aki",
    title="KDIGO 急性肾损伤分期",
    purpose="判断急性肾损伤及其分期。",
    items=(
        measured("creatinine", hours=48, cuts=(353.6,)),
        number("baseline", "基线血肌酐(7天内已知或推定)", "μmol/L", 5, 2000),
        yes("rise", "48小时内血肌酐升高≥26.5 μmol/L"),
        keyed(
            "urine",
            "尿量",
            ("normal", "≥0.5 mL/kg/h，或不足6小时", 0),
            ("6h", "<0.5 mL/kg/h达6~12小时", 1),
            ("12h", "<0.5 mL/kg/h≥12小时", 2),
            ("24h", "<0.3 mL/kg/h≥24小时，或无尿≥12小时", 3),
        ),
        yes("dialysis", "开始肾脏替代治疗(因急性肾损伤)"),
    ),
    bands=(
        Band(0, "不符合", Level.NONE, "目前不符合急性肾损伤。", "有危险因素者监测肌酐与尿量。"),
        Band(1, "1期", Level.MODERATE, "急性肾损伤1期。", "停肾毒性药物，纠正容量，查病因，每日肌酐与尿量。"),
        Band(2, "2期", Level.HIGH, "急性肾损伤2期。", "同1期，按肾功能调整药物，请肾内科会诊。"),
        Band(3, "3期", Level.CRITICAL, "急性肾损伤3期。", "监护，评估肾脏替代治疗指征，调整药物，避免锁骨下置管。"),
    ),
    citation=Citation("KDIGO clinical practice guideline for acute kidney injury", "Kidney Int Suppl", 2012),
    diseases=("急性肾损伤", "脓毒症", "休克", "横纹肌溶解症"),
    findings=("无尿",),
    judge=_aki,
    unit="期",
)


def _fena(a: Answers) -> Verdict:
    """100 · urine sodium · creatinine / (sodium · urine creatinine)."""
    urine = a.number("urine_sodium") / a.number("urine_creatinine")
    return Verdict(100 * urine * a.number("creatinine") / 1000 / a.number("sodium"))


_FENA = Score(
    name="fena",
    title="FENa 滤过钠排泄分数",
    purpose="少尿患者鉴别肾前性与肾性急性肾损伤。",
    items=(
        number("urine_sodium", "尿钠", "mmol/L", 1, 300),
        measured("sodium", hours=24),
        number("urine_creatinine", "尿肌酐", "mmol/L", 0.1, 100),
        measured("creatinine", hours=24),
    ),
    bands=(
        Band(0, "<1%", Level.MODERATE, "提示肾前性；造影剂、色素肾病等也可<1%。", "评估容量，补液后复评。"),
        Band(1, "1%~2%", Level.MODERATE, "不能区分。", "结合尿沉渣与补液反应。"),
        Band(
            2, ">2%", Level.HIGH, "提示急性肾小管坏死等肾性损伤。", "查尿沉渣与肾毒性药物，请肾内科会诊。", over=True
        ),
    ),
    citation=Citation("The FENa test: use in the differential diagnosis of acute renal failure", "JAMA", 1976),
    diseases=("急性肾损伤",),
    findings=("无尿",),
    judge=_fena,
    unit="%",
    digits=2,
    note="使用利尿药者不可靠。",
)

SCORE = (_STAGE, _RISK, _AKI, _FENA)
