"""What checks of meaning share: how a fact is meant, which notes tell of the course, which drugs an order gives."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

from clinical.medical_record import Document, DocumentKind, Operation, Order, OrderKind
from knowledge.model import Predicate
from nlp.assertion import Assertion, When, Who
from nlp.facts import Fact
from supervision.record_qc.model import Gap
from supervision.record_qc.subject import Passage, Subject

LANGUAGE: Final = Gap("病历文本的语义识别(知识库未就绪)")
"""What a check of meaning says when nothing reads texts."""
ADMISSION_NOTES: Final = (
    DocumentKind.ADMISSION,
    DocumentKind.READMISSION,
    DocumentKind.DAY_STAY,
    DocumentKind.DAY_DEATH,
)
DAILY_NOTES: Final = (DocumentKind.COURSE, DocumentKind.ROUND)
COURSE_NOTES: Final = (
    *(DocumentKind.FIRST_COURSE, *DAILY_NOTES, DocumentKind.DIFFICULT_CASE),
    *(DocumentKind.HANDING_OVER, DocumentKind.TAKING_OVER, DocumentKind.TRANSFER_OUT, DocumentKind.TRANSFER_IN),
    *(DocumentKind.STAGE_SUMMARY, DocumentKind.RESCUE, DocumentKind.INVASIVE, DocumentKind.POSTOP_COURSE),
    *(DocumentKind.PREOP_SUMMARY, DocumentKind.PREOP_DISCUSSION, DocumentKind.DAY_STAY, DocumentKind.DAY_DEATH),
    *(DocumentKind.CONSULTATION, DocumentKind.TRANSFUSION, DocumentKind.CHEMOTHERAPY, DocumentKind.RADIOTHERAPY),
    *(DocumentKind.DISCHARGE, DocumentKind.DEATH, DocumentKind.DEATH_DISCUSSION),
)
"""Where doctors tell what befell, what was found and why something was done."""
CONSENTS: Final = (
    *(DocumentKind.CONSENT_OPERATION, DocumentKind.CONSENT_ANAESTHESIA, DocumentKind.CONSENT_TRANSFUSION),
    *(DocumentKind.CONSENT_SPECIAL, DocumentKind.CONSENT_OTHER, DocumentKind.CRITICAL_NOTICE),
)
_SCOPE: Final = "disease:scope-"
DENIAL: Final = re.compile(r"[无未不否][^，,。；;\n]{0,12}$")
"""What stands before something in the same clause that is denied by it."""
_NEVER: Final = datetime.max.replace(tzinfo=UTC)
_CLAUSE: Final = "，,。；;！!？?\n"


# -- how facts are meant ---------------------------------------------------------------------


def present(fact: Fact) -> bool:
    """Whether the patient has it, now or before."""
    return fact.assertion is Assertion.PRESENT and fact.who is Who.PATIENT


def current(fact: Fact) -> bool:
    """Whether the patient has it now."""
    return present(fact) and fact.when is When.CURRENT


def denied(fact: Fact) -> bool:
    """Whether the patient is said not to have it."""
    return fact.assertion is Assertion.ABSENT and fact.who is Who.PATIENT


def kinds_of(subject: Subject, concept: str) -> frozenset[str]:
    """A concept with all it is a kind of, those of its ingredients too; the concept alone without a release."""
    if subject.release is None or not concept:
        return frozenset({concept} - {""})
    contained = (s.object for s in subject.release.statements(Predicate.CONTAINS, concept))
    found = frozenset[str]().union(*(subject.release.lineage[one] for one in (concept, *contained)))
    return frozenset(one for one in found if not one.startswith(_SCOPE))


def related(subject: Subject, one: str, other: str) -> bool:
    """Whether two concepts are the same, or one is a kind of the other."""
    return bool(one and other) and (one in kinds_of(subject, other) or other in kinds_of(subject, one))


# -- notes -----------------------------------------------------------------------------------


def between(documents: Iterable[Document], start: datetime | None, end: datetime | None = None) -> list[Document]:
    """Documents that bear a time from ``start`` to ``end``; undated ones may be any."""
    return [
        document
        for document in documents
        if document.written is None
        or ((start is None or document.written >= start) and (end is None or document.written <= end))
    ]


def notes(subject: Subject, start: datetime | None = None, end: datetime | None = None) -> list[Document]:
    """Notes of the course within a span."""
    return between(subject.of(*COURSE_NOTES), start, end)


def operations_of(subject: Subject, document: Document) -> list[Operation]:
    """The operations that a document may belong to: the one it names, else all."""
    operations = list(subject.record.operations or ())
    return [one for one in operations if document.about and one.id == document.about] or operations


def finds(subject: Subject, documents: Iterable[Document], pattern: re.Pattern[str]) -> bool:
    """Whether some passage of the documents matches."""
    return any(pattern.search(passage.text) for passage in subject.texts(documents))


def affirms(subject: Subject, documents: Iterable[Document], pattern: re.Pattern[str]) -> bool:
    """Whether some passage matches where no word of denial stands before it in the clause (无红肿、渗液)."""
    return any(
        not DENIAL.search(passage.text[: match.start()])
        for passage in subject.texts(documents)
        for match in pattern.finditer(passage.text)
    )


def written(subject: Subject, documents: Iterable[Document]) -> bool:
    """Whether there is any text in the documents: what was not sent is not silent."""
    return any(passage.text.strip() for passage in subject.texts(documents))


def undenied(subject: Subject, passage: Passage) -> str:
    """A text without the names of what it denies."""
    text = passage.text
    for fact in reversed(subject.facts(text, passage.name) or []):
        if fact.assertion is Assertion.ABSENT:
            text = text[: fact.start] + text[fact.end :]
    return text


def clause(text: str, start: int, end: int) -> str:
    """The clause that a span stands in."""
    begins = max(text.rfind(mark, 0, start) for mark in _CLAUSE) + 1
    ends = min((place for mark in _CLAUSE if (place := text.find(mark, end)) >= 0), default=len(text))
    return text[begins:ends]


# -- orders ----------------------------------------------------------------------------------


def drugs_of(subject: Subject, order: Order) -> list[str]:
    """The drugs that an order gives, as concepts; empty when it names none that is known."""
    return [fact.concept for fact in subject.facts(order.text) or () if fact.kind == "drug" and fact.concept]


def drug_orders(subject: Subject, *classes: str) -> list[Order] | None:
    """Orders of drugs of some classes, or of any known drug, in order of time; None when no orders were told or no
    names are known."""
    if subject.record.orders is None or subject.release is None or subject.facts("") is None:
        return None
    wanted = frozenset(classes)
    found = [
        order
        for order in subject.record.orders
        if order.kind is OrderKind.DRUG
        and any(not wanted or not wanted.isdisjoint(kinds_of(subject, drug)) for drug in drugs_of(subject, order))
    ]
    return sorted(found, key=lambda order: (order.at or _NEVER, order.id))


def orders_gap(subject: Subject) -> Gap:
    """What is lacking where ``drug_orders`` gives nothing."""
    return Gap("医嘱") if subject.record.orders is None else LANGUAGE


def running(order: Order, moment: datetime, slack: timedelta = timedelta()) -> bool:
    """Whether an order was in force at a moment, as far as is known."""
    begun = order.at is None or order.at - slack <= moment
    return begun and (order.end is None or moment <= order.end + slack)
