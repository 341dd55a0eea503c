"""The header of a document from the Composition, the Patient and the Encounter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from exchange.building import ID_CARD, resource_id
from exchange.cda import _tables as t
from exchange.cda._header import ADDRESS, CLASSES, PLACES
from exchange.cda._values import oid_of
from exchange.cda._xml import Node
from exchange.message import Json
from exchange.rendered._elements import add, coded, first, numbered, timed
from exchange.written import stamp

_SEXES: Final = {
    "male": ("1", "男性"),
    "female": ("2", "女性"),
    "other": ("9", "未说明的性别"),
    "unknown": ("0", "未知的性别"),
}
_PATIENT_TYPES: Final = "2.16.156.10011.2.3.1.271"
_CONFIDENTIAL: Final = "2.16.840.1.113883.5.25"


class Sheet:
    """What is written: the resources of one document, by kind. Raises ``ValueError`` when one that it needs is not
    there."""

    def __init__(self, resources: Sequence[Json], table: t.Table) -> None:
        self.table = table
        self.by_reference = {f"{r['resourceType']}/{r['id']}": r for r in resources}
        self.composition = self._only(resources, "Composition")
        self.patient = self._only(resources, "Patient")
        self.encounter: Json = first(self.of(resources, "Encounter"))
        self.report: Json = first(self._named("DiagnosticReport"))
        self.prescription: Json = first(self._named("MedicationRequest"))
        self.code = str(first(self.composition["type"]["coding"])["code"])
        self.written = extended(self.composition, "written")

    @staticmethod
    def of(resources: Sequence[Json], kind: str) -> list[Json]:
        return [r for r in resources if r["resourceType"] == kind]

    def _named(self, kind: str) -> list[Json]:
        """Resources of a kind that the sections name."""
        entries = [one["reference"] for said in self.composition.get("section", ()) for one in said.get("entry", ())]
        return [self.by_reference[e] for e in entries if e.startswith(f"{kind}/") and e in self.by_reference]

    def _only(self, resources: Sequence[Json], kind: str) -> Json:
        found = self.of(resources, kind)
        if len(found) != 1:
            raise ValueError(f"a document is of one {kind}, not of {len(found)}")
        return found[0]


def extended(resource: Json, name: str) -> str:
    """The value of one of our extensions; empty without it."""
    for one in resource.get("extension", ()):
        if one["url"].endswith(f"/{name}"):
            return str(next((v for k, v in one.items() if k.startswith("value")), ""))
    return ""


def write_header(document: Node, sheet: Sheet) -> None:
    composition, table = sheet.composition, sheet.table
    add(document, "realmCode", code="CN")
    add(document, "typeId", root="2.16.840.1.113883.1.3", extension="POCD_MT000040")
    add(document, "templateId", root=t.template_of(sheet.code))
    own = composition["identifier"]
    root_id = oid_of(own.get("system", ""))
    add(document, "id", root=root_id or own["value"], extension=own["value"] if root_id else "")
    add(document, "code", code=sheet.code, codeSystem=t.DOCUMENTS, codeSystemName="卫生信息共享文档规范编码体系")
    add(document, "title", composition.get("title", "") or t.TITLES[sheet.code])
    timed(document, "effectiveTime", composition["date"])
    add(document, "confidentialityCode", code="N", codeSystem=_CONFIDENTIAL, displayName="正常访问保密级别")
    add(document, "languageCode", code="zh-CN")
    _patient(add(document, "recordTarget", typeCode="RCT", contextControlCode="OP"), sheet)
    _author(document, sheet)
    holder = add(add(document, "custodian", typeCode="CST"), "assignedCustodian", classCode="ASSIGNED")
    _organisation(holder, "representedCustodianOrganization", composition.get("custodian", {}), table)
    for attester in composition.get("attester", ()):
        _attester(document, attester)
    for related in composition.get("relatesTo", ()):
        parent = add(add(document, "relatedDocument", typeCode="RPLC"), "parentDocument")
        add(parent, "id", root=table.document, extension=related["targetReference"]["reference"].partition("/")[2])
    if sheet.encounter:
        _visit(document, sheet)


def _patient(target: Node, sheet: Sheet) -> None:
    table, patient = sheet.table, sheet.patient
    role = add(target, "patientRole", classCode="PAT")
    for root_id, number in _numbers(sheet):
        numbered(role, root_id, number)
    if sheet.encounter:
        code = next((c for c, a in CLASSES.items() if a == sheet.encounter["class"].get("code")), "")
        if code:
            add(add(role, "patientType"), "patienttypeCode", code=code, codeSystem=_PATIENT_TYPES)
    _address(role, first(patient.get("address", ())))
    for phone in patient.get("telecom", ()):
        add(role, "telecom", value=phone["value"])
    person = add(role, "patient", classCode="PSN", determinerCode="INSTANCE")
    card = next((i["value"] for i in patient.get("identifier", ()) if i.get("system") == ID_CARD), "")
    numbered(person, table.id_card, card)
    name = first(patient.get("name", ()))
    add(person, "name", name.get("text", "") or "".join((name.get("family", ""), *name.get("given", ()))))
    sex = _SEXES.get(patient.get("gender", ""))
    if sex:
        add(person, "administrativeGenderCode", code=sex[0], displayName=sex[1], codeSystem=t.GENDER)
    if patient.get("birthDate"):
        add(person, "birthTime", value=stamp(patient["birthDate"]))
    if patient.get("maritalStatus"):
        coded(person, "maritalStatusCode", patient["maritalStatus"])
    if people := extended(patient, "person-ethnicity"):
        add(person, "ethnicGroupCode", displayName=people)


def _numbers(sheet: Sheet) -> list[tuple[str, str]]:
    """Numbers of the patient's role: those that were sent; the patient's id where none of them gives it; the visit's;
    those of the prescription, the report and the request."""
    table, patient = sheet.table, sheet.patient
    found = [(oid_of(i.get("system", "")), i["value"]) for i in patient.get("identifier", ())]
    kept = [(root_id, number) for root_id, number in found if root_id in _roles(table)]
    if patient["id"] not in {resource_id(table.patients.get(root_id, "?"), number) for root_id, number in kept}:
        kept.insert(0, (next(root_id for root_id, before in table.patients.items() if not before), patient["id"]))
    visit_root = table.inpatient if sheet.encounter.get("class", {}).get("code") == "IMP" else table.outpatient
    visit = first(sheet.encounter.get("identifier", ()))
    if visit and visit_root not in dict(kept):
        kept.append((visit_root, visit["value"]))
    return [*kept, *_numbers_of_content(sheet)]


def _roles(table: t.Table) -> frozenset[str]:
    return frozenset({*table.patients, table.inpatient, table.outpatient, table.health_card, table.health_record})


def _numbers_of_content(sheet: Sheet) -> list[tuple[str, str]]:
    table, report = sheet.table, sheet.report
    number = first(report.get("identifier", ())).get("value", "")
    request = first(report.get("basedOn", ())).get("identifier", {}).get("value", "")
    prescription = first(sheet.prescription.get("identifier", ())).get("value", "")
    exam = sheet.code == t.EXAMINATION
    return [
        (table.exam_report if exam else table.lab_report, number),
        (table.request, request),
        (table.prescription, prescription),
    ]


def _address(role: Node, address: Json) -> None:
    if not address:
        return
    parts = dict(
        zip(ADDRESS, (address.get("state", ""), address.get("city", ""), address.get("district", "")), strict=False)
    )
    line = address.get("line", [])
    if not any(parts.values()) and not line:
        add(role, "addr", address.get("text", ""), use="H")
        return
    node = add(role, "addr", use="H")
    for name, words in (*parts.items(), *zip(ADDRESS[3:], line, strict=False)):
        if words:
            add(node, name, words)


def _person(node: Node, person: Json, role: str = "") -> None:
    """The number and name of somebody, within the element that says in what part they act."""
    number = person.get("identifier", {})
    if number.get("value"):
        add(node, "id", root=oid_of(number.get("system", "")) or t.STANDARD.staff[0], extension=number["value"])
    if role:
        add(node, "code", displayName=role)
    if person.get("display"):
        add(add(node, "assignedPerson"), "name", person["display"])


def _author(document: Node, sheet: Sheet) -> None:
    node = add(document, "author", typeCode="AUT", contextControlCode="OP")
    timed(node, "time", sheet.written)
    author = first(sheet.composition.get("author", ()))
    _person(add(node, "assignedAuthor", classCode="ASSIGNED"), author if author.get("type") == "Practitioner" else {})


def _attester(document: Node, attester: Json) -> None:
    legal = attester["mode"] == "legal"
    node = add(document, "legalAuthenticator" if legal else "authenticator")
    timed(node, "time", attester.get("time", ""))
    add(node, "signatureCode")
    holder = add(node, "assignedEntity")
    _person(holder, attester["party"], extended(attester, "role"))


def _organisation(parent: Node, name: str, organisation: Json, table: t.Table) -> None:
    node = add(parent, name, classCode="ORG", determinerCode="INSTANCE")
    numbered(node, table.organisation, organisation.get("identifier", {}).get("value", ""))
    if organisation.get("display"):
        add(node, "name", organisation["display"])


def _visit(document: Node, sheet: Sheet) -> None:
    """The visit: when, and the chain of places from the bed up to the institution."""
    node = add(
        add(document, "componentOf", typeCode="COMP"), "encompassingEncounter", classCode="ENC", moodCode="EVN"
    )
    period = sheet.encounter.get("period", {})
    span = add(node, "effectiveTime")
    for name, moment in (("low", period.get("start", "")), ("high", period.get("end", ""))):
        if moment:
            add(span, name, value=stamp(moment))
    chain = _chain(sheet)
    if chain:
        facility = add(add(node, "location"), "healthCareFacility")
        holder = add(facility, "serviceProviderOrganization")
        for root_id, number, name in chain:
            part = add(holder, "asOrganizationPartOf", classCode="PART")
            holder = add(part, "wholeOrganization", classCode="ORG", determinerCode="INSTANCE")
            add(holder, "id", root=root_id, extension=number)
            if name:
                add(holder, "name", name)


def _chain(sheet: Sheet) -> list[tuple[str, str, str]]:
    """Root, number and name of bed, room, department, ward, institution, as far as they are known."""
    table, known = sheet.table, dict[str, tuple[str, str, str]]()
    for one in sheet.encounter.get("location", ()):
        place: dict[str, Any] = one["location"]
        number = place.get("identifier", {})
        root_id = oid_of(number.get("system", ""))
        if root_id in PLACES:
            known[root_id] = (root_id, number.get("value", ""), place.get("display", ""))
    department = sheet.encounter.get("serviceType", {}).get("text", "")
    if department:
        known[table.department] = (table.department, "", department)
    bed, room, ward = PLACES
    return [known[root_id] for root_id in (bed, room, table.department, ward) if root_id in known]
