"""The header of a document: what it is, of whom, by whom, kept by whom, of which visit."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from exchange.building import (
    ID_CARD,
    SUBSETTED,
    coding,
    concept,
    extension,
    identifier,
    listed,
    named,
    resource_id,
    slim,
    to,
)
from exchange.cda._tables import DOCUMENTS, TITLES, Table
from exchange.cda._values import DOCUMENT_SYSTEM, concept_at, number_under, organisation_at, person_at, said, time_at
from exchange.cda._xml import NAMESPACE, Node, child, children, error, local, text, value
from exchange.message import Json, MessageError

_GENDERS: Final = {"1": "male", "2": "female", "9": "other", "0": "unknown"}
_ACT: Final = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
_PHYSICAL: Final = "http://terminology.hl7.org/CodeSystem/location-physical-type"
PLACES: Final = {
    "2.16.156.10011.1.22": ("bd", "病床"),
    "2.16.156.10011.1.21": ("ro", "病房"),
    "2.16.156.10011.1.27": ("wa", "病区"),
}
"""Roots of the places of an inpatient."""
CLASSES: Final = {"1": "AMB", "2": "EMER", "3": "IMP"}
ADDRESS: Final = ("state", "city", "county", "township", "streetName", "houseNumber")


class Header:
    """What a document says of itself. Raises ``MessageError`` that names the element."""

    def __init__(self, root: Node, table: Table) -> None:
        if root.tag != f"{{{NAMESPACE}}}ClinicalDocument":
            raise MessageError(local(root), f'须为 xmlns="{NAMESPACE}" 的 ClinicalDocument')
        self.root, self.table = root, table
        self.code = _code(root, table)
        self.title = text(child(root, "title")) or TITLES.get(self.code, "")
        self.root_id, self.number = _number(root)
        self.id = resource_id(self.number or self.root_id)
        self.at = time_at(table, root, "effectiveTime")
        if not self.at:
            raise error(root, "effectiveTime/@value", "须写明文档生成时间，如 20260131083000")
        self.role = child(root, "recordTarget/patientRole")
        if self.role is None:
            raise error(root, "recordTarget/patientRole", "缺失，患者须写在此处")
        self.patient = patient_at(self.role, table)
        self.subject = to("Patient", self.patient["id"])
        self.author = person_at(table, child(root, "author/assignedAuthor"))
        self.written = time_at(table, root, "author/time")
        self.custodian = organisation_at(
            table, child(root, "custodian/assignedCustodian/representedCustodianOrganization")
        )
        self.encounter = encounter_at(self)
        self.visit = to("Encounter", self.encounter["id"]) if self.encounter else {}
        self.kind = concept(self.title, (coding(DOCUMENT_SYSTEM, self.code, TITLES.get(self.code, "")),))

    @property
    def message_id(self) -> str:
        return f"{self.root_id}/{self.number}".strip("/")

    @property
    def sent(self) -> datetime | None:
        return datetime.fromisoformat(self.at) if "T" in self.at else None

    def number_of(self, *roots: str) -> str:
        """A number that the header carries beside the patient's: of a prescription, a report, a request."""
        return number_under(self.table, self.role, "id", roots)

    def replaced(self) -> str:
        """The id of the document that this one stands for; empty for none."""
        for related in children(self.root, "relatedDocument"):
            found = said(self.table, value(related, "parentDocument/id", "extension"))
            if related.get("typeCode") == "RPLC" and found:
                return resource_id(found)
        return ""

    def attesters(self) -> Iterator[Json]:
        """Who signed, as what."""
        for name, mode in (("legalAuthenticator", "legal"), ("authenticator", "professional")):
            for node in children(self.root, name):
                party = person_at(self.table, child(node, "assignedEntity"))
                role = said(self.table, value(node, "assignedEntity/code", "displayName"))
                if party:
                    yield slim(
                        extension=[extension("role", valueString=role)] if role else None,
                        mode=mode,
                        time=time_at(self.table, node, "time"),
                        party=party,
                    )


def _code(root: Node, table: Table) -> str:
    """What document it is: by its code, else its template (samples print a wrong template for some)."""
    node = child(root, "code")
    code = value(node, "", "code")
    if value(node, "", "codeSystem") in ("", DOCUMENTS) and code in TITLES:
        return code
    templates = [one.get("root", "") for one in children(root, "templateId")]
    found = next((table.templates[template] for template in templates if template in table.templates), "")
    if not found:
        raise error(root, "code/@code", f"须为共享文档的类型 (codeSystem {DOCUMENTS} 的 C0001–C0053)")
    return found


def _number(root: Node) -> tuple[str, str]:
    root_id, number = value(root, "id", "root"), value(root, "id", "extension")
    if not number and not root_id:
        raise error(root, "id", "须写明文档编号 (root 和 extension)")
    return root_id, number


