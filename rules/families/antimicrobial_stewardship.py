"""Antimicrobials under 抗菌药物临床应用管理办法: who may prescribe which grade, what for, and with what."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from clinical.coded import Coded, Origin
from clinical.finding import Datum, Finding, Gap, Outcome, Severity
from clinical.logic import UNKNOWN, Known, Unknown
from clinical.order import OrderKind, Purpose
from clinical.patient import Authority, Condition, Prescriber, Visit
from clinical.value import replace
from knowledge.model import ConceptKind, Predicate, Statement
from rules.measures import measured
from rules.model import Case, Family, Use, Way, fault
from rules.saying import drop, found, passed
from rules.stewardship import (
    ANTIBACTERIAL,
    INFECTIONS,
    active_conditions,
    antibacterials,
    antimicrobials,
    called,
    cited,
    compounds,
    has_any,
    hours_since,
    prophylaxis,
    purpose,
    told,
)
from rules.susceptibility import resistant

NAME = "antimicrobial-stewardship"
_GRADE: Final = Predicate.ANTIMICROBIAL_GRADE  # bound once, as in ``rules.model``
_PROPHYLAXIS: Final = Purpose.PROPHYLAXIS
_OUTPATIENT: Final = Visit.OUTPATIENT
_INPATIENT: Final = Visit.INPATIENT
_REGULATION: Final = "moh-84-2012"
_GRADES: Final = {"unrestricted": "非限制使用级", "restricted": "限制使用级", "special": "特殊使用级"}
_RANKS: Final = {authority: rank for rank, authority in enumerate(Authority)}
_AUTHORITIES: Final = {Authority.NONE: "无抗菌药物处方权"} | {Authority(g): f"{t}处方权" for g, t in _GRADES.items()}
_NOT_A_DOCTOR: Final = re.compile(r"药|护|技|实习|规培|进修")
_TITLES: Final = (
    (re.compile(r"主任.*医"), Authority.SPECIAL),
    (re.compile(r"主治"), Authority.RESTRICTED),
    (re.compile(r"医师|医生"), Authority.UNRESTRICTED),
)
_MUST_BE_AUTHORISED: Final = re.compile(r"乡村|助理")

_CULTURE: Final = re.compile(
    r"培养|药敏|涂片|病原|宏基因|mNGS|G试验|GM试验|半乳甘露聚糖|葡聚糖|降钙素原|PCT|白(?:细胞)?介素-?6|抗原",
    re.IGNORECASE,
)
_CULTURE_DAYS: Final = 7

_SEVERE: Final = frozenset(
    f"disease:{name}"
    for name in (
        *("sepsis", "severe-infection", "shock", "infective-endocarditis", "meningitis", "neutropenic-fever"),
        *("agranulocytosis", "hospital-acquired-pneumonia", "intra-abdominal-infection", "osteomyelitis"),
        *("tuberculosis", "active-tuberculosis", "helicobacter-pylori", "brucellosis", "pelvic-inflammatory-disease"),
    )
)
"""Infections that are treated with several antibacterials at once."""
_PENICILLIN: Final = "drug-class:penicillin"
_CEPHALOSPORIN: Final = "drug-class:cephalosporin"
_DOUBLED: Final = (("drug-class:macrolide", Severity.MODERATE), ("drug-class:aminoglycoside", Severity.MAJOR))
"""Classes of which one is enough and that no duplicate group names."""
_INHIBITORS: Final = frozenset(
    f"ingredient:{name}" for name in ("sulbactam", "sulbactam-pivoxil", "tazobactam", "clavulanic-acid")
)
_NITROIMIDAZOLE: Final = "drug-class:nitroimidazole"
_CARBAPENEM: Final = "drug-class:carbapenem"
_NEEDS_NITROIMIDAZOLE: Final = frozenset(
    f"disease:{name}"
    for name in ("pseudomembranous-colitis", "amoebiasis", "trichomoniasis", "helicobacter-pylori", "brain-abscess")
)

_CERTAINLY_VIRAL: Final = frozenset(
    f"disease:{name}"
    for name in (
        *("influenza", "viral-gastroenteritis", "varicella", "hfmd", "herpangina", "measles", "rubella"),
        *("mumps-infection", "infectious-mononucleosis", "dengue-infection", "exanthema-subitum"),
    )
)
_VIRAL: Final = _CERTAINLY_VIRAL | {"disease:urti", "disease:viral-infection-child", "disease:viral-infection"}
_NO_INFECTION: Final = frozenset(
    f"disease:{name}"
    for name in (
        *("hypertension", "dyslipidaemia", "coronary-heart-disease", "osteoporosis", "gout", "dehydration"),
        *("dehydration-degree", "hypokalaemia", "fever", "nausea-vomiting", "convulsion"),
    )
)
_BACTERIAL: Final = re.compile(r"细菌|化脓|链球菌|扁桃体|支原体|百日咳|继发|合并|混合")
_BACTERIAL_SIGNS: Final = (
    ("lab:wbc", "10*9/L", 10.0),
    ("lab:neutrophils-percent", "%", 80.0),
    ("lab:crp", "mg/L", 20.0),
    ("lab:procalcitonin", "ug/L", 0.25),
)
"""Values above which a bacterial infection is likely enough to leave the decision to the doctor."""
_TREATING: Final = "抗菌药物治疗性应用的基本原则"


def check(case: Case) -> Iterator[Outcome]:
    """Every antimicrobial under review, then what antibacterials do together."""
    uses = antimicrobials(case)
    for use, way in uses:
        try:
            yield from _each(case, use, way)
        except Exception as error:  # one order that cannot be judged does not silence the others
            yield fault(NAME, "", error)
    if uses:
        try:
            if len(antibacterials(case)) > 1:
                yield from _together(case)
        except Exception as error:
            yield fault(NAME, "", error)


def _each(case: Case, use: Use, way: Way) -> Iterator[Outcome]:
    graded = _grade(case, use, way)
    if graded is not None:
        if case.explain or not _is_granted(case, graded):
            yield from _authority(case, use, graded)
        if case.patient.visit is _INPATIENT:
            yield from _culture(case, use, graded)
    yield from prophylaxis(case, NAME, use)
    if ANTIBACTERIAL in case.lineage[use.concept] and has_any(case, _VIRAL):
        yield from _common_cold(case, use)
    yield from resistant(case, NAME, use, way)


# -- grades ----------------------------------------------------------------------------------


def _grade(case: Case, use: Use, way: Way) -> Statement | None:
    """The row that grades the order: of the compound, else the strictest of its ingredients. Where the route
    is unknown and would decide, the mildest row of a drug holds."""
    order = use.order
    if len(order.ingredients) == 1 and order.ingredients[0].concept == use.concept:
        return _mildest(case, way)
    inside = tuple([i.concept for i in order.ingredients])
    key = ("graded", use.concept, use.product, order.what.concepts, inside, order.dosage.route, order.form)
    whole, parts = case.snapshot.remember(key, lambda: _ways(case, use))
    graded = [s for way in whole if (s := _mildest(case, way)) is not None]
    if graded:
        return min(graded, key=_rank)
    return max([s for way in parts if (s := _mildest(case, way)) is not None], key=_rank, default=None)


def _ways(case: Case, use: Use) -> tuple[list[Way], list[Way]]:
    """The compounds that an order may be, and its ingredients, as they are given."""
    concepts = [i.concept for i in use.order.ingredients]
    whole = [case.way(replace(use, concept=c)) for c in sorted(compounds(case, use.order))]
    return whole, [case.way(replace(use, concept=c)) for c in concepts]


def _mildest(case: Case, way: Way) -> Statement | None:
    """The mildest row of a drug, of its own before those of its class."""
    if not way[_GRADE]:
        return None
    if _GRADE in way.dated:
        return _mildest_of(way.in_force(_GRADE, case.iso_day))
    return way.once("grade", lambda way: _mildest_of(way[_GRADE]))


def _mildest_of(rows: tuple[Statement, ...]) -> Statement | None:
    return min((s for s in rows if s.subject == rows[0].subject), key=_rank, default=None)


def _rank(s: Statement) -> int:
    return _RANKS[s.qualifiers["grade"]]


def _exempt(case: Case, s: Statement) -> bool:
    """Whether the patient has a disease in which the grade does not apply: tuberculosis is none of it."""
    names = s.qualifiers.get("not_for", ())
    if not names:
        return False
    diseases = case.snapshot.remember(
        ("not-for", s.id),
        lambda: frozenset(c.id for n in names for c in case.snapshot.by_name(n, ConceptKind.DISEASE)),
    )
    return has_any(case, diseases)


def _is_granted(case: Case, s: Statement) -> bool:
    """Whether the prescriber surely may order the grade, and nothing else is asked of it: nothing to say then."""
    ceiling, sure = _granted(case.patient.prescriber)
    if isinstance(ceiling, Unknown):
        return False
    return sure and s.qualifiers["grade"] != "special" and _RANKS[ceiling] >= _rank(s)


def _authority(case: Case, use: Use, s: Statement) -> Iterator[Outcome]:
    """Outpatients, then the prescriber's authority, then the consultation: the first that fails is told."""
    if _exempt(case, s):
        yield from passed(case, NAME, s, use, "该诊断不适用抗菌药物分级")
        return
    special, visit = s.qualifiers["grade"] == "special", case.patient.visit
    if special and visit is _OUTPATIENT:
        summary = f"{called(case, use)} 属特殊使用级抗菌药物，不得在门诊使用"
        finding = found(case, NAME, s, (use,), summary, cause=f"{NAME}:grade:{use.order.id}")
        yield _regulated(case, finding, "第二十七条")
        return
    if special and isinstance(visit, Unknown):
        yield Gap(NAME, "visit", "未提供就诊类型，未能检查特殊使用级抗菌药物是否用于门诊", (use.order.id,), s.id)
    ceiling, sure = _granted(case.patient.prescriber)
    if isinstance(ceiling, Unknown):
        if s.qualifiers["grade"] != "unrestricted":
            yield _no_prescriber(use, s)
    elif _RANKS[ceiling] < _rank(s):
        yield from _beyond(case, use, s, ceiling)
        return
    elif not sure:
        yield _no_prescriber(use, s)
    if special:
        yield from _consulted(case, use, s)


