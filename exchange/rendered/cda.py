"""Shared documents (WS/T 500) written from FHIR resources: ``compose`` lays out a document of what is kept of a
visit, ``write`` writes one that has its Composition. What was written is read again as the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from lxml import etree

from exchange.building import coding, concept, extension, identifier, resource_id, slim, to
from exchange.cda import _tables as t
from exchange.cda._schema import check
from exchange.cda._values import DOCUMENT_SYSTEM, ELEMENT_SYSTEM
from exchange.message import Json, MessageError
from exchange.rendered._body import write_body
from exchange.rendered._elements import first, root
from exchange.rendered._header import Sheet, write_header

TEXTS: Final[dict[str, tuple[t.Section, str]]] = {
    "DE04.01.119.00": (t.COMPLAINT, "主诉"),
    "DE02.10.071.00": (t.ILLNESS, "现病史"),
    "DE02.10.099.00": (t.PAST, "既往史"),
    "DE04.10.258.00": (t.EXAM, "体格检查"),
    "DE04.30.009.00": (t.STUDIES, "辅助检查结果"),
    "DE06.00.300.00": (t.PLAN, "治则治法"),
    "DE05.10.148.00": (t.PROBLEMS, "入院情况"),
    "DE06.00.296.00": (t.COURSE, "诊疗过程描述"),
    "DE06.00.193.00": (t.DISCHARGE_DX, "出院情况"),
    "DE06.00.287.00": (t.ORDERS, "出院医嘱"),
    "DE04.50.131.00": (t.EXAM_REPORT, "检查报告结果-客观所见"),
    "DE06.00.294.00": (t.MEDICATIONS, "处方有效天数"),
}
"""Texts that a document may be given, by data element: the section of each, and its name."""
_LAYOUTS: Final[dict[str, tuple[t.Section, ...]]] = {
    t.OUTPATIENT: (
        t.ALLERGIES,
        t.COMPLAINT,
        t.ILLNESS,
        t.PAST,
        t.EXAM,
        t.STUDIES,
        t.DIAGNOSES,
        t.PLAN,
        t.MEDICATIONS,
    ),
    t.PRESCRIPTION: (t.DIAGNOSES, t.ALLERGIES, t.MEDICATIONS),
    t.EXAMINATION: (t.DIAGNOSES, t.COMPLAINT, t.PROCEDURES, t.EXAM, t.EXAM_REPORT),
    t.LABORATORY: (t.DIAGNOSES, t.STUDIES, t.LAB_REPORT),
    t.DISCHARGE_RECORD: (t.PROBLEMS, t.ADMISSION_DX, t.COURSE, t.PROCEDURES, t.DISCHARGE_DX, t.ORDERS),
    t.DISCHARGE: (t.PROBLEMS, t.ADMISSION_DX, t.DISCHARGE_DX, t.PROCEDURES, t.PLAN, t.COURSE, t.ORDERS, t.STUDIES),
}
_PLACES: Final = {
    "AllergyIntolerance": t.ALLERGIES,
    "MedicationRequest": t.MEDICATIONS,
    "Observation": t.STUDIES,
    "Procedure": t.PROCEDURES,
}
_REPORTS: Final = {t.EXAMINATION: (t.EXAM, t.EXAM_REPORT), t.LABORATORY: (t.STUDIES, t.LAB_REPORT)}
"""Where a report says what was examined, and what it concludes."""


@dataclass(frozen=True, slots=True)
class Signed:
    """Who wrote a document, who keeps it, when: FHIR references (``type``, ``identifier``, ``display``), FHIR times.
    ``attesters`` are those of a Composition."""

    at: str
    author: Json
    custodian: Json
    written: str = ""
    attesters: Sequence[Json] = field(default=())


def compose(
    code: str, number: str, resources: Sequence[Json], signed: Signed, texts: Mapping[str, str] | None = None
) -> Json:
    """The Composition of a document over resources (one Patient, its Encounter, what the sections hold). ``code`` is
    one of the six that have a layout, ``number`` the document's own, ``texts`` by data element (``TEXTS``). Raises
    ``ValueError``."""
    layout = _LAYOUTS.get(code)
    if layout is None:
        raise ValueError(f"{code!r} has no layout: choose one of {', '.join(_LAYOUTS)}")
    patient = next((r for r in resources if r["resourceType"] == "Patient"), None)
    if patient is None:
        raise ValueError("a document is of a Patient: give the resource")
    encounter: Json = next((r for r in resources if r["resourceType"] == "Encounter"), {})
    entries, contained = _placed(code, layout, resources, texts or {})
    return slim(
        resourceType="Composition",
        id=resource_id(number),
        contained=contained,
        identifier=identifier(number, f"urn:oid:{t.STANDARD.document}"),
        status="final",
        type=concept(t.TITLES[code], (coding(DOCUMENT_SYSTEM, code, t.TITLES[code]),)),
        subject=to("Patient", patient["id"]),
        encounter=to("Encounter", encounter["id"]) if encounter else None,
        date=signed.at,
        author=[signed.author],
        title=t.TITLES[code],
        attester=list(signed.attesters),
        custodian=signed.custodian,
        section=[_section(section, entries[section]) for section in layout if entries[section]],
        extension=[extension("written", valueDateTime=signed.written)] if signed.written else None,
    )


def _placed(
    code: str, layout: Sequence[t.Section], resources: Sequence[Json], texts: Mapping[str, str]
) -> tuple[dict[t.Section, list[Json]], list[Json]]:
    """What goes into which section. Raises ``ValueError`` for a text that has none."""
    entries: dict[t.Section, list[Json]] = {section: [] for section in layout}
    contained: list[Json] = []
    for element, words in texts.items():
        section, name = TEXTS.get(element, (None, ""))
        if section not in entries:
            known = ", ".join(e for e, (s, _) in TEXTS.items() if s in entries)
            raise ValueError(f"{element!r} has no place in this document: give any of {known}")
        number = f"e{len(contained) + 1}"
        contained.append(_text(number, element, name, words))
        entries[section].append({"reference": f"#{number}"})
    for resource in resources:
        for section in _sections_of(code, resource):
            if section in entries:
                entries[section].append(to(resource["resourceType"], resource["id"]))
    return entries, contained


def _text(number: str, element: str, name: str, words: str) -> Json:
    code: dict[str, Any] = concept(name, (coding(ELEMENT_SYSTEM, element, name),))
    return {"resourceType": "Observation", "id": number, "status": "final", "code": code, "valueString": words}


def _sections_of(code: str, resource: Json) -> Iterable[t.Section]:
    kind = resource["resourceType"]
    if kind == "Condition":
        if code not in (t.DISCHARGE, t.DISCHARGE_RECORD):
            return (t.DIAGNOSES,)
        status = first(resource.get("verificationStatus", {}).get("coding", ())).get("code")
        return (t.ADMISSION_DX if status == "provisional" else t.DISCHARGE_DX,)
    if kind == "DiagnosticReport":
        return _REPORTS.get(code, ())
    return (_PLACES[kind],) if kind in _PLACES else ()


def _section(section: t.Section, entries: list[Json]) -> Json:
    code = concept("" if section.code else section.title, (coding("http://loinc.org", section.code),))
    return {"title": section.title, "code": code, "entry": entries}


def write(resources: Sequence[Json], table: t.Table = t.STANDARD) -> bytes:
    """A document (UTF-8 XML) of resources among which stand its Composition and Patient. It is checked against the
    schema before it leaves. Raises ``ValueError`` that says what is missing."""
    sheet = Sheet(resources, table)
    document = root("ClinicalDocument")
    write_header(document, sheet)
    write_body(document, sheet)
    try:
        check(document)
    except MessageError as error:
        raise ValueError(str(error)) from None
    return etree.tostring(document, xml_declaration=True, encoding="UTF-8")
