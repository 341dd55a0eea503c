"""Drugs: allergies against orders, what is taken home, drugs that no diagnosis carries."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import Final, NamedTuple

from clinical.medical_record import Document, DocumentKind, Order, OrderKind
from knowledge.model import Predicate
from supervision.record_qc.meaning import (
    ADMISSION_NOTES,
    COURSE_NOTES,
    DAILY_NOTES,
    LANGUAGE,
    denied,
    drug_orders,
    drugs_of,
    finds,
    kinds_of,
    orders_gap,
    present,
    undenied,
    written,
)
from supervision.record_qc.model import (
    INPATIENT,
    LATER,
    NORM,
    Aspect,
    Check,
    Defect,
    Gap,
    Group,
    Said,
    Severity,
)
from supervision.record_qc.ordered import ordered
from supervision.record_qc.parts import parts
from supervision.record_qc.places import Place
from supervision.record_qc.subject import Saying, Subject

_TELLING: Final = (
    *(*ADMISSION_NOTES, DocumentKind.FIRST_COURSE, DocumentKind.ANAESTHESIA_BEFORE, DocumentKind.PREOP_SUMMARY),
    *(DocumentKind.CONSULTATION, DocumentKind.DISCHARGE, *DAILY_NOTES),
)

_TESTED: Final = re.compile(r"皮试|皮肤试验|过敏试验")
_SETTLED: Final = re.compile(r"脱敏|皮试(?:结果)?(?:为)?(?:阴性|[(（][-－—][)）])|非过敏|(?:过敏史)?(?:有误|已更正)")
_TAKEN_ALONG: Final = re.compile(r"带药|出院")


# -- allergies -------------------------------------------------------------------------------


def _allergic(subject: Subject) -> list[Saying] | None:
    found = subject.says(subject.of(*_TELLING), "allergy")
    return None if found is None else [one for one in found if present(one.fact) and one.fact.concept]


def _allergen(subject: Subject, concept: str) -> frozenset[str]:
    """What an allergen stands for: itself, and the drugs and classes that it covers."""
    covered = subject.release.statements(Predicate.ALLERGEN_OF, concept) if subject.release else ()
    return frozenset({concept, *(statement.object for statement in covered)})


def _is_drug(subject: Subject, allergen: str) -> bool:
    return allergen.startswith(("ingredient:", "product:", "drug-class:")) or len(_allergen(subject, allergen)) > 1


def _ordered_despite(subject: Subject) -> Iterator[Said]:
    orders, allergies = drug_orders(subject), _allergic(subject)
    if orders is None or allergies is None:
        yield orders_gap(subject)
        return
    if finds(subject, subject.of(*COURSE_NOTES), _SETTLED):
        return
    told: set[str] = set()
    for order in orders:
        kinds = frozenset[str]().union(*(kinds_of(subject, drug) for drug in drugs_of(subject, order)))
        known = next(
            (one for one in allergies if _known(one, order) and _allergen(subject, one.fact.concept) & kinds), None
        )
        if known is not None and not _TESTED.search(order.text) and order.text not in told:
            told.add(order.text)
            says = f"病历记载“{known.fact.name}”过敏，医嘱仍开具“{order.text}”"
            yield Defect(says, Place(quote=order.text), (known.place,), key=order.id)


def _known(allergy: Saying, order: Order) -> bool:
    """Whether an allergy was known when something was ordered: by the history, or by an earlier note."""
    document = allergy.passage.document
    if document.kind in ADMISSION_NOTES or document.kind is DocumentKind.FIRST_COURSE:
        return True
    return document.written is not None and order.at is not None and document.written < order.at


def _allergies_differ(subject: Subject) -> Iterator[Said]:
    allergies, found = _allergic(subject), subject.says(subject.judged(*_TELLING), "allergy")
    if allergies is None or found is None:
        yield LANGUAGE
        return
    drugs = [one for one in allergies if _is_drug(subject, one.fact.concept)]
    for saying in found:
        document = saying.passage.document
        if drugs and denied(saying.fact) and saying.fact.text.startswith("药物"):
            other = next((one for one in drugs if one.passage.document is not document), drugs[0])
            if _held(other, document):
                says = f"{other.passage.document.kind.value}记载“{other.fact.text}”，此处否认药物过敏"
                yield Defect(says, saying.place, (other.place,))


def _held(allergy: Saying, denial: Document) -> bool:
    """Whether an allergy was there when a note denied it: history was always so, what a later note tells is newer."""
    told = allergy.passage.document
    history = told.kind in ADMISSION_NOTES or told is denial
    return history or told.written is None or denial.written is None or told.written <= denial.written


# -- discharge -------------------------------------------------------------------------------


def _discharge_differs(subject: Subject) -> Iterator[Said]:
    if drug_orders(subject) is None:
        yield orders_gap(subject)
        return
    drugs = [order for order in subject.record.orders or () if order.kind is OrderKind.DRUG]
    along = [order for order in drugs if _TAKEN_ALONG.search(f"{order.text}{order.route}{order.frequency}")]
    for document in subject.judged(DocumentKind.DISCHARGE) if along else ():
        passages = list(parts(document, "出院带药|出院医嘱"))
        facts = [(p, fact) for p in passages for fact in subject.facts(p.text, "处方") or () if fact.kind == "drug"]
        named = frozenset(kind for _, fact in facts for kind in kinds_of(subject, fact.concept))
        for order in along if any(p.text.strip() for p in passages) else ():
            given = drugs_of(subject, order)
            if given and named.isdisjoint(given):
                says = f"出院带药医嘱“{order.text}”未写入出院记录"
                yield Defect(says, Place(document.id, passages[0].title), key=order.id)
        everything = ordered(subject, along)
        for passage, fact in facts:
            if present(fact) and fact.dose and not everything.has(subject, fact):
                says = f"出院记录写带药“{fact.text}”，出院带药医嘱中没有"
                yield Defect(says, passage.place(fact.start, fact.end), key=fact.concept)


# -- drugs that no diagnosis carries ---------------------------------------------------------


class _Purpose(NamedTuple):
    """What a class of drugs is for: words of which one must stand somewhere in a record that orders it."""

    classes: tuple[str, ...]
    called: str
    words: re.Pattern[str]


_PURPOSES: Final = (
    _Purpose(
        ("sulfonylurea", "glinide", "alpha-glucosidase-inhibitor", "dpp4-inhibitor", "insulin"),
        "降糖药",
        re.compile(r"糖尿病|血糖|糖化|高糖|高钾|极化|酮症|GLU|DM", re.IGNORECASE),
    ),
    _Purpose(("antituberculosis",), "抗结核药", re.compile(r"结核|分枝杆菌|布鲁|布氏|麻风|TB", re.IGNORECASE)),
    _Purpose(("antithyroid", "thyroid-hormone"), "甲状腺用药", re.compile(r"甲状腺|甲亢|甲减|Graves|桥本|垂体")),
    _Purpose(
        ("antineoplastic",),
        "抗肿瘤药",
        re.compile(
            r"癌|瘤|白血病|淋巴|恶性|化疗|骨髓|红细胞增多|血小板增多|异位妊娠|宫外孕|滋养|葡萄胎|风湿|狼疮|血管炎|银屑|肾病|肾炎|移植|"
            r"干燥|肌炎|白塞|硬化|瘢痕|免疫"
        ),
    ),
)


def _without_purpose(subject: Subject) -> Iterator[Said]:
    if drug_orders(subject) is None:
        yield orders_gap(subject)
        return
    for purpose in _PURPOSES:
        orders = drug_orders(subject, *(f"drug-class:{name}" for name in purpose.classes)) or []
        if not orders:
            continue
        if not written(subject, subject.of(*COURSE_NOTES, *ADMISSION_NOTES)):
            yield Gap("病历正文")
        elif not any(purpose.words.search(text) for text in _said(subject)):
            yield Defect(f"开具{purpose.called}“{orders[0].text}”，病历中无相应诊断或用药理由", key=purpose.called)


def _said(subject: Subject) -> Iterator[str]:
    """What a record says somewhere, without what it denies."""
    yield from (undenied(subject, passage) for passage in subject.texts(subject.documents))
    yield from (diagnosis.name for diagnosis in subject.record.diagnoses or ())


_check = partial(Check, kinds=INPATIENT, stages=LATER)
_RATIONAL: Final = "《处方管理办法》(卫生部令第53号)第十四条"
CHECKS: Final = (
    _check(
        name="drug-ordered-despite-allergy",
        title="对记载过敏的药物开具医嘱",
        group=Group.ORDERS,
        aspect=Aspect.CLINICAL,
        source=f"{_RATIONAL};{NORM}第十八条(四)",
        mend="立即停用并换药；过敏史有误的核实更正，确需使用的记录依据与脱敏措施",
        run=_ordered_despite,
        severity=Severity.SEVERE,
        points=5.0,
        most=10.0,
    ),
    _check(
        name="drug-allergy-differs",
        title="药物过敏史前后矛盾",
        group=Group.WRITING,
        aspect=Aspect.CONSISTENT,
        source=f"{NORM}第三条、第十八条(四)",
        mend="重新询问过敏史，统一各处记录并更新过敏标识",
        run=_allergies_differ,
        severity=Severity.SEVERE,
        points=2.0,
        most=4.0,
    ),
    _check(
        name="drug-discharge-differs",
        title="出院记录与出院带药医嘱不符",
        group=Group.END,
        aspect=Aspect.CONSISTENT,
        source=f"{NORM}第二十二条(二十)",
        mend="核对出院带药，药名、剂量、用法逐项写入出院医嘱",
        run=_discharge_differs,
        points=1.0,
        most=3.0,
    ),
    _check(
        name="drug-without-purpose",
        title="用药无相应诊断或理由",
        group=Group.ORDERS,
        aspect=Aspect.CLINICAL,
        source=_RATIONAL,
        mend="补充诊断或在病程中说明用药理由；无指征的停用",
        run=_without_purpose,
        points=2.0,
        most=4.0,
    ),
)
