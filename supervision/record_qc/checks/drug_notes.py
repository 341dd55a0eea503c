"""What notes say of drugs against what was ordered."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Final

from nlp.assertion import Assertion, When, Who
from nlp.facts import Fact
from supervision.record_qc.meaning import (
    DAILY_NOTES,
    clause,
    current,
    drug_orders,
    drugs_of,
    kinds_of,
    orders_gap,
    present,
)
from supervision.record_qc.model import INPATIENT, LATER, NORM, Aspect, Check, Defect, Gap, Group, Said
from supervision.record_qc.ordered import milligrams, ordered
from supervision.record_qc.subject import Saying, Subject
from supervision.record_qc.timing import shown

_GIVEN: Final = re.compile(r"予|加用|改用|改为|换用|静滴|静脉|口服|肌注|泵入|静推|皮下")
_NOT_HERE: Final = re.compile(
    r"建议|拟|可(?:予|给|考虑)|必要时|如|若|院外|外院|门诊|自服|自行|自备|家中|平素|既往|停|出院|未|当地|急诊|术中|术前|麻|"
    r"浸润|穿刺|曾|备用|嘱"
)
_STOPPED: Final = re.compile(r"停(?!.{0,8}至少)")
_LATER_STOP: Final = re.compile(r"建议|拟|可|择期|暂不|天后|日后|周后|出院|如|若|待")
_SLACK: Final = timedelta(hours=48)
_RATE: Final = re.compile(r"/\s*(?:kg|min|h|m2|㎡)|泵|维持|总量|共")
_RATE_WITHIN: Final = 24
_APART: Final = 5.0
"""Doses that differ so many times are not one dose and another schedule."""
_APART_KNOWN: Final = 2.5
"""The same where the note tells how often."""


def _given_not_ordered(subject: Subject) -> Iterator[Said]:
    found, orders = subject.says(subject.judged(*DAILY_NOTES), "drug"), drug_orders(subject)
    if found is None or orders is None:
        yield orders_gap(subject)
        return
    everything = ordered(subject, subject.record.orders or ())
    told: set[str] = set()
    for saying in found:
        fact = saying.fact
        if fact.concept in told or not _is_given(saying) or everything.has(subject, fact):
            continue
        if _is_solvent(subject, fact):
            continue
        told.add(fact.concept)
        if everything.unread:
            yield Gap(f"{len(everything.unread)}条药品医嘱的药名")
        else:
            yield Defect(f"病程写使用“{fact.text}”，未见相应医嘱", saying.place, key=fact.concept)


def _is_given(saying: Saying) -> bool:
    fact, text = saying.fact, saying.passage.text
    around = clause(text, fact.start, fact.end)
    said = current(fact) and bool(fact.concept) and not fact.concept.startswith("blood-product:")
    return said and bool(_GIVEN.search(around)) and not _NOT_HERE.search(around)


def _is_solvent(subject: Subject, fact: Fact) -> bool:
    """What other drugs are dissolved in is rarely an order of its own; a class names no drug."""
    return fact.concept.startswith("drug-class:") or "drug-class:infusion-fluid" in kinds_of(subject, fact.concept)


def _stopped_still_given(subject: Subject) -> Iterator[Said]:
    found, orders = subject.says(subject.judged(*DAILY_NOTES), "drug"), drug_orders(subject)
    if found is None or orders is None:
        yield orders_gap(subject)
        return
    for saying in found:
        at, fact = saying.passage.document.written, saying.fact
        if at is None or not _is_stopped(saying):
            continue
        for order in orders:
            begun = order.at is not None and order.at < at
            if begun and order.end and order.end > at + _SLACK and fact.concept in drugs_of(subject, order):
                says = f"{shown(at)}病程写停用“{fact.text}”，医嘱至{shown(order.end)}才停"
                yield Defect(says, saying.place, key=order.id)


def _is_stopped(saying: Saying) -> bool:
    fact = saying.fact
    around = clause(saying.passage.text, fact.start, fact.end)
    said = fact.when is When.PAST and present(fact)
    return said and bool(_STOPPED.search(around)) and not _LATER_STOP.search(around)


def _dose_differs(subject: Subject) -> Iterator[Said]:
    found, orders = subject.says(subject.judged(*DAILY_NOTES), "drug"), drug_orders(subject)
    if found is None or orders is None:
        yield orders_gap(subject)
        return
    doses: dict[str, list[float]] = {}
    for order in orders:
        for fact in subject.facts(f"{order.text} {order.dose}") or ():
            if fact.kind == "drug" and (dose := milligrams(fact)) is not None:
                doses.setdefault(fact.concept, []).append(dose)
    for saying in found:
        fact = saying.fact
        dose, known = _dose_of(saying), doses.get(fact.concept, [])
        apart = _APART_KNOWN if fact.frequency else _APART
        if dose and known and _is_meant(fact) and all(max(dose, one) / min(dose, one) >= apart for one in known):
            says = f"病程写“{fact.text}”每次{fact.dose:g}{fact.dose_unit}，医嘱每次{known[0]:g}mg"
            yield Defect(says, saying.place)


def _is_meant(fact: Fact) -> bool:
    """Whether a drug is given, or is to be."""
    return fact.who is Who.PATIENT and fact.assertion in (Assertion.PRESENT, Assertion.HYPOTHETICAL)


def _dose_of(saying: Saying) -> float | None:
    """A single dose in a note; a rate (0.6μg/kg/min) is none."""
    after = saying.passage.text[saying.fact.end : saying.fact.end + _RATE_WITHIN]
    return None if _RATE.search(after) else milligrams(saying.fact)


_check = partial(
    Check, group=Group.ORDERS, kinds=INPATIENT, aspect=Aspect.CONSISTENT, stages=LATER, points=2.0, most=6.0
)
_CHANGES: Final = f"{NORM}第二十二条、第二十八条"
CHECKS: Final = (
    _check(
        name="drug-given-not-ordered",
        title="病程所写用药无相应医嘱",
        source=_CHANGES,
        mend="核对用药：已用的补记医嘱并说明，未用的更正病程",
        run=_given_not_ordered,
    ),
    _check(
        name="drug-stopped-still-given",
        title="病程写停药而医嘱未停",
        source=_CHANGES,
        mend="核对后停止医嘱，或更正病程",
        run=_stopped_still_given,
    ),
    _check(
        name="drug-dose-differs",
        title="病程所写剂量与医嘱相差悬殊",
        source=_CHANGES,
        mend="核对剂量，误写的更正；误开的立即停改医嘱",
        run=_dose_differs,
    ),
)
