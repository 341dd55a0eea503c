"""How the release says what it says: one family of sentences for each predicate."""

from __future__ import annotations

import re
from typing import Final

from knowledge.model import Predicate, Statement
from knowledge.tables.diagnosis import FREQUENCIES
from nlp.wording import Family, Saying, Whole, ages, between, number, sentence

_SLOTS: Final = re.compile(r"\{\w+\}")
_ACT: Final = "{reason}。[处理：{advice}。]"
_HARM: Final = "{gravity}。{reason}。[处理：{advice}。]"
_RISKS: Final = {
    "contraindicated": "禁忌",
    "major": "严重风险",
    "moderate": "一般风险",
    "minor": "提示",
    "info": "信息",
}
_LIMITS: Final[dict[str, str]] = {
    "main-procedure": "主要手术",
    "frequency": "频次",
    "second-line": "二线用药",
    "amount": "数量",
    "charge": "收费",
}
_STRENGTH: Final = {1: "弱", 2: "中等", 3: "强"}
_RENAL_UNITS: Final = {"crcl": "ml/min", "egfr": "ml/min/1.73m²"}
_PER: Final = {"kg": "/kg", "m2": "/m²"}


# -- said together -----------------------------------------------------------------------------


def _ages(s: Saying) -> str:
    return ages(s.get("age_min"), s.get("age_max"))


def _who(s: Saying) -> str:
    """``儿童(3个月至12岁, 体重10–20 kg)``."""
    weight = between(s.get("weight_min"), s.get("weight_max"), "kg", included=False)
    sex, pregnant = s.word("sex"), {"yes": "妊娠期", "no": "非妊娠期"}.get(str(s.get("pregnant")), "")
    within = "，".join(part for part in (_ages(s), f"体重{weight}" if weight else "", sex, pregnant) if part)
    group = s.word("population")
    return f"{group}({within})" if group and within else group or within


def _amount(s: Saying, low: str, high: str, cap: str) -> str:
    unit = f"{s.get('unit') or ''}{_PER.get(str(s.get('per')), '')}"
    said = between(s.get(low), s.get(high), unit)
    limit = s.get(cap)
    highest = f"{number(limit)} {s.get('unit') or ''}".strip() if limit is not None else ""
    least = said.replace("≤", "不超过", 1)
    return f"{least}(最多{highest})" if said and highest else least or (f"不超过{highest}" if highest else "")


def _single(s: Saying) -> str:
    said = _amount(s, "single_min", "single_max", "single_cap")
    return f"单次{said}" if said else ""


def _daily(s: Saying) -> str:
    said = _amount(s, "daily_min", "daily_max", "daily_cap")
    return f"每日{said}" if said else ""


def _times(s: Saying) -> str:
    said = between(s.get("times_per_day_min"), s.get("times_per_day_max"))
    return f"每日{said.replace('≤', '不超过')}次" if said else ""


def _cap(s: Saying) -> str:
    return "，".join(part for part in (_single(s), _daily(s), _times(s)) if part)


def _kidney(s: Saying) -> str:
    """``肌酐清除率(CrCl)10–30 ml/min``."""
    measure = str(s.get("measure"))
    name = {"crcl": "肌酐清除率(CrCl)", "egfr": "肾小球滤过率(eGFR)"}.get(measure, measure)
    band = between(s.get("at_least") or None, s.get("below"), _RENAL_UNITS.get(measure, ""), included=False)
    dialysis = "透析" if s.get("dialysis") else ""
    return "，".join(part for part in (f"{name}{band}" if band else "", dialysis) if part)


def _liver(s: Saying) -> str:
    pugh, times = s.word("child_pugh"), s.get("alt_times_uln")
    enzymes = f"转氨酶超过正常上限{number(times)}倍" if times is not None else ""
    return "，".join(part for part in (f"Child-Pugh {pugh}级" if pugh else "", enzymes) if part)


def _value(s: Saying) -> str:
    """``≥130 g/L`` or a multiple of the upper limit."""
    sign = {">=": "≥", "<=": "≤"}.get(str(s.get("comparison")), str(s.get("comparison") or ""))
    if s.get("times_uln") is not None:
        return f"{sign}正常上限{number(s.get('times_uln'))}倍"
    return f"{sign}{number(s.get('value'))} {s.get('unit') or ''}".strip() if s.get("value") is not None else ""


