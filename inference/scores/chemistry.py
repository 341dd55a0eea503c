"""Arithmetic of the blood: anion gap, calcium and sodium corrected, osmolality, LDL, Winter's formula, water deficit.

Sources: Emmett M, Narins RG. Medicine 1977;56:38-54. Payne RB, et al. Br Med J 1973;4:643-646. Katz MA. N Engl J
Med 1973;289:843-844. Worthley LI, et al. Anaesth Intensive Care 1987;15:199-202. Friedewald WT, et al. Clin Chem
1972;18:499-502, bands of 中国血脂管理指南(2023年). Albert MS, et al. Ann Intern Med 1967;66:312-322 (Winter).
Adrogué HJ, Madias NE. N Engl J Med 2000;342:1493-1499 (water). Light RW, et al. Ann Intern Med 1972;77:507-513.
"""

from clinical.formulas import anion_gap as gap_of
from clinical.formulas import corrected_calcium as calcium_of
from clinical.logic import Unknown
from inference.score import (
    EVERYONE,
    Answers,
    Band,
    Citation,
    Level,
    Population,
    Score,
    Verdict,
    keyed,
    measured,
    number,
)

_GLUCOSE_MG = 18.0


def _gap(a: Answers) -> Verdict:
    value = gap_of(a.number("sodium"), a.number("chloride"), a.number("bicarbonate"))
    assert not isinstance(value, Unknown)
    return Verdict(value)


_GAP = Score(
    name="anion-gap",
    title="阴离子间隙",
    purpose="鉴别代谢性酸中毒。",
    items=(measured("sodium"), measured("chloride"), measured("bicarbonate")),
    bands=(
        Band(-100, "偏低(<8)", Level.LOW, "偏低，常见于低白蛋白血症或检测误差。", "复核结果，查白蛋白。"),
        Band(8, "正常(8~16)", Level.NONE, "正常范围。", "有酸中毒者考虑正常间隙型(腹泻、肾小管酸中毒)。"),
        Band(
            16,
            "升高(>16)",
            Level.HIGH,
            "高阴离子间隙。",
            "查乳酸、酮体、肾功能、毒物；低白蛋白者每低10 g/L间隙加2.5。",
            over=True,
        ),
    ),
    citation=Citation("Clinical use of the anion gap", "Medicine (Baltimore)", 1977),
    population=EVERYONE,
    diseases=("代谢性酸中毒", "糖尿病酮症酸中毒", "乳酸酸中毒", "中毒"),
    judge=_gap,
    unit="mmol/L",
    digits=1,
    note="不含钾；本院参考区间不同者以本院为准。",
)


def _calcium(a: Answers) -> Verdict:
    value = calcium_of(a.number("calcium"), a.number("albumin"))
    assert not isinstance(value, Unknown)
    return Verdict(value)


_CALCIUM = Score(
    name="corrected-calcium",
    title="白蛋白校正血钙",
    purpose="低白蛋白时校正总钙。",
    items=(measured("calcium", hours=72), measured("albumin", hours=24 * 7)),
    bands=(
        Band(-1, "偏低(<2.11)", Level.MODERATE, "校正后低钙。", "测离子钙、血镁、血磷与PTH，有症状者静脉补钙。"),
        Band(2.11, "正常(2.11~2.52)", Level.NONE, "校正后正常。", "无需处理。"),
        Band(2.52, "偏高(>2.52)", Level.MODERATE, "校正后高钙。", "查PTH、维生素D与肿瘤。", over=True),
        Band(3, "明显升高(≥3.0)", Level.HIGH, "中重度高钙血症。", "生理盐水水化，评估双膦酸盐与降钙素，查病因。"),
    ),
    citation=Citation(
        "Interpretation of serum calcium in patients with abnormal serum proteins",
        "Br Med J",
        1973,
        "参考区间：WS/T 404.6",
    ),
    diseases=("高钙血症", "低钙血症", "低蛋白血症", "多发性骨髓瘤"),
    judge=_calcium,
    unit="mmol/L",
    digits=2,
)


def _sodium(a: Answers) -> Verdict:
    """Sodium + 1.6 for each 100 mg/dL of glucose above 100 mg/dL; none below."""
    above = max(0.0, a.number("glucose") * _GLUCOSE_MG - 100)
    return Verdict(a.number("sodium") + 1.6 * above / 100)


