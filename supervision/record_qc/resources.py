"""FHIR resources of one visit, as the repository keeps them, to a medical record.

What resources do not tell stays unknown: without a single procedure nobody said that there was no operation.
"""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from html import unescape
from types import MappingProxyType
from typing import Any, Final

from clinical.medical_record import (
    Diagnosis,
    DiagnosisKind,
    Doctor,
    Document,
    FrontPage,
    MedicalRecord,
    Operation,
    Order,
    OrderKind,
    RecordKind,
    Result,
    ResultKind,
    Section,
    Signature,
    Visit,
)
from supervision.record_qc.answering import Answers
from supervision.record_qc.happenings import Past, events_of, is_operation
from supervision.record_qc.naming import kind_of, signer_of, title_of
from supervision.record_qc.resource_parts import (
    Json,
    amount_of,
    category_of,
    code_of,
    extended,
    local_of,
    moment_of,
    value_of,
    words_of,
)

_KINDS: Final = {
    **dict.fromkeys(("IMP", "ACUTE", "NONAC", "PRENC"), RecordKind.INPATIENT),
    "EMER": RecordKind.EMERGENCY,
}
_TAGS: Final = re.compile(r"<br\s*/?>|</p>|</tr>|<[^>]+>")
_FRONT_PAGE: Final = "病案首页"
_RESULTS: Final = {"laboratory": ResultKind.LAB, "imaging": ResultKind.EXAM}
_ORDERS: Final = {
    "laboratory": OrderKind.LAB,
    "imaging": OrderKind.EXAM,
    "procedure": OrderKind.OPERATION,
    "surgery": OrderKind.OPERATION,
    "transfusion": OrderKind.BLOOD,
    "consultation": OrderKind.CONSULTATION,
}
_VOID: Final = frozenset({"entered-in-error", "cancelled", "draft", "not-done", "preparation"})
"""What was sent by mistake, taken back, or has not come to pass."""
_CRITICAL: Final = frozenset({"HH", "LL", "AA"})
_NORMAL: Final = frozenset({"N", "NEG"})


def record_of(
    encounter: Json,
    patient: Json | None,
    resources: Iterable[Json],
    past: Sequence[Past] = (),
    answered: Answers = MappingProxyType({}),
) -> MedicalRecord:
    """The record of a visit: its Encounter and versions of it, the Patient, everything that refers to the visit, and
    what was found on which order."""
    of: dict[str, list[Json]] = {}
    for resource in (one for one in resources if str(one.get("status")) not in _VOID):
        of.setdefault(str(resource.get("resourceType")), []).append(resource)
    compositions, pages = _parted(of.get("Composition", ()))
    documents = [*map(_composed, compositions), *_written(of.get("DocumentReference", ()))]
    events = events_of(encounter, of, past)
    operations = [one for one in of.get("Procedure", ()) if is_operation(one)]
    kind = _KINDS.get(str((encounter.get("class") or {}).get("code")), RecordKind.OUTPATIENT)
    return MedicalRecord(
        id=str(encounter["id"]),
        kind=kind,
        patient=str((patient or {}).get("id") or ""),
        visit=_visit(encounter, patient, kind),
        documents=tuple(documents),
        events=events or None,
        events_partial=True,
        operations=tuple(map(_operation, operations)) or None,
        orders=tuple(_orders(of)) or None,
        results=tuple(_results(of, {part: order for order, parts in answered.items() for part in parts})) or None,
        diagnoses=tuple(map(_diagnosis, of["Condition"])) if "Condition" in of else None,
        front_page=_front_page(pages[-1], of.get("Condition", ())) if pages else None,
    )


def belongs_to(resource: Json, encounter: str) -> bool:
    """Whether a resource refers to a visit, or is a part of it."""
    context = resource.get("context")
    within = context.get("encounter") if isinstance(context, Mapping) else None
    given = resource.get("encounter") or resource.get("partOf") or within or ()
    return any(local_of(one) == encounter for one in (given if isinstance(given, list) else [given]))


# -- the visit -------------------------------------------------------------------------------