def _band(s: Saying) -> str:
    return between(s.get("at_least"), s.get("below"), s.get("unit") or "", included=False)


def _range(s: Saying) -> str:
    return between(s.get("low"), s.get("high"), s.get("unit") or "")


def _critical(s: Saying) -> str:
    low, high = s.get("critical_low"), s.get("critical_high")
    ends = (f"<{number(low)}" if low is not None else "", f">{number(high)}" if high is not None else "")
    return "或".join(end for end in ends if end)


def _concentration(s: Saying) -> str:
    return between(s.get("conc_min"), s.get("conc_max"), s.get("conc_unit") or "").replace("≤", "不超过")


def _window(s: Saying) -> str:
    """How long before the incision: ``60–30分钟``."""
    early, late = s.get("earliest_minutes"), s.get("latest_minutes")
    return f"{number(early)}–{number(late)}分钟" if early is not None and late is not None else ""


def _condition(s: Saying) -> str:
    """What forbids an examination or operation: a disease, a value, an age, pregnancy."""
    kind, name = str(s.get("kind")), s.word("object")
    if kind == "pregnancy":
        return f"妊娠{s.word('trimesters')}"
    if kind == "age":
        return _ages(s)
    if kind == "egfr":
        return f"肾小球滤过率(eGFR){_band(s)}"
    told = {"allergy": f"对{name}过敏", "drug": f"使用{name}", "procedure": f"有{name}史"}.get(kind, name)
    return f"{told}{s.word('word') or _band(s)}"


def _planned(s: Saying) -> str:
    """``每次1–2 g``, ``每次10 mg/kg``, ``每日30 mg/kg``."""
    per = str(s.get("per") or "")
    unit = f"{s.get('unit') or ''}{'/kg' if per.startswith('kg') else '/m²' if per.startswith('m2') else ''}"
    amount = between(s.get("dose"), s.get("dose_max") or s.get("dose"), unit)
    return f"{'每日' if per.endswith('day') else '每次'}{amount}" if s.get("dose") is not None else ""


def _course(s: Saying) -> str:
    usual, longest = s.word("course"), s.word("course_max")
    return f"{usual}至{longest}" if usual and longest else usual or (f"不超过{longest}" if longest else "")


def _share(s: Saying) -> str:
    """How many patients show a phenotype."""
    low, high = s.get("share_min"), s.get("share_max")
    if low is None or high is None:
        return ""
    return between(round(100 * low, 1), round(100 * high, 1)) + "%"


def _bound(s: Saying) -> str:
    unit = f"{s.get('unit') or ''}{_PER.get(str(s.get('per')), '')}"
    cap = f"(最多{number(s.get('cap'))} {s.get('unit')})" if s.get("cap") is not None else ""
    return f"{s.word('side')}{number(s.get('value'))} {unit}{cap}"


def _strength(s: Saying) -> str:
    points = s.get("points")
    return _STRENGTH.get(points, number(points)) if points is not None else ""


def _risk(s: Saying) -> str:
    return _RISKS.get(str(s.get("severity")), "")


def _loading(s: Saying) -> str:
    return "负荷剂量" if s.get("loading") else ""


def _grams(s: Saying) -> str:
    """Of herbs: grams a day."""
    said = between(s.get("daily_min"), s.get("daily_max"), "g")
    return f"每日{said}" if said else ""


def _highest(s: Saying) -> str:
    """Limits of a dose by weight."""
    ends = (("单次", s.get("single_limit")), ("每日", s.get("daily_limit")))
    return "，".join(f"{when}最多{number(most)} {s.get('unit') or ''}" for when, most in ends if most is not None)


def _from(s: Saying) -> str:
    least, unit = s.get("dose_from"), f"{s.get('dose_unit') or ''}{_PER.get(str(s.get('per')), '')}"
    return f"单次达到{number(least)} {unit}" if least is not None else ""


def _payment(s: Saying) -> str:
    return _LIMITS.get(str(s.get("limit")), s.word("limit"))