_SODIUM = Score(
    name="corrected-sodium",
    title="血糖校正血钠",
    purpose="高血糖时校正血钠。",
    items=(measured("sodium"), measured("glucose")),
    bands=(
        Band(0, "偏低(<135)", Level.MODERATE, "校正后仍低钠。", "按真性低钠血症评估渗透压、容量与尿钠。"),
        Band(135, "正常(135~145)", Level.NONE, "校正后正常，低钠由高血糖所致。", "治疗高血糖，复查血钠。"),
        Band(
            145, "偏高(>145)", Level.HIGH, "校正后高钠，提示失水明显。", "评估容量与有效渗透压，缓慢纠正。", over=True
        ),
    ),
    citation=Citation(
        "Hyperglycemia-induced hyponatremia: calculation of expected serum sodium depression", "N Engl J Med", 1973
    ),
    population=EVERYONE,
    diseases=("糖尿病酮症酸中毒", "高渗性高血糖状态", "低钠血症"),
    judge=_sodium,
    unit="mmol/L",
    digits=1,
    note="血糖很高时校正系数可能更大(2.4)。",
)

_OSMOLALITY = Score(
    name="serum-osmolality",
    title="血浆渗透压(计算)",
    purpose="估算血浆渗透压。",
    items=(measured("sodium"), measured("glucose"), measured("urea")),
    bands=(
        Band(0, "偏低(<275)", Level.MODERATE, "低渗。", "评估低钠原因与容量。"),
        Band(275, "正常(275~295)", Level.NONE, "正常范围。", "无需处理。"),
        Band(295, "偏高(>295)", Level.MODERATE, "高渗。", "评估失水、高血糖、氮质血症。", over=True),
        Band(320, "明显升高(≥320)", Level.HIGH, "明显高渗。", "评估高渗性高血糖状态，缓慢纠正，监测神志与电解质。"),
    ),
    citation=Citation("For calculating osmolality, the simplest formula is the best", "Anaesth Intensive Care", 1987),
    population=EVERYONE,
    diseases=("高渗性高血糖状态", "糖尿病酮症酸中毒", "高钠血症", "低钠血症", "中毒"),
    judge=lambda a: Verdict(2 * a.number("sodium") + a.number("glucose") + a.number("urea")),
    unit="mOsm/kg",
    digits=1,
)

_LDL = Score(
    name="ldl-friedewald",
    title="低密度脂蛋白胆固醇(Friedewald)",
    purpose="由总胆固醇、HDL-C与甘油三酯估算LDL-C。",
    items=(
        measured("total_cholesterol", hours=24 * 90),
        measured("hdl", hours=24 * 90),
        number("triglycerides", "甘油三酯(空腹)", "mmol/L", 0.1, 4.5, help=">4.5 mmol/L时公式不适用，应直接测定。"),
    ),
    bands=(
        Band(-20, "理想(<2.6)", Level.NONE, "一级预防人群的理想水平。", "按心血管危险分层确定目标值。"),
        Band(2.6, "合适(2.6~3.3)", Level.NONE, "合适水平。", "按心血管危险分层确定目标值。"),
        Band(3.4, "边缘升高(3.4~4.0)", Level.LOW, "边缘升高。", "生活方式干预，按危险分层决定用药。"),
        Band(
            4.1,
            "升高(≥4.1)",
            Level.MODERATE,
            "升高。",
            "评估危险分层与他汀治疗，≥4.9者属高危并筛查家族性高胆固醇血症。",
        ),
    ),
    citation=Citation(
        "Estimation of the concentration of LDL cholesterol in plasma, without the preparative ultracentrifuge",
        "Clin Chem",
        1972,
        "分层：中国血脂管理指南(2023年)",
    ),
    diseases=("血脂异常", "冠状动脉粥样硬化性心脏病", "动脉粥样硬化性心血管疾病"),
    judge=lambda a: Verdict(a.number("total_cholesterol") - a.number("hdl") - a.number("triglycerides") / 2.2),
    unit="mmol/L",
    digits=2,
)


def _winter(a: Answers) -> Verdict:
    """Measured PaCO2 less the expected 1.5 · bicarbonate + 8."""
    expected = 1.5 * a.number("bicarbonate") + 8
    return Verdict(a.number("paco2") - expected, notes=(f"预计PaCO2为{expected:.1f}±2 mmHg。",))