def _visit(encounter: Json, patient: Json | None, kind: RecordKind) -> Visit:
    period = encounter.get("period") or {}
    begin, end = moment_of(period.get("start")), moment_of(period.get("end"))
    leave = words_of((encounter.get("hospitalization") or {}).get("dischargeDisposition"))
    inpatient, dead = kind is RecordKind.INPATIENT, "死亡" in leave
    born = str((patient or {}).get("birthDate") or "")
    return Visit(
        department=words_of(encounter.get("serviceType")),
        attending=_attending(encounter),
        arrived=None if inpatient else begin,
        admitted=begin if inpatient else None,
        discharged=end if inpatient and not dead else None,
        died=end if dead else None,
        sex={"male": "男", "female": "女"}.get(str((patient or {}).get("gender")), ""),
        age=_age(born, begin),
        way=leave,
    )


def _attending(encounter: Json) -> Doctor | None:
    for one in encounter.get("participant") or ():
        if any(coding.get("code") == "ATND" for kind in one.get("type") or () for coding in kind.get("coding") or ()):
            return _doctor(one.get("individual"))
    return None


def _doctor(reference: Any) -> Doctor | None:
    if not isinstance(reference, Mapping):
        return None
    name, number = str(reference.get("display") or ""), (reference.get("identifier") or {}).get("value") or ""
    return Doctor(name=name or str(number), id=str(number), title=title_of(name)) if name or number else None


def _age(born: str, at: datetime | None) -> float | None:
    if at is None or len(born) < 10:
        return None
    day = date.fromisoformat(born[:10])
    return at.year - day.year - ((at.month, at.day) < (day.month, day.day))


# -- documents -------------------------------------------------------------------------------


def _parted(compositions: Sequence[Json]) -> tuple[list[Json], list[Json]]:
    """Documents, and front pages."""
    pages = [one for one in compositions if _FRONT_PAGE in _title(one)]
    return [one for one in compositions if _FRONT_PAGE not in _title(one)], pages


def _title(document: Json) -> str:
    return str(document.get("title") or words_of(document.get("type")))


def _composed(document: Json) -> Document:
    authors = document.get("author") or [None]
    return Document(
        id=str(document["id"]),
        kind=kind_of(_title(document)),
        title=_title(document),
        written=moment_of(extended(document, "written")) or moment_of(document.get("date")),
        completed=moment_of(document.get("date")),
        author=_doctor(authors[0]),
        signatures=_signatures(document),
        sections=tuple(_sections(document)),
    )


def _signatures(document: Json) -> tuple[Signature, ...] | None:
    """Who attested; None where nobody is named, since many senders leave that out."""
    found = []
    for one in document.get("attester") or ():
        who, role = _doctor(one.get("party")), str(extended(one, "role") or "")
        if who is not None:
            title = title_of(role) or who.title
            found.append(Signature(name=who.name, role=signer_of(role), title=title, at=moment_of(one.get("time"))))
    return tuple(found) or None


def _sections(document: Json) -> Iterator[Section]:
    elements = {f"#{one.get('id')}": one for one in document.get("contained") or ()}
    for section in document.get("section") or ():
        told = [elements[key] for e in section.get("entry") or () if (key := e.get("reference")) in elements]
        lines = [_plain((section.get("text") or {}).get("div") or ""), *filter(None, map(_element, told))]
        yield Section(title=str(section.get("title") or ""), text="\n".join(filter(None, lines)))


def _plain(div: str) -> str:
    return unescape(_TAGS.sub("\n" if "<p" in div or "<br" in div else "", div)).strip()


def _element(observation: Json) -> str:
    """A data element as a line: 体温：36.5℃."""
    parts = [_element(part) for part in observation.get("component") or ()]
    value = "；".join(filter(None, [value_of(observation), *parts]))
    return f"{words_of(observation.get('code'))}：{value}" if value else ""


def _written(references: Iterable[Json]) -> Iterator[Document]:
    """Documents that came as plain text."""
    for one in references:
        texts = [text for content in one.get("content") or () if (text := _enclosed(content.get("attachment") or {}))]
        if not texts:
            continue
        title = words_of(one.get("type")) or str(one.get("description") or "")
        authors, period = one.get("author") or [None], (one.get("context") or {}).get("period") or {}
        yield Document(
            id=str(one["id"]),
            kind=kind_of(title),
            title=title,
            written=moment_of(period.get("start")) or moment_of(one.get("date")),
            completed=moment_of(one.get("date")),
            author=_doctor(authors[0]),
            sections=tuple(Section(text=text) for text in texts),
        )


