"""Whether any of a patient's diagnoses justifies an examination or a procedure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from clinical.codes import Icd10
from clinical.finding import Datum, Outcome, Passed
from clinical.logic import Unknown
from clinical.order import Order, OrderKind
from clinical.patient import ClinicalStatus, Condition
from knowledge.model import ConceptKind, Predicate, Statement
from rules.model import Case, fault
from rules.services import called, concerning, said_of

_GENERAL: Final = (
    *(f"Z{n:02d}" for n in (*range(14), 29, *range(40, 55), 71, 76)),
    *(f"Z{n}" for n in range(80, 100)),
)
"""Check-ups, screening, observation, aftercare, history: any examination may belong to them."""


def unjustified(case: Case, family: str, predicate: Predicate, orders: list[Order], noun: str) -> Iterator[Outcome]:
    """Orders that none of the diagnoses justifies. Silent unless every diagnosis was understood, when a
    reason was written, when the order is urgent, and when a procedure is planned."""
    listed = [(order, said_of(case, predicate, order)) for order in orders if _asks(order)]
    if not any(said for _, said in listed):
        return
    conditions = _understood(case)
    if not conditions or (predicate is Predicate.EXAM_INDICATED and _operating(case)):
        return
    for order, said in listed:
        if said:
            try:
                yield from _judge(case, family, order, said, conditions, noun)
            except Exception as error:  # one order must not silence the others
                yield fault(family, said[0].id, error)


def _judge(
    case: Case, family: str, order: Order, said: list[Statement], conditions: tuple[Condition, ...], noun: str
) -> Iterator[Outcome]:
    if any(justifies(case, s, condition) for s in said for condition in conditions):
        if case.explain:
            yield Passed(family, said[0].id, "诊断支持", (order.id,))
        return
    shown = "、".join(condition.what.text for condition in conditions if condition.what.text)
    data = tuple(Datum.at("诊断", condition.what.text, condition.origin) for condition in conditions)
    summary = f"{called(case, order)}: 现有诊断（{shown}）中未见该{noun}的常见适应证"
    yield concerning(case, family, said[0], (order,), summary, data, f"{family}:indication:{order.id}")


def justifies(case: Case, s: Statement, condition: Condition) -> bool:
    """Whether a diagnosis is, is a kind of, or may be one of the diseases a statement lists, by name or code."""
    names, wider = case.snapshot.remember(("indications", s.id), lambda: _listed(case, s))
    direct = condition.what.concepts
    if any(not names.isdisjoint(case.snapshot.ancestors(c)) for c in direct) or not wider.isdisjoint(direct):
        return True
    prefixes = (*s.qualifiers.get("icd10", ()), *_GENERAL)
    return any(_overlap(code, prefix) for code in _codes(case, condition) for prefix in prefixes)


def _listed(case: Case, s: Statement) -> tuple[frozenset[str], frozenset[str]]:
    """The listed diseases, and these with all they are a kind of."""
    found = [c.id for name in s.qualifiers["diseases"] for c in case.snapshot.by_name(name, ConceptKind.DISEASE)]
    return frozenset(found), frozenset().union(*(case.snapshot.ancestors(c) for c in found))


def _codes(case: Case, condition: Condition) -> Iterator[str]:
    """ICD-10 codes of a diagnosis: those written, and those of its concepts or of what these are a kind of."""
    yield from (code.value for code in condition.what.codes if isinstance(code, Icd10))
    for concept in condition.what.concepts:
        yield from _coded(case, concept)


def _coded(case: Case, concept: str) -> tuple[str, ...]:
    return case.snapshot.remember(("indication-codes", concept), lambda: _codes_of(case, concept))


def _codes_of(case: Case, concept: str) -> tuple[str, ...]:
    own = case.snapshot.concept(concept)
    codes = [ref.code for ref in own.codes if ref.system.startswith("icd-10")] if own else []
    for wider in () if codes else case.snapshot.ancestors(concept):
        known = case.snapshot.concept(wider)
        codes += [ref.code for ref in known.codes if ref.system.startswith("icd-10")] if known else []
    return tuple(codes)


def _overlap(code: str, prefix: str) -> bool:
    return code.startswith(prefix) or prefix.startswith(code)


def _asks(order: Order) -> bool:
    return not (order.reason or order.note or order.urgent)


def _operating(case: Case) -> bool:
    return any(order.kind is OrderKind.PROCEDURE for order in case.orders)


def _understood(case: Case) -> tuple[Condition, ...]:
    """Active diagnoses, when there are any and all were understood with a code; else none."""
    conditions = case.patient.conditions
    if isinstance(conditions, Unknown):
        return ()
    active = tuple(c for c in conditions if c.status is ClinicalStatus.ACTIVE)
    return active if all(c.what.concepts and any(_codes(case, c)) for c in active) else ()
