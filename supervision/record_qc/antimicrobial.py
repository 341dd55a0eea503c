"""Systemic antimicrobials that were ordered, their grades, and whether notes speak of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from clinical.medical_record import Document, DocumentKind, Order
from knowledge.model import Predicate
from supervision.record_qc.meaning import ADMISSION_NOTES, COURSE_NOTES, drug_orders, drugs_of, finds, kinds_of
from supervision.record_qc.subject import Saying, Subject

ANTIBACTERIAL: Final = "drug-class:antibacterial"
_ANTIFUNGAL: Final = "drug-class:antifungal"
_ANTITUBERCULOSIS: Final = "drug-class:antituberculosis"
_LOCAL: Final = re.compile(
    r"皮试|滴[眼耳鼻]|眼[膏液用]|软膏|乳膏|外用|冲洗|含漱|漱口|栓剂?|阴道|凝胶|湿敷|涂|换药|灌肠|雾化", re.IGNORECASE
)
_SPOKEN: Final = re.compile(r"抗感染|抗生素|抗菌|抗炎|消炎|预防(?:性)?(?:感染|用药)|根除|[三四]联|抗真菌|抗厌氧")
TEXTS: Final = (*COURSE_NOTES, *ADMISSION_NOTES, DocumentKind.OPERATION)


def antimicrobials(subject: Subject) -> list[Order] | None:
    """Orders of systemic antibacterials and antifungals in order of time, those against tuberculosis left out; None
    where ``drug_orders`` gives none."""
    orders = drug_orders(subject, ANTIBACTERIAL, _ANTIFUNGAL)
    if orders is None:
        return None
    return [
        order
        for order in orders
        if not _LOCAL.search(f"{order.text} {order.route}") and _ANTITUBERCULOSIS not in kinds(subject, order)
    ]


def kinds(subject: Subject, order: Order) -> frozenset[str]:
    """What the drugs of an order are kinds of."""
    return frozenset[str]().union(*(kinds_of(subject, drug) for drug in drugs_of(subject, order)))


def grade(subject: Subject, order: Order) -> str:
    """The grade of an antimicrobial: unrestricted, restricted or special; empty where the release gives none, or one
    that depends on how it is given."""
    if subject.release is None:
        return ""
    for drug in drugs_of(subject, order):
        for concept in (drug, *sorted(kinds_of(subject, drug))):
            grades = {
                str(statement.qualifiers.get("grade", ""))
                for statement in subject.release.statements(Predicate.ANTIMICROBIAL_GRADE, concept)
            }
            if grades:
                return grades.pop() if len(grades) == 1 else ""
    return ""


def spoken_of(subject: Subject, documents: Iterable[Document], order: Order) -> bool:
    """Whether notes speak of an antimicrobial, or of treating or preventing infection at all."""
    documents = list(documents)
    return finds(subject, documents, _SPOKEN) or any(named(subject, documents, order))


def named(subject: Subject, documents: Iterable[Document], order: Order) -> Iterator[Saying]:
    """Where notes name the drug of an order, or its class (碳青霉烯类)."""
    wanted = kinds(subject, order) - {ANTIBACTERIAL, _ANTIFUNGAL}
    return (saying for saying in subject.says(documents, "drug") or () if saying.fact.concept in wanted)