def _enclosed(attachment: Json) -> str:
    if not str(attachment.get("contentType") or "").startswith("text/plain"):
        return ""
    try:
        return b64decode(str(attachment.get("data") or "")).decode("utf-8", "replace").strip()
    except (Base64Error, ValueError):
        return ""


def _front_page(page: Json, conditions: Sequence[Json]) -> FrontPage:
    named = {local_of(entry) for section in page.get("section") or () for entry in section.get("entry") or ()}
    told = [one for one in page.get("contained") or () if value_of(one)]
    return FrontPage(
        diagnoses=tuple(_diagnosis(one) for one in conditions if str(one.get("id")) in named),
        completed=moment_of(page.get("date")),
        signatures=_signatures(page),
        fields={words_of(one.get("code")): value_of(one) for one in told},
    )


# -- orders, results, diagnoses, operations --------------------------------------------------


def _orders(of: Mapping[str, Sequence[Json]]) -> Iterator[Order]:
    for one in of.get("MedicationRequest", ()):
        yield _order(one, OrderKind.DRUG, one.get("medicationCodeableConcept"))
    for one in of.get("ServiceRequest", ()):
        yield _order(one, _ORDERS.get(category_of(one), OrderKind.OTHER), one.get("code"))


def _order(one: Json, kind: OrderKind, what: Any) -> Order:
    dosage: Json = next(iter(one.get("dosageInstruction") or ()), {})
    return Order(
        id=str(one["id"]),
        kind=kind,
        text=words_of(what),
        code=code_of(what),
        at=moment_of(one.get("authoredOn")),
        by=_doctor(one.get("requester")),
        route=words_of(dosage.get("route")),
        frequency=words_of((dosage.get("timing") or {}).get("code")),
        amount=amount_of(one),
    )


def _results(of: Mapping[str, Sequence[Json]], orders: Mapping[str, str]) -> Iterator[Result]:
    """Results, each with the order it answers; ``orders`` are by reference to what was found."""
    for one in of.get("Observation", ()):
        if category_of(one) == "laboratory":
            yield _observed(one, orders.get(f"Observation/{one['id']}", ""))
    for one in of.get("DiagnosticReport", ()):
        kind = _RESULTS.get(category_of(one), ResultKind.EXAM)
        if kind is ResultKind.EXAM:
            name, said = words_of(one.get("code")), str(one.get("conclusion") or "")
            sort = ResultKind.PATHOLOGY if "病理" in name else kind
            at, reported = moment_of(one.get("effectiveDateTime")), moment_of(one.get("issued"))
            order = orders.get(f"DiagnosticReport/{one['id']}", "")
            yield Result(id=str(one["id"]), kind=sort, name=name, at=at, reported=reported, text=said, order=order)


def _observed(one: Json, order: str) -> Result:
    flags = {c.get("code") for flag in one.get("interpretation") or () for c in flag.get("coding") or ()} - {None}
    span: Json = next(iter(one.get("referenceRange") or ()), {})
    quantity = one.get("valueQuantity") or {}
    name = words_of(one.get("code"))
    return Result(
        id=str(one["id"]),
        kind=ResultKind.CULTURE if "培养" in name else ResultKind.LAB,
        name=name,
        at=moment_of(one.get("effectiveDateTime")),
        reported=moment_of(one.get("issued")),
        value=quantity.get("value"),
        unit=str(quantity.get("unit") or ""),
        text="" if quantity else value_of(one),
        low=(span.get("low") or {}).get("value"),
        high=(span.get("high") or {}).get("value"),
        abnormal=not flags <= _NORMAL if flags else None,
        critical=bool(flags & _CRITICAL) if flags else None,
        order=order,
    )


def _diagnosis(one: Json) -> Diagnosis:
    tentative = code_of(one.get("verificationStatus")) == "provisional"
    return Diagnosis(
        kind=DiagnosisKind.ADMISSION if tentative else DiagnosisKind.DISCHARGE,
        name=words_of(one.get("code")),
        code=code_of(one.get("code")),
        at=moment_of(one.get("recordedDate")),
    )


def _operation(one: Json) -> Operation:
    period = one.get("performedPeriod") or {}
    performer: Json = next(iter(one.get("performer") or ()), {})
    return Operation(
        id=str(one["id"]),
        name=words_of(one.get("code")),
        code=code_of(one.get("code")),
        at=moment_of(one.get("performedDateTime") or period.get("start")),
        end=moment_of(period.get("end")),
        surgeon=_doctor(performer.get("actor")),
    )