def _no_prescriber(use: Use, s: Statement) -> Gap:
    reason = f"未提供医师职称或抗菌药物处方权，未能检查{_GRADES[s.qualifiers['grade']]}抗菌药物的开具权限"
    return Gap(NAME, "prescriber", reason, (use.order.id,), s.id)


def _granted(prescriber: Known[Prescriber]) -> tuple[Known[Authority], bool]:
    """The highest grade a prescriber may have by authority, else by title, and whether it is certain that
    they have it: village doctors and assistants only where they were authorised (第二十四条)."""
    if isinstance(prescriber, Unknown):
        return UNKNOWN, False
    if not isinstance(prescriber.antimicrobial, Unknown):
        return prescriber.antimicrobial, True
    return _granted_by(prescriber.title)


@lru_cache(maxsize=1024)
def _granted_by(title: str) -> tuple[Known[Authority], bool]:
    if not title or _NOT_A_DOCTOR.search(title):
        return UNKNOWN, False
    if _MUST_BE_AUTHORISED.search(title):
        return Authority.UNRESTRICTED, False
    return next(((authority, True) for words, authority in _TITLES if words.search(title)), (UNKNOWN, False))


def _beyond(case: Case, use: Use, s: Statement, ceiling: Authority) -> Iterator[Outcome]:
    """Beyond authority; in an emergency one day's use is permitted (第二十八条)."""
    order, days = use.order, use.order.dosage.duration_days
    grade, has = _GRADES[s.qualifiers["grade"]], _AUTHORITIES[ceiling]
    summary = f"越权开具抗菌药物: {called(case, use)} 属{grade}，医师为{has}"
    cause = f"{NAME}:grade:{order.id}"
    told_by_row = found(case, NAME, s, (use,), summary, (_who(case, has),), cause=cause)
    finding = _regulated(case, told_by_row, "第二十八条" if order.urgent else "第二十四条")
    if not order.urgent:
        yield finding
    elif not isinstance(days, Unknown) and days > 1:
        yield replace(finding, summary=f"紧急越级使用{grade} {called(case, use)} 超过 1 天用量")
    else:
        advice = "仅限 1 天用量；详细记录用药指征，24 小时内补办越级使用手续并由有权限的医师完善处方。"
        said = f"紧急情况越级使用{grade}: {called(case, use)}"
        yield replace(finding, severity=Severity.INFO, summary=said, advice=advice, suggestions=())
        if isinstance(days, Unknown):
            yield Gap(NAME, "duration", "越级使用未写明用药天数，未能确认不超过 1 天用量", (order.id,), s.id)