def patient_at(role: Node, table: Table) -> Json:
    """The Patient, as far as a document mentions it."""
    patient = child(role, "patient")
    if patient is None:
        raise error(role, "patient", "缺失，姓名、性别、出生日期须写在此处")
    name = said(table, text(child(patient, "name")))
    return slim(
        resourceType="Patient",
        id=_local_id(role, table),
        meta=SUBSETTED,
        identifier=list(_identifiers(role, patient, table)),
        name=[{"text": name}] if name else None,
        gender=_GENDERS.get(value(patient, "administrativeGenderCode", "code"), ""),
        birthDate=time_at(table, patient, "birthTime").partition("T")[0],
        telecom=list(_phones(role, table)),
        address=listed(_address(role, table)),
        maritalStatus=concept_at(table, child(patient, "maritalStatusCode")),
        extension=list(_ethnicity(patient, table)),
    )


def _local_id(role: Node, table: Table) -> str:
    for root, before in table.patients.items():
        number = number_under(table, role, "id", (root,))
        if number:
            return resource_id(before, number)
    raise error(role, "id", f"请填写患者在发送方的编号，root 为 {', '.join(table.patients)} 之一")


def _identifiers(role: Node, patient: Node, table: Table) -> Iterator[Json]:
    known = {
        **dict.fromkeys(table.patients, ("MR", "")),
        table.inpatient: ("MR", "住院号"),
        table.outpatient: ("VN", "门（急）诊号"),
        table.health_card: ("JHN", "居民健康卡"),
        table.health_record: ("", "健康档案编号"),
        table.id_card: ("NI", "居民身份证"),
    }
    for node in (*children(role, "id"), *children(patient, "id")):
        root, number = node.get("root", ""), said(table, value(node, "", "extension"))
        if number and root in known:
            kind, title = known[root]
            yield identifier(number, ID_CARD if root == table.id_card else f"urn:oid:{root}", kind, title)


def _phones(role: Node, table: Table) -> Iterator[Json]:
    for node in children(role, "telecom"):
        number = said(table, value(node, "", "value").removeprefix("tel:"))
        if number:
            yield {"system": "phone", "value": number}


def _address(role: Node, table: Table) -> Json:
    node = child(role, "addr")
    if node is None:
        return {}
    parts = {name: said(table, text(child(node, name))) for name in ADDRESS}
    line = [part for name in ADDRESS[3:] if (part := parts[name])]
    whole = "".join(parts.values()) or said(table, text(node))
    return slim(text=whole, state=parts["state"], city=parts["city"], district=parts["county"], line=line)


def _ethnicity(patient: Node, table: Table) -> Iterator[Json]:
    found = concept_at(table, child(patient, "ethnicGroupCode")).get("text")
    if found:
        yield extension("person-ethnicity", valueString=found)


def encounter_at(header: Header) -> Json:
    """The visit, as far as a document mentions it; none without a number of it."""
    table, role, root = header.table, header.role, header.root
    inpatient, outpatient = header.number_of(table.inpatient), header.number_of(table.outpatient)
    visit = child(root, "componentOf/encompassingEncounter")
    start, end = time_at(table, visit, "effectiveTime/low"), time_at(table, visit, "effectiveTime/high")
    if not inpatient and not outpatient:
        return {}
    day = (start or header.written or header.at)[:10].replace("-", "")
    class_ = CLASSES.get(value(role, "patientType/patienttypeCode", "code")) or ("IMP" if inpatient else "AMB")
    return slim(
        resourceType="Encounter",
        id=resource_id("zy", inpatient) if inpatient else resource_id("mz", outpatient, day),
        meta=SUBSETTED,
        status="finished" if end or not inpatient else "unknown",
        class_={"system": _ACT, "code": class_},
        serviceType=concept(_department(header, visit)),
        subject=header.subject,
        period=slim(start=start, end=end),
        location=list(_places(visit, table)),
        serviceProvider=header.custodian,
    )


def _department(header: Header, visit: Node | None) -> str:
    """From the chain of places of the visit, else whose patient it is when that is a department."""
    own = child(header.role, "providerOrganization")
    chain = [] if visit is None else visit.iter(f"{{{NAMESPACE}}}wholeOrganization")
    for node in (*chain, *([own] if own is not None else [])):
        if header.table.department in [one.get("root") for one in children(node, "id")]:
            return said(header.table, text(child(node, "name")))
    return ""


def _places(visit: Node | None, table: Table) -> Iterator[Json]:
    for node in () if visit is None else visit.iter(f"{{{NAMESPACE}}}wholeOrganization"):
        for root, (kind, _) in PLACES.items():
            number = number_under(table, node, "id", (root,)) or _named_place(node, root, table)
            if number:
                name = said(table, text(child(node, "name")))
                yield {
                    "location": named("Location", number, name, f"urn:oid:{root}"),
                    "physicalType": concept("", (coding(_PHYSICAL, kind),)),
                }


def _named_place(node: Node, root: str, table: Table) -> str:
    roots = [one.get("root") for one in children(node, "id")]
    return said(table, text(child(node, "name"))) if root in roots else ""
