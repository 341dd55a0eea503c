"""What rules on antimicrobials ask of a case: which orders they are, what for, and prophylaxis around operations."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final

from clinical.administration import SYSTEMIC, route_among
from clinical.coded import Coded, china_day, zoned
from clinical.finding import Datum, Finding, Gap, Outcome, Reference, Severity
from clinical.logic import UNKNOWN, Known, Unknown
from clinical.order import Order, OrderKind, Purpose
from clinical.patient import ClinicalStatus, Condition
from clinical.value import Value, replace
from knowledge.model import ConceptKind, Predicate, Statement
from rules.model import Case, Use, Way, order_datum
from rules.saying import drop, found, instead, named, passed

ANTIBACTERIAL: Final = "drug-class:antibacterial"
ANTIFUNGAL: Final = "drug-class:antifungal"
BETA_LACTAM: Final = "drug-class:beta-lactam"
_ANTITUBERCULOSIS: Final = "drug-class:antituberculosis"
GUIDELINE: Final = "cn-abx-2015"
RECENT_SURGERY_DAYS: Final = 14
_ACTIVE: Final = ClinicalStatus.ACTIVE  # bound once, as in ``rules.model``
_PROCEDURE: Final = OrderKind.PROCEDURE

_IN_THE_GUT: Final = frozenset(
    f"ingredient:{name}"
    for name in (
        *("vancomycin", "norvancomycin", "neomycin", "gentamicin", "colistin", "polymyxin-b"),
        *("rifaximin", "berberine", "nystatin"),
    )
)
"""By mouth they act in the gut and reach nothing else."""

INFECTIONS: Final = frozenset(
    f"disease:{name}"
    for name in (
        *("urinary-tract-infection", "pyelonephritis", "cystitis", "prostatitis", "diarrhoea-infectious"),
        *("bacillary-dysentery", "pneumonia", "hospital-acquired-pneumonia", "mycoplasma-pneumonia", "sepsis"),
        *("meningitis", "infective-endocarditis", "syphilis", "gonorrhoea", "pelvic-inflammatory-disease"),
        *("osteomyelitis", "septic-arthritis", "otitis-media", "sinusitis", "tonsillitis", "severe-infection"),
        *("cellulitis", "intra-abdominal-infection", "brucellosis", "skin-infection", "acute-appendicitis"),
        *("neutropenic-fever", "systemic-fungal-infection", "pneumocystis-pneumonia", "cryptococcosis"),
        *("candidiasis", "tuberculosis", "active-tuberculosis", "pseudomembranous-colitis"),
    )
)
"""Diagnoses for which an antimicrobial is treatment."""
_RISKS: Final = frozenset(
    f"disease:{name}"
    for name in (
        *("diabetes", "type-1-diabetes", "type-2-diabetes", "malnutrition", "immunodeficiency", "hiv"),
        *("organ-transplant", "agranulocytosis", "leukopenia"),
    )
)
_LOWERS_DEFENCE: Final = frozenset(
    f"drug-class:{name}" for name in ("immunosuppressant", "systemic-corticosteroid", "antineoplastic")
)
_OLD_YEARS: Final = 70
_SLOWLY_INFUSED: Final = frozenset({"drug-class:glycopeptide", "drug-class:fluoroquinolone"})
_FAR_TOO_LONG_HOURS: Final = 72
_EARLY_MINUTES: Final = 120
_OFFERED: Final = 2
_MAY_BE_INFECTION: Final = re.compile(r"感染|炎|脓|败血|菌血|蜂窝|丹毒|坏疽|发热|穿孔|开放性|污染|咬伤|休克")


class Surgery(Value, frozen=True):
    """An operation under review or done lately, with the row that says how it is protected."""

    what: Coded
    statement: Statement
    time: datetime | None


def is_systemic(use: Use) -> bool:
    """Whether it reaches the whole body; an unknown route counts, a skin test and a gut antibiotic do not."""
    route = use.order.dosage.route
    if isinstance(route, Unknown):
        return True
    return route_among(route, SYSTEMIC) and not (use.concept in _IN_THE_GUT and route in ("口服", "鼻饲"))


def antimicrobials(case: Case) -> list[tuple[Use, Way]]:
    """Systemic antibacterials and antifungals that the user is working on, one use of each order. One that is
    an antibacterial is among ``antibacterials`` too."""
    found: dict[str, tuple[Use, Way]] = {}
    lineage = case.lineage
    for use, way in case.ways:
        kinds = lineage[use.concept]
        either = ANTIBACTERIAL in kinds or ANTIFUNGAL in kinds
        if either and _ANTITUBERCULOSIS not in kinds and is_systemic(use):
            found.setdefault(use.order.id, (use, way))
    return list(found.values())


def antibacterials(case: Case) -> tuple[Use, ...]:
    """All systemic antibacterials the patient would take, one use of each order, those against
    tuberculosis left out."""
    return case.once("antibacterials", lambda: _antibacterials(case))


def _antibacterials(case: Case) -> tuple[Use, ...]:
    found: dict[str, Use] = {}
    lineage = case.lineage
    for use in case.uses:
        kinds = lineage[use.concept]
        if ANTIBACTERIAL in kinds and _ANTITUBERCULOSIS not in kinds and is_systemic(use):
            found.setdefault(use.order.id, use)
    return tuple(found.values())


def antifungals(case: Case) -> tuple[Use, ...]:
    """All systemic antifungals the patient would take, one use of each order."""
    return case.once("antifungals", lambda: _antifungals(case))


def _antifungals(case: Case) -> tuple[Use, ...]:
    found: dict[str, Use] = {}
    for use in case.uses:
        if ANTIFUNGAL in case.lineage[use.concept] and is_systemic(use):
            found.setdefault(use.order.id, use)
    return tuple(found.values())


def called(case: Case, use: Use) -> str:
    """The order as it was written when it is a compound, else its ingredient."""
    return use.order.what.text if len(use.order.ingredients) > 1 else named(case, use)


def active_conditions(case: Case) -> tuple[Condition, ...]:
    """Conditions the patient has now; empty when unknown."""
    conditions = case.patient.conditions
    known = () if isinstance(conditions, Unknown) else conditions
    return tuple([c for c in known if c.status is _ACTIVE])


def has_any(case: Case, diseases: frozenset[str]) -> bool:
    """Whether the patient is known to have one of some diseases."""
    return not case.conditions.keys().isdisjoint(diseases)


def purpose(case: Case, order: Order) -> Known[Purpose]:
    """As ordered; else treatment where an infection is diagnosed, and prophylaxis where an operation is under
    review and no diagnosis could be an infection."""
    if not isinstance(order.purpose, Unknown):
        return order.purpose
    if has_any(case, INFECTIONS):
        return Purpose.TREATMENT
    if isinstance(case.patient.conditions, Unknown) or _PROCEDURE not in case.kinds:
        return UNKNOWN
    doubtful = any(_MAY_BE_INFECTION.search(c.what.text) for c in active_conditions(case))
    return UNKNOWN if doubtful else Purpose.PROPHYLAXIS


def surgeries(case: Case) -> tuple[Surgery, ...]:
    """Operations under review, and those of the last days, that the release knows how to protect."""
    return case.once("surgeries", lambda: tuple(_surgeries(case)))


def _surgeries(case: Case) -> Iterator[Surgery]:
    done = case.patient.procedures
    planned = [(o.what, None) for o in case.orders if o.kind is OrderKind.PROCEDURE]
    past = [] if isinstance(done, Unknown) else [(p.what, p.origin.time) for p in done if p.origin.time is not None]
    recent = [(what, time) for what, time in past if hours_since(case, time) <= RECENT_SURGERY_DAYS * 24]
    for what, time in (*planned, *recent):
        for concept in what.concepts:
            for s in case.statements(Predicate.PROPHYLAXIS, concept)[:1]:  # its own row goes before a wider one
                yield Surgery(what, s, time)


def hours_since(case: Case, time: datetime) -> float:
    """Hours from a time to the review; negative for what is yet to come."""
    return (zoned(case.patient.as_of) - zoned(time)).total_seconds() / 3600


def is_among(case: Case, use: Use, names: tuple[str, ...]) -> bool:
    """Whether an order is one of listed drugs: its ingredient or a class of it; of a compound, the compound."""
    said = compounds(case, use.order) if len(use.order.ingredients) > 1 else case.lineage[use.concept]
    return not listed(case, names).isdisjoint(said)


def compounds(case: Case, order: Order) -> frozenset[str]:
    """The compound product that was ordered, by name or, where it was written as its ingredients, by contents."""
    if len(order.ingredients) < 2:
        return frozenset()
    contents = frozenset(i.concept for i in order.ingredients)
    if len(contents) < 2:
        return frozenset()
    same = case.snapshot.remember(("compounds", contents), lambda: _containing(case, contents))
    return same | frozenset(order.what.concepts) - contents


def _containing(case: Case, contents: frozenset[str]) -> frozenset[str]:
    """Products of exactly these ingredients."""
    snapshot = case.snapshot
    rarest = min((snapshot.pointing_at(c) for c in sorted(contents)), key=len)
    products = {s.subject for s in rarest if s.predicate is Predicate.CONTAINS}
    return frozenset(
        p for p in products if {s.object for s in snapshot.statements(Predicate.CONTAINS, p)} == contents
    )


def listed(case: Case, names: tuple[str, ...]) -> frozenset[str]:
    """Concepts of names in a list of drugs."""
    kinds = (ConceptKind.INGREDIENT, ConceptKind.DRUG_CLASS, ConceptKind.PRODUCT)
    return case.snapshot.remember(
        ("listed", *names), lambda: frozenset(c.id for n in names for c in case.snapshot.by_name(n, *kinds)[:1])
    )


def allergic_to(case: Case, concept: str) -> bool:
    """Whether a recorded allergy is to the concept, a class of it or a member of it."""
    allergies, snapshot = case.patient.allergies, case.snapshot
    if isinstance(allergies, Unknown) or not allergies:
        return False
    said = tuple(c for a in allergies for c in a.what.concepts)
    if not said:
        return False
    covered = {s.object for c in said for s in case.statements(Predicate.ALLERGEN_OF, c)}
    return any(snapshot.is_a(concept, c) or snapshot.is_a(c, concept) for c in (*said, *covered))


def told(
    case: Case,
    family: str,
    rule: str,
    uses: tuple[Use, ...],
    severity: Severity,
    summary: str,
    detail: str,
    advice: str,
    section: str,
    data: tuple[Datum, ...] = (),
) -> Finding:
    """A finding of a principle that no single row says; it cites the national guiding principles."""
    return Finding(
        family=family,
        rule_id=f"{family}:{rule}",
        rule_version="1",
        severity=severity,
        summary=summary,
        detail=detail,
        orders=tuple(dict.fromkeys(use.order.id for use in uses)),
        data=(*(order_datum(use.order) for use in uses), *data),
        references=cited(case, f"{family}:{rule}", GUIDELINE, section),
        advice=advice,
        cause=f"{family}:{rule}:{uses[0].order.id}",
    )


def cited(case: Case, rule: str, source_id: str, section: str) -> tuple[Reference, ...]:
    """A document beside the rows: nothing where the release does not know it."""
    source = case.snapshot.source(source_id)
    return () if source is None else (Reference(rule, f"《{source.title}》", section, "expert", source.url),)


# -- prophylaxis around operations ---------------------------------------------------------


def prophylaxis(case: Case, family: str, use: Use) -> Iterable[Outcome]:
    """An antimicrobial given around an operation: whether one is called for, which, and for how long.
    Of several operations the one that permits most decides."""
    if ANTIBACTERIAL not in case.lineage[use.concept] or _far_from_surgery(case, use.order):
        return ()
    return _around_surgery(case, family, use)


def _around_surgery(case: Case, family: str, use: Use) -> Iterator[Outcome]:
    meant, around = purpose(case, use.order), surgeries(case)
    if isinstance(meant, Unknown):
        if around:
            yield Gap(family, "purpose", "未注明用药目的(预防或治疗)，未能检查围手术期预防用药", (use.order.id,))
    elif meant is Purpose.PROPHYLAXIS and not around:
        if isinstance(case.patient.procedures, Unknown) and use.order.form == "注射剂":
            yield Gap(family, "procedures", "未提供手术信息，未能检查围手术期预防用药", (use.order.id,))
    elif meant is Purpose.PROPHYLAXIS:
        yield from _fittest(case, family, use, around)


def _far_from_surgery(case: Case, order: Order) -> bool:
    """Whether no operation is in sight that an order of unstated purpose could be meant for: nothing to ask then."""
    if not isinstance(order.purpose, Unknown) or _PROCEDURE in case.kinds:
        return False
    procedures = case.patient.procedures
    return isinstance(procedures, Unknown) or not procedures


def _fittest(case: Case, family: str, use: Use, around: tuple[Surgery, ...]) -> Iterator[Outcome]:
    judged = [tuple(_judge_surgery(case, family, use, surgery)) for surgery in around]
    yield from min(judged, key=_weight)


def _weight(outcomes: tuple[Outcome, ...]) -> int:
    """How bad what is said of one operation is: silence first, then gaps, then findings."""
    ranks = (o.severity.rank + 2 if isinstance(o, Finding) else 1 for o in outcomes if isinstance(o, Finding | Gap))
    return max(ranks, default=0)


def _judge_surgery(case: Case, family: str, use: Use, surgery: Surgery) -> Iterator[Outcome]:
    s = surgery.statement
    name = surgery.what.text or case.name(s.subject)
    if s.qualifiers["need"] == "none":
        risky = _at_risk(case, use)
        if isinstance(risky, Unknown):
            reason = f"未提供诊断，未能判断{name}有无需预防用药的高危因素"
            yield Gap(family, "conditions", reason, (use.order.id,), s.id)
            return
        if not risky:
            yield _said(case, family, use, surgery, "need", f"{name}一般不需预防用抗菌药物，新开 {called(case, use)}")
            return
    drugs, hours = tuple(_choice(case, family, use, surgery)), tuple(_course(case, family, use, surgery))
    when = tuple(_timing(case, family, use, surgery))
    yield from (*drugs, *hours, *when)
    if not drugs and not hours and not when:
        yield from passed(case, family, s, use, f"{name}预防用药的品种、时机和疗程合适")


def _at_risk(case: Case, use: Use) -> Known[bool]:
    """Old age, diabetes, poor nutrition or defence: then a clean operation may be protected too."""
    years = case.age_years
    old = not isinstance(years, Unknown) and years >= _OLD_YEARS
    if old or has_any(case, _RISKS) or not _LOWERS_DEFENCE.isdisjoint(case.whole_lineage):
        return True
    return UNKNOWN if isinstance(case.patient.conditions, Unknown) else False


def _choice(case: Case, family: str, use: Use, surgery: Surgery) -> Iterator[Outcome]:
    """Whether the drug is a first choice, one that local conditions may ask for, or one for the allergic."""
    q = surgery.statement.qualifiers
    first, spare = tuple(q.get("drugs", ())), tuple(q.get("allergic", ()))
    if not first or is_among(case, use, (*first, *q.get("conditional", ()))):
        return
    name = surgery.what.text or case.name(surgery.statement.subject)
    if not is_among(case, use, spare):
        shown = "、".join(first[:2])
        said = f"{name}预防用药选药不当: {called(case, use)}，首选{shown}"
        yield _said(case, family, use, surgery, "choice", said)
    elif isinstance(case.patient.allergies, Unknown):
        reason = f"未提供过敏史，{called(case, use)} 仅在 β-内酰胺类过敏时用于{name}的预防"
        yield Gap(family, "allergies", reason, (use.order.id,), surgery.statement.id)
    elif not any(allergic_to(case, c) for c in listed(case, first) | {BETA_LACTAM}):
        said = f"{name}预防用药选药不当: {called(case, use)} 仅用于 β-内酰胺类过敏者"
        yield _said(case, family, use, surgery, "choice", said)


def _course(case: Case, family: str, use: Use, surgery: Surgery) -> Iterator[Outcome]:
    """How long prophylaxis lasts, what was given before counted in."""
    order, longest = use.order, surgery.statement.qualifiers["longest_hours"]
    before, days = _given_hours(case, use, surgery), order.dosage.duration_days
    hours = before + (0 if isinstance(days, Unknown) else days * 24)
    name = surgery.what.text or case.name(surgery.statement.subject)
    if hours > longest:
        said = f"{name}预防用药疗程过长: {called(case, use)} 共 {hours:.0f} 小时，一般不超过 {longest:g} 小时"
        finding = _said(case, family, use, surgery, "course", said)
        far = hours > _FAR_TOO_LONG_HOURS
        advice = f"术后 {longest:g} 小时内停用预防用药；已发生感染的，补充诊断并改为治疗用药。"
        yield replace(finding, severity=Severity.MAJOR if far else Severity.MODERATE, advice=advice, suggestions=())
    elif isinstance(days, Unknown):
        reason = f"未写明疗程，未能检查{name}预防用药的时间"
        yield Gap(family, "duration", reason, (order.id,), surgery.statement.id)


def _timing(case: Case, family: str, use: Use, surgery: Surgery) -> Iterator[Outcome]:
    """Whether the first dose comes in time before the skin is cut, as the words of the order say (术前30分钟, 术后
    bid); of an operation that is past nothing is asked, nor of what is taken by mouth (it cleans the bowel the day
    before). Up to two hours is early, but what WHO (2018) allows."""
    early, late = _minutes_before(case, use, surgery.statement)
    order, name = use.order, surgery.what.text or case.name(surgery.statement.subject)
    if surgery.time is not None or early is None or order.dosage.route in _BY_MOUTH:
        return
    told = _told_minutes(order.dosage.frequency_text, order.note)
    if (isinstance(told, Unknown) or told < 0) and _begun_by_another(case, use):
        return
    if isinstance(told, Unknown):
        reason = f"未注明给药时机，未能检查{name}预防用药是否在切皮前 {late:g}~{early:g} 分钟给药"
        yield Gap(family, "timing", reason, (order.id,), surgery.statement.id)
    elif told > early or told < 0:
        said = f"在术前 {_spoken(told)}给药，过早" if told > early else "首剂在术后给药，已失去预防作用"
        finding = _said(case, family, use, surgery, "timing", f"{name}预防用药时机不当: {called(case, use)} {said}")
        advice = f"首剂在切皮前 {late:g}~{early:g} 分钟内或麻醉诱导时给药；术中按半衰期和失血量追加。"
        severity = Severity.MINOR if 0 <= told <= _EARLY_MINUTES else Severity.MODERATE
        yield replace(finding, severity=severity, advice=advice, suggestions=())


def _begun_by_another(case: Case, use: Use) -> bool:
    """Whether the first dose is an order of its own (术前30分钟, or once), which this one goes on from."""
    others = (u.order for u in case.uses if u.concept == use.concept and u.order.id != use.order.id)
    told = ((o.dosage.is_single(), _told_minutes(o.dosage.frequency_text, o.note)) for o in others)
    return any(single or (not isinstance(minutes, Unknown) and minutes >= 0) for single, minutes in told)


_BY_MOUTH: Final = frozenset({"口服", "鼻饲"})
_BEFORE_OPERATION: Final = re.compile(
    r"(?:术|手术|切皮|切开皮肤|麻醉)前(?:一?(?P<eve>晚|夜|日|天)|(?P<n>\d+(?:\.\d+)?|半|[一二两三])个?(?P<unit>小时|h|min|分钟?|天|日))"
)
_IN_TIME: Final = re.compile(r"(?:术|手术|切皮|麻醉)前|诱导|术中")
_AFTER_OPERATION: Final = re.compile(r"^(?:手)?术后|术后(?:开始|使用|给药|静滴|静点|静注|预防)")
_SPELT: Final = {"半": 0.5, "一": 1.0, "二": 2.0, "两": 2.0, "三": 3.0}
_MINUTES: Final = {"小时": 60.0, "h": 60.0, "min": 1.0, "分": 1.0, "分钟": 1.0, "天": 1440.0, "日": 1440.0}


def _told_minutes(*texts: str) -> Known[float]:
    """Minutes before the operation at which the first dose is given, in the words of the order; negative for
    afterwards. What only says before it, or while anaesthesia begins, is in time."""
    for text in texts:
        before = _BEFORE_OPERATION.search(text)
        if before is not None:
            if before["eve"]:
                return _MINUTES["天"]
            return (_SPELT.get(before["n"]) or float(before["n"])) * _MINUTES[before["unit"]]
        if _IN_TIME.search(text):
            return 0.0
        if _AFTER_OPERATION.search(text):
            return -1.0
    return UNKNOWN


def _spoken(minutes: float) -> str:
    if minutes >= 1440:
        return f"{minutes / 1440:g} 天"
    return f"{minutes / 60:g} 小时" if minutes >= 120 else f"{minutes:g} 分钟"


def _minutes_before(case: Case, use: Use, s: Statement) -> tuple[float | None, float | None]:
    """From how long to how short before the cut; what is infused slowly begins earlier."""
    if not _SLOWLY_INFUSED.isdisjoint(case.lineage[use.concept]):
        return 120, 60
    return s.qualifiers.get("earliest_minutes"), s.qualifiers.get("latest_minutes")


def _given_hours(case: Case, use: Use, surgery: Surgery) -> float:
    """Hours for which the same drug has been given since the operation or since it was first ordered."""
    since = [] if surgery.time is None else [_hours_before(case, use.order, surgery.time)]
    today = case.today
    medications, drafts = case.patient.medications, {order.id for order in case.orders}
    for order in () if isinstance(medications, Unknown) else medications:
        same = order.id not in drafts and any(i.concept == use.concept for i in order.ingredients)
        if same and order.is_active() and order.purpose is Purpose.PROPHYLAXIS and order.start:
            since.append((today - order.start).days * 24)
    return max([0.0, *since])


def _hours_before(case: Case, order: Order, operation: datetime) -> float:
    """Hours from an operation to the order; none where the order begins on that day, which its days count in."""
    begins = order.start is not None and order.start <= china_day(operation)
    return 0.0 if begins else hours_since(case, operation)


def _said(case: Case, family: str, use: Use, surgery: Surgery, what: str, summary: str) -> Finding:
    s = surgery.statement
    early, late = _minutes_before(case, use, s)
    when = () if early is None else (Datum("给药时机", f"切皮前 {late:g}~{early:g} 分钟"),)
    data = (Datum("手术", surgery.what.text or case.name(s.subject), surgery.time), *when)
    others = tuple(instead(case, s, use, "drugs"))[:_OFFERED] if what == "choice" else ()
    cause = f"{family}:prophylaxis:{what}:{use.order.id}"
    return found(case, family, s, (use,), summary, data, (*others, drop(use)), cause)