def _regulated(case: Case, finding: Finding, article: str) -> Finding:
    """The finding with the article of the regulation beside the row that grades the drug."""
    law = cited(case, finding.rule_id, _REGULATION, article)
    return replace(finding, references=(*finding.references, *law))


def _who(case: Case, has: str) -> Datum:
    who = case.patient.prescriber
    shown = "" if isinstance(who, Unknown) else " ".join(part for part in (who.name, who.title) if part)
    return Datum("开具医师", f"{shown} ({has})" if shown else has)


def _consulted(case: Case, use: Use, s: Statement) -> Iterator[Outcome]:
    """A special grade needs a consultation; in an emergency it follows within a day."""
    consulted, order = use.order.consulted, use.order
    if isinstance(consulted, Unknown):
        reason = f"未提供会诊记录，未能检查特殊使用级 {called(case, use)} 是否经会诊同意"
        yield Gap(NAME, "consultation", reason, (order.id,), s.id)
    elif consulted:
        yield from passed(case, NAME, s, use, "已有会诊记录")
    else:
        summary = f"特殊使用级抗菌药物未见会诊记录: {called(case, use)}"
        told_by_row = found(case, NAME, s, (use,), summary, cause=f"{NAME}:consultation:{order.id}")
        finding = _regulated(case, told_by_row, "第二十七条")
        days = order.dosage.duration_days
        now = order.urgent and (isinstance(days, Unknown) or days <= 1)
        late = replace(
            finding, severity=Severity.INFO, advice="24 小时内补办会诊手续，并记录用药指征。", suggestions=()
        )
        yield late if now else finding


