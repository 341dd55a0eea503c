"""FHIR resources of one visit, as the repository keeps them, to a medical record.

What resources do not tell stays unknown: without a single procedure nobody said that there was no operation. Events
(rescue, critical state, handover) have no resource and are never known from here.
"""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from html import unescape
from typing import Any, Final

from clinical.coded import zoned
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
from supervision.record_qc.naming import kind_of, signer_of, title_of

Json = Mapping[str, Any]
_KINDS: Final = {
    **dict.fromkeys(("IMP", "ACUTE", "NONAC", "PRENC"), RecordKind.INPATIENT),
    "EMER": RecordKind.EMERGENCY,
}
_TAGS: Final = re.compile(r"<br\s*/?>|</p>|</tr>|<[^>]+>")
_FRONT_PAGE: Final = "病案首页"
_RESULTS: Final = {"laboratory": ResultKind.LAB, "imaging": ResultKind.EXAM}
_ORDERS: Final = {"laboratory": OrderKind.LAB, "imaging": OrderKind.EXAM, "procedure": OrderKind.OPERATION}
_CRITICAL: Final = frozenset({"HH", "LL", "AA"})
_NORMAL: Final = frozenset({"N", "NEG"})


def record_of(encounter: Json, patient: Json | None, resources: Iterable[Json]) -> MedicalRecord:
    """The record of a visit: its Encounter, the Patient, and everything that refers to the visit."""
    of: dict[str, list[Json]] = {}
    for resource in resources:
        of.setdefault(str(resource.get("resourceType")), []).append(resource)
    compositions, pages = _parted(of.get("Composition", ()))
    documents = [*map(_composed, compositions), *_written(of.get("DocumentReference", ()))]
    kind = _KINDS.get(str((encounter.get("class") or {}).get("code")), RecordKind.OUTPATIENT)
    return MedicalRecord(
        id=str(encounter["id"]),
        kind=kind,
        patient=str((patient or {}).get("id") or ""),
        visit=_visit(encounter, patient, kind),
        documents=tuple(documents),
        operations=tuple(map(_operation, of["Procedure"])) if "Procedure" in of else None,
        orders=tuple(_orders(of)) or None,
        results=tuple(_results(of)) or None,
        diagnoses=tuple(map(_diagnosis, of["Condition"])) if "Condition" in of else None,
        front_page=_front_page(pages[-1], of.get("Condition", ())) if pages else None,
    )


def belongs_to(resource: Json, encounter: str) -> bool:
    """Whether a resource refers to a visit."""
    context = resource.get("context")
    within = context.get("encounter") if isinstance(context, Mapping) else None
    given = resource.get("encounter") or within or ()
    return any(_local(one) == encounter for one in (given if isinstance(given, list) else [given]))


def _local(reference: Any) -> str:
    return str(reference.get("reference") or "").rpartition("/")[2] if isinstance(reference, Mapping) else ""


# -- the visit -------------------------------------------------------------------------------