_WINTER = Score(
    name="winter",
    title="Winter公式(代谢性酸中毒的呼吸代偿)",
    purpose="判断代谢性酸中毒时呼吸代偿是否恰当。",
    items=(measured("bicarbonate"), measured("paco2")),
    bands=(
        Band(
            -200,
            "低于预计",
            Level.HIGH,
            "PaCO2低于预计值2 mmHg以上，合并呼吸性碱中毒。",
            "查脓毒症、水杨酸中毒、疼痛、肺栓塞等。",
        ),
        Band(-2, "代偿恰当", Level.NONE, "PaCO2在预计值±2 mmHg内。", "治疗代谢性酸中毒病因。"),
        Band(
            2,
            "高于预计",
            Level.HIGH,
            "PaCO2高于预计值2 mmHg以上，合并呼吸性酸中毒。",
            "评估通气功能与呼吸肌疲劳，准备通气支持。",
            over=True,
        ),
    ),
    citation=Citation(
        "Quantitative displacement of acid-base equilibrium in metabolic acidosis", "Ann Intern Med", 1967
    ),
    population=EVERYONE,
    diseases=("代谢性酸中毒", "糖尿病酮症酸中毒", "乳酸酸中毒"),
    judge=_winter,
    unit="mmHg",
    digits=1,
    note="只用于代谢性酸中毒。",
)

_WATER = {"child": 0.6, "man": 0.6, "woman": 0.5, "old_man": 0.5, "old_woman": 0.45}
_DEFICIT = Score(
    name="water-deficit",
    title="高钠血症自由水缺乏量",
    purpose="估算高钠血症的自由水缺乏量。",
    items=(
        keyed(
            "body",
            "人群(总体水占体重比例)",
            ("child", "儿童(0.6)", 0),
            ("man", "成年男性(0.6)", 0),
            ("woman", "成年女性(0.5)", 0),
            ("old_man", "老年男性(0.5)", 0),
            ("old_woman", "老年女性(0.45)", 0),
        ),
        measured("weight", hours=24 * 30),
        number("sodium", "血钠", "mmol/L", 140, 200),
    ),
    bands=(
        Band(
            0,
            "缺水量",
            Level.MODERATE,
            "为使血钠降至140 mmol/L的估计缺水量，不含继续丢失。",
            "慢性者降钠速度≤10 mmol/L/24h，每4~6小时复查血钠。",
        ),
    ),
    citation=Citation("Hypernatremia", "N Engl J Med", 2000),
    population=EVERYONE,
    diseases=("高钠血症", "尿崩症"),
    judge=lambda a: Verdict(_WATER[a.choice("body")] * a.number("weight") * (a.number("sodium") / 140 - 1)),
    unit="L",
    digits=1,
)


def _light(a: Answers) -> Verdict:
    """Number of the three criteria that are met."""
    by_protein = a.number("fluid_protein") / a.number("serum_protein") > 0.5
    by_ldh = a.number("fluid_ldh") / a.number("serum_ldh") > 0.6
    return Verdict(float(by_protein + by_ldh + (a.number("fluid_ldh") > a.number("ldh_limit") * 2 / 3)))


_LIGHT = Score(
    name="light",
    title="Light标准(胸腔积液)",
    purpose="鉴别胸腔积液的渗出液与漏出液。",
    items=(
        number("fluid_protein", "胸水蛋白", "g/L", 0.5, 120),
        number("serum_protein", "血清总蛋白", "g/L", 20, 150),
        number("fluid_ldh", "胸水乳酸脱氢酶", "U/L", 1, 50000),
        number("serum_ldh", "血清乳酸脱氢酶", "U/L", 10, 50000),
        number("ldh_limit", "血清乳酸脱氢酶正常上限", "U/L", 100, 700),
    ),
    bands=(
        Band(0, "漏出液", Level.LOW, "三项均不符合。", "查心力衰竭、肝硬化、肾病等。"),
        Band(
            1, "渗出液", Level.MODERATE, "至少一项符合。", "送细胞学、ADA、培养、pH与葡萄糖；利尿后心衰患者可误判。"
        ),
    ),
    citation=Citation(
        "Pleural effusions: the diagnostic separation of transudates and exudates", "Ann Intern Med", 1972
    ),
    diseases=("胸膜炎", "脓胸"),
    population=Population("各年龄", 0),
    judge=_light,
    unit="项",
)

SCORE = (_GAP, _CALCIUM, _SODIUM, _OSMOLALITY, _LDL, _WINTER, _DEFICIT, _LIGHT)