# -- culture before treatment ------------------------------------------------------------------


def _culture(case: Case, use: Use, s: Statement) -> Iterator[Outcome]:
    """A restricted or special antimicrobial begun as treatment of an inpatient (one it is asked of) without any
    specimen."""
    grade = s.qualifiers["grade"]
    if (
        grade == "unrestricted"
        or _exempt(case, s)
        or _continued(case, use)
        or purpose(case, use.order) is not Purpose.TREATMENT
    ):
        return
    looked = case.once("culture", lambda: _looked(case))
    if isinstance(looked, Unknown):
        yield Gap(NAME, "reports", "未提供检验报告，未能检查用药前病原学送检", (use.order.id,), s.id)
    elif looked:
        yield from passed(case, NAME, s, use, "已有病原学送检")
    else:
        severity = Severity.MODERATE if grade == "special" else Severity.MINOR
        summary = f"治疗用{_GRADES[grade]}抗菌药物前未见病原学送检: {called(case, use)}"
        detail = f"近 {_CULTURE_DAYS} 天未见培养、涂片、降钙素原等病原学检查的申请或结果。"
        advice = "在首剂前留取合格标本(血、痰、尿等)送培养和药敏；已送检的请忽略，结果回报后据以调整。"
        yield told(case, NAME, "culture", (use,), severity, summary, detail, advice, _TREATING)


def _continued(case: Case, use: Use) -> bool:
    """Whether the patient takes the drug already: specimens belong before the first dose."""
    medications, drafts = case.patient.medications, {order.id for order in case.orders}
    taken = () if isinstance(medications, Unknown) else (o for o in medications if o.id not in drafts)
    return any(o.is_active() and any(i.concept == use.concept for i in o.ingredients) for o in taken)