def _visit(encounter: Json, patient: Json | None, kind: RecordKind) -> Visit:
    period = encounter.get("period") or {}
    begin, end = _time(period.get("start")), _time(period.get("end"))
    leave = _text((encounter.get("hospitalization") or {}).get("dischargeDisposition"))
    inpatient, dead = kind is RecordKind.INPATIENT, "死亡" in leave
    born = str((patient or {}).get("birthDate") or "")
    return Visit(
        department=_text(encounter.get("serviceType")),
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
    return str(document.get("title") or _text(document.get("type")))


def _composed(document: Json) -> Document:
    authors = document.get("author") or [None]
    return Document(
        id=str(document["id"]),
        kind=kind_of(_title(document)),
        title=_title(document),
        written=_time(_extended(document, "written")) or _time(document.get("date")),
        completed=_time(document.get("date")),
        author=_doctor(authors[0]),
        signatures=_signatures(document),
        sections=tuple(_sections(document)),
    )


def _signatures(document: Json) -> tuple[Signature, ...] | None:
    """Who attested; None where nobody is named, since many senders leave that out."""
    found = []
    for one in document.get("attester") or ():
        who, role = _doctor(one.get("party")), str(_extended(one, "role") or "")
        if who is not None:
            title = title_of(role) or who.title
            found.append(Signature(name=who.name, role=signer_of(role), title=title, at=_time(one.get("time"))))
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
    value = "；".join(filter(None, [_value(observation), *parts]))
    return f"{_text(observation.get('code'))}：{value}" if value else ""


def _written(references: Iterable[Json]) -> Iterator[Document]:
    """Documents that came as plain text and were not cancelled."""
    for one in references:
        texts = [text for content in one.get("content") or () if (text := _enclosed(content.get("attachment") or {}))]
        if not texts or one.get("status") == "entered-in-error":
            continue
        title = _text(one.get("type")) or str(one.get("description") or "")
        authors = one.get("author") or [None]
        yield Document(
            id=str(one["id"]),
            kind=kind_of(title),
            title=title,
            written=_time(((one.get("context") or {}).get("period") or {}).get("start")) or _time(one.get("date")),
            completed=_time(one.get("date")),
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
    named = {_local(entry) for section in page.get("section") or () for entry in section.get("entry") or ()}
    told = [one for one in page.get("contained") or () if _value(one)]
    return FrontPage(
        diagnoses=tuple(_diagnosis(one) for one in conditions if str(one.get("id")) in named),
        completed=_time(page.get("date")),
        signatures=_signatures(page),
        fields={_text(one.get("code")): _value(one) for one in told},
    )


# -- orders, results, diagnoses, operations --------------------------------------------------


def _orders(of: Mapping[str, Sequence[Json]]) -> Iterator[Order]:
    for one in of.get("MedicationRequest", ()):
        yield _order(one, OrderKind.DRUG, one.get("medicationCodeableConcept"))
    for one in of.get("ServiceRequest", ()):
        yield _order(one, _ORDERS.get(_category(one), OrderKind.OTHER), one.get("code"))


def _order(one: Json, kind: OrderKind, what: Any) -> Order:
    dosage: Json = next(iter(one.get("dosageInstruction") or ()), {})
    return Order(
        id=str(one["id"]),
        kind=kind,
        text=_text(what),
        code=_code(what),
        at=_time(one.get("authoredOn")),
        by=_doctor(one.get("requester")),
        route=_text(dosage.get("route")),
        frequency=_text((dosage.get("timing") or {}).get("code")),
    )


def _results(of: Mapping[str, Sequence[Json]]) -> Iterator[Result]:
    for one in of.get("Observation", ()):
        if _category(one) == "laboratory":
            yield _observed(one)
    for one in of.get("DiagnosticReport", ()):
        kind = _RESULTS.get(_category(one), ResultKind.EXAM)
        if kind is ResultKind.EXAM:
            name, said = _text(one.get("code")), str(one.get("conclusion") or "")
            sort = ResultKind.PATHOLOGY if "病理" in name else kind
            at, reported = _time(one.get("effectiveDateTime")), _time(one.get("issued"))
            yield Result(id=str(one["id"]), kind=sort, name=name, at=at, reported=reported, text=said)


def _observed(one: Json) -> Result:
    flags = {c.get("code") for flag in one.get("interpretation") or () for c in flag.get("coding") or ()} - {None}
    span: Json = next(iter(one.get("referenceRange") or ()), {})
    quantity = one.get("valueQuantity") or {}
    name = _text(one.get("code"))
    return Result(
        id=str(one["id"]),
        kind=ResultKind.CULTURE if "培养" in name else ResultKind.LAB,
        name=name,
        at=_time(one.get("effectiveDateTime")),
        reported=_time(one.get("issued")),
        value=quantity.get("value"),
        unit=str(quantity.get("unit") or ""),
        text="" if quantity else _value(one),
        low=(span.get("low") or {}).get("value"),
        high=(span.get("high") or {}).get("value"),
        abnormal=not flags <= _NORMAL if flags else None,
        critical=bool(flags & _CRITICAL) if flags else None,
    )


def _diagnosis(one: Json) -> Diagnosis:
    tentative = _code(one.get("verificationStatus")) == "provisional"
    return Diagnosis(
        kind=DiagnosisKind.ADMISSION if tentative else DiagnosisKind.DISCHARGE,
        name=_text(one.get("code")),
        code=_code(one.get("code")),
        at=_time(one.get("recordedDate")),
    )


def _operation(one: Json) -> Operation:
    period = one.get("performedPeriod") or {}
    performer: Json = next(iter(one.get("performer") or ()), {})
    return Operation(
        id=str(one["id"]),
        name=_text(one.get("code")),
        code=_code(one.get("code")),
        at=_time(one.get("performedDateTime") or period.get("start")),
        end=_time(period.get("end")),
        surgeon=_doctor(performer.get("actor")),
    )


# -- data types ------------------------------------------------------------------------------


def _text(concept: Any) -> str:
    if not isinstance(concept, Mapping):
        return ""
    displays = (coding.get("display") or "" for coding in concept.get("coding") or ())
    return str(concept.get("text") or next(filter(None, displays), "") or _code(concept))


def _code(concept: Any) -> str:
    codings = concept.get("coding") or () if isinstance(concept, Mapping) else ()
    return next((str(coding["code"]) for coding in codings if coding.get("code")), "")


def _category(resource: Json) -> str:
    given = resource.get("category") or ()
    return next(filter(None, map(_code, given if isinstance(given, list) else [given])), "")


def _value(observation: Json) -> str:
    quantity = observation.get("valueQuantity")
    if isinstance(quantity, Mapping):
        return f"{quantity.get('value', '')}{quantity.get('unit') or ''}"
    if "valueBoolean" in observation:
        return "是" if observation["valueBoolean"] else "否"
    plain = (observation.get(f"value{kind}") for kind in ("String", "Integer", "DateTime"))
    return _text(observation.get("valueCodeableConcept")) or next((str(v) for v in plain if v is not None), "")


def _extended(resource: Json, name: str) -> Any:
    """The value of one of our extensions."""
    for one in resource.get("extension") or ():
        if str(one.get("url") or "").endswith(f"/{name}"):
            return next((value for key, value in one.items() if key.startswith("value")), None)
    return None


def _time(value: Any) -> datetime | None:
    """A time with a zone; a date alone is no time of the day and says nothing of limits."""
    if not isinstance(value, str) or "T" not in value:
        return None
    try:
        return zoned(datetime.fromisoformat(value))
    except ValueError:
        return None