_AGE: Final = ("age_min", "age_max")
_SINGLE: Final = ("single_min", "single_max", "single_cap", "unit", "per")
_DAILY: Final = ("daily_min", "daily_max", "daily_cap", "unit", "per")
_TIMES: Final = ("times_per_day_min", "times_per_day_max")
_BAND: Final = ("at_least", "below", "unit")
WHOLES: Final[dict[str, Whole]] = {
    "ages": Whole(_AGE, _ages),
    "who": Whole((*_AGE, "weight_min", "weight_max", "sex", "pregnant", "population"), _who),
    "single": Whole(_SINGLE, _single),
    "daily": Whole(_DAILY, _daily),
    "times": Whole(_TIMES, _times),
    "cap": Whole((*_SINGLE, *_DAILY, *_TIMES), _cap),
    "kidney": Whole(("measure", "at_least", "below", "dialysis"), _kidney),
    "liver": Whole(("child_pugh", "alt_times_uln"), _liver),
    "limit_value": Whole(("comparison", "value", "times_uln", "unit"), _value),
    "band": Whole(_BAND, _band),
    "range": Whole(("low", "high", "unit"), _range),
    "critical": Whole(("critical_low", "critical_high"), _critical),
    "concentration": Whole(("conc_min", "conc_max", "conc_unit"), _concentration),
    "window": Whole(("earliest_minutes", "latest_minutes"), _window),
    "condition": Whole(("kind", "trimesters", "word", *_AGE, *_BAND), _condition),
    "planned": Whole(("dose", "dose_max", "unit", "per"), _planned),
    "treatment_course": Whole(("course", "course_max"), _course),
    "share": Whole(("share_min", "share_max", "cases"), _share),
    "bound": Whole(("side", "value", "unit", "per", "cap"), _bound),
    "strength": Whole(("points",), _strength),
    "payment": Whole(("limit",), _payment),
    "gravity": Whole(("severity",), _risk),
    "loading_dose": Whole(("loading",), _loading),
    "grams": Whole(("daily_min", "daily_max"), _grams),
    "highest": Whole(("single_limit", "daily_limit", "unit"), _highest),
    "from": Whole(("dose_from", "dose_unit", "per"), _from),
}


# -- one family a predicate --------------------------------------------------------------------


def _family(heading: str, tables: str, pattern: str, *hidden: str, group: str = "") -> Family:
    return Family(heading, tuple(tables.split()), pattern, frozenset(hidden), group)