def _looked(case: Case) -> Known[bool]:
    """Whether a specimen or a marker was ordered or reported; UNKNOWN when reports are."""
    if any(o.kind in (OrderKind.LAB, OrderKind.OTHER) and _names_culture(case, o.what) for o in case.orders):
        return True
    seen = (case.patient.reports, case.patient.observations)
    for known in seen:
        for item in () if isinstance(known, Unknown) else known:
            if _recent(case, item.origin) and _names_culture(case, item.what):
                return True
    return UNKNOWN if isinstance(case.patient.reports, Unknown) else False


def _names_culture(case: Case, what: Coded) -> bool:
    return any(_CULTURE.search(text) for text in (what.text, *(case.name(c) for c in what.concepts)))


def _recent(case: Case, origin: Origin) -> bool:
    return origin.time is None or hours_since(case, origin.time) <= _CULTURE_DAYS * 24


# -- several at once ---------------------------------------------------------------------------


def _together(case: Case) -> Iterator[Outcome]:
    """Antibacterials in use for treatment at the same time. Which others the patient takes, the family
    duplicate-therapy already says when it is unknown."""
    uses = tuple([u for u in antibacterials(case) if u.order.purpose is not _PROPHYLAXIS])
    if len(uses) < 2 or not any(u.new and case.in_focus(u.order.id) for u in uses):
        return
    if isinstance(case.patient.conditions, Unknown):
        if len(uses) > 2 or any(True for _ in _doubles(case, uses)):
            orders = tuple(u.order.id for u in uses if u.new)
            yield Gap(NAME, "conditions", "未提供诊断，未能判断抗菌药物联合应用的指征", orders)
        return
    if not has_any(case, _NEEDS_NITROIMIDAZOLE):
        yield from _anaerobes(case, uses)
    if not has_any(case, _SEVERE):
        yield from _many(case, uses)
        yield from _doubles(case, uses)


def _many(case: Case, uses: tuple[Use, ...]) -> Iterator[Outcome]:
    if len(uses) < 3:
        return
    drugs = {u.concept for u in uses}
    if len(drugs) < 3:
        return
    summary = f"同时使用 {len(drugs)} 种全身用抗菌药物: {_all(case, uses)}"
    detail = "诊断中未见重症感染等需三药联合的情况；无指征联用增加不良反应、二重感染和耐药。"
    advice = "核对联合指征并停用不必要的品种；更换方案的请先停原医嘱，重症感染的请补充诊断。"
    yield _combined(case, "three", uses, Severity.MODERATE, summary, detail, advice)


def _doubles(case: Case, uses: tuple[Use, ...]) -> Iterator[Outcome]:
    taken = case.whole_lineage
    for group, severity in _DOUBLED:
        if group not in taken:
            continue
        same = tuple(u for u in uses if group in case.lineage[u.concept])
        if len({u.concept for u in same}) > 1 and any(u.new for u in same):
            summary = f"同类抗菌药物联用: {_all(case, same)} 同属{case.name(group)}"
            detail = "作用靶点相同，联用不增加疗效而不良反应相加。"
            yield _combined(case, "class", same, severity, summary, detail, "保留一种；更换品种的请停用原医嘱。")
    if _PENICILLIN not in taken or _CEPHALOSPORIN not in taken:
        return
    both = [next((u for u in uses if c in case.lineage[u.concept]), None) for c in (_PENICILLIN, _CEPHALOSPORIN)]
    pair = tuple(u for u in both if u is not None)
    if len(pair) == 2 and any(u.new for u in pair):
        summary = f"两种 β-内酰胺类联用: {_all(case, pair)}"
        detail = "作用机制相同、抗菌谱重叠；心内膜炎、脑膜炎、脓毒症等特定感染除外。"
        advice = "保留一种；有特定联合指征(如肠球菌心内膜炎、李斯特菌脑膜炎)的请补充诊断。"
        yield _combined(case, "beta-lactams", pair, Severity.MINOR, summary, detail, advice)


