"""Drugs that no diagnosis, reason or other drug of the patient calls for (无适应证用药)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from clinical.coded import Coded, china_day
from clinical.codes import Icd10
from clinical.finding import Datum, Finding, Gap, Outcome, Severity
from clinical.logic import Unknown, is_known
from clinical.order import Ingredient, Order, OrderKind, Purpose
from clinical.patient import ClinicalStatus, Condition, Visit
from clinical.value import replace
from knowledge.model import Predicate, Standing, Statement
from knowledge.naming import normal_name
from rules.model import Case, Family, Use, each_statement, severity_of
from rules.saying import drop, found, passed, route_fits

NAME = "indication"
_STAGES: Final = frozenset({"order-sign", "order-dispatch", "medication-verify", "encounter-discharge"})
"""Not while an order is being chosen: its diagnosis is often written last."""
_SURGERY, _PREGNANCY, _LACTATION = "disease:surgical-state", "disease:pregnancy", "disease:lactation"
_SURGICAL: Final = re.compile(r"术后|术前|术中|手术|切除|置换|移植|吻合|修补|造影|穿刺|引流|内固定|麻醉|切口")
_SURGICAL_ROOM: Final = re.compile(r"麻醉|手术|介入|内镜|产房")
_RECENT_DAYS: Final = 30
_PART: Final = re.compile(r"[,;/+]|伴有?|并发?|合并|及|和|与")
_REMARK: Final = re.compile(r"\(.*?\)")
_SCOPE: Final = "适应范围:"
_ADVICE: Final = "核对用药目的：确有适应证的补充相应诊断；超说明书使用的按本机构备案并注明理由；否则取消"
_SHOWN: Final = 8


@dataclass(frozen=True, slots=True)
class _Purposes:
    """What the drug of an order is for: what is written of it, what the hospital registered, and what
    those that hold at all times name (diseases; drugs it is given beside)."""

    written: tuple[Statement, ...]
    dated: tuple[Statement, ...]
    objects: frozenset[str]
    symptomatic: bool


def check(case: Case) -> Iterator[Outcome]:
    """Every new drug order of whose drug it is known what it is for."""
    unmet: list[Order] = []
    diagnosed = case.conditions.keys()
    for order in case.drugs:
        purposes = _purposes(case, order)
        if purposes is None or not case.in_focus(order.id):
            continue
        if diagnosed.isdisjoint(purposes.objects) and not _met(case, order, purposes):
            unmet.append(order)
        elif case.explain:
            yield from passed(case, NAME, purposes.written[0], _use(order), "诊断或用药目的与适应证相符")
    if unmet:
        yield from _unmet(case, unmet)


def _use(order: Order) -> Use:
    """The order as the shared helpers take it; a product of unknown contents stands for itself."""
    first = order.ingredients[0] if order.ingredients else Ingredient(order.what.concepts[0])
    return Use(order, first, True, first.concept)


def _purposes(case: Case, order: Order) -> _Purposes | None:
    """Remembered for each way a drug is given; None when nobody has written what it is for."""
    inside = order.ingredients
    contents = inside[0].concept if len(inside) == 1 else tuple([ingredient.concept for ingredient in inside])
    key = (NAME, order.what.concepts, contents, order.dosage.route, order.form)
    return case.snapshot.remember(key, lambda: _gathered(case, order))


def _gathered(case: Case, order: Order) -> _Purposes | None:
    told: dict[str, Statement] = {}
    for subject in _subjects(case, order):
        statements = case.snapshot.statements(Predicate.INDICATED_FOR, subject)
        told |= {s.id: s for s in statements if route_fits(s, _use(order))}
    written = tuple(s for s in told.values() if s.qualifiers.get("basis") != "registry")
    if not written:
        return None
    dated = tuple(s for s in told.values() if s.valid_from or s.valid_to)
    lasting = frozenset(s.object for s in told.values() if s not in dated)
    return _Purposes(written, dated, lasting, all(s.qualifiers.get("symptomatic") for s in written))


def _subjects(case: Case, order: Order) -> Iterator[str]:
    """The product as such and what is in it; a Chinese patent medicine is for more than its one Western
    ingredient, so only what is written of itself counts."""
    concepts = [case.snapshot.concept(concept) for concept in order.what.concepts]
    products = [c for c in concepts if c is not None and c.id.startswith("product:")]
    yield from (product.id for product in products)
    if not any(product.attributes.get("kind") == "中成药" for product in products):
        yield from (ingredient.concept for ingredient in order.ingredients)


def _met(case: Case, order: Order, purposes: _Purposes) -> bool:
    """Whether anything but a diagnosis calls for the order, or it is none to ask about."""
    objects = purposes.objects | {s.object for s in purposes.dated if s.holds_on(case.iso_day)}
    around = case.once((NAME, "around"), lambda: _around(case))
    reasons = (concept for reason in order.reason for concept in _widened(case, reason))
    beside = (c for use in case.uses if use.order.id != order.id for c in case.lineage[use.concept])
    return (
        order.purpose is Purpose.PROPHYLAXIS
        or (purposes.symptomatic and _passing(case, order))
        or not objects.isdisjoint(case.conditions)
        or not objects.isdisjoint(around)
        or not objects.isdisjoint(reasons)
        or not objects.isdisjoint(beside)
    )


def _passing(case: Case, order: Order) -> bool:
    """Whether a symptom may well stand in no list of diagnoses: in hospital, once, or as needed."""
    here = case.patient.visit in (Visit.INPATIENT, Visit.EMERGENCY) or is_known(case.patient.admitted)
    return here or order.dosage.as_needed or order.dosage.is_single()


def _around(case: Case) -> frozenset[str]:
    """States that are told otherwise than by a diagnosis: surgery, pregnancy, breast-feeding."""
    found = {_SURGERY} if _surgical(case) else set()
    pregnancy = case.patient.pregnancy
    if is_known(pregnancy) and pregnancy is not None:
        found.add(_PREGNANCY)
    if case.patient.lactating is True:
        found.add(_LACTATION)
    return frozenset(concept for state in found for concept in case.snapshot.ancestors(state))


def _surgical(case: Case) -> bool:
    """A procedure ordered or done within the last month, a diagnosis that tells of one, or a place for them."""
    procedures = case.patient.procedures if is_known(case.patient.procedures) else ()
    days = [(case.day - china_day(p.origin.time)).days for p in procedures if p.origin.time is not None]
    return (
        OrderKind.PROCEDURE in case.kinds
        or any(age <= _RECENT_DAYS for age in days)
        or bool(_SURGICAL_ROOM.search(case.patient.department))
        or any(_SURGICAL.search(condition.what.text) for condition in _diagnoses(case))
    )


def _diagnoses(case: Case) -> tuple[Condition, ...]:
    conditions = case.patient.conditions if is_known(case.patient.conditions) else ()
    return tuple(condition for condition in conditions if condition.status is ClinicalStatus.ACTIVE)


def _unmet(case: Case, unmet: list[Order]) -> Iterator[Outcome]:
    """Findings, unless a diagnosis is missing or not understood: then it may be the one."""
    diagnoses = _diagnoses(case)
    told = (*(condition.what for condition in diagnoses), *(reason for order in unmet for reason in order.reason))
    unread = [_written(case, what) for what in told if not _understood(case, what)]
    orders = tuple(order.id for order in unmet)
    if not diagnoses:
        yield Gap(NAME, "conditions", "未提供诊断，未能检查适应证", orders)
    elif unread:
        yield Gap(NAME, "diagnosis-concept", f"诊断“{'、'.join(unread)}”未能识别，未能检查适应证", orders)
    else:
        judged = ((_use(order), _worst(case, order)) for order in unmet)
        yield from each_statement(NAME, judged, lambda use, s: _without(case, use, s, diagnoses))


def _written(case: Case, what: Coded) -> str:
    """The diagnosis as written, else the narrowest name of its code, else the code."""
    names = (name for name in map(case.name, what.concepts) if not name.startswith(_SCOPE))
    return what.text or next(names, " ".join(code.value for code in what.codes))


def _understood(case: Case, what: Coded) -> bool:
    """Whether our own knowledge knows the diagnosis, and every part of a text that names several."""
    if not any(_own(case, concept) for concept in _widened(case, what)):
        return False
    text = normal_name(what.text)
    names = {normal_name(name) for c in map(case.snapshot.concept, what.concepts) if c for name in c.names()}
    names |= {"孕", "停经"} if _PREGNANCY in what.concepts else set()
    if text in names or _coded(case, what):
        return True
    parts = (part for part in _PART.split(_REMARK.sub("", text)) if len(part) > 1)
    return all(any(name in part or part in name for name in names) for part in parts)


def _coded(case: Case, what: Coded) -> bool:
    """Whether a code says what the words leave open: an ICD-10 code where a disease it was understood as has it."""
    known = [ref.code for c in map(case.snapshot.concept, what.concepts) if c for ref in c.codes]
    return any(not isinstance(code, Icd10) or code.value.startswith(tuple(known)) for code in what.codes)


def _own(case: Case, concept_id: str) -> bool:
    concept = case.snapshot.concept(concept_id)
    return concept is not None and concept.standing in (Standing.STARTER, Standing.REVIEWED)


def _widened(case: Case, what: Coded) -> Iterator[str]:
    for concept in what.concepts:
        yield from case.snapshot.ancestors(concept)


def _worst(case: Case, order: Order) -> Statement:
    """The statement that alerts: the first of the most severe."""
    purposes = _purposes(case, order)
    assert purposes is not None
    return max(purposes.written, key=lambda s: severity_of(s).rank)


def _without(case: Case, use: Use, s: Statement, diagnoses: tuple[Condition, ...]) -> Iterator[Finding | Gap]:
    purposes = _purposes(case, use.order)
    assert purposes is not None
    if isinstance(case.patient.medications, Unknown) and not all(o.startswith("disease:") for o in purposes.objects):
        reason = f"未提供在用药品，未能判断{_called(case, use)}是否因合用药品而用"
        yield Gap(NAME, "medications", reason, (use.order.id,), s.id)
        return
    shown = "、".join(_written(case, condition.what) for condition in diagnoses[:_SHOWN])
    said = "；".join(dict.fromkeys(w.qualifiers["purpose"] for w in purposes.written))
    data = tuple(Datum.at("诊断", _written(case, c.what), c.origin) for c in diagnoses[:_SHOWN])
    finding = found(case, NAME, s, (use,), _summary(case, use, shown), data, (drop(use),), f"{NAME}:{use.order.id}")
    references = dict.fromkeys(r for w in (s, *purposes.written) for r in case.references(w))
    detail = f"{_called(case, use)}用于: {said}。已核对诊断: {shown}"
    finding = replace(finding, detail=detail, advice=_ADVICE, references=tuple(references))
    yield _explained(finding, use.order) if use.order.note else finding


def _summary(case: Case, use: Use, diagnoses: str) -> str:
    return f"{_called(case, use)}: 现有诊断中未见其适应证 ({diagnoses})"


def _explained(finding: Finding, order: Order) -> Finding:
    """The prescriber gave a reason: for the pharmacist to read, no more."""
    data = (*finding.data, Datum.at("医嘱备注", order.note, order.origin))
    return replace(finding, severity=Severity.MINOR, data=data)


def _called(case: Case, use: Use) -> str:
    return use.order.what.text or case.name(use.concept)


FAMILY = Family(NAME, "适应证", check, reads=(Predicate.INDICATED_FOR,), stages=_STAGES, by_drug=True)