_P = Predicate
FAMILIES: Final[dict[Predicate, Family]] = {
    _P.IS_A: _family("分类", "", "{object}", group="属于"),
    _P.CONTAINS: _family("成分", "products", "{object}[ {amount} {unit}]", "per", group="含有"),
    _P.INTERACTS_WITH: _family(
        "相互作用",
        "interactions",
        "{subject}与{object}合用：{effect}[（{gravity}）]。[机制：{mechanism}。][处理：{advice}。]",
        "reason",
    ),
    _P.CONTRAINDICATED_IN: _family("疾病禁忌", "contraindications", "{object}患者使用{subject}：" + _HARM),
    _P.PREGNANCY_LACTATION: _family(
        "{state}用药", "pregnancy_lactation", "{state}期[（孕{trimesters}）]使用{subject}：" + _HARM
    ),
    _P.AGE_LIMIT: _family("年龄限制", "age_limits", "{ages}使用{subject}：[{cap}，]" + _HARM),
    _P.RENAL_LIMIT: _family("肾功能不全用药", "renal", "[{kidney}时]使用{subject}：{action}[，{cap}]。" + _ACT),
    _P.HEPATIC_LIMIT: _family(
        "肝功能不全用药", "hepatic", "肝功能不全[（{liver}）]时使用{subject}：{action}[，{cap}]。" + _ACT
    ),
    _P.DOSE_RANGE: _family(
        "用法用量",
        "dosing",
        "{subject}[（{forms}）]：{who} {routes}[ 用于{object}][ {loading_dose}][ {single}][，{daily}][，{times}]。",
    ),
    _P.FREQUENCY_LIMIT: _family(
        "给药频次",
        "frequency",
        "{subject}[（{forms}）][用于{object}][ {routes}]：[每日不超过{per_day_max}次，][每周不超过{per_week_max}次，]"
        "[间隔不少于{interval_hours_min}小时，]" + _HARM,
    ),
    _P.ROUTE_LIMIT: _family("给药途径", "route", "{subject}[（{forms}）][不可{forbidden}][只可{allowed}]：" + _HARM),
    _P.DUPLICATE_GROUP: _family(
        "重复用药", "duplicate_groups", "{subject}同时使用不应超过{allowed_count}种：" + _HARM
    ),
    _P.ALLERGEN_OF: _family("过敏原", "", "{object}", group="过敏涉及"),
    _P.CROSS_REACTS: _family(
        "交叉过敏", "cross_reactivity", "对{subject}过敏[（{reactions}）]者使用{object}：" + _HARM
    ),
    _P.REFERENCE_RANGE: _family(
        "参考区间", "lab_ranges", "[{sex} ][{ages} ]{range}[（危急值{critical}）]", group="参考区间(正常值)："
    ),
    _P.REPEAT_INTERVAL: _family(
        "重复检查间隔", "repeat_windows", "{subject}[（{institutions}）]{hours}内再做视为重复。"
    ),
    _P.INSURANCE_LIMIT: _family(
        "医保支付限制", "insurance_limits", "{subject}[（{forms}）]医保支付范围（限{payment}）：{phrase}。"
    ),
    _P.SERVICE_DUPLICATE: _family("重复收费", "", "{subject}与{object}不得同时收费[（{period}）]。[{note}。]"),
    _P.DEFINED_DAILY_DOSE: _family(
        "限定日剂量", "", "{subject}的限定日剂量(DDD)：{amount} {unit}[（途径 {route}）]。"
    ),
    _P.HAS_SYMPTOM: _family("临床表现", "", "{object}", group="的症状："),
    _P.NEEDS_EXAM: _family("检查项目", "", "{object}", group="常做的检查："),
    _P.TREATED_WITH: _family("治疗药物", "", "{object}", group="的治疗药物："),
    _P.COMPLICATED_BY: _family("并发症", "", "{object}", group="的并发症："),
    _P.TREATED_IN: _family("就诊科室", "", "{object}", group="就诊科室："),
    _P.HAS_PHENOTYPE: _family("表型", "", "{object}[（{share}）]", group="的表型："),
    _P.GOOD_FOOD: _family("宜食", "", "{object}", group="宜食："),
    _P.BAD_FOOD: _family("忌食", "", "{object}", group="忌食："),
    _P.IV_INCOMPATIBLE: _family(
        "静脉配伍禁忌", "iv_pairs", "{subject}与{object}不可{where}配伍：{gravity}。{effect}。[处理：{advice}。]"
    ),
    _P.INFUSION_LIMIT: _family(
        "静脉输注要求",
        "infusion nutrition_limits",
        "{subject}[（{words}）][ {routes}]：[溶媒{solvents}，][禁用溶媒{forbidden}，][浓度{concentration}，]"
        "[滴注时间不少于{minutes_min}分钟，][滴速不超过{rate_max} {rate_unit}，][配制后{stable}内用完，]" + _HARM,
    ),
    _P.LAB_LIMIT: _family("检验值限制", "lab_limits", "{object}{limit_value}时使用{subject}：" + _HARM),
    _P.LAB_NEEDED: _family(
        "用药监测", "lab_needed", "使用{subject}须查{object}（{when}）[，结果{days}天内有效]。" + _ACT, "severity"
    ),
    _P.PHARMACOGENOMIC: _family(
        "药物基因", "pharmacogenomics", "{object}为{results}者使用{subject}：[{cap}，]" + _HARM
    ),
    _P.BURDEN: _family("累积风险", "burdens", "{subject}增加{burden}风险，强度{strength}。"),
    _P.DURATION_LIMIT: _family(
        "疗程",
        "durations",
        "{subject}[用于{object}]疗程[不超过{max_days}天][不少于{min_days}天]：" + _HARM,
    ),
    _P.INDICATED_FOR: _family(
        "适应证", "indications off_label", "{subject}用于{object}[（{purpose}）]，依据{basis}。", "severity"
    ),
    _P.DRUG_FOOD: _family("饮食与烟酒", "food", "{subject}与{food}：{effect}[（{gravity}）]。[处理：{advice}。]"),
    _P.LAB_INTERFERENCE: _family(
        "干扰检验",
        "lab_interference",
        "{subject}使{object}{direction}：{effect}。[停药后持续{lasting}。][处理：{advice}。]",
        "severity",
    ),
    _P.ANTIMICROBIAL_GRADE: _family(
        "抗菌药物分级", "antimicrobial_grades", "{subject}[（{forms}）]为{grade}抗菌药物。" + _ACT, "severity"
    ),
    _P.PROPHYLAXIS: _family(
        "预防用抗菌药",
        "prophylaxis",
        "{subject}围手术期预防用抗菌药物：{need}。[首选{drugs}。][β-内酰胺类过敏者用{allergic}。]"
        "[切皮前{window}给药，]总时间不超过{longest_hours}小时。" + _ACT,
        "severity",
    ),
    _P.SKIN_TEST: _family(
        "皮试",
        "skin_tests",
        "{subject}用药前{requirement}做{object}[，停药超过{valid_hours}须重做]，阳性者{positive}。" + _ACT,
        "severity",
    ),
    _P.CONTROLLED: _family(
        "特殊管理药品",
        "controlled",
        "{subject}[（{forms}）]属于{category}[，用于{object}时处方可达{days}天]。" + _ACT,
        "severity",
    ),
    _P.HIGH_ALERT: _family("高警示药品", "high_alert", "{subject}[（{forms}）]为{grade}级高警示(高危)药品。" + _ACT),
    _P.HERB_LIMIT: _family(
        "饮片用法用量",
        "herbs herb_groups",
        "{subject}[（{toxicity}）]：[{grams}，][{preparation}，][{by_mouth}，][妊娠{pregnancy}，]"
        "[同类不超过{allowed_count}种，]" + _HARM,
    ),
    _P.HERB_INCOMPATIBLE: _family(
        "中药配伍禁忌", "herb_pairs", "{subject}与{object}相反相畏（{rule}），不宜同用：" + _HARM
    ),
    _P.EXAM_LIMIT: _family("检查禁忌", "exam_limits", "{condition}者做{subject}：" + _HARM),
    _P.EXAM_INDICATED: _family("检查适应证", "exam_indications", "{subject}用于诊断{diseases}。" + _ACT, "severity"),
    _P.PROCEDURE_LIMIT: _family("手术禁忌", "procedure_limits", "{condition}者做{subject}：" + _HARM),
    _P.PROCEDURE_INDICATED: _family(
        "手术适应证", "procedure_indications", "{subject}用于{diseases}。" + _ACT, "severity"
    ),
    _P.PROCEDURE_NEEDS: _family(
        "术前检查", "procedure_needs", "{subject}术前须查{checks}[（{days}天内）]。" + _ACT, "severity"
    ),
    _P.PERIOPERATIVE: _family(
        "围手术期用药",
        "perioperative",
        "[{object}前，]围手术期使用{subject}[（{only}患者）][（出血风险{bleeding}）][（{anaesthesia}）]：{action}[，术前停{days}天]。"
        "{reason}。[处理：{advice}。][急诊手术：{urgent}。]",
        "severity",
    ),
    _P.TRANSFUSION_THRESHOLD: _family(
        "输血指征", "transfusions", "[{only}][{object}][{band}][{ages}]输注{subject}：" + _HARM
    ),
    _P.NURSING_RISK: _family(
        "护理风险",
        "nursing_risks",
        "{subject}[{band}]增加{risk}风险：{item}，计{points}分。" + _ACT,
        *("severity", "kind"),
    ),
    _P.ADMINISTRATION_LIMIT: _family("给药方式", "administration", "{subject}{forms}不可{ways}：" + _HARM),
    _P.DISEASE_ALERT: _family(
        "报告与预警",
        "disease_alerts",
        "{title}（{kind}）：{deadline}，联系{department}。" + _ACT,
        *("severity", "recent"),
    ),
    _P.PATHWAY_STEP: _family(
        "诊疗路径",
        "pathways",
        "{subject}{step}：{label}[（{items}）][，入院{hours}内]。" + _ACT,
        *("severity", "kind", "lookback"),
    ),
    _P.WASHOUT: _family("停药间隔", "washouts", "停用{subject}后须间隔{wait}再用{object}：" + _HARM),
    _P.CRITICAL_ACTION: _family(
        "危急值处理",
        "critical_values",
        "{subject}{direction}危急值[（{only}患者）][（{band}）]：{advice}。{reason}。[可用{responses}。]",
        *("severity", "standing"),
    ),
    _P.DOSE_BOUND: _family(
        "剂量红线", "dose_bounds", "{subject}[（{words}）][ {routes}][用于{only}][ {ages}]{of}{bound}：" + _HARM
    ),
    _P.COMPANION: _family(
        "必须合用", "companions", "{subject}[（{words}）][用于{only}时][ {from}时]必须合用{companions}：" + _HARM
    ),
    _P.ORGANISM_RESISTANCE: _family(
        "病原体耐药", "organisms", "{organism}对{subject}耐药或不敏感[（{written}）]：" + _HARM
    ),
    _P.HAS_FINDING: _family(
        "临床表现", "disease_findings", "{object}[（{note}）][（{who}）]", "frequency", group="的表现："
    ),
    _P.DISEASE_PROFILE: _family(
        "疾病概貌",
        "disease_profiles",
        "{subject}：基层{primary}，医院{hospital}[，{urgency}][，就诊科室{departments}]。[首要处置：{advice}。]",
    ),
    _P.DIFFERS_FROM: _family("鉴别诊断", "differentials", "{subject}与{object}鉴别：{points}。[鉴别检查：{tests}。]"),
    _P.WORKUP: _family(
        "检查检验", "workups", "{subject}{purpose}查{object}（价值{value}）[，支持结果：{expected}]。", "kind"
    ),
    _P.ITEM_PROFILE: _family(
        "项目概貌", "item_profiles", "{subject}：危害{harm}，费用{cost}，{level}级可做。", "kind"
    ),
    _P.TOLD_UNASKED: _family("主诉倾向", "complaints", "{subject}：[{ages}]患者就诊时{telling}[（{note}）]。"),
    _P.PLAN: _family(
        "治疗方案",
        "plans",
        "{subject}[（{situation}）][（{stages}）][（{who}）]{class}[用{object}][ {route}][ {planned}]"
        "[ {frequency}][（{highest}）][，疗程{treatment_course}]。[{content}。][监测：{monitoring}。]",
        *("rank", "kind"),
    ),
}
"""Every predicate that statements have; one that is missing here is said by ``GENERIC``."""
CUSTOM: Final = "{subject}[（{forms}）][用于{purpose}]。"
UNASKED: Final = "审方时有下列{}之一，不视为无适应证（依据临床常规）：{}。"
"""What a drug is for by custom, and beside what nobody asks."""
SCOPE: Final = "适应范围:"
"""Before the name of a scope of diagnoses."""
GENERIC: Final = Family("", (), "{subject}[与{object}]。")


def family_of(predicate: Predicate) -> Family:
    """How statements of a predicate are said."""
    found = FAMILIES.get(predicate)
    return GENERIC._replace(heading=predicate.value) if found is None else found


def is_customary(statement: Statement) -> bool:
    """Whether a row on what a drug is for names what nobody queries, not what the drug treats."""
    return statement.predicate is _P.INDICATED_FOR and statement.qualifiers.get("basis") == "practice"


def heading(predicate: Predicate) -> str:
    """What passages of a predicate are headed, as far as that is the same for all."""
    return _SLOTS.sub("", family_of(predicate).heading)


def saying(statement: Statement, subject: str, object_: str) -> Saying:
    """A statement about to be said, with the names of its subject and object."""
    family = family_of(statement.predicate)
    return Saying(statement, {"subject": subject, "object": object_}, family.tables, WHOLES, family.hidden)


def said(statement: Statement, subject: str, object_: str) -> tuple[str, str]:
    """Heading and sentence of a statement."""
    one, family = saying(statement, subject, object_), family_of(statement.predicate)
    return one.filled(family.heading), sentence(one, family.pattern)


BANDS: Final = {str(meant): word for word, meant in FREQUENCIES.items()}
"""Words of the frequency bands, the most frequent first."""