def _anaerobes(case: Case, uses: tuple[Use, ...]) -> Iterator[Outcome]:
    """A nitroimidazole beside a drug that covers anaerobes itself."""
    if _NITROIMIDAZOLE not in case.whole_lineage:
        return
    azole = next((u for u in uses if _NITROIMIDAZOLE in case.lineage[u.concept]), None)
    other = next((u for u in uses if _covers_anaerobes(case, u)), None)
    if azole is None or other is None or not (azole.new or other.new):
        return
    summary = f"抗厌氧菌重复覆盖: {called(case, azole)} 与 {called(case, other)}"
    detail = "碳青霉烯类和 β-内酰胺酶抑制剂复方对厌氧菌已有良好活性，一般不必加用硝基咪唑类。"
    advice = "停用硝基咪唑类；艰难梭菌、阿米巴感染或中枢神经系统脓肿等需要合用的请补充诊断。"
    severity = Severity.MODERATE if _CARBAPENEM in case.lineage[other.concept] else Severity.MINOR
    yield _combined(case, "anaerobes", (azole, other), severity, summary, detail, advice)


def _covers_anaerobes(case: Case, use: Use) -> bool:
    """Carbapenems, and penicillins or cefoperazone with an inhibitor; ceftazidime-avibactam does not."""
    lineage = case.lineage[use.concept]
    inhibited = any(i.concept in _INHIBITORS for i in use.order.ingredients)
    partner = _PENICILLIN in lineage or use.concept == "ingredient:cefoperazone"
    return _CARBAPENEM in lineage or (inhibited and partner)


def _all(case: Case, uses: tuple[Use, ...]) -> str:
    return "、".join(called(case, u) for u in uses)


def _combined(
    case: Case, rule: str, uses: tuple[Use, ...], severity: Severity, summary: str, detail: str, advice: str
) -> Outcome:
    section = "抗菌药物的联合应用"
    finding = told(case, NAME, rule, uses, severity, summary, detail, advice, section)
    return replace(finding, suggestions=tuple(drop(u) for u in uses if u.new)[:1])


# -- the common cold -----------------------------------------------------------------------------


def _common_cold(case: Case, use: Use) -> Iterator[Outcome]:
    """An antibacterial where nothing but a viral infection of the upper airways is diagnosed."""
    order = use.order
    if order.purpose is _PROPHYLAXIS or order.reason:
        return
    viral = case.once("only-viral", lambda: _only_viral(case))
    if viral is None:
        return
    said = viral.what.text or "病毒性上呼吸道感染"
    summary = f"诊断仅为{said}，不宜使用抗菌药物 {called(case, use)}"
    detail = "该病由病毒引起，抗菌药物无效且增加不良反应和耐药。"
    advice = "对症治疗；有细菌感染证据(脓性分泌物、白细胞或降钙素原升高等)的请补充诊断后再用。"
    datum = Datum.at("诊断", said, viral.origin)
    section = "诊断为细菌性感染者方有指征应用抗菌药物"
    finding = told(case, NAME, "common-cold", (use,), Severity.MODERATE, summary, detail, advice, section, (datum,))
    yield replace(finding, suggestions=(drop(use),))


def _only_viral(case: Case) -> Condition | None:
    """The viral infection, when every other diagnosis is certainly no infection and no value speaks for one."""
    viral = None
    for condition in active_conditions(case):
        kinds = {a for c in condition.what.concepts for a in case.snapshot.ancestors(c)}
        if not _CERTAINLY_VIRAL.isdisjoint(kinds) or (not _VIRAL.isdisjoint(kinds) and INFECTIONS.isdisjoint(kinds)):
            viral = viral or condition
        elif _NO_INFECTION.isdisjoint(kinds):
            return None
        if _BACTERIAL.search(condition.what.text):
            return None
    return None if viral is None or _shows_bacteria(case) else viral


def _shows_bacteria(case: Case) -> bool:
    values = ((measured(case, lab, unit, _CULTURE_DAYS), limit) for lab, unit, limit in _BACTERIAL_SIGNS)
    return any(not isinstance(value, Unknown) and value.value > limit for value, limit in values)


FAMILY = Family(
    NAME,
    "抗菌药物管理",
    check,
    reads=(Predicate.ANTIMICROBIAL_GRADE, Predicate.ORGANISM_RESISTANCE, Predicate.PROPHYLAXIS),
    kinds=(OrderKind.DRUG,),
)
